/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/resources.h"
#include "object/json_test.h"

struct container {
	struct resource_requirements resources;
	const char *restart;
};
static const struct decode_row container_rows[] = {
	DECODE_STRUCT("resources", struct container, resources, &resources_requirements_spec),
	DECODE_STRING("restartPolicy", struct container, restart),
};
static const struct decode_spec container_spec = DECODE_SPEC(struct container, container_rows);
struct spec {
	struct container *init, *apps;
	size_t n_init, n_apps, n_overhead;
	struct resource_amount *overhead;
	struct resource_requirements level;
};
static const struct decode_row spec_rows[] = {
	DECODE_ARRAY("init", struct spec, init, n_init, &container_spec),
	DECODE_ARRAY("apps", struct spec, apps, n_apps, &container_spec),
	DECODE_MAP("overhead", struct spec, overhead, n_overhead, &resources_amount_spec),
	DECODE_STRUCT("resources", struct spec, level, &resources_requirements_spec),
};
static const struct decode_spec spec_spec = DECODE_SPEC(struct spec, spec_rows);

#define ASK(r) "{\"resources\":{\"requests\":{" r "},\"limits\":{" r "}}}"
#define SIDE(r) "{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{" r "},\"limits\":{" r "}}}"

static void sum(const char *text, struct resources *requests, struct resources *limits)
{
	struct err err = ERR_INIT;
	autofree struct spec *p = decode_new(&spec_spec, text, strlen(text), &err);
	struct pod_sum rs = {0}, ls = {0};
	assert_non_null(p);
	for (size_t i = 0; i < p->n_init; i++) {
		const struct container *c = &p->init[i];
		enum container_role role = c->restart ? CONTAINER_SIDECAR : CONTAINER_INIT;
		pod_sum_add(&rs, role, c->resources.requests, c->resources.n_requests);
		pod_sum_add(&ls, role, c->resources.limits, c->resources.n_limits);
	}
	for (size_t i = 0; i < p->n_apps; i++) {
		pod_sum_add(&rs, CONTAINER_APP, p->apps[i].resources.requests,
			    p->apps[i].resources.n_requests);
		pod_sum_add(&ls, CONTAINER_APP, p->apps[i].resources.limits, p->apps[i].resources.n_limits);
	}
	pod_sum_requests(&rs, p->level.requests, p->level.n_requests, p->overhead, p->n_overhead, requests);
	pod_sum_limits(&ls, p->level.limits, p->level.n_limits, p->overhead, p->n_overhead, limits);
}

static void test_effective_requests(void **state)
{
	const struct {
		const char *what, *pod;
		int64_t cpu, memory, ephemeral, gpu;
		int64_t cpu_limit;
	} rows[] = {
		{"nothing", JSON("{'apps':[{}]}"), 0, 0, 0, 0, 0},
		{"apps add up",
		 "{\"apps\":[" ASK("\"cpu\":\"100m\",\"memory\":\"1Mi\"") "," ASK("\"cpu\":1") "]}", 1100,
		 1 << 20, 0, 0, 1100},
		{"the largest init container",
		 "{\"init\":[" ASK("\"cpu\":1") "," ASK("\"cpu\":2") "],\"apps\":[" ASK("\"cpu\":1") "]}",
		 2000, 0, 0, 0, 2000},
		{"an init container runs beside the sidecars before it",
		 "{\"init\":[" SIDE("\"cpu\":1") "," ASK("\"cpu\":2") "],\"apps\":[" ASK("\"cpu\":1") "]}",
		 3000, 0, 0, 0, 3000},
		{"not beside those after it",
		 "{\"init\":[" ASK("\"cpu\":2") "," SIDE("\"cpu\":1") "],\"apps\":[" ASK("\"cpu\":1") "]}",
		 2000, 0, 0, 0, 2000},
		{"sidecars stay with the apps",
		 "{\"init\":[" SIDE("\"cpu\":1") "," SIDE("\"cpu\":1") "],\"apps\":[" ASK("\"cpu\":2") "]}",
		 4000, 0, 0, 0, 4000},
		{"overhead, which limits count only where there is one",
		 "{\"apps\":[" ASK("\"memory\":1024") "],\"overhead\":{\"cpu\":\"10m\",\"memory\":24}}", 10,
		 1048, 0, 0, 0},
		{"extended and ephemeral",
		 "{\"apps\":[" ASK("\"example.com/gpu\":2,\"ephemeral-storage\":\"1Ki\"") "]}", 0, 0, 1024, 2,
		 0},
		{"Pod-level amounts take the place of cpu and memory, not of others",
		 "{\"apps\":[" ASK(
			 "\"cpu\":1,\"example.com/gpu\":1") "],\"resources\":{\"requests\":{\"cpu\":\"500m\","
							    "\"example.com/gpu\":9},\"limits\":{\"cpu\":3}}}",
		 500, 0, 0, 1, 3000},
		{"beyond reason", "{\"apps\":[" ASK("\"memory\":\"9E\"") "," ASK("\"memory\":\"9E\"") "]}", 0,
		 RESOURCE_MAX, 0, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct resources r = {0}, l = {0};
		sum(rows[i].pod, &r, &l);
		if (r.cpu_milli != rows[i].cpu || r.memory != rows[i].memory ||
		    r.ephemeral != rows[i].ephemeral ||
		    resources_scalar(&r, "example.com/gpu") != rows[i].gpu || r.pods != 1 ||
		    l.cpu_milli != rows[i].cpu_limit)
			fail_msg("%s", rows[i].what);
		resources_release(&r);
		resources_release(&l);
	}
}

static void test_adding_and_taking_away(void **state)
{
	const struct resource_amount v[] = {{"cpu", 1, 1500}, {"memory", 7, 7000}, {"x/y", 3, 3000}};
	struct resources a = {0}, b = {0}, none = {0};
	resources_add_list(&b, v, ARRAY_LEN(v));
	resources_add(&a, &b, 1);
	assert_true(resources_equal(&a, &b));
	resources_add(&a, &b, 1);
	assert_int_equal(a.cpu_milli, 3000);
	assert_int_equal(resources_scalar(&a, "x/y"), 6);
	assert_false(resources_equal(&a, &b));
	resources_add(&a, &b, -2);
	assert_true(resources_equal(&a, &none)); /* a scalar of 0 is as good as none */
	assert_true(resources_equal(&none, &a));
	assert_string_equal(resources_find(v, ARRAY_LEN(v), "memory")->name, "memory");
	assert_null(resources_find(v, ARRAY_LEN(v), "mem"));
	resources_release(&a);
	resources_release(&b);
}

static void test_shortages_in_order(void **state)
{
	struct resource_scalar gpus[] = {{"x/gpu", 2}}, one[] = {{"x/gpu", 1}};
	const struct resources want = {100, 10, 10, 1, gpus, 1}, used = {950, 0, 5, 3, NULL, 0},
			       capacity = {1000, 10, 10, 3, one, 1}, large = {5000, 50, 50, 5, gpus, 1};
	struct resource_shortage v[3];
	assert_int_equal(resources_shortages(&want, &used, &capacity, v, 3), 4);
	assert_string_equal(v[0].name, "pods");
	assert_string_equal(v[1].name, "cpu");
	assert_int_equal(v[1].requested, 100);
	assert_int_equal(v[1].used, 950);
	assert_int_equal(v[1].capacity, 1000);
	assert_string_equal(v[2].name, "ephemeral-storage");
	assert_int_equal(resources_shortages(&want, &used, &large, v, 3), 0);
	assert_true(resources_fit(&want, &used, &large));
	assert_false(resources_fit(&want, &used, &capacity));
	const struct resources one_gpu = {5000, 50, 50, 5, one, 1}; /* short of that alone */
	assert_false(resources_fit(&want, &used, &one_gpu));
	const struct resources nothing = {0}, over = {2000, 0, 0, 0, NULL, 0};
	assert_int_equal(resources_shortages(&nothing, &over, &capacity, v, 3),
			 0); /* who asks for nothing fits */
}

static void test_capacity_of_a_node(void **state)
{
	struct node {
		struct resources allocatable;
	};
	static const struct decode_row rows[] = {
		DECODE_RESOURCES("status.allocatable", struct node, allocatable)};
	static const struct decode_spec spec = DECODE_SPEC(struct node, rows);
	static const char text[] =
		"{\"status\":{\"allocatable\":{\"cpu\":\"2\",\"memory\":\"1Ki\",\"pods\":\"110\","
		"\"example.com/gpu\":\"3\",\"ephemeral-storage\":\"5\"}}}";
	struct err err = ERR_INIT;
	autofree struct node *n = decode_new(&spec, text, sizeof(text) - 1, &err);
	assert_int_equal(n->allocatable.cpu_milli, 2000);
	assert_int_equal(n->allocatable.memory, 1024);
	assert_int_equal(n->allocatable.pods, 110);
	assert_int_equal(n->allocatable.ephemeral, 5);
	assert_int_equal(resources_scalar(&n->allocatable, "example.com/gpu"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_effective_requests), cmocka_unit_test(test_adding_and_taking_away),
		cmocka_unit_test(test_shortages_in_order), cmocka_unit_test(test_capacity_of_a_node)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

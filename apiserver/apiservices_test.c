/* SPDX-License-Identifier: Apache-2.0 */
/* What there should be, what is somebody else's, and what follows the kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "apiservices.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define ALL "/apis/apiregistration.k8s.io/v1/apiservices"
#define SPEC(priority) JSON("{'spec':{'groupPriorityMinimum':" #priority "}}")
static struct kinds *kinds;
static struct apiservices known;

static void keep(void)
{
	struct err err = ERR_INIT;
	if (apiservices_keep(&known, rig.api.registry, rig.api.storage, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct rig_reply get(const char *name)
{
	autofree char *path = mem_printf(ALL "/%s", name);
	return rig_call(&rig, "GET", path, NULL);
}

static void there_is(const char *name, const char *managed, int64_t group, int64_t version)
{
	autoreply struct rig_reply r = get(name);
	if (r.status != 200)
		fail_msg("%s: %d", name, r.status);
	assert_string_equal(
		js_str0(r.body, "metadata", "labels", "kube-aggregator.kubernetes.io/automanaged", NULL),
		managed);
	assert_int_equal(js_int(r.body, 0, "spec", "groupPriorityMinimum", NULL), group);
	assert_int_equal(js_int(r.body, 0, "spec", "versionPriority", NULL), version);
	assert_non_null(strstr(buf_str(&r.text), "\"type\":\"Available\",\"status\":\"True\""));
	assert_non_null(strstr(buf_str(&r.text), "\"reason\":\"Local\""));
}

static void there_is_no(const char *name)
{
	autoreply struct rig_reply r = get(name);
	assert_int_equal(r.status, 404);
}

static void change(const char *method, const char *name, const char *body)
{
	autofree char *path = mem_printf(ALL "/%s", name);
	autoreply struct rig_reply r = rig_call(&rig, method, path, body);
	assert_int_equal(r.status, 200);
}

/* Every version that is served has one, and its priorities are known. */
static void builtin_ones(void **state)
{
	keep();
	there_is("v1.", "onstart", 18000, 1);
	there_is("v2.autoscaling", "onstart", 17500, 30);
	there_is("v1beta1.policy", "onstart", 17100, 9);
	there_is("v1beta1.authentication.k8s.io", "onstart", 17700, 9);
	there_is("v1beta1.metrics.k8s.io", "onstart", 100, 100);
	there_is_no("v1.apiregistration.k8s.io");
	autoreply struct rig_reply r = rig_call(&rig, "GET", ALL, NULL);
	const js *items = js_arr(r.body, "items", NULL);
	for (size_t i = 0; i < js_len(items); i++)
		if (js_int(js_at(items, i), 0, "spec", "groupPriorityMinimum", NULL) == 1000)
			fail_msg("%s", js_str0(js_at(items, i), "metadata", "name", NULL));
	assert_int_equal(js_len(items), 24);
}

/* Nobody's hand is forced between two starts; then what bears the label is as it should be. */
static void once(void **state)
{
	uint64_t rv = storage_revision(rig.api.storage);
	keep();
	assert_int_equal(storage_revision(rig.api.storage), rv);
	change("DELETE", "v1.batch", NULL);
	change("PATCH", "v1.apps", SPEC(5));
	change("PATCH", "v1.policy",
	       JSON("{'metadata':{'labels':{'kube-aggregator.kubernetes.io/automanaged':null}},'spec':{'groupPriorityMinimum':6}}"));
	keep();
	there_is_no("v1.batch");
	there_is("v1.apps", "onstart", 5, 15);
	known = (struct apiservices){.started = false};
	keep();
	there_is("v1.batch", "onstart", 17400, 15);
	there_is("v1.apps", "onstart", 17800, 15);
	there_is("v1.policy", "", 6, 15);
}

#define BOAT                                                                                                                            \
	"package: sea/v1\nkinds:\n  - {kind: Boat, group: example.com, version: v1, resource: boats, singular: boat, scope: Cluster}\n" \
	"types:\n  Boat: {kind: 0 string, apiVersion: 0 string, metadata: 1 ObjectMeta}\n"

static void custom_ones(void **state)
{
	struct err err = ERR_INIT;
	struct schema_file f = {.name = "boat.yaml", .p = BOAT, .n = sizeof(BOAT) - 1};
	struct schema_part *part = kinds_add(kinds, &f, &err);
	if (!part)
		fail_msg("%s", err.msg);
	keep();
	there_is("v1.example.com", "true", 1000, 100);
	change("PATCH", "v1.example.com", SPEC(7));
	keep();
	there_is("v1.example.com", "true", 1000, 100);
	change("DELETE", "v1.example.com", NULL);
	keep();
	there_is("v1.example.com", "true", 1000, 100);
	kinds_remove(kinds, part);
	keep();
	there_is_no("v1.example.com");
	there_is("v1.apps", "onstart", 17800, 15);
}

static int open_rig(void **state)
{
	rig_setup(state);
	kinds = kinds_new((struct schema *)rig.api.schema);
	return 0;
}

static int close_rig(void **state)
{
	kinds_free(kinds);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(builtin_ones), cmocka_unit_test(once),
					   cmocka_unit_test(custom_ones)};
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}

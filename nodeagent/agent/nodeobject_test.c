/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "agent/nodeobject.h"
#include "object/condition.h"
#include "object/json_test.h"

static struct node_facts facts = {.hostname = "h",
				  .arch = "amd64",
				  .kernel = "6.1",
				  .os_image = "Debian",
				  .machine_id = "m",
				  .boot_id = "b",
				  .system_uuid = "s",
				  .cpu_milli = 2000,
				  .memory = INT64_C(8) << 30,
				  .storage = 1001};

static struct node_object node(bool ready)
{
	return (struct node_object){.name = "n1",
				    .ip = "1.2.3.4",
				    .facts = &facts,
				    .port = 10250,
				    .max_pods = 110,
				    .pod_cidr = "10.244.0.0/24",
				    .runtime = "coracle",
				    .runtime_version = "1.0",
				    .ready = ready,
				    .not_ready_why = "container runtime network not ready: x"};
}

static void test_object(void **state)
{
	struct node_object n = node(true);
	autojson js *o = nodeobject_new(&n, 10 * NS_PER_S);
	static const struct {
		const char *a, *b, *c, *want;
	} rows[] = {
		{"metadata", "name", NULL, "n1"},
		{"metadata", "labels", "kubernetes.io/hostname", "n1"},
		{"metadata", "labels", "kubernetes.io/os", "linux"},
		{"spec", "podCIDR", NULL, "10.244.0.0/24"},
		{"status", "capacity", "cpu", "2"},
		{"status", "capacity", "memory", "8388608Ki"},
		{"status", "allocatable", "ephemeral-storage", "1001"},
		{"status", "allocatable", "pods", "110"},
		{"status", "nodeInfo", "containerRuntimeVersion", "coracle://1.0"},
		{"status", "nodeInfo", "kubeletVersion", "v1.34.0"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(rows[i].c ? js_str0(o, rows[i].a, rows[i].b, rows[i].c, NULL)
					      : js_str0(o, rows[i].a, rows[i].b, NULL),
				    rows[i].want);
	assert_int_equal(js_int(o, 0, "status", "daemonEndpoints", "kubeletEndpoint", "Port", NULL), 10250);
	assert_string_equal(js_str0(js_at(js_arr(o, "status", "addresses", NULL), 0), "address", NULL),
			    "1.2.3.4");
}

/* What the node's ways to run containers can do; nothing of a runtime that does not tell. */
static void test_handlers(void **state)
{
	static const struct runtime_handler v[] = {{"", true, false}, {"fast", false, true}};
	struct node_object n = node(true);
	autojson js *none = nodeobject_status(&n, NULL, 0);
	assert_null(js_get(none, "runtimeHandlers", NULL));
	assert_null(js_get(none, "features", NULL));
	n.handlers = v;
	n.n_handlers = ARRAY_LEN(v);
	autojson js *st = nodeobject_status(&n, NULL, 0);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, js_get(st, "runtimeHandlers", NULL));
	assert_string_equal(
		b.p,
		"[{\"features\":{\"recursiveReadOnlyMounts\":true,\"userNamespaces\":false},\"name\":\"\"},"
		"{\"features\":{\"recursiveReadOnlyMounts\":false,\"userNamespaces\":true},\"name\":\"fast\"}]");
	assert_true(js_bool(st, false, "features", "supplementalGroupsPolicy", NULL));
}

/* Each size that the machine has, none of them aside or not. */
static void test_huge_pages(void **state)
{
	static const struct hugepages huge = {3, {{64 << 10, 0}, {2 << 20, 513}, {1 << 30, 2}}};
	struct node_facts with = facts;
	struct node_object n = node(true);
	struct resources r = {0};
	struct err err = ERR_INIT;
	n.facts = &with;
	autojson js *none = nodeobject_status(&n, NULL, 0);
	assert_null(js_get(none, "capacity", "hugepages-2Mi", NULL));
	node_facts_huge(&with, &huge);
	assert_int_equal(with.huge_bytes, (INT64_C(513) << 21) + (INT64_C(2) << 30));
	autojson js *st = nodeobject_status(&n, NULL, 0);
	const char *const lists[] = {"capacity", "allocatable"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		assert_string_equal(js_str0(st, lists[i], "hugepages-64Ki", NULL), "0");
		assert_string_equal(js_str0(st, lists[i], "hugepages-2Mi", NULL), "1026Mi");
		assert_string_equal(js_str0(st, lists[i], "hugepages-1Gi", NULL), "2Gi");
	}
	assert_int_equal(nodeobject_add(with.huge, &r, &err), 0);
	assert_int_equal(resources_scalar(&r, "hugepages-2Mi"), INT64_C(513) << 21);
	resources_release(&r);
	js_autoput(&with.huge);
}

static js *js_from(const char *text)
{
	struct err err = ERR_INIT;
	return js_parse(JSON(text), strlen(text), NULL, &err);
}

/* What somebody patches into the capacity can be had; when it goes, so does the other. */
static void test_foreign(void **state)
{
	autojson js *mine = js_from("{'example.com/own':'1'}"), *old = NULL;
	static const struct {
		const char *capacity;
		bool changed;
		const char *foreign,
			*allocatable; /* of example.com/foo; NULL: nothing; "null": it is taken away */
	} v[] = {
		{"{'cpu':'2','example.com/own':'7','unknown':'1'}", false, NULL, NULL},
		{"{'cpu':'2','example.com/foo':'5'}", true, "5", "5"},
		{"{'cpu':'2','example.com/foo':'5'}", false, "5", "5"},
		{"{'cpu':'2','example.com/foo':'6'}", true, "6", "6"},
		{"{'cpu':'2'}", true, "null", "null"},
		{"{'cpu':'2'}", false, NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct node_object n = node(true);
		bool changed;
		n.resources = mine;
		autojson js *capacity = js_from(v[i].capacity);
		js *foreign = nodeobject_foreign(&n, capacity, old, &changed);
		assert_int_equal(changed, v[i].changed);
		js_autoput(&old);
		n.foreign = old = foreign;
		autojson js *st = nodeobject_status(&n, NULL, 0);
		const js *rooms = js_obj(st, "allocatable", NULL);
		struct json_object *there = NULL;
		bool has = json_object_object_get_ex((js *)rooms, "example.com/foo", &there);
		assert_int_equal(has, v[i].allocatable != NULL);
		if (has)
			assert_string_equal(there ? json_object_get_string(there) : "null", v[i].allocatable);
		assert_string_equal(js_str0(rooms, "example.com/own", NULL), "1");
		assert_int_equal(foreign != NULL, v[i].foreign != NULL);
		struct resources r = {0};
		struct err err = ERR_INIT;
		assert_int_equal(nodeobject_add(foreign, &r, &err), 0);
		assert_int_equal(resources_scalar(&r, "example.com/foo"),
				 has && there ? atoi(v[i].foreign) : 0);
		resources_release(&r);
		assert_null(js_get(st, "capacity", "example.com/foo", NULL));
	}
}

static void test_ready(void **state)
{
	struct node_object no = node(false), yes = node(true);
	autojson js *first = nodeobject_status(&no, NULL, 10 * NS_PER_S);
	autojson js *second = nodeobject_status(&no, first, 20 * NS_PER_S);
	autojson js *third = nodeobject_status(&yes, second, 30 * NS_PER_S);
	const js *c = condition_find(js_arr(second, "conditions", NULL), "Ready");
	assert_string_equal(js_str0(c, "status", NULL), "False");
	assert_string_equal(js_str0(c, "reason", NULL), "KubeletNotReady");
	assert_string_equal(js_str0(c, "message", NULL), "container runtime network not ready: x");
	assert_string_equal(js_str0(c, "lastTransitionTime", NULL), "1970-01-01T00:00:10Z");
	assert_string_equal(js_str0(c, "lastHeartbeatTime", NULL), "1970-01-01T00:00:20Z");
	c = condition_find(js_arr(third, "conditions", NULL), "Ready");
	assert_string_equal(js_str0(c, "message", NULL), "kubelet is posting ready status");
	assert_string_equal(js_str0(c, "lastTransitionTime", NULL), "1970-01-01T00:00:30Z");
}

/* The largest images are listed, with the names they can be asked for by. */
static void test_images(void **state)
{
	struct runtime_image v[NODEOBJECT_MAX_IMAGES + 10];
	struct runtime_image_list list = {v, ARRAY_LEN(v)};
	struct node_object n = node(true);
	static char *names[] = {"r/x@sha256:1", "r/y@sha256:1", "r/x:1", "r/x:2", "r/x:3", "r/x:4", NULL},
		    *none[] = {NULL};
	memset(v, 0, sizeof(v));
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		v[i].ref = "sha256:1";
		v[i].names = i % 2 ? names : none;
		v[i].size = (int64_t)i;
	}
	n.images = &list;
	autojson js *st = nodeobject_status(&n, NULL, 0);
	const js *images = js_arr(st, "images", NULL);
	assert_int_equal(js_len(images), NODEOBJECT_MAX_IMAGES);
	assert_int_equal(js_int(js_at(images, 0), 0, "sizeBytes", NULL), ARRAY_LEN(v) - 1);
	assert_int_equal(js_len(js_arr(js_at(images, 0), "names", NULL)), NODEOBJECT_MAX_NAMES);
	assert_int_equal(js_len(js_arr(js_at(images, 1), "names", NULL)), 1);
}

/* Taints and extended resources of fake nodes: what is not understood is told, not dropped. */
static void test_fleet_texts(void **state)
{
	static const struct {
		js *(*parse)(const char *text, struct err *err);
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{nodeobject_parse_taints, "", "[]"},
		{nodeobject_parse_taints, "a:NoExecute,b/c=d:NoSchedule",
		 "[{\"key\":\"a\",\"effect\":\"NoExecute\"},{\"key\":\"b/c\",\"value\":\"d\",\"effect\":\"NoSchedule\"}]"},
		{nodeobject_parse_taints, "a", NULL},
		{nodeobject_parse_taints, "a=b:Never", NULL},
		{nodeobject_parse_taints, "a=-:NoSchedule", NULL},
		{nodeobject_parse_resources, "example.com/gpu=4", "{\"example.com/gpu\":\"4\"}"},
		{nodeobject_parse_resources, "gpu=4", NULL},
		{nodeobject_parse_resources, "example.com/gpu", NULL},
		{nodeobject_parse_resources, "example.com/gpu=x", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *got = rows[i].parse(rows[i].text, &err);
		autobuf struct buf text = BUF_INIT;

		assert_int_equal(got != NULL, rows[i].want != NULL);
		if (!got) {
			assert_int_equal(err.reason, REASON_BAD_REQUEST);
			continue;
		}
		js_write(&text, got);
		assert_string_equal(buf_str(&text), rows[i].want);
	}
}

static void test_facts(void **state)
{
	struct node_facts f;
	node_facts_read(&f, "/");
	assert_true(f.cpu_milli >= 1000 && f.memory > 1 << 20 && f.storage > 0);
	assert_true(*f.kernel && *f.hostname && *f.boot_id);
	assert_true(f.pids > 100);
	node_facts_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object),	    cmocka_unit_test(test_handlers),
		cmocka_unit_test(test_huge_pages),  cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_ready),	    cmocka_unit_test(test_images),
		cmocka_unit_test(test_fleet_texts), cmocka_unit_test(test_facts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

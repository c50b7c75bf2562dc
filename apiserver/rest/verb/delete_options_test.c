/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion: at once, gracefully, held by finalizers, of namespaces, of collections; and its preconditions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CMS "/api/v1/namespaces/default/configmaps"

static void make_pod(const char *name, const char *node)
{
	char body[512];
	snprintf(
		body, sizeof(body),
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{\"n\":\"%s\"}},\"spec\":{\"nodeName\":\"%s\",\"containers\":[{\"name\":\"c\","
		"\"image\":\"b\"}]}}",
		name, name, node);
	autoreply struct rig_reply r = rig_call(&rig, "POST", PODS, body);
	if (r.status != 201)
		fail_msg("%s", buf_str(&r.text));
}

static void make_map(const char *name, const char *finalizers)
{
	char body[512];
	snprintf(body, sizeof(body),
		 "{\"metadata\":{\"name\":\"%s\",\"finalizers\":[%s],\"labels\":{\"set\":\"a\"}}}", name,
		 finalizers);
	autoreply struct rig_reply r = rig_call(&rig, "POST", CMS, body);
	if (r.status != 201)
		fail_msg("%s", buf_str(&r.text));
}

static bool there(const char *target, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", target, name);
	autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);
	return r.status == 200;
}

static void test_at_once(void **state)
{
	make_map("m", "");
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", CMS "/m", NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "kind", NULL), "Status");
	assert_string_equal(js_str0(r.body, "status", NULL), "Success");
	assert_string_equal(js_str0(r.body, "details", "name", NULL), "m");
	assert_string_equal(js_str0(r.body, "details", "kind", NULL), "configmaps");
	assert_int_equal(strlen(js_str0(r.body, "details", "uid", NULL)), 36);
	assert_false(there(CMS, "m"));
}

static void test_grace(void **state)
{
	make_pod("g", "n1");
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", PODS "/g", NULL);
	assert_int_equal(r.status, 200);
	assert_true(*js_str0(r.body, "metadata", "deletionTimestamp", NULL));
	assert_int_equal(js_int(r.body, 0, "metadata", "deletionGracePeriodSeconds", NULL), 30);
	assert_int_equal(js_int(r.body, 0, "metadata", "generation", NULL), 2);
	/* longer is ignored, shorter counts */
	autoreply struct rig_reply longer = rig_call(&rig, "DELETE", PODS "/g?gracePeriodSeconds=60", NULL);
	assert_int_equal(js_int(longer.body, 0, "metadata", "deletionGracePeriodSeconds", NULL), 30);
	autoreply struct rig_reply shorter =
		rig_call(&rig, "DELETE", PODS "/g", "{\"gracePeriodSeconds\":5}");
	assert_int_equal(js_int(shorter.body, 0, "metadata", "deletionGracePeriodSeconds", NULL), 5);
	assert_true(there(PODS, "g"));
	autoreply struct rig_reply now =
		rig_call(&rig, "DELETE", PODS "/g",
			 "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"gracePeriodSeconds\":0}");
	assert_int_equal(now.status, 200);
	assert_false(there(PODS, "g"));
	/* nobody runs it: no grace */
	make_pod("u", "");
	autoreply struct rig_reply u = rig_call(&rig, "DELETE", PODS "/u", NULL);
	assert_string_equal(js_str0(u.body, "kind", NULL), "Pod");
	assert_false(there(PODS, "u"));
}

static void test_finalizers(void **state)
{
	make_map("f", "\"example.com/hold\"");
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", CMS "/f?propagationPolicy=Foreground", NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "kind", NULL), "ConfigMap");
	assert_int_equal(js_len(js_arr(r.body, "metadata", "finalizers", NULL)), 2);
	assert_int_equal(js_int(r.body, -1, "metadata", "deletionGracePeriodSeconds", NULL), 0);
	autoreply struct rig_reply again =
		rig_call(&rig, "DELETE", CMS "/f?propagationPolicy=Foreground", NULL);
	assert_string_equal(js_str0(again.body, "metadata", "resourceVersion", NULL),
			    js_str0(r.body, "metadata", "resourceVersion", NULL));
	autoreply struct rig_reply more =
		rig_call(&rig, "PATCH", CMS "/f",
			 "{\"metadata\":{\"finalizers\":[\"example.com/hold\",\"example.com/more\"]}}");
	assert_int_equal(more.status, 422);
	assert_non_null(strstr(
		js_str0(more.body, "message", NULL),
		"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new "
		"finalizers []string{\"example.com/more\"}"));
	assert_true(there(CMS, "f"));
	autoreply struct rig_reply last =
		rig_call(&rig, "PATCH", CMS "/f", "{\"metadata\":{\"finalizers\":null}}");
	assert_int_equal(last.status, 200);
	assert_false(there(CMS, "f"));
	make_map("o", "");
	autoreply struct rig_reply orphan =
		rig_call(&rig, "DELETE", CMS "/o", "{\"propagationPolicy\":\"Orphan\"}");
	assert_string_equal(
		json_object_get_string(js_at(js_arr(orphan.body, "metadata", "finalizers", NULL), 0)),
		"orphan");
}

/* Of these two kinds who says nothing of what they own leaves it; Jobs tell so. */
static void test_orphans(void **state)
{
	static const struct {
		const char *collection, *spec, *query;
		bool orphans;
		unsigned warnings;
	} v[] = {
		{"/api/v1/namespaces/default/replicationcontrollers", "'replicas':0,'selector':{'a':'b'}", "",
		 true, 0},
		{"/api/v1/namespaces/default/replicationcontrollers", "'replicas':0,'selector':{'a':'b'}",
		 "?propagationPolicy=Background", false, 0},
		{"/apis/batch/v1/namespaces/default/jobs", "'suspend':true", "", true, 1},
		{"/apis/batch/v1/namespaces/default/jobs", "'suspend':true", "?orphanDependents=false", false,
		 0},
		{"/apis/batch/v1/namespaces/default/jobs", "'suspend':true", "?propagationPolicy=Orphan",
		 true, 0},
		{"/apis/apps/v1/namespaces/default/replicasets",
		 "'replicas':0,'selector':{'matchLabels':{'a':'b'}}", "", false, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *body = mem_printf(
			"{'metadata':{'name':'o%zu'},'spec':{%s,'template':{'metadata':{'labels':{'a':'b'}},"
			"'spec':{'restartPolicy':'%s','containers':[{'name':'c','image':'i'}]}}}}",
			i, v[i].spec, strstr(v[i].collection, "jobs") ? "Never" : "Always");
		autofree char *target = mem_printf("%s/o%zu%s", v[i].collection, i, v[i].query);
		autoreply struct rig_reply made = rig_call(&rig, "POST", v[i].collection, JSON(body));
		assert_int_equal(made.status, 201);
		autoreply struct rig_reply gone = rig_call(&rig, "DELETE", target, NULL);
		assert_int_equal(gone.status, 200);
		const char *first =
			json_object_get_string(js_at(js_arr(gone.body, "metadata", "finalizers", NULL), 0));
		assert_int_equal(first && !strcmp(first, "orphan"), v[i].orphans);
		assert_int_equal(gone.n_warnings, v[i].warnings);
	}
}

/* After upstream's TestStoreDeleteWithOrphanDependents and TestStoreDeletionPropagation (apiserver
   pkg/registry/generic/registry/store_test.go): what is left of an object's finalizers; ReplicationControllers orphan what
   they own by default. */
static void test_propagation(void **state)
{
#define OTHERS "'foo.com/x','bar.com/y'"
#define MIXED "'foo.com/x','orphan','bar.com/y'"
	static const struct {
		const char *there, *options, *plain, *orphaning; /* NULL: it is gone */
	} rows[] = {
		{MIXED, "'orphanDependents':true", MIXED, MIXED},
		{OTHERS, "'orphanDependents':true", OTHERS ",'orphan'", OTHERS ",'orphan'"},
		{"", "'orphanDependents':true", "'orphan'", "'orphan'"},
		{"'orphan'", "'orphanDependents':true", "'orphan'", "'orphan'"},
		{MIXED, "'orphanDependents':false", OTHERS, OTHERS},
		{OTHERS, "'orphanDependents':false", OTHERS, OTHERS},
		{"", "'orphanDependents':false", NULL, NULL},
		{"'orphan'", "'orphanDependents':false", NULL, NULL},
		{MIXED, "", MIXED, MIXED},
		{OTHERS, "", OTHERS, OTHERS ",'orphan'"},
		{"", "", NULL, "'orphan'"},
		{"'orphan'", "", "'orphan'", "'orphan'"},
		{"'foregroundDeletion'", "", "'foregroundDeletion'", "'foregroundDeletion'"},
		{"", "'propagationPolicy':'Foreground'", "'foregroundDeletion'", "'foregroundDeletion'"},
		{"'orphan'", "'propagationPolicy':'Foreground'", "'foregroundDeletion'",
		 "'foregroundDeletion'"},
		{"'foregroundDeletion'", "'propagationPolicy':'Foreground'", "'foregroundDeletion'",
		 "'foregroundDeletion'"},
		{"", "'propagationPolicy':'Background'", NULL, NULL},
		{"'orphan'", "'propagationPolicy':'Background'", NULL, NULL},
		{"'foregroundDeletion'", "'propagationPolicy':'Background'", NULL, NULL},
		{"", "'propagationPolicy':'Orphan'", "'orphan'", "'orphan'"},
		{"'orphan'", "'propagationPolicy':'Orphan'", "'orphan'", "'orphan'"},
		{"'foregroundDeletion'", "'propagationPolicy':'Orphan'", "'orphan'", "'orphan'"},
	};
	static const struct {
		const char *collection, *spec;
	} kinds[] = {
		{"/apis/apps/v1/namespaces/default/replicasets", "'selector':{'matchLabels':{'a':'b'}}"},
		{"/api/v1/namespaces/default/replicationcontrollers", "'selector':{'a':'b'}"},
	};
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t row = i / 2, k = i % 2;
		const char *want = k ? rows[row].orphaning : rows[row].plain;
		autofree char *body = mem_printf(
			"{'metadata':{'name':'p%zu','finalizers':[%s]},'spec':{'replicas':0,%s,'template':{'metadata':{'labels':{'a':'b'}},"
			"'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
			i, rows[row].there, kinds[k].spec);
		autofree char *target = mem_printf("%s/p%zu", kinds[k].collection, i);
		autofree char *options = mem_printf("{%s}", rows[row].options);
		autofree char *left = mem_printf("\"finalizers\":[%s]", JSON(want ? want : ""));
		autoreply struct rig_reply made = rig_call(&rig, "POST", kinds[k].collection, JSON(body));
		assert_int_equal(made.status, 201);
		autoreply struct rig_reply gone = rig_call(&rig, "DELETE", target, JSON(options));
		assert_int_equal(gone.status, want && strstr(options, "':false") ? 202 : 200);
		autoreply struct rig_reply now = rig_call(&rig, "GET", target, NULL);
		if (now.status != (want ? 200 : 404) || (want && !strstr(buf_str(&now.text), left)))
			fail_msg("%s of %s by %s: %s", target, rows[row].there, options, buf_str(&now.text));
		if (!want)
			continue;
		assert_non_null(js_get(now.body, "metadata", "deletionTimestamp", NULL));
		assert_int_equal(js_int(now.body, -1, "metadata", "deletionGracePeriodSeconds", NULL), 0);
		assert_int_equal(js_int(now.body, 0, "metadata", "generation", NULL), 2);
	}
}

static void test_preconditions(void **state)
{
	make_map("p", "");
	autoreply struct rig_reply uid =
		rig_call(&rig, "DELETE", CMS "/p", "{\"preconditions\":{\"uid\":\"x\"}}");
	assert_int_equal(uid.status, 409);
	assert_non_null(strstr(js_str0(uid.body, "message", NULL),
			       "Operation cannot be fulfilled on ConfigMap \"p\": the UID in the "
			       "precondition (x) does not match the UID in record ("));
	autoreply struct rig_reply rv =
		rig_call(&rig, "DELETE", CMS "/p", "{\"preconditions\":{\"resourceVersion\":\"1\"}}");
	assert_int_equal(rv.status, 409);
	autoreply struct rig_reply policy =
		rig_call(&rig, "DELETE", CMS "/p", "{\"propagationPolicy\":\"x\"}");
	assert_int_equal(policy.status, 422);
	assert_string_equal(
		js_str0(policy.body, "message", NULL),
		"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"x\": supported values: "
		"\"Foreground\", \"Background\", \"Orphan\", \"nil\"");
	autoreply struct rig_reply dry = rig_call(&rig, "DELETE", CMS "/p?dryRun=All", NULL);
	assert_int_equal(dry.status, 200);
	assert_true(there(CMS, "p"));
}

static void make_labelled(const char *name)
{
	autofree char *body =
		mem_printf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"set\":\"revisions\"}}}", name);
	autoreply struct rig_reply r = rig_call(&rig, "POST", CMS, body);
	assert_int_equal(r.status, 201);
}

/* The preconditions of who sends no body, and the revision at which a collection is selected. */
static void test_revisions(void **state)
{
	static const struct {
		const char *target, *body;
		int status;
		size_t items;
		const char *says;
	} rows[] = {
		{CMS "/v1?uid=x", NULL, 409, 0, "UID in the precondition (x)"},
		{CMS "/v1?resourceVersion=x", NULL, 409, 0, "ResourceVersion in the precondition (x)"},
		{CMS "?labelSelector=set%3Drevisions&uid=x", NULL, 409, 0, "UID in the precondition (x)"},
		{CMS "?labelSelector=set%3Drevisions&resourceVersion=0", NULL, 409, 0,
		 "ResourceVersion in the precondition (0)"},
		{CMS "?labelSelector=set%3Drevisions&resourceVersion=99999999", "{}", 504, 0,
		 "Timeout: Too large resource version: 99999999, current: "},
		{CMS "?resourceVersionMatch=Exact", "{}", 422, 0,
		 "ListOptions.meta.k8s.io \"\" is invalid: "},
		{CMS "?labelSelector=set%3Drevisions&resourceVersion=FIRST", "{}", 200, 1, ""},
		{CMS "?labelSelector=set%3Drevisions&resourceVersion=FIRST&resourceVersionMatch=NotOlderThan",
		 "{}", 200, 1, ""},
	};
	char first[24];

	make_labelled("v1");
	autoreply struct rig_reply r = rig_call(&rig, "GET", CMS "/v1", NULL);
	snprintf(first, sizeof(first), "%s", js_str0(r.body, "metadata", "resourceVersion", NULL));
	make_labelled("v2");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(rows[i].target, "FIRST");
		autofree char *target =
			at ? mem_printf("%.*s%s%s", (int)(at - rows[i].target), rows[i].target, first, at + 5)
			   : mem_strdup(rows[i].target);
		autoreply struct rig_reply d = rig_call(&rig, "DELETE", target, rows[i].body);
		if (d.status != rows[i].status || !strstr(js_str0(d.body, "message", NULL), rows[i].says) ||
		    js_len(js_arr(d.body, "items", NULL)) != rows[i].items)
			fail_msg("%s: %d %s", target, d.status, buf_str(&d.text));
		if (d.status == 504)
			assert_non_null(strstr(
				d.text.p, "\"causes\":[{\"reason\":\"ResourceVersionTooLarge\",\"message\":"
					  "\"Too large resource version\"}]"));
	}
	assert_false(there(CMS, "v1") || there(CMS, "v2"));
}

/* What is about writing an object is no option of a deletion; where there is a body, the query says nothing. */
static void test_query(void **state)
{
	make_map("q", "");
	autoreply struct rig_reply wrong = rig_call(&rig, "DELETE", CMS "/q?dryRun=x", NULL);
	assert_int_equal(wrong.status, 422);
	assert_string_equal(
		js_str0(wrong.body, "message", NULL),
		"DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"x\"]: supported values: \"All\"");
	autoreply struct rig_reply dry =
		rig_call(&rig, "DELETE", CMS "/q?dryRun=All&fieldValidation=x&fieldManager=%01", NULL);
	assert_int_equal(dry.status, 200);
	assert_true(there(CMS, "q"));
	autoreply struct rig_reply gone =
		rig_call(&rig, "DELETE", CMS "/q?dryRun=x", JSON("{'gracePeriodSeconds':0}"));
	assert_int_equal(gone.status, 200);
	assert_false(there(CMS, "q"));
}

/* What the last word of a Service took is nobody's when that word was also its end. */
static void test_ports_of_what_goes(void **state)
{
	static const char services[] = "/api/v1/namespaces/default/services";
	const char *held = JSON("{'metadata':{'name':'held'},'spec':{'type':'NodePort','ports':[{'port':80,"
				"'nodePort':30999}]}}"),
		   *next = JSON("{'metadata':{'name':'next'},'spec':{'type':'NodePort','ports':[{'port':80,"
				"'nodePort':30999}]}}");
	autoreply struct rig_reply made = rig_call(
		&rig, "POST", services,
		JSON("{'metadata':{'name':'held','finalizers':['a.b/c']},'spec':{'ports':[{'port':80}]}}"));
	assert_int_equal(made.status, 201);
	autoreply struct rig_reply marked =
		rig_call(&rig, "DELETE", "/api/v1/namespaces/default/services/held", NULL);
	assert_int_equal(marked.status, 200);
	autoreply struct rig_reply last =
		rig_call(&rig, "PUT", "/api/v1/namespaces/default/services/held", held);
	assert_int_equal(last.status, 200);
	assert_false(there(services, "held"));
	autoreply struct rig_reply other = rig_call(&rig, "POST", services, next);
	if (other.status != 201)
		fail_msg("%s", buf_str(&other.text));
}

static void test_namespace(void **state)
{
	autoreply struct rig_reply made =
		rig_call(&rig, "POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"x\"}}");
	assert_int_equal(made.status, 201);
	assert_string_equal(js_str0(made.body, "status", "phase", NULL), "Active");
	assert_string_equal(js_str0(made.body, "metadata", "labels", "kubernetes.io/metadata.name", NULL),
			    "x");
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", "/api/v1/namespaces/x", NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "status", "phase", NULL), "Terminating");
	autoreply struct rig_reply cm =
		rig_call(&rig, "POST", "/api/v1/namespaces/x/configmaps", "{\"metadata\":{\"name\":\"m\"}}");
	assert_int_equal(cm.status, 403);
	assert_string_equal(
		js_str0(cm.body, "message", NULL),
		"configmaps \"m\" is forbidden: unable to create new content in namespace x because it is being terminated");
	assert_string_equal(js_str0(js_at(js_arr(cm.body, "details", "causes", NULL), 0), "reason", NULL),
			    "NamespaceTerminating");
	autoreply struct rig_reply fin = rig_call(&rig, "PUT", "/api/v1/namespaces/x/finalize",
						  "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}");
	if (fin.status != 200)
		fail_msg("%s", buf_str(&fin.text));
	assert_false(there("/api/v1/namespaces", "x"));
	autoreply struct rig_reply no = rig_call(&rig, "DELETE", "/api/v1/namespaces/default", NULL);
	assert_int_equal(no.status, 403);
	assert_string_equal(js_str0(no.body, "message", NULL),
			    "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

static void test_collection(void **state)
{
	make_map("c1", "");
	make_map("c2", "");
	autoreply struct rig_reply bad = rig_call(&rig, "DELETE", CMS "?labelSelector=a%20b", NULL);
	assert_int_equal(bad.status, 400);
	autoreply struct rig_reply r =
		rig_call(&rig, "DELETE", CMS "?fieldSelector=metadata.name%3Dc1", NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "kind", NULL), "ConfigMapList");
	assert_int_equal(js_len(js_arr(r.body, "items", NULL)), 1);
	assert_false(there(CMS, "c1"));
	assert_true(there(CMS, "c2"));
	autoreply struct rig_reply all = rig_call(&rig, "DELETE", CMS "?labelSelector=set%3Da", NULL);
	assert_int_equal(all.status, 200);
	assert_false(there(CMS, "c2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_finalizers),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_preconditions),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_ports_of_what_goes),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_collection),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

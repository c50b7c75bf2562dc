/* SPDX-License-Identifier: Apache-2.0 */
/* What the API promises of writing, tried on every kind that there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/minimal_test.h"
#include "kinds/strategy.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

static bool is_writable(const struct kind *k)
{
	static const unsigned all = VERB_GET | VERB_CREATE | VERB_UPDATE | VERB_DELETE | VERB_PATCH;

	if (k->storage_kind != k) /* another one's, in other words */
		return false;
	return k->resource && *k->resource && (k->verbs & all) == all;
}

static void collection_path(const struct kind *k, char out[256])
{
	snprintf(out, 256, "%s%s/%s/%s%s", *k->group ? "/apis/" : "/api", k->group, k->version,
		 k->namespaced ? "namespaces/default/" : "", k->resource);
}

static char *body_of(const struct kind *k, const char *name, const char *meta)
{
	const char *more = minimal_members(k);

	char *s = mem_printf("{'metadata':{'name':'%s'%s%s}%s%s}", name, *meta ? "," : "", meta,
			     *more ? "," : "", more);
	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return s;
}

struct subject_path {
	const struct kind *kind;
	char collection[256], item[300];
};

static void must_be(const struct rig_reply *r, int status, const struct kind *k, const char *what)
{
	if (r->status != status)
		fail_msg("%s: %s: %d %s", k->kind, what, r->status, buf_str(&r->text));
}

static void create(const struct subject_path *p, const char *meta)
{
	autofree char *body = body_of(p->kind, minimal_name(p->kind, "x"), meta);
	autoreply struct rig_reply r = rig_call(&rig, "POST", p->collection, body);
	must_be(&r, 201, p->kind, "create");
}

static void destroy(const struct subject_path *p)
{
	autoreply struct rig_reply r = rig_call(
		&rig, "DELETE", p->item, "{\"gracePeriodSeconds\":0,\"propagationPolicy\":\"Background\"}");
	must_be(&r, 200, p->kind, "delete");
}

static void each_kind(void (*test)(const struct subject_path *p))
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rig.api.schema, &kinds), tried = 0;

	for (size_t i = 0; i < n; i++) {
		struct subject_path p = {.kind = kinds[i]};
		/* those that first empty themselves linger */
		if (!is_writable(kinds[i]) || !strcmp(kinds[i]->kind, "Namespace") ||
		    !strcmp(kinds[i]->kind, "CustomResourceDefinition"))
			continue;
		collection_path(kinds[i], p.collection);
		snprintf(p.item, sizeof(p.item), "%s/%s", p.collection, minimal_name(p.kind, "x"));
		test(&p);
		tried++;
	}
	assert_true(tried >= 10);
}

static const char *message(const struct rig_reply *r)
{
	return js_str0(r->body, "message", NULL);
}

/* ---- versions ---- */

static void create_with_version(const struct subject_path *p)
{
	autofree char *given = body_of(p->kind, minimal_name(p->kind, "x"), "'resourceVersion':'7'");
	autoreply struct rig_reply r = rig_call(&rig, "POST", p->collection, given);
	must_be(&r, 500, p->kind, "create with a version");
	create(p, "'resourceVersion':'0'");
	destroy(p);
}

static bool needs_version(const struct kind *k)
{
	return strategy_find(k->storage_kind)->flags & STRATEGY_NEEDS_VERSION;
}

static void put_without_version(const struct subject_path *p)
{
	create(p, "");
	autoreply struct rig_reply got = rig_call(&rig, "GET", p->item, NULL);
	js_del(js_obj(got.body, "metadata", NULL), "resourceVersion");
	autobuf struct buf b = BUF_INIT;
	js_write(&b, got.body);
	autoreply struct rig_reply r = rig_call(&rig, "PUT", p->item, buf_str(&b));
	must_be(&r, needs_version(p->kind) ? 422 : 200, p->kind, "put without a version");
	if (needs_version(p->kind)) {
		assert_string_equal(js_str0(r.body, "details", "kind", NULL), p->kind->resource);
		assert_non_null(strstr(message(&r), p->kind->resource));
	}
	destroy(p);
}

/* ---- preconditions ---- */

static void delete_with_wrong_uid(const struct subject_path *p)
{
	create(p, "");
	autoreply struct rig_reply r =
		rig_call(&rig, "DELETE", p->item, JSON("{'preconditions':{'uid':'nope'}}"));
	must_be(&r, 409, p->kind, "delete with a wrong uid");
	assert_string_equal(js_str0(r.body, "details", "kind", NULL), p->kind->kind);
	assert_non_null(
		strstr(message(&r), "the UID in the precondition (nope) does not match the UID in record ("));
	autoreply struct rig_reply v =
		rig_call(&rig, "DELETE", p->item, JSON("{'preconditions':{'resourceVersion':'1'}}"));
	must_be(&v, 409, p->kind, "delete with a wrong version");
	destroy(p);
}

static void put_of_absent_with_uid(const struct subject_path *p)
{
	autofree char *body = body_of(p->kind, minimal_name(p->kind, "x"), "'uid':'gone'");
	autoreply struct rig_reply r = rig_call(&rig, "PUT", p->item, body);
	if (!(strategy_find(p->kind)->flags & STRATEGY_CREATE_ON_UPDATE)) {
		must_be(&r, 404, p->kind, "put of an absent one with a uid");
		return;
	}
	must_be(&r, 409, p->kind, "put of an absent one with a uid");
	assert_non_null(
		strstr(message(&r), "Precondition failed: UID in precondition: gone, UID in object meta: "));
	autofree char *key = mem_printf("%s/%s, ResourceVersion: 0", p->kind->namespaced ? "/default" : "",
					minimal_name(p->kind, "x"));
	assert_non_null(strstr(message(&r), key));
}

/* ---- patches ---- */

static struct rig_reply patch(const char *path, const char *form, const char *body)
{
	autofree char *type = mem_printf("application/%s", form);
	return rig_send(&rig, "PATCH", path, type, body, strlen(body));
}

static void patch_of_the_kind(const struct subject_path *p)
{
	const char *const merges[] = {JSON("{'kind':'Foo'}"), JSON("{'apiVersion':'v9'}"),
				      "{\"kind\":\"Binding\",\"apiVersion\":\"v9\"}"};
	static const char json[] = "[{\"op\":\"replace\",\"path\":\"/kind\",\"value\":\"Foo\"}]";

	create(p, "");
	for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
		autoreply struct rig_reply r = patch(p->item, "merge-patch+json", merges[i]);
		must_be(&r, 422, p->kind, merges[i]);
		assert_non_null(
			strstr(message(&r), " \"\" is invalid: patch: Invalid value: \"{\\\"a")); /* sorted */
		assert_non_null(strstr(message(&r), "no kind \""));
	}
	autoreply struct rig_reply r = patch(p->item, "json-patch+json", json);
	must_be(&r, 422, p->kind, json);
	autoreply struct rig_reply other =
		patch(p->item, "merge-patch+json", "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\"}");
	must_be(&other, 422, p->kind, "another kind that exists");
	assert_non_null(strstr(message(&other), "converting (v1.Namespace) to ("));
	autoreply struct rig_reply same = patch(p->item, "merge-patch+json", "{\"kind\":null}");
	must_be(&same, 200, p->kind, "no kind");
	autoreply struct rig_reply versionless =
		patch(p->item, "merge-patch+json", "{\"kind\":null,\"apiVersion\":null}");
	must_be(&versionless, 400, p->kind, "no version");
	assert_non_null(strstr(message(&versionless), "was undeterminable: name must be provided"));
	autoreply struct rig_reply none = patch(p->item, "merge-patch+json", " null ");
	must_be(&none, 400, p->kind, "null");
	assert_string_equal(message(&none), "Invalid JSON Patch");
	autoreply struct rig_reply nothing = patch(p->item, "json-patch+json", "null");
	must_be(&nothing, 200, p->kind, "null");
	destroy(p);
}

static void test_patch_messages(void **state)
{
	static const struct subject_path p = {.collection = "/api/v1/namespaces/default/configmaps",
					      .item = "/api/v1/namespaces/default/configmaps/x"};
	struct subject_path cm = p;
	cm.kind = schema_kind(rig.api.schema, "", "v1", "ConfigMap");
	create(&cm, "");
	autoreply struct rig_reply r = patch(p.item, "merge-patch+json", JSON("{'data':{'n':1}}"));
	must_be(&r, 422, cm.kind, "a number");
	assert_non_null(strstr(
		message(&r),
		"patch: Invalid value: \"{\\\"apiVersion\\\":\\\"v1\\\",\\\"data\\\":{\\\"n\\\":1},\\\"kind\\\":\\\"ConfigMap\\\""));
	autoreply struct rig_reply s = patch(p.item, "strategic-merge-patch+json", JSON("{'data':{'n':1}}"));
	must_be(&s, 422, cm.kind, "a number");
	assert_non_null(strstr(message(&s), "patch: Invalid value: \"map[data:map[n:1]]\""));
	autoreply struct rig_reply t =
		patch(p.item, "json-patch+json", JSON("[{'op':'test','path':'/data','value':'x'}]"));
	assert_int_equal(t.status, 422);
	assert_non_null(strstr(
		buf_str(&t.text),
		"\"message\":\"the server rejected our request due to an error in our request\",\"reason\":\"Invalid\",\"details\":{},"));
	destroy(&cm);
}

/* ---- bodies ---- */

static void body_of_nothing(const struct subject_path *p)
{
	static const char *const bodies[][2] = {{"application/json", "null"},
						{"application/json", " null\n"},
						{"application/yaml", ""},
						{"application/yaml", "null"}};

	autofree char *dry = mem_printf("%s?dryRun=All", p->collection);
	bool named = !strcmp(p->kind->kind, "LimitRange"); /* by the server */

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		autoreply struct rig_reply r =
			rig_send(&rig, "POST", dry, bodies[i][0], bodies[i][1], strlen(bodies[i][1]));
		must_be(&r, named ? 201 : 422, p->kind, "nothing");
		assert_int_equal(strstr(buf_str(&r.text),
					"metadata.name: Required value: name or generateName is required") ==
					 NULL,
				 named);
	}
	/* no JSON at all says nothing, not even null */
	autoreply struct rig_reply r = rig_send(&rig, "POST", p->collection, "application/json", "", 0);
	must_be(&r, 400, p->kind, "no byte");
	assert_non_null(strstr(message(&r), "json parse error: unexpected end of JSON input (<empty>)"));
}

/* ---- deletions ---- */

static void test_forced_delete(void **state)
{
	static const char item[] = "/api/v1/namespaces/default/pods/x";
	const struct {
		const char *first, *body;
	} v[] = {{NULL, JSON("{'gracePeriodSeconds':0,'dryRun':['All']}")},
		 {NULL, JSON("{'gracePeriodSeconds':0}")},
		 {JSON("{'gracePeriodSeconds':30}"), JSON("{'gracePeriodSeconds':0}")}};
	struct subject_path p = {.kind = schema_kind(rig.api.schema, "", "v1", "Pod"),
				 .collection = "/api/v1/namespaces/default/pods",
				 .item = "/api/v1/namespaces/default/pods/x"};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *body = body_of(p.kind, "x", "'finalizers':[]");
		autoreply struct rig_reply made = rig_call(&rig, "POST", p.collection, body);
		assert_true(made.status == 201 || made.status == 409);
		/* one that runs somewhere is not removed at once */
		autoreply struct rig_reply bound =
			rig_call(&rig, "POST", "/api/v1/namespaces/default/pods/x/binding",
				 JSON("{'metadata':{'name':'x'},'target':{'kind':'Node','name':'n'}}"));
		assert_true(bound.status == 201 || bound.status == 409);
		if (v[i].first) {
			autoreply struct rig_reply first = rig_call(&rig, "DELETE", item, v[i].first);
			must_be(&first, 200, p.kind, v[i].first);
			assert_int_equal(
				js_int(first.body, -1, "metadata", "deletionGracePeriodSeconds", NULL), 30);
		}
		autoreply struct rig_reply r = rig_call(&rig, "DELETE", item, v[i].body);
		must_be(&r, 200, p.kind, v[i].body);
		assert_int_equal(js_int(r.body, -1, "metadata", "deletionGracePeriodSeconds", NULL), 0);
		assert_non_null(js_get(r.body, "metadata", "deletionTimestamp", NULL));
	}
	autoreply struct rig_reply gone = rig_call(&rig, "GET", item, NULL);
	assert_int_equal(gone.status, 404);
}

static void collection_in_every_form(const struct subject_path *p)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	autofree char *target = mem_printf("%s?limit=1", p->collection);

	if (!(p->kind->verbs & VERB_DELETECOLLECTION)) {
		free(e);
		return;
	}
	create(p, "");
	e->x.rq = (struct request){.accept = "application/json;as=Table;g=meta.k8s.io;v=v1",
				   .content_type = "",
				   .user_agent = "test",
				   .body = ""};
	rig_run(&rig, e, "DELETE", target);
	assert_int_equal(e->x.rs.status, 200);
	assert_non_null(strstr(buf_str(&e->x.rs.body), "{\"kind\":\"Table\""));
	rig_exchange_free(e);
}

/* What a deletion answers with comes in the form that was asked for, a collection's with the page's end. */
static void test_presented(void **state)
{
	static const char maps[] = "/api/v1/namespaces/default/configmaps",
			  deploys[] = "/apis/apps/v1/namespaces/default/deployments";
	const struct {
		const char *method, *path, *accept, *type, *text;
	} v[] = {
		{"DELETE", maps, "application/json", "application/json", "\"kind\":\"ConfigMapList\""},
		{"DELETE", maps, "application/json", "application/json", "\"continue\":\"ey"},
		{"DELETE", maps, "application/yaml", "application/yaml", "\nkind: ConfigMapList\n"},
		{"DELETE", "/api/v1/namespaces/default/configmaps/a", "application/yaml", "application/yaml",
		 "\nkind: Status\n"},
		{"GET", "/apis/apps/v1/namespaces/default/deployments/x/scale",
		 "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json",
		 "{\"name\":\"Desired\",\"type\":\"integer\""},
	};
	static const char *const names[] = {"a", "b"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}", names[i]);
		autoreply struct rig_reply made = rig_call(&rig, "POST", maps, body);
		assert_int_equal(made.status, 201);
	}
	autofree char *body = body_of(schema_kind(rig.api.schema, "apps", "v1", "Deployment"), "x", "");
	autoreply struct rig_reply deploy = rig_call(&rig, "POST", deploys, body);
	assert_int_equal(deploy.status, 201);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct rig_exchange *e = MEM_NEW(struct rig_exchange);
		autofree char *target = mem_printf("%s?limit=1&dryRun=All", v[i].path);
		e->x.rq = (struct request){
			.accept = v[i].accept, .content_type = "", .user_agent = "test", .body = ""};
		rig_run(&rig, e, v[i].method, target);
		assert_int_equal(e->x.rs.status, 200);
		assert_string_equal(e->x.rs.content_type, v[i].type);
		if (!strstr(buf_str(&e->x.rs.body), v[i].text))
			fail_msg("%s %s: %s", v[i].method, v[i].path, buf_str(&e->x.rs.body));
		rig_exchange_free(e);
	}
}

/* ---- single ones ---- */

static void test_namespaces(void **state)
{
	static const char ns[] = "/api/v1/namespaces/n", finalize[] = "/api/v1/namespaces/n/finalize";
	autoreply struct rig_reply made = rig_call(&rig, "POST", "/api/v1/namespaces",
						   JSON("{'metadata':{'name':'n','annotations':{'x':'y'}}}"));
	assert_int_equal(made.status, 201);
	autoreply struct rig_reply wrong =
		rig_call(&rig, "DELETE", ns, JSON("{'preconditions':{'uid':'nope'}}"));
	autofree char *want = mem_printf(
		"Operation cannot be fulfilled on namespaces \"n\": Precondition failed: UID in precondition: nope, UID in object meta: %s",
		js_str0(made.body, "metadata", "uid", NULL));
	assert_string_equal(message(&wrong), want);
	autoreply struct rig_reply put = rig_call(
		&rig, "PUT", finalize,
		JSON("{'metadata':{'name':'n','labels':{'a':'b'}},'spec':{'finalizers':['kubernetes','a.b/c']}}"));
	assert_int_equal(put.status, 200);
	assert_null(js_get(put.body, "metadata", "annotations", NULL)); /* it is the body's metadata */
	assert_string_equal(js_str0(put.body, "metadata", "labels", "a", NULL), "b");
	assert_string_equal(js_str0(put.body, "status", "phase", NULL), "Active");
	assert_int_equal(js_len(js_arr(put.body, "spec", "finalizers", NULL)), 2);
}

static void test_absent_scale(void **state)
{
	autoreply struct rig_reply r =
		rig_call(&rig, "GET", "/apis/apps/v1/namespaces/default/deployments/none/scale", NULL);
	assert_string_equal(message(&r), "deployments/scale.apps \"none\" not found");
	assert_string_equal(js_str0(r.body, "details", "kind", NULL), "deployments/scale");
}

static void test_field_manager(void **state)
{
	static const char *const v[][2] = {
		{"a%01b", "invalid character U+0001 (at position 1)"},
		{"%C3%A9%E2%80%A8", "invalid character U+2028 (at position 2)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *target =
			mem_printf("/api/v1/namespaces/default/configmaps?fieldManager=%s", v[i][0]);
		autoreply struct rig_reply r =
			rig_call(&rig, "POST", target, JSON("{'metadata':{'name':'x'}}"));
		assert_int_equal(r.status, 422);
		if (!strstr(message(&r), v[i][1]))
			fail_msg("%s", message(&r));
	}
	autoreply struct rig_reply fine =
		rig_call(&rig, "POST", "/api/v1/namespaces/default/configmaps?fieldManager=%C3%A9&dryRun=All",
			 JSON("{'metadata':{'name':'x'}}"));
	assert_int_equal(fine.status, 201);
}

static void test_binding_has_a_name(void **state)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", "/api/v1/namespaces/default/pods/p/binding",
						JSON("{'target':{'kind':'Node','name':'n'}}"));
	assert_int_equal(r.status, 400);
	assert_string_equal(message(&r), "name in URL does not match name in Binding object");
}

/* A Pod that is nowhere has no log, one on a node that is gone has lost it. */
static void test_log_without_an_agent(void **state)
{
	static const char pods[] = "/api/v1/namespaces/default/pods",
			  log[] = "/api/v1/namespaces/default/pods/l/log";
	static const char body[] =
		"{\"metadata\":{\"name\":\"l\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
	autoreply struct rig_reply made = rig_call(&rig, "POST", pods, body);
	assert_int_equal(made.status, 201);
	autoreply struct rig_reply none = rig_call(&rig, "GET", log, NULL);
	assert_int_equal(none.status, 204);
	assert_int_equal(none.text.len, 0);
	autoreply struct rig_reply wrong =
		rig_call(&rig, "GET", "/api/v1/namespaces/default/pods/l/log?container=x", NULL);
	assert_int_equal(wrong.status, 400);
	autoreply struct rig_reply bound =
		rig_call(&rig, "POST", "/api/v1/namespaces/default/pods/l/binding",
			 JSON("{'metadata':{'name':'l'},'target':{'kind':'Node','name':'gone'}}"));
	assert_int_equal(bound.status, 201);
	autoreply struct rig_reply lost = rig_call(&rig, "GET", log, NULL);
	assert_int_equal(lost.status, 404);
	assert_string_equal(message(&lost), "nodes \"gone\" not found");
	assert_string_equal(js_str0(lost.body, "details", "kind", NULL), "nodes");
}

/* A node's address becomes a part of a URL, and whoever wrote the node chose it. */
static void test_log_of_an_odd_node(void **state)
{
	static const char *const addresses[] = {"a/b",	     "10.0.0.1:1/x?", "u@10.0.0.1", "10.0.0.1#",
						"10.0.0.1 ", "[::1]",	      "",	    "A_B"};
	static const char log[] = "/api/v1/namespaces/default/pods/odd/log";

	autoreply struct rig_reply pod = rig_call(
		&rig, "POST", "/api/v1/namespaces/default/pods",
		JSON("{'metadata':{'name':'odd'},'spec':{'nodeName':'odd','containers':[{'name':'c','image':'i'}]}}"));
	assert_int_equal(pod.status, 201);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		autofree char *node = mem_printf(
			"{\"metadata\":{\"name\":\"odd\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"%s\"}],"
			"\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":10250}}}}",
			addresses[i]);
		autoreply struct rig_reply made = rig_call(&rig, "POST", "/api/v1/nodes", node);
		assert_int_equal(made.status, 201);
		autoreply struct rig_reply r = rig_call(&rig, "GET", log, NULL);
		assert_int_equal(r.status, 500);
		if (!strstr(buf_str(&r.text), "no preferred addresses found"))
			fail_msg("%s: %s", addresses[i], buf_str(&r.text));
		autoreply struct rig_reply gone = rig_call(&rig, "DELETE", "/api/v1/nodes/odd", NULL);
		assert_int_equal(gone.status, 200);
	}
}

static void test_evictions(void **state)
{
	static const char item[] = "/api/v1/namespaces/default/pods/e",
			  path[] = "/api/v1/namespaces/default/pods/e/eviction";
	static const char pod[] =
		"{\"metadata\":{\"name\":\"e\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
	const struct {
		const char *body;
		int status;
		const char *text;
		bool gone;
	} v[] = {
		{"{}", 400, "name in URL does not match name in Eviction object", false},
		{JSON("{'metadata':{'name':'f'}}"), 400, "name in URL does not match", false},
		{JSON("{'apiVersion':'policy/v2','metadata':{'name':'e'}}"), 400, "policy/v2", false},
		{JSON("{'kind':'Pod','apiVersion':'v1','metadata':{'name':'e'}}"), 400,
		 "cannot be handled as a Eviction", false},
		{JSON("{'metadata':{'name':'e'},'deleteOptions':{'preconditions':{'uid':'x'}}}"), 409,
		 "UID in the precondition", false},
		{JSON("{'metadata':{'name':'e'},'deleteOptions':{'propagationPolicy':'x'}}"), 422,
		 "propagationPolicy", false},
		{JSON("{'metadata':{'name':'e'},'deleteOptions':{'dryRun':['All']}}"), 201,
		 "\"status\":\"Success\",\"code\":201", false},
		{JSON("{'metadata':{'name':'e'}}"), 201, "\"status\":\"Success\",\"code\":201", true},
		{JSON("{'kind':'Eviction','apiVersion':'policy/v1','metadata':{'name':'e','namespace':'default'}}"),
		 201, "Success", true},
		{JSON("{'kind':'Eviction','apiVersion':'policy/v1beta1','metadata':{'name':'e'},'deleteOptions':{'gracePeriodSeconds':0}}"),
		 201, "Success", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autoreply struct rig_reply made =
			rig_call(&rig, "POST", "/api/v1/namespaces/default/pods", pod);
		assert_true(made.status == 201 || made.status == 409);
		autoreply struct rig_reply r = rig_call(&rig, "POST", path, v[i].body);
		if (r.status != v[i].status || !strstr(buf_str(&r.text), v[i].text))
			fail_msg("%s: %d %s", v[i].body, r.status, buf_str(&r.text));
		autoreply struct rig_reply left = rig_call(&rig, "GET", item, NULL);
		assert_int_equal(left.status, v[i].gone ? 404 : 200);
	}
	autoreply struct rig_reply none = rig_call(&rig, "POST", path, JSON("{'metadata':{'name':'e'}}"));
	assert_int_equal(none.status, 404);
	autoreply struct rig_reply get = rig_call(&rig, "GET", path, NULL);
	assert_int_equal(get.status, 405);
}

static void test_service_accounts(void **state)
{
	static const char pods[] = "/api/v1/namespaces/default/pods";
	static const char *const names[] = {"not-there", "A_B"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *body = mem_printf(
			"{\"metadata\":{\"name\":\"sa\"},\"spec\":{\"serviceAccountName\":\"%s\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
			names[i]);
		autofree char *want = mem_printf(
			"pods \"sa\" is forbidden: error looking up service account default/%s: serviceaccount \"%s\" not found",
			names[i], names[i]);
		autoreply struct rig_reply r = rig_call(&rig, "POST", pods, body);
		assert_int_equal(r.status, 403);
		assert_string_equal(message(&r), want);
	}
	autoreply struct rig_reply sa = rig_call(&rig, "POST", "/api/v1/namespaces/default/serviceaccounts",
						 JSON("{'metadata':{'name':'there'}}"));
	autoreply struct rig_reply r = rig_call(
		&rig, "POST", pods,
		JSON("{'metadata':{'name':'sa'},'spec':{'serviceAccountName':'there','containers':[{'name':'c','image':'i'}]}}"));
	assert_int_equal(sa.status, 201);
	assert_int_equal(r.status, 201);
	assert_string_equal(js_str0(r.body, "spec", "serviceAccount", NULL), "there");
	autoreply struct rig_reply nobody = rig_call(
		&rig, "POST", pods,
		JSON("{'metadata':{'name':'nobody'},'spec':{'containers':[{'name':'c','image':'i'}]}}"));
	assert_string_equal(js_str0(nobody.body, "spec", "serviceAccountName", NULL), "default");
	assert_string_equal(js_str0(nobody.body, "spec", "serviceAccount", NULL), "default");
}

static const char not_its_own[] = "is not allowed because service account tight does not reference that";

/* The account gives its Pods what pulls their images, and may keep them from other Secrets than its own. */
static void test_what_accounts_give(void **state)
{
	static const char pods[] = "/api/v1/namespaces/default/pods?dryRun=All",
			  accounts[] = "/api/v1/namespaces/default/serviceaccounts";
	static const struct {
		const char *account, *container, *spec, *refusal; /* NULL: it is let in */
	} rows[] = {
		{"gives", "", "", NULL},
		{"tight", "", "", NULL},
		{"tight", "",
		 ",'imagePullSecrets':[{'name':'pull'}],'volumes':[{'name':'v','secret':{'secretName':'own'}}]",
		 NULL},
		{"tight", "", ",'imagePullSecrets':[{'name':'pull'},{'name':'x'}]",
		 "imagePullSecrets[1].name=\"x\" "},
		{"tight", "", ",'volumes':[{'name':'v','secret':{'secretName':'x'}}]",
		 "volume with secret.secretName=\"x\" "},
		{"tight", ",'env':[{'name':'E','valueFrom':{'secretKeyRef':{'name':'own','key':'k'}}}]", "",
		 NULL},
		{"tight", ",'env':[{'name':'E','valueFrom':{'secretKeyRef':{'name':'x','key':'k'}}}]", "",
		 "container c with envVar E referencing secret.secretName=\"x\" "},
		{"tight", ",'envFrom':[{'configMapRef':{'name':'x'}},{'secretRef':{'name':'own'}}]", "",
		 NULL},
		{"tight", ",'envFrom':[{'secretRef':{'name':'own'}},{'secretRef':{'name':'x'}}]", "",
		 "container c with envFrom referencing secret.secretName=\"x\" "},
		{"gives", ",'env':[{'name':'E','valueFrom':{'secretKeyRef':{'name':'x','key':'k'}}}]", "",
		 NULL},
	};
	autoreply struct rig_reply gives =
		rig_call(&rig, "POST", accounts,
			 JSON("{'metadata':{'name':'gives'},'imagePullSecrets':[{'name':'pull'}]}"));
	autoreply struct rig_reply tight = rig_call(
		&rig, "POST", accounts,
		JSON("{'metadata':{'name':'tight','annotations':{'kubernetes.io/enforce-mountable-secrets':'true'}},"
		     "'secrets':[{'name':'own'}],'imagePullSecrets':[{'name':'pull'}]}"));
	assert_true(gives.status == 201 && tight.status == 201);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *body = mem_printf(
			"{'metadata':{'name':'p'},'spec':{'serviceAccountName':'%s','containers':[{'name':'c','image':'i'%s}]%s}}",
			rows[i].account, rows[i].container, rows[i].spec);
		autoreply struct rig_reply r = rig_call(&rig, "POST", pods, JSON(body));
		if (!rows[i].refusal) {
			assert_int_equal(r.status, 201);
			js *list = js_arr(r.body, "spec", "imagePullSecrets", NULL);
			assert_int_equal(js_len(list), 1);
			assert_string_equal(js_str0(js_at(list, 0), "name", NULL), "pull");
			continue;
		}
		assert_int_equal(r.status, 403);
		if (!strstr(message(&r), rows[i].refusal) || !strstr(message(&r), not_its_own))
			fail_msg("%s", message(&r));
	}
}

#define EVERY(test)                                                                                          \
	static void every_##test(void **state)                                                               \
	{                                                                                                    \
		each_kind(test);                                                                             \
	}
EVERY(create_with_version)
EVERY(put_without_version)
EVERY(delete_with_wrong_uid)
EVERY(put_of_absent_with_uid)
EVERY(patch_of_the_kind)
EVERY(body_of_nothing)
EVERY(collection_in_every_form)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_create_with_version),
		cmocka_unit_test(every_put_without_version),
		cmocka_unit_test(every_delete_with_wrong_uid),
		cmocka_unit_test(every_put_of_absent_with_uid),
		cmocka_unit_test(every_patch_of_the_kind),
		cmocka_unit_test(every_body_of_nothing),
		cmocka_unit_test(every_collection_in_every_form),
		cmocka_unit_test(test_patch_messages),
		cmocka_unit_test(test_forced_delete),
		cmocka_unit_test(test_presented),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_absent_scale),
		cmocka_unit_test(test_field_manager),
		cmocka_unit_test(test_binding_has_a_name),
		cmocka_unit_test(test_log_without_an_agent),
		cmocka_unit_test(test_log_of_an_odd_node),
		cmocka_unit_test(test_evictions),
		cmocka_unit_test(test_service_accounts),
		cmocka_unit_test(test_what_accounts_give),
	};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

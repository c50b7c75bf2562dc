/* SPDX-License-Identifier: Apache-2.0 */
/* Patches of all forms through the whole pipeline, subresources, bindings, and writers that race. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/thread.h"
#include "object/condition.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CMS "/api/v1/namespaces/default/configmaps"
#define DEPLOYS "/apis/apps/v1/namespaces/default/deployments"
#define JSON_PATCH "application/json-patch+json"
#define MERGE "application/merge-patch+json"
#define STRATEGIC "application/strategic-merge-patch+json"

struct row {
	const char *target, *type, *body;
	int code;
	const char *reason, *message;
};
static const struct row rows[] = {
	{CMS "/m", "application/apply-patch+cbor", "{}", 415, "UnsupportedMediaType",
	 "415: Unsupported Media Type"},
	{DEPLOYS "/d/scale?fieldManager=m", "application/apply-patch+yaml", "{}", 400, "BadRequest",
	 "invalid object type: /, Kind="},
	{CMS "/m", "", "{}", 415, "UnsupportedMediaType", "415: Unsupported Media Type"},
	{CMS "/m", MERGE, "{", 400, "BadRequest", "error decoding patch: "},
	{CMS "/m", MERGE, "[]", 400, "BadRequest",
	 "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"},
	{CMS "/m", JSON_PATCH, "{}", 400, "BadRequest",
	 "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"},
	{CMS "/m", JSON_PATCH, "[{\"op\":\"test\",\"path\":\"/data/a\",\"value\":\"9\"}]", 422, "Invalid",
	 "the server rejected our request due to an error in our request"},
	{CMS "/m", JSON_PATCH, "[{\"op\":\"remove\",\"path\":\"/nothing\"}]", 422, "Invalid",
	 "the server rejected our request due to an error in our request"},
	{CMS "/no", MERGE, "{}", 404, "NotFound", "configmaps \"no\" not found"},
	{CMS "/m", MERGE, "{\"data\":{\"a\":1}}", 422, "Invalid", "patch: Invalid value: "},
	{CMS "/m?fieldValidation=Strict", MERGE, "{\"dat\":1}", 422, "Invalid",
	 "strict decoding error: unknown field \"dat\""},
	{CMS "/m", MERGE, "{\"metadata\":{\"name\":\"z\"}}", 400, "BadRequest",
	 "the name of the object (z) does not match the name on the URL (m)"},
	{CMS "/m", MERGE, "{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"a\":\"x\"}}", 409,
	 "Conflict", "the object has been modified"},
	{CMS "/m", MERGE, "{\"metadata\":{\"uid\":\"u\"}}", 422, "Invalid",
	 "metadata.uid: Invalid value: \"u\": field is immutable"},
	{CMS "/m?force=true", MERGE, "{}", 422, "Invalid",
	 "force: Forbidden: may not be specified for non-apply patch"},
	{DEPLOYS "/d/scale", MERGE, "{\"spec\":{\"replicas\":-1}}", 422, "Invalid",
	 "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *w = &rows[i];
		autoreply struct rig_reply r =
			rig_send(&rig, "PATCH", w->target, w->type, w->body, strlen(w->body));
		if (r.status != w->code || strcmp(js_str0(r.body, "reason", NULL), w->reason) ||
		    !strstr(js_str0(r.body, "message", NULL), w->message))
			fail_msg("%s %s %s\nwant %d %s: %s\n got %d %s", w->type, w->target, w->body, w->code,
				 w->reason, w->message, r.status, buf_str(&r.text));
	}
}

static void patch(const char *target, const char *type, const char *body, const char *want)
{
	autoreply struct rig_reply r = rig_send(&rig, "PATCH", target, type, body, strlen(body));
	if (r.status != 200 || !strstr(buf_str(&r.text), want))
		fail_msg("%s %s\nwant %s\n got %d %s", target, body, want, r.status, buf_str(&r.text));
}

static void test_forms(void **state)
{
	patch(CMS "/m", MERGE, "{\"data\":{\"b\":\"2\"}}", "\"data\":{\"a\":\"1\",\"b\":\"2\"}");
	patch(CMS "/m", JSON_PATCH, "[{\"op\":\"replace\",\"path\":\"/data/b\",\"value\":\"3\"}]",
	      "\"b\":\"3\"");
	patch(DEPLOYS "/d", STRATEGIC,
	      "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:2\"}]}}}}",
	      "\"image\":\"busybox:2\"");
	patch(DEPLOYS "/d", STRATEGIC,
	      "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"d\",\"image\":\"x\"}]}}}}",
	      "\"name\":\"d\",\"image\":\"x\"");
}

static void test_scale(void **state)
{
	autoreply struct rig_reply r = rig_call(&rig, "GET", DEPLOYS "/d/scale", NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "kind", NULL), "Scale");
	assert_string_equal(js_str0(r.body, "apiVersion", NULL), "autoscaling/v1");
	assert_string_equal(js_str0(r.body, "status", "selector", NULL), "app=d");
	assert_int_equal(js_int(r.body, 0, "spec", "replicas", NULL), 1);
	js_set_int(js_obj(r.body, "spec", NULL), "replicas", 3);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, r.body);
	autoreply struct rig_reply put = rig_call(&rig, "PUT", DEPLOYS "/d/scale", b.p);
	assert_int_equal(put.status, 200);
	assert_int_equal(js_int(put.body, 0, "spec", "replicas", NULL), 3);
	autoreply struct rig_reply stale = rig_call(&rig, "PUT", DEPLOYS "/d/scale", b.p);
	assert_int_equal(stale.status, 409);
	patch(DEPLOYS "/d/scale", MERGE, "{\"spec\":{\"replicas\":0}}", "\"spec\":{}");
	autoreply struct rig_reply d = rig_call(&rig, "GET", DEPLOYS "/d", NULL);
	assert_int_equal(js_int(d.body, -1, "spec", "replicas", NULL), 0);
}

static void test_binding(void **state)
{
	static const char bind[] =
		"{\"kind\":\"Binding\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"b\","
		"\"annotations\":{\"k\":\"v\"}},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}";
	autoreply struct rig_reply pod = rig_call(
		&rig, "POST", PODS,
		"{\"metadata\":{\"name\":\"b\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}");
	assert_int_equal(pod.status, 201);
	autoreply struct rig_reply bad =
		rig_call(&rig, "POST", PODS "/b/binding",
			 "{\"metadata\":{\"name\":\"b\"},\"target\":{\"kind\":\"Rock\"}}");
	assert_int_equal(bad.status, 500);
	assert_string_equal(js_str0(bad.body, "reason", NULL), "");
	assert_string_equal(
		js_str0(bad.body, "message", NULL),
		"[target.kind: Unsupported value: \"Rock\": supported values: \"Node\", \"<empty>\", "
		"target.name: Required value]");
	autoreply struct rig_reply old =
		rig_call(&rig, "POST", PODS "/b/binding",
			 JSON("{'metadata':{'name':'b','resourceVersion':'1'},'target':{'name':'n'}}"));
	assert_int_equal(old.status, 409);
	assert_non_null(
		strstr(js_str0(old.body, "message", NULL),
		       "on pods \"b\": StorageError: invalid object, Code: 4, Key: /registry/pods/default/b, "
		       "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ResourceVersion in "
		       "precondition: 1, ResourceVersion in object meta: "));
	autoreply struct rig_reply nameless = rig_call(&rig, "POST", "/api/v1/namespaces/default/bindings",
						       JSON("{'target':{'name':'n'}}"));
	assert_int_equal(nameless.status, 400);
	assert_string_equal(js_str0(nameless.body, "message", NULL), "Name parameter required.");
	autoreply struct rig_reply r = rig_call(&rig, "POST", PODS "/b/binding", bind);
	assert_int_equal(r.status, 201);
	assert_string_equal(js_str0(r.body, "status", NULL), "Success");
	autoreply struct rig_reply is = rig_call(&rig, "GET", PODS "/b", NULL);
	assert_string_equal(js_str0(is.body, "spec", "nodeName", NULL), "n1");
	assert_string_equal(js_str0(is.body, "metadata", "annotations", "k", NULL), "v");
	assert_string_equal(
		js_str0(condition_find(js_arr(is.body, "status", "conditions", NULL), "PodScheduled"),
			"status", NULL),
		"True");
	autoreply struct rig_reply twice =
		rig_call(&rig, "POST", "/api/v1/namespaces/default/bindings", bind);
	assert_int_equal(twice.status, 409);
	assert_string_equal(
		js_str0(twice.body, "message", NULL),
		"Operation cannot be fulfilled on pods/binding \"b\": pod b is already assigned to node \"n1\"");
	patch(PODS "/b/status", MERGE,
	      "{\"status\":{\"podIP\":\"10.0.0.9\",\"podIPs\":[{\"ip\":\"10.0.0.8\"}]}}",
	      "\"podIP\":\"10.0.0.9\",\"podIPs\":[{\"ip\":\"10.0.0.9\"}]");
}

static void test_log_errors(void **state)
{
	autoreply struct rig_reply pod = rig_call(
		&rig, "POST", PODS,
		"{\"metadata\":{\"name\":\"l\"},\"spec\":{\"initContainers\":[{\"name\":\"i\",\"image\":\"x\"}],"
		"\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"x\"}]}}");
	assert_int_equal(pod.status, 201);
	autoreply struct rig_reply which = rig_call(&rig, "GET", PODS "/l/log", NULL);
	assert_int_equal(which.status, 400);
	assert_string_equal(js_str0(which.body, "message", NULL),
			    "a container name must be specified for pod l, choose one of: [i a b]");
	autoreply struct rig_reply none = rig_call(&rig, "GET", PODS "/l/log?container=z", NULL);
	assert_string_equal(js_str0(none.body, "message", NULL), "container z is not valid for pod l");
	autoreply struct rig_reply tail = rig_call(&rig, "GET", PODS "/l/log?container=a&tailLines=-1", NULL);
	assert_int_equal(tail.status, 422);
	assert_string_equal(
		js_str0(tail.body, "message", NULL),
		"PodLogOptions \"l\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0");
	autoreply struct rig_reply empty = rig_call(&rig, "GET", PODS "/l/log?container=a", NULL);
	assert_int_equal(empty.status, 204);
	assert_int_equal(empty.text.len, 0);
}

#define RACERS 4
#define ROUNDS 25

static void *race(void *arg)
{
	char body[128];
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(body, sizeof(body), "{\"data\":{\"r%d\":\"%d\"}}", *(int *)arg, i);
		for (int status = 409; status == 409;) {
			autoreply struct rig_reply r = rig_call(&rig, "PATCH", CMS "/race", body);
			status = r.status;
			assert(status == 200 || status == 409);
		}
	}
	return NULL;
}

static void test_race(void **state)
{
	pthread_t threads[RACERS];
	int ids[RACERS];
	autoreply struct rig_reply made = rig_call(&rig, "POST", CMS, "{\"metadata\":{\"name\":\"race\"}}");
	assert_int_equal(made.status, 201);
	for (int i = 0; i < RACERS; i++) {
		ids[i] = i;
		threads[i] = thread_start("racer", race, &ids[i]);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	autoreply struct rig_reply r = rig_call(&rig, "GET", CMS "/race", NULL);
	assert_int_equal(js_len(js_obj(r.body, "data", NULL)), RACERS);
	for (struct js_iter it = js_iter(js_obj(r.body, "data", NULL)); js_next(&it);)
		assert_string_equal(json_object_get_string(it.value), "24");
}

static int setup(void **state)
{
	rig_open(&rig);
	autoreply struct rig_reply m =
		rig_call(&rig, "POST", CMS, "{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\"}}");
	autoreply struct rig_reply d = rig_call(
		&rig, "POST", DEPLOYS,
		"{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"d\"}},\"template\":{\"metadata\":{"
		"\"labels\":{\"app\":\"d\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}}}");
	return m.status == 201 && d.status == 201 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_forms),
		cmocka_unit_test(test_scale),	   cmocka_unit_test(test_binding),
		cmocka_unit_test(test_log_errors), cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, setup, rig_teardown);
}

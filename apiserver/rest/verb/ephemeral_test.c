/* SPDX-License-Identifier: Apache-2.0 */
/* Debug containers, in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PODS "/api/v1/namespaces/default/pods"

/* A GET as that client sends it. */
static struct rig_reply get_as(const char *agent, const char *path)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	struct rig_reply ret = {.status = 0};
	struct err err = ERR_INIT;
	size_t n;

	e->x.rq = (struct request){
		.accept = "application/json", .content_type = "", .user_agent = agent, .body = ""};
	rig_run(&rig, e, "GET", path);
	ret.status = e->x.rs.status;
	const char *p = response_bytes(&e->x.rs, &n);
	buf_add(&ret.text, p, n);
	ret.body = js_parse(buf_str(&ret.text), ret.text.len, NULL, &err);
	rig_exchange_free(e);
	return ret;
}

static void must(const struct rig_reply *r, int status, const char *message)
{
	if (r->status != status || !strstr(js_str0(r->body, "message", NULL), message))
		fail_msg("want %d %s, got %d %s", status, message, r->status, buf_str(&r->text));
}

static void add_pod(const char *name)
{
	autofree char *body = mem_printf(
		"{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
		name);
	autoreply struct rig_reply r = rig_call(&rig, "POST", PODS, body);
	must(&r, 201, "");
}

static void test_pod_form(void **state)
{
	static const char strategic[] = "application/strategic-merge-patch+json";
	const char *add = JSON(
		"{'metadata':{'labels':{'x':'y'}},'spec':{'nodeName':'n','ephemeralContainers':[{'name':'d','image':'i:1',"
		"'targetContainerName':'c'}]}}");
	const char *change = JSON("{'spec':{'ephemeralContainers':[{'name':'d','image':'other'}]}}");

	add_pod("p");
	autoreply struct rig_reply r =
		rig_send(&rig, "PATCH", PODS "/p/ephemeralcontainers", strategic, add, strlen(add));
	must(&r, 200, "");
	const js *d = js_at(js_arr(r.body, "spec", "ephemeralContainers", NULL), 0);
	assert_string_equal(js_str0(d, "imagePullPolicy", NULL), "IfNotPresent");
	assert_string_equal(js_str0(d, "terminationMessagePath", NULL), "/dev/termination-log");
	assert_null(js_get(r.body, "spec", "nodeName", NULL));
	assert_null(js_get(r.body, "metadata", "labels", NULL));
	assert_int_equal(js_int(r.body, 0, "metadata", "generation", NULL), 2);
	autoreply struct rig_reply changed =
		rig_send(&rig, "PATCH", PODS "/p/ephemeralcontainers", strategic, change, strlen(change));
	must(&changed, 422,
	     "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be changed\n");
	autoreply struct rig_reply removed = rig_call(&rig, "PATCH", PODS "/p/ephemeralcontainers",
						      "{\"spec\":{\"ephemeralContainers\":null}}");
	must(&removed, 422,
	     "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n");
	autoreply struct rig_reply clash =
		rig_call(&rig, "PATCH", PODS "/p",
			 "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"i\"}]}}");
	must(&clash, 422, "pod updates may not change fields");
	autoreply struct rig_reply got = get_as("kubectl/v1.22.0", PODS "/p/ephemeralcontainers");
	assert_string_equal(js_str0(got.body, "kind", NULL), "Pod");
}

static void test_old_form(void **state)
{
	add_pod("o");
	autoreply struct rig_reply got =
		get_as("kubectl/v1.20.2 (linux/amd64)", PODS "/o/ephemeralcontainers");
	assert_string_equal(js_str0(got.body, "kind", NULL), "EphemeralContainers");
	assert_string_equal(js_str0(got.body, "metadata", "name", NULL), "o");
	assert_int_equal(js_len(js_arr(got.body, "ephemeralContainers", NULL)), 0);
	autojson js *container = js_new_obj();
	js_set_str(container, "name", "d");
	js_set_str(container, "image", "i");
	js_push(js_arr(got.body, "ephemeralContainers", NULL), json_object_get(container));
	autobuf struct buf b = BUF_INIT;
	js_write(&b, got.body);
	autoreply struct rig_reply put = rig_call(&rig, "PUT", PODS "/o/ephemeralcontainers", buf_str(&b));
	must(&put, 200, "");
	assert_string_equal(js_str0(put.body, "kind", NULL), "EphemeralContainers");
	autoreply struct rig_reply pod = get_as("x", PODS "/o");
	assert_string_equal(
		js_str0(js_at(js_arr(pod.body, "spec", "ephemeralContainers", NULL), 0), "name", NULL), "d");
	autoreply struct rig_reply again = rig_call(&rig, "PUT", PODS "/o/ephemeralcontainers", buf_str(&b));
	must(&again, 409, "the object has been modified");
	autoreply struct rig_reply empty = rig_call(
		&rig, "PUT", PODS "/o/ephemeralcontainers",
		JSON("{'kind':'EphemeralContainers','metadata':{'name':'o'},'ephemeralContainers':[]}"));
	must(&empty, 422, "may not be removed");
	autoreply struct rig_reply name = rig_call(
		&rig, "PUT", PODS "/o/ephemeralcontainers",
		JSON("{'kind':'EphemeralContainers','metadata':{'name':'x'},'ephemeralContainers':[]}"));
	must(&name, 400, "the name of the object (x) does not match the name on the URL (o)");
	autoreply struct rig_reply none = get_as("kubectl/v1.20.2", PODS "/none/ephemeralcontainers");
	must(&none, 404, "pods \"none\" not found");
}

/* What may change of a running Pod's containers. */
static void test_resize(void **state)
{
	static const char pod[] =
		"{\"metadata\":{\"name\":\"r\"},\"spec\":{\"initContainers\":[{\"name\":\"i\",\"image\":\"i\"}],\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\",\"example.com/x\":\"1\"},\"limits\":{\"cpu\":\"2\",\"example.com/x\":\"1\"}}}]}}";
	const struct {
		const char *resources;
		int status;
		const char *message;
	} rows[] = {
		{"'containers':[{'name':'c','resources':{'requests':{'cpu':'1500m'},'limits':{'cpu':'3'}}}]",
		 200, ""},
		{"'containers':[{'name':'c','image':'other','resources':{'limits':{'cpu':'4'}}}]", 200, ""},
		{"'containers':[{'name':'c','resources':{'requests':{'example.com/x':'2'},'limits':{'example.com/x':'2'}}}]",
		 422, "spec: Forbidden: only cpu and memory resources are mutable"},
		{"'containers':[{'name':'c','resources':{'limits':{'cpu':null}}}]", 422,
		 "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"},
		{"'containers':[{'name':'n','image':'i'}]", 422,
		 "spec.containers: Forbidden: containers may not be added or removed on resize"},
		{"'initContainers':[{'name':'i','resources':{'requests':{'cpu':'1'}}}]", 422,
		 "spec: Forbidden: resources for non-sidecar init containers are immutable"},
	};

	autoreply struct rig_reply made = rig_call(&rig, "POST", PODS, pod);
	must(&made, 201, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf("{'spec':{%s}}", rows[i].resources);
		const char *patch = JSON(text);
		autoreply struct rig_reply r =
			rig_send(&rig, "PATCH", PODS "/r/resize", "application/strategic-merge-patch+json",
				 patch, strlen(patch));
		must(&r, rows[i].status, rows[i].message);
	}
	autoreply struct rig_reply got = get_as("x", PODS "/r/resize");
	const js *c = js_at(js_arr(got.body, "spec", "containers", NULL), 0);
	assert_string_equal(js_str0(c, "resources", "limits", "cpu", NULL), "4");
	assert_string_equal(js_str0(c, "image", NULL), "i");
	assert_int_equal(js_int(got.body, 0, "metadata", "generation", NULL), 3);
}

static void test_quality_of_service(void **state)
{
	const char *more =
		JSON("{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]}}");

	add_pod("q");
	autoreply struct rig_reply r = rig_send(&rig, "PATCH", PODS "/q/resize",
						"application/strategic-merge-patch+json", more, strlen(more));
	must(&r, 422,
	     "spec: Invalid value: \"BestEffort\": Pod QOS Class may not change as a result of resizing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pod_form), cmocka_unit_test(test_old_form),
					   cmocka_unit_test(test_resize),
					   cmocka_unit_test(test_quality_of_service)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

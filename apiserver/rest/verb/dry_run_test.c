/* SPDX-License-Identifier: Apache-2.0 */
/* dryRun=All on every writing verb and subresource: answered as if it had been done, and nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define NS "/api/v1/namespaces/default"
#define APPS "/apis/apps/v1/namespaces/default"
#define STRATEGIC "application/strategic-merge-patch+json"
#define MERGE "application/merge-patch+json"
#define OPS "application/json-patch+json"

#define CSRS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define REQUEST                                                                                              \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIcE1JR1JBZ0VBTUM4eEZUQVRCZ05WQkFvTURITj"         \
	"VjM1JsYlRwdWIyUmxjekVXTUJRR0ExVUVBd3dOYzNsegpkR1Z0T201dlpHVTZiakJaTUJNR0J5cUdTTTQ5QWdFR0ND"         \
	"cUdTTTQ5QXdFSEEwSUFCTnBCN1hXdEtaVlppaUJwCnUzdUhiQ0wzU25lMDNXUG5MMlFHK3Q5SFg2dlNGemR1RU5EVV"         \
	"krRVc0ZkZHVXJodDlZSlVsQ1hhV0x0elRnUUsKcWRXUVdOaWdBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUFRWTFz"         \
	"QVNTK01yenVEL2t3aXJwNnozUzRUSlJKbwpEN0dJWEtUcXV4MFlGUUlnUzl1WXcvdGdOKzY0bXR3Sko4OFRQZVJCU0"         \
	"FyZTJwdGJxYlZYY2YweWMxOD0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="

static const struct {
	const char *path, *body;
} made[] = {
	{CSRS, "{'metadata':{'name':'r'},'spec':{'request':'" REQUEST
	       "','signerName':'a.b/c','usages':['client auth']}}"},
	{NS "/configmaps", "{'metadata':{'name':'c','labels':{'a':'b'}},'data':{'k':'v'}}"},
	{NS "/pods", "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}"},
	{"/api/v1/namespaces", "{'metadata':{'name':'n'}}"},
	{APPS "/deployments",
	 "{'metadata':{'name':'d'},'spec':{'replicas':2,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
	 "'spec':{'containers':[{'name':'c','image':'i'}]}}}}"},
};

static const struct {
	const char *method, *path, *type, *body;
	int status;
	const char *part; /* of the answer */
} rows[] = {
	{"POST", NS "/configmaps", "", "{'metadata':{'name':'new'}}", 201, "'name':'new'"},
	{"POST", NS "/configmaps", "", "{'metadata':{'generateName':'new-'}}", 201, "'name':'new-"},
	{"POST", NS "/configmaps", "", "{'metadata':{'name':'c'}}", 409, "already exists"},
	{"PUT", NS "/configmaps/c", "", "{'metadata':{'name':'c'},'data':{'k':'w'}}", 200, "'k':'w'"},
	{"PUT", NS "/configmaps/none", "", "{'metadata':{'name':'none'}}", 404, "not found"},
	{"PATCH", NS "/configmaps/c", MERGE, "{'data':{'k':'w'}}", 200, "'k':'w'"},
	{"PATCH", NS "/configmaps/c", STRATEGIC, "{'data':{'$patch':'replace','x':'y'}}", 200,
	 "'data':{'x':'y'}"},
	{"PATCH", NS "/configmaps/c", OPS, "[{'op':'remove','path':'/data/k'}]", 200, "'name':'c'"},
	{"PATCH", NS "/configmaps/c", OPS, "[{'op':'test','path':'/data/k','value':'w'}]", 422, ""},
	{"DELETE", NS "/configmaps/c", "", "", 200, "'status':'Success'"},
	{"DELETE", NS "/configmaps/c", "", "{'dryRun':['All'],'propagationPolicy':'Foreground'}", 200,
	 "'foregroundDeletion'"},
	{"DELETE", NS "/configmaps/c", "", "{'dryRun':['All'],'preconditions':{'uid':'x'}}", 409,
	 "the UID in the precondition (x) does not match the UID in record"},
	{"DELETE", NS "/configmaps", "", "", 200, "'kind':'ConfigMapList'"},
	{"DELETE", NS "/pods/p", "", "", 200, "'name':'p'"},
	{"DELETE", "/api/v1/namespaces/n", "", "", 200, "'phase':'Terminating'"},
	{"PUT", NS "/pods/p/status", "", "{'metadata':{'name':'p'},'status':{'phase':'Running'}}", 200,
	 "'phase':'Running'"},
	{"PATCH", NS "/pods/p/status", STRATEGIC,
	 "{'status':{'conditions':[{'type':'Ready','status':'True'}]}}", 200, "'type':'Ready'"},
	{"POST", NS "/pods/p/binding", "", "{'metadata':{'name':'p'},'target':{'name':'n1'}}", 201,
	 "'status':'Success'"},
	{"POST", NS "/bindings", "", "{'metadata':{'name':'p'},'target':{'name':'n1'}}", 201,
	 "'status':'Success'"},
	{"POST", NS "/pods/p/eviction", "", "{'metadata':{'name':'p'}}", 201, "'status':'Success'"},
	{"PATCH", NS "/pods/p/ephemeralcontainers", STRATEGIC,
	 "{'spec':{'ephemeralContainers':[{'name':'e','image':'i'}]}}", 200,
	 "'ephemeralContainers':[{'name':'e'"},
	{"PATCH", NS "/pods/p/resize", STRATEGIC, "{'spec':{'containers':[{'name':'c','image':'other'}]}}",
	 200, "'image':'i'"},
	{"PATCH", CSRS "/r/approval", MERGE,
	 "{'status':{'conditions':[{'type':'Approved','status':'True','reason':'r'}]}}", 200,
	 "'type':'Approved'"},
	{"PATCH", CSRS "/r/approval", MERGE, "{'status':{'certificate':'eHg='}}", 200, "'status':{}"},
	{"PUT", "/api/v1/namespaces/n/finalize", "",
	 "{'metadata':{'name':'n'},'spec':{'finalizers':['a/b']}}", 200, "'finalizers':['a/b']"},
	{"PUT", "/api/v1/namespaces/n/status", "", "{'metadata':{'name':'n'},'status':{'phase':'Active'}}",
	 200, "'phase':'Active'"},
	{"PUT", APPS "/deployments/d/scale", "", "{'metadata':{'name':'d'},'spec':{'replicas':7}}", 200,
	 "'spec':{'replicas':7},'status':{'replicas':0,'selector':'a=b'}"},
	{"PATCH", APPS "/deployments/d/scale", MERGE, "{'spec':{'replicas':7}}", 200,
	 "'spec':{'replicas':7}"},
	{"PATCH", APPS "/deployments/d/scale", MERGE, "{'spec':{'replicas':-1}}", 422,
	 "Scale.autoscaling \\\"d\\\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
	{"PATCH", APPS "/deployments/d/status", MERGE, "{'status':{'replicas':1},'spec':{'replicas':9}}", 200,
	 "'status':{'replicas':1"},
};

/* Everything that there is. */
static char *state_of(void)
{
	static const char *const lists[] = {NS "/configmaps", NS "/pods", "/api/v1/namespaces",
					    APPS "/deployments"};
	autobuf struct buf all = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		autoreply struct rig_reply r = rig_call(&rig, "GET", lists[i], NULL);
		buf_addf(&all, "%s\n", buf_str(&r.text));
	}
	return mem_strdup(buf_str(&all));
}

static void test_nothing_is_done(void **state)
{
	autofree char *before = state_of();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *body = JSON(rows[i].body), *part = JSON(rows[i].part);
		autofree char *path = mem_printf("%s?dryRun=All", rows[i].path);
		autoreply struct rig_reply r =
			rig_send(&rig, rows[i].method, path, rows[i].type, body, strlen(body));
		if (r.status != rows[i].status || !strstr(buf_str(&r.text), part))
			fail_msg("%s %s %s\nwant %d %s\n got %d %s", rows[i].method, path, body,
				 rows[i].status, part, r.status, buf_str(&r.text));
		autofree char *after = state_of();
		if (strcmp(after, before))
			fail_msg("%s %s %s was done: %s", rows[i].method, path, body, after);
	}
}

/* Anything but All is refused, in the name of the verb's options. */
static void test_bad_values(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *body = JSON(rows[i].body);
		autofree char *path = mem_printf("%s?dryRun=Some", rows[i].path);
		if (!strcmp(rows[i].method, "DELETE") && *body) /* the body counts, then */
			continue;
		autoreply struct rig_reply r =
			rig_send(&rig, rows[i].method, path, rows[i].type, body, strlen(body));
		const char *kind = js_str0(r.body, "details", "kind", NULL);
		const char *want = !strcmp(rows[i].method, "POST")    ? "CreateOptions"
				   : !strcmp(rows[i].method, "PUT")   ? "UpdateOptions"
				   : !strcmp(rows[i].method, "PATCH") ? "PatchOptions"
								      : "DeleteOptions";
		if (r.status != 422 || strcmp(kind, want))
			fail_msg("%s %s: %d %s", rows[i].method, path, r.status, buf_str(&r.text));
	}
}

static int setup(void **state)
{
	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		autoreply struct rig_reply r = rig_call(&rig, "POST", made[i].path, JSON(made[i].body));
		if (r.status != 201)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_done),
					   cmocka_unit_test(test_bad_values)};
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers over the whole way of a request; the one who asks is an administrator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define AUTHZ "/apis/authorization.k8s.io/v1/"
#define AUTHN "/apis/authentication.k8s.io/v1/"
#define LOCAL AUTHZ "namespaces/default/localsubjectaccessreviews"
#define GET_POD "'resourceAttributes':{'verb':'get','resource':'pods'}"
#define INVALID ".authorization.k8s.io \"\" is invalid: "

static const struct {
	const char *path, *body;
	int status;
	const char *part; /* of the answer */
} rows[] = {
	{AUTHZ "selfsubjectaccessreviews", "{'spec':{" GET_POD "}}", 201, "'status':{'allowed':true}"},
	{AUTHZ "selfsubjectaccessreviews", "{'spec':{'nonResourceAttributes':{'path':'/x','verb':'get'}}}",
	 201, "'status':{'allowed':true}"},
	{AUTHZ "selfsubjectaccessreviews", "{'spec':{}}", 422,
	 INVALID
	 "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"},
	{AUTHZ "selfsubjectaccessreviews", "{'spec':{" GET_POD ",'nonResourceAttributes':{'path':'/x'}}}",
	 422,
	 "spec.nonResourceAttributes: Invalid value: {\"path\":\"/x\"}: cannot be specified in combination with resourceAttributes"},
	{AUTHZ "selfsubjectaccessreviews", "{'metadata':{'name':'x'},'spec':{" GET_POD "}}", 422,
	 "metadata: Invalid value: {\"name\":\"x\"}: must be empty"},
	{AUTHZ "subjectaccessreviews/x", "{}", 404, "the server could not find the requested resource"},
	{AUTHZ "subjectaccessreviews", "{'spec':{'user':'bob'," GET_POD "}}", 201,
	 "'status':{'allowed':false}"},
	{AUTHZ "subjectaccessreviews", "{'spec':{'groups':['system:masters']," GET_POD "}}", 201,
	 "'status':{'allowed':true}"},
	{AUTHZ "subjectaccessreviews",
	 "{'spec':{'user':'bob','groups':['system:authenticated'],'extra':{'a':['b','c']},'nonResourceAttributes':{'path':'/api','verb':'get'}}}",
	 201, "'status':{'allowed':true}"},
	{AUTHZ "subjectaccessreviews",
	 "{'spec':{'user':'bob','groups':['system:authenticated'],'resourceAttributes':{'verb':'create','group':'authorization.k8s.io',"
	 "'resource':'selfsubjectaccessreviews'}}}",
	 201, "'status':{'allowed':true}"},
	{AUTHZ "selfsubjectaccessreviews",
	 "{'spec':{'resourceAttributes':{'fieldSelector':{},'labelSelector':{'rawSelector':'a','requirements':[{'key':'b','operator':'New'}]}}}}",
	 422,
	 "[spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, "
	 "requirements or rawSelector is required, spec.resourceAttributes.labelSelector.rawSelector: Invalid value: \"a\": may not "
	 "specified at the same time as requirements]"},
	{AUTHZ "subjectaccessreviews",
	 "{'spec':{'user':'u','resourceAttributes':{'fieldSelector':{'requirements':[{'key':'','operator':'In'}]},"
	 "'labelSelector':{'requirements':[{'key':'k','operator':'Exists','values':['v w']}]}}}}",
	 422,
	 "[spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified, "
	 "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or "
	 "'NotIn', spec.resourceAttributes.labelSelector.requirements[0].values: Forbidden: may not be specified when `operator` is "
	 "'Exists' or 'DoesNotExist', spec.resourceAttributes.labelSelector.requirements[0].values[0]: Invalid value: "},
	{AUTHZ "selfsubjectaccessreviews",
	 "{'spec':{'resourceAttributes':{'verb':'list','labelSelector':{'requirements':[{'key':'b','operator':'New'}]}}}}",
	 201, "'allowed':true"},
	{AUTHZ "subjectaccessreviews", "{'spec':{" GET_POD "}}", 422,
	 "spec.user: Invalid value: \"\": at least one of user or group must be specified"},
	{LOCAL, "{'spec':{'user':'u','resourceAttributes':{'verb':'get','namespace':'default'}}}", 201,
	 "'status':{'allowed':false}"},
	{LOCAL, "{'spec':{'user':'u','resourceAttributes':{'verb':'get'}}}", 422,
	 "spec.resourceAttributes.namespace: Invalid value: \"\": must match metadata.namespace"},
	{LOCAL, "{'spec':{'user':'u','nonResourceAttributes':{'path':'/x'}}}", 422,
	 "spec.nonResourceAttributes: Invalid value: {\"path\":\"/x\"}: disallowed on this kind of request"},
	{LOCAL, "{'metadata':{'namespace':'other'},'spec':{'user':'u'}}", 400,
	 "the namespace of the provided object does not match the namespace sent on the request"},
	{AUTHZ "namespaces/none/localsubjectaccessreviews",
	 "{'spec':{'user':'u','resourceAttributes':{'verb':'get','namespace':'none'}}}", 404,
	 "namespaces \\\"none\\\" not found"},
	{AUTHZ "selfsubjectrulesreviews", "{'spec':{}}", 400, "no namespace on request"},
	{AUTHZ "selfsubjectrulesreviews", "{'spec':{'namespace':'default'}}", 201,
	 "'spec':{},'status':{'resourceRules':[{'verbs':['*'],'apiGroups':['*'],'resources':['*']}"},
	{AUTHZ "selfsubjectaccessreviews?dryRun=x", "{'spec':{" GET_POD "}}", 422,
	 "CreateOptions.meta.k8s.io \\\"\\\" is invalid: dryRun: Unsupported value"},
	{AUTHZ "selfsubjectaccessreviews?fieldValidation=Strict", "{'spec':{'x':1}}", 400,
	 "strict decoding error: unknown field \\\"spec.x\\\""},
	{AUTHN "selfsubjectreviews", "{}", 201,
	 "'status':{'userInfo':{'username':'admin','groups':['system:masters']}}"},
	{"/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",
	 "{'kind':'SelfSubjectReview','apiVersion':'authentication.k8s.io/v1beta1'}", 201,
	 "'apiVersion':'authentication.k8s.io/v1beta1','metadata':{},'status':{'userInfo':{'username':'admin'"},
	{AUTHN "tokenreviews", "{'spec':{}}", 400, "token is required for TokenReview in authentication"},
	{AUTHN "tokenreviews", "{'spec':{'token':'nope'}}", 201,
	 "'status':{'user':{},'error':'invalid bearer token'}"},
	{AUTHN "tokenreviews", "{'spec':{'token':'t','audiences':['other']}}", 201,
	 "'status':{'user':{},'error':'invalid bearer token'}"},
	{AUTHN "tokenreviews",
	 "{'spec':{'token':'t','audiences':['https://kubernetes.default.svc.cluster.local']}}", 201,
	 "'status':{'authenticated':true,'user':{'username':'ann','uid':'1','groups':['dev','system:authenticated']},'audiences':['https://"
	 "kubernetes.default.svc.cluster.local']}"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoreply struct rig_reply r = rig_call(&rig, "POST", rows[i].path, JSON(rows[i].body));
		const char *part = rows[i].status == 201 ? JSON(rows[i].part) : rows[i].part;
		const char *in = rows[i].status == 422 && !strstr(part, "\\\"")
					 ? js_str0(r.body, "message", NULL)
					 : buf_str(&r.text);
		if (r.status != rows[i].status || !strstr(in, part))
			fail_msg("%s %s\nwant %d %s\n got %d %s", rows[i].path, rows[i].body, rows[i].status,
				 part, r.status, buf_str(&r.text));
	}
}

/* Nothing is kept of them, and nothing else can be done with them. */
static void test_only_created(void **state)
{
	static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		autoreply struct rig_reply all =
			rig_call(&rig, methods[i], AUTHZ "subjectaccessreviews", "{}");
		autoreply struct rig_reply one =
			rig_call(&rig, methods[i], AUTHZ "subjectaccessreviews/x", "{}");
		assert_int_equal(all.status, 405);
		assert_int_equal(one.status, 404);
	}
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	char path[128];

	rig_open(&rig);
	snprintf(path, sizeof(path), "%s/tokens", rig.dir);
	FILE *f = fopen(path, "w");
	if (!f)
		return -1;
	fputs("t,ann,1,dev\n", f);
	fclose(f);
	auth_free(rig.auth);
	rig.auth = auth_new(path, &err);
	rig.api.auth = rig.auth;
	unlink(path);
	return rig.auth ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_only_created)};
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}

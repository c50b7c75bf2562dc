/* SPDX-License-Identifier: Apache-2.0 */
/* Single answers in upstream's words, over the whole way of a request: what is refused, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/rig_test.h"

#define NS "/api/v1/namespaces/default"
#define CMS NS "/configmaps"
#define META(kind) "application/json;as=" kind ";v=v1;g=meta.k8s.io"

#define CLASSES "/apis/scheduling.k8s.io/v1/priorityclasses"
#define RANGES "/apis/networking.k8s.io/v1/servicecidrs"
#define CLAIMS(ns) "/apis/resource.k8s.io/v1/namespaces/" ns "/resourceclaims"
#define ADMIN(yes)                                                                                                                \
	"{'metadata':{'name':'c'},'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'d','adminAccess':" yes \
	"}}]}}}"

static const struct {
	const char *method, *target, *accept, *body;
	int status;
	const char *text; /* a part of the answer */
} rows[] = {
	{"DELETE", "/api/v1/configmaps", "", "", 405,
	 "the server does not allow this method on the requested resource"},
	{"POST", "/api/v1/configmaps", "", "{'metadata':{'name':'x'}}", 405,
	 "the server does not allow this method on the requested resource"},
	{"GET", CMS, META("PartialObjectMetadata"), "", 406,
	 "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"},
	{"GET", NS, META("PartialObjectMetadataList"), "", 406,
	 "you requested PartialObjectMetadataList, but the requested object is not a list (*core.Namespace)"},
	{"GET", CMS, "text/x", "", 406,
	 "406: Not Acceptable\\n\\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, "
	 "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"},
	{"GET", CMS "/absent", "application/*", "", 406,
	 "406: Not Acceptable\\n\\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf\""},
	{"PUT", CMS "/absent", "", "{'metadata':{'name':'absent','uid':'u'}}", 404,
	 "configmaps \\\"absent\\\" not found"},
	{"POST", NS "/pods", "",
	 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'volumes':[{'name':'v','projected':{}}]}}",
	 201, "\"sources\":null"},
	{"POST", NS "/pods", "",
	 "{'metadata':{'name':'q'},'spec':{'containers':[{'name':'c','image':'i','env':[{'name':'E','valueFrom':{'fieldRef':{"
	 "'fieldPath':'metadata.labels[\\u0027a b\\u0027]'}}}]}]}}",
	 422,
	 "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \\\"a b\\\": name part must consist of"},
	{"GET", CMS "?limit=", "", "", 400, "strconv.ParseInt: parsing \\\"\\\": invalid syntax"},
	{"GET", CMS "?resourceVersion=99999&resourceVersionMatch=Foo&limit=5", "", "", 422,
	 "resourceVersionMatch: Unsupported value: \\\"Foo\\\": supported values: \\\"Exact\\\", \\\"NotOlderThan\\\""},
	/* devices that others use are for namespaces that say so */
	{"POST", CLAIMS("default"), "", ADMIN("true"), 422,
	 "\"message\":\"Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the "
	 "containing namespace\",\"field\":\"spec.devices.requests[0].adminAccess\""},
	{"POST", CLAIMS("default"), "", ADMIN("false"), 201, "adminAccess"},
	{"POST", "/api/v1/namespaces", "",
	 "{'metadata':{'name':'admins','labels':{'resource.kubernetes.io/admin-access':'true'}}}", 201, ""},
	{"POST", CLAIMS("admins"), "", ADMIN("true"), 201, "adminAccess"},
	/* a class's generation is never counted; who writes the status of addresses' ranges changes no labels */
	{"POST", CLASSES, "", "{'metadata':{'name':'p','generation':7},'value':1,'description':'a'}", 201,
	 "\"generation\":1,"},
	{"PUT", CLASSES "/p", "", "{'metadata':{'name':'p','generation':9},'value':1,'description':'b'}", 200,
	 "\"generation\":1,"},
	{"POST", RANGES, "", "{'metadata':{'name':'r','labels':{'a':'b'}},'spec':{'cidrs':['10.3.0.0/16']}}",
	 201, ""},
	{"PUT", RANGES "/r/status", "",
	 "{'metadata':{'name':'r','labels':{'a':'c'}},'spec':{'cidrs':['10.3.0.0/16']}}", 200,
	 "\"labels\":{\"a\":\"b\"}"},
	{"PUT", "/foo", "", "{}", 404, "404"},
	{"GET", CMS "/absent", "application/yaml", "", 404, "kind: Status"},
};

static void test_answers(void **state)
{
	size_t failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig_exchange *e = MEM_NEW(struct rig_exchange);
		autofree char *body = mem_strdup(JSON(rows[i].body));
		size_t n;
		e->x.rq = (struct request){.accept = rows[i].accept,
					   .content_type = *body ? "application/json" : "",
					   .user_agent = "test",
					   .body = body,
					   .body_len = strlen(body)};
		rig_run(&rig, e, rows[i].method, rows[i].target);
		const char *p = response_bytes(&e->x.rs, &n);
		autofree char *text = mem_strndup(p ? p : "", n);
		if (e->x.rs.status != rows[i].status || !strstr(text, rows[i].text)) {
			print_error("%s %s: %d %s\n", rows[i].method, rows[i].target, e->x.rs.status, text);
			failed++;
		}
		rig_exchange_free(e);
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

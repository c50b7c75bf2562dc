/* SPDX-License-Identifier: Apache-2.0 */
/* What APIServices are told, and what becomes of those that this server is itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define SERVICE(name, spec)                                                                                  \
	"apiregistration.k8s.io", "APIService", "", "{'metadata':{'name':'" name "'},'spec':{" spec "}}", NULL
#define NUMBERS "'groupPriorityMinimum':20000,'versionPriority':1000"
#define REMOTE ",'service':{'namespace':'n','name':'s'}"

static void causes(void **state)
{
	static const struct causes_update rows[] = {
		{SERVICE("v1.", "'version':'v1'," NUMBERS), ""},
		{SERVICE("v1beta1.a.b", "'version':'v1beta1','group':'a.b'," NUMBERS REMOTE), ""},
		{SERVICE("v1.a", "'version':'v1','group':'b'," NUMBERS),
		 "metadata.name: Invalid value: \"v1.a\": must be `spec.version+\".\"+spec.group`: \"v1.b\"\n"},
		{"apiregistration.k8s.io", "APIService", "",
		 "{'metadata':{'name':'v1.b','generateName':'v1.'},'spec':{'version':'v1','group':'b'," NUMBERS
		 "}}",
		 NULL,
		 "metadata.generateName: Invalid value: \"v1.\": must be `spec.version+\".\"+spec.group`: \"v1.b\"\n"},
		{SERVICE("v2.", "'version':'v2','groupPriorityMinimum':20001,'versionPriority':1001"),
		 "spec.group: Required value: only v1 may have an empty group and it better be legacy kube\n"
		 "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000\n"
		 "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000\n"},
		{SERVICE("V.A", "'version':'V','group':'A'"),
		 "spec.group: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000\n"
		 "spec.version: Invalid value: \"V\": a DNS-1035 label must consist …\n"
		 "spec.versionPriority: Invalid value: 0: must be positive and less than 1000\n"},
		{SERVICE("v1.a", "'version':'v1','group':'a'," NUMBERS
				 ",'caBundle':'YWJj','insecureSkipTLSVerify':true"),
		 "spec.caBundle: Invalid value: \"3 bytes\": local APIServices may not have a caBundle\n"
		 "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify\n"},
		{SERVICE("v1.a", "'version':'v1','group':'a'," NUMBERS REMOTE
				 ",'caBundle':'YWJj','insecureSkipTLSVerify':true"),
		 "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present\n"},
		{SERVICE("v1.a", "'version':'v1','group':'a'," NUMBERS ",'service':{}"),
		 "spec.service.name: Required value\nspec.service.namespace: Required value\n"},
		{SERVICE("v1.a", "'version':'v1','group':'a'," NUMBERS
				 ",'service':{'name':'n','namespace':'m','port':0}"),
		 "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive\n"},
		{"apiregistration.k8s.io", "APIService", "status",
		 "{'spec':{},'status':{'conditions':[{'type':'Available','status':'x'}]}}", "{}",
		 "status.conditions[0].status: Unsupported value: \"x\": supported values: \"True\", \"False\", \"Unknown\"\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void availability(void **state)
{
	static const char *const specs[] = {"{'spec':{}}", "{'spec':{'service':{'name':'s'}}}"};
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		autobuf struct buf causes = BUF_INIT;
		autojson js *o = NULL;
		causes_of("apiregistration.k8s.io", "APIService", "", JSON(specs[i]), NULL, &causes, &o);
		const js *condition = js_at(js_arr(o, "status", "conditions", NULL), 0);
		assert_string_equal(js_str0(condition, "type", NULL), i ? "" : "Available");
		assert_string_equal(js_str0(condition, "reason", NULL), i ? "" : "Local");
		assert_string_equal(js_str0(condition, "lastTransitionTime", NULL),
				    i ? "" : "1970-01-01T00:00:00Z");
		assert_int_equal(js_int(o, 0, "spec", "service", "port", NULL), i ? 443 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(causes), cmocka_unit_test(availability)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a RuntimeClass may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define CLASS(text) "node.k8s.io", "RuntimeClass", "", "{'metadata':{'name':'a'}," text "}"

static void causes(void **state)
{
	static const struct causes_update rows[] = {
		{CLASS("'handler':'h','overhead':{'podFixed':{'cpu':'1','memory':'1Mi'}},'scheduling':{"
		       "'nodeSelector':{'a':'b'},'tolerations':[{'operator':'Exists'}]}"),
		 NULL, ""},
		{CLASS("'handler':''"), NULL,
		 "handler: Invalid value: \"\": a lowercase RFC 1123 label must consist …\n"},
		{CLASS("'handler':'h','overhead':{'podFixed':{'cpu':'-1','x':'1','hugepages-1Mi':'2Mi'}}"),
		 NULL,
		 "overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
		 "overhead.limits[x]: Invalid value: \"x\": must be a standard resource for containers\n"
		 "overhead.limits[x]: Invalid value: \"x\": must be a standard resource type or fully qualified\n"},
		{CLASS("'handler':'h','scheduling':{'nodeSelector':{'a b':'c'},'tolerations':[{'key':'k','operator':'Exists','value':'v'}]}"),
		 NULL,
		 "scheduling.nodeSelector: Invalid value: \"a b\": name part must consist …\n"
		 "scheduling.tolerations.tolerations[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'\n"},
		{CLASS("'handler':'h','scheduling':{'tolerations':[{'key':'k','operator':'Exists'},"
		       "{'key':'k','operator':'Exists','effect':'NoExecute'},{'key':'k','operator':'Exists','tolerationSeconds':3}]}"),
		 NULL,
		 "scheduling.tolerations.tolerations[2].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set\n"
		 "scheduling.tolerations[2]: Duplicate value: {\"Key\":\"k\",\"Operator\":\"Exists\",\"Value\":\"\",\"Effect\":\"\",\"TolerationSeconds\":3}\n"},
		{CLASS("'handler':'h'"), "{'handler':'i'}",
		 "handler: Invalid value: \"h\": field is immutable\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(causes)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a PriorityClass may be called, and how high it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define CLASS(name, more) "scheduling.k8s.io", "PriorityClass", "", "{'metadata':{'name':'" name "'}" more "}"
#define RESERVED                                                                                             \
	"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "

static void causes(void **state)
{
	static const struct causes_update rows[] = {
		{CLASS("a", ""), NULL, ""},
		{CLASS("a", ",'value':1000000000,'preemptionPolicy':'Never'"), NULL, ""},
		{CLASS("a", ",'value':1000000001"), NULL,
		 "value: Forbidden: maximum allowed value of a user defined priority is 1000000000\n"},
		{CLASS("a", ",'value':-5,'preemptionPolicy':'x'"), NULL,
		 "preemptionPolicy: Unsupported value: \"x\": supported values: \"PreemptLowerPriority\", \"Never\"\n"},
		{CLASS("system-node-critical", ",'value':2000001000"), NULL, ""},
		{CLASS("system-cluster-critical", ",'value':5"), NULL,
		 RESERVED "value of system-cluster-critical PriorityClass must be 2000000000\n"},
		{CLASS("system-node-critical", ",'value':2000001000,'globalDefault':true"), NULL,
		 RESERVED "globalDefault of system-node-critical PriorityClass must be false\n"},
		{CLASS("system-x", ",'value':1"), NULL,
		 RESERVED "system-x is not a known system priority class\n"},
		{CLASS("a", ",'value':1,'description':'d','globalDefault':true"), "{'value':1}", ""},
		{CLASS("a", ",'value':2,'preemptionPolicy':'Never'"), "{'value':1}",
		 "preemptionPolicy: Invalid value: \"Never\": field is immutable\n"
		 "value: Forbidden: may not be changed in an update.\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(causes)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

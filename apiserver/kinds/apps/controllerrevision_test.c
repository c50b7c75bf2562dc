/* SPDX-License-Identifier: Apache-2.0 */
/* What a ControllerRevision is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define OF "apps", "ControllerRevision", ""

static void test_data(void **state)
{
	static const struct causes_update rows[] = {
		{OF, "{'data':{'a':1},'revision':1}", NULL, ""},
		{OF, "{'revision':1}", NULL, "data: Required value: data is mandatory\n"},
		{OF, "{'data':[1],'revision':1}", NULL,
		 "data: Required value: data must be a valid JSON object\n"},
		{OF, "{'data':'a','revision':-1}", NULL,
		 "data: Required value: data must be a valid JSON object\n"
		 "revision: Invalid value: -1: must be greater than or equal to 0\n"},
		{OF, "{'data':{'a':1},'revision':2}", "{'data':{'a':1},'revision':1}", ""},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_data)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

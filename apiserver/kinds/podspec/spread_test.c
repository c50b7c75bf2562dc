/* SPDX-License-Identifier: Apache-2.0 */
/* Topology spread constraints. Each row is an object and all that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

static void spread_causes(void **state)
{
	const struct causes_row rows[] = {
		{CAUSES_POD(
			 "",
			 ",'topologySpreadConstraints':[{},{'maxSkew':1,'topologyKey':'A_ b!','whenUnsatisfiable':'ScheduleAnyway','minDomains':0,'nodeAffinityPolicy':'x','nodeTaintsPolicy':'x','labelSelector':{'matchExpressions':[{'key':'a','operator':'In'}]}}]"),
		 "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero\n"
		 "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty\n"
		 "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"\n"
		 "spec.topologySpreadConstraints[1].labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n"
		 "spec.topologySpreadConstraints[1].minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway\n"
		 "spec.topologySpreadConstraints[1].minDomains: Invalid value: 0: must be greater than zero\n"
		 "spec.topologySpreadConstraints[1].nodeAffinityPolicy: Unsupported value: \"x\": supported values: \"Honor\", \"Ignore\"\n"
		 "spec.topologySpreadConstraints[1].nodeTaintsPolicy: Unsupported value: \"x\": supported values: \"Honor\", \"Ignore\"\n"},
		{CAUSES_POD(
			 "",
			 ",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'a','whenUnsatisfiable':'DoNotSchedule','matchLabelKeys':['a']},{'maxSkew':-1,'topologyKey':'a','whenUnsatisfiable':'DoNotSchedule','minDomains':1}]"),
		 "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set\n"
		 "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{a, DoNotSchedule}\"\n"
		 "spec.topologySpreadConstraints[1].maxSkew: Invalid value: -1: must be greater than zero\n"},
	};

	causes_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(spread_causes)};

	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

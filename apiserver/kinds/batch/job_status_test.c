/* SPDX-License-Identifier: Apache-2.0 */
/* What a controller may say of a Job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define SPEC                                                                                                 \
	"'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}},'completions':5"
#define JOB(spec, status) "{'metadata':{'name':'j','namespace':'n'}," SPEC spec "},'status':{" status "}}"
#define STATUS(spec, is, was) "batch", "Job", "status", JOB(spec, is), JOB(spec, was)
#define INVALID ": Invalid value: "
#define T1 "'2026-01-01T00:00:01Z'"
#define T2 "'2026-01-01T00:00:02Z'"
#define C(type) "{'type':'" type "','status':'True'}"
#define DONE "'conditions':[" C("SuccessCriteriaMet") "," C("Complete") "]"
#define AFTER "'startTime':" T1 ",'completionTime':" T2

static void causes(void **state)
{
	static const struct causes_update rows[] = {
		{STATUS("", "'active':1,'ready':1", ""), ""},
		{STATUS("", DONE "," AFTER, "'startTime':" T1), ""},
		{STATUS("", "'conditions':[" C("Complete") "," C("Failed") "]," AFTER, ""),
		 "status.conditions" INVALID "cannot set Complete=True and Failed=true conditions\n"
		 "status.conditions" INVALID
		 "cannot set Complete=True condition without the SuccessCriteriaMet=true condition\n"
		 "status.conditions" INVALID
		 "cannot set Failed=True condition without the FailureTarget=true condition\n"},
		{STATUS("", "'conditions':[" C("SuccessCriteriaMet") "," C("FailureTarget") "]", ""),
		 "status.conditions" INVALID
		 "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions\n"},
		{STATUS("", AFTER, DONE "," AFTER),
		 "status.completionTime" INVALID
		 "\"2026-01-01T00:00:02Z\": cannot set completionTime when there is no Complete=True condition\n"
		 "status.conditions" INVALID "cannot disable the SuccessCriteriaMet=True condition\n"
		 "status.conditions" INVALID "cannot disable the terminal Complete=True condition\n"},
		{STATUS("", DONE, ""),
		 "status.completionTime: Required value: completionTime is required for Complete jobs\n"
		 "status.startTime: Required value: startTime is required for finished job\n"},
		{STATUS("",
			DONE ",'startTime':" T2 ",'completionTime':" T1
			     ",'active':1,'terminating':2,'uncountedTerminatedPods':{'failed':['a']}",
			""),
		 "status.active" INVALID "1: active>0 is invalid for finished job\n"
		 "status.completionTime" INVALID
		 "\"2026-01-01T00:00:01Z\": completionTime cannot be set before startTime\n"
		 "status.terminating" INVALID "2: terminating>0 is invalid for finished job\n"
		 "status.uncountedTerminatedPods" INVALID
		 "{\"failed\":[\"a\"]}: uncountedTerminatedPods needs to be empty for finished job\n"},
		{STATUS("", DONE ",'startTime':" T1 ",'completionTime':" T1, DONE "," AFTER),
		 "status.completionTime" INVALID
		 "\"2026-01-01T00:00:01Z\": completionTime cannot be mutated\n"},
		{STATUS("", "'startTime':" T2, "'startTime':" T1),
		 "status.startTime: Required value: startTime cannot be removed for unsuspended job\n"},
		{STATUS(",'suspend':true", "", "'startTime':" T1), ""},
		{STATUS("", "'ready':2,'active':1", ""),
		 "status.ready" INVALID "2: cannot set more ready pods than active\n"},
		{STATUS("", "'failed':1,'succeeded':1", "'failed':2,'succeeded':2"),
		 "status.failed" INVALID "1: cannot decrease the failed counter\n"
		 "status.succeeded" INVALID "1: cannot decrease the succeeded counter\n"},
		{STATUS("", "", "'failed':2"),
		 "status.failed" INVALID "0: cannot decrease the failed counter\n"},
		{STATUS(",'completionMode':'Indexed','parallelism':5", "'succeeded':1", "'succeeded':2"), ""},
		{STATUS("", "'uncountedTerminatedPods':{'succeeded':['a','','a'],'failed':['a']}", ""),
		 "status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\"\n"
		 "status.uncountedTerminatedPods.succeeded[1]" INVALID "\"\": must not be empty\n"
		 "status.uncountedTerminatedPods.succeeded[2]: Duplicate value: \"a\"\n"},
		{STATUS("", "'completedIndexes':'1','failedIndexes':'1'", ""),
		 "status.completedIndexes" INVALID
		 "\"1\": cannot set non-empty completedIndexes when non-indexed completion mode\n"
		 "status.failedIndexes" INVALID
		 "\"1\": cannot set non-null failedIndexes when backoffLimitPerIndex is null\n"
		 "status.failedIndexes" INVALID
		 "\"1\": failedIndexes and completedIndexes overlap at index: 1\n"},
		{STATUS(",'completionMode':'Indexed','backoffLimitPerIndex':1",
			"'completedIndexes':'7','failedIndexes':'x'", ""),
		 "status.completedIndexes" INVALID
		 "\"7\": error parsing completedIndexes: too large index: \"7\"\n"
		 "status.failedIndexes" INVALID
		 "\"x\": error parsing failedIndexes: cannot convert string to integer for index: \"x\"\n"},
		/* what stood there before is left alone */
		{STATUS("", "'active':-1,'completedIndexes':'7'", "'completedIndexes':'7'"),
		 "status.active" INVALID "-1: must be greater than or equal to 0\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(causes)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

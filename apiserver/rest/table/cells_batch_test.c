/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get` shows of Jobs and CronJobs. */
#include "rest/table/cells_rig_test.h"

#define TEMPLATE "'template':{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'k'}]}}"
#define CRON(spec, status, cells)                                                                            \
	{                                                                                                    \
		"batch", "CronJob",                                                                          \
			"{" META ",'spec':{'schedule':'@daily','jobTemplate':{'spec':{" TEMPLATE "}}" spec   \
			"}" status "}",                                                                      \
			"'x','@daily'," cells ",'4m5s','c,d','i,k','<none>'"                                 \
	}
#define JOB(spec, status, cells)                                                                             \
	{                                                                                                    \
		"batch", "Job", "{" META ",'spec':{" TEMPLATE spec "},'status':{" status "}}",               \
			"'x'," cells ",'4m5s','c,d','i,k','<none>'"                                          \
	}

static const struct cells_case rows[] = {
	CRON("", "", "'<none>','<unset>',0,'<none>'"),
	CRON(",'suspend':false,'timeZone':'UTC'",
	     ",'status':{'active':[{}],'lastScheduleTime':'2026-01-02T03:04:00Z'}", "'UTC','False',1,'5s'"),
	CRON(",'suspend':true", "", "'<none>','True',0,'<none>'"),
	JOB("", "", "'Running','0/1',''"),
	JOB(",'parallelism':3", "'succeeded':1,'startTime':'2026-01-02T03:04:00Z'",
	    "'Running','1/1 of 3','5s'"),
	JOB(",'completions':2",
	    "'startTime':'2026-01-02T03:00:00Z','completionTime':'2026-01-02T03:01:00Z','conditions':[{'type':'Complete','status':'True'}]",
	    "'Complete','0/2','60s'"),
	JOB("", "'conditions':[{'type':'Suspended','status':'True'},{'type':'Failed','status':'False'}]",
	    "'Suspended','0/1',''"),
};

static void test_rows(void **state)
{
	cells_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get pods -o wide` shows. */
#include "rest/table/cells_rig_test.h"

#define POD(spec, status)                                                                                    \
	"{'kind':'Pod'," META ",'spec':{'containers':[{'name':'a'},{'name':'b'}]" spec "},'status':{" status \
	"}}"
#define GONE_POD(status)                                                                                     \
	"{'kind':'Pod','metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','"                  \
	"deletionTimestamp':'2026-01-02T03:04:00Z'},"                                                        \
	"'spec':{'containers':[{'name':'a'}]},'status':{" status "}}"
#define POD_ROW(ready, status, restarts)                                                                     \
	"'x','" ready "','" status "','" restarts "','4m5s','<none>','<none>','<none>','<none>'"
#define RUNNING(name) "{'name':'" name "','ready':true,'restartCount':0,'state':{'running':{}}}"

static const struct cells_case rows[] = {
	{"", "Pod", POD("", "'phase':'Pending'"), POD_ROW("0/2", "Pending", "0")},
	{"", "Pod", POD("", "'phase':'Running','containerStatuses':[" RUNNING("a") "," RUNNING("b") "]"),
	 POD_ROW("2/2", "Running", "0")},
	{"", "Pod",
	 POD(",'nodeName':'n1','readinessGates':[{'conditionType':'g1'},{'conditionType':'g2'}]",
	     "'phase':'Running','podIPs':[{'ip':'10.0.0.1'}],'nominatedNodeName':'n2','conditions':[{'type':'g1','status':'True'},"
	     "{'type':'g2','status':'False'}]"),
	 "'x','0/2','Running','0','4m5s','10.0.0.1','n1','n2','1/2'"},
	{"", "Pod",
	 POD("",
	     "'phase':'Running','containerStatuses':[{'name':'a','restartCount':3,'lastState':{'terminated':{'finishedAt':"
	     "'2026-01-02T03:03:00Z'}},'state':{'waiting':{'reason':'CrashLoopBackOff'}}}," RUNNING("b") "]"),
	 POD_ROW("1/2", "CrashLoopBackOff", "3 (65s ago)")},
	{"", "Pod", POD("", "'phase':'Failed','reason':'Evicted'"), POD_ROW("0/2", "Evicted", "0")},
	{"", "Pod",
	 POD("",
	     "'phase':'Running','containerStatuses':[{'name':'a','state':{'terminated':{'exitCode':3}}}]"),
	 POD_ROW("0/2", "ExitCode:3", "0")},
	{"", "Pod",
	 POD("",
	     "'phase':'Running','containerStatuses':[{'name':'a','state':{'terminated':{'exitCode':137,'signal':9}}}]"),
	 POD_ROW("0/2", "Signal:9", "0")},
	{"", "Pod",
	 POD("",
	     "'phase':'Running','containerStatuses':[{'name':'a','state':{'terminated':{'reason':'Completed','exitCode':0}}}," RUNNING(
		     "b") "]"),
	 POD_ROW("1/2", "NotReady", "0")},
	{"", "Pod",
	 POD("",
	     "'phase':'Running','conditions':[{'type':'Ready','status':'True'}],'containerStatuses':[{'name':'a','state':{'terminated':{"
	     "'reason':'Completed','exitCode':0}}}," RUNNING("b") "]"),
	 POD_ROW("1/2", "Running", "0")},
	{"", "Pod",
	 POD("",
	     "'phase':'Succeeded','containerStatuses':[{'name':'a','state':{'terminated':{'reason':'Completed','exitCode':0}}}]"),
	 POD_ROW("0/2", "Completed", "0")},
	{"", "Pod",
	 POD(",'initContainers':[{'name':'i'},{'name':'j'}]",
	     "'phase':'Pending','initContainerStatuses':[{'name':'i','state':{'terminated':{'exitCode':0}}},{'name':'j','state':{'running':{}}}]"),
	 POD_ROW("0/2", "Init:1/2", "0")},
	{"", "Pod",
	 POD(",'initContainers':[{'name':'i'}]",
	     "'phase':'Pending','initContainerStatuses':[{'name':'i','restartCount':2,'state':{'waiting':{'reason':'CrashLoopBackOff'}}}]"),
	 POD_ROW("0/2", "Init:CrashLoopBackOff", "2")},
	{"", "Pod",
	 POD(",'initContainers':[{'name':'i'}]", "'phase':'Pending','initContainerStatuses':[{'name':'i','"
						 "state':{'terminated':{'exitCode':1,'reason':'Error'}}}]"),
	 POD_ROW("0/2", "Init:Error", "0")},
	{"", "Pod",
	 POD(",'initContainers':[{'name':'i'}]",
	     "'phase':'Pending','initContainerStatuses':[{'name':'i','state':{'waiting':{'reason':'PodInitializing'}}}]"),
	 POD_ROW("0/2", "Init:0/1", "0")},
	{"", "Pod",
	 POD(",'initContainers':[{'name':'i','restartPolicy':'Always'}]",
	     "'phase':'Running','initContainerStatuses':[{'name':'i','started':true,'ready':true,'restartCount':1,'state':{'running':{}}}],"
	     "'containerStatuses':[" RUNNING("a") "," RUNNING("b") "]"),
	 POD_ROW("3/3", "Running", "1")},
	{"", "Pod",
	 POD("",
	     "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False','reason':'SchedulingGated'}]"),
	 POD_ROW("0/2", "SchedulingGated", "0")},
	{"", "Pod", GONE_POD("'phase':'Running'"), POD_ROW("0/1", "Terminating", "0")},
	{"", "Pod", GONE_POD("'phase':'Running','reason':'NodeLost'"), POD_ROW("0/1", "Unknown", "0")},
	{"", "Pod", GONE_POD("'phase':'Failed'"), POD_ROW("0/1", "Failed", "0")},
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

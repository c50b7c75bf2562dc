/* SPDX-License-Identifier: Apache-2.0 */
/* Golden rows: what `kubectl get -o wide` shows of an object, for every kind that names columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include "kinds/kinds.h"
#include "object/rfc3339.h"
#include "rest/table/table.h"

#define NOW "2026-01-02T03:04:05Z"
#define META "'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z'}"
static struct schema *schema;

struct row {
	const char *group, *kind;
	const char *object; /* single quotes stand for double ones */
	const char *cells;
};

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

static const struct row rows[] = {
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
	{"apps", "Deployment",
	 "{" META
	 ",'spec':{'replicas':3,'selector':{'matchLabels':{'app':'w'},'matchExpressions':[{'key':'k','operator':'In','values':["
	 "'b','a']}]},'template':{'spec':{'containers':[{'name':'c','image':'i:1'},{'name':'d','image':'j'}]}}},'status':{'readyReplicas':"
	 "2,'updatedReplicas':1}}",
	 "'x','2/3',1,0,'4m5s','c,d','i:1,j','app=w,k in (a,b)'"},
	{"apps", "ReplicaSet",
	 "{" META
	 ",'spec':{'replicas':3,'selector':{'matchLabels':{'app':'w'}},'template':{'spec':{'containers':[{'name':'c','image':'i'}]}"
	 "}},'status':{'replicas':2}}",
	 "'x',3,2,0,'4m5s','c','i','app=w'"},
	{"apps", "ControllerRevision",
	 "{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:04:05Z','ownerReferences':[{'apiVersion':'apps/v1','kind':"
	 "'StatefulSet','name':'s','uid':'u','controller':true}]},'revision':4}",
	 "'x','statefulset.apps/s',4,'0s'"},
	{"", "Node",
	 "{'metadata':{'name':'x','creationTimestamp':'2025-12-31T03:04:05Z','labels':{'node-role.kubernetes.io/worker':'','node-role.kubernetes.io/"
	 "control-plane':''}},'spec':{'unschedulable':true},'status':{'conditions':[{'type':'Ready','status':'True'"
	 "}],'addresses':[{'type':'InternalIP','address':'10.0.0.1'}],'nodeInfo':{'kubeletVersion':'v1','osImage':'Debian'}}}",
	 "'x','Ready,SchedulingDisabled','control-plane,worker','2d','v1','10.0.0.1','<none>','Debian','<unknown>','<unknown>'"},
	{"", "Node", "{" META ",'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}",
	 "'x','NotReady','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Node",
	 "{" META ",'status':{'nodeInfo':{'osImage':'','kernelVersion':'','containerRuntimeVersion':''}}}",
	 "'x','Unknown','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Node", "{" META "}",
	 "'x','Unknown','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Namespace", "{" META ",'status':{'phase':'Active'}}", "'x','Active','4m5s'"},
	{"", "Service",
	 "{" META
	 ",'spec':{'type':'NodePort','clusterIP':'10.96.0.9','clusterIPs':['10.96.0.9'],'ports':[{'port':80,'nodePort':32178,"
	 "'protocol':'TCP'},{'port':53,'protocol':'UDP'}],'selector':{'b':'2','a':'1'}}}",
	 "'x','NodePort','10.96.0.9','<none>','80:32178/TCP,53/UDP','4m5s','a=1,b=2'"},
	{"", "Service", "{" META ",'spec':{'type':'LoadBalancer','externalIPs':['1.2.3.4']}}",
	 "'x','LoadBalancer','<none>','1.2.3.4','<none>','4m5s','<none>'"},
	{"", "Service", "{" META ",'spec':{'type':'LoadBalancer'}}",
	 "'x','LoadBalancer','<none>','<pending>','<none>','4m5s','<none>'"},
	{"", "Service", "{" META ",'spec':{'type':'ExternalName','externalName':'e.org'}}",
	 "'x','ExternalName','<none>','e.org','<none>','4m5s','<none>'"},
	{"", "Endpoints", "{" META "}", "'x','<none>','4m5s'"},
	{"", "Endpoints",
	 "{" META
	 ",'subsets':[{'addresses':[{'ip':'1.1.1.1'},{'ip':'::1'}],'ports':[{'port':80},{'port':81}]}]}",
	 "'x','1.1.1.1:80,[::1]:80,1.1.1.1:81 + 1 more...','4m5s'"},
	{"", "Endpoints", "{" META ",'subsets':[{'addresses':[{'ip':'1.1.1.1'}]}]}", "'x','1.1.1.1','4m5s'"},
	{"", "ConfigMap", "{" META ",'data':{'a':'1'},'binaryData':{'b':'','c':''}}", "'x',3,'4m5s'"},
	{"", "Secret", "{" META ",'type':'Opaque'}", "'x','Opaque',0,'4m5s'"},
	{"", "ServiceAccount", "{" META ",'secrets':[{'name':'s'}]}", "'x',1,'4m5s'"},
	{"coordination.k8s.io", "Lease", "{" META ",'spec':{'holderIdentity':'h'}}", "'x','h','4m5s'"},
	{"", "Event",
	 "{" META
	 ",'involvedObject':{'kind':'Pod','name':'p','fieldPath':'spec'},'reason':'R','type':'Normal','message':'m','source':{"
	 "'component':'kubelet','host':'n1'},'firstTimestamp':'2026-01-02T02:04:05Z','lastTimestamp':'2026-01-02T03:04:00Z','count':7}",
	 "'5s','Normal','R','pod/p','spec','kubelet, n1','m','60m',7,'x'"},
	{"events.k8s.io", "Event",
	 "{" META
	 ",'involvedObject':{'kind':'Pod'},'reason':'R','type':'Normal','message':'m','reportingComponent':'c','eventTime':"
	 "'2026-01-02T03:04:00.000000Z','series':{'count':3,'lastObservedTime':'2026-01-02T03:04:03.000000Z'}}",
	 "'2s','Normal','R','pod','','c','m','5s',3,'x'"},
};

/* JSON with single quotes made double. */
static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	for (const char *p = text; *p; p++)
		buf_addc(&b, *p == '\'' ? '"' : *p);
	js *o = js_parse(buf_str(&b), b.len, NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static int64_t now(void)
{
	int64_t t = 0;
	struct err err = ERR_INIT;
	assert_int_equal(rfc3339_parse(NOW, &t, &err), 0);
	return t;
}

static void test_rows(void **state)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1", .include = INCLUDE_NONE};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct kind *k = schema_kind(schema, rows[i].group, "v1", rows[i].kind);
		assert_non_null(k);
		autobuf struct buf out = BUF_INIT;
		autobuf struct buf want = BUF_INIT;
		autojson js *o = parse(rows[i].object);
		table_row(&out, k, &a, o, "{}", 2, now());
		buf_adds(&want, "{\"cells\":[");
		for (const char *p = rows[i].cells; *p; p++)
			buf_addc(&want, *p == '\'' ? '"' : *p);
		buf_addc(&want, ']');
		if (strncmp(buf_str(&out), buf_str(&want), want.len))
			fail_msg("%s %s\n got %s\nwant %s", rows[i].kind, rows[i].object, buf_str(&out),
				 buf_str(&want));
		autojson js *reply = parse(buf_str(&out));
		assert_int_equal(js_len(js_arr(reply, "cells", NULL)), k->n_columns);
		assert_true(json_object_object_get_ex(reply, "object", NULL)); /* which is null */
		assert_null(js_field(reply, "object"));
	}
}

static void test_every_function_exists(void **state)
{
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all);
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < all[i]->n_columns; c++)
			if (all[i]->columns[c].cell[0] == '@' && !cell_find(all[i]->columns[c].cell + 1))
				fail_msg("%s: no function %s", all[i]->kind, all[i]->columns[c].cell);
}

static void test_finished_pods(void **state)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1"};
	const struct kind *k = schema_kind(schema, "", "v1", "Pod");
	autobuf struct buf out = BUF_INIT;
	autojson js *o = parse(POD("", "'phase':'Failed'"));
	table_row(&out, k, &a, o, "{\"metadata\":{\"name\":\"x\"}}", 25, now());
	assert_non_null(strstr(
		buf_str(&out),
		"],\"conditions\":[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Failed\",\"message\":\"The pod failed.\"}]"
		",\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"x\"}}}"));
}

static void test_partial(void **state)
{
	static const char *const v[][2] = {
		{"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\",\"labels\":{\"metadata\":\"m\"}},\"spec\":{}}",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
		 "v1\",\"metadata\":{\"name\":\"x\",\"labels\":{\"metadata\":\"m\"}}}"},
		{"{\"kind\":\"Pod\"}",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{}}"},
		{"[]",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{}}"},
	};
	struct accept a = {.as = PRESENT_PARTIAL, .version = "v1"};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		autobuf struct buf out = BUF_INIT;
		table_partial(&out, &a, v[i][0], strlen(v[i][0]));
		assert_string_equal(buf_str(&out), v[i][1]);
	}
}

/* Lists of n, that each have to do with another one of n. */
static js *large(const char *kind, unsigned n)
{
	js *o = js_new_obj(), *list[4];
	const bool pod = !strcmp(kind, "Pod");
	js *subset = js_new_obj();
	js_set_str(o, "kind", kind);
	js_push(js_ensure_arr(o, "subsets"), subset);
	list[0] = js_ensure_arr(pod ? js_ensure(o, "spec", NULL) : subset,
				pod ? "initContainers" : "addresses");
	list[1] = js_ensure_arr(pod ? js_ensure(o, "spec", NULL) : subset, pod ? "readinessGates" : "ports");
	list[2] = js_ensure_arr(js_ensure(o, "status", NULL), "initContainerStatuses");
	list[3] = js_ensure_arr(js_ensure(o, "status", NULL), "conditions");
	for (unsigned i = 0; i < n; i++) {
		autofree char *init = mem_printf("{\"name\":\"i%u\",\"ip\":\"10.0.0.1\"}", i),
			      *gate = mem_printf("{\"conditionType\":\"g%u\",\"port\":1}", i),
			      *done = mem_printf(
				      "{\"name\":\"i%u\",\"state\":{\"terminated\":{\"exitCode\":0}}}", i),
			      *cond = mem_printf("{\"type\":\"g%u\",\"status\":\"True\"}", i);
		const char *const item[] = {init, gate, done, cond};
		for (size_t l = 0; l < ARRAY_LEN(item); l++)
			js_push(list[l], parse(item[l]));
	}
	return o;
}

/* CPU milliseconds. */
static double cost(const char *kind, unsigned n)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1", .include = INCLUDE_NONE};
	const struct kind *k = schema_kind(schema, "", "v1", kind);
	autojson js *o = large(kind, n);
	autobuf struct buf out = BUF_INIT, told = BUF_INIT;
	clock_t start = clock();
	table_row(&out, k, &a, o, "{}", 2, now());
	double took = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
	if (!strcmp(kind, "Pod"))
		buf_addf(&told, "\"%u/%u\"", n, n);
	else
		buf_addf(&told, " + %llu more...", (unsigned long long)n * n - 3);
	assert_non_null(strstr(buf_str(&out), buf_str(&told)));
	return took;
}

#define FEW 500
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define SLACK_MS 4

/* A row is rendered where others wait for their bytes. */
static void test_growth(void **state)
{
	static const char *const kinds[] = {"Pod", "Endpoints"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		double few = cost(kinds[i], FEW), many = cost(kinds[i], FEW * TIMES);
		for (int again = 0; again < 3 && many > 4 * TIMES * few + SLACK_MS; again++) {
			few = cost(kinds[i], FEW); /* other work has the machine, too */
			many = cost(kinds[i], FEW * TIMES);
		}
		if (many > 4 * TIMES * few + SLACK_MS)
			fail_msg("%s: %.2f ms, then %.2f ms", kinds[i], few, many);
	}
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int unload(void **state)
{
	schema_free(schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
					   cmocka_unit_test(test_every_function_exists),
					   cmocka_unit_test(test_finished_pods),
					   cmocka_unit_test(test_partial), cmocka_unit_test(test_growth)};
	return cmocka_run_group_tests(tests, load, unload);
}

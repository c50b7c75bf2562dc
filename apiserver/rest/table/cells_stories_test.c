/* SPDX-License-Identifier: Apache-2.0 */
/* The cases of kubernetes pkg/printers/internalversion/printers_test.go (v1.34) of what people look at most, on our objects. */
#include "rest/table/cells_rig_test.h"

#define ROW(group, kind, rest, cells)                                                                        \
	{                                                                                                    \
		group, kind, "{" META "," rest "}", "'x'," cells                                             \
	}
#define AGE "'4m5s'"
#define SECONDS_AGO(t) "'lastState':{'terminated':{'finishedAt':'" t "'}}"
#define TEN SECONDS_AGO("2026-01-02T03:03:55Z")
#define TWENTY SECONDS_AGO("2026-01-02T03:03:45Z")
#define TWO_MINUTES SECONDS_AGO("2026-01-02T03:02:05Z")
#define FIVE_DAYS SECONDS_AGO("2025-12-28T03:04:05Z")
#define TEN_DAYS SECONDS_AGO("2025-12-23T03:04:05Z")

/* ---- Pods ---- */

#define POD(spec, status, ready, word, restarts)                                                             \
	ROW("", "Pod", "'spec':{" spec "},'status':{" status "}",                                            \
	    "'" ready "','" word "','" restarts "'," AGE ",'<none>','<none>','<none>','<none>'")
#define GONE(status, ready, word)                                                                                                         \
	{                                                                                                                                 \
		"", "Pod",                                                                                                                \
			"{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','deletionTimestamp':'2026-01-02T03:03:55Z'}," \
			"'spec':{" ONE "},'status':{" status "}}",                                                                        \
			"'x','" ready "','" word "','0'," AGE ",'<none>','<none>','<none>','<none>'"                                      \
	}
#define ONE "'containers':[{'name':'a'}]"
#define TWO "'containers':[{'name':'a'},{'name':'b'}]"
#define INIT_ONE "'initContainers':[{'name':'i'}]," ONE
#define INIT_TWO "'initContainers':[{'name':'i'},{'name':'j'}]," ONE
#define ALWAYS                                                                                               \
	"'initContainers':[{'name':'i','restartPolicy':'Always'},{'name':'j','restartPolicy':'Always'}]," ONE
#define PHASE(p) "'phase':'" p "'"
#define OF(list, statuses) ",'" list "':[" statuses "]"
#define MAIN(statuses) OF("containerStatuses", statuses)
#define INIT(statuses) OF("initContainerStatuses", statuses)
#define S(name, rest) "{'name':'" name "'," rest "}"
#define READY "'ready':true,"
#define N(n) "'restartCount':" n ","
#define RUNNING "'state':{'running':{}}"
#define WAITING "'state':{'waiting':{}}"
#define DONE(reason, code) "'state':{'terminated':{'reason':'" reason "','exitCode':" code "}}"

static const struct cells_case pods[] = {
	POD(TWO, PHASE("podPhase") MAIN(S("a", READY N("3") RUNNING) "," S("b", "'restartCount':3")), "1/2",
	    "podPhase", "6"),
	POD(TWO,
	    PHASE("podPhase") MAIN(
		    S("a", READY N("3") RUNNING) "," S("b", N("3") "'state':{'waiting':{'reason':'Why'}}")),
	    "1/2", "Why", "6"),
	POD(TWO,
	    PHASE("podPhase") MAIN(S("a", N("3") "'state':{'waiting':{'reason':'First'}}") "," S(
		    "b", N("3") DONE("Second", "0"))),
	    "0/2", "First", "6"),
	POD(TWO, PHASE("podPhase") MAIN(S("a", READY N("3") RUNNING) "," S("b", READY "'restartCount':3")),
	    "1/2", "podPhase", "6"),
	POD(TWO,
	    "'reason':'podReason'," PHASE("podPhase")
		    MAIN(S("a", READY N("3") RUNNING) "," S("b", READY "'restartCount':3")),
	    "1/2", "podReason", "6"),
	POD(TWO,
	    PHASE("Running")
		    MAIN(S("a", READY N("3") DONE("Completed", "0")) "," S("b", READY N("3") RUNNING)),
	    "1/2", "NotReady", "6"),
	POD(TWO,
	    PHASE("Running") MAIN(S("a", READY N("3") DONE("Completed", "0")) "," S(
		    "b", READY N("3") RUNNING)) ",'conditions':[{'type':'Ready','status':'True'}]",
	    "1/2", "Running", "6"),
	POD(INIT_ONE, PHASE("podPhase") INIT(S("i", N("3") RUNNING "," TEN)) MAIN(S("a", WAITING)), "0/1",
	    "Init:0/1", "3 (10s ago)"),
	POD(INIT_TWO,
	    PHASE("podPhase") INIT(S("i", N("3") RUNNING "," TEN) "," S("j", WAITING)) MAIN(S("a", WAITING)),
	    "0/1", "Init:0/2", "3 (10s ago)"),
	POD(INIT_TWO,
	    PHASE("podPhase") INIT(S("i", "'state':{'terminated':{}}") "," S("j", N("3") RUNNING "," TEN))
		    MAIN(S("a", WAITING)),
	    "0/1", "Init:1/2", "3 (10s ago)"),
	POD(INIT_TWO,
	    PHASE("podPhase") INIT(S("i", N("2") "'state':{'terminated':{}}," TWO_MINUTES) "," S(
		    "j", N("3") RUNNING "," TEN)) MAIN(S("a", WAITING)),
	    "0/1", "Init:1/2", "5 (10s ago)"),
	POD(INIT_ONE,
	    PHASE("Running") INIT(S("i", N("2") "'state':{'terminated':{}}," TWO_MINUTES))
		    MAIN(S("a", N("4") RUNNING "," TWENTY)),
	    "0/1", "Running", "4 (20s ago)"),
	POD(ONE, PHASE("Running") MAIN(S("a", READY N("3") RUNNING "," FIVE_DAYS)), "1/1", "Running",
	    "3 (5d ago)"),
	POD(TWO, PHASE("Running") MAIN(S("a", READY RUNNING) "," S("b", READY N("3") RUNNING "," TEN_DAYS)),
	    "2/2", "Running", "3 (10d ago)"),
	POD(TWO,
	    PHASE("Running") MAIN(
		    S("a", READY N("6") RUNNING "," FIVE_DAYS) "," S("b", READY N("3") RUNNING "," TEN_DAYS)),
	    "2/2", "Running", "9 (5d ago)"),
	POD(TWO,
	    PHASE("podPhase") ",'conditions':[{'type':'PodScheduled','status':'False','reason':'SchedulingGated'}]",
	    "0/2", "SchedulingGated", "0"),
	POD(ONE, PHASE("Succeeded") MAIN(S("a", DONE("Completed", "0"))), "0/1", "Completed", "0"),
	POD(ONE, PHASE("Failed") MAIN(S("a", DONE("Error", "1"))), "0/1", "Error", "0"),
	GONE(PHASE("Succeeded") MAIN(S("a", DONE("Completed", "0"))), "0/1", "Completed"),
	GONE(PHASE("Running") MAIN(S("a", RUNNING)), "0/1", "Terminating"),
	GONE(PHASE("Pending"), "0/1", "Terminating"),
	/* containers that are initialized first and go on */
	POD(ALWAYS,
	    PHASE("Pending") INIT(
		    S("i", N("3") "'started':false," RUNNING "," TEN) "," S("j", "'started':false," WAITING))
		    MAIN(S("a", WAITING)) ",'conditions':[{'type':'Initialized','status':'False'}]",
	    "0/3", "Init:0/2", "3 (10s ago)"),
	POD(ALWAYS,
	    PHASE("Pending") INIT(
		    S("i", N("3") "'started':true," RUNNING "," TEN) "," S("j", "'started':false," RUNNING))
		    MAIN(S("a", WAITING)) ",'conditions':[{'type':'Initialized','status':'False'}]",
	    "0/3", "Init:1/2", "3 (10s ago)"),
	POD(ALWAYS,
	    PHASE("Running") INIT(
		    S("i", N("3") "'started':true," RUNNING "," TEN) "," S("j", "'started':true," RUNNING))
		    MAIN(S("a", READY N("4") RUNNING
			   "," TWENTY)) ",'conditions':[{'type':'Initialized','status':'True'}]",
	    "1/3", "Running", "7 (10s ago)"),
	POD(ALWAYS,
	    PHASE("Succeeded") INIT(S("i", N("3") "'started':false," DONE("Error", "137") "," TEN) "," S(
		    "j", "'started':false," DONE("Error", "137")))
		    MAIN(S("a",
			   N("4") DONE(
				   "Completed",
				   "0") "," TWENTY)) ",'conditions':[{'type':'Initialized','status':'True'}]",
	    "0/3", "Completed", "7 (10s ago)"),
	POD("'initContainers':[{'name':'i'},{'name':'j','restartPolicy':'Always'}]," ONE,
	    PHASE("Running") INIT("{'name':'none'},{'name':'i'},{'name':'j'}")
		    MAIN("{'name':'other'},{'name':'a'}"),
	    "0/2", "Init:0/2", "0"),
};

/* ---- Jobs ---- */

#define JOB(spec, status, word, completions, duration)                                                       \
	ROW("batch", "Job", "'spec':{" spec "'template':{'spec':{'containers':[]}}},'status':{" status "}",  \
	    "'" word "','" completions "','" duration "'," AGE ",'','','<none>'")
#define CONDITION(type) "'conditions':[{'type':'" type "','status':'True'}]"

static const struct cells_case jobs[] = {
	ROW("batch", "Job",
	    "'spec':{'completions':2,'selector':{'matchLabels':{'l':'v'}},'template':{'spec':{'containers':[{'name':'a','image':'i'},"
	    "{'name':'b','image':'j'}]}}},'status':{'succeeded':1}",
	    "'Running','1/2',''," AGE ",'a,b','i,j','l=v'"),
	JOB("", "", "Running", "0/1", ""),
	JOB("", "'startTime':'2026-01-02T03:05:05Z','completionTime':'2026-01-02T03:35:05Z'", "Running",
	    "0/1", "30m"),
	JOB("", "'startTime':'2026-01-02T02:44:05Z'", "Running", "0/1", "20m"),
	JOB("", CONDITION("Complete"), "Complete", "0/1", ""),
	JOB("", CONDITION("Failed"), "Failed", "0/1", ""),
	JOB("", CONDITION("Suspended"), "Suspended", "0/1", ""),
	JOB("", CONDITION("FailureTarget"), "FailureTarget", "0/1", ""),
	JOB("", CONDITION("SuccessCriteriaMet"), "SuccessCriteriaMet", "0/1", ""),
	{"batch", "Job",
	 "{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','deletionTimestamp':'2026-01-02T03:04:05Z'},"
	 "'spec':{'template':{'spec':{'containers':[]}}}}",
	 "'x','Terminating','0/1',''," AGE ",'','','<none>'"},
};

/* ---- Services: the server tells all of a long list, clients shorten nothing ---- */

#define SERVICE(spec, status, type, address, external, ports, selector)                                      \
	ROW("", "Service", "'spec':{'type':'" type "'" spec "}" status,                                      \
	    "'" type "','" address "','" external "','" ports "'," AGE ",'" selector "'")
#define INGRESS(list) ",'status':{'loadBalancer':{'ingress':[" list "]}}"
#define IP "'clusterIPs':['10.9.8.7']"
#define PORTS(list) ",'ports':[" list "]," IP
#define P80 "{'port':80,'protocol':'TCP'}"
#define P8090 "{'port':8090,'protocol':'UDP'}"
#define P8888 "{'port':8888,'protocol':'tcp'}"

static const struct cells_case services[] = {
	SERVICE(PORTS("{'port':2233,'protocol':'tcp'}") ",'selector':{'foo':'bar'}", "", "ClusterIP",
		"10.9.8.7", "<none>", "2233/tcp", "foo=bar"),
	SERVICE(PORTS("{'port':8888,'protocol':'tcp','nodePort':9999}"), "", "NodePort", "10.9.8.7", "<none>",
		"8888:9999/tcp", "<none>"),
	SERVICE(PORTS(P8888), "", "LoadBalancer", "10.9.8.7", "<pending>", "8888/tcp", "<none>"),
	SERVICE(PORTS(P8888) ",'externalIPs':['80.11.12.10']", "", "LoadBalancer", "10.9.8.7", "80.11.12.10",
		"8888/tcp", "<none>"),
	SERVICE(PORTS(P8888) ",'externalIPs':['80.11.12.10']",
		INGRESS("{'ip':'3.4.5.6','hostname':'test.cluster.com'}"), "LoadBalancer", "10.9.8.7",
		"3.4.5.6,80.11.12.10", "8888/tcp", "<none>"),
	SERVICE(PORTS(P8888) ",'externalIPs':['80.11.12.10','80.11.12.11']",
		INGRESS("{'ip':'2.3.4.5','hostname':'a'},{'ip':'3.4.5.6','hostname':'b'}"), "LoadBalancer",
		"10.9.8.7", "2.3.4.5,3.4.5.6,80.11.12.10,80.11.12.11", "8888/tcp", "<none>"),
	SERVICE(",'externalName':'my.database.example.com'", "", "ExternalName", "<none>",
		"my.database.example.com", "<none>", "<none>"),
	SERVICE(PORTS(P80), INGRESS("{'ip':'2.3.4.5'},{'ip':'3.4.5.6'}"), "LoadBalancer", "10.9.8.7",
		"2.3.4.5,3.4.5.6", "80/TCP", "<none>"),
	SERVICE(PORTS(P80 "," P8090 ",{'port':7777,'protocol':'SCTP'}"), "", "LoadBalancer", "10.9.8.7",
		"<pending>", "80/TCP,8090/UDP,7777/SCTP", "<none>"),
	SERVICE(PORTS(P80 "," P8090) ",'selector':{'foo':'bar'}",
		INGRESS("{'ip':'2.3.4.5'},{'ip':'3.4.5.6'},{'ip':'5.6.7.8','hostname':'host5678'}"),
		"LoadBalancer", "10.9.8.7", "2.3.4.5,3.4.5.6,5.6.7.8", "80/TCP,8090/UDP", "foo=bar"),
};

/* ---- PersistentVolumes ---- */

#define VOLUME(spec, mode, size, phase, shown, class, attributes)                                            \
	ROW("", "PersistentVolume",                                                                          \
	    "'spec':{'claimRef':{'namespace':'default','name':'test'},'accessModes':['" mode                 \
	    "'],'capacity':{'storage':'" size "'}" spec "},'status':{'phase':'" phase "'}",                  \
	    "'" size "','" shown "','','" phase "','default/test','" class "','" attributes "',''," AGE      \
									   ",'<unset>'")

static const struct cells_case volumes[] = {
	VOLUME("", "ReadOnlyMany", "4Gi", "Bound", "ROX", "", "<unset>"),
	VOLUME("", "ReadOnlyMany", "4Gi", "Failed", "ROX", "", "<unset>"),
	VOLUME("", "ReadWriteMany", "10Gi", "Pending", "RWX", "", "<unset>"),
	VOLUME(",'storageClassName':'s'", "ReadWriteOnce", "10Gi", "Pending", "RWO", "s", "<unset>"),
	VOLUME(",'storageClassName':'s','volumeAttributesClassName':'v'", "ReadWriteOnce", "10Gi", "Pending",
	       "RWO", "s", "v"),
	VOLUME(",'storageClassName':'s'", "ReadWriteOnce", "10Gi", "Available", "RWO", "s", "<unset>"),
	VOLUME(",'storageClassName':'s'", "ReadWriteOncePod", "10Gi", "Released", "RWOP", "s", "<unset>"),
};

/* ---- Events ---- */

#define ABOUT                                                                                                \
	"'involvedObject':{'kind':'Deployment','name':'D','fieldPath':'spec.containers{foo}'},'reason':'R','message':'M'"
#define EVENT(rest, seen, type, source, first, count)                                                        \
	{                                                                                                    \
		"", "Event",                                                                                 \
			"{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z'}," ABOUT         \
			",'type':'" type "'," rest "}",                                                      \
			"'" seen "','" type "','R','deployment/D','spec.containers{foo}','" source           \
			"','M','" first "'," count ",'x'"                                                    \
	}
#define SOURCE "'source':{'component':'kubelet','host':'Node1'}"
#define D3 "'2025-12-30T03:04:05Z'"
#define D2 "'2025-12-31T03:04:05Z'"
#define MICRO3 "'2025-12-30T03:04:05.000000Z'"

static const struct cells_case events[] = {
	EVENT("'source':{'component':'kubelet'},'firstTimestamp':" D3 ",'lastTimestamp':" D2 ",'count':6",
	      "2d", "Normal", "kubelet", "3d", "6"),
	EVENT(SOURCE ",'firstTimestamp':" D3 ",'lastTimestamp':" D2 ",'count':6", "2d", "Warning",
	      "kubelet, Node1", "3d", "6"),
	EVENT(SOURCE ",'eventTime':" MICRO3 ",'lastTimestamp':" D3 ",'count':1", "3d", "Warning",
	      "kubelet, Node1", "3d", "1"),
	EVENT(SOURCE ",'eventTime':" MICRO3 ",'firstTimestamp':" D3 ",'count':1", "3d", "Warning",
	      "kubelet, Node1", "3d", "1"),
	EVENT(SOURCE ",'eventTime':" MICRO3 ",'count':1", "3d", "Warning", "kubelet, Node1", "3d", "1"),
	EVENT(SOURCE ",'eventTime':" MICRO3
		     ",'series':{'count':2,'lastObservedTime':'2025-12-31T03:04:05.000000Z'}",
	      "2d", "Warning", "kubelet, Node1", "3d", "2"),
	EVENT(SOURCE ",'eventTime':" MICRO3, "3d", "Warning", "kubelet, Node1", "3d", "1"),
	EVENT("'reportingComponent':'kubelet','reportingInstance':'test','firstTimestamp':" D3
	      ",'lastTimestamp':" D2 ",'count':6",
	      "2d", "Warning", "kubelet, test", "3d", "6"),
};

/* ---- Nodes ---- */

#define NODE(meta, spec, status, word, roles, inside, outside)                                               \
	{                                                                                                    \
		"", "Node",                                                                                  \
			"{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z'" meta            \
			"},'spec':{" spec "},'status':{" status "}}",                                        \
			"'x','" word "','" roles "'," AGE ",'','" inside "','" outside                       \
			"','<unknown>','<unknown>','<unknown>'"                                              \
	}
#define IS(type, status) "'conditions':[{'type':'" type "','status':'" status "'}]"
#define CORDONED "'unschedulable':true"
#define STATE(spec, status, word) NODE("", spec, status, word, "<none>", "<none>", "<none>")
#define LABELS(l, roles) NODE(",'labels':{" l "}", "", "", "Unknown", roles, "<none>", "<none>")
#define ADDRESS(type, a) "{'type':'" type "','address':'" a "'}"
#define ADDRESSES(list, inside, outside)                                                                     \
	NODE("", "", "'addresses':[" list "]", "Unknown", "<none>", inside, outside)

static const struct cells_case nodes[] = {
	STATE("", IS("Ready", "True"), "Ready"),
	STATE(CORDONED, IS("Ready", "True"), "Ready,SchedulingDisabled"),
	STATE("", "'conditions':[{'type':'Ready','status':'True'},{'type':'Ready','status':'True'}]",
	      "Ready"),
	STATE("", IS("Ready", "False"), "NotReady"),
	STATE(CORDONED, IS("Ready", "False"), "NotReady,SchedulingDisabled"),
	STATE("", IS("InvalidValue", "True"), "Unknown"),
	STATE("", "'conditions':[{}]", "Unknown"),
	STATE(CORDONED, IS("InvalidValue", "True"), "Unknown,SchedulingDisabled"),
	STATE(CORDONED, "'conditions':[{}]", "Unknown,SchedulingDisabled"),
	STATE("", "", "Unknown"),
	LABELS("'node-role.kubernetes.io/master':'','node-role.kubernetes.io/control-plane':'','node-role.kubernetes.io/proxy':'',"
	       "'kubernetes.io/role':'node'",
	       "control-plane,master,node,proxy"),
	LABELS("'kubernetes.io/role':'node'", "node"),
	ADDRESSES(ADDRESS("ExternalIP", "1.1.1.1"), "<none>", "1.1.1.1"),
	ADDRESSES(ADDRESS("InternalIP", "1.1.1.1"), "1.1.1.1", "<none>"),
	ADDRESSES(ADDRESS("ExternalIP", "2.2.2.2") "," ADDRESS("InternalIP", "3.3.3.3") "," ADDRESS(
			  "ExternalIP", "4.4.4.4"),
		  "3.3.3.3", "2.2.2.2"),
	ADDRESSES(ADDRESS("InternalIP", "2.2.2.2") "," ADDRESS("ExternalIP", "3.3.3.3") "," ADDRESS(
			  "InternalIP", "4.4.4.4"),
		  "2.2.2.2", "3.3.3.3"),
};

/* ---- Ingresses ---- */

static const struct cells_case ingresses[] = {
	ROW("networking.k8s.io", "Ingress",
	    "'spec':{'ingressClassName':'foo','defaultBackend':{'service':{'name':'d','port':{'number':80}}}},"
	    "'status':{'loadBalancer':{'ingress':[{'ip':'2.3.4.5','hostname':'localhost.localdomain'}]}}",
	    "'foo','*','2.3.4.5','80'," AGE),
};

/* ---- autoscalers ---- */

#define HPA(metrics, current, targets)                                                                                                  \
	ROW("autoscaling", "HorizontalPodAutoscaler",                                                                                   \
	    "'spec':{'scaleTargetRef':{'kind':'ReplicationController','name':'r'},'minReplicas':2,'maxReplicas':10,'metrics':[" metrics \
	    "]},'status':{'currentReplicas':4,'desiredReplicas':5,'currentMetrics':[" current "]}",                                     \
	    "'ReplicationController/r','" targets "','2',10,4," AGE)
#define METRIC(type, source, what) "{'type':'" type "','" source "':{" what "}}"
#define NAMED "'metric':{'name':'m'},"
#define RESOURCE "'name':'cpu',"
#define TO(field, value) "'target':{'" field "':" value "}"
#define AT(field, value) "'current':{'" field "':" value "}"
#define AVERAGE "averageValue"
#define USED "averageUtilization"
#define AT_BOTH "'current':{'averageUtilization':50,'averageValue':'40m'}"
#define EXTERNAL(what) METRIC("External", "external", NAMED what)
#define PODS(what) METRIC("Pods", "pods", NAMED what)
#define OBJECT(what) METRIC("Object", "object", NAMED what)
#define CPU(what) METRIC("Resource", "resource", RESOURCE what)
#define CONTAINER(what) METRIC("ContainerResource", "containerResource", "'container':'c'," RESOURCE what)

static const struct cells_case autoscalers[] = {
	ROW("autoscaling", "HorizontalPodAutoscaler",
	    "'spec':{'scaleTargetRef':{'kind':'ReplicationController','name':'r'},'maxReplicas':10},'status':{'currentReplicas':4}",
	    "'ReplicationController/r','<none>','<unset>',10,4," AGE),
	HPA(EXTERNAL(TO(AVERAGE, "'100m'")), "", "<unknown>/100m (avg)"),
	HPA(EXTERNAL(TO(AVERAGE, "'100m'")), EXTERNAL(AT(AVERAGE, "'50m'")), "50m/100m (avg)"),
	HPA(EXTERNAL(TO("value", "'100m'")), "", "<unknown>/100m"),
	HPA(EXTERNAL(TO("value", "'100m'")), EXTERNAL(AT("value", "'50m'")), "50m/100m"),
	HPA(PODS(TO(AVERAGE, "'100m'")), "", "<unknown>/100m"),
	HPA(PODS(TO(AVERAGE, "'100m'")), PODS(AT(AVERAGE, "'50m'")), "50m/100m"),
	HPA(OBJECT(TO("value", "'100m'")), "", "<unknown>/100m"),
	HPA(OBJECT(TO("value", "'100m'")), OBJECT(AT("value", "'50m'")), "50m/100m"),
	HPA(CPU(TO(AVERAGE, "'100m'")), "", "cpu: <unknown>/100m"),
	HPA(CPU(TO(AVERAGE, "'100m'")), CPU(AT(AVERAGE, "'50m'")), "cpu: 50m/100m"),
	HPA(CPU(TO(USED, "80")), "", "cpu: <unknown>/80%"),
	HPA(CPU(TO(USED, "80")), CPU(AT_BOTH), "cpu: 50%/80%"),
	HPA(CONTAINER(TO(AVERAGE, "'100m'")), "", "cpu: <unknown>/100m"),
	HPA(CONTAINER(TO(AVERAGE, "'100m'")), CONTAINER(AT(AVERAGE, "'50m'")), "cpu: 50m/100m"),
	HPA(CONTAINER(TO(USED, "80")), "", "cpu: <unknown>/80%"),
	HPA(CONTAINER(TO(USED, "80")), CONTAINER(AT_BOTH), "cpu: 50%/80%"),
	HPA(PODS(TO(AVERAGE, "'100m'")) "," CPU(TO(USED, "80")) "," PODS(TO(AVERAGE, "'400m'")),
	    PODS(AT(AVERAGE, "'50m'")) "," CPU(AT_BOTH), "50m/100m, cpu: 50%/80% + 1 more..."),
};

#define STORY(name)                                                                                          \
	static void test_##name(void **state)                                                                \
	{                                                                                                    \
		cells_check(name, ARRAY_LEN(name));                                                          \
	}
STORY(pods)
STORY(jobs)
STORY(services)
STORY(volumes)
STORY(events)
STORY(nodes)
STORY(ingresses)
STORY(autoscalers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),	  cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_services),  cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_events),	  cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_ingresses), cmocka_unit_test(test_autoscalers)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}

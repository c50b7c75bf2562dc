/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pod/admit.h"
#include "pod/make_test.h"
#include "pod/limits.h"
#include "object/json_test.h"

#define POD(spec, res)                                                                                       \
	"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{" spec                                       \
	"\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{" res "}}]}}"
#define AFFINITY(key, op, values)                                                                            \
	"\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"               \
	"\"nodeSelectorTerms\":["                                                                            \
	"{\"" key "\":[{\"key\":\"" op "\",\"values\":" values "}]}]}}},"

static void test_admission(void **state)
{
	const struct {
		const char *pod, *taints, *reason, *message; /* reason NULL: admitted */
	} rows[] = {
		{POD("", ""), NULL, NULL, ""},
		{POD("", "\"requests\":{\"cpu\":\"1500m\"}"), NULL, NULL, ""},
		{POD("", "\"requests\":{\"cpu\":\"1501m\"}"), NULL, "OutOfcpu",
		 "Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000"},
		{POD("", "\"requests\":{\"memory\":\"2Gi\"}"), NULL, "OutOfmemory",
		 "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824"},
		{POD("\"overhead\":{\"cpu\":\"1501m\"},", ""), NULL, "OutOfcpu",
		 "Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000"},
		{POD("", "\"requests\":{\"example.com/gpu\":1}"), NULL, NULL, ""}, /* not offered here */
		{POD("\"nodeSelector\":{\"disk\":\"ssd\"},", ""), NULL, NULL, ""},
		{POD("\"nodeSelector\":{\"disk\":\"hdd\"},", ""), NULL, "NodeAffinity",
		 "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{POD(AFFINITY("matchExpressions", "disk\",\"operator\":\"In", "[\"ssd\"]"), ""), NULL, NULL,
		 ""},
		{POD(AFFINITY("matchExpressions", "disk\",\"operator\":\"NotIn", "[\"ssd\"]"), ""), NULL,
		 "NodeAffinity",
		 "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{POD(AFFINITY("matchFields", "metadata.name\",\"operator\":\"In", "[\"n1\"]"), ""), NULL,
		 NULL, ""},
		{POD(AFFINITY("matchFields", "metadata.name\",\"operator\":\"In", "[\"n2\"]"), ""), NULL,
		 "NodeAffinity",
		 "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{POD("", ""), JSON("[{'key':'k','effect':'NoSchedule'}]"), NULL, ""},
		{POD("", ""), JSON("[{'key':'k','effect':'NoExecute'}]"), "TaintToleration",
		 "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"},
		{POD("\"tolerations\":[{\"key\":\"k\",\"operator\":\"Exists\"}],", ""),
		 JSON("[{'key':'k','effect':'NoExecute'}]"), NULL, ""},
		{POD("\"tolerations\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoExecute\"}],", ""),
		 JSON("[{'key':'k','value':'v','effect':'NoExecute'}]"), NULL, ""},
#define SYSCTL(name, more) "\"securityContext\":{\"sysctls\":[{\"name\":\"" name "\",\"value\":\"1\"}]}," more
		{POD(SYSCTL("net.ipv4.tcp_syncookies", ""), ""), NULL, NULL, ""},
		{POD(SYSCTL("kernel/shm_rmid_forced", ""), ""), NULL, NULL, ""},
		{POD(SYSCTL("kernel.msgmax", ""), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"kernel.msgmax\" not allowlisted"},
		{POD(SYSCTL("kernel.sem", ""), ""), NULL, NULL, ""}, /* the node allows these three */
		{POD(SYSCTL("kernel.sema", ""), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"kernel.sema\" not allowlisted"},
		{POD(SYSCTL("net.core.somaxconn", ""), ""), NULL, NULL, ""},
		{POD(SYSCTL("net.core.somaxconn", "\"hostNetwork\":true,"), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"net.core.somaxconn\" not allowed with host net enabled"},
		{POD(SYSCTL("fs.mqueue.msg_max", "\"hostIPC\":true,"), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"fs.mqueue.msg_max\" not allowed with host ipc enabled"},
		{POD(SYSCTL("net.ipv4.tcp_syncookies", "\"hostNetwork\":true,"), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled"},
		{POD(SYSCTL("kernel.shm_rmid_forced", "\"hostIPC\":true,"), ""), NULL, "SysctlForbidden",
		 "forbidden sysctl: \"kernel.shm_rmid_forced\" not allowed with host ipc enabled"},
		{POD("\"tolerations\":[{\"operator\":\"Exists\"}],", ""),
		 JSON("[{'key':'k','effect':'NoExecute'}]"), NULL, ""},
		{POD("\"os\":{\"name\":\"linux\"},", ""), NULL, NULL, ""},
		{POD("\"os\":{\"name\":\"windows\"},", ""), NULL, "PodOSNotSupported",
		 "Failed to admit pod as the OS field doesn't match node OS"},
		{JSON("{'metadata':{'name':'p','uid':'u','labels':{'kubernetes.io/os':'linux'}},"
		      "'spec':{'containers':[{'name':'c','image':'i'}]}}"),
		 NULL, NULL, ""},
		{JSON("{'metadata':{'name':'p','uid':'u','labels':{'kubernetes.io/os':'windows'}},"
		      "'spec':{'os':{'name':'windows'},'containers':[{'name':'c','image':'i'}]}}"),
		 NULL, "PodOSSelectorNodeLabelDoesNotMatch",
		 "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"},
		/* what is told when there is more than one reason */
		{POD(SYSCTL("kernel.msgmax", "\"os\":{\"name\":\"windows\"},"), "\"requests\":{\"cpu\":9}"),
		 NULL, "SysctlForbidden", "forbidden sysctl: \"kernel.msgmax\" not allowlisted"},
		{POD("\"os\":{\"name\":\"windows\"},\"nodeSelector\":{\"disk\":\"hdd\"},",
		     "\"requests\":{\"cpu\":9}"),
		 NULL, "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"},
		{POD("\"nodeSelector\":{\"disk\":\"hdd\"},", "\"requests\":{\"cpu\":9}"), NULL, "OutOfcpu",
		 "Node didn't have enough resource: cpu, requested: 9000, used: 500, capacity: 2000"},
	};
	struct err err = ERR_INIT;
	autojson js *map = js_parse(JSON("{'disk':'ssd'}"), 14, NULL, &err);
	struct labels *labels = labels_new(map);
	struct taints {
		struct taint *v;
		size_t n;
	};
	static const struct decode_row taints_rows[] = {DECODE_ARRAY("v", struct taints, v, n, &taint_spec)};
	static const struct decode_spec taints_spec = DECODE_SPEC(struct taints, taints_rows);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		autobuf struct buf message = BUF_INIT;
		char reason[ADMIT_REASON_MAX];
		autofree char *text = mem_printf("{\"v\":%s}", rows[i].taints ? rows[i].taints : "[]");
		autofree struct taints *taints = decode_new(&taints_spec, text, strlen(text), &err);
		const struct admit_node n = {
			.name = "n1",
			.labels = labels,
			.taints = taints->v,
			.n_taints = taints->n,
			.unsafe_sysctls = "kernel.sem,net.core.*,fs.mqueue.msg_max",
			.allocatable = {.cpu_milli = 2000,
					.memory = 1 << 30,
					.ephemeral = 1 << 30,
					.pods = 10},
			.used = {.cpu_milli = 500, .memory = 0, .ephemeral = 0, .pods = 9}};
		assert_int_equal(admit_check(&n, p, reason, &message), rows[i].reason == NULL);
		if (rows[i].reason)
			assert_string_equal(reason, rows[i].reason);
		assert_string_equal(buf_str(&message), rows[i].message);
		free_pod(p);
	}
	free(labels);
}

static void test_full(void **state)
{
	struct pod *p = make_pod(POD("", ""));
	autobuf struct buf message = BUF_INIT;
	char reason[ADMIT_REASON_MAX];
	const struct admit_node n = {.name = "n1", .allocatable = {.pods = 1}, .used = {.pods = 1}};
	assert_false(admit_check(&n, p, reason, &message));
	assert_string_equal(reason, "OutOfpods");
	free_pod(p);
}

/* Room is what others can make; and a static Pod is not asked what it tolerates. */
static void test_all_but_room(void **state)
{
	struct pod *p = make_pod(POD("\"nodeSelector\":{\"disk\":\"ssd\"},", "\"requests\":{\"cpu\":9}"));
	autobuf struct buf message = BUF_INIT;
	char reason[ADMIT_REASON_MAX];
	struct resource_shortage lacks[ADMIT_LACKS_MAX];
	struct admit_node n = {
		.name = "n1", .allocatable = {.cpu_milli = 2000, .pods = 1}, .used = {.pods = 1}};
	assert_int_equal(admit_lacks(&n, &p->demand.requests, &n.used, lacks), 2);
	assert_string_equal(lacks[0].name, "pods");
	assert_string_equal(lacks[1].name, "cpu");
	assert_false(admit_suits(&n, p, reason, &message));
	assert_string_equal(reason, "NodeAffinity");
	free_pod(p);
	p = make_pod(POD("", "\"requests\":{\"cpu\":9}"));
	assert_true(admit_suits(&n, p, reason, &message));
	struct taint t = {.key = "k", .value = "", .effect = TAINT_NO_EXECUTE};
	n.taints = &t;
	n.n_taints = 1;
	assert_false(admit_suits(&n, p, reason, &message));
	p->is_static = true;
	assert_true(admit_suits(&n, p, reason, &message));
	free_pod(p);
}

static void test_shutdown(void **state)
{
	struct pod *p = make_pod(POD("\"priority\":2000000000,", ""));
	char reason[ADMIT_REASON_MAX];
	autobuf struct buf message = BUF_INIT;
	struct admit_node n = {.name = "n1", .allocatable = {.cpu_milli = 2000, .pods = 10}};
	assert_true(admit_check(&n, p, reason, &message));
	n.shutting_down = true;
	assert_false(admit_check(&n, p, reason, &message));
	assert_string_equal(reason, "NodeShutdown");
	assert_string_equal(buf_str(&message), "Pod was rejected as the node is shutting down.");
	free_pod(p);
}

#define PORTS(ports)                                                                                         \
	"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":"  \
	"[" ports "]}]}}"

static void test_pressure(void **state)
{
	static const struct {
		const char *pod;
		bool pressure[3];    /* memory, disk, pids */
		const char *message; /* NULL: admitted */
	} rows[] = {
		{POD("", ""), {false, false, false}, NULL},
		{POD("", ""), {true, false, false}, "The node had condition: [MemoryPressure]. "},
		{POD("", "\"requests\":{\"cpu\":\"1m\"}"), {true, false, false}, NULL},
		{POD("\"tolerations\":[{\"key\":\"node.kubernetes.io/memory-pressure\",\"operator\":\"Exists\"}],",
		     ""),
		 {true, false, false},
		 NULL},
		{POD("", "\"requests\":{\"cpu\":\"1m\"}"),
		 {true, true, false},
		 "The node had condition: [MemoryPressure DiskPressure]. "},
		{POD("", "\"requests\":{\"cpu\":\"1m\"}"),
		 {false, false, true},
		 "The node had condition: [PIDPressure]. "},
		{POD("\"priority\":2000000000,", ""), {true, true, true}, NULL},
		{POD("\"priority\":1999999999,", ""),
		 {false, true, false},
		 "The node had condition: [DiskPressure]. "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		char reason[ADMIT_REASON_MAX];
		autobuf struct buf message = BUF_INIT;
		const struct admit_node n = {.name = "n1",
					     .pressure = rows[i].pressure,
					     .allocatable = {.cpu_milli = 2000, .pods = 10}};
		assert_int_equal(admit_check(&n, p, reason, &message), rows[i].message == NULL);
		if (rows[i].message) {
			assert_string_equal(reason, "Evicted");
			assert_string_equal(buf_str(&message), rows[i].message);
		}
		free_pod(p);
	}
}

static void test_unsafe_sysctls(void **state)
{
	static const struct {
		const char *list;
		bool good;
	} rows[] = {{"", true},
		    {"kernel.msg*", true},
		    {"kernel.shm_rmid_forced,net.ipv4.*", true},
		    {"fs.mqueue.*", true},
		    {"kernel.*", false},
		    {"vm.swappiness", false},
		    {"net.*.x", false},
		    {"net.a,", true},
		    {",net.a", false},
		    {"net.A", false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		if ((admit_check_sysctls(rows[i].list, &err) == 0) != rows[i].good)
			fail_msg("%s: %s", rows[i].list, err.msg);
	}
}

static void test_ports(void **state)
{
	static const struct {
		const char *a, *b;
		bool conflict;
	} rows[] = {
		{PORTS("{\"hostPort\":80}"), PORTS("{\"hostPort\":80}"), true},
		{PORTS("{\"hostPort\":80}"), PORTS("{\"hostPort\":81}"), false},
		{PORTS("{\"containerPort\":80}"), PORTS("{\"containerPort\":80}"), false},
		{PORTS("{\"hostPort\":80,\"protocol\":\"UDP\"}"), PORTS("{\"hostPort\":80}"), false},
		{PORTS("{\"hostPort\":80,\"hostIP\":\"1.1.1.1\"}"),
		 PORTS("{\"hostPort\":80,\"hostIP\":\"2.2.2.2\"}"), false},
		{PORTS("{\"hostPort\":80,\"hostIP\":\"0.0.0.0\"}"),
		 PORTS("{\"hostPort\":80,\"hostIP\":\"2.2.2.2\"}"), true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *a = make_pod(rows[i].a), *b = make_pod(rows[i].b);
		assert_int_equal(pod_demand_ports_conflict(&a->demand, &b->demand), rows[i].conflict);
		free_pod(a);
		free_pod(b);
	}
}

#define TWO(a, b)                                                                                            \
	"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"containers\":[{\"name\":\"c\","            \
	"\"resources\":{" a "}},{\"name\":\"d\",\"resources\":{" b "}}]}}"

static void test_qos(void **state)
{
	static const struct {
		const char *pod, *want;
	} rows[] = {
		{TWO("", ""), "BestEffort"},
		{TWO("\"limits\":{\"cpu\":1,\"memory\":\"1Mi\"}",
		     "\"limits\":{\"cpu\":1,\"memory\":\"1Mi\"}"),
		 "Guaranteed"},
		{TWO("\"limits\":{\"cpu\":1,\"memory\":\"1Mi\"}", ""), "Burstable"},
		{TWO("\"limits\":{\"cpu\":1,\"memory\":\"1Mi\"},\"requests\":{\"cpu\":\"500m\"}",
		     "\"limits\":{\"cpu\":1,\"memory\":\"1Mi\"}"),
		 "Burstable"},
		{TWO("\"requests\":{\"memory\":\"1Mi\"}", ""), "Burstable"},
		{TWO("\"requests\":{\"cpu\":0}", ""), "BestEffort"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		assert_string_equal(qos_class_name(limits_qos(p)), rows[i].want);
		free_pod(p);
	}
}

/* What the Pod's cgroup is capped to: as its containers run together, its own word, overhead where there is a limit. */
static void test_pod_limits(void **state)
{
#define LIMIT(cpu, memory) "'resources':{'limits':{'cpu':'" cpu "','memory':'" memory "'}}"
	static const struct {
		const char *spec;
		int64_t quota_us, memory;
	} v[] = {
		{"'containers':[{'name':'a'," LIMIT("1", "10M") "},{'name':'b'," LIMIT("2", "5M") "}]",
		 300000, 15000000},
		{"'overhead':{'cpu':'250m','memory':'3M'},'containers':[{'name':'a'," LIMIT("1", "10M") "}]",
		 125000, 13000000},
		{"'overhead':{'cpu':'250m','memory':'3M'},'containers':[{'name':'a'}]", 0, 0},
		{"'initContainers':[{'name':'i'," LIMIT("5", "1M") "},{'name':'s','restartPolicy':'Always'," LIMIT(
			 "3",
			 "2M") "},{'name':'j'," LIMIT("4",
						      "1M") "}],'containers':[{'name':'a'," LIMIT("1",
												  "9M") "}]",
		 700000, 11000000},
		{"'resources':{'limits':{'memory':'7M'}},'containers':[{'name':'a'}]", 0, 7000000},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *text =
			mem_printf("{'metadata':{'name':'p','uid':'u'},'spec':{%s}}", v[i].spec);
		struct pod *p = make_pod(JSON(text));
		struct runtime_limits l = limits_pod(p, 0);
		assert_int_equal(l.cpu_quota_us, v[i].quota_us);
		assert_int_equal(l.memory_bytes, v[i].memory);
		free_pod(p);
	}
}

static void test_requests_and_limits(void **state)
{
	struct pod *p = make_pod(
		JSON("{'metadata':{'name':'p','uid':'u'},'spec':{'initContainers':["
		     "{'name':'side','restartPolicy':'Always','resources':{'requests':{'cpu':'100m'}}},"
		     "{'name':'big','resources':{'requests':{'cpu':'2','memory':'1Mi'}}}],"
		     "'containers':[{'name':'a','resources':{'requests':{'cpu':'500m','memory':'512Mi'},"
		     "'limits':{'cpu':'5m','memory':'1Gi'}}}]}}"));
	/* the init container beside the sidecar, not the app */
	assert_int_equal(p->demand.requests.cpu_milli, 2100);
	struct runtime_limits l = limits_container(p, &p->list.v[2], INT64_C(1) << 30);
	assert_int_equal(l.cpu_shares, 512);
	assert_int_equal(l.cpu_quota_us, 1000); /* the kernel takes no less */
	assert_int_equal(l.memory_bytes, 1 << 30);
	assert_int_equal(l.oom_score_adj, 500);
	assert_int_equal(limits_pod(p, 77).pids, 77);
	assert_string_equal(limits_group(limits_qos(p)), "burstable");
	assert_int_equal(limits_class(QOS_BURSTABLE, 2100).cpu_shares, 2150);
	assert_int_equal(limits_class(QOS_BURSTABLE, 0).cpu_shares, 2);
	assert_int_equal(limits_class(QOS_BEST_EFFORT, 5000).cpu_shares, 2);
	assert_string_equal(limits_group(QOS_GUARANTEED), "");
	assert_int_equal(limits_pod(p, 0).memory_bytes, 0); /* not every container has a limit */
	free_pod(p);
}

static int64_t huge_of(const struct runtime_limits *l, int64_t size)
{
	assert_true(l->bounds_huge);
	for (size_t i = 0; i < l->n_huge; i++)
		if (l->huge[i].size == size)
			return l->huge[i].bytes;
	return 0;
}

/* The Pod's are what it requests; a container's its limits, of what only the Pod has all of that. */
static void test_huge_pages(void **state)
{
#define HUGE(n) "'resources':{'requests':{'hugepages-2Mi':'" n "'},'limits':{'hugepages-2Mi':'" n "'}}"
#define POD_OF(more)                                                                                         \
	JSON("{'metadata':{'name':'p','uid':'u'},'spec':{'initContainers':[{'name':'i'," HUGE(               \
		"8Mi") "}],'containers':[{'name':'a'," HUGE("2Mi") "},{'name':'b'}]" more "}}")
	struct pod *p = make_pod(POD_OF(""));
	struct runtime_limits l = limits_pod(p, 0);
	assert_int_equal(huge_of(&l, 2 << 20), 8 << 20); /* more than the others together */
	assert_int_equal(huge_of(&l, 1 << 30), 0);
	const int64_t wanted[] = {8 << 20, 2 << 20, 0};
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		l = limits_container(p, &p->list.v[i], 0);
		assert_int_equal(huge_of(&l, 2 << 20), wanted[i]);
	}
	free_pod(p);
	p = make_pod(POD_OF(",'resources':{'requests':{'hugepages-2Mi':'16Mi','hugepages-1Gi':'1Gi'},"
			    "'limits':{'hugepages-2Mi':'16Mi','hugepages-1Gi':'1Gi'}}"));
	l = limits_pod(p, 0);
	assert_int_equal(huge_of(&l, 2 << 20), 16 << 20);
	assert_int_equal(huge_of(&l, 1 << 30), 1 << 30);
	l = limits_container(p, &p->list.v[1], 0);
	assert_int_equal(huge_of(&l, 2 << 20), 2 << 20);
	assert_int_equal(huge_of(&l, 1 << 30), 1 << 30);
	l = limits_container(p, &p->list.v[2], 0);
	assert_int_equal(huge_of(&l, 2 << 20), 16 << 20);
	free_pod(p);
	assert_false(limits_class(QOS_BURSTABLE, 1).bounds_huge);
}

/* Of a node with 1000 MiB. */
static void test_oom_scores(void **state)
{
#define SCORED(spec, side, app)                                                                              \
	JSON("{'metadata':{'name':'p','uid':'u'},'spec':{" spec "'initContainers':["                         \
	     "{'name':'side','restartPolicy':'Always','resources':{" side "}}],"                             \
	     "'containers':[{'name':'a','resources':{" app "}},"                                             \
	     "{'name':'b','resources':{'requests':{'memory':'500Mi'}}}]}}")
#define ASKS(amount) "'requests':{'memory':'" amount "'}"
	const struct {
		const char *pod;
		int side, app;
	} rows[] = {
		{SCORED("", ASKS("100Mi"), ASKS("300Mi")), 700, 700}, /* no sooner than what it serves */
		{SCORED("", ASKS("400Mi"), ASKS("300Mi")), 600, 700},
		{SCORED("", "", ""), 999, 999},
		{SCORED("", "", ASKS("1000Mi")), 500, 3},
		{SCORED("'priority':2000001000,'priorityClassName':'system-node-critical',", "", ""), -997,
		 -997},
		{SCORED("'priority':2000000000,'priorityClassName':'system-cluster-critical',", "", ""), 999,
		 999},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod *p = make_pod(rows[i].pod);
		assert_int_equal(limits_container(p, &p->list.v[0], INT64_C(1000) << 20).oom_score_adj,
				 rows[i].side);
		assert_int_equal(limits_container(p, &p->list.v[1], INT64_C(1000) << 20).oom_score_adj,
				 rows[i].app);
		free_pod(p);
	}
}

/* A profile that nobody enforces is no reason to run without one. */
static void test_apparmor(void **state)
{
#define CONFINED(pod, container)                                                                             \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{" pod                    \
	"\"containers\":[{\"name\":\"c\",\"image\":\"i\"" container "}]}}"
#define PROFILE(p) "\"securityContext\":{\"appArmorProfile\":{" p "}}"
#define TYPE(t) PROFILE("\"type\":\"" t "\"")
	static const struct {
		const char *pod;
		bool kernel, has_default;
		const char *want;
	} rows[] = {
		{CONFINED("", ""), false, false, ""},
		{CONFINED("", "," TYPE("Unconfined")), false, false, ""},
		{CONFINED("", "," TYPE("RuntimeDefault")), false, false,
		 "AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host"},
		{CONFINED(TYPE("RuntimeDefault") ",", "," TYPE("Unconfined")), false, false,
		 "AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host"},
		{CONFINED(TYPE("RuntimeDefault") ",", ""), true, false,
		 "AppArmor: Cannot enforce AppArmor: this node has no default profile"},
		{CONFINED(TYPE("RuntimeDefault") ",", ""), true, true, ""},
		{CONFINED("", "," PROFILE("\"type\":\"Localhost\",\"localhostProfile\":\"mine\"")), true,
		 false, ""},
		{CONFINED("", "," PROFILE("\"type\":\"Localhost\",\"localhostProfile\":\" \"")), true, false,
		 "AppArmor: Cannot enforce AppArmor: invalid empty AppArmor profile name"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct admit_node n = {.name = "n1",
				       .apparmor = rows[i].kernel,
				       .apparmor_default = rows[i].has_default,
				       .allocatable = {.pods = 10}};
		struct pod *p = make_pod(rows[i].pod);
		char reason[ADMIT_REASON_MAX] = "";
		autobuf struct buf why = BUF_INIT, got = BUF_INIT;
		if (!admit_check(&n, p, reason, &why))
			buf_addf(&got, "%s: %s", reason, buf_str(&why));
		assert_string_equal(buf_str(&got), rows[i].want);
		free_pod(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_apparmor),
					   cmocka_unit_test(test_admission),
					   cmocka_unit_test(test_unsafe_sysctls),
					   cmocka_unit_test(test_pressure),
					   cmocka_unit_test(test_shutdown),
					   cmocka_unit_test(test_full),
					   cmocka_unit_test(test_all_but_room),
					   cmocka_unit_test(test_ports),
					   cmocka_unit_test(test_qos),
					   cmocka_unit_test(test_pod_limits),
					   cmocka_unit_test(test_requests_and_limits),
					   cmocka_unit_test(test_huge_pages),
					   cmocka_unit_test(test_oom_scores)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, scores, messages and node sums, from Pods and Nodes written as YAML, as a user would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cycle.h"
#include "object/yaml.h"
#include "plugins/table.h"

static const void *decode(const struct informer_type *t, const char *yaml)
{
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);
	if (!o)
		fail_msg("%s: %s", err.msg, yaml);
	struct informer_object *io = mem_zalloc(t->size);
	io->refs = 1;
	io->type = t;
	meta_decode(&io->meta, o, t->meta_flags);
	assert_true(t->decode(io, o));
	return io;
}

static void add_node(struct snapshot *s, const char *yaml)
{
	const struct sched_node *n = decode(&sched_node_type, yaml);
	snapshot_set_node(s, n->base.meta.name, n);
	informer_unref(n);
}

static void add_pod(struct snapshot *s, const char *yaml)
{
	const struct sched_pod *p = decode(&sched_pod_type, yaml);
	snapshot_place(s, p, p->node, false);
	informer_unref(p);
}

#define NODE(name, rest)                                                                                     \
	"metadata: {name: " name ", labels: {kubernetes.io/hostname: " name "}}\n"                           \
	"status: {allocatable: {cpu: '2', memory: 4Gi, ephemeral-storage: 10Gi, pods: '3', "                 \
	"example.com/gpu: '1'}}\n" rest
#define POD(spec)                                                                                            \
	"metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, image: i}], " spec "}\n"
#define ASK(requests)                                                                                        \
	"metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, resources: {requests: "   \
	"{" requests "}}}]}\n"

struct filter_case {
	const char *what, *node, *bound, *pod, *reason; /* reason NULL: it fits */
};

static const struct filter_case filter_cases[] = {
	{"a plain pod fits", NODE("a", ""), NULL, POD(""), NULL},
	{"cpu beyond allocatable", NODE("a", ""), NULL, ASK("cpu: 2001m"),
	 "0/1 nodes are available: 1 Insufficient cpu."},
	{"cpu exactly fits", NODE("a", ""), NULL, ASK("cpu: '2'"), NULL},
	{"two resources short", NODE("a", ""), NULL, ASK("cpu: '3', memory: 5Gi"),
	 "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."},
	{"ephemeral storage", NODE("a", ""), NULL, ASK("ephemeral-storage: 11Gi"),
	 "0/1 nodes are available: 1 Insufficient ephemeral-storage."},
	{"extended resource", NODE("a", ""), NULL, ASK("example.com/gpu: '2'"),
	 "0/1 nodes are available: 1 Insufficient example.com/gpu."},
	{"extended resource taken", NODE("a", ""),
	 "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: c, resources: {requests: {example.com/gpu: '1'}}}]}",
	 ASK("example.com/gpu: '1'"), "0/1 nodes are available: 1 Insufficient example.com/gpu."},
	{"nodeSelector matches", NODE("a", ""), NULL, POD("nodeSelector: {kubernetes.io/hostname: a}"), NULL},
	{"nodeSelector differs", NODE("a", ""), NULL, POD("nodeSelector: {kubernetes.io/hostname: b}"),
	 "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
	{"affinity terms are ORed", NODE("a", ""), NULL,
	 POD("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: x, "
	     "operator: Exists}]}, {matchFields: [{key: metadata.name, operator: In, values: [a]}]}]}}}"),
	 NULL},
	{"affinity expressions are ANDed", NODE("a", ""), NULL,
	 POD("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: "
	     "kubernetes.io/hostname, operator: In, values: [a]}, {key: x, operator: Exists}]}]}}}"),
	 "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
	{"taint", NODE("a", "spec: {taints: [{key: k, value: v, effect: NoSchedule}]}"), NULL, POD(""),
	 "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}."},
	{"taint tolerated", NODE("a", "spec: {taints: [{key: k, value: v, effect: NoSchedule}]}"), NULL,
	 POD("tolerations: [{key: k, operator: Equal, value: v, effect: NoSchedule}]"), NULL},
	{"toleration of another effect", NODE("a", "spec: {taints: [{key: k, effect: NoExecute}]}"), NULL,
	 POD("tolerations: [{key: k, operator: Exists, effect: NoSchedule}]"),
	 "0/1 nodes are available: 1 node(s) had untolerated taint {k: }."},
	{"empty key with Exists tolerates all", NODE("a", "spec: {taints: [{key: k, effect: NoExecute}]}"),
	 NULL, POD("tolerations: [{operator: Exists}]"), NULL},
	{"PreferNoSchedule does not filter",
	 NODE("a", "spec: {taints: [{key: k, effect: PreferNoSchedule}]}"), NULL, POD(""), NULL},
	{"cordoned", NODE("a", "spec: {unschedulable: true}"), NULL, POD(""),
	 "0/1 nodes are available: 1 node(s) were unschedulable."},
	{"host port taken on all addresses", NODE("a", ""),
	 "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: c, ports: [{containerPort: 80, hostPort: 80}]}]}",
	 "metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, ports: [{containerPort: 1, hostPort: 80, hostIP: 10.0.0.1}]}]}",
	 "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."},
	{"host port of another protocol", NODE("a", ""),
	 "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: c, ports: [{containerPort: 80, hostPort: 80}]}]}",
	 "metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, ports: [{containerPort: 1, hostPort: 80, protocol: UDP}]}]}",
	 NULL},
};

static void test_filters(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(filter_cases); i++) {
		const struct filter_case *c = &filter_cases[i];
		struct snapshot s;
		struct cycle cycle;
		struct reasons why = {0};
		snapshot_init(&s);
		cycle_init(&cycle);
		add_node(&s, c->node);
		if (c->bound)
			add_pod(&s, c->bound);
		const struct sched_pod *p = decode(&sched_pod_type, c->pod);
		const struct node_state *n = cycle_run(&cycle, &s, p, &why);
		if (!c->reason && !n)
			fail_msg("%s: expected to fit", c->what);
		if (c->reason) {
			autobuf struct buf message = BUF_INIT;
			if (n)
				fail_msg("%s: expected not to fit", c->what);
			cycle_message(&message, &s, &why);
			if (strcmp(buf_str(&message), c->reason) != 0)
				fail_msg("%s: got '%s'", c->what, buf_str(&message));
		}
		informer_unref(p);
		reasons_release(&why);
		cycle_release(&cycle);
		snapshot_release(&s);
	}
}

static void test_message_counts_and_sorts(void **state)
{
	struct snapshot s;
	struct cycle cycle;
	struct reasons why = {0};
	snapshot_init(&s);
	cycle_init(&cycle);
	add_node(&s, NODE("a", "spec: {taints: [{key: k, value: v, effect: NoSchedule}]}"));
	add_node(&s, NODE("b", ""));
	add_node(&s, NODE("c", ""));
	const struct sched_pod *p = decode(&sched_pod_type, ASK("cpu: '3'"));
	assert_null(cycle_run(&cycle, &s, p, &why));
	autobuf struct buf message = BUF_INIT;
	cycle_message(&message, &s, &why);
	assert_string_equal(
		buf_str(&message),
		"0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu.");
	informer_unref(p);
	reasons_release(&why);
	cycle_release(&cycle);
	snapshot_release(&s);
}

struct score_case {
	const char *what, *a, *b, *bound, *pod, *winner;
};

static const struct score_case score_cases[] = {
	{"least allocated wins", NODE("a", ""), NODE("b", ""),
	 "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: '1', memory: 2Gi}}}]}",
	 ASK("cpu: 100m, memory: 200Mi"), "b"},
	{"PreferNoSchedule counts against", NODE("a", "spec: {taints: [{key: k, effect: PreferNoSchedule}]}"),
	 NODE("b", ""), NULL, POD(""), "b"},
	{"preferred affinity", NODE("a", ""), NODE("b", ""), NULL,
	 POD("affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: "
	     "kubernetes.io/hostname, operator: In, values: [b]}]}}]}}"),
	 "b"},
	{"balanced allocation", NODE("a", ""), NODE("b", ""),
	 "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: '1'}}}]}",
	 ASK("cpu: '1', memory: 1Mi"), "b"},
	{"image locality",
	 "metadata: {name: a}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}, images: [{names: ['x/big:latest'], sizeBytes: 900000000}]}",
	 "metadata: {name: b}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}}", NULL,
	 "metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, image: x/big}]}", "a"},
};

static void test_scores(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(score_cases); i++) {
		const struct score_case *c = &score_cases[i];
		struct snapshot s;
		struct cycle cycle;
		snapshot_init(&s);
		cycle_init(&cycle);
		add_node(&s, c->a);
		add_node(&s, c->b);
		if (c->bound)
			add_pod(&s, c->bound);
		const struct sched_pod *p = decode(&sched_pod_type, c->pod);
		for (int round = 0; round < 8; round++) {
			struct reasons why = {0};
			const struct node_state *n = cycle_run(&cycle, &s, p, &why);
			if (!n || strcmp(n->name, c->winner) != 0)
				fail_msg("%s: got %s", c->what, n ? n->name : "none");
			reasons_release(&why);
		}
		informer_unref(p);
		cycle_release(&cycle);
		snapshot_release(&s);
	}
}

static void test_requests_of_init_containers_and_sidecars(void **state)
{
	const struct sched_pod *p = decode(
		&sched_pod_type,
		"metadata: {name: p, namespace: d, uid: u1}\nspec:\n  overhead: {cpu: 10m}\n  containers:\n"
		"  - {name: c, resources: {requests: {cpu: 300m}}}\n  initContainers:\n  - {name: i, resources: {requests: {cpu: 100m}}}\n"
		"  - {name: s, restartPolicy: Always, resources: {requests: {cpu: 200m}}}\n  - {name: j, "
		"resources: {requests: {cpu: 700m, memory: 1Mi}}}\n");
	assert_int_equal(p->req.cpu_milli, 910); /* max(300+200, 700+200) + 10 */
	assert_int_equal(p->req.memory, 1024 * 1024);
	informer_unref(p);
}

static void test_sums_follow_pods(void **state)
{
	struct snapshot s;
	snapshot_init(&s);
	add_node(&s, NODE("a", ""));
	const char *q = "metadata: {name: q, namespace: d, uid: u2}\nspec: {nodeName: a, containers: [{name: "
			"c, resources: {requests: {cpu: '1'}}, ports: [{containerPort: 1, hostPort: 9}]}]}";
	add_pod(&s, q);
	add_pod(&s, q); /* the same again changes nothing */
	const struct node_state *n = s.nodes[0];
	assert_int_equal(n->used.cpu_milli, 1000);
	assert_int_equal(n->n_pods, 1);
	assert_int_equal(n->n_ports, 1);
	snapshot_set_node(&s, "a", NULL);
	assert_int_equal(s.n_nodes, 0);
	add_node(&s, NODE("a", "")); /* the Pod was still there */
	assert_int_equal(s.nodes[0]->used.cpu_milli, 1000);
	snapshot_remove(&s, "u2");
	assert_int_equal(s.nodes[0]->used.cpu_milli, 0);
	assert_int_equal(s.nodes[0]->n_ports, 0);
	assert_int_equal(s.nodes[0]->nonzero_memory, 0);
	snapshot_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_message_counts_and_sorts),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_requests_of_init_containers_and_sidecars),
		cmocka_unit_test(test_sums_follow_pods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

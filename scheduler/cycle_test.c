/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, scores and messages, from Pods and Nodes written as YAML, as a user would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cache.h"
#include "cycle.h"
#include "make_test.h"
#include "plugins/table.h"

/* A cluster as the cache has it, and the snapshot that the search sees. */
struct cluster {
	struct sched_cache cache;
	struct snapshot snapshot;
	struct cycle cycle;
};

static void cluster_init(struct cluster *u)
{
	cache_init(&u->cache);
	snapshot_init(&u->snapshot);
	cycle_init(&u->cycle, &plugin_default_profile);
}

static void cluster_release(struct cluster *u)
{
	cycle_release(&u->cycle);
	snapshot_release(&u->snapshot);
	cache_release(&u->cache);
}

static void add_node(struct cluster *u, const char *yaml)
{
	const struct sched_node *n = make_node(yaml);
	cache_set_node(&u->cache, sched_node_name(n), n);
	informer_unref(n);
}

static void add_pod(struct cluster *u, const char *yaml)
{
	const struct sched_pod *p = make_pod(yaml);
	cache_place(&u->cache, p, p->node, false);
	informer_unref(p);
}

static const struct node_state *run(struct cluster *u, const struct sched_pod *p, struct reasons *why)
{
	struct nomination nomination;
	cache_update_snapshot(&u->cache, &u->snapshot);
	return cycle_run(&u->cycle, &u->snapshot, p, why, &nomination);
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
		struct cluster u;
		struct reasons why = {0};
		cluster_init(&u);
		add_node(&u, c->node);
		if (c->bound)
			add_pod(&u, c->bound);
		const struct sched_pod *p = make_pod(c->pod);
		const struct node_state *n = run(&u, p, &why);
		if (!c->reason && !n)
			fail_msg("%s: expected to fit", c->what);
		if (c->reason) {
			autobuf struct buf message = BUF_INIT;
			if (n)
				fail_msg("%s: expected not to fit", c->what);
			reasons_write(&message, u.snapshot.n_nodes, &why);
			if (strcmp(buf_str(&message), c->reason) != 0)
				fail_msg("%s: got '%s'", c->what, buf_str(&message));
		}
		informer_unref(p);
		reasons_release(&why);
		cluster_release(&u);
	}
}

static void test_message_counts_and_sorts(void **state)
{
	struct cluster u;
	struct reasons why = {0};
	cluster_init(&u);
	add_node(&u, NODE("a", "spec: {taints: [{key: k, value: v, effect: NoSchedule}]}"));
	add_node(&u, NODE("b", ""));
	add_node(&u, NODE("c", ""));
	const struct sched_pod *p = make_pod(ASK("cpu: '3'"));
	assert_null(run(&u, p, &why));
	autobuf struct buf message = BUF_INIT;
	reasons_write(&message, u.snapshot.n_nodes, &why);
	assert_string_equal(
		buf_str(&message),
		"0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu.");
	informer_unref(p);
	reasons_release(&why);
	cluster_release(&u);
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
	{"a resource that a node does not tell is none of the score: least allocated",
	 "metadata: {name: a}\nstatus: {allocatable: {cpu: '4', pods: '9'}}",
	 "metadata: {name: b}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}}", NULL, POD(""),
	 "a"},
	{"a resource that a node does not tell is none of the score: balanced allocation",
	 "metadata: {name: a}\nstatus: {allocatable: {cpu: '2', pods: '9'}}",
	 "metadata: {name: b}\nstatus: {allocatable: {cpu: '2', memory: 400Mi, pods: '9'}}", NULL,
	 ASK("cpu: 100m"), "a"},
	{"image locality",
	 "metadata: {name: a}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}, images: [{names: ['x/big:latest'], sizeBytes: 900000000}]}",
	 "metadata: {name: b}\nstatus: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}}", NULL,
	 "metadata: {name: p, namespace: d, uid: u1}\nspec: {containers: [{name: c, image: x/big}]}", "a"},
};

static void test_scores(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(score_cases); i++) {
		const struct score_case *c = &score_cases[i];
		struct cluster u;
		cluster_init(&u);
		add_node(&u, c->a);
		add_node(&u, c->b);
		if (c->bound)
			add_pod(&u, c->bound);
		const struct sched_pod *p = make_pod(c->pod);
		for (int round = 0; round < 8; round++) {
			struct reasons why = {0};
			const struct node_state *n = run(&u, p, &why);
			if (!n || strcmp(node_state_name(n), c->winner) != 0)
				fail_msg("%s: got %s", c->what, n ? node_state_name(n) : "none");
			reasons_release(&why);
		}
		informer_unref(p);
		cluster_release(&u);
	}
}

/* A DaemonSet's Pod names its node: the others are counted without a look. */
static void test_pinned_pods(void **state)
{
#define PIN(n)                                                                                                                 \
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: " \
	"metadata.name, operator: In, values: [" n "]}]}]}}}"
	static const struct {
		const char *pod, *node, *message;
	} cases[] = {
		{POD(PIN("b")), "b", NULL},
		{POD(PIN("z")), NULL,
		 "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]."},
		{POD(PIN("c")), NULL,
		 "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."},
		{POD(PIN("a]}, {key: metadata.name, operator: In, values: [b")), NULL,
		 "0/3 nodes are available: pod affinity terms conflict."},
	};
	struct cluster u;
	cluster_init(&u);
	add_node(&u, NODE("a", ""));
	add_node(&u, NODE("b", ""));
	add_node(&u, NODE("c", "spec: {unschedulable: true}"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reasons why = {0};
		const struct sched_pod *p = make_pod(cases[i].pod);
		const struct node_state *n = run(&u, p, &why);
		assert_int_equal(!n, !cases[i].node);
		if (n)
			assert_string_equal(node_state_name(n), cases[i].node);
		autobuf struct buf message = BUF_INIT;
		reasons_write(&message, u.snapshot.n_nodes, &why);
		if (!n)
			assert_string_equal(buf_str(&message), cases[i].message);
		reasons_release(&why);
		informer_unref(p);
	}
	cluster_release(&u);
}

static void test_more_nodes_than_are_scored(void **state)
{
	struct cluster u;
	struct reasons why = {0};
	cluster_init(&u);
	for (int i = 0; i < CYCLE_MAX_FEASIBLE + 10; i++) {
		autofree char *yaml = mem_printf(
			"metadata: {name: n%d}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 9}}", i);
		add_node(&u, yaml);
	}
	const struct sched_pod *p = make_pod(POD(""));
	assert_non_null(run(&u, p, &why));
	assert_int_equal(u.cycle.start, CYCLE_MAX_FEASIBLE); /* the next search goes on there */
	assert_non_null(run(&u, p, &why));
	assert_int_equal(u.cycle.start, CYCLE_MAX_FEASIBLE - 10);
	informer_unref(p);
	reasons_release(&why);
	cluster_release(&u);
}

/*
 * Equal Pods on equal nodes while everything happens at once: bindings are confirmed late or fail, all nodes are told
 * again, the daemon starts anew in the middle. Equal scores are drawn by lot, so nothing of that may draw Pods to a node.
 */
enum { SPREAD_NODES = 50, SPREAD_PODS = 1000, SPREAD_ROUNDS = 5, SPREAD_LATE = 64, SPREAD_TELL = 100 };

struct spread {
	struct cluster u;
	const struct sched_pod *pods[SPREAD_PODS];
	size_t at[SPREAD_PODS]; /* node */
	bool failed[SPREAD_PODS], bound[SPREAD_PODS];
};

static void spread_tell_nodes(struct spread *s)
{
	for (int i = 0; i < SPREAD_NODES; i++) {
		autofree char *yaml = mem_printf(
			"metadata: {name: n%d}\nstatus: {allocatable: {cpu: 32, memory: 256Gi, pods: 110}}",
			i);
		add_node(&s->u, yaml);
	}
}

static const struct sched_pod *spread_pod(size_t i, const char *node)
{
	autofree char *yaml = mem_printf(
		"metadata: {name: p, namespace: d, uid: u%zu}\nspec: {nodeName: '%s', containers: [{name: "
		"c, resources: {requests: {cpu: 1m, memory: 1Mi}}}]}",
		i, node);
	return make_pod(yaml);
}

static void spread_assume(struct spread *s, size_t i)
{
	struct reasons why = {0};
	const struct node_state *n = run(&s->u, s->pods[i], &why);
	assert_non_null(n);
	s->at[i] = (size_t)atoi(node_state_name(n) + 1);
	cache_place(&s->u.cache, s->pods[i], node_state_name(n), true);
	reasons_release(&why);
}

static void spread_show_bound(struct spread *s, size_t i)
{
	char node[16];
	snprintf(node, sizeof(node), "n%zu", s->at[i]);
	const struct sched_pod *p = spread_pod(i, node);
	cache_place(&s->u.cache, p, node, false);
	informer_unref(p);
	s->bound[i] = true;
}

/* One of seven bindings fails at first. */
static void spread_answer(struct spread *s, size_t i)
{
	if (i % 7 == 0 && !s->failed[i]) {
		s->failed[i] = true;
		cache_remove(&s->u.cache, s->pods[i]->base.meta.uid);
		spread_assume(s, i);
	}
	spread_show_bound(s, i);
}

/* What was on the way is not known any more. */
static void spread_restart(struct spread *s, size_t n)
{
	cluster_release(&s->u);
	cluster_init(&s->u);
	spread_tell_nodes(s);
	for (size_t i = 0; i < n; i++)
		if (s->bound[i])
			spread_show_bound(s, i);
	for (size_t i = 0; i < n; i++)
		if (!s->bound[i])
			spread_assume(s, i);
}

static void spread_count(struct spread *s, size_t total[SPREAD_NODES])
{
	size_t count[SPREAD_NODES] = {0};
	for (size_t i = 0; i < SPREAD_PODS; i++)
		count[s->at[i]]++;
	cache_update_snapshot(&s->u.cache, &s->u.snapshot);
	for (size_t i = 0; i < SPREAD_NODES; i++) {
		const struct node_state *n = s->u.snapshot.nodes[i];
		size_t at = (size_t)atoi(node_state_name(n) + 1);
		assert_int_equal(n->n_pods, count[at]);
		assert_int_equal(n->used.cpu_milli, count[at]);
		assert_true(count[at] <= 60); /* 20 are expected: fair dice show more than 60 nowhere */
		total[at] += count[at];
	}
}

static void spread_round(struct spread *s, size_t total[SPREAD_NODES])
{
	cluster_init(&s->u);
	spread_tell_nodes(s);
	for (size_t i = 0; i < SPREAD_PODS; i++) {
		s->pods[i] = spread_pod(i, "");
		spread_assume(s, i);
		if (i >= SPREAD_LATE)
			spread_answer(s, i - SPREAD_LATE);
		if (i % SPREAD_TELL == 0)
			spread_tell_nodes(s);
		if (i == SPREAD_PODS / 2)
			spread_restart(s, i + 1);
	}
	for (size_t i = SPREAD_PODS - SPREAD_LATE; i < SPREAD_PODS; i++)
		spread_answer(s, i);
	spread_count(s, total);
	for (size_t i = 0; i < SPREAD_PODS; i++)
		informer_unref(s->pods[i]);
	cluster_release(&s->u);
}

static void test_equal_pods_spread(void **state)
{
	size_t total[SPREAD_NODES] = {0};
	for (int i = 0; i < SPREAD_ROUNDS; i++) {
		struct spread *s = MEM_NEW(struct spread);
		spread_round(s, total);
		free(s);
	}
	/* 100 each, with a deviation of 10: no place in the snapshot is preferred. */
	for (size_t i = 0; i < SPREAD_NODES; i++)
		assert_in_range(total[i], 30, 180);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_message_counts_and_sorts),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_pinned_pods),
		cmocka_unit_test(test_more_nodes_than_are_scored),
		cmocka_unit_test(test_equal_pods_spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

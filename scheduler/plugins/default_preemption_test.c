/* SPDX-License-Identifier: Apache-2.0 */
/* Who has to go, after upstream's cases (defaultpreemption/default_preemption_test.go) and what came after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"
#include "cluster_test.h"
#include "plugins/table.h"

#define POD(more)                                                                                            \
	"metadata: {name: p, namespace: d, uid: me, labels: {foo: ''}}\nspec: {priority: 100, " more "}"
#define ASKS(cpu) "containers: [{name: c, resources: {requests: {cpu: " cpu "m}}}]"
#define BUDGET(name, allowed, more)                                                                          \
	"metadata: {name: " name ", namespace: d}\nspec: {selector: {matchLabels: {app: x}}}\nstatus: "      \
	"{disruptionsAllowed: " allowed more "}"
#define NO_HELP(n, reasons) "preemption: 0/" n " nodes are available: " reasons "."
#define NOT_HELPFUL "Preemption is not helpful for scheduling"
#define NO_VICTIMS "No preemption victims found for incoming pod"

/* Pods are named u0, u1, … in their order; a node has 1000m. want: the node with its victims, the most important first. */
static const struct {
	const char *what, *nodes, *pods, *budget, *pod, *want;
} cases[] = {
	{"higher priority", "a", "a $1000", NULL, POD(ASKS("500")), "a u0"},
	{"equal priority", "a", "a $1000 ^100", NULL, POD(ASKS("500")), NO_HELP("1", "1 " NO_VICTIMS)},
	{"too large for every node", "a; b", "a $500; b $500", NULL, POD(ASKS("2000")),
	 NO_HELP("2", "2 " NOT_HELPFUL)},
	{"nodes that do not match are not tried", "a; b x=1", "a $1000; b $1000 ^100", NULL,
	 POD("nodeSelector: {x: '1'}, " ASKS("500")), NO_HELP("2", "1 " NO_VICTIMS ", 1 " NOT_HELPFUL)},
	{"one node is possible", "a; b", "a $1000 ^100; b $1000", NULL, POD(ASKS("500")), "b u1"},
	{"a mixture of reasons", "a; b; c x=1", "a $1000 ^100; b $500 ^1; b $500 ^100; c $1000 ^1", NULL,
	 POD("nodeSelector: {x: '2'}, " ASKS("600")), NO_HELP("3", "3 " NOT_HELPFUL)},
	{"it would not fit without them either", "a", "a $600 ^100; a $300 ^1", NULL, POD(ASKS("600")),
	 NO_HELP("1", "1 Insufficient cpu")},
	{"both words", "a; b", "a $600 ^100; a $300 ^1; b $900 ^200", NULL, POD(ASKS("600")),
	 NO_HELP("2", "1 Insufficient cpu, 1 " NO_VICTIMS)},
	{"the small one stays though it is the least", "a", "a $50 ^1; a $700 ^50", NULL, POD(ASKS("600")),
	 "a u1"},
	{"mixed priorities: as few as possible go", "a", "a $300 ^1; a $300 ^50; a $100 ^10; a $300 ^200",
	 NULL, POD(ASKS("400")), "a u2 u0"},
	{"the later start goes", "a", "a $300 ^1 ~10; a $300 ^1 ~5; a $300 ^1 ~20", NULL, POD(ASKS("300")),
	 "a u2"},
	{"all go", "a", "a $500 ^1; a $500 ^2", NULL, POD(ASKS("1000")), "a u1 u0"},
	/* ---- which node ---- */
	{"lowest of the highest priorities", "a; b; c", "a $500 ^10; a $500 ^1; b $1000 ^20; c $1000 ^30",
	 NULL, POD(ASKS("1000")), "a u0 u1"},
	{"the smaller sum", "a; b; c", "a $500 ^10; a $500 ^9; b $500 ^10; b $500 ^8; c $500 ^10; c $500 ^10",
	 NULL, POD(ASKS("1000")), "b u2 u3"},
	{"fewer, when highest and sum are the same", "a; b",
	 "a $300 ^5; a $300 ^-2147483648; a $400 ^-2147483648; b $500 ^5; b $500 ^-2147483648", NULL,
	 POD(ASKS("1000")), "b u3 u4"},
	{"sums count from the lowest priority", "a; b",
	 "a $500 ^-5; a $500 ^-5; b $300 ^-5; b $300 ^-6; b $400 ^-7", NULL, POD(ASKS("1000")), "a u0 u1"},
	{"the later start of the most important", "a; b; c", "a $1000 ^1 ~5; b $1000 ^1 ~9; c $1000 ^1 ~7",
	 NULL, POD(ASKS("1000")), "b u1"},
	{"the earliest start of several counts", "a; b",
	 "a $500 ^1 ~5; a $500 ^1 ~50; b $500 ^1 ~6; b $500 ^1 ~7", NULL, POD(ASKS("1000")), "b u2 u3"},
	{"starts of the most important only", "a; b",
	 "a $500 ^2 ~9; a $500 ^1 ~1; b $500 ^2 ~8; b $500 ^1 ~50", NULL, POD(ASKS("1000")), "a u0 u1"},
	/* ---- budgets ---- */
	{"a budget is kept where it can be", "a; b", "a $1000 ^1 app=x; b $1000 ^2", BUDGET("b", "0", ""),
	 POD(ASKS("1000")), "b u1"},
	{"a budget is broken where it must be", "a", "a $1000 ^1 app=x", BUDGET("b", "0", ""),
	 POD(ASKS("500")), "a u0"},
	{"the protected one stays, the more important goes", "a", "a $500 ^1 app=x; a $500 ^50",
	 BUDGET("b", "0", ""), POD(ASKS("500")), "a u1"},
	{"a budget with room", "a", "a $500 ^1 app=x; a $500 ^50", BUDGET("b", "1", ""), POD(ASKS("500")),
	 "a u0"},
	{"fewer violations", "a; b", "a $500 ^1 app=x; a $500 ^1 app=x; b $500 ^9 app=x; b $500 ^9",
	 BUDGET("b", "0", ""), POD(ASKS("1000")), "b u2 u3"},
	{"one that was evicted already counts no more", "a; b", "a $1000 ^1 app=x %gone; b $1000 ^2",
	 BUDGET("b", "0", ", disruptedPods: {gone: '2026-01-01T00:00:00Z'}"), POD(ASKS("1000")), "a u0"},
	{"another namespace's budget", "a; b", "a $1000 ^1 app=x @other; b $1000 ^2", BUDGET("b", "0", ""),
	 POD(ASKS("1000")), "a u0"},
	{"an empty selector protects nobody", "a; b", "a $1000 ^1 app=x; b $1000 ^2",
	 "metadata: {name: b, namespace: d}\nspec: {selector: {}}\nstatus: {disruptionsAllowed: 0}",
	 POD(ASKS("1000")), "a u0"},
	/* ---- what else is in the way ---- */
	{"anti-affinity", "a h=1", "a $100 ^1 foo; a $100 ^200", NULL,
	 POD("affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: h, labelSelector: "
	     "{matchExpressions: [{key: foo, operator: Exists}]}}]}}, " ASKS("100")),
	 "a u0"},
	{"spreading", "a zone=1 h=a; b zone=1 h=b; x zone=2 h=x",
	 "a $0 ^200 foo; b $0 ^1 foo; x $0 ^200 foo !", NULL,
	 POD("topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: "
	     "{matchExpressions: [{key: foo, operator: Exists}]}, minDomains: 3}], nodeSelector: {zone: '1'}, " ASKS(
		     "1")),
	 NO_HELP("3", "1 " NO_VICTIMS ", 1 " NOT_HELPFUL
		      ", 1 node(s) didn't match pod topology spread constraints")},
	{"spreading: one goes and it fits", "a zone=1; x zone=2", "a $0 ^1 foo; x $0 ^200 foo", NULL,
	 POD("topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: "
	     "{matchExpressions: [{key: foo, operator: Exists}]}, minDomains: 3}], " ASKS("1")),
	 "a u0"},
	{"a missing label is final", "a", "a $0 ^1 foo", NULL,
	 POD("topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}], " ASKS(
		 "1")),
	 NO_HELP("1", "1 " NOT_HELPFUL)},
	{"required affinity is final", "a h=1", "a $0 ^1", NULL,
	 POD("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: h, labelSelector: "
	     "{matchLabels: {x: z}}}]}}, " ASKS("1")),
	 NO_HELP("1", "1 " NOT_HELPFUL)},
	{"ports", "a", "a $0 ^1", NULL, POD("preemptionPolicy: PreemptLowerPriority, " ASKS("2")), "fits"},
	{"never", "a", "a $1000 ^1", NULL, POD("preemptionPolicy: Never, " ASKS("500")),
	 "preemption: not eligible due to preemptionPolicy=Never."},
};

static void outcome(struct cluster *u, const struct sched_pod *p, struct buf *got, struct nomination *n)
{
	struct reasons why = {0};

	cache_update_snapshot(&u->cache, &u->snapshot);
	const struct node_state *s = cycle_run(&u->cycle, &u->snapshot, p, &why, n);
	buf_clear(got);
	buf_adds(got, s ? "fits" : n->node ? node_state_name(n->node) : n->message ? n->message : "nothing");
	for (size_t i = 0; i < n->n_victims; i++)
		buf_addf(got, " %s", n->victims[i]->base.meta.uid);
	reasons_release(&why);
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sched_pod *p = make_pod(cases[i].pod);
		struct cluster u;
		struct nomination n;
		autobuf struct buf got = BUF_INIT;

		cluster_init(&u, &plugin_default_profile);
		cluster_nodes(&u, cases[i].nodes, NULL);
		cluster_pods(&u, cases[i].pods, NULL);
		if (cases[i].budget)
			cluster_tell(&u, LOOKUP_BUDGETS, cases[i].budget);
		outcome(&u, p, &got, &n);
		if (strcmp(buf_str(&got), cases[i].want) != 0)
			fail_msg("%s: got %s, not %s", cases[i].what, buf_str(&got), cases[i].want);
		for (size_t k = 0; k < u.n_names; k++) /* nothing was changed */
			assert_true(snapshot_node(&u.snapshot, u.names[k])->n_pods <= u.n_pods);
		informer_unref(p);
		cluster_release(&u);
	}
}

#define ME(status)                                                                                           \
	"metadata: {name: p, namespace: d, uid: me}\nspec: {priority: 100, " ASKS("600") "}\n" status
#define GOING                                                                                                \
	"metadata: {name: v, uid: v, namespace: d, deletionTimestamp: '2026-01-01T00:00:00Z'}\n"             \
	"spec: {nodeName: a, priority: %d, " ASKS(                                                           \
		"600") "}\n"                                                                                 \
		       "status: {conditions: [{type: DisruptionTarget, status: 'True', reason: %s}]}"

/* Its victims take their time: nobody else has to go meanwhile. Who goes by itself is nothing to wait for. */
static void test_victims_that_go_are_waited_for(void **state)
{
	static const struct {
		int priority;
		const char *reason, *nominated, *want;
	} rows[] = {
		{1, "PreemptionByScheduler", "a",
		 "preemption: not eligible due to a terminating pod on the nominated node."},
		{1, "EvictionByEvictionAPI", "a", "b u0"},
		{1, "PreemptionByScheduler", NULL, "b u0"},
		{1, "PreemptionByScheduler", "b", "b u0"},
		{1, "PreemptionByScheduler", "gone", "b u0"},
		{200, "PreemptionByScheduler", "a", "b u0"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *victim = mem_printf(GOING, rows[i].priority, rows[i].reason);
		const struct sched_pod *p = make_pod(ME(""));
		struct cluster u;
		struct nomination n;
		autobuf struct buf got = BUF_INIT;

		cluster_init(&u, &plugin_default_profile);
		cluster_nodes(&u, "a; b", NULL);
		cluster_pods(&u, "b $600 ^0", NULL);
		cluster_add_pod(&u, victim);
		cache_nominate(&u.cache, p, rows[i].nominated);
		outcome(&u, p, &got, &n);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("row %zu: got %s", i, buf_str(&got));
		assert_false(n.clear);
		informer_unref(p);
		cluster_release(&u);
	}
}

/* They were told to go, and the API does not say so yet. */
static void test_the_condemned_are_waited_for(void **state)
{
	const struct sched_pod *p = make_pod(ME(""));
	struct cluster u;
	struct nomination n;
	autobuf struct buf got = BUF_INIT;

	clock_fake(1000 * NS_PER_S);
	cluster_init(&u, &plugin_default_profile);
	cluster_nodes(&u, "a", NULL);
	cluster_pods(&u, "a $600 ^0", NULL);
	outcome(&u, p, &got, &n);
	assert_string_equal(buf_str(&got), "a u0");
	cycle_condemn(&u.cycle, &n);
	cache_nominate(&u.cache, p, "a");
	outcome(&u, p, &got, &n);
	assert_string_equal(buf_str(&got),
			    "preemption: not eligible due to a terminating pod on the nominated node.");
	clock_advance(120 * NS_PER_S);
	cycle_condemn(&u.cycle, &(struct nomination){0});
	outcome(&u, p, &got, &n); /* it never went */
	assert_string_equal(buf_str(&got), "a u0");
	informer_unref(p);
	cluster_release(&u);
	clock_real();
}

/* The place belongs to who made it: not to less important ones, to more important ones all the same. */
static void test_a_nominated_place(void **state)
{
	const struct sched_pod
		*p = make_pod(ME("")),
		*small = make_pod(
			"metadata: {name: s, namespace: d, uid: s}\nspec: {priority: 5, " ASKS("600") "}"),
		*large = make_pod(
			"metadata: {name: l, namespace: d, uid: l}\nspec: {priority: 500, " ASKS("600") "}");
	struct cluster u;
	struct nomination n;
	autobuf struct buf got = BUF_INIT;

	cluster_init(&u, &plugin_default_profile);
	cluster_nodes(&u, "a; b", NULL);
	cluster_pods(&u, "b $500 ^900", NULL);
	cache_nominate(&u.cache, p, "a");
	outcome(&u, small, &got, &n);
	assert_string_equal(buf_str(&got), NO_HELP("2", "2 " NO_VICTIMS));
	assert_true(n.clear);
	outcome(&u, large, &got, &n);
	assert_string_equal(buf_str(&got), "fits");
	outcome(&u, p, &got, &n);
	assert_string_equal(buf_str(&got), "fits");
	cache_nominate(&u.cache, p, NULL);
	outcome(&u, small, &got, &n);
	assert_string_equal(buf_str(&got), "fits");
	informer_unref(p);
	informer_unref(small);
	informer_unref(large);
	cluster_release(&u);
}

/* It goes where room was made for it, though another node would suit it better. */
static void test_the_nominated_node_comes_first(void **state)
{
	const struct sched_pod *p = make_pod(ME(""));
	struct cluster u;
	struct nomination n;
	struct reasons why = {0};

	cluster_init(&u, &plugin_default_profile);
	cluster_nodes(&u, "a; b", NULL);
	cluster_pods(&u, "a $300 ^0", NULL);
	cache_nominate(&u.cache, p, "a");
	cache_update_snapshot(&u.cache, &u.snapshot);
	assert_string_equal(node_state_name(cycle_run(&u.cycle, &u.snapshot, p, &why, &n)), "a");
	cluster_pods(&u, "a $300 ^0", NULL); /* which is taken now */
	cache_update_snapshot(&u.cache, &u.snapshot);
	assert_string_equal(node_state_name(cycle_run(&u.cycle, &u.snapshot, p, &why, &n)), "b");
	reasons_release(&why);
	informer_unref(p);
	cluster_release(&u);
}

/* Of many nodes enough are tried, but on for one that breaks no budget. */
static void test_many_nodes(void **state)
{
	const struct sched_pod *p = make_pod(ME(""));
	struct cluster u;
	struct nomination n;
	autobuf struct buf got = BUF_INIT;

	cluster_init(&u, &plugin_default_profile);
	for (int i = 0; i < 300; i++) {
		autofree char *node = mem_printf("n%d", i), *pod = mem_printf("n%d $600 ^0 app=x", i);

		u.n_names = 0;
		cluster_nodes(&u, node, NULL);
		cluster_pods(&u, pod, NULL);
	}
	u.n_names = 0;
	cluster_nodes(&u, "free", NULL);
	cluster_pods(&u, "free $600 ^50", NULL);
	cluster_tell(&u, LOOKUP_BUDGETS, BUDGET("b", "0", ""));
	for (int i = 0; i < 5; i++) {
		outcome(&u, p, &got, &n);
		assert_string_equal(buf_str(&got), "free u300");
	}
	informer_unref(p);
	cluster_release(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_victims_that_go_are_waited_for),
		cmocka_unit_test(test_the_condemned_are_waited_for),
		cmocka_unit_test(test_a_nominated_place),
		cmocka_unit_test(test_the_nominated_node_comes_first),
		cmocka_unit_test(test_many_nodes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

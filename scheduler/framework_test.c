/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hook, by a plugin that the test writes: one Pod per node (what anti-affinity is to the framework), which keeps
 * its count in the cycle state, makes room in postfilter and remembers in which order it was called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cache.h"
#include "cycle.h"
#include "make_test.h"

static char calls[512];
static const char *refuse = ""; /* the hook that says no */

static void note(const char *hook)
{
	size_t n = strlen(calls);
	snprintf(calls + n, sizeof(calls) - n, "%s%s", n ? " " : "", hook);
}

/* ---- the plugin: at most `limit` Pods on a node ---- */
struct crowd {
	size_t limit;
	int64_t balance; /* of forks: Pods that came less those that went */
};

static enum verdict crowd_prefilter(struct cycle_state *st, const struct sched_pod *p,
				    const struct snapshot *s, struct reasons *why)
{
	note("prefilter");
	if (!strcmp(refuse, "prefilter")) {
		reasons_add_n(why, "refused before", s->n_nodes);
		return VERDICT_REJECT;
	}
	if (!strcmp(refuse, "skip"))
		return VERDICT_SKIP;
	struct crowd *c = cycle_state_new(st, sizeof(*c));
	c->limit = 1;
	return VERDICT_OK;
}

static bool crowd_filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			 struct reasons *why)
{
	const struct crowd *c = cycle_state_data(st);
	note("filter");
	if (c && n->n_pods < c->limit)
		return true;
	reasons_add(why, "crowded");
	return false;
}

static void *crowd_clone(const void *data, struct arena *a)
{
	return memcpy(arena_alloc(a, sizeof(struct crowd)), data, sizeof(struct crowd));
}

static void crowd_add(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *came,
		      const struct node_state *n)
{
	((struct crowd *)cycle_state_data(st))->balance++;
}

static void crowd_remove(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *went,
			 const struct node_state *n)
{
	if (cycle_state_data(st)) /* prefilter did not refuse */
		((struct crowd *)cycle_state_data(st))->balance--;
}

static const struct framework crowd_framework;

/* The first node on which the Pod would fit if one of its Pods were gone: preemption in small. */
static bool crowd_postfilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct reasons *why, struct nomination *ret)
{
	note("postfilter");
	for (size_t i = 0; i < s->n_nodes; i++) {
		struct framework_fork k;
		framework_fork_init(&k, &crowd_framework, st, p, s->nodes[i]);
		if (s->nodes[i]->n_pods)
			framework_fork_remove(&k, s->nodes[i]->pods[0]);
		bool fits = framework_fork_fits(&k, NULL);
		framework_fork_release(&k);
		if (!fits)
			continue;
		const struct sched_pod **victims = arena_array(&st->arena, 1, sizeof(*victims));
		victims[0] = s->nodes[i]->pods[0];
		*ret = (struct nomination){.node = s->nodes[i], .victims = victims, .n_victims = 1};
		return true;
	}
	return false;
}

static enum verdict crowd_prescore(struct cycle_state *st, const struct sched_pod *p,
				   const struct snapshot *s, const struct node_state *const *nodes, size_t n)
{
	note("prescore");
	return !strcmp(refuse, "score") ? VERDICT_SKIP : VERDICT_OK;
}

/* By name: the last is best. */
static int64_t crowd_score(const struct cycle_state *st, const struct sched_pod *p,
			   const struct node_state *n, const struct snapshot *s)
{
	note("score");
	return 1000 * node_state_name(n)[0];
}

static void crowd_normalize(const struct cycle_state *st, int64_t *scores, size_t n)
{
	note("normalize");
	plugin_normalize(st, scores, n);
	for (size_t i = 0; i < n; i++)
		assert_true(scores[i] >= 0 && scores[i] <= SCORE_MAX);
}

static bool step(const char *hook, struct reasons *why)
{
	note(hook);
	if (strcmp(refuse, hook))
		return true;
	reasons_add(why, hook);
	return false;
}
#define STEP(hook)                                                                                           \
	static bool crowd_##hook(struct cycle_state *st, const struct sched_pod *p,                          \
				 const struct node_state *n, struct reasons *why)                            \
	{                                                                                                    \
		return step(#hook, why);                                                                     \
	}
STEP(reserve)
STEP(prebind)

static enum verdict crowd_permit(struct cycle_state *st, const struct sched_pod *p,
				 const struct node_state *n, struct reasons *why, int64_t *ret_timeout_ns)
{
	if (!strcmp(refuse, "wait")) {
		*ret_timeout_ns = 3600 * NS_PER_S;
		return VERDICT_WAIT;
	}
	return step("permit", why) ? VERDICT_OK : VERDICT_REJECT;
}

static void crowd_unreserve(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n)
{
	note("unreserve");
}

static bool crowd_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return e->pod->priority < p->priority;
}
static const struct event_hint crowd_hints[] = {
	{EVENT_POD_DELETED, crowd_helps}, {EVENT_NODE_ADDED, NULL}, {0}};

static const struct plugin crowd = {
	.name = "Crowd",
	.hints = crowd_hints,
	.prefilter = crowd_prefilter,
	.filter = crowd_filter,
	.clone = crowd_clone,
	.add_pod = crowd_add,
	.remove_pod = crowd_remove,
	.postfilter = crowd_postfilter,
	.prescore = crowd_prescore,
	.score = crowd_score,
	.normalize = crowd_normalize,
	.weight = 1,
	.reserve = crowd_reserve,
	.unreserve = crowd_unreserve,
	.permit = crowd_permit,
	.prebind = crowd_prebind,
};
static const struct plugin silent = {.name = "Silent"}; /* every hook is optional */
static const struct plugin *const plugins[] = {&silent, &crowd};
static const struct framework crowd_framework = {.plugins = plugins, .n = ARRAY_LEN(plugins)};
#define CROWD 2u /* its bit */

/* ---- the cluster ---- */
struct cluster {
	struct sched_cache cache;
	struct snapshot snapshot;
	struct cycle cycle;
	struct reasons why;
	const struct sched_pod *pod;
};

static void add_node(struct cluster *u, const char *name, size_t pods)
{
	autofree char *yaml = mem_printf("metadata: {name: %s}", name);
	const struct sched_node *n = make_node(yaml);
	cache_set_node(&u->cache, name, n);
	informer_unref(n);
	for (size_t i = 0; i < pods; i++) {
		autofree char *text =
			mem_printf("metadata: {name: q, uid: %s-%zu}\nspec: {nodeName: %s}", name, i, name);
		const struct sched_pod *p = make_pod(text);
		cache_place(&u->cache, p, name, false);
		informer_unref(p);
	}
}

static int setup(void **state)
{
	struct cluster *u = MEM_NEW(struct cluster);
	cache_init(&u->cache);
	snapshot_init(&u->snapshot);
	cycle_init(&u->cycle, &crowd_framework);
	u->pod = make_pod("metadata: {name: p, uid: u}\nspec: {priority: 10}");
	calls[0] = '\0';
	refuse = "";
	*state = u;
	return 0;
}

static int teardown(void **state)
{
	struct cluster *u = *state;
	cycle_release(&u->cycle);
	snapshot_release(&u->snapshot);
	cache_release(&u->cache);
	reasons_release(&u->why);
	informer_unref(u->pod);
	free(u);
	return 0;
}

static const char *run(struct cluster *u, struct nomination *ret)
{
	struct nomination nomination;
	cache_update_snapshot(&u->cache, &u->snapshot);
	const struct node_state *n = cycle_run(&u->cycle, &u->snapshot, u->pod, &u->why, &nomination);
	if (ret)
		*ret = nomination;
	return n ? node_state_name(n) : "none";
}

static void test_the_order_of_hooks(void **state)
{
	struct cluster *u = *state;
	add_node(u, "a", 0);
	add_node(u, "b", 0);
	assert_string_equal(run(u, NULL), "b");
	const struct node_state *b = snapshot_node(&u->snapshot, "b");
	struct permit permit;
	assert_int_equal(framework_commit(&crowd_framework, &u->cycle.state, u->pod, b, &u->why, &permit),
			 VERDICT_OK);
	assert_true(framework_prebind(&crowd_framework, &u->cycle.state, u->pod, b, &u->why));
	assert_string_equal(calls,
			    "prefilter filter filter prescore score score normalize reserve permit prebind");
}

static void test_what_prefilter_may_say(void **state)
{
	struct cluster *u = *state;
	add_node(u, "a", 1);
	add_node(u, "b", 1);
	refuse = "skip"; /* nothing to filter: crowded or not */
	assert_string_equal(run(u, NULL), "b");
	refuse = "prefilter";
	calls[0] = '\0';
	assert_string_equal(run(u, NULL), "none");
	assert_string_equal(calls, "prefilter postfilter filter filter"); /* the filters of its forks */
	assert_int_equal(u->why.plugins, CROWD);
	autobuf struct buf message = BUF_INIT;
	reasons_write(&message, u->snapshot.n_nodes, &u->why);
	assert_string_equal(buf_str(&message), "0/2 nodes are available: refused before.");
}

static void test_prescore_may_leave_it_at_that(void **state)
{
	struct cluster *u = *state;
	add_node(u, "a", 0);
	add_node(u, "b", 0);
	refuse = "score";
	run(u, NULL);
	assert_string_equal(calls, "prefilter filter filter prescore");
}

static void test_postfilter_nominates(void **state)
{
	struct cluster *u = *state;
	struct nomination nomination;
	add_node(u, "a", 3); /* with one less it would still be crowded */
	add_node(u, "b", 1);
	assert_string_equal(run(u, &nomination), "none");
	assert_string_equal(node_state_name(nomination.node), "b");
	assert_int_equal(nomination.n_victims, 1);
	assert_string_equal(nomination.victims[0]->base.meta.uid, "b-0");
	assert_int_equal(u->why.plugins, CROWD);
	assert_int_equal(u->why.v[0].count, 2); /* forks leave no reasons */
	assert_int_equal(snapshot_node(&u->snapshot, "b")->n_pods, 1);
}

static void test_nobody_can_make_room(void **state)
{
	struct cluster *u = *state;
	struct nomination nomination;
	add_node(u, "a", 3);
	assert_string_equal(run(u, &nomination), "none");
	assert_null(nomination.node);
	assert_int_equal(nomination.n_victims, 0);
}

static void test_a_refused_commit_gives_back(void **state)
{
	static const struct {
		const char *refuse, *calls;
	} cases[] = {
		{"reserve", "reserve unreserve"},
		{"permit", "reserve permit unreserve"},
		{"prebind", "reserve permit prebind unreserve"},
	};
	struct cluster *u = *state;
	add_node(u, "a", 0);
	run(u, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reasons why = {0};
		refuse = cases[i].refuse;
		calls[0] = '\0';
		const struct node_state *n = u->snapshot.nodes[0];
		struct permit permit;
		bool done = framework_commit(&crowd_framework, &u->cycle.state, u->pod, n, &why, &permit) ==
				    VERDICT_OK &&
			    framework_prebind(&crowd_framework, &u->cycle.state, u->pod, n, &why);
		assert_false(done);
		assert_string_equal(calls, cases[i].calls);
		assert_int_equal(why.plugins, CROWD);
		assert_string_equal(why.v[0].text, cases[i].refuse);
		reasons_release(&why);
	}
	calls[0] = '\0';
	framework_unreserve(&crowd_framework, &u->cycle.state, u->pod,
			    u->snapshot.nodes[0]); /* the binding failed */
	assert_string_equal(calls, "unreserve");
}

static void test_permit_may_wait(void **state)
{
	struct cluster *u = *state;
	struct permit permit;
	add_node(u, "a", 0);
	run(u, NULL);
	refuse = "wait";
	assert_int_equal(framework_commit(&crowd_framework, &u->cycle.state, u->pod, u->snapshot.nodes[0],
					  &u->why, &permit),
			 VERDICT_WAIT);
	assert_int_equal(permit.waits, CROWD);
	assert_true(permit.timeout_ns[1] == PERMIT_MAX_NS);
}

/* What if these Pods were gone, or here? The snapshot and the state of the search stay as they are. */
static void test_a_fork_changes_nothing_else(void **state)
{
	struct cluster *u = *state;
	add_node(u, "a", 2);
	run(u, NULL);
	const struct node_state *n = u->snapshot.nodes[0];
	struct framework_fork k;
	struct reasons why = {0};
	u->cycle.state.current = 1;
	struct crowd *original = cycle_state_data(&u->cycle.state);
	framework_fork_init(&k, &crowd_framework, &u->cycle.state, u->pod, n);
	k.state.current = 1;
	const struct crowd *data = cycle_state_data(&k.state);
	assert_ptr_not_equal(data, original);
	assert_false(framework_fork_fits(&k, &why));
	assert_string_equal(why.v[0].text, "crowded");
	const struct sched_pod *first = n->pods[0], *second = n->pods[1];
	framework_fork_remove(&k, first);
	assert_false(framework_fork_fits(&k, NULL));
	framework_fork_remove(&k, second);
	assert_int_equal(data->balance, -2);
	assert_true(framework_fork_fits(&k, NULL));
	framework_fork_remove(&k, second); /* it is not there any more */
	assert_int_equal(data->balance, -2);
	framework_fork_add(&k, first); /* reprieved */
	assert_int_equal(data->balance, -1);
	assert_false(framework_fork_fits(&k, NULL));
	assert_int_equal(k.node->used.pods, 1);
	assert_int_equal(k.node->n_pods, 1);
	framework_fork_release(&k);
	assert_int_equal(n->n_pods, 2);
	assert_int_equal(original->balance, 0);
	reasons_release(&why);
}

static void test_hints(void **state)
{
	const struct sched_pod *p = make_pod("spec: {priority: 10}"), *low = make_pod("spec: {priority: 1}"),
			       *high = make_pod("spec: {priority: 20}");
	const struct cluster_event low_gone = {.types = EVENT_POD_DELETED, .pod = low},
				   high_gone = {.types = EVENT_POD_DELETED, .pod = high},
				   node = {.types = EVENT_NODE_ADDED}, other = {.types = EVENT_NODE_TAINTS};
	assert_true(framework_helps(&crowd_framework, CROWD, p, &low_gone));
	assert_false(framework_helps(&crowd_framework, CROWD, p, &high_gone));
	assert_true(framework_helps(&crowd_framework, CROWD, p, &node));
	assert_false(framework_helps(&crowd_framework, CROWD, p, &other));
	assert_false(
		framework_helps(&crowd_framework, 1, p, &node)); /* rejected by one that listens to nothing */
	assert_true(framework_listens(&crowd_framework, CROWD, EVENT_POD_DELETED | EVENT_NODE_TAINTS));
	assert_false(framework_listens(&crowd_framework, CROWD, EVENT_NODE_TAINTS));
	informer_unref(p);
	informer_unref(low);
	informer_unref(high);
}

static void test_only_some_nodes(void **state)
{
	struct cluster *u = *state;
	add_node(u, "a", 0);
	add_node(u, "b", 0);
	add_node(u, "c", 0);
	cache_update_snapshot(&u->cache, &u->snapshot);
	struct cycle_state st = {0};
	const struct node_state *ab[] = {u->snapshot.nodes[0], u->snapshot.nodes[1]},
				*bc[] = {u->snapshot.nodes[1], u->snapshot.nodes[2]};
	cycle_state_only(&st, ab, 2);
	assert_int_equal(st.n_only, 2);
	st.current = 3;
	cycle_state_only(&st, bc, 2);
	assert_int_equal(st.n_only, 1);
	assert_ptr_equal(st.only[0], ab[1]);
	assert_int_equal(st.only_plugins, 1 | 8);
	cycle_state_release(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_order_of_hooks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_prefilter_may_say, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prescore_may_leave_it_at_that, setup, teardown),
		cmocka_unit_test_setup_teardown(test_postfilter_nominates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_can_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_refused_commit_gives_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_permit_may_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fork_changes_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_some_nodes, setup, teardown),
		cmocka_unit_test(test_hints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources as filter and score, after upstream's cases (noderesources/{fit,least_allocated,most_allocated,
 * requested_to_capacity_ratio,balanced_allocation}_test.go): nodes `a cpu/memory`, Pods by what they ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cluster_test.h"
#include "plugins/table.h"

static const struct plugin *const fit_only[] = {&plugin_node_resources_fit};
static const struct plugin *const balanced_only[] = {&plugin_balanced_allocation};

#define NODE(name, cpu, memory, more)                                                                        \
	"metadata: {name: " name "}\nstatus: {allocatable: {cpu: " cpu "m, memory: " memory                  \
	", pods: 99" more "}}"
#define ASK(cpu, memory) "resources: {requests: {cpu: " cpu "m, memory: " memory "}}"
#define POD(c) "metadata: {name: p, namespace: d, uid: u}\nspec: {containers: [" c "]}"
#define ON(uid, node, c)                                                                                     \
	"metadata: {name: " uid ", namespace: d, uid: " uid "}\nspec: {nodeName: " node ", containers: [" c  \
	"]}"
#define BOTH "{name: a, " ASK("1000", "2000") "}, {name: b, " ASK("2000", "3000") "}"
#define CPU "{name: a, " ASK("1000", "0") "}, {name: b, " ASK("2000", "0") "}"
#define NONE "{name: a}"

static const struct resource_weight one_one[] = {{"cpu", 1}, {"memory", 1}},
				    two_one[] = {{"cpu", 2}, {"memory", 1}}, only_memory[] = {{"memory", 1}},
				    gpu[] = {{"cpu", 1}, {"a.b/gpu", 3}},
				    three[] = {{"cpu", 1}, {"memory", 1}, {"a.b/gpu", 1}};
static const struct score_point rising[] = {{0, 0}, {100, 10}}, falling[] = {{0, 10}, {100, 0}},
				hill[] = {{0, 5}, {50, 10}, {100, 0}};
#define R(v) (struct resource_weight *)v, ARRAY_LEN(v)
#define SHAPE(v) (struct score_point *)v, ARRAY_LEN(v)

static const struct score_row {
	const char *what;
	enum fit_strategy strategy;
	struct resource_weight *resources;
	size_t n_resources;
	struct score_point *shape;
	size_t n_shape;
	const char *nodes[2], *pods[4], *pod, *want;
} scores[] = {
#define LEAST FIT_LEAST_ALLOCATED
#define MOST FIT_MOST_ALLOCATED
#define RATIO FIT_REQUESTED_TO_CAPACITY_RATIO
#define EMPTY                                                                                                \
	{                                                                                                    \
		NODE("a", "4000", "10000", ""), NODE("b", "4000", "10000", "")                               \
	}
#define LARGER                                                                                               \
	{                                                                                                    \
		NODE("a", "4000", "10000", ""), NODE("b", "6000", "10000", "")                               \
	}
	{"least: both nodes are alike", LEAST, R(one_one), NULL, 0, EMPTY, {0}, POD(NONE), "a=48 b=48"},
	{"least: b is larger", LEAST, R(one_one), NULL, 0, LARGER, {0}, POD(BOTH), "a=37 b=50"},
	{"least: cpu counts twice", LEAST, R(two_one), NULL, 0, LARGER, {0}, POD(BOTH), "a=33 b=50"},
	{"least: only memory counts", LEAST, R(only_memory), NULL, 0, LARGER, {0}, POD(BOTH), "a=50 b=50"},
	{"least: pods that are there",
	 LEAST,
	 R(two_one),
	 NULL,
	 0,
	 LARGER,
	 {ON("q", "a", CPU), ON("r", "b", BOTH)},
	 POD("{name: c, " ASK("0", "0") "}"),
	 "a=50 b=50"},
	{"least: the node is full",
	 LEAST,
	 R(two_one),
	 NULL,
	 0,
	 LARGER,
	 {ON("q", "a", BOTH), ON("r", "b", CPU)},
	 POD("{name: c, " ASK("1000", "5000") "}"),
	 "a=0 b=38"},
	{"least: no such resource counts nothing",
	 LEAST,
	 R(gpu),
	 NULL,
	 0,
	 EMPTY,
	 {0},
	 POD(BOTH),
	 "a=25 b=25"},
	{"least: an extended resource that the pod asks for",
	 LEAST,
	 R(gpu),
	 NULL,
	 0,
	 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", ", a.b/gpu: 8")},
	 {0},
	 POD("{name: c, resources: {requests: {cpu: 1000m, a.b/gpu: 2}}}"),
	 "a=56 b=75"},
	{"least: and one that it does not ask for",
	 LEAST,
	 R(gpu),
	 NULL,
	 0,
	 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", "")},
	 {0},
	 POD("{name: c, resources: {requests: {cpu: 1000m}}}"),
	 "a=75 b=75"},

	{"most: alike", MOST, R(one_one), NULL, 0, EMPTY, {0}, POD(BOTH), "a=62 b=62"},
	{"most: b is larger", MOST, R(one_one), NULL, 0, LARGER, {0}, POD(BOTH), "a=62 b=50"},
	{"most: cpu counts twice", MOST, R(two_one), NULL, 0, LARGER, {0}, POD(BOTH), "a=66 b=50"},
	{"most: pods that are there",
	 MOST,
	 R(one_one),
	 NULL,
	 0,
	 LARGER,
	 {ON("q", "a", CPU), ON("r", "b", BOTH)},
	 POD("{name: c, " ASK("1000", "1000") "}"),
	 "a=55 b=63"},
	{"most: memory is assumed where none is named",
	 MOST,
	 R(one_one),
	 NULL,
	 0,
	 {NODE("a", "4000", "100", ""), NODE("b", "4000", "10000000000", "")},
	 {0},
	 POD("{name: c, resources: {requests: "
	     "{cpu: 1000m}}}"),
	 "a=62 b=13"},
	{"most: extended resources",
	 MOST,
	 R(gpu),
	 NULL,
	 0,
	 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", ", a.b/gpu: 8")},
	 {0},
	 POD("{name: c, resources: {requests: {cpu: 1000m, a.b/gpu: 2}}}"),
	 "a=43 b=25"},

	{"ratio: rising is bin packing",
	 RATIO,
	 R(one_one),
	 SHAPE(rising),
	 LARGER,
	 {0},
	 POD(BOTH),
	 "a=63 b=50"},
	{"ratio: falling is spreading",
	 RATIO,
	 R(one_one),
	 SHAPE(falling),
	 LARGER,
	 {0},
	 POD(BOTH),
	 "a=38 b=50"},
	{"ratio: between two points",
	 RATIO,
	 R(only_memory),
	 SHAPE(hill),
	 LARGER,
	 {0},
	 POD("{name: c, " ASK("1", "2500") "}"),
	 "a=75 b=75"},
	{"ratio: behind the top",
	 RATIO,
	 R(only_memory),
	 SHAPE(hill),
	 LARGER,
	 {0},
	 POD("{name: c, " ASK("1", "7500") "}"),
	 "a=50 b=50"},
	{"ratio: what scores nothing has no weight",
	 RATIO,
	 R(gpu),
	 SHAPE(rising),
	 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "400000", "10000", ", a.b/gpu: 4")},
	 {0},
	 POD("{name: c, resources: {requests: {cpu: 1000m, a.b/gpu: 2}}}"),
	 "a=44 b=50"},
	{"ratio: extended resources count by weight",
	 RATIO,
	 R(gpu),
	 SHAPE(rising),
	 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", ", a.b/gpu: 8")},
	 {0},
	 POD("{name: c, resources: {requests: {cpu: 1000m, a.b/gpu: 2}}}"),
	 "a=44 b=25"},
};

static void fill(struct cluster *u, const struct score_row *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->nodes); i++)
		cluster_add_node(u, r->nodes[i]);
	for (size_t i = 0; i < ARRAY_LEN(r->pods) && r->pods[i]; i++)
		cluster_add_pod(u, r->pods[i]);
}

static void check_row(const struct framework *f, const struct score_row *r)
{
	const struct sched_pod *p = make_pod(r->pod);
	autobuf struct buf got = BUF_INIT;
	struct cluster u;

	cluster_init(&u, f);
	fill(&u, r);
	cluster_scores(&u, p, &got);
	if (strcmp(buf_str(&got), r->want) != 0)
		fail_msg("%s: got %s, not %s", r->what, buf_str(&got), r->want);
	informer_unref(p);
	cluster_release(&u);
}

static void all_hooks(struct profile *p)
{
	p->name = SCHEDULER_NAME;
	p->weights[0] = 1;
	for (size_t h = 0; h < HOOKS; h++)
		p->n[h] = 1;
}

static void test_strategies(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
		struct profile p = {.args = plugin_args_default};
		struct framework f = {.plugins = fit_only, .n = 1, .profile = &p};

		all_hooks(&p);
		p.args.fit_strategy = scores[i].strategy;
		p.args.fit_resources = scores[i].resources;
		p.args.n_fit_resources = scores[i].n_resources;
		p.args.fit_shape = scores[i].shape;
		p.args.n_fit_shape = scores[i].n_shape;
		check_row(&f, &scores[i]);
	}
}

/* The defaults by name are the defaults that need none. */
static void test_default_and_named_agree(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
		autobuf struct buf fast = BUF_INIT;
		autobuf struct buf named = BUF_INIT;
		struct profile p = {.args = plugin_args_default};
		const struct plugin *const both[] = {&plugin_node_resources_fit, &plugin_balanced_allocation};
		struct framework f = {.plugins = both, .n = 2}, g = {.plugins = both, .n = 2, .profile = &p};
		const struct sched_pod *pod = make_pod(scores[i].pod);
		struct cluster u, v;

		all_hooks(&p);
		for (size_t h = 0; h < HOOKS; h++) {
			p.n[h] = 2;
			p.order[h][1] = 1;
		}
		p.weights[1] = 1;
		p.args.fit_resources = p.args.balanced_resources = (struct resource_weight *)one_one;
		cluster_init(&u, &f);
		cluster_init(&v, &g);
		fill(&u, &scores[i]);
		fill(&v, &scores[i]);
		cluster_scores(&u, pod, &fast);
		cluster_scores(&v, pod, &named);
		assert_string_equal(buf_str(&fast), buf_str(&named));
		informer_unref(pod);
		cluster_release(&u);
		cluster_release(&v);
	}
}

static void test_balanced(void **state)
{
	static const struct score_row rows[] = {
		{"a pod that asks for nothing", 0, R(one_one), NULL, 0, EMPTY, {0}, POD(NONE), "a=0 b=0"},
		{"cpu and memory", 0, R(one_one), NULL, 0, LARGER, {0}, POD(BOTH), "a=87 b=100"},
		{"with pods that are there",
		 0,
		 R(one_one),
		 NULL,
		 0,
		 LARGER,
		 {ON("q", "a", "{name: a, " ASK("500", "0") "}"),
		  ON("r", "b", "{name: a, " ASK("1500", "2500") "}")},
		 POD(BOTH),
		 "a=81 b=100"},
		{"a node that tells of no memory",
		 0,
		 R(one_one),
		 NULL,
		 0,
		 {NODE("a", "4000", "0", ""), NODE("b", "4000", "10000", "")},
		 {0},
		 POD("{name: c, resources: {requests: {cpu: 1000m}}}"),
		 "a=100 b=87"},
		{"three resources",
		 0,
		 R(three),
		 NULL,
		 0,
		 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", ", a.b/gpu: 8")},
		 {0},
		 POD("{name: c, resources: {requests: {cpu: 1000m, memory: 5000, a.b/gpu: 3}}}"),
		 "a=79 b=89"},
		{"a third one that the pod does not ask for",
		 0,
		 R(three),
		 NULL,
		 0,
		 {NODE("a", "4000", "10000", ", a.b/gpu: 4"), NODE("b", "4000", "10000", "")},
		 {0},
		 POD(BOTH),
		 "a=87 b=87"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct profile p = {.args = plugin_args_default};
		struct framework f = {.plugins = balanced_only, .n = 1, .profile = &p};

		all_hooks(&p);
		p.args.balanced_resources = rows[i].resources;
		p.args.n_balanced_resources = rows[i].n_resources;
		check_row(&f, &rows[i]);
	}
}

/* What others keep account of is not looked at. */
static void test_ignored(void **state)
{
	static const char *const resources[] = {"a.b/gpu"}, *const groups[] = {"c.d"};
	static const struct {
		const char *ask, *want;
	} rows[] = {{"a.b/gpu: 9", "."},	   {"c.d/x: 9", "."},
		    {"c.d/x: 9, a.b/gpu: 9", "."}, {"e.f/x: 9", "X"},
		    {"a.b/other: 9", "X"},	   {"c.d/x: 9, cpu: 900m", "x"},
		    {"a.b/gpu: 9, cpu: 5", "X"},   {"a.b/gpu: 9, memory: 100", "."}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct profile p = {.args = plugin_args_default};
		struct framework f = {.plugins = fit_only, .n = 1, .profile = &p};
		autofree char *yaml = mem_printf(POD("{name: c, resources: {requests: {%s}}}"), rows[i].ask);
		const struct sched_pod *pod = make_pod(yaml);
		struct cluster u;
		char got[65];

		all_hooks(&p);
		p.args.ignored_resources = resources;
		p.args.ignored_groups = groups;
		p.args.n_ignored_resources = p.args.n_ignored_groups = 1;
		cluster_init(&u, &f);
		cluster_add_node(&u, NODE("a", "1000", "1000", ""));
		cluster_add_pod(&u, ON("q", "a", "{name: c, " ASK("500", "0") "}"));
		cluster_verdicts(&u, pod, got, NULL);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got %s, not %s", rows[i].ask, got, rows[i].want);
		informer_unref(pod);
		cluster_release(&u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_strategies),
					   cmocka_unit_test(test_default_and_named_agree),
					   cmocka_unit_test(test_balanced), cmocka_unit_test(test_ignored)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

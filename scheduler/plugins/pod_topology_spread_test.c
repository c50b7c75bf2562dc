/* SPDX-License-Identifier: Apache-2.0 */
/* Spreading, after upstream's cases (podtopologyspread/{filtering,scoring}_test.go) and what came after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cluster_test.h"
#include "plugins/table.h"

static const struct plugin *const plugins[] = {&plugin_pod_topology_spread};
static const struct framework spread = {.plugins = plugins, .n = ARRAY_LEN(plugins)};
/* Some nodes are turned down by what the spreading does not know. */
static const struct plugin *const with_affinity[] = {&plugin_node_affinity, &plugin_pod_topology_spread};
static const struct framework spread_some = {.plugins = with_affinity, .n = ARRAY_LEN(with_affinity)};

#define C(skew, key, label, more)                                                                            \
	"{maxSkew: " skew ", topologyKey: " key                                                              \
	", whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: " label                \
	", operator: Exists}]}" more "}"
#define S(skew, key, label, more)                                                                            \
	"{maxSkew: " skew ", topologyKey: " key                                                              \
	", whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchExpressions: [{key: " label               \
	", operator: Exists}]}" more "}"
#define P(labels, constraints, more)                                                                         \
	"metadata: {name: p, namespace: d, uid: u, labels: {" labels                                         \
	"}}\nspec: {topologySpreadConstraints: [" constraints "], " more "containers: [{name: c}]}"
#define FOUR "a zone=1 node=a; b zone=1 node=b; x zone=2 node=x; y zone=2 node=y"
#define HOST "kubernetes.io/hostname"
#define HOSTS "a " HOST "=a; b " HOST "=b; c " HOST "=c; e " HOST "=e"
#define ZONED "a zone=1 " HOST "=a ok; b zone=1 " HOST "=b ok; x zone=2 " HOST "=x ok; y zone=2 " HOST "=y"
#define S33 "a foo; a foo; b foo; y foo; y foo; y foo"
#define ONLY(nodes)                                                                                                          \
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: " \
	"[{key: node, operator: In, values: [" nodes "]}]}]}}}, "
#define OK "nodeSelector: {ok: ''}, "

static const struct {
	const char *what, *nodes, *pods, *pod, *want;
} filters[] = {
	{"no existing pods", FOUR, "", P("foo: ''", C("1", "zone", "foo", ""), ""), "...."},
	{"no existing pods, the pod does not match itself", FOUR, "",
	 P("foo: ''", C("1", "zone", "bar", ""), ""), "...."},
	{"pods of other namespaces do not count", FOUR, "a foo @n1; a foo @n2; x foo; y foo",
	 P("foo: ''", C("1", "zone", "foo", ""), ""), "..xx"},
	{"3/3", FOUR, S33, P("foo: ''", C("1", "zone", "foo", ""), ""), "...."},
	{"1/2, for a node lacks the label", "a zone=1; b zon=1; x zone=2; y zone=2",
	 "a foo; b foo; x foo; y foo", P("foo: ''", C("1", "zone", "foo", ""), ""), ".Xxx"},
	{"no node has the label", "a zone=1; x zone=2", "", P("foo: ''", C("1", "rack", "foo", ""), ""),
	 "XX"},
	{"2/1/0/3", FOUR, S33, P("foo: ''", C("1", "node", "foo", ""), ""), "xx.x"},
	{"2/1/0/3, skew 2", FOUR, S33, P("foo: ''", C("2", "node", "foo", ""), ""), "x..x"},
	{"2/1/0/3, the pod does not match itself", FOUR, S33, P("bar: ''", C("1", "node", "foo", ""), ""),
	 "x..x"},
	{"2/~1~/~0~/3 by node affinity", FOUR, S33, P("foo: ''", C("1", "node", "foo", ""), ONLY("a, 'y'")),
	 "...x"},
	{"2/1/0/3 in spite of node affinity", FOUR, S33,
	 P("foo: ''", C("1", "node", "foo", ", nodeAffinityPolicy: Ignore"), ONLY("a, 'y'")), "xx.x"},
	{"terminating pods", "a node=a; b node=b", "a foo !; b foo",
	 P("foo: ''", C("1", "node", "foo", ""), ""), ".x"},
	{"two constraints, 3/3 and 2/1/0/3", FOUR, S33,
	 P("foo: ''", C("1", "zone", "foo", "") "," C("1", "node", "foo", ""), ""), "xx.x"},
	{"two constraints, 3/4 and 2/1/0/4", FOUR, S33 "; y foo",
	 P("foo: ''", C("1", "zone", "foo", "") "," C("1", "node", "foo", ""), ""), "xxxx"},
	{"two selectors, 1/0 and 1/0/0/1", FOUR, "a foo; y bar",
	 P("foo: '', bar: ''", C("1", "zone", "foo", "") "," C("1", "node", "bar", ""), ""), "xx.x"},
	{"two selectors, 1/0 and 0/0/1/1", FOUR, "a foo; x bar; y bar",
	 P("foo: '', bar: ''", C("1", "zone", "foo", "") "," C("1", "node", "bar", ""), ""), "xxxx"},
	{"two selectors, 2/3 and 1/0/0/1", FOUR, "a foo; a foo bar; y foo; y foo bar; y foo",
	 P("foo: '', bar: ''", C("1", "zone", "foo", "") "," C("1", "node", "bar", ""), ""), "x.xx"},
	{"two selectors, one of which does not match the pod", FOUR, "a foo; x bar; y bar",
	 P("bar: ''", C("1", "zone", "foo", "") "," C("1", "node", "bar", ""), ""), "..xx"},
	{"two constraints, a node lacks one label",
	 "a zone=1 node=a; b zone=1 node=b; x zone=2; y zone=2 node=y", "a foo; y foo",
	 P("foo: ''", C("1", "zone", "foo", "") "," C("1", "node", "foo", ""), ""), "x.Xx"},
	{"three zones, 3/3/0", FOUR "; r zone=3 node=r", S33, P("foo: ''", C("1", "zone", "foo", ""), ""),
	 "xxxx."},
	{"soft constraints do not filter", FOUR, S33, P("foo: ''", S("1", "node", "foo", ""), ""), "...."},
	{"a hard one beside soft ones", FOUR, S33,
	 P("foo: ''", S("1", "zone", "foo", "") "," C("1", "node", "foo", ""), ""), "xx.x"},
	{"the soft one's label may be missing", "a node=a; b node=b", "a foo",
	 P("foo: ''", S("1", "zone", "foo", "") "," C("1", "node", "foo", ""), ""), "x."},
	{"minDomains more than there are", FOUR, "a foo; x foo",
	 P("foo: ''", C("1", "zone", "foo", ", minDomains: 3"), ""), "xxxx"},
	{"minDomains more than there are, but nobody is there yet", FOUR, "",
	 P("foo: ''", C("1", "zone", "foo", ", minDomains: 3"), ""), "...."},
	{"minDomains as many as there are", FOUR, "a foo; x foo",
	 P("foo: ''", C("1", "zone", "foo", ", minDomains: 2"), ""), "...."},
	{"minDomains less than there are", FOUR, "a foo; x foo; y foo",
	 P("foo: ''", C("1", "zone", "foo", ", minDomains: 1"), ""), "..xx"},
	{"minDomains with room below the skew", FOUR, "a foo; x foo",
	 P("foo: ''", C("2", "zone", "foo", ", minDomains: 5"), ""), "...."},
	{"matchLabelKeys: another revision does not count", FOUR, "a foo hash=1; a foo hash=1; x foo hash=2",
	 P("foo: '', hash: '2'", C("1", "zone", "foo", ", matchLabelKeys: [hash]"), ""), "..xx"},
	{"matchLabelKeys: a key that the pod lacks", FOUR, "a foo hash=1; x foo hash=2; x foo",
	 P("foo: ''", C("1", "zone", "foo", ", matchLabelKeys: [hash]"), ""), "..xx"},
	{"matchLabelKeys: two keys", FOUR, "a foo hash=1 v=1; a foo hash=1 v=2; x foo hash=1 v=1",
	 P("foo: '', hash: '1', v: '2'", C("1", "zone", "foo", ", matchLabelKeys: [hash, v]"), ""), "xx.."},
	{"without a selector no pod counts", FOUR, S33,
	 P("foo: ''", "{maxSkew: 1, topologyKey: node, whenUnsatisfiable: DoNotSchedule}", ""), "...."},
	{"an empty selector counts nobody but the pod", FOUR, S33 "; x bar; x bar",
	 P("foo: ''", "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}",
	   ""),
	 "...."},
	{"selectors are anded", FOUR, "a foo; a foo tier=1; x foo tier=2",
	 P("foo: '', tier: '1'",
	   "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {tier: '1'}, "
	   "matchExpressions: [{key: foo, operator: Exists}]}}",
	   ""),
	 "xx.."},
	{"one domain only", "a zone=1; b zone=1", "a foo; a foo; a foo",
	 P("foo: ''", C("1", "zone", "foo", ""), ""), ".."},
};

static void test_filters(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		const struct sched_pod *p = make_pod(filters[i].pod);
		struct cluster u;
		char got[65];

		cluster_init(&u, &spread);
		cluster_nodes(&u, filters[i].nodes, NULL);
		cluster_pods(&u, filters[i].pods, NULL);
		cluster_verdicts(&u, p, got, NULL);
		if (strcmp(got, filters[i].want) != 0)
			fail_msg("%s: got %s, not %s", filters[i].what, got, filters[i].want);
		cluster_check_forks(&u, p, filters[i].what);
		informer_unref(p);
		cluster_release(&u);
	}
}

/* Do nodes with taints that the Pod does not tolerate count as domains? */
static void test_taints(void **state)
{
	static const struct {
		const char *policy, *tolerations, *want;
	} rows[] = {
		{"", "", "xx."}, /* as a domain without Pods */
		{", nodeTaintsPolicy: Ignore", "", "xx."},
		{", nodeTaintsPolicy: Honor", "", "..."},
		{", nodeTaintsPolicy: Honor", "tolerations: [{key: k, operator: Exists}], ", "xx."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cluster u;
		char got[65];
		autofree char *yaml = mem_printf(P("foo: ''", C("1", "zone", "foo", "%s"), "%s"),
						 rows[i].policy, rows[i].tolerations);
		const struct sched_pod *p = make_pod(yaml);

		cluster_init(&u, &spread);
		cluster_nodes(&u, "a zone=1; b zone=2", NULL);
		cluster_nodes(&u, "c zone=3", "spec: {taints: [{key: k, effect: NoSchedule}]}");
		cluster_pods(&u, "a foo; b foo", NULL);
		cluster_verdicts(&u, p, got, NULL);
		assert_string_equal(got, rows[i].want);
		cluster_check_forks(&u, p, rows[i].policy);
		informer_unref(p);
		cluster_release(&u);
	}
}

static void test_words(void **state)
{
	const struct sched_pod *p = make_pod(P("foo: ''", C("1", "zone", "foo", ""), ""));
	struct cluster u;
	struct reasons why = {0};
	char got[65];
	autobuf struct buf text = BUF_INIT;

	cluster_init(&u, &spread);
	cluster_nodes(&u, "a zone=1; b; c zone=2", NULL);
	cluster_pods(&u, "a foo", NULL);
	cluster_verdicts(&u, p, got, &why);
	reasons_write(&text, 3, &why);
	assert_string_equal(
		buf_str(&text),
		"0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 "
		"node(s) didn't match pod topology spread constraints (missing required label).");
	reasons_release(&why);
	informer_unref(p);
	cluster_release(&u);
}

/* weight 2: what the plugin says, twice */
static const struct {
	const char *what, *nodes, *pods, *pod, *want;
} scores[] = {
	{"no existing pods", "a " HOST "=a; b " HOST "=b", "", P("foo: ''", S("1", HOST, "foo", ""), ""),
	 "a=200 b=200"},
	{"one candidate", "a " HOST "=a", "a foo; a foo", P("foo: ''", S("1", HOST, "foo", ""), ""), "a=200"},
	{"the same everywhere", "a " HOST "=a; b " HOST "=b", "a foo; b foo",
	 P("foo: ''", S("1", HOST, "foo", ""), ""), "a=200 b=200"},
	/* log(6) * 2, 1, 0, 3 = 4, 2, 0, 5 */
	{"four hosts", HOSTS, "a foo; a foo; b foo; e foo; e foo; e foo",
	 P("foo: ''", S("1", HOST, "foo", ""), ""), "a=40 b=120 c=200 e=0"},
	/* one more each: 5, 3, 1, 6 */
	{"four hosts, skew 2", HOSTS, "a foo; a foo; b foo; e foo; e foo; e foo",
	 P("foo: ''", S("2", HOST, "foo", ""), ""), "a=66 b=132 c=200 e=32"},
	/* 9, 7, 6, 4 */
	{"four hosts, skew 3", HOSTS, "a foo; a foo; a foo; a foo; b foo; b foo; b foo; c foo; c foo; e foo",
	 P("foo: ''", S("3", HOST, "foo", ""), ""), "a=88 b=132 c=154 e=200"},
	/* log(5) * 4, 2, 1 = 6, 3, 2 */
	{"three of four hosts", "a " HOST "=a ok; b " HOST "=b ok; x " HOST "=x ok; y " HOST "=y",
	 "a foo; a foo; a foo; a foo; b foo; b foo; x foo; y foo; y foo; y foo",
	 P("foo: ''", S("1", HOST, "foo", ""), OK), "a=66 b=166 x=200"},
	/* log(4) * 4, 1 = 6, 1 */
	{"one without the label", "a " HOST "=a ok; b n=b ok; x " HOST "=x ok; y " HOST "=y",
	 "a foo; a foo; a foo; a foo; b foo; b foo; x foo; y foo; y foo; y foo",
	 P("foo: ''", S("1", HOST, "foo", ""), OK), "a=32 b=0 x=200"},
	/* log(4) * 6, 4 = 8, 6; who may not go to y counts it all the same */
	{"three of four, by zone", "a zone=1 ok; b zone=1 ok; x zone=2 ok; y zone=2",
	 "a foo; a foo; a foo; a foo; b foo; b foo; x foo; y foo; y foo; y foo",
	 P("foo: ''", S("1", "zone", "foo", ", nodeAffinityPolicy: Ignore"), OK), "a=150 b=150 x=200"},
	/* log(4) * 6, 1 = 8, 1 */
	{"three of four, by zone, only the eligible", "a zone=1 ok; b zone=1 ok; x zone=2 ok; y zone=2",
	 "a foo; a foo; a foo; a foo; b foo; b foo; x foo; y foo; y foo; y foo",
	 P("foo: ''", S("1", "zone", "foo", ""), OK), "a=24 b=24 x=200"},
	/* zone log(4) * 3, 6; host log(4) * 2, 2 */
	{"two constraints, two of four",
	 "a zone=1 " HOST "=a ok; b zone=1 " HOST "=b; x zone=2 " HOST "=x ok; y zone=2 " HOST "=y",
	 "a foo; a foo; b foo; x foo; x foo; y foo; y foo; y foo; y foo",
	 P("foo: ''",
	   S("1", "zone", "foo", ", nodeAffinityPolicy: Ignore") "," S("1", HOST, "foo",
								       ", nodeAffinityPolicy: Ignore"),
	   OK),
	 "a=200 x=126"},
	/* zone log(4) * 2, 1; host log(6) * 0, 1, 0, 1: 3, 5, 1, 3 */
	{"two constraints, two selectors", ZONED, "a foo; b foo bar; y foo; y bar",
	 P("foo: '', bar: ''", S("1", "zone", "foo", "") "," S("1", HOST, "bar", ""), ""),
	 "a=120 b=40 x=200 y=120"},
	/* zone log(4) * 0, 2; host log(6) * 0, 1, 0, 1: 0, 2, 3, 5 */
	{"two constraints, some have none", ZONED, "b bar; x foo; y foo bar",
	 P("foo: '', bar: ''", S("1", "zone", "foo", "") "," S("1", HOST, "bar", ""), ""),
	 "a=200 b=120 x=80 y=0"},
	{"pods of other namespaces do not count", "a " HOST "=a; b " HOST "=b",
	 "a foo @n1; a foo; b foo; b foo", P("foo: ''", S("1", HOST, "foo", ""), ""), "a=200 b=66"},
	{"terminating pods do not count", "a " HOST "=a; b " HOST "=b", "a foo !; b foo",
	 P("foo: ''", S("1", HOST, "foo", ""), ""), "a=200 b=0"},
	{"hard ones do not score", "a " HOST "=a; b " HOST "=b", "b foo",
	 P("foo: ''", C("9", HOST, "foo", ""), ""), "a=0 b=0"},
};

static void test_scores(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
		const struct sched_pod *p = make_pod(scores[i].pod);
		struct cluster u;
		autobuf struct buf got = BUF_INIT;

		bool some = strstr(scores[i].pod, "nodeSelector");
		cluster_init(&u, some ? &spread_some : &spread);
		cluster_nodes(&u, scores[i].nodes, NULL);
		cluster_pods(&u, scores[i].pods, NULL);
		cluster_scores(&u, p, &got);
		if (strcmp(buf_str(&got), scores[i].want) != 0)
			fail_msg("%s: got %s, not %s", scores[i].what, buf_str(&got), scores[i].want);
		informer_unref(p);
		cluster_release(&u);
	}
}

#define OWNED(kind, version)                                                                                     \
	"metadata: {name: p, namespace: d, uid: u, labels: {foo: bar, baz: sup}, ownerReferences: [{kind: " kind \
	", apiVersion: " version ", name: o, controller: true}]}\nspec: {containers: [{name: c}]}"
#define SELECTS(selector) "metadata: {name: o, namespace: d}\nspec: {replicas: 1, selector: " selector "}"

/* A Pod without constraints is kept from its like all the same. */
static void test_defaults(void **state)
{
	static const struct {
		const char *what, *pod;
		enum lookup_kind kind;
		const char *object, *want;
	} rows[] = {
		{"a replica set", OWNED("ReplicaSet", "apps/v1"), LOOKUP_REPLICASETS,
		 SELECTS("{matchExpressions: [{key: foo, operator: Exists}]}"), "a=66 b=200"},
		{"a stateful set", OWNED("StatefulSet", "apps/v1"), LOOKUP_STATEFULSETS,
		 SELECTS("{matchLabels: {foo: bar}}"), "a=66 b=200"},
		{"a replication controller", OWNED("ReplicationController", "v1"), LOOKUP_CONTROLLERS,
		 SELECTS("{foo: bar}"), "a=66 b=200"},
		{"a service", P("foo: bar", "", ""), LOOKUP_SERVICES, SELECTS("{foo: bar}"), "a=66 b=200"},
		{"a service of others", P("foo: bar", "", ""), LOOKUP_SERVICES, SELECTS("{foo: other}"),
		 "a=0 b=0"},
		{"an owner that is gone", OWNED("ReplicaSet", "apps/v1"), LOOKUP_SERVICES,
		 SELECTS("{foo: other}"), "a=0 b=0"},
		{"an owner of another group", OWNED("ReplicaSet", "extensions/v1"), LOOKUP_REPLICASETS,
		 SELECTS("{matchLabels: {foo: bar}}"), "a=0 b=0"},
		{"nobody", P("foo: bar", "", ""), LOOKUP_NAMESPACES, "metadata: {name: d}", "a=0 b=0"},
		{"constraints of its own", P("foo: bar", S("1", "nowhere", "foo", ""), ""), LOOKUP_SERVICES,
		 SELECTS("{foo: bar}"), "a=0 b=0"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sched_pod *p = make_pod(rows[i].pod);
		struct cluster u;
		autobuf struct buf got = BUF_INIT;

		cluster_init(&u, &spread);
		cluster_nodes(&u, "a " HOST "=a; b " HOST "=b", NULL); /* without zones */
		cluster_pods(&u, "a foo=bar; a foo=bar; a foo=bar; a foo=no @other", NULL);
		cluster_tell(&u, rows[i].kind, rows[i].object);
		cluster_scores(&u, p, &got);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("%s: got %s, not %s", rows[i].what, buf_str(&got), rows[i].want);
		informer_unref(p);
		cluster_release(&u);
	}
}

/* By the defaults nodes need not have every label; those without a zone count as one more when zones are weighed. */
static void test_defaults_beside_zones(void **state)
{
	const struct sched_pod *p = make_pod(P("foo: bar", "", ""));
	autobuf struct buf got = BUF_INIT;
	struct cluster u;

	cluster_init(&u, &spread);
	cluster_nodes(&u, "a topology.kubernetes.io/zone=1 " HOST "=a; b " HOST "=b", NULL);
	cluster_pods(&u, "a foo=bar; a foo=bar; a foo=bar", NULL);
	cluster_tell(&u, LOOKUP_SERVICES, SELECTS("{foo: bar}"));
	cluster_scores(&u, p, &got);
	/* log(4) * 3 + 2 + log(4) * 3 + 4 = 14; 2 */
	assert_string_equal(buf_str(&got), "a=28 b=200");
	informer_unref(p);
	cluster_release(&u);
}

static void test_hints(void **state)
{
	const struct sched_pod *p = make_pod(P("foo: ''", C("1", "zone", "foo", ""), "")),
			       *same = make_pod("metadata: {name: q, namespace: d, labels: {foo: x}}"),
			       *other = make_pod("metadata: {name: q, namespace: d, labels: {bar: x}}"),
			       *far = make_pod("metadata: {name: q, namespace: e, labels: {foo: x}}");
	const struct sched_node *zone = make_node("metadata: {name: n, labels: {zone: '1'}}"),
				*none = make_node("metadata: {name: n}");
	const struct {
		struct cluster_event e;
		bool helps;
	} rows[] = {
		{{.types = EVENT_POD_ADDED, .pod = same}, true},
		{{.types = EVENT_POD_ADDED, .pod = other}, false},
		{{.types = EVENT_POD_DELETED, .pod = same}, true},
		{{.types = EVENT_POD_DELETED, .pod = far}, false},
		{{.types = EVENT_POD_LABELS, .pod = other}, true}, /* which it may have had */
		{{.types = EVENT_NODE_ADDED, .node = zone}, true},
		{{.types = EVENT_NODE_ADDED, .node = none}, false},
		{{.types = EVENT_NODE_DELETED, .node = zone}, true},
		{{.types = EVENT_NODE_LABELS, .node = none}, true},
		{{.types = EVENT_NODE_ALLOCATABLE, .node = zone}, false},
	};

	const struct sched_pod *plain = make_pod(P("foo: ''", "", ""));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (framework_helps(&spread, 1, p, &rows[i].e) != rows[i].helps)
			fail_msg("row %zu", i);
	/* It was turned down by defaults: whom they count is not looked up here. */
	assert_true(framework_helps(&spread, 1, plain, &rows[2].e));
	assert_false(framework_helps(&spread, 1, plain, &rows[3].e));
	informer_unref(plain);
	informer_unref(p);
	informer_unref(same);
	informer_unref(other);
	informer_unref(far);
	informer_unref(zone);
	informer_unref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),	 cmocka_unit_test(test_taints),
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_scores),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_defaults_beside_zones),
		cmocka_unit_test(test_hints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

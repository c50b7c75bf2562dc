/* SPDX-License-Identifier: Apache-2.0 */
/* Affinity between Pods, after upstream's cases (interpodaffinity/{filtering,scoring}_test.go) and what came after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cluster_test.h"
#include "plugins/table.h"

static const struct plugin *const plugins[] = {&plugin_inter_pod_affinity};
static const struct framework affinity = {.plugins = plugins, .n = ARRAY_LEN(plugins)};

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution: "
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution: "
#define AFFINITY(what) "affinity: {" what "}, "
#define NEAR(terms) "podAffinity: {" REQUIRED "[" terms "]}, "
#define AWAY(terms) "podAntiAffinity: {" REQUIRED "[" terms "]}, "
#define LIKES(terms) "podAffinity: {" PREFERRED "[" terms "]}, "
#define SHUNS(terms) "podAntiAffinity: {" PREFERRED "[" terms "]}, "
#define W(weight, term) "{weight: " weight ", podAffinityTerm: " term "}"
#define T(key, selector) "{topologyKey: " key ", labelSelector: {matchExpressions: [" selector "]}}"
#define TN(key, selector, more)                                                                              \
	"{topologyKey: " key ", labelSelector: {matchExpressions: [" selector "]}, " more "}"
#define IN(k, v) "{key: " k ", operator: In, values: [" v "]}"
#define NOT(k, v) "{key: " k ", operator: NotIn, values: [" v "]}"
#define HAS(k) "{key: " k ", operator: Exists}"
#define LACKS(k) "{key: " k ", operator: DoesNotExist}"
#define SVC IN("service", "s")
#define POD(labels, more)                                                                                    \
	"metadata: {name: p, namespace: d, uid: u, labels: {" labels "}}\nspec: {" more                      \
	"containers: [{name: c}]}"
#define ME "service: s, security: S2"
#define ONE "m r=1 z=1"

/* of: the affinity of the Pods that are there */
static const struct {
	const char *what, *nodes, *pods, *of, *pod, *want;
} filters[] = {
	{"no rules, no pods", ONE, "", NULL, POD("", ""), "."},
	{"near: In", ONE, "m service=s", NULL, POD(ME, AFFINITY(NEAR(T("r", IN("service", "s, v"))))), "."},
	{"near: NotIn", ONE, "m service=s", NULL, POD(ME, AFFINITY(NEAR(T("r", NOT("service", "a, b"))))),
	 "."},
	{"near: other namespace", ONE, "m service=s @ns", NULL,
	 POD(ME, AFFINITY(NEAR(TN("r", SVC, "namespaces: [other]")))), "X"},
	{"near: own namespace by default", ONE, "m service=s @ns", NULL,
	 POD("a: b", AFFINITY(NEAR(T("r", SVC)))), "X"},
	{"near: namespaces", ONE, "m service=s @ns", NULL,
	 POD(ME, AFFINITY(NEAR(TN("r", SVC, "namespaces: [other, ns]")))), "."},
	{"near: no such label", ONE, "m service=s", NULL, POD("", AFFINITY(NEAR(T("r", IN("service", "a"))))),
	 "X"},
	{"near: several terms with all operators", ONE, "m service=s", NULL,
	 POD(ME, AFFINITY(NEAR(T("r", HAS("service") ", " LACKS("wrong")) ", " T("r", SVC
										 ", " NOT("service", "b"))))),
	 "."},
	{"near: expressions are anded", ONE, "m service=s", NULL,
	 POD("", AFFINITY(NEAR(T("r", HAS("service") ", " LACKS("wrong")) ", " T("r", SVC
										 ", " IN("service", "b"))))),
	 "X"},
	{"near and away", ONE, "m service=s", NULL, POD(ME, AFFINITY(NEAR(T("r", SVC)) AWAY(T("n", SVC)))),
	 "."},
	{"near and away, and they from it", "m r=1 n=1", "m service=s",
	 AFFINITY(AWAY(T("n", IN("security", "S9")))),
	 POD(ME, AFFINITY(NEAR(T("r", SVC)) AWAY(T("n", IN("service", "w"))))), "."},
	{"near, but away from the same", ONE, "m service=s", NULL,
	 POD(ME, AFFINITY(NEAR(T("r", SVC)) AWAY(T("z", SVC)))), "x"},
	{"near, but they want to be away", ONE, "m service=s", AFFINITY(AWAY(T("z", IN("service", "s, c")))),
	 POD(ME, AFFINITY(NEAR(T("r", SVC)) AWAY(T("n", SVC)))), "x"},
	{"near its like: NotIn its own label", ONE, "m service=s", NULL,
	 POD(ME, AFFINITY(NEAR(T("r", NOT("service", "s"))))), "X"},
	{"away from it, it has no rules", ONE, "m service=s", AFFINITY(AWAY(T("z", IN("service", "s")))),
	 POD(ME, ""), "x"},
	{"away from others, it has no rules", ONE, "m service=s", AFFINITY(AWAY(T("z", NOT("service", "s")))),
	 POD(ME, ""), "."},
	{"away by turns: it matches, they do not", ONE, "m service=s",
	 AFFINITY(AWAY(T("z", IN("service", "s")))), POD(ME, AFFINITY(AWAY(T("z", IN("security", "S9"))))),
	 "x"},
	{"symmetry a1: one of its terms", ONE, "m service=s", AFFINITY(AWAY(T("z", IN("security", "S9")))),
	 POD(ME, AFFINITY(AWAY(T("z", HAS("service")) ", " T("z", HAS("other"))))), "x"},
	{"symmetry a2: one of theirs", ONE, "m other=1",
	 AFFINITY(AWAY(T("z", HAS("service")) ", " T("z", HAS("x")))),
	 POD(ME, AFFINITY(AWAY(T("z", HAS("nothing"))))), "x"},
	{"symmetry b1", ONE, "m abc=1 def=1", AFFINITY(AWAY(T("z", HAS("abc")) ", " T("z", HAS("def")))),
	 POD("abc: '', xyz: ''", AFFINITY(AWAY(T("z", HAS("abc")) ", " T("z", HAS("def"))))), "x"},
	{"symmetry: nobody means the other", ONE, "m abc=1", AFFINITY(AWAY(T("z", HAS("q")))),
	 POD("xyz: ''", AFFINITY(AWAY(T("z", HAS("w"))))), "."},
	/* ---- more nodes ---- */
	{"all nodes of the region", "a region=ch; b region=ch; c region=in", "a foo=abc", NULL,
	 POD("", AFFINITY(NEAR(T("region", IN("foo", "abc"))))), "..X"},
	{"the first of a collection, by two keys", "a zone=1 h=1; b zone=1 h=2", "a foo=x", NULL,
	 POD("foo: abc", AFFINITY(NEAR(T("zone", IN("foo", "abc")) ", " T("h", IN("foo", "abc"))))), ".."},
	{"the first of a collection: where the labels are", "a zoneLabel=1; b zone=1", "", NULL,
	 POD("foo: abc", AFFINITY(NEAR(T("zone", IN("foo", "abc"))))), "X."},
	{"the first of a collection must mean itself", "a zone=1", "", NULL,
	 POD("foo: no", AFFINITY(NEAR(T("zone", IN("foo", "abc"))))), "X"},
	{"not the first: one is elsewhere", "a zone=1; b zone=2", "a foo=abc", NULL,
	 POD("foo: abc", AFFINITY(NEAR(T("zone", IN("foo", "abc"))))), ".X"},
	{"the first: the others are where the label is not", "a x=1; b zone=2", "a foo=abc", NULL,
	 POD("foo: abc", AFFINITY(NEAR(T("zone", IN("foo", "abc"))))), "X."},
	{"the first, its like in another namespace", "a zone=1; b zone=2", "a foo=abc @ns", NULL,
	 POD("foo: abc", AFFINITY(NEAR(T("zone", IN("foo", "abc"))))), ".."},
	{"away from the region", "a region=ch h=a; b region=ch h=b", "a foo=abc", NULL,
	 POD("", AFFINITY(AWAY(T("region", IN("foo", "abc"))))), "xx"},
	{"any term of anti-affinity", "a region=ch zone=1; b region=ch zone=2", "a foo=abc; b bar=x", NULL,
	 POD("", AFFINITY(AWAY(T("zone", IN("foo", "abc")) ", " T("zone", IN("bar", "x"))))), "xx"},
	{"away from one region of two", "a region=ch; b region=ch; c region=in", "a foo=abc", NULL,
	 POD("", AFFINITY(AWAY(T("region", IN("foo", "abc"))))), "xx."},
	{"away from one, away from by another", "a region=ch h=a; b region=ch h=b; c region=in h=c",
	 "a foo=abc; c foo=q", NULL,
	 POD("foo: 123", AFFINITY(AWAY(T("region", IN("foo", "abc")) ", " T("h", IN("foo", "q"))))), "xxx"},
	{"theirs: no such key on the node", "a region=1; b region=1", "a foo",
	 AFFINITY(AWAY(T("invalid", HAS("foo")))), POD("foo: ''", ""), ".."},
	{"its own: no such key on the node", "a region=1; b region=1", "a foo", NULL,
	 POD("foo: ''", AFFINITY(AWAY(T("invalid", HAS("foo"))))), ".."},
	{"theirs: each violated somewhere", "a region=1 zone=1; b region=1 zone=2", "a foo; b foo",
	 AFFINITY(AWAY(T("zone", HAS("foo")) ", " T("zone", HAS("bar")))), POD("foo: '', bar: ''", ""), "xx"},
	{"its own: one of two violated", "a region=1 zone=1; b region=1 zone=2", "a foo; b bar", NULL,
	 POD("", AFFINITY(AWAY(T("zone", HAS("foo")) ", " T("zone", HAS("bar"))))), "xx"},
	{"theirs: key and selector must both match", "a zone=1; b zone=2", "a foo",
	 AFFINITY(AWAY(T("invalid", HAS("foo")) ", " T("zone", HAS("bar")))), POD("foo: ''", ""), ".."},
	{"its own: key and selector must both match", "a zone=1; b zone=2", "a foo", NULL,
	 POD("", AFFINITY(AWAY(T("invalid", HAS("foo")) ", " T("zone", HAS("bar"))))), ".."},
	{"theirs: by zone and region", "a region=1 zone=1; b region=1 zone=2", "a foo",
	 AFFINITY(AWAY(T("region", HAS("bar")) ", " T("zone", HAS("foo")))), POD("foo: ''", ""), "x."},
	{"its own: by zone and region", "a region=1 zone=1; b region=1 zone=2", "a foo", NULL,
	 POD("", AFFINITY(AWAY(T("region", HAS("bar")) ", " T("zone", HAS("foo"))))), "x."},
	{"only the third is free", "a region=1 zone=1; b region=1 zone=2; c region=1 zone=3", "a foo; b foo",
	 AFFINITY(AWAY(T("zone", HAS("foo")) ", " T("zone", HAS("q")))), POD("foo: ''", ""), "xx."},
	{"near: all terms, by one Pod", "a region=1 zone=1; b region=1 zone=2", "a foo; b bar", NULL,
	 POD("", AFFINITY(NEAR(T("region", HAS("foo")) ", " T("zone", HAS("bar"))))), "XX"},
	{"near: all terms, by one Pod that is", "a region=1 zone=1; b region=1 zone=2", "a foo bar", NULL,
	 POD("", AFFINITY(NEAR(T("region", HAS("foo")) ", " T("zone", HAS("bar"))))), ".X"},
	/* ---- namespaces by label ---- */
	{"namespaceSelector: near", "a z=1; b z=2", "a foo @red; b foo @blue", NULL,
	 POD("", AFFINITY(NEAR(TN("z", HAS("foo"), "namespaceSelector: {matchLabels: {team: r}}")))), ".X"},
	{"namespaceSelector: or by name", "a z=1; b z=2", "a foo @red; b foo @blue", NULL,
	 POD("", AFFINITY(NEAR(TN("z", HAS("foo"),
				  "namespaces: [blue], namespaceSelector: {matchLabels: {team: r}}")))),
	 ".."},
	{"namespaceSelector: empty, all", "a z=1; b z=2; c z=3", "a foo @red; b foo @gone", NULL,
	 POD("", AFFINITY(NEAR(TN("z", HAS("foo"), "namespaceSelector: {}")))), "..X"},
	{"namespaceSelector: matches none", "a z=1; b z=2", "a foo; b foo @blue", NULL,
	 POD("", AFFINITY(AWAY(TN("z", HAS("foo"), "namespaceSelector: {matchLabels: {team: q}}")))), ".."},
	{"namespaceSelector: away", "a z=1; b z=2", "a foo @red; b foo @blue", NULL,
	 POD("", AFFINITY(AWAY(TN("z", HAS("foo"), "namespaceSelector: {matchLabels: {team: r}}")))), "x."},
	{"namespaceSelector: theirs means its namespace", "a z=1; b z=2", "a foo @red",
	 AFFINITY(AWAY(TN("z", HAS("foo"), "namespaceSelector: {matchLabels: {team: own}}"))),
	 POD("foo: ''", ""), "x."},
	{"namespaceSelector: theirs does not", "a z=1; b z=2", "a foo @red",
	 AFFINITY(AWAY(TN("z", HAS("foo"), "namespaceSelector: {matchLabels: {team: r}}"))),
	 POD("foo: ''", ""), ".."},
	{"namespaceSelector: theirs, empty", "a z=1; b z=2", "a foo @red",
	 AFFINITY(AWAY(TN("z", HAS("foo"), "namespaceSelector: {}"))), POD("foo: ''", ""), "x."},
	{"theirs means its own namespace only", "a z=1; b z=2", "a foo @red",
	 AFFINITY(AWAY(T("z", HAS("foo")))), POD("foo: ''", ""), ".."},
	{"a term without selector means nobody", "a z=1; b z=2", "a foo", NULL,
	 POD("foo: ''", AFFINITY(AWAY("{topologyKey: z}"))), ".."},
	{"a term with an empty selector means all", "a z=1; b z=2", "a foo", NULL,
	 POD("foo: ''", AFFINITY(AWAY("{topologyKey: z, labelSelector: {}}"))), "x."},
	{"label keys that were merged", "a z=1; b z=2", "a foo hash=1; b foo hash=2", NULL,
	 POD("foo: '', hash: '1'", AFFINITY(AWAY(T("z", HAS("foo") ", " IN("hash", "'1'"))))), "x."},
	{"label keys that were merged, of others", "a z=1; b z=2", "a foo hash=1; b foo hash=2", NULL,
	 POD("foo: '', hash: '1'", AFFINITY(AWAY(T("z", HAS("foo") ", " NOT("hash", "'1'"))))), ".x"},
	{"hosts without keys", "a; b", "a foo", AFFINITY(AWAY(T("z", HAS("foo")))),
	 POD("foo: ''", AFFINITY(AWAY(T("z", HAS("foo"))))), ".."},
};

static void tell_namespaces(struct cluster *u)
{
	cluster_tell(u, LOOKUP_NAMESPACES, "metadata: {name: d, labels: {team: own}}");
	cluster_tell(u, LOOKUP_NAMESPACES, "metadata: {name: red, labels: {team: r}}");
	cluster_tell(u, LOOKUP_NAMESPACES, "metadata: {name: blue, labels: {team: b}}");
}

static void test_filters(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		const struct sched_pod *p = make_pod(filters[i].pod);
		struct cluster u;
		char got[65];

		cluster_init(&u, &affinity);
		tell_namespaces(&u);
		cluster_nodes(&u, filters[i].nodes, NULL);
		cluster_pods(&u, filters[i].pods, filters[i].of);
		cluster_verdicts(&u, p, got, NULL);
		if (strcmp(got, filters[i].want) != 0)
			fail_msg("%s: got %s, not %s", filters[i].what, got, filters[i].want);
		if (p->affinity) /* without terms of its own, forks follow only those that it met */
			cluster_check_forks(&u, p, filters[i].what);
		informer_unref(p);
		cluster_release(&u);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *of, *more, *why;
	} rows[] = {
		{NULL, AFFINITY(NEAR(T("z", HAS("bar")))), "1 node(s) didn't match pod affinity rules"},
		{NULL, AFFINITY(AWAY(T("z", HAS("foo")))), "1 node(s) didn't match pod anti-affinity rules"},
		{AFFINITY(AWAY(T("z", HAS("foo")))), "",
		 "1 node(s) didn't satisfy existing pods anti-affinity rules"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *yaml = mem_printf(POD("foo: ''", "%s"), rows[i].more);
		autofree char *want = mem_printf("0/1 nodes are available: %s.", rows[i].why);
		const struct sched_pod *p = make_pod(yaml);
		struct cluster u;
		struct reasons why = {0};
		char got[65];
		autobuf struct buf text = BUF_INIT;

		cluster_init(&u, &affinity);
		cluster_nodes(&u, "a z=1", NULL);
		cluster_pods(&u, "a foo", rows[i].of);
		cluster_verdicts(&u, p, got, &why);
		reasons_write(&text, 1, &why);
		assert_string_equal(buf_str(&text), want);
		reasons_release(&why);
		informer_unref(p);
		cluster_release(&u);
	}
}

#define S1 IN("security", "S1")
#define S2 IN("security", "S2")
#define RICH "a region=ch az=1; b region=in az=2; c region=us az=3"

/* weight 2: what the plugin says, twice */
static const struct {
	const char *what, *nodes, *pods, *of, *pod, *want;
} scores[] = {
	{"all are alike", RICH, "a security=S1", NULL, POD("security: S1", ""), "a=0 b=0 c=0"},
	{"likes who is on one node", RICH, "a security=S1; b security=S2", NULL,
	 POD("", AFFINITY(LIKES(W("5", T("region", S1))))), "a=200 b=0 c=0"},
	{"likes a region, all of its nodes", "a region=ch; b region=in; c region=ch", "a security=S1", NULL,
	 POD("", AFFINITY(LIKES(W("5", T("region", S1))))), "a=200 b=0 c=200"},
	{"more of them is better", "a region=ch; b region=in; c region=ch; d region=in",
	 "a security=S2; a security=S2; b security=S2; c security=S2; d security=S2", NULL,
	 POD("", AFFINITY(LIKES(W("5", T("region", S2))))), "a=200 b=0 c=200 d=0"},
	{"other operators, some fail", RICH, "a security=S1; b security=S2", NULL,
	 POD("", AFFINITY(LIKES(W("2", T("region", IN("security", "S1, S9"))) ", " W(
			 "4", T("region", HAS("security") ", " NOT("security", "S1")))))),
	 "a=100 b=200 c=0"},
	{"they like it", RICH, "a security=S1; b security=S2", AFFINITY(LIKES(W("3", T("region", S1)))),
	 POD("security: S1", ""), "a=200 b=200 c=0"},
	{"they require it", RICH, "a security=S1", AFFINITY(NEAR(T("region", S1))), POD("security: S1", ""),
	 "a=200 b=0 c=0"},
	{"they require others", RICH, "a security=S1", AFFINITY(NEAR(T("region", S2))),
	 POD("security: S1", ""), "a=0 b=0 c=0"},
	{"shuns who is there", "a az=1; b az=2", "a security=S1; b security=S2", NULL,
	 POD("", AFFINITY(SHUNS(W("5", T("az", S1))))), "a=0 b=200"},
	{"shuns by a label that one lacks", "a az=1; b region=ch", "a security=S1; b security=S1", NULL,
	 POD("", AFFINITY(SHUNS(W("5", T("az", S1))))), "a=0 b=200"},
	{"shuns the more crowded", "a az=1; b az=2", "a security=S1; a security=S1; b security=S1", NULL,
	 POD("", AFFINITY(SHUNS(W("5", T("az", S1))))), "a=0 b=200"},
	{"they shun it", "a az=1; b az=2", "a security=S1", AFFINITY(SHUNS(W("5", T("az", S2)))),
	 POD("security: S2", ""), "a=0 b=200"},
	{"likes and shuns", "a region=ch az=1; b region=ch az=2", "a security=S1; b security=S1", NULL,
	 POD("", AFFINITY(LIKES(W("8", T("region", S1))) SHUNS(W("5", T("az", S2))))), "a=0 b=0"},
	{"likes more than it shuns", "a region=ch az=1; b region=in az=2", "a security=S1; b security=S2",
	 NULL, POD("", AFFINITY(LIKES(W("8", T("region", S1))) SHUNS(W("5", T("az", S2))))), "a=200 b=0"},
	{"itself like the others", RICH, "a security=S1; a security=S1; b security=S1", NULL,
	 POD("security: S1", AFFINITY(LIKES(W("8", T("region", S1))) SHUNS(W("5", T("az", S2))))),
	 "a=200 b=100 c=0"},
	{"both ways", RICH, "a security=S1; b security=S2",
	 AFFINITY(LIKES(W("8", T("region", S1))) SHUNS(W("5", T("az", S2)))),
	 POD("security: S1", AFFINITY(LIKES(W("8", T("region", S1))))), "a=200 b=100 c=0"},
	{"parts of a topology without pods", "a az=1; b az=1", "a security=S1",
	 AFFINITY(SHUNS(W("5", T("az", S2)))), POD("security: S2", ""), "a=0 b=0"},
	{"other namespaces", RICH, "a security=S1 @red; b security=S1", NULL,
	 POD("", AFFINITY(LIKES(W("5", T("region", S1))))), "a=0 b=200 c=0"},
	{"namespaces by label", RICH, "a security=S1 @red; b security=S1", NULL,
	 POD("", AFFINITY(LIKES(W("5", TN("region", S1, "namespaceSelector: {matchLabels: {team: r}}"))))),
	 "a=200 b=0 c=0"},
	{"theirs, namespaces by label", RICH, "a security=S1 @red",
	 AFFINITY(LIKES(W("5", TN("region", S1, "namespaceSelector: {matchLabels: {team: own}}")))),
	 POD("security: S1", ""), "a=200 b=0 c=0"},
};

static void test_scores(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
		const struct sched_pod *p = make_pod(scores[i].pod);
		struct cluster u;
		autobuf struct buf got = BUF_INIT;

		cluster_init(&u, &affinity);
		tell_namespaces(&u);
		cluster_nodes(&u, scores[i].nodes, NULL);
		cluster_pods(&u, scores[i].pods, scores[i].of);
		cluster_scores(&u, p, &got);
		if (strcmp(buf_str(&got), scores[i].want) != 0)
			fail_msg("%s: got %s, not %s", scores[i].what, buf_str(&got), scores[i].want);
		informer_unref(p);
		cluster_release(&u);
	}
}

/* More keys than the snapshot keeps topologies of, and more questions than it keeps counts of. */
static void test_more_terms_than_are_remembered(void **state)
{
	autobuf struct buf nodes = BUF_INIT, yaml = BUF_INIT;
	struct cluster u;
	char got[65];

	buf_adds(&nodes, "a");
	buf_adds(&yaml,
		 "metadata: {name: p, namespace: d, uid: u}\nspec: {affinity: {podAntiAffinity: {" REQUIRED
		 "[");
	for (int i = 0; i < 100; i++) {
		buf_addf(&nodes, " k%d=1", i);
		buf_addf(&yaml, "{topologyKey: k%d, labelSelector: {matchLabels: {l: '%d'}}}, ", i, i);
	}
	buf_adds(&nodes, "; b");
	buf_adds(&yaml, "]}}, containers: [{name: c}]}");
	const struct sched_pod *p = make_pod(buf_str(&yaml));
	cluster_init(&u, &affinity);
	cluster_nodes(&u, buf_str(&nodes), NULL);
	cluster_pods(&u, "b l=1", NULL);
	for (int i = 0; i < 3; i++) {
		cluster_verdicts(&u, p, got, NULL);
		assert_string_equal(got, "..");
	}
	cluster_pods(&u, "a l=97", NULL);
	cluster_verdicts(&u, p, got, NULL);
	assert_string_equal(got, "x.");
	assert_int_equal(u.snapshot.n_topologies, 100);
	informer_unref(p);
	p = make_pod(POD("", ""));
	cluster_verdicts(&u, p, got, NULL);
	assert_int_equal(u.snapshot.n_topologies, SNAPSHOT_TOPOLOGIES);
	informer_unref(p);
	cluster_release(&u);
}

static void test_hints(void **state)
{
	const struct sched_pod *near = make_pod(POD("", AFFINITY(NEAR(T("z", HAS("foo")))))),
			       *away = make_pod(POD("foo: ''", AFFINITY(AWAY(T("z", HAS("foo")))))),
			       *plain = make_pod(POD("foo: ''", ""));
	const struct sched_node *zone = make_node("metadata: {name: n, labels: {z: '1'}}"),
				*none = make_node("metadata: {name: n}");
	const struct {
		const struct sched_pod *p;
		struct cluster_event e;
		bool helps;
	} rows[] = {
		{near, {.types = EVENT_POD_ADDED, .pod = plain}, true},
		{near, {.types = EVENT_POD_ADDED, .pod = near}, false},
		{away, {.types = EVENT_POD_ADDED, .pod = plain}, false},
		{away, {.types = EVENT_POD_DELETED, .pod = plain}, true},
		{away, {.types = EVENT_POD_DELETED, .pod = near}, false},
		{plain, {.types = EVENT_POD_DELETED, .pod = away}, true}, /* which had not wanted it */
		{plain, {.types = EVENT_POD_DELETED, .pod = near}, false},
		{near, {.types = EVENT_NODE_ADDED, .node = zone}, true},
		{near, {.types = EVENT_NODE_ADDED, .node = none}, false},
		{near, {.types = EVENT_NODE_LABELS, .node = none}, true}, /* it may have had the label */
		{away, {.types = EVENT_NODE_ADDED, .node = none}, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (framework_helps(&affinity, 1, rows[i].p, &rows[i].e) != rows[i].helps)
			fail_msg("row %zu", i);
	informer_unref(near);
	informer_unref(away);
	informer_unref(plain);
	informer_unref(zone);
	informer_unref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters), cmocka_unit_test(test_words),
		cmocka_unit_test(test_scores),	cmocka_unit_test(test_more_terms_than_are_remembered),
		cmocka_unit_test(test_hints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* KubeSchedulerConfigurations, after upstream's cases (apis/config/{v1,validation,scheme}, framework/runtime). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/config.h"
#include "object/decode.h"
#include "plugins/table.h"

#define HEAD "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
#define PROFILE(text) HEAD "profiles:\n- schedulerName: x\n  " text "\n"
#define ARGS(plugin, args) PROFILE("pluginConfig: [{name: " plugin ", args: {" args "}}]")
#define AT "profiles[0].pluginConfig[0].args."
#define WITH(point, text) PROFILE("plugins: {" point ": {" text "}}")

static struct sched_config *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct sched_config *c = config_parse(text, strlen(text), &plugin_default_profile, &err);

	if (!c)
		fail_msg("%s\n%s", err.msg, text);
	return c;
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "empty"},
		{"[]", "not an object"},
		{"kind: KubeSchedulerConfiguration",
		 "no kind \"KubeSchedulerConfiguration\" is registered for version \"\""},
		{"apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration",
		 "for version \"kubescheduler.config.k8s.io/v1beta3\""},
		{HEAD "foo: bar", "unknown field \"foo\""},
		{HEAD "foo: bar\nbar: [baz]", "unknown field \"foo\", unknown field \"bar\""},
		{HEAD "leaderElection: {foo: true}", "unknown field \"leaderElection.foo\""},
		{HEAD "profiles: [{schedulerName: a, foo: 1}]", "unknown field \"profiles[0].foo\""},
		{HEAD "parallelism: 1\nparallelism: 2",
		 "yaml: line 4: key \"parallelism\" already set in map"},
		{HEAD "parallelism: x", "parallelism: Invalid value: must be a 32-bit integer"},
		{HEAD "parallelism: 4294967296", "parallelism: Invalid value: must be a 32-bit integer"},
		{HEAD "profiles: {}", "profiles: Invalid value: must be a list"},
		{HEAD "leaderElection: 1", "leaderElection: Invalid value: must be an object"},
		{HEAD "leaderElection: {leaseDuration: soon}",
		 "leaderElection.leaseDuration: Invalid value: must be a duration such as \"5s\""},
		{HEAD "clientConnection: {qps: fast}",
		 "clientConnection.qps: Invalid value: must be a number"},
		{HEAD "parallelism: 0",
		 "parallelism: Invalid value: 0: should be an integer value greater than zero"},
		{HEAD "parallelism: -1", "parallelism: Invalid value: -1:"},
		{HEAD "percentageOfNodesToScore: 101",
		 "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"},
		{HEAD "percentageOfNodesToScore: -1", "percentageOfNodesToScore: Invalid value: -1:"},
		{HEAD "podInitialBackoffSeconds: 0",
		 "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"},
		{HEAD "podInitialBackoffSeconds: 9\npodMaxBackoffSeconds: 8",
		 "podMaxBackoffSeconds: Invalid value: 8: must be greater than or equal to PodInitialBackoffSeconds"},
		{HEAD "leaderElection: {resourceLock: configmaps}",
		 "leaderElection.resourceLock: Invalid value: \"configmaps\": resourceLock value must be \"leases\""},
		{PROFILE("percentageOfNodesToScore: 101"),
		 "profiles[0].percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"},
		{HEAD "profiles: [{}, {}]", "profiles[0].schedulerName: Required value"},
		{HEAD "profiles: [{schedulerName: a}, {schedulerName: b}, {schedulerName: a}]",
		 "profiles[2].schedulerName: Duplicate value: \"profiles[0].schedulerName\""},
		{PROFILE("pluginConfig: [{name: InterPodAffinity}, {name: InterPodAffinity}]"),
		 "profiles[0].pluginConfig[1]: Duplicate value: \"InterPodAffinity\""},
		/* arguments */
		{ARGS("NodeAffinity", "foo: 1"), "unknown field \"" AT "foo\""},
		{ARGS("DefaultPreemption", "kind: InterPodAffinityArgs"),
		 "args for plugin DefaultPreemption were not of type DefaultPreemptionArgs, got InterPodAffinityArgs"},
		{ARGS("DefaultPreemption", "minCandidateNodesPercentage: -1"),
		 AT "minCandidateNodesPercentage: Invalid value: -1: not in valid range [0, 100]"},
		{ARGS("DefaultPreemption", "minCandidateNodesPercentage: 101"), "Invalid value: 101"},
		{ARGS("DefaultPreemption", "minCandidateNodesAbsolute: -1"),
		 AT "minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)"},
		{ARGS("DefaultPreemption", "minCandidateNodesAbsolute: 0, minCandidateNodesPercentage: 0"),
		 "cannot be zero at the same time as minCandidateNodesAbsolute"},
		{ARGS("InterPodAffinity", "hardPodAffinityWeight: -1"),
		 AT "hardPodAffinityWeight: Invalid value: -1: not in valid range [0, 100]"},
		{ARGS("InterPodAffinity", "hardPodAffinityWeight: 101"), "not in valid range [0, 100]"},
		{ARGS("PodTopologySpread", "defaultingType: Unknown"),
		 AT "defaultingType: Unsupported value: \"Unknown\": supported values: \"System\", \"List\""},
		{ARGS("PodTopologySpread",
		      "defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]"),
		 AT "defaultingType: Invalid value: \"System\": when .defaultConstraints are not empty"},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: -1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]"),
		 AT "defaultConstraints[0].maxSkew: Invalid value: -1: not in valid range (0, inf)"},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: '', whenUnsatisfiable: DoNotSchedule}]"),
		 AT "defaultConstraints[0].topologyKey: Required value: can not be empty"},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ''}]"),
		 AT "defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty"},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: unknown action}]"),
		 "whenUnsatisfiable: Unsupported value: \"unknown action\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\""},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}, "
		      "{maxSkew: 2, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]"),
		 AT "defaultConstraints[1]: Duplicate value: \"{a, DoNotSchedule}\""},
		{ARGS("PodTopologySpread",
		      "defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, "
		      "labelSelector: {matchLabels: {a: b}}}]"),
		 AT "defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector"},
		{ARGS("NodeResourcesBalancedAllocation", "resources: [{name: cpu, weight: 2}]"),
		 AT "resources[0].weight: Invalid value: 2: must be 1"},
		{ARGS("NodeResourcesBalancedAllocation", "resources: [{name: cpu}, {name: cpu}]"),
		 AT "resources[1].name: Duplicate value: \"cpu\""},
		{ARGS("NodeResourcesFit", "scoringStrategy: {type: Invalid}"),
		 AT "scoringStrategy.type: Unsupported value: \"Invalid\""},
		{ARGS("NodeResourcesFit",
		      "scoringStrategy: {type: LeastAllocated, resources: [{name: cpu, weight: 101}]}"),
		 AT
		 "scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]"},
		{ARGS("NodeResourcesFit",
		      "scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: -1}]}"),
		 "resource weight of cpu not in valid range (0, 100]"},
		{ARGS("NodeResourcesFit", "scoringStrategy: {type: RequestedToCapacityRatio}"),
		 AT "scoringStrategy.shape: Required value: at least one point must be specified"},
		{ARGS("NodeResourcesFit",
		      "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 2, score: 1}, "
		      "{utilization: 1, score: 2}]}}"),
		 AT
		 "scoringStrategy.shape[1].utilization: Invalid value: 1: values must be sorted in increasing order"},
		{ARGS("NodeResourcesFit",
		      "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: -1, score: 1}]}}"),
		 "utilization: Invalid value: -1: not in valid range [0, 100]"},
		{ARGS("NodeResourcesFit",
		      "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 1, score: 11}]}}"),
		 "score: Invalid value: 11: not in valid range [0, 10]"},
		{ARGS("NodeResourcesFit", "ignoredResourceGroups: [a/b]"), AT
		 "ignoredResourceGroups[0]: Invalid value: \"a/b\": resource group name can't contain '/'"},
		{ARGS("NodeResourcesFit", "ignoredResources: ['a b']"),
		 AT "ignoredResources[0]: Invalid value: \"a b\""},
		{ARGS("NodeAffinity",
		      "addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: "
		      "[{key: a, operator: Unknown}]}]}}"),
		 "nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: \"Unknown\""},
		{ARGS("NodeAffinity",
		      "addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: "
		      "[{key: a, operator: In}]}}]}"),
		 "must be specified when `operator` is 'In' or 'NotIn'"},
		{ARGS("VolumeBinding", "bindTimeoutSeconds: -10"), AT
		 "bindTimeoutSeconds: Invalid value: -10: invalid BindTimeoutSeconds, should not be a negative value"},
		{ARGS("VolumeBinding", "shape: [{utilization: 0, score: 0}]"),
		 "remove it or turn on the feature gate"},
		/* plugins */
		{WITH("filter", "enabled: [{name: Nobody}]"),
		 "profiles[0].plugins.filter.enabled[0]: FilterPlugin \"Nobody\" does not exist"},
		{WITH("filter", "enabled: [{name: ImageLocality}]"),
		 "plugin \"ImageLocality\" does not extend FilterPlugin plugin"},
		{WITH("score", "enabled: [{name: ImageLocality}, {name: ImageLocality}]"),
		 "plugin \"ImageLocality\" already registered as \"ScorePlugin\""},
		{WITH("queueSort", "disabled: [{name: '*'}]"),
		 "only one queue sort plugin required for profile with scheduler name \"x\", but got 0"},
		{WITH("bind", "disabled: [{name: '*'}]"),
		 "at least one bind plugin is needed for profile with scheduler name \"x\""},
		/* extenders */
		{HEAD "extenders: [{urlPrefix: u, prioritizeVerb: p, weight: -1}]",
		 "extenders[0].weight: Invalid value: -1: must have a positive weight applied to it"},
		{HEAD "extenders: [{bindVerb: b}, {bindVerb: b}]", "only one extender can implement bind"},
		{HEAD "extenders: [{managedResources: [{name: foo}]}]",
		 "extenders[0].managedResources[0].name: Invalid value: \"foo\": is an invalid extended resource name"},
		{HEAD "extenders: [{managedResources: [{name: a.b/c}]}, {managedResources: [{name: a.b/c}]}]",
		 "extenders[1].managedResources[0].name: Invalid value: \"a.b/c\": duplicate extender managed resource name"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct sched_config *c =
			config_parse(rows[i].text, strlen(rows[i].text), &plugin_default_profile, &err);

		if (c || (*rows[i].text && !strstr(err.msg, rows[i].want)))
			fail_msg("%s: got «%s», not «%s»", rows[i].text, c ? "fine" : err.msg, rows[i].want);
		assert_int_not_equal(err.reason, REASON_NONE);
		config_free(c);
	}
}

/* "Name Name" of a hook, with the weight of scores. */
static void names(const struct framework *f, enum hook h, struct buf *out)
{
	const struct profile *p = f->profile;

	for (size_t i = 0; i < p->n[h]; i++) {
		buf_addf(out, "%s%s", i ? " " : "", f->plugins[p->order[h][i]]->name);
		if (h == HOOK_SCORE)
			buf_addf(out, "=%d", p->weights[p->order[h][i]]);
	}
}

#define VOLUMES "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone"
#define FILTERS                                                                                              \
	"NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit " VOLUMES        \
	" PodTopologySpread "                                                                                \
	"InterPodAffinity"
#define SCORES                                                                                               \
	"TaintToleration=3 NodeAffinity=2 NodeResourcesFit=1 PodTopologySpread=2 InterPodAffinity=2 "        \
	"NodeResourcesBalancedAllocation=1 ImageLocality=1"
static void test_plugins(void **state)
{
	static const struct {
		const char *what, *text;
		enum hook hook;
		const char *want;
	} rows[] = {
		{"nothing said", HEAD, HOOK_FILTER, FILTERS},
		{"nothing said", HEAD, HOOK_SCORE, SCORES},
		{"one is off at one point", WITH("filter", "disabled: [{name: NodePorts}]"), HOOK_FILTER,
		 "NodeUnschedulable NodeName TaintToleration NodeAffinity NodeResourcesFit " VOLUMES
		 " PodTopologySpread "
		 "InterPodAffinity"},
		{"all are off at one point", WITH("score", "disabled: [{name: '*'}]"), HOOK_SCORE, ""},
		{"and no other", WITH("score", "disabled: [{name: '*'}]"), HOOK_FILTER, FILTERS},
		{"all but one",
		 WITH("score", "disabled: [{name: '*'}], enabled: [{name: NodeAffinity, weight: 7}]"),
		 HOOK_SCORE, "NodeAffinity=7"},
		{"a weight of its own comes first",
		 WITH("score", "enabled: [{name: ImageLocality, weight: 9}]"), HOOK_SCORE,
		 "ImageLocality=9 TaintToleration=3 NodeAffinity=2 NodeResourcesFit=1 PodTopologySpread=2 "
		 "InterPodAffinity=2 NodeResourcesBalancedAllocation=1"},
		{"weight 0 is 1", WITH("score", "enabled: [{name: ImageLocality}], disabled: [{name: '*'}]"),
		 HOOK_SCORE, "ImageLocality=1"},
		{"multiPoint: one is off everywhere", WITH("multiPoint", "disabled: [{name: NodeAffinity}]"),
		 HOOK_SCORE,
		 "TaintToleration=3 NodeResourcesFit=1 PodTopologySpread=2 InterPodAffinity=2 "
		 "NodeResourcesBalancedAllocation=1 ImageLocality=1"},
		{"multiPoint: one is off everywhere", WITH("multiPoint", "disabled: [{name: NodeAffinity}]"),
		 HOOK_PREFILTER, "NodeName NodePorts " VOLUMES " PodTopologySpread InterPodAffinity"},
		{"multiPoint: another weight, in its place",
		 WITH("multiPoint", "enabled: [{name: NodeAffinity, weight: 5}]"), HOOK_SCORE,
		 "TaintToleration=3 NodeAffinity=5 NodeResourcesFit=1 PodTopologySpread=2 InterPodAffinity=2 "
		 "NodeResourcesBalancedAllocation=1 ImageLocality=1"},
		{"multiPoint: only these",
		 WITH("multiPoint",
		      "disabled: [{name: '*'}], enabled: [{name: PrioritySort}, {name: DefaultBinder}, {name: NodeName}, "
		      "{name: ImageLocality, weight: 2}]"),
		 HOOK_SCORE, "ImageLocality=2"},
		{"off at a point, though multiPoint has it",
		 PROFILE("plugins: {multiPoint: {enabled: [{name: NodeAffinity, weight: 5}]}, score: {disabled: [{name: "
			 "NodeAffinity}]}}"),
		 HOOK_SCORE,
		 "TaintToleration=3 NodeResourcesFit=1 PodTopologySpread=2 InterPodAffinity=2 "
		 "NodeResourcesBalancedAllocation=1 ImageLocality=1"},
		{"the point's weight counts, not multiPoint's",
		 PROFILE("plugins: {multiPoint: {enabled: [{name: NodeAffinity, weight: 5}]}, score: {enabled: [{name: "
			 "NodeAffinity, weight: 6}]}}"),
		 HOOK_SCORE,
		 "NodeAffinity=6 TaintToleration=3 NodeResourcesFit=1 PodTopologySpread=2 InterPodAffinity=2 "
		 "NodeResourcesBalancedAllocation=1 ImageLocality=1"},
		{"no preemption", WITH("postFilter", "disabled: [{name: '*'}]"), HOOK_POSTFILTER, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sched_config *c = parse(rows[i].text);
		autobuf struct buf got = BUF_INIT;

		names(&c->profiles[0], rows[i].hook, &got);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("%s: got %s, not %s", rows[i].what, buf_str(&got), rows[i].want);
		config_free(c);
	}
}

static void test_values(void **state)
{
	struct sched_config *c = parse(
		HEAD
		"podInitialBackoffSeconds: 2\npodMaxBackoffSeconds: 20\npercentageOfNodesToScore: 30\n"
		"leaderElection: {leaderElect: false, resourceName: mine, resourceNamespace: ours}\n"
		"clientConnection: {kubeconfig: /k, qps: 12.5}\n"
		"profiles:\n- schedulerName: a\n- schedulerName: b\n  percentageOfNodesToScore: 50\n"
		"  plugins: {preEnqueue: {disabled: [{name: '*'}]}}\n  pluginConfig:\n"
		"  - {name: InterPodAffinity, args: {hardPodAffinityWeight: 5, ignorePreferredTermsOfExistingPods: true}}\n"
		"  - {name: DefaultPreemption, args: {minCandidateNodesAbsolute: 7}}\n"
		"  - {name: PodTopologySpread, args: {defaultingType: List, defaultConstraints: [{maxSkew: 2, topologyKey: z, "
		"whenUnsatisfiable: DoNotSchedule}]}}\n"
		"  - {name: NodeResourcesFit, args: {ignoredResources: [a.b/c], scoringStrategy: {type: MostAllocated, "
		"resources: [{name: cpu, weight: 3}, {name: a.b/c}]}}}\n"
		"  - {name: VolumeBinding, args: {bindTimeoutSeconds: 3}}\n"
		"  - {name: Somebodys, args: {anything: 1}}\n"
		"extenders:\n- {urlPrefix: 'http://e', filterVerb: f, managedResources: [{name: x.y/z, ignoredByScheduler: true}]}\n");
	const struct plugin_args *a = &c->profiles[0].profile->args, *b = &c->profiles[1].profile->args;

	assert_int_equal(c->n_profiles, 2);
	assert_string_equal(framework_name(&c->profiles[1]), "b");
	assert_int_equal(c->backoff_initial_s, 2);
	assert_int_equal(c->backoff_max_s, 20);
	assert_false(c->leader_elect);
	assert_string_equal(c->lease_name, "mine");
	assert_string_equal(c->lease_namespace, "ours");
	assert_string_equal(c->kubeconfig, "/k");
	assert_int_equal(c->profiles[0].profile->percentage, 30);
	assert_int_equal(c->profiles[1].profile->percentage, 50);
	assert_true(c->profiles[0].profile->gates && !c->profiles[1].profile->gates);
	assert_int_equal(a->hard_affinity_weight, 1);
	assert_int_equal(a->preemption_percent, 10);
	assert_int_equal(a->preemption_nodes, 100);
	assert_ptr_equal(a->fit_resources, plugin_args_default.fit_resources);
	assert_int_equal(b->hard_affinity_weight, 5);
	assert_true(b->ignore_preferred);
	assert_int_equal(b->preemption_nodes, 7);
	assert_int_equal(b->spread_defaulting, SPREAD_LIST);
	assert_string_equal(b->spread[0].topology_key, "z");
	assert_int_equal(b->fit_strategy, FIT_MOST_ALLOCATED);
	assert_int_equal(b->fit_resources[0].weight, 3);
	assert_int_equal(b->fit_resources[1].weight, 1);
	assert_int_equal(b->n_ignored_resources, 2); /* its own, and the extender's */
	assert_string_equal(b->ignored_resources[1], "x.y/z");
	assert_string_equal(a->ignored_resources[0], "x.y/z");
	assert_int_equal(b->bind_timeout_s, 3);
	assert_int_equal(c->n_extenders, 1);
	assert_true(c->extenders[0].timeout_ns == INT64_C(5000000000));
	config_free(c);
}

/* What /configz tells has the defaults in it; without a file all is as if nothing had been said. */
static void test_defaults(void **state)
{
	struct sched_config *c = config_default(&plugin_default_profile), *empty = parse(HEAD);

	assert_int_equal(c->n_profiles, 1);
	assert_null(c->profiles[0].profile);
	assert_string_equal(framework_name(&empty->profiles[0]), "default-scheduler");
	for (enum hook h = HOOK_PREFILTER; h < HOOKS; h++) {
		size_t n = 0;

		for (size_t i = 0; i < c->profiles[0].n; i++)
			n += framework_has(c->profiles[0].plugins[i], h);
		assert_int_equal(empty->profiles[0].profile->n[h], n);
	}
	assert_int_equal(js_int(c->told, 0, "podMaxBackoffSeconds", NULL), 10);
	assert_string_equal(js_str0(empty->told, "leaderElection", "leaseDuration", NULL), "15s");
	config_free(c);
	config_free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals), cmocka_unit_test(test_plugins),
					   cmocka_unit_test(test_values), cmocka_unit_test(test_defaults)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

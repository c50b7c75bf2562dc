/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See config.h. The document stays a tree until it has passed; then rows (object/decode.h) make structs of it, the
 * arguments of all plugins of a profile at once.
 */
#include "config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/flags.h"
#include "config/config_internal.h"
#include "object/yaml.h"

#define API_VERSION "kubescheduler.config.k8s.io/v1"
#define KIND "KubeSchedulerConfiguration"

void config_fault(struct config_faults *f, const char *format, ...)
{
	va_list ap;
	char text[1024];

	if (f->n++ >= CONFIG_FAULTS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (f->text.len)
		buf_adds(&f->text, ", ");
	buf_adds(&f->text, text);
}

/* ---- defaults ---- */
static void default_str(js *o, const char *field, const char *value)
{
	if (!*js_str0(o, field, NULL))
		js_set_str(o, field, value);
}

static void default_int(js *o, const char *field, int64_t value)
{
	if (!js_get(o, field, NULL))
		js_set_int(o, field, value);
}

static void default_bool(js *o, const char *field, bool value)
{
	if (!js_get(o, field, NULL))
		js_set_bool(o, field, value);
}

static void set_defaults(js *o)
{
	js *election = js_ensure(o, "leaderElection", NULL), *client = js_ensure(o, "clientConnection", NULL),
	   *profiles = js_ensure_arr(o, "profiles");

	default_int(o, "parallelism", 16);
	default_int(o, "percentageOfNodesToScore", 0);
	default_int(o, "podInitialBackoffSeconds", 1);
	default_int(o, "podMaxBackoffSeconds", 10);
	default_bool(o, "enableProfiling", true);
	default_bool(o, "enableContentionProfiling", true);
	default_bool(election, "leaderElect", true);
	default_str(election, "leaseDuration", "15s");
	default_str(election, "renewDeadline", "10s");
	default_str(election, "retryPeriod", "2s");
	default_str(election, "resourceLock", "leases");
	default_str(election, "resourceName", "kube-scheduler");
	default_str(election, "resourceNamespace", "kube-system");
	default_str(client, "contentType", "application/vnd.kubernetes.protobuf");
	default_int(client, "qps", 50);
	default_int(client, "burst", 100);
	if (!js_len(profiles))
		js_push(profiles, js_new_obj());
	if (js_len(profiles) == 1)
		default_str(js_at(profiles, 0), "schedulerName", SCHEDULER_NAME);
}

/* ---- arguments ---- */
static const char *const strategy_names[] = {[FIT_LEAST_ALLOCATED] = "LeastAllocated",
					     [FIT_MOST_ALLOCATED] = "MostAllocated",
					     [FIT_REQUESTED_TO_CAPACITY_RATIO] = "RequestedToCapacityRatio"};
static const char *const defaulting_names[] = {[SPREAD_SYSTEM] = "System", [SPREAD_LIST] = "List"};
static const struct decode_row weight_rows[] = {DECODE_STRING("name", struct resource_weight, name),
						DECODE_INT64("weight", struct resource_weight, weight)};
static const struct resource_weight initial_weight = {.name = "", .weight = 1};
static void finish_weight(void *o)
{
	struct resource_weight *w = o;

	w->weight = w->weight ? w->weight : 1;
}
static const struct decode_spec weight_spec =
	DECODE_SPEC(struct resource_weight, weight_rows, .initial = &initial_weight, .finish = finish_weight);
static const struct decode_row point_rows[] = {DECODE_INT32("utilization", struct score_point, utilization),
					       DECODE_INT32("score", struct score_point, score)};
static const struct decode_spec point_spec = DECODE_SPEC(struct score_point, point_rows);

#define A struct plugin_args
static const struct decode_row args_rows[] = {
	DECODE_INT32("DefaultPreemption.minCandidateNodesPercentage", A, preemption_percent),
	DECODE_INT32("DefaultPreemption.minCandidateNodesAbsolute", A, preemption_nodes),
	DECODE_INT32("InterPodAffinity.hardPodAffinityWeight", A, hard_affinity_weight),
	DECODE_BOOL("InterPodAffinity.ignorePreferredTermsOfExistingPods", A, ignore_preferred),
	DECODE_POINTER("NodeAffinity.addedAffinity", A, added_affinity, &node_affinity_spec),
	DECODE_ARRAY("NodeResourcesBalancedAllocation.resources", A, balanced_resources, n_balanced_resources,
		     &weight_spec),
	DECODE_STRINGS("NodeResourcesFit.ignoredResources", A, ignored_resources, n_ignored_resources),
	DECODE_STRINGS("NodeResourcesFit.ignoredResourceGroups", A, ignored_groups, n_ignored_groups),
	DECODE_ENUM("NodeResourcesFit.scoringStrategy.type", A, fit_strategy, strategy_names),
	DECODE_ARRAY("NodeResourcesFit.scoringStrategy.resources", A, fit_resources, n_fit_resources,
		     &weight_spec),
	DECODE_ARRAY("NodeResourcesFit.scoringStrategy.requestedToCapacityRatio.shape", A, fit_shape,
		     n_fit_shape, &point_spec),
	DECODE_ARRAY("PodTopologySpread.defaultConstraints", A, spread, n_spread, &pod_spread_spec),
	DECODE_ENUM("PodTopologySpread.defaultingType", A, spread_defaulting, defaulting_names),
	DECODE_INT64("VolumeBinding.bindTimeoutSeconds", A, bind_timeout_s),
};
/* Lists that are empty are as good as absent. */
static void finish_args(void *o)
{
	struct plugin_args *a = o;

	if (!a->n_fit_resources) {
		a->fit_resources = plugin_args_default.fit_resources;
		a->n_fit_resources = plugin_args_default.n_fit_resources;
	}
	if (!a->n_balanced_resources) {
		a->balanced_resources = plugin_args_default.balanced_resources;
		a->n_balanced_resources = plugin_args_default.n_balanced_resources;
	}
}
static const struct decode_spec args_spec =
	DECODE_SPEC(struct plugin_args, args_rows, .initial = &plugin_args_default, .finish = finish_args);

static int read_args(const js *profile, struct arena *a, struct plugin_args *ret, struct err *err)
{
	const js *list = js_arr(profile, "pluginConfig", NULL);
	autojson js *all = js_new_obj();
	autobuf struct buf text = BUF_INIT;

	for (size_t i = 0; i < js_len(list); i++) {
		const js *args = js_obj(js_at(list, i), "args", NULL);

		if (args)
			js_set(all, js_str0(js_at(list, i), "name", NULL), js_dup(args));
	}
	js_write(&text, all);
	return decode_into(&args_spec, buf_str(&text), text.len, a, ret, err);
}

/* ---- structs ---- */
static void read_profiles(struct sched_config *c, const struct framework *plugins, struct config_faults *f,
			  struct err *err)
{
	const js *list = js_arr(c->told, "profiles", NULL);

	c->n_profiles = js_len(list);
	c->profiles = arena_array(&c->arena, c->n_profiles, sizeof(*c->profiles));
	for (size_t i = 0; i < c->n_profiles && f->n < CONFIG_FAULTS_MAX; i++) {
		const js *o = js_at(list, i);
		struct profile *p = arena_alloc(&c->arena, sizeof(*p));
		autofree char *path = mem_printf("profiles[%zu]", i);

		p->name = arena_strdup(&c->arena, js_str0(o, "schedulerName", NULL));
		p->percentage = (int32_t)js_int(o, js_int(c->told, 0, "percentageOfNodesToScore", NULL),
						"percentageOfNodesToScore", NULL);
		config_read_plugins(o, plugins, path, p, f);
		if (read_args(o, &c->arena, &p->args, err) < 0)
			config_fault(f, "%s: %s", path, err->msg);
		c->profiles[i] = *plugins;
		c->profiles[i].profile = p;
	}
}

static const char *keep_str(struct sched_config *c, const js *o, const char *field)
{
	return arena_strdup(&c->arena, js_str0(o, field, NULL));
}

#define EXTENDER_NS (5 * NS_PER_S)
static void read_extender(struct sched_config *c, const js *o, struct sched_extender *e)
{
	const js *list = js_arr(o, "managedResources", NULL);
	const char **names = arena_array(&c->arena, js_len(list) + 1, sizeof(*names)),
		   **unchecked = arena_array(&c->arena, js_len(list) + 1, sizeof(*names));
	struct err ignored = ERR_INIT;

	*e = (struct sched_extender){.url = keep_str(c, o, "urlPrefix"),
				     .filter = keep_str(c, o, "filterVerb"),
				     .prioritize = keep_str(c, o, "prioritizeVerb"),
				     .bind = keep_str(c, o, "bindVerb"),
				     .preempt = keep_str(c, o, "preemptVerb"),
				     .weight = js_int(o, 0, "weight", NULL),
				     .cache_capable = js_bool(o, false, "nodeCacheCapable", NULL),
				     .ignorable = js_bool(o, false, "ignorable", NULL),
				     .resources = names,
				     .unchecked = unchecked};
	if (flags_duration(js_str0(o, "httpTimeout", NULL), &e->timeout_ns, &ignored) < 0 || !e->timeout_ns)
		e->timeout_ns = EXTENDER_NS;
	for (size_t i = 0; i < js_len(list); i++) {
		names[e->n_resources++] = keep_str(c, js_at(list, i), "name");
		if (js_bool(js_at(list, i), false, "ignoredByScheduler", NULL))
			unchecked[e->n_unchecked++] = names[i];
	}
}

/* What an extender keeps account of is not NodeResourcesFit's business, in any profile. */
static void leave_to_extenders(struct sched_config *c)
{
	size_t more = 0;

	for (size_t i = 0; i < c->n_extenders; i++)
		more += c->extenders[i].n_unchecked;
	for (size_t i = 0; more && i < c->n_profiles; i++) {
		struct plugin_args *a = &((struct profile *)c->profiles[i].profile)->args;
		const char **v = arena_array(&c->arena, a->n_ignored_resources + more, sizeof(*v));
		size_t n = 0;

		while (n < a->n_ignored_resources) {
			v[n] = a->ignored_resources[n];
			n++;
		}
		for (size_t k = 0; k < c->n_extenders; k++)
			for (size_t m = 0; m < c->extenders[k].n_unchecked; m++)
				v[n++] = c->extenders[k].unchecked[m];
		a->ignored_resources = v;
		a->n_ignored_resources = n;
	}
}

static void read_rest(struct sched_config *c)
{
	const js *o = c->told, *election = js_obj(o, "leaderElection", NULL),
		 *extenders = js_arr(o, "extenders", NULL);

	c->backoff_initial_s = js_int(o, 1, "podInitialBackoffSeconds", NULL);
	c->backoff_max_s = js_int(o, 10, "podMaxBackoffSeconds", NULL);
	c->leader_elect = js_bool(election, true, "leaderElect", NULL);
	c->lease_namespace = keep_str(c, election, "resourceNamespace");
	c->lease_name = keep_str(c, election, "resourceName");
	c->kubeconfig = keep_str(c, js_obj(o, "clientConnection", NULL), "kubeconfig");
	c->n_extenders = js_len(extenders);
	c->extenders = arena_array(&c->arena, c->n_extenders + 1, sizeof(*c->extenders));
	for (size_t i = 0; i < c->n_extenders; i++)
		read_extender(c, js_at(extenders, i), &c->extenders[i]);
	leave_to_extenders(c);
}

void config_free(struct sched_config *c)
{
	if (!c)
		return;
	js_autoput(&c->told);
	arena_release(&c->arena);
	free(c);
}

/* Takes the tree. */
static struct sched_config *make(js *o, const struct framework *plugins, struct config_faults *f,
				 struct err *err)
{
	struct sched_config *c = MEM_NEW(struct sched_config);

	c->told = o;
	read_profiles(c, plugins, f, err);
	if (!f->n) {
		read_rest(c);
		return c;
	}
	config_free(c);
	return NULL;
}

struct sched_config *config_default(const struct framework *plugins)
{
	struct config_faults f = {0};
	struct err err = ERR_INIT;
	js *o = js_new_obj();

	js_set_str(o, "apiVersion", API_VERSION);
	js_set_str(o, "kind", KIND);
	set_defaults(o);
	struct sched_config *c = make(o, plugins, &f, &err);

	/* What nobody has changed runs without looking anything up. */
	for (size_t i = 0; i < c->n_profiles; i++)
		c->profiles[i].profile = NULL;
	buf_release(&f.text);
	return c;
}

/* ---- reading ---- */
static void check_version(const js *o, struct config_faults *f)
{
	const char *version = js_str0(o, "apiVersion", NULL), *kind = js_str0(o, "kind", NULL);

	if (strcmp(version, API_VERSION) != 0 || strcmp(kind, KIND) != 0)
		config_fault(f,
			     "no kind \"%s\" is registered for version \"%s\": this scheduler reads " KIND
			     " of " API_VERSION,
			     kind, version);
}

static void gather(const js *o, const struct js_duplicates *dup, struct config_faults *f)
{
	for (size_t i = 0; i < dup->n; i++)
		config_fault(f, "yaml: %s", dup->path[i]);
	check_version(o, f);
	if (!f->n)
		config_check_shape(o, f);
}

struct sched_config *config_parse(const char *text, size_t n, const struct framework *plugins,
				  struct err *err)
{
	struct js_duplicates dup = {0};
	struct config_faults f = {0};
	struct sched_config *c = NULL;
	js *o = n > CONFIG_MAX ? NULL : yaml_parse(text, n, &dup, err);

	if (n > CONFIG_MAX)
		err_set(err, REASON_BAD_REQUEST, "more than %zu bytes", CONFIG_MAX);
	if (o && !js_is_obj(o))
		config_fault(&f, "not an object");
	else if (o)
		gather(o, &dup, &f);
	if (o && !f.n) {
		set_defaults(o);
		config_check_values(o, &f);
	}
	if (o && !f.n)
		c = make(STEAL(o), plugins, &f, err);
	if (f.n) {
		*err = (struct err)ERR_INIT;
		err_set(err, REASON_BAD_REQUEST, "%s", buf_str(&f.text));
	}
	js_autoput(&o);
	js_duplicates_release(&dup);
	buf_release(&f.text);
	return c;
}

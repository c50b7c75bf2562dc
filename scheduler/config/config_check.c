/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of a KubeSchedulerConfiguration must be (upstream's apis/config/validation); see config.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "config/config_internal.h"
#include "object/name.h"

static void invalid_int(struct config_faults *f, const char *path, const char *field, int64_t v,
			const char *why)
{
	config_fault(f, "%s%s%s: Invalid value: %" PRId64 ": %s", path, *path ? "." : "", field, v, why);
}

static void check_range(const js *o, const char *path, const char *field, int64_t min, int64_t max,
			const char *why, struct config_faults *f)
{
	const js *v = js_get(o, field, NULL);
	int64_t n = js_int(v, 0, NULL);

	if (v && (n < min || n > max))
		invalid_int(f, path, field, n, why);
}

static void check_preemption(const js *args, const char *path, struct config_faults *f)
{
	check_range(args, path, "minCandidateNodesPercentage", 0, 100, "not in valid range [0, 100]", f);
	check_range(args, path, "minCandidateNodesAbsolute", 0, INT32_MAX, "not in valid range [0, inf)", f);
	if (js_int(args, 10, "minCandidateNodesPercentage", NULL) ||
	    js_int(args, 100, "minCandidateNodesAbsolute", NULL))
		return;
	invalid_int(f, path, "minCandidateNodesPercentage", 0,
		    "cannot be zero at the same time as minCandidateNodesAbsolute");
	invalid_int(f, path, "minCandidateNodesAbsolute", 0,
		    "cannot be zero at the same time as minCandidateNodesPercentage");
}

static void check_interpod(const js *args, const char *path, struct config_faults *f)
{
	check_range(args, path, "hardPodAffinityWeight", 0, 100, "not in valid range [0, 100]", f);
}

static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};
static void check_requirements(const js *list, const char *path, const char *name, struct config_faults *f)
{
	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		const js *r = js_at(list, i);
		const char *key = js_str0(r, "key", NULL), *op = js_str0(r, "operator", NULL);
		size_t n = js_len(js_arr(r, "values", NULL)), at = 0;
		struct name_faults wrong;

		while (at < ARRAY_LEN(operators) && strcmp(operators[at], op) != 0)
			at++;
		if (name_check_qualified(key, &wrong))
			config_fault(f, "%s.%s[%zu].key: Invalid value: \"%s\": %s", path, name, i, key,
				     wrong.v[0]);
		if (at == ARRAY_LEN(operators))
			config_fault(f, "%s.%s[%zu].operator: Unsupported value: \"%s\"", path, name, i, op);
		else if (at < 2 && !n)
			config_fault(
				f,
				"%s.%s[%zu].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
				path, name, i);
		else if ((at == 2 || at == 3) && n)
			config_fault(
				f,
				"%s.%s[%zu].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
				path, name, i);
		else if (at > 3 && n != 1)
			config_fault(
				f,
				"%s.%s[%zu].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
				path, name, i);
	}
}

static void check_term(const js *term, const char *path, struct config_faults *f)
{
	check_requirements(js_arr(term, "matchExpressions", NULL), path, "matchExpressions", f);
	check_requirements(js_arr(term, "matchFields", NULL), path, "matchFields", f);
}

static void check_affinity(const js *args, const char *path, struct config_faults *f)
{
	static const char required[] = "requiredDuringSchedulingIgnoredDuringExecution",
			  preferred[] = "preferredDuringSchedulingIgnoredDuringExecution";
	const js *terms = js_arr(args, "addedAffinity", required, "nodeSelectorTerms", NULL),
		 *wishes = js_arr(args, "addedAffinity", preferred, NULL);

	for (size_t i = 0; i < js_len(terms); i++) {
		autofree char *at =
			mem_printf("%s.addedAffinity.%s.nodeSelectorTerms[%zu]", path, required, i);

		check_term(js_at(terms, i), at, f);
	}
	for (size_t i = 0; i < js_len(wishes); i++) {
		autofree char *at = mem_printf("%s.addedAffinity.%s[%zu]", path, preferred, i);

		check_term(js_obj(js_at(wishes, i), "preference", NULL), at, f);
	}
}

static void check_weights(const js *list, const char *path, bool one, struct config_faults *f)
{
	automap struct map seen = MAP_INIT;

	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(list, i), "name", NULL);
		int64_t w = js_int(js_at(list, i), 1, "weight", NULL);

		if (one && map_get(&seen, name))
			config_fault(f, "%s[%zu].name: Duplicate value: \"%s\"", path, i, name);
		map_set(&seen, name, &seen);
		if (one && w && w != 1)
			config_fault(f, "%s[%zu].weight: Invalid value: %" PRId64 ": must be 1", path, i, w);
		if (!one && (w < 0 || w > 100))
			config_fault(f,
				     "%s[%zu].weight: Invalid value: %" PRId64
				     ": resource weight of %s not in valid range (0, 100]",
				     path, i, w, name);
	}
}

static void check_balanced(const js *args, const char *path, struct config_faults *f)
{
	autofree char *at = mem_printf("%s.resources", path);

	check_weights(js_arr(args, "resources", NULL), at, true, f);
}

static void check_shape(const js *shape, const char *path, struct config_faults *f)
{
	if (!js_len(shape))
		config_fault(f, "%s: Required value: at least one point must be specified", path);
	for (size_t i = 0; i < js_len(shape) && f->n < CONFIG_FAULTS_MAX; i++) {
		const js *p = js_at(shape, i);
		autofree char *at = mem_printf("%s[%zu]", path, i);
		int64_t u = js_int(p, 0, "utilization", NULL);

		if (i && js_int(js_at(shape, i - 1), 0, "utilization", NULL) >= u)
			invalid_int(f, at, "utilization", u, "values must be sorted in increasing order");
		check_range(p, at, "utilization", 0, 100, "not in valid range [0, 100]", f);
		check_range(p, at, "score", 0, 10, "not in valid range [0, 10]", f);
	}
}

static void check_label_names(const js *list, const char *path, bool group, struct config_faults *f)
{
	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(list, i), NULL);
		struct name_faults wrong;

		if (group && strchr(name, '/'))
			config_fault(f,
				     "%s[%zu]: Invalid value: \"%s\": resource group name can't contain '/'",
				     path, i, name);
		if (name_check_qualified(name, &wrong))
			config_fault(f, "%s[%zu]: Invalid value: \"%s\": %s", path, i, name, wrong.v[0]);
	}
}

static void check_fit(const js *args, const char *path, struct config_faults *f)
{
	static const char *const types[] = {"LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"};
	autofree char *resources = mem_printf("%s.ignoredResources", path),
		      *groups = mem_printf("%s.ignoredResourceGroups", path),
		      *weights = mem_printf("%s.scoringStrategy.resources", path),
		      *shape = mem_printf("%s.scoringStrategy.shape", path);
	const js *s = js_obj(args, "scoringStrategy", NULL);
	const char *type = js_str0(s, "type", NULL);
	bool known = !s;

	check_label_names(js_arr(args, "ignoredResources", NULL), resources, false, f);
	check_label_names(js_arr(args, "ignoredResourceGroups", NULL), groups, true, f);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known |= !strcmp(types[i], type);
	if (!known)
		config_fault(f,
			     "%s.scoringStrategy.type: Unsupported value: \"%s\": supported values: "
			     "\"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\"",
			     path, type);
	check_weights(js_arr(s, "resources", NULL), weights, false, f);
	if (js_obj(s, "requestedToCapacityRatio", NULL) || !strcmp(type, types[2]))
		check_shape(js_arr(s, "requestedToCapacityRatio", "shape", NULL), shape, f);
}

static void check_constraint(const js *list, size_t i, const char *path, struct config_faults *f)
{
	const js *c = js_at(list, i);
	const char *key = js_str0(c, "topologyKey", NULL), *action = js_str0(c, "whenUnsatisfiable", NULL);
	struct name_faults wrong;

	if (js_int(c, 0, "maxSkew", NULL) <= 0)
		invalid_int(f, path, "maxSkew", js_int(c, 0, "maxSkew", NULL), "not in valid range (0, inf)");
	if (!*key)
		config_fault(f, "%s.topologyKey: Required value: can not be empty", path);
	else if (name_check_qualified(key, &wrong))
		config_fault(f, "%s.topologyKey: Invalid value: \"%s\": %s", path, key, wrong.v[0]);
	if (!*action)
		config_fault(f, "%s.whenUnsatisfiable: Required value: can not be empty", path);
	else if (strcmp(action, "DoNotSchedule") && strcmp(action, "ScheduleAnyway"))
		config_fault(
			f,
			"%s.whenUnsatisfiable: Unsupported value: \"%s\": supported values: \"DoNotSchedule\", "
			"\"ScheduleAnyway\"",
			path, action);
	if (js_get(c, "labelSelector", NULL))
		config_fault(
			f,
			"%s.labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod",
			path);
}

static void check_spread(const js *args, const char *path, struct config_faults *f)
{
	const js *list = js_arr(args, "defaultConstraints", NULL);
	const char *type = js_str(args, "defaultingType", NULL);
	automap struct map seen = MAP_INIT;

	if (type && strcmp(type, "System") && strcmp(type, "List"))
		config_fault(
			f,
			"%s.defaultingType: Unsupported value: \"%s\": supported values: \"System\", \"List\"",
			path, type);
	else if ((!type || !strcmp(type, "System")) && js_len(list))
		config_fault(
			f,
			"%s.defaultingType: Invalid value: \"System\": when .defaultConstraints are not empty",
			path);
	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		autofree char *at = mem_printf("%s.defaultConstraints[%zu]", path, i);
		autofree char *pair = mem_printf("{%s, %s}", js_str0(js_at(list, i), "topologyKey", NULL),
						 js_str0(js_at(list, i), "whenUnsatisfiable", NULL));

		check_constraint(list, i, at, f);
		if (map_get(&seen, pair))
			config_fault(f, "%s: Duplicate value: \"%s\"", at, pair);
		map_set(&seen, pair, &seen);
	}
}

static void check_volumes(const js *args, const char *path, struct config_faults *f)
{
	check_range(args, path, "bindTimeoutSeconds", 0, INT64_MAX,
		    "invalid BindTimeoutSeconds, should not be a negative value", f);
	if (js_get(args, "shape", NULL))
		config_fault(
			f,
			"%s.shape: Invalid value: unexpected field `shape`, remove it or turn on the feature gate "
			"StorageCapacityScoring",
			path);
}

static const struct {
	const char *plugin;
	void (*check)(const js *args, const char *path, struct config_faults *f);
} args_checks[] = {
	{"DefaultPreemption", check_preemption}, {"InterPodAffinity", check_interpod},
	{"NodeAffinity", check_affinity},	 {"NodeResourcesBalancedAllocation", check_balanced},
	{"NodeResourcesFit", check_fit},	 {"PodTopologySpread", check_spread},
	{"VolumeBinding", check_volumes},
};

static void check_profile(const js *p, const char *path, struct config_faults *f)
{
	const js *entries = js_arr(p, "pluginConfig", NULL);
	automap struct map seen = MAP_INIT;

	if (!*js_str0(p, "schedulerName", NULL))
		config_fault(f, "%s.schedulerName: Required value", path);
	check_range(p, path, "percentageOfNodesToScore", 0, 100, "not in valid range [0-100]", f);
	for (size_t i = 0; i < js_len(entries) && f->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(entries, i), "name", NULL);
		autofree char *at = mem_printf("%s.pluginConfig[%zu]", path, i);
		autofree char *args = mem_printf("%s.args", at);

		if (map_get(&seen, name))
			config_fault(f, "%s: Duplicate value: \"%s\"", at, name);
		map_set(&seen, name, &seen);
		for (size_t k = 0; k < ARRAY_LEN(args_checks); k++)
			if (!strcmp(args_checks[k].plugin, name))
				args_checks[k].check(js_obj(js_at(entries, i), "args", NULL), args, f);
	}
}

static void check_profiles(const js *o, struct config_faults *f)
{
	const js *list = js_arr(o, "profiles", NULL);
	automap struct map seen = MAP_INIT;

	if (js_len(list) > CONFIG_PROFILES_MAX)
		config_fault(f, "profiles: Too many: %zu: must have at most %d items", js_len(list),
			     CONFIG_PROFILES_MAX);
	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(list, i), "schedulerName", NULL);
		autofree char *path = mem_printf("profiles[%zu]", i);

		check_profile(js_at(list, i), path, f);
		size_t first = (size_t)(uintptr_t)map_get(&seen, name);
		if (first)
			config_fault(f, "%s.schedulerName: Duplicate value: \"profiles[%zu].schedulerName\"",
				     path, first - 1);
		map_set(&seen, name, (void *)(uintptr_t)(i + 1));
	}
}

static void check_extender(const js *e, const char *path, struct map *resources, struct config_faults *f)
{
	const js *list = js_arr(e, "managedResources", NULL);

	if (*js_str0(e, "prioritizeVerb", NULL) && js_int(e, 0, "weight", NULL) <= 0)
		invalid_int(f, path, "weight", js_int(e, 0, "weight", NULL),
			    "must have a positive weight applied to it");
	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(list, i), "name", NULL);
		struct name_faults wrong;

		if (name_check_qualified(name, &wrong))
			config_fault(f, "%s.managedResources[%zu].name: Invalid value: \"%s\": %s", path, i,
				     name, wrong.v[0]);
		else if (!strchr(name, '/') || strstr(name, "kubernetes.io/") ||
			 !strncmp(name, "requests.", 9))
			config_fault(
				f,
				"%s.managedResources[%zu].name: Invalid value: \"%s\": is an invalid extended resource name",
				path, i, name);
		if (map_get(resources, name))
			config_fault(
				f,
				"%s.managedResources[%zu].name: Invalid value: \"%s\": duplicate extender managed resource name",
				path, i, name);
		map_set(resources, name, resources);
	}
}

static void check_extenders(const js *o, struct config_faults *f)
{
	const js *list = js_arr(o, "extenders", NULL);
	automap struct map resources = MAP_INIT;
	size_t binders = 0;

	for (size_t i = 0; i < js_len(list) && f->n < CONFIG_FAULTS_MAX; i++) {
		autofree char *path = mem_printf("extenders[%zu]", i);

		check_extender(js_at(list, i), path, &resources, f);
		binders += *js_str0(js_at(list, i), "bindVerb", NULL) != '\0';
	}
	if (binders > 1)
		config_fault(
			f,
			"extenders: Invalid value: \"found %zu extenders implementing bind\": only one extender can "
			"implement bind",
			binders);
}

void config_check_values(const js *o, struct config_faults *f)
{
	int64_t initial = js_int(o, 1, "podInitialBackoffSeconds", NULL),
		max = js_int(o, 10, "podMaxBackoffSeconds", NULL);
	const char *lock = js_str0(o, "leaderElection", "resourceLock", NULL);

	if (js_bool(o, true, "leaderElection", "leaderElect", NULL) && strcmp(lock, "leases"))
		config_fault(
			f,
			"leaderElection.resourceLock: Invalid value: \"%s\": resourceLock value must be \"leases\"",
			lock);
	check_range(o, "", "parallelism", 1, INT32_MAX, "should be an integer value greater than zero", f);
	check_profiles(o, f);
	check_range(o, "", "percentageOfNodesToScore", 0, 100, "not in valid range [0-100]", f);
	if (initial <= 0)
		invalid_int(f, "", "podInitialBackoffSeconds", initial, "must be greater than 0");
	if (max < initial)
		invalid_int(f, "", "podMaxBackoffSeconds", max,
			    "must be greater than or equal to PodInitialBackoffSeconds");
	check_extenders(o, f);
}

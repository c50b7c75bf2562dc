/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a KubeSchedulerConfiguration and their types, as rows; see config.h. */
#include <inttypes.h>
#include <string.h>
#include "base/flags.h"
#include "config/config_internal.h"

enum field_type { STRING, INT, INT32, NUMBER, BOOL, DURATION, OBJECT, ANY };
struct config_field {
	const char *name; /* NULL ends the table */
	enum field_type type;
	bool list;
	const struct config_field *fields; /* of an OBJECT */
};

#define META                                                                                                 \
	{"apiVersion", STRING, false, NULL},                                                                 \
	{                                                                                                    \
		"kind", STRING, false, NULL                                                                  \
	}
#define F(n, t)                                                                                              \
	{                                                                                                    \
		n, t, false, NULL                                                                            \
	}
#define LIST(n, t)                                                                                           \
	{                                                                                                    \
		n, t, true, NULL                                                                             \
	}
#define IN(n, table)                                                                                         \
	{                                                                                                    \
		n, OBJECT, false, table                                                                      \
	}
#define LIST_OF(n, table)                                                                                    \
	{                                                                                                    \
		n, OBJECT, true, table                                                                       \
	}
#define END                                                                                                  \
	{                                                                                                    \
		NULL, ANY, false, NULL                                                                       \
	}

static const struct config_field requirement[] = {F("key", STRING), F("operator", STRING),
						  LIST("values", STRING), END};
static const struct config_field term[] = {LIST_OF("matchExpressions", requirement),
					   LIST_OF("matchFields", requirement), END};
static const struct config_field preferred[] = {F("weight", INT32), IN("preference", term), END};
static const struct config_field node_selector[] = {LIST_OF("nodeSelectorTerms", term), END};
static const struct config_field affinity[] = {
	IN("requiredDuringSchedulingIgnoredDuringExecution", node_selector),
	LIST_OF("preferredDuringSchedulingIgnoredDuringExecution", preferred), END};
static const struct config_field constraint[] = {
	F("maxSkew", INT32),	       F("topologyKey", STRING),       F("whenUnsatisfiable", STRING),
	F("labelSelector", ANY),       F("minDomains", INT32),	       F("nodeAffinityPolicy", STRING),
	F("nodeTaintsPolicy", STRING), LIST("matchLabelKeys", STRING), END};
static const struct config_field resource[] = {F("name", STRING), F("weight", INT), END};
static const struct config_field point[] = {F("utilization", INT32), F("score", INT32), END};
static const struct config_field ratio[] = {LIST_OF("shape", point), END};
static const struct config_field strategy[] = {F("type", STRING), LIST_OF("resources", resource),
					       IN("requestedToCapacityRatio", ratio), END};

static const struct config_field preemption_args[] = {META, F("minCandidateNodesPercentage", INT32),
						      F("minCandidateNodesAbsolute", INT32), END};
static const struct config_field interpod_args[] = {META, F("hardPodAffinityWeight", INT32),
						    F("ignorePreferredTermsOfExistingPods", BOOL), END};
static const struct config_field affinity_args[] = {META, IN("addedAffinity", affinity), END};
static const struct config_field balanced_args[] = {META, LIST_OF("resources", resource), END};
static const struct config_field fit_args[] = {META, LIST("ignoredResources", STRING),
					       LIST("ignoredResourceGroups", STRING),
					       IN("scoringStrategy", strategy), END};
static const struct config_field spread_args[] = {META, LIST_OF("defaultConstraints", constraint),
						  F("defaultingType", STRING), END};
static const struct config_field volume_args[] = {META, F("bindTimeoutSeconds", INT), LIST_OF("shape", point),
						  END};
static const struct config_field resources_args[] = {META, F("filterTimeout", DURATION), END};

static const struct {
	const char *plugin;
	const struct config_field *fields;
} args_of[] = {
	{"DefaultPreemption", preemption_args}, {"InterPodAffinity", interpod_args},
	{"NodeAffinity", affinity_args},	{"NodeResourcesBalancedAllocation", balanced_args},
	{"NodeResourcesFit", fit_args},		{"PodTopologySpread", spread_args},
	{"VolumeBinding", volume_args},		{"DynamicResources", resources_args},
};

static const struct config_field plugin[] = {F("name", STRING), F("weight", INT32), END};
static const struct config_field set[] = {LIST_OF("enabled", plugin), LIST_OF("disabled", plugin), END};
static const struct config_field sets[] = {IN("preEnqueue", set), IN("queueSort", set),
					   IN("preFilter", set),  IN("filter", set),
					   IN("postFilter", set), IN("preScore", set),
					   IN("score", set),	  IN("reserve", set),
					   IN("permit", set),	  IN("preBind", set),
					   IN("bind", set),	  IN("postBind", set),
					   IN("multiPoint", set), END};
static const struct config_field plugin_config[] = {F("name", STRING), F("args", ANY), END};
static const struct config_field profile[] = {F("schedulerName", STRING),
					      F("percentageOfNodesToScore", INT32), IN("plugins", sets),
					      LIST_OF("pluginConfig", plugin_config), END};
static const struct config_field managed[] = {F("name", STRING), F("ignoredByScheduler", BOOL), END};
static const struct config_field tls[] = {
	F("insecure", BOOL),  F("serverName", STRING), F("certFile", STRING),
	F("keyFile", STRING), F("caFile", STRING),     F("certData", STRING),
	F("keyData", STRING), F("caData", STRING),     END};
static const struct config_field extender[] = {F("urlPrefix", STRING),
					       F("filterVerb", STRING),
					       F("preemptVerb", STRING),
					       F("prioritizeVerb", STRING),
					       F("weight", INT),
					       F("bindVerb", STRING),
					       F("enableHTTPS", BOOL),
					       IN("tlsConfig", tls),
					       F("httpTimeout", DURATION),
					       F("nodeCacheCapable", BOOL),
					       LIST_OF("managedResources", managed),
					       F("ignorable", BOOL),
					       END};
static const struct config_field election[] = {F("leaderElect", BOOL),	       F("leaseDuration", DURATION),
					       F("renewDeadline", DURATION),   F("retryPeriod", DURATION),
					       F("resourceLock", STRING),      F("resourceName", STRING),
					       F("resourceNamespace", STRING), END};
static const struct config_field client[] = {F("kubeconfig", STRING),  F("acceptContentTypes", STRING),
					     F("contentType", STRING), F("qps", NUMBER),
					     F("burst", INT32),	       END};
static const struct config_field configuration[] = {META,
						    F("parallelism", INT32),
						    IN("leaderElection", election),
						    IN("clientConnection", client),
						    F("enableProfiling", BOOL),
						    F("enableContentionProfiling", BOOL),
						    F("percentageOfNodesToScore", INT32),
						    F("podInitialBackoffSeconds", INT),
						    F("podMaxBackoffSeconds", INT),
						    LIST_OF("profiles", profile),
						    LIST_OF("extenders", extender),
						    F("delayCacheUntilActive", BOOL),
						    END};

static bool is_duration(const js *v)
{
	struct err ignored = ERR_INIT;
	int64_t ns;

	return js_is_str(v) && flags_duration(js_str0(v, NULL), &ns, &ignored) == 0;
}

static bool is_int32(const js *v)
{
	int64_t n = js_is_int(v) ? js_int(v, INT64_MAX, NULL) : INT64_MAX;

	return n >= INT32_MIN && n <= INT32_MAX;
}

/* What the value had to be, or NULL. */
static const char *wrong_type(enum field_type type, const js *v)
{
	switch (type) {
	case STRING:
		return js_is_str(v) ? NULL : "a string";
	case INT:
		return js_is_int(v) ? NULL : "an integer";
	case INT32:
		return is_int32(v) ? NULL : "a 32-bit integer";
	case NUMBER:
		return js_is_num(v) ? NULL : "a number";
	case BOOL:
		return js_is_bool(v) ? NULL : "true or false";
	case DURATION:
		return is_duration(v) ? NULL : "a duration such as \"5s\"";
	case OBJECT:
		return js_is_obj(v) ? NULL : "an object";
	case ANY:
		break;
	}
	return NULL;
}

static void check_object(const js *o, const struct config_field *fields, const char *path,
			 struct config_faults *f);

static void check_value(const js *v, const struct config_field *field, const char *path,
			struct config_faults *f)
{
	const char *want = wrong_type(field->type, v);

	if (want)
		config_fault(f, "%s: Invalid value: must be %s", path, want);
	else if (field->type == OBJECT)
		check_object(v, field->fields, path, f);
}

static void check_field(const js *v, const struct config_field *field, const char *path,
			struct config_faults *f)
{
	if (!v)
		return;
	if (!field->list) {
		check_value(v, field, path, f);
		return;
	}
	if (!js_is_arr(v)) {
		config_fault(f, "%s: Invalid value: must be a list", path);
		return;
	}
	for (size_t i = 0; i < js_len(v) && f->n < CONFIG_FAULTS_MAX; i++) {
		autofree char *item = mem_printf("%s[%zu]", path, i);

		check_value(js_at(v, i), field, item, f);
	}
}

static const struct config_field *find(const struct config_field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

static void check_object(const js *o, const struct config_field *fields, const char *path,
			 struct config_faults *f)
{
	for (struct js_iter it = js_iter(o); js_next(&it) && f->n < CONFIG_FAULTS_MAX;) {
		const struct config_field *field = find(fields, it.key);
		autofree char *below = mem_printf("%s%s%.100s", path, *path ? "." : "", it.key);

		if (field)
			check_field(it.value, field, below, f);
		else
			config_fault(f, "unknown field \"%s\"", below);
	}
}

/* The arguments of plugins that have none, or are not ours, are nobody's business. */
static void check_args(const js *entry, const char *path, struct config_faults *f)
{
	const char *name = js_str0(entry, "name", NULL);
	const js *args = js_get(entry, "args", NULL);
	autofree char *below = mem_printf("%s.args", path);

	for (size_t i = 0; args && i < ARRAY_LEN(args_of); i++) {
		if (strcmp(args_of[i].plugin, name) != 0)
			continue;
		autofree char *kind = mem_printf("%sArgs", name);
		const char *said = js_str(args, "kind", NULL);

		if (!js_is_obj(args))
			config_fault(f, "%s: Invalid value: must be an object", below);
		else if (said && strcmp(said, kind) != 0)
			config_fault(f, "%s: Invalid value: args for plugin %s were not of type %s, got %s",
				     below, name, kind, said);
		else
			check_object(args, args_of[i].fields, below, f);
	}
}

void config_check_shape(const js *o, struct config_faults *f)
{
	check_object(o, configuration, "", f);
	if (f->n)
		return;
	const js *profiles = js_arr(o, "profiles", NULL);
	for (size_t i = 0; i < js_len(profiles); i++) {
		const js *entries = js_arr(js_at(profiles, i), "pluginConfig", NULL);

		for (size_t k = 0; k < js_len(entries) && f->n < CONFIG_FAULTS_MAX; k++) {
			autofree char *path = mem_printf("profiles[%zu].pluginConfig[%zu]", i, k);

			check_args(js_at(entries, k), path, f);
		}
	}
}

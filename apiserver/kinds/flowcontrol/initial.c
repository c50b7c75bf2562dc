/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables: levels by their numbers, schemas by whom and what they match. Lists of words are texts with commas. */
#include "kinds/flowcontrol/initial.h"

#include <string.h>
#include "base/mem.h"

#define QUEUE_LENGTH 50

static const struct level {
	const char *name;
	int shares, lendable, queues, hand; /* no queues: too much is refused */
	bool mandatory;
} levels[] = {
	{"system", 30, 33, 64, 6, false},	  {"node-high", 40, 25, 64, 6, false},
	{"leader-election", 10, 0, 16, 4, false}, {"workload-high", 40, 50, 128, 6, false},
	{"workload-low", 100, 90, 128, 6, false}, {"global-default", 20, 50, 128, 6, false},
	{"catch-all", 5, 0, 0, 0, true},	  {"exempt", 0, 0, 0, 0, true},
};

struct rule {
	const char *verbs, *group, *resources;
	bool cluster; /* objects in no namespace, too */
};
#define EVERYTHING                                                                                           \
	{                                                                                                    \
		{"*", "*", "*", true},                                                                       \
	}
#define LEASES "coordination.k8s.io", "leases", false
#define EVERYBODY                                                                                            \
	{                                                                                                    \
		"Group system:unauthenticated", "Group system:authenticated"                                 \
	}

static const struct flow {
	const char *name, *level;
	int precedence;
	const char *by;		 /* what makes a flow; NULL: all is one */
	const char *subjects[3]; /* KIND NAME */
	struct rule rules[2];
	const char *verbs, *urls; /* of requests for no resource; NULL: none */
	bool mandatory;
} flows[] = {
	{"system-nodes", "system", 500, "ByUser", {"Group system:nodes"}, EVERYTHING, "*", "*", false},
	{"system-node-high",
	 "node-high",
	 400,
	 "ByUser",
	 {"Group system:nodes"},
	 {{"*", "", "nodes,nodes/status", true}, {"*", LEASES}},
	 NULL,
	 NULL,
	 false},
	{"probes", "exempt", 2, NULL, EVERYBODY, {{.verbs = NULL}}, "get", "/healthz,/readyz,/livez", false},
	{"system-leader-election",
	 "leader-election",
	 100,
	 "ByUser",
	 {"User system:kube-controller-manager", "User system:kube-scheduler", "ServiceAccount *"},
	 {{"get,create,update", LEASES}},
	 NULL,
	 NULL,
	 false},
	{"kube-controller-manager",
	 "workload-high",
	 800,
	 "ByNamespace",
	 {"User system:kube-controller-manager"},
	 EVERYTHING,
	 "*",
	 "*",
	 false},
	{"kube-scheduler",
	 "workload-high",
	 800,
	 "ByNamespace",
	 {"User system:kube-scheduler"},
	 EVERYTHING,
	 "*",
	 "*",
	 false},
	{"kube-system-service-accounts",
	 "workload-high",
	 900,
	 "ByNamespace",
	 {"ServiceAccount *"},
	 EVERYTHING,
	 "*",
	 "*",
	 false},
	{"service-accounts",
	 "workload-low",
	 9000,
	 "ByUser",
	 {"Group system:serviceaccounts"},
	 EVERYTHING,
	 "*",
	 "*",
	 false},
	{"global-default", "global-default", 9900, "ByUser", EVERYBODY, EVERYTHING, "*", "*", false},
	{"exempt", "exempt", 1, NULL, {"Group system:masters"}, EVERYTHING, "*", "*", true},
	{"catch-all", "catch-all", 10000, "ByUser", EVERYBODY, EVERYTHING, "*", "*", true},
};

bool initial_at(size_t i, struct initial *ret)
{
	if (i < ARRAY_LEN(levels))
		*ret = (struct initial){INITIAL_LEVELS, levels[i].name, levels[i].mandatory};
	else if (i - ARRAY_LEN(levels) < ARRAY_LEN(flows))
		*ret = (struct initial){INITIAL_SCHEMAS, flows[i - ARRAY_LEN(levels)].name,
					flows[i - ARRAY_LEN(levels)].mandatory};
	else
		return false;
	return true;
}

/* ---- trees ---- */

static js *words(const char *text)
{
	js *list = js_new_arr();

	for (;; text++) {
		size_t n = strcspn(text, ",");
		js_push(list, js_new_strn(text, n));
		text += n;
		if (!*text)
			return list;
	}
}

static js *level_spec(const struct level *l)
{
	bool exempt = !strcmp(l->name, "exempt");
	js *spec = js_new_obj(), *limits = js_ensure(spec, exempt ? "exempt" : "limited", NULL);

	js_set_str(spec, "type", exempt ? "Exempt" : "Limited");
	js_set_int(limits, "nominalConcurrencyShares", l->shares);
	js_set_int(limits, "lendablePercent", l->lendable);
	if (exempt)
		return spec;
	js *response = js_ensure(limits, "limitResponse", NULL);
	js_set_str(response, "type", l->queues ? "Queue" : "Reject");
	if (!l->queues)
		return spec;
	js *queuing = js_ensure(response, "queuing", NULL);
	js_set_int(queuing, "queues", l->queues);
	js_set_int(queuing, "handSize", l->hand);
	js_set_int(queuing, "queueLengthLimit", QUEUE_LENGTH);
	return spec;
}

static void add_subject(js *list, const char *text)
{
	const char *name = strchr(text, ' ') + 1;
	js *subject = js_new_obj();

	js_push(list, subject);
	js_set(subject, "kind", js_new_strn(text, (size_t)(name - 1 - text)));
	js *who = js_ensure(subject, *text == 'G' ? "group" : *text == 'U' ? "user" : "serviceAccount", NULL);
	js_set_str(who, "name", name);
	if (*text == 'S')
		js_set_str(who, "namespace", "kube-system");
}

static void add_rule(js *list, const struct rule *r)
{
	js *rule = js_new_obj();

	js_push(list, rule);
	js_set(rule, "verbs", words(r->verbs));
	js_set(rule, "apiGroups", words(r->group));
	js_set(rule, "resources", words(r->resources));
	if (r->cluster)
		js_set_bool(rule, "clusterScope", true);
	js_set(rule, "namespaces", words("*"));
}

static js *flow_spec(const struct flow *f)
{
	js *spec = js_new_obj(), *rule = js_new_obj();

	js_set_str(js_ensure(spec, "priorityLevelConfiguration", NULL), "name", f->level);
	js_set_int(spec, "matchingPrecedence", f->precedence);
	if (f->by)
		js_set_str(js_ensure(spec, "distinguisherMethod", NULL), "type", f->by);
	js_push(js_ensure_arr(spec, "rules"), rule);
	for (size_t i = 0; i < ARRAY_LEN(f->subjects) && f->subjects[i]; i++)
		add_subject(js_ensure_arr(rule, "subjects"), f->subjects[i]);
	for (size_t i = 0; i < ARRAY_LEN(f->rules) && f->rules[i].verbs; i++)
		add_rule(js_ensure_arr(rule, "resourceRules"), &f->rules[i]);
	if (f->verbs) {
		js *paths = js_new_obj();
		js_push(js_ensure_arr(rule, "nonResourceRules"), paths);
		js_set(paths, "verbs", words(f->verbs));
		js_set(paths, "nonResourceURLs", words(f->urls));
	}
	return spec;
}

js *initial_spec(const char *resource, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (!strcmp(resource, INITIAL_LEVELS) && !strcmp(levels[i].name, name))
			return level_spec(&levels[i]);
	for (size_t i = 0; i < ARRAY_LEN(flows); i++)
		if (!strcmp(resource, INITIAL_SCHEMAS) && !strcmp(flows[i].name, name))
			return flow_spec(&flows[i]);
	return NULL;
}

bool initial_is_mandatory(const char *resource, const char *name)
{
	struct initial o;

	for (size_t i = 0; initial_at(i, &o); i++)
		if (!strcmp(o.resource, resource) && !strcmp(o.name, name))
			return o.mandatory;
	return false;
}

bool initial_holds(const char *resource, const char *name, const js *spec)
{
	autojson js *want = initial_spec(resource, name);
	js *own = js_field(spec, "exempt");

	if (own && !strcmp(resource, INITIAL_LEVELS) && !strcmp(name, "exempt"))
		js_set(want, "exempt", js_dup(own));
	return js_equal(want, spec);
}

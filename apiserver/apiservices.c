/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is missing is asked for before the first answer is waited for: at a first start that is some twenty objects in
 * one commit.
 */
#include "apiservices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

#define LABEL "kube-aggregator.kubernetes.io/automanaged"
#define ON_START "onstart"
#define ALWAYS "true"
#define CUSTOM_GROUP 1000
#define CUSTOM_VERSION 100

/* Upstream's of v1.34; a version that is not among them is a custom resource's. */
static const struct priority {
	const char *name; /* VERSION.GROUP */
	int group, version;
} priorities[] = {
	{"v1.", 18000, 1},
	{"v1.admissionregistration.k8s.io", 16700, 15},
	{"v1.apiextensions.k8s.io", 16700, 15},
	{"v1.apps", 17800, 15},
	{"v1.authentication.k8s.io", 17700, 15},
	{"v1beta1.authentication.k8s.io", 17700, 9},
	{"v1.authorization.k8s.io", 17600, 15},
	{"v1.autoscaling", 17500, 15},
	{"v2.autoscaling", 17500, 30},
	{"v1.batch", 17400, 15},
	{"v1.certificates.k8s.io", 17300, 15},
	{"v1.coordination.k8s.io", 16500, 15},
	{"v1.discovery.k8s.io", 16200, 15},
	{"v1.events.k8s.io", 17750, 15},
	{"v1.flowcontrol.apiserver.k8s.io", 16100, 21},
	{"v1beta1.metrics.k8s.io", 100, 100}, /* as metrics-server's manifest has it */
	{"v1.networking.k8s.io", 17200, 15},
	{"v1.node.k8s.io", 16300, 15},
	{"v1.policy", 17100, 15},
	{"v1beta1.policy", 17100, 9},
	{"v1.rbac.authorization.k8s.io", 17000, 15},
	{"v1.resource.k8s.io", 16200, 21},
	{"v1.scheduling.k8s.io", 16600, 15},
	{"v1.storage.k8s.io", 16800, 15},
};

static const struct user self = {
	.name = "system:apiserver",
	.uid = "",
	.groups = (const char *const[]){"system:masters", "system:authenticated", NULL},
};

/* ---- what there should be ---- */

struct wanted {
	char *name;
	const char *group, *version; /* into name */
	const struct priority *builtin;
	struct wanted *next;
};

static void wanted_free(struct wanted **all)
{
	for (struct wanted *w; (w = *all);) {
		*all = w->next;
		free(w->name);
		free(w);
	}
}
#define autowanted __attribute__((cleanup(wanted_free)))

static const struct priority *priority_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(priorities); i++)
		if (!strcmp(priorities[i].name, name))
			return &priorities[i];
	return NULL;
}

static void want(struct wanted **all, struct map *seen, const struct kind *k)
{
	autofree char *name = mem_printf("%s.%s", k->version, k->group);
	if (map_get(seen, name) || !strcmp(k->group, "apiregistration.k8s.io"))
		return; /* who serves APIServices has none of its own */
	struct wanted *w = MEM_NEW(struct wanted);
	w->name = STEAL(name);
	w->group = strchr(w->name, '.') + 1;
	w->builtin = priority_of(w->name);
	w->next = *all;
	*all = w;
	map_set(seen, w->name, w);
}

static void want_all(const struct schema *s, struct wanted **all, struct map *seen)
{
	const struct kind *const *kinds;
	struct schema_pin pin = schema_pin(s);
	size_t n = schema_kinds(s, &kinds);
	for (size_t i = 0; i < n; i++)
		if (kinds[i]->resource && *kinds[i]->resource && kinds[i]->verbs)
			want(all, seen, kinds[i]);
	schema_unpin(s, &pin);
}

static js *spec_of(const struct wanted *w)
{
	js *spec = js_new_obj();
	autofree char *version = mem_printf("%.*s", (int)(w->group - 1 - w->name), w->name);
	js_set_str(spec, "group", w->group);
	js_set_str(spec, "version", version);
	js_set_int(spec, "groupPriorityMinimum", w->builtin ? w->builtin->group : CUSTOM_GROUP);
	js_set_int(spec, "versionPriority", w->builtin ? w->builtin->version : CUSTOM_VERSION);
	return spec;
}

/* ---- writing ---- */

/* A call that is under way; what it refers to lives as long. */
struct writing {
	struct registry_sync s;
	struct attributes attr;
	struct delete_options options;
	char *name;
	struct writing *next;
};

static struct writing *begin(struct registry *r, const struct kind *k, const char *verb, const char *name)
{
	struct writing *w = MEM_NEW(struct writing);
	w->name = mem_strdup(name);
	w->attr = (struct attributes)ATTRIBUTES_INIT;
	w->attr.user = &self;
	w->attr.verb = verb;
	w->attr.resource_request = true;
	w->attr.manager = "kube-apiserver";
	w->attr.group = k->group;
	w->attr.version = k->version;
	w->attr.resource = k->resource;
	w->attr.kind = k;
	w->attr.name = strcmp(verb, "create") ? w->name : "";
	registry_sync_init(&w->s, r, &w->attr);
	return w;
}

/* Somebody else may have been faster. */
static int finish(struct writing *w, struct err *err)
{
	struct err e = ERR_INIT;
	int rc = registry_sync_wait(&w->s, &e);
	bool fine = rc == 0 || e.reason == REASON_ALREADY_EXISTS || e.reason == REASON_CONFLICT ||
		    e.reason == REASON_NOT_FOUND;
	if (!fine)
		err_set(err, e.reason, "APIService %s: %s", w->name, e.msg);
	registry_call_release(&w->s.call);
	free(w->name);
	free(w);
	return fine ? 0 : -1;
}

/* ---- comparing ---- */

struct pass {
	struct registry *r;
	const struct kind *k;
	struct writing *under_way;
};

static void add(struct pass *p, struct writing *w)
{
	w->next = p->under_way;
	p->under_way = w;
}

static void create(struct pass *p, const struct wanted *w)
{
	js *o = js_new_obj();
	js_set_str(o, "kind", p->k->kind);
	js_set_str(o, "apiVersion", "apiregistration.k8s.io/v1");
	js_set_str(js_ensure(o, "metadata", NULL), "name", w->name);
	js_set_str(js_ensure(o, "metadata", "labels", NULL), LABEL, w->builtin ? ON_START : ALWAYS);
	js_set(o, "spec", spec_of(w));
	add(p, begin(p->r, p->k, "create", w->name));
	registry_create(&p->under_way->s.call, o);
}

static void correct(struct pass *p, const struct wanted *w, const js *old)
{
	autojson js *spec = spec_of(w);
	if (js_equal(js_field(old, "spec"), spec))
		return;
	js *new = js_dup(old);
	js_set(new, "spec", STEAL(spec));
	add(p, begin(p->r, p->k, "update", w->name));
	registry_update(&p->under_way->s.call, new);
}

static void remove_one(struct pass *p, const struct obj *o, const js *old)
{
	add(p, begin(p->r, p->k, "delete", o->name));
	struct delete_options *options = &p->under_way->options;
	snprintf(options->uid, sizeof(options->uid), "%s", js_str0(old, "metadata", "uid", NULL));
	registry_delete(&p->under_way->s.call, options);
}

/* One that is there. */
static void judge(struct pass *p, const struct apiservices *a, const struct obj *o, const struct wanted *w)
{
	struct err ignore = ERR_INIT;
	if (w && (o->rv <= a->seen || (w->builtin && a->started)))
		return;
	autojson js *tree = obj_tree(o, &ignore);
	const char *managed = js_str0(tree, "metadata", "labels", LABEL, NULL);
	bool always = !strcmp(managed, ALWAYS), once = !strcmp(managed, ON_START) && !a->started;
	if (!tree || !(always || once))
		return;
	if (w)
		correct(p, w, tree);
	else
		remove_one(p, o, tree);
}

int apiservices_keep(struct apiservices *a, struct registry *r, struct storage *s, struct err *err)
{
	const struct schema *schema = registry_schema(r);
	struct pass p = {r, schema_kind(schema, "apiregistration.k8s.io", "v1", "APIService"), NULL};
	struct query q = {.ns = "", .kind = p.k};
	autowanted struct wanted *all = NULL;
	automap struct map names = MAP_INIT;
	struct obj_list there = {0};
	int rc = 0;
	if (!p.k)
		return 0; /* a set of kinds without it */
	want_all(schema, &all, &names);
	if (storage_list(storage_resource(s, p.k), &q, 0, NULL, 0, &there, err) < 0)
		return -1;
	for (size_t i = 0; i < there.n; i++) {
		judge(&p, a, there.v[i], map_get(&names, there.v[i]->name));
		(void)map_del(&names, there.v[i]->name);
	}
	for (struct wanted *w = all; w; w = w->next)
		if (map_get(&names, w->name) && !(w->builtin && a->started))
			create(&p, w);
	uint64_t rv = there.rv;
	obj_list_release(&there);
	while (p.under_way) {
		struct writing *w = p.under_way;
		p.under_way = w->next;
		if (finish(w, err) < 0)
			rc = -1;
	}
	if (rc == 0)
		*a = (struct apiservices){true, rv};
	return rc;
}

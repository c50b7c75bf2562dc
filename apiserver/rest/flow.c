/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FlowSchemas in the order in which they are asked, made anew by the first request behind a change, and what they said
 * of questions that came lately: most requests are like one before, so they cost a hash of who asks for what. An answer
 * is shared by all requests that it was given to.
 */
#include "rest/flow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"

#define SLOTS 256
#define QUESTION_MAX 512 /* longer ones are matched each time */

/* Decoded once: all of it lies in the flow's arena. */
struct flow_names {
	const char **v;
	size_t n;
};
struct flow_subject {
	const char *kind, *ns, *name;
};
struct flow_access { /* a resource rule, or one of other paths */
	struct flow_names verbs, groups, resources, namespaces, urls;
	bool cluster;
};
struct flow_rule {
	struct flow_subject *subjects;
	struct flow_access *resources, *paths;
	size_t n_subjects, n_resources, n_paths;
};
struct flow_schema {
	const char *name;
	int64_t precedence;
	struct flow_rule *rules;
	size_t n;
	struct response_flow *flow;
};
struct flow {
	struct resource *schemas, *levels;
	struct resource_observer observers[2];
	atomic_bool stale;
	pthread_mutex_t lock; /* of what follows */
	struct arena arena;
	struct flow_schema *v;
	size_t n;
	struct slot {
		uint64_t hash;
		struct response_flow *flow; /* NULL: free */
	} slots[SLOTS];
};

/* ---- what is stored ---- */

static void on_change(void *arg, const struct obj *old, const struct obj *new)
{
	struct flow *f = arg;
	(void)old;
	(void)new;
	atomic_store_explicit(&f->stale, true, memory_order_release);
}

static void clear(struct flow *f)
{
	for (size_t i = 0; i < f->n; i++)
		response_flow_unref(f->v[i].flow);
	arena_release(&f->arena);
	f->v = NULL;
	f->n = 0;
	for (size_t i = 0; i < SLOTS; i++) {
		response_flow_unref(f->slots[i].flow);
		f->slots[i].flow = NULL;
	}
}

static js *tree_of(struct obj *o)
{
	struct err ignored = ERR_INIT;
	return o ? obj_tree(o, &ignored) : NULL;
}

static const char *text_of(struct flow *f, const js *o)
{
	return arena_strdup(&f->arena, js_str0(o, NULL));
}

static struct flow_names names_of(struct flow *f, const js *list)
{
	struct flow_names r = {.v = arena_array(&f->arena, js_len(list), sizeof(*r.v))};
	js_array_for_each (item, list)
		r.v[r.n++] = text_of(f, item);
	return r;
}

/* A subject's name is the member of its kind that bears it. */
static struct flow_subject subject_of(struct flow *f, const js *o)
{
	const js *account = js_get(o, "serviceAccount", NULL);
	const js *named = account		    ? account
			  : js_get(o, "user", NULL) ? js_get(o, "user", NULL)
						    : js_get(o, "group", NULL);
	return (struct flow_subject){text_of(f, js_get(o, "kind", NULL)),
				     text_of(f, js_get(account, "namespace", NULL)),
				     text_of(f, js_get(named, "name", NULL))};
}

static struct flow_access *access_of(struct flow *f, const js *list, size_t *n)
{
	struct flow_access *v = arena_array(&f->arena, js_len(list), sizeof(*v));
	js_array_for_each (rule, list)
		v[(*n)++] = (struct flow_access){.verbs = names_of(f, js_arr(rule, "verbs", NULL)),
						 .groups = names_of(f, js_arr(rule, "apiGroups", NULL)),
						 .resources = names_of(f, js_arr(rule, "resources", NULL)),
						 .namespaces = names_of(f, js_arr(rule, "namespaces", NULL)),
						 .urls = names_of(f, js_arr(rule, "nonResourceURLs", NULL)),
						 .cluster = js_bool(rule, false, "clusterScope", NULL)};
	return v;
}

static struct flow_rule rule_of(struct flow *f, const js *rule)
{
	struct flow_rule r = {0};
	const js *subjects = js_arr(rule, "subjects", NULL);
	r.subjects = arena_array(&f->arena, js_len(subjects), sizeof(*r.subjects));
	js_array_for_each (item, subjects)
		r.subjects[r.n_subjects++] = subject_of(f, item);
	r.resources = access_of(f, js_arr(rule, "resourceRules", NULL), &r.n_resources);
	r.paths = access_of(f, js_arr(rule, "nonResourceRules", NULL), &r.n_paths);
	return r;
}

/* One whose level is not there is not asked. */
static void add(struct flow *f, struct obj *o)
{
	autojson js *tree = tree_of(o);
	autoobj struct obj *level =
		storage_get(f->levels, "", js_str0(tree, "spec", "priorityLevelConfiguration", "name", NULL));
	autojson js *level_tree = tree_of(level);
	if (!tree || !level_tree)
		return;
	struct flow_schema *fs = &f->v[f->n++];
	fs->name = arena_strdup(&f->arena, o->name);
	fs->precedence = js_int(tree, 1000, "spec", "matchingPrecedence", NULL);
	fs->flow = response_flow_new(js_str0(tree, "metadata", "uid", NULL),
				     js_str0(level_tree, "metadata", "uid", NULL));
	const js *rules = js_arr(tree, "spec", "rules", NULL);
	fs->rules = arena_array(&f->arena, js_len(rules), sizeof(*fs->rules));
	js_array_for_each (rule, rules)
		fs->rules[fs->n++] = rule_of(f, rule);
}

static int by_precedence(const void *a, const void *b)
{
	const struct flow_schema *x = a, *y = b;
	return x->precedence != y->precedence ? (x->precedence > y->precedence ? 1 : -1)
					      : strcmp(x->name, y->name);
}

static void read_all(struct flow *f)
{
	struct query all = {.ns = ""};
	struct obj_list list = {0};
	struct err ignored = ERR_INIT;
	clear(f);
	if (storage_list(f->schemas, &all, 0, NULL, 0, &list, &ignored) < 0)
		return;
	f->v = arena_array(&f->arena, list.n, sizeof(*f->v));
	for (size_t i = 0; i < list.n; i++)
		add(f, list.v[i]);
	qsort(f->v, f->n, sizeof(*f->v), by_precedence);
	obj_list_release(&list);
}

/* ---- matching: rule.go ---- */

static bool has(struct flow_names list, const char *s)
{
	if (list.n == 1 && !strcmp(list.v[0], "*"))
		return true;
	for (size_t i = 0; i < list.n; i++)
		if (!strcmp(list.v[i], s))
			return true;
	return false;
}

/* system:serviceaccount:NAMESPACE:NAME */
static bool is_account(const char *user, const char *ns, const char *name)
{
	static const char prefix[] = "system:serviceaccount:";
	size_t n = strlen(ns);
	if (strncmp(user, prefix, sizeof(prefix) - 1) || strncmp(user + sizeof(prefix) - 1, ns, n))
		return false;
	user += sizeof(prefix) - 1 + n;
	return *user == ':' && (!strcmp(name, "*") || !strcmp(user + 1, name));
}

static bool is_subject(const struct user *u, const struct flow_subject *s)
{
	bool any = !strcmp(s->name, "*");
	if (!strcmp(s->kind, "User"))
		return any || !strcmp(s->name, u->name);
	if (!strcmp(s->kind, "Group"))
		return any || user_in_group(u, s->name);
	return !strcmp(s->kind, "ServiceAccount") && is_account(u->name, s->ns, s->name);
}

static bool matches_resource(const struct attributes *a, const struct flow_access *rule)
{
	autofree char *resource =
		mem_printf("%s%s%s", a->resource, *a->subresource ? "/" : "", a->subresource);
	if (!has(rule->verbs, a->verb) || !has(rule->resources, resource) || !has(rule->groups, a->group))
		return false;
	return *a->ns ? has(rule->namespaces, a->ns) : rule->cluster;
}

static bool matches_path(const struct attributes *a, const struct flow_access *rule)
{
	if (!has(rule->verbs, a->verb))
		return false;
	for (size_t i = 0; i < rule->urls.n; i++) {
		const char *url = rule->urls.v[i];
		size_t n = strlen(url);
		if (!strcmp(url, "*") || !strcmp(url, a->path))
			return true;
		n -= n && url[n - 1] == '*';
		n -= n && url[n - 1] == '/';
		if (!strncmp(a->path, url, n) && a->path[n] == '/')
			return true;
	}
	return false;
}

static bool matches(const struct attributes *a, const struct flow_rule *r)
{
	bool subject = false;
	for (size_t i = 0; !subject && i < r->n_subjects; i++)
		subject = is_subject(a->user, &r->subjects[i]);
	for (size_t i = 0; subject && a->resource_request && i < r->n_resources; i++)
		if (matches_resource(a, &r->resources[i]))
			return true;
	for (size_t i = 0; subject && !a->resource_request && i < r->n_paths; i++)
		if (matches_path(a, &r->paths[i]))
			return true;
	return false;
}

static struct response_flow *match_all(const struct flow *f, const struct attributes *a)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < f->v[i].n; k++)
			if (matches(a, &f->v[i].rules[k]))
				return f->v[i].flow;
	return NULL;
}

/* ---- asking ---- */

static bool put(char text[QUESTION_MAX], size_t *at, const char *s)
{
	size_t n = strlen(s) + 1;
	if (*at + n > QUESTION_MAX)
		return false;
	memcpy(text + *at, s, n);
	*at += n;
	return true;
}

/* 0: too long. */
static uint64_t hash_of(const struct attributes *a)
{
	char text[QUESTION_MAX];
	size_t at = 0;
	bool all = put(text, &at, a->user->name);
	for (size_t i = 0; all && a->user->groups && a->user->groups[i]; i++)
		all = put(text, &at, a->user->groups[i]);
	all = all && put(text, &at, "") && put(text, &at, a->verb);
	if (a->resource_request)
		all = all && put(text, &at, a->group) && put(text, &at, a->resource) &&
		      put(text, &at, a->subresource) && put(text, &at, a->ns);
	else
		all = all && put(text, &at, a->path);
	uint64_t hash = map_hash(text, at);
	return all ? hash + !hash : 0;
}

struct response_flow *flow_classify(struct flow *f, const struct attributes *a)
{
	if (!f || !a->user)
		return NULL;
	uint64_t hash = hash_of(a);
	struct slot *s = &f->slots[hash % SLOTS];
	pthread_mutex_lock(&f->lock);
	if (atomic_load_explicit(&f->stale, memory_order_acquire) && atomic_exchange(&f->stale, false))
		read_all(f);
	struct response_flow *flow = hash && s->hash == hash ? s->flow : NULL;
	if (!flow) {
		flow = match_all(f, a);
		response_flow_unref(s->flow);
		*s = (struct slot){hash, hash && flow ? response_flow_ref(flow) : NULL};
	}
	if (flow)
		response_flow_ref(flow);
	pthread_mutex_unlock(&f->lock);
	return flow;
}

static struct resource *resource_of(const struct schema *schema, struct storage *storage, const char *kind)
{
	return storage_resource(storage, schema_kind(schema, "flowcontrol.apiserver.k8s.io", "v1", kind));
}

struct flow *flow_new(const struct schema *schema, struct storage *storage)
{
	struct flow *f = MEM_NEW(struct flow);
	f->schemas = resource_of(schema, storage, "FlowSchema");
	f->levels = resource_of(schema, storage, "PriorityLevelConfiguration");
	pthread_mutex_init(&f->lock, NULL);
	atomic_init(&f->stale, true);
	for (int i = 0; i < 2; i++) {
		f->observers[i] = (struct resource_observer){.changed = on_change, .arg = f};
		resource_observe(i ? f->levels : f->schemas, &f->observers[i]);
	}
	return f;
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	resource_unobserve(f->schemas, &f->observers[0]);
	resource_unobserve(f->levels, &f->observers[1]);
	clear(f);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

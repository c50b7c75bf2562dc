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
#include "base/map.h"
#include "base/mem.h"

#define SLOTS 256
#define QUESTION_MAX 512 /* longer ones are matched each time */

struct flow_schema {
	char *name;
	int64_t precedence;
	js *tree;
	struct response_flow *flow;
};
struct flow {
	struct resource *schemas, *levels;
	struct resource_observer observers[2];
	atomic_bool stale;
	pthread_mutex_t lock; /* of what follows */
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
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].name);
		json_object_put(f->v[i].tree);
		response_flow_unref(f->v[i].flow);
	}
	free(f->v);
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
	fs->name = mem_strdup(o->name);
	fs->precedence = js_int(tree, 1000, "spec", "matchingPrecedence", NULL);
	fs->flow = response_flow_new(js_str0(tree, "metadata", "uid", NULL),
				     js_str0(level_tree, "metadata", "uid", NULL));
	fs->tree = STEAL(tree);
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
	f->v = mem_array(list.n, sizeof(*f->v));
	for (size_t i = 0; i < list.n; i++)
		add(f, list.v[i]);
	qsort(f->v, f->n, sizeof(*f->v), by_precedence);
	obj_list_release(&list);
}

/* ---- matching: rule.go ---- */

static bool has(const js *list, const char *s)
{
	if (js_len(list) == 1 && !strcmp(js_str0(js_at(list, 0), NULL), "*"))
		return true;
	js_array_for_each (item, list)
		if (!strcmp(js_str0(item, NULL), s))
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

static bool is_subject(const struct user *u, const js *subject)
{
	const char *kind = js_str0(subject, "kind", NULL);
	if (!strcmp(kind, "User")) {
		const char *name = js_str0(subject, "user", "name", NULL);
		return !strcmp(name, "*") || !strcmp(name, u->name);
	}
	if (!strcmp(kind, "Group")) {
		const char *name = js_str0(subject, "group", "name", NULL);
		return !strcmp(name, "*") || user_in_group(u, name);
	}
	return !strcmp(kind, "ServiceAccount") &&
	       is_account(u->name, js_str0(subject, "serviceAccount", "namespace", NULL),
			  js_str0(subject, "serviceAccount", "name", NULL));
}

static bool matches_resource(const struct attributes *a, const js *rule)
{
	autofree char *resource =
		mem_printf("%s%s%s", a->resource, *a->subresource ? "/" : "", a->subresource);
	if (!has(js_arr(rule, "verbs", NULL), a->verb) || !has(js_arr(rule, "resources", NULL), resource) ||
	    !has(js_arr(rule, "apiGroups", NULL), a->group))
		return false;
	return *a->ns ? has(js_arr(rule, "namespaces", NULL), a->ns)
		      : js_bool(rule, false, "clusterScope", NULL);
}

static bool matches_path(const struct attributes *a, const js *rule)
{
	if (!has(js_arr(rule, "verbs", NULL), a->verb))
		return false;
	js_array_for_each (item, js_arr(rule, "nonResourceURLs", NULL)) {
		const char *url = js_str0(item, NULL);
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

static bool matches(const struct attributes *a, const js *rule)
{
	bool subject = false, fits = false;
	js_array_for_each (item, js_arr(rule, "subjects", NULL))
		subject = subject || is_subject(a->user, item);
	js_array_for_each (
		item, subject ? js_arr(rule, a->resource_request ? "resourceRules" : "nonResourceRules", NULL)
			      : NULL)
		fits = fits || (a->resource_request ? matches_resource : matches_path)(a, item);
	return fits;
}

static struct response_flow *match_all(const struct flow *f, const struct attributes *a)
{
	for (size_t i = 0; i < f->n; i++)
		js_array_for_each (rule, js_arr(f->v[i].tree, "spec", "rules", NULL))
			if (matches(a, rule))
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespace deletion (kubernetes/kubernetes pkg/controller/namespace): a namespace that is being deleted is
 * emptied of every namespaced resource that discovery names, then the finalizer `kubernetes` is taken out of
 * its spec, which ends it. Pods go first: what they rely on (policies, Secrets, accounts) stays until the last of them
 * has ended.
 *
 * A pass goes over everything, whatever fails on the way: one resource that cannot be deleted must not keep the
 * others. What failed and what is left (Pods in their grace period, objects with finalizers) is told in the
 * namespace's conditions and looked at again after half of the time that it may take. What is left without a reason is a
 * failure.
 */
#include "controllers.h"
#include "decode/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "object/condition.h"

#define FINALIZER_ESTIMATE_S 15

struct texts { /* a list of sentences, for one condition */
	char **v;
	size_t n;
};

struct pass { /* one look at everything in one namespace */
	struct controller_ctx *ctx;
	const char *ns;
	size_t left;			/* objects that are still there */
	int64_t deleted_ns, estimate_s; /* since when it ends; how long what is left may take */
	struct texts undiscovered, failed, remaining;
	struct map finalizers; /* name -> how many of the objects carry it */
	struct err err;	       /* the first failure */
};

/* ---- texts ---- */

static void texts_add(struct texts *t, char *text)
{
	t->v = mem_realloc_array(t->v, t->n + 1, sizeof(*t->v));
	t->v[t->n++] = text;
}

static void texts_release(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* After what is in b already: sorted, so that the condition changes only when its content does. */
static void texts_join(struct texts *t, struct buf *b)
{
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_text);
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", t->v[i]);
}

static void fail_with(struct pass *p, struct texts *where, const struct err *err)
{
	if (p->err.reason == REASON_NONE)
		p->err = *err;
	texts_add(where, mem_strdup(err->msg));
}

/* ---- emptying ---- */

/* True: some of the objects that were listed have any. */
static bool count_finalizers(struct pass *p, const js *items)
{
	bool any = false;

	js_array_for_each (item, items)
		js_array_for_each (f, js_arr(item, "metadata", "finalizers", NULL)) {
			const char *name = js_is_str(f) ? json_object_get_string(f) : "";

			map_set(&p->finalizers, name, (void *)((intptr_t)map_get(&p->finalizers, name) + 1));
			any = true;
		}
	return any;
}

/* estimate_s: how long they were said to take before they were deleted. */
static void count_rest(struct pass *p, const char *group, const char *version, const char *resource,
		       const js *list, int64_t estimate_s)
{
	const js *items = js_arr(list, "items", NULL);
	size_t n = js_len(items) + (size_t)js_int(list, 0, "metadata", "remainingItemCount", NULL);
	struct err err = ERR_INIT;

	if (n == 0)
		return;
	p->left += n;
	texts_add(&p->remaining, mem_printf("%s.%s has %zu resource instances", resource, group, n));
	if (count_finalizers(p, items) && estimate_s == 0)
		estimate_s = FINALIZER_ESTIMATE_S;
	if (estimate_s > p->estimate_s)
		p->estimate_s = estimate_s;
	if (estimate_s)
		return;
	err_set(&err, REASON_CONFLICT,
		"unexpected items still remain in namespace: %s for gvr: %s/%s, Resource=%s", p->ns, group,
		version, resource);
	fail_with(p, &p->failed, &err);
}

static bool is_pods(const char *group, const char *resource)
{
	return !*group && !strcmp(resource, "pods");
}

/* The API does not offer that: there is nothing to be done, or another way. */
static bool not_offered(const struct err *err)
{
	return err->reason == REASON_NOT_FOUND || err->reason == REASON_METHOD_NOT_ALLOWED;
}

/* One page at a time; the next pass takes the next. */
static int delete_each(struct pass *p, const char *collection, const js *options, struct err *err)
{
	autofree char *page = mem_printf("%s?limit=500", collection);
	autojson js *list = NULL;
	struct err e = ERR_INIT;

	if (rest_do(p->ctx->rest, REST_GET, page, NULL, &list, &e) < 0) {
		if (not_offered(&e))
			return 0;
		*err = e;
		return -1;
	}
	js_array_for_each (item, js_arr(list, "items", NULL)) {
		autofree char *path = mem_printf("%s/%s", collection, meta_name(item));

		if (rest_do(p->ctx->rest, REST_DELETE, path, options, NULL, &e) < 0 &&
		    e.reason != REASON_NOT_FOUND) {
			*err = e;
			return -1;
		}
	}
	return 0;
}

/* 1: nothing was there, which is so of nearly every collection: nobody needs to look again, for nothing new is let into a
   namespace that goes. 0: something was deleted; -1. */
static int delete_all(struct pass *p, const char *collection, bool at_once, struct err *err)
{
	autojson js *options = js_new_obj(), *gone = NULL;
	struct err e = ERR_INIT;

	js_set_str(options, "propagationPolicy", "Background");
	if (at_once && rest_do(p->ctx->rest, REST_DELETE, collection, options, &gone, &e) == 0)
		return js_arr(gone, "items", NULL) && !js_len(js_arr(gone, "items", NULL));
	if (at_once && !not_offered(&e)) {
		*err = e;
		return -1;
	}
	return delete_each(p, collection, options, err);
}

/* The longest grace that a Pod has which still runs; 0 when that is over since the namespace was deleted. */
static int64_t pods_estimate(struct pass *p, const char *collection)
{
	autofree char *page = mem_printf("%s?limit=500", collection);
	autojson js *list = NULL;
	struct err ignored = ERR_INIT; /* their deletion will say it */
	int64_t ret = 0;

	if (rest_do(p->ctx->rest, REST_GET, page, NULL, &list, &ignored) < 0)
		return 0;
	js_array_for_each (pod, js_arr(list, "items", NULL)) {
		const char *phase = js_str0(pod, "status", "phase", NULL);
		int64_t grace = js_int(pod, 0, "spec", "terminationGracePeriodSeconds", NULL);

		if (strcmp(phase, "Succeeded") && strcmp(phase, "Failed") && grace > ret)
			ret = grace;
	}
	return clock_wall_ns() - p->deleted_ns >= ret * NS_PER_S ? 0 : ret;
}

/* Deletes one collection and counts what stays. */
static void empty_resource(struct pass *p, const char *group, const char *version, const char *resource,
			   bool at_once)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *list = NULL;
	struct err err = ERR_INIT;

	rest_path(&path, group, version, p->ns, resource, NULL, NULL);
	int64_t estimate_s = is_pods(group, resource) ? pods_estimate(p, buf_str(&path)) : 0;

	int rc = delete_all(p, buf_str(&path), at_once, &err);
	if (rc < 0)
		fail_with(p, &p->failed, &err);
	if (rc)
		return;
	buf_adds(&path, "?limit=500");
	if (rest_do(p->ctx->rest, REST_GET, buf_str(&path), NULL, &list, &err) == 0)
		count_rest(p, group, version, resource, list, estimate_s);
	else if (!not_offered(&err))
		fail_with(p, &p->failed, &err);
}

static bool has_verb(const js *resource, const char *verb)
{
	js_array_for_each (v, js_arr(resource, "verbs", NULL))
		if (js_is_str(v) && strcmp(json_object_get_string(v), verb) == 0)
			return true;
	return false;
}

/* What the version offers and no version before did. */
static void empty_version(struct pass *p, const char *group, const char *version, struct map *seen)
{
	autofree char *path =
		*group ? mem_printf("/apis/%s/%s", group, version) : mem_printf("/api/%s", version);
	autojson js *list = NULL;
	struct err err = ERR_INIT;

	if (rest_do(p->ctx->rest, REST_GET, path, NULL, &list, &err) < 0) {
		(void)err_wrap(&err, "%s%s%s", group, *group ? "/" : "", version);
		fail_with(p, &p->undiscovered, &err);
		return;
	}
	js_array_for_each (r, js_arr(list, "resources", NULL)) {
		const char *name = js_str0(r, "name", NULL);

		if (!js_bool(r, false, "namespaced", NULL) || strchr(name, '/') || !has_verb(r, "delete") ||
		    map_get(seen, name) || is_pods(group, name))
			continue;
		map_set(seen, name, seen);
		empty_resource(p, group, version, name, has_verb(r, "deletecollection"));
	}
}

/* Every resource once, in the preferred version if that has it: others may be in an older one only. */
static void empty_group(struct pass *p, const js *g)
{
	const char *name = js_str0(g, "name", NULL),
		   *preferred = js_str0(g, "preferredVersion", "version", NULL);
	struct map seen = {0};

	empty_version(p, name, preferred, &seen);
	js_array_for_each (v, js_arr(g, "versions", NULL)) {
		const char *version = js_str0(v, "version", NULL);

		if (strcmp(version, preferred))
			empty_version(p, name, version, &seen);
	}
	map_release(&seen);
}

static void empty_namespace(struct pass *p)
{
	autojson js *groups = NULL;
	struct err err = ERR_INIT;
	struct map seen = {0};

	empty_resource(p, "", "v1", "pods", true);
	if (p->left)
		return;
	empty_version(p, "", "v1", &seen);
	map_release(&seen);
	if (rest_do(p->ctx->rest, REST_GET, "/apis", NULL, &groups, &err) < 0)
		fail_with(p, &p->undiscovered, &err);
	js_array_for_each (g, js_arr(groups, "groups", NULL))
		empty_group(p, g);
}

/* ---- conditions ---- */

static const struct {
	const char *type, *reason_ok, *text_ok, *reason;
} conditions[] = {
	{"NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered",
	 "DiscoveryFailed"},
	{"NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions",
	 "All legacy kube types successfully parsed", "GroupVersionParsingFailed"},
	{"NamespaceDeletionContentFailure", "ContentDeleted",
	 "All content successfully deleted, may be waiting on finalization", "ContentDeletionFailed"},
	{"NamespaceContentRemaining", "ContentRemoved", "All content successfully removed",
	 "SomeResourcesRemain"},
	{"NamespaceFinalizersRemaining", "ContentHasNoFinalizers",
	 "All content-preserving finalizers finished", "SomeFinalizersRemain"},
};
enum { UNDISCOVERED, UNPARSED, FAILED, REMAINING, FINALIZERS, CONDITIONS };

/* What is wrong, by condition; empty when all is well. */
static void describe(struct pass *p, struct buf text[CONDITIONS])
{
	struct texts held = {0};

	if (p->undiscovered.n)
		buf_addf(
			&text[UNDISCOVERED],
			"Discovery failed for some groups, %zu failing: unable to retrieve the complete list of "
			"server APIs: ",
			p->undiscovered.n);
	texts_join(&p->undiscovered, &text[UNDISCOVERED]);
	if (p->failed.n)
		buf_addf(&text[FAILED], "Failed to delete all resource types, %zu remaining: ", p->failed.n);
	texts_join(&p->failed, &text[FAILED]);
	if (p->remaining.n)
		buf_adds(&text[REMAINING], "Some resources are remaining: ");
	texts_join(&p->remaining, &text[REMAINING]);
	for (struct map_iter it = {0}; map_next(&p->finalizers, &it);)
		texts_add(&held, mem_printf("%s in %zd resource instances", it.key, (intptr_t)it.value));
	if (held.n)
		buf_adds(&text[FINALIZERS], "Some content in the namespace has finalizers remaining: ");
	texts_join(&held, &text[FINALIZERS]);
	texts_release(&held);
}

/* Brings the list up to date; false when it was. */
static bool set_conditions(struct pass *p, js *list)
{
	struct buf text[CONDITIONS] = {BUF_INIT};
	bool changed = false;

	describe(p, text);
	for (size_t i = 0; i < CONDITIONS; i++) {
		bool on = text[i].len > 0;

		changed |=
			condition_set(list, conditions[i].type, on ? "True" : "False",
				      on ? conditions[i].reason : conditions[i].reason_ok,
				      on ? buf_str(&text[i]) : conditions[i].text_ok, clock_wall_ns(), false);
		buf_release(&text[i]);
	}
	return changed;
}

static int read_namespace(struct pass *p, js **ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", NULL, "namespaces", p->ns, NULL);
	if (rest_do(p->ctx->rest, REST_GET, buf_str(&path), NULL, ret, &e) == 0 ||
	    e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return -1;
}

static int write_namespace(struct pass *p, enum rest_verb verb, const char *sub, const js *body,
			   struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", NULL, "namespaces", p->ns, sub);
	if (rest_do(p->ctx->rest, verb, buf_str(&path), body, NULL, &e) == 0 || e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return err_wrap(err, "%s of namespace %s", sub, p->ns);
}

static int write_conditions(struct pass *p, struct err *err)
{
	autojson js *live = NULL, *body = js_new_obj();

	if (read_namespace(p, &live, err) < 0)
		return -1;
	if (!live)
		return 0;
	js *list = js_ensure_arr(js_ensure(live, "status", NULL), "conditions");

	if (!set_conditions(p, list))
		return 0;
	js_set(js_ensure(body, "status", NULL), "conditions", js_dup(list));
	return write_namespace(p, REST_PATCH_MERGE, "status", body, err);
}

static int finalize(struct pass *p, struct err *err)
{
	autojson js *live = NULL;

	if (read_namespace(p, &live, err) < 0)
		return -1;
	if (!live)
		return 0;
	js *kept = js_new_arr();

	js_array_for_each (f, js_arr(live, "spec", "finalizers", NULL))
		if (js_is_str(f) && strcmp(json_object_get_string(f), "kubernetes") != 0)
			js_push(kept, js_dup(f));
	js_set(js_ensure(live, "spec", NULL), "finalizers", kept);
	return write_namespace(p, REST_PUT, "finalize", live, err);
}

/* ---- one sync ---- */

/* The informer may be behind: what is emptied must be the namespace that was deleted, not one that has its name now. */
static int still_ending(struct pass *p, const char *uid, bool *ret, struct err *err)
{
	autojson js *live = NULL;

	if (read_namespace(p, &live, err) < 0)
		return -1;
	*ret = live && meta_deleting(live) && strcmp(meta_uid(live), uid) == 0;
	return 0;
}

static int sync_pass(struct pass *p, const struct meta *m, struct err *err)
{
	bool ending;

	if (still_ending(p, m->uid, &ending, err) < 0)
		return -1;
	if (!ending)
		return 0;
	empty_namespace(p);
	if (p->err.reason == REASON_NONE && p->left == 0)
		return finalize(p, err);
	if (write_conditions(p, err) < 0)
		return -1;
	if (p->err.reason != REASON_NONE) {
		*err = p->err;
		return -1;
	}
	p->ctx->requeue_after_ns = (p->estimate_s / 2 + 1) * NS_PER_S;
	return 0;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_namespace *ns = informer_get(ctx->informers[0], key);
	struct pass p = {.ctx = ctx, .ns = key, .err = ERR_INIT};
	int rc = 0;

	if (ns)
		p.deleted_ns = ns->base.meta.deleted_ns;
	if (ns && ns->base.meta.deleted_ns && ns->kubernetes_finalizer)
		rc = sync_pass(&p, &ns->base.meta, err);
	informer_unref(ns);
	texts_release(&p.undiscovered);
	texts_release(&p.failed);
	texts_release(&p.remaining);
	map_release(&p.finalizers);
	return rc;
}

const struct controller namespace_controller = {
	.name = "namespace",
	.watches = {{&cm_namespace_type, NULL, controller_enqueue_self}},
	.account = "namespace-controller",
	.workers = 2,
	.sync = sync,
};

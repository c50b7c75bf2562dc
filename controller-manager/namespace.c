/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespace deletion (kubernetes/kubernetes pkg/controller/namespace): a namespace that is being deleted is
 * emptied of every namespaced resource that discovery names, then the finalizer `kubernetes` is taken out of
 * its spec, which ends it.
 *
 * What is left (Pods in their grace period, objects with finalizers) is told in the namespace's conditions
 * and looked at again, sooner first and later less often.
 */
#include "controllers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"

#define RETRY_NS NS_PER_S

struct leftover {
	size_t objects, kinds;
	struct buf text; /* `pods. has 2 resource instances` */
	struct buf finalizers;
};

/* Deletes one collection and counts what stays. */
static int empty_resource(struct controller_ctx *ctx, const char *group, const char *version,
			  const char *resource, const char *ns, struct leftover *left, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, group, version, ns, resource, NULL, NULL);
	autojson js *options = js_new_obj(), *list = NULL;
	js_set_str(options, "propagationPolicy", "Background");
	struct err e = ERR_INIT;
	if (rest_do(ctx->rest, REST_DELETE, buf_str(&path), options, NULL, &e) < 0 &&
	    e.reason != REASON_NOT_FOUND && e.reason != REASON_METHOD_NOT_ALLOWED) {
		*err = e;
		return err_wrap(err, "delete %s", buf_str(&path));
	}
	buf_adds(&path, "?limit=500");
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &list, err) < 0)
		return -1;
	size_t n = js_len(js_arr(list, "items", NULL)) +
		   (size_t)js_int(list, 0, "metadata", "remainingItemCount", NULL);
	if (n == 0)
		return 0;
	left->objects += n;
	left->kinds++;
	buf_addf(&left->text, "%s%s.%s has %zu resource instances", left->text.len ? ", " : "", resource,
		 group, n);
	js_array_for_each (item, js_arr(list, "items", NULL)) {
		js_array_for_each (f, js_arr(item, "metadata", "finalizers", NULL)) {
			const char *name = js_is_str(f) ? json_object_get_string(f) : "";
			if (!strstr(buf_str(&left->finalizers), name))
				buf_addf(&left->finalizers, "%s%s", left->finalizers.len ? ", " : "", name);
		}
	}
	return 0;
}

static int empty_group(struct controller_ctx *ctx, const char *group, const char *version, const char *ns,
		       struct leftover *left, struct err *err)
{
	autofree char *path =
		*group ? mem_printf("/apis/%s/%s", group, version) : mem_printf("/api/%s", version);
	autojson js *list = NULL;
	if (rest_do(ctx->rest, REST_GET, path, NULL, &list, err) < 0)
		return -1;
	js_array_for_each (r, js_arr(list, "resources", NULL)) {
		const char *name = js_str0(r, "name", NULL);
		bool can_delete = false;
		js_array_for_each (v, js_arr(r, "verbs", NULL))
			can_delete |=
				js_is_str(v) && strcmp(json_object_get_string(v), "deletecollection") == 0;
		if (js_bool(r, false, "namespaced", NULL) && !strchr(name, '/') && can_delete &&
		    empty_resource(ctx, group, version, name, ns, left, err) < 0)
			return -1;
	}
	return 0;
}

static int empty_namespace(struct controller_ctx *ctx, const char *ns, struct leftover *left, struct err *err)
{
	autojson js *groups = NULL;
	if (empty_group(ctx, "", "v1", ns, left, err) < 0 ||
	    rest_do(ctx->rest, REST_GET, "/apis", NULL, &groups, err) < 0)
		return -1;
	js_array_for_each (g, js_arr(groups, "groups", NULL))
		if (empty_group(ctx, js_str0(g, "name", NULL),
				js_str0(g, "preferredVersion", "version", NULL), ns, left, err) < 0)
			return -1;
	return 0;
}

static void set(js *conditions, const char *type, bool on, const char *reason_on, const char *text_on,
		const char *reason_off, const char *text_off, int64_t now)
{
	condition_set(conditions, type, on ? "True" : "False", on ? reason_on : reason_off,
		      on ? text_on : text_off, now, false);
}

static int write_conditions(struct controller_ctx *ctx, const char *name, const struct leftover *left,
			    const struct err *failure, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "", "v1", NULL, "namespaces", name, NULL);
	autojson js *live = NULL;
	struct err e = ERR_INIT;
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) < 0)
		return e.reason == REASON_NOT_FOUND ? 0 : (*err = e, -1);
	js *conditions = js_ensure_arr(js_ensure(live, "status", NULL), "conditions");
	autojson js *before = js_dup(conditions);
	int64_t now = clock_wall_ns();
	set(conditions, "NamespaceDeletionDiscoveryFailure", false, "", "", "ResourcesDiscovered",
	    "All resources successfully discovered", now);
	set(conditions, "NamespaceDeletionContentFailure", failure->reason != REASON_NONE,
	    "ContentDeletionFailed", failure->msg, "ContentDeleted",
	    "All content successfully deleted, may be waiting on finalization", now);
	autofree char *remain = mem_printf("Some resources are remaining: %s", buf_str(&left->text));
	set(conditions, "NamespaceContentRemaining", left->objects > 0, "SomeResourcesRemain", remain,
	    "ContentRemoved", "All content successfully removed", now);
	autofree char *finalizers = mem_printf("Some content in the namespace has finalizers remaining: %s",
					       buf_str(&left->finalizers));
	set(conditions, "NamespaceFinalizersRemaining", left->finalizers.len > 0, "SomeFinalizersRemain",
	    finalizers, "ContentHasNoFinalizers", "All content-preserving finalizers finished", now);
	if (js_equal(before, conditions))
		return 0;
	autojson js *body = js_new_obj();
	js_set(js_ensure(body, "status", NULL), "conditions", js_dup(conditions));
	buf_adds(&path, "/status");
	if (rest_do(ctx->rest, REST_PATCH_MERGE, buf_str(&path), body, NULL, &e) < 0 &&
	    e.reason != REASON_NOT_FOUND) {
		*err = e;
		return -1;
	}
	return 0;
}

static int finalize(struct controller_ctx *ctx, const char *name, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "", "v1", NULL, "namespaces", name, NULL);
	autojson js *live = NULL;
	struct err e = ERR_INIT;
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, &e) < 0)
		return e.reason == REASON_NOT_FOUND ? 0 : (*err = e, -1);
	js *kept = js_new_arr();
	js_array_for_each (f, js_arr(live, "spec", "finalizers", NULL))
		if (js_is_str(f) && strcmp(json_object_get_string(f), "kubernetes") != 0)
			js_push(kept, js_dup(f));
	js_set(js_ensure(live, "spec", NULL), "finalizers", kept);
	buf_adds(&path, "/finalize");
	if (rest_do(ctx->rest, REST_PUT, buf_str(&path), live, NULL, &e) < 0 &&
	    e.reason != REASON_NOT_FOUND) {
		*err = e;
		return err_wrap(err, "finalize namespace %s", name);
	}
	return 0;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_namespace *ns = informer_get(ctx->informers[0], key);
	bool due = ns && ns->base.meta.deleted_ns && ns->kubernetes_finalizer;
	informer_unref(ns);
	if (!due)
		return 0;
	struct leftover left = {0};
	struct err failure = ERR_INIT;
	int rc = empty_namespace(ctx, key, &left, &failure);
	if (rc == 0 && left.objects == 0)
		rc = finalize(ctx, key, err);
	else {
		if (rc < 0)
			*err = failure;
		struct err status_err = ERR_INIT;
		if (write_conditions(ctx, key, &left, &failure, &status_err) < 0 && rc == 0) {
			*err = status_err;
			rc = -1;
		}
		ctx->requeue_after_ns = RETRY_NS;
	}
	buf_release(&left.text);
	buf_release(&left.finalizers);
	return rc;
}

const struct controller namespace_controller = {
	.name = "namespace",
	.watches = {{&cm_namespace_type, NULL, controller_enqueue_self}},
	.workers = 2,
	.sync = sync,
};

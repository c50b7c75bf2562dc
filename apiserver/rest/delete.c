/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DELETE (kubernetes/apiserver pkg/registry/rest/delete.go, pkg/registry/generic/registry/store.go).
 *
 * An object leaves at once unless something holds it: a grace period (Pods), finalizers, its own or those
 * that the propagation policy adds for the garbage collector, or a kind's own first step (namespaces empty
 * themselves). Held objects are marked and stay; the update that takes away the last finalizer removes them
 * (object.c).
 */
#include "rest/delete_options.h"

#include <stdio.h>
#include "base/clock.h"
#include "object/rfc3339.h"
#include "rest/negotiate.h"

#define FINALIZER_ORPHAN "orphan"
#define FINALIZER_FOREGROUND "foregroundDeletion"

static int check_preconditions(struct write *w, const struct delete_options *o, const struct obj *old,
			       struct err *err)
{
	const struct kind *k = w->kind;
	char rv[32];

	if (o->uid[0] && strcmp(o->uid, old->uid))
		return err_set(
			err, REASON_CONFLICT,
			"Operation cannot be fulfilled on %s%s%s \"%s\": the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated",
			k->kind, *k->group ? "." : "", k->group, old->name, o->uid, old->uid);
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)old->rv);
	if (o->resource_version[0] && strcmp(o->resource_version, rv))
		return err_set(
			err, REASON_CONFLICT,
			"Operation cannot be fulfilled on %s%s%s \"%s\": the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified",
			k->kind, *k->group ? "." : "", k->group, old->name, o->resource_version, rv);
	return 0;
}

static void set_deletion(js *m, int64_t when_ns, int64_t grace)
{
	char text[RFC3339_MAX];

	rfc3339_format(when_ns, text);
	js_set_str(m, "deletionTimestamp", text);
	js_set_int(m, "deletionGracePeriodSeconds", grace);
}

static void bump(js *m)
{
	int64_t g = js_int(m, 0, "generation", NULL);

	if (g > 0)
		js_set_int(m, "generation", g + 1);
}

enum grace {
	GRACE_NONE,    /* nothing to wait for */
	GRACE_PENDING, /* being deleted already, and this request changes nothing */
	GRACE_BEGUN,   /* marked in the tree: now it waits, or waits less long */
};

/* A second DELETE can only shorten the wait of the first. */
static enum grace shorten(const struct write *w, const struct delete_options *o, js *m)
{
	int64_t left = js_int(m, 0, "deletionGracePeriodSeconds", NULL), when;
	int64_t asked = o->grace < 0 ? 1 : o->grace;
	struct err ignore = ERR_INIT;

	if (left == 0)
		return GRACE_NONE;
	if (left < 0)
		left = 1;
	if (!o->has_grace || asked >= left)
		return GRACE_PENDING;
	if (rfc3339_parse(js_str0(m, "deletionTimestamp", NULL), &when, &ignore) < 0)
		when = w->ctx.now_ns;
	when += (asked - left) * NS_PER_S;
	if (when < w->ctx.now_ns) {
		when = w->ctx.now_ns;
		asked = asked ? 1 : 0;
	}
	set_deletion(m, when, asked);
	return asked ? GRACE_BEGUN : GRACE_NONE;
}

static enum grace begin_grace(const struct write *w, const struct delete_options *o, js *tree)
{
	js *m = js_obj(tree, "metadata", NULL);

	if (!w->strategy->grace)
		return GRACE_NONE;
	if (js_field(m, "deletionTimestamp"))
		return shorten(w, o, m);
	int64_t period = w->strategy->grace(tree, o->grace, o->has_grace);
	if (period <= 0)
		return GRACE_NONE;
	set_deletion(m, w->ctx.now_ns + period * NS_PER_S, period);
	bump(m);
	return GRACE_BEGUN;
}

static bool has_finalizer(const js *m, const char *name)
{
	js_array_for_each (f, js_arr(m, "finalizers", NULL)) {
		if (js_is_str(f) && !strcmp(json_object_get_string(f), name))
			return true;
	}
	return false;
}

/* Which of the garbage collector's two finalizers the object must carry. */
static void wanted_finalizers(const struct write *w, const struct delete_options *o, const js *m,
			      bool *orphan, bool *foreground)
{
	*orphan = *foreground = false;
	if (w->strategy->flags & STRATEGY_NO_DEPENDENTS)
		return;
	if (o->has_orphan) {
		*orphan = o->orphan;
	} else if (o->propagation != PROPAGATION_UNSET) {
		*orphan = o->propagation == PROPAGATION_ORPHAN;
		*foreground = o->propagation == PROPAGATION_FOREGROUND;
	} else {
		*orphan = has_finalizer(m, FINALIZER_ORPHAN);
		*foreground = !*orphan && has_finalizer(m, FINALIZER_FOREGROUND);
	}
}

/* How many finalizers hold the object afterwards. */
static size_t update_finalizers(const struct write *w, const struct delete_options *o, js *m)
{
	bool orphan, foreground;

	wanted_finalizers(w, o, m, &orphan, &foreground);
	if (orphan == has_finalizer(m, FINALIZER_ORPHAN) &&
	    foreground == has_finalizer(m, FINALIZER_FOREGROUND))
		return js_len(js_arr(m, "finalizers", NULL));
	js *list = js_new_arr();
	js_array_for_each (f, js_arr(m, "finalizers", NULL)) {
		const char *s = json_object_get_string(f);
		if (strcmp(s, FINALIZER_ORPHAN) && strcmp(s, FINALIZER_FOREGROUND))
			js_push(list, js_new_str(s));
	}
	if (orphan)
		js_push(list, js_new_str(FINALIZER_ORPHAN));
	if (foreground)
		js_push(list, js_new_str(FINALIZER_FOREGROUND));
	size_t n = js_len(list);
	if (n) {
		js_set(m, "finalizers", list);
	} else {
		js_autoput(&list);
		js_del(m, "finalizers");
	}
	return n;
}

static void mark_deleting(const struct write *w, js *m)
{
	int64_t when;
	struct err ignore = ERR_INIT;
	const char *was = js_str0(m, "deletionTimestamp", NULL);

	if (!*was)
		bump(m);
	if (!*was || rfc3339_parse(was, &when, &ignore) < 0 || when > w->ctx.now_ns)
		when = w->ctx.now_ns;
	set_deletion(m, when, 0);
}

static int admit(struct write *w, const char *name, const js *old, struct err *err)
{
	struct admission a = {.op = ADMIT_DELETE,
			      .schema = w->api->schema,
			      .storage = w->api->storage,
			      .kind = w->stored,
			      .subresource = w->ctx.subresource,
			      .ns = w->ns,
			      .name = name,
			      .user = w->ctx.user ? w->ctx.user : "",
			      .now_ns = w->ctx.now_ns,
			      .old = old,
			      .causes = &w->errs,
			      .about = &w->about};

	return admission_run(&a, err);
}

static int remove_now(struct write *w, const struct obj *old, const js *old_tree, struct obj **ret,
		      struct err *err)
{
	if (w->dry_run) {
		*ret = obj_ref((struct obj *)old);
		return 0;
	}
	if (storage_delete(w->res, old, ret, err) < 0)
		return -1;
	if (w->strategy->release)
		w->strategy->release(&w->ctx, old_tree, NULL);
	return 0;
}

/* The object stays, marked. */
static int keep(struct write *w, const struct obj *old, const js *tree, struct obj **ret, struct err *err)
{
	autoobj struct obj *draft = NULL;

	if (object_draft(w, tree, &draft, err) < 0)
		return -1;
	if (object_unchanged(old, draft)) {
		*ret = obj_ref((struct obj *)old);
		return 0;
	}
	if (w->dry_run) {
		*ret = obj_publish(draft, old->rv);
		return 0;
	}
	return storage_update(w->res, old, draft, 0, ret, err);
}

static int delete_once(struct write *w, const struct delete_options *o, const struct obj *old,
		       struct deletion *ret, struct err *err)
{
	autojson js *old_tree = obj_tree(old);
	autojson js *tree = js_dup(old_tree);
	js *m = js_obj(tree, "metadata", NULL);

	if (admit(w, old->name, old_tree, err) < 0 || check_preconditions(w, o, old, err) < 0)
		return -1;
	js_del(m, "resourceVersion");
	enum grace grace = begin_grace(w, o, tree);
	if (grace == GRACE_PENDING) {
		ret->obj = obj_ref((struct obj *)old);
		return 0;
	}
	bool hold = w->strategy->hold && w->strategy->hold(&w->ctx, tree);
	size_t finalizers = update_finalizers(w, o, m);
	if (grace == GRACE_NONE && !finalizers && !hold) {
		ret->removed = true;
		return remove_now(w, old, old_tree, &ret->obj, err);
	}
	if (grace == GRACE_NONE && finalizers && !hold)
		mark_deleting(w, m);
	return keep(w, old, tree, &ret->obj, err);
}

int object_delete(struct write *w, const char *name, const struct delete_options *o, struct deletion *ret,
		  struct err *err)
{
	write_about(w, name);
	for (int try = 0;; try++) {
		autoobj struct obj *old = NULL;

		*ret = (struct deletion){.obj = NULL};
		if (object_lookup(w, name, &old, err) < 0)
			return -1;
		if (delete_once(w, o, old, ret, err) == 0)
			return 0;
		if (err->reason == REASON_NOT_FOUND && w->about.kind == w->kind)
			return write_not_found(w, name, err);
		if (err->reason != REASON_CONFLICT || strstr(err->msg, "precondition"))
			return -1;
		if (try == WRITE_CONFLICT_RETRIES)
			return write_conflict(w, name, err);
		struct storage *s = w->api->storage;
		if (!storage_fresh(s, 0) && storage_wait(s, 0, clock_mono_ns() + 10 * NS_PER_S, err) < 0)
			return -1;
	}
}

void rest_delete(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct delete_options opts;
	struct deletion d = {.obj = NULL};

	if (write_begin(&w, rq, rs, "DeleteOptions", &err) < 0 || delete_options_read(&w, &opts, &err) < 0 ||
	    object_delete(&w, rq->attr.name, &opts, &d, &err) < 0)
		write_fail(&w, &err);
	else if (d.removed && !(w.strategy->flags & STRATEGY_RETURNS_DELETED))
		response_ok_status(rs, &rq->attr, d.obj->uid);
	else
		present_object(rq, rs, !d.removed && opts.has_orphan && !opts.orphan ? 202 : 200, d.obj);
	obj_unref(d.obj);
	write_release(&w);
}

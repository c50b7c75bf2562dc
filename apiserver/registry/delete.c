/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DELETE (kubernetes/apiserver pkg/registry/rest/delete.go, pkg/registry/generic/registry/store.go).
 *
 * An object leaves at once unless something holds it: a grace period (Pods), finalizers, its own or those
 * that the propagation policy adds for the garbage collector, or a kind's own first step (namespaces empty
 * themselves). Held objects are marked and stay; the update that takes away the last finalizer removes them
 * (update.c).
 */
#include "registry/managed_internal.h"

#include <stdio.h>
#include "base/clock.h"
#include "object/rfc3339.h"

/* Namespaces are deleted by code of their own (pkg/registry/core/namespace/storage). */
static int own_conflict(struct registry_call *c, const char *what, const char *asked, const char *is,
			struct err *err)
{
	char res[256];

	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": Precondition failed: %s in precondition: %s, %s in object meta: %s",
		registry_resource_text(c->kind, res), c->old->name, what, asked, what, is);
}

static int precondition_failed(struct registry_call *c, const char *what, const char *asked, const char *is,
			       const char *maybe, struct err *err)
{
	const struct kind *k = c->kind;

	if (c->strategy->flags & STRATEGY_SPEC_FINALIZERS)
		return own_conflict(c, what, asked, is, err);
	registry_about_as(c, k->kind, k->kind);
	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s%s%s \"%s\": the %s in the precondition (%s) does not match the %s in record (%s). The object might have been %s",
		k->kind, *k->group ? "." : "", k->group, c->old->name, what, asked, what, is, maybe);
}

int registry_check_preconditions(struct registry_call *c, const struct delete_options *o, struct err *err)
{
	char rv[32];

	if (o->uid[0] && strcmp(o->uid, c->old->uid))
		return precondition_failed(c, "UID", o->uid, c->old->uid, "deleted and then recreated", err);
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)c->old->rv);
	if (o->resource_version[0] && strcmp(o->resource_version, rv))
		return precondition_failed(c, "ResourceVersion", o->resource_version, rv, "modified", err);
	return 0;
}

static enum progress check_preconditions(struct registry_call *c)
{
	return registry_progress(registry_check_preconditions(c, c->deletion, &c->err));
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
	GRACE_FORCED,  /* marked in the tree with a wait of 0: who asked sees it so, but nothing waits */
	GRACE_PENDING, /* being deleted already, and this request changes nothing */
	GRACE_BEGUN,   /* marked in the tree: now it waits, or waits less long */
};

/* A second DELETE can only shorten the wait of the first. */
static enum grace shorten(const struct registry_call *c, js *m)
{
	int64_t left = js_int(m, 0, "deletionGracePeriodSeconds", NULL), when;
	int64_t asked = c->deletion->grace < 0 ? 1 : c->deletion->grace;
	struct err ignore = ERR_INIT;

	if (left == 0)
		return GRACE_NONE;
	if (left < 0)
		left = 1;
	if (!c->deletion->has_grace || asked >= left)
		return GRACE_PENDING;
	if (rfc3339_parse(js_str0(m, "deletionTimestamp", NULL), &when, &ignore) < 0)
		when = c->ctx.now_ns;
	when += (asked - left) * NS_PER_S;
	if (when < c->ctx.now_ns) {
		when = c->ctx.now_ns;
		asked = asked ? 1 : 0;
	}
	set_deletion(m, when, asked);
	return asked ? GRACE_BEGUN : GRACE_FORCED;
}

static enum grace begin_grace(const struct registry_call *c, js *tree)
{
	js *m = js_obj(tree, "metadata", NULL);

	if (!c->strategy->grace)
		return GRACE_NONE;
	if (js_field(m, "deletionTimestamp"))
		return shorten(c, m);
	int64_t period = c->strategy->grace(tree, c->deletion->grace, c->deletion->has_grace);
	if (period < 0)
		period = 0;
	set_deletion(m, c->ctx.now_ns + period * NS_PER_S, period);
	bump(m);
	return period ? GRACE_BEGUN : GRACE_FORCED;
}

static bool has_finalizer(const js *m, const char *name)
{
	js_array_for_each (f, js_arr(m, "finalizers", NULL)) {
		if (js_is_str(f) && !strcmp(json_object_get_string(f), name))
			return true;
	}
	return false;
}

static bool leaves_dependents(const struct registry_call *c)
{
	const struct delete_options *o = c->deletion;

	return (c->strategy->flags & STRATEGY_ORPHANS) && !o->has_orphan &&
	       o->propagation == PROPAGATION_UNSET;
}

/* Which of the garbage collector's two finalizers the object must carry. */
static void wanted_finalizers(const struct registry_call *c, const js *m, bool *orphan, bool *foreground)
{
	*orphan = *foreground = false;
	if (c->strategy->flags & STRATEGY_NO_DEPENDENTS)
		return;
	if (c->deletion->has_orphan) {
		*orphan = c->deletion->orphan;
	} else if (c->deletion->propagation != PROPAGATION_UNSET) {
		*orphan = c->deletion->propagation == PROPAGATION_ORPHAN;
		*foreground = c->deletion->propagation == PROPAGATION_FOREGROUND;
	} else {
		*orphan = has_finalizer(m, FINALIZER_ORPHAN);
		*foreground = !*orphan && has_finalizer(m, FINALIZER_FOREGROUND);
		*orphan |= !*foreground && leaves_dependents(c);
	}
}

/* How many finalizers hold the object afterwards. */
static size_t update_finalizers(const struct registry_call *c, js *m)
{
	bool orphan, foreground;

	wanted_finalizers(c, m, &orphan, &foreground);
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

static void mark_deleting(const struct registry_call *c, js *m)
{
	int64_t when;
	struct err ignore = ERR_INIT;
	const char *was = js_str0(m, "deletionTimestamp", NULL);

	if (!*was)
		bump(m);
	if (!*was || rfc3339_parse(was, &when, &ignore) < 0 || when > c->ctx.now_ns)
		when = c->ctx.now_ns;
	set_deletion(m, when, 0);
}

/* ---- into the store ---- */

static enum progress lost(struct registry_call *c)
{
	if (c->err.reason == REASON_NOT_FOUND)
		return registry_progress(registry_not_found(c, &c->err));
	if (c->err.reason != REASON_CONFLICT)
		return PROGRESS_END;
	if (c->tries == REGISTRY_CONFLICT_RETRIES)
		return registry_progress(registry_conflict(c, &c->err));
	c->tries++;
	c->behind = true;
	c->err = (struct err)ERR_INIT;
	return PROGRESS_AGAIN;
}

static enum progress removed(struct registry_call *c)
{
	if (c->err.reason != REASON_NONE)
		return lost(c);
	c->obj = c->draft ? obj_publish(c->draft, c->write.result->rv) : STEAL(c->write.result);
	obj_unref(STEAL(c->write.result));
	c->removed = true;
	return PROGRESS_END;
}

static enum progress marked(struct registry_call *c)
{
	if (c->err.reason != REASON_NONE)
		return lost(c);
	c->obj = STEAL(c->write.result);
	return PROGRESS_END;
}

/* `marked`: the tree says how it went, and is what the client sees. */
static enum progress remove_now(struct registry_call *c, bool marked)
{
	if (marked && pipeline_draft(c, c->old_tree, &c->err) < 0)
		return PROGRESS_END;
	if (!c->ctx.dry_run)
		return registry_submit(c, WRITE_DELETE, 0, removed);
	c->obj = c->draft ? obj_publish(c->draft, c->old->rv) : obj_ref(c->old);
	c->removed = true;
	return PROGRESS_END;
}

/* The object stays, marked. */
static enum progress keep(struct registry_call *c)
{
	if (pipeline_draft(c, c->old_tree, &c->err) < 0)
		return PROGRESS_END;
	bool same = pipeline_unchanged(c->old, c->draft);
	if (!same && !c->ctx.dry_run)
		return registry_submit(c, WRITE_UPDATE, 0, marked);
	c->obj = same ? obj_ref(c->old) : obj_publish(c->draft, c->old->rv);
	return PROGRESS_END;
}

/* ---- the steps ---- */

static enum progress read_old(struct registry_call *c)
{
	c->old_tree = obj_tree_unmanaged(c->old, &c->err);
	return c->old_tree ? PROGRESS_NEXT : PROGRESS_END;
}

/* From here on the old tree belongs to the deletion and is marked in place. */
static enum progress mark(struct registry_call *c)
{
	js *tree = c->old_tree, *m = js_obj(tree, "metadata", NULL);

	js_del(m, "resourceVersion");
	enum grace grace = begin_grace(c, tree);
	if (grace == GRACE_PENDING) {
		c->obj = obj_ref(c->old);
		return PROGRESS_END;
	}
	bool hold = c->strategy->hold && c->strategy->hold(&c->ctx, tree);
	size_t finalizers = update_finalizers(c, m);
	bool waits = grace == GRACE_BEGUN;
	if (!waits && !finalizers && !hold)
		return remove_now(c, grace == GRACE_FORCED);
	if (!waits && finalizers && !hold)
		mark_deleting(c, m);
	return keep(c);
}

static registry_step_fn *const delete_steps[] = {
	registry_look_up,	  read_old, check_preconditions, pipeline_mutate_delete,
	pipeline_validate_delete, mark,
};

void registry_delete(struct registry_call *c, const struct delete_options *o)
{
	c->deletion = o;
	registry_about(c, c->attr->name);
	if (leaves_dependents(c) && c->strategy->orphan_warning)
		registry_warn(c, "%s", c->strategy->orphan_warning);
	registry_start(c, delete_steps);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two roads into the store.
 *
 * object_update is optimistic: it works on the cached state and lets the store's compare-and-swap decide. A
 * client that named a resourceVersion gets the conflict; for everybody else the change is made again on the
 * newer state. With an engine whose cache may lag behind the store, a lost race first waits until the cache
 * has caught up.
 */
#include "rest/write.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"

#define FRESH_WAIT_NS (10 * NS_PER_S)
#define GENERATE_TRIES 8 /* as upstream's registry */

static int catch_up(struct write *w, struct err *err)
{
	struct storage *s = w->api->storage;

	if (storage_fresh(s, 0))
		return 0;
	return storage_wait(s, 0, clock_mono_ns() + FRESH_WAIT_NS, err);
}

int object_lookup(struct write *w, const char *name, struct obj **ret, struct err *err)
{
	struct obj *o = storage_get(w->res, w->ns, name);

	if (!o) {
		if (catch_up(w, err) < 0)
			return -1;
		o = storage_get(w->res, w->ns, name);
	}
	if (!o)
		return write_not_found(w, name, err);
	*ret = o;
	return 0;
}

js *object_tree_for_client(const struct write *w, const struct obj *o)
{
	js *stored = obj_tree(o);

	if (w->kind == w->stored)
		return stored;
	js *converted = schema_convert(w->stored, w->kind, stored);
	js_autoput(&stored);
	return converted;
}

static void release(struct write *w, const js *gone, const js *kept)
{
	if (w->strategy->release)
		w->strategy->release(&w->ctx, gone, kept);
}

/* ---- create ---- */

static int already_exists(struct write *w, const char *name, bool generated, struct err *err)
{
	char res[256];
	autoobj struct obj *there = storage_get(w->res, w->ns, name);

	return err_set(err, REASON_ALREADY_EXISTS, "%s%s \"%s\" already exists%s",
		       there && there->deleting ? "object is being deleted: " : "",
		       write_resource_text(w->kind, res), name,
		       generated ? ", the server was not able to generate a unique name for the object" : "");
}

/* Stores `new`, which went through the pipeline. */
static int store_new(struct write *w, const js *new, struct obj **ret, struct err *err)
{
	autoobj struct obj *draft = NULL;

	if (object_draft(w, new, &draft, err) < 0)
		return -1;
	if (!w->dry_run)
		return storage_create(w->res, draft, ret, err);
	autoobj struct obj *there = storage_get(w->res, w->ns, draft->name);
	if (there)
		return err_set(err, REASON_ALREADY_EXISTS, "%s", "");
	*ret = STEAL(draft);
	return 0;
}

static int create_once(struct write *w, js *new, bool generated, struct obj **ret, struct err *err)
{
	if (pipeline_create(w, new, err) < 0)
		return -1;
	int rc = store_new(w, new, ret, err);
	if (rc < 0 || w->dry_run)
		release(w, new, NULL);
	if (rc < 0 && err->reason == REASON_ALREADY_EXISTS)
		return already_exists(w, js_str0(new, "metadata", "name", NULL), generated, err);
	return rc;
}

int object_create(struct write *w, js *new, struct obj **ret, struct err *err)
{
	autojson js *tree = new;
	bool generated =
		!*js_str0(new, "metadata", "name", NULL) && *js_str0(new, "metadata", "generateName", NULL);

	if (w->kind != w->stored) {
		tree = schema_convert(w->kind, w->stored, new);
		js_autoput(&new);
	}
	if (!generated)
		return create_once(w, tree, false, ret, err);
	for (int try = 0; try < GENERATE_TRIES; try++) {
		autojson js *copy = js_dup(tree);
		if (create_once(w, copy, true, ret, err) == 0)
			return 0;
		if (err->reason != REASON_ALREADY_EXISTS)
			return -1;
	}
	return -1;
}

/* ---- update ---- */

bool object_is_heartbeat(const struct kind *k, js *new, const js *old)
{
	char path[128], *save = NULL;

	if (!k->heartbeat_field || strlen(k->heartbeat_field) >= sizeof(path))
		return false;
	snprintf(path, sizeof(path), "%s", k->heartbeat_field);
	js *a = new;
	const js *b = old;
	char *step = strtok_r(path, ".", &save), *next;
	for (; (next = strtok_r(NULL, ".", &save)); step = next) {
		a = js_field(a, step);
		b = js_field(b, step);
	}
	js *was = js_field(b, step), *is = js_field(a, step);
	if (!was || !is)
		return false;
	js *mine = js_dup(is);
	js_set(a, step, js_dup(was));
	/* resourceVersion lives in the old tree only */
	js *rv = js_get(old, "metadata", "resourceVersion", NULL);
	js *meta = js_obj(new, "metadata", NULL);
	if (rv)
		js_set(meta, "resourceVersion", js_dup(rv));
	bool same = js_equal(new, old);
	js_del(meta, "resourceVersion");
	js_set(a, step, mine);
	return same;
}

bool object_unchanged(const struct obj *old, const struct obj *draft)
{
	return old->len - old->rv_len == draft->len && !memcmp(old->bytes, draft->bytes, old->rv_pos) &&
	       !memcmp(old->bytes + old->rv_pos + old->rv_len, draft->bytes + old->rv_pos,
		       draft->len - old->rv_pos);
}

/* The last finalizer of an object that is being deleted was removed: nothing holds it any more. */
static bool last_finalizer_gone(const struct write *w, const js *new, const js *old)
{
	if (js_len(js_arr(new, "metadata", "finalizers", NULL)) ||
	    !js_get(old, "metadata", "deletionTimestamp", NULL) ||
	    js_int(old, 0, "metadata", "deletionGracePeriodSeconds", NULL) > 0)
		return false;
	return strcmp(w->stored->kind, "Namespace") || *w->stored->group ||
	       !js_len(js_arr(new, "spec", "finalizers", NULL));
}

static int store_changed(struct write *w, struct update *u, const struct obj *old, js *new,
			 const js *old_tree, struct err *err)
{
	autoobj struct obj *draft = NULL;

	if (object_draft(w, new, &draft, err) < 0)
		return -1;
	if (!(u->flags & UPDATE_TRUSTED) && last_finalizer_gone(w, new, old_tree)) {
		autoobj struct obj *gone = NULL;
		if (!w->dry_run && storage_delete(w->res, old, &gone, err) < 0)
			return -1;
		if (!w->dry_run)
			release(w, old_tree, NULL);
		u->obj = obj_publish(draft, gone ? gone->rv : old->rv);
		return 0;
	}
	if (object_unchanged(old, draft)) {
		u->obj = obj_ref((struct obj *)old);
		return 0;
	}
	if (w->dry_run) {
		u->obj = obj_publish(draft, old->rv);
		return 0;
	}
	unsigned flags = object_is_heartbeat(w->stored, new, old_tree) ? WRITE_LAZY : 0;
	return storage_update(w->res, old, draft, flags, &u->obj, err);
}

/* The version that the new tree was made from, as its author says. */
static int check_version(struct write *w, const struct update *u, const char *name, const char *rv,
			 const struct obj *old, struct err *err)
{
	char *end;

	if (!*rv || !strcmp(rv, "0")) {
		if ((u->flags & UPDATE_FROM_PUT) && (w->strategy->flags & STRATEGY_NEEDS_VERSION)) {
			autojson js *zero = js_new_int(0);
			field_error_invalid(&w->errs, "metadata.resourceVersion", zero,
					    "must be specified for an update");
			return write_check(w, err);
		}
		return 0;
	}
	uint64_t v = strtoull(rv, &end, 10);
	if (*end || *rv < '0' || *rv > '9') {
		field_error_invalid_str(&w->errs, "metadata.resourceVersion", rv,
					"must be the resourceVersion of an object that was read before");
		return write_check(w, err);
	}
	return v == old->rv ? 0 : write_conflict(w, name, err);
}

static int check_uid(struct write *w, const char *name, const char *uid, const struct obj *old,
		     struct err *err)
{
	char res[256];

	if (!uid || !*uid || !strcmp(uid, old->uid))
		return 0;
	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": StorageError: invalid object, Code: 4, Key: /registry/%s/%s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
		"%s, UID in object meta: %s",
		write_resource_text(w->kind, res), name, w->stored->storage, old->key, uid, old->uid);
}

/* 1: made from a version that the store has but the cache has not seen yet. */
static bool cache_is_behind(const js *new, const struct obj *old)
{
	const char *rv = js_str0(new, "metadata", "resourceVersion", NULL);

	return *rv >= '1' && *rv <= '9' && strtoull(rv, NULL, 10) > old->rv;
}

/* How one attempt on one state ended. */
enum attempt {
	DONE,
	FAILED,
	RACED,	/* somebody else wrote in between: worth another look */
	PINNED, /* the same, but the author insists on the version that is gone */
};

static enum attempt update_once(struct write *w, const char *name, struct update *u, const struct obj *old,
				struct err *err)
{
	autojson js *old_tree = obj_tree(old);
	autojson js *new = u->change(w, u->arg, old, old_tree, err);
	char rv[32];

	if (!new || check_uid(w, name, u->uid, old, err) < 0)
		return FAILED;
	snprintf(rv, sizeof(rv), "%s", js_str0(new, "metadata", "resourceVersion", NULL));
	/* a patch that leaves the version alone carries the one it was applied to: no statement of its author
	 */
	bool pinned = *rv && ((u->flags & UPDATE_FROM_PUT) ||
			      strcmp(rv, js_str0(old_tree, "metadata", "resourceVersion", NULL)));
	if (u->flags & UPDATE_TRUSTED)
		js_del(js_obj(new, "metadata", NULL), "resourceVersion");
	else if (check_version(w, u, name, rv, old, err) < 0 || pipeline_update(w, new, old_tree, err) < 0)
		return FAILED;
	int rc = store_changed(w, u, old, new, old_tree, err);
	if (rc < 0 || w->dry_run)
		release(w, new, old_tree);
	else
		release(w, old_tree, new);
	if (rc == 0)
		return DONE;
	if (err->reason != REASON_CONFLICT && err->reason != REASON_NOT_FOUND)
		return FAILED;
	return pinned ? PINNED : RACED;
}

static int create_missing(struct write *w, struct update *u, struct err *err)
{
	js *new = u->change(w, u->arg, NULL, NULL, err);

	if (!new)
		return -1;
	autojson js *tree = new;
	if (u->uid && *u->uid)
		return err_set(
			err, REASON_CONFLICT,
			"Operation cannot be fulfilled on %s \"%s\": uid mismatch: the provided object specified uid %s, and no existing object was found",
			w->kind->resource, js_str0(tree, "metadata", "name", NULL), u->uid);
	js_del(js_obj(tree, "metadata", NULL), "resourceVersion");
	u->created = create_once(w, tree, false, &u->obj, err) == 0;
	return u->created ? 0 : -1;
}

void update_release(struct update *u)
{
	obj_unref(u->obj);
	u->obj = NULL;
}

int object_update(struct write *w, const char *name, struct update *u, struct err *err)
{
	write_about(w, name);
	for (int try = 0;; try++) {
		autoobj struct obj *old = NULL;

		if (object_lookup(w, name, &old, err) < 0) {
			if (err->reason == REASON_NOT_FOUND && (u->flags & UPDATE_CREATES))
				return create_missing(w, u, err);
			return -1;
		}
		if (try == 0 && (u->flags & UPDATE_FROM_PUT) && cache_is_behind(u->arg, old)) {
			obj_unref(STEAL(old));
			if (catch_up(w, err) < 0 || object_lookup(w, name, &old, err) < 0)
				return -1;
		}
		enum attempt how = update_once(w, name, u, old, err);
		if (how == DONE || how == FAILED)
			return how == DONE ? 0 : -1;
		if (err->reason == REASON_NOT_FOUND)
			return write_not_found(w, name, err);
		if (how == PINNED || try == WRITE_CONFLICT_RETRIES)
			return write_conflict(w, name, err);
		if (catch_up(w, err) < 0)
			return -1;
	}
}

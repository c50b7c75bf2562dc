/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road of changed objects.
 *
 * It is optimistic: it works on the cached state and lets the store's compare-and-swap decide. A client that
 * named a resourceVersion gets the conflict; for everybody else the change is made again on the newer state.
 * With an engine whose cache may lag behind the store, a lost race first waits until the cache has caught up.
 */
#include "registry/managed_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- look, catch up, look again ---- */

static enum progress make_missing(struct registry_call *c);

/* Made from a version that the store has but the cache has not seen yet. */
static bool is_newer(const char *version, const struct obj *old)
{
	return version && *version >= '1' && *version <= '9' && strtoull(version, NULL, 10) > old->rv;
}

enum progress registry_look_up(struct registry_call *c)
{
	struct storage *s = c->registry->storage;

	if (c->fresh.err.reason != REASON_NONE) {
		c->err = c->fresh.err;
		return PROGRESS_END;
	}
	registry_forget(c);
	if (c->behind) {
		c->behind = false;
		if (!storage_fresh(s, 0))
			return registry_catch_up(c);
	}
	c->old = storage_get(c->res, c->ns, c->name);
	bool doubt = !c->old || is_newer(c->change.version, c->old);
	if (doubt && !c->caught_up) {
		c->caught_up = true;
		if (!storage_fresh(s, 0))
			return registry_catch_up(c);
	}
	if (c->old)
		return PROGRESS_NEXT;
	if (c->change.flags & CHANGE_CREATES)
		return make_missing(c);
	return registry_progress(registry_not_found(c, &c->err));
}

/* ---- what the author knows of the object ---- */

static int precondition_failed(struct registry_call *c, const char *what, const char *asked, const char *is)
{
	char res[256];

	return err_set(
		&c->err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": StorageError: invalid object, Code: 4, Key: /registry/%s/%s%s%s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: %s in precondition: "
		"%s, %s in object meta: %s",
		registry_resource_text(c->kind, res), c->name, c->stored->storage, c->old ? "" : c->ns,
		c->old || !*c->ns ? "" : "/", c->old ? c->old->key : c->name, what, asked, what, is);
}

static int check_preconditions(struct registry_call *c)
{
	const char *uid = c->change.uid, *at = c->change.only_at;
	char rv[32];

	if (uid && *uid && strcmp(uid, c->old ? c->old->uid : ""))
		return precondition_failed(c, "UID", uid, c->old ? c->old->uid : "");
	if (!at || !*at || !c->old)
		return 0;
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)c->old->rv);
	return strcmp(at, rv) ? precondition_failed(c, "ResourceVersion", at, rv) : 0;
}

/* In the words of strconv.ParseUint. "": 0 */
static int read_version(const char *rv, uint64_t *ret, struct err *err)
{
	size_t digits = strspn(rv, "0123456789");

	*ret = 0;
	if (!*rv)
		return 0;
	errno = 0;
	if (!rv[digits])
		*ret = strtoull(rv, NULL, 10);
	if (!rv[digits] && !errno)
		return 0;
	autobuf struct buf quoted = BUF_INIT;
	buf_add_json_string(&quoted, rv, strlen(rv));
	return err_set(err, REASON_UNKNOWN, "strconv.ParseUint: parsing %.200s: %s", buf_str(&quoted),
		       rv[digits] ? "invalid syntax" : "value out of range");
}

static enum progress make_missing(struct registry_call *c)
{
	uint64_t version;

	if (check_preconditions(c) < 0)
		return PROGRESS_END;
	js *new = c->change.make(c, c->change.arg, NULL, NULL, &c->err);
	js_autoput(&c->body);
	c->body = new;
	if (!new || read_version(js_str0(new, "metadata", "resourceVersion", NULL), &version, &c->err) < 0)
		return PROGRESS_END;
	js_del(js_obj(c->body, "metadata", NULL), "resourceVersion");
	c->pinned = false;
	c->steps = registry_create_steps;
	return PROGRESS_AGAIN;
}

/* ---- the change ---- */

static bool says_version(const char *rv)
{
	return *rv && strcmp(rv, "0");
}

/* The version that the new tree was made from, as its author says. */
static int check_version(struct registry_call *c, const char *rv)
{
	uint64_t v;

	if (read_version(rv, &v, &c->err) < 0)
		return -1;
	if (!v) {
		if ((c->change.flags & CHANGE_WHOLE) && (c->strategy->flags & STRATEGY_NEEDS_VERSION)) {
			autojson js *zero = js_new_int(0);
			field_error_invalid(&c->errs, "metadata.resourceVersion", zero,
					    "must be specified for an update");
			registry_about_as(c, c->kind->resource,
					  c->kind->resource); /* as upstream's store has it */
			return registry_check(c, &c->err);
		}
		return 0;
	}
	return v == c->old->rv ? 0 : registry_conflict(c, &c->err);
}

static enum progress make_change(struct registry_call *c)
{
	char rv[32];

	c->old_tree = check_preconditions(c) < 0 ? NULL : obj_tree_unmanaged(c->old, &c->err);
	if (!c->old_tree)
		return PROGRESS_END;
	c->new = c->change.make(c, c->change.arg, c->old, c->old_tree, &c->err);
	if (!c->new)
		return PROGRESS_END;
	snprintf(rv, sizeof(rv), "%s", js_str0(c->new, "metadata", "resourceVersion", NULL));
	/* a patch that leaves the version alone carries the one it was applied to: no statement of its author
	 */
	c->pinned =
		says_version(rv) && ((c->change.flags & CHANGE_WHOLE) ||
				     strcmp(rv, js_str0(c->old_tree, "metadata", "resourceVersion", NULL)));
	if (!(c->change.flags & CHANGE_TRUSTED))
		return registry_progress(check_version(c, rv));
	js_del(js_obj(c->new, "metadata", NULL), "resourceVersion");
	return PROGRESS_NEXT;
}

/* ---- into the store ---- */

/* Lease renewals and the like: only the kind's heartbeat field differs. */
static bool is_heartbeat(const struct kind *k, js *new, const js *old)
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

/* The last finalizer of an object that is being deleted was removed: nothing holds it any more. */
static bool last_finalizer_gone(const struct registry_call *c)
{
	const js *new = c->new, *old = c->old_tree;

	if (js_len(js_arr(new, "metadata", "finalizers", NULL)) ||
	    !js_get(old, "metadata", "deletionTimestamp", NULL) ||
	    js_int(old, 0, "metadata", "deletionGracePeriodSeconds", NULL) > 0)
		return false;
	return !(c->strategy->flags & STRATEGY_SPEC_FINALIZERS) ||
	       !js_len(js_arr(new, "spec", "finalizers", NULL));
}

static enum progress lost(struct registry_call *c)
{
	if (c->err.reason == REASON_NOT_FOUND)
		return registry_progress(registry_not_found(c, &c->err));
	if (c->err.reason != REASON_CONFLICT)
		return PROGRESS_END;
	if (c->pinned || c->tries == (c->change.retries ? c->change.retries : REGISTRY_CONFLICT_RETRIES))
		return registry_progress(registry_conflict(c, &c->err));
	c->tries++;
	c->behind = true;
	c->err = (struct err)ERR_INIT;
	return PROGRESS_AGAIN;
}

/* The change is undone, unless somebody has gone on from it meanwhile. */
static enum progress was_put_back(struct registry_call *c)
{
	return registry_ask_again(c, "PUT");
}

/* Through another server somebody else was given the same, and first: as if this change had never been. */
static enum progress put_back(struct registry_call *c)
{
	obj_managed_unref(c->managed);
	c->managed = c->old->managed ? obj_managed_ref(c->old->managed) : NULL;
	c->managed_set = true;
	obj_unref(STEAL(c->draft));
	obj_unref(c->old);
	c->old = STEAL(c->write.result);
	js_del(js_obj(c->old_tree, "metadata", NULL), "resourceVersion");
	if (pipeline_draft(c, c->old_tree, &c->err) < 0)
		return PROGRESS_END;
	return registry_submit(c, WRITE_UPDATE, 0, was_put_back);
}

static enum progress stored(struct registry_call *c)
{
	if (c->err.reason == REASON_NONE && c->strategy->kept &&
	    !c->strategy->kept(&c->ctx, c->new, c->old_tree))
		return put_back(c);
	if (c->err.reason != REASON_NONE) {
		registry_give_back(c, c->new, c->old_tree);
		return lost(c);
	}
	c->obj = STEAL(c->write.result);
	return PROGRESS_END;
}

/* The reply is what the writer has made of it, with the revision of the deletion. */
static enum progress removed(struct registry_call *c)
{
	registry_give_back(c, c->new, c->old_tree); /* this is never in the store, whatever it said */
	if (c->err.reason != REASON_NONE)
		return lost(c);
	c->obj = obj_publish(c->draft, c->write.result->rv);
	obj_unref(STEAL(c->write.result));
	return PROGRESS_END;
}

static enum progress store(struct registry_call *c)
{
	bool trusted = c->change.flags & CHANGE_TRUSTED;

	if (!trusted)
		pipeline_warn(c);
	if (pipeline_draft(c, c->new, &c->err) < 0) {
		registry_give_back(c, c->new, c->old_tree);
		return PROGRESS_END;
	}
	bool last = !trusted && last_finalizer_gone(c);
	if (c->ctx.dry_run || (!last && pipeline_unchanged(c->old, c->draft))) {
		if (c->ctx.dry_run)
			registry_give_back(c, c->new, c->old_tree);
		c->obj = !last && pipeline_unchanged(c->old, c->draft) ? obj_ref(c->old)
								       : obj_publish(c->draft, c->old->rv);
		return PROGRESS_END;
	}
	if (last)
		return registry_submit(c, WRITE_DELETE, 0, removed);
	unsigned flags = is_heartbeat(c->stored, c->new, c->old_tree) ? WRITE_LAZY : 0;
	return registry_submit(c, WRITE_UPDATE, flags, stored);
}

static registry_step_fn *const update_steps[] = {
	registry_look_up,
	make_change,
	pipeline_prepare_update,
	pipeline_mutate_update,
	pipeline_check_update,
	pipeline_validate_update,
	store,
};
static registry_step_fn *const trusted_steps[] = {registry_look_up, make_change, store};
static registry_step_fn *const admitting_steps[] = {pipeline_mutate_body, pipeline_validate_body,
						    registry_look_up, make_change, store};

void registry_change(struct registry_call *c, const struct registry_change *change)
{
	c->change = *change;
	if (!*c->name)
		registry_about(c, c->attr->name);
	registry_start(c, change->flags & CHANGE_ADMITS_BODY ? admitting_steps
			  : change->flags & CHANGE_TRUSTED   ? trusted_steps
							     : update_steps);
}

/* ---- a whole object in the place of another ---- */

int registry_check_identity(struct registry_call *c, js *o, struct err *err)
{
	const char *mine, *name = c->attr->name;

	if (objectmeta_check_namespace(c, o, err) < 0)
		return -1;
	mine = js_str0(o, "metadata", "name", NULL);
	if (!*mine)
		return err_set(
			err, REASON_BAD_REQUEST,
			"the name of the object (%s based on URL) was undeterminable: name must be provided",
			name);
	if (strcmp(mine, name))
		return err_set(err, REASON_BAD_REQUEST,
			       "the name of the object (%s) does not match the name on the URL (%s)", mine,
			       name);
	return 0;
}

/* A tree that names its version is good for one attempt; only another one may have to be used again. */
static js *replace(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		   struct err *err)
{
	return says_version(c->change.version) ? STEAL(c->body) : js_dup(c->body);
}

void registry_update(struct registry_call *c, js *new)
{
	c->body = new;
	if (registry_check_identity(c, new, &c->err) < 0) {
		c->done(c);
		return;
	}
	if (c->kind != c->stored) {
		c->body = strategy_convert(c->kind, c->stored, new);
		js_autoput(&new);
	}
	struct registry_change change = {.make = replace, .flags = CHANGE_WHOLE};
	snprintf(c->version, sizeof(c->version), "%s", js_str0(c->body, "metadata", "resourceVersion", NULL));
	snprintf(c->uid, sizeof(c->uid), "%s", js_str0(c->body, "metadata", "uid", NULL));
	change.version = c->version;
	change.uid = c->uid;
	if ((c->strategy->flags & STRATEGY_CREATE_ON_UPDATE) && !*c->ctx.subresource)
		change.flags |= CHANGE_CREATES;
	registry_change(c, &change);
}

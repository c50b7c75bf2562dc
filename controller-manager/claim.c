/* SPDX-License-Identifier: Apache-2.0 */
/* Adoption and release; see claim.h. */
#include "claim.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "control.h"
#include "decode/index.h"

void claim_release(struct claimed *c)
{
	informer_unref_all(c->v, c->n);
	*c = (struct claimed){0};
}

/* The whole new list goes into a merge patch, guarded by uid: a re-made object of that name is somebody else.
 */
static js *owners_patch(const struct informer_object *o, const char *without_uid, js *plus)
{
	js *body = js_new_obj();

	control_guard(body, o);
	js *list = js_ensure_arr(js_ensure(body, "metadata", NULL), "ownerReferences");
	for (size_t i = 0; i < o->meta.n_owners; i++)
		if (!without_uid || strcmp(o->meta.owners[i].uid, without_uid) != 0)
			js_push(list, control_owner_json(&o->meta.owners[i]));
	if (plus)
		js_push(list, plus);
	return body;
}

/* Everything about one call of claim(). */
struct claiming {
	struct controller_ctx *ctx;
	struct informer *dependants;
	const struct informer_object *owner;
	const struct selector *selector;
	const char *finalizer;
	bool (*member)(const struct informer_object *owner, const struct informer_object *o); /* NULL: all */
	bool asked; /* the owner was read live */
	struct claimed *ret;
};

static void set_finalizer(js *body, const struct informer_object *o, const char *finalizer, bool there)
{
	js *list = js_ensure_arr(js_ensure(body, "metadata", NULL), "finalizers");

	for (size_t i = 0; i < o->meta.n_finalizers; i++)
		if (strcmp(o->meta.finalizers[i], finalizer) != 0)
			js_push(list, js_new_str(o->meta.finalizers[i]));
	if (there)
		js_push(list, js_new_str(finalizer));
}

static int may_adopt(struct claiming *c, struct err *err)
{
	const struct informer_object *owner = c->owner;

	if (c->asked)
		return 0;
	autobuf struct buf path = BUF_INIT;
	control_path(&path, owner, NULL);
	autojson js *live = NULL;
	if (rest_do(c->ctx->rest, REST_GET, buf_str(&path), NULL, &live, err) < 0)
		return -1;
	if (strcmp(meta_uid(live), owner->meta.uid) != 0)
		return err_set(err, REASON_CONFLICT, "original %s %s/%s is gone: got uid %s, wanted %s",
			       owner->type->kind, owner->meta.namespace, owner->meta.name, meta_uid(live),
			       owner->meta.uid);
	if (meta_deleting(live))
		return err_set(err, REASON_CONFLICT, "%s/%s has just been deleted", owner->meta.namespace,
			       owner->meta.name);
	c->asked = true;
	return 0;
}

static int adopt(struct claiming *c, const struct informer_object *o, struct err *err)
{
	const struct informer_object *owner = c->owner;
	autofree char *version = control_api_version(owner->type);
	autojson js *body = owners_patch(
		o, NULL,
		meta_new_controller_ref(version, owner->type->kind, owner->meta.name, owner->meta.uid));

	if (c->finalizer)
		set_finalizer(body, o, c->finalizer, true);
	return control_patch(c->ctx, c->dependants, o, REST_PATCH_MERGE, NULL, body, err);
}

static int release(struct claiming *c, const struct informer_object *o, struct err *err)
{
	autojson js *body = owners_patch(o, c->owner->meta.uid, NULL);

	if (c->finalizer)
		set_finalizer(body, o, c->finalizer, false);
	return control_patch(c->ctx, c->dependants, o, REST_PATCH_MERGE, NULL, body, err);
}

static void keep(struct claimed *c, const void *o) /* the reference moves */
{
	if ((c->n & (c->n - 1)) == 0) /* full: 0, 1, 2, 4 … */
		c->v = mem_realloc_array((void *)c->v, c->n ? 2 * c->n : 1, sizeof(void *));
	c->v[c->n++] = o;
}

/* What was adopted is kept as it is now: the answer to the patch is in the informer. */
static const void *refreshed(struct claiming *c, const struct informer_object *o)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, o->meta.namespace, o->meta.name);
	const struct informer_object *now = informer_get(c->dependants, buf_str(&key));
	if (now && !strcmp(now->meta.uid, o->meta.uid))
		return now;
	informer_unref(now);
	return informer_ref(o);
}

static int claim_one(struct claiming *c, const struct informer_object *o, struct err *err)
{
	const struct owner_ref *controller = meta_controller(&o->meta);
	bool ours = controller && strcmp(controller->uid, c->owner->meta.uid) == 0;
	bool matches =
		selector_matches(c->selector, o->meta.labels) && (!c->member || c->member(c->owner, o));

	if (controller && !ours)
		return 0;
	if (ours && matches) {
		keep(c->ret, informer_ref(o));
		return 0;
	}
	if (c->owner->meta.deleted_ns || (!ours && (!matches || o->meta.deleted_ns)))
		return 0;
	if (ours)
		return release(c, o, err);
	if (may_adopt(c, err) < 0 || adopt(c, o, err) < 0)
		return -1;
	keep(c->ret, refreshed(c, o));
	return 0;
}

static int claim_all(struct claiming *c, size_t index, const char *key, struct err *err)
{
	const void **v;
	size_t n = informer_list(c->dependants, index, key, &v);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = claim_one(c, v[i], err);
	informer_unref_all(v, n);
	return rc;
}

static int run(struct claiming *c, struct err *err)
{
	int rc = claim_all(c, INDEX_OWNER_UID, c->owner->meta.uid, err);

	if (rc == 0)
		rc = claim_all(c, INDEX_ORPHAN, c->owner->meta.namespace, err);
	if (rc < 0)
		claim_release(c->ret);
	return rc;
}

int claim(struct controller_ctx *ctx, struct informer *dependants, const struct informer_object *owner,
	  const struct selector *selector, const char *finalizer, struct claimed *ret, struct err *err)
{
	struct claiming c = {.ctx = ctx,
			     .dependants = dependants,
			     .owner = owner,
			     .selector = selector,
			     .finalizer = finalizer,
			     .ret = ret};

	return run(&c, err);
}

int claim_members(struct controller_ctx *ctx, struct informer *dependants,
		  const struct informer_object *owner, const struct selector *selector,
		  bool (*member)(const struct informer_object *owner, const struct informer_object *o),
		  struct claimed *ret, struct err *err)
{
	struct claiming c = {.ctx = ctx,
			     .dependants = dependants,
			     .owner = owner,
			     .selector = selector,
			     .member = member,
			     .ret = ret};

	return run(&c, err);
}

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

static int may_adopt(struct controller_ctx *ctx, const struct informer_object *owner, bool *asked,
		     struct err *err)
{
	if (*asked)
		return 0;
	autobuf struct buf path = BUF_INIT;
	control_path(&path, owner, NULL);
	autojson js *live = NULL;
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, &live, err) < 0)
		return -1;
	if (strcmp(meta_uid(live), owner->meta.uid) != 0)
		return err_set(err, REASON_CONFLICT, "original %s %s/%s is gone: got uid %s, wanted %s",
			       owner->type->kind, owner->meta.namespace, owner->meta.name, meta_uid(live),
			       owner->meta.uid);
	if (meta_deleting(live))
		return err_set(err, REASON_CONFLICT, "%s/%s has just been deleted", owner->meta.namespace,
			       owner->meta.name);
	*asked = true;
	return 0;
}

static int adopt(struct controller_ctx *ctx, struct informer *dependants, const struct informer_object *owner,
		 const struct informer_object *o, struct err *err)
{
	autofree char *version = control_api_version(owner->type);
	autojson js *body = owners_patch(
		o, NULL,
		meta_new_controller_ref(version, owner->type->kind, owner->meta.name, owner->meta.uid));
	return control_patch(ctx, dependants, o, REST_PATCH_MERGE, NULL, body, err);
}

static int release(struct controller_ctx *ctx, struct informer *dependants,
		   const struct informer_object *owner, const struct informer_object *o, struct err *err)
{
	autojson js *body = owners_patch(o, owner->meta.uid, NULL);
	return control_patch(ctx, dependants, o, REST_PATCH_MERGE, NULL, body, err);
}

static void keep(struct claimed *c, const void *o)
{
	if ((c->n & (c->n - 1)) == 0) /* full: 0, 1, 2, 4 … */
		c->v = mem_realloc_array((void *)c->v, c->n ? 2 * c->n : 1, sizeof(void *));
	c->v[c->n++] = informer_ref(o);
}

static int claim_one(struct controller_ctx *ctx, struct informer *dependants,
		     const struct informer_object *owner, const struct selector *selector,
		     const struct informer_object *o, bool *asked, struct claimed *ret, struct err *err)
{
	const struct owner_ref *controller = meta_controller(&o->meta);
	bool ours = controller && strcmp(controller->uid, owner->meta.uid) == 0;
	bool matches = selector_matches(selector, o->meta.labels);
	if (controller && !ours)
		return 0;
	if (ours && matches) {
		keep(ret, o);
		return 0;
	}
	if (owner->meta.deleted_ns || (!ours && (!matches || o->meta.deleted_ns)))
		return 0;
	if (ours)
		return release(ctx, dependants, owner, o, err);
	if (may_adopt(ctx, owner, asked, err) < 0 || adopt(ctx, dependants, owner, o, err) < 0)
		return -1;
	keep(ret, o);
	return 0;
}

int claim(struct controller_ctx *ctx, struct informer *dependants, const struct informer_object *owner,
	  const struct selector *selector, struct claimed *ret, struct err *err)
{
	bool asked = false;
	int rc = 0;
	const void **v;
	size_t n = informer_list(dependants, INDEX_OWNER_UID, owner->meta.uid, &v);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = claim_one(ctx, dependants, owner, selector, v[i], &asked, ret, err);
	informer_unref_all(v, n);
	if (rc == 0) {
		n = informer_list(dependants, INDEX_ORPHAN, owner->meta.namespace, &v);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = claim_one(ctx, dependants, owner, selector, v[i], &asked, ret, err);
		informer_unref_all(v, n);
	}
	if (rc < 0)
		claim_release(ret);
	return rc;
}

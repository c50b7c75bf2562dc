/* SPDX-License-Identifier: Apache-2.0 */
/* See history.h. */
#include "history/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "control.h"
#include "object/decode.h"

#define TRIES_MAX 16	   /* names that are tried for a new one, in one sync */
#define OWNER_NAME_MAX 223 /* bytes of the owner's name in a revision's */

/* ---- names ---- */

void history_hash(const char *data, int32_t collisions, char ret[HISTORY_HASH_MAX])
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	char number[16] = "";
	uint32_t h = 2166136261;

	if (collisions >= 0)
		snprintf(number, sizeof(number), "%" PRId32, collisions);
	for (const char *p = data; *p; p++)
		h = h * 16777619 ^ (unsigned char)*p;
	for (const char *p = number; *p; p++)
		h = h * 16777619 ^ (unsigned char)*p;
	snprintf(ret, HISTORY_HASH_MAX, "%" PRIu32, h);
	for (char *p = ret; *p; p++)
		*p = alphabet[(unsigned char)*p % (sizeof(alphabet) - 1)];
}

/* ---- looking ---- */

static int by_number(const void *a, const void *b)
{
	const struct cm_controllerrevision *x = *(const struct cm_controllerrevision *const *)a,
					   *y = *(const struct cm_controllerrevision *const *)b;

	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	if (x->base.meta.created_ns != y->base.meta.created_ns)
		return x->base.meta.created_ns < y->base.meta.created_ns ? -1 : 1;
	return strcmp(x->base.meta.name, y->base.meta.name);
}

const struct cm_controllerrevision *history_find(const struct history *h, const char *name)
{
	for (size_t i = 0; i < h->all.n; i++) {
		const struct cm_controllerrevision *r = h->all.v[i];
		if (!strcmp(r->base.meta.name, name))
			return r;
	}
	return h->current && !strcmp(h->current->base.meta.name, name) ? h->current : NULL;
}

/* As the informer has it after a write; a reference, or NULL. */
static const struct cm_controllerrevision *look(struct history *h, const char *name)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, h->owner->meta.namespace, name);
	return informer_get(h->informer, buf_str(&key));
}

/* ---- writing ---- */

static int renumber(struct history *h, const struct cm_controllerrevision *r, int64_t number, struct err *err)
{
	autojson js *body = js_new_obj();

	control_guard(body, &r->base);
	js_set_int(body, "revision", number);
	return control_patch(h->ctx, h->informer, &r->base, REST_PATCH_MERGE, NULL, body, err);
}

static js *new_body(const struct history *h, int64_t number)
{
	const struct meta *m = &h->owner->meta;
	struct err ignored = ERR_INIT;
	autofree char *version = control_api_version(h->owner->type);
	js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL), *owners = js_new_arr();
	js *data = js_parse(h->data, strlen(h->data), NULL, &ignored);
	js *labels = js_dup(js_obj(data, "spec", "template", "metadata", "labels", NULL));

	js_set_str(o, "apiVersion", "apps/v1");
	js_set_str(o, "kind", "ControllerRevision");
	js_set_str(meta, "namespace", m->namespace);
	js_set(meta, "labels", labels ? labels : js_new_obj());
	if (m->annotations && m->annotations->n)
		js_set(meta, "annotations", labels_json(m->annotations));
	js_push(owners, meta_new_controller_ref(version, h->owner->type->kind, m->name, m->uid));
	js_set(meta, "ownerReferences", owners);
	js_set(o, "data", data);
	js_set_int(o, "revision", number);
	return o;
}

/* A name that is taken: by this very state, which the informer does not show yet, or by another one. */
static int look_at_taken(struct history *h, const char *path, bool *ret_ours, struct err *err)
{
	autobuf struct buf reply = BUF_INIT;

	if (rest_do_raw(h->ctx->rest, REST_GET, path, NULL, 0, &reply, err) < 0)
		return -1;
	struct cm_controllerrevision *live =
		decode_new(cm_controllerrevision_type.rows, reply.p, reply.len, err);
	if (!live)
		return -1;
	const struct owner_ref *c = meta_controller(&live->base.meta);
	*ret_ours = live->data_hash == h->data_hash && c && !strcmp(c->uid, h->owner->meta.uid) &&
		    !live->base.meta.deleted_ns;
	free(live);
	if (*ret_ours)
		informer_inject_bytes(h->informer, reply.p, reply.len);
	return 0;
}

/* Under a name that no other state has. */
static int create(struct history *h, int64_t number, struct err *err)
{
	const struct meta *m = &h->owner->meta;
	autojson js *body = new_body(h, number);
	autobuf struct buf path = BUF_INIT;

	rest_path(&path, "apps", "v1", m->namespace, "controllerrevisions", NULL, NULL);
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		char hash[HISTORY_HASH_MAX];
		autojson js *reply = NULL;
		autobuf struct buf taken = BUF_INIT;
		struct err e = ERR_INIT;
		bool ours = false;

		history_hash(h->data, h->collisions, hash);
		autofree char *name = mem_printf("%.*s-%s", OWNER_NAME_MAX, m->name, hash);
		js_set_str(js_obj(body, "metadata", NULL), "name", name);
		js_set_str(js_obj(body, "metadata", "labels", NULL), h->hash_label, hash);
		if (rest_do(h->ctx->rest, REST_POST, buf_str(&path), body, &reply, &e) == 0) {
			informer_inject(h->informer, reply);
		} else if (e.reason != REASON_ALREADY_EXISTS) {
			*err = e;
			return err_wrap(err, "create a revision of %s/%s", m->namespace, m->name);
		} else {
			rest_path(&taken, "apps", "v1", m->namespace, "controllerrevisions", name, NULL);
			if (look_at_taken(h, buf_str(&taken), &ours, err) < 0)
				return -1;
			if (!ours) {
				h->collisions = h->collisions < 0 ? 1 : h->collisions + 1;
				continue;
			}
		}
		h->current = look(h, name);
		return h->current ? 0
				  : err_set(err, REASON_CONFLICT, "revision %s of %s/%s is gone again", name,
					    m->namespace, m->name);
	}
	return err_set(err, REASON_ALREADY_EXISTS, "%d names for a revision of %s/%s are taken", TRIES_MAX,
		       m->namespace, m->name);
}

static int bring_up(struct history *h, const struct cm_controllerrevision *r, int64_t highest,
		    struct err *err)
{
	if (r->revision > highest) {
		h->current = informer_ref(r);
		return 0;
	}
	if (renumber(h, r, highest + 1, err) < 0)
		return -1;
	h->current = look(h, r->base.meta.name);
	return h->current ? 0 : err_set(err, REASON_CONFLICT, "revision %s is gone", r->base.meta.name);
}

int history_sync(struct history *h, struct err *err)
{
	const struct cm_controllerrevision *same = NULL;
	int64_t highest = 0; /* of the other states */

	if (claim(h->ctx, h->informer, h->owner, h->selector, NULL, &h->all, err) < 0)
		return -1;
	if (h->all.n)
		qsort(h->all.v, h->all.n, sizeof(*h->all.v), by_number);
	for (size_t i = 0; i < h->all.n; i++) {
		const struct cm_controllerrevision *r = h->all.v[i];
		if (r->data_hash == h->data_hash && !r->base.meta.deleted_ns)
			same = r;
		else if (r->revision > highest)
			highest = r->revision;
	}
	return same ? bring_up(h, same, highest, err) : create(h, highest + 1, err);
}

void history_release(struct history *h)
{
	informer_unref(h->current);
	claim_release(&h->all);
	h->current = NULL;
}

js *history_template(const struct history *h, const struct cm_controllerrevision *r, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *live = NULL;

	control_path(&path, &r->base, NULL);
	if (rest_do(h->ctx->rest, REST_GET, buf_str(&path), NULL, &live, err) < 0)
		return NULL;
	js *t = cm_revision_template(js_get(live, "data", NULL));
	if (!t)
		err_set(err, REASON_INVALID, "revision %s/%s holds no template", r->base.meta.namespace,
			r->base.meta.name);
	return t;
}

int history_delete(struct history *h, const struct cm_controllerrevision *r, struct err *err)
{
	return control_delete(h->ctx, &r->base, NULL, CONTROL_OWN_GRACE, err);
}

int history_truncate(struct history *h, const struct map *live,
		     const char *(*key_of)(const struct cm_controllerrevision *r), int32_t limit,
		     bool counted, struct err *err)
{
	const struct cm_controllerrevision **old = mem_array(h->all.n + 1, sizeof(*old));
	size_t n = 0, kept = 0;
	int rc = 0;

	for (size_t i = 0; i < h->all.n; i++) {
		const struct cm_controllerrevision *r = h->all.v[i];
		if (r->base.meta.deleted_ns || !strcmp(r->base.meta.uid, h->current->base.meta.uid))
			continue;
		if (map_has(live, key_of(r)))
			kept += counted;
		else
			old[n++] = r;
	}
	for (size_t i = 0; rc == 0 && limit >= 0 && i < n && n - i + kept > (size_t)limit; i++)
		rc = history_delete(h, old[i], err);
	free(old);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between decoding and storing: prepare, admission, validation, and the bytes. Both roads (create, update)
 * walk the tree as rarely as they can: defaults came with decoding, the serialiser orders keys by itself.
 */
#include "rest/write.h"

#include <stdlib.h>

static int admit(struct write *w, enum admission_op op, js *new, const js *old, struct err *err)
{
	struct admission a = {.op = op,
			      .schema = w->api->schema,
			      .storage = w->api->storage,
			      .kind = w->stored,
			      .subresource = w->ctx.subresource,
			      .ns = w->ns,
			      .name = js_str0(new, "metadata", "name", NULL),
			      .user = w->ctx.user ? w->ctx.user : "",
			      .now_ns = w->ctx.now_ns,
			      .obj = new,
			      .old = old,
			      .causes = &w->errs,
			      .about = &w->about};

	return admission_run(&a, err);
}

static void add_warning(void *arg, const char *text)
{
	response_warn(arg, "%s", text);
}

/* Drops repeated ownerReferences, as upstream does with a warning. */
static void dedup_owners(struct write *w, js *o)
{
	js *refs = js_arr(o, "metadata", "ownerReferences", NULL);

	for (size_t i = 0; i < js_len(refs); i++)
		for (size_t j = js_len(refs); --j > i;) {
			if (!js_equal(js_at(refs, i), js_at(refs, j)))
				continue;
			response_warn(
				w->rs,
				".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your "
				"requests; duplicate UID(s) observed: %s",
				js_str0(js_at(refs, j), "uid", NULL));
			js_del_at(refs, j);
		}
}

int pipeline_create(struct write *w, js *new, struct err *err)
{
	const struct strategy *s = w->strategy;

	if (meta_check_namespace(w, new, err) < 0)
		return -1;
	if (*js_str0(new, "metadata", "resourceVersion", NULL))
		return err_set(err, REASON_BAD_REQUEST,
			       "resourceVersion should not be set on objects to be created");
	meta_prepare_create(w, new);
	write_about(w, js_str0(new, "metadata", "name", NULL));
	if (s->default_more)
		s->default_more(new);
	if (s->prepare)
		s->prepare(&w->ctx, new, NULL);
	dedup_owners(w, new);
	if (admit(w, ADMIT_CREATE, new, NULL, err) < 0)
		return -1;
	meta_validate(w, new, NULL, &w->errs);
	schema_validate(w->stored->type, new, "", &w->errs);
	if (s->validate)
		s->validate(&w->ctx, new, NULL, &w->errs);
	if (!w->errs.n && s->allocate)
		s->allocate(&w->ctx, new, NULL, &w->errs);
	if (write_check(w, err) < 0)
		return -1;
	if (s->warn)
		s->warn(new, add_warning, w->rs);
	return 0;
}

/* new[key] becomes old[key] itself: both trees live on this thread, and nobody changes this part any more. */
static void share(js *new, const js *old, const char *key)
{
	js *v = js_field(old, key);

	if (v)
		js_set(new, key, json_object_get(v));
	else
		js_del(new, key);
}

/* PUT and PATCH of …/status change status and a few bits of metadata; all else stays as it was. */
static void keep_all_but_status(js *new, const js *old)
{
	for (struct js_iter it = js_iter(old); js_next(&it);)
		if (strcmp(it.key, "status") && strcmp(it.key, "metadata") && strcmp(it.key, "kind") &&
		    strcmp(it.key, "apiVersion"))
			share(new, old, it.key);
}

static void bump_generation(const struct write *w, js *new, const js *old)
{
	if (!w->stored->has_generation || (js_equal(js_field(new, "spec"), js_field(old, "spec")) &&
					   (!(w->strategy->flags & STRATEGY_ANNOTATIONS_COUNT) ||
					    js_equal(js_get(new, "metadata", "annotations", NULL),
						     js_get(old, "metadata", "annotations", NULL)))))
		return;
	js_set_int(js_obj(new, "metadata", NULL), "generation",
		   js_int(old, 0, "metadata", "generation", NULL) + 1);
}

static void validate_status(struct write *w, const js *new, const js *old)
{
	static const char *const parts[] = {"metadata", "status"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const struct field *f = schema_field(w->stored->type, parts[i]);
		const js *v = js_field(new, parts[i]);
		if (f && v)
			schema_validate(f->type, v, parts[i], &w->errs);
	}
}

int pipeline_update(struct write *w, js *new, const js *old, struct err *err)
{
	const struct strategy *s = w->strategy;
	bool status = !strcmp(w->ctx.subresource, "status");

	meta_prepare_update(w, new, old);
	if (status)
		keep_all_but_status(new, old);
	else if (w->stored->has_status)
		field_carry(new, old, "status");
	if (s->default_more && !status)
		s->default_more(new);
	if (s->prepare)
		s->prepare(&w->ctx, new, old);
	dedup_owners(w, new);
	if (admit(w, ADMIT_UPDATE, new, old, err) < 0)
		return -1;
	if (!status)
		bump_generation(w, new, old);
	meta_validate(w, new, old, &w->errs);
	if (status) {
		validate_status(w, new, old);
	} else {
		schema_validate(w->stored->type, new, "", &w->errs);
		schema_validate_update(w->stored->type, old, new, "", &w->errs);
	}
	if (s->validate)
		s->validate(&w->ctx, new, old, &w->errs);
	if (!w->errs.n && s->allocate && !status)
		s->allocate(&w->ctx, new, old, &w->errs);
	if (write_check(w, err) < 0)
		return -1;
	return 0;
}

int object_draft(struct write *w, const js *o, struct obj **ret, struct err *err)
{
	autobuf struct buf b = BUF_INIT;

	buf_reserve(&b, 2048);
	schema_write(&b, w->stored->type, o);
	if (b.len > WRITE_MAX_OBJECT)
		return err_set(err, REASON_TOO_LARGE, "Request entity too large: limit is %u",
			       WRITE_MAX_OBJECT);
	struct obj *draft = obj_new(w->stored, b.p, b.len, err);
	if (!draft)
		return -1;
	*ret = draft;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between decoding and storing, as steps: prepare, mutating admission, validation, validating admission on what
 * is final, and the bytes. Both roads (create, update) walk the tree as rarely as they can: defaults came with
 * decoding, the serialiser orders keys by itself.
 *
 * What is taken once per cluster (addresses, ports) is taken after validation, so that validating admission
 * sees it, and given back when anything refuses behind it.
 */
#include "registry/managed_internal.h"

#include <stdlib.h>
#include "base/unique.h"

#define REPEATED_TOLD 4000 /* bytes; a warning is cut long before */

/* ---- admission ---- */

static enum progress admit(struct registry_call *c, enum admission_phase phase, enum admission_op op)
{
	if (c->admitted)
		return PROGRESS_NEXT;
	c->admission.op = op;
	c->admission.obj = c->new;
	c->admission.old = c->old_tree;
	c->admission.name = c->name;
	switch (admission_run(&c->admission, phase, &c->err)) {
	case ADMISSION_ALLOW:
		return PROGRESS_NEXT;
	case ADMISSION_REFUSE:
		return PROGRESS_END;
	case ADMISSION_LATER:
		break;
	}
	return PROGRESS_AWAY;
}

enum progress pipeline_mutate_create(struct registry_call *c)
{
	return admit(c, ADMISSION_MUTATE, ADMIT_CREATE);
}

enum progress pipeline_mutate_update(struct registry_call *c)
{
	return admit(c, ADMISSION_MUTATE, ADMIT_UPDATE);
}

enum progress pipeline_mutate_delete(struct registry_call *c)
{
	return admit(c, ADMISSION_MUTATE, ADMIT_DELETE);
}

enum progress pipeline_validate_delete(struct registry_call *c)
{
	return admit(c, ADMISSION_VALIDATE, ADMIT_DELETE);
}

enum progress pipeline_mutate_body(struct registry_call *c)
{
	if (c->admitted)
		return PROGRESS_NEXT;
	if (!c->new)
		c->new = json_object_get(c->body);
	return admit(c, ADMISSION_MUTATE, ADMIT_CREATE);
}

enum progress pipeline_validate_body(struct registry_call *c)
{
	enum progress p = admit(c, ADMISSION_VALIDATE, ADMIT_CREATE);

	c->admitted = c->admitted || p == PROGRESS_NEXT;
	return p;
}

/* The last word; what was allocated is given back when it is no. */
static enum progress validate(struct registry_call *c, enum admission_op op)
{
	enum progress p = admit(c, ADMISSION_VALIDATE, op);

	if (p == PROGRESS_END)
		registry_give_back(c, c->new, c->old_tree);
	return p;
}

enum progress pipeline_validate_create(struct registry_call *c)
{
	return validate(c, ADMIT_CREATE);
}

enum progress pipeline_validate_update(struct registry_call *c)
{
	return validate(c, ADMIT_UPDATE);
}

/* ---- both roads ---- */

/* Only the whole objects of clients are looked at before admission. */
static bool is_patched(const struct registry_call *c)
{
	return c->applied || (c->change.make && !(c->change.flags & CHANGE_WHOLE));
}

/* Drops repeated ownerReferences, as upstream does with a warning. */
static void dedup_owners(struct registry_call *c, js *o)
{
	js *refs = js_arr(o, "metadata", "ownerReferences", NULL);
	autounique struct unique seen = {.n = 0};
	autobuf struct buf repeated = BUF_INIT;

	if (js_len(refs) < 2)
		return;
	autojson js *kept = js_new_arr();
	js_array_for_each (ref, refs) {
		autobuf struct buf text = BUF_INIT; /* conformed, so equal ones read alike */
		js_write(&text, ref);
		if (!unique_seen(&seen, buf_str(&text))) {
			js_push(kept, json_object_get(ref));
			continue;
		}
		if (repeated.len < REPEATED_TOLD)
			buf_addf(&repeated, "%s%s", repeated.len ? ", " : "", js_str0(ref, "uid", NULL));
	}
	if (!repeated.len)
		return;
	registry_warn(
		c,
		".metadata.ownerReferences contains duplicate entries%s; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your "
		"requests; duplicate UID(s) observed: %s",
		is_patched(c) ? " after mutating admission happens" : "", repeated.p);
	js_set(js_obj(o, "metadata", NULL), "ownerReferences", STEAL(kept));
}

static enum progress check(struct registry_call *c, bool allocate)
{
	const struct strategy *s = c->strategy;
	size_t general = c->errs.n;

	if (s->validate)
		s->validate(&c->ctx, c->new, c->old_tree, &c->errs);
	if (general)
		objectmeta_order(&c->errs, general, c->old_tree);
	if (!c->errs.n && s->allocate && allocate)
		s->allocate(&c->ctx, c->new, c->old_tree, &c->errs);
	return registry_progress(registry_check(c, &c->err));
}

void pipeline_warn(struct registry_call *c)
{
	if (c->strategy->warn && c->ctx.warn)
		c->strategy->warn(&c->ctx, c->new, c->old_tree);
}

/* What this write has made of the list of managers, or the one that is there; NULL when there is no room for it. */
static struct obj_managed *managed_for(const struct registry_call *c, size_t len)
{
	struct obj_managed *m = c->managed_set ? c->managed : c->old ? c->old->managed : NULL;

	return m && (len + obj_managed_len(m) < STORAGE_OBJECT_MAX || c->applied) ? m : NULL;
}

int pipeline_draft(struct registry_call *c, const js *o, struct err *err)
{
	autobuf struct buf b = BUF_INIT;

	buf_reserve(&b, 4096);
	schema_write(&b, c->stored->type, o);
	c->draft = obj_new_managed(c->stored, b.p, b.len, managed_for(c, b.len), err);
	if (c->draft && obj_len(c->draft) > STORAGE_OBJECT_MAX) {
		obj_unref(STEAL(c->draft));
		return err_set(err, REASON_TOO_LARGE, "Request entity too large: limit is %d",
			       STORAGE_OBJECT_MAX);
	}
	return c->draft ? 0 : -1;
}

/* Nothing is new but when something was said again (kubernetes/apiserver pkg/endpoints/handlers/fieldmanager/equality.go). Whoever
   migrates what is stored to another version writes what he has read. */
bool pipeline_unchanged(const struct obj *old, const struct obj *draft)
{
	return !old->stale && old->len - old->rv_len == draft->len &&
	       !memcmp(old->bytes, draft->bytes, old->rv_pos) &&
	       !memcmp(old->bytes + old->rv_pos + old->rv_len, draft->bytes + old->rv_pos,
		       draft->len - old->rv_pos) &&
	       obj_managed_same_but_times(old->managed, draft->managed);
}

/* ---- create ---- */

/* "0" is none, and what is no number is not looked at, as upstream's versioner does. */
static bool is_version(const char *s)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 10);

	return *s >= '0' && *s <= '9' && !*end && v;
}

enum progress pipeline_prepare_create(struct registry_call *c)
{
	const struct strategy *s = c->strategy;
	js *new = c->new;

	if (objectmeta_check_namespace(c, new, &c->err) < 0)
		return PROGRESS_END;
	/* the store will not have it */
	c->pinned = c->pinned || is_version(js_str0(new, "metadata", "resourceVersion", NULL));
	autojson js *said = js_take(js_obj(new, "metadata", NULL), "managedFields");
	objectmeta_prepare_create(c, new);
	registry_about(c, js_str0(new, "metadata", "name", NULL));
	if (s->default_more)
		s->default_more(new);
	dedup_owners(c, new);
	if (!c->managed_set)
		managed_create(c, said);
	if (s->prepare)
		s->prepare(&c->ctx, new, NULL);
	return PROGRESS_NEXT;
}

static void validate_part(struct registry_call *c, const char *part)
{
	const struct field *f = schema_field(c->stored->type, part);
	const js *v = js_field(c->new, part);

	if (f && v)
		schema_validate_changed(f->type, js_field(c->old_tree, part), v, part, &c->errs);
}

/* Custom resources are judged by the schema of the version that is spoken; built-in kinds in the form that is stored. */
static void validate_object(struct registry_call *c, const js *old)
{
	const struct kind *k = c->stored->type->structural ? c->kind : c->stored;
	bool other = k != c->stored;
	autojson js *theirs = other ? strategy_convert(c->stored, k, c->new) : NULL;
	autojson js *was = other && old ? strategy_convert(c->stored, k, old) : NULL;

	if (k->type->structural) /* whose schema asks nothing of metadata, but every object's is judged */
		validate_part(c, "metadata");
	schema_validate_changed(k->type, other ? was : old, other ? theirs : c->new, "", &c->errs);
}

enum progress pipeline_check_create(struct registry_call *c)
{
	objectmeta_validate(c, c->new, NULL);
	validate_object(c, NULL);
	return check(c, true);
}

/* ---- update ---- */

static bool is_status(const struct registry_call *c)
{
	return !strcmp(c->ctx.subresource, "status");
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

static bool is_of_status(const char *key)
{
	return !strcmp(key, "status") || !strcmp(key, "metadata") || !strcmp(key, "kind") ||
	       !strcmp(key, "apiVersion");
}

/* PUT and PATCH of …/status change status and a few bits of metadata; all else stays as it was. */
static void keep_all_but_status(js *new, const js *old)
{
	autofree const char **keys = mem_array(js_len(new) + 1, sizeof(*keys));
	size_t n = 0;
	for (struct js_iter it = js_iter(new); js_next(&it);)
		if (!is_of_status(it.key) && !js_field(old, it.key))
			keys[n++] = it.key;
	while (n)
		js_del(new, keys[--n]);
	for (struct js_iter it = js_iter(old); js_next(&it);)
		if (!is_of_status(it.key))
			share(new, old, it.key);
}

static bool is_content(const struct kind *k, const char *field)
{
	return strcmp(field, "metadata") && strcmp(field, "kind") && strcmp(field, "apiVersion") &&
	       !(k->has_status && !strcmp(field, "status"));
}

/* Whether what the generation counts has changed. */
static bool content_changed(const struct kind *k, const js *new, const js *old)
{
	for (struct js_iter it = js_iter(new); k->type->preserve_unknown && js_next(&it);)
		if (is_content(k, it.key) && !js_equal(it.value, js_field(old, it.key)))
			return true;
	for (struct js_iter it = js_iter(old); k->type->preserve_unknown && js_next(&it);)
		if (is_content(k, it.key) && !js_equal(it.value, js_field(new, it.key)))
			return true;
	for (unsigned i = 0; i < k->type->n_fields; i++) {
		const char *field = k->type->fields[i].name;
		if (is_content(k, field) && !js_equal(js_field(new, field), js_field(old, field)))
			return true;
	}
	return false;
}

static bool counted_metadata_changed(const struct strategy *s, const js *new, const js *old)
{
	static const struct {
		unsigned flag;
		const char *field;
	} counted[] = {{STRATEGY_ANNOTATIONS_COUNT, "annotations"}, {STRATEGY_LABELS_COUNT, "labels"}};

	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (s->flags & counted[i].flag && !js_equal(js_get(new, "metadata", counted[i].field, NULL),
							    js_get(old, "metadata", counted[i].field, NULL)))
			return true;
	return false;
}

static void bump_generation(const struct registry_call *c)
{
	js *new = c->new;
	const js *old = c->old_tree;

	if (c->stored->has_generation &&
	    (content_changed(c->stored->type->structural ? c->kind : c->stored, new, old) ||
	     counted_metadata_changed(c->strategy, new, old)))
		js_set_int(js_obj(new, "metadata", NULL), "generation",
			   js_int(old, 0, "metadata", "generation", NULL) + 1);
}

static void validate_status(struct registry_call *c)
{
	const struct kind *k = c->stored->type->structural ? c->kind : c->stored;
	validate_part(c, "metadata");
	schema_validate_status(k->type, c->old_tree, c->new, &c->errs);
}

enum progress pipeline_prepare_update(struct registry_call *c)
{
	const struct strategy *s = c->strategy;
	autojson js *said = js_take(js_ensure(c->new, "metadata", NULL), "managedFields");

	objectmeta_prepare_update(c->new, c->old_tree);
	if (is_status(c))
		keep_all_but_status(c->new, c->old_tree);
	if (is_status(c) && s->flags & STRATEGY_STATUS_KEEPS_METADATA)
		strategy_keep_metadata(c->new, c->old_tree);
	if (!is_status(c) && c->kind->has_status &&
	    !(*c->ctx.subresource && s->flags & STRATEGY_STATUS_PARTS))
		strategy_carry(c->new, c->old_tree, "status");
	if (s->default_more && !is_status(c))
		s->default_more(c->new);
	if (!*c->ctx.subresource && !c->managed_set)
		managed_update(c, said);
	if (s->prepare)
		s->prepare(&c->ctx, c->new, c->old_tree);
	/* what a subresource may not change is the old one's again by now */
	if (*c->ctx.subresource && !c->managed_set)
		managed_update(c, said);
	dedup_owners(c, c->new);
	return PROGRESS_NEXT;
}

enum progress pipeline_check_update(struct registry_call *c)
{
	if (!is_status(c))
		bump_generation(c);
	objectmeta_validate(c, c->new, c->old_tree);
	if (is_status(c)) {
		validate_status(c);
	} else {
		validate_object(c, c->old_tree);
		schema_validate_update(c->stored->type, c->old_tree, c->new, "", &c->errs);
	}
	return check(c, !is_status(c));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale subresource: an autoscaling/v1 Scale that stands for two numbers and a selector of its parent. It
 * is built from the parent for reading, and a written one changes spec.replicas and nothing else.
 */
#include "object/labels.h"
#include "rest/decode.h"
#include "rest/negotiate.h"
#include "rest/patch.h"

static const struct kind scale_kind = {
	.group = "autoscaling", .version = "v1", .kind = "Scale", .resource = "scales"};

static void copy(js *to, const js *from, const char *key)
{
	js *v = js_field(from, key);

	if (v)
		js_set(to, key, js_dup(v));
}

static js *scale_of(const js *parent)
{
	static const char *const meta_keys[] = {"name", "namespace", "uid", "resourceVersion",
						"creationTimestamp"};
	js *o = js_new_obj();

	js_set_str(o, "kind", "Scale");
	js_set_str(o, "apiVersion", "autoscaling/v1");
	js *m = js_ensure(o, "metadata", NULL);
	for (size_t i = 0; i < ARRAY_LEN(meta_keys); i++)
		copy(m, js_obj(parent, "metadata", NULL), meta_keys[i]);
	js *spec = js_ensure(o, "spec", NULL);
	if (js_int(parent, 0, "spec", "replicas", NULL))
		copy(spec, js_obj(parent, "spec", NULL), "replicas");
	js *status = js_ensure(o, "status", NULL);
	js_set_int(status, "replicas", js_int(parent, 0, "status", "replicas", NULL));
	struct err ignore = ERR_INIT;
	struct selector *sel = selector_from_json(js_obj(parent, "spec", "selector", NULL), &ignore);
	if (sel) {
		autobuf struct buf text = BUF_INIT;
		selector_write(&text, sel);
		if (text.len)
			js_set_str(status, "selector", text.p);
		selector_free(sel);
	}
	return o;
}

static void present_scale(struct write *w, const struct obj *parent)
{
	autojson js *tree = obj_tree(parent);
	autojson js *scale = scale_of(tree);

	present_tree(w->rq, w->rs, 200, scale);
}

void rest_scale_get(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	autoobj struct obj *o = NULL;

	if (write_begin(&w, rq, rs, "UpdateOptions", &err) < 0 ||
	    object_lookup(&w, rq->attr.name, &o, &err) < 0)
		write_fail(&w, &err);
	else
		present_scale(&w, o);
	write_release(&w);
}

/* Checks a written Scale and puts its number into a copy of the parent. */
static js *scaled_parent(struct write *w, const js *scale, const js *old_tree, struct err *err)
{
	schema_validate(schema_type(w->api->schema, "Scale"), scale, "", &w->errs);
	if (w->errs.n) {
		w->about.kind = &scale_kind;
		err_set(err, REASON_INVALID, "%s", "");
		return NULL;
	}
	js *new = js_dup(old_tree);
	js_set_int(js_ensure(new, "spec", NULL), "replicas", js_int(scale, 0, "spec", "replicas", NULL));
	const char *rv = js_str0(scale, "metadata", "resourceVersion", NULL);
	js *m = js_obj(new, "metadata", NULL);
	if (*rv)
		js_set_str(m, "resourceVersion", rv);
	return new;
}

static js *change_by_body(struct write *w, void *arg, const struct obj *old, const js *old_tree,
			  struct err *err)
{
	return scaled_parent(w, arg, old_tree, err);
}

static int put(struct write *w, struct update *u, struct err *err)
{
	struct decode d = {.schema = w->api->schema,
			   .type = schema_type(w->api->schema, "Scale"),
			   .group = "autoscaling",
			   .version = "v1",
			   .kind = "Scale",
			   .validation = w->validation,
			   .rs = w->rs};
	autojson js *scale = decode_body(&d, w->rq->content_type, w->rq->body, w->rq->body_len, err);

	if (!scale || meta_check_namespace(w, scale, err) < 0 ||
	    object_check_name(w, scale, w->rq->attr.name, err) < 0)
		return -1;
	*u = (struct update){
		.change = change_by_body, .arg = scale, .uid = js_str0(scale, "metadata", "uid", NULL)};
	/* unlike a patch, a body that names a version insists on it */
	if (*js_str0(scale, "metadata", "resourceVersion", NULL))
		u->flags |= UPDATE_FROM_PUT;
	return object_update(w, w->rq->attr.name, u, err);
}

void rest_scale_update(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct update u = {.obj = NULL};

	if (write_begin(&w, rq, rs, "UpdateOptions", &err) < 0 || put(&w, &u, &err) < 0)
		write_fail(&w, &err);
	else
		present_scale(&w, u.obj);
	update_release(&u);
	write_release(&w);
}

struct scale_patch {
	struct patch patch;
	int runs;
};

static js *change_by_patch(struct write *w, void *arg, const struct obj *old, const js *old_tree,
			   struct err *err)
{
	struct scale_patch *p = arg;
	autojson js *was = scale_of(old_tree);
	autojson js *is =
		patch_apply(w, &p->patch, schema_type(w->api->schema, "Scale"), was, p->runs++ == 0, err);

	if (!is || meta_check_namespace(w, is, err) < 0 ||
	    object_check_name(w, is, w->rq->attr.name, err) < 0)
		return NULL;
	return scaled_parent(w, is, old_tree, err);
}

static int patch(struct write *w, struct update *u, struct err *err)
{
	struct scale_patch p = {.runs = 0};
	int rc = patch_read(w, &p.patch, err);

	*u = (struct update){.change = change_by_patch, .arg = &p};
	if (rc == 0)
		rc = object_update(w, w->rq->attr.name, u, err);
	patch_release(&p.patch);
	return rc;
}

void rest_scale_patch(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;
	struct update u = {.obj = NULL};

	if (write_begin(&w, rq, rs, "PatchOptions", &err) < 0 || patch(&w, &u, &err) < 0)
		write_fail(&w, &err);
	else
		present_scale(&w, u.obj);
	update_release(&u);
	write_release(&w);
}

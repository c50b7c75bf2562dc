/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale subresource: an autoscaling/v1 Scale that stands for two numbers and a selector of its parent. It
 * is built from the parent for reading, and a written one changes spec.replicas and nothing else.
 */
#include "registry/registry_internal.h"

#include "object/labels.h"

static const struct kind scale_kind = {
	.group = "autoscaling", .version = "v1", .kind = "Scale", .resource = "scales"};

static void copy(js *to, const js *from, const char *key)
{
	js *v = js_field(from, key);

	if (v)
		js_set(to, key, js_dup(v));
}

js *registry_scale_of(const js *parent)
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

js *registry_scale_apply(struct registry_call *c, const js *scale, const js *parent, struct err *err)
{
	schema_validate(schema_type(c->registry->schema, "Scale"), scale, "", &c->errs);
	if (c->errs.n) {
		c->about.kind = &scale_kind;
		err_set(err, REASON_INVALID, "%s", "");
		return NULL;
	}
	js *new = js_dup(parent);
	js_set_int(js_ensure(new, "spec", NULL), "replicas", js_int(scale, 0, "spec", "replicas", NULL));
	const char *rv = js_str0(scale, "metadata", "resourceVersion", NULL);
	js *m = js_obj(new, "metadata", NULL);
	if (*rv)
		js_set_str(m, "resourceVersion", rv);
	return new;
}

static js *change(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	return registry_scale_apply(c, arg, old_tree, err);
}

void registry_scale(struct registry_call *c, js *scale)
{
	c->body = scale;
	if (registry_check_identity(c, scale, &c->err) < 0) {
		c->done(c);
		return;
	}
	struct registry_change put = {.make = change,
				      .arg = scale,
				      .version = js_str0(scale, "metadata", "resourceVersion", NULL),
				      .uid = js_str0(scale, "metadata", "uid", NULL)};
	/* unlike a patch, a body that names a version insists on it */
	if (*put.version)
		put.flags |= CHANGE_WHOLE;
	registry_change(c, &put);
}

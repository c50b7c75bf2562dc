/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale subresource: an autoscaling/v1 Scale that stands for two numbers and a selector of its parent. It
 * is built from the parent for reading, and a written one changes the wanted number and nothing else. Where the parent
 * keeps them says its kind (struct subresource).
 */
#include "registry/registry_internal.h"

#include <assert.h>
#include <stdio.h>
#include "object/labels.h"

#define PATH_LEN 256

static const struct kind scale_kind = {
	.group = "autoscaling", .version = "v1", .kind = "Scale", .resource = "scales"};

const struct subresource *registry_scale_row(const struct kind *k)
{
	for (size_t i = 0; i < k->n_subresources; i++)
		if (!strcmp(k->subresources[i].name, "scale"))
			return &k->subresources[i];
	return NULL;
}

static js *at(const js *o, const char *path)
{
	char copy[PATH_LEN], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *step = strtok_r(copy, ".", &save); step && o; step = strtok_r(NULL, ".", &save))
		o = js_field(o, step);
	return (js *)o;
}

static void put(js *o, const char *path, int64_t v)
{
	char copy[PATH_LEN], *save = NULL, *next;

	snprintf(copy, sizeof(copy), "%s", path);
	char *step = strtok_r(copy, ".", &save);
	for (; step && (next = strtok_r(NULL, ".", &save)); step = next)
		o = js_ensure(o, step, NULL);
	if (step)
		js_set_int(o, step, v);
}

static int64_t number(js *v)
{
	return js_is_int(v) ? json_object_get_int64(v) : 0;
}

static void copy(js *to, const js *from, const char *key)
{
	js *v = js_field(from, key);

	if (v)
		js_set(to, key, js_dup(v));
}

/* What a LabelSelector means, or a map of labels that must all be so. */
static struct selector *read_selector(const js *v)
{
	autojson js *wrapped = NULL;
	struct err ignore = ERR_INIT;
	bool labels = js_len(v) > 0;

	for (struct js_iter it = js_iter(v); js_next(&it);)
		labels = labels && js_is_str(it.value);
	if (labels) {
		wrapped = js_new_obj();
		js_set(wrapped, "matchLabels", js_dup(v));
	}
	return selector_from_json(wrapped ? wrapped : v, &ignore);
}

static void add_selector(js *status, js *v)
{
	autobuf struct buf text = BUF_INIT;

	if (js_is_str(v)) {
		buf_adds(&text, json_object_get_string(v));
	} else if (js_is_obj(v)) {
		struct selector *sel = read_selector(v);
		if (sel)
			selector_write(&text, sel);
		selector_free(sel);
	}
	if (text.len)
		js_set_str(status, "selector", text.p);
}

int registry_scale_check(const struct kind *k, const js *parent, struct err *err)
{
	const char *path = registry_scale_row(k)->replicas;

	if (!k->type->structural || js_is_int(at(parent, path)))
		return 0;
	return err_set(err, REASON_INTERNAL, "the spec replicas field \".%s\" does not exist", path);
}

js *registry_scale_of(const struct kind *k, const js *parent)
{
	static const char *const meta_keys[] = {"name", "namespace", "uid", "resourceVersion",
						"creationTimestamp"};
	const struct subresource *row = registry_scale_row(k);
	js *o = js_new_obj();

	assert(row);
	js_set_str(o, "kind", "Scale");
	js_set_str(o, "apiVersion", "autoscaling/v1");
	js *m = js_ensure(o, "metadata", NULL);
	for (size_t i = 0; i < ARRAY_LEN(meta_keys); i++)
		copy(m, js_obj(parent, "metadata", NULL), meta_keys[i]);
	js *spec = js_ensure(o, "spec", NULL);
	if (number(at(parent, row->replicas)))
		js_set_int(spec, "replicas", number(at(parent, row->replicas)));
	js *status = js_ensure(o, "status", NULL);
	js_set_int(status, "replicas", number(at(parent, row->status_replicas)));
	add_selector(status, at(parent, row->selector));
	return o;
}

static int check_uid(struct registry_call *c, const js *scale, const js *parent, struct err *err)
{
	const char *asked = js_str0(scale, "metadata", "uid", NULL),
		   *is = js_str0(parent, "metadata", "uid", NULL);
	const struct kind *k = c->kind;

	if (!*asked || !strcmp(asked, is) || c->change.uid)
		return 0; /* a whole object is judged by the store's words */
	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s/scale%s%s \"%s\": Precondition failed: UID in precondition: %.64s, UID in object meta: %s",
		k->resource, *k->group ? "." : "", k->group, c->name, asked, is);
}

/* A custom resource that is scaled below nothing is itself what is invalid. */
static int refuse_scale(struct registry_call *c, const js *scale, struct err *err)
{
	autofree char *path = mem_printf(".%s", registry_scale_row(c->kind)->replicas);

	if (c->kind->type->structural) {
		field_errors_release(&c->errs);
		field_error_invalid(&c->errs, path, js_get(scale, "spec", "replicas", NULL),
				    "should be a non-negative integer");
	} else {
		c->about.kind = &scale_kind;
	}
	return err_set(err, REASON_INVALID, "%s", "");
}

js *registry_scale_apply(struct registry_call *c, const js *scale, const js *parent, struct err *err)
{
	schema_validate(schema_type(c->registry->schema, "Scale"), scale, "", &c->errs);
	if (c->errs.n && refuse_scale(c, scale, err) < 0)
		return NULL;
	if (check_uid(c, scale, parent, err) < 0)
		return NULL;
	js *new = js_dup(parent);
	put(new, registry_scale_row(c->kind)->replicas, js_int(scale, 0, "spec", "replicas", NULL));
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
	struct registry_change change_scale = {.make = change,
					       .arg = scale,
					       .version = js_str0(scale, "metadata", "resourceVersion", NULL),
					       .uid = js_str0(scale, "metadata", "uid", NULL)};
	/* unlike a patch, a body that names a version insists on it */
	if (*change_scale.version)
		change_scale.flags |= CHANGE_WHOLE;
	registry_change(c, &change_scale);
}

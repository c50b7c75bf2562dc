/* SPDX-License-Identifier: Apache-2.0 */
/* Why: every daemon reads the same dozen fields of metadata; here they have names and one decoded form. */
#include "object/meta.h"

#include <stdlib.h>
#include <string.h>
#include "object/decode.h"
#include "object/rfc3339.h"

static const struct decode_row owner_rows[] = {
	DECODE_STRING("apiVersion", struct owner_ref, api_version),
	DECODE_STRING("kind", struct owner_ref, kind),
	DECODE_STRING("name", struct owner_ref, name),
	DECODE_STRING("uid", struct owner_ref, uid),
	DECODE_BOOL("controller", struct owner_ref, controller),
	DECODE_BOOL("blockOwnerDeletion", struct owner_ref, block_owner_deletion),
};
static const struct owner_ref owner_initial = {
	.api_version = (char *)"", .kind = (char *)"", .name = (char *)"", .uid = (char *)""};
const struct decode_spec meta_owner_spec =
	DECODE_SPEC(struct owner_ref, owner_rows, .initial = &owner_initial);

#define META_ROWS                                                                                            \
	DECODE_STRING("name", struct meta, name), DECODE_STRING("namespace", struct meta, namespace),        \
		DECODE_STRING("uid", struct meta, uid), DECODE_UINT64("resourceVersion", struct meta, rv),   \
		DECODE_INT64("generation", struct meta, generation),                                         \
		DECODE_TIME("creationTimestamp", struct meta, created_ns),                                   \
		DECODE_TIME("deletionTimestamp", struct meta, deleted_ns),                                   \
		DECODE_LABELS("labels", struct meta, labels),                                                \
		DECODE_ARRAY("ownerReferences", struct meta, owners, n_owners, &meta_owner_spec),            \
		DECODE_STRINGS("finalizers", struct meta, finalizers, n_finalizers)
static const struct decode_row meta_rows[] = {META_ROWS};
static const struct decode_row meta_annotated_rows[] = {
	META_ROWS, DECODE_LABELS("annotations", struct meta, annotations)};
static const struct meta meta_initial = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""};
const struct decode_spec meta_spec = DECODE_SPEC(struct meta, meta_rows, .initial = &meta_initial);
const struct decode_spec meta_annotated_spec =
	DECODE_SPEC(struct meta, meta_annotated_rows, .initial = &meta_initial);

const char *meta_name(const js *o)
{
	return js_str0(o, "metadata", "name", NULL);
}

const char *meta_namespace(const js *o)
{
	return js_str0(o, "metadata", "namespace", NULL);
}

const char *meta_uid(const js *o)
{
	return js_str0(o, "metadata", "uid", NULL);
}

const char *meta_annotation(const js *o, const char *key)
{
	return js_str(o, "metadata", "annotations", key, NULL);
}

const char *meta_label(const js *o, const char *key)
{
	return js_str(o, "metadata", "labels", key, NULL);
}

bool meta_deleting(const js *o)
{
	return js_get(o, "metadata", "deletionTimestamp", NULL) != NULL;
}

bool meta_has_finalizer(const js *o, const char *finalizer)
{
	const js *list = js_arr(o, "metadata", "finalizers", NULL);

	js_array_for_each (f, list)
		if (!strcmp(js_str0(f, NULL), finalizer))
			return true;
	return false;
}

js *meta_controller_ref(const js *o)
{
	const js *owners = js_arr(o, "metadata", "ownerReferences", NULL);

	js_array_for_each (ref, owners)
		if (js_bool(ref, false, "controller", NULL))
			return ref;
	return NULL;
}

void meta_set_label(js *o, const char *key, const char *value)
{
	js_set_str(js_ensure(o, "metadata", "labels", NULL), key, value);
}

void meta_set_annotation(js *o, const char *key, const char *value)
{
	js_set_str(js_ensure(o, "metadata", "annotations", NULL), key, value);
}

js *meta_new_controller_ref(const char *api_version, const char *kind, const char *name, const char *uid)
{
	js *ref = js_new_obj();

	js_set_str(ref, "apiVersion", api_version);
	js_set_str(ref, "kind", kind);
	js_set_str(ref, "name", name);
	js_set_str(ref, "uid", uid);
	js_set_bool(ref, "controller", true);
	js_set_bool(ref, "blockOwnerDeletion", true);
	return ref;
}

/* 0 when absent or not a time. */
static int64_t time_ns(const js *meta, const char *field)
{
	const char *s = js_str(meta, field, NULL);
	struct err ignored;
	int64_t ns;

	return s && !rfc3339_parse(s, &ns, &ignored) ? ns : 0;
}

static void decode_owners(struct meta *m, const js *list)
{
	size_t n = js_len(list);

	if (!n)
		return;
	m->owners = mem_array(n, sizeof(*m->owners));
	m->n_owners = n;
	for (size_t i = 0; i < n; i++) {
		const js *ref = js_at(list, i);

		m->owners[i] = (struct owner_ref){
			.api_version = mem_strdup(js_str0(ref, "apiVersion", NULL)),
			.kind = mem_strdup(js_str0(ref, "kind", NULL)),
			.name = mem_strdup(js_str0(ref, "name", NULL)),
			.uid = mem_strdup(js_str0(ref, "uid", NULL)),
			.controller = js_bool(ref, false, "controller", NULL),
			.block_owner_deletion = js_bool(ref, false, "blockOwnerDeletion", NULL),
		};
	}
}

static void decode_finalizers(struct meta *m, const js *list)
{
	size_t n = js_len(list);

	if (!n)
		return;
	m->finalizers = mem_array(n, sizeof(*m->finalizers));
	m->n_finalizers = n;
	for (size_t i = 0; i < n; i++)
		m->finalizers[i] = mem_strdup(js_str0(js_at(list, i), NULL));
}

void meta_decode(struct meta *m, const js *o, int flags)
{
	const js *meta = js_obj(o, "metadata", NULL);

	*m = (struct meta){
		.name = mem_strdup(js_str0(meta, "name", NULL)),
		.namespace = mem_strdup(js_str0(meta, "namespace", NULL)),
		.uid = mem_strdup(js_str0(meta, "uid", NULL)),
		.rv = strtoull(js_str0(meta, "resourceVersion", NULL), NULL, 10),
		.generation = js_int(meta, 0, "generation", NULL),
		.created_ns = time_ns(meta, "creationTimestamp"),
		.deleted_ns = time_ns(meta, "deletionTimestamp"),
		.labels = labels_new(js_field(meta, "labels")),
	};
	if (flags & META_ANNOTATIONS)
		m->annotations = labels_new(js_field(meta, "annotations"));
	decode_owners(m, js_arr(meta, "ownerReferences", NULL));
	decode_finalizers(m, js_arr(meta, "finalizers", NULL));
}

void meta_release(struct meta *m)
{
	for (size_t i = 0; i < m->n_owners; i++) {
		free(m->owners[i].api_version);
		free(m->owners[i].kind);
		free(m->owners[i].name);
		free(m->owners[i].uid);
	}
	for (size_t i = 0; i < m->n_finalizers; i++)
		free(m->finalizers[i]);
	free(m->owners);
	free(m->finalizers);
	free(m->name);
	free(m->namespace);
	free(m->uid);
	free(m->labels);
	free(m->annotations);
	*m = (struct meta){0};
}

const struct owner_ref *meta_controller(const struct meta *m)
{
	for (size_t i = 0; i < m->n_owners; i++)
		if (m->owners[i].controller)
			return &m->owners[i];
	return NULL;
}

void meta_key(struct buf *out, const char *namespace, const char *name)
{
	if (namespace && *namespace) {
		buf_adds(out, namespace);
		buf_addc(out, '/');
	}
	buf_adds(out, name);
}

void meta_key_split(char *key, const char **ns, const char **name)
{
	char *slash = strchr(key, '/');

	*ns = slash ? key : "";
	*name = slash ? slash + 1 : key;
	if (slash)
		*slash = '\0';
}

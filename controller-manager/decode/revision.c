/* SPDX-License-Identifier: Apache-2.0 */
/* See revision.h. */
#include "decode/revision.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "object/decode.h"

/* ---- the text ---- */

#define PATCH_KEY "$patch"

struct member {
	const char *key;
	const js *value;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void write_value(struct buf *out, const js *o);

static void write_object(struct buf *out, const js *o, const struct member *more)
{
	struct member *v = mem_array(js_len(o) + 1, sizeof(*v));
	size_t n = 0;

	for (struct js_iter it = js_iter(o); js_next(&it);)
		if (!more || strcmp(it.key, more->key))
			v[n++] = (struct member){it.key, it.value};
	if (more)
		v[n++] = *more;
	qsort(v, n, sizeof(*v), by_key);
	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		buf_add_json_string(out, v[i].key, strlen(v[i].key));
		buf_addc(out, ':');
		write_value(out, v[i].value);
	}
	buf_addc(out, '}');
	free(v);
}

static void write_value(struct buf *out, const js *o)
{
	if (js_is_obj(o)) {
		write_object(out, o, NULL);
	} else if (js_is_arr(o)) {
		buf_addc(out, '[');
		js_array_for_each (item, o) {
			if (item_i)
				buf_addc(out, ',');
			write_value(out, item);
		}
		buf_addc(out, ']');
	} else {
		js_write(out, o);
	}
}

/* encoding/json writes these so that a text may stand in HTML; they occur in strings only. */
static char *escape_html(const struct buf *text)
{
	autobuf struct buf b = BUF_INIT;

	for (size_t i = 0; i < text->len; i++)
		if (strchr("<>&", text->p[i]) && text->p[i])
			buf_addf(&b, "\\u%04x", (unsigned)text->p[i]);
		else
			buf_addc(&b, text->p[i]);
	return buf_take(&b, NULL);
}

char *cm_revision_data(const js *pod_template)
{
	autobuf struct buf b = BUF_INIT;
	autojson js *replace = js_new_str("replace");

	buf_adds(&b, "{\"spec\":{\"template\":");
	write_object(&b, pod_template, &(struct member){PATCH_KEY, replace});
	buf_adds(&b, "}}");
	return escape_html(&b);
}

uint64_t cm_revision_hash(const char *data)
{
	return map_hash(data, strlen(data));
}

js *cm_revision_template(const js *data)
{
	js *t = js_dup(js_obj(data, "spec", "template", NULL));

	if (t)
		js_del(t, PATCH_KEY);
	return t;
}

/* ---- the kind ---- */

static void revision_finish(void *o)
{
	struct cm_controllerrevision *r = o;
	struct err ignored = ERR_INIT;
	autojson js *data = r->data ? js_parse(r->data, strlen(r->data), NULL, &ignored) : NULL;
	autobuf struct buf b = BUF_INIT;

	if (data) {
		write_value(&b, data);
		autofree char *text = escape_html(&b);
		r->data_hash = cm_revision_hash(text);
	}
	r->data = NULL;
}

static const struct decode_row revision_rows[] = {
	DECODE_STRUCT("metadata", struct cm_controllerrevision, base.meta, &meta_spec),
	DECODE_JSON("data", struct cm_controllerrevision, data),
	DECODE_INT64("revision", struct cm_controllerrevision, revision),
};
static const struct cm_controllerrevision revision_initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}};
static const struct decode_spec revision_spec = DECODE_SPEC(
	struct cm_controllerrevision, revision_rows, .initial = &revision_initial, .finish = revision_finish);

const struct informer_type cm_controllerrevision_type = {
	.group = "apps",
	.version = "v1",
	.resource = "controllerrevisions",
	.kind = "ControllerRevision",
	.rows = &revision_spec,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on their way out. Stored bytes are shared, not copied; PartialObjectMetadata is cut out of them, pretty
 * JSON is a filter over them. Only Tables and YAML need a tree, for one row.
 */
#include "rest/present.h"

#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "object/yaml.h"
#include "rest/pretty.h"
#include "rest/table/table.h"

/* What does not parse was put into the store by hand: it is told, and shown as empty. */
static js *tree_of(const struct obj *o)
{
	struct err err = ERR_INIT;
	js *tree = obj_tree(o, &err);

	if (!tree)
		log_err(&err, "an object cannot be presented", "rv=%llu", (unsigned long long)o->rv);
	return tree ? tree : js_new_obj();
}

void present_bytes(const struct kind *k, const struct obj *o, struct buf *scratch, const char **p, size_t *n)
{
	if (k == o->kind) {
		*p = o->bytes;
		*n = o->len;
		return;
	}
	autojson js *stored = tree_of(o);
	autojson js *view = schema_convert(o->kind, k, stored);
	buf_clear(scratch);
	schema_write(scratch, k->type, view);
	*p = buf_str(scratch);
	*n = scratch->len;
}

void present_open(struct buf *out, const struct kind *k, const struct accept *a, const struct list_meta *m)
{
	switch (a->as) {
	case PRESENT_TABLE:
		table_open(out, k, a, m, true);
		return;
	case PRESENT_PARTIAL:
		buf_addf(out, "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/%s\",",
			 a->version);
		break;
	case PRESENT_OBJECT:
		buf_addf(out, "{\"kind\":\"%sList\",\"apiVersion\":\"%s%s%s\",", k->kind, k->group,
			 *k->group ? "/" : "", k->version);
		break;
	}
	table_list_meta(out, m);
	buf_adds(out, ",\"items\":[");
}

void present_item(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o)
{
	autobuf struct buf scratch = BUF_INIT;
	const char *p;
	size_t n;
	present_bytes(k, o, &scratch, &p, &n);
	if (a->as == PRESENT_OBJECT) {
		buf_add(out, p, n);
	} else if (a->as == PRESENT_PARTIAL) {
		table_partial(out, a, p, n);
	} else {
		autojson js *tree = tree_of(o);
		table_row(out, k, a, tree, p, n, clock_wall_ns());
	}
}

void present_single(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o,
		    bool columns)
{
	if (a->as == PRESENT_TABLE)
		table_open(out, k, a, &(struct list_meta){.rv = o->rv, .remaining = -1}, columns);
	present_item(out, k, a, o);
	if (a->as == PRESENT_TABLE)
		buf_adds(out, "]}");
}

/* The body from compact JSON, as pretty or YAML as was asked for. */
static void finish(struct response *rs, const struct accept *a, struct buf *json)
{
	if (a->yaml) {
		struct err err = ERR_INIT;
		autojson js *tree = js_parse(buf_str(json), json->len, NULL, &err);
		yaml_write(&rs->body, tree);
	} else if (a->pretty) {
		struct pretty s = {0};
		pretty_feed(&s, &rs->body, json->p, json->len);
		buf_addc(&rs->body, '\n');
	} else {
		buf_addc(json, '\n');
		rs->body = *json;
		*json = (struct buf)BUF_INIT;
	}
}

static bool begin(const struct request *rq, struct response *rs, int status, struct accept *a)
{
	struct err err = ERR_INIT;
	if (negotiate(rq, a, &err) < 0) {
		response_status(rs, &err, &rq->attr, NULL);
		return false;
	}
	rs->status = status;
	rs->content_type = negotiate_content_type(a);
	return true;
}

static bool is_raw(const struct request *rq, const struct accept *a, const struct obj *o)
{
	return a->as == PRESENT_OBJECT && !a->pretty && !a->yaml && rq->attr.kind == o->kind;
}

bool present_is_raw(const struct request *rq, const struct obj *o)
{
	struct err err = ERR_INIT;
	struct accept a;
	return negotiate(rq, &a, &err) < 0 || is_raw(rq, &a, o);
}

static void release_obj(void *o)
{
	obj_unref(o);
}

void present_object(const struct request *rq, struct response *rs, int status, struct obj *o)
{
	struct accept a;
	if (!begin(rq, rs, status, &a))
		return;
	if (is_raw(rq, &a, o)) {
		rs->shared = (struct shared_bytes){o->bytes, o->len, release_obj, obj_ref(o)};
		return;
	}
	autobuf struct buf json = BUF_INIT;
	present_single(&json, rq->attr.kind, &a, o, true);
	finish(rs, &a, &json);
}

void present_tree(const struct request *rq, struct response *rs, int status, const js *o)
{
	struct accept a;
	if (!begin(rq, rs, status, &a))
		return;
	autobuf struct buf json = BUF_INIT;
	autobuf struct buf bytes = BUF_INIT;
	struct list_meta none = {.remaining = -1};
	static const struct kind other = {
		.group = "", .version = "v1", .kind = ""}; /* Scale: default columns */
	bool own = !strcmp(js_str0(o, "kind", NULL), rq->attr.kind->kind);
	if (own)
		schema_write(&bytes, rq->attr.kind->type, o);
	else
		js_write(&bytes, o);
	if (a.as == PRESENT_TABLE) {
		const struct kind *k = own ? rq->attr.kind : &other;
		table_open(&json, k, &a, &none, true);
		table_row(&json, k, &a, o, bytes.p, bytes.len, clock_wall_ns());
		buf_adds(&json, "]}");
	} else if (a.as == PRESENT_PARTIAL) {
		table_partial(&json, &a, bytes.p, bytes.len);
	} else {
		buf_add(&json, bytes.p, bytes.len);
	}
	finish(rs, &a, &json);
}

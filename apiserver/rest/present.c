/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on their way out. Stored bytes are shared, not copied; PartialObjectMetadata is cut out of them, pretty
 * JSON is a filter over them. Only Tables and YAML need a tree, for one row.
 */
#include "rest/present.h"

#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "kinds/strategy.h"
#include "object/yaml.h"
#include "rest/api.h"
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

/* o's bytes in version k: as stored, or put together or converted into *scratch. */
static void bytes_in(const struct kind *k, const struct obj *o, struct buf *scratch, const char **p,
		     size_t *n)
{
	if (k == o->kind && !o->managed) {
		*p = o->bytes;
		*n = o->len;
		return;
	}
	buf_clear(scratch);
	if (k == o->kind) {
		obj_write(o, scratch);
	} else {
		autojson js *stored = tree_of(o);
		autojson js *view = strategy_convert(o->kind, k, stored);
		schema_write(scratch, k->type, view);
	}
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
		buf_addf(out, "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",", k->list_kind, k->group,
			 *k->group ? "/" : "", k->version);
		break;
	}
	table_list_meta(out, m);
	buf_adds(out, ",\"items\":[");
}

static bool pass(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

/* Once for each item of a list: nothing is printed to compare with. */
size_t present_head(const struct kind *k, const char *p, size_t n)
{
	const char *at = p, *end = p + n;
	bool found = pass(&at, end, "{\"kind\":\"") && pass(&at, end, k->kind) &&
		     pass(&at, end, "\",\"apiVersion\":\"") && pass(&at, end, k->group) &&
		     (!*k->group || pass(&at, end, "/")) && pass(&at, end, k->version) &&
		     pass(&at, end, "\",");
	return found && at < end ? (size_t)(at - p) : 0;
}

static void present_one(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o,
			bool in_list)
{
	autobuf struct buf scratch = BUF_INIT;
	const char *p;
	size_t n;
	bytes_in(k, o, &scratch, &p, &n);
	if (a->as == PRESENT_OBJECT) {
		size_t head = in_list ? present_head(k, p, n) : 0;
		buf_adds(out, head ? "{" : "");
		buf_add(out, p + head, n - head);
	} else if (a->as == PRESENT_PARTIAL) {
		table_partial(out, a, p, n);
	} else {
		autojson js *tree = tree_of(o);
		table_row(out, k, a, tree, p, n, clock_wall_ns());
	}
}

void present_item(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o)
{
	present_one(out, k, a, o, a->media != MEDIA_PROTOBUF);
}

void present_single(struct buf *out, const struct kind *k, const struct accept *a, const struct obj *o,
		    bool columns)
{
	if (a->as == PRESENT_TABLE)
		table_open(out, k, a, &(struct list_meta){.rv = o->rv, .remaining = -1}, columns);
	present_one(out, k, a, o, false);
	if (a->as == PRESENT_TABLE)
		buf_adds(out, "]}");
}

void present_bookmark(struct buf *out, const struct kind *k, const struct accept *a, const struct buf *json,
		      uint64_t rv, bool end, bool columns)
{
	struct err never = ERR_INIT;
	struct accept row = *a;
	if (a->as == PRESENT_OBJECT)
		buf_add(out, json->p, json->len);
	if (a->as == PRESENT_PARTIAL)
		table_partial(out, a, json->p, json->len);
	if (a->as != PRESENT_TABLE)
		return;
	autojson js *tree = js_parse(json->p, json->len, NULL, &never);
	if (end && row.include == INCLUDE_NONE)
		row.include = INCLUDE_METADATA;
	table_open(out, k, a, &(struct list_meta){.rv = rv, .remaining = -1}, columns);
	table_row(out, k, &row, tree, json->p, json->len, clock_wall_ns());
	buf_adds(out, "]}");
}

/* The body from compact JSON, in the form that was asked for. */
static int write_body(const struct request *rq, struct buf *out, const struct accept *a, struct buf *json,
		      struct err *err)
{
	switch (a->media) {
	case MEDIA_PROTOBUF:
		return present_pb(out, rq->api->schema, rq->attr.kind, buf_str(json), json->len, err);
	case MEDIA_YAML: {
		autojson js *tree = js_parse(buf_str(json), json->len, NULL, err);
		yaml_write(out, tree);
		return 0;
	}
	case MEDIA_JSON:
		break;
	}
	if (a->pretty) {
		struct pretty s = {0};
		pretty_feed(&s, out, json->p, json->len);
		buf_addc(out, '\n');
	} else {
		buf_addc(json, '\n');
		buf_release(out);
		*out = *json;
		*json = (struct buf)BUF_INIT;
	}
	return 0;
}

static void finish(const struct request *rq, struct response *rs, const struct accept *a, struct buf *json)
{
	struct err err = ERR_INIT;
	if (write_body(rq, &rs->body, a, json, &err) < 0)
		response_status(rs, &err, &rq->attr, NULL);
}

static bool begin(const struct request *rq, struct response *rs, int status, struct accept *a)
{
	struct err err = ERR_INIT;
	if (negotiate(rq, a, &err) < 0 || negotiate_options(rq, a, &err) < 0 ||
	    negotiate_fits(a, rq->attr.kind, false, &err) < 0) {
		response_status(rs, &err, &rq->attr, NULL);
		return false;
	}
	rs->status = status;
	rs->content_type = negotiate_content_type(a);
	return true;
}

/* Where nothing that it could be written in is taken, a Status is JSON: it must not be lost. */
void present_status(const struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct accept a;
	if (!rs->is_status || negotiate_plain(rq, &a, &err) < 0 || (a.media == MEDIA_JSON && !a.pretty))
		return;
	autobuf struct buf json = rs->body;
	autobuf struct buf body = BUF_INIT;
	rs->body = (struct buf)BUF_INIT;
	rs->is_status = false;
	if (json.len && json.p[json.len - 1] == '\n')
		buf_truncate(&json, json.len - 1);
	if (rq->api && write_body(rq, &body, &a, &json, &err) == 0) {
		rs->content_type = negotiate_content_type(&a);
		rs->body = body;
		body = (struct buf)BUF_INIT;
	} else {
		rs->body = json;
		json = (struct buf)BUF_INIT;
	}
}

static bool is_raw(const struct request *rq, const struct accept *a, const struct obj *o)
{
	return a->as == PRESENT_OBJECT && !a->pretty && a->media == MEDIA_JSON && rq->attr.kind == o->kind;
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
	if (is_raw(rq, &a, o) && o->managed) {
		obj_write(o, &rs->body);
		return;
	}
	if (is_raw(rq, &a, o)) {
		rs->shared = (struct shared_bytes){o->bytes, o->len, release_obj, obj_ref(o)};
		return;
	}
	autobuf struct buf json = BUF_INIT;
	present_single(&json, rq->attr.kind, &a, o, true);
	finish(rq, rs, &a, &json);
}

void present_tree(const struct request *rq, struct response *rs, int status, const js *o)
{
	struct accept a;
	if (!begin(rq, rs, status, &a))
		return;
	autobuf struct buf json = BUF_INIT;
	autobuf struct buf bytes = BUF_INIT;
	struct list_meta none = {.remaining = -1};
	static struct column columns[] = {
		{"Name", "string", "name", "Name of the object that is scaled", 0, ".metadata.name"},
		{"Desired", "integer", "", "Replicas that are wanted", 0, ".spec.replicas"},
		{"Available", "integer", "", "Replicas that were seen", 0, ".status.replicas"},
		{"Age", "string", "", "Time since the object was created", 0, "@age"},
	};
	const struct kind other = {.group = "autoscaling",
				   .version = "v1",
				   .kind = "Scale",
				   .type = schema_type(rq->api->schema, "Scale"),
				   .columns = columns,
				   .n_columns = ARRAY_LEN(columns)};
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
	finish(rq, rs, &a, &json);
}

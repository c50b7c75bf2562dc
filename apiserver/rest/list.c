/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LIST: a snapshot of references, sent as prefix, items, suffix. Stored bytes are copied straight into the
 * socket's buffer; Tables, pretty JSON and YAML are rendered one item at a time. So a list never exists in
 * memory as a whole unless it is small enough to be answered at once; longer ones leave as a stream.
 */
#include "rest/present.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/yaml.h"
#include "rest/api.h"
#include "rest/options.h"
#include "rest/pretty.h"
#include "rest/table/table.h"

#define AT_ONCE_BYTES (256 * 1024) /* stored bytes answered in one piece */
#define AT_ONCE_ITEMS 32	   /* rendered ones */

struct list_reply {
	struct response_stream stream;
	struct obj_list list;
	const struct kind *kind;
	struct accept accept;
	struct list_meta meta;
	struct buf token;
	struct pretty pretty;
	size_t next; /* item to begin with */
	bool opened, closed;
	struct buf page; /* rendered, not yet taken */
	size_t page_off;
	const struct obj *raw; /* bytes being copied */
	size_t raw_off;
};

static void list_reply_free(void *arg)
{
	struct list_reply *l = arg;
	obj_list_release(&l->list);
	buf_release(&l->page);
	buf_release(&l->token);
	schema_kind_unref(l->kind);
	free(l);
}

/* ---- rendering into the page ---- */

static void add_json(struct list_reply *l, const char *p, size_t n)
{
	if (l->accept.pretty)
		pretty_feed(&l->pretty, &l->page, p, n);
	else
		buf_add(&l->page, p, n);
}

/* One element of a block sequence: every line of its text moves two to the right. */
static void add_yaml_item(struct list_reply *l, const struct buf *json)
{
	struct err err = ERR_INIT;
	autojson js *tree = js_parse(buf_str(json), json->len, NULL, &err);
	autobuf struct buf text = BUF_INIT;
	const char *lead = "- ";
	yaml_write(&text, tree);
	for (const char *p = buf_str(&text); *p; lead = "  ") {
		size_t n = strcspn(p, "\n");
		buf_adds(&l->page, n ? lead : "");
		buf_add(&l->page, p, n);
		buf_addc(&l->page, '\n');
		p += n + (p[n] == '\n');
	}
}

static const char *array_name(const struct list_reply *l)
{
	return l->accept.as == PRESENT_TABLE ? "rows" : "items";
}

static void open_page(struct list_reply *l)
{
	autobuf struct buf json = BUF_INIT;
	present_open(&json, l->kind, &l->accept, &l->meta);
	if (l->accept.media != MEDIA_YAML) {
		add_json(l, json.p, json.len);
		return;
	}
	struct err err = ERR_INIT;
	buf_adds(&json, "]}");
	autojson js *tree = js_parse(buf_str(&json), json.len, NULL, &err);
	js_del(tree, array_name(l));
	yaml_write(&l->page, tree);
	buf_addf(&l->page, "%s:%s\n", array_name(l), l->list.n ? "" : " []");
}

static void item_page(struct list_reply *l, const struct obj *o, bool first)
{
	autobuf struct buf json = BUF_INIT;
	present_item(&json, l->kind, &l->accept, o);
	if (l->accept.media == MEDIA_YAML) {
		add_yaml_item(l, &json);
		return;
	}
	if (!first)
		add_json(l, ",", 1);
	add_json(l, json.p, json.len);
}

static bool is_raw(const struct list_reply *l, const struct obj *o)
{
	return l->accept.as == PRESENT_OBJECT && !l->accept.pretty && l->accept.media == MEDIA_JSON &&
	       o->kind == l->kind;
}

/* Makes page or raw the next piece. False at the end. */
static bool next_piece(struct list_reply *l)
{
	buf_clear(&l->page);
	l->page_off = 0;
	if (!l->opened) {
		l->opened = true;
		open_page(l);
		return true;
	}
	if (l->next < l->list.n) {
		const struct obj *o = l->list.v[l->next++];
		if (is_raw(l, o)) {
			l->raw = o;
			l->raw_off = present_head(l->kind, o->bytes, o->len);
			buf_adds(&l->page, l->next > 1 ? "," : "");
			buf_adds(&l->page, l->raw_off ? "{" : "");
		} else {
			item_page(l, o, l->next == 1);
		}
		return true;
	}
	if (l->closed)
		return false;
	l->closed = true;
	if (l->accept.media != MEDIA_YAML) {
		add_json(l, "]}", 2);
		buf_addc(&l->page, '\n');
	}
	return true;
}

static size_t copy_piece(struct list_reply *l, char *p, size_t max)
{
	size_t n = l->page.len - l->page_off;
	if (n) {
		n = n < max ? n : max;
		memcpy(p, l->page.p + l->page_off, n);
		l->page_off += n;
		return n;
	}
	if (!l->raw)
		return 0;
	n = obj_read(l->raw, l->raw_off, p, max);
	l->raw_off += n;
	if (l->raw_off == obj_len(l->raw))
		l->raw = NULL;
	return n;
}

static long list_read(void *arg, char *p, size_t max)
{
	struct list_reply *l = arg;
	size_t done = 0;
	while (done < max) {
		size_t n = copy_piece(l, p + done, max - done);
		done += n;
		if (!n && !next_piece(l))
			break;
	}
	return done ? (long)done : -1;
}

static bool at_once(const struct list_reply *l)
{
	size_t bytes = 0;
	if (l->list.n && !is_raw(l, l->list.v[0]))
		return l->list.n <= AT_ONCE_ITEMS;
	for (size_t i = 0; i < l->list.n && bytes <= AT_ONCE_BYTES; i++)
		bytes += obj_len(l->list.v[i]) + 1;
	return bytes <= AT_ONCE_BYTES;
}

static void add_raw(const struct obj *o, size_t off, struct buf *out)
{
	size_t n = obj_len(o) - off;
	buf_reserve(out, n);
	out->len += obj_read(o, off, out->p + out->len, n);
	out->p[out->len] = '\0';
}

static void answer_at_once(struct list_reply *l, struct response *rs)
{
	size_t bytes = 512;
	for (size_t i = 0; i < l->list.n; i++)
		bytes += obj_len(l->list.v[i]) + 1;
	buf_reserve(&rs->body, bytes);
	do {
		if (l->page.len)
			buf_add(&rs->body, l->page.p, l->page.len);
		if (l->raw)
			add_raw(l->raw, l->raw_off, &rs->body);
		l->raw = NULL;
	} while (next_piece(l));
	list_reply_free(l);
}

/* ---- the request ---- */

void present_list_expired(struct response *rs, const struct list_options *o)
{
	autobuf struct buf token = BUF_INIT;
	continue_encode(&token, 0, o->after);
	struct status_parts st = {
		.reason = REASON_EXPIRED,
		.message =
			"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to "
			"retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, "
			"modified, or deleted between the time the first chunk was returned and now may show up in the list.",
		.list_continue = buf_str(&token),
	};
	response_status_parts(rs, &st);
}

static int take_snapshot(struct request *rq, const struct list_options *o, struct obj_list *ret,
			 struct err *err)
{
	struct query q = {.ns = rq->attr.kind->namespaced ? rq->attr.ns : "",
			  .labels = o->labels,
			  .fields = o->fields.n ? &o->fields : NULL,
			  .kind = rq->attr.kind};
	return storage_list(storage_resource(rq->api->storage, rq->attr.kind), &q, options_exact(o), o->after,
			    o->limit, ret, err);
}

/* All of it at once: the length of a message stands before it. */
static void answer_pb(const struct request *rq, struct list_reply *l, struct response *rs)
{
	const struct schema *schema = rq->api->schema;
	autobuf struct buf raw = BUF_INIT;
	struct err err = ERR_INIT;
	int rc = 0;
	present_pb_open(&raw, schema, &l->meta);
	for (size_t i = 0; i < l->list.n && rc == 0; i++) {
		buf_clear(&l->page);
		present_item(&l->page, l->kind, &l->accept, l->list.v[i]);
		rc = present_pb_item(&raw, schema, l->kind, l->page.p, l->page.len, &err);
	}
	if (rc == 0)
		present_pb_seal(&rs->body, l->kind, &l->accept, &raw);
	else
		response_status(rs, &err, &rq->attr, NULL);
	list_reply_free(l);
}

static struct list_reply *reply_new(const struct request *rq, const struct accept *a,
				    const struct list_options *o, struct obj_list *list)
{
	struct list_reply *l = MEM_NEW(struct list_reply);
	l->list = *list;
	*list = (struct obj_list){0};
	l->kind = schema_kind_ref(rq->attr.kind); /* a long list lasts longer than a pin */
	l->accept = *a;
	l->meta = (struct list_meta){.rv = o->after && o->continue_rv ? o->continue_rv : l->list.rv,
				     .remaining = -1};
	if (l->list.next) {
		continue_encode(&l->token, l->meta.rv, l->list.next);
		l->meta.next = buf_str(&l->token);
		l->meta.remaining = o->labels || o->fields.n ? -1 : l->list.remaining;
	}
	return l;
}

void present_list(const struct request *rq, struct response *rs, const struct accept *a,
		  const struct list_options *o, struct obj_list *list)
{
	struct err err = ERR_INIT;
	if (negotiate_options(rq, a, &err) < 0 || negotiate_fits(a, rq->attr.kind, true, &err) < 0) {
		obj_list_release(list);
		response_status(rs, &err, &rq->attr, NULL);
		return;
	}
	if (a->as == PRESENT_TABLE)
		table_sort(rq->attr.kind, list->v, list->n);
	struct list_reply *l = reply_new(rq, a, o, list);
	rs->status = 200;
	rs->content_type = negotiate_content_type(a);
	if (a->media == MEDIA_PROTOBUF) {
		answer_pb(rq, l, rs);
		return;
	}
	if (at_once(l)) {
		answer_at_once(l, rs);
		return;
	}
	l->stream = (struct response_stream){.read = list_read, .close = list_reply_free, .arg = l};
	rs->stream = &l->stream;
	rs->finite = true;
}

void handle_list(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct accept a;
	struct list_options o;
	struct obj_list list = {0};
	if (options_parse(rq, &o, &a, &errs, &err) < 0) {
		options_fail(rq, rs, &err, &errs);
		return;
	}
	if (take_snapshot(rq, &o, &list, &err) == 0)
		present_list(rq, rs, &a, &o, &list);
	else if (err.reason == REASON_EXPIRED && o.after)
		present_list_expired(rs, &o);
	else
		response_status(rs, &err, &rq->attr, NULL);
	options_release(&o);
}

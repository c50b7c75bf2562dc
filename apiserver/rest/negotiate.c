/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept: clauses are tried from the highest q to the lowest, in their order among equals; the first that can
 * be served wins (kubernetes/apiserver pkg/endpoints/handlers/negotiation). Unknown parameters of a clause
 * are ignored, an `as` that is neither Table nor PartialObjectMetadata of meta.k8s.io rules the clause out.
 */
#include "rest/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "object/yaml.h"
#include "rest/pretty.h"
#include "rest/table.h"

struct word {
	const char *p;
	size_t n;
};

static bool is(struct word w, const char *s)
{
	return w.n == strlen(s) && !strncasecmp(w.p, s, w.n);
}

static struct word trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct word){p, (size_t)(end - p)};
}

/* Takes the text up to `sep` (or the end) from *p. */
static struct word take(const char **p, const char *end, char sep)
{
	const char *start = *p, *stop = memchr(start, sep, (size_t)(end - start));
	*p = stop ? stop + 1 : end;
	return trim(start, stop ? stop : end);
}

/* q in thousandths; malformed is 1. */
static int parse_q(struct word w)
{
	int q = 0, digits = 0;
	size_t i = 0;
	if (!w.n || (w.p[0] != '0' && w.p[0] != '1') || (w.n > 1 && w.p[1] != '.'))
		return 1000;
	q = (w.p[i++] - '0') * 1000;
	for (int scale = 100; ++i < w.n && digits < 3; digits++, scale /= 10) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return 1000;
		q += (w.p[i] - '0') * scale;
	}
	return q > 1000 ? 1000 : q;
}

struct clause {
	struct accept accept;
	int q;
	bool ok;
};

static void set_as(struct clause *c, struct word as, struct word group, struct word version)
{
	bool meta = is(group, "meta.k8s.io");
	c->accept.version = is(version, "v1") ? "v1" : is(version, "v1beta1") ? "v1beta1" : NULL;
	c->accept.as = is(as, "Table") ? PRESENT_TABLE : PRESENT_PARTIAL;
	bool known =
		is(as, "Table") || is(as, "PartialObjectMetadata") || is(as, "PartialObjectMetadataList");
	c->ok &= known && meta && c->accept.version;
}

static struct clause parse_clause(struct word w)
{
	struct clause c = {.q = 1000, .accept.version = "v1"};
	const char *p = w.p, *end = w.p + w.n;
	struct word type = take(&p, end, ';');
	struct word as = {"", 0}, group = {"", 0}, version = {"", 0};
	c.accept.yaml = is(type, "application/yaml");
	c.ok = c.accept.yaml || is(type, "application/json") || is(type, "*/*") || is(type, "application/*");
	while (p < end) {
		struct word param = take(&p, end, ';');
		const char *v = param.p, *param_end = param.p + param.n;
		struct word key = take(&v, param_end, '=');
		struct word value = trim(v, param_end);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct word){value.p + 1, value.n - 2};
		if (is(key, "q"))
			c.q = parse_q(value);
		else if (is(key, "as"))
			as = value;
		else if (is(key, "g"))
			group = value;
		else if (is(key, "v"))
			version = value;
		else if (is(key, "pretty"))
			c.accept.pretty = is(value, "1");
	}
	if (as.n)
		set_as(&c, as, group, version);
	return c;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static int read_include(const struct request *rq, struct accept *a, struct err *err)
{
	const char *s = request_param(rq, "includeObject");
	if (!s || !*s || !strcmp(s, "Metadata"))
		a->include = INCLUDE_METADATA;
	else if (!strcmp(s, "Object"))
		a->include = INCLUDE_OBJECT;
	else if (!strcmp(s, "None"))
		a->include = INCLUDE_NONE;
	else
		return err_set(err, REASON_BAD_REQUEST, "unrecognized includeObject value: \"%.100s\"", s);
	return 0;
}

int negotiate(const struct request *rq, struct accept *ret, struct err *err)
{
	struct clause best = {.q = 0, .accept.version = "v1"};
	const char *p = rq->accept, *end = p + strlen(p);
	if (p == end)
		best.q = 1000;
	while (p < end) {
		struct word w = take(&p, end, ',');
		if (!w.n)
			continue;
		struct clause c = parse_clause(w);
		if (c.ok && c.q > best.q)
			best = c;
	}
	if (!best.q)
		return err_set(
			err, REASON_NOT_ACCEPTABLE,
			"only the following media types are accepted: application/json, application/yaml");
	*ret = best.accept;
	const char *pretty = request_param(rq, "pretty");
	if (pretty)
		ret->pretty = request_param_bool(rq, "pretty");
	else if (has_prefix(rq->user_agent, "curl") || has_prefix(rq->user_agent, "Wget") ||
		 has_prefix(rq->user_agent, "Mozilla/5.0"))
		ret->pretty = true;
	return ret->as == PRESENT_TABLE ? read_include(rq, ret, err) : 0;
}

const char *accept_content_type(const struct accept *a)
{
	return a->yaml ? "application/yaml" : "application/json";
}

/* ---- presenting ---- */

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
	rs->content_type = accept_content_type(a);
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

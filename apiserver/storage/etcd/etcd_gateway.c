/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON gateway's wire: base64 and numbers are read where they lie. */
#include "storage/etcd/etcd_wire_internal.h"

#include "base/base64.h"
#include "object/scan.h"

/* ---- requests ---- */

static void add_bytes(struct buf *out, const void *p, size_t n)
{
	buf_addc(out, '"');
	base64_encode(out, p, n);
	buf_addc(out, '"');
}

static struct etcd_wire_txn_texts write_txn(struct buf *out, const char *key, const void *value, size_t n,
					    uint64_t expect, uint64_t lease)
{
	struct etcd_wire_txn_texts t = {0};
	buf_reserve(out, n / 3 * 4 + 4 * strlen(key) + 512);
	buf_adds(out, "{\"compare\":[{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"");
	buf_addu(out, expect);
	buf_adds(out, "\",\"key\":");
	t.key = out->len + 1;
	add_bytes(out, key, strlen(key));
	t.key_len = out->len - 1 - t.key;
	buf_adds(out, value ? "}],\"success\":[{\"request_put\":{\"key\":"
			    : "}],\"success\":[{\"request_delete_range\":{\"key\":");
	add_bytes(out, key, strlen(key));
	if (value) {
		buf_adds(out, ",\"value\":");
		t.value = out->len + 1;
		add_bytes(out, value, n);
		t.value_len = out->len - 1 - t.value;
	}
	if (value && lease) {
		buf_adds(out, ",\"lease\":\"");
		buf_addu(out, lease);
		buf_addc(out, '"');
	}
	buf_adds(out, "}}]}");
	return t;
}

static void write_range(struct buf *out, const void *key, size_t key_len, const char *end, size_t limit,
			uint64_t revision)
{
	buf_adds(out, "{\"key\":");
	add_bytes(out, key, key_len);
	if (end) {
		buf_adds(out, ",\"range_end\":");
		add_bytes(out, end, strlen(end));
	}
	if (limit) {
		buf_adds(out, ",\"limit\":\"");
		buf_addu(out, limit);
		buf_addc(out, '"');
	} else {
		buf_adds(out, ",\"count_only\":true");
	}
	if (revision) {
		buf_adds(out, ",\"revision\":\"");
		buf_addu(out, revision);
		buf_addc(out, '"');
	}
	buf_addc(out, '}');
}

static void write_watch(struct buf *out, uint64_t start_revision)
{
	/* From the zero byte, to the zero byte: all keys. Fragments bound the length of a line. */
	buf_adds(
		out,
		"{\"create_request\":{\"key\":\"AA==\",\"range_end\":\"AA==\",\"fragment\":true,\"start_revision\":\"");
	buf_addu(out, start_revision);
	buf_adds(out, "\"}}");
}

static void write_compact(struct buf *out, uint64_t revision)
{
	buf_adds(out, "{\"revision\":\"");
	buf_addu(out, revision);
	buf_adds(out, "\"}");
}

static void write_grant(struct buf *out, uint64_t ttl_s)
{
	buf_adds(out, "{\"TTL\":\"");
	buf_addu(out, ttl_s);
	buf_adds(out, "\"}");
}

static void write_status(struct buf *out)
{
	buf_adds(out, "{}");
}

/* ---- replies ---- */

/* Base64 and numbers hold nothing that JSON escapes; a text that does is none of etcd's. */
static struct etcd_wire_slice read_slice(struct scan *s)
{
	struct etcd_wire_slice t = {"", 0};
	bool escaped = false;
	if (scan_string(s, &t.p, &t.n, &escaped) && escaped)
		scan_fail(s, "unexpected escape");
	return t;
}

static uint64_t read_u64(struct scan *s)
{
	struct etcd_wire_slice t;
	uint64_t v = 0;
	if (scan_peek(s) == SCAN_STRING)
		t = read_slice(s);
	else
		scan_number(s, &t.p, &t.n);
	if (scan_failed(s))
		return 0;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9' || i > 18) {
			scan_fail(s, "not a revision");
			return 0;
		}
		v = v * 10 + (uint64_t)(t.p[i] - '0');
	}
	return v;
}

static void read_header(struct scan *s, uint64_t *revision)
{
	const char *key;
	size_t n;
	if (!scan_enter_object(s))
		return;
	while (scan_key(s, &key, &n)) {
		if (scan_key_is(key, n, "revision"))
			*revision = read_u64(s);
		else
			scan_skip(s);
	}
}

static void read_kv(struct scan *s, struct etcd_wire_kv *kv)
{
	const char *key;
	size_t n;
	if (!scan_enter_object(s))
		return;
	while (scan_key(s, &key, &n)) {
		if (scan_key_is(key, n, "key"))
			kv->key = read_slice(s);
		else if (scan_key_is(key, n, "value"))
			kv->value = read_slice(s);
		else if (scan_key_is(key, n, "create_revision"))
			kv->create_rev = read_u64(s);
		else if (scan_key_is(key, n, "mod_revision"))
			kv->mod_rev = read_u64(s);
		else
			scan_skip(s);
	}
}

/* ---- errors ---- */

static void scan_error(struct scan *s, struct buf *text, int64_t *code)
{
	const char *key, *p;
	size_t n, len;
	bool escaped;
	if (!scan_enter_object(s))
		return;
	while (scan_key(s, &key, &n)) {
		bool is_text = scan_key_is(key, n, "error") || scan_key_is(key, n, "message");
		enum scan_type type = scan_peek(s);
		if (is_text && type == SCAN_STRING && scan_string(s, &p, &len, &escaped)) {
			buf_clear(text);
			scan_unescape(text, p, len);
		} else if (scan_key_is(key, n, "error") && type == SCAN_OBJECT && s->depth < 2) {
			scan_error(s, text, code); /* a watch wraps it once */
		} else if ((scan_key_is(key, n, "code") || scan_key_is(key, n, "grpc_code")) &&
			   type == SCAN_NUMBER) {
			scan_int(s, code);
		} else {
			scan_skip(s);
		}
	}
}

/* The body of a reply with an HTTP status of 400 or more, or of a watch's error line; -1. */
static int read_error(const char *p, size_t n, int status, struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	int64_t code = 0;
	struct scan s;
	scan_init(&s, p, n);
	scan_error(&s, &text, &code);
	enum reason reason = !code && status == 504 ? REASON_TIMEOUT : etcd_wire_reason(code);
	if (!text.len)
		return err_set(err, reason, "etcd: HTTP status %d", status);
	return err_set(err, reason, "etcd: %s", buf_str(&text));
}

/* ---- messages ---- */

/* After reading: 0, or -1 with what was wrong. */
static int finish(const struct scan *s, struct err *err)
{
	if (!scan_failed(s))
		return 0;
	return err_set(err, REASON_UNAVAILABLE, "etcd: reply is not understood: %s at offset %zu", s->error,
		       (size_t)(s->p - s->start));
}

static int read_txn_reply(const char *p, size_t n, struct etcd_wire_txn_reply *ret, struct err *err)
{
	struct etcd_wire_txn_reply r = {0};
	struct scan s;
	const char *key;
	size_t len;
	scan_init(&s, p, n);
	if (scan_enter_object(&s)) {
		while (scan_key(&s, &key, &len)) {
			if (scan_key_is(key, len, "header"))
				read_header(&s, &r.revision);
			else if (scan_key_is(key, len, "succeeded"))
				scan_bool(&s, &r.succeeded);
			else
				scan_skip(&s);
		}
	}
	if (finish(&s, err) < 0)
		return -1;
	*ret = r;
	return 0;
}

/* A flat object's numbers; what has other names is skipped. */
struct named_number {
	const char *name;
	uint64_t *ret;
};

static int read_numbers(const char *p, size_t n, const struct named_number *want, struct err *err)
{
	struct scan s;
	const char *key;
	size_t len;
	scan_init(&s, p, n);
	if (scan_enter_object(&s)) {
		while (scan_key(&s, &key, &len)) {
			const struct named_number *w = want;
			while (w->name && !scan_key_is(key, len, w->name))
				w++;
			if (w->name)
				*w->ret = read_u64(&s);
			else
				scan_skip(&s);
		}
	}
	return finish(&s, err);
}

static int read_grant_reply(const char *p, size_t n, struct etcd_wire_grant_reply *ret, struct err *err)
{
	const struct named_number want[] = {{"ID", &ret->lease}, {"TTL", &ret->ttl_s}, {NULL, NULL}};
	*ret = (struct etcd_wire_grant_reply){0};
	return read_numbers(p, n, want, err);
}

static int read_status_reply(const char *p, size_t n, struct etcd_wire_status_reply *ret, struct err *err)
{
	const struct named_number want[] = {{"dbSize", &ret->db_size}, {NULL, NULL}};
	*ret = (struct etcd_wire_status_reply){0};
	return read_numbers(p, n, want, err);
}

static int read_range_reply(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			    struct etcd_wire_range_reply *ret, struct err *err)
{
	struct etcd_wire_range_reply r = {0};
	struct scan s;
	const char *key;
	size_t len;
	scan_init(&s, p, n);
	if (scan_enter_object(&s)) {
		while (scan_key(&s, &key, &len)) {
			if (scan_key_is(key, len, "header")) {
				read_header(&s, &r.revision);
			} else if (scan_key_is(key, len, "more")) {
				scan_bool(&s, &r.more);
			} else if (scan_key_is(key, len, "count")) {
				r.count = read_u64(&s);
			} else if (scan_key_is(key, len, "kvs") && each && scan_enter_array(&s)) {
				while (scan_item(&s)) {
					struct etcd_wire_kv kv = {0};
					read_kv(&s, &kv);
					if (!scan_failed(&s) && each(arg, &kv, err) < 0)
						return -1;
				}
			} else {
				scan_skip(&s);
			}
		}
	}
	if (finish(&s, err) < 0)
		return -1;
	*ret = r;
	return 0;
}

static int read_events(struct scan *s, etcd_wire_kv_fn *each, void *arg, struct err *err)
{
	const char *key;
	size_t n;
	if (!scan_enter_array(s))
		return 0;
	while (scan_item(s)) {
		struct etcd_wire_kv kv = {0};
		if (!scan_enter_object(s))
			return 0;
		while (scan_key(s, &key, &n)) {
			if (scan_key_is(key, n, "kv")) {
				read_kv(s, &kv);
			} else if (scan_key_is(key, n, "type") && scan_peek(s) == SCAN_STRING) {
				struct etcd_wire_slice t = read_slice(s);
				kv.deleted = t.n == 6 && memcmp(t.p, "DELETE", 6) == 0;
			} else {
				scan_skip(s);
			}
		}
		if (!scan_failed(s) && each(arg, &kv, err) < 0)
			return -1;
	}
	return 0;
}

static int read_result(struct scan *s, etcd_wire_kv_fn *each, void *arg, struct etcd_wire_watch_reply *ret,
		       struct err *err)
{
	const char *key;
	size_t n;
	if (!scan_enter_object(s))
		return 0;
	while (scan_key(s, &key, &n)) {
		if (scan_key_is(key, n, "header")) {
			read_header(s, &ret->revision);
		} else if (scan_key_is(key, n, "created")) {
			scan_bool(s, &ret->created);
		} else if (scan_key_is(key, n, "canceled")) {
			scan_bool(s, &ret->canceled);
		} else if (scan_key_is(key, n, "fragment")) {
			scan_bool(s, &ret->fragment);
		} else if (scan_key_is(key, n, "compact_revision")) {
			ret->compact_revision = read_u64(s);
		} else if (scan_key_is(key, n, "cancel_reason")) {
			bool escaped;
			scan_string(s, &ret->why.p, &ret->why.n, &escaped);
		} else if (scan_key_is(key, n, "events")) {
			if (read_events(s, each, arg, err) < 0)
				return -1;
		} else {
			scan_skip(s);
		}
	}
	return 0;
}

static int read_watch_reply(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			    struct etcd_wire_watch_reply *ret, struct err *err)
{
	struct scan s;
	const char *key;
	size_t len;
	bool understood = false;
	*ret = (struct etcd_wire_watch_reply){0};
	scan_init(&s, p, n);
	if (scan_enter_object(&s)) {
		while (scan_key(&s, &key, &len)) {
			if (scan_key_is(key, len, "result")) {
				understood = true;
				if (read_result(&s, each, arg, ret, err) < 0)
					return -1;
			} else {
				scan_skip(&s);
			}
		}
	}
	if (finish(&s, err) < 0)
		return -1;
	return understood ? 0 : read_error(p, n, 0, err);
}

static int judge(const struct http_reply *r, struct etcd_wire_slice *ret, struct err *err)
{
	*ret = (struct etcd_wire_slice){r->body.p, r->body.len};
	return r->status < 400 ? 0 : read_error(r->body.p, r->body.len, r->status, err);
}

static int decode(struct buf *out, struct etcd_wire_slice t, struct err *err)
{
	return base64_decode(out, t.p, t.n, err);
}

/* A member without a leader says so instead of keeping silent. */
static const char *const headers[] = {"Content-Type: application/json", "Grpc-Metadata-hasleader: true",
				      NULL};

/* 8 to 16 connections, each of which always has the next request waiting, reach what one etcd can do here. */
const struct etcd_wire etcd_gateway = {
	.name = "gateway",
	.connections = 16,
	.in_flight = 16,
	.paths = {[ETCD_WIRE_RANGE] = "/v3/kv/range",
		  [ETCD_WIRE_TXN] = "/v3/kv/txn",
		  [ETCD_WIRE_COMPACT] = "/v3/kv/compaction",
		  [ETCD_WIRE_WATCH] = "/v3/watch",
		  [ETCD_WIRE_GRANT] = "/v3/lease/grant",
		  [ETCD_WIRE_STATUS] = "/v3/maintenance/status"},
	.headers = headers,
	.txn = write_txn,
	.range = write_range,
	.watch = write_watch,
	.compact = write_compact,
	.grant = write_grant,
	.status = write_status,
	.judge = judge,
	.read_txn = read_txn_reply,
	.read_range = read_range_reply,
	.read_grant = read_grant_reply,
	.read_status = read_status_reply,
	.read_watch = read_watch_reply,
	.feed = lines_feed,
	.decode = decode,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gRPC wire: etcd's rpc.proto and kv.proto as far as they are used, in protobuf, each message behind gRPC's five
 * bytes (a flag and the length).
 *
 * Written once from front to back: the length of what is nested is computed before, because all of it is the sum of the
 * two texts and a few numbers. Read like the scanner reads JSON: fields in the order in which they come, unknown ones
 * skipped, nothing beyond the message's end, a failure is remembered and ends the reading.
 */
#include "storage/etcd/etcd_wire_internal.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX 5 /* bytes of gRPC before a message */

/* ---- writing ---- */

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static size_t varint_len(uint64_t v)
{
	size_t n = 1;
	for (; v > 127; v >>= 7)
		n++;
	return n;
}

static void add_varint(struct buf *out, uint64_t v)
{
	for (; v > 127; v >>= 7)
		buf_addc(out, (char)(v | 128));
	buf_addc(out, (char)v);
}

/* All field numbers in use are below 16: a tag is one byte. */
static void add_tag(struct buf *out, unsigned field, unsigned type)
{
	buf_addc(out, (char)(field << 3 | type));
}

static size_t bytes_len(size_t n)
{
	return 1 + varint_len(n) + n;
}

static void add_len(struct buf *out, unsigned field, size_t n)
{
	add_tag(out, field, BYTES);
	add_varint(out, n);
}

/* Returns where the bytes lie. */
static size_t add_bytes(struct buf *out, unsigned field, const void *p, size_t n)
{
	add_len(out, field, n);
	buf_add(out, p, n);
	return out->len - n;
}

static void add_number(struct buf *out, unsigned field, uint64_t v)
{
	if (!v)
		return;
	add_tag(out, field, VARINT);
	add_varint(out, v);
}

static size_t number_len(uint64_t v)
{
	return v ? 1 + varint_len(v) : 0;
}

static void add_prefix(struct buf *out, size_t n)
{
	buf_addc(out, '\0');
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(out, (char)(n >> shift));
}

/* TxnRequest {1: Compare {2: MOD, 3: key, 6: expect}, 2: RequestOp {2: PutRequest {1: key, 2: value, 3: lease}
   or 3: DeleteRangeRequest {1: key}}}. EQUAL is 0 and left out. */
static struct etcd_wire_txn_texts write_txn(struct buf *out, const char *key, const void *value, size_t n,
					    uint64_t expect, uint64_t lease)
{
	enum { TARGET_MOD = 2 };
	struct etcd_wire_txn_texts t = {.key_len = strlen(key), .value_len = value ? n : 0};
	/* A oneof's member is written even when it is 0: it says which one it is. */
	size_t compare = 2 + bytes_len(t.key_len) + 1 + varint_len(expect);
	size_t request = bytes_len(t.key_len) + (value ? bytes_len(n) + number_len(lease) : 0);
	size_t all = bytes_len(compare) + bytes_len(bytes_len(request));
	buf_reserve(out, PREFIX + all);
	add_prefix(out, all);
	add_len(out, 1, compare);
	add_number(out, 2, TARGET_MOD);
	add_bytes(out, 3, key, t.key_len);
	add_tag(out, 6, VARINT);
	add_varint(out, expect);
	add_len(out, 2, bytes_len(request));
	add_len(out, value ? 2 : 3, request);
	t.key = add_bytes(out, 1, key, t.key_len);
	if (value) {
		t.value = add_bytes(out, 2, value, n);
		add_number(out, 3, lease);
	}
	return t;
}

/* RangeRequest {1: key, 2: range_end, 3: limit, 4: revision, 9: count_only} */
static void write_range(struct buf *out, const void *key, size_t key_len, const char *end, size_t limit,
			uint64_t revision)
{
	size_t end_len = end ? strlen(end) : 0;
	add_prefix(out, bytes_len(key_len) + (end ? bytes_len(end_len) : 0) + number_len(limit) +
				number_len(revision) + number_len(!limit));
	add_bytes(out, 1, key, key_len);
	if (end)
		add_bytes(out, 2, end, end_len);
	add_number(out, 3, limit);
	add_number(out, 4, revision);
	add_number(out, 9, !limit);
}

/* WatchRequest {1: WatchCreateRequest {1: key, 2: range_end, 3: start_revision, 8: fragment}}: from the zero byte, to the
   zero byte, which is everything. */
static void write_watch(struct buf *out, uint64_t start_revision)
{
	size_t n = 2 * bytes_len(1) + number_len(start_revision) + number_len(true);
	add_prefix(out, bytes_len(n));
	add_len(out, 1, n);
	add_bytes(out, 1, "", 1);
	add_bytes(out, 2, "", 1);
	add_number(out, 3, start_revision);
	add_number(out, 8, true);
}

/* CompactionRequest {1: revision} */
static void write_compact(struct buf *out, uint64_t revision)
{
	add_prefix(out, number_len(revision));
	add_number(out, 1, revision);
}

/* LeaseGrantRequest {1: TTL}; etcd chooses the ID */
static void write_grant(struct buf *out, uint64_t ttl_s)
{
	add_prefix(out, number_len(ttl_s));
	add_number(out, 1, ttl_s);
}

/* StatusRequest {} */
static void write_status(struct buf *out)
{
	add_prefix(out, 0);
}

/* ---- reading ---- */

struct etcd_grpc_message {
	const unsigned char *p, *end;
	const char *error; /* NULL: none so far */
};

struct etcd_grpc_field {
	unsigned number, type;
	uint64_t v;		    /* VARINT, FIXED64, FIXED32 */
	struct etcd_grpc_message m; /* BYTES */
};

static bool fail(struct etcd_grpc_message *m, const char *error)
{
	m->error = error;
	m->p = m->end;
	return false;
}

static bool read_varint(struct etcd_grpc_message *m, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (m->p == m->end)
			return fail(m, "number ends too early");
		unsigned char c = *m->p++;
		v |= (uint64_t)(c & 127) << shift;
		if (!(c & 128)) {
			*ret = v;
			return true;
		}
	}
	return fail(m, "number is too long");
}

static bool read_fixed(struct etcd_grpc_message *m, size_t n, uint64_t *ret)
{
	if ((size_t)(m->end - m->p) < n)
		return fail(m, "number ends too early");
	*ret = 0;
	for (size_t i = n; i-- > 0;)
		*ret = *ret << 8 | m->p[i];
	m->p += n;
	return true;
}

static bool read_bytes(struct etcd_grpc_message *m, struct etcd_grpc_message *ret)
{
	uint64_t n;
	if (!read_varint(m, &n))
		return false;
	if (n > (uint64_t)(m->end - m->p))
		return fail(m, "field is longer than its message");
	*ret = (struct etcd_grpc_message){.p = m->p, .end = m->p + n};
	m->p += n;
	return true;
}

/* False at the end, and when it is wrong. */
static bool next_field(struct etcd_grpc_message *m, struct etcd_grpc_field *f)
{
	uint64_t tag;
	if (m->p == m->end || !read_varint(m, &tag))
		return false;
	if (tag >> 3 == 0 || tag >> 32)
		return fail(m, "not a field");
	f->number = (unsigned)(tag >> 3);
	f->type = tag & 7;
	switch (f->type) {
	case VARINT:
		return read_varint(m, &f->v);
	case FIXED64:
		return read_fixed(m, 8, &f->v);
	case FIXED32:
		return read_fixed(m, 4, &f->v);
	case BYTES:
		return read_bytes(m, &f->m);
	default: /* groups are older than etcd */
		return fail(m, "unknown type of field");
	}
}

static bool is(const struct etcd_grpc_field *f, unsigned number, unsigned type)
{
	return f->number == number && f->type == type;
}

static struct etcd_wire_slice text(const struct etcd_grpc_field *f)
{
	return (struct etcd_wire_slice){(const char *)f->m.p, (size_t)(f->m.end - f->m.p)};
}

static struct etcd_grpc_message message(const char *p, size_t n)
{
	return (struct etcd_grpc_message){.p = (const unsigned char *)p, .end = (const unsigned char *)p + n};
}

/* What is nested failed: so has what it is in. */
static void inherit(struct etcd_grpc_message *m, const struct etcd_grpc_message *nested)
{
	if (nested->error)
		fail(m, nested->error);
}

static int finish(const struct etcd_grpc_message *m, struct err *err)
{
	if (!m->error)
		return 0;
	return err_set(err, REASON_UNAVAILABLE, "etcd: reply is not understood: %s", m->error);
}

/* ResponseHeader {3: revision} */
static void read_header(struct etcd_grpc_message *m, struct etcd_grpc_field *f, uint64_t *revision)
{
	struct etcd_grpc_field h;
	while (next_field(&f->m, &h))
		if (is(&h, 3, VARINT))
			*revision = h.v;
	inherit(m, &f->m);
}

/* KeyValue {1: key, 2: create_revision, 3: mod_revision, 5: value} */
static void read_kv(struct etcd_grpc_message *m, struct etcd_grpc_field *f, struct etcd_wire_kv *kv)
{
	struct etcd_grpc_field k;
	while (next_field(&f->m, &k)) {
		if (is(&k, 1, BYTES))
			kv->key = text(&k);
		else if (is(&k, 5, BYTES))
			kv->value = text(&k);
		else if (is(&k, 2, VARINT))
			kv->create_rev = k.v;
		else if (is(&k, 3, VARINT))
			kv->mod_rev = k.v;
	}
	inherit(m, &f->m);
}

/* TxnResponse {1: header, 2: succeeded} */
static int read_txn(const char *p, size_t n, struct etcd_wire_txn_reply *ret, struct err *err)
{
	struct etcd_wire_txn_reply r = {0};
	struct etcd_grpc_message m = message(p, n);
	struct etcd_grpc_field f = {0};
	while (next_field(&m, &f)) {
		if (is(&f, 1, BYTES))
			read_header(&m, &f, &r.revision);
		else if (is(&f, 2, VARINT))
			r.succeeded = f.v;
	}
	if (finish(&m, err) < 0)
		return -1;
	*ret = r;
	return 0;
}

/* LeaseGrantResponse {1: header, 2: ID, 3: TTL} */
static int read_grant(const char *p, size_t n, struct etcd_wire_grant_reply *ret, struct err *err)
{
	struct etcd_grpc_message m = message(p, n);
	struct etcd_grpc_field f = {0};
	*ret = (struct etcd_wire_grant_reply){0};
	while (next_field(&m, &f)) {
		if (is(&f, 2, VARINT))
			ret->lease = f.v;
		else if (is(&f, 3, VARINT))
			ret->ttl_s = f.v;
	}
	return finish(&m, err);
}

/* StatusResponse {1: header, 2: version, 3: dbSize} */
static int read_status(const char *p, size_t n, struct etcd_wire_status_reply *ret, struct err *err)
{
	struct etcd_grpc_message m = message(p, n);
	struct etcd_grpc_field f = {0};
	*ret = (struct etcd_wire_status_reply){0};
	while (next_field(&m, &f))
		if (is(&f, 3, VARINT))
			ret->db_size = f.v;
	return finish(&m, err);
}

/* RangeResponse {1: header, 2: kvs, 3: more, 4: count} */
static int read_range(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
		      struct etcd_wire_range_reply *ret, struct err *err)
{
	struct etcd_wire_range_reply r = {0};
	struct etcd_grpc_message m = message(p, n);
	struct etcd_grpc_field f = {0};
	while (next_field(&m, &f)) {
		struct etcd_wire_kv kv = {{"", 0}, {"", 0}, 0, 0, false};
		if (is(&f, 1, BYTES)) {
			read_header(&m, &f, &r.revision);
		} else if (is(&f, 2, BYTES) && each) {
			read_kv(&m, &f, &kv);
			if (!m.error && each(arg, &kv, err) < 0)
				return -1;
		} else if (is(&f, 3, VARINT)) {
			r.more = f.v;
		} else if (is(&f, 4, VARINT)) {
			r.count = f.v;
		}
	}
	if (finish(&m, err) < 0)
		return -1;
	*ret = r;
	return 0;
}

/* Event {1: type (1: DELETE), 2: kv} */
static void read_event(struct etcd_grpc_message *m, struct etcd_grpc_field *f, struct etcd_wire_kv *kv)
{
	struct etcd_grpc_field e = {0};
	while (next_field(&f->m, &e)) {
		if (is(&e, 1, VARINT))
			kv->deleted = e.v == 1;
		else if (is(&e, 2, BYTES))
			read_kv(&f->m, &e, kv);
	}
	inherit(m, &f->m);
}

/* WatchResponse {1: header, 3: created, 4: canceled, 5: compact_revision, 6: cancel_reason, 7: fragment, 11: events} */
static int read_watch(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
		      struct etcd_wire_watch_reply *ret, struct err *err)
{
	struct etcd_grpc_message m = message(p, n);
	struct etcd_grpc_field f = {0};
	*ret = (struct etcd_wire_watch_reply){0};
	while (next_field(&m, &f)) {
		struct etcd_wire_kv kv = {{"", 0}, {"", 0}, 0, 0, false};
		if (is(&f, 1, BYTES)) {
			read_header(&m, &f, &ret->revision);
		} else if (is(&f, 3, VARINT)) {
			ret->created = f.v;
		} else if (is(&f, 4, VARINT)) {
			ret->canceled = f.v;
		} else if (is(&f, 5, VARINT)) {
			ret->compact_revision = f.v;
		} else if (is(&f, 6, BYTES)) {
			ret->why = text(&f);
		} else if (is(&f, 7, VARINT)) {
			ret->fragment = f.v;
		} else if (is(&f, 11, BYTES)) {
			read_event(&m, &f, &kv);
			if (!m.error && each(arg, &kv, err) < 0)
				return -1;
		}
	}
	return finish(&m, err);
}

/* ---- gRPC ---- */

static size_t message_len(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (size_t)u[1] << 24 | (size_t)u[2] << 16 | (size_t)u[3] << 8 | u[4];
}

static bool whole(const struct buf *b)
{
	return b->len >= PREFIX && !b->p[0] && message_len(b->p) == b->len - PREFIX;
}

/* The status stands in the trailers. Where they were lost a whole message is an answer all the same: etcd sends none with an
   error. */
static int judge(const struct http_reply *r, struct etcd_wire_slice *ret, struct err *err)
{
	char *end;
	long code = strtol(r->grpc_status, &end, 10);
	if (code)
		return err_set(err, etcd_wire_reason(code), "etcd: %s",
			       *r->grpc_message ? r->grpc_message : "gRPC error without a message");
	if (r->status != 200 || !whole(&r->body))
		return err_set(err, REASON_UNAVAILABLE, "etcd: HTTP status %d%s without a message", r->status,
			       end == r->grpc_status ? "" : " and gRPC status 0");
	*ret = (struct etcd_wire_slice){r->body.p + PREFIX, r->body.len - PREFIX};
	return 0;
}

/* As many messages of [p, p + n) as are complete; *ret_used bytes are done with. */
static enum lines_result cut(const char *p, size_t n, size_t max, size_t *ret_used, lines_fn *each, void *arg)
{
	size_t at = 0;
	enum lines_result rc = LINES_OK;
	while (rc == LINES_OK && n - at >= PREFIX) {
		size_t len = message_len(p + at);
		if (len > max || p[at]) /* compressed: nobody asked for it */
			return LINES_TOO_LONG;
		if (n - at - PREFIX < len)
			break;
		at += PREFIX + len;
		rc = each(arg, p + at - len, len) ? LINES_OK : LINES_STOPPED;
	}
	*ret_used = at;
	return rc;
}

/* What came before is joined with as much of the new as completes its message; the rest is cut where it lies. */
static enum lines_result feed(struct lines *l, const char *p, size_t n, lines_fn *each, void *arg)
{
	struct buf *part = &l->partial;
	size_t used = 0, max = part->max - PREFIX;
	enum lines_result rc = LINES_OK;
	while (part->len && n) {
		size_t want = PREFIX;
		if (part->len >= PREFIX) {
			if (message_len(part->p) > max || part->p[0])
				return LINES_TOO_LONG;
			want += message_len(part->p);
		}
		size_t take = want - part->len < n ? want - part->len : n;
		buf_add(part, p, take);
		p += take;
		n -= take;
		if (part->len < want)
			return LINES_OK;
		rc = cut(part->p, part->len, max, &used, each, arg);
		if (rc != LINES_OK)
			return rc;
		if (used)
			buf_clear(part);
	}
	if (n)
		rc = cut(p, n, max, &used, each, arg);
	if (rc == LINES_OK && n > used)
		buf_add(part, p + used, n - used);
	return rc;
}

static int decode(struct buf *out, struct etcd_wire_slice t, struct err *err)
{
	(void)err;
	buf_add(out, t.p, t.n);
	return 0;
}

/* A member without a leader says so instead of keeping silent. */
static const char *const headers[] = {"Content-Type: application/grpc", "TE: trailers", "hasleader: true",
				      NULL};

/* One connection carries all; the others are for a server that comes while the connection to the last one ends. curl opens
   another one from 100 streams on. */
const struct etcd_wire etcd_grpc = {
	.name = "grpc",
	.http2 = true,
	.connections = 4,
	.in_flight = 96,
	.paths = {[ETCD_WIRE_RANGE] = "/etcdserverpb.KV/Range",
		  [ETCD_WIRE_TXN] = "/etcdserverpb.KV/Txn",
		  [ETCD_WIRE_COMPACT] = "/etcdserverpb.KV/Compact",
		  [ETCD_WIRE_WATCH] = "/etcdserverpb.Watch/Watch",
		  [ETCD_WIRE_GRANT] = "/etcdserverpb.Lease/LeaseGrant",
		  [ETCD_WIRE_STATUS] = "/etcdserverpb.Maintenance/Status"},
	.headers = headers,
	.txn = write_txn,
	.range = write_range,
	.watch = write_watch,
	.compact = write_compact,
	.grant = write_grant,
	.status = write_status,
	.judge = judge,
	.read_txn = read_txn,
	.read_range = read_range,
	.read_grant = read_grant,
	.read_status = read_status,
	.read_watch = read_watch,
	.feed = feed,
	.decode = decode,
};

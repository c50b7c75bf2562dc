/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_wire_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct etcd_wire *const wire = &etcd_grpc;

#define BYTES(s) s, sizeof(s) - 1

static void same(struct buf *got, const char *want, size_t n)
{
	assert_int_equal(got->len, n);
	assert_memory_equal(got->p, want, n);
	buf_release(got);
}

/* The bytes are protoc's of the same messages. */
static void requests_are_protobuf(void **state)
{
	struct buf b = BUF_INIT;
	struct etcd_wire_txn_texts t = wire->txn(&b, "/k", "value", 5, 300, 0);
	assert_memory_equal(b.p + t.key, "/k", t.key_len);
	assert_memory_equal(b.p + t.value, "value", t.value_len);
	same(&b, BYTES("\0\0\0\0\x1a"
		       "\x0a\x09\x10\x02\x1a\x02/k\x30\xac\x02"
		       "\x12\x0d\x12\x0b\x0a\x02/k\x12\x05value"));
	t = wire->txn(&b, "/k", NULL, 0, 1, 7);
	assert_int_equal(t.value_len, 0);
	same(&b, BYTES("\0\0\0\0\x12"
		       "\x0a\x08\x10\x02\x1a\x02/k\x30\x01"
		       "\x12\x06\x1a\x04\x0a\x02/k"));
	t = wire->txn(&b, "/k", "v", 1, 1, 300); /* gone with its lease */
	assert_memory_equal(b.p + t.value, "v", t.value_len);
	same(&b, BYTES("\0\0\0\0\x18"
		       "\x0a\x08\x10\x02\x1a\x02/k\x30\x01"
		       "\x12\x0c\x12\x0a\x0a\x02/k\x12\x01v\x18\xac\x02"));
	wire->txn(&b, "/k", "", 0, 0, 0); /* absent: the 0 is written all the same */
	same(&b, BYTES("\0\0\0\0\x14"
		       "\x0a\x08\x10\x02\x1a\x02/k\x30\0"
		       "\x12\x08\x12\x06\x0a\x02/k\x12\0"));
	wire->range(&b, "/a", 3, "/b", 500, 7);
	same(&b, BYTES("\0\0\0\0\x0e\x0a\x03/a\0\x12\x02/b\x18\xf4\x03\x20\x07"));
	wire->range(&b, "/a", 2, NULL, 0, 0);
	same(&b, BYTES("\0\0\0\0\x06\x0a\x02/a\x48\x01"));
	wire->watch(&b, 9);
	same(&b, BYTES("\0\0\0\0\x0c\x0a\x0a\x0a\x01\0\x12\x01\0\x18\x09\x40\x01"));
	wire->compact(&b, 128);
	same(&b, BYTES("\0\0\0\0\x03\x08\x80\x01"));
	wire->grant(&b, 3660);
	same(&b, BYTES("\0\0\0\0\x03\x08\xcc\x1c"));
	wire->status(&b);
	same(&b, BYTES("\0\0\0\0\0"));
}

struct seen {
	struct etcd_wire_kv kv[4];
	size_t n, stop_at;
};

static int see(void *arg, const struct etcd_wire_kv *kv, struct err *err)
{
	struct seen *s = arg;
	s->kv[s->n++] = *kv;
	return s->n == s->stop_at ? err_set(err, REASON_INTERNAL, "enough") : 0;
}

static void replies_are_read(void **state)
{
	struct err err = ERR_INIT;
	struct etcd_wire_txn_reply txn;
	struct etcd_wire_range_reply range;
	struct etcd_wire_watch_reply w;
	struct seen s = {.n = 0};
	/* cluster and member are of other types than one would think, and fields nobody knows are skipped */
	static const char ok[] = "\x0a\x0e\x09zzzzzzzz\x18\xe9\x07\x20\x02\x10\x01\x1a\0\xf8\x07\x05";
	assert_int_equal(wire->read_txn(BYTES(ok), &txn, &err), 0);
	assert_true(txn.succeeded && txn.revision == 1001);
	static const char two[] =
		"\x0a\x02\x18\x09\x12\x0b\x0a\x02/a\x10\x03\x18\x04\x2a\x01x\x12\x06\x0a\x02/b\x18\x05\x18\x01\x20\x63";
	assert_int_equal(wire->read_range(BYTES(two), see, &s, &range, &err), 0);
	assert_true(range.more && range.count == 99 && range.revision == 9);
	assert_int_equal(s.n, 2);
	assert_memory_equal(s.kv[0].key.p, "/a", 2);
	assert_true(s.kv[0].create_rev == 3 && s.kv[0].mod_rev == 4 && s.kv[0].value.n == 1);
	assert_true(s.kv[1].mod_rev == 5 && s.kv[1].value.p && !s.kv[1].value.n);
	s = (struct seen){.stop_at = 1};
	assert_int_equal(wire->read_range(BYTES(two), see, &s, &range, &err), -1);
	assert_int_equal(err.reason, REASON_INTERNAL);
	static const char events[] =
		"\x0a\x02\x18\x09\x5a\x08\x12\x06\x0a\x02/a\x18\x08\x5a\x0a\x08\x01\x12\x06\x0a\x02/b\x18\x09";
	s = (struct seen){.n = 0};
	assert_int_equal(wire->read_watch(BYTES(events), see, &s, &w, &err), 0);
	assert_true(s.n == 2 && !s.kv[0].deleted && s.kv[1].deleted && s.kv[1].mod_rev == 9);
	assert_true(!w.created && !w.canceled && !w.compact_revision && w.revision == 9);
	assert_int_equal(wire->read_watch(BYTES("\x18\x01\x20\x01\x28\x2a"), see, &s, &w, &err), 0);
	assert_true(!w.fragment && w.created && w.canceled && w.compact_revision == 42 && !w.why.n);
	assert_int_equal(wire->read_watch(BYTES("\x20\x01\x32\x02no"), see, &s, &w, &err), 0);
	assert_true(w.why.n == 2 && memcmp(w.why.p, "no", 2) == 0);
	struct etcd_wire_grant_reply grant;
	assert_int_equal(wire->read_grant(BYTES("\x0a\x02\x18\x09\x10\xac\x02\x18\x3c\x22\0"), &grant, &err),
			 0);
	assert_true(grant.lease == 300 && grant.ttl_s == 60);
	struct etcd_wire_status_reply status;
	assert_int_equal(wire->read_status(BYTES("\x0a\x02\x18\x09\x12\x03"
						 "3.4\x18\x80\x20\x20\x07"),
					   &status, &err),
			 0);
	assert_int_equal(status.db_size, 4096);
}

static void what_is_no_protobuf_is_refused(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} rows[] = {
		{BYTES("\x0a")},					     /* a length is missing */
		{BYTES("\x0a\x05\x18\x01")},				     /* longer than its message */
		{BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},     /* far longer */
		{BYTES("\x10\x80")},					     /* a number ends too early */
		{BYTES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}, /* too long */
		{BYTES("\x03\x01")},					     /* a field without a number */
		{BYTES("\x0b\x0c")},					     /* a group */
		{BYTES("\x09\x01\x02")},     /* a fixed number ends too early */
		{BYTES("\x0a\x02\x18\x80")}, /* inside the header */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct etcd_wire_txn_reply txn;
		struct etcd_wire_range_reply range;
		struct etcd_wire_watch_reply w;
		struct etcd_wire_grant_reply grant;
		struct etcd_wire_status_reply status;
		struct seen s = {.n = 0};
		struct err err = ERR_INIT;
		/* Whose header nobody needs does not look into it. */
		bool nested = i == ARRAY_LEN(rows) - 1;
		if (!nested && (wire->read_grant(rows[i].p, rows[i].n, &grant, &err) == 0 ||
				wire->read_status(rows[i].p, rows[i].n, &status, &err) == 0))
			fail_msg("row %zu was accepted", i);
		if (wire->read_txn(rows[i].p, rows[i].n, &txn, &err) == 0 ||
		    wire->read_range(rows[i].p, rows[i].n, see, &s, &range, &err) == 0 ||
		    wire->read_watch(rows[i].p, rows[i].n, see, &s, &w, &err) == 0)
			fail_msg("row %zu was accepted", i);
		assert_int_equal(err.reason, REASON_UNAVAILABLE);
	}
}

static void the_status_stands_in_the_trailers(void **state)
{
	static const struct {
		const char *status, *message, *body;
		size_t n;
		enum reason reason;
	} rows[] = {
		{"0", "", BYTES("\0\0\0\0\x02\x10\x01"), REASON_NONE},
		{"0", "", BYTES("\0\0\0\0\0"), REASON_NONE},
		{"", "", BYTES("\0\0\0\0\x02\x10\x01"), REASON_NONE},	 /* the trailers were lost */
		{"", "", BYTES("\0\0\0\0\x02\x10"), REASON_UNAVAILABLE}, /* cut off */
		{"0", "", BYTES("\0\0\0\0\x03\x10\x01"), REASON_UNAVAILABLE},
		{"0", "", BYTES("\1\0\0\0\x02\x10\x01"), REASON_UNAVAILABLE}, /* compressed */
		{"0", "", BYTES(""), REASON_UNAVAILABLE},
		{"4", "context deadline exceeded", BYTES(""), REASON_TIMEOUT},
		{"3", "etcdserver: request is too large", BYTES(""), REASON_TOO_LARGE},
		{"11", "etcdserver: mvcc: required revision has been compacted", BYTES(""), REASON_EXPIRED},
		{"14", "etcdserver: no leader", BYTES(""), REASON_UNAVAILABLE},
		{"8", "etcdserver: mvcc: database space exceeded", BYTES(""), REASON_INTERNAL},
		{"5", "etcdserver: requested lease not found", BYTES(""), REASON_NOT_FOUND},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_reply r = {.status = 200};
		struct etcd_wire_slice m;
		struct err err = ERR_INIT;
		snprintf(r.grpc_status, sizeof(r.grpc_status), "%s", rows[i].status);
		snprintf(r.grpc_message, sizeof(r.grpc_message), "%s", rows[i].message);
		buf_add(&r.body, rows[i].body, rows[i].n);
		assert_int_equal(wire->judge(&r, &m, &err), rows[i].reason == REASON_NONE ? 0 : -1);
		assert_int_equal(err.reason, rows[i].reason);
		if (rows[i].reason == REASON_NONE)
			assert_int_equal(m.n, rows[i].n - 5);
		else if (*rows[i].message)
			assert_non_null(strstr(err.msg, rows[i].message));
		buf_release(&r.body);
	}
}

struct cuts {
	struct buf all;
	size_t n;
};

static bool take(void *arg, const char *p, size_t n)
{
	struct cuts *c = arg;
	buf_add(&c->all, p, n);
	buf_addc(&c->all, '|');
	c->n++;
	return n != 4; /* four bytes stop */
}

/* However the stream is cut, byte by byte too. */
static void a_stream_is_cut_into_messages(void **state)
{
	static const char stream[] = "\0\0\0\0\x02"
				     "ab"
				     "\0\0\0\0\0"
				     "\0\0\0\0\x06"
				     "cdefgh"
				     "\0\0\0\0\x01"
				     "i";
	for (size_t step = 1; step < sizeof(stream); step++) {
		struct lines l = LINES_INIT(20);
		struct cuts c = {.n = 0};
		for (size_t at = 0; at < sizeof(stream) - 1; at += step) {
			size_t n = sizeof(stream) - 1 - at < step ? sizeof(stream) - 1 - at : step;
			assert_int_equal(wire->feed(&l, stream + at, n, take, &c), LINES_OK);
		}
		assert_string_equal(buf_str(&c.all), "ab||cdefgh|i|");
		buf_release(&c.all);
		lines_release(&l);
	}
	struct lines l = LINES_INIT(20);
	struct cuts c = {.n = 0};
	assert_int_equal(wire->feed(&l,
				    BYTES("\0\0\0\0\x04"
					  "abcd"
					  "\0\0\0\0\0"),
				    take, &c),
			 LINES_STOPPED);
	assert_int_equal(c.n, 1);
	lines_clear(&l);
	assert_int_equal(wire->feed(&l, BYTES("\0\0\0\0\x10"), take, &c),
			 LINES_TOO_LONG); /* 16 and 5 are more than 20 */
	lines_clear(&l);
	assert_int_equal(wire->feed(&l, BYTES("\0\0\1"), take, &c), LINES_OK);
	assert_int_equal(wire->feed(&l, BYTES("\0\0x"), take, &c), LINES_TOO_LONG);
	lines_clear(&l);
	assert_int_equal(wire->feed(&l, BYTES("\1\0\0\0\0"), take, &c), LINES_TOO_LONG); /* compressed */
	lines_release(&l);
	buf_release(&c.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_protobuf),
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(what_is_no_protobuf_is_refused),
		cmocka_unit_test(the_status_stands_in_the_trailers),
		cmocka_unit_test(a_stream_is_cut_into_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A log as messages: what is agreed upon, the greeting, both encodings, and every way in which it ends. */
#include "rest/log/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: "

/* A log of which so much is there. */
struct log {
	struct response_stream stream;
	const char *text;
	size_t left;
	long then; /* 0, -1, -2 */
	unsigned closed;
};

static long log_read(void *arg, char *p, size_t max)
{
	struct log *l = arg;
	size_t n = l->left < max ? l->left : max;
	memcpy(p, l->text, n);
	l->text += n;
	l->left -= n;
	return n ? (long)n : l->then;
}

static void log_close(void *arg)
{
	struct log *l = arg;
	l->closed++;
}

static void log_init(struct log *l, const char *text, long then)
{
	*l = (struct log){.text = text, .left = strlen(text), .then = then};
	l->stream = (struct response_stream){.read = log_read, .close = log_close, .arg = l};
}

static void answer(struct response *rs, struct log *l, const char *key, const char *version,
		   const char *offer)
{
	autofree struct upgrade *u = upgrade_new();
	const struct request rq = {.upgrade = u};
	upgrade_take(u, "Sec-WebSocket-Key", key);
	upgrade_take(u, "Sec-WebSocket-Version", version);
	if (offer)
		upgrade_take(u, "Sec-WebSocket-Protocol", offer);
	*rs = (struct response){0};
	messages_answer(&rq, rs, &l->stream);
}

static void end(struct response *rs)
{
	rs->stream->close(rs->stream->arg);
	rs->stream = NULL;
	response_release(rs);
}

static void agrees(void **state)
{
	static const struct {
		const char *key, *version, *offer;
		int status;
		const char *body;
	} rows[] = {
		{KEY, "13", NULL, 101, ACCEPT},
		{KEY, "13", "", 101, ACCEPT},
		{KEY, "13", "binary.k8s.io", 101, ACCEPT PROTOCOL "binary.k8s.io\r\n"},
		{KEY, "13", "x, base64.binary.k8s.io, binary.k8s.io", 101,
		 ACCEPT PROTOCOL "base64.binary.k8s.io\r\n"},
		{KEY, "13", "channel.k8s.io", 403, ""},
		{KEY, "8", "binary.k8s.io", 400, "missing or bad WebSocket Version"},
		{"", "13", "binary.k8s.io", 400, "mismatch challenge/response"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct response rs;
		struct log l;
		log_init(&l, "", 0);
		answer(&rs, &l, rows[i].key, rows[i].version, rows[i].offer);
		if (rs.status != rows[i].status || strcmp(buf_str(&rs.body), rows[i].body) != 0)
			fail_msg("row %zu: %d %s", i, rs.status, buf_str(&rs.body));
		assert_int_equal(rs.stream != NULL, rs.status == 101);
		assert_int_equal(l.closed, rs.status != 101);
		if (rs.stream)
			end(&rs);
		else
			response_release(&rs);
		assert_int_equal(l.closed, 1);
	}
}

/* Reads in pieces of that size until there is nothing; what the last read said. */
static long drain(struct response_stream *s, struct buf *out, size_t piece)
{
	autofree char *p = mem_alloc(piece);
	long n;
	while ((n = s->read(s->arg, p, piece)) > 0)
		buf_add(out, p, (size_t)n);
	return n;
}

static void says(const char *offer, const char *text, long then, const char *want, size_t n, long last)
{
	struct response rs;
	struct log l;
	autobuf struct buf out = BUF_INIT;
	log_init(&l, text, then);
	answer(&rs, &l, KEY, "13", offer);
	assert_int_equal(drain(rs.stream, &out, 16384), last);
	assert_int_equal(out.len, n);
	assert_memory_equal(buf_str(&out), want, n);
	end(&rs);
}

static void both_encodings(void **state)
{
	says("binary.k8s.io", "hello", -1, "\x82\x00\x82\x05hello\x88\x02\x03\xe8", 13, -1);
	says(NULL, "hello", -1, "\x82\x00\x82\x05hello\x88\x02\x03\xe8", 13, -1);
	says("base64.binary.k8s.io", "hello", -1,
	     "\x81\x00\x81\x08"
	     "aGVsbG8=\x88\x02\x03\xe8",
	     16, -1);
	says("binary.k8s.io", "", 0, "\x82\x00", 2, 0);
	says("binary.k8s.io", "hello", -2, "\x82\x00\x82\x05hello", 9, -2); /* no close: it broke off */
}

/* Any size of message, whatever room the reader has. */
static void long_ones(void **state)
{
	enum { TOTAL = 300000 };
	autofree char *text = mem_alloc(TOTAL + 1);
	static const size_t pieces[] = {1, 7, 16384, 1 << 20};
	for (size_t i = 0; i < TOTAL; i++)
		text[i] = (char)('a' + i % 26);
	text[TOTAL] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct response rs;
		struct log l;
		autobuf struct buf out = BUF_INIT, log = BUF_INIT;
		log_init(&l, text, -1);
		answer(&rs, &l, KEY, "13", "binary.k8s.io");
		assert_int_equal(drain(rs.stream, &out, pieces[i]), -1);
		size_t at = 0;
		while (at < out.len && (out.p[at] & 15) == 2) {
			const unsigned char *h = (const unsigned char *)out.p + at;
			size_t head = h[1] == 126 ? 4 : 2, n = h[1] == 126 ? (size_t)h[2] << 8 | h[3] : h[1];
			assert_int_equal(h[0], 0x82);
			buf_add(&log, h + head, n);
			at += head + n;
		}
		assert_int_equal(out.len - at, 4);
		assert_memory_equal(out.p + at, "\x88\x02\x03\xe8", 4);
		assert_string_equal(buf_str(&log), text);
		end(&rs);
	}
}

/* A ping is answered between two messages; a close ends it, and what the log still says is not said. */
static void the_client_speaks(void **state)
{
	struct response rs;
	struct log l;
	autobuf struct buf out = BUF_INIT;
	log_init(&l, "a", 0);
	answer(&rs, &l, KEY, "13", "binary.k8s.io");
	struct response_stream *s = rs.stream;
	assert_int_equal(drain(s, &out, 16384), 0);
	assert_int_equal(s->take(s->arg, "\x89\x82\0\0\0\0hi", 8), 8);
	assert_int_equal(s->take(s->arg, "\x82\x82\0\0\0\0hi", 8), 8); /* of no interest */
	buf_clear(&out);
	assert_int_equal(drain(s, &out, 16384), 0);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.p, "\x8a\x02hi", 4);
	buf_clear(&out);
	assert_int_equal(s->take(s->arg, "\x88\x82\0\0\0\0\x03\xe8", 8), 8);
	l.text = "more";
	l.left = 4;
	assert_int_equal(drain(s, &out, 16384), -1);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.p, "\x88\x02\x03\xe8", 4);
	end(&rs);
	assert_int_equal(l.closed, 1);
}

/* Whoever breaks the protocol is told so, and that was it. */
static void nonsense(void **state)
{
	struct response rs;
	struct log l;
	autobuf struct buf out = BUF_INIT;
	log_init(&l, "", 0);
	answer(&rs, &l, KEY, "13", NULL);
	struct response_stream *s = rs.stream;
	assert_int_equal(s->take(s->arg, "\xff\xff\xff\xff", 4), 4);
	assert_int_equal(drain(s, &out, 16384), -1);
	end(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees),    cmocka_unit_test(both_encodings),
		cmocka_unit_test(long_ones), cmocka_unit_test(the_client_speaks),
		cmocka_unit_test(nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of RFC 6455, byte by byte where they come from a client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "serve/websocket.h"

/* The example of RFC 6455, 1.3. */
static void accepts_a_key(void **state)
{
	autobuf struct buf b = BUF_INIT;
	websocket_accept(&b, "dGhlIHNhbXBsZSBub25jZQ==");
	assert_string_equal(buf_str(&b), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void a_head_is_as_short_as_it_can_be(void **state)
{
	static const struct {
		enum websocket_form form;
		uint64_t n;
		size_t len;
		const char *bytes;
	} rows[] = {
		{WEBSOCKET_TEXT, 0, 2, "\x81\x00"},
		{WEBSOCKET_TEXT, 125, 2, "\x81\x7d"},
		{WEBSOCKET_BINARY, 126, 4, "\x82\x7e\x00\x7e"},
		{WEBSOCKET_TEXT, 65535, 4, "\x81\x7e\xff\xff"},
		{WEBSOCKET_TEXT, 65536, 10, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char head[WEBSOCKET_HEAD_MAX];
		assert_int_equal(websocket_head(head, rows[i].form, rows[i].n), rows[i].len);
		assert_memory_equal(head, rows[i].bytes, rows[i].len);
	}
}

/* What a client says, in pieces of every size, and what is answered. */
static void hears_and_answers(void **state)
{
	static const struct {
		const char *in;
		size_t in_len;
		bool goes_on;
		const char *out;
		size_t out_len;
	} rows[] = {
		/* text, in two fragments: dropped */
		{"\x01\x82\x01\x02\x03\x04ik\x80\x81\x01\x02\x03\x04i", 15, true, "", 0},
		/* a ping between the fragments of a message */
		{"\x01\x80\x01\x02\x03\x04\x89\x82\x01\x02\x03\x04ik", 14, true, "\x8a\x02hi", 4},
		/* a close with 1000, which is repeated */
		{"\x88\x82\x00\x00\x00\x00\x03\xe8", 8, false, "\x88\x02\x03\xe8", 4},
		/* not masked, a reserved bit, an opcode that nobody knows: 1002; a ping that is too long: closed */
		{"\x81\x02hi", 4, false, "\x88\x02\x03\xea", 4},
		{"\xc1\x80\x01\x02\x03\x04", 6, false, "\x88\x02\x03\xea", 4},
		{"\x83\x80\x01\x02\x03\x04", 6, false, "\x88\x02\x03\xea", 4},
		{"\x89\xfe\x00\x7e\x01\x02\x03\x04", 8, false, "\x88\x00", 2},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t step = 1; step <= rows[i].in_len; step++) {
			struct websocket *ws = websocket_new();
			autobuf struct buf out = BUF_INIT;
			bool on = true;
			for (size_t at = 0; at < rows[i].in_len && on; at += step)
				on = websocket_take(ws, rows[i].in + at,
						    at + step < rows[i].in_len ? step : rows[i].in_len - at);
			websocket_say(ws, &out);
			if (on != rows[i].goes_on || out.len != rows[i].out_len ||
			    memcmp(buf_str(&out), rows[i].out, out.len) != 0)
				fail_msg("row %zu, %zu at a time: goes on %d, %zu bytes", i, step, on,
					 out.len);
			websocket_free(ws);
		}
}

static void keep(void *arg, const struct websocket_part *part)
{
	buf_addf(arg, "%s", part->first ? part->form == WEBSOCKET_TEXT ? "text " : "binary " : "");
	buf_add(arg, part->p, part->n);
	buf_adds(arg, part->last ? "; " : "");
}

/* Messages come in parts of any size, with a ping between two frames of one; one may be empty. */
static void messages_are_handed_on(void **state)
{
	static const char in[] = "\x01\x82\0\0\0\0he\x89\x81\0\0\0\0?\x80\x83\0\0\0\0llo"
				 "\x82\x80\0\0\0\0\x82\x81\0\0\0\0x";
	for (size_t step = 1; step < sizeof(in); step++) {
		struct websocket *ws = websocket_new();
		autobuf struct buf got = BUF_INIT;
		websocket_on_message(ws, keep, &got);
		for (size_t at = 0; at < sizeof(in) - 1; at += step)
			assert_true(websocket_take(ws, in + at,
						   at + step < sizeof(in) - 1 ? step : sizeof(in) - 1 - at));
		assert_string_equal(buf_str(&got), "text hello; binary ; binary x; ");
		websocket_free(ws);
	}
}

/* Whoever pings and does not read is given up before his answers fill the memory. */
static void answers_are_bounded(void **state)
{
	struct websocket *ws = websocket_new();
	autobuf struct buf flood = BUF_INIT;
	autobuf struct buf out = BUF_INIT;
	for (int i = 0; i < 10; i++)
		buf_add(&flood, "\x89\x80\x01\x02\x03\x04", 6);
	int rounds = 0;
	while (websocket_take(ws, flood.p, flood.len))
		assert_true(++rounds < 10000);
	websocket_say(ws, &out);
	assert_true(out.len < 80 * 1024);
	websocket_free(ws);
}

static void closes(void **state)
{
	struct websocket *ws = websocket_new();
	autobuf struct buf out = BUF_INIT;
	websocket_close(ws);
	websocket_close(ws); /* once is enough */
	websocket_say(ws, &out);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.p, "\x88\x02\x03\xe8", 4);
	websocket_free(ws);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_a_key),       cmocka_unit_test(a_head_is_as_short_as_it_can_be),
		cmocka_unit_test(hears_and_answers),   cmocka_unit_test(messages_are_handed_on),
		cmocka_unit_test(answers_are_bounded), cmocka_unit_test(closes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in each of their forms, in pieces of every size. */
#include "stream/mux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/client_test.h"

static struct buf heard;
static uint32_t talking;

static bool opened(void *arg, uint32_t stream, const struct spdy_headers *h)
{
	const char *type = spdy_header(h, "streamtype");
	buf_addf(&heard, "open %u %s; ", stream, type ? type : "-");
	return type != NULL;
}

/* Pieces of one stream belong together. */
static void said(void *arg, uint32_t stream, const char *p, size_t n)
{
	if (talking != stream || !heard.len)
		buf_addf(&heard, "%u:", stream);
	talking = stream;
	buf_add(&heard, p, n);
}

static void ended(void *arg, uint32_t stream)
{
	buf_addf(&heard, " end %u; ", stream);
	talking = 0;
}

static const struct mux_user user = {.opened = opened, .data = said, .ended = ended};

struct row {
	enum mux_form form;
	bool closes, goes_on;
	const char *heard, *answer; /* the answer of WebSockets, as client_hear reads it; NULL = any */
	struct buf bytes;
};

static void check(struct row *r)
{
	for (size_t step = 1; step <= r->bytes.len; step++) {
		struct mux *m = mux_new(r->form, &user, NULL);
		autobuf struct buf answer = BUF_INIT;
		bool on = true;
		buf_clear(&heard);
		talking = UINT32_MAX;
		if (r->closes)
			mux_closes_channels(m);
		for (size_t at = 0; at < r->bytes.len && on; at += step)
			on = mux_take(m, r->bytes.p + at,
				      at + step < r->bytes.len ? step : r->bytes.len - at);
		assert_int_equal(on, r->goes_on);
		assert_string_equal(buf_str(&heard), r->heard);
		if (r->answer) {
			client_hear(mux_out(m)->p, mux_out(m)->len, &answer);
			assert_string_equal(buf_str(&answer), r->answer);
		}
		mux_free(m);
	}
	buf_release(&r->bytes);
	buf_release(&heard);
}

static void channels(void **state)
{
	struct row r = {.form = MUX_BINARY, .goes_on = true, .heard = "0:abc4:{}0:defg", .answer = "10:?;"};
	client_say(&r.bytes, 0, "abc");
	client_frame(&r.bytes, 2, true, "", 0); /* says nothing */
	client_frame(&r.bytes, 9, true, "?", 1);
	client_say(&r.bytes, 4, "{}");
	client_frame(&r.bytes, 2, false, "\0de", 3);
	client_frame(&r.bytes, 0, true, "fg", 2);
	check(&r);
}

static void channels_that_close(void **state)
{
	struct row r = {.form = MUX_BINARY, .closes = true, .goes_on = true, .heard = "0:abc end 0; "};
	client_say(&r.bytes, 0, "abc");
	client_frame(&r.bytes, 2, true, "\xff\0", 2);
	check(&r);
	r = (struct row){
		.form = MUX_BINARY, .goes_on = true, .heard = "255:x"}; /* before v5 it is a channel */
	client_frame(&r.bytes, 2, true, "\xffx", 2);
	check(&r);
	r = (struct row){.form = MUX_BINARY, .closes = true, .heard = ""};
	client_frame(&r.bytes, 2, true, "\xff\0\1", 3);
	check(&r);
	r = (struct row){.form = MUX_BINARY, .closes = true, .heard = ""};
	client_frame(&r.bytes, 2, true, "\xff", 1);
	check(&r);
}

static void channels_in_base64(void **state)
{
	struct row r = {.form = MUX_BASE64, .goes_on = true, .heard = "0:abcd4:z"};
	client_frame(&r.bytes, 1, false, "0YW", 3);
	client_frame(&r.bytes, 0, true, "JjZA==", 6);
	client_frame(&r.bytes, 1, true, "0?", 2); /* does not decode: left out */
	client_frame(&r.bytes, 1, true, "4eg==", 5);
	check(&r);
	struct mux *m = mux_new(MUX_BASE64, &user, NULL);
	autobuf struct buf text = BUF_INIT;
	mux_send(m, 1, "abcd", 4);
	client_hear(mux_out(m)->p, mux_out(m)->len, &text);
	assert_string_equal(buf_str(&text), "1:1YWJjZA==;");
	mux_free(m);
}

static void a_message_of_base64_is_bounded(void **state)
{
	struct mux *m = mux_new(MUX_BASE64, &user, NULL);
	autobuf struct buf b = BUF_INIT, much = BUF_INIT;
	while (much.len <= MUX_BASE64_MAX + 8)
		buf_adds(&much, "AAAAAAAAAAAAAAAA");
	client_frame(&b, 1, true, much.p, much.len);
	assert_false(mux_take(m, b.p, b.len));
	mux_free(m);
}

static void put_spdy(struct buf *out)
{
	struct spdy *s = spdy_new();
	const struct spdy_headers none = {0};
	client_open(s, out, 1, "stdin");
	client_open(s, out, 1, "again");
	client_open(s, out, 4, "even");
	spdy_put_syn_stream(s, out, 5, &none);
	spdy_put_data(out, 1, "abc", 3, true);
	spdy_put_ping(out, 9);
	spdy_put_ping(out, 10);
	spdy_put_rst(out, 1, SPDY_CANCEL);
	spdy_free(s);
}

static void hear_answers(const char *p, size_t n, struct buf *out)
{
	struct spdy *s = spdy_new();
	struct spdy_frame f;
	struct err err = ERR_INIT;
	while (spdy_next(s, &p, &n, &f, &err) > 0)
		buf_addf(out, "%d %u %u; ", f.type, f.stream, f.value);
	spdy_free(s);
}

#define SPDY_HEARD "open 1 stdin; open 5 -; 1:abc end 1;  end 1; "
/* A reply; streams that may not be, refused; a ping. */
#define SPDY_ANSWERS "2 1 0; 3 1 1; 3 4 1; 3 5 3; 6 0 9; "

static void spdy(void **state)
{
	struct row r = {.form = MUX_SPDY, .goes_on = true, .heard = SPDY_HEARD};
	autobuf struct buf bytes = BUF_INIT, answers = BUF_INIT;
	put_spdy(&r.bytes);
	check(&r);
	put_spdy(&bytes);
	struct mux *m = mux_new(MUX_SPDY, &user, NULL);
	assert_true(mux_take(m, bytes.p, bytes.len));
	hear_answers(mux_out(m)->p, mux_out(m)->len, &answers);
	assert_string_equal(buf_str(&answers), SPDY_ANSWERS);
	buf_clear(mux_out(m));
	buf_clear(&answers);
	mux_send(m, 1, "x", 1);
	mux_end(m, 1);
	mux_close(m);
	hear_answers(mux_out(m)->p, mux_out(m)->len, &answers);
	assert_string_equal(buf_str(&answers), "0 1 0; 0 1 0; 7 0 0; ");
	mux_free(m);
	buf_release(&heard);
}

/* The same bytes in messages that begin and end anywhere. */
static void spdy_in_a_tunnel(void **state)
{
	struct row r = {.form = MUX_TUNNEL, .goes_on = true, .heard = SPDY_HEARD};
	autobuf struct buf bytes = BUF_INIT, answers = BUF_INIT, all = BUF_INIT;
	put_spdy(&bytes);
	client_frame(&r.bytes, 2, true, bytes.p, 11);
	client_frame(&r.bytes, 2, true, bytes.p + 11, bytes.len - 11);
	buf_add(&all, r.bytes.p, r.bytes.len);
	check(&r);
	struct mux *m = mux_new(MUX_TUNNEL, &user, NULL);
	assert_true(mux_take(m, all.p, all.len));
	mux_send(m, 1, "x", 1);
	/* Every message is binary; together they are the answers. */
	const char *p = mux_out(m)->p;
	for (size_t left = mux_out(m)->len, len; left; p += 2 + len, left -= 2 + len) {
		assert_int_equal(p[0], (char)0x82);
		len = (unsigned char)p[1];
		buf_add(&answers, p + 2, len);
	}
	autobuf struct buf text = BUF_INIT;
	hear_answers(answers.p, answers.len, &text);
	assert_string_equal(buf_str(&text), SPDY_ANSWERS "0 1 0; ");
	mux_free(m);
	buf_release(&heard);
}

static void nonsense_ends_it(void **state)
{
	struct mux *m = mux_new(MUX_SPDY, &user, NULL);
	assert_false(mux_take(m, "\x80\x02\0\0\0\0\0\0", 8));
	mux_free(m);
	m = mux_new(MUX_TUNNEL, &user, NULL);
	autobuf struct buf b = BUF_INIT;
	client_frame(&b, 2, true, "\x80\x02\0\0\0\0\0\0", 8);
	assert_false(mux_take(m, b.p, b.len));
	mux_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels),
		cmocka_unit_test(channels_that_close),
		cmocka_unit_test(channels_in_base64),
		cmocka_unit_test(a_message_of_base64_is_bounded),
		cmocka_unit_test(spdy),
		cmocka_unit_test(spdy_in_a_tunnel),
		cmocka_unit_test(nonsense_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

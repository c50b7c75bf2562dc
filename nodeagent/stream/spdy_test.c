/* SPDX-License-Identifier: Apache-2.0 */
/* Frames there and back, in pieces of every size, and frames that lie. */
#include "stream/spdy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* What was read, as text: "syn 1 streamtype=stdin; data 1 abc; fin 1; ". */
static bool hear(struct spdy *s, const char *p, size_t n, struct buf *out)
{
	struct spdy_frame f;
	struct err err = ERR_INIT;
	int rc;
	while ((rc = spdy_next(s, &p, &n, &f, &err)) > 0) {
		if (f.type == SPDY_DATA)
			buf_addf(out, "data %u %.*s; ", f.stream, (int)f.len, f.data);
		else
			buf_addf(out, "%d %u %u; ", f.type, f.stream, f.value);
		for (size_t i = 0; f.headers && i < f.headers->n; i++)
			buf_addf(out, "%s=%s; ", f.headers->v[i].name, f.headers->v[i].value);
		if (f.fin)
			buf_addf(out, "fin %u; ", f.stream);
	}
	assert_true(rc < 0 || n == 0);
	return rc == 0;
}

static void comes_back_as_it_went(void **state)
{
	struct spdy *from = spdy_new();
	autobuf struct buf wire = BUF_INIT;
	const struct spdy_headers h = {{{"streamtype", "error"}, {"port", "80"}, {"empty", ""}}, 3};
	const struct spdy_headers again = {{{"streamtype", "data"}}, 1};
	spdy_put_syn_stream(from, &wire, 1, &h);
	spdy_put_syn_stream(from, &wire, 3, &again); /* the same compressed stream */
	spdy_put_syn_reply(from, &wire, 3);
	spdy_put_ping(&wire, 7);
	spdy_put_data(&wire, 3, "x", 1, false);
	spdy_put_data(&wire, 3, "", 0, true);
	spdy_put_rst(&wire, 1, SPDY_CANCEL);
	spdy_put_goaway(&wire, 3);
	for (size_t step = 1; step <= wire.len; step++) {
		struct spdy *to = spdy_new();
		autobuf struct buf out = BUF_INIT;
		for (size_t at = 0; at < wire.len; at += step)
			assert_true(hear(to, wire.p + at, at + step < wire.len ? step : wire.len - at, &out));
		assert_string_equal(
			buf_str(&out),
			"1 1 0; streamtype=error; port=80; empty=; 1 3 0; streamtype=data; 2 3 0; 6 0 7; "
			"data 3 x; data 3 ; fin 3; 3 1 5; 7 0 0; ");
		spdy_free(to);
	}
	spdy_free(from);
}

/* Data of any length passes through at once; more than fits into a frame goes into several. */
static void data_is_not_kept(void **state)
{
	enum { MUCH = (1 << 24) + 5 };
	autobuf struct buf wire = BUF_INIT;
	struct spdy *s = spdy_new();
	struct spdy_frame f;
	struct err err = ERR_INIT;
	char *much = mem_alloc(MUCH);
	memset(much, 'm', MUCH);
	spdy_put_data(&wire, 5, much, MUCH, true);
	const char *p = wire.p;
	size_t n = 100, left = wire.len - n;
	assert_int_equal(spdy_next(s, &p, &n, &f, &err), 1);
	assert_int_equal(f.len, 92);
	assert_false(f.fin);
	size_t sum = f.len, frames = 1;
	n = left;
	while (spdy_next(s, &p, &n, &f, &err) > 0) {
		sum += f.len;
		assert_int_equal(f.fin, sum == MUCH);
		frames++;
	}
	assert_int_equal(sum, MUCH);
	assert_int_equal(frames, 3);
	free(much);
	spdy_free(s);
}

static void lies_are_seen(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"\x80\x02\x00\x06\x00\x00\x00\x04\0\0\0\1", 12}, /* another version */
		{"\x80\x03\x00\x05\x00\x00\x00\x04\0\0\0\1", 12}, /* a type that there is not */
		{"\x80\x03\x00\x63\x00\x00\x00\x04\0\0\0\1", 12},
		{"\x80\x03\x00\x00\x00\x00\x00\x04\0\0\0\1", 12},
		{"\x80\x03\x00\x06\x00\x00\x00\x03\0\0\1", 11},	    /* too short for what it is */
		{"\x80\x03\x00\x01\x00\xff\xff\xff", 8},	    /* longer than any */
		{"\x00\x00\x00\x00\x00\x00\x00\x01x", 9},	    /* data of no stream */
		{"\x80\x03\x00\x02\x00\x00\x00\x06\0\0\0\1zz", 14}, /* headers that are none */
		{"\x80\x03\x00\x02\x00\x00\x00\x04\0\0\0\1", 12},   /* no header block at all */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spdy *s = spdy_new();
		autobuf struct buf out = BUF_INIT;
		if (hear(s, rows[i].bytes, rows[i].n, &out))
			fail_msg("row %zu is believed: %s", i, buf_str(&out));
		spdy_free(s);
	}
}

static void finds_headers_by_name(void **state)
{
	const struct spdy_headers h = {{{"streamtype", "error"}, {"port", "80"}}, 2};
	assert_string_equal(spdy_header(&h, "Port"), "80");
	assert_null(spdy_header(&h, "requestid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_went),
		cmocka_unit_test(data_is_not_kept),
		cmocka_unit_test(lies_are_seen),
		cmocka_unit_test(finds_headers_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

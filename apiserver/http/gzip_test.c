/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out reads back as what went in, from bodies and streams of every length; and who gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "base/mem.h"
#include "http/gzip.h"

static void test_taken(void **state)
{
	static const struct {
		const char *header;
		bool taken;
	} v[] = {
		{NULL, false},
		{"", false},
		{"gzip", true},
		{"deflate, gzip;q=1.0, *;q=0.5", true},
		{"gzip ; q=0.001", true},
		{"gzip;q=0", false},
		{"gzip; q=0.000", false},
		{"identity", false},
		{"x-gzip", false},
		{"gzipped", false},
		{"*", false},
		{"br,GZIP", true},
		{",,gzip", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (gzip_is_taken(v[i].header) != v[i].taken)
			fail_msg("%s", v[i].header ? v[i].header : "none");
}

struct source {
	struct response_stream stream;
	size_t left, piece;
	bool closed;
	unsigned char next;
};

static void fill(char *p, size_t n, unsigned char *next)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)("kind,metadata:name"[*next % 18] + *next / 50), ++*next;
}

static long source_read(void *arg, char *p, size_t max)
{
	struct source *s = arg;
	size_t n = s->left < max ? s->left : max;
	n = n < s->piece ? n : s->piece;
	fill(p, n, &s->next);
	s->left -= n;
	return n ? (long)n : -1;
}

static void source_close(void *arg)
{
	((struct source *)arg)->closed = true;
}

static int wakes;
static void on_wake(struct response_waker *w)
{
	wakes++;
}

/* All of a stream, by a reader with room for `max`. */
static void drain(struct response *rs, size_t max, struct buf *out)
{
	struct response_waker waker = {on_wake};
	rs->stream->wake = &waker;
	for (;;) {
		buf_reserve(out, max);
		int before = wakes;
		long n = rs->stream->read(rs->stream->arg, out->p + out->len, max);
		if (n < 0)
			break;
		if (!n)
			assert_int_equal(wakes, before + 1);
		out->len += (size_t)n;
	}
}

static void inflates_to(const struct buf *packed, size_t n)
{
	autofree char *got = mem_alloc(n + 1), *want = mem_alloc(n + 1);
	unsigned char next = 0;
	z_stream z = {.next_in = (unsigned char *)packed->p,
		      .avail_in = (unsigned)packed->len,
		      .next_out = (unsigned char *)got,
		      .avail_out = (unsigned)n + 1};
	assert_int_equal(inflateInit2(&z, 31), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	assert_int_equal(z.total_out, n);
	fill(want, n, &next);
	assert_memory_equal(got, want, n);
}

static void test_bodies(void **state)
{
	static const size_t sizes[] = {GZIP_THRESHOLD + 1, 300 * 1024, 3 << 20};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct response rs = {.status = 200};
		autobuf struct buf out = BUF_INIT;
		unsigned char next = 0;
		buf_reserve(&rs.body, sizes[i]);
		fill(rs.body.p, sizes[i], &next);
		rs.body.len = sizes[i];
		wakes = 0;
		assert_true(gzip_response(&rs));
		assert_int_equal(rs.body.len, 0);
		drain(&rs, 16 * 1024, &out);
		inflates_to(&out, sizes[i]);
		assert_true(out.len < sizes[i] / 2);
		if (sizes[i] > 1 << 20)
			assert_true(wakes > 5); /* others had their turns */
		response_release(&rs);
	}
}

static void test_streams(void **state)
{
	static const struct {
		size_t size, piece;
	} v[] = {{GZIP_THRESHOLD + 1, 1 << 20}, {1 << 20, 10}, {1 << 20, 1 << 20}, {(3 << 20) + 7, 31337}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct source src = {.left = v[i].size, .piece = v[i].piece};
		struct response rs = {.status = 200, .stream = &src.stream, .finite = true};
		autobuf struct buf out = BUF_INIT;
		src.stream =
			(struct response_stream){.read = source_read, .close = source_close, .arg = &src};
		assert_true(gzip_response(&rs));
		drain(&rs, 100 * 1024, &out);
		inflates_to(&out, v[i].size);
		response_release(&rs);
		assert_true(src.closed);
	}
}

/* Small replies, and streams that wait for something, go as they are. */
static void test_left_alone(void **state)
{
	struct response small = {.status = 200};
	small.shared = (struct shared_bytes){.p = "x", .n = 1};
	assert_false(gzip_response(&small));
	struct source src = {.left = GZIP_THRESHOLD, .piece = 1000};
	struct response watch = {.status = 200, .stream = &src.stream};
	src.stream = (struct response_stream){.read = source_read, .close = source_close, .arg = &src};
	assert_false(gzip_response(&watch));
	assert_ptr_equal(watch.stream, &src.stream);
	struct response rs = {.status = 200, .stream = &src.stream, .finite = true};
	assert_false(gzip_response(&rs)); /* short: a body now */
	assert_null(rs.stream);
	assert_true(src.closed);
	assert_int_equal(rs.body.len, GZIP_THRESHOLD);
	response_release(&rs);
}

/* A client that leaves takes nothing with it; who comes when enough are under way gets plain bytes. */
static void test_bounded(void **state)
{
	autofree char *text = mem_alloc(GZIP_THRESHOLD + 1);
	struct response rs[GZIP_MAX + 1];
	memset(text, 'a', GZIP_THRESHOLD + 1);
	memset(rs, 0, sizeof(rs));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i <= GZIP_MAX; i++) {
			rs[i].shared = (struct shared_bytes){.p = text, .n = GZIP_THRESHOLD + 1};
			assert_int_equal(gzip_response(&rs[i]), i < GZIP_MAX);
		}
		assert_ptr_equal(rs[GZIP_MAX].shared.p, text);
		for (size_t i = 0; i <= GZIP_MAX; i++)
			response_release(&rs[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken), cmocka_unit_test(test_bodies),
					   cmocka_unit_test(test_streams), cmocka_unit_test(test_left_alone),
					   cmocka_unit_test(test_bounded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

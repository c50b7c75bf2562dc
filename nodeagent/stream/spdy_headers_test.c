/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks against zlib itself, with bombs. */
#include "stream/spdy_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zlib.h>

/* The checksum of the dictionary stands in the stream's head: another dictionary would not be SPDY/3's. */
static void the_dictionary_is_the_drafts(void **state)
{
	struct spdy_packer *k = spdy_packer_new();
	const struct spdy_headers none = {0};
	autobuf struct buf out = BUF_INIT;
	spdy_pack(k, &none, &out);
	assert_true(out.len > 6);
	assert_memory_equal(out.p + 2, "\xe3\xc6\xa7\xc2", 4);
	spdy_packer_free(k);
}

/* What SPDY's own parts are made of: a block of the plain bytes, compressed without a dictionary. */
static void pack_plain(const void *p, size_t n, struct buf *out)
{
	uLongf len = compressBound(n);
	buf_reserve(out, len);
	assert_int_equal(compress((unsigned char *)out->p, &len, p, n), Z_OK);
	out->len = len - 4; /* without the end, as in the middle of a stream */
}

static struct buf first; /* value */

static int unpack(const void *p, size_t n, struct spdy_headers *h)
{
	struct spdy_unpacker *u = spdy_unpacker_new();
	autobuf struct buf in = BUF_INIT;
	struct err err = ERR_INIT;
	pack_plain(p, n, &in);
	int rc = spdy_unpack(u, in.p, in.len, h, &err);
	buf_clear(&first);
	if (rc == 0 && h->n)
		buf_adds(&first, h->v[0].value);
	spdy_unpacker_free(u);
	return rc;
}

static void names_and_values_that_lie_are_refused(void **state)
{
	struct spdy_headers h;
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"\0\0", 2},
		{"\0\0\0\1", 4},
		{"\0\0\0\1\0\0\0\1a", 9},
		{"\0\0\0\1\0\0\0\2a\0\0\0\1b", 14},
		{"\0\0\0\1\0\0\0\1a\0\0\0\2b", 14},
		{"\0\0\0\1\0\0\0\1a\xff\xff\xff\xff"
		 "b",
		 14},
		{"\0\0\0\0x", 5},
		{"\xff\xff\xff\xff", 4},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (unpack(rows[i].bytes, rows[i].n, &h) == 0)
			fail_msg("row %zu is believed", i);
	assert_int_equal(unpack("\0\0\0\1\0\0\0\1a\0\0\0\3b\0c", 16, &h), 0);
	assert_string_equal(buf_str(&first), "b"); /* of two */
	buf_release(&first);
}

static void a_bomb_does_not_go_off(void **state)
{
	enum { BOMB = 8 << 20 };
	char *zeros = mem_zalloc(BOMB);
	struct spdy_headers h;
	assert_int_equal(unpack(zeros, BOMB, &h), -1);
	assert_int_equal(unpack(zeros, SPDY_HEADERS_MAX + 1, &h), -1);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dictionary_is_the_drafts),
		cmocka_unit_test(names_and_values_that_lie_are_refused),
		cmocka_unit_test(a_bomb_does_not_go_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

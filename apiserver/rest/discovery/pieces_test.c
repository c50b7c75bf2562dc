/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "rest/discovery/pieces.h"

static struct document *document_of(const char *text)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, text);
	return document_new(&b, NULL);
}

/* Of these, with empty ones between them. */
static struct pieces *three(struct document *shared)
{
	struct buf one = BUF_INIT, none = BUF_INIT;
	struct pieces *p = pieces_new();
	buf_adds(&one, "one,");
	pieces_add_bytes(p, &none);
	pieces_add_bytes(p, &one);
	pieces_add(p, document_ref(shared));
	pieces_add(p, document_of(""));
	pieces_add(p, document_of(",three"));
	pieces_add(p, document_of(""));
	return p;
}

/* However much the reader takes at a time. */
static void in_order(void **state)
{
	static const char want[] = "one,two,three";
	struct document *two = document_of("two");
	for (size_t max = 1; max < 20; max++) {
		struct response rs = {0};
		char got[64];
		size_t n = 0;
		pieces_respond(three(two), &rs);
		assert_int_equal(rs.status, 200);
		assert_true(rs.finite);
		for (long more; (more = rs.stream->read(rs.stream->arg, got + n, max)) > 0; n += (size_t)more)
			assert_true((size_t)more == max || n + (size_t)more == sizeof(want) - 1);
		assert_int_equal(n, sizeof(want) - 1);
		assert_memory_equal(got, want, n);
		assert_int_equal(rs.stream->read(rs.stream->arg, got, max), -1);
		response_release(&rs);
	}
	document_unref(two);
}

/* A client that goes away half-way, or never came. */
static void given_up(void **state)
{
	struct document *two = document_of("two");
	struct response rs = {0};
	char got[6];
	size_t n;
	pieces_respond(three(two), &rs);
	assert_int_equal(rs.stream->read(rs.stream->arg, got, sizeof(got)), sizeof(got));
	response_release(&rs);
	pieces_free(three(two));
	pieces_free(NULL);
	assert_memory_equal(document_bytes(two, &n), "two",
			    3); /* still ours alone: leaks are told of at the end */
	document_unref(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(given_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct sink {
	struct buf out;
	int stop_after;
};

static bool collect(void *arg, const char *line, size_t n)
{
	struct sink *s = arg;

	buf_addc(&s->out, '[');
	buf_add(&s->out, line, n);
	buf_addc(&s->out, ']');
	return --s->stop_after != 0;
}

static void test_every_cut(void **state)
{
	static const char text[] = "one\n\ntwo words\r\n\r\nthird\nrest";
	struct sink s = {.stop_after = -1};

	for (size_t step = 1; step < sizeof(text); step++) {
		struct lines l = LINES_INIT(100);

		buf_clear(&s.out);
		for (size_t i = 0; i < strlen(text); i += step) {
			size_t n = strlen(text) - i;

			assert_int_equal(lines_feed(&l, text + i, n < step ? n : step, collect, &s),
					 LINES_OK);
		}
		assert_string_equal(buf_str(&s.out), "[one][two words][third]");
		assert_string_equal(buf_str(&l.partial), "rest");
		lines_release(&l);
	}
	buf_release(&s.out);
}

static void test_stop_and_bound(void **state)
{
	struct lines l = LINES_INIT(5);
	struct sink s = {.stop_after = 2};

	assert_int_equal(lines_feed(&l, "a\nb\nc\n", 6, collect, &s), LINES_STOPPED);
	assert_string_equal(buf_str(&s.out), "[a][b]");
	assert_int_equal(lines_feed(&l, "12345\n", 6, collect, &s), LINES_OK);
	assert_int_equal(lines_feed(&l, "123456\n", 7, collect, &s), LINES_TOO_LONG);
	assert_int_equal(lines_feed(&l, "123", 3, collect, &s), LINES_OK);
	assert_int_equal(lines_feed(&l, "456", 3, collect, &s), LINES_TOO_LONG);
	lines_clear(&l);
	assert_int_equal(lines_feed(&l, "x\n", 2, collect, &s), LINES_OK);
	assert_string_equal(buf_str(&s.out), "[a][b][12345][x]");
	lines_release(&l);
	buf_release(&s.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_stop_and_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

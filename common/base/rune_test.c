/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/rune.h"

static void goes_through_text(void **state)
{
	const char *p = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9b\xb6\xff"
			"b\xe2\x82";
	static const unsigned want[] = {'a', 0xe9, 0x20ac, 0x1f6f6, 0xfffd, 'b', 0xfffd, 0xfffd};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(rune_next(&p), want[i]);
	assert_int_equal(*p, 0);
}

static void knows_what_is_printed(void **state)
{
	static const unsigned yes[] = {' ', 'a', '~', 0xa1, 0xe9, 0x4e2d, 0x1f6f6};
	static const unsigned no[] = {0, '\n', 0x7f, 0xa0, 0xad, 0x200b, 0x2028, 0x3000, 0xe000, 0xfeff};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(rune_is_printable(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(rune_is_printable(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_through_text),
		cmocka_unit_test(knows_what_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

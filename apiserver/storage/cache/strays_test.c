/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "storage/cache/storage_internal.h"

static void remembers_directories(void **state)
{
	struct strays s = {.any = false};
	assert_false(strays_have(&s, "sea.io/boats"));
	strays_note(&s, "sea.io/boats/default/a");
	strays_note(&s, "sea.io/boats/default/b");
	strays_note(&s, "alone");
	assert_true(strays_have(&s, "sea.io/boats"));
	assert_true(strays_have(&s, "sea.io"));
	assert_false(strays_have(&s, "sea.io/boat"));
	assert_false(strays_have(&s, "sea.io/boats/default"));
	assert_false(strays_have(&s, "alone"));
	assert_int_equal(map_len(&s.dirs), 2);
	strays_note_dir(&s, "land.io/carts");
	assert_true(strays_have(&s, "land.io/carts"));
	strays_release(&s);
}

/* Who fills the store with directories costs no more memory, only a reading of it. */
static void is_bounded(void **state)
{
	struct strays s = {.any = false};
	for (int i = 0; i < 5000; i++) {
		autofree char *key = mem_printf("g%d/r/ns/name", i);
		strays_note(&s, key);
	}
	assert_true(strays_have(&s, "never/seen"));
	assert_true(map_len(&s.dirs) < 2000);
	strays_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(remembers_directories),
					   cmocka_unit_test(is_bounded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

/* Pieces of every size keep their bytes while others follow: none overlaps another. */
static void test_pieces_do_not_overlap(void **state)
{
	static const size_t sizes[] = {1, 7, 16, 255, 256, 300, 1000, 5000, 40000, 3, 0, 64};
	struct piece {
		unsigned char *p;
		size_t n;
	} v[400];
	autoarena struct arena a = ARENA_INIT;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		v[i].n = sizes[i % ARRAY_LEN(sizes)];
		v[i].p = arena_alloc(&a, v[i].n);
		assert_int_equal((uintptr_t)v[i].p % alignof(max_align_t), 0);
		for (size_t k = 0; k < v[i].n; k++)
			assert_int_equal(v[i].p[k], 0);
		memset(v[i].p, (int)(i % 251) + 1, v[i].n);
		assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7"); /* unaligned ones between */
	}
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		for (size_t k = 0; k < v[i].n; k++)
			assert_int_equal(v[i].p[k], i % 251 + 1);
}

static void test_borrowed_memory_comes_first(void **state)
{
	alignas(max_align_t) char room[64];
	struct arena a = ARENA_INIT;
	memset(room, 0xff, sizeof(room));
	arena_borrow(&a, room, sizeof(room));
	char *in = arena_alloc(&a, 32);
	assert_ptr_equal(in, room);
	assert_int_equal(in[31], 0);
	char *s = arena_strdup(&a, "0123456789");
	assert_true(s > room && s < room + sizeof(room));
	char *out = arena_alloc(&a, 64);
	assert_true(out < room || out >= room + sizeof(room));
	assert_string_equal(s, "0123456789");
	arena_release(&a);
	assert_null(arena_strdup(&a, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces_do_not_overlap),
					   cmocka_unit_test(test_borrowed_memory_comes_first)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

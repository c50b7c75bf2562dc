/* SPDX-License-Identifier: Apache-2.0 */
/* The pool as libmicrohttpd calls it: what is kept, what moves, what is full, and what stays when memory goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "http/connmem_internal.h"

#define SIZE ((size_t)256 << 10)

static void test_both_ends(void **state)
{
	struct MemoryPool *p = MHD_pool_create(SIZE);
	size_t missing = 0;
	assert_int_equal(MHD_pool_get_free(p), SIZE);
	char *front = MHD_pool_reallocate(p, NULL, 0, 100), *back = MHD_pool_allocate(p, 10, true);
	assert_true(back > front + 100);
	assert_int_equal((uintptr_t)front % 16, 0);
	assert_int_equal((uintptr_t)back % 16, 0);
	strcpy(front, "front");
	strcpy(back, "back");
	assert_ptr_equal(MHD_pool_reallocate(p, front, 100, 1000),
			 front); /* the last one grows where it is */
	char *next = MHD_pool_reallocate(p, NULL, 0, 50);
	assert_true(next >= front + 1000);
	char *moved = MHD_pool_reallocate(p, front, 1000, 2000);
	assert_true(moved > next);
	assert_string_equal(moved, "front");
	assert_ptr_equal(MHD_pool_reallocate(p, next, 50, 20), next);
	assert_string_equal(back, "back");
	/* full */
	size_t left = MHD_pool_get_free(p);
	assert_null(MHD_pool_reallocate(p, moved, 2000, 2000 + left + 16));
	assert_null(MHD_pool_reallocate(p, NULL, 0, left + 16));
	assert_null(MHD_pool_allocate(p, SIZE_MAX, true));
	assert_null(MHD_pool_reallocate(p, moved, 2000, SIZE_MAX));
	assert_null(MHD_pool_try_alloc(p, left + 16, &missing));
	assert_int_equal(missing, 16);
	assert_null(MHD_pool_try_alloc(p, SIZE_MAX - 3, &missing));
	assert_true(missing == SIZE_MAX);
	assert_non_null(MHD_pool_try_alloc(p, left, &missing));
	assert_int_equal(MHD_pool_get_free(p), 0);
	MHD_pool_destroy(p);
	MHD_pool_destroy(NULL);
}

static void test_reset(void **state)
{
	struct MemoryPool *p = MHD_pool_create(SIZE);
	for (size_t round = 0; round < 2; round++) { /* after a short request and after a long one */
		size_t at = round ? 100000 : 100;
		char *in = MHD_pool_reallocate(p, NULL, 0, 2 * at);
		memset(in, 'x', at);
		memcpy(in + at, "the next one", 12);
		MHD_pool_allocate(p, 1000, true);
		char *kept = MHD_pool_reset(p, in + at, 12, SIZE / 2);
		assert_memory_equal(kept, "the next one", 12);
		assert_int_equal(MHD_pool_get_free(p), SIZE / 2);
		assert_int_equal(kept[8192], 0);
		assert_ptr_equal(MHD_pool_reset(p, NULL, 0, 0), kept);
	}
	MHD_pool_destroy(p);
}

/* What was read behind the request stays where it is. */
static void test_drop(void **state)
{
	struct MemoryPool *p = MHD_pool_create(SIZE);
	char *in = MHD_pool_reallocate(p, NULL, 0, SIZE / 2);
	memset(in, 'x', 20000);
	assert_ptr_equal(MHD_pool_reallocate(p, in + 10000, SIZE / 2 - 10000, 10), in + 10000);
	char *out = MHD_pool_reallocate(p, NULL, 0, 10000);
	memset(out, 'y', 10000);
	connmem_drop(p);
	assert_memory_equal(in + 10000, "xxxxxxxxxx", 10);
	assert_int_equal(in[0], 0);
	assert_int_equal(out[8000], 0);
	MHD_pool_reallocate(p, in + 10000, 10, 0); /* not the first buffer's any more: that has ended */
	in = MHD_pool_reset(p, NULL, 0, SIZE / 2);
	memset(in, 'x', 20000);
	MHD_pool_reallocate(p, in + 20000, SIZE / 2 - 20000, 0);
	connmem_drop(p);
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(in[i], 0);
	MHD_pool_destroy(p);
}

static void test_user(void **state)
{
	int ann, bob;
	struct MemoryPool *anns = NULL, *bobs = NULL, *none = NULL;
	struct MemoryPool *a = MHD_pool_create(SIZE);
	assert_true(connmem_adopt(&ann, &anns));
	assert_ptr_equal(anns, a);
	struct MemoryPool *b = MHD_pool_create(SIZE);
	assert_true(connmem_adopt(&bob, &bobs));
	assert_ptr_equal(bobs, b);
	assert_false(connmem_adopt(&bob, &none));
	assert_null(none);
	assert_ptr_equal(connmem_user(), &bob);
	MHD_pool_reset(a, NULL, 0, 0);
	assert_ptr_equal(connmem_user(), &ann);
	connmem_use(b);
	assert_ptr_equal(connmem_user(), &bob);
	/* the library destroys it while its owner is still there */
	MHD_pool_destroy(b);
	assert_null(bobs);
	connmem_drop(bobs);
	connmem_use(bobs);
	assert_null(connmem_user());
	/* the owner goes first */
	connmem_use(a);
	connmem_disown(&anns);
	assert_null(anns);
	assert_null(connmem_user());
	MHD_pool_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ends), cmocka_unit_test(test_reset),
					   cmocka_unit_test(test_drop), cmocka_unit_test(test_user)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/heap.h"
#include "base/mem.h"
#include "base/rand.h"

struct item {
	struct heap_node node;
	int key;
};

static bool less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, const struct item, node)->key < CONTAINER_OF(b, const struct item, node)->key;
}

static void sorts(void **state)
{
	enum { N = 1000 };
	struct heap h = HEAP_INIT(less);
	static struct item v[N];
	size_t in = 0;
	int last = -1;

	assert_null(heap_pop(&h));
	for (int i = 0; i < N; i++) {
		v[i].key = (int)rand_below(500);
		heap_push(&h, &v[i].node);
	}
	for (int i = 0; i < N; i += 3) {
		v[i].key = (int)rand_below(500);
		heap_update(&h, &v[i].node);
	}
	for (int i = 0; i < N; i += 5) {
		heap_remove(&h, &v[i].node);
		heap_remove(&h, &v[i].node); /* no-op */
		assert_int_equal(v[i].node.pos, 0);
	}
	for (struct heap_node *n; (n = heap_pop(&h)); in++) {
		struct item *it = CONTAINER_OF(n, struct item, node);

		assert_true(it->key >= last);
		assert_int_equal(n->pos, 0);
		last = it->key;
	}
	assert_int_equal(in, N - N / 5);
	heap_push(&h, &v[0].node);
	assert_ptr_equal(heap_peek(&h), &v[0].node);
	heap_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sorts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

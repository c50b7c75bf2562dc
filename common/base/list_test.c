/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/list.h"

struct item {
	struct list link;
	int v;
};

static int digits(struct list *head)
{
	int n = 0;

	list_for_each (l, head)
		n = 10 * n + list_entry(l, struct item, link)->v;
	return n;
}

static void order(void **state)
{
	struct list head = LIST_INIT(head);
	struct item a = {.v = 1}, b = {.v = 2}, c = {.v = 3};

	assert_true(list_empty(&head));
	assert_null(list_pop_front(&head));
	list_push_back(&head, &b.link);
	list_push_back(&head, &c.link);
	list_push_front(&head, &a.link);
	assert_int_equal(digits(&head), 123);
	list_del(&b.link);
	list_del(&b.link);
	assert_int_equal(digits(&head), 13);
	list_insert_before(&c.link, &b.link);
	assert_int_equal(digits(&head), 123);
	list_for_each_safe (l, &head)
		if (list_entry(l, struct item, link)->v != 2)
			list_del(l);
	assert_int_equal(digits(&head), 2);
	assert_ptr_equal(list_pop_front(&head), &b.link);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

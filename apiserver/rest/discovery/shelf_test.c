/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/discovery/shelf.h"

static struct document *made(const char *text)
{
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, text);
	return document_new(&b, NULL);
}

static void put(struct shelf *s, const char *key, const char *text)
{
	struct document *d = made(text);
	shelf_put(s, key, d);
	document_unref(d);
}

static bool holds(struct shelf *s, const char *key, const char *text)
{
	size_t n = 0;
	struct document *d = shelf_get(s, key);
	const char *p = d ? document_bytes(d, &n) : NULL;
	bool same = d && n == strlen(text) && !memcmp(p, text, n);
	document_unref(d);
	return same;
}

static void keeps_and_drops(void **state)
{
	struct shelf *s = shelf_new();
	assert_null(shelf_get(s, "a"));
	put(s, "a", "one");
	put(s, "a", "two");
	put(s, "b", "three");
	assert_true(holds(s, "a", "two") && holds(s, "b", "three"));
	shelf_drop(s, "a");
	shelf_drop(s, "a");
	assert_null(shelf_get(s, "a"));
	assert_int_equal(shelf_len(s), 1);
	shelf_free(s);
}

static void await_waiter(void)
{
	while (clock_waiting() == 0)
		sched_yield();
}

/* All of it goes when nobody has asked for anything for a while, and it begins anew. */
static void forgets(void **state)
{
	clock_fake(1000 * NS_PER_S);
	struct shelf *s = shelf_new();
	for (int round = 0; round < 2; round++) {
		put(s, "a", "one");
		await_waiter();
		clock_advance(SHELF_NS - 1);
		assert_true(holds(s, "a", "one"));
		clock_advance(SHELF_NS - 1);
		assert_int_equal(shelf_len(s), 1);
		clock_advance(1);
		while (shelf_len(s))
			sched_yield();
	}
	put(s, "a", "one");
	await_waiter();
	shelf_free(s); /* does not wait */
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_drops),
		cmocka_unit_test(forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

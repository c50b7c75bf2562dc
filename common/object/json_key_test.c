/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/thread.h"
#include "object/json_key.h"

static void one_copy_for_all(void **state)
{
	char a[] = "metadata", b[] = "metadata and more";
	const char *first = json_key_shared(a, 8), *second = json_key_shared(b, 8);

	assert_non_null(first);
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, a);
	assert_string_equal(first, "metadata");
	assert_string_equal(json_key_shared("", 0), "");
	assert_string_not_equal(json_key_shared("metadatb", 8), first);
	assert_null(json_key_shared("a key that is longer than forty characters are", 46));
}

static void *meet(void *arg)
{
	const char **found = arg;

	for (int i = 0; i < 2000; i++) {
		char key[16];

		found[i] = json_key_shared(key, (size_t)snprintf(key, sizeof(key), "field%d", i));
	}
	return NULL;
}

/* Runs last: it fills the table. */
static void threads_agree_and_the_table_is_bounded(void **state)
{
	static const char *found[2][2000];
	pthread_t a = thread_start("a", meet, found[0]), b = thread_start("b", meet, found[1]);
	int shared = 0;

	pthread_join(a, NULL);
	pthread_join(b, NULL);
	for (int i = 0; i < 2000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "field%d", i);
		if (found[0][i] && found[1][i])
			assert_ptr_equal(found[0][i], found[1][i]);
		if (found[0][i])
			assert_string_equal(found[0][i], key);
		shared += found[0][i] || found[1][i];
	}
	assert_in_range(shared, 500, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_copy_for_all),
		cmocka_unit_test(threads_agree_and_the_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

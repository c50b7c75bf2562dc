/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"

static void set_get_del(void **state)
{
	automap struct map m = MAP_INIT;
	int a, b;

	assert_null(map_get(&m, "x"));
	assert_null(map_del(&m, "x"));
	assert_null(map_set(&m, "x", &a));
	assert_ptr_equal(map_set(&m, "x", &b), &a);
	assert_int_equal(map_len(&m), 1);
	assert_ptr_equal(map_getn(&m, "xyz", 1), &b);
	assert_null(map_setn(&m, "a\0b", 3, &a));
	assert_null(map_get(&m, "a"));
	assert_ptr_equal(map_getn(&m, "a\0b", 3), &a);
	assert_ptr_equal(map_del(&m, "x"), &b);
	assert_false(map_has(&m, "x"));
	map_clear(&m);
	assert_null(map_getn(&m, "a\0b", 3));
	assert_null(map_set(&m, "", &a));
	assert_true(map_has(&m, ""));
}

/* Random insertions and deletions against an array. */
static void agrees_with_an_array(void **state)
{
	enum { KEYS = 500 };
	automap struct map m = MAP_INIT;
	char *model[KEYS] = {0}, values[KEYS];
	size_t n = 0;

	for (int step = 0; step < 100000; step++) {
		/* Phases of growth and of decline, so that tombstones pile up and the table shrinks. */
		bool add = rand_below(10) < (step / 10000 % 2 ? 2u : 8u);
		size_t k = rand_below(KEYS);
		char key[16];

		snprintf(key, sizeof(key), "key%zu", k);
		void *old = add ? map_set(&m, key, &values[k]) : map_del(&m, key);

		assert_ptr_equal(old, model[k]);
		n += add && !model[k];
		n -= !add && model[k];
		model[k] = add ? &values[k] : NULL;
		assert_int_equal(map_len(&m), n);
		assert_true(m.used <= m.cap && m.len <= m.used);
	}
	for (size_t k = 0; k < KEYS; k++) {
		char key[16];

		snprintf(key, sizeof(key), "key%zu", k);
		assert_ptr_equal(map_get(&m, key), model[k]);
	}
}

static void delete_while_iterating(void **state)
{
	automap struct map m = MAP_INIT;
	int value;
	size_t seen = 0;

	for (int i = 0; i < 1000; i++) {
		char key[16];

		map_setn(&m, key, (size_t)snprintf(key, sizeof(key), "%d", i), &value);
	}
	for (struct map_iter it = {0}; map_next(&m, &it); seen++) {
		assert_int_equal(strlen(it.key), it.key_len);
		assert_ptr_equal(map_del(&m, it.key), &value);
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(map_len(&m), 0);
	assert_int_equal(m.cap, 0); /* the memory went back */
}

static void siphash_reference(void **state)
{
	/* Key 00..0f over the bytes 00..0e; SipHash-1-3 as in the reference implementation. */
	unsigned char key[16], in[15];
	uint64_t k[2];

	for (unsigned i = 0; i < 16; i++)
		key[i] = (unsigned char)i;
	for (unsigned i = 0; i < 15; i++)
		in[i] = (unsigned char)i;
	memcpy(k, key, sizeof(k));
	assert_true(map_siphash13(k, in, 0) == UINT64_C(0xabac0158050fc4dc));
	assert_true(map_siphash13(k, in, 8) != map_siphash13(k, in, 7));
	assert_true(map_hash("abc", 3) == map_hash("abc", 3));
	assert_true(map_hash("abc", 3) != map_hash("abd", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_get_del),
		cmocka_unit_test(agrees_with_an_array),
		cmocka_unit_test(delete_while_iterating),
		cmocka_unit_test(siphash_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

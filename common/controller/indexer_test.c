/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/indexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"

/* An object whose index 0 has one key, and index 1 any number: all divisors below 24 of its number. */
struct number {
	struct informer_object o;
	unsigned n;
};

static int live;

static void number_release(void *o)
{
	live--;
}

static void number_index(const void *o, size_t i, struct informer_keys *keys)
{
	const struct number *x = o;
	char key[16];

	for (unsigned d = 2; d < (i ? 24 : 3); d++)
		if (!i || x->n % d == 0) {
			snprintf(key, sizeof(key), "%u", i ? d : x->n % 3);
			informer_keys_add(keys, key);
		}
}

static const struct informer_type number_type = {
	.size = sizeof(struct number), .release = number_release, .n_indexes = 2, .index = number_index};

static struct informer_object *number_new(unsigned n)
{
	struct number *x = MEM_NEW(struct number);

	x->o.refs = 1;
	x->o.type = &number_type;
	x->n = n;
	live++;
	return &x->o;
}

enum { KEYS = 600, STEPS = 20000 };

static void check_index(struct informer_store *s, const unsigned *model, size_t index, unsigned which)
{
	bool seen[KEYS] = {false};
	autofree char *key = mem_printf("%u", which);
	const void **v;
	size_t n = informer_store_list(s, index, key, &v), want = 0;

	for (unsigned k = 0; k < KEYS; k++)
		want += model[k] && (index == 0 ? model[k] % 3 == which : model[k] % which == 0);
	assert_int_equal(n, want);
	for (size_t i = 0; i < n; i++) {
		unsigned k = ((const struct number *)v[i])->n / 1000; /* its key is part of the number */

		assert_int_equal(((const struct number *)v[i])->n, model[k]);
		assert_false(seen[k]);
		seen[k] = true;
	}
	informer_unref_all(v, n);
}

/* Random sets and deletes beside a plain array; every index agrees with it all along. */
static void test_against_model(void **state)
{
	unsigned model[KEYS] = {0};
	struct informer_store s;
	size_t len = 0;
	char key[16];

	informer_store_init(&s, &number_type);
	srand(7);
	for (int step = 0; step < STEPS; step++) {
		unsigned k = (unsigned)rand() % KEYS;
		/* Phases of growth and of shrinking. */
		bool del = rand() % 10 < (step / 4000 % 2 ? 7 : 2);
		unsigned n = del ? 0 : k * 1000 + 1 + (unsigned)rand() % 999;
		struct informer_object *old;

		snprintf(key, sizeof(key), "ns/%u", k);
		old = informer_store_set(&s, key, n ? number_new(n) : NULL);
		assert_true((old != NULL) == (model[k] != 0));
		if (old)
			assert_int_equal(((struct number *)old)->n, model[k]);
		informer_unref(old);
		len += (n != 0) - (model[k] != 0);
		model[k] = n;
		assert_int_equal(informer_store_len(&s), len);
		if (step % 500 == 499) {
			for (unsigned w = 0; w < 3; w++)
				check_index(&s, model, 0, w);
			for (unsigned w = 2; w < 24; w++)
				check_index(&s, model, 1, w);
		}
	}
	assert_int_equal(live, len);
	informer_store_release(&s);
	assert_int_equal(live, 0);
}

static bool is_even(void *arg, const struct informer_object *o)
{
	return ((const struct number *)o)->n % 2 == 0;
}

static void test_references_and_pick(void **state)
{
	struct informer_store s;
	struct informer_object *held;
	char **keys;
	size_t n;

	informer_store_init(&s, &number_type);
	for (unsigned i = 1; i <= 5; i++) {
		autofree char *key = mem_printf("k%u", i);

		informer_store_set(&s, key, number_new(i));
	}
	held = informer_store_get(&s, "k3");
	assert_null(informer_store_get(&s, "none"));
	n = informer_store_pick(&s, is_even, NULL, &keys);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
	free(keys);
	informer_store_release(&s);
	assert_int_equal(live, 1);
	assert_int_equal(((struct number *)held)->n, 3);
	informer_unref(held);
	assert_int_equal(live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_references_and_pick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of certificates: for how long, how much, and whose it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "request/peers.h"

static char *groups[] = {"wheel", "system:authenticated", NULL};
static const struct peer ann = {.name = "ann", .groups = groups}, bob = {.name = "bob"};

static bool knows(const struct peers *s, const unsigned char *key, const char *name)
{
	struct peer p = {0};
	bool found = peers_find(s, key, &p);
	if (found)
		assert_string_equal(p.name, name);
	peer_release(&p);
	return found;
}

static void test_copies(void **state)
{
	const unsigned char key[PEERS_KEY] = "ann's", other[PEERS_KEY] = "ann's too";
	struct peers s = {0};
	struct peer p;
	assert_false(knows(&s, key, "ann"));
	peers_add(&s, key, &ann, INT64_MAX);
	assert_true(peers_find(&s, key, &p));
	assert_string_equal(p.groups[0], "wheel");
	assert_string_equal(p.groups[1], "system:authenticated");
	assert_null(p.groups[2]);
	assert_null(p.error);
	peer_release(&p);
	assert_null(p.name);
	/* the same slot, not the same key */
	assert_false(knows(&s, other, "ann"));
	peers_add(&s, other, &bob, INT64_MAX);
	assert_true(knows(&s, other, "bob"));
	assert_false(knows(&s, key, "ann"));
	peers_release(&s);
	assert_false(knows(&s, other, "bob"));
}

static void test_ends(void **state)
{
	const unsigned char key[PEERS_KEY] = {1}, soon[PEERS_KEY] = {2};
	struct peers s = {0};
	clock_fake(1000 * NS_PER_S);
	peers_add(&s, key, &ann, INT64_MAX);
	peers_add(&s, soon, &bob, 1010 * NS_PER_S);
	clock_advance(9 * NS_PER_S);
	assert_true(knows(&s, soon, "bob"));
	clock_advance(NS_PER_S);
	assert_false(knows(&s, soon, "bob"));
	clock_advance(PEERS_FOR - 11 * NS_PER_S);
	assert_true(knows(&s, key, "ann"));
	clock_advance(NS_PER_S);
	assert_false(knows(&s, key, "ann"));
	peers_add(&s, key, &ann, INT64_MAX);
	assert_true(knows(&s, key, "ann"));
	peers_release(&s);
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_copies), cmocka_unit_test(test_ends)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

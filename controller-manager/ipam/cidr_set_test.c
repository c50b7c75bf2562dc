/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of nodes: cases of upstream's cidr_set_test.go. */
#include "ipam/cidr_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"

static void take(struct cidr_set *s, const char *want)
{
	char got[CIDR_TEXT_MAX] = "none";

	(void)cidr_set_next(s, got);
	assert_string_equal(got, want);
}

static struct cidr_set *make(const char *cluster, unsigned bits)
{
	struct err err = ERR_INIT;
	struct cidr_set *s = cidr_set_new(cluster, bits, &err);

	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

static void test_all_are_given_once(void **state)
{
	static const struct {
		const char *cluster;
		unsigned bits;
		const char *given[5];
	} rows[] = {
		{"127.123.234.0/28",
		 30,
		 {"127.123.234.0/30", "127.123.234.4/30", "127.123.234.8/30", "127.123.234.12/30", "none"}},
		{"127.123.234.0/30", 30, {"127.123.234.0/30", "none"}},
		{"10.0.7.9/31", 32, {"10.0.7.8/32", "10.0.7.9/32", "none"}},
		{"beef:1234::/46",
		 48,
		 {"beef:1234::/48", "beef:1234:1::/48", "beef:1234:2::/48", "beef:1234:3::/48", "none"}},
		{"fd00::/127", 128, {"fd00::/128", "fd00::1/128", "none"}},
		{"0.0.0.0/0", 1, {"0.0.0.0/1", "128.0.0.0/1", "none"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr_set *s = make(rows[i].cluster, rows[i].bits);

		for (size_t k = 0; k < 5 && rows[i].given[k]; k++)
			take(s, rows[i].given[k]);
		cidr_set_free(s);
	}
}

/* One that came back is given when the others have been. */
static void test_round(void **state)
{
	struct cidr_set *s = make("10.0.0.0/22", 24);

	take(s, "10.0.0.0/24");
	take(s, "10.0.1.0/24");
	assert_true(cidr_set_release(s, "10.0.0.0/24"));
	assert_true(cidr_set_release(s, "10.0.0.0/24")); /* twice is once */
	take(s, "10.0.2.0/24");
	take(s, "10.0.3.0/24");
	take(s, "10.0.0.0/24");
	take(s, "none");
	cidr_set_free(s);
}

static void test_occupied(void **state)
{
	static const struct {
		const char *cidr;
		bool inside;
		const char *next; /* of 10.0.0.0/22 in /24s */
	} rows[] = {
		{"10.0.0.0/24", true, "10.0.1.0/24"}, {"10.0.0.128/25", true, "10.0.1.0/24"},
		{"10.0.0.7/32", true, "10.0.1.0/24"}, {"10.0.0.0/23", true, "10.0.2.0/24"},
		{"10.0.0.0/22", true, "none"},	      {"10.0.0.0/8", true, "none"},
		{"0.0.0.0/0", true, "none"},	      {"10.0.4.0/24", false, "10.0.0.0/24"},
		{"9.0.0.0/16", false, "10.0.0.0/24"}, {"fd00::/8", false, "10.0.0.0/24"},
		{"nonsense", false, "10.0.0.0/24"},   {"10.0.0.0", false, "10.0.0.0/24"},
		{"::/0", false, "10.0.0.0/24"},	      {"10.0.1.0/24", true, "10.0.0.0/24"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr_set *s = make("10.0.0.0/22", 24);

		assert_int_equal(cidr_set_occupy(s, rows[i].cidr), rows[i].inside);
		take(s, rows[i].next);
		cidr_set_free(s);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *cluster;
		unsigned bits;
	} rows[] = {
		{"10.0.0.0/24", 23}, {"10.0.0.0/8", 33}, {"10.0.0.0/8", 25}, {"fd00::/8", 64},
		{"fd00::/112", 129}, {"nonsense", 24},	 {"10.0.0.0", 24},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(cidr_set_new(rows[i].cluster, rows[i].bits, &err));
		assert_int_equal(err.reason, REASON_INVALID);
	}
	struct cidr_set *s = make("10.0.0.0/8", 24);

	assert_true(cidr_set_is_v4(s));
	cidr_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_are_given_once),
					   cmocka_unit_test(test_round), cmocka_unit_test(test_occupied),
					   cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

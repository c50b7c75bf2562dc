/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void addresses(void **state)
{
	assert_true(check_is_ip("10.9.8.7"));
	assert_true(check_is_ip("2001:db8::ffff"));
	assert_false(check_is_ip("10.9.8"));
	assert_false(check_is_ip(""));
}

/* What newer fields say of each spelling; NULL: it is fine. */
static void strict_addresses(void **state)
{
	static const struct {
		bool (*check)(const char *s, const char *path, struct field_errors *errs);
		const char *text, *detail;
	} rows[] = {
		{check_ip_strict, "10.0.0.1", NULL},
		{check_ip_strict, "0.0.0.0", NULL},
		{check_ip_strict, "2001:db8::1", NULL},
		{check_ip_strict, "10.0.00.1", "must not have leading 0s"},
		{check_ip_strict, "::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"},
		{check_ip_strict, "2001:db8:0::1", "must be in canonical form (\"2001:db8::1\")"},
		{check_ip_strict, "x", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"},
		{check_cidr_strict, "10.0.0.0/8", NULL},
		{check_cidr_strict, "0.0.0.0/0", NULL},
		{check_cidr_strict, "2001:db8::/64", NULL},
		{check_cidr_strict, "10.0.0.0/08", "must not have leading 0s in IP or prefix length"},
		{check_cidr_strict, "10.00.0.0/8", "must not have leading 0s in IP or prefix length"},
		{check_cidr_strict, "::ffff:1.2.3.0/120", "must not have an IPv4-mapped IPv6 address"},
		{check_cidr_strict, "10.0.0.1/8", "must not have bits set beyond the prefix length"},
		{check_cidr_strict, "2001:DB8::/64", "must be in canonical form (\"2001:db8::/64\")"},
		{check_cidr_strict, "10.0.0.0",
		 "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errs = {.n = 0};
		assert_int_equal(rows[i].check(rows[i].text, "p", &errs), !rows[i].detail);
		assert_int_equal(errs.n, rows[i].detail != NULL);
		if (rows[i].detail)
			assert_non_null(strstr(errs.v[0].message, rows[i].detail));
		field_errors_release(&errs);
	}
}

static void selectors(void **state)
{
	static const struct {
		const char *json, *field;
	} rows[] = {
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\"]}]}", NULL},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", NULL},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\"}]}",
		 "s.matchExpressions[0].values"},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"x\"]}]}",
		 "s.matchExpressions[0].values"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		autojson js *o = js_parse(rows[i].json, strlen(rows[i].json), NULL, &err);
		check_label_selector(o, "s", &errs);
		assert_int_equal(errs.n, rows[i].field != NULL);
		if (rows[i].field)
			assert_string_equal(errs.v[0].field, rows[i].field);
		field_errors_release(&errs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(strict_addresses),
					   cmocka_unit_test(selectors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

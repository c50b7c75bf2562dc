/* SPDX-License-Identifier: Apache-2.0 */
/* Which controllers a list of names means. */
#include "choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const struct controller a = {.name = "job"}, b = {.name = "ttl"}, c = {.name = "ttl-after-finished"},
			       d = {.name = "garbage-collector"};
static const struct controller e = {.name = "horizontal-pod-autoscaler"};
static const struct controller *const all[] = {&a, &b, &c, &d, &e, NULL};

static void test_choice(void **state)
{
	static const struct {
		const char *list, *want; /* names with spaces behind them */
	} rows[] = {
		{"*,-horizontalpodautoscaling", "job ttl ttl-after-finished garbage-collector "},
		{"*,-ttl", "job ttl-after-finished garbage-collector horizontal-pod-autoscaler "},
		{"-ttl-controller,*", "job ttl-after-finished garbage-collector horizontal-pod-autoscaler "},
		{"job-controller,garbagecollector", "job garbage-collector "},
		{"garbage-collector-controller", "garbage-collector "},
		{"*,-garbagecollector,-job", "ttl ttl-after-finished horizontal-pod-autoscaler "},
		{"-job,job", ""}, /* the first word of it */
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct controller *ret[CHOICE_MAX];
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;

		assert_int_equal(choice_make(rows[i].list, all, ret, &err), 0);
		for (size_t k = 0; ret[k]; k++)
			buf_addf(&got, "%s ", ret[k]->name);
		assert_string_equal(buf_str(&got), rows[i].want);
	}
}

static void test_unknown(void **state)
{
	static const char *const lists[] = {"*,-nobody", "nobody", "jo", "job-control", "*,,job"};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct controller *ret[CHOICE_MAX];
		struct err err = ERR_INIT;

		assert_int_equal(choice_make(lists[i], all, ret, &err), -1);
		assert_int_equal(err.reason, REASON_INVALID);
		assert_non_null(strstr(err.msg, "is not in the list of known controllers"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice), cmocka_unit_test(test_unknown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/taint.h"
#include "object/json_test.h"

static void *make(const struct decode_spec *spec, const char *text)
{
	struct err err = ERR_INIT;
	void *o = decode_new(spec, text, strlen(text), &err);
	assert_non_null(o);
	return o;
}

#define TAINT "{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}"

static void test_tolerating(void **state)
{
	const struct {
		const char *toleration, *taint;
		bool want;
	} rows[] = {
		{JSON("{'key':'k','value':'v','effect':'NoSchedule'}"), TAINT, true},
		{JSON("{'key':'k','operator':'Equal','value':'v'}"), TAINT, true}, /* every effect */
		{JSON("{'key':'k','value':'w'}"), TAINT, false},
		{JSON("{'key':'k'}"), TAINT, false},
		{JSON("{'key':'k'}"), JSON("{'key':'k','effect':'NoSchedule'}"), true},
		{JSON("{'key':'j','operator':'Exists'}"), TAINT, false},
		{JSON("{'key':'k','operator':'Exists'}"), TAINT, true},
		{JSON("{'key':'k','operator':'Exists','effect':'NoExecute'}"), TAINT, false},
		{JSON("{'operator':'Exists'}"), TAINT, true}, /* every key */
		{JSON("{'operator':'Exists','effect':'NoExecute'}"), TAINT, false},
		{"{}", TAINT, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct toleration *t = make(&toleration_spec, rows[i].toleration);
		autofree struct taint *taint = make(&taint_spec, rows[i].taint);
		if (toleration_tolerates(t, taint) != rows[i].want)
			fail_msg("%s %s", rows[i].toleration, rows[i].taint);
		assert_ptr_equal(taint_tolerated(taint, t, 1), rows[i].want ? t : NULL);
	}
}

static void test_decoding(void **state)
{
	autofree struct toleration *ever = make(&toleration_spec, "{}"),
				   *some = make(&toleration_spec, JSON("{'tolerationSeconds':-3}"));
	assert_true(ever->seconds == TOLERATION_FOREVER);
	assert_int_equal(some->seconds, -3);
	autofree struct taint *t = make(
		&taint_spec, JSON("{'key':'k','effect':'NoExecute','timeAdded':'1970-01-01T00:00:01Z'}"));
	assert_int_equal(t->added_ns, 1000000000);
	assert_string_equal(t->value, "");
	assert_string_equal(taint_effect_name(t->effect), "NoExecute");
	autofree struct taint *same = make(&taint_spec, JSON("{'key':'k','effect':'NoExecute'}")),
			      *other = make(&taint_spec, JSON("{'key':'k','effect':'NoSchedule'}"));
	assert_true(taint_equal(t, same));
	assert_false(taint_equal(t, other));
}

static void test_untolerated_of_given_effects(void **state)
{
	const struct taint taints[] = {{"a", "", TAINT_PREFER_NO_SCHEDULE, 0},
				       {"b", "", TAINT_NO_EXECUTE, 0}};
	const struct toleration t = {"b", "", TOLERATION_EXISTS, TAINT_ANY, TOLERATION_FOREVER};
	const unsigned prefer = 1 << TAINT_PREFER_NO_SCHEDULE,
		       hard = 1 << TAINT_NO_SCHEDULE | 1 << TAINT_NO_EXECUTE;
	assert_ptr_equal(taint_find_untolerated(taints, 2, NULL, 0, hard), &taints[1]);
	assert_ptr_equal(taint_find_untolerated(taints, 2, NULL, 0, prefer | hard), &taints[0]);
	assert_null(taint_find_untolerated(taints, 2, &t, 1, hard));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tolerating), cmocka_unit_test(test_decoding),
					   cmocka_unit_test(test_untolerated_of_given_effects)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

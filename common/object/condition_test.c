/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "object/condition.h"
#include "object/json_test.h"

static const char *text(struct buf *b, const js *o)
{
	buf_clear(b);
	js_write(b, o);
	return buf_str(b);
}

static void transition_time_follows_status(void **state)
{
	autojson js *list = js_new_arr();
	autobuf struct buf b = BUF_INIT;

	assert_true(condition_set(list, "Ready", "False", "Starting", "wait", 1 * NS_PER_S, false));
	assert_string_equal(
		text(&b, list),
		JSON("[{'type':'Ready','status':'False','lastTransitionTime':'1970-01-01T00:00:01Z',"
		     "'reason':'Starting','message':'wait'}]"));
	assert_false(condition_set(list, "Ready", "False", "Starting", "wait", 2 * NS_PER_S, false));
	assert_true(condition_set(list, "Ready", "False", "Starting", "still", 3 * NS_PER_S, false));
	assert_string_equal(js_str(condition_find(list, "Ready"), "lastTransitionTime", NULL),
			    "1970-01-01T00:00:01Z");
	assert_true(condition_set(list, "Ready", "True", NULL, NULL, 4 * NS_PER_S, false));
	assert_string_equal(
		text(&b, list),
		JSON("[{'type':'Ready','status':'True','lastTransitionTime':'1970-01-01T00:00:04Z'}]"));
	assert_false(condition_set(list, "Ready", "True", NULL, NULL, 5 * NS_PER_S, false));
	assert_true(condition_set(list, "Other", "True", NULL, NULL, 5 * NS_PER_S, false));
	assert_int_equal(js_len(list), 2);
	assert_true(condition_remove(list, "Ready"));
	assert_false(condition_remove(list, "Ready"));
	assert_null(condition_find(list, "Ready"));
	assert_non_null(condition_find(list, "Other"));
}

static void deployments_keep_an_update_time(void **state)
{
	autojson js *list = js_new_arr();
	const js *c;

	condition_set(list, "Progressing", "True", "A", "m1", 1 * NS_PER_S, true);
	assert_false(condition_set(list, "Progressing", "True", "A", "m2", 2 * NS_PER_S, true));
	assert_true(condition_set(list, "Progressing", "True", "B", "m3", 3 * NS_PER_S, true));
	c = condition_find(list, "Progressing");
	assert_string_equal(js_str(c, "lastUpdateTime", NULL), "1970-01-01T00:00:03Z");
	assert_string_equal(js_str(c, "lastTransitionTime", NULL), "1970-01-01T00:00:01Z");
	assert_string_equal(js_str(c, "message", NULL), "m3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transition_time_follows_status),
		cmocka_unit_test(deployments_keep_an_update_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

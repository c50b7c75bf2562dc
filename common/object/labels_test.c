/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/labels.h"
#include "object/json_test.h"

static struct labels *from(const char *json)
{
	struct err err = ERR_INIT;
	autojson js *o = js_parse(json, strlen(json), NULL, &err);

	assert_non_null(o);
	return labels_new(o);
}

static void lookup(void **state)
{
	autofree struct labels *l = from(JSON("{'b':'2','a':'1','d':'','c':'3','num':5,'null':null}"));
	autofree struct labels *copy = labels_dup(l), *other = from(JSON("{'a':'1'}")),
			       *none = labels_new(NULL), *dup = labels_dup(NULL);
	autojson js *o = labels_json(l);
	autobuf struct buf b = BUF_INIT;

	assert_int_equal(l->n, 4); /* what is no string is left out */
	assert_string_equal(labels_get(l, "a"), "1");
	assert_string_equal(labels_get(l, "c"), "3");
	assert_string_equal(labels_get(l, "d"), "");
	assert_null(labels_get(l, "e"));
	assert_null(labels_get(l, ""));
	assert_null(labels_get(NULL, "a"));
	assert_true(labels_equal(l, copy));
	assert_false(labels_equal(l, other));
	assert_true(labels_equal(none, NULL) && labels_equal(none, dup));
	js_write(&b, o);
	assert_string_equal(buf_str(&b), JSON("{'a':'1','b':'2','c':'3','d':''}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lookup)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

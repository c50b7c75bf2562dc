/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/discovery/emit_internal.h"

static void commas(void **state)
{
	autobuf struct buf b = BUF_INIT;
	struct emit e = {.b = &b};
	struct err err = ERR_INIT;
	autojson js *tree = js_parse("[1,{}]", 6, NULL, &err);
	emit_open(&e, NULL, '{');
	emit_open(&e, "none", '{');
	emit_close(&e, '}');
	emit_string(&e, "a", "x\"y");
	emit_open(&e, "list", '[');
	emit_string(&e, NULL, "one");
	emit_bool(&e, NULL, false);
	emit_open(&e, NULL, '[');
	emit_close(&e, ']');
	emit_close(&e, ']');
	emit_raw(&e, "raw", "1");
	emit_tree(&e, "tree", tree);
	emit_text(&e, "text", "abc", 2);
	emit_close(&e, '}');
	assert_string_equal(
		buf_str(&b),
		"{\"none\":{},\"a\":\"x\\\"y\",\"list\":[\"one\",false,[]],\"raw\":1,\"tree\":[1,{}],\"text\":\"ab\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(commas)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What every cluster has is what may be stored, and stays as it was made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"
#include "kinds/flowcontrol/initial.h"

static js *object_of(const struct initial *o)
{
	js *tree = js_new_obj();

	js_set_str(js_ensure(tree, "metadata", NULL), "name", o->name);
	js_set(tree, "spec", initial_spec(o->resource, o->name));
	return tree;
}

static void test_all_are_right(void **state)
{
	struct initial o;
	size_t mandatory = 0;

	for (size_t i = 0; initial_at(i, &o); i++) {
		const struct kind *k = schema_resource(causes_schema, INITIAL_GROUP, "v1", o.resource);
		autojson js *tree = object_of(&o), *stored = NULL;
		autobuf struct buf text = BUF_INIT, got = BUF_INIT;
		js_write(&text, tree);
		causes_of(INITIAL_GROUP, k->kind, "", buf_str(&text), NULL, &got, &stored);
		if (*buf_str(&got))
			fail_msg("%s: %s", o.name, buf_str(&got));
		assert_true(initial_holds(o.resource, o.name, js_obj(stored, "spec", NULL)));
		assert_int_equal(initial_is_mandatory(o.resource, o.name), o.mandatory);
		mandatory += o.mandatory;
	}
	assert_int_equal(mandatory, 4);
}

static void test_differences(void **state)
{
	autojson js *exempt = initial_spec(INITIAL_LEVELS, "exempt"),
		    *low = initial_spec(INITIAL_LEVELS, "workload-low");

	js_set_int(js_obj(exempt, "exempt", NULL), "lendablePercent", 50);
	assert_true(initial_holds(INITIAL_LEVELS, "exempt", exempt));
	js_set_int(js_obj(low, "limited", NULL), "lendablePercent", 50);
	assert_false(initial_holds(INITIAL_LEVELS, "workload-low", low));
	assert_null(initial_spec(INITIAL_SCHEMAS, "workload-low"));
	assert_false(initial_is_mandatory(INITIAL_SCHEMAS, "nobody"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_are_right),
					   cmocka_unit_test(test_differences)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

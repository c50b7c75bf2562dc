/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/json_test.h"
#include "os/tree.h"
#include "pod/last.h"

static void test_there_and_back(void **state)
{
	char root[] = "/tmp/last_test.XXXXXX";
	struct err err = ERR_INIT;
	assert_non_null(mkdtemp(root));
	assert_null(last_read(root, "u1"));
	assert_int_equal(last_remove(root, "u1", &err), 0);
	autojson js *status = js_new_obj();
	js_set_str(status, "phase", "Succeeded");
	last_write(root, "u1", status);
	autojson js *back = last_read(root, "u1");
	assert_string_equal(js_str0(back, "phase", NULL), "Succeeded");
	assert_null(last_read(root, "u2"));
	assert_int_equal(last_remove(root, "u1", &err), 0);
	assert_null(last_read(root, "u1"));
	assert_int_equal(tree_remove(root, &err), 0);
	last_write("/proc", "u1", status); /* where nothing can be written nothing happens */
	assert_null(last_read("/proc", "u1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

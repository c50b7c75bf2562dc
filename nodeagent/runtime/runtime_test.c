/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/buf.h"

#define V(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})

/* Kubernetes, "Define a Command and Arguments for a Container": the matrix, and the empty corners. */
static void test_argv(void **state)
{
	const struct {
		const char *const *command, *const *args, *const *entrypoint, *const *cmd;
		const char *want;
	} rows[] = {
		{NULL, NULL, V("/ep"), V("foo", "bar"), "/ep foo bar"},
		{V("/ep-2"), NULL, V("/ep"), V("foo", "bar"), "/ep-2"},
		{NULL, V("zoo", "boo"), V("/ep"), V("foo", "bar"), "/ep zoo boo"},
		{V("/ep-2"), V("zoo", "boo"), V("/ep"), V("foo", "bar"), "/ep-2 zoo boo"},
		{NULL, NULL, NULL, V("sh"), "sh"},
		{NULL, V("ls"), NULL, V("sh"), "ls"},
		{NULL, NULL, V("/ep"), NULL, "/ep"},
		{NONE, NONE, V("/ep"), V("a"), "/ep a"},
		{NULL, NULL, NULL, NULL, NULL},
		{NONE, NULL, NONE, NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree const char **v =
			runtime_argv(rows[i].command, rows[i].args, (char *const *)rows[i].entrypoint,
				     (char *const *)rows[i].cmd);
		autobuf struct buf b = BUF_INIT;
		for (size_t j = 0; v && v[j]; j++)
			buf_addf(&b, "%s%s", j ? " " : "", v[j]);
		assert_int_equal(v != NULL, rows[i].want != NULL);
		assert_string_equal(buf_str(&b), rows[i].want ? rows[i].want : "");
	}
}

static void test_log_path(void **state)
{
	autofree char *p = runtime_log_path("/r", "ns", "pod", "u-1", "app", 3),
		      *d = runtime_log_dir("/r", "ns", "pod", "u-1");
	assert_string_equal(p, "/r/logs/ns_pod_u-1/app/3.log");
	assert_string_equal(d, "/r/logs/ns_pod_u-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_argv), cmocka_unit_test(test_log_path)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shutdown/memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "os/tree.h"

#define T (INT64_C(1767225600) * NS_PER_S)

static void test_memo(void **state)
{
	static const struct memo rows[] = {{T + 5, 0}, {T, T + 90 * NS_PER_S}};
	/* As a kubelet writes it; what is none; what says a time that is none. */
	static const struct {
		const char *text;
		int rc;
		struct memo want;
	} files[] = {
		{"{\"startTime\":\"2026-01-01T00:00:01.5Z\",\"endTime\":\"0001-01-01T00:00:00Z\"}",
		 0,
		 {T + 1500 * NS_PER_MS, 0}},
		{"{}", 0, {0, 0}},
		{"{\"startTime\":7}", 0, {0, 0}},
		{"", -1, {0, 0}},
		{"{\"startTime\":\"yesterday\"}", -1, {0, 0}},
	};
	struct err err = ERR_INIT;
	struct memo m = {1, 1};
	char dir[] = "/tmp/memo-XXXXXX";
	assert_non_null(mkdtemp(dir));
	autofree char *path = mem_printf("%s/" MEMO_FILE, dir);

	assert_int_equal(memo_read(path, &m, &err), 0);
	assert_int_equal(m.began_ns, 0);
	assert_int_equal(m.ended_ns, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(memo_write(path, &rows[i], &err), 0);
		assert_int_equal(memo_read(path, &m, &err), 0);
		assert_int_equal(m.began_ns, rows[i].began_ns);
		assert_int_equal(m.ended_ns, rows[i].ended_ns);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(
			tree_write(path, files[i].text, strlen(files[i].text), 0644, TREE_VOLATILE, &err), 0);
		assert_int_equal(memo_read(path, &m, &err), files[i].rc);
		if (files[i].rc == 0) {
			assert_int_equal(m.began_ns, files[i].want.began_ns);
			assert_int_equal(m.ended_ns, files[i].want.ended_ns);
		}
	}
	assert_int_equal(memo_write("/proc/nowhere/x", &m, &err), -1);
	assert_int_equal(tree_remove(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_memo)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

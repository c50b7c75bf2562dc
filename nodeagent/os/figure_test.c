/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "os/figure.h"

static void behind_a_word_that_begins_a_line(void **state)
{
	static const char text[] =
		"MemTotal:       16 kB\nHighMemFree:  7 kB\nMemFree:\t5 kB\nanon 3\nanon_thp 9\nlast 4";
	static const struct {
		const char *word;
		int64_t want;
	} rows[] = {{"MemTotal:", 16}, {"MemFree:", 5}, {"anon ", 3}, {"anon_thp ", 9},
		    {"last ", 4},      {"thp ", -1},	{"none ", -1}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(figure_of(text, rows[i].word, -1), rows[i].want);
	assert_int_equal(figure_of("", "x ", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(behind_a_word_that_begins_a_line)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

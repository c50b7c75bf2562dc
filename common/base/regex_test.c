/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include "base/buf.h"

static bool match(const char *pattern, const char *text)
{
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct regex *r = regex_compile(&a, pattern, strlen(pattern), &err);
	if (!r)
		fail_msg("%s: %s", pattern, err.msg);
	return regex_match(r, text, strlen(text));
}

/* What Go's regexp.MatchString answers. */
static void matches(void **state)
{
	static const struct {
		const char *pattern, *yes,
			*no; /* texts separated by blanks; "~" is the empty one, "_" a blank */
	} rows[] = {
		{"", "~ a", NULL},
		{"abc", "abc xabcx", "ab ~"},
		{"^a$", "a", "aa ba ~"},
		{"^(a|bc)*$", "~ a bc abca", "b abcb"},
		{"^a+b?c{2}$", "acc abcc aabcc", "ac abbcc accc"},
		{"^a{2,3}$", "aa aaa", "a aaaa"},
		{"^a{2,}$", "aa aaaaa", "a"},
		{"^a{0}$", "~", "a"},
		{"a{,2}", "a{,2}", "aa"},
		{"^[a-c-]+$", "a-c abc", "d a_c"},
		{"^[^a-c]$", "d - é", "a"},
		{"^[]a]$", "] a", "b"},
		{"^[\\]\\-a]+$", "]-a", "b"},
		{"^[[:alpha:]_]+[[:^digit:]]$", "ab a_x", "a1"},
		{"^\\d{3}-\\w+\\s?$", "123-a_1", "12-a 123-"},
		{"^[\\d.]+$", "1.2", "1,2"},
		{"^\\D\\W\\S$", "a-b", "1-b aab"},
		{"^.$", "a é 日", "ab ~"},
		{"(?i)^straSSe$", "STRASSE strasse", "stras"},
		{"^(?i:a)b$", "Ab ab", "AB"},
		{"^a(?:b|c)(?P<n>d)(?<m>e)$", "abde acde", "ade"},
		{"\\bfoo\\b", "foo foo-x", "food"},
		{"\\Boo", "foo", "oo"},
		{"^\\Qa.b\\E+$", "a.b", "axb"},
		{"^\\x41\\x{65E5}\\101$", "A日A", "A"},
		{"^a.*?b$", "ab axxb", "a"},
		{"^(([a-z0-9]([-a-z0-9]*[a-z0-9])?)\\.)+$", "a.b-c.", "a..  -a."},
		{"^$", "~", "a"},
		{"^\\*\\.[a-z]+$", "*.com", ".com"},
		{"^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$",
		 "1 1.5Gi -3m 1e3 .5", "Gi 1GiB 1.x"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int want = 0; want < 2; want++) {
			char all[256], *save = NULL;
			const char *texts = want ? rows[i].yes : rows[i].no;
			snprintf(all, sizeof(all), "%s", texts ? texts : "");
			for (char *t = strtok_r(all, " ", &save); t; t = strtok_r(NULL, " ", &save))
				if (match(rows[i].pattern, strcmp(t, "~") ? t : "") != want)
					fail_msg("%s on `%s`", rows[i].pattern, t);
		}
	assert_true(match("(?m)^b$", "a\nb\nc"));
	assert_false(match("^b$", "a\nb\nc"));
	assert_false(match("a.b", "a\nb"));
	assert_true(match("(?s)a.b", "a\nb"));
}

static void refuses(void **state)
{
	static const char *const bad[] = {"(",
					  ")",
					  "[a",
					  "a**",
					  "*a",
					  "a{1001}",
					  "a{3,2}",
					  "\\",
					  "[b-a]",
					  "\\p{L}",
					  "(?=a)",
					  "(?P<n>a",
					  "(?<!a)b",
					  "\\1",
					  "[[:no:]]",
					  "\\8",
					  "((a{100}){100}){100}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autoarena struct arena a = ARENA_INIT;
		struct err err = ERR_INIT;
		if (regex_compile(&a, bad[i], strlen(bad[i]), &err))
			fail_msg("%s is accepted", bad[i]);
		assert_int_equal(err.reason, REASON_INVALID);
	}
}

/* What sends others into exponential time. */
static void is_linear(void **state)
{
	autobuf struct buf text = BUF_INIT;
	for (int i = 0; i < 20000; i++)
		buf_addc(&text, 'a');
	buf_addc(&text, '!');
	clock_t start = clock();
	assert_false(match("^(a+)+$", buf_str(&text)));
	assert_false(match("^(a|a)*$", buf_str(&text)));
	assert_false(match("^(a?){50}a{50}b$", buf_str(&text)));
	assert_true((clock() - start) / CLOCKS_PER_SEC < 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(refuses),
		cmocka_unit_test(is_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

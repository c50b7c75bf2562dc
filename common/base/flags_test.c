/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/flags.h"
#include "base/log.h"
#include "base/mem.h"

static const char *dir;
static int port;
static bool fast;
static int64_t period_ns;
static float rate;

static const struct flag table[] = {
	{.name = "dir",
	 .type = FLAG_STRING,
	 .target = &dir,
	 .def = "/var/lib/x",
	 .help = "Where state is kept."},
	{"secure-port", FLAG_INT, &port, "6443", "The port.", 1, 65535},
	{.name = "fast", .type = FLAG_BOOL, .target = &fast, .help = "Be fast."},
	{.name = "sync-period",
	 .type = FLAG_DURATION,
	 .target = &period_ns,
	 .def = "1m30s",
	 .help = "How often."},
	{"rate", FLAG_FLOAT, &rate, "0.55", "How many.", 0, 0},
	{0},
};

static const struct flags_program program = {
	.name = "a-prog", .about = "A program.", .version = "Prog v1", .table = table};

static enum flags_result parse(struct err *err, const char *a, const char *b)
{
	char *argv[] = {(char *)"prog", (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL};

	return flags_parse(&program, 1 + (a != NULL) + (b != NULL), argv, err);
}

static void accepted(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(parse(&err, NULL, NULL), FLAGS_OK);
	assert_string_equal(dir, "/var/lib/x");
	assert_int_equal(port, 6443);
	assert_false(fast);
	assert_int_equal(period_ns, INT64_C(90000000000));
	assert_true(rate == 0.55f);
	assert_int_equal(parse(&err, "--rate=-1e-2", NULL), FLAGS_OK);
	assert_true(rate == -0.01f);
	assert_int_equal(parse(&err, "--dir=/a=b", "--fast"), FLAGS_OK);
	assert_string_equal(dir, "/a=b");
	assert_true(fast);
	assert_int_equal(parse(&err, "--secure_port", "1"), FLAGS_OK);
	assert_int_equal(port, 1);
	assert_int_equal(parse(&err, "--fast=false", "--"), FLAGS_OK);
	assert_false(fast);
	assert_int_equal(parse(&err, "-v", "4"), FLAGS_OK);
	assert_int_equal(log_verbosity, 4);
	assert_int_equal(parse(&err, "--v=0", NULL), FLAGS_OK);
	assert_int_equal(log_verbosity, 0);
}

static void refused(void **state)
{
	static const struct {
		const char *arg, *want;
	} rows[] = {
		{"--nope", "unknown flag: --nope"},
		{"--nope=1", "unknown flag: --nope"},
		{"-x", "unknown shorthand flag: 'x' in -x"},
		{"stray", "a-prog does not take any arguments, got \"stray\""},
		{"--dir", "flag needs an argument: --dir"},
		{"--secure-port=x",
		 "invalid argument \"x\" for \"--secure-port\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"},
		{"--secure-port=0",
		 "invalid argument \"0\" for \"--secure-port\" flag: must be between 1 and 65535"},
		{"--secure-port=99999999999",
		 "invalid argument \"99999999999\" for \"--secure-port\" flag: strconv.ParseInt: parsing \"99999999999\": value out of range"},
		{"--fast=maybe",
		 "invalid argument \"maybe\" for \"--fast\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"},
		{"--sync-period=5",
		 "invalid argument \"5\" for \"--sync-period\" flag: time: missing unit in duration \"5\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(parse(&err, rows[i].arg, NULL), FLAGS_ERROR);
		assert_string_equal(err.msg, rows[i].want);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
		const char *error;
	} rows[] = {
		{"0", 0, NULL},
		{"300ms", 300000000, NULL},
		{"1m30s", INT64_C(90000000000), NULL},
		{"1.5h", INT64_C(5400000000000), NULL},
		{"-2h45m", -INT64_C(9900000000000), NULL},
		{"+5us", 5000, NULL},
		{"5\xc2\xb5s", 5000, NULL},
		{".5s", 500000000, NULL},
		{"1.s", 1000000000, NULL},
		{"2562047h47m16.854775807s", INT64_MAX, NULL},
		{"", 0, "time: invalid duration \"\""},
		{"-", 0, "time: invalid duration \"-\""},
		{".s", 0, "time: invalid duration \".s\""},
		{"1d", 0, "time: unknown unit \"d\" in duration \"1d\""},
		{"3000000h", 0, "time: invalid duration \"3000000h\""},
		{"99999999999999999999s", 0, "time: invalid duration \"99999999999999999999s\""},
		{"1s2", 0, "time: missing unit in duration \"1s2\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int64_t ns = 7;
		int rc = flags_duration(rows[i].text, &ns, &err);

		if (rows[i].error) {
			assert_int_equal(rc, -1);
			assert_string_equal(err.msg, rows[i].error);
			assert_int_equal(ns, 7);
		} else {
			assert_int_equal(rc, 0);
			assert_int_equal(ns, rows[i].ns);
		}
	}
}

/* Runs flags_parse with stdout in a file and gives back what it printed. */
static const char *printed(const char *arg)
{
	static char text[4096];
	FILE *f = tmpfile();
	int saved = dup(STDOUT_FILENO);
	struct err err = ERR_INIT;

	assert_non_null(f);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	enum flags_result r = parse(&err, arg, NULL);

	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(r, FLAGS_EXIT);
	rewind(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void help(void **state)
{
	assert_string_equal(printed("--version"), "Prog v1\n");
	const char *text = printed("--help");

	assert_ptr_equal(strstr(text, "A program.\n\nUsage:\n  a-prog [flags]\n\nFlags:\n"), text);
	assert_non_null(strstr(
		text, "      --dir string             Where state is kept. (default \"/var/lib/x\")\n"));
	assert_non_null(strstr(text, "      --secure-port int        The port. (default 6443)\n"));
	assert_non_null(strstr(text, "      --fast                   Be fast.\n"));
	assert_non_null(strstr(text, "      --sync-period duration   How often. (default 1m30s)\n"));
	assert_non_null(strstr(text, "  -v, --v int                  Number for the log level verbosity.\n"));
	assert_non_null(strstr(printed("-h"), "--version"));
}

static void manual(void **state)
{
	const char *text = printed("--help=man");

	assert_ptr_equal(strstr(text, ".TH a-prog 8 \"\" \"Prog v1\"\n.SH NAME\na\\-prog \\- A program.\n"),
			 text);
	assert_non_null(strstr(
		text,
		".TP\n\\fB\\-\\-dir\\fR=\\fIstring\\fR\nWhere state is kept. (default \"/var/lib/x\")\n"));
	assert_non_null(strstr(text, "\\fB\\-\\-fast\\fR\nBe fast.\n"));
	assert_non_null(strstr(text, "\\fB\\-\\-version\\fR\n"));
}

static void completion(void **state)
{
	const char *text = printed("--help=bash");

	assert_non_null(strstr(text, "_a_prog()\n"));
	assert_non_null(
		strstr(text, "--help --version --dir= --secure-port= --fast --sync-period= --rate= --v=\""));
	assert_non_null(strstr(text, "^(--dir)$"));
	assert_non_null(strstr(text, "complete -F _a_prog a-prog\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(durations),
		cmocka_unit_test(help),	    cmocka_unit_test(manual),  cmocka_unit_test(completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

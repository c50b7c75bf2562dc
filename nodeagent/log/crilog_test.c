/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "object/rfc3339.h"
#include "serve/logquery.h"

static void test_parse(void **state)
{
	static const struct {
		const char *line;
		bool ok, partial;
		enum crilog_stream stream;
		const char *content;
	} rows[] = {
		{"2016-10-06T00:17:09.669794202Z stdout F hello world", true, false, CRILOG_STDOUT,
		 "hello world"},
		{"2016-10-06T00:17:09.669794202Z stderr P part", true, true, CRILOG_STDERR, "part"},
		{"2016-10-06T02:17:09.669794202+02:00 stdout F  two  ", true, false, CRILOG_STDOUT, " two  "},
		{"2016-10-06T00:17:09.669794202Z stdout F ", true, false, CRILOG_STDOUT, ""},
		{"2016-10-06T00:17:09.669794202Z stdout F", true, false, CRILOG_STDOUT, ""},
		{"2016-10-06T00:17:09.669794202Z stdout F:x tagged", true, false, CRILOG_STDOUT, "tagged"},
		{"2016-10-06T00:17:09.669794202Z stdout X hello", false, false, 0, ""},
		{"2016-10-06T00:17:09.669794202Z stdin F hello", false, false, 0, ""},
		{"yesterday stdout F hello", false, false, 0, ""},
		{"stdout F hello", false, false, 0, ""},
		{"", false, false, 0, ""},
		{" ", false, false, 0, ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct crilog_line l;
		bool ok = crilog_parse(rows[i].line, strlen(rows[i].line), &l);
		assert_int_equal(ok, rows[i].ok);
		if (!ok)
			continue;
		assert_int_equal(l.partial, rows[i].partial);
		assert_int_equal(l.stream, rows[i].stream);
		assert_int_equal(l.content_len, strlen(rows[i].content));
		assert_memory_equal(l.content, rows[i].content, l.content_len);
		assert_int_equal(l.ns, INT64_C(1475713029669794202));
	}
}

#define T(s) "2026-01-01T00:00:0" #s ".000000000Z"
static const char sample[] = T(0) " stdout F one\n" T(1) " stderr F err\n" T(2) " stdout P two-\n" T(
	3) " stdout F half\n"
	   "garbage\n" T(4) " stdout F three\n" T(5) " stdout F unfinished";

static int file_with(const char *text, size_t n)
{
	char path[] = "/tmp/crilog-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, n), n);
	return fd;
}

static void read_all(int fd, const struct crilog_options *o, struct buf *out)
{
	struct crilog_reader r;
	struct err err = ERR_INIT;
	int rc = 1;
	assert_int_equal(crilog_open(&r, fd, o, &err), 0);
	while (rc > 0)
		rc = crilog_read(&r, out, out->len + 1, &err);
	assert_int_equal(rc, 0);
	crilog_release(&r);
}

static void test_read(void **state)
{
	int64_t at_2s;
	struct err err = ERR_INIT;
	assert_int_equal(rfc3339_parse(T(2), &at_2s, &err), 0);
	const struct {
		struct crilog_options o;
		const char *want;
	} rows[] = {
		{{.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH},
		 "one\nerr\ntwo-half\nthree\n"},
		{{.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_STDERR}, "err\n"},
		{{.tail_lines = 0, .limit_bytes = -1, .streams = CRILOG_BOTH}, ""},
		{{.tail_lines = 1, .limit_bytes = -1, .streams = CRILOG_BOTH}, "three\n"},
		{{.tail_lines = 2, .limit_bytes = -1, .streams = CRILOG_BOTH}, "two-half\nthree\n"},
		{{.tail_lines = 3, .limit_bytes = -1, .streams = CRILOG_BOTH}, "err\ntwo-half\nthree\n"},
		{{.tail_lines = 99, .limit_bytes = -1, .streams = CRILOG_BOTH},
		 "one\nerr\ntwo-half\nthree\n"},
		{{.tail_lines = 3, .limit_bytes = -1, .streams = CRILOG_STDOUT}, "one\ntwo-half\nthree\n"},
		{{.tail_lines = -1, .limit_bytes = 6, .streams = CRILOG_BOTH}, "one\ner"},
		{{.tail_lines = -1, .limit_bytes = -1, .since_ns = at_2s, .streams = CRILOG_BOTH},
		 "two-half\nthree\n"},
		{{.tail_lines = 2, .limit_bytes = -1, .timestamps = true, .streams = CRILOG_BOTH},
		 T(2) " two-half\n" T(4) " three\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		int fd = file_with(sample, sizeof(sample) - 1);
		read_all(fd, &rows[i].o, &out);
		assert_string_equal(buf_str(&out), rows[i].want);
		close(fd);
	}
}

/* What is written while somebody follows comes out line by line; an unfinished line waits for its end. */
static void test_growing(void **state)
{
	const struct crilog_options o = {.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH};
	struct crilog_reader r;
	struct err err = ERR_INIT;
	autobuf struct buf out = BUF_INIT;
	int fd = file_with(sample, sizeof(sample) - 1);
	assert_int_equal(crilog_open(&r, fd, &o, &err), 0);
	assert_int_equal(crilog_read(&r, &out, 1 << 20, &err), 0);
	buf_clear(&out);
	assert_int_equal(crilog_read(&r, &out, 1 << 20, &err), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(write(fd, " no more\n", 9), 9);
	assert_int_equal(crilog_read(&r, &out, 1 << 20, &err), 0);
	assert_string_equal(buf_str(&out), "unfinished no more\n");
	crilog_release(&r);
	close(fd);
}

/* Longer than every buffer: the tail of a large file, and a line without an end. */
static void test_large(void **state)
{
	autobuf struct buf text = BUF_INIT, out = BUF_INIT;
	const struct crilog_options tail = {.tail_lines = 1500, .limit_bytes = -1, .streams = CRILOG_BOTH};
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, T(1) " stdout F line %d with some words to make it longer\n", i);
	int fd = file_with(text.p, text.len);
	read_all(fd, &tail, &out);
	assert_int_equal(strncmp(buf_str(&out), "line 3500 ", 10), 0);
	close(fd);
	buf_clear(&text);
	for (int i = 0; i < 1 << 20; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\n" T(1) " stdout F after\n");
	fd = file_with(text.p, text.len);
	buf_clear(&out);
	read_all(fd, &(struct crilog_options){.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH},
		 &out);
	assert_string_equal(buf_str(&out), "after\n");
	buf_clear(&out);
	read_all(fd, &(struct crilog_options){.tail_lines = 5, .limit_bytes = -1, .streams = CRILOG_BOTH},
		 &out);
	assert_string_equal(buf_str(&out), "after\n");
	close(fd);
}

static void test_tail_file(void **state)
{
	char path[] = "/tmp/crilog-XXXXXX";
	autobuf struct buf out = BUF_INIT;
	int fd = mkstemp(path);
	assert_int_equal(write(fd, sample, sizeof(sample) - 1), sizeof(sample) - 1);
	close(fd);
	crilog_tail(&out, path, 2, 100);
	assert_string_equal(buf_str(&out), "two-half\nthree\n");
	buf_clear(&out);
	crilog_tail(&out, path, 80, 8);
	assert_string_equal(buf_str(&out), "f\nthree\n");
	unlink(path);
	buf_clear(&out);
	crilog_tail(&out, path, 2, 100);
	assert_int_equal(out.len, 0);
}

static void test_query(void **state)
{
	static const struct {
		const char *key, *value, *error; /* error NULL: fine */
	} rows[] = {
		{"follow", "true", NULL},
		{"tailLines", "0", NULL},
		{"tailLines", "-1",
		 "Invalid request.: tailLines: Invalid value: -1: must be greater than or equal to 0"},
		{"tailLines", "ten", "Invalid request.: tailLines: \"ten\" is not a number"},
		{"tailLines", "99999999999999999999",
		 "Invalid request.: tailLines: \"99999999999999999999\" is not a number"},
		{"limitBytes", "0",
		 "Invalid request.: limitBytes: Invalid value: 0: must be greater than or equal to 1"},
		{"stream", "Stderr", NULL},
		{"stream", "Both", "Invalid request.: stream: Unsupported value: \"Both\""},
		{"sinceSeconds", "5", NULL},
		{"unknown", "x", NULL},
		{"pretty", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct logquery q;
		struct err err = ERR_INIT;
		logquery_init(&q);
		int rc = logquery_set(&q, rows[i].key, rows[i].value, 100 * NS_PER_S, &err);
		assert_int_equal(rc, rows[i].error ? -1 : 0);
		if (rows[i].error)
			assert_string_equal(err.msg, rows[i].error);
	}
	struct logquery q;
	struct err err = ERR_INIT;
	logquery_init(&q);
	assert_int_equal(logquery_set(&q, "sinceSeconds", "5", 100 * NS_PER_S, &err), 0);
	assert_int_equal(q.options.since_ns, 95 * NS_PER_S);
	assert_int_equal(logquery_set(&q, "sinceTime", T(1), 0, &err), -1); /* one of the two */
	assert_int_equal(logquery_set(&q, "follow", "false", 0, &err), 0);
	assert_false(q.follow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),     cmocka_unit_test(test_read),
					   cmocka_unit_test(test_growing),   cmocka_unit_test(test_large),
					   cmocka_unit_test(test_tail_file), cmocka_unit_test(test_query)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

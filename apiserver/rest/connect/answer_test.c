/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in one piece and byte by byte give the same; what is none is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/connect/answer.h"

#define OK "HTTP/1.1 200 OK\r\n"

static const struct row {
	const char *bytes;
	bool bodiless;
	int status; /* 0: refused in its head */
	int64_t length;
	const char *body; /* NULL: refused in its body, or cut short */
	const char *rest; /* what is left behind it */
} rows[] = {
	{OK "Content-Length: 3\r\n\r\nabcdef", false, 200, 3, "abc", "def"},
	{OK "content-length:3\r\n\r\nab", false, 200, 3, NULL, ""},
	{OK "Content-Length: 0\r\n\r\n", false, 200, 0, "", ""},
	{OK "\r\nuntil the end", false, 200, -1, "until the end", ""},
	{"HTTP/1.0 404 Not Found\n\nx", false, 404, -1, "x", ""},
	{"HTTP/1.1 204\r\n\r\nx", false, 204, -1, "", "x"},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 304, 9, "", ""},
	{OK "Content-Length: 9\r\n\r\n", true, 200, 9, "", ""},
	{"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", false, 200, 1, "x", ""},
	{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw", false, 101, -1, "raw", ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n-", false,
	 200, -1, "abc0123456789", "-"},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", false, 200, -1, NULL, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, 200, -1, NULL, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n\r\n", false, 200, -1, NULL, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", false, 200, -1, NULL, ""},
	{OK "Transfer-Encoding: gzip, chunked\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "Content-Length: -1\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "Content-Length: 99999999999999999999\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "No colon\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "Bad name: x\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "A: b\r\n folded\r\n\r\n", false, 0, 0, NULL, ""},
	{OK "A: b\rX: y\r\n\r\n", false, 0, 0, NULL, ""},
	{"HTTP/2 200 OK\r\n\r\n", false, 0, 0, NULL, ""},
	{"SSH-2.0-x\r\n\r\n", false, 0, 0, NULL, ""},
	{"HTTP/1.1 2000 OK\r\n\r\n", false, 0, 0, NULL, ""},
};

static void play(const struct row *r, size_t step)
{
	struct answer a = {.bodiless = r->bodiless};
	struct err err = ERR_INIT;
	autobuf struct buf in = BUF_INIT;
	autobuf struct buf out = BUF_INIT;
	size_t n = strlen(r->bytes);
	int head = 0, body = 0;
	for (size_t at = 0; at < n && head >= 0 && body >= 0; at += step) {
		buf_add(&in, r->bytes + at, n - at < step ? n - at : step);
		if (!head)
			head = answer_head(&a, &in, &err);
		if (head == 1)
			body = answer_body(&a, &in, &out, false, &err);
	}
	if (head == 1 && body == 0)
		body = answer_body(&a, &in, &out, true, &err);
	if (a.status != r->status || (r->status && a.length != r->length))
		fail_msg("%s: %d, %lld", r->bytes, a.status, (long long)a.length);
	if ((body == 0) != (r->status == 0 || r->body != NULL) && head == 1)
		fail_msg("%s: body %d", r->bytes, body);
	if (r->body && (strcmp(buf_str(&out), r->body) || strcmp(buf_str(&in), r->rest)))
		fail_msg("%s: body «%s», rest «%s»", r->bytes, buf_str(&out), buf_str(&in));
	if (head < 0 || body < 0)
		assert_int_equal(err.reason, REASON_UNAVAILABLE);
	answer_release(&a);
}

static void answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		play(&rows[i], 1);
		play(&rows[i], 7);
		play(&rows[i], strlen(rows[i].bytes));
	}
}

static void a_head_without_end(void **state)
{
	struct answer a = {0};
	struct err err = ERR_INIT;
	autobuf struct buf in = BUF_INIT;
	buf_adds(&in, OK);
	int rc = 0;
	while (!rc && in.len < 4 * ANSWER_HEAD_MAX) {
		buf_adds(&in, "A: 0123456789012345678901234567890123456789\r\n");
		rc = answer_head(&a, &in, &err);
	}
	assert_int_equal(rc, -1);
	assert_true(in.len < ANSWER_HEAD_MAX + 100);
	buf_adds(&in, "\r\n"); /* it ends after all, but is as large */
	a.status = 0;
	assert_int_equal(answer_head(&a, &in, &err), -1);
	answer_release(&a);
}

static void headers(void **state)
{
	struct answer a = {0};
	struct err err = ERR_INIT;
	autobuf struct buf in = BUF_INIT;
	autobuf struct buf v = BUF_INIT;
	struct answer_line l;
	size_t at = 0;
	char hops[8] = "";
	buf_adds(&in,
		 OK "X-A:  one \r\nconnection: close , x-B\r\nX-b: two\r\nKeep-Alive: 1\r\nX-Ab: \r\n\r\n");
	assert_int_equal(answer_head(&a, &in, &err), 1);
	assert_true(answer_value(&a.lines, "x-a", &v));
	assert_string_equal(buf_str(&v), "one");
	assert_false(answer_value(&a.lines, "x", &v));
	while (answer_next(&a.lines, &at, &l))
		strcat(hops, answer_is_hop(&a.lines, &l) ? "h" : ".");
	assert_string_equal(hops, ".hhh.");
	answer_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(a_head_without_end),
					   cmocka_unit_test(headers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

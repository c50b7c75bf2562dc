/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probe/probe_response.h"

/* The same in one piece and byte by byte. */
static void feed(struct probe_response *r, const char *text, size_t step)
{
	size_t n = strlen(text);
	probe_response_init(r, 16);
	for (size_t at = 0; at < n; at += step)
		if (!probe_response_take(r, text + at, step < n - at ? step : n - at))
			return;
	probe_response_end(r);
}

#define H "HTTP/1.1 200 OK\r\n"
static const struct {
	const char *text;
	enum probe_response_state state;
	int status;
	const char *body, *location, *what;
} rows[] = {
	{H "Content-Length: 2\r\n\r\nokXX", RESPONSE_DONE, 200, "ok", NULL, NULL},
	{H "Content-Length: 0\r\n\r\n", RESPONSE_DONE, 200, "", NULL, NULL},
	{H "\r\nuntil the end", RESPONSE_DONE, 200, "until the end", NULL, NULL},
	{"HTTP/1.0 404 Not Found\n\nx", RESPONSE_DONE, 404, "x", NULL, NULL},
	{"HTTP/1.1 204\r\n\r\n", RESPONSE_DONE, 204, "", NULL, NULL},
	{"HTTP/1.1 302 Found\r\nlocation:  /x \r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 302, "", "/x",
	 NULL},
	{"HTTP/1.1 100 Continue\r\nLocation: no\r\n\r\n" H "Content-Length: 1\r\n\r\na", RESPONSE_DONE, 200,
	 "a", NULL, NULL},
	{H "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", RESPONSE_DONE, 200,
	 "abcde", NULL, NULL},
	/* no more than was wanted */
	{H "\r\n0123456789abcdefgh", RESPONSE_DONE, 200, "0123456789abcdef", NULL, NULL},
	{H "Transfer-Encoding: chunked\r\n\r\nff\r\n0123456789abcdefgh", RESPONSE_DONE, 200,
	 "0123456789abcdef", NULL, NULL},
	{"", RESPONSE_BAD, 0, "", NULL, "EOF"},
	{"HTTP/1.1 200", RESPONSE_BAD, 0, "", NULL, "unexpected EOF"},
	{H "A: b\r\n", RESPONSE_BAD, 200, "", NULL, "unexpected EOF"},
	{H "Content-Length: 9\r\n\r\nshort", RESPONSE_BAD, 200, "short", NULL, "unexpected EOF"},
	{"garbage\r\n", RESPONSE_BAD, 0, "", NULL,
	 "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"garbage\""},
	{"HTTP/1.1 20 x\r\n", RESPONSE_BAD, 0, "", NULL,
	 "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"20 x\""},
	{"SMTP 220 x\r\n", RESPONSE_BAD, 0, "", NULL,
	 "net/http: HTTP/1.x transport connection broken: malformed HTTP version \"SMTP 220 x\""},
	{H "Content-Length: -1\r\n", RESPONSE_BAD, 200, "", NULL,
	 "net/http: HTTP/1.x transport connection broken: bad Content-Length \"-1\""},
	{H "Transfer-Encoding: gzip\r\n", RESPONSE_BAD, 200, "", NULL,
	 "net/http: HTTP/1.x transport connection broken: unsupported transfer encoding: \"gzip\""},
	{H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", RESPONSE_BAD, 200, "", NULL,
	 "invalid byte in chunk length"},
	{H "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", RESPONSE_BAD, 200, "", NULL,
	 "invalid byte in chunk length"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t k = i / 2;
		struct probe_response r;
		feed(&r, rows[k].text, i % 2 ? 1 : 4096);
		if (r.state != rows[k].state)
			fail_msg("%s: state %d, %s", rows[k].text, r.state, r.what);
		assert_int_equal(r.status, rows[k].status);
		assert_string_equal(buf_str(&r.body), rows[k].body);
		if (rows[k].location)
			assert_string_equal(r.location, rows[k].location);
		else
			assert_null(r.location);
		if (rows[k].what)
			assert_string_equal(r.what, rows[k].what);
		probe_response_release(&r);
	}
}

/* A head without end does not grow without end. */
static void test_bounds(void **state)
{
	struct probe_response r;
	probe_response_init(&r, 16);
	assert_true(probe_response_take(&r, H, strlen(H)));
	size_t lines = 0;
	while (probe_response_take(&r, "A: b\r\n", 6))
		lines++;
	assert_int_equal(r.state, RESPONSE_BAD);
	assert_true(lines < PROBE_HEAD_MAX / 6 + 1);
	probe_response_release(&r);
	probe_response_init(&r, 16);
	while (probe_response_take(&r, "aaaaaaaa", 8))
		;
	assert_int_equal(r.state, RESPONSE_BAD);
	assert_true(r.line.cap < PROBE_HEAD_MAX);
	probe_response_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rows after upstream's pkg/probe/http/request_test.go, and what Go's net/url makes of paths and redirects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probe/probe_url.h"

static void test_make(void **state)
{
	static const struct {
		bool https;
		const char *host;
		const char *path, *text, *target;
	} rows[] = {
		{false, "localhost", "", "http://localhost:93", "/"},
		{true, "localhost", "/path", "https://localhost:93/path", "/path"},
		{false, "localhost", "?foo", "http://localhost:93?foo", "/?foo"},
		{true, "localhost", "/path?bar", "https://localhost:93/path?bar", "/path?bar"},
		{false, "::1", "/", "http://[::1]:93/", "/"},
		{false, "h", "healthz", "http://h:93/healthz", "/healthz"},
		{false, "h", "/a b\xc3\xa9", "http://h:93/a%20b%C3%A9", "/a%20b%C3%A9"},
		{false, "h", "/a%2Fb", "http://h:93/a%2Fb", "/a%2Fb"},
		{false, "h", "/a#b", "http://h:93/a#b", "/a"},
		{false, "h", "/a?b c", "http://h:93/a?b%20c", "/a?b%20c"},
		/* no URL: taken as a path */
		{false, "h", "/100%?x#y", "http://h:93/100%25%3Fx%23y", "/100%25%3Fx%23y"},
		{false, "h", "/a\r\nX: y", "http://h:93/a%0D%0AX:%20y", "/a%0D%0AX:%20y"},
		/* the rest is said elsewhere */
		{false, "h", "https://other/x?y", "http://h:93/x?y", "/x?y"},
		{false, "h", "//other/x", "http://h:93/x", "/x"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autobuf struct buf text = BUF_INIT, target = BUF_INIT;
		struct probe_url u;
		probe_url_make(&a, rows[i].https, rows[i].host, 93, rows[i].path, &u);
		probe_url_write(&text, &u);
		probe_url_target(&target, &u);
		assert_string_equal(buf_str(&text), rows[i].text);
		assert_string_equal(buf_str(&target), rows[i].target);
	}
}

static void test_follow(void **state)
{
	static const struct {
		const char *location, *text; /* NULL: nobody can say */
		bool absolute;
	} rows[] = {
		{"/new", "http://h:93/new", false},
		{"new?q", "http://h:93/a/new?q", false},
		{"../up", "http://h:93/up", false},
		{"./x/../y/.", "http://h:93/a/y/", false},
		{"?q=1", "http://h:93/a/b?q=1", false},
		{"#f", "http://h:93/a/b?c#f", false},
		{"//other", "http://other", false},
		{"http://h:94/x", "http://h:94/x", true},
		{"HTTPS://h/x", "https://h/x", true},
		{"http://[::1]:8/x", "http://[::1]:8/x", true},
		{"http://user:pw@h/x", "http://h/x", true},
		{"ftp://h/x", "ftp://h/x", true},
		{"mailto:x", NULL, true},
		{"http://h:port/", NULL, true},
		{"http://h:99999/", NULL, true},
		{"http://[::1/", NULL, true},
		{"/%zz", NULL, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autobuf struct buf text = BUF_INIT;
		struct probe_url base, u;
		bool absolute;
		probe_url_make(&a, false, "h", 93, "/a/b?c", &base);
		bool ok = probe_url_follow(&a, &base, rows[i].location, &u, &absolute);
		if (ok != (rows[i].text != NULL))
			fail_msg("%s: %d", rows[i].location, ok);
		assert_int_equal(absolute, rows[i].absolute);
		if (!ok)
			continue;
		probe_url_write(&text, &u);
		assert_string_equal(buf_str(&text), rows[i].text);
	}
}

static void test_ports(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	struct probe_url base, u;
	probe_url_make(&a, false, "h", 93, "/", &base);
	assert_true(probe_url_follow(&a, &base, "https://h/", &u, NULL));
	assert_int_equal(u.port, 443);
	assert_true(u.https);
	assert_true(probe_url_follow(&a, &base, "http://h/", &u, NULL));
	assert_int_equal(u.port, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_make), cmocka_unit_test(test_follow),
					   cmocka_unit_test(test_ports)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

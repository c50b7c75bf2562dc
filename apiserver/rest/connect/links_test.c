/* SPDX-License-Identifier: Apache-2.0 */
/* URLs and pages, whole and byte by byte (the rows are those of upstream's transport_test.go, and what HTML allows). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/connect/links.h"

#define PREFIX "/proxy/node/n:1"

static void urls(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"/a/b", PREFIX "/a/b"},
		{"/", PREFIX "/"},
		{"/a/", PREFIX "/a/"},
		{"/a//b/../c?x=/y#/z", PREFIX "/a/c?x=/y#/z"},
		{"a/b", "a/b"},
		{"", ""},
		{"#top", "#top"},
		{"?x=1", "?x=1"},
		{PREFIX "/a", PREFIX "/a"},
		{"http://10.0.0.1:80/a", PREFIX "/a"},
		{"//10.0.0.1:80/a", PREFIX "/a"},
		{"http://api:6443/a", "http://api:6443" PREFIX "/a"},
		{"https://api:6443" PREFIX "/a", "https://api:6443" PREFIX "/a"},
		{"http://other/a", "http://other/a"},
		{"mailto:x@y", "mailto:x@y"},
		{"http://10.0.0.1:80", "http://10.0.0.1:80"},
	};
	struct links *l = links_new(PREFIX, "10.0.0.1:80", "api:6443");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		links_url(l, rows[i].url, strlen(rows[i].url), &out);
		assert_string_equal(buf_str(&out), rows[i].want);
	}
	links_free(l);
}

static void pages(void **state)
{
	static const struct {
		const char *page, *want;
	} rows[] = {
		{"<pre><a href=\"kubelet.log\">k</a><a href=\"/log/x\">x</a></pre>",
		 "<pre><a href=\"kubelet.log\">k</a><a href=\"" PREFIX "/log/x\">x</a></pre>"},
		{"<A class=x\n HREF = '/a' >", "<A class=x\n HREF = '" PREFIX "/a' >"},
		{"<img src=/a alt=\"1 > 0\"/><p title='/a'>",
		 "<img src=" PREFIX "/a alt=\"1 > 0\"/><p title='/a'>"},
		{"<a href>/a</a><a name=\"/a\" href=\"/b?x=1&amp;y=2\">",
		 "<a href>/a</a><a name=\"/a\" href=\"" PREFIX "/b?x=1&amp;y=2\">"},
		{"<script src=\"/s\">if (a<b) x='<a href=\"/n\">';</script><a href='/y'>",
		 "<script src=\"" PREFIX "/s\">if (a<b) x='<a href=\"/n\">';</script><a href='" PREFIX
		 "/y'>"},
		{"<!-- <a href='/n'> --><a href='/y'>", "<!-- <a href='/n'> --><a href='" PREFIX "/y'>"},
		{"1 < 2 <a href='/y'>", "1 < 2 <a href='" PREFIX "/y'>"},
		{"<!DOCTYPE html><form action=/go>", "<!DOCTYPE html><form action=" PREFIX "/go>"},
		{"cut <a href='/n", "cut <a href='/n"},
		{"<a\"b href='/n'>", "<a\"b href='/n'>"},
		{"<a / href='/y'>", "<a / href='" PREFIX "/y'>"},
		{"<a = href='/y'>", "<a = href='/y'>"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step < 100; step += 98) {
			struct links *l = links_new(PREFIX, "", "");
			autobuf struct buf out = BUF_INIT;
			size_t n = strlen(rows[i].page);
			for (size_t at = 0; at < n; at += step)
				links_add(l, rows[i].page + at, n - at < step ? n - at : step, n - at <= step,
					  &out);
			assert_string_equal(buf_str(&out), rows[i].want);
			links_free(l);
		}
}

static void a_tag_without_end(void **state)
{
	struct links *l = links_new(PREFIX, "", "");
	autobuf struct buf out = BUF_INIT;
	links_add(l, "<a ", 3, false, &out);
	for (size_t i = 0; i < 2 * LINKS_TAG_MAX; i++)
		links_add(l, "x", 1, false, &out);
	assert_true(out.len > LINKS_TAG_MAX);
	links_add(l, "", 0, true, &out);
	assert_int_equal(out.len, 3 + 2 * LINKS_TAG_MAX);
	links_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(urls), cmocka_unit_test(pages),
					   cmocka_unit_test(a_tag_without_end)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

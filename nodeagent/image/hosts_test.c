/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "image/hosts.h"
#include "os/tree.h"

/* Every host on a line: URL, then what is not as usual. */
static void show(const struct image_hosts *h, struct buf *out)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct image_host *v = &h->v[i];
		buf_addf(out, "%s%s%s", i ? "\n" : "", v->url, v->mirror ? " mirror" : "");
		if (v->ca)
			buf_addf(out, " ca=%s", v->ca);
		if (v->cert)
			buf_addf(out, " client=%s,%s", v->cert, v->key);
		buf_addf(out, "%s%s", v->skip_verify ? " unverified" : "", v->resolves ? "" : " digests");
	}
}

static void test_files(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "https://reg.io/v2"},
		{"# nothing\n\r\n", "https://reg.io/v2"},
		{"server = \"https://registry-1.docker.io\"\n\n[host.\"https://mirror.io:5000\"]\n"
		 "  capabilities = [\"pull\", \"resolve\"] # both\n  ca = \"ca.crt\"\n",
		 "https://mirror.io:5000/v2 mirror ca=/d/ca.crt\nhttps://registry-1.docker.io/v2"},
		{"ca = '/etc/ca.pem'\nskip_verify=true\nclient = [[\"c.pem\", \"k.pem\"]]",
		 "https://reg.io/v2 ca=/etc/ca.pem client=/d/c.pem,/d/k.pem unverified"},
		{"[host.'http://a/']\ncapabilities=['pull']\nskip_verify = false\n[host.\"b\"]\nclient=\"both.pem\"\n",
		 "http://a/v2 mirror digests\nhttps://b/v2 mirror client=/d/both.pem,/d/both.pem\nhttps://reg.io/v2"},
		{"[host.\"https://a/v2/proxy\"]\noverride_path = true\n[host.\"https://b/proxy/v2/\"]\n",
		 "https://a/v2/proxy mirror\nhttps://b/proxy/v2 mirror\nhttps://reg.io/v2"},
		{"capabilities = [\n  \"pull\",\n  \"resolve\", # more\n]\n", "https://reg.io/v2"},
		{"ca = \"a\\\"b\\\\c\"\n", "https://reg.io/v2 ca=/d/a\"b\\c"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct image_hosts h;
		autobuf struct buf got = BUF_INIT;
		if (image_hosts_parse(rows[i].text, "reg.io", "/d", &h, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
		show(&h, &got);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("%s\ngot:  %s\nwant: %s", rows[i].text, buf_str(&got), rows[i].want);
		image_hosts_release(&h);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"server = \"ftp://x\"", "line 1: a host must be http://HOST or https://HOST"},
		{"server = \"https://u:p@x\"", "a host must be"},
		{"server = \"https://\"", "a host must be"},
		{"\nserver = x", "line 2: a value must be"},
		{"server = 1", "a value must be"},
		{"server = \"\"\"x\"\"\"", "a value must be"},
		{"server = \"x", "a string without an end"},
		{"server = \"\\u0041\"", "an escape that is not supported"},
		{"server = \"x\" y", "the line goes on after its end"},
		{"server", "a name goes on in a way"},
		{"= 1", "a name is missing"},
		{"a.b = true", "dotted names"},
		{"mirror = true", "\"mirror\" is not supported so"},
		{"ca = true", "\"ca\" is not supported so"},
		{"skip_verify = \"true\"", "\"skip_verify\" is not supported so"},
		{"[host.\"https://a\"]\nserver = \"https://b\"", "line 2: \"server\" is not supported so"},
		{"capabilities = [\"sing\"]", "capabilities are pull, resolve and push"},
		{"capabilities = [1]", "a list may hold"},
		{"capabilities = [\"pull\" \"push\"]", "a comma is missing"},
		{"capabilities = [", "a list may hold"},
		{"capabilities = [[[\"pull\"]]]", "a list may hold"},
		{"[plugins]", "a table must be [host.\"URL\"]"},
		{"[host]\n", "a table must be"},
		{"[[host.a]]", "a name is missing"},
		{"[host.\"a\".header]\n", "a table must be"},
		{"[host.\"a\"", "a name goes on in a way"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct image_hosts h;
		if (image_hosts_parse(rows[i].text, "reg.io", "/d", &h, &err) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (!strstr(err.msg, rows[i].want))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
	autobuf struct buf many = BUF_INIT;
	struct err err = ERR_INIT;
	struct image_hosts h;
	for (int i = 0; i < 100; i++)
		buf_addf(&many, "[host.\"h%d\"]\n", i);
	assert_int_equal(image_hosts_parse(buf_str(&many), "reg.io", "/d", &h, &err), -1);
	assert_non_null(strstr(err.msg, "too many hosts"));
}

static void put(const char *dir, const char *host, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *below = mem_printf("%s/%s", dir, host), *file = mem_printf("%s/hosts.toml", below);
	assert_int_equal(tree_mkdirs(below, 0700, &err), 0);
	assert_int_equal(tree_write(file, text, strlen(text), 0600, TREE_VOLATILE, &err), 0);
}

static void test_which_file(void **state)
{
	char dir[] = "/tmp/hosts_test.XXXXXX";
	struct err err = ERR_INIT;
	struct image_ref ref, other;
	struct image_hosts h;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(image_ref_parse("reg.io:5000/a", &ref, &err), 0);
	assert_int_equal(image_ref_parse("other.io/a", &other, &err), 0);
	assert_int_equal(image_hosts_read(dir, &ref, &h, &err), 0);
	assert_int_equal(h.n, 0);
	assert_int_equal(image_hosts_read(NULL, &ref, &h, &err), 0);
	assert_int_equal(h.n, 0);
	put(dir, "_default", "[host.\"https://all\"]\n");
	put(dir, "reg.io:5000", "skip_verify = true\n");
	assert_int_equal(image_hosts_read(dir, &ref, &h, &err), 0);
	assert_int_equal(h.n, 1);
	assert_true(h.v[0].skip_verify);
	assert_string_equal(h.v[0].url, "https://reg.io:5000/v2");
	image_hosts_release(&h);
	assert_int_equal(image_hosts_read(dir, &other, &h, &err), 0);
	assert_int_equal(h.n, 2);
	assert_string_equal(h.v[1].url, "https://other.io/v2");
	image_hosts_release(&h);
	put(dir, "reg.io:5000", "nonsense\n");
	assert_int_equal(image_hosts_read(dir, &ref, &h, &err), -1);
	assert_non_null(strstr(err.msg, "reg.io:5000/hosts.toml: hosts.toml: line 1"));
	assert_int_equal(tree_remove(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_refusals),
					   cmocka_unit_test(test_which_file)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

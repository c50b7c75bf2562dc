/* SPDX-License-Identifier: Apache-2.0 */
#include "object/core/image_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *in, *out; /* out NULL: refused */
	bool loopback;
} rows[] = {
	{"busybox", "docker.io/library/busybox:latest", false},
	{"busybox:1.35", "docker.io/library/busybox:1.35", false},
	{"a/b", "docker.io/a/b:latest", false},
	{"index.docker.io/b", "docker.io/library/b:latest", false},
	{"localhost/b", "localhost/b:latest", true},
	{"localhosts/b", "docker.io/localhosts/b:latest", false},
	{"127.0.0.1:5000/x/y:v1", "127.0.0.1:5000/x/y:v1", true},
	{"127.evil.example/x", "127.evil.example/x:latest", false},
	{"[::1]:5000/x", "[::1]:5000/x:latest", true},
	{"quay.io/a/b@sha256:" HEX, "quay.io/a/b@sha256:" HEX, false},
	{"quay.io/a/b:t@sha256:" HEX, "quay.io/a/b:t@sha256:" HEX, false},
	{"Reg.Example/x", "Reg.Example/x:latest", false},
	{"a__b/c---d:T_1.0-x", "docker.io/a__b/c---d:T_1.0-x", false},
	{"", NULL, false},
	{"Busybox", NULL, false},
	{"a/B", NULL, false},
	{"a//b", NULL, false},
	{"a/", NULL, false},
	{"/a", NULL, false},
	{"a:", NULL, false},
	{"a:-x", NULL, false},
	{"a___b", NULL, false},
	{"a b", NULL, false},
	{"a@sha256:12", NULL, false},
	{"a@md5:" HEX, NULL, false},
	{HEX, NULL, false},
	{"host:port/x", NULL, false},
	{"-x.y/z", NULL, false},
	{"../../etc/passwd", NULL, false},
	{"a.b/../c", NULL, false},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_ref r;
		struct err err = ERR_INIT;
		int rc = image_ref_parse(rows[i].in, &r, &err);
		if (!rows[i].out) {
			if (rc == 0)
				fail_msg("accepted %s", rows[i].in);
			assert_int_equal(err.reason, REASON_INVALID);
			continue;
		}
		if (rc < 0)
			fail_msg("refused %s: %s", rows[i].in, err.msg);
		autofree char *s = image_ref_string(&r);
		assert_string_equal(s, rows[i].out);
		assert_int_equal(image_ref_is_loopback(&r), rows[i].loopback);
		struct image_ref again;
		assert_int_equal(image_ref_parse(s, &again, &err), 0);
		assert_memory_equal(&again, &r, sizeof(r));
	}
}

static void test_messages(void **state)
{
	struct image_ref r;
	struct err err = ERR_INIT;
	assert_int_equal(image_ref_parse("UPPER", &r, &err), -1);
	assert_string_equal(
		err.msg,
		"couldn't parse image name \"UPPER\": invalid reference format: repository name must be lowercase");
	char name[300];
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(image_ref_parse(name, &r, &err), -1);
	assert_non_null(strstr(err.msg, "must not be more than 255 characters"));
}

static void test_host(void **state)
{
	struct image_ref r;
	struct err err = ERR_INIT;
	assert_int_equal(image_ref_parse("x", &r, &err), 0);
	assert_string_equal(image_ref_host(&r), "registry-1.docker.io");
	autofree char *d = image_ref_with_digest(&r, "sha256:" HEX);
	assert_string_equal(d, "docker.io/library/x@sha256:" HEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

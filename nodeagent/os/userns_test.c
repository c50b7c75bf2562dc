/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's pkg/kubelet/userns/userns_manager_test.go; and what the kernel makes of it, which needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "object/json_test.h"
#include "os/tree.h"
#include "os/userns.h"

static char dir[] = "/tmp/userns_test.XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", dir, name);
	autofree char *parent = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
	assert_int_equal(tree_mkdirs(parent, 0755, &err), 0);
	assert_int_equal(tree_write(path, text, strlen(text), mode, TREE_VOLATILE, &err), 0);
}

static void pod(const char *uid)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/pods/%s", dir, uid);
	assert_int_equal(tree_mkdirs(path, 0755, &err), 0);
}

static void gone(const char *uid)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/pods/%s", dir, uid);
	assert_int_equal(tree_remove(path, &err), 0);
}

static struct userns_ranges ranges(uint32_t n)
{
	struct userns_ranges r;
	struct err err = ERR_INIT;
	const struct userns_map all = {10 * USERNS_UNIT, n * USERNS_UNIT};
	autofree char *pods = mem_printf("%s/pods", dir);
	assert_int_equal(userns_ranges_init(&r, pods, &all, USERNS_UNIT, (int)n, &err), 0);
	return r;
}

static void test_parse(void **state)
{
#define ONE(first, n) "[{'hostId':" first ",'containerId':0,'length':" n "}]"
#define BOTH(a, b) JSON("{'uidMappings':" a ",'gidMappings':" b "}")
	const char *const rows[][2] = {
		{BOTH(ONE("131072", "65536"), ONE("131072", "65536")), NULL},
		{BOTH(ONE("131072", "65536"), ONE("65536", "65536")),
		 "GID and UID mapping should be identical"},
		{BOTH(ONE("131072", "65536"), "[]"), "one mapping"},
		{BOTH("[]", "[]"), "one mapping"},
		{BOTH("[{'hostId':1,'containerId':2,'length':1}]",
		      "[{'hostId':1,'containerId':2,'length':1}]"),
		 "one mapping"},
		{BOTH(ONE("0", "65536"), ONE("0", "65536")), "one mapping"},
		{BOTH(ONE("4294901760", "131072"), ONE("4294901760", "131072")), "one mapping"},
		{BOTH(ONE("-1", "65536"), ONE("-1", "65536")), "one mapping"},
		{"{", "invalid user namespace mappings file"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct userns_map m = {0};
		int rc = userns_parse(rows[i][0], strlen(rows[i][0]), &m, &err);
		assert_int_equal(rc, rows[i][1] ? -1 : 0);
		if (!rows[i][1])
			assert_true(m.first == 131072 && m.length == 65536);
		else if (!strstr(err.msg, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], err.msg);
	}
}

static void test_bounds(void **state)
{
	static const struct {
		struct userns_map all;
		int64_t each;
		int pods;
		const char *why;
	} rows[] = {
		{{65536, 4294901760}, 65536, 110, NULL},
		{{131072, 131072 * 110u}, 131072, 110, NULL},
		{{65536, 65536 * 110u},
		 65535,
		 110,
		 "kubelet user namespace length 65535 is not a multiple of 65536"},
		{{65537, 65536 * 110u},
		 65536,
		 110,
		 "kubelet user assigned ID 65537 is not a multiple of 65536"},
		{{0, 65536 * 110u},
		 65536,
		 110,
		 "kubelet user assigned ID 0 must be greater or equal to 65536"},
		{{65536, 65536 * 110u + 1}, 65536, 110, "length 7208961 is not a multiple of 65536"},
		{{65536, 65536 * 109u},
		 65536,
		 110,
		 "kubelet user assigned IDs are not enough to support 110 pods"},
		{{65536, 65536 * 110u},
		 131072,
		 10,
		 "kubelet user assigned ID 65536 is not a multiple of 131072"},
		{{4294901760, 131072}, 65536, 1, "end beyond 32 bits"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct userns_ranges r = {0};
		int rc = userns_ranges_init(&r, dir, &rows[i].all, rows[i].each, rows[i].pods, &err);
		if (rc != (rows[i].why ? -1 : 0) || (rows[i].why && !strstr(err.msg, rows[i].why)))
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		userns_ranges_release(&r);
	}
}

static void test_take(void **state)
{
	struct err err = ERR_INIT;
	struct userns_ranges r = ranges(3);
	struct userns_map got[4], again;
	for (int i = 0; i < 3; i++) {
		const char uid[] = {(char)('a' + i), '\0'};
		pod(uid);
		assert_int_equal(userns_ranges_take(&r, uid, &got[i], &err), 0);
		assert_int_equal(got[i].length, USERNS_UNIT);
		assert_int_equal(got[i].first % USERNS_UNIT, 0);
		assert_in_range(got[i].first, 10 * USERNS_UNIT, 12 * USERNS_UNIT);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(got[i].first, got[k].first);
	}
	pod("d");
	assert_int_equal(userns_ranges_take(&r, "d", &got[3], &err), -1);
	assert_string_equal(
		err.msg, "create user namespace: could not find an empty slot to allocate a user namespace");
	/* another agent, the same Pods */
	userns_ranges_release(&r);
	r = ranges(3);
	assert_int_equal(userns_ranges_take(&r, "b", &again, &err), 0);
	assert_int_equal(again.first, got[1].first);
	/* one whose Pod is gone is free */
	gone("b");
	err = (struct err)ERR_INIT;
	assert_int_equal(userns_ranges_take(&r, "d", &got[3], &err), 0);
	assert_int_equal(got[3].first, got[1].first);
	/* whose file cannot be read has nobody knows which */
	gone("a");
	put("pods/c/userns", "{}", 0600);
	pod("e");
	err = (struct err)ERR_INIT;
	assert_int_equal(userns_ranges_take(&r, "c", &again, &err), -1);
	assert_string_equal(
		err.msg,
		"user namespace: invalid user namespace configuration: one mapping of ID 0 is allowed");
	err = (struct err)ERR_INIT;
	assert_int_equal(userns_ranges_take(&r, "e", &again, &err), -1);
	userns_ranges_release(&r);
	for (const char *p = "cde"; *p; p++)
		gone((const char[]){*p, '\0'});
}

static void test_own(void **state)
{
	struct err err = ERR_INIT;
	struct userns_map m;
	autofree char *good = mem_printf("%s/good", dir), *many = mem_printf("%s/many", dir),
		      *differ = mem_printf("%s/differ", dir), *fails = mem_printf("%s/fails", dir);
	put("good", "#!/bin/sh\necho '0: root 65536 131072'\n", 0755);
	put("many", "#!/bin/sh\necho '0: root 65536 131072'\necho '1: root 1 1'\n", 0755);
	put("differ", "#!/bin/sh\ntest $1 = -g && echo x || echo y\n", 0755);
	put("fails", "#!/bin/sh\nexit 1\n", 0755);
	assert_int_equal(userns_own("root", good, &m, &err), 0);
	assert_true(m.first == 65536 && m.length == 131072);
	assert_int_equal(userns_own("nobody-of-that-name", fails, &m, &err), 0);
	assert_true(m.first == 65536 && m.length == 4294901760);
	assert_int_equal(userns_own("root", "/no/such/program", &m, &err), 0);
	assert_true(m.first == 65536 && m.length == 4294901760);
	const char *const bad[][2] = {
		{many, "it must contain only one line"},
		{differ, "mismatched subuids and subgids for user \"root\""},
		{fails, "error retrieving additional uids for user \"root\": exit status 1"}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(userns_own("root", bad[i][0], &m, &err), -1);
		if (!strstr(err.msg, bad[i][1]))
			fail_msg("%s", err.msg);
	}
}

static void test_try(void **state)
{
	struct err err = ERR_INIT;
	if (geteuid() != 0)
		skip();
	autofree char *closed = mem_printf("%s/pods", dir);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(userns_try(closed, &err), -1);
	autofree char *want = mem_printf("others may not pass through %s", dir);
	assert_string_equal(err.msg, want);
	assert_int_equal(chmod(dir, 0711), 0);
	if (userns_try(dir, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(userns_try("/proc", &err), -1);
	assert_non_null(strstr(err.msg, "failed to set MOUNT_ATTR_IDMAP on /proc: "));
}

static int setup(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(dir, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_bounds),
					   cmocka_unit_test(test_take), cmocka_unit_test(test_own),
					   cmocka_unit_test(test_try)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

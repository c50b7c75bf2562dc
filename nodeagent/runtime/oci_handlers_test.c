/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of real programs: small ones, that say what they can do and what they were asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "os/tree.h"
#include "runtime/oci_internal.h"

static char dir[] = "/tmp/oci_handlers_test.XXXXXX";

/* The path of a program that answers `features` with that text and status. */
static char *program(const char *name, const char *text, int status)
{
	struct err err = ERR_INIT;
	char *path = mem_printf("%s/%s", dir, name);
	autofree char *script =
		mem_printf("#!/bin/sh\ntest \"$*\" = features || exit 9\necho '%s'\nexit %d\n", text, status);
	assert_int_equal(tree_write(path, script, strlen(script), 0755, TREE_VOLATILE, &err), 0);
	return path;
}

static void test_find(void **state)
{
	struct err err = ERR_INIT;
	autofree char *usual = program("usual", "{\"mountOptions\":[\"ro\",\"rro\"]}", 0),
		      *old = program("old", "{\"mountOptions\":[\"rro\"]}", 1),
		      *extra = mem_printf("z=%s,fast=%s", old, usual);
	struct oci o = {.handlers = oci_handlers_new(usual, extra, true, &err)};
	static const struct {
		const char *name;
		bool recursive;
		bool usual;
	} want[] = {{"", true, true}, {"fast", true, true}, {"usual", true, true}, {"z", false, false}};
	size_t n;
	const struct runtime_handler *v = oci_handlers_all(&o.rt, &n);
	assert_int_equal(n, ARRAY_LEN(want));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(v[i].name, want[i].name);
		assert_int_equal(v[i].recursive_readonly, want[i].recursive);
		assert_string_equal(oci_handlers_find(o.handlers, want[i].name, &err),
				    want[i].usual ? usual : old);
	}
	assert_string_equal(oci_handlers_find(o.handlers, NULL, &err), usual);
	assert_null(oci_handlers_find(o.handlers, "slow", &err));
	assert_string_equal(err.msg, "no runtime for \"slow\" is configured");
	oci_handlers_free(o.handlers);
}

static void test_features(void **state)
{
	static const struct {
		const char *text;
		bool recursive, users;
	} v[] = {
		{"", false, true},
		{"no json", false, true},
		{"{}", false, true},
		{"{\"mountOptions\":[\"ro\",\"bind\"]}", false, true},
		{"{\"mountOptions\":[\"ro\",\"rro\"],\"linux\":{\"namespaces\":[\"pid\",\"user\"]}}", true,
		 true},
		{"{\"mountOptions\":\"rro\",\"linux\":{\"namespaces\":[\"pid\"]}}", false, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct runtime_handler h = oci_handlers_features(v[i].text, strlen(v[i].text));
		assert_int_equal(h.recursive_readonly, v[i].recursive);
		assert_int_equal(h.user_namespaces, v[i].users);
	}
}

/* What the machine cannot do nobody can. */
static void test_machine(void **state)
{
	struct err err = ERR_INIT;
	autofree char *usual = program("usual", "{\"linux\":{\"namespaces\":[\"user\"]}}", 0);
	for (int can = 0; can < 2; can++) {
		size_t n;
		struct oci o = {.handlers = oci_handlers_new(usual, NULL, can, &err)};
		assert_int_equal(oci_handlers_all(&o.rt, &n)->user_namespaces, can);
		oci_handlers_free(o.handlers);
	}
}

/* A handler that bears the usual program's name takes it. */
static void test_taken_name(void **state)
{
	struct err err = ERR_INIT;
	autofree char *usual = program("runc", "{}", 0), *other = program("other", "{}", 0),
		      *extra = mem_printf("runc=%s", other);
	struct oci_handlers *h = oci_handlers_new(usual, extra, true, &err);
	assert_string_equal(oci_handlers_find(h, "runc", &err), other);
	assert_string_equal(oci_handlers_find(h, "", &err), usual);
	oci_handlers_free(h);
}

static void test_refused(void **state)
{
	autofree char *usual = program("usual", "{}", 0);
	const struct {
		const char *extra, *why;
	} v[] = {
		{"fast", "runtime handlers: \"fast\" is not HANDLER=BINARY"},
		{"fast=", "runtime handlers: \"fast=\" is not HANDLER=BINARY"},
		{"a=/bin/true,a=/bin/true", "runtime handlers: \"a\" is there twice"},
		{"Fast=/bin/true", "runtime handlers: \"Fast\": a lowercase RFC 1123 label must consist of"},
		{"=/bin/true", "runtime handlers: \"\": a lowercase RFC 1123 label must consist of"},
		{"fast=/no/such", "runtime handlers: fast: /no/such: No such file"},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct err err = ERR_INIT;
		assert_null(oci_handlers_new(usual, v[i].extra, true, &err));
		if (strncmp(err.msg, v[i].why, strlen(v[i].why)))
			fail_msg("%s: %s", v[i].extra, err.msg);
	}
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_features),
					   cmocka_unit_test(test_machine), cmocka_unit_test(test_taken_name),
					   cmocka_unit_test(test_refused)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Complaints of two sorts, told in the order of the document that they are about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/buf.h"
#include "object/json_test.h"
#include "rest/verb/strict.h"

/* Paths with a space between them. */
static void read_unknown(const char *paths, struct strict_errors *ret)
{
	autofree char *copy = mem_strdup(paths);
	char *save = NULL;

	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
		ret->v[ret->n++] = mem_printf("unknown field \"%s\"", p);
}

static void write_all(const struct strict_errors *e, struct buf *out)
{
	for (size_t i = 0; i < e->n; i++) {
		const char *path = strchr(e->v[i], '"') + 1;
		buf_addf(out, "%s%c:%.*s", i ? " " : "", *e->v[i], (int)strlen(path) - 1, path);
	}
}

static void merges(void **state)
{
	static const struct {
		const char *json, *unknown, *want;
	} rows[] = {
		{"{'a':1,'b':2,'b':3,'c':4}", "a c", "u:a d:b u:c"},
		{"{'b':2,'b':3}", "", "d:b"},
		{"{'a':1}", "a", "u:a"},
		/* by the second of them */
		{"{'b':1,'a':2,'b':3}", "a", "u:a d:b"},
		{"{'x':[{'b':1,'b':2},{'a':1,'b':1,'b':2}]}", "x[1].a", "d:x[0].b u:x[1].a d:x[1].b"},
		{"{'x':[[1,{'b':1,'b':2}]],'a':1}", "a", "d:x[0][1].b u:a"},
		/* what is unknown is told once and not looked into */
		{"{'a':{'b':1,'b':2},'c':{'d':1,'d':1},'a':2}", "a", "u:a d:c.d"},
		{"{'a.b':1,'\\u0061':{'c':1,'c':2}}", "a.b", "u:a.b d:a.c"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct js_duplicates dup = {.n = 0};
		struct strict_errors unknown = {.n = 0}, all = {.n = 0};
		struct err err = ERR_INIT;
		const char *json = JSON(rows[i].json);
		autojson js *tree = js_parse(json, strlen(json), &dup, &err);
		autobuf struct buf text = BUF_INIT;
		assert_non_null(tree);
		read_unknown(rows[i].unknown, &unknown);
		strict_merge(json, strlen(json), &dup, &unknown, &all);
		write_all(&all, &text);
		if (strcmp(buf_str(&text), rows[i].want))
			fail_msg("%s: %s, not %s", json, buf_str(&text), rows[i].want);
		js_duplicates_release(&dup);
		schema_strict_errors_release(&unknown);
		schema_strict_errors_release(&all);
	}
}

static void joins_and_appends(void **state)
{
	struct js_duplicates dup = {.n = 0};
	struct strict_errors unknown = {.n = 0}, all = {.n = 0};

	js_duplicates_add(&dup, "z");
	read_unknown("a", &unknown);
	strict_join(&dup, &unknown, &all);
	strict_append(&all, "json patch ", &unknown);
	assert_int_equal(unknown.n, 0);
	assert_int_equal(all.n, 3);
	assert_string_equal(all.v[0], "duplicate field \"z\"");
	assert_string_equal(all.v[1], "unknown field \"a\"");
	assert_string_equal(all.v[2], "json patch unknown field \"a\"");
	js_duplicates_release(&dup);
	schema_strict_errors_release(&all);
}

static void sorts(void **state)
{
	static const struct {
		enum strict_order order;
		const char *paths, *want;
		size_t n_inner;
	} rows[] = {
		{STRICT_BY_PART, "spec.b metadata.z a.metadata.b a.metadata.a",
		 "u:metadata.z u:spec.b u:a.metadata.a u:a.metadata.b", 2},
		{STRICT_BY_PART, "spec.b metadata.z b spec.a metadata.b",
		 "u:metadata.b u:metadata.z u:b u:spec.a u:spec.b", 0},
		{STRICT_BY_TEXT, "a[10].b a-b a.c a[9].b", "u:a-b u:a.c u:a[10].b u:a[9].b", 0},
		{STRICT_BY_KEY, "b a[10].b a-b c.c a[9].b a[1].b a1 a[10].a",
		 "u:a[1].b u:a[9].b u:a[10].a u:a[10].b u:a-b u:a1 u:b u:c.c", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct strict_errors unknown = {.n = 0};
		autobuf struct buf text = BUF_INIT;
		read_unknown(rows[i].paths, &unknown);
		unknown.n_inner = rows[i].n_inner;
		strict_sort(&unknown, rows[i].order);
		write_all(&unknown, &text);
		assert_string_equal(buf_str(&text), rows[i].want);
		schema_strict_errors_release(&unknown);
	}
}

/* A deep document costs what it is long. */
static void is_quick(void **state)
{
	struct js_duplicates dup = {.n = 0};
	struct strict_errors unknown = {.n = 0}, all = {.n = 0};
	autobuf struct buf json = BUF_INIT, key = BUF_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < 2000; i++)
		buf_addc(&key, 'k');
	for (int i = 0; i < JS_MAX_DEPTH - 3; i++)
		buf_addf(&json, "{\"%s\":", key.p);
	buf_addc(&json, '[');
	for (int i = 0; i < 20000; i++)
		buf_addf(&json, "%s{\"a\":1}", i ? "," : "");
	buf_addc(&json, ']');
	for (int i = 1; i < JS_MAX_DEPTH - 3; i++)
		buf_addc(&json, '}');
	buf_adds(&json, ",\"b\":1,\"b\":2,\"u\":1}");
	autojson js *tree = js_parse(json.p, json.len, &dup, &err);
	assert_non_null(tree);
	read_unknown("u", &unknown);
	clock_t began = clock();
	strict_merge(json.p, json.len, &dup, &unknown, &all);
	assert_true((clock() - began) / (CLOCKS_PER_SEC / 1000) < 2000);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[1], "unknown field \"u\"");
	js_duplicates_release(&dup);
	schema_strict_errors_release(&unknown);
	schema_strict_errors_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges),
		cmocka_unit_test(joins_and_appends),
		cmocka_unit_test(sorts),
		cmocka_unit_test(is_quick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

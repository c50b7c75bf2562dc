/* SPDX-License-Identifier: Apache-2.0 */
/* Golden rows of tables: an object, and the cells that `kubectl get -o wide` shows of it, on all kinds. */
#ifndef REST_TABLE_CELLS_RIG_TEST_H
#define REST_TABLE_CELLS_RIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/kinds.h"
#include "object/rfc3339.h"
#include "rest/table/cells.h"
#include "rest/table/table.h"

#define NOW "2026-01-02T03:04:05Z"
/* 4m5s old. */
#define META "'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z'}"

static struct schema *schema;

struct cells_case {
	const char *group, *kind;
	const char *object; /* single quotes stand for double ones */
	const char *cells;
};

/* JSON with single quotes made double. */
static inline js *parse(const char *text)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	for (const char *p = text; *p; p++)
		buf_addc(&b, *p == '\'' ? '"' : *p);
	js *o = js_parse(buf_str(&b), b.len, NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static inline int64_t now(void)
{
	int64_t t = 0;
	struct err err = ERR_INIT;
	assert_int_equal(rfc3339_parse(NOW, &t, &err), 0);
	return t;
}

static inline void cells_check_one(const struct cells_case *row)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1", .include = INCLUDE_NONE};
	const struct kind *k = schema_kind(schema, row->group, "v1", row->kind);
	autobuf struct buf out = BUF_INIT;
	autobuf struct buf want = BUF_INIT;
	autojson js *o = parse(row->object);

	assert_non_null(k);
	table_row(&out, k, &a, o, "{}", 2, now());
	buf_adds(&want, "{\"cells\":[");
	for (const char *p = row->cells; *p; p++)
		buf_addc(&want, *p == '\'' ? '"' : *p);
	buf_addc(&want, ']');
	if (strncmp(buf_str(&out), buf_str(&want), want.len))
		fail_msg("%s %s\n got %s\nwant %s", row->kind, row->object, buf_str(&out), buf_str(&want));
	autojson js *reply = parse(buf_str(&out));
	assert_int_equal(js_len(js_arr(reply, "cells", NULL)), k->n_columns ? k->n_columns : 2);
	assert_true(json_object_object_get_ex(reply, "object", NULL)); /* which is null */
	assert_null(js_field(reply, "object"));
}

static inline void cells_check(const struct cells_case *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cells_check_one(&rows[i]);
}

static inline int cells_load(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static inline int cells_unload(void **state)
{
	schema_free(schema);
	return 0;
}

#endif

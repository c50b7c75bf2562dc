/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "object/jsonpath.h"

static const char doc[] =
	"{'metadata':{'name':'a','labels':{'x.y/z':'dotted','plain':'p'}},'spec':{'replicas':3,'ratio':1.5,'on':true,'none':null},"
	"'status':{'conditions':[{'type':'Synced','status':'False','n':1},{'type':'Ready','status':'True','n':2}],'list':[10,20,30,40]}}";

static void finds(void **state)
{
	static const struct {
		const char *path, *want; /* NULL: nothing */
	} rows[] = {
		{".spec.replicas", "3"},
		{"$.spec.replicas", "3"},
		{".spec.none", "null"},
		{".spec.missing", NULL},
		{".spec.replicas.deeper", NULL},
		{".metadata.labels.x\\.y/z", "'dotted'"},
		{".metadata.labels['plain']", "'p'"},
		{".metadata.labels['x\\.y/z']", "'dotted'"},
		{".metadata['labels.plain']", "'p'"},
		{".status.list[0]", "10"},
		{".status.list[-1]", "40"},
		{".status.list[4]", NULL},
		{".status.list[1:]", "20"},
		{".status.list[:2]", "10"},
		{".status.list[-2:]", "30"},
		{".status.list[3:1]", NULL},
		{".status.list[1::2]", "20"},
		{".status.list[2,0]", "30"},
		{".status.list[*]", "10"},
		{".status.conditions[*].type", "'Synced'"},
		{".status.conditions[?(@.type==\"Ready\")].status", "'True'"},
		{".status.conditions[?(@.type == 'Ready')].status", "'True'"},
		{".status.conditions[?(@.n>1)].type", "'Ready'"},
		{".status.conditions[?(@.n<=1)].type", "'Synced'"},
		{".status.conditions[?(@.n!=1)].type", "'Ready'"},
		{".status.conditions[?(@.type=='Other')].status", NULL},
		{".status.conditions[?(@.type==1)].status", NULL},
		{".status.conditions[?(@.missing)].status", NULL},
		{".status.conditions[?(@.n)].status", "'False'"},
		{".spec[?(@.a=='b')]", NULL},
		{"..n", "1"},
		{"..missing", NULL},
		{".spec.*", "3"},
		{".", "{}"},
	};
	struct err err = ERR_INIT;
	autojson js *o = js_parse(JSON(doc), strlen(doc), NULL, &err);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena arena = ARENA_INIT;
		autobuf struct buf b = BUF_INIT;
		const js *v = o;
		const struct jsonpath *p = jsonpath_compile(&arena, rows[i].path, strlen(rows[i].path), &err);
		if (!p)
			fail_msg("%s: %s", rows[i].path, err.msg);
		bool there = jsonpath_first(p, o, &v);
		if (there != (rows[i].want != NULL))
			fail_msg("%s: %s", rows[i].path, there ? "something" : "nothing");
		if (!there)
			continue;
		if (strcmp(rows[i].want, "{}") == 0) {
			assert_ptr_equal(v, o);
			continue;
		}
		if (v)
			js_write(&b, v);
		else
			buf_adds(&b, "null");
		if (strcmp(buf_str(&b), JSON(rows[i].want)))
			fail_msg("%s: %s", rows[i].path, buf_str(&b));
	}
}

static void refuses(void **state)
{
	static const char *const rows[] = {
		"",	    "spec",	    ".a.",  ".a[",	    ".a[]",
		".a[x]",    ".a[1:2:3:4]",  ".a]",  ".a[?(@.b==)]", ".a[?(@.b~1)]x",
		".a[?(b)]", ".a[?(@.b=1)]", ".a b", ".a[1:0:-1]",   ".a[99999999999]",
		".a[0,]",   ".a{b}",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		if (jsonpath_compile(&arena, rows[i], strlen(rows[i]), &err))
			fail_msg("%s", rows[i]);
		assert_int_equal(err.reason, REASON_INVALID);
	}
}

/* Neither long paths nor steps that multiply what they find take long. */
static void bounded(void **state)
{
	struct err err = ERR_INIT;
	autoarena struct arena arena = ARENA_INIT;
	autobuf struct buf path = BUF_INIT;
	for (int i = 0; i < 100; i++)
		buf_adds(&path, ".a");
	assert_null(jsonpath_compile(&arena, path.p, path.len, &err));
	buf_clear(&path);
	for (int i = 0; i < 20; i++)
		buf_adds(&path, ".a[?(@");
	assert_null(jsonpath_compile(&arena, path.p, path.len, &err));
	autojson js *o = js_new_arr();
	for (int i = 0; i < 300; i++) {
		js *inner = js_new_arr();
		for (int k = 0; k < 300; k++)
			js_push(inner, js_new_int(k));
		js_push(o, inner);
	}
	static const char wide[] = ".[*][*]..[*]";
	const struct jsonpath *p = jsonpath_compile(&arena, wide, sizeof(wide) - 1, &err);
	const js *v;
	assert_non_null(p);
	assert_false(jsonpath_first(p, o, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds), cmocka_unit_test(refuses),
					   cmocka_unit_test(bounded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

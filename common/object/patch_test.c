/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/patch.h"

static const char yaml[] = "package: core/v1\n"
			   "types:\n"
			   "  Root:\n"
			   "    meta: 1 Meta\n"
			   "    items: 2 [Item] merge=name\n"
			   "    atomic: 3 [Item]\n"
			   "    words: 4 [string] merge\n"
			   "    plain: 5 [string]\n"
			   "    choice: 6 Choice retain\n"
			   "    text: 7 string\n"
			   "  Meta:\n"
			   "    labels: 1 {string}\n"
			   "  Choice:\n"
			   "    a: 1 *Meta\n"
			   "    b: 2 *Meta\n"
			   "  Item:\n"
			   "    name: 1 string\n"
			   "    value: 2 string\n"
			   "    ports: 3 [Port] merge=port\n"
			   "    from: 4 *Meta\n"
			   "  Port:\n"
			   "    port: 1 int32\n"
			   "    proto: 2 string\n";

static struct schema *schema;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	struct schema_file f = {.name = "f.yaml", .p = yaml, .n = sizeof(yaml) - 1};
	schema = schema_load(&f, 1, &err);
	if (!schema)
		print_error("%s\n", err.msg);
	assert_non_null(schema);
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);
	if (!o)
		print_error("%s: %s\n", s, err.msg);
	assert_non_null(o);
	return o;
}

static void assert_json(const js *o, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	assert_string_equal(buf_str(&b), want);
}

struct row {
	const char *doc, *patch,
		*want; /* want begins with ! : the error's text; !! : INVALID; !? : UNKNOWN */
};

static void check(const struct row *r, js *(*apply)(const js *, const js *, struct err *))
{
	struct err err = ERR_INIT;
	autojson js *doc = parse(r->doc), *patch = parse(r->patch), *got = apply(doc, patch, &err);
	if (r->want[0] == '*') { /* only that it ends well */
		assert_true(got || err.reason);
	} else if (r->want[0] == '!') {
		if (got)
			print_error("%s applied to %s\n", r->patch, r->doc);
		assert_null(got);
		char how = r->want[1];
		assert_int_equal(err.reason, how == '!'	  ? REASON_INVALID
					     : how == '?' ? REASON_UNKNOWN
							  : REASON_BAD_REQUEST);
		if (!strstr(err.msg, r->want + (how == '!' || how == '?' ? 2 : 1)))
			print_error("%s: %s\n", r->patch, err.msg);
		assert_non_null(strstr(err.msg, r->want + (how == '!' || how == '?' ? 2 : 1)));
	} else {
		if (!got)
			print_error("%s on %s: %s\n", r->patch, r->doc, err.msg);
		assert_non_null(got);
		assert_json(got, r->want);
	}
	assert_json(doc, r->doc); /* inputs are as they were */
	assert_json(patch, r->patch);
}

static js *strategic(const js *doc, const js *patch, struct err *err)
{
	return patch_strategic(doc, patch, schema_type(schema, "Root"), err);
}

static void strategic_merge(void **state)
{
	static const struct row rows[] = {
		/* maps */
		{"{\"text\":\"a\"}", "{\"text\":\"b\"}", "{\"text\":\"b\"}"},
		{"{\"text\":\"a\"}", "{\"text\":null}", "{}"},
		{"{}", "{\"meta\":{\"labels\":{\"a\":\"b\",\"c\":null}}}",
		 "{\"meta\":{\"labels\":{\"a\":\"b\"}}}"},
		{"{\"meta\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}}",
		 "{\"meta\":{\"labels\":{\"a\":null,\"c\":\"3\"}}}",
		 "{\"meta\":{\"labels\":{\"b\":\"2\",\"c\":\"3\"}}}"},
		{"{\"meta\":{\"labels\":{\"a\":\"1\"}}}",
		 "{\"meta\":{\"labels\":{\"$patch\":\"replace\",\"z\":\"9\"}}}",
		 "{\"meta\":{\"labels\":{\"z\":\"9\"}}}"},
		{"{\"meta\":{\"labels\":{\"a\":\"1\"}}}", "{\"meta\":{\"$patch\":\"delete\"}}",
		 "{\"meta\":{}}"},
		{"{\"meta\":{\"labels\":{\"a\":\"1\"}}}",
		 "{\"meta\":{\"$patch\":\"merge\",\"labels\":{\"b\":\"2\"}}}",
		 "!?unknown patch type: merge in map: "},
		{"{}", "{\"meta\":{\"$patch\":\"replace\",\"labels\":{\"b\":\"2\"}}}", "{}"},
		{"{}", "{\"$patch\":\"burn\"}", "!?unknown patch type: burn in map: map[$patch:burn]"},
		/* lists that merge by key, new items behind */
		{"{\"items\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"b\"}]}",
		 "{\"items\":[{\"name\":\"b\",\"value\":\"2\"},{\"name\":\"c\",\"value\":null}]}",
		 "{\"items\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"b\",\"value\":\"2\"},{\"name\":\"c\"}]}"},
		{"{\"items\":[{\"name\":\"a\",\"ports\":[{\"port\":1},{\"port\":2,\"proto\":\"x\"}]}]}",
		 "{\"items\":[{\"name\":\"a\",\"ports\":[{\"port\":2,\"proto\":\"y\"}]}]}",
		 "{\"items\":[{\"name\":\"a\",\"ports\":[{\"port\":1},{\"port\":2,\"proto\":\"y\"}]}]}"},
		{"{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
		 "{\"items\":[{\"$patch\":\"delete\",\"name\":\"a\"}]}", "{\"items\":[{\"name\":\"b\"}]}"},
		{"{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
		 "{\"items\":[{\"name\":\"c\"},{\"$patch\":\"replace\"}]}", "{\"items\":[{\"name\":\"c\"}]}"},
		{"{\"items\":[{\"name\":\"a\"}]}", "{\"items\":[{\"value\":\"x\"}]}",
		 "!?map: map[value:x] does not contain declared merge key: name"},
		{"{\"items\":[{\"name\":\"a\"}]}", "{\"items\":[{\"$patch\":\"delete\"}]}",
		 "!?does not contain declared merge key: name"},
		{"{\"items\":[{\"name\":\"a\"}]}", "{\"items\":[\"x\"]}",
		 "!?list element types are not identical: [[map[name:a]][x]]"},
		{"{\"words\":[\"a\"]}", "{\"words\":[[\"b\"]]}", "!!lists of lists are not supported"},
		{"{\"items\":[{\"name\":\"a\"}]}", "{\"items\":[{\"name\":\"a\",\"$patch\":\"merge\"}]}",
		 "!?merging lists cannot yet be specified in the patch"},
		{"{}", "{\"items\":[{\"$patch\":\"delete\",\"name\":\"a\"},{\"name\":\"b\"}]}",
		 "{\"items\":[{\"name\":\"b\"}]}"},
		/* lists that do not merge */
		{"{\"atomic\":[{\"name\":\"a\"}]}", "{\"atomic\":[{\"name\":\"b\"}]}",
		 "{\"atomic\":[{\"name\":\"b\"}]}"},
		{"{\"plain\":[\"a\"]}", "{\"plain\":[]}", "{\"plain\":[]}"},
		/* lists of scalars */
		{"{\"words\":[\"a\",\"b\"]}", "{\"words\":[\"c\",\"a\"]}", "{\"words\":[\"c\",\"a\",\"b\"]}"},
		{"{\"words\":[\"a\",\"b\",\"c\"]}", "{\"$deleteFromPrimitiveList/words\":[\"b\",\"x\"]}",
		 "{\"words\":[\"a\",\"c\"]}"},
		{"{}", "{\"$deleteFromPrimitiveList/words\":[\"b\"]}", "{}"},
		{"{\"words\":[\"a\"]}", "{\"$deleteFromPrimitiveList/words\":\"a\"}", "{\"words\":[\"a\"]}"},
		{"{\"words\":[\"a\"]}", "{\"$deleteFromPrimitiveList/words\":null}", "{}"},
		/* order */
		{"{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}",
		 "{\"$setElementOrder/items\":[{\"name\":\"c\"},{\"name\":\"a\"}]}",
		 "{\"items\":[{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"a\"}]}"},
		{"{\"items\":[{\"name\":\"a\"},{\"name\":\"s\"},{\"name\":\"b\"}]}",
		 "{\"$setElementOrder/items\":[{\"name\":\"n\"},{\"name\":\"a\"},{\"name\":\"b\"}],\"items\":[{\"name\":\"n\"},"
		 "{\"name\":\"b\",\"value\":\"2\"}]}",
		 "{\"items\":[{\"name\":\"n\"},{\"name\":\"a\"},{\"name\":\"s\"},{\"name\":\"b\",\"value\":\"2\"}]}"},
		{"{\"words\":[\"a\",\"b\",\"c\"]}", "{\"$setElementOrder/words\":[\"c\",\"b\",\"a\"]}",
		 "{\"words\":[\"c\",\"b\",\"a\"]}"},
		{"{\"items\":[{\"name\":\"a\"}]}",
		 "{\"$setElementOrder/items\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"items\":[{\"name\":\"b\"},{\"name\":\"a\"}]}",
		 "!?doesn't match $setElementOrder list"},
		{"{}", "{\"$setElementOrder/items\":[{\"name\":\"a\"}]}", "{}"},
		{"{}", "{\"$setElementOrder/items\":\"a\"}",
		 "!?expected a []interface {}, but received a string"},
		/* a directive about a directive must not take the inner one away under the outer one's feet
		 */
		{"{\"$setElementOrder/words\":[],\"words\":[]}",
		 "{\"$setElementOrder/words\":[],\"$setElementOrder/$setElementOrder/words\":[],"
		 "\"$setElementOrder/$setElementOrder/$setElementOrder/words\":[]}",
		 "*"},
		/* retainKeys */
		{"{\"choice\":{\"a\":{\"labels\":{}}}}",
		 "{\"choice\":{\"$retainKeys\":[\"b\"],\"b\":{\"labels\":{\"x\":\"y\"}}}}",
		 "{\"choice\":{\"b\":{\"labels\":{\"x\":\"y\"}}}}"},
		{"{\"choice\":{\"a\":{}}}", "{\"choice\":{\"$retainKeys\":[\"a\"],\"b\":{}}}", "!retainKeys"},
		/* a field the type does not know */
		{"{\"odd\":{\"a\":1,\"b\":[1]}}", "{\"odd\":{\"a\":2,\"b\":[2]}}",
		 "{\"odd\":{\"a\":2,\"b\":[2]}}"},
		{"{}", "[]", "!json: cannot unmarshal array into Go value of type map[string]interface {}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], strategic);
}

static void merge_patch(void **state)
{
	/* the appendix of RFC 7386, as far as the patch is an object */
	static const struct row rows[] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
		{"{\"a\":\"foo\"}", "\"bar\"",
		 "!error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], patch_merge);
}

static void merge_diff(void **state)
{
	static const struct row rows[] = {
		{"{\"a\":1}", "{\"a\":1}", "{}"},
		{"{\"a\":{\"b\":1,\"c\":[1]},\"d\":1}", "{\"a\":{\"b\":2,\"c\":[1]}}",
		 "{\"d\":null,\"a\":{\"b\":2}}"},
		{"{\"a\":[1]}", "{\"a\":[1,2],\"n\":{\"x\":1}}", "{\"a\":[1,2],\"n\":{\"x\":1}}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *a = parse(rows[i].doc), *b = parse(rows[i].patch),
			    *diff = patch_merge_diff(a, b);
		assert_json(diff, rows[i].want);
		autojson js *got = patch_merge(a, diff, &err);
		assert_true(js_equal(got, b));
	}
}

static void json_patch(void **state)
{
	/* the appendix of RFC 6902, and the corners of lists */
	static const struct row rows[] = {
		{"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		 "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
		{"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		 "{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
		{"{\"foo\":[1,2,3]}", "[{\"op\":\"add\",\"path\":\"/foo/0\",\"value\":0}]",
		 "{\"foo\":[0,1,2,3]}"},
		{"{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[2]}]",
		 "{\"foo\":[1,[2]]}"},
		{"{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/2\",\"value\":2}]",
		 "!!add for path: '/foo/2': Unable to access invalid index: 2"},
		{"{\"foo\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/foo/-1\"}]", "{\"foo\":[1]}"},
		{"{\"foo\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/foo/2\"}]",
		 "!!error in remove for path: '/foo/2'"},
		{"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
		 "{\"foo\":\"bar\"}"},
		{"{}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
		 "!!Unable to remove nonexistent key: baz: missing value"},
		{"{\"baz\":1}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":2}]", "{\"baz\":2}"},
		{"{}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":2}]",
		 "!!replace operation does not apply: doc is missing key: /baz: missing value"},
		{"{\"a\":[1,2]}", "[{\"op\":\"replace\",\"path\":\"/a/1\",\"value\":{}}]", "{\"a\":[1,{}]}"},
		{"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{}}",
		 "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
		 "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"thud\":\"fred\"}}"},
		{"{\"foo\":[1,2,3]}", "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/2\"}]",
		 "{\"foo\":[1,3,2]}"},
		{"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", "!!"},
		{"{\"a\":{\"b\":1}}",
		 "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},{\"op\":\"replace\",\"path\":\"/c/b\",\"value\":2}]",
		 "{\"a\":{\"b\":1},\"c\":{\"b\":2}}"},
		{"{\"a\":[1,\"x\"]}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":[1,\"x\"]}]",
		 "{\"a\":[1,\"x\"]}"},
		{"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
		 "!!testing value /a failed: test failed"},
		{"{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{}"},
		{"{\"/\":9,\"~1\":10}",
		 "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10},{\"op\":\"remove\",\"path\":\"/~1\"}]",
		 "{\"~1\":10}"},
		{"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}"},
		{"{}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", "!!"},
		{"{}", "[{\"op\":\"burn\",\"path\":\"/a\"}]", "!!"},
		{"{}", "[{\"op\":\"add\",\"value\":1}]", "!!"},
		{"{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", "!!"},
		{"{}", "{\"a\":1}", "!json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
		{"{}", "[1]", "!json: cannot unmarshal number into Go value of type jsonpatch.Operation"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], patch_json);
}

static void bounded(void **state)
{
	struct err err = ERR_INIT;
	autojson js *doc = parse("{\"a\":\"0123456789\"}"), *ops = js_new_arr();
	for (int i = 0; i < 60; i++) /* each copy doubles the document */
		js_push(ops, parse("{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}"));
	autojson js *doubling = js_new_arr();
	for (int i = 0; i < 60; i++) {
		autofree char *op = mem_printf("{\"op\":\"copy\",\"from\":\"\",\"path\":\"/k%d\"}", i);
		js_push(doubling, parse(op));
	}
	assert_null(patch_json(doc, doubling, &err));
	assert_int_equal(err.reason, REASON_INVALID);
	autojson js *fine = patch_json(doc, ops, &err);
	assert_non_null(fine);

	autojson js *deep = js_new_arr();
	for (int i = 0; i < JS_MAX_DEPTH + 1; i++)
		js_push(deep, parse("{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a\"}"));
	assert_null(patch_json(doc, deep, &err));
	assert_int_equal(err.reason, REASON_BAD_REQUEST);

	autojson js *many = js_new_arr();
	for (int i = 0; i < PATCH_MAX_OPS + 1; i++)
		js_push(many, parse("{\"op\":\"test\",\"path\":\"/x\",\"value\":null}"));
	assert_null(patch_json(doc, many, &err));
	assert_int_equal(err.reason, REASON_TOO_LARGE);
	assert_string_equal(err.msg, "The allowed maximum operations in a JSON patch is 10000, got 10001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strategic_merge), cmocka_unit_test(merge_patch),
		cmocka_unit_test(merge_diff),	   cmocka_unit_test(json_patch),
		cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/patch.h"
#include "object/json_test.h"

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
			   "    whole: 8 *Choice replace\n"
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
	const struct row rows[] = {
		/* maps */
		{JSON("{'text':'a'}"), JSON("{'text':'b'}"), JSON("{'text':'b'}")},
		{JSON("{'text':'a'}"), JSON("{'text':null}"), "{}"},
		{"{}", JSON("{'meta':{'labels':{'a':'b','c':null}}}"), JSON("{'meta':{'labels':{'a':'b'}}}")},
		{JSON("{'meta':{'labels':{'a':'1','b':'2'}}}"),
		 JSON("{'meta':{'labels':{'a':null,'c':'3'}}}"),
		 JSON("{'meta':{'labels':{'b':'2','c':'3'}}}")},
		{JSON("{'meta':{'labels':{'a':'1'}}}"),
		 JSON("{'meta':{'labels':{'$patch':'replace','z':'9'}}}"),
		 JSON("{'meta':{'labels':{'z':'9'}}}")},
		{JSON("{'meta':{'labels':{'a':'1'}}}"), JSON("{'meta':{'$patch':'delete'}}"),
		 JSON("{'meta':{}}")},
		{JSON("{'meta':{'labels':{'a':'1'}}}"),
		 JSON("{'meta':{'$patch':'merge','labels':{'b':'2'}}}"),
		 "!?unknown patch type: merge in map: "},
		{"{}", JSON("{'meta':{'$patch':'replace','labels':{'b':'2'}}}"), "{}"},
		{"{}", JSON("{'$patch':5}"), "!?unknown patch type: %!s(int64=5) in map: map[$patch:5]"},
		{"{}", JSON("{'$patch':'burn'}"), "!?unknown patch type: burn in map: map[$patch:burn]"},
		/* lists that merge by key, new items behind */
		{JSON("{'items':[{'name':'a','value':'1'},{'name':'b'}]}"),
		 JSON("{'items':[{'name':'b','value':'2'},{'name':'c','value':null}]}"),
		 JSON("{'items':[{'name':'a','value':'1'},{'name':'b','value':'2'},{'name':'c'}]}")},
		{JSON("{'items':[{'name':'a','ports':[{'port':1},{'port':2,'proto':'x'}]}]}"),
		 JSON("{'items':[{'name':'a','ports':[{'port':2,'proto':'y'}]}]}"),
		 JSON("{'items':[{'name':'a','ports':[{'port':1},{'port':2,'proto':'y'}]}]}")},
		/* a new item that is there twice is one */
		{JSON("{'items':[{'name':'a'}]}"),
		 JSON("{'items':[{'name':'b','value':'1'},{'name':'c'},{'name':'b','value':'2','ports':[]}]}"),
		 JSON("{'items':[{'name':'b','value':'2','ports':[]},{'name':'c'},{'name':'a'}]}")},
		{JSON("{'items':[{'name':'a'},{'name':'b'}]}"),
		 JSON("{'items':[{'$patch':'delete','name':'a'}]}"), JSON("{'items':[{'name':'b'}]}")},
		{JSON("{'items':[{'name':'a'},{'name':'b'}]}"),
		 JSON("{'items':[{'name':'c'},{'$patch':'replace'}]}"), JSON("{'items':[{'name':'c'}]}")},
		{JSON("{'items':[{'name':'a'}]}"), JSON("{'items':[{'value':'x'}]}"),
		 "!?map: map[value:x] does not contain declared merge key: name"},
		{JSON("{'items':[{'name':'a'}]}"), JSON("{'items':[{'$patch':'delete'}]}"),
		 "!?does not contain declared merge key: name"},
		{JSON("{'items':[{'name':'a'}]}"), JSON("{'items':['x']}"),
		 "!?list element types are not identical: [[map[name:a]] [x]]"},
		{JSON("{'words':['a']}"), JSON("{'words':[['b']]}"), "!!lists of lists are not supported"},
		{JSON("{'items':[{'name':'a'}]}"), JSON("{'items':[{'name':'a','$patch':'merge'}]}"),
		 "!?merging lists cannot yet be specified in the patch"},
		{"{}", JSON("{'items':[{'$patch':'delete','name':'a'},{'name':'b'}]}"),
		 JSON("{'items':[{'name':'b'}]}")},
		/* lists that do not merge */
		{JSON("{'atomic':[{'name':'a'}]}"), JSON("{'atomic':[{'name':'b'}]}"),
		 JSON("{'atomic':[{'name':'b'}]}")},
		{JSON("{'plain':['a']}"), JSON("{'plain':[]}"), JSON("{'plain':[]}")},
		/* lists of scalars */
		{JSON("{'words':['a','b']}"), JSON("{'words':['c','a']}"), JSON("{'words':['c','a','b']}")},
		{JSON("{'words':['a','b','c']}"), JSON("{'$deleteFromPrimitiveList/words':['b','x']}"),
		 JSON("{'words':['a','c']}")},
		{"{}", JSON("{'$deleteFromPrimitiveList/words':['b']}"), "{}"},
		{JSON("{'words':['a']}"), JSON("{'$deleteFromPrimitiveList/words':'a'}"),
		 JSON("{'words':['a']}")},
		{JSON("{'words':['a']}"), JSON("{'$deleteFromPrimitiveList/words':null}"), "{}"},
		/* order */
		{JSON("{'items':[{'name':'a'},{'name':'b'},{'name':'c'}]}"),
		 JSON("{'$setElementOrder/items':[{'name':'c'},{'name':'a'}]}"),
		 JSON("{'items':[{'name':'b'},{'name':'c'},{'name':'a'}]}")},
		{JSON("{'items':[{'name':'a'},{'name':'s'},{'name':'b'}]}"),
		 JSON("{'$setElementOrder/items':[{'name':'n'},{'name':'a'},{'name':'b'}],'items':[{'name':'n'},"
		      "{'name':'b','value':'2'}]}"),
		 JSON("{'items':[{'name':'n'},{'name':'a'},{'name':'s'},{'name':'b','value':'2'}]}")},
		{JSON("{'words':['a','b','c']}"), JSON("{'$setElementOrder/words':['c','b','a']}"),
		 JSON("{'words':['c','b','a']}")},
		{JSON("{'items':[{'name':'a'}]}"),
		 JSON("{'$setElementOrder/items':[{'name':'a'},{'name':'b'}],'items':[{'name':'b'},{'name':'a'}]}"),
		 "!?doesn't match $setElementOrder list"},
		{"{}", JSON("{'$setElementOrder/items':[{'name':'a'}]}"), "{}"},
		{"{}", JSON("{'$setElementOrder/items':'a'}"),
		 "!?expected a []interface {}, but received a string"},
		/* a directive about a directive must not take the inner one away under the outer one's feet
		 */
		{JSON("{'$setElementOrder/words':[],'words':[]}"),
		 JSON("{'$setElementOrder/words':[],'$setElementOrder/$setElementOrder/words':[],"
		      "'$setElementOrder/$setElementOrder/$setElementOrder/words':[]}"),
		 "*"},
		/* retainKeys */
		{JSON("{'choice':{'a':{'labels':{}}}}"),
		 JSON("{'choice':{'$retainKeys':['b'],'b':{'labels':{'x':'y'}}}}"),
		 JSON("{'choice':{'b':{'labels':{'x':'y'}}}}")},
		{JSON("{'choice':{'a':{}}}"), JSON("{'choice':{'$retainKeys':['a'],'b':{}}}"), "!retainKeys"},
		/* an object that is replaced */
		{JSON("{'whole':{'a':{}}}"), JSON("{'whole':{'b':{}}}"), JSON("{'whole':{'b':{}}}")},
		/* a field the type does not know */
		{JSON("{'odd':{'a':1,'b':[1]}}"), JSON("{'odd':{'a':2,'b':[2]}}"),
		 JSON("{'odd':{'a':2,'b':[2]}}")},
		{"{}", "[]", "!json: cannot unmarshal array into Go value of type map[string]interface {}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], strategic);
}

static void merge_patch(void **state)
{
	/* the appendix of RFC 7386, as far as the patch is an object */
	const struct row rows[] = {
		{JSON("{'a':'b'}"), JSON("{'a':'c'}"), JSON("{'a':'c'}")},
		{JSON("{'a':'b'}"), JSON("{'b':'c'}"), JSON("{'a':'b','b':'c'}")},
		{JSON("{'a':'b'}"), JSON("{'a':null}"), "{}"},
		{JSON("{'a':'b','b':'c'}"), JSON("{'a':null}"), JSON("{'b':'c'}")},
		{JSON("{'a':['b']}"), JSON("{'a':'c'}"), JSON("{'a':'c'}")},
		{JSON("{'a':'c'}"), JSON("{'a':['b']}"), JSON("{'a':['b']}")},
		{JSON("{'a':{'b':'c'}}"), JSON("{'a':{'b':'d','c':null}}"), JSON("{'a':{'b':'d'}}")},
		{JSON("{'a':[{'b':'c'}]}"), JSON("{'a':[1]}"), JSON("{'a':[1]}")},
		{JSON("{'e':null}"), JSON("{'a':1}"), JSON("{'e':null,'a':1}")},
		{"{}", JSON("{'a':{'bb':{'ccc':null}}}"), JSON("{'a':{'bb':{}}}")},
		{JSON("{'a':'foo'}"), "\"bar\"",
		 "!error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], patch_merge);
}

static void merge_diff(void **state)
{
	const struct row rows[] = {
		{JSON("{'a':1}"), JSON("{'a':1}"), "{}"},
		{JSON("{'a':{'b':1,'c':[1]},'d':1}"), JSON("{'a':{'b':2,'c':[1]}}"),
		 JSON("{'d':null,'a':{'b':2}}")},
		{JSON("{'a':[1]}"), JSON("{'a':[1,2],'n':{'x':1}}"), JSON("{'a':[1,2],'n':{'x':1}}")},
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
	const struct row rows[] = {
		{JSON("{'foo':'bar'}"), JSON("[{'op':'add','path':'/baz','value':'qux'}]"),
		 JSON("{'foo':'bar','baz':'qux'}")},
		{JSON("{'foo':['bar','baz']}"), JSON("[{'op':'add','path':'/foo/1','value':'qux'}]"),
		 JSON("{'foo':['bar','qux','baz']}")},
		{JSON("{'foo':[1,2,3]}"), JSON("[{'op':'add','path':'/foo/0','value':0}]"),
		 JSON("{'foo':[0,1,2,3]}")},
		{JSON("{'foo':[1]}"), JSON("[{'op':'add','path':'/foo/-','value':[2]}]"),
		 JSON("{'foo':[1,[2]]}")},
		{JSON("{'foo':[1]}"), JSON("[{'op':'add','path':'/foo/2','value':2}]"),
		 "!!error in add for path: '/foo/2': Unable to access invalid index: 2: invalid index referenced"},
		{JSON("{'foo':[1]}"), JSON("[{'op':'add','path':'/foo/-2','value':0}]"),
		 JSON("{'foo':[0,1]}")},
		{JSON("{'foo':[1]}"), JSON("[{'op':'add','path':'/foo/x','value':2}]"),
		 "!!error in add for path: '/foo/x': value was not a proper array index: 'x': "
		 "strconv.Atoi: parsing \"x\": invalid syntax"},
		{JSON("{'foo':[1,2]}"), JSON("[{'op':'remove','path':'/foo/-1'}]"), JSON("{'foo':[1]}")},
		{JSON("{'foo':[1,2]}"), JSON("[{'op':'remove','path':'/foo/2'}]"),
		 "!!error in remove for path: '/foo/2'"},
		{JSON("{'baz':'qux','foo':'bar'}"), JSON("[{'op':'remove','path':'/baz'}]"),
		 JSON("{'foo':'bar'}")},
		{"{}", JSON("[{'op':'remove','path':'/baz'}]"),
		 "!!Unable to remove nonexistent key: baz: missing value"},
		{JSON("{'baz':1}"), JSON("[{'op':'replace','path':'/baz','value':2}]"), JSON("{'baz':2}")},
		/* upstream's library knows what is missing in lists only */
		{"{}", JSON("[{'op':'replace','path':'/baz','value':2}]"), JSON("{'baz':2}")},
		{JSON("{'a':[]}"), JSON("[{'op':'replace','path':'/a/0','value':2}]"),
		 "!!replace operation does not apply: doc is missing key: /a/0: missing value"},
		{"{}", JSON("[{'op':'replace','path':'/a/b','value':2}]"),
		 "!!replace operation does not apply: doc is missing path: /a/b: missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'replace','path':'x/a','value':2}]"), JSON("{'a':2}")},
		{JSON("{'a':1}"), JSON("[{'op':'replace','path':'a','value':2}]"),
		 "!!replace operation does not apply: doc is missing path: a: missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'copy','from':'/x','path':'/b'}]"), JSON("{'a':1,'b':null}")},
		{JSON("{'a':[1]}"), JSON("[{'op':'copy','from':'/a/1','path':'/b'}]"),
		 "!!error in copy for from: '/a/1': Unable to access invalid index: 1: invalid index referenced"},
		{JSON("{'a':1}"), JSON("[{'op':'copy','from':'','path':'/b'}]"),
		 "!!copy operation does not apply: doc is missing from path: : missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'copy','from':'/a','path':'/b/c'}]"),
		 "!!copy operation does not apply: doc is missing destination path: /b/c: missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'copy','path':'/b'}]"),
		 "!!copy operation failed to decode from: operation, missing from field: missing value"},
		{JSON("{'a':[1]}"), JSON("[{'op':'copy','from':'/a/0','path':'/a/9'}]"),
		 "!!error while adding value during copy: Unable to access invalid index: 9: invalid index referenced"},
		{JSON("{'a':{}}"), JSON("[{'op':'move','from':'/a/x','path':'/b'}]"),
		 "!!error in move for path: 'x': Unable to remove nonexistent key: x: missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'move','from':'','path':'/b'}]"),
		 "!!move operation does not apply: doc is missing from path: : missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'add','path':'','value':null}]"),
		 "!!add operation does not apply: doc is missing path: \"\": missing value"},
		{JSON("{'a':1}"), JSON("[{'op':'add','path':'','value':{}}]"),
		 "!!add operation does not apply: doc is missing path: \"\": missing value"},
		{JSON("{'a':[1,2]}"), JSON("[{'op':'replace','path':'/a/1','value':{}}]"),
		 JSON("{'a':[1,{}]}")},
		{JSON("{'foo':{'bar':'baz','waldo':'fred'},'qux':{}}"),
		 JSON("[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]"),
		 JSON("{'foo':{'bar':'baz'},'qux':{'thud':'fred'}}")},
		{JSON("{'foo':[1,2,3]}"), JSON("[{'op':'move','from':'/foo/1','path':'/foo/2'}]"),
		 JSON("{'foo':[1,3,2]}")},
		{JSON("{'a':{}}"), JSON("[{'op':'move','from':'/a','path':'/a/b'}]"),
		 "!!move operation does not apply: doc is missing destination path: /a/b: missing value"},
		{JSON("{'a':{'b':1}}"),
		 JSON("[{'op':'copy','from':'/a','path':'/c'},{'op':'replace','path':'/c/b','value':2}]"),
		 JSON("{'a':{'b':1},'c':{'b':2}}")},
		{JSON("{'a':[1,'x']}"), JSON("[{'op':'test','path':'/a','value':[1,'x']}]"),
		 JSON("{'a':[1,'x']}")},
		{JSON("{'a':1}"), JSON("[{'op':'test','path':'/a','value':2}]"),
		 "!!testing value /a failed: test failed"},
		{"{}", JSON("[{'op':'test','path':'/a','value':null}]"), "{}"},
		{JSON("{'a':1}"), JSON("[{'op':'test','path':'','value':{'a':1}}]"), JSON("{'a':1}")},
		{"{}", JSON("[{'op':'test','path':'/a/b','value':null}]"),
		 "!!test operation does not apply: is missing path: /a/b: missing value"},
		{JSON("{'a':[1]}"), JSON("[{'op':'test','path':'/a/1','value':null}]"),
		 "!!error in test for path: '/a/1': Unable to access invalid index: 1: invalid index referenced"},
		{JSON("{'/':9,'~1':10}"),
		 JSON("[{'op':'test','path':'/~01','value':10},{'op':'remove','path':'/~1'}]"),
		 JSON("{'~1':10}")},
		{JSON("{'a':1}"), JSON("[{'op':'replace','path':'','value':{'b':2}}]"), JSON("{'b':2}")},
		{JSON("{'a':1}"), JSON("[{'op':'replace','path':'','value':null}]"), JSON("{'a':1}")},
		{"{}", JSON("[{'op':'add','path':'/a/b','value':1}]"), "!!"},
		{"{}", JSON("[{'op':'burn','path':'/a'}]"), "!!"},
		{"{}", JSON("[{'op':'add','value':1}]"),
		 "!!add operation failed to decode path: missing value"},
		{"{}", JSON("[{'op':'test','value':1}]"),
		 "!!test operation failed to decode path: operation missing path field: missing value"},
		{"{}", JSON("[{'op':'replace','path':5,'value':1}]"),
		 "!!replace operation failed to decode path: json: cannot unmarshal number into Go value of type string"},
		{"{}", JSON("[{'op':'add','path':'a','value':1}]"), "!!"},
		{"{}", JSON("{'a':1}"),
		 "!json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
		{"{}", "[1]", "!json: cannot unmarshal number into Go value of type jsonpatch.Operation"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i], patch_json);
}

static void bounded(void **state)
{
	struct err err = ERR_INIT;
	autojson js *doc = parse(JSON("{'d':{'a':'0123456789'}}")), *ops = js_new_arr();
	for (int i = 0; i < 60; i++)
		js_push(ops, parse(JSON("{'op':'copy','from':'/d','path':'/d/b'}")));
	autojson js *doubling = js_new_arr(); /* each copy doubles the document */
	for (int i = 0; i < 60; i++) {
		autofree char *op = mem_printf("{\"op\":\"copy\",\"from\":\"/d\",\"path\":\"/d/k%d\"}", i);
		js_push(doubling, parse(op));
	}
	assert_null(patch_json(doc, doubling, &err));
	assert_int_equal(err.reason, REASON_INVALID);
	autojson js *fine = patch_json(doc, ops, &err);
	assert_non_null(fine);

	autojson js *deep = js_new_arr();
	for (int i = 0; i < JS_MAX_DEPTH + 1; i++)
		js_push(deep, parse(JSON("{'op':'copy','from':'/d','path':'/d/a'}")));
	assert_null(patch_json(doc, deep, &err));
	assert_int_equal(err.reason, REASON_BAD_REQUEST);

	autojson js *many = js_new_arr();
	for (int i = 0; i < PATCH_MAX_OPS + 1; i++)
		js_push(many, parse(JSON("{'op':'test','path':'/x','value':null}")));
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

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/yaml.h"
#include "object/json_test.h"

static const char *as_json(struct buf *b, const char *text)
{
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(text, strlen(text), NULL, &err);

	if (!o)
		print_error("%s: %s\n", text, err.msg);
	assert_non_null(o);
	js_write(b, o);
	return buf_str(b);
}

static void reads_as_json(void **state)
{
	const char *const rows[][2] = {
		{"a: 1\nb:\n- x\n- d: z\n", JSON("{'a':1,'b':['x',{'d':'z'}]}")},
		{"{\"a\": [1, 2.5, \"x\\ty\"], \"b\": null}", "{\"a\":[1,2.5,\"x\\ty\"],\"b\":null}"},
		{"[yes, No, on, OFF, y, N, True, FALSE]", "[true,false,true,false,true,false,true,false]"},
		{"[~, null, Null, NULL, '']", JSON("[null,null,null,null,'']")},
		{"['yes', \"1\", !!str 1, tRue, nUll]", JSON("['yes','1','1','tRue','nUll']")},
		{"[1, -1, +1, 1_000, 0x1F, 0b101, 0o17, 017, -0x10]", "[1,-1,1,1000,31,5,15,15,-16]"},
		{"[9223372036854775807, 18446744073709551615, 08, 1e3, 1.5, .5, 5., -1.25e-3, 1.10]",
		 "[9223372036854775807,18446744073709551615,8,1000,1.5,0.5,5,-0.00125,1.1]"},
		{"[2026-01-02, 2026-01-02T15:04:05Z, 1:30, 1.2.3, 10Mi, 100m, 0x, 1e, -, .]",
		 JSON("['2026-01-02','2026-01-02T15:04:05Z','1:30','1.2.3','10Mi','100m','0x','1e','-','.']")},
		{"1: a\ntrue: b\n1.5: c\n'x': d", JSON("{'1':'a','true':'b','1.5':'c','x':'d'}")},
		{"a: &x {b: [1]}\nc: *x\nd: [*x, *x]",
		 JSON("{'a':{'b':[1]},'c':{'b':[1]},'d':[{'b':[1]},{'b':[1]}]}")},
		{"a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x, r: 4}",
		 JSON("{'a':{'p':1,'q':2},'b':{'q':3,'r':4,'p':1}}")},
		{"a: &x {p: 1}\nb: &y {p: 2, s: 5}\nc:\n  <<: [*x, *y]",
		 JSON("{'a':{'p':1},'b':{'p':2,'s':5},'c':{'p':1,'s':5}}")},
		{"a: &x null\nb: *x", JSON("{'a':null,'b':null}")},
		{"&k a: 1\nb: *k", JSON("{'a':1,'b':'a'}")},
		{"t: |\n  one\n  two\nf: >\n  one\n  two\n", "{\"t\":\"one\\ntwo\\n\",\"f\":\"one two\\n\"}"},
		{"--- {a: 1}\n--- {b: 2}", JSON("{'a':1}")},
		{"%YAML 1.1\n---\na: gr\xc3\xbc\xc3\x9f", "{\"a\":\"gr\xc3\xbc\xc3\x9f\"}"},
		{"a: !!binary aGk=", JSON("{'a':'hi'}")},
		{"a: 1\na: 2", JSON("{'a':2}")},
		{"# only\nx", "\"x\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;

		assert_string_equal(as_json(&b, rows[i][0]), rows[i][1]);
	}
}

static void refused(void **state)
{
	static const char *const rows[][2] = {
		{"", "Object 'Kind' is missing in 'null'"},
		{"# nothing", "Object 'Kind' is missing in 'null'"},
		{"a: b: c", "yaml: mapping values are not allowed in this context"},
		{"x: 1\ny: a: b", "yaml: line 2: mapping values are not allowed in this context"},
		{"a: *x", "yaml: unknown anchor 'x' referenced"},
		{"a: &x [*x]", "yaml: anchor 'x' value contains itself"},
		{"a: .inf", "yaml: line 1: number out of range"},
		{"? [a]\n: b", "yaml: line 1: invalid map key"},
		{"~: b", "yaml: line 1: unsupported map key of type: null"},
		{"a: 1\n<<: 5", "yaml: line 2: map merge requires map or sequence of maps as the value"},
		{"a: !!binary '*'", "yaml: !!binary value contains invalid base64 data"},
		{"\"a\\0b\": 1", "yaml: line 1: object key with U+0000"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(yaml_parse(rows[i][0], strlen(rows[i][0]), NULL, &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i][1]);
	}
}

static void bombs(void **state)
{
	autobuf struct buf laughs = BUF_INIT, fat = BUF_INIT, deep = BUF_INIT;
	struct err err = ERR_INIT;

	buf_adds(&laughs, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++)
		buf_addf(&laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
			 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_null(yaml_parse(buf_str(&laughs), laughs.len, NULL, &err));
	assert_non_null(strstr(err.msg, "excessive aliasing"));
	buf_adds(&fat, "a: &a '");
	for (int i = 0; i < 100000; i++)
		buf_adds(&fat, "0123456789");
	buf_adds(&fat, "'\nb: [*a");
	for (int i = 0; i < 100000; i++)
		buf_adds(&fat, ",*a");
	buf_adds(&fat, "]");
	assert_null(yaml_parse(buf_str(&fat), fat.len, NULL, &err));
	assert_non_null(strstr(err.msg, "excessive aliasing"));
	static const char *const breaks[] = {"\n", "\r", "\xc2\x85", "\xe2\x80\xa8"};

	for (size_t i = 0; i < ARRAY_LEN(breaks); i++) {
		autobuf struct buf tags = BUF_INIT;

		for (int j = 0; j < 18; j++)
			buf_addf(&tags, "%%TAG !t%d! x%s", j, breaks[i]);
		assert_null(yaml_parse(buf_str(&tags), tags.len, NULL, &err));
		assert_string_equal(err.msg, "yaml: too many %TAG directives");
	}
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	assert_null(yaml_parse(buf_str(&deep), deep.len, NULL, &err));
	assert_non_null(strstr(err.msg, "exceeded max depth"));
}

static void duplicates(void **state)
{
	static const char doc[] = "a: 1\nb:\n- c: 1\n  c: 2\na: 3\nn: 1\nn: 2\n";
	struct js_duplicates d = {0};
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(doc, sizeof(doc) - 1, &d, &err);

	assert_non_null(o);
	assert_int_equal(d.n, 3);
	assert_string_equal(d.path[2], "line 7: key false already set in map"); /* n is no */
	assert_string_equal(d.path[0], "line 4: key \"c\" already set in map");
	assert_string_equal(d.path[1], "line 5: key \"a\" already set in map");
	js_duplicates_release(&d);
}

static void several_documents(void **state)
{
	static const char doc[] = "---\n---\na: &x 1\n---\n# empty\n---\nb: 2\n...\n";
	struct err err = ERR_INIT;
	autojson js *all = yaml_parse_all(doc, sizeof(doc) - 1, &err), *none = yaml_parse_all("", 0, &err);
	autobuf struct buf b = BUF_INIT;

	js_write(&b, all);
	assert_string_equal(buf_str(&b), JSON("[{'a':1},{'b':2}]"));
	assert_int_equal(js_len(none), 0);
	assert_true(js_is_arr(none));
	/* An anchor belongs to its document. */
	assert_null(yaml_parse_all("a: &x 1\n---\nb: *x", 17, &err));
	assert_string_equal(err.msg, "yaml: unknown anchor 'x' referenced");
}

static void writes(void **state)
{
	static const char in[] =
		"{\"kind\":\"Pod\",\"b\":[{\"x\":1,\"y\":[]},\"s\"],\"a\":{},\"quoted\":[\"yes\",\"1\",\"\",\"~\",\"1e3\","
		"\"a: b\",\"- x\",\"1:30\",\"#c\",\"2026-01-02T15:04:05Z\"],\"plain\":\"10Mi\",\"text\":"
		"\"one\\ntwo\\n\",\"chomp\":\"one\\ntwo\",\"n\":null,\"t\":true,\"f\":1.5,\"u\":\"gr\xc3\xbc\xc3\x9f\"}";
	static const char want[] = "a: {}\n"
				   "b:\n- x: 1\n  \"y\": []\n- s\n"
				   "chomp: |-\n  one\n  two\n"
				   "f: 1.5\n"
				   "kind: Pod\n"
				   "\"n\": null\n"
				   "plain: 10Mi\n"
				   "quoted:\n- \"yes\"\n- \"1\"\n- \"\"\n- \"~\"\n- \"1e3\"\n- 'a: b'\n- '- "
				   "x'\n- \"1:30\"\n- '#c'\n- \"2026-01-02T15:04:05Z\"\n"
				   "t: true\n"
				   "text: |\n  one\n  two\n"
				   "u: gr\xc3\xbc\xc3\x9f\n";
	struct err err = ERR_INIT;
	autojson js *o = js_parse(in, sizeof(in) - 1, NULL, &err);
	autobuf struct buf b = BUF_INIT;

	assert_non_null(o);
	yaml_write(&b, o);
	assert_string_equal(buf_str(&b), want);
	autojson js *again = yaml_parse(buf_str(&b), b.len, NULL, &err);

	assert_true(js_equal(o, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_as_json),
		cmocka_unit_test(refused),
		cmocka_unit_test(bombs),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(several_documents),
		cmocka_unit_test(writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

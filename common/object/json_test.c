/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "object/json.h"
#include "object/json_test.h"

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);

	if (!o)
		print_error("%s: %s\n", s, err.msg);
	assert_non_null(o);
	return o;
}

static void readers(void **state)
{
	autojson js *o = parse(
		"{\"s\":\"x\",\"i\":7,\"b\":true,\"d\":1.5,\"n\":null,\"o\":{\"p\":{\"q\":\"deep\"}},\"a\":[1,\"two\"],\"nul\":\"a\\u0000b\"}");
	size_t n;

	assert_string_equal(js_str(o, "s", NULL), "x");
	assert_string_equal(js_str(o, "o", "p", "q", NULL), "deep");
	assert_null(js_str(o, "i", NULL));
	assert_null(js_str(o, "s", "q", NULL));
	assert_null(js_str(o, "missing", "q", NULL));
	assert_string_equal(js_str0(o, "missing", NULL), "");
	assert_null(js_str(NULL, "a", NULL));
	assert_int_equal(js_int(o, -1, "i", NULL), 7);
	assert_int_equal(js_int(o, -1, "s", NULL), -1);
	assert_int_equal(js_int(o, -1, "d", NULL), -1);
	assert_true(js_bool(o, false, "b", NULL));
	assert_true(js_bool(o, true, "i", NULL));
	assert_null(js_get(o, "n", NULL));
	assert_non_null(js_obj(o, "o", NULL));
	assert_null(js_obj(o, "a", NULL));
	assert_int_equal(js_len(js_arr(o, "a", NULL)), 2);
	assert_null(js_arr(o, "o", NULL));
	assert_int_equal(js_len(o), 8);
	assert_int_equal(js_len(js_field(o, "s")), 0);
	assert_null(js_at(js_field(o, "a"), 2));
	assert_null(js_at(o, 0));
	assert_string_equal(js_str(js_at(js_field(o, "a"), 1), NULL), "two");
	assert_true(js_num(js_field(o, "d")) == 1.5 && js_num(js_field(o, "s")) == 0);
	/* No C string is the value, so it reads as absent; the bytes are there. */
	assert_null(js_str(o, "nul", NULL));
	assert_memory_equal(js_bytes(js_field(o, "nul"), &n), "a\0b", 3);
	assert_int_equal(n, 3);
}

static void loops(void **state)
{
	autojson js *a = parse("[10,20,30,40]"), *o = parse(JSON("{'x':1,'y':null}"));
	int64_t sum = 0;
	size_t rounds = 0;

	js_array_for_each (v, a) {
		rounds++;
		if (v_i == 0)
			continue;
		if (v_i == 2)
			break;
		sum += js_int(v, 0, NULL);
	}
	assert_int_equal(sum, 20);
	assert_int_equal(rounds, 3);
	js_array_for_each (v, NULL)
		sum += js_int(v, 1, NULL);
	assert_int_equal(sum, 20);
	struct js_iter it = js_iter(o);

	assert_true(js_next(&it));
	assert_string_equal(it.key, "x");
	assert_int_equal(js_int(it.value, 0, NULL), 1);
	assert_true(js_next(&it));
	assert_string_equal(it.key, "y");
	assert_null(it.value);
	assert_false(js_next(&it));
	for (it = js_iter(a); js_next(&it);)
		fail();
}

/* Few members and many, and keys that begin alike. */
static void members_are_found(void **state)
{
	autojson js *o = js_new_obj();

	assert_null(js_field(o, ""));
	js_set_int(o, "", -1);
	for (int n = 0; n < 40; n++) {
		char key[16];

		for (int i = 0; i < 40; i++) {
			snprintf(key, sizeof(key), "key%d", i);
			const js *v = js_field(o, key);
			assert_true(i < n ? v && json_object_get_int(v) == i : !v);
		}
		assert_int_equal(js_int(o, 0, "", NULL), -1);
		assert_null(js_field(o, "key"));
		snprintf(key, sizeof(key), "key%d", n);
		js_set_int(o, key, n);
	}
	for (int i = 0; i < 40; i += 2) {
		char key[16];

		snprintf(key, sizeof(key), "key%d", i);
		js_del(o, key);
		assert_null(js_field(o, key));
	}
	assert_int_equal(js_int(o, 0, "key39", NULL), 39);
	autojson js *list = js_new_arr();
	assert_null(js_field(list, "key1"));
	assert_null(js_field(NULL, "key1"));
}

static const js *asked_for(const js *o, int *times)
{
	++*times;
	return o;
}

static void lists_are_asked_for_once(void **state)
{
	autojson js *o = parse("[[1,2],[3],[]]");
	int outer = 0, inner = 0, none = 0, sum = 0;

	js_array_for_each (list, asked_for(o, &outer)) {
		js_array_for_each (v, asked_for(list, &inner)) {
			if (v_i)
				break;
			sum += json_object_get_int(v);
		}
		if (list_i == 1)
			continue;
		sum += 100;
	}
	js_array_for_each (v, asked_for(NULL, &none))
		sum += v ? 1000 : 2000;
	assert_int_equal(outer, 1);
	assert_int_equal(inner, 3);
	assert_int_equal(none, 1);
	assert_int_equal(sum, 204);
}

static void changes(void **state)
{
	autojson js *o = js_new_obj();
	autobuf struct buf b = BUF_INIT;

	js_set_str(o, "s", "x");
	js_set_str(o, "skipped", NULL);
	js_set_int(o, "i", -5);
	js_set_bool(o, "b", false);
	js_set_str(js_ensure(o, "metadata", "labels", NULL), "k", "v");
	js_set_str(js_ensure(o, "metadata", "labels", NULL), "l", "w");
	js_push(js_ensure_arr(o, "list"), js_new_int(1));
	js_push(js_ensure_arr(o, "list"), NULL);
	js_push(js_ensure_arr(o, "list"), js_new_double(2.5));
	js_write(&b, o);
	assert_string_equal(
		buf_str(&b),
		JSON("{'s':'x','i':-5,'b':false,'metadata':{'labels':{'k':'v','l':'w'}},'list':[1,null,2.5]}"));
	js_del_at(js_field(o, "list"), 0);
	js_del_at(js_field(o, "list"), 9);
	js_del(o, "metadata");
	js_del(o, "metadata");
	js_ensure(o, "s", "now an object", NULL);
	autojson js *taken = js_take(o, "i");

	assert_int_equal(js_int(taken, 0, NULL), -5);
	assert_null(js_take(o, "i"));
	buf_clear(&b);
	js_write(&b, o);
	assert_string_equal(buf_str(&b), JSON("{'s':{'now an object':{}},'b':false,'list':[null,2.5]}"));
}

static void equality(void **state)
{
	const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"1", "1.0", true},
		{"1", "2", false},
		{"18446744073709551615", "9223372036854775807", false},
		{"18446744073709551615", "18446744073709551615", true},
		{"\"a\"", "\"a\"", true},
		{"\"a\\u0000b\"", "\"a\\u0000c\"", false},
		{"\"1\"", "1", false},
		{"true", "false", false},
		{"[1,2]", "[1,2]", true},
		{"[1,2]", "[2,1]", false},
		{"[1]", "[1,2]", false},
		{JSON("{'a':1,'b':null}"), JSON("{'b':null,'a':1}"), true},
		{JSON("{'a':1,'b':null}"), JSON("{'a':1,'c':null}"), false},
		{JSON("{'a':1}"), JSON("{'a':1,'b':null}"), false},
		{"{}", "[]", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *a = parse(rows[i].a), *b = parse(rows[i].b), *c = js_dup(a);

		assert_int_equal(js_equal(a, b), rows[i].equal);
		assert_int_equal(js_equal(b, a), rows[i].equal);
		assert_true(js_equal(a, c));
		assert_false(js_equal(a, NULL));
	}
	assert_true(js_equal(NULL, NULL));
}

static void plain_numbers(void **state)
{
	static const char in
		[] = "{\"a\":1.0,\"b\":[1.50,1e3,-0.0,7],\"c\":{\"d\":9007199254740993.0},\"e\":123456789012345678901234567890}",
	      want[] =
		      "{\"a\":1,\"b\":[1.5,1000,0,7],\"c\":{\"d\":9007199254740992},\"e\":1.2345678901234568e+29}";
	struct err err = ERR_INIT;
	autojson js *o = js_plain(js_parse(in, strlen(in), NULL, &err)),
		    *n = js_plain(js_parse("2.0", 3, NULL, &err));
	autobuf struct buf b = BUF_INIT;

	(void)state;
	js_write(&b, o);
	assert_string_equal(b.p, want);
	assert_int_equal(json_object_get_type(n), json_type_int);
}

static void writing(void **state)
{
	static const struct {
		double d;
		const char *want;
	} rows[] = {
		{0, "0"},
		{1, "1"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{100, "100"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{1.5e300, "1.5e+300"},
		{0.000001, "0.000001"},
		{0.0000015, "0.0000015"},
		{1e-7, "1e-7"},
		{1.25e-9, "1.25e-9"},
		{123456.789, "123456.789"},
		{0.30000000000000004, "0.30000000000000004"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{5e-324, "5e-324"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *v = js_new_double(rows[i].d);
		autobuf struct buf b = BUF_INIT;

		js_write(&b, v);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void pretty(void **state)
{
	autojson js *o = parse("{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[],\"e\":\"x\\ny\"}");
	autobuf struct buf b = BUF_INIT;

	js_write_pretty(&b, o);
	assert_string_equal(buf_str(&b),
			    "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n"
			    "  \"d\": [],\n  \"e\": \"x\\ny\"\n}");
}

static void rounds(struct buf *out, const js *number)
{
	buf_adds(out, "0");
}

static void writes_as_a_map(void **state)
{
	static const char text[] = "{\"b\":[{\"d\":\"<&>\",\"c\":9007199254740993}],\"a<\":null,\"a\":1.50}";
	autobuf struct buf sorted = BUF_INIT, rounded = BUF_INIT;
	struct err err = ERR_INIT;
	autojson js *o = js_parse(text, sizeof(text) - 1, NULL, &err);

	js_write_sorted(&sorted, o, NULL);
	assert_string_equal(
		buf_str(&sorted),
		"{\"a\":1.50,\"a\\u003c\":null,\"b\":[{\"c\":9007199254740993,\"d\":\"\\u003c\\u0026\\u003e\"}]}");
	js_write_sorted(&rounded, o, rounds);
	assert_string_equal(buf_str(&rounded),
			    "{\"a\":0,\"a\\u003c\":null,\"b\":[{\"c\":0,\"d\":\"\\u003c\\u0026\\u003e\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_as_a_map),
		cmocka_unit_test(readers),
		cmocka_unit_test(loops),
		cmocka_unit_test(changes),
		cmocka_unit_test(equality),
		cmocka_unit_test(plain_numbers),
		cmocka_unit_test(writing),
		cmocka_unit_test(pretty),
		cmocka_unit_test(lists_are_asked_for_once),
		cmocka_unit_test(members_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include "base/clock.h"
#include "object/labels.h"
#include "object/json_test.h"

#define autoselector __attribute__((cleanup(selector_autofree)))

static js *parse(const char *json)
{
	struct err err = ERR_INIT;
	js *o = js_parse(json, strlen(json), NULL, &err);

	assert_non_null(o);
	return o;
}

static void query_form(void **state)
{
	/* text, canonical form, then sets that match and sets that do not */
	const struct {
		const char *text, *canonical, *yes, *no;
	} rows[] = {
		{"", "", "{}", NULL},
		{"a=1", "a=1", JSON("{'a':'1','b':'2'}"), JSON("{'a':'2'}")},
		{"a==1", "a==1", JSON("{'a':'1'}"), "{}"},
		{" a = 1 , b = 2 ", "a=1,b=2", JSON("{'a':'1','b':'2'}"), JSON("{'a':'1'}")},
		{"b=2,a=1", "a=1,b=2", JSON("{'a':'1','b':'2'}"), JSON("{'b':'2'}")},
		{"a!=1", "a!=1", "{}", JSON("{'a':'1'}")},
		{"a=", "a=", JSON("{'a':''}"), "{}"},
		{"a=,b", "a=,b", JSON("{'a':'','b':''}"), JSON("{'a':''}")},
		{"a", "a", JSON("{'a':''}"), JSON("{'b':''}")},
		{"!a", "!a", JSON("{'b':'1'}"), JSON("{'a':'1'}")},
		{"a in (2,1,2)", "a in (1,2)", JSON("{'a':'2'}"), JSON("{'a':'3'}")},
		{"a in(x)", "a in (x)", JSON("{'a':'x'}"), "{}"},
		{"a notin (1,2)", "a notin (1,2)", JSON("{'b':''}"), JSON("{'a':'1'}")},
		{"a in ()", "a in ()", JSON("{'a':''}"), JSON("{'a':'1'}")},
		{"a in (,1)", "a in (,1)", JSON("{'a':''}"), "{}"},
		{"a in (1,,2)", "a in (,1,2)", JSON("{'a':''}"), JSON("{'a':'3'}")},
		{"a in (1,)", "a in (,1)", JSON("{'a':'1'}"), JSON("{'a':'2'}")},
		{"in in (in,notin)", "in in (in,notin)", JSON("{'in':'notin'}"), JSON("{'in':'x'}")},
		{"notin=in", "notin=in", JSON("{'notin':'in'}"), "{}"},
		{"a>5", "a>5", JSON("{'a':'6'}"), JSON("{'a':'5'}")},
		{"a<5", "a<5", JSON("{'a':'-6'}"), JSON("{'a':'x'}")},
		{"example.com/a=b.c_d", "example.com/a=b.c_d", JSON("{'example.com/a':'b.c_d'}"), "{}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct selector *s autoselector = selector_parse(rows[i].text, &err);
		autobuf struct buf b = BUF_INIT;

		assert_string_equal(err.msg, "");
		assert_non_null(s);
		selector_write(&b, s);
		assert_string_equal(buf_str(&b), rows[i].canonical);
		assert_int_equal(selector_empty(s), !*rows[i].text);
		autojson js *yes = parse(rows[i].yes), *no = rows[i].no ? parse(rows[i].no) : NULL;
		autofree struct labels *y = labels_new(yes), *n = labels_new(no);

		assert_true(selector_matches(s, y));
		if (no)
			assert_false(selector_matches(s, n));
	}
}

static void query_errors(void **state)
{
#define KEY_RULE                                                                                             \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "   \
	"an "                                                                                                \
	"alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " \
	"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
	static const char *const rows[][2] = {
		{"a=b=c", "found '=', expected: ',' or 'end of string'"},
		{",a", "found ',', expected: !, identifier, or 'end of string'"},
		{"a,", "found '', expected: identifier after ','"},
		{"a,,b", "found ',', expected: identifier after ','"},
		{"=a", "found '=', expected: !, identifier, or 'end of string'"},
		{"!", "unable to parse requirement: found '', expected: identifier"},
		{"!a=b", "found '=', expected: ',' or 'end of string'"},
		{"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
		{"a in b", "unable to parse requirement: found 'b' expected: '('"},
		{"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
		{"a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"},
		{"a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
		{"a in (,=)", "unable to parse requirement: found '=', expected: ',', or identifier"},
		{"a=(", "unable to parse requirement: found '(', expected: identifier"},
		{"a>x",
		 "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"},
		{"-a", "unable to parse requirement: <nil>: Invalid value: \"-a\": " KEY_RULE},
		{"a=-b",
		 "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or "
		 "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
		 "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(selector_parse(rows[i][0], &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i][1]);
	}
}

static void from_objects(void **state)
{
	const char *const good[][2] = {
		{"{}", ""},
		{JSON("{'matchLabels':{'b':'2','a':'1'}}"), "a=1,b=2"},
		{JSON("{'matchLabels':{'z':'1'},'matchExpressions':[{'key':'k','operator':'In','values':['y','x']},"
		      "{'key':'l','operator':'NotIn','values':['x']},{'key':'m','operator':'Exists'},"
		      "{'key':'n','operator':'DoesNotExist'}]}"),
		 "k in (x,y),l notin (x),m,!n,z=1"},
	};
	const char *const bad[][2] = {
		{JSON("{'matchExpressions':[{'key':'k','operator':'Is'}]}"),
		 "\"Is\" is not a valid label selector operator"},
		{JSON("{'matchExpressions':[{'key':'k','operator':'Gt','values':['1']}]}"),
		 "\"Gt\" is not a valid label selector operator"},
		{JSON("{'matchExpressions':[{'key':'k','operator':'In'}]}"),
		 "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"},
		{JSON("{'matchExpressions':[{'key':'k','operator':'Exists','values':['v']}]}"),
		 "values: Invalid value: [\"v\"]: values set must be empty for exists and does not exist"},
		{JSON("{'matchLabels':{'a/b/c':''}}"), NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err err = ERR_INIT;
		autojson js *o = parse(good[i][0]);
		struct selector *s autoselector = selector_from_json(o, &err);
		autobuf struct buf b = BUF_INIT;

		assert_non_null(s);
		selector_write(&b, s);
		assert_string_equal(buf_str(&b), good[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;
		autojson js *o = parse(bad[i][0]);

		assert_null(selector_from_json(o, &err));
		if (bad[i][1])
			assert_string_equal(err.msg, bad[i][1]);
	}
}

static void nothing_and_everything(void **state)
{
	struct err err = ERR_INIT;
	autojson js *map = parse(JSON("{'a':'not/valid as a label'}"));
	struct selector *nothing autoselector = selector_from_json(NULL, &err);
	struct selector *every autoselector = selector_from_map(NULL),
			       *some autoselector = selector_from_map(map);
	autofree struct labels *none = labels_new(NULL), *l = labels_new(map);

	assert_false(selector_matches(nothing, none));
	assert_false(selector_empty(nothing));
	assert_true(selector_matches(every, none) && selector_empty(every));
	assert_true(selector_matches(some, l));
	assert_false(selector_matches(some, none));
	selector_free(NULL);
}

static void requirements(void **state)
{
	autojson js *map = parse(JSON("{'n':'10','s':'x'}"));
	autofree struct labels *l = labels_new(map);
	static const struct {
		const char *key, *op, *value;
		bool match;
	} rows[] = {
		{"n", "Gt", "9", true},	    {"n", "Gt", "10", false},	 {"n", "Lt", "+11", true},
		{"s", "Gt", "1", false},    {"n", "Gt", "x", false},	 {"n", "Lt", " 11", false},
		{"m", "Gt", "1", false},    {"s", "In", "x", true},	 {"m", "NotIn", "x", true},
		{"s", "NotIn", "x", false}, {"n", "Exists", NULL, true}, {"n", "DoesNotExist", NULL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int op = selector_op_parse(rows[i].op);
		struct requirement r = {
			.key = rows[i].key, .n = rows[i].value != NULL, .values = &rows[i].value};

		assert_true(op >= 0);
		r.op = (enum selector_op)op;
		assert_int_equal(selector_requirement_matches(&r, l), rows[i].match);
	}
	assert_int_equal(selector_op_parse("in"), -1);
}

/* CPU time that it takes to match every other of `n` values, and as many that are none of them. */
static clock_t match_all(size_t n)
{
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%sv%zu", i ? "," : "app in (", 2 * i);
	buf_adds(&text, ")");
	struct selector *s autoselector = selector_parse(buf_str(&text), &err);
	assert_non_null(s);
	clock_t start = clock();
	for (size_t i = 0; i < 4000; i++) {
		char value[32];
		struct label v = {.key = "app", .value = value};
		snprintf(value, sizeof(value), "v%zu", (n - 1 - i / 2) * 2 + i % 2);
		autofree struct labels *l = mem_zalloc(sizeof(*l) + sizeof(v));
		l->n = 1;
		memcpy(l->v, &v, sizeof(v));
		assert_int_equal(selector_matches(s, l), i % 2 == 0);
	}
	return clock() - start;
}

/* A request's line has room for a hundred thousand values, and a list as many objects to hold against them. */
static void many_values(void **state)
{
	clock_t few = match_all(2000), many = match_all(100000);
	for (int again = 0; again < 5 && many >= 15 * few; again++) {
		few = match_all(2000); /* other work has the machine, too */
		many = match_all(100000);
	}
	assert_true(many < 15 * few);
}

/* Of many requirements together what each of them says alone. */
static void groups_agree_with_requirements(void **state)
{
	static const char *const forms[] = {
		"%s=%c", "%s!=%c", "%s in (%c,a,b,c,1,2)", "%s notin (%c,z,y)", "%s", "!%s",
		"%s>%c", "%s<9%c"};
	static const char *const keys[] = {"k", "kk", "l", "m", "n"};
	unsigned seed = 5, matched = 0;
	for (int round = 0; round < 20000; round++) {
		struct err err = ERR_INIT;
		autobuf struct buf text = BUF_INIT;
		autojson js *map = js_new_obj();
		bool expected = true;
		int favour = rand_r(&seed) % 3; /* else nothing would ever match */
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			char value[2] = {"abc12"[rand_r(&seed) % 5]};
			if (rand_r(&seed) % 3)
				js_set_str(map, keys[k], value);
		}
		autofree struct labels *l = labels_new(map);
		for (int i = 0; i < 17 + (int)(rand_r(&seed) % 5); i++) {
			autobuf struct buf one = BUF_INIT;
			for (int tries = 0; tries < 30; tries++) {
				const char *form = forms[rand_r(&seed) % ARRAY_LEN(forms)];
				char value = strpbrk(form, "<>") ? "01"[rand_r(&seed) % 2]
								 : "abc12"[rand_r(&seed) % 5];
				buf_clear(&one);
				buf_addf(&one, form, keys[rand_r(&seed) % ARRAY_LEN(keys)], value);
				struct selector *s autoselector = selector_parse(buf_str(&one), &err);
				assert_non_null(s);
				if (!favour || selector_matches(s, l))
					break;
			}
			struct selector *s autoselector = selector_parse(buf_str(&one), &err);
			expected &= selector_matches(s, l);
			buf_addf(&text, "%s%s", i ? "," : "", one.p);
		}
		struct selector *s autoselector = selector_parse(buf_str(&text), &err);
		assert_non_null(s);
		matched += expected;
		if (selector_matches(s, l) != expected)
			fail_msg("%s", text.p);
	}
	assert_true(matched > 1000 && matched < 19000);
}

/* What it takes, not how long others are let in between. */
static int64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t match_many(size_t n, const char *form)
{
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	autojson js *map = js_new_obj();
	js_set_str(map, "a", "x");
	js_set_str(map, "b", "y");
	autofree struct labels *l = labels_new(map);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&text, i ? "," : "");
		buf_addf(&text, form, i * 7919 % n);
	}
	struct selector *s autoselector = selector_parse(buf_str(&text), &err);
	assert_non_null(s);
	int64_t start = cpu_ns();
	for (int i = 0; i < 20000; i++)
		assert_true(selector_matches(s, l));
	return cpu_ns() - start;
}

/* A line of 1 MB of them, and each of many objects held against it. */
static void many_requirements(void **state)
{
	static const char *const forms[] = {"a!=v%zu", "!k%zu", "a notin (p,v%zu)", "a"};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		int64_t few = match_many(200, forms[i]), many = match_many(50000, forms[i]);
		if (many > 100 * few) /* 250 times as many */
			fail_msg("%s: %lld ns for few, %lld for many", forms[i], (long long)few,
				 (long long)many);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_form),
		cmocka_unit_test(query_errors),
		cmocka_unit_test(from_objects),
		cmocka_unit_test(nothing_and_everything),
		cmocka_unit_test(requirements),
		cmocka_unit_test(many_values),
		cmocka_unit_test(groups_agree_with_requirements),
		cmocka_unit_test(many_requirements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sets, and what types make of them; the cases are those of structured-merge-diff, with ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include "base/thread.h"
#include "object/fieldset/fieldset.h"
#include "object/json_test.h"

static const char kinds[] = "package: test/v1\n"
			    "types:\n"
			    "  Ship:\n"
			    "    kind: 0 string\n"
			    "    apiVersion: 0 string\n"
			    "    spec: 1 Spec\n"
			    "    log: 2 {string}\n"
			    "  Spec:\n"
			    "    crew: 1 *int32\n"
			    "    name: 2 string\n"
			    "    cabins: 3 [Cabin] always map=deck,side\n"
			    "    ports: 4 [string] set\n"
			    "    masts: 5 [string]\n"
			    "    flags: 6 {string} atomic\n"
			    "    lamp: 7 *Lamp\n"
			    "    extra: 8 raw\n"
			    "    sail: 9 *Sail\n"
			    "    load: 10 quantity\n"
			    "    hold: 11 *Hold\n"
			    "  Cabin:\n"
			    "    deck: 1 int32 always\n"
			    "    side: 2 string default=port\n"
			    "    guest: 3 string\n"
			    "    beds: 4 {string}\n"
			    "  Hold: {$either: a cabin or a boolean, cabin: '1 *Cabin', full: '2 *bool'}\n"
			    "  Lamp:\n"
			    "    $map: atomic\n"
			    "    oil: 1 string\n"
			    "    lit: 2 *bool\n"
			    "  Sail:\n"
			    "    area: 1 int32\n"
			    "    torn: 2 *bool\n";

static struct schema *schema;
static const struct type *ship;

static js *tree(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(JSON(text), strlen(text), NULL, &err);

	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static const struct fieldset *set(struct arena *a, const char *text)
{
	const struct fieldset *s = NULL;
	struct err err = ERR_INIT;

	if (fieldset_parse(a, text, strlen(text), &s, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return s;
}

static void assert_set(const struct fieldset *s, const char *want)
{
	autobuf struct buf text = BUF_INIT;

	fieldset_write(&text, s);
	assert_string_equal(buf_str(&text), want);
}

/* FieldsV1 as one reads it: elements of lists in their quotes. */
#define PORT80 "\"k:{\\\"port\\\":80}\""
#define PORT9 "\"k:{\\\"port\\\":9}\""

static void writes_what_it_reads(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"{}", "{}"},
		{"null", "{}"},
		{"{\"f:a\":{}}", "{\"f:a\":{}}"},
		{"{\"f:b\":{},\"f:a\":null}", "{\"f:a\":{},\"f:b\":{}}"},
		{"{\"f:a\":{\".\":{},\"f:b\":{}}}", "{\"f:a\":{\".\":{},\"f:b\":{}}}"},
		{"{\"f:a\":{\".\":{}}}", "{\"f:a\":{}}"},
		{"{\"f:a\":{\"f:b\":{}}}", "{\"f:a\":{\"f:b\":{}}}"},
		{"{\"f:a\":{},\"f:a\":{\"f:b\":{}}}", "{\"f:a\":{\".\":{},\"f:b\":{}}}"},
		{"{\"f:a\":{\"f:c\":{}},\"f:a\":{\"f:b\":{}}}", "{\"f:a\":{\"f:b\":{}}}"},
		{"{\"f:\":{}}", "{\"f:\":{}}"},
		{"{\"f:a\\\"b\":{}}", "{\"f:a\\\"b\":{}}"},
		/* fields, keys, values, indices; numbers before strings, by their value */
		{"{\"i:10\":{},\"i:9\":{},\"v:\\\"a\\\"\":{},\"v:10\":{},\"v:9.5\":{}," PORT80 ":{}," PORT9
		 ":{},\"f:a\":{},\"v:true\":{},\"v:false\":{},\"v:null\":{}}",
		 "{\"f:a\":{}," PORT9 ":{}," PORT80
		 ":{},\"v:9.5\":{},\"v:10\":{},\"v:\\\"a\\\"\":{},\"v:false\":{},\"v:true\":{},\"v:null\":{},\"i:9\":{},\"i:10\":{}}"},
		/* one text for one element */
		{"{\"k:{ \\\"b\\\" : 1.0, \\\"a\\\":\\\"x\\\\u0041<\\\"}\":{}}",
		 "{\"k:{\\\"a\\\":\\\"xA\\\\u003c\\\",\\\"b\\\":1}\":{}}"},
		{"{\"v:1e2\":{},\"v:100\":{}}", "{\"v:100\":{}}"},
		{"{\"v:{\\\"b\\\":[1],\\\"a\\\":2}\":{}}", "{\"v:{\\\"a\\\":2,\\\"b\\\":[1]}\":{}}"},
		{"{\"i:+007\":{}}", "{\"i:7\":{}}"},
		{"{\"k:null\":{}}", "{\"k:{}\":{}}"},
		/* of a future version */
		{"{\"x:a\":{\"f:b\":[1,2]},\"f:a\":{}}", "{\"f:a\":{}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		assert_set(set(&a, rows[i].in), rows[i].out);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const rows[] = {"",
					   "[]",
					   "1",
					   "{",
					   "{}x",
					   "{\"f\":{}}",
					   "{\"fa\":{}}",
					   "{\"f:a\":1}",
					   "{\"f:a\":\"x\"}",
					   "{\"k:1\":{}}",
					   "{\"k:{\":{}}",
					   "{\"v:\":{}}",
					   "{\"v:x\":{}}",
					   "{\"i:x\":{}}",
					   "{\"i:\":{}}",
					   "{\"i:1.5\":{}}",
					   "{\"v:1 2\":{}}"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		const struct fieldset *s;
		struct err err = ERR_INIT;
		if (fieldset_parse(&a, rows[i], strlen(rows[i]), &s, &err) == 0)
			fail_msg("%s", rows[i]);
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
	}
}

static void is_bounded_in_depth(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	autobuf struct buf text = BUF_INIT;
	const struct fieldset *s;
	struct err err = ERR_INIT;

	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "{\"f:a\":");
	assert_int_equal(fieldset_parse(&a, text.p, text.len, &s, &err), -1);
}

static void calculates(void **state)
{
	typedef const struct fieldset *operation(struct arena *, const struct fieldset *,
						 const struct fieldset *);
	static const struct {
		const char *x, *y, *both, *shared, *difference, *without;
	} rows[] = {
		{"{'f:a':{},'f:b':{}}", "{'f:b':{},'f:c':{}}", "{'f:a':{},'f:b':{},'f:c':{}}", "{'f:b':{}}",
		 "{'f:a':{}}", "{'f:a':{}}"},
		{"{'f:a':{'.':{},'f:b':{}}}", "{'f:a':{}}", "{'f:a':{'.':{},'f:b':{}}}", "{'f:a':{}}",
		 "{'f:a':{'f:b':{}}}", "{}"},
		{"{'f:a':{}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'.':{},'f:b':{}}}", "{}", "{'f:a':{}}",
		 "{'f:a':{}}"},
		{"{'f:a':{'f:b':{},'f:c':{}}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'f:b':{},'f:c':{}}}",
		 "{'f:a':{'f:b':{}}}", "{'f:a':{'f:c':{}}}", "{'f:a':{'f:c':{}}}"},
		{"{'f:a':{'f:b':{}}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'f:b':{}}}", "{}",
		 "{}"},
		{"{}", "{'f:a':{}}", "{'f:a':{}}", "{}", "{}", "{}"},
		{"{'f:a':{}}", "{}", "{'f:a':{}}", "{}", "{'f:a':{}}", "{'f:a':{}}"},
	};
	operation *const operations[] = {fieldset_union, fieldset_intersection, fieldset_difference,
					 fieldset_without};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const want[] = {rows[i].both, rows[i].shared, rows[i].difference,
					    rows[i].without};
		autoarena struct arena a = ARENA_INIT;
		const struct fieldset *x = set(&a, JSON(rows[i].x)), *y = set(&a, JSON(rows[i].y));
		for (size_t k = 0; k < ARRAY_LEN(operations); k++)
			assert_set(operations[k](&a, x, y), JSON(want[k]));
		assert_true(fieldset_equal(fieldset_union(&a, x, y), fieldset_union(&a, y, x)));
		assert_int_equal(fieldset_size(x), fieldset_size(fieldset_difference(&a, x, y)) +
							   fieldset_size(fieldset_intersection(&a, x, y)));
	}
}

static void chooses(void **state)
{
	static const struct {
		const char *x, *y, *within;
	} rows[] = {
		{"{'f:a':{},'f:b':{}}", "{'f:b':{}}", "{'f:b':{}}"},
		{"{'f:a':{'.':{},'f:b':{'f:c':{}},'f:d':{}}}", "{'f:a':{'f:b':{}}}",
		 "{'f:a':{'.':{},'f:b':{'f:c':{}}}}"},
		{"{'f:a':{'f:x':{'.':{},'f:b':{}},'f:y':{'f:c':{}},'v:1':{'.':{},'f:b':{},'f:c':{}}}}",
		 "{'f:a':{'f:*':{'f:b':{}}}}", "{'f:a':{'f:x':{'.':{},'f:b':{}},'v:1':{'.':{},'f:b':{}}}}"},
		{"{'f:a':{'f:b':{}}}", "{'f:c':{}}", "{}"},
		{"{}", "{'f:a':{}}", "{}"},
		{"{'f:a':{}}", "{}", "{}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		const struct fieldset *x = set(&a, JSON(rows[i].x)), *y = set(&a, JSON(rows[i].y));
		assert_set(fieldset_within(&a, x, y), JSON(rows[i].within));
	}
}

static void names(void *arg, const char *path)
{
	buf_addf(arg, "%s ", path);
}

static void tells_paths(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	autobuf struct buf text = BUF_INIT;
	static const char *const crew[] = {"spec", "crew", NULL}, *const spec[] = {"spec", NULL};
	const struct fieldset *s = set(
		&a, "{\"f:a\":{\"f:b\":{},\"k:{\\\"n\\\":\\\"x\\\",\\\"p\\\":80}\":{\".\":{},\"f:q\":{}}},"
		    "\"f:c\":{\"v:\\\"z\\\"\":{},\"i:3\":{}}}");

	fieldset_each(s, names, &text);
	assert_string_equal(text.p, ".a.b .a[n=\"x\",p=80] .a[n=\"x\",p=80].q .c[=\"z\"] .c[3] ");
	s = fieldset_path(&a, crew);
	assert_set(s, JSON("{'f:spec':{'f:crew':{}}}"));
	assert_true(fieldset_has(s, crew));
	assert_false(fieldset_has(s, spec));
}

#define DECK1 "\"k:{\\\"deck\\\":1,\\\"side\\\":\\\"port\\\"}\""
#define DECK2 "\"k:{\\\"deck\\\":2,\\\"side\\\":\\\"port\\\"}\""

static void finds_what_is_mentioned(void **state)
{
	static const struct {
		const char *o, *want;
	} rows[] = {
		{"{'spec':{'crew':1,'name':'a'}}", "{\"f:spec\":{\"f:crew\":{},\"f:name\":{}}}"},
		{"{'spec':{}}", "{\"f:spec\":{}}"},
		{"{'spec':null}", "{\"f:spec\":{}}"},
		{"{'log':{'a':'b'}}", "{\"f:log\":{\"f:a\":{}}}"},
		{"{'spec':{'ports':['b','a','b']}}",
		 "{\"f:spec\":{\"f:ports\":{\"v:\\\"a\\\"\":{},\"v:\\\"b\\\"\":{}}}}"},
		{"{'spec':{'ports':[]}}", "{}"},
		{"{'spec':{'masts':['x'],'flags':{'a':'b'},'lamp':{'oil':'x'},'extra':{'a':[1]}}}",
		 "{\"f:spec\":{\"f:extra\":{\"f:a\":{}},\"f:flags\":{},\"f:lamp\":{},\"f:masts\":{}}}"},
		/* what may be anything is taken apart by what it is */
		{"{'spec':{'hold':{'guest':'x','beds':{'a':[{'b':1}]}}}}",
		 "{\"f:spec\":{\"f:hold\":{\"f:beds\":{\".\":{},\"f:a\":{}},\"f:guest\":{}}}}"},
		{"{'spec':{'hold':true}}", "{\"f:spec\":{\"f:hold\":{}}}"},
		{"{'spec':{'cabins':[{'deck':2},{'deck':1,'guest':'g','beds':{}}]}}",
		 "{\"f:spec\":{\"f:cabins\":{" DECK1
		 ":{\".\":{},\"f:beds\":{},\"f:deck\":{},\"f:guest\":{}}," DECK2
		 ":{\".\":{},\"f:deck\":{}}}}}"},
		{"{'spec':{'cabins':[{'deck':1},{'deck':1,'guest':'g'}]}}",
		 "{\"f:spec\":{\"f:cabins\":{" DECK1 ":{}}}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autojson js *o = tree(rows[i].o);
		assert_set(fieldset_of(&a, ship, o), rows[i].want);
	}
}

static void compares(void **state)
{
	static const struct {
		const char *old, *new, *added, *modified, *removed;
	} rows[] = {
		{"{'spec':{'crew':1}}", "{'spec':{'crew':1}}", "{}", "{}", "{}"},
		{"{'spec':{'crew':1}}", "{'spec':{'crew':2}}", "{}", "{'f:spec':{'f:crew':{}}}", "{}"},
		{"{'spec':{'crew':1}}", "{'spec':{'name':'a'}}", "{'f:spec':{'f:name':{}}}", "{}",
		 "{'f:spec':{'f:crew':{}}}"},
		{"{'spec':{}}", "{'spec':{'sail':{'area':3}}}", "{'f:spec':{'f:sail':{'.':{},'f:area':{}}}}",
		 "{}", "{}"},
		{"{'spec':{'sail':{'area':3}}}", "{'spec':{}}", "{}", "{}",
		 "{'f:spec':{'f:sail':{'.':{},'f:area':{}}}}"},
		{"{'spec':{'sail':{'area':3}}}", "{'spec':{'sail':{}}}", "{}", "{}",
		 "{'f:spec':{'f:sail':{'f:area':{}}}}"},
		{"{'spec':{'lamp':{'oil':'a'}}}", "{'spec':{'lamp':{'oil':'b'}}}", "{}",
		 "{'f:spec':{'f:lamp':{}}}", "{}"},
		{"{'spec':{'lamp':null}}", "{'spec':{'lamp':{}}}", "{}", "{'f:spec':{'f:lamp':{}}}", "{}"},
		{"{'spec':{'masts':['a']}}", "{'spec':{'masts':['a','b']}}", "{}",
		 "{'f:spec':{'f:masts':{}}}", "{}"},
		{"{'log':{'a':'1','b':'2'}}", "{'log':{'b':'3','c':'4'}}", "{'f:log':{'f:c':{}}}",
		 "{'f:log':{'f:b':{}}}", "{'f:log':{'f:a':{}}}"},
		/* order says nothing; what is there twice is one thing */
		{"{'spec':{'cabins':[{'deck':1,'side':'x'},{'deck':2,'side':'x'}]}}",
		 "{'spec':{'cabins':[{'deck':2,'side':'x'},{'deck':1,'side':'x'}]}}", "{}", "{}", "{}"},
		{"{'log':{}}", "{'log':null}", "{}", "{'f:log':{}}", "{}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autojson js *old = tree(rows[i].old), *new = tree(rows[i].new);
		struct fieldset_changes c;
		fieldset_compare(&a, ship, old, new, &c);
		assert_set(c.added, JSON(rows[i].added));
		assert_set(c.modified, JSON(rows[i].modified));
		assert_set(c.removed, JSON(rows[i].removed));
		fieldset_compare(&a, ship, new, old, &c);
		assert_set(c.removed, JSON(rows[i].added));
	}
}

static void compares_items(void **state)
{
	static const struct {
		const char *old, *new, *added, *modified, *removed;
	} rows[] = {
		{"[{'deck':1}]", "[{'deck':1,'guest':'g'}]", "{" DECK1 ":{\"f:guest\":{}}}", "", ""},
		{"[{'deck':1,'guest':'f'}]", "[{'deck':1,'guest':'g'}]", "", "{" DECK1 ":{\"f:guest\":{}}}",
		 ""},
		{"[{'deck':1}]", "[{'deck':2}]", "{" DECK2 ":{\".\":{},\"f:deck\":{}}}", "",
		 "{" DECK1 ":{\".\":{},\"f:deck\":{}}}"},
		{"[{'deck':1}]", "[{'deck':1},{'deck':1,'guest':'g'}]", "{" DECK1 ":{}}", "",
		 "{" DECK1 ":{\".\":{},\"f:deck\":{}}}"},
		{"[{'deck':1},{'deck':1,'guest':'g'}]", "[{'deck':1}]",
		 "{" DECK1 ":{\".\":{},\"f:deck\":{}}}", "", "{" DECK1 ":{}}"},
		{"[{'deck':1},{'deck':1,'guest':'g'}]", "[{'deck':1},{'deck':1,'guest':'h'}]", "",
		 "{" DECK1 ":{}}", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autofree char *was = mem_printf("{'spec':{'cabins':%s}}", rows[i].old),
			      *is = mem_printf("{'spec':{'cabins':%s}}", rows[i].new);
		autojson js *old = tree(was), *new = tree(is);
		struct fieldset_changes c;
		fieldset_compare(&a, ship, old, new, &c);
		const struct fieldset *got[] = {c.added, c.modified, c.removed};
		const char *const want[] = {rows[i].added, rows[i].modified, rows[i].removed};
		for (int k = 0; k < 3; k++) {
			autofree char *text = *want[k] ? mem_printf("{\"f:spec\":{\"f:cabins\":%s}}", want[k])
						       : mem_strdup("{}");
			assert_set(got[k], text);
		}
	}
}

/* Against nothing, what Go always writes is there already. */
static void compares_with_nothing(void **state)
{
	autoarena struct arena a = ARENA_INIT;
	struct fieldset_changes c;
	autojson js *o =
		tree("{'spec':{'cabins':[{'deck':1,'side':'port'}],'load':'0','sail':{'area':3},'name':'n'},"
		     "'log':{'a':'b'}}");

	fieldset_compare(&a, ship, NULL, o, &c);
	assert_set(
		c.added,
		"{\"f:log\":{\".\":{},\"f:a\":{}},\"f:spec\":{\"f:cabins\":{" DECK1
		":{\".\":{},\"f:deck\":{},\"f:side\":{}}},\"f:name\":{},\"f:sail\":{\".\":{},\"f:area\":{}}}}");
	assert_null(c.modified);
	assert_null(c.removed);
}

/* Objects that are told apart by nothing but values have one digest; those whose sets differ never have. */
static void digests(void **state)
{
	static const char *const rows[] = {
		"{'spec':{'name':'n','crew':1,'lamp':{'oil':'x'}},'log':{'a':'b'}}",
		"{'spec':{'name':'m','crew':2,'lamp':{'lit':true}},'log':{'a':'c'}}", /* as the first */
		"{'spec':{'name':'','crew':1,'lamp':{'oil':'x'}},'log':{'a':'b'}}",
		"{'spec':{'name':null,'crew':1,'lamp':{'oil':'x'}},'log':{'a':'b'}}",
		"{'spec':{'name':'n','crew':1,'lamp':{'oil':'x'}},'log':{'aa':'b'}}",
		"{'spec':{'name':'n','crew':1,'lamp':null},'log':{'a':'b'}}",
		"{'spec':{'name':'n'},'log':{'crew':'1'}}",
		"{'spec':{'name':'n','crew':1},'log':{}}",
		"{'spec':{'cabins':[]}}",
		"{'spec':{'cabins':[{'deck':1}]}}",
		"{'spec':{'cabins':[{'deck':0}]}}",
		"{'spec':{'cabins':[{'deck':1,'side':'port'}]}}",
		"{'spec':{'cabins':[{'deck':1,'side':'stern','guest':'g'}]}}",
		"{'spec':{'cabins':[{'deck':1,'side':'stern'},{'deck':2}]}}",
		"{'spec':{'cabins':[{'deck':1,'side':'stern'},{'deck':1,'side':'stern'}]}}",
		"{'spec':{'cabins':[{'deck':1,'beds':{'a':'b'}}]}}",
		"{'spec':{'ports':['a','b']}}",
		"{'spec':{'ports':['ab']}}",
		"{'spec':{'ports':['a','a']}}",
		"{'spec':{'masts':['a','b']}}",
		"{'spec':{'masts':['c']}}", /* as the one before */
		"{'spec':{'extra':{'a':{'b':1}}}}",
		"{'spec':{'extra':{'a':1,'b':1}}}",
		"{'spec':{'extra':[1]}}",
		"{'spec':{'hold':true}}",
		"{'spec':{'hold':{'deck':1}}}",
	};
	bool equal[ARRAY_LEN(rows)][ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			autoarena struct arena a = ARENA_INIT;
			autobuf struct buf x = BUF_INIT, y = BUF_INIT;
			autojson js *o = tree(rows[i]), *p = tree(rows[k]);
			struct fieldset_changes c, d;
			assert_true(fieldset_digest(&x, ship, o) && fieldset_digest(&y, ship, p));
			fieldset_compare(&a, ship, NULL, o, &c);
			fieldset_compare(&a, ship, NULL, p, &d);
			equal[i][k] = x.len == y.len && !memcmp(x.p, y.p, x.len);
			if (equal[i][k] &&
			    (!fieldset_equal(c.added, d.added) || !fieldset_equal(c.modified, d.modified)))
				fail_msg("%s and %s", rows[i], rows[k]);
		}
	assert_true(equal[0][1] && equal[19][20]);
	assert_false(equal[0][2] || equal[0][3] || equal[16][17]);
}

/* What lies deeper than anybody's objects has none. */
static void digests_are_bounded(void **state)
{
	autobuf struct buf text = BUF_INIT, out = BUF_INIT;

	buf_adds(&text, "{'spec':{'extra':");
	for (int i = 0; i < 100; i++)
		buf_adds(&text, "{'a':");
	buf_adds(&text, "1");
	for (int i = 0; i < 100; i++)
		buf_adds(&text, "}");
	buf_adds(&text, "}}");
	autojson js *o = tree(text.p);
	assert_false(fieldset_digest(&out, ship, o));
}

static void assert_tree(js *o, const char *want)
{
	autobuf struct buf text = BUF_INIT;
	autojson js *free_it = o;

	js_write(&text, free_it);
	assert_string_equal(buf_str(&text), JSON(want));
}

static void merges(void **state)
{
	static const struct {
		const char *live, *config, *want;
	} rows[] = {
		{"{'spec':{'crew':1,'name':'a'}}", "{'spec':{'crew':2}}", "{'spec':{'crew':2,'name':'a'}}"},
		{"{'log':{'a':'1'}}", "{'log':{'b':'2'}}", "{'log':{'a':'1','b':'2'}}"},
		{"{'spec':{'lamp':{'oil':'a','lit':true}}}", "{'spec':{'lamp':{'oil':'b'}}}",
		 "{'spec':{'lamp':{'oil':'b'}}}"},
		{"{'spec':{'flags':{'a':'1'}}}", "{'spec':{'flags':{'b':'2'}}}",
		 "{'spec':{'flags':{'b':'2'}}}"},
		{"{'spec':{'masts':['a']}}", "{'spec':{'masts':['b']}}", "{'spec':{'masts':['b']}}"},
		{"{'spec':{'extra':{'a':{'b':[1]},'c':2}}}", "{'spec':{'extra':{'a':{'b':[2],'d':1}}}}",
		 "{'spec':{'extra':{'a':{'b':[2],'d':1},'c':2}}}"},
		{"{'spec':{'hold':{'deck':1}}}", "{'spec':{'hold':{'guest':'x'}}}",
		 "{'spec':{'hold':{'deck':1,'guest':'x'}}}"},
		{"{'spec':{'hold':{'deck':1}}}", "{'spec':{'hold':true}}", "{'spec':{'hold':true}}"},
		{"{'spec':{'crew':1}}", "{'spec':{'crew':null}}", "{'spec':{'crew':null}}"},
		{"{'log':{'a':'1'}}", "{'log':null}", "{'log':{'a':'1'}}"},
		{"{'log':{}}", "{'log':null}", "{'log':null}"},
		{"{'spec':{'ports':['a','b','c']}}", "{'spec':{'ports':['c','d','a']}}",
		 "{'spec':{'ports':['b','c','d','a']}}"},
		{"{'spec':{'ports':['a','b','c']}}", "{'spec':{'ports':['b','x']}}",
		 "{'spec':{'ports':['a','b','c','x']}}"},
		{"{'spec':{'ports':['a','b']}}", "{'spec':{'ports':['x','b','y']}}",
		 "{'spec':{'ports':['a','x','b','y']}}"},
		{"{'spec':{'ports':['a','b','c','d']}}", "{'spec':{'ports':['d','b']}}",
		 "{'spec':{'ports':['a','c','d','b']}}"},
		{"{'spec':{'cabins':[{'deck':1,'side':'port','guest':'g'},{'deck':2}]}}",
		 "{'spec':{'cabins':[{'deck':2,'guest':'h'},{'deck':1}]}}",
		 "{'spec':{'cabins':[{'deck':2,'guest':'h'},{'deck':1,'side':'port','guest':'g'}]}}"},
		{"{'spec':{'cabins':[{'deck':1},{'deck':1,'guest':'g'}]}}",
		 "{'spec':{'cabins':[{'deck':1,'guest':'h'}]}}",
		 "{'spec':{'cabins':[{'deck':1,'guest':'h'}]}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *live = tree(rows[i].live), *config = tree(rows[i].config);
		assert_tree(fieldset_merge(ship, live, config), rows[i].want);
	}
}

static void removes(void **state)
{
	static const struct {
		const char *o, *set, *want;
	} rows[] = {
		{"{'spec':{'crew':1,'name':'a'}}", "{\"f:spec\":{\"f:crew\":{}}}", "{'spec':{'name':'a'}}"},
		{"{'spec':{'crew':1}}", "{\"f:spec\":{\"f:crew\":{}}}", "{'spec':null}"},
		{"{'spec':{'crew':1}}", "{\"f:spec\":{}}", "{}"},
		{"{'log':{'a':'1','b':'2'}}", "{\"f:log\":{\"f:b\":{}}}", "{'log':{'a':'1'}}"},
		{"{'spec':{'ports':['a','b']}}", "{\"f:spec\":{\"f:ports\":{\"v:\\\"a\\\"\":{}}}}",
		 "{'spec':{'ports':['b']}}"},
		{"{'spec':{'cabins':[{'deck':1,'guest':'g'},{'deck':2}]}}",
		 "{\"f:spec\":{\"f:cabins\":{" DECK1 ":{\"f:guest\":{}}," DECK2 ":{}}}}",
		 "{'spec':{'cabins':[{'deck':1}]}}"},
		{"{'spec':{'lamp':{'oil':'a'}}}", "{\"f:spec\":{\"f:lamp\":{\"f:oil\":{}}}}",
		 "{'spec':{'lamp':null}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoarena struct arena a = ARENA_INIT;
		autojson js *o = tree(rows[i].o);
		assert_tree(fieldset_remove(ship, o, set(&a, rows[i].set)), rows[i].want);
	}
}

static void knows_the_type_of_sets(void **state)
{
	autoarena struct arena a = ARENA_INIT;

	assert_set(fieldset_named(&a, ship,
				  set(&a, "{\"f:log\":{\"f:a\":{}},\"f:spec\":{\"f:cabins\":{" DECK1
					  ":{\"f:beds\":{\"f:x\":{}}}},\"f:none\":{\"f:y\":{}}}}")),
		   "{\"f:log\":{\".\":{},\"f:a\":{}},\"f:spec\":{\".\":{},\"f:cabins\":{\".\":{}," DECK1
		   ":{\"f:beds\":{\".\":{},\"f:x\":{}}}},\"f:none\":{\"f:y\":{}}}}");
	/* what has become atomic is owned as a whole */
	assert_set(
		fieldset_reconcile(
			&a, ship,
			set(&a,
			    "{\"f:spec\":{\"f:crew\":{},\"f:lamp\":{\"f:oil\":{}},\"f:masts\":{\"i:0\":{}}}}")),
		"{\"f:spec\":{\"f:crew\":{},\"f:lamp\":{},\"f:masts\":{}}}");
}

static void checks(void **state)
{
	static const struct {
		const char *config, *want; /* "": it fits */
	} rows[] = {
		{"{'kind':'Ship','spec':{'crew':1,'extra':{'x':[1]},'lamp':null,'load':5,'cabins':[{'deck':1,'beds':{'x':'y'}}]}}",
		 ""},
		{"{'spec':{'hold':{'deck':{'b':[{}]},'list':[1,{}]}}}", ""},
		{"{'spec':{'hold':false}}", ""},
		{"{'spec':{'crews':1}}", ".spec.crews: field not declared in schema"},
		{"{'spec':{'crew':'x'}}", ".spec.crew: expected numeric (int or float), got string"},
		{"{'spec':{'name':1}}", ".spec.name: expected string, got &value.valueUnstructured{Value:1}"},
		{"{'spec':{'lamp':{'lit':'x'}}}", ".spec.lamp.lit: expected boolean, got &{x}"},
		{"{'spec':[1]}", ".spec: expected map, got &{[1]}"},
		{"{'spec':{'ports':'x'}}", ".spec.ports: expected list, got &{x}"},
		{"{'spec':{'ports':['x','x']}}", ".spec.ports: duplicate entries for key [='x']"},
		{"{'spec':{'ports':[{}]}}",
		 ".spec.ports: element 0: associative list without keys has an element that's a map type"},
		{"{'spec':{'cabins':[{'deck':1},{'deck':1,'side':'port'}]}}",
		 ".spec.cabins: duplicate entries for key [deck=1,side='port']"},
		{"{'spec':{'cabins':[1]}}",
		 ".spec.cabins: element 0: associative list with keys may not have non-map elements"},
		{"{'spec':{'cabins':[{'deck':1,'x':2}]}}",
		 ".spec.cabins[deck=1,side='port'].x: field not declared in schema"},
		{"{'spec':{'masts':[1]}}",
		 ".spec.masts[0]: expected string, got &value.valueUnstructured{Value:1}"},
		{"{'a':1,'b':2}",
		 "errors:\n  .a: field not declared in schema\n  .b: field not declared in schema"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = tree(rows[i].config);
		autobuf struct buf text = BUF_INIT;
		assert_int_equal(fieldset_check(ship, o, &text), *rows[i].want ? -1 : 0);
		/* an apostrophe in the text is one there */
		assert_string_equal(buf_str(&text),
				    strstr(rows[i].want, "that's") ? rows[i].want : JSON(rows[i].want));
	}
}

static int setup(void **state)
{
	const struct schema_file f = {.name = "ship.yaml", .p = kinds, .n = sizeof(kinds) - 1};
	struct err err = ERR_INIT;

	schema = schema_load(&f, 1, &err);
	if (!schema)
		fail_msg("%s", err.msg);
	ship = schema_type(schema, "Ship");
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

/* A value that may be anything nests as deep as it likes, and is one field from some level on; on a small stack. */
static void *owns_deep(void *arg)
{
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	size_t levels = 0;

	buf_adds(&b, "{\"spec\":{\"extra\":");
	for (int i = 0; i < 490; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "1");
	for (int i = 0; i < 492; i++)
		buf_addc(&b, '}');
	autojson js *o = js_parse(b.p, b.len, NULL, &err);
	assert_non_null(o);
	const struct fieldset *s = fieldset_of(&a, ship, o);
	autobuf struct buf text = BUF_INIT;
	fieldset_write(&text, s);
	for (const char *p = buf_str(&text); (p = strstr(p, "\"f:a\"")); p++)
		levels++;
	assert_in_range(levels, 100, 200);
	return NULL;
}

static void test_deep(void **state)
{
	pthread_join(thread_start("deep", owns_deep, NULL), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(is_bounded_in_depth),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(calculates),
		cmocka_unit_test(chooses),
		cmocka_unit_test(tells_paths),
		cmocka_unit_test(finds_what_is_mentioned),
		cmocka_unit_test(compares),
		cmocka_unit_test(compares_items),
		cmocka_unit_test(compares_with_nothing),
		cmocka_unit_test(digests),
		cmocka_unit_test(digests_are_bounded),
		cmocka_unit_test(merges),
		cmocka_unit_test(removes),
		cmocka_unit_test(knows_the_type_of_sets),
		cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of row, what is left alone, and that the block holds all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/decode.h"
#include "object/json_test.h"

enum colour { RED, GREEN, BLUE };
static const char *const colours[] = {[RED] = "Red", [GREEN] = "Green", [BLUE] = "Blue"};

struct entry {
	const char *name;
	int64_t value, milli;
};
static const struct decode_row entry_rows[] = {
	DECODE_KEY(struct entry, name),
	DECODE_VALUE("", struct entry, value),
	DECODE_MILLI("", struct entry, milli),
};
static const struct decode_spec entry_spec = DECODE_SPEC(struct entry, entry_rows);

struct item {
	const char *name;
	int32_t number;
	struct entry *entries;
	size_t n_entries;
	int64_t doubled; /* worked out */
};
static void item_finish(void *o)
{
	struct item *i = o;
	i->doubled = 2 * i->number;
}
static const struct decode_row item_rows[] = {
	DECODE_STRING("name", struct item, name),
	DECODE_INT32("number", struct item, number),
	DECODE_MAP("entries", struct item, entries, n_entries, &entry_spec),
};
static const struct item item_initial = {.name = "nameless", .number = -1};
static const struct decode_spec item_spec =
	DECODE_SPEC(struct item, item_rows, .initial = &item_initial, .finish = item_finish);

struct condition {
	const char *status;
	int64_t since;
};
static const struct decode_row condition_rows[] = {
	DECODE_STRING("status", struct condition, status),
	DECODE_TIME("lastTransitionTime", struct condition, since),
};
static const struct decode_spec condition_spec = DECODE_SPEC(struct condition, condition_rows);

struct notes {
	const char *dotted;
};
static const struct decode_row notes_rows[] = {DECODE_STRING("a.b/c", struct notes, dotted)};
static const struct decode_spec notes_spec = DECODE_SPEC(struct notes, notes_rows, .literal = true);

struct thing {
	const char *text, *json, *dflt;
	bool flag, present;
	int32_t i32;
	int64_t i64, time;
	uint64_t rv;
	enum colour colour;
	size_t count;
	struct labels *labels;
	const char *const *words;
	size_t n_words;
	const char *const *more;
	struct item one, *maybe, *items;
	size_t n_items;
	struct condition ready, initialized;
	struct notes notes;
	struct notes called;
};
static bool call(struct scan *s, struct arena *a, void *field)
{
	((struct notes *)field)->dotted = arena_strdup(a, scan_peek(s) == SCAN_OBJECT ? "object" : "other");
	return scan_skip(s);
}
static const struct decode_row thing_rows[] = {
	DECODE_LABELS("metadata.labels", struct thing, labels),
	DECODE_UINT64("metadata.rv", struct thing, rv),
	DECODE_STRUCT("metadata.notes", struct thing, notes, &notes_spec),
	DECODE_STRING("spec.text", struct thing, text),
	DECODE_STRING("spec.dflt", struct thing, dflt),
	DECODE_PRESENT("spec.deep", struct thing, present),
	DECODE_JSON("spec.deep", struct thing, json),
	DECODE_BOOL("spec.deep.flag", struct thing, flag),
	DECODE_INT32("spec.i32", struct thing, i32),
	DECODE_INT64("spec.i64", struct thing, i64),
	DECODE_TIME("spec.time", struct thing, time),
	DECODE_ENUM("spec.colour", struct thing, colour, colours),
	DECODE_COUNT("spec.many", struct thing, count),
	DECODE_STRINGS("spec.words", struct thing, words, n_words),
	DECODE_STRINGS_TO_NULL("spec.words", struct thing, more),
	DECODE_STRUCT("spec.one", struct thing, one, &item_spec),
	DECODE_POINTER("spec.maybe", struct thing, maybe, &item_spec),
	DECODE_ARRAY("spec.items", struct thing, items, n_items, &item_spec),
	DECODE_CALL("spec.called", struct thing, called, call, &notes_spec),
	DECODE_FIND("conditions", "type", "Ready", struct thing, ready, &condition_spec),
	DECODE_FIND("conditions", "type", "Initialized", struct thing, initialized, &condition_spec),
};
static const struct thing thing_initial = {.dflt = "dflt", .i32 = 7};
static const struct decode_spec thing_spec = DECODE_SPEC(struct thing, thing_rows, .initial = &thing_initial);

static struct thing *make(const char *text)
{
	struct err err = ERR_INIT;
	struct thing *t = decode_new(&thing_spec, text, strlen(text), &err);
	if (!t)
		fail_msg("%s: %s", err.msg, text);
	return t;
}

static void test_every_type(void **state)
{
	autofree struct thing *t = make(
		"{\"metadata\":{\"labels\":{\"z\":\"1\",\"a\":\"2\",\"n\":3},\"rv\":\"18446744073709551615\","
		"\"notes\":{\"a\":{\"b/c\":\"no\"},\"a.b/c\":\"yes\"}},\"other\":[{}],"
		"\"spec\":{\"text\":\"q\\u00e9\\n\",\"deep\": {\"flag\" : true} ,\"i32\":-5,\"i64\":9007199254740993,"
		"\"time\":\"1970-01-01T00:00:02Z\",\"colour\":\"Blue\",\"many\":[1,[2],{}],\"words\":[\"x\",1,\"y\"],"
		"\"one\":{\"name\":\"uno\"},\"maybe\":{\"number\":4},"
		"\"items\":[{\"name\":\"i\",\"number\":1,\"entries\":{\"cpu\":\"1500m\",\"n\":3}},{}],\"called\":{}},"
		"\"conditions\":[{\"type\":\"Initialized\",\"status\":\"False\"},"
		"{\"status\":\"True\",\"lastTransitionTime\":\"1970-01-01T00:00:01Z\",\"type\":\"Ready\"},"
		"{\"type\":\"Ready\",\"status\":\"later\"}]}");
	assert_int_equal(t->labels->n, 2);
	assert_string_equal(labels_get(t->labels, "a"), "2");
	assert_string_equal(labels_get(t->labels, "z"), "1");
	assert_true(t->rv == UINT64_MAX);
	assert_string_equal(t->notes.dotted, "yes");
	assert_string_equal(t->text, "q\xc3\xa9\n");
	assert_string_equal(t->dflt, "dflt");
	assert_string_equal(t->json, JSON("{'flag' : true}"));
	assert_true(t->flag && t->present);
	assert_int_equal(t->i32, -5);
	assert_int_equal(t->i64, 9007199254740993);
	assert_int_equal(t->time, 2000000000);
	assert_int_equal(t->colour, BLUE);
	assert_int_equal(t->count, 3);
	assert_int_equal(t->n_words, 2);
	assert_string_equal(t->words[1], "y");
	assert_null(t->words[2]);
	assert_string_equal(t->more[0], "x");
	assert_string_equal(t->one.name, "uno");
	assert_int_equal(t->one.doubled, -2);
	assert_string_equal(t->maybe->name, "nameless");
	assert_int_equal(t->maybe->doubled, 8);
	assert_int_equal(t->n_items, 2);
	assert_int_equal(t->items[0].n_entries, 2);
	assert_string_equal(t->items[0].entries[0].name, "cpu");
	assert_int_equal(t->items[0].entries[0].milli, 1500);
	assert_int_equal(t->items[0].entries[0].value, 2);
	assert_int_equal(t->items[0].entries[1].value, 3);
	assert_string_equal(t->items[1].name, "nameless");
	assert_string_equal(t->called.dotted, "object");
	assert_string_equal(t->ready.status, "True");
	assert_int_equal(t->ready.since, 1000000000);
	assert_string_equal(t->initialized.status, "False");
}

/* Each leaves the whole struct as it is initially. */
static void test_what_does_not_fit_is_absent(void **state)
{
	const char *const rows[] = {
		"{}",
		JSON("{'spec':null,'metadata':[],'conditions':{}}"),
		(JSON("{'spec':{'text':1,'dflt':null,'i32':3000000000,'i64':1.5,'time':'soon','colour':'Pink',"
		      "'many':'x','words':{},'one':[],'maybe':null,'items':{},'deep':null}}")),
		JSON("{'metadata':{'labels':[],'rv':'18446744073709551616'},'spec':{'i32':'7','i64':99999999999999999999}}"),
		"{\"metadata\":{\"rv\":12,\"notes\":{\"a\":{}}},\"spec\":{\"text\":\"a\\u0000b\",\"colour\":2,\"deep\":null}}",
		JSON("{'conditions':[1,{'type':1},{'type':'Read'},{'type':'Ready2'},[]],'spe':{'text':'x'}}"),
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct thing *t = make(rows[i]);
		bool pointers = t->text || t->json || t->labels || t->words || t->more || t->maybe ||
				t->items || t->ready.status || t->notes.dotted;
		bool numbers = t->flag || t->present || t->i64 || t->time || t->rv || t->colour != RED ||
			       t->count || t->n_words || t->n_items || t->called.dotted || t->ready.since;
		if (pointers || numbers || t->i32 != 7 || t->one.number != -1 || strcmp(t->dflt, "dflt") ||
		    strcmp(t->one.name, "nameless"))
			fail_msg("%s", rows[i]);
	}
}

static void test_the_later_of_two_counts(void **state)
{
	autofree struct thing *t = make(JSON("{'spec':{'text':'a','text':'b','items':[{},{}]},"
					     "'spec':{'items':[{'number':3}]}}"));
	assert_string_equal(t->text, "b");
	assert_int_equal(t->n_items, 1);
	assert_int_equal(t->items[0].number, 3);
}

/* What would be thrown away is not read, if that is known by then. */
struct crate {
	const char *label;
	const struct item *inside;
	int32_t weight;
};
static bool is_sealed(const void *o)
{
	const struct crate *c = o;
	return c->label && !strcmp(c->label, "sealed");
}
static void test_what_nobody_wants_is_passed_over(void **state)
{
	static const struct decode_row rows[] = {
		DECODE_STRING("label", struct crate, label),
		DECODE_POINTER_UNLESS("load", struct crate, inside, &item_spec, is_sealed),
		DECODE_INT32("load.weight", struct crate, weight),
	};
	static const struct decode_spec spec = DECODE_SPEC(struct crate, rows);
	const struct {
		const char *text;
		bool inside;
	} cases[] = {
		{JSON("{'label':'open','load':{'number':4,'weight':3}}"), true},
		{JSON("{'label':'sealed','load':{'number':4,'weight':3}}"), false},
		{JSON("{'load':{'number':4,'weight':3},'label':'sealed'}"), true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		autofree struct crate *c = decode_new(&spec, cases[i].text, strlen(cases[i].text), &err);
		assert_non_null(c);
		assert_true(!c->inside == !cases[i].inside);
		assert_int_equal(c->weight, 3);
	}
}

static void test_refuses_what_is_no_object(void **state)
{
	const char *const rows[] = {"",
				    "[]",
				    "1",
				    JSON("{'spec':{'text':'x}"),
				    JSON("{'a':1}x"),
				    JSON("{'spec':{'items':[{'name':'a'},]}}"),
				    JSON("{'spec':{'i32':01}}")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_null(decode_new(&thing_spec, rows[i], strlen(rows[i]), &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
	}
}

/* Three bytes of text stand for a whole struct item: the bound is on memory, not on text. */
static void test_memory_is_bounded(void **state)
{
	size_t n = DECODE_MAX / sizeof(struct item);
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	buf_adds(&b, JSON("{'spec':{'items':[{}"));
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, ",{}");
	buf_adds(&b, "]}}");
	assert_null(decode_new(&thing_spec, b.p, b.len, &err));
	assert_int_equal(err.reason, REASON_BAD_REQUEST);
}

static void test_large_objects_and_copies(void **state)
{
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, JSON("{'spec':{'items':[{}"));
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, ",{\"name\":\"item-%d\",\"number\":%d,\"entries\":{\"e\":\"%d\"}}", i, i, i);
	buf_adds(&b, "]}}");
	autofree struct thing *t = make(b.p);
	autofree struct thing *copy = decode_copy(&thing_spec, t);
	mem_autofree(&t);
	t = NULL;
	assert_int_equal(copy->n_items, 1001);
	for (int i = 0; i < 1000; i++) {
		autofree char *name = mem_printf("item-%d", i);
		assert_string_equal(copy->items[i + 1].name, name);
		assert_int_equal(copy->items[i + 1].entries[0].value, i);
	}
}

static void test_check_finds_rows_apart(void **state)
{
	static const struct decode_row apart[] = {
		DECODE_STRING("spec.text", struct thing, text),
		DECODE_INT32("status", struct thing, i32),
		DECODE_STRING("spec.dflt", struct thing, dflt),
	};
	static const struct decode_row late[] = {
		DECODE_BOOL("spec.deep.flag", struct thing, flag),
		DECODE_PRESENT("spec.deep", struct thing, present),
	};
	const struct decode_spec a = DECODE_SPEC(struct thing, apart), b = DECODE_SPEC(struct thing, late);
	assert_string_equal(decode_spec_check(&a), "spec.text");
	assert_string_equal(decode_spec_check(&b), "spec.deep.flag");
	assert_null(decode_spec_check(&thing_spec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_what_does_not_fit_is_absent),
		cmocka_unit_test(test_the_later_of_two_counts),
		cmocka_unit_test(test_what_nobody_wants_is_passed_over),
		cmocka_unit_test(test_refuses_what_is_no_object),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_large_objects_and_copies),
		cmocka_unit_test(test_check_finds_rows_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

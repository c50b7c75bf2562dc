/* SPDX-License-Identifier: Apache-2.0 */
/* Where errors are reported, when that is not where the value is, and which member of a union is looked into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "object/schema.h"

static const char yaml[] = "package: core/v1\n"
			   "types:\n"
			   "  Ship:\n"
			   "    rooms: 1 [Room]\n"
			   "    log: 2 Log unchecked\n"
			   "    cargo: 3 Cargo\n"
			   "    hull: 4 Hull as=body\n"
			   "  Room:\n"
			   "    key: 1 string required absent format=label-key\n"
			   "    mode: 2 string enum=A|B skip=1\n"
			   "    doors: 3 [Door]\n"
			   "  Door:\n"
			   "    width: 1 int32 min=1 max=9 skip=4\n"
			   "    lock: 2 *Hull skip=2\n"
			   "  Hull:\n"
			   "    name: 1 string required\n"
			   "  Log:\n"
			   "    line: 1 string required\n"
			   "  Cargo:\n"
			   "    $union: cargo type\n"
			   "    $union_order: oil crate:Crate gas+ water\n"
			   "    crate: 1 *Hull member\n"
			   "    water: 2 *Hull member\n"
			   "    oil: 3 *Hull member\n"
			   "    gas: 4 *Hull member\n";

static const struct {
	const char *object, *errors; /* FIELD REASON-AND-TEXT, a line each */
} rows[] = {
	{"{'cargo':{'oil':{'name':'a'}},'hull':{'name':'a'}}", ""},
	{"{'cargo':{'oil':{'name':'a'}},'hull':{}}", "body.name Required value\n"},
	{"{'cargo':{},'hull':{'name':'a'}}", "cargo Required value: must specify a cargo type\n"},
	{"{'cargo':{'crate':{'name':'a'},'water':{},'oil':{}},'hull':{'name':'a'}}",
	 "cargo.oil.name Required value\n"
	 "cargo.Crate Forbidden: may not specify more than 1 cargo type\n"
	 "cargo.water Forbidden: may not specify more than 1 cargo type\n"},
	{"{'cargo':{'crate':{'name':'a'},'gas':{'name':'a'}},'hull':{'name':'a'}}", ""},
	{"{'cargo':{'gas':{'name':'a'}},'hull':{'name':'a'}}", ""},
	{"{'cargo':{'crate':{'name':'a'},'gas':{}},'hull':{'name':'a'}}", "cargo.gas.name Required value\n"},
	{"{'cargo':{'water':{},'gas':{'name':'a'}},'hull':{'name':'a'}}",
	 "cargo.water Forbidden: may not specify more than 1 cargo type\n"},
	{"{'cargo':{'water':{'name':'a'},'crate':{}},'hull':{'name':'a'}}",
	 "cargo.crate.name Required value\n"
	 "cargo.water Forbidden: may not specify more than 1 cargo type\n"},
	{"{'rooms':[{'key':'a'},{'key':'a','mode':'C'}],'cargo':{'oil':{'name':'a'}},'hull':{'name':'a'}}",
	 "rooms.mode Unsupported value: \"C\": supported values: \"A\", \"B\"\n"},
	{"{'rooms':[{'key':'a','doors':[{'width':10,'lock':{}}]}],'cargo':{'oil':{'name':'a'}},'hull':{'name':'a'}}",
	 "width Invalid value: 10: must be between 1 and 9, inclusive\n"
	 "rooms[0].lock.name Required value\n"},
	{"{'log':{},'cargo':{'oil':{'name':'a'}},'hull':{'name':'a'}}", ""},
	{"{'rooms':[{}],'cargo':{'oil':{'name':'a'}},'hull':{'name':'a'}}",
	 "rooms[0].key Required value\n"
	 "rooms[0].key Invalid value: \"\": name part must be non-empty\n"
	 "rooms[0].key Invalid value: \"\": name part must consist\n"},
};

/* The text up to where the pattern's explanations begin. */
static void add_error(struct buf *out, const struct field_error *e)
{
	const char *more = strstr(e->message, " of alphanumeric");

	buf_addf(out, "%s %.*s\n", e->field, more ? (int)(more - e->message) : (int)strlen(e->message),
		 e->message);
}

static void errors_are_where_upstream_has_them(void **state)
{
	struct err err = ERR_INIT;
	struct schema_file file = {.name = "a.yaml", .p = yaml, .n = strlen(yaml), .lasting = true};
	struct schema *s = schema_load(&file, 1, &err);

	if (!s)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		const char *text = JSON(rows[i].object);
		autojson js *o = js_parse(text, strlen(text), NULL, &err);
		assert_non_null(o);
		schema_validate(schema_type(s, "Ship"), o, "", &errs);
		for (size_t k = 0; k < errs.n; k++)
			add_error(&got, &errs.v[k]);
		assert_string_equal(buf_str(&got), rows[i].errors);
		field_errors_release(&errs);
	}
	schema_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_where_upstream_has_them)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

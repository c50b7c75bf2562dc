/* SPDX-License-Identifier: Apache-2.0 */
/* In which order errors are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/schema.h"

static const char yaml[] = "package: core/v1\n"
			   "types:\n"
			   "  Ship:\n"
			   "    $looked_at: \"crew crew+2 name +x hull . * cargo\"\n"
			   "    name: 1 string\n"
			   "    hull: 2 Hull as=body\n"
			   "    cargo: 3 [Crate]\n"
			   "    crew: 4 {string}\n"
			   "    flag: 5 string\n"
			   "    mast: 6 string\n"
			   "  Hull:\n"
			   "    length: 1 int32\n"
			   "    width: 2 int32\n"
			   "  Crate:\n"
			   "    $looked_at: \"+\"\n"
			   "    name: 1 string\n"
			   "    weight: 2 int32\n"
			   "    lid: 3 {string}\n"
			   "  Box:\n"
			   "    $union: box type\n"
			   "    $union_order: paper wood:Wood\n"
			   "    $looked_at: \"* .\"\n"
			   "    wood: 1 *Hull member\n"
			   "    paper: 2 *Hull member\n"
			   "    label: 3 string\n";

static struct schema *schema;

static int setup(void **state)
{
	struct schema_file f = {.name = "order.yaml", .p = yaml, .n = sizeof(yaml) - 1, .lasting = true};
	struct err err = ERR_INIT;

	schema = schema_load(&f, 1, &err);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

/* Errors as PATH, PATH+LOOK or PATH#ITEM, with blanks between them; what they are after they were put in order. */
static const struct {
	const char *type, *found, *told;
} rows[] = {
	{"Ship", "name", "name"},
	{"Ship", "mast flag hull name crew", "crew name hull flag mast"},
	{"Ship", "cargo[0].name mast ship  other", " mast ship other cargo[0].name"},
	/* a second look, and one at anything */
	{"Ship", "name crew+2 crew", "crew crew+2 name"},
	{"Ship", "name+2 flag name", "name+2 name flag"},
	{"Ship", "hull hull.width+x flag+x name", "name hull.width+x flag+x hull"},
	/* within */
	{"Ship", "hull.width hull.length hull", "hull hull.length hull.width"},
	{"Ship", "flag body.width body.length", "body.length body.width flag"},
	{"Ship", "cargo[10].name cargo[2].weight cargo[2].name cargo",
	 "cargo cargo[2].weight cargo[2].name cargo[10].name"},
	{"Ship", "cargo[2].lid[b]+x cargo[2].lid[a] cargo[2].name+y",
	 "cargo[2].lid[b]+x cargo[2].lid[a] cargo[2].name+y"},
	{"Ship", "cargo[1].name cargo.weight#1 cargo[0].name cargo.name#2",
	 "cargo[0].name cargo.weight#1 cargo[1].name cargo.name#2"},
	{"Ship", "crew crew[b] crew[a.b] crew[a]", "crew[a] crew[a.b] crew[b] crew"},
	/* what is in no list and in no type stays as it was found */
	{"Ship", "flag.b flag.a", "flag.b flag.a"},
	{"Box", "label  wood.width Wood paper.length", "paper.length wood.width Wood label "},
};

static void add(struct field_errors *errs, const char *p, size_t n)
{
	size_t path = strcspn(p, "+# ");

	errs->look = (char)(p[path] == '+' ? p[path + 1] : 0);
	errs->item = p[path] == '#' ? (unsigned)(p[path + 1] - '0') : 0;
	field_errors_add(errs, "FieldValueInvalid", mem_strndup(p, path), mem_strndup(p, n));
}

static void in_order(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		for (const char *p = rows[i].found;; p++) {
			size_t n = strcspn(p, " ");
			add(&errs, p, n);
			p += n;
			if (!*p)
				break;
		}
		schema_order_errors(schema_type(schema, rows[i].type), &errs);
		for (size_t k = 0; k < errs.n; k++)
			buf_addf(&got, "%s%s", k ? " " : "", errs.v[k].message);
		field_errors_release(&errs);
		assert_string_equal(buf_str(&got), rows[i].told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_order)};

	return cmocka_run_group_tests(tests, setup, teardown);
}

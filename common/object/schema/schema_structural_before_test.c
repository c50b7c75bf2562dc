/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/schema/schema_internal.h"
#include "object/yaml.h"

static js *yaml(const char *text)
{
	struct err err = ERR_INIT;
	/* 1.0 is an integer in YAML, and none in JSON */
	js *o = (text[1] == '"' ? js_parse : yaml_parse)(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

/* The schema that is asked now, below `type: object`; what there was, and what there is. */
static void asks(const char *of, const char *old_text, const char *new_text, bool status, const char *want)
{
	static const char meta[] =
		"package: meta/v1\ntypes:\n  ObjectMeta:\n    name: 1 string\n    labels: 2 {string}\n";
	struct err err = ERR_INIT;
	struct schema_file f = {.name = "meta.yaml", .p = meta, .n = sizeof(meta) - 1};
	struct schema *s = schema_load(&f, 1, &err);
	assert_non_null(s);
	autofree char *whole = mem_printf("{type: object, properties: {%s}}", of);
	autojson js *openapi = yaml(whole), *old = yaml(old_text), *new = yaml(new_text);
	autojson js *kind = yaml(
		"{kind: Boat, group: sea, version: v1, resource: boats, singular: boat, scope: Cluster}");
	struct schema_builder *b = schema_builder_new(s);
	if (schema_builder_openapi(b, "Boat", openapi, &err) < 0 || schema_builder_kind(b, kind, &err) < 0)
		fail_msg("%s: %s", of, err.msg);
	struct schema_part *part = schema_builder_finish(b, &err);
	assert_non_null(part);
	assert_int_equal(schema_change(s, part, NULL, &err), 0);
	const struct type *t = schema_kind(s, "sea", "v1", "Boat")->type;
	struct field_errors errs = {.n = 0};
	autobuf struct buf got = BUF_INIT;
	if (status)
		schema_validate_status(t, old, new, &errs);
	else
		schema_validate_changed(t, old, new, "", &errs);
	for (size_t i = 0; i < errs.n; i++)
		buf_addf(&got, "%s%s: %.14s", i ? ", " : "", errs.v[i].field, errs.v[i].message);
	field_errors_release(&errs);
	if (strcmp(buf_str(&got), want))
		fail_msg("%s: %s -> %s:\nwant %s\n got %s", of, old_text, new_text, want, buf_str(&got));
	assert_int_equal(schema_change(s, NULL, part, &err), 0);
	schema_retire(s, part);
	schema_free(s);
}

#define ITEMS(more)                                                                                            \
	"l: {type: array, " more                                                                               \
	" x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, required: [k], " \
	"properties: {k: {type: string}, v: {type: string, maxLength: 1}}}}"
#define KEPT "type: object, x-kubernetes-preserve-unknown-fields: true"

/* What a kube-apiserver v1.34 answers to the same. */
static void knows_what_has_not_changed(void **state)
{
	static const struct {
		const char *of, *old, *new, *want;
	} rows[] = {
		/* the items of a map may stand in another order, also in an object above */
		{ITEMS("maxItems: 1,"), "{l: [{k: a}, {k: b}]}", "{l: [{k: b}, {k: a}]}", ""},
		{ITEMS("maxItems: 1,"), "{l: [{k: a}, {k: b}]}", "{l: [{k: b}, {k: a, v: x}]}",
		 "l: Too many: 2: m"},
		{ITEMS("maxItems: 1,"), "{l: [{k: a}, {k: b}]}", "{l: [{k: b}, {k: c}]}",
		 "l: Too many: 2: m"},
		{"o: {type: object, required: [need], properties: {need: {type: string}, " ITEMS("") "}}",
		 "{o: {l: [{k: a}, {k: b}]}}", "{o: {l: [{k: b}, {k: a}]}}", ""},
		/* those of others may not */
		{"l: {type: array, maxItems: 1, items: {type: string}}", "{l: [a, b]}", "{l: [a, b]}", ""},
		{"l: {type: array, maxItems: 1, items: {type: string}}", "{l: [a, b]}", "{l: [b, a]}",
		 "l: Too many: 2: m"},
		{"l: {type: array, maxItems: 1, x-kubernetes-list-type: set, items: {type: string}}",
		 "{l: [a, b]}", "{l: [b, a]}", "l: Too many: 2: m"},
		/* of items with one key the first is meant; without all keys they are new */
		{ITEMS(""), "{l: [{k: a, v: xx}, {k: a, v: yy}]}", "{l: [{k: a, v: xx}, {k: a, v: yy}]}",
		 "l[1].v: Too long: may "},
		{ITEMS(""), "{l: [{k: a, v: xx}, {k: a, v: yy}]}", "{l: [{k: a, v: xx}]}", ""},
		{ITEMS(""), "{l: [{k: a, v: xx}, {k: a, v: yy}]}", "{l: [{k: a, v: yy}]}",
		 "l[0].v: Too long: may "},
		{ITEMS(""), "{l: [{v: xx}]}", "{l: [{v: xx}]}",
		 "l[0].v: Too long: may , l[0].k: Required value"},
		/* what the schema does not name is not known to be the same */
		{"o: {" KEPT ", minProperties: 2}", "{o: {a: x}}", "{o: {a: x}}", "o: Invalid value:"},
		{"o: {" KEPT ", minProperties: 2}", "{o: {}}", "{o: {}}", ""},
		{"o: {" KEPT ", minProperties: 2, properties: {a: {type: string}}}", "{o: {a: x}}",
		 "{o: {a: x}}", ""},
		{"o: {type: object, required: [need], properties: {need: {type: string}, p: {" KEPT "}}}",
		 "{o: {p: {a: x}}}", "{o: {p: {a: x}}}", "o.need: Required value"},
		/* an integer is no float */
		{"num: {type: number, maximum: 0}", "{num: 1}", "{num: 1}", ""},
		{"num: {type: number, maximum: 0}", "{num: 1}", "{\"num\":1.0}", "num: Invalid value:"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		asks(rows[i].of, rows[i].old, rows[i].new, false, rows[i].want);
}

/* More items than are compared with each other. */
static void finds_items_of_long_lists(void **state)
{
	autobuf struct buf old = BUF_INIT, new = BUF_INIT;
	for (int i = 0; i < 40; i++) {
		buf_addf(&old, "%s{k: k%d, v: xx}", i ? ", " : "{l: [", i % 39);
		buf_addf(&new, "%s{k: k%d, v: %s}", i ? ", " : "{l: [", 38 - i, i == 7 ? "yy" : "xx");
	}
	buf_adds(&old, "]}");
	buf_adds(&new, "]}");
	asks(ITEMS("maxItems: 1,"), buf_str(&old), buf_str(&new), false,
	     "l[7].v: Too long: may , l[39].v: Too long: may , l: Too many: 40: ");
	asks(ITEMS("maxItems: 1,"), buf_str(&new), buf_str(&new), false, "");
}

#define POD "{" KEPT ", x-kubernetes-embedded-resource: true}"

/* They are asked about whenever the object is written, but not with its status. */
static void judges_resources_within(void **state)
{
	static const struct {
		const char *of, *old, *new;
		bool status;
		const char *want;
	} rows[] = {
		{"spec: " POD, "{spec: {a: 1}}", "{spec: {a: 1}}", false,
		 "spec.apiVersion: Required value, spec.kind: Required value"},
		{"spec: {type: object, properties: {l: {type: array, items: " POD
		 "}, m: {type: object, additionalProperties: " POD "}}}",
		 "{spec: {l: [{kind: P}], m: {x: {apiVersion: v1}}}}",
		 "{spec: {l: [{kind: P}], m: {x: {apiVersion: v1}}}}", false,
		 "spec.l[0].apiVersion: Required value, spec.m.x.kind: Required value"},
		{"spec: {type: object}, status: " POD, "{status: {a: 1}}", "{status: {a: 2}}", true, ""},
		{"spec: " POD ", status: {type: object, maxProperties: 0}", "{spec: {a: 1}}",
		 "{spec: {a: 1}, status: {a: 1}}", true, "status: Too many: 1: m"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		asks(rows[i].of, rows[i].old, rows[i].new, rows[i].status, rows[i].want);
}

/* Equal items anywhere in the object excuse those of its status; nothing else of it is asked about. */
static void judges_a_status(void **state)
{
	static const char of[] =
		"spec: {type: object, required: [z], properties: {t: {type: array, x-kubernetes-list-type: set, "
		"items: {type: string}}}}, status: {type: object, properties: {t: {type: array, "
		"x-kubernetes-list-type: set, items: {type: string}}, num: {type: integer, maximum: 1}}}";
	static const struct {
		const char *old, *new, *want;
	} rows[] = {
		{"{spec: {t: [a]}}", "{spec: {t: [a]}, status: {t: [b, b]}}", "status.t[1]: Duplicate valu"},
		{"{spec: {t: [a, a]}}", "{spec: {t: [a, a]}, status: {t: [b, b]}}", ""},
		{"{spec: {t: [a]}, status: {num: 2}}", "{spec: {t: [a]}, status: {num: 2, t: [c]}}", ""},
		{"{spec: {t: [a]}, status: {num: 2}}", "{spec: {t: [a]}, status: {num: 3}}",
		 "status.num: Invalid value:"},
		{"{spec: {t: [a]}, status: {num: 2}}", "{spec: {t: [a]}}", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		asks(of, rows[i].old, rows[i].new, true, rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_has_not_changed), cmocka_unit_test(finds_items_of_long_lists),
		cmocka_unit_test(judges_resources_within), cmocka_unit_test(judges_a_status)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

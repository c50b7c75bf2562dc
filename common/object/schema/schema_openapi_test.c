/* SPDX-License-Identifier: Apache-2.0 */
/* A CRD's schema as a type: pruning, defaults, and the words in which upstream refuses values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/schema.h"
#include "object/yaml.h"

static const char base_yaml[] = "package: meta/v1\n"
				"types:\n"
				"  ObjectMeta:\n"
				"    name: 1 string\n"
				"    labels: 2 {string}\n";

static const char boat[] =
	"type: object\n"
	"required: [spec]\n"
	"properties:\n"
	"  spec:\n"
	"    type: object\n"
	"    required: [name]\n"
	"    oneOf:\n"
	"    - required: [sail]\n"
	"    - required: [engine]\n"
	"    - properties: {rows: {enum: [true]}}\n"
	"      required: [rows]\n"
	"    properties:\n"
	"      name: {type: string, minLength: 2, maxLength: 5, pattern: '^[a-z]+$'}\n"
	"      sail: {type: string, enum: [red, white]}\n"
	"      engine: {type: string, format: uuid}\n"
	"      rows: {type: boolean}\n"
	"      crew: {type: integer, minimum: 1, maximum: 9, exclusiveMaximum: true, default: 2}\n"
	"      price: {type: number, multipleOf: 0.5}\n"
	"      port: {x-kubernetes-int-or-string: true}\n"
	"      note: {type: string, nullable: true}\n"
	"      flag: {type: string, default: plain}\n"
	"      hull:\n"
	"        type: object\n"
	"        default: {}\n"
	"        properties:\n"
	"          planks: {type: integer, default: 7}\n"
	"      decks:\n"
	"        type: array\n"
	"        minItems: 1\n"
	"        maxItems: 2\n"
	"        items: {type: array, items: {type: string, maxLength: 3}}\n"
	"      tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}\n"
	"      doors:\n"
	"        type: array\n"
	"        x-kubernetes-list-type: map\n"
	"        x-kubernetes-list-map-keys: [at]\n"
	"        items: {type: object, properties: {at: {type: string}, wide: {type: boolean}}}\n"
	"      sets: {type: object, additionalProperties: {type: array, x-kubernetes-list-type: set, items: {type: string}}}\n"
	"      label: {type: string, format: hex-color}\n"
	"      colour: {type: string, format: hexcolor}\n"
	"      limits:\n"
	"        type: object\n"
	"        x-kubernetes-map-type: atomic\n"
	"        maxProperties: 2\n"
	"        additionalProperties: {type: integer, anyOf: [{minimum: 100}, {maximum: 10}]}\n"
	"      even: {type: integer, allOf: [{multipleOf: 2}], not: {enum: [4]}}\n"
	"      free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}\n"
	"      pod:\n"
	"        type: object\n"
	"        x-kubernetes-embedded-resource: true\n"
	"        x-kubernetes-preserve-unknown-fields: true\n";

static struct schema *schema;
static struct schema_part *part;
static const struct type *type;

static js *yaml(const char *text)
{
	struct err err = ERR_INIT;
	js *o = yaml_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static struct schema_part *build(const char *text, struct err *err)
{
	autojson js *openapi = yaml(text);
	autojson js *kind = yaml(
		"{kind: Boat, group: sea, version: v1, resource: boats, singular: boat, scope: Namespaced}");
	struct schema_builder *b = schema_builder_new(schema);
	if (schema_builder_openapi(b, "Boat", openapi, err) == 0 && schema_builder_kind(b, kind, err) == 0)
		return schema_builder_finish(b, err);
	schema_builder_free(b);
	return NULL;
}

static int setup(void **state)
{
	struct schema_file f = {.name = "b", .p = base_yaml, .n = sizeof(base_yaml) - 1};
	struct err err = ERR_INIT;
	schema = schema_load(&f, 1, &err);
	part = build(boat, &err);
	if (!part || schema_change(schema, part, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	type = schema_kind(schema, "sea", "v1", "Boat")->type;
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static void prunes_and_defaults(void **state)
{
	static const struct {
		const char *in, *want, *strict;
	} rows[] = {
		{"{kind: Boat, metadata: {name: x, zzz: 1}, spec: {name: '', zero: 0, price: 0}}",
		 "{\"kind\":\"Boat\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"crew\":2,\"flag\":\"plain\",\"hull\":{\"planks\":7},\"name\":\"\",\"price\":0}}",
		 "unknown field \"metadata.zzz\"|unknown field \"spec.zero\""},
		{"{spec: {note: null, flag: null, sail: null, hull: {planks: 1, x: 2}}}",
		 "{\"spec\":{\"crew\":2,\"flag\":\"plain\",\"hull\":{\"planks\":1},\"note\":null}}",
		 "unknown field \"spec.hull.x\""},
		/* what is unknown of a resource within comes behind all else */
		{"{spec: {pod: {metadata: {name: p, x: 1}}, x: 1}, metadata: {x: 1}}",
		 "{\"metadata\":{},\"spec\":{\"crew\":2,\"flag\":\"plain\",\"hull\":{\"planks\":7},\"pod\":{\"metadata\":{\"name\":\"p\"}}}}",
		 "unknown field \"spec.x\"|unknown field \"metadata.x\"|unknown field \"spec.pod.metadata.x\""},
		{"{spec: {crew: many, free: {a: 1, b: {c: [1]}}, limits: {x: 1}, pod: {metadata: {name: p}, spec: {}}}}",
		 "{\"spec\":{\"crew\":\"many\",\"flag\":\"plain\",\"free\":{\"a\":1,\"b\":{\"c\":[1]}},\"hull\":{\"planks\":7},\"limits\":{\"x\":1},"
		 "\"pod\":{\"metadata\":{\"name\":\"p\"},\"spec\":{}}}}",
		 ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct strict_errors strict = {0};
		autojson js *in = yaml(rows[i].in), *out = schema_decode(type, in, &strict, &err);
		if (!out)
			fail_msg("%s", err.msg);
		autobuf struct buf b = BUF_INIT, s = BUF_INIT;
		schema_write(&b, type, out);
		for (size_t k = 0; k < strict.n; k++)
			buf_addf(&s, "%s%s", k ? "|" : "", strict.v[k]);
		schema_strict_errors_release(&strict);
		assert_string_equal(buf_str(&b), rows[i].want);
		assert_string_equal(buf_str(&s), rows[i].strict);
	}
}

/* One field of one form: what a kube-apiserver of v1.34 answered. */
static void answers(const char *field, const char *value, const char *want)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf("{type: object, properties: {f: %s}}", field);
	autojson js *openapi = yaml(text), *o = NULL;
	autofree char *json = mem_printf("{\"f\":%s}", value);
	struct schema_builder *b = schema_builder_new(schema);
	autojson js *kind = yaml(
		"{kind: Form, group: sea, version: v1, resource: forms, singular: form, scope: Namespaced}");
	assert_int_equal(schema_builder_openapi(b, "Form", openapi, &err), 0);
	assert_int_equal(schema_builder_kind(b, kind, &err), 0);
	struct schema_part *forms = schema_builder_finish(b, &err);
	assert_int_equal(schema_change(schema, forms, NULL, &err), 0);
	const struct type *t = schema_kind(schema, "sea", "v1", "Form")->type;
	autojson js *in = js_parse(json, strlen(json), NULL, &err);
	struct strict_errors strict = {0};
	struct field_errors errs = {.n = 0};
	autobuf struct buf got = BUF_INIT;
	o = schema_decode(t, in, &strict, &err);
	assert_non_null(o);
	schema_default(t, o);
	schema_validate(t, o, "", &errs);
	for (size_t k = 0; k < errs.n; k++)
		buf_addf(&got, "%s%s", k ? "|" : "", errs.v[k].message);
	if (!errs.n)
		js_write(&got, js_field(o, "f"));
	field_errors_release(&errs);
	schema_strict_errors_release(&strict);
	assert_int_equal(schema_change(schema, NULL, forms, &err), 0);
	schema_retire(schema, forms);
	if (strcmp(buf_str(&got), want))
		fail_msg("%s in %s:\nwant %s\n got %s", value, field, want, buf_str(&got));
}

static void numbers_are_gos(void **state)
{
#define NO_INTEGER "Invalid value: \"number\": f in body must be of type integer: \"number\""
	static const struct {
		const char *field, *value, *want;
	} rows[] = {
		{"{type: number}", "42.0", "42"},
		{"{type: number}", "1e3", "1000"},
		{"{type: number}", "1.50", "1.5"},
		{"{type: number}", "9223372036854775808", "9223372036854776000"},
		{"{x-kubernetes-preserve-unknown-fields: true}", "{\"a\":[1.0,{\"b\":1e2}],\"c\":7}",
		 "{\"a\":[1,{\"b\":100}],\"c\":7}"},
		{"{type: integer}", "1e3", "1000"},
		{"{type: integer}", "9223372036854775807", "9223372036854775807"},
		{"{type: integer}", "9223372036854775808", NO_INTEGER},
		{"{type: integer}", "1e30", NO_INTEGER},
		{"{type: integer}", "1.5", NO_INTEGER},
		{"{x-kubernetes-int-or-string: true}", "1e30",
		 "Invalid value: \"number\": f in body must be of type integer,string: \"number\""},
		{"{type: number, multipleOf: 0.1}", "0.3", "0.3"},
		{"{type: number, multipleOf: 0.1}", "1",
		 "Invalid value: 0: factor MultipleOf declared for f must be positive: 0"},
		{"{type: number, multipleOf: 0.1}", "0.25",
		 "Invalid value: 0.25: f in body should be a multiple of 0.1"},
		{"{type: number, maximum: 2000000}", "3000000",
		 "Invalid value: 3000000: f in body should be less than or equal to 2000000"},
		{"{type: number, maximum: 2000000}", "3e6",
		 "Invalid value: 3e+06: f in body should be less than or equal to 2e+06"},
		{"{type: integer, enum: [1, 2]}", "3",
		 "Unsupported value: 3: supported values: \"1\", \"2\""},
		{"{type: integer, enum: [1, 2]}", "1.5", NO_INTEGER},
		{"{type: array, items: {type: number}, x-kubernetes-list-type: set}", "[1,1.0]", "[1,1]"},
		{"{type: array, items: {type: number}, x-kubernetes-list-type: set}", "[0.5,0.5]",
		 "Duplicate value: 0.5"},
		{"{type: array, items: {type: string}, maxItems: 2}", "\"abc\"",
		 "Invalid value: \"string\": f in body must be of type array: \"string\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		answers(rows[i].field, rows[i].value, rows[i].want);
}

static void a_null_that_is_allowed_stays(void **state)
{
	answers("{type: string, nullable: true, default: a}", "null", "null");
	answers("{type: string, default: a}", "null", "\"a\"");
	answers("{type: string, default: a}", "\"\"", "\"\"");
	answers("{type: integer, default: 3}", "0", "0");
}

static void formats(void **state)
{
	static const struct {
		const char *format, *yes[7], *no[7];
	} rows[] = {
		{"byte", {"aGk=", "AAAA"}, {"", "!!!", "a"}},
		{"hostname",
		 {"a", "abc", "1", "a.bc", "10.0.0.example", "a-b", "aGk="},
		 {"", "10.0.0.1", "a.b.c", "2024-01-01", "1.5h", "-a", "a@b.c"}},
		{"isbn", {"978-0321751041", "0321751043", "080442957X"}, {"", "abc", "978-3-16-148410-1"}},
		{"isbn10", {"0321751043"}, {"978-0321751041"}},
		{"isbn13", {"978-0321751041"}, {"0321751043"}},
		{"creditcard", {"4111111111111111", "4111-1111-1111-1111"}, {"", "4111111111111112", "1"}},
		{"rgbcolor", {"rgb(1,2,3)", "rgb( 255 , 0,10)"}, {"", "rgb(256,1,1)", "rgb(01,1,1)", "#fff"}},
		{"duration",
		 {"1h", "1.5h", "22 ns", "1 day", "2 Weeks", "a12d3"},
		 {"", "1", "x", "1 fortnight"}},
		{"password", {"", "x"}, {NULL}},
		{"hex-color", {"#fff"}, {"#ffg"}}, /* hyphens do not count */
		{"date-time", {"2024-01-01T00:00:00Z"}, {"2024-13-01T00:00:00Z"}},
		{"k8s-short-name", {"A_b", ""}, {NULL}}, /* and so these are none to v1.34 */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *field = mem_printf("{type: string, format: %s}", rows[i].format);
		for (size_t k = 0; k < 7 && rows[i].yes[k]; k++) {
			autofree char *value = mem_printf("\"%s\"", rows[i].yes[k]);
			answers(field, value, value);
		}
		for (size_t k = 0; k < 7 && rows[i].no[k]; k++) {
			autofree char *value = mem_printf("\"%s\"", rows[i].no[k]);
			autofree char *want =
				mem_printf("Invalid value: %s: f in body must be of type %s: %s", value,
					   rows[i].format, value);
			answers(field, value, want);
		}
	}
	/* what is no text at all */
	answers("{type: string, format: uuid}", "5",
		"Invalid value: \"int64\": f in body must be of type uuid: \"int64\"");
	answers("{type: string, format: uuid}", "5.0",
		"Invalid value: \"float64\": f in body must be of type uuid: \"float64\"");
	answers("{type: string, format: uuid}", "{}",
		"Invalid value: \"\": f in body must be of type uuid: \"\"");
	answers("{type: string, format: uuid}", "[1]", "[1]");
}

/* A spec that is written over another one: test/integration/ratcheting_test.go of apiextensions-apiserver. */
static void validates_what_has_changed(void **state)
{
	static const struct {
		const char *old, *new, *want;
	} rows[] = {
		/* what was wrong before may stay, and be moved as far as it is known which is which */
		{"{name: abc, sail: red, crew: 1000}", "{name: abd, sail: red, crew: 1000}", ""},
		{"{name: abc, sail: red, label: A_b, colour: x}",
		 "{name: abc, sail: red, label: A_b, colour: z}",
		 "spec.colour: Invalid value: \"z\": spec.colour in body must be of type hexcolor: \"z\"\n"},
		{"{name: abc, sail: red, limits: {a: 50}}", "{name: abd, sail: red, limits: {a: 50, b: 1}}",
		 ""},
		{"{name: abc, sail: red, limits: {a: 50, b: 1, c: 2}}",
		 "{name: abd, sail: red, limits: {c: 2, b: 1, a: 50}}", ""},
		{"{name: abc, sail: red, doors: [{at: x, wide: 1}, {at: z}]}",
		 "{name: abc, sail: red, doors: [{at: z}, {at: x, wide: 1}]}", ""},
		{"{name: abc, sail: red, doors: [{at: x, wide: 1}]}",
		 "{name: abc, sail: red, doors: [{at: z, wide: 1}]}",
		 "spec.doors[0].wide: Invalid value: \"integer\": spec.doors[0].wide in body must be of type boolean: \"integer\"\n"},
		{"{name: abc, sail: red, decks: [[toolong]]}",
		 "{name: abc, sail: red, decks: [[toolong], []]}",
		 "spec.decks[0][0]: Too long: may not be more than 3 bytes\n"},
		{"{name: abc, sail: red, even: 3}", "{name: abd, sail: red, even: 3}", ""},
		/* equal items are looked for while there were none, in any list */
		{"{name: abc, sail: red, tags: [a]}", "{name: abc, sail: red, tags: [a, a]}",
		 "spec.tags[1]: Duplicate value: \"a\"\n"},
		{"{name: abc, sail: red, tags: [a, a]}", "{name: abc, sail: red, tags: [a, a, b, b]}", ""},
		{"{name: abc, sail: red, sets: {a: [x, x]}}", "{name: abc, sail: red, tags: [a, a]}", ""},
		/* behind everything else, and behind resources within */
		{"{name: abc, sail: red}", "{name: abc, sail: red, tags: [a, a], pod: {}, colour: x}",
		 "spec.colour: Invalid value: \"x\": spec.colour in body must be of type hexcolor: \"x\"\n"
		 "spec.pod.apiVersion: Required value\nspec.pod.kind: Required value\n"
		 "spec.tags[1]: Duplicate value: \"a\"\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *old = js_new_obj(), *new = js_new_obj();
		js_set(old, "spec", yaml(rows[i].old));
		js_set(new, "spec", yaml(rows[i].new));
		struct field_errors errs = {.n = 0};
		autobuf struct buf b = BUF_INIT;
		schema_validate_changed(type, old, new, "", &errs);
		for (size_t k = 0; k < errs.n; k++)
			buf_addf(&b, "%s: %s\n", errs.v[k].field, errs.v[k].message);
		field_errors_release(&errs);
		if (strcmp(buf_str(&b), rows[i].want))
			fail_msg("%s -> %s:\nwant %s\n got %s", rows[i].old, rows[i].new, rows[i].want,
				 buf_str(&b));
	}
}

static void validates(void **state)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{"{name: abc, sail: red}", ""},
		{"{sail: red}", "spec.name: Required value\n"},
		{"{name: a, sail: red}",
		 "spec.name: Invalid value: \"a\": spec.name in body should be at least 2 chars long\n"},
		{"{name: abcdef, sail: red}", "spec.name: Too long: may not be more than 5 bytes\n"},
		{"{name: A1, sail: red}",
		 "spec.name: Invalid value: \"A1\": spec.name in body should match '^[a-z]+$'\n"},
		{"{name: 7, sail: red}",
		 "spec.name: Invalid value: \"integer\": spec.name in body must be of type string: \"integer\"\n"},
		{"{name: abc, sail: blue}",
		 "spec.sail: Unsupported value: \"blue\": supported values: \"red\", \"white\"\n"},
		{"{name: abc, engine: x}",
		 "spec.engine: Invalid value: \"x\": spec.engine in body must be of type uuid: \"x\"\n"},
		{"{name: abc, engine: 123e4567-e89b-12d3-a456-426614174000, sail: red}",
		 "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives\n"},
		{"{name: abc}",
		 "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid\n"
		 "spec.sail: Required value\n"},
		{"{name: abc, sail: red, crew: 0}",
		 "spec.crew: Invalid value: 0: spec.crew in body should be greater than or equal to 1\n"},
		{"{name: abc, sail: red, crew: 9}",
		 "spec.crew: Invalid value: 9: spec.crew in body should be less than 9\n"},
		{"{name: abc, sail: red, crew: 1.5}",
		 "spec.crew: Invalid value: \"number\": spec.crew in body must be of type integer: \"number\"\n"},
		{"{name: abc, sail: red, price: 1.25}",
		 "spec.price: Invalid value: 1.25: spec.price in body should be a multiple of 0.5\n"},
		{"{name: abc, sail: red, price: 3}",
		 "spec.price: Invalid value: 0: factor MultipleOf declared for spec.price must be positive: 0\n"},
		{"{name: abc, sail: red, port: web}", ""},
		{"{name: abc, sail: red, port: true}",
		 "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"\n"},
		{"{name: abc, sail: red, note: null}", ""},
		{"{name: abc, sail: null, rows: true}",
		 "spec.sail: Invalid value: \"null\": spec.sail in body must be of type string: \"null\"\n"
		 "spec.sail: Unsupported value: null: supported values: \"red\", \"white\"\n"
		 "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives\n"},
		{"{name: abc, sail: red, decks: []}",
		 "spec.decks: Invalid value: 0: spec.decks in body should have at least 1 items\n"},
		{"{name: abc, sail: red, decks: [[a, toolong], [], []]}",
		 "spec.decks[0][1]: Too long: may not be more than 3 bytes\n"
		 "spec.decks: Too many: 3: must have at most 2 items\n"},
		{"{name: abc, sail: red, tags: [a, b, a, a, b]}",
		 "spec.tags[2]: Duplicate value: \"a\"\nspec.tags[4]: Duplicate value: \"b\"\n"},
		{"{name: abc, sail: red, doors: [{at: x}, 7, 8]}",
		 "spec.doors[1]: Invalid value: \"integer\": spec.doors[1] in body must be of type object: \"integer\"\n"
		 "spec.doors[2]: Invalid value: \"integer\": spec.doors[2] in body must be of type object: \"integer\"\n"
		 "spec.doors[1]: Invalid value: 7: must be an object for an array of list-type map\n"},
		{"{name: abc, sail: red, sets: {a: [x, x]}}", "spec.sets[a][1]: Duplicate value: \"x\"\n"},
		{"{name: abc, sail: red, label: A_b, colour: '#12345g'}",
		 "spec.label: Invalid value: \"A_b\": spec.label in body must be of type hex-color: \"A_b\"\n"
		 "spec.colour: Invalid value: \"#12345g\": spec.colour in body must be of type hexcolor: \"#12345g\"\n"},
		{"{name: abc, sail: red, label: abc, colour: '#12345f'}", ""},
		{"{name: abc, sail: red, doors: [{at: x, wide: true}, {wide: true, at: x}, {at: z}]}",
		 "spec.doors[1]: Duplicate value: {\"at\":\"x\"}\n"},
		{"{name: abc, sail: red, limits: {a: 50}}",
		 "<nil>: Invalid value: \"\": \"spec.limits.a\" must validate at least one schema (anyOf)\n"
		 "spec.limits.a: Invalid value: 50: spec.limits.a in body should be greater than or equal to 100\n"},
		{"{name: abc, sail: red, limits: {a: 1, b: 2, c: many}}",
		 "spec.limits: Too many: 3: must have at most 2 items\n"
		 "spec.limits.c: Invalid value: \"string\": spec.limits.c in body must be of type integer: \"string\"\n"},
		{"{name: abc, sail: red, even: 3}",
		 "spec.even: Invalid value: 3: spec.even in body should be a multiple of 2\n"
		 "<nil>: Invalid value: \"\": \"spec.even\" must validate all the schemas (allOf). None validated\n"},
		{"{name: abc, sail: red, even: 4}",
		 "<nil>: Invalid value: \"\": \"spec.even\" must not validate the schema (not)\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = js_new_obj();
		js_set(o, "spec", yaml(rows[i].spec));
		struct field_errors errs = {.n = 0};
		autobuf struct buf b = BUF_INIT;
		schema_validate(type, o, "", &errs);
		/* members come in the order of the document, so the wrong type of one may stand before the rest */
		for (size_t k = 0; k < errs.n; k++)
			buf_addf(&b, "%s: %s\n", errs.v[k].field, errs.v[k].message);
		field_errors_release(&errs);
		for (char *save = NULL, *all = mem_strdup(rows[i].want), *line = strtok_r(all, "\n", &save);;
		     line = strtok_r(NULL, "\n", &save)) {
			if (line && !strstr(buf_str(&b), line))
				fail_msg("%s: no `%s` in `%s`", rows[i].spec, line, buf_str(&b));
			if (!line) {
				free(all);
				break;
			}
		}
		if (b.len != strlen(rows[i].want))
			fail_msg("%s: more than wanted in `%s`", rows[i].spec, buf_str(&b));
	}
	autojson js *none = js_new_obj();
	struct field_errors errs = {.n = 0};
	schema_validate(type, none, "", &errs);
	assert_int_equal(errs.n, 1);
	assert_string_equal(errs.v[0].field, "spec");
	field_errors_release(&errs);
}

static void refuses(void **state)
{
	static const struct {
		const char *schema, *want;
	} rows[] = {
		{"{type: string}", "must be object at the root"},
		{"{type: object, properties: {a: {$ref: '#/x'}}}", "properties[a]: $ref"},
		{"{type: object, properties: {a: {}}}", "type: must not be empty"},
		{"{type: object, properties: {a: {type: array}}}", "items: must be specified"},
		{"{type: object, properties: {a: {type: blob}}}", "none of array"},
		{"{type: object, properties: {a: {type: string, pattern: '('}}}",
		 "must be a valid regular expression"},
		{"{type: object, properties: {a: {type: integer, multipleOf: 0}}}", "multipleOf"},
		{"{type: object, properties: {a: {type: integer, default: 1, anyOf: [7]}}}",
		 "anyOf[0]: not an object"},
		{"{type: object, properties: {a: {type: object, properties: {b: {type: string}}, additionalProperties: {type: string}}}}",
		 "mutual exclusive"},
		{"{type: object, properties: {a: {type: array, items: {type: string}, x-kubernetes-list-type: map}}}",
		 "x-kubernetes-list-map-keys"},
		{"{type: object, properties: {a: null}}", "properties[a]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct schema_part *p = build(rows[i].schema, &err);
		if (p || !strstr(err.msg, rows[i].want))
			fail_msg("%s: %s", rows[i].schema, err.msg);
	}
	/* the types within a schema have no name that anybody would know */
	struct err unnamed = ERR_INIT;
	assert_null(build(
		"{type: object, properties: {s: {type: object, properties: {t: {type: object, x-kubernetes-embedded-resource: true, default: {metadata: {name: 5}}}}}}}",
		&unnamed));
	assert_int_equal(strncmp(unnamed.msg, "t: default: ", 12), 0);
	autobuf struct buf deep = BUF_INIT;
	struct err err = ERR_INIT;
	buf_adds(&deep, "{type: object, properties: {a: ");
	for (int i = 0; i < 70; i++)
		buf_adds(&deep, "{type: array, items: ");
	buf_adds(&deep, "{type: string}");
	for (int i = 0; i < 72; i++)
		buf_addc(&deep, '}');
	assert_null(build(buf_str(&deep), &err));
	assert_non_null(strstr(err.msg, "too deeply"));
}

/* Most of a CRD's schema are scalars of which nothing is asked: one type each is enough for all of them. */
/* `depth` lists within each other, each with 200 empty objects by default. */
static void nest_defaults(struct buf *b, int depth)
{
	if (!depth) {
		buf_adds(b, "{type: object, properties: {a: {type: string, default: x}}}");
		return;
	}
	buf_adds(b, "{type: object, properties: {l: {type: array, default: [");
	for (int i = 0; i < 200; i++)
		buf_adds(b, i ? ", {}" : "{}");
	buf_adds(b, "], items: ");
	nest_defaults(b, depth - 1);
	buf_adds(b, "}}}");
}

/* Defaults within defaults multiply: 200 to the fifth, or a long list of what is allowed to be made once. */
static void defaults_do_not_explode(void **state)
{
	autobuf struct buf bomb = BUF_INIT, fine = BUF_INIT;
	struct err err = ERR_INIT;
	nest_defaults(&bomb, 5);
	assert_null(build(buf_str(&bomb), &err));
	assert_non_null(strstr(err.msg, "l: default: defaults make more than 200000 values"));
	buf_adds(&fine, "{type: object, properties: {boats: {type: array, items: ");
	nest_defaults(&fine, 1);
	buf_adds(&fine, "}}}");
	err = (struct err)ERR_INIT;
	struct schema_part *p = build(buf_str(&fine), &err);
	struct kind *const *kinds;
	if (!p)
		fail_msg("%s", err.msg);
	assert_int_equal(schema_part_kinds(p, &kinds), 1);
	autojson js *few = yaml("{boats: [{}, {}, {l: []}]}"), *many = js_new_obj();
	js *list = js_ensure_arr(many, "boats");
	for (int i = 0; i < 100000; i++)
		js_push(list, js_new_obj());
	autojson js *o = schema_decode(kinds[0]->type, few, NULL, &err);
	assert_non_null(o);
	assert_int_equal(js_len(js_arr(js_at(js_arr(o, "boats", NULL), 1), "l", NULL)), 200);
	assert_null(schema_decode(kinds[0]->type, many, NULL, &err));
	assert_int_equal(err.reason, REASON_TOO_LARGE);
	schema_part_free(p);
}

/* What an object may ask of its schema is bounded: items times branches, items times patterns, items times values. */
static void large_objects_meet_large_schemas(void **state)
{
	static const char *const heads[] = {"anyOf: [", "oneOf: [", "enum: ["};
	for (size_t k = 0; k < ARRAY_LEN(heads); k++) {
		autobuf struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		struct kind *const *kinds;
		buf_addf(&text, "{type: object, properties: {a: {type: array, items: {type: string, %s",
			 heads[k]);
		for (int i = 0; i < 2000; i++) {
			autofree char *one = k == 0   ? mem_printf("{pattern: '^x%dy$'}", i)
					     : k == 1 ? mem_printf("{minLength: %d}", i + 100)
						      : mem_printf("v%d", i);
			buf_addf(&text, "%s%s", i ? ", " : "", one);
		}
		buf_adds(&text, "]}}}}");
		struct schema_part *p = build(buf_str(&text), &err);
		if (!p)
			fail_msg("%s", err.msg);
		assert_int_equal(schema_part_kinds(p, &kinds), 1);
		autojson js *o = js_new_obj();
		js *list = js_ensure_arr(o, "a");
		for (int i = 0; i < 100000; i++)
			js_push(list, js_new_str("z"));
		int64_t begin = clock_mono_ns();
		schema_validate(kinds[0]->type, o, "", &errs);
		assert_true(clock_mono_ns() - begin < 60 * NS_PER_S);
		assert_true(errs.n > 0);
		field_errors_release(&errs);
		schema_part_free(p);
	}
}

static void plain_scalars_are_one_type(void **state)
{
	const struct type *spec = schema_field(type, "spec")->type;
	const struct type *rows = schema_field(spec, "rows")->type;
	const struct type *wide = schema_field(schema_field(spec, "doors")->type->elem, "wide")->type;
	assert_ptr_equal(rows, wide);
	assert_ptr_not_equal(schema_field(spec, "flag")->type, schema_field(spec, "note")->type);
	assert_true(schema_field(spec, "note")->type->nullable &&
		    !schema_field(spec, "flag")->type->nullable);
	assert_ptr_not_equal(schema_field(spec, "flag")->type, schema_field(spec, "name")->type);
}

static void apply_types(void **state)
{
	const struct type *spec = schema_field(type, "spec")->type;
	const char *const *keys = NULL;

	assert_int_equal(schema_list_kind(schema_field(spec, "tags")->type, &keys), LIST_SET);
	assert_int_equal(schema_list_kind(schema_field(spec, "label")->type, &keys), LIST_ATOMIC);
	assert_int_equal(schema_list_kind(schema_field(spec, "doors")->type, &keys), LIST_MAP);
	assert_string_equal(keys[0], "at");
	assert_null(keys[1]);
	assert_true(schema_field(spec, "limits")->type->atomic);
	assert_false(schema_field(spec, "free")->type->atomic);
}

/* What a schema says of apiVersion, kind and metadata is asked beside what every object must satisfy. */
static void resources_within(void **state)
{
	static const char text[] =
		"{type: object, properties: {metadata: {type: object, properties: {name: {type: string, pattern: '^a'}}}, kind: {type: string, enum: [Boat]}, "
		"t: {type: object, x-kubernetes-embedded-resource: true, properties: {kind: {type: string, enum: [Oar], default: Oar}, metadata: {type: object, required: [name]}}}}}";
	static const struct {
		const char *object, *want;
	} rows[] = {
		{"{apiVersion: v1, kind: Boat, metadata: {name: a}, t: {apiVersion: v1, metadata: {name: x}}}",
		 ""},
		{"{apiVersion: v1, kind: Ship, metadata: {name: b}}",
		 "kind: Unsupported value: \"Ship\": supported values: \"Boat\"\n"
		 "metadata.name: Invalid value: \"b\": metadata.name in body should match '^a'\n"},
		{"{kind: Boat, t: {apiVersion: a/b/c, kind: Oar, metadata: {}}}",
		 "t.metadata.name: Required value\n"
		 "t.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c\n"},
		{"{kind: Boat, t: {apiVersion: '', kind: Sail, metadata: {name: x/y}}}",
		 "t.kind: Unsupported value: \"Sail\": supported values: \"Oar\"\n"
		 "t.apiVersion: Invalid value: \"\": must not be empty\n"
		 "t.metadata.name: Invalid value: \"x/y\": may not contain '/'\n"},
	};
	struct err err = ERR_INIT;
	struct kind *const *kinds;
	struct schema_part *p = build(text, &err);

	if (!p)
		fail_msg("%s", err.msg);
	assert_int_equal(schema_part_kinds(p, &kinds), 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		autojson js *in = yaml(rows[i].object), *o = schema_decode(kinds[0]->type, in, NULL, &err);
		schema_validate(kinds[0]->type, o, "", &errs);
		for (size_t e = 0; e < errs.n; e++)
			buf_addf(&got, "%s: %s\n", errs.v[e].field, errs.v[e].message);
		field_errors_release(&errs);
		assert_string_equal(buf_str(&got), rows[i].want);
	}
	schema_part_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apply_types),
		cmocka_unit_test(resources_within),
		cmocka_unit_test(prunes_and_defaults),
		cmocka_unit_test(validates),
		cmocka_unit_test(numbers_are_gos),
		cmocka_unit_test(a_null_that_is_allowed_stays),
		cmocka_unit_test(formats),
		cmocka_unit_test(validates_what_has_changed),
		cmocka_unit_test(defaults_do_not_explode),
		cmocka_unit_test(large_objects_meet_large_schemas),
		cmocka_unit_test(plain_scalars_are_one_type),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

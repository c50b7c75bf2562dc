/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What upstream's own test of definitions goes through (kubernetes/apiextensions-apiserver
 * pkg/apis/apiextensions/validation/validation_test.go), in our own examples: what is refused, and where. What each refusal
 * says is definition_test.c's to see. Rules in CEL are not evaluated here, so those cases are left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/base64.h"
#include "kinds/apiextensions/apiextensions_internal.h"
#include "kinds/causes_test.h"
#include "object/yaml.h"

#define CRD "apiextensions.k8s.io", "CustomResourceDefinition"

/* A certificate that signs itself, of no use to anybody. */
#define AUTHORITY                                                                                            \
	"-----BEGIN CERTIFICATE-----\\n"                                                                     \
	"MIIBbjCCARWgAwIBAgIUP0yZ7WseSnfX5UsOLloBxR64TS0wCgYIKoZIzj0EAwIw\\n"                                \
	"DDEKMAgGA1UEAwwBeDAgFw0yNjExMjIxMTEwNTVaGA8yMTI2MTAyOTExMTA1NVow\\n"                                \
	"DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKCzSrhSTylr\\n"                                \
	"2yvIfodLCafYO6pf2ZN5YvaajJXGM1a3ffPihYY6gLuw3QcqR86Xd51rCoU0IyNG\\n"                                \
	"94kDXQZ4AMejUzBRMB0GA1UdDgQWBBRm8nEsZ+ozgq5M8YQG3QdRO8G2nzAfBgNV\\n"                                \
	"HSMEGDAWgBRm8nEsZ+ozgq5M8YQG3QdRO8G2nzAPBgNVHRMBAf8EBTADAQH/MAoG\\n"                                \
	"CCqGSM49BAMCA0cAMEQCIFBBjUSifBc1cMXSQ9oVTfEr1vy4Mb+KCgpeGHy8pb5W\\n"                                \
	"AiBribBE9ynxZK+G0UJdLEZW+UpX/v8kC0a+5706gmBd/A==\\n"                                                \
	"-----END CERTIFICATE-----\\n"

static char *json_of(const char *yaml)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	if (!o)
		fail_msg("%s: %s", yaml, err.msg);
	js_write(&b, o);
	return buf_take(&b, NULL);
}

/* "FIELD\n" for each cause, sorted. */
static void fields_of(struct buf *out, const char *new, const char *old)
{
	autobuf struct buf causes = BUF_INIT;

	causes_of(CRD, "", new, old, &causes, NULL);
	for (const char *line = buf_str(&causes); *line; line = strchr(line, '\n') + 1)
		buf_addf(out, "%.*s\n", (int)(strstr(line, ": ") - line), line);
}

static void must_have(const char *row, const char *new, const char *old, const char *want)
{
	autobuf struct buf got = BUF_INIT;

	fields_of(&got, new, old);
	if (strcmp(buf_str(&got), want))
		fail_msg("%s\n got:\n%s\n want:\n%s", row, buf_str(&got), want);
}

/* ---- one schema ---- */

#define HEAD                                                                                                 \
	"{metadata: {name: boats.sea.io}, spec: {group: sea.io, names: {plural: boats, kind: Boat}, scope: Cluster, "
#define AT "spec.validation.openAPIV3Schema"

static char *with_schema(const char *schema)
{
	autofree char *text = mem_printf(
		HEAD "versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {%s}}}]}}",
		schema);

	return json_of(text);
}

struct schema_row {
	const char *schema, *want;
};
static void check_schemas(const struct schema_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		autofree char *text = with_schema(rows[i].schema);
		must_have(rows[i].schema, text, NULL, rows[i].want);
	}
}

#define A(rest) "type: object, properties: {a: {" rest "}}"
#define LIST(rest) A("type: array, " rest)
#define KEYED(items)                                                                                         \
	LIST("x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, " items "}")

static void types_and_forms(void **state)
{
	static const struct schema_row rows[] = {
		{"type: object", ""},
		{"type: string", AT ".type\n"},
		{"description: x", AT ".type\n"},
		{"type: bogus", AT ".type\n" AT ".type\n"},
		{"type: 'null'", AT ".type\n" AT ".type\n" AT ".type\n"},
		{A("type: bogus"), AT ".properties[a].type\n"},
		{A("type: 'null'"), AT ".properties[a].type\n" AT ".properties[a].type\n"},
		{"type: object, nullable: true", AT ".nullable\n"},
		{A("type: string, nullable: true"), ""},
		{A("nullable: true"), AT ".properties[a].type\n"},
		{A("nullable: true, x-kubernetes-int-or-string: true"), ""},
		{A("type: object, additionalProperties: {type: string}"), ""},
		{A("type: object, additionalProperties: true, properties: {b: {type: string}}"), ""},
		{A("type: object, additionalProperties: false, properties: {b: {type: string}}"),
		 AT ".properties[a].additionalProperties\n"},
		{A("type: object, additionalProperties: {type: string}, properties: {b: {type: string}}"),
		 AT ".properties[a].additionalProperties\n"},
		{"type: object, x-kubernetes-preserve-unknown-fields: true", ""},
		{"type: object, x-kubernetes-preserve-unknown-fields: false",
		 AT ".x-kubernetes-preserve-unknown-fields\n"},
		{A("type: array, items: [{type: string}]"), AT ".properties[a].items\n"},
		{A("type: string, id: x"), AT ".properties[a].id\n"},
		{A("type: string, $ref: '#/definitions/b'"), AT ".properties[a].$ref\n"},
		{A("type: object, patternProperties: {b: {type: bogus}}"),
		 AT ".properties[a].patternProperties\n"},
		{A("type: object, definitions: {b: {type: bogus}}"),
		 AT ".properties[a].definitions\n" AT ".properties[a].definitions[b].type\n"},
		{A("type: object, dependencies: {b: {type: bogus}}"),
		 AT ".properties[a].dependencies\n" AT ".properties[a].dependencies[b].type\n"},
		{A("type: array, items: {type: string}, additionalItems: true"),
		 AT ".properties[a].additionalItems\n"},
		{A("type: string, pattern: '('"), AT ".properties[a].pattern\n"},
		{A("type: string, not: {pattern: '('}"), AT ".properties[a].not.pattern\n"},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

static void lists_and_maps(void **state)
{
	static const struct schema_row rows[] = {
		{A("type: object, x-kubernetes-list-type: atomic"), AT ".properties[a].type\n"},
		{A("x-kubernetes-list-type: atomic, x-kubernetes-preserve-unknown-fields: true"),
		 AT ".properties[a].type\n"},
		{LIST("items: {type: string}, x-kubernetes-list-type: heap"),
		 AT ".properties[a].x-kubernetes-list-type\n"},
		{LIST("items: {type: string}, x-kubernetes-list-type: set, x-kubernetes-list-map-keys: [k]"),
		 AT ".properties[a].x-kubernetes-list-type\n"},
		{LIST("items: {type: string}, x-kubernetes-list-map-keys: [k]"),
		 AT ".properties[a].x-kubernetes-list-type\n"},
		{LIST("x-kubernetes-list-type: map"),
		 AT ".properties[a].items\n" AT ".properties[a].items\n" AT
		    ".properties[a].x-kubernetes-list-map-keys\n"},
		{LIST("x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: [{type: object}, {type: object}]"),
		 AT ".properties[a].items\n" AT ".properties[a].items\n"},
		{LIST("x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: string}"),
		 AT ".properties[a].items.type\n"},
		{KEYED("properties: {j: {type: string}}"), AT ".properties[a].x-kubernetes-list-map-keys\n"},
		{KEYED("required: [k], properties: {k: {type: object}}"),
		 AT ".properties[a].items.properties[k].type\n"},
		{KEYED("required: [k], properties: {k: {type: array, items: {type: string}}}"),
		 AT ".properties[a].items.properties[k].type\n"},
		{KEYED("properties: {k: {type: string}}"), AT ".properties[a].items.properties[k].default\n"},
		{KEYED("required: [k], properties: {k: {type: string}}"), ""},
		{KEYED("properties: {k: {type: string, default: x}}"), ""},
		{KEYED("required: [k], properties: {k: {type: string, nullable: true}}"),
		 AT ".properties[a].items.properties[k].nullable\n"},
		{KEYED("nullable: true, required: [k], properties: {k: {type: string}}"),
		 AT ".properties[a].items.nullable\n"},
		{LIST("x-kubernetes-list-type: set, items: {type: string, nullable: true}"),
		 AT ".properties[a].items.nullable\n"},
		{LIST("x-kubernetes-list-type: set, items: {type: string}"), ""},
		{LIST("x-kubernetes-list-type: atomic, items: {type: object}"), ""},
		{LIST("x-kubernetes-list-type: set, items: {type: object, x-kubernetes-map-type: atomic}"),
		 ""},
		{LIST("x-kubernetes-list-type: set, items: {type: object, x-kubernetes-map-type: granular}"),
		 AT ".properties[a].items.x-kubernetes-map-type\n"},
		{LIST("x-kubernetes-list-type: set, items: {type: object}"),
		 AT ".properties[a].items.x-kubernetes-map-type\n"},
		{LIST("x-kubernetes-list-type: set, items: {type: array, items: {type: string}}"), ""},
		{LIST("x-kubernetes-list-type: set, items: {type: array, x-kubernetes-list-type: atomic, items: {type: string}}"),
		 ""},
		{LIST("x-kubernetes-list-type: set, items: {type: array, x-kubernetes-list-type: set, items: {type: string}}"),
		 AT ".properties[a].items.x-kubernetes-list-type\n"},
		{A("type: string, x-kubernetes-map-type: granular"), AT ".properties[a].type\n"},
		{A("x-kubernetes-preserve-unknown-fields: true, x-kubernetes-map-type: atomic"),
		 AT ".properties[a].type\n"},
		{A("type: object, x-kubernetes-map-type: badMapType"),
		 AT ".properties[a].x-kubernetes-map-type\n"},
		{A("type: object, x-kubernetes-map-type: granular"), ""},
		{A("type: object, x-kubernetes-map-type: atomic"), ""},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

#define INNER "type: object, x-kubernetes-embedded-resource: true"

static void resources(void **state)
{
	static const struct schema_row rows[] = {
		{A(INNER), AT ".properties[a].properties\n"},
		{A(INNER ", properties: {}"), AT ".properties[a].properties\n"},
		{A(INNER ", properties: {b: {type: string}}"), ""},
		{A(INNER ", x-kubernetes-preserve-unknown-fields: true"), ""},
		{A(INNER ", x-kubernetes-preserve-unknown-fields: true, properties: {metadata: {" INNER
			 ", x-kubernetes-preserve-unknown-fields: true}}"),
		 AT ".properties[a].properties[metadata].x-kubernetes-embedded-resource\n"},
		{A(INNER ", additionalProperties: {type: string}"),
		 AT ".properties[a].additionalProperties\n" AT ".properties[a].properties\n"},
		{A(INNER
		   ", properties: {metadata: {type: number}, kind: {type: number}, apiVersion: {type: number}}"),
		 AT ".properties[a].properties[apiVersion].type\n" AT
		    ".properties[a].properties[kind].type\n" AT ".properties[a].properties[metadata].type\n"},
		{"type: object, properties: {metadata: {type: number}, kind: {type: number}, apiVersion: {type: number}}",
		 AT ".properties[apiVersion].type\n" AT ".properties[kind].type\n" AT
		    ".properties[metadata].type\n"},
		{"type: object, properties: {metadata: {type: object, minProperties: 1}}",
		 AT ".properties[metadata]\n"},
		{"type: object, properties: {metadata: {type: object, properties: {finalizers: {type: array, items: {type: string}}}}}",
		 AT ".properties[metadata]\n"},
		{A("type: object, not: {properties: {metadata: {}}}"),
		 AT ".properties[a].not.properties[metadata]\n"},
		{A("type: object, x-kubernetes-int-or-string: true, x-kubernetes-embedded-resource: true, properties: {b: {type: string}}"),
		 AT ".properties[a].x-kubernetes-embedded-resource\n"},
		{A("x-kubernetes-int-or-string: true, x-kubernetes-preserve-unknown-fields: true"),
		 AT ".properties[a].x-kubernetes-preserve-unknown-fields\n"},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

static void defaults(void **state)
{
	static const struct schema_row rows[] = {
		{A("type: integer, default: 42"), ""},
		{A("default: 42"), AT ".properties[a].type\n"},
		{"properties: {a: {type: integer, default: 42}}", AT ".type\n"},
		{A("type: object, properties: {b: {type: string}}, default: {b: x, c: 1}"),
		 AT ".properties[a].default\n"},
		{A("type: object, properties: {b: {type: string}}, default: {b: 1}"),
		 AT ".properties[a].default.b\n"},
		{A("type: object, properties: {b: {type: string, pattern: b}}, default: {b: a}"),
		 AT ".properties[a].default.b\n"},
		{A("type: object, x-kubernetes-preserve-unknown-fields: true, default: {b: 1}"), ""},
		{A("type: object, x-kubernetes-preserve-unknown-fields: true, properties: {b: {type: object, default: {c: 1}}}"),
		 AT ".properties[a].properties[b].default\n"},
		/* what a default below it would add does not count */
		{A("type: object, required: [b], properties: {b: {type: string, default: x}}, default: {}"),
		 AT ".properties[a].default.b\n"},
		{A("type: string, not: {default: x}"), AT ".properties[a].not.default\n"},
		{A("type: string, allOf: [{default: x}], anyOf: [{default: x}], oneOf: [{default: x}]"),
		 AT ".properties[a].allOf[0].default\n" AT ".properties[a].anyOf[0].default\n" AT
		    ".properties[a].oneOf[0].default\n"},
		{"type: object, properties: {apiVersion: {type: string, default: x}}",
		 AT ".properties[apiVersion].default\n"},
		{"type: object, properties: {metadata: {type: object, default: {}}}",
		 AT ".properties[metadata].default\n"},
		{"type: object, properties: {metadata: {type: object, properties: {name: {type: string, default: x}}}}",
		 AT ".properties[metadata].properties[name].default\n"},
		{A(INNER
		   ", properties: {metadata: {type: object, properties: {annotations: {type: object, additionalProperties: {type: string, default: x}}}}}"),
		 AT
		 ".properties[a].properties[metadata].properties[annotations].additionalProperties.default\n"},
		{A(INNER
		   ", properties: {b: {type: string}}, default: {apiVersion: v1, kind: Pod, metadata: {name: p}, b: x}"),
		 ""},
		{A(INNER ", properties: {b: {type: string}}, default: {b: x}"),
		 AT ".properties[a].default.apiVersion\n" AT ".properties[a].default.kind\n"},
		{A(INNER
		   ", properties: {b: {type: string}}, default: {apiVersion: v1, kind: '%', metadata: {labels: {a: '/'}}}"),
		 AT ".properties[a].default.kind\n" AT ".properties[a].default.metadata.labels\n"},
		{A(INNER
		   ", properties: {kind: {type: string, enum: [Pod]}}, default: {apiVersion: v1, kind: Job}"),
		 AT ".properties[a].default.kind\n"},
		{A(INNER
		   ", properties: {metadata: {type: object, properties: {name: {type: string, enum: [x]}}}}, default: {apiVersion: v1, kind: Job, metadata: {name: z}}"),
		 AT ".properties[a].default.metadata.name\n"},
		{A("type: object, properties: {b: {" INNER
		   ", x-kubernetes-preserve-unknown-fields: true}}, default: {b: {kind: X}}"),
		 AT ".properties[a].default.b.apiVersion\n"},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

static void branches(void **state)
{
	static const struct schema_row rows[] = {
		{A("type: string, not: {x-kubernetes-validations: [{rule: x}]}"),
		 AT ".properties[a].not.x-kubernetes-validations\n"},
		{A("type: object, anyOf: [{properties: {b: {type: string}}}], properties: {b: {type: string}}"),
		 AT ".properties[a].anyOf[0].properties[b].type\n"},
		/* whether there is what they speak of is asked of the root's alone */
		{A("type: object, anyOf: [{properties: {b: {}}}]"), ""},
		{"type: object, anyOf: [{properties: {b: {}}}]", AT ".properties[b]\n"},
		{A("x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]"), ""},
		{A("x-kubernetes-int-or-string: true, anyOf: [{type: string}, {type: integer}]"),
		 AT ".properties[a].anyOf[0].type\n" AT ".properties[a].anyOf[1].type\n"},
		{A("x-kubernetes-int-or-string: true, allOf: [{anyOf: [{type: integer}, {type: string}]}, {pattern: x}]"),
		 ""},
		{A("type: string, oneOf: [{nullable: true}, {title: x}, {x-kubernetes-map-type: atomic}]"),
		 AT ".properties[a].oneOf[0].nullable\n" AT ".properties[a].oneOf[1].title\n" AT
		    ".properties[a].oneOf[2].type\n" AT ".properties[a].oneOf[2].x-kubernetes-map-type\n"},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

#define RULES AT ".properties[a].x-kubernetes-validations"
#define RULE(rest)                                                                                                                                                                                                                                               \
	A("type: object, properties: {b: {type: string}, l: {type: array, items: {type: object, properties: {i: {type: string}}}}, m: {type: object, additionalProperties: {type: object, properties: {o: {type: string}}}}}, x-kubernetes-validations: [{" rest \
	  "}]")

static void rules(void **state)
{
	static const struct schema_row rows[] = {
		{A("type: object, x-kubernetes-validations: []"), ""},
		{RULE("rule: 'self.b == oldSelf.b', message: text, messageExpression: self.b, optionalOldSelf: true"),
		 ""},
		{RULE("rule: ''"), RULES "[0].rule\n"},
		{RULE("message: x"), RULES "[0].rule\n"},
		{RULE("rule: \"a ||\\n b\""), RULES "[0].message\n"},
		{RULE("rule: \"a ||\\n b\", message: x"), ""},
		{RULE("rule: \" a \\n\""), ""},
		{RULE("rule: a, message: ' '"), RULES "[0].message\n"},
		{RULE("rule: a, message: \"b\\nc\""), RULES "[0].message\n"},
		{RULE("rule: a, messageExpression: ' '"), RULES "[0].messageExpression\n"},
		{RULE("rule: a, reason: FieldValueInvalid, fieldPath: .b"), ""},
		{RULE("rule: a, reason: Wrong"), RULES "[0].reason\n"},
		{RULE("rule: a, fieldPath: ' '"), RULES "[0].fieldPath\n" RULES "[0].fieldPath\n"},
		{RULE("rule: a, fieldPath: \".b\\n\""), RULES "[0].fieldPath\n" RULES "[0].fieldPath\n"},
		{RULE("rule: a, fieldPath: .c"), RULES "[0].fieldPath\n"},
		{RULE("rule: a, fieldPath: .l"), ""},
		{RULE("rule: a, fieldPath: '.l[0]'"), RULES "[0].fieldPath\n"},
		{RULE("rule: a, fieldPath: .l.i"), RULES "[0].fieldPath\n"},
		{RULE("rule: a, fieldPath: '.m[''x.y''].o'"), ""},
		{RULE("rule: a, fieldPath: '.m[''x.y''].p'"), RULES "[0].fieldPath\n"},
	};
	check_schemas(rows, ARRAY_LEN(rows));
}

/* ---- paths in schemas ---- */

static void field_paths(void **state)
{
	static const char schema[] =
		"{type: object, properties: {a: {type: object, additionalProperties: {type: object, properties: {'a-b34': {type: string}, '34': {type: string}}}}, foo: {type: object, properties: {f1: {type: string}, \"a\\tb\": {type: string}}}, "
		"list: {type: array, items: {type: object, properties: {b: {type: string}}}}, '5': {type: string}, any: {type: object, additionalProperties: true}}}";
	static const struct {
		const char *path;
		bool arrays;
		const char *why; /* NULL: there is such a field */
	} rows[] = {
		{"", true, NULL},
		{".a", true, NULL},
		{".a.b", true, NULL},
		{".foo.f1", true, NULL},
		{".foo.f2", true, "does not refer to a valid field"},
		{".foo['f1']", true, NULL},
		{".foo['f1']", false, "array notation is not allowed"},
		{".foo['a\\tb']", true, NULL},
		{".foo['\\q']", true, "invalid string literal: invalid escape char \\q"},
		{".a['bbb.c']", true, NULL},
		{".a['bbb.c'].a-b34", true, NULL},
		{".a['bbb.c']['a-b34']", true, NULL},
		{".a['b\\'c'].34", true, NULL},
		{".a.bbb.34", true, NULL},
		{".a['a''b']", true, "expected ] but got 'b'"},
		{".a['bbb", true, "expected single quoted string but got 'bbb"},
		{".a['bbb'", true, "unexpected end of JSON path"},
		{".a[", true, "unexpected end of JSON path"},
		{".5", true, NULL},
		{".list", true, NULL},
		{".list[1]", true, "expected single quoted string but got 1"},
		{".list[-1]", true, "expected single quoted string but got -1"},
		{".list[0.5]", true, "expected single quoted string but got 0"},
		{".list.b", true, "does not refer to a valid field"},
		{".list['b']", true, "does not refer to a valid field"},
		{".any.x", true, "does not refer to a valid field"},
		{"a", true, "expected [ or . but got: a"},
		{"a.b", true, "expected [ or . but got: a"},
		{"..a", true, "does not refer to a valid field"},
		{".a..b", true, "expected [ or . but got: b"},
		{".", true, "unexpected end of JSON path"},
		{".none", true, "does not refer to a valid field"},
	};
	struct err err = ERR_INIT;
	autojson js *s = yaml_parse(schema, strlen(schema), NULL, &err);

	assert_non_null(s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *why = NULL;
		const js *found = definition_field(s, rows[i].path, rows[i].arrays, &why);
		if ((found == NULL) != (rows[i].why != NULL) ||
		    strcmp(why ? why : "", rows[i].why ? rows[i].why : ""))
			fail_msg("%s: %s", rows[i].path, why ? why : "found");
	}
}

/* ---- versions and what is beside them ---- */

static void specs(void **state)
{
#define V(name, storage, rest)                                                                                                             \
	"{name: " name ", served: true, storage: " storage                                                                                 \
	", schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}, b: {type: object}, metadata: {type: object}}}}, " rest \
	"}"
#define VERSIONS(list) "versions: [" list "]"
#define HOOK(rest) "conversion: {strategy: Webhook, webhook: {" rest "}}, " VERSIONS(V("v1", "true", ""))
#define SERVICE(rest)                                                                                        \
	HOOK("conversionReviewVersions: [v1], clientConfig: {service: {name: svc, namespace: m" rest "}}")
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{VERSIONS(V("v1", "true", "")), ""},
		{VERSIONS(V("v1", "false", "")), "spec.versions\nstatus.storedVersions\n"},
		{VERSIONS(V("v1", "true", "") ", " V("v2", "true", "")),
		 "spec.versions\nstatus.storedVersions\n"},
		{VERSIONS(V("v1", "true", "") ", " V("v1", "false", "")), "spec.versions\n"},
		{VERSIONS(V("V1", "true", "")), "spec.version\nspec.versions[0].name\n"},
		{VERSIONS("{name: v1, served: true, storage: true}"),
		 "spec.versions[0].schema.openAPIV3Schema\n"},
		{VERSIONS("{name: v1, served: true, storage: true, schema: {}}"),
		 "spec.versions[0].schema.openAPIV3Schema\n"},
		{VERSIONS(V("v1", "true", "") ", {name: v2, served: false, storage: false}"),
		 "spec.versions[1].schema.openAPIV3Schema\n"},
		{VERSIONS(V(
			 "v1", "true",
			 "additionalPrinterColumns: [{name: a, type: string, jsonPath: .a, format: date-time}]")),
		 ""},
		{VERSIONS(
			 V("v1", "true", "additionalPrinterColumns: [{name: a, type: string, jsonPath: a}]")),
		 "spec.additionalPrinterColumns[0].JSONPath\n"},
		{VERSIONS(
			 V("v1", "true", "additionalPrinterColumns: [{name: a, type: string, jsonPath: .a}]") ", " V(
				 "v2", "false",
				 "additionalPrinterColumns: [{name: a, type: text, jsonPath: .a}]")),
		 "spec.versions[1].additionalPrinterColumns[0].type\n"},
		{VERSIONS(V("v1", "true", "subresources: {scale: {}}")),
		 "spec.subresources.scale.specReplicasPath\nspec.subresources.scale.statusReplicasPath\n"},
		{VERSIONS(V(
			 "v1", "true",
			 "subresources: {scale: {specReplicasPath: .spec.a, statusReplicasPath: .status.a, labelSelectorPath: .spec.l}}")),
		 ""},
		{VERSIONS(V(
			 "v1", "true",
			 "subresources: {scale: {specReplicasPath: .spec.a, statusReplicasPath: .status.a, labelSelectorPath: .spec}}")),
		 "spec.subresources.scale.labelSelectorPath\n"},
		{VERSIONS(
			 V("v1", "true", "subresources: {scale: {specReplicasPath: spec.a, statusReplicasPath: .spec.a, labelSelectorPath: l}}") ", " V(
				 "v2", "false", "")),
		 "spec.versions[0].subresources.scale.labelSelectorPath\nspec.versions[0].subresources.scale.specReplicasPath\n"
		 "spec.versions[0].subresources.scale.statusReplicasPath\n"},
		{VERSIONS(V("v1", "true", "selectableFields: [{jsonPath: .a}]")), ""},
		{VERSIONS(V(
			 "v1", "true",
			 "selectableFields: [{jsonPath: .b}, {jsonPath: .c}, {jsonPath: ''}, {jsonPath: .metadata}]")),
		 "spec.selectableFields[0].jsonPath\nspec.selectableFields[1].jsonPath\nspec.selectableFields[2].jsonPath\n"
		 "spec.selectableFields[3].jsonPath\nspec.selectableFields[3].jsonPath\n"},
		{VERSIONS(V("v1", "true",
			    "selectableFields: [{jsonPath: .a}, {jsonPath: .a}]") ", " V("v2", "false", "")),
		 "spec.versions[0].selectableFields[1].jsonPath\n"},
		{VERSIONS(V("v1", "true", "deprecated: true, deprecationWarning: ''")),
		 "spec.versions[0].deprecationWarning\n"},
		{VERSIONS(V("v1", "true", "deprecated: true, deprecationWarning: \"Ünïcödé, 日本\"")), ""},
		{VERSIONS(V("v1", "true", "deprecated: true, deprecationWarning: \"a\\nb\"")),
		 "spec.versions[0].deprecationWarning\n"},
		{VERSIONS(V("v1", "true", "deprecated: true, deprecationWarning: \"a\\u200bb\"")),
		 "spec.versions[0].deprecationWarning\n"},
		{VERSIONS(V("v1", "true", "deprecationWarning: ''")),
		 "spec.versions[0].deprecationWarning\n"},
		{"conversion: {strategy: Nobody}, " VERSIONS(V("v1", "true", "")),
		 "spec.conversion.strategy\n"},
		{"conversion: {strategy: ''}, " VERSIONS(V("v1", "true", "")), "spec.conversion.strategy\n"},
		{"conversion: {strategy: None, webhook: {clientConfig: {url: 'https://x'}, conversionReviewVersions: [v1]}}, " VERSIONS(
			 V("v1", "true", "")),
		 "spec.conversion.conversionReviewVersions\nspec.conversion.webhookClientConfig\n"},
		{"preserveUnknownFields: true, conversion: {strategy: Webhook, webhook: {clientConfig: {url: 'https://x'}, conversionReviewVersions: [v1]}}, " VERSIONS(
			 V("v1", "true", "")),
		 "spec.conversion.strategy\nspec.preserveUnknownFields\n"},
		{"preserveUnknownFields: true, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string, default: x}}}}}]",
		 "spec.preserveUnknownFields\nspec.preserveUnknownFields\n"},
		{HOOK("conversionReviewVersions: [v1]"), "spec.conversion.webhookClientConfig\n"},
		{HOOK("clientConfig: {url: 'https://x'}"), "spec.conversion.conversionReviewVersions\n"},
		{HOOK("conversionReviewVersions: [v1], clientConfig: {}"),
		 "spec.conversion.webhookClientConfig\n"},
		{HOOK("conversionReviewVersions: [v1], clientConfig: {url: 'https://x', service: {name: svc, namespace: m}}"),
		 "spec.conversion.webhookClientConfig\n"},
		{HOOK("conversionReviewVersions: [v1], clientConfig: {url: ''}"),
		 "spec.conversion.webhookClientConfig.url\nspec.conversion.webhookClientConfig.url\n"},
		{SERVICE(""), ""},
		{SERVICE(", port: 65536"), "spec.conversion.webhookClientConfig.service.port\n"},
		{HOOK("conversionReviewVersions: [v1], clientConfig: {url: 'https://x', caBundle: Cg==}"),
		 ""},
		{HOOK("conversionReviewVersions: [0v], clientConfig: {url: 'https://x'}"),
		 "spec.conversion.conversionReviewVersions\nspec.conversion.conversionReviewVersions[0]\n"},
		{HOOK("conversionReviewVersions: [v1, v1], clientConfig: {url: 'https://x'}"),
		 "spec.conversion.conversionReviewVersions[1]\n"},
		{HOOK("conversionReviewVersions: [v7, v1beta1], clientConfig: {url: 'https://x'}"), ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(HEAD "%s}}", rows[i].spec), *o = json_of(text);
		must_have(rows[i].spec, o, NULL, rows[i].want);
	}
}

static void names(void **state)
{
	static const struct {
		const char *object, *want;
	} rows[] = {
		{"{metadata: {name: x}, spec: {}}",
		 "metadata.name\nspec.group\nspec.names.kind\nspec.names.listKind\nspec.names.plural\nspec.names.singular\nspec.scope\n"
		 "spec.versions\nstatus.storedVersions\n"},
		{"{metadata: {name: boats.sea.io}, spec: {group: 'sea.(*&io', scope: Wide, names: {plural: 'bo)at', singular: 'b)', kind: 'B)', listKind: 'L)', shortNames: [')'], categories: [')', c]}, versions: []}}",
		 "metadata.name\nspec.group\nspec.names.categories[0]\nspec.names.kind\nspec.names.listKind\nspec.names.plural\n"
		 "spec.names.shortNames[0]\nspec.names.singular\nspec.scope\nspec.versions\nstatus.storedVersions\n"},
		{"{metadata: {name: boats.sea}, spec: {group: sea, scope: Cluster, names: {plural: boats, kind: Boat, listKind: Boat}, " VERSIONS(
			 V("v1", "true", "")) "}}",
		 "spec.group\nspec.names.listKind\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *o = json_of(rows[i].object);
		must_have(rows[i].object, o, NULL, rows[i].want);
	}
}

/* ---- what was let pass before ---- */

#define OLD_STATUS(established)                                                                                                             \
	"status: {storedVersions: [v1], acceptedNames: {plural: boats, kind: Boat}, conditions: [{type: Established, status: '" established \
	"'}]}}"

static char *definition(const char *spec, bool established)
{
	autofree char *text = mem_printf(
		"{metadata: {name: boats.sea.io}, spec: {group: sea.io, names: {plural: boats, kind: Boat}, scope: Cluster, %s}, %s",
		spec, established ? OLD_STATUS("True") : OLD_STATUS("False"));

	return json_of(text);
}

#define ONE(schema)                                                                                          \
	"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {" schema "}}}]"
#define BARE "versions: [{name: v1, served: true, storage: true}]"
#define TWO(second)                                                                                                                                     \
	"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}, {name: v2, served: true, storage: false" second \
	"}]"
#define KEEP "preserveUnknownFields: true, "
#define CA(bundle)                                                                                                         \
	"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'https://x'" bundle \
	"}}}, " ONE("type: object")

static void updates(void **state)
{
	static const struct {
		bool established;
		const char *old, *new, *want;
	} rows[] = {
		{true, ONE("type: object"), ONE("type: object"), ""},
		{true, ONE("type: object"), ONE(A("type: bogus")), AT ".properties[a].type\n"},
		{true, ONE(A("type: bogus")), ONE("type: object, properties: {b: {type: bogus2}}"), ""},
		{true, ONE(LIST("x-kubernetes-list-type: set, items: {type: object}")),
		 ONE("type: object, properties: {b: {type: array, x-kubernetes-list-type: set, items: {type: object}}}"),
		 ""},
		{true, ONE("type: object"), ONE(LIST("x-kubernetes-list-type: set, items: {type: object}")),
		 AT ".properties[a].items.x-kubernetes-map-type\n"},
		{true, KEEP ONE(A("type: integer")), KEEP ONE(A("description: x")),
		 AT ".properties[a].type\n"},
		{true, KEEP BARE, KEEP ONE(A("description: x")), AT ".properties[a].type\n"},
		{true, KEEP ONE(A("description: x")), KEEP ONE("type: object, properties: {b: {}}"), ""},
		/* what prunes, defaults or extends must be structural */
		{true, KEEP ONE(A("description: x")), ONE("type: object, properties: {b: {}}"),
		 AT ".properties[b].type\n"},
		{true, KEEP ONE(A("description: x")), ONE("type: object, properties: {b: {type: string}}"),
		 ""},
		{true, KEEP ONE(A("description: x")),
		 KEEP ONE("type: object, properties: {b: {}, c: {x-kubernetes-int-or-string: true}}"),
		 AT ".properties[b].type\n"},
		{true, KEEP ONE("type: object"), KEEP ONE(A("type: string, default: x")),
		 "spec.preserveUnknownFields\n"},
		{true, KEEP ONE("type: object"), ONE(A("type: string, default: x")), ""},
		{true, ONE("type: object"), KEEP ONE("type: object"), "spec.preserveUnknownFields\n"},
		{true, KEEP ONE("type: object"), KEEP ONE("type: object"), ""},
		{true, KEEP BARE, KEEP BARE, ""},
		{true, BARE, BARE, "spec.versions[0].schema.openAPIV3Schema\n"},
		{true, KEEP TWO(""), KEEP TWO(""), ""},
		{true, ONE("type: object"), BARE, "spec.versions[0].schema.openAPIV3Schema\n"},
		{true, TWO(", schema: {openAPIV3Schema: {type: object}}"), TWO(""),
		 "spec.versions[1].schema.openAPIV3Schema\n"},
		{true, ONE(KEYED("properties: {k: {type: string}}")),
		 ONE("description: x, " KEYED("properties: {k: {type: string}}")), ""},
		{true, ONE("type: object"), ONE(KEYED("properties: {k: {type: string}}")),
		 AT ".properties[a].items.properties[k].default\n"},
		{true, ONE(KEYED("required: [k], properties: {k: {type: string, nullable: true}}")),
		 ONE("description: x, " KEYED(
			 "required: [k], properties: {k: {type: string, nullable: true}}")),
		 ""},
		{true, ONE(KEYED("nullable: true, required: [k], properties: {k: {type: string}}")),
		 ONE("description: x, " KEYED(
			 "nullable: true, required: [k], properties: {k: {type: string}}")),
		 ""},
		{true, ONE(LIST("x-kubernetes-list-type: set, items: {type: string, nullable: true}")),
		 ONE("description: x, " LIST(
			 "x-kubernetes-list-type: set, items: {type: string, nullable: true}")),
		 ""},
		{true, ONE(A("type: object, default: {b: 1}")),
		 ONE("description: x, " A("type: object, default: {b: 1}")), ""},
		{true, ONE(A("type: object")), ONE(A("type: object, default: {b: 1}")),
		 AT ".properties[a].default\n"},
		/* until it is established, and as long as it was wrong before, a CA bundle may be wrong */
		{false, CA(""), CA(", caBundle: Cg=="), ""},
		{true, CA(", caBundle: Cg=="), CA(", caBundle: Cgo="), ""},
		{true, CA(""), CA(", caBundle: Cg=="), "spec.conversion.webhookClientConfig.caBundle\n"},
		{true, ONE("type: object"), CA(", caBundle: Cg=="),
		 "spec.conversion.webhookClientConfig.caBundle\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *old = definition(rows[i].old, rows[i].established),
			      *new = definition(rows[i].new, rows[i].established);
		autofree char *row = mem_printf("%s -> %s", rows[i].old, rows[i].new);
		must_have(row, new, old, rows[i].want);
	}
}

static void stored_versions(void **state)
{
	static const struct {
		const char *stored, *versions, *want;
	} rows[] = {
		{"[v1]", "[v1, v2]", ""},
		{"[v1, v2]", "[v1, v2]", ""},
		/* the server adds the one that is stored from now on */
		{"[v2]", "[v1, v2]", ""},
		{"[v0, v1]", "[v1, v2]", "status.storedVersions[0]\n"},
		{"[v0, v1, v3, v0]", "[v1]", "status.storedVersions[2]\nstatus.storedVersions[3]\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool two = strstr(rows[i].versions, "v2") != NULL;
		autofree char *text = mem_printf(
			HEAD "versions: [" V("v1", "true",
					     "") "%s]}, status: {storedVersions: %s, conditions: []}}",
			two ? ", " V("v2", "false", "") : "", rows[i].stored);
		autofree char *o = json_of(text);
		must_have(rows[i].stored, o, o, rows[i].want);
	}
}

static void authorities(void **state)
{
	static const struct {
		const char *pem;
		bool fine;
	} rows[] = {
		{"", true},
		{AUTHORITY, true},
		{"words before\\n" AUTHORITY, true},
		{"\\n", false},
		{"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n", false},
		{"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n" AUTHORITY, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *crd = js_new_obj();
		autobuf struct buf pem = BUF_INIT, text = BUF_INIT;
		for (const char *p = rows[i].pem; *p; p++)
			buf_addc(&pem, *p == '\\' ? (p++, '\n') : *p);
		base64_encode(&text, pem.p, pem.len);
		js_set_str(js_ensure(crd, "spec", "conversion", "webhook", "clientConfig", NULL), "caBundle",
			   buf_str(&text));
		assert_int_equal(definition_has_valid_authorities(crd), rows[i].fine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_forms), cmocka_unit_test(lists_and_maps),
		cmocka_unit_test(resources),	   cmocka_unit_test(defaults),
		cmocka_unit_test(branches),	   cmocka_unit_test(rules),
		cmocka_unit_test(field_paths),	   cmocka_unit_test(specs),
		cmocka_unit_test(names),	   cmocka_unit_test(updates),
		cmocka_unit_test(stored_versions), cmocka_unit_test(authorities),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

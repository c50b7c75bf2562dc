/* SPDX-License-Identifier: Apache-2.0 */
/* What a CustomResourceDefinition is refused for, in upstream's words and under upstream's paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/apiextensions/definition.h"
#include "kinds/causes_test.h"
#include "kinds/strategy.h"
#include "object/yaml.h"

#define CRD "apiextensions.k8s.io", "CustomResourceDefinition"

/* A definition that is fine, but for what the row puts into it: YAML, merged by the caller's text. */
static char *definition(const char *head, const char *version, const char *schema)
{
	autofree char *text = mem_printf(
		"{metadata: {name: boats.sea.io}, spec: {group: sea.io, names: {plural: boats, kind: Boat}, scope: Namespaced, %s"
		"versions: [{name: v1, served: true, storage: true, %sschema: {openAPIV3Schema: {type: object, %s}}}]}}",
		head, version, schema);
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(text, strlen(text), NULL, &err);
	autobuf struct buf b = BUF_INIT;
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	js_write(&b, o);
	return buf_take(&b, NULL);
}

static void must_be(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want))
		fail_msg("%s\n got:\n%s\n want:\n%s", what, got, want);
}

#define ROOT "spec.validation.openAPIV3Schema"

static void schemas(void **state)
{
	static const struct {
		const char *schema, *want;
	} rows[] = {
		{"properties: {spec: {type: object}}", ""},
		{"nullable: true", ROOT ".nullable: Forbidden: nullable cannot be true at the root\n"},
		{"properties: {a: {}}",
		 ROOT ".properties[a].type: Required value: must not be empty for specified object fields\n"},
		{"properties: {a: {type: blob}}", ROOT
		 ".properties[a].type: Unsupported value: \"blob\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"\n"},
		{"properties: {a: {type: array}}",
		 ROOT ".properties[a].items: Required value: must be specified\n"},
		{"properties: {a: {type: array, items: {}}}", ROOT
		 ".properties[a].items.type: Required value: must not be empty for specified array items\n"},
		{"additionalProperties: true",
		 ROOT ".additionalProperties: Forbidden: must not be used at the root\n"},
		{"properties: {a: {$ref: x, type: string}}",
		 ROOT ".properties[a].$ref: Forbidden: $ref is not supported\n"},
		{"$schema: x", ROOT ": Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported\n"},
		{"properties: {a: {type: string, uniqueItems: true}}", ROOT
		 ".properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic\n"},
		{"properties: {metadata: {type: object, properties: {name: {type: string}}}}", ""},
		{"properties: {metadata: {type: object, properties: {labels: {type: object}}}}", ROOT
		 ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified\n"},
		{"properties: {kind: {type: integer}}",
		 ROOT ".properties[kind].type: Invalid value: \"integer\": must be string\n"},
		{"properties: {a: {type: string, anyOf: [{type: string}, {description: x}]}}",
		 ROOT ".properties[a].anyOf[0].type: Forbidden: must be empty to be structural\n" ROOT
		      ".properties[a].anyOf[1].description: Forbidden: must be empty to be structural\n"},
		{"properties: {a: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}}",
		 ""},
		{"properties: {a: {type: object}}, anyOf: [{properties: {a: {properties: {b: {minimum: 1}}}}}, {properties: {c: {}}}]",
		 ROOT ".properties[a].properties[b]: Required value: because it is defined in " ROOT
		      ".anyOf[0].properties[a].properties[b]\n" ROOT
		      ".properties[c]: Required value: because it is defined in " ROOT
		      ".anyOf[1].properties[c]\n"},
		{"properties: {a: {type: string, not: {properties: {metadata: {pattern: x}}}}}", ROOT
		 ".properties[a].not.properties[metadata]: Forbidden: must not be specified in a nested context\n"},
		{"properties: {a: {type: object, properties: {b: {type: string}}, additionalProperties: {type: string}}}",
		 ROOT
		 ".properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive\n"},
		{"properties: {a: {type: string, x-kubernetes-embedded-resource: true}}", ROOT
		 ".properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields\n" ROOT
		 ".properties[a].type: Invalid value: \"string\": must be object if x-kubernetes-embedded-resource is true\n"},
		{"properties: {a: {type: object, x-kubernetes-preserve-unknown-fields: false}}", ROOT
		 ".properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined\n"},
		{"properties: {a: {type: string, x-kubernetes-list-type: set}}", ROOT
		 ".properties[a].type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified\n"},
		{"properties: {a: {type: array, x-kubernetes-list-type: heap, items: {type: string}}}", ROOT
		 ".properties[a].x-kubernetes-list-type: Unsupported value: \"heap\": supported values: \"atomic\", \"set\", \"map\"\n"},
		{"properties: {a: {type: array, x-kubernetes-list-type: set, items: {type: object}}}", ROOT
		 ".properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set\n"},
		{"properties: {a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k, k], items: {type: object, properties: {k: {type: string, nullable: true}}}}}",
		 ROOT
		 ".properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property\n" ROOT
		 ".properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property\n" ROOT
		 ".properties[a].items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable\n" ROOT
		 ".properties[a].items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable\n" ROOT
		 ".properties[a].x-kubernetes-list-map-keys: Invalid value: [\"k\",\"k\"]: must not contain duplicate entries\n"},
		{"properties: {a: {type: integer, default: x}}", ROOT
		 ".properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\"\n"},
		{"properties: {a: {type: object, default: {z: 1}, properties: {b: {type: string}}}}",
		 ROOT ".properties[a].default: Invalid value: {\"z\":1}: must not have unknown fields\n"},
		/* but metadata may say anything: it is dropped where the default comes in */
		{"properties: {a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true, "
		 "default: {apiVersion: v1, kind: Pod, metadata: {name: x, zzz: 1}, z: 1}}}",
		 ""},
		{"properties: {a: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {b: {type: object, "
		 "x-kubernetes-embedded-resource: true, properties: {c: {type: string}}}}, "
		 "default: {b: {apiVersion: v1, kind: Pod, metadata: {zzz: 1}}}}}",
		 ""},
		{"properties: {a: {type: object, x-kubernetes-embedded-resource: true, properties: {c: {type: string}}, "
		 "default: {kind: Pod, z: 1, metadata: {zzz: 1}, apiVersion: v1}}}",
		 ROOT
		 ".properties[a].default: Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"zzz\":1},\"z\":1}: must not have unknown fields\n"},
		/* what is below is told before what it is below */
		{"properties: {metadata: {properties: {name: {minLength: 3}, x: {type: string}}}}", ROOT
		 ".properties[metadata].properties[name].type: Required value: must not be empty for specified object fields\n" ROOT
		 ".properties[metadata].type: Invalid value: \"\": must be object\n" ROOT
		 ".properties[metadata].type: Required value: must not be empty for specified object fields\n" ROOT
		 ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified\n"},
		{"properties: {kind: {type: string, default: x}}",
		 ROOT ".properties[kind].default: Forbidden: must not be set in top-level kind\n"},
		{"properties: {a: {type: string, x-kubernetes-validations: [{rule: ' '}, {rule: x, message: \"a\\nb\"}]}}",
		 ROOT
		 ".properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified\n" ROOT
		 ".properties[a].x-kubernetes-validations[1].message: Invalid value: \"a\\nb\": must not contain line breaks\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = definition("", "", rows[i].schema);
		autobuf struct buf got = BUF_INIT;
		causes_of(CRD, "", text, NULL, &got, NULL);
		must_be(rows[i].schema, buf_str(&got), rows[i].want);
	}
}

static void versions(void **state)
{
	static const struct {
		const char *head, *version, *want;
	} rows[] = {
		{"",
		 "subresources: {status: {}, scale: {specReplicasPath: .spec.a, statusReplicasPath: .status.b}},",
		 ""},
		{"",
		 "subresources: {scale: {specReplicasPath: .status.a, statusReplicasPath: b, labelSelectorPath: .x}},",
		 "spec.subresources.scale.labelSelectorPath: Invalid value: \".x\": should be a json path under either .spec or .status\n"
		 "spec.subresources.scale.specReplicasPath: Invalid value: \".status.a\": should be a json path under .spec\n"
		 "spec.subresources.scale.statusReplicasPath: Invalid value: \"b\": must be a simple json path starting with .\n"},
		{"", "additionalPrinterColumns: [{name: '', type: text, format: f, jsonPath: ''}],",
		 "spec.additionalPrinterColumns[0].JSONPath: Required value\n"
		 "spec.additionalPrinterColumns[0].format: Invalid value: \"f\": must be one of byte,date,date-time,double,float,int32,int64,password\n"
		 "spec.additionalPrinterColumns[0].name: Required value\n"
		 "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string\n"},
		{"",
		 "selectableFields: [{jsonPath: .spec.c}, {jsonPath: .spec.c}, {jsonPath: .spec}, {jsonPath: '.a[0]'}, {jsonPath: ''}],",
		 "spec.selectableFields[1].jsonPath: Duplicate value: \".spec.c\"\n"
		 "spec.selectableFields[2].jsonPath: Invalid value: \".spec\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.\n"
		 "spec.selectableFields[3].jsonPath: Invalid value: \".a[0]\": is an invalid path: does not refer to a valid field\n"
		 "spec.selectableFields[4].jsonPath: Required value\n"},
		{"", "deprecationWarning: x,",
		 "spec.versions[0].deprecationWarning: Invalid value: \"x\": can only be set for deprecated versions\n"},
		{"conversion: {strategy: Webhook}, ", "",
		 "spec.conversion.conversionReviewVersions: Required value\n"
		 "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook\n"},
		{"conversion: {strategy: None, webhook: {conversionReviewVersions: [v1]}}, ", "",
		 "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook\n"},
		{"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v7], clientConfig: {url: 'https://x'}}}, ",
		 "",
		 "spec.conversion.conversionReviewVersions: Invalid value: [\"v7\"]: must include at least one of v1, v1beta1\n"},
		{"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'https://x/?y=z'}}}, ",
		 "",
		 "spec.conversion.webhookClientConfig.url: Invalid value: \"y=z\": query parameters are not permitted in the URL\n"},
		{"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: a, namespace: b, port: 70000}}}}, ",
		 "",
		 "spec.conversion.webhookClientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive\n"},
		{"preserveUnknownFields: true, ", "",
		 "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			definition(rows[i].head, rows[i].version,
				   "properties: {spec: {type: object, properties: {c: {type: string}}}}");
		autobuf struct buf got = BUF_INIT;
		causes_of(CRD, "", text, NULL, &got, NULL);
		must_be(*rows[i].head ? rows[i].head : rows[i].version, buf_str(&got), rows[i].want);
	}
}

/* What is the same everywhere is told once, what differs by version. */
static void paths_of_versions(void **state)
{
	static const char text[] =
		"{'metadata':{'name':'boats.sea.io'},'spec':{'group':'sea.io','names':{'plural':'boats','kind':'Boat'},'scope':'Cluster','versions':["
		"{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object','nullable':true}}},"
		"{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}";
	autobuf struct buf got = BUF_INIT;
	causes_of(CRD, "", JSON(text), NULL, &got, NULL);
	assert_non_null(strstr(buf_str(&got), "spec.versions[0].schema.openAPIV3Schema.nullable: Forbidden"));
	assert_non_null(strstr(buf_str(&got), "must contain unique version names\n"));
	assert_non_null(strstr(buf_str(&got), "must have exactly one version marked as storage version\n"));
	/* what has never been stored is shown as nothing */
	static const char none[] =
		"{'metadata':{'name':'boats.sea.io'},'spec':{'group':'sea.io','names':{'plural':'boats','kind':'Boat'},'scope':'Cluster','versions':["
		"{'name':'v1','served':true,'storage':false,'schema':{'openAPIV3Schema':{'type':'object'}}}]}}";
	buf_clear(&got);
	causes_of(CRD, "", JSON(none), NULL, &got, NULL);
	assert_non_null(
		strstr(buf_str(&got), "Invalid value: null: must have at least one stored version\n"));
}

/* Where versions differ in some parts, upstream looks for the others at the top. */
static void parts_of_versions(void **state)
{
	static const char head[] =
		"{'metadata':{'name':'boats.sea.io'},'spec':{'group':'sea.io','names':{'plural':'boats','kind':'Boat'},'scope':'Cluster','versions':[";
	static const struct {
		const char *versions, *want;
	} rows[] = {
		{"{'name':'v1','served':true,'storage':true,'selectableFields':[{'jsonPath':'.a'}],'schema':{'openAPIV3Schema':{'type':'object','properties':{'a':{'type':'string'}}}}},"
		 "{'name':'v2','served':true,'storage':false,'selectableFields':[{'jsonPath':'.a'}],'schema':{'openAPIV3Schema':{'type':'object','properties':{'a':{'type':'boolean'}}}}}",
		 "spec.selectableFields: Invalid value: \"\": may only be set when validations.schema is included\n"},
		{"{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object','maxProperties':9}}},"
		 "{'name':'v2','served':true,'storage':false,'subresources':{'status':{}},'schema':{'openAPIV3Schema':{'type':'object','maxProperties':9}}}",
		 "spec.validation.openAPIV3Schema: Invalid value: {\"type\":\"object\",\"maxProperties\":9}: only [Description Type Format Title Maximum"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf("%s%s]}}", head, rows[i].versions);
		autobuf struct buf got = BUF_INIT;
		causes_of(CRD, "", JSON(text), NULL, &got, NULL);
		if (strncmp(buf_str(&got), rows[i].want, strlen(rows[i].want)))
			fail_msg("%zu: %s", i, buf_str(&got));
	}
}

/* Who had no version of reviews that is known may go on without; who had one may not lose it. */
static void reviews_that_nobody_knows(void **state)
{
	static const char webhook[] =
		"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [%s], clientConfig: {url: 'https://x'}}}, ";
	static const char *const rows[][3] = {{"v8", "v7", ""}, {"v1", "v7", "must include at least one of"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *was = mem_printf(webhook, rows[i][0]), *is = mem_printf(webhook, rows[i][1]);
		autofree char *old = definition(was, "", "description: x"),
			      *new = definition(is, "", "description: x");
		autobuf struct buf got = BUF_INIT;
		causes_of(CRD, "", new, old, &got, NULL);
		assert_non_null(strstr(buf_str(&got), rows[i][2]));
		assert_int_equal(strstr(buf_str(&got), "conversionReviewVersions") != NULL, *rows[i][2] != 0);
	}
}

static void updates(void **state)
{
	static const char old[] =
		"{'metadata':{'name':'boats.sea.io'},'spec':{'group':'sea.io','names':{'plural':'boats','kind':'Boat','singular':'boat','listKind':'BoatList'},'scope':'Cluster','versions':["
		"{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':'object'}}}]},"
		"'status':{'conditions':[{'type':'Established','status':'True'}],'acceptedNames':{'plural':'boats','kind':'Boat'},'storedVersions':['v1']}}";
	static const struct {
		const char *from, *to, *want;
	} rows[] = {
		{"'scope':'Cluster'", "'scope':'Namespaced'",
		 "spec.scope: Invalid value: \"Namespaced\": field is immutable\n"},
		{"'kind':'Boat','singular'", "'kind':'Ship','singular'",
		 "spec.names.kind: Invalid value: \"Ship\": field is immutable\n"},
		{"'group':'sea.io'", "'group':'see.io'",
		 "spec.group: Invalid value: \"see.io\": field is immutable\n"},
		{"'name':'v1','served'", "'name':'v2','served'",
		 "status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no "
		 "data remains persisted in v1 and removes v1 from status.storedVersions\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(old, rows[i].from);
		autofree char *new =
			mem_printf("%.*s%s%s", (int)(at - old), old, rows[i].to, at + strlen(rows[i].from));
		autobuf struct buf got = BUF_INIT;
		causes_of(CRD, "", JSON(new), JSON(old), &got, NULL);
		must_be(rows[i].to, buf_str(&got), rows[i].want);
	}
}

static void prepares(void **state)
{
	autofree char *text = definition("", "", "description: x");
	autobuf struct buf got = BUF_INIT, status = BUF_INIT;
	js *o;
	causes_of(CRD, "", text, NULL, &got, &o);
	js_write(&status, js_field(o, "status"));
	assert_string_equal(
		buf_str(&status),
		JSON("{'acceptedNames':{'plural':'','kind':''},'conditions':null,'storedVersions':['v1']}"));
	assert_string_equal(js_str0(o, "spec", "names", "singular", NULL), "boat");
	assert_string_equal(js_str0(o, "spec", "names", "listKind", NULL), "BoatList");
	assert_string_equal(js_str0(o, "spec", "conversion", "strategy", NULL), "None");
	js_autoput(&o);
}

static void note(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void warnings(void **state)
{
	autofree char *text = definition(
		"conversion: {strategy: Webhook}, ", "",
		"properties: {a: {type: string, format: nosuch, x-kubernetes-validations: [{rule: x}]}, b: {type: string, format: date-time}}");
	const struct kind *k =
		schema_kind(causes_schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");
	autojson js *o = causes_decode(k, text);
	autobuf struct buf told = BUF_INIT;
	struct strategy_ctx ctx = {.subresource = "", .warn = note, .warn_arg = &told};
	strategy_find(k)->warn(&ctx, o, NULL);
	assert_string_equal(
		buf_str(&told),
		"unrecognized format \"nosuch\"\n"
		"spec.versions[0].schema.openAPIV3Schema.properties[a].x-kubernetes-validations: these rules are not enforced by this server yet\n"
		"spec.conversion.strategy: webhooks are not called by this server yet: only the version that is stored is served\n");
	buf_clear(&told);
	strategy_find(k)->warn(&ctx, o, o);
	assert_int_equal(told.len, 0);
}

static void approvals(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {{"", "MissingAnnotation"},
		    {"unapproved, a test", "UnapprovedAnnotation"},
		    {"https://example.com/1", "ApprovedAnnotation"},
		    {"https://", "InvalidAnnotation"},
		    {"yes", "InvalidAnnotation"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf message = BUF_INIT;
		assert_string_equal(definition_approval(rows[i].text, &message), rows[i].reason);
		assert_true(message.len > 0);
	}
	assert_true(definition_is_protected("k8s.io"));
	assert_true(definition_is_protected("a.kubernetes.io"));
	assert_false(definition_is_protected("notk8s.io"));
}

/* Depth and size cost what they are, and no more. */
static void hostile_schemas(void **state)
{
	autobuf struct buf deep = BUF_INIT, wide = BUF_INIT, got = BUF_INIT;
	buf_adds(
		&deep,
		"{'metadata':{'name':'boats.sea.io'},'spec':{'group':'sea.io','names':{'plural':'boats','kind':'Boat'},'scope':'Cluster','versions':["
		"{'name':'v1','served':true,'storage':true,'schema':{'openAPIV3Schema':");
	for (int i = 0; i < 80; i++)
		buf_adds(&deep, "{'type':'object','properties':{'a':");
	buf_adds(&deep, "{'type':'string'}");
	for (int i = 0; i < 80; i++)
		buf_adds(&deep, "}}");
	buf_adds(&deep, "}}]}}");
	causes_of(CRD, "", JSON(buf_str(&deep)), NULL, &got, NULL);
	assert_non_null(strstr(buf_str(&got), "error building validator: "));
	buf_adds(&wide, "properties: {a: {type: string, enum: [");
	for (int i = 0; i < 20000; i++)
		buf_addf(&wide, "%sv%d", i ? ", " : "", i);
	buf_adds(&wide, "]}}");
	autofree char *large = definition("", "", buf_str(&wide));
	buf_clear(&got);
	causes_of(CRD, "", large, NULL, &got, NULL);
	assert_string_equal(buf_str(&got), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas),
		cmocka_unit_test(versions),
		cmocka_unit_test(paths_of_versions),
		cmocka_unit_test(parts_of_versions),
		cmocka_unit_test(reviews_that_nobody_knows),
		cmocka_unit_test(updates),
		cmocka_unit_test(prepares),
		cmocka_unit_test(warnings),
		cmocka_unit_test(approvals),
		cmocka_unit_test(hostile_schemas),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}

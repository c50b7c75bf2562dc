/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds a definition becomes: which versions, in whose form, with which columns, subresources and warnings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "crd/crd_internal.h"
#include "object/yaml.h"

static struct schema *schema;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

/* The kinds of a definition with that in its spec, beside what all have; NULL with *err. */
static struct schema_part *part_of(const char *spec, struct err *err)
{
	autofree char *text = mem_printf(
		"{spec: {group: sea.example.com, scope: Cluster, names: {kind: Boat}, %s}, status: {acceptedNames: {plural: boats, singular: boat, kind: Boat, listKind: BoatList, shortNames: [bt]}}}",
		spec);
	struct err bad = ERR_INIT;
	autojson js *crd = yaml_parse(text, strlen(text), NULL, &bad);
	if (!crd)
		fail_msg("%s: %s", text, bad.msg);
	struct schema_builder *b = crd_kinds(schema, crd, js_obj(crd, "status", NULL), err);
	return b ? schema_builder_finish(b, err) : NULL;
}

/* "v1beta1>v1 v1": each kind, and where it is not itself, whose form is stored. */
static void describe(struct buf *out, const struct schema_part *part)
{
	struct kind *const *kinds;
	size_t n = schema_part_kinds(part, &kinds);
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "%s%s", i ? " " : "", kinds[i]->version);
		if (kinds[i]->storage_kind != kinds[i])
			buf_addf(out, ">%s", kinds[i]->storage_kind->version);
	}
}

#define SCHEMA "schema: {openAPIV3Schema: {type: object}}"

static void versions(void **state)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{"versions: [{name: v1, served: true, storage: true, " SCHEMA "}]", "v1"},
		{"versions: [{name: v1, served: true, storage: false, " SCHEMA
		 "}, {name: v2, served: true, storage: true, " SCHEMA "}]",
		 "v1>v2 v2"},
		{"versions: [{name: v1, served: true, storage: false, " SCHEMA
		 "}, {name: v2, served: false, storage: true, " SCHEMA
		 "}, {name: v3, served: true, storage: false, " SCHEMA "}]",
		 "v1 v3>v1"},
		{"conversion: {strategy: Webhook}, versions: [{name: v1, served: true, storage: false, " SCHEMA
		 "}, {name: v2, served: true, storage: true, " SCHEMA "}]",
		 "v2"},
		{"versions: [{name: v1, served: false, storage: true, " SCHEMA "}]", NULL},
		{"conversion: {strategy: Webhook}, versions: [{name: v1, served: true, storage: false, " SCHEMA
		 "}, {name: v2, served: false, storage: true, " SCHEMA "}]",
		 NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		struct schema_part *part = part_of(rows[i].spec, &err);
		assert_int_equal(err.reason, REASON_NONE);
		assert_int_equal(part != NULL, rows[i].want != NULL);
		if (!part)
			continue;
		describe(&got, part);
		assert_string_equal(buf_str(&got), rows[i].want);
		schema_part_free(part);
	}
}

static void what_cannot_be_served(void **state)
{
	static const char *const rows[][2] = {
		{"versions: [{name: v1, served: true, storage: true}]", "version v1: there is no schema"},
		{"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string, pattern: '('}}}}}]",
		 "version v1: "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_null(part_of(rows[i][0], &err));
		assert_int_equal(err.reason, REASON_INVALID);
		assert_int_equal(strncmp(err.msg, rows[i][1], strlen(rows[i][1])), 0);
	}
}

static void columns(void **state)
{
	static const struct {
		const char *columns, *want;
	} rows[] = {
		{"", "Name Age/date/0 "},
		{"additionalPrinterColumns: [{name: Crew, type: integer, jsonPath: .spec.crew, priority: 1}], ",
		 "Name Crew/integer/1 "},
		/* what cannot be read ends the list */
		{"additionalPrinterColumns: [{name: A, type: string, jsonPath: .a}, {name: B, type: string, jsonPath: '.b[?('}, {name: C, type: string, jsonPath: .c}], ",
		 "Name A/string/0 "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct kind *const *kinds;
		autobuf struct buf got = BUF_INIT;
		autofree char *spec = mem_printf(
			"versions: [{name: v1, served: true, storage: true, %s" SCHEMA "}]", rows[i].columns);
		struct schema_part *part = part_of(spec, &err);
		assert_non_null(part);
		assert_int_equal(schema_part_kinds(part, &kinds), 1);
		for (size_t c = 0; c < kinds[0]->n_columns; c++)
			if (!c)
				buf_addf(&got, "%s ", kinds[0]->columns[c].name);
			else
				buf_addf(&got, "%s/%s/%d ", kinds[0]->columns[c].name,
					 kinds[0]->columns[c].type, kinds[0]->columns[c].priority);
		assert_string_equal(buf_str(&got), rows[i].want);
		schema_part_free(part);
	}
}

static void parts(void **state)
{
	struct err err = ERR_INIT;
	struct kind *const *kinds;
	struct schema_part *part = part_of(
		"versions: [{name: v1, served: true, storage: true, selectableFields: [{jsonPath: .spec.colour}], subresources: {status: {}, scale: {specReplicasPath: .spec.crew, statusReplicasPath: "
		".status.crew}}, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {colour: {type: string}, crew: {type: integer}}}, status: {type: object, properties: {crew: "
		"{type: integer}}}}}}}]",
		&err);
	if (!part)
		fail_msg("%s", err.msg);
	assert_int_equal(schema_part_kinds(part, &kinds), 1);
	const struct kind *k = kinds[0];
	assert_string_equal(k->kind, "Boat");
	assert_string_equal(k->list_kind, "BoatList");
	assert_string_equal(k->resource, "boats");
	assert_string_equal(k->short_names[0], "bt");
	assert_false(k->namespaced);
	assert_true(k->has_status);
	assert_true(k->has_generation);
	assert_string_equal(k->type->name, "com.example.sea.v1.Boat");
	assert_int_equal(k->n_subresources, 2);
	assert_string_equal(k->subresources[1].replicas, "spec.crew");
	assert_string_equal(k->subresources[1].status_replicas, "status.crew");
	assert_string_equal(k->subresources[1].selector, "");
	assert_int_equal(k->n_selectable, 1);
	assert_string_equal(k->selectable[0].field, "spec.colour");
	schema_part_free(part);
}

/* Of several versions, the newest that is not deprecated is named, if it is newer. */
static void deprecations(void **state)
{
	static const struct {
		const char *old, *new, *want;
	} rows[] = {
		{"deprecated: true, ", "",
		 "sea.example.com/v1beta1 Boat is deprecated; use sea.example.com/v1 Boat"},
		{"deprecated: true, ", "deprecated: true, ", "sea.example.com/v1beta1 Boat is deprecated"},
		{"deprecated: true, deprecationWarning: sinks, ", "", "sinks"},
		{"", "", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct kind *const *kinds;
		autofree char *spec =
			mem_printf("versions: [{name: v1beta1, served: true, storage: false, %s" SCHEMA
				   "}, {name: v1, served: true, storage: true, %s" SCHEMA "}]",
				   rows[i].old, rows[i].new);
		struct schema_part *part = part_of(spec, &err);
		assert_non_null(part);
		assert_int_equal(schema_part_kinds(part, &kinds), 2);
		if (rows[i].want)
			assert_string_equal(kinds[0]->deprecated, rows[i].want);
		else
			assert_null(kinds[0]->deprecated);
		schema_part_free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),	cmocka_unit_test(what_cannot_be_served),
		cmocka_unit_test(columns),	cmocka_unit_test(parts),
		cmocka_unit_test(deprecations),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition says of its objects beside their schema: who writes the status, what scale wants, finalizers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/kinds.h"
#include "kinds/strategies.h"
#include "object/json_test.h"

static struct schema *schema;
static struct schema_part *part;
static const struct kind *boat;

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	struct kind *const *kinds;
	schema = kinds_load(NULL, &err);
	struct schema_builder *b = schema_builder_new(schema);
	autojson js *type = parse(JSON(
		"{'type':'object','properties':{'spec':{'type':'object','x-kubernetes-preserve-unknown-fields':true},"
		"'status':{'type':'object','default':{'phase':'New'},'properties':{'phase':{'type':'string'},'crew':{'type':'integer'}}}}}"));
	autojson js *kind = parse(JSON(
		"{'group':'sea.io','version':'v1','kind':'Boat','resource':'boats','singular':'boat','type':'Boat','scope':'Cluster','status':true,"
		"'subresources':{'status':{'verbs':'get'},'scale':{'group':'autoscaling','version':'v1','kind':'Scale','verbs':'get',"
		"'replicas':'spec.crew','status_replicas':'status.crew','selector':'status.selector'}}}"));
	if (schema_builder_openapi(b, "Boat", type, &err) < 0 || schema_builder_kind(b, kind, &err) < 0)
		fail_msg("%s", err.msg);
	part = schema_builder_finish(b, &err);
	assert_non_null(part);
	assert_int_equal(schema_part_kinds(part, &kinds), 1);
	boat = kinds[0];
	return 0;
}

static int teardown(void **state)
{
	schema_part_free(part);
	schema_free(schema);
	return 0;
}

static void assert_is(const js *o, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	assert_string_equal(buf_str(&b), want);
}

/* What a client says of the status of a new object is not heard; what the schema says of it is. */
static void new_objects(void **state)
{
	struct strategy_ctx ctx = {.subresource = "", .kind = boat};
	autojson js *o =
		parse(JSON("{'metadata':{'name':'a'},'spec':{'crew':1},'status':{'phase':'Done','crew':3}}"));
	customresource_strategy.prepare(&ctx, o, NULL);
	assert_is(o, JSON("{'metadata':{'name':'a'},'spec':{'crew':1},'status':{'phase':'New'}}"));
}

static void status_changes(void **state)
{
	struct strategy_ctx ctx = {.subresource = "status", .kind = boat};
	autojson js *old = parse(JSON(
		"{'metadata':{'name':'a','labels':{'a':'b'},'resourceVersion':'1','managedFields':[]}}"));
	autojson js *o = parse(
		JSON("{'metadata':{'name':'a','labels':{'a':'c'},'managedFields':[1]},'status':{'crew':3}}"));
	customresource_strategy.prepare(&ctx, o, old);
	assert_is(js_field(o, "status"), JSON("{'crew':3}"));
	assert_string_equal(js_str0(o, "metadata", "labels", "a", NULL), "b");
	assert_null(js_get(o, "metadata", "resourceVersion", NULL));
	assert_int_equal(js_len(js_arr(o, "metadata", "managedFields", NULL)), 1);
}

static void scales(void **state)
{
	static const struct {
		const char *subresource, *object, *want;
	} rows[] = {
		{"", "{'spec':{'crew':2},'status':{'crew':1,'selector':'a=b'}}", ""},
		{"", "{}", ""},
		{"", "{'spec':{'crew':-1}}",
		 ".spec.crew: Invalid value: -1: should be a non-negative integer\n"},
		{"", "{'spec':{'crew':2147483648}}",
		 ".spec.crew: Invalid value: 2147483648: should be less than or equal to 2147483647\n"},
		{"", "{'spec':{'crew':'x'}}",
		 ".spec.crew: Invalid value: 0: .spec.crew accessor error: x is of the type string, expected int64\n"},
		{"", "{'spec':'x','status':[1]}",
		 ".spec.crew: Invalid value: 0: .spec.crew accessor error: x is of the type string, expected map[string]interface{}\n"
		 ".status.crew: Invalid value: 0: .status.crew accessor error: [1] is of the type []interface {}, expected map[string]interface{}\n"
		 ".status.selector: Invalid value: \"\": .status.selector accessor error: [1] is of the type []interface {}, expected map[string]interface{}\n"},
		{"status", "{'spec':{'crew':-1},'status':{'crew':-2,'selector':[1]}}",
		 ".status.crew: Invalid value: -2: should be a non-negative integer\n"
		 ".status.selector: Invalid value: \"\": .status.selector accessor error: [1] is of the type []interface {}, expected string\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct strategy_ctx ctx = {.subresource = rows[i].subresource, .kind = boat};
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		autojson js *o = parse(JSON(rows[i].object));
		customresource_strategy.validate(&ctx, o, NULL, &errs);
		for (size_t e = 0; e < errs.n; e++)
			buf_addf(&got, "%s: %s\n", errs.v[e].field, errs.v[e].message);
		assert_string_equal(buf_str(&got), rows[i].want);
		field_errors_release(&errs);
	}
}

static void note(void *arg, const char *text)
{
	buf_addf(arg, "%s\n", text);
}

static void finalizers(void **state)
{
	autobuf struct buf told = BUF_INIT;
	struct strategy_ctx ctx = {.subresource = "", .kind = boat, .warn = note, .warn_arg = &told};
	autojson js *old = parse(JSON("{'metadata':{'finalizers':['was']}}"));
	autojson js *new = parse(JSON("{'metadata':{'finalizers':['was','a.b/c','orphan','a.b','bare']}}"));
	customresource_strategy.warn(&ctx, new, old);
	assert_string_equal(
		buf_str(&told),
		"metadata.finalizers: \"a.b\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers\n"
		"metadata.finalizers: \"bare\": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(new_objects), cmocka_unit_test(status_changes),
					   cmocka_unit_test(scales), cmocka_unit_test(finalizers)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

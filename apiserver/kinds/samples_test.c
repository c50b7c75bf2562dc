/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of a type, and how the files correct it; that all kinds have samples is every_kind_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>
#include "kinds/samples.h"
#include "object/json_test.h"

static const char kinds_text[] =
	"package: sea/v1\n"
	"kinds:\n"
	"  - {kind: Boat, group: sea, version: v1, resource: boats, singular: boat, scope: Cluster}\n"
	"types:\n"
	"  Boat: {kind: 0 string, apiVersion: 0 string, metadata: 1 ObjectMeta, spec: 2 BoatSpec}\n"
	"  ObjectMeta: {name: 1 string, uid: 2 string}\n"
	"  BoatSpec:\n"
	"    colour: 1 string enum=red|green|blue default=blue\n"
	"    length: 2 int32 min=5 max=9\n"
	"    address: 3 string format=ip\n"
	"    open: '4 *bool default=true'\n"
	"    labels: 5 {string} keyformat=label-key\n"
	"    drives: '6 [Drive]'\n"
	"    crew: '7 [Sailor]'\n"
	"  Drive:\n"
	"    $union: drive type\n"
	"    oar: 1 *Part member\n"
	"    sail: 2 *Part member\n"
	"    motor: 3 *Part member\n"
	"  Part: {size: 1 int32}\n"
	"  Sailor: {name: 1 string, mate: '2 *Sailor'}\n";

static struct schema *schema;
static char dir[] = "/tmp/samples-XXXXXX";

static int setup(void **state)
{
	const struct schema_file f = {.name = "sea", .p = kinds_text, .n = strlen(kinds_text)};
	struct err err = ERR_INIT;
	schema = schema_load(&f, 1, &err);
	if (!schema)
		print_error("%s\n", err.msg);
	return schema && mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return rmdir(dir);
}

/* The folder with that one file. */
static struct samples *load(const char *text, struct err *err)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/a.yaml", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	struct samples *s = samples_load(dir, err);
	unlink(path);
	return s;
}

static js *boat(const char *text, size_t i)
{
	struct err err = ERR_INIT;
	struct samples *s = load(text, &err);
	assert_non_null(s);
	js *o = samples_object(s, schema_kind(schema, "sea", "v1", "Boat"), i);
	samples_free(s);
	return o;
}

static void values_follow_the_rules(void **state)
{
	struct field_errors errs = {.n = 0};
	autojson js *o = boat("types: {}\n", 0);
	schema_validate(schema_kind(schema, "sea", "v1", "Boat")->type, o, "", &errs);
	assert_int_equal(errs.n, 0);
	assert_string_equal(js_str0(o, "apiVersion", NULL), "sea/v1");
	assert_string_equal(js_str0(o, "spec", "colour", NULL), "green"); /* not the default */
	assert_false(js_bool(o, true, "spec", "open", NULL));
	assert_in_range(js_int(o, 0, "spec", "length", NULL), 5, 9);
	assert_int_equal(js_len(js_field(js_field(o, "spec"), "labels")), 1);
	const js *drives = js_arr(o, "spec", "drives", NULL);
	assert_int_equal(js_len(drives), 3);
	js_array_for_each (d, drives)
		assert_int_equal(js_len(d), 1);
	assert_non_null(js_get(js_at(drives, 1), "sail", "size", NULL));
	/* one that holds itself ends */
	const js *sailor = js_at(js_arr(o, "spec", "crew", NULL), 0);
	assert_non_null(js_get(sailor, "mate", "name", NULL));
	assert_null(js_get(sailor, "mate", "mate", NULL));
	field_errors_release(&errs);
}

static void corrections_are_merged(void **state)
{
	static const char text[] = "types:\n"
				   "  ObjectMeta: {name: x, uid: null}\n"
				   "  Drive: {oar: null}\n"
				   "  Sailor: {name: all, mate: null}\n"
				   "objects:\n"
				   "  Boat:\n"
				   "    - spec: {crew: [{}, {name: two}], labels: {a: b}}\n"
				   "    - spec: {drives: {1: {motor: {size: 77}}}, colour: red, what: 1}\n";
	autojson js *one = boat(text, 0), *two = boat(text, 1);
	assert_string_equal(js_str0(one, "metadata", "name", NULL), "x");
	assert_null(js_get(one, "metadata", "uid", NULL));
	assert_int_equal(js_len(js_arr(one, "spec", "drives", NULL)), 2);
	const js *crew = js_arr(one, "spec", "crew", NULL);
	assert_int_equal(js_len(crew), 2);
	assert_string_equal(js_str0(js_at(crew, 0), "name", NULL), "all");
	assert_string_equal(js_str0(js_at(crew, 1), "name", NULL), "two");
	assert_string_equal(js_str0(one, "spec", "labels", "a", NULL), "b");
	assert_int_equal(js_len(js_obj(one, "spec", "labels", NULL)), 1);
	assert_string_equal(js_str0(two, "spec", "colour", NULL), "red");
	assert_int_equal(js_int(two, 0, "spec", "what", NULL), 1);
	const js *drives = js_arr(two, "spec", "drives", NULL);
	assert_int_equal(js_len(drives), 2);
	assert_int_equal(js_int(js_at(drives, 1), 0, "motor", "size", NULL), 77);
	assert_int_not_equal(js_int(js_at(drives, 0), 0, "sail", "size", NULL), 77);
}

static void everything_is_raw(void **state)
{
	struct err err = ERR_INIT;
	struct samples *s = load("types: {Drive: {oar: null}, Nobody: {}}\n", &err);
	autojson js *o = samples_raw(s, schema_type(schema, "BoatSpec"));
	autobuf struct buf unknown = BUF_INIT;
	assert_int_equal(js_len(js_at(js_arr(o, "drives", NULL), 0)), 3);
	samples_unknown(s, schema, &unknown);
	assert_string_equal(buf_str(&unknown), "Nobody");
	assert_int_equal(samples_count(s, schema_kind(schema, "sea", "v1", "Boat")), 1);
	assert_null(samples_walk(s, schema_kind(schema, "sea", "v1", "Boat")));
	samples_free(s);
}

static void bad_files(void **state)
{
	static const char *const texts[] = {"types: [", "kinds: {}\n"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err err = ERR_INIT;
		assert_null(load(texts[i], &err));
		assert_non_null(strstr(err.msg, "a.yaml: "));
	}
	struct err err = ERR_INIT;
	assert_null(samples_load("/dev/null/none", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_follow_the_rules),
		cmocka_unit_test(corrections_are_merged),
		cmocka_unit_test(everything_is_raw),
		cmocka_unit_test(bad_files),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

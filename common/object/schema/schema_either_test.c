/* SPDX-License-Identifier: Apache-2.0 */
/* A schema or a boolean, a schema or a list: one value in JSON, a message of its own in protobuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "object/pb.h"
#include "object/schema.h"

static const char yaml[] =
	"package: x/v1\n"
	"types:\n"
	"  Props:\n"
	"    type: 5 string\n"
	"    max: 9 *double\n"
	"    enum: 20 [raw]\n"
	"    items: 24 *OrArray\n"
	"    properties: 29 {Props}\n"
	"    more: 30 *OrBool\n"
	"  OrArray: {$either: object or array expected, list: '2 [Props]', schema: '1 *Props'}\n"
	"  OrBool: {$either: boolean or JSON schema expected, schema: '2 *Props', allows: '1 *bool'}\n";

static struct schema *schema;
static const struct type *props;

static int setup(void **state)
{
	struct schema_file f = {.name = "x", .p = yaml, .n = sizeof(yaml) - 1};
	struct err err = ERR_INIT;
	schema = schema_load(&f, 1, &err);
	if (!schema)
		fail_msg("%s", err.msg);
	props = schema_type(schema, "Props");
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static void conforms(void **state)
{
	static const struct {
		const char *in, *want, *strict;
	} rows[] = {
		{"{'more':true,'items':{'type':'a','x':1},'type':'b'}",
		 "{'type':'b','items':{'type':'a'},'more':true}", ""},
		{"{'more':{'max':1.5,'type':''},'y':1}", "{'more':{'max':1.5}}", "unknown field \"y\""},
		{"{'items':[{'type':'a'},{}],'enum':[null,1,'x']}",
		 "{'enum':[null,1,'x'],'items':[{'type':'a'},{}]}", ""},
		{"{'more':null,'properties':{'a':{'more':{'more':false}}}}",
		 "{'properties':{'a':{'more':{'more':false}}}}", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct strict_errors strict = {0};
		autojson js *in = parse(JSON(rows[i].in)),
			    *out = schema_take(props, json_object_get(in), &strict, &err);
		autobuf struct buf b = BUF_INIT;
		if (!out)
			fail_msg("%s", err.msg);
		schema_write(&b, props, out);
		assert_string_equal(buf_str(&b), JSON(rows[i].want));
		assert_string_equal(strict.n ? strict.v[0] : "", rows[i].strict);
		schema_strict_errors_release(&strict);
	}
	struct err err = ERR_INIT;
	autojson js *bad = parse(JSON("{'more':5}"));
	assert_null(schema_conform(props, bad, NULL, &err));
	assert_string_equal(err.msg, "boolean or JSON schema expected");
}

/* As Go's generated code writes them: the boolean beside a schema is true. */
static void to_protobuf_and_back(void **state)
{
	static const struct {
		const char *json, *raw;
		size_t n;
	} rows[] = {
#define RAW(s) s, sizeof(s) - 1
		{"{'more':true}", RAW("\xf2\x01\x02\x08\x01")},
		{"{'more':false}", RAW("\xf2\x01\x02\x08\x00")},
		{"{'more':{'type':'a'}}", RAW("\xf2\x01\x07\x08\x01\x12\x03\x2a\x01\x61")},
		{"{'items':{'type':'a'}}", RAW("\xc2\x01\x05\x0a\x03\x2a\x01\x61")},
		{"{'items':[{'type':'a'},{}]}", RAW("\xc2\x01\x07\x12\x03\x2a\x01\x61\x12\x00")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct pb_envelope e;
		autobuf struct buf pb = BUF_INIT, b = BUF_INIT;
		autojson js *in = parse(JSON(rows[i].json));
		assert_int_equal(pb_encode(&pb, props, "x/v1", "Props", in, &err), 0);
		assert_int_equal(pb_open(buf_str(&pb), pb.len, &e, &err), 0);
		assert_int_equal(e.raw_len, rows[i].n);
		assert_memory_equal(e.raw, rows[i].raw, rows[i].n);
		autojson js *back = pb_decode(props, e.raw, e.raw_len, &err);
		if (!back)
			fail_msg("%s", err.msg);
		schema_write(&b, props, back);
		assert_string_equal(buf_str(&b), JSON(rows[i].json));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(conforms),
					   cmocka_unit_test(to_protobuf_and_back)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

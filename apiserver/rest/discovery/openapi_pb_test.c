/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/discovery/openapi_internal.h"

/* What gnostic's openapiv2.ParseDocument makes of it; the numbers are those of OpenAPIv2.proto. */
static void one_of_each(void **state)
{
	const struct {
		const char *json, *want;
		size_t n;
	} rows[] = {
		{JSON("{'swagger':'2.0'}"), "\x0a\x03\x32\x2e\x30", 5},
		{JSON("{'info':{'title':'a','version':'b','x-y':[1]}}"),
		 "\x12\x14\x0a\x01\x61\x12\x01\x62\x3a\x0c\x0a\x03\x78\x2d\x79\x12\x05\x12\x03\x5b\x31\x5d",
		 22},
		{JSON("{'nobody':{'knows':[true]}}"), "", 0},
		{JSON("{'definitions':{'A':{'type':'object','required':['a','b']}}}"),
		 "\x4a\x1a\x0a\x18\x0a\x01\x41\x12\x13\xb2\x01\x08\x0a\x06\x6f\x62\x6a\x65\x63\x74\x9a\x01\x01\x61"
		 "\x9a\x01\x01\x62",
		 28},
		{JSON("{'definitions':{'A':{'properties':{'x-p':{'$ref':'#'},'l':{'items':{'enum':[1]}}}}}}"),
		 "\x4a\x28\x0a\x26\x0a\x01\x41\x12\x21\xca\x01\x1e\x0a\x0a\x0a\x03\x78\x2d\x70\x12\x03\x0a\x01\x23"
		 "\x0a\x10\x0a\x01\x6c\x12\x0b\xba\x01\x08\x0a\x06\xa2\x01\x03\x12\x01\x31",
		 42},
		{JSON("{'definitions':{'A':{'additionalProperties':{'format':'f'}},'B':{'additionalProperties':true}}}"),
		 "\x4a\x1b\x0a\x0d\x0a\x01\x41\x12\x08\xaa\x01\x05\x0a\x03\x12\x01\x66\x0a\x0a\x0a\x01\x42\x12\x05"
		 "\xaa\x01\x02\x10\x01",
		 29},
		{JSON("{'definitions':{'A':{'maximum':0.5,'minLength':300,'uniqueItems':true,'allOf':[{'title':'t'}]}}}"),
		 "\x4a\x1c\x0a\x1a\x0a\x01\x41\x12\x15\x39\x00\x00\x00\x00\x00\x00\xe0\x3f\x60\xac\x02\x80\x01\x01"
		 "\xc2\x01\x03\x1a\x01\x74",
		 30},
		{JSON("{'paths':{'/a':{'patch':{'consumes':['c'],'responses':{'200':{'schema':{'type':'string'}}}}}}}"),
		 "\x42\x29\x12\x27\x0a\x02\x2f\x61\x12\x21\x42\x1f\x3a\x01\x63\x4a\x1a\x0a\x18\x0a\x03\x32\x30\x30"
		 "\x12\x11\x0a\x0f\x12\x0d\x0a\x0b\xb2\x01\x08\x0a\x06\x73\x74\x72\x69\x6e\x67",
		 43},
		{JSON("{'paths':{'/a':{'parameters':[{'$ref':'#/p'},{'name':'n','in':'path','required':true},{'name':'q','in':'query'},{'name':'b','in':'body'}]}}}"),
		 "\x42\x45\x12\x43\x0a\x02\x2f\x61\x12\x3d\x4a\x07\x12\x05\x0a\x03\x23\x2f\x70\x4a\x11\x0a\x0f\x12"
		 "\x0d\x22\x0b\x22\x01\x6e\x12\x04\x70\x61\x74\x68\x08\x01\x4a\x10\x0a\x0e\x12\x0c\x1a\x0a\x22\x01"
		 "\x71\x12\x05\x71\x75\x65\x72\x79\x4a\x0d\x0a\x0b\x0a\x09\x12\x01\x62\x1a\x04\x62\x6f\x64\x79",
		 71},
		{JSON("{'parameters':{'p':{'name':'q','in':'query'}}}"),
		 "\x52\x15\x0a\x13\x0a\x01\x70\x12\x0e\x12\x0c\x1a\x0a\x22\x01\x71\x12\x05\x71\x75\x65\x72\x79",
		 23},
		{JSON("{'securityDefinitions':{'B':{'in':'header'}},'security':[{'B':[]}]}"),
		 "\x6a\x11\x0a\x0f\x0a\x01\x42\x12\x0a\x12\x08\x1a\x06\x68\x65\x61\x64\x65\x72\x62\x07\x0a\x05\x0a"
		 "\x01\x42\x12\x00",
		 28},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(openapi_pb_write(&out, false, rows[i].json, strlen(rows[i].json), &err), 0);
		if (out.len != rows[i].n || memcmp(buf_str(&out), rows[i].want, out.len))
			fail_msg("row %zu: %s", i, rows[i].json);
	}
}

/* The same for OpenAPIv3.proto, as protoc decodes it. */
static void one_of_each_v3(void **state)
{
	const struct {
		const char *json, *want;
		size_t n;
	} rows[] = {
		{JSON("{'openapi':'3.0.0'}"),
		 "\x0a\x05"
		 "3.0.0",
		 7},
		{JSON("{'components':{'schemas':{'A':{'type':'object'},'R':{'$ref':'#'}}}}"),
		 "\x2a\x20\x0a\x1e\x0a\x10\x0a\x01\x41\x12\x0b\x0a\x09\xca\x01\x06\x6f\x62\x6a\x65\x63\x74\x0a\x0a\x0a\x01\x52\x12\x05\x12\x03\x0a\x01\x23",
		 34},
		{JSON("{'components':{'schemas':{'A':{'items':{'$ref':'#'}}}}}"),
		 "\x2a\x15\x0a\x13\x0a\x11\x0a\x01\x41\x12\x0c\x0a\x0a\xf2\x01\x07\x0a\x05\x12\x03\x0a\x01\x23",
		 23},
		{JSON("{'components':{'schemas':{'A':{'default':{}}}}}"),
		 "\x2a\x0e\x0a\x0c\x0a\x0a\x0a\x01"
		 "A"
		 "\x12\x05\x0a\x03\x8a\x02\x00",
		 16},
		{JSON("{'components':{'schemas':{'A':{'default':0}}}}"),
		 "\x2a\x17\x0a\x15\x0a\x13\x0a\x01"
		 "A"
		 "\x12\x0e\x0a\x0c\x8a\x02\x09\x09\0\0\0\0\0\0\0\0",
		 25},
		{JSON("{'components':{'schemas':{'A':{'default':false}}}}"),
		 "\x2a\x10\x0a\x0e\x0a\x0c\x0a\x01"
		 "A"
		 "\x12\x07\x0a\x05\x8a\x02\x02\x10\x00",
		 18},
		{JSON("{'components':{'schemas':{'A':{'default':''}}}}"),
		 "\x2a\x10\x0a\x0e\x0a\x0c\x0a\x01"
		 "A"
		 "\x12\x07\x0a\x05\x8a\x02\x02\x1a\x00",
		 18},
		{JSON("{'components':{'schemas':{'A':{'additionalProperties':false}}}}"),
		 "\x2a\x10\x0a\x0e\x0a\x0c\x0a\x01"
		 "A"
		 "\x12\x07\x0a\x05\x82\x02\x02\x10\x00",
		 18},
		{JSON("{'components':{'schemas':{'A':{'additionalProperties':{'title':'t'}}}}}"),
		 "\x2a\x15\x0a\x13\x0a\x11\x0a\x01"
		 "A"
		 "\x12\x0c\x0a\x0a\x82\x02\x07\x0a\x05\x0a\x03\x4a\x01t",
		 23},
		{JSON("{'paths':{'/a':{'parameters':[{'name':'n'},{'$ref':'#'}]}}}"),
		 "\x22\x16\x0a\x14\x0a\x02\x2f\x61\x12\x0e\x6a\x05\x0a\x03\x0a\x01\x6e\x6a\x05\x12\x03\x0a\x01\x23",
		 24},
		{JSON("{'security':[{'B':[]}]}"),
		 "\x32\x07\x0a\x05\x0a\x01"
		 "B"
		 "\x12\x00",
		 9},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(openapi_pb_write(&out, true, rows[i].json, strlen(rows[i].json), &err), 0);
		if (out.len != rows[i].n || memcmp(buf_str(&out), rows[i].want, out.len))
			fail_msg("row %zu: %s", i, rows[i].json);
	}
}

/* A length takes as many bytes as it needs; escapes are text again. */
static void lengths_and_escapes(void **state)
{
	autobuf struct buf json = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	buf_adds(&json, "{\"info\":{\"title\":\"\\n");
	for (int i = 0; i < 20000; i++)
		buf_addc(&json, 'x');
	buf_adds(&json, "\"}}");
	assert_int_equal(openapi_pb_write(&out, false, json.p, json.len, &err), 0);
	assert_int_equal(out.len, 1 + 3 + 1 + 3 + 20001);
	assert_memory_equal(out.p, "\x12\xa5\x9c\x01\x0a\xa1\x9c\x01\nxx", 11);
}

static void refusals(void **state)
{
	static const char *const bad[] = {"",
					  "[]",
					  "{\"info\":{",
					  "{\"info\":3}",
					  "{} x",
					  "{\"definitions\":{\"A\":{\"maximum\":\"x\"}}}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		assert_int_equal(openapi_pb_write(&out, false, bad[i], strlen(bad[i]), &err), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_each), cmocka_unit_test(one_of_each_v3),
					   cmocka_unit_test(lengths_and_escapes), cmocka_unit_test(refusals)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/pb.h"

static const char yaml[] = "package: core/v1\n"
			   "types:\n"
			   "  Meta:\n"
			   "    name: 1 string\n"
			   "    created: 8 time\n"
			   "    labels: 11 {string}\n"
			   "  Thing:\n"
			   "    kind: 0 string\n"
			   "    metadata: 1 Meta\n"
			   "    text: 2 string\n"
			   "    flag: 3 *bool\n"
			   "    small: 4 int32\n"
			   "    big: 5 *int64\n"
			   "    data: 6 {bytes}\n"
			   "    amount: 7 {quantity}\n"
			   "    port: 8 intstr\n"
			   "    source: 9 Source inline\n"
			   "    items: 10 [Item]\n"
			   "    raw: 16 raw\n"
			   "    numbers: 17 [int64]\n"
			   "    seen: 18 *microtime\n"
			   "    extra: 19 {[string]}\n"
			   "    ratio: 20 double\n"
			   "  Outer:\n"
			   "    x: 1 string\n"
			   "    mid: 2 Mid inline\n"
			   "    other: 3 Source inline\n"
			   "    q: 4 string\n"
			   "  Mid:\n"
			   "    m: 1 string\n"
			   "    deep: 2 Deep inline\n"
			   "    p: 3 string\n"
			   "  Deep:\n"
			   "    d: 1 string\n"
			   "    e: 2 [string]\n"
			   "  Source:\n"
			   "    a: 1 *Item\n"
			   "    b: 2 *Item\n"
			   "  Item:\n"
			   "    name: 1 string always\n"
			   "    nested: 2 *Thing\n";

static struct schema *schema;
static const struct type *thing;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	struct schema_file f = {.name = "f.yaml", .p = yaml, .n = sizeof(yaml) - 1};
	schema = schema_load(&f, 1, &err);
	if (!schema)
		print_error("%s\n", err.msg);
	assert_non_null(schema);
	thing = schema_type(schema, "Thing");
	return 0;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

/* Bytes as protobuf's own tools would write them. */
static void decodes(void **state)
{
#define ROW(bytes, json)                                                                                     \
	{                                                                                                    \
		bytes, sizeof(bytes) - 1, json                                                               \
	}
	static const struct {
		const char *p;
		size_t n;
		const char *want;
	} rows[] = {
		ROW("", "{\"metadata\":{\"created\":null},\"port\":0}"),
		ROW("\x12\x02hi\x18\x00",
		    "{\"metadata\":{\"created\":null},\"text\":\"hi\",\"flag\":false,\"port\":0}"),
		ROW("\x12\x00\x20\x00\x28\x00", "{\"metadata\":{\"created\":null},\"big\":0,\"port\":0}"),
		/* -1 as int32 and int64 */
		ROW("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		    "\x01",
		    "{\"metadata\":{\"created\":null},\"small\":-1,\"big\":-1,\"port\":0}"),
		/* metadata twice: merged; the zero time is null */
		ROW("\x0a\x05\x0a\x01x\x42\x00\x0a\x08\x5a\x06\x0a\x01k\x12\x01v",
		    "{\"metadata\":{\"name\":\"x\",\"created\":null,\"labels\":{\"k\":\"v\"}},\"port\":0}"),
		ROW("\x0a\x06\x42\x04\x08\x3c\x10\x05",
		    "{\"metadata\":{\"created\":\"1970-01-01T00:01:00Z\"},\"port\":0}"),
		/* years 1 and 9999 */
		ROW("\x0a\x0d\x42\x0b\x08\x80\x92\xb8\xc3\x98\xfe\xff\xff\xff\x01",
		    "{\"metadata\":{\"created\":null},\"port\":0}"),
		ROW("\x0a\x0d\x42\x0b\x08\x81\x92\xb8\xc3\x98\xfe\xff\xff\xff\x01",
		    "{\"metadata\":{\"created\":\"0001-01-01T00:00:01Z\"},\"port\":0}"),
		ROW("\x0a\x09\x42\x07\x08\xff\x82\xd1\xff\xaf\x07",
		    "{\"metadata\":{\"created\":\"9999-12-31T23:59:59Z\"},\"port\":0}"),
		ROW("\x92\x01\x07\x08\x01\x10\xc0\x96\xb1\x02",
		    "{\"metadata\":{\"created\":null},\"port\":0,\"seen\":\"1970-01-01T00:00:01.005000Z\"}"),
		/* a pointer to the zero time */
		ROW("\x92\x01\x00", "{\"metadata\":{\"created\":null},\"port\":0,\"seen\":null}"),
		ROW("\x32\x07\x0a\x01k\x12\x02\x00\xff",
		    "{\"metadata\":{\"created\":null},\"data\":{\"k\":\"AP8=\"},\"port\":0}"),
		ROW("\x3a\x0a\x0a\x01k\x12\x05\x0a\x03\x30.1",
		    "{\"metadata\":{\"created\":null},\"amount\":{\"k\":\"100m\"},\"port\":0}"),
		ROW("\x42\x04\x08\x00\x10\x07", "{\"metadata\":{\"created\":null},\"port\":7}"),
		ROW("\x42\x07\x08\x01\x1a\x03web", "{\"metadata\":{\"created\":null},\"port\":\"web\"}"),
		/* the embedded message, and lists */
		ROW("\x4a\x05\x12\x03\x0a\x01y\x52\x03\x0a\x01z\x52\x00",
		    "{\"metadata\":{\"created\":null},\"port\":0,\"b\":{\"name\":\"y\"},\"items\":[{\"name\":\"z\"},{\"name\":\"\"}]}"),
		ROW("\x82\x01\x09\x0a\x07{\"a\":1}",
		    "{\"metadata\":{\"created\":null},\"port\":0,\"raw\":{\"a\":1}}"),
		/* numbers: one by one, and packed */
		ROW("\x88\x01\x01\x8a\x01\x02\x02\x03",
		    "{\"metadata\":{\"created\":null},\"port\":0,\"numbers\":[1,2,3]}"),
		ROW("\x9a\x01\x09\x0a\x01k\x12\x04\x0a\x02vv",
		    "{\"metadata\":{\"created\":null},\"port\":0,\"extra\":{\"k\":[\"vv\"]}}"),
		/* unknown numbers of every wire type */
		ROW("\xe8\x07\x01\xe9\x07\x01\x02\x03\x04\x05\x06\x07\x08\xea\x07\x01x\xed\x07\x01\x02\x03"
		    "\x04\x12\x01t",
		    "{\"metadata\":{\"created\":null},\"text\":\"t\",\"port\":0}"),
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *o = pb_decode(thing, rows[i].p, rows[i].n, &err);
		if (!o)
			print_error("row %zu: %s\n", i, err.msg);
		assert_non_null(o);
		autobuf struct buf b = BUF_INIT;
		js_write(&b, o);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void refuses(void **state)
{
#define BAD(bytes, text)                                                                                     \
	{                                                                                                    \
		bytes, sizeof(bytes) - 1, text                                                               \
	}
	static const struct {
		const char *p;
		size_t n;
		const char *want;
	} rows[] = {
		BAD("\x12", "proto: unexpected EOF"),
		BAD("\x12\x05hi", "proto: unexpected EOF"),
		BAD("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "proto: unexpected EOF"),
		BAD("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "proto: integer overflow"),
		BAD("\x10\x01", "proto: wrong wireType"),
		BAD("\xa3\x06", "proto: illegal wireType"),
		BAD("\xa6\x06", "proto: illegal wireType"),
		BAD("\x00\x00", "proto: illegal tag"),
		BAD("\x12\x02\xc3\x28", "proto: a string holds invalid UTF-8"),
		BAD("\x0a\x0a\x42\x08\x08\xff\xff\xff\xff\xff\xff\x03", "proto: a time out of range"),
		BAD("\x32\x05\x0a\x03\x61\x00\x62", "proto: a map key holds a NUL"),
		BAD("\xa1\x01\x00\x00\x00\x00\x00\x00\xf0\x7f", "proto: a number that JSON cannot express"),
		BAD("\x82\x01\x03\x0a\x01{", NULL),
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *o = pb_decode(thing, rows[i].p, rows[i].n, &err);
		assert_null(o);
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		if (rows[i].want)
			assert_string_equal(err.msg, rows[i].want);
	}
}

static void bounded(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf many = BUF_INIT;
	for (int i = 0; i < 200000; i++)
		buf_add(&many, "\x52\x00", 2);
	assert_null(pb_decode(thing, many.p, many.len, &err));
	assert_string_equal(err.msg, "proto: too many values");

	/* items[0].nested.items[0].nested … : each level is two messages with a length of up to three bytes
	 */
	autobuf struct buf deep = BUF_INIT;
	for (int i = 0; i < 2000; i++) {
		autobuf struct buf outer = BUF_INIT;
		buf_addc(&outer, i % 2 ? 0x52 : 0x12);
		for (size_t n = deep.len;; n >>= 7) {
			buf_addc(&outer, (char)(n >= 0x80 ? n | 0x80 : n));
			if (n < 0x80)
				break;
		}
		buf_add(&outer, buf_str(&deep), deep.len);
		buf_clear(&deep);
		buf_add(&deep, outer.p, outer.len);
	}
	assert_null(pb_decode(thing, deep.p, deep.len, &err));
	assert_string_equal(err.msg, "proto: exceeded max depth");
}

static void round_trip(void **state)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"n\",\"created\":\"2026-01-02T15:04:05Z\",\"labels\":{\"a\":\"\",\"b\":\"c\"}},"
		"\"text\":\"h\xc3\xa9\",\"flag\":true,\"small\":-5,\"big\":0,\"data\":{\"k\":\"AP8=\"},"
		"\"amount\":{\"cpu\":\"100m\"},\"port\":\"25%\",\"a\":{\"name\":\"\",\"nested\":{\"metadata\":{\"created\":null},\"port\":3,\"seen\":null}},"
		"\"items\":[{\"name\":\"1\"},{\"name\":\"\"}],\"raw\":{\"x\":[1,null]},\"numbers\":[1,-2],"
		"\"seen\":\"1969-12-31T23:59:59.500000Z\",\"extra\":{\"k\":[\"a\",\"b\"]},\"ratio\":1.5}";
	struct err err = ERR_INIT;
	autojson js *o = js_parse(text, sizeof(text) - 1, NULL, &err), *back = NULL;
	autobuf struct buf b = BUF_INIT, again = BUF_INIT;
	struct pb_envelope e;
	assert_int_equal(pb_encode(&b, thing, "g/v1", "Thing", o, &err), 0);
	assert_int_equal(pb_open(b.p, b.len, &e, &err), 0);
	assert_string_equal(e.api_version, "g/v1");
	assert_string_equal(e.kind, "Thing");
	back = pb_decode(thing, e.raw, e.raw_len, &err);
	assert_non_null(back);
	js_write(&again, back);
	assert_string_equal(buf_str(&again), text);
}

static void envelope(void **state)
{
	struct err err = ERR_INIT;
	struct pb_envelope e;
	assert_int_equal(pb_open("{}", 2, &e, &err), -1);
	assert_int_equal(pb_open("k8s", 3, &e, &err), -1);
	assert_int_equal(pb_open("k8s\0\x0a\x05", 6, &e, &err), -1);
	assert_string_equal(err.msg, "proto: unexpected EOF");
	assert_int_equal(pb_open("k8s\0", 4, &e, &err), 0);
	assert_string_equal(e.kind, "");
	assert_int_equal(e.raw_len, 0);
	static const char whole[] = "k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x01x\x1a\x00\x22\x01y";
	assert_int_equal(pb_open(whole, sizeof(whole) - 1, &e, &err), 0);
	assert_string_equal(e.api_version, "v1");
	assert_string_equal(e.kind, "Pod");
	assert_int_equal(e.raw_len, 1);
	assert_int_equal(e.raw[0], 'x');
}

/* A message that is embedded in one that is embedded; its fields are the outermost's in JSON. */
static void embedded_twice(void **state)
{
	static const char bytes[] = "\x0a\x01X\x12\x0e\x0a\x01M\x12\x06\x0a\x01"
				    "D\x12\x01"
				    "E\x1a\x01N\x1a\x05\x0a\x03\x0a\x01I\x22\x01Y";
	static const char json[] =
		"{\"x\":\"X\",\"m\":\"M\",\"d\":\"D\",\"e\":[\"E\"],\"p\":\"N\",\"a\":{\"name\":\"I\"},\"q\":\"Y\"}";
	const struct type *t = schema_type(schema, "Outer");
	struct err err = ERR_INIT;
	autojson js *o = pb_decode(t, bytes, sizeof(bytes) - 1, &err);
	autobuf struct buf text = BUF_INIT, b = BUF_INIT;
	struct pb_envelope e;
	if (!o)
		fail_msg("%s", err.msg);
	schema_write(&text, t, o);
	assert_string_equal(buf_str(&text), json);
	assert_int_equal(pb_encode(&b, t, "v1", "Outer", o, &err), 0);
	assert_int_equal(pb_open(b.p, b.len, &e, &err), 0);
	assert_int_equal(e.raw_len, sizeof(bytes) - 1);
	assert_memory_equal(e.raw, bytes, e.raw_len);
	/* what is no embedded message's number is skipped inside, too */
	static const char odd[] = "\x12\x08\x12\x06\x12\x01"
				  "E\x1a\x01N";
	autojson js *some = pb_decode(t, odd, sizeof(odd) - 1, &err);
	assert_non_null(some);
	assert_null(js_field(some, "p"));
	assert_int_equal(js_len(js_field(some, "e")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes), cmocka_unit_test(embedded_twice), cmocka_unit_test(refuses),
		cmocka_unit_test(bounded), cmocka_unit_test(round_trip),     cmocka_unit_test(envelope),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

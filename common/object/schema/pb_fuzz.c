/* SPDX-License-Identifier: Apache-2.0 */
/* What can be decoded can be encoded, and decoding that gives the same tree. */
#include <assert.h>
#include <stdlib.h>
#include "object/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char yaml[] =
	"package: core/v1\n"
	"types:\n"
	"  T: {a: 1 string, b: '2 *T', c: '3 [T]', d: '4 {string}', e: 5 int32, f: 6 quantity, g: '7 *time', h: '8 *microtime',"
	" i: 9 U inline, j: '10 {[string]}', k: '11 [int64]', l: '12 *bool', m: 13 intstr, n: 14 raw, o: '15 {bytes}', p: 16 double, q: '17 {T}', r: '18 [string] wrapped'}\n"
	"  U: {x: '1 *T', y: '2 [string]'}\n";

static const struct type *type(void)
{
	static struct schema *s;
	struct schema_file f = {.name = "f.yaml", .p = yaml, .n = sizeof(yaml) - 1};
	struct err err = ERR_INIT;
	if (!s)
		s = schema_load(&f, 1, &err);
	assert(s);
	return schema_type(s, "T");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pb_envelope e;
	struct err err = ERR_INIT;
	if (pb_open((const char *)p, n, &e, &err) < 0) {
		assert(err.reason == REASON_BAD_REQUEST);
		e = (struct pb_envelope){.raw = (const char *)p, .raw_len = n};
	}
	autojson js *o = pb_decode(type(), e.raw, e.raw_len, &err);
	if (!o)
		return 0;
	autobuf struct buf b = BUF_INIT;
	int r = pb_encode(&b, type(), "v1", "T", o, &err);
	assert(r == 0);
	r = pb_open(b.p, b.len, &e, &err);
	assert(r == 0);
	autojson js *again = pb_decode(type(), e.raw, e.raw_len, &err);
	assert(js_equal(o, again));
	return 0;
}

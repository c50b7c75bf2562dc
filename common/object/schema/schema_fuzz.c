/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind file that loads can be worked with: whatever its types are, decoding a document with them gives a
 * tree that conforms to them, the same whether its document is copied or taken, and every walk over it ends.
 */
#include <assert.h>
#include <stdlib.h>
#include "object/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char document[] =
	"{\"kind\":\"T\",\"a\":{\"a\":[{\"b\":1}],\"b\":\"x\"},\"b\":[1,\"\",null],\"c\":null,\"d\":{\"x\":\"1\"}}";

static void walk(const struct schema *s, const char *name)
{
	const struct type *t = schema_type(s, name);
	struct err err;
	if (!t)
		return;
	autojson js *in = js_parse(document, sizeof(document) - 1, NULL, &err);
	struct strict_errors strict = {0};
	autojson js *out = schema_decode(t, in, &strict, &err);
	schema_strict_errors_release(&strict);
	autojson js *taken = schema_take(t, js_parse(document, sizeof(document) - 1, NULL, &err), NULL, &err);
	assert(!taken == !out && (!out || js_equal(taken, out)));
	if (!out)
		return;
	autojson js *again = schema_conform(t, out, NULL, &err);
	assert(again);
	struct field_errors errs = {.n = 0};
	schema_validate(t, out, "", &errs);
	schema_validate_update(t, out, again, "", &errs);
	field_errors_release(&errs);
	autobuf struct buf b = BUF_INIT;
	schema_write(&b, t, out);
	autojson js *written = js_parse(buf_str(&b), b.len, NULL, &err);
	assert(js_equal(written, out));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct schema_file f = {.name = "f.yaml", .p = (const char *)p, .n = n};
	struct err err = ERR_INIT;
	if (n > 8192) /* more is only slower */
		return 0;
	struct schema *s = schema_load(&f, 1, &err);
	if (!s) {
		assert(err.reason != REASON_NONE);
		return 0;
	}
	walk(s, "T");
	walk(s, "U");
	const struct kind *const *kinds;
	size_t n_kinds = schema_kinds(s, &kinds);
	for (size_t i = 0; i < n_kinds; i++) {
		assert(schema_kind(s, kinds[i]->group, kinds[i]->version, kinds[i]->kind) == kinds[i]);
		assert(kinds[i]->type && kinds[i]->storage && kinds[i]->storage_kind);
		autojson js *o = js_new_obj(), *c = schema_convert(kinds[i], kinds[i]->storage_kind, o);
		assert(c);
	}
	schema_free(s);
	return 0;
}

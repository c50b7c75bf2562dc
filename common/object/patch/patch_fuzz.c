/* SPDX-License-Identifier: Apache-2.0 */
/* Input: document NUL patch. No form of patch may change its inputs, and what comes out can be written and
 * read. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "object/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char yaml[] =
	"package: core/v1\n"
	"types:\n"
	"  T: {a: '1 [T] merge=n', b: '2 [string] merge', c: 3 U, d: '4 {T}', n: 5 string, e: '6 [T]'}\n"
	"  U: {a: '1 *T', b: '2 [T] merge=a'}\n";

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

static void check(js *got, const struct err *err)
{
	if (!got) {
		assert(err->reason == REASON_BAD_REQUEST || err->reason == REASON_INVALID ||
		       err->reason == REASON_TOO_LARGE || err->reason == REASON_UNKNOWN);
		return;
	}
	autobuf struct buf b = BUF_INIT;
	struct err ignored;
	js_write(&b, got);
	autojson js *again = js_parse(buf_str(&b), b.len, NULL, &ignored);
	assert(again || json_object_get_type(got) != json_type_object);
	json_object_put(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *nul = memchr(p, 0, n);
	struct err err = ERR_INIT;
	if (!nul)
		return 0;
	autojson js *doc = js_parse((const char *)p, (size_t)(nul - p), NULL, &err);
	autojson js *patch = js_parse((const char *)nul + 1, n - (size_t)(nul + 1 - p), NULL, &err);
	if (!js_is_obj(doc) || !patch)
		return 0;
	autobuf struct buf before = BUF_INIT, after = BUF_INIT;
	js_write(&before, doc);
	js_write(&before, patch);
	check(patch_strategic(doc, patch, type(), &err), &err);
	check(patch_merge(doc, patch, &err), &err);
	check(patch_json(doc, patch, &err), &err);
	js_write(&after, doc);
	js_write(&after, patch);
	assert(before.len == after.len && memcmp(before.p, after.p, before.len) == 0);
	if (js_is_obj(patch)) {
		autojson js *diff = patch_merge_diff(doc, patch);
		check(patch_merge(doc, diff, &err), &err);
	}
	return 0;
}

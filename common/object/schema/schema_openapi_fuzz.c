/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schema up to the first NUL, then a document, both JSON: a schema that is accepted can be worked with, and what it makes
 * of a document conforms to it.
 */
#include <assert.h>
#include <string.h>
#include "object/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char kind[] =
	"{\"kind\":\"T\",\"group\":\"g\",\"version\":\"v1\",\"resource\":\"ts\",\"singular\":\"t\",\"scope\":\"Cluster\"}";

static void work(const struct type *t, const js *in)
{
	struct err err = ERR_INIT;
	struct strict_errors strict = {0};
	autojson js *o = in ? schema_decode(t, in, &strict, &err) : NULL;
	schema_strict_errors_release(&strict);
	if (!o)
		return;
	struct field_errors errs = {.n = 0};
	schema_validate(t, o, "", &errs);
	field_errors_release(&errs);
	autojson js *again = schema_decode(t, o, NULL, &err);
	assert(again && js_equal(again, o));
	autobuf struct buf b = BUF_INIT;
	schema_write(&b, t, o);
	autojson js *written = js_parse(buf_str(&b), b.len, NULL, &err);
	assert(js_equal(written, o));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct schema_file none = {.name = "f", .p = "package: x/v1\n", .n = 14};
	const uint8_t *nul = memchr(p, 0, n);
	size_t first = nul ? (size_t)(nul - p) : n;
	if (n > 8192)
		return 0;
	autojson js *openapi = js_parse((const char *)p, first, NULL, &err);
	autojson js *in = nul ? js_parse((const char *)nul + 1, n - first - 1, NULL, &err) : NULL;
	autojson js *item = js_parse(kind, sizeof(kind) - 1, NULL, &err);
	struct schema *s = schema_load(&none, 1, &err);
	struct schema_builder *b = openapi ? schema_builder_new(s) : NULL;
	struct schema_part *part = NULL;
	err = (struct err)ERR_INIT;
	if (b && schema_builder_openapi(b, "T", openapi, &err) == 0 &&
	    schema_builder_kind(b, item, &err) == 0)
		part = schema_builder_finish(b, &err);
	else
		schema_builder_free(b);
	assert(part || !openapi || err.reason != REASON_NONE);
	struct kind *const *kinds;
	if (part && schema_part_kinds(part, &kinds))
		work(kinds[0]->type, in);
	schema_part_free(part);
	schema_free(s);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A path, a NUL and a document: neither takes long, nor does the one in the other. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "object/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autoarena struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	const uint8_t *end = memchr(p, 0, n);
	size_t len = end ? (size_t)(end - p) : n;
	const struct jsonpath *path = jsonpath_compile(&arena, (const char *)p, len, &err);

	if (!path || !end)
		return 0;
	autojson js *o = js_parse((const char *)end + 1, n - len - 1, NULL, &err);
	const js *v = NULL;

	if (o && jsonpath_first(path, o, &v)) {
		autobuf struct buf b = BUF_INIT;
		if (v)
			js_write(&b, v);
	}
	return 0;
}

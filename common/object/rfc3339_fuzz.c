/* SPDX-License-Identifier: Apache-2.0 */
/* A time that was read is written and read again as the same instant. */
#include <assert.h>
#include <string.h>
#include "base/mem.h"
#include "object/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *s = mem_strndup((const char *)p, n);
	char text[RFC3339_MAX], human[RFC3339_MAX];
	struct rfc3339_time t, same;
	struct err err;
	int64_t ns, again;

	if (rfc3339_read(s, true, &t, &err) == 0) {
		rfc3339_write(&t, 6, text);
		assert(rfc3339_read(text, true, &same, &err) == 0 && same.s == t.s && same.ns == t.ns);
	}
	if (rfc3339_parse(s, &ns, &err))
		return 0;
	rfc3339_human(ns, human);
	rfc3339_format_nano(ns, text);
	assert(rfc3339_parse(text, &again, &err) == 0 && again == ns);
	return 0;
}

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
	struct err err;
	int64_t ns, again;

	if (rfc3339_parse(s, &ns, &err))
		return 0;
	rfc3339_human(ns, human);
	rfc3339_format_nano(ns, text);
	int rc = rfc3339_parse(text, &again, &err);

	/* An offset may carry the year just over the edge. */
	assert(rc ? !strncmp(text, "1677", 4) || !strncmp(text, "2262", 4) : again == ns);
	return 0;
}

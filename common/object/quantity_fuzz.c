/* SPDX-License-Identifier: Apache-2.0 */
/* A canonical text reads back as the same value and is its own canonical text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	autofree char *s = mem_strndup((const char *)p, n);
	char a[QUANTITY_TEXT_MAX], b[QUANTITY_TEXT_MAX];
	struct quantity q, again;
	struct err err;

	if (quantity_parse(s, &q, &err))
		return 0;
	quantity_format(&q, a);
	if (quantity_parse(a, &again, &err))
		abort();
	quantity_format(&again, b);
	assert(!strcmp(a, b) && !quantity_cmp(&q, &again));
	assert(quantity_value(&q) <= quantity_milli(&q) || q.nano <= 0);
	return 0;
}

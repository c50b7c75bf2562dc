/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern up to the first NUL, then a text: every pattern is refused or matched, in a time that is bounded. */
#include <assert.h>
#include <string.h>
#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *nul = memchr(p, 0, n);
	size_t pattern = nul ? (size_t)(nul - p) : n, text = nul ? n - pattern - 1 : 0;
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct regex *r = regex_compile(&a, (const char *)p, pattern, &err);
	if (!r)
		assert(err.reason != REASON_NONE);
	else if (text < 1024)
		regex_match(r, nul ? (const char *)nul + 1 : "", text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "os/figure.h"

#include <stdlib.h>
#include <string.h>

int64_t figure_of(const char *text, const char *word, int64_t absent)
{
	size_t n = strlen(word);

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, word, n))
			return strtoll(p + n, NULL, 10);
	return absent;
}

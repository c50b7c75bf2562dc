/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says in what pieces the page comes; with an empty prefix nothing is added but what is cleaned away. */
#include <stddef.h>
#include <stdint.h>
#include "rest/connect/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct links *l = links_new("/p", "h:1", "c");
	autobuf struct buf out = BUF_INIT;
	size_t step = n ? p[0] + 1u : 1;

	for (size_t at = 1; at < n; at += step)
		links_add(l, (const char *)p + at, n - at < step ? n - at : step, n - at <= step, &out);
	links_free(l);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* However a stream is cut, the same lines come out. The first byte is the size of the pieces. */
#include "client/lines.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool collect(void *arg, const char *line, size_t n)
{
	if (memchr(line, '\n', n))
		abort();
	buf_add(arg, line, n);
	buf_addc(arg, '\n');
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct lines whole = LINES_INIT(0), pieces = LINES_INIT(0);
	autobuf struct buf a = BUF_INIT, b = BUF_INIT;
	size_t step = n ? (size_t)p[0] + 1 : 1;

	if (!n)
		return 0;
	lines_feed(&whole, (const char *)p + 1, n - 1, collect, &a);
	for (size_t i = 1; i < n; i += step)
		lines_feed(&pieces, (const char *)p + i, n - i < step ? n - i : step, collect, &b);
	if (strcmp(buf_str(&a), buf_str(&b)) || whole.partial.len != pieces.partial.len)
		abort();
	lines_release(&whole);
	lines_release(&pieces);
	return 0;
}

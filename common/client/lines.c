/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lines.h"

void lines_release(struct lines *l)
{
	buf_release(&l->partial);
}

void lines_clear(struct lines *l)
{
	/* One giant line must not keep its memory for the life of a quiet watch. */
	if (l->partial.cap > 16384)
		buf_release(&l->partial);
	else
		buf_clear(&l->partial);
}

static bool emit(const char *p, size_t n, lines_fn *fn, void *arg)
{
	if (n && p[n - 1] == '\r')
		n--;
	return !n || fn(arg, p, n);
}

enum lines_result lines_feed(struct lines *l, const char *p, size_t n, lines_fn *fn, void *arg)
{
	while (n) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) : n;
		bool go_on = true;

		if (l->partial.max && l->partial.len + len > l->partial.max)
			return LINES_TOO_LONG;
		if (!nl || l->partial.len)
			buf_add(&l->partial, p, len);
		if (!nl)
			return LINES_OK;
		if (l->partial.len) {
			go_on = emit(l->partial.p, l->partial.len, fn, arg);
			lines_clear(l);
		} else {
			go_on = emit(p, len, fn, arg);
		}
		if (!go_on)
			return LINES_STOPPED;
		p = nl + 1;
		n -= len + 1;
	}
	return LINES_OK;
}

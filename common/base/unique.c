/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unique.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

void unique_release(struct unique *u)
{
	buf_release(&u->keys);
	map_release(&u->many);
	*u = (struct unique){.n = 0};
}

/* A map knows no NULL, and 0 is an index. */
static void *value_of(size_t index)
{
	return (void *)(uintptr_t)(index + 1);
}

static void move_to_map(struct unique *u)
{
	for (size_t i = 0, at = 0; i < UNIQUE_FEW; at = u->end[i++])
		map_setn(&u->many, buf_str(&u->keys) + at, u->end[i] - at, value_of(u->index[i]));
	buf_release(&u->keys);
}

static size_t first_of_many(struct unique *u, const void *key, size_t n, size_t index)
{
	void *old = map_getn(&u->many, key, n);
	if (old)
		return (size_t)(uintptr_t)old - 1;
	map_setn(&u->many, key, n, value_of(index));
	return index;
}

/* Among the few; SIZE_MAX when it is new. */
static size_t find(const struct unique *u, const void *key, size_t n)
{
	for (size_t i = 0, at = 0; i < u->n; at = u->end[i++])
		if (u->end[i] - at == n && (n == 0 || memcmp(u->keys.p + at, key, n) == 0))
			return u->index[i];
	return SIZE_MAX;
}

bool unique_has(const struct unique *u, const char *key)
{
	return unique_has_n(u, key, strlen(key));
}

bool unique_has_n(const struct unique *u, const void *key, size_t n)
{
	return u->n > UNIQUE_FEW ? map_getn(&u->many, key, n) != NULL : find(u, key, n) != SIZE_MAX;
}

size_t unique_first(struct unique *u, const void *key, size_t n, size_t index)
{
	if (u->n > UNIQUE_FEW)
		return first_of_many(u, key, n, index);
	size_t old = find(u, key, n);
	if (old != SIZE_MAX)
		return old;
	if (u->n == UNIQUE_FEW) {
		u->n++;
		move_to_map(u);
		return first_of_many(u, key, n, index);
	}
	buf_add(&u->keys, key, n);
	u->end[u->n] = u->keys.len;
	u->index[u->n++] = index;
	return index;
}

bool unique_seen(struct unique *u, const char *key)
{
	size_t i = u->seen++;
	return unique_first(u, key, strlen(key), i) != i;
}

bool unique_seen_f(struct unique *u, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	return unique_seen(u, buf_str(&b));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	max_align_t bytes[];
};

void arena_release(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena)ARENA_INIT;
}

static void *take(struct arena *a, size_t n, size_t align)
{
	size_t pad = a->p ? (size_t)(-(uintptr_t)a->p & (align - 1)) : 0;
	if (!a->p || (size_t)(a->end - a->p) < pad + n) {
		size_t room = n > CHUNK - sizeof(struct arena_chunk) ? n : CHUNK - sizeof(struct arena_chunk);
		struct arena_chunk *c = mem_zalloc(sizeof(*c) + room);
		c->next = a->chunks;
		a->chunks = c;
		/* A large piece gets a chunk of its own; the room left in the current one stays usable. */
		if (a->p && n > CHUNK / 4)
			return c->bytes;
		a->p = (char *)c->bytes;
		a->end = a->p + room;
		pad = 0;
	}
	void *p = a->p + pad;
	a->p += pad + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return take(a, n, alignof(max_align_t));
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		abort();
	return take(a, total, alignof(max_align_t));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = take(a, n + 1, 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	return arena_strndup(a, buf_str(&b), b.len);
}

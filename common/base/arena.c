/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks in a list, the newest first; bytes are taken from its front. See arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_MIN = 1024, CHUNK_MAX = 32 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of the whole */
	max_align_t bytes[];
};

void arena_borrow(struct arena *a, void *p, size_t n)
{
	a->p = p;
	a->end = a->p + n;
}

void arena_release(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena)ARENA_INIT;
}

static size_t next_size(const struct arena *a)
{
	size_t size = a->chunks ? 2 * a->chunks->size : CHUNK_MIN;
	return size < CHUNK_MAX ? size : CHUNK_MAX;
}

/* A large piece gets a chunk of its own, behind the current one, whose room stays usable. */
static void *take_large(struct arena *a, size_t n)
{
	struct arena_chunk *c = mem_alloc(sizeof(*c) + n);
	c->next = a->chunks ? a->chunks->next : NULL;
	c->size = CHUNK_MIN;
	if (a->chunks)
		a->chunks->next = c;
	else
		a->chunks = c;
	return c->bytes;
}

static void *take(struct arena *a, size_t n, size_t align)
{
	size_t pad = (size_t)(-(uintptr_t)a->p & (align - 1));
	if (!a->p || (size_t)(a->end - a->p) < pad || (size_t)(a->end - a->p) - pad < n) {
		size_t size = next_size(a);
		if (n > size / 4)
			return take_large(a, n);
		struct arena_chunk *c = mem_alloc(size);
		c->next = a->chunks;
		c->size = size;
		a->chunks = c;
		a->p = (char *)c->bytes;
		a->end = (char *)c + size;
		pad = 0;
	}
	void *p = a->p + pad;
	a->p += pad + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(take(a, n, alignof(max_align_t)), 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		abort();
	return arena_alloc(a, total);
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

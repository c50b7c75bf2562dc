/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/pod_arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1024 };

struct pod_arena_chunk {
	struct pod_arena_chunk *next;
	max_align_t bytes[];
};

void pod_arena_release(struct pod_arena *a)
{
	for (struct pod_arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct pod_arena)POD_ARENA_INIT;
}

static void *take(struct pod_arena *a, size_t n, size_t align)
{
	size_t pad = a->p ? (size_t)(-(uintptr_t)a->p & (align - 1)) : 0;
	if (!a->p || (size_t)(a->end - a->p) < pad + n) {
		size_t room = n > CHUNK - sizeof(struct pod_arena_chunk)
				      ? n
				      : CHUNK - sizeof(struct pod_arena_chunk);
		struct pod_arena_chunk *c = mem_zalloc(sizeof(*c) + room);
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

void *pod_arena_alloc(struct pod_arena *a, size_t n)
{
	return take(a, n, alignof(max_align_t));
}

void *pod_arena_array(struct pod_arena *a, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		abort();
	return take(a, total, alignof(max_align_t));
}

char *pod_arena_strndup(struct pod_arena *a, const char *s, size_t n)
{
	char *p = take(a, n + 1, 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *pod_arena_strdup(struct pod_arena *a, const char *s)
{
	return s ? pod_arena_strndup(a, s, strlen(s)) : NULL;
}

char *pod_arena_printf(struct pod_arena *a, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	return pod_arena_strndup(a, buf_str(&b), b.len);
}

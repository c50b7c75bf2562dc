/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once: a decoded Pod is a hundred small strings that live and die together.
 *
 * Nothing in an arena is freed alone. Chunks start at 1 KiB and double up to 32 KiB, so that a small Pod costs one
 * or two of them and a schema not hundreds. An arena may begin in memory of the caller's (arena_borrow), so that a
 * short-lived one need not allocate at all. One thread at a time; a finished arena that nobody adds to may be read
 * from any thread.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/buf.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks;
	char *p, *end;
};

#define ARENA_INIT                                                                                           \
	{                                                                                                    \
		0                                                                                            \
	}
/* An empty arena takes its first n bytes from p, which outlives it. */
void arena_borrow(struct arena *a, void *p, size_t n);
void arena_release(struct arena *a);
#define autoarena __attribute__((cleanup(arena_release)))

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once: a decoded Pod is a hundred small strings that live and die together.
 *
 * Nothing in an arena is freed alone. Chunks start at 1 KiB, so that a small Pod costs one or two of them.
 * One thread at a time; a finished arena that nobody adds to may be read from any thread.
 */
#ifndef POD_POD_ARENA_H
#define POD_POD_ARENA_H

#include "base/buf.h"

struct pod_arena_chunk;
struct pod_arena {
	struct pod_arena_chunk *chunks;
	char *p, *end;
};

#define POD_ARENA_INIT                                                                                       \
	{                                                                                                    \
		0                                                                                            \
	}
void pod_arena_release(struct pod_arena *a);
#define autopodarena __attribute__((cleanup(pod_arena_release)))

void *pod_arena_alloc(struct pod_arena *a, size_t n); /* zeroed, aligned for any type */
void *pod_arena_array(struct pod_arena *a, size_t n, size_t size);
char *pod_arena_strdup(struct pod_arena *a, const char *s); /* NULL gives NULL */
char *pod_arena_strndup(struct pod_arena *a, const char *s, size_t n);
char *pod_arena_printf(struct pod_arena *a, const char *fmt, ...) PRINTF(2, 3);

#endif

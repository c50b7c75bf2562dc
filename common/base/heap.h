/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive binary min-heap: timers, delayed queues, the scheduler's active queue.
 *
 * A node knows its own place, so removal and re-ordering of any member are O(log n). The heap owns its array,
 * not the nodes. One thread at a time.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap_node {
	size_t pos; /* 1-based place in the array; 0 = not in a heap */
};

/* True when a must come out before b. */
typedef bool heap_less_fn(const struct heap_node *a, const struct heap_node *b);

struct heap {
	struct heap_node **v; /* v[0] unused */
	size_t len, cap;
	heap_less_fn *less;
};

#define HEAP_INIT(f)                                                                                         \
	{                                                                                                    \
		.less = (f)                                                                                  \
	}
void heap_release(struct heap *h); /* the nodes are the caller's and not touched: they may be freed already */
void heap_push(struct heap *h, struct heap_node *n);
struct heap_node *heap_peek(const struct heap *h); /* NULL when empty */
struct heap_node *heap_pop(struct heap *h);
void heap_remove(struct heap *h, struct heap_node *n); /* no-op when n is in no heap */
void heap_update(struct heap *h, struct heap_node *n); /* n's order changed */

#endif

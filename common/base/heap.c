/* SPDX-License-Identifier: Apache-2.0 */
/* Why intrusive: timers and queued items are cancelled and re-ordered far more often than they come out. */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>
#include "base/mem.h"

static inline void place(struct heap *h, size_t i, struct heap_node *n)
{
	h->v[i] = n;
	n->pos = i;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *n = h->v[i];

	for (; i > 1 && h->less(n, h->v[i / 2]); i /= 2)
		place(h, i, h->v[i / 2]);
	place(h, i, n);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *n = h->v[i];

	for (size_t child; (child = 2 * i) <= h->len; i = child) {
		if (child < h->len && h->less(h->v[child + 1], h->v[child]))
			child++;
		if (!h->less(h->v[child], n))
			break;
		place(h, i, h->v[child]);
	}
	place(h, i, n);
}

void heap_release(struct heap *h)
{
	free(h->v);
	h->v = NULL;
	h->len = h->cap = 0;
}

void heap_push(struct heap *h, struct heap_node *n)
{
	assert(!n->pos);
	if (h->len + 1 >= h->cap) {
		h->cap = h->cap ? 2 * h->cap : 16;
		h->v = mem_realloc_array(h->v, h->cap, sizeof(struct heap_node *));
	}
	place(h, ++h->len, n);
	sift_up(h, h->len);
}

struct heap_node *heap_peek(const struct heap *h)
{
	return h->len ? h->v[1] : NULL;
}

struct heap_node *heap_pop(struct heap *h)
{
	struct heap_node *n = heap_peek(h);

	if (n)
		heap_remove(h, n);
	return n;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	size_t i = n->pos;

	if (!i)
		return;
	assert(i <= h->len && h->v[i] == n);
	struct heap_node *last = h->v[h->len--];

	n->pos = 0;
	if (last != n) {
		place(h, i, last);
		heap_update(h, last);
	}
	/* A burst should not keep its memory for ever. */
	if (h->cap > 64 && h->len + 1 < h->cap / 4) {
		h->cap /= 2;
		h->v = mem_realloc_array(h->v, h->cap, sizeof(struct heap_node *));
	}
}

void heap_update(struct heap *h, struct heap_node *n)
{
	assert(n->pos && n->pos <= h->len && h->v[n->pos] == n);
	sift_up(h, n->pos);
	sift_down(h, n->pos);
}

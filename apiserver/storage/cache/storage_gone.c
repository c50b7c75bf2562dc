/* SPDX-License-Identifier: Apache-2.0 */
/* Resources that were removed: out of every table, and freed when nobody can hold them any more. */
#include <stdlib.h>
#include "storage/cache/resource_internal.h"
#include "storage/cache/storage_internal.h"

/* Behind the next ones it still leads to those that follow: who goes through them may stand on it. */
void storage_gone_add(struct storage *s, struct resource *r)
{
	struct resource *_Atomic *head = &s->resources;
	if (atomic_load(head) == r) {
		atomic_store_explicit(head, r->next, memory_order_release);
	} else {
		struct resource *before = atomic_load(head);
		while (before->next != r)
			before = before->next;
		atomic_store_explicit(&before->next, r->next, memory_order_release);
	}
	r->removed_epoch = schema_epoch(s->schema);
	r->gone_next = s->gone;
	s->gone = r;
}

static void forget_places(struct storage *s, const struct resource *r)
{
	for (size_t i = 0; i < KIND_CHUNKS; i++)
		for (size_t k = 0; s->by_kind[i] && k < KIND_CHUNK; k++)
			if (atomic_load_explicit(&s->by_kind[i][k], memory_order_relaxed) == r)
				atomic_store_explicit(&s->by_kind[i][k], NULL, memory_order_relaxed);
}

/* Frees what was removed when no request and no watcher can hold it any more. Kinds come and go seldom: those that go
 * now are looked at when the next one comes or goes. */
void storage_gone_free(struct storage *s, bool all)
{
	for (struct resource **at = &s->gone; *at;) {
		struct resource *r = *at;
		if (!all && (atomic_load_explicit(&r->n_holders, memory_order_acquire) ||
			     !schema_passed(s->schema, r->removed_epoch))) {
			at = &r->gone_next;
			continue;
		}
		*at = r->gone_next;
		forget_places(s, r);
		resource_release(r);
		free(r);
	}
}

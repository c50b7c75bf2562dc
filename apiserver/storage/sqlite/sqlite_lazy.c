/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sqlite/sqlite_lazy.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/mem.h"

void lazy_init(struct lazy *l)
{
	*l = (struct lazy){.since_ns = CLOCK_NEVER};
}

void lazy_entry_free(struct lazy_entry *e)
{
	if (!e)
		return;
	free(e->key);
	free(e->value);
	free(e);
}

void lazy_release(struct lazy *l)
{
	struct map_iter it = {0};
	while (map_next(&l->by_key, &it))
		lazy_entry_free(it.value);
	map_release(&l->by_key);
	lazy_init(l);
}

struct lazy_entry *lazy_get(const struct lazy *l, const char *key)
{
	return map_len(&l->by_key) ? map_get(&l->by_key, key) : NULL;
}

void lazy_put(struct lazy *l, struct lazy_entry *e, int64_t now_ns)
{
	struct lazy_entry *old = map_set(&l->by_key, e->key, e);
	l->bytes += e->len + sizeof(*e);
	if (old)
		l->bytes -= old->len + sizeof(*old);
	lazy_entry_free(old);
	if (l->since_ns == CLOCK_NEVER) {
		l->since_ns = now_ns;
		l->since_rev = e->rev;
	}
	if (e->rev < l->since_rev) /* put back after a failed commit */
		l->since_rev = e->rev;
}

struct lazy_entry *lazy_take(struct lazy *l, const char *key)
{
	struct lazy_entry *e = lazy_get(l, key);
	if (!e)
		return NULL;
	map_del(&l->by_key, key);
	l->bytes -= e->len + sizeof(*e);
	if (!map_len(&l->by_key))
		l->since_ns = CLOCK_NEVER;
	return e;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sqlite/sqlite_lazy_internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/mem.h"

void sqlite_lazy_init(struct sqlite_lazy *l)
{
	*l = (struct sqlite_lazy){.since_ns = CLOCK_NEVER};
}

void sqlite_lazy_entry_free(struct sqlite_lazy_entry *e)
{
	if (!e)
		return;
	free(e->key);
	free(e->value);
	free(e);
}

void sqlite_lazy_release(struct sqlite_lazy *l)
{
	struct map_iter it = {0};
	while (map_next(&l->by_key, &it))
		sqlite_lazy_entry_free(it.value);
	map_release(&l->by_key);
	sqlite_lazy_init(l);
}

struct sqlite_lazy_entry *sqlite_lazy_get(const struct sqlite_lazy *l, const char *key)
{
	return map_len(&l->by_key) ? map_get(&l->by_key, key) : NULL;
}

void sqlite_lazy_put(struct sqlite_lazy *l, struct sqlite_lazy_entry *e, int64_t now_ns)
{
	struct sqlite_lazy_entry *old = map_set(&l->by_key, e->key, e);
	l->bytes += e->len + sizeof(*e);
	if (old)
		l->bytes -= old->len + sizeof(*old);
	sqlite_lazy_entry_free(old);
	if (l->since_ns == CLOCK_NEVER) {
		l->since_ns = now_ns;
		l->since_rev = e->rev;
	}
	if (e->rev < l->since_rev) /* put back after a failed commit */
		l->since_rev = e->rev;
}

struct sqlite_lazy_entry *sqlite_lazy_take(struct sqlite_lazy *l, const char *key)
{
	struct sqlite_lazy_entry *e = sqlite_lazy_get(l, key);
	if (!e)
		return NULL;
	map_del(&l->by_key, key);
	l->bytes -= e->len + sizeof(*e);
	if (!map_len(&l->by_key))
		l->since_ns = CLOCK_NEVER;
	return e;
}

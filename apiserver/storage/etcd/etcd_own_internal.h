/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of this process that the watch has not shown yet.
 *
 * The watch tells the order of all writes, the reply tells a writer its revision, and either may come first.
 * An event is recognised as a waiting write's own by its key and its bytes, compared as they travel: equal bytes mean that the object which the writer has built is the event's object, whoever's
 * write it was. So nothing that this process has encoded is ever decoded by it. A write whose reply has come
 * ends, within a bounded time, when the watch has passed its revision: then the cache holds it.
 *
 * All of it on the client's thread.
 */
#ifndef STORAGE_ETCD_ETCD_OWN_INTERNAL_H
#define STORAGE_ETCD_ETCD_OWN_INTERNAL_H

#include "base/list.h"
#include "storage/etcd/etcd_wire_internal.h"

struct etcd_own { /* lives in the write */
	struct list link;
	const char *key;
	struct etcd_wire_slice sent_key, sent_value; /* sent_value.p NULL: a deletion */
	void *cookie;				     /* NULL: is never recognised */
	uint64_t rev;				     /* from the reply; 0 before */
	bool matched, shown;
	void (*done)(struct etcd_own *o); /* the watch has passed rev; o is out of the list */
};
struct etcd_own_list {
	struct list writes;
	uint64_t shown_rev; /* the watch has delivered everything up to here */
};

void etcd_own_init(struct etcd_own_list *l);
void etcd_own_add(struct etcd_own_list *l, struct etcd_own *o);
void etcd_own_del(struct etcd_own *o);
/* The write that kv is the event of, or NULL. It stays valid until etcd_own_shown. */
struct etcd_own *etcd_own_match(struct etcd_own_list *l, const struct etcd_wire_kv *kv);
/* The sink has everything up to rev, the matched ones with it. */
void etcd_own_shown(struct etcd_own_list *l, uint64_t rev);

#endif

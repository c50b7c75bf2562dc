/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one watch on etcd, on its own connection: connects, follows, reconnects with back-off, and lists again
 * when history is gone. Everything on the client's thread.
 *
 * It watches all keys, not only the prefix: etcd 3.4 cannot be asked how far a watch is, and a read that must
 * be consistent waits for a revision that may belong to somebody else's key. The sink knows its own keys; the
 * others only move the revision.
 */
#ifndef STORAGE_ETCD_ETCD_WATCH_INTERNAL_H
#define STORAGE_ETCD_ETCD_WATCH_INTERNAL_H

#include "base/clock.h"
#include "storage/etcd/etcd_client_internal.h"
#include "storage/etcd/etcd_own_internal.h"
#include "storage/store.h"

/* How long the watch may be behind what etcd has told otherwise; then it is taken for stuck. */
#define ETCD_WATCH_BEHIND_NS (2 * NS_PER_S)

struct etcd_watch;
struct etcd_watch_config {
	struct etcd_client *client;
	struct etcd_own_list *own;
	uint64_t rev; /* begin after */
	store_sink_fn *sink;
	store_reset_fn *reset;
	void *arg;
};
struct etcd_watch *etcd_watch_new(const struct etcd_watch_config *c);
/* Begins; or it seems to be stuck, and connects anew unless it has begun, or told something, a moment ago: what is
   only slow must be let come. */
void etcd_watch_connect(struct etcd_watch *w);
void etcd_watch_free(struct etcd_watch *w);	 /* after the thread's end; NULL is fine */
bool etcd_watch_connected(struct etcd_watch *w); /* any thread */

#endif

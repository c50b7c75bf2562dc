/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one watch on etcd, on its own connection and thread: connects, follows, reconnects with back-off, and
 * lists again when history is gone.
 *
 * It watches all keys, not only the prefix: etcd 3.4 cannot be asked how far a watch is, and a read that must
 * be consistent waits for a revision that may belong to somebody else's key. The sink knows its own keys; the
 * others only move the revision.
 */
#ifndef STORAGE_ETCD_ETCD_WATCH_H
#define STORAGE_ETCD_ETCD_WATCH_H

#include "storage/etcd/etcd_calls.h"
#include "storage/etcd/etcd_own.h"
#include "storage/store.h"

struct etcd_watch;
struct etcd_watch_config {
	struct etcd_calls *calls;
	struct own_list *own;
	const struct http_tls *tls;
	uint64_t rev; /* begin after */
	store_sink_fn *sink;
	store_reset_fn *reset;
	void *arg;
};
struct etcd_watch *etcd_watch_start(const struct etcd_watch_config *c);
void etcd_watch_stop(struct etcd_watch *w);
/* It seems to be stuck: connect anew. Any thread. */
void etcd_watch_nudge(struct etcd_watch *w);
bool etcd_watch_connected(struct etcd_watch *w);

#endif

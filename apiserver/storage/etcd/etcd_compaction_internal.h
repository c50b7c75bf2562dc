/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compaction of etcd, for which nobody waits: etcd answers when it has done it, and that may last. One is
 * under way at a time, for the newest revision that was asked for; one that fails is made again later.
 */
#ifndef STORAGE_ETCD_ETCD_COMPACTION_INTERNAL_H
#define STORAGE_ETCD_ETCD_COMPACTION_INTERNAL_H

#include "storage/etcd/etcd_client_internal.h"

struct etcd_compaction {
	struct etcd_client *client;
	struct etcd_call call;
	struct buf body;
	struct loop_timer again;
	uint64_t asked, begun;
	bool running;
};
void etcd_compaction_init(struct etcd_compaction *k, struct etcd_client *c);
void etcd_compaction_ask(struct etcd_compaction *k, uint64_t rev); /* any thread */
void etcd_compaction_release(struct etcd_compaction *k);	   /* after the client's stop */

#endif

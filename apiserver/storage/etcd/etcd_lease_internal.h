/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases for what expires: etcd deletes it by itself, an hour (say) after its last write, whether an apiserver is there or
 * not, once however many there are, and up to LEASE_OBJECTS_MAX keys in one revision. Apiservers that each delete what they
 * think is old write a transaction per object and apiserver, forget after a restart when an object was last written, and
 * leave all of it while they are away.
 *
 * A lease is dear to etcd, so one serves all writes of a window (upstream's lease_manager.go: 60 s or 5 % of the time to
 * live, whichever is less, and 1,000 objects). It is asked for with the window on top, so nothing goes too early; who
 * comes while one is asked for waits for it. All of it on the client's thread.
 */
#ifndef STORAGE_ETCD_ETCD_LEASE_INTERNAL_H
#define STORAGE_ETCD_ETCD_LEASE_INTERNAL_H

#include "storage/etcd/etcd_client_internal.h"

struct etcd_leases {
	struct etcd_client *client;
	struct list all; /* struct lease: one of each time to live */
};
struct etcd_lease_wait { /* lives in its owner until done */
	struct list link;
	void (*done)(struct etcd_lease_wait *w, uint64_t lease, const struct err *err);
};
void etcd_leases_init(struct etcd_leases *l, struct etcd_client *c);
void etcd_leases_release(struct etcd_leases *l); /* after the client's stop */
/* `done` may run before it returns. */
void etcd_lease_get(struct etcd_leases *l, uint64_t ttl_s, struct etcd_lease_wait *w);
void etcd_lease_forget(struct etcd_leases *l, uint64_t lease); /* etcd does not know it any more */

#endif

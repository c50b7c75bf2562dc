/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of this process that the watch has not shown yet.
 *
 * The watch tells the order of all writes, the reply tells a writer its revision, and either may come first.
 * An event is recognised as a waiting write's own by its key and its bytes, compared as the base64 they
 * travel as: equal bytes mean that the object which the writer has built is the event's object, whoever's
 * write it was. So the watch thread never waits for a reply and never decodes what this process has encoded.
 * A writer whose reply has come waits, for a bounded time, until the watch has passed its revision: then the
 * cache holds what it wrote.
 */
#ifndef STORAGE_ETCD_ETCD_OWN_H
#define STORAGE_ETCD_ETCD_OWN_H

#include <pthread.h>
#include "base/list.h"
#include "storage/etcd/etcd_wire.h"

struct own {
	struct list link;
	const char *key;
	struct wire_slice key64, value64; /* value64.p NULL: a deletion */
	void *cookie;
	uint64_t rev; /* from the reply; 0 before */
	bool in_sink, shown, leaving;
	pthread_cond_t cond;
};
struct own_list {
	pthread_mutex_t lock;
	struct list writes; /* at most one per writer */
	uint64_t shown_rev; /* the watch has delivered everything up to here */
};

void own_list_init(struct own_list *l);
void own_list_release(struct own_list *l);
void own_add(struct own_list *l, struct own *o);
/* Waits until the watch has shown revision rev (0: the write failed, no waiting), then takes o out. The
   cookie is not used any more. False when the deadline came first. */
bool own_remove(struct own_list *l, struct own *o, uint64_t rev, int64_t deadline_ns);

/* The watch thread: the write that kv is the event of, or NULL. It stays valid until own_shown. */
struct own *own_match(struct own_list *l, const struct wire_kv *kv);
/* The sink has everything up to rev, the matched ones with it. */
void own_shown(struct own_list *l, uint64_t rev);
uint64_t own_shown_rev(struct own_list *l);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd's v3 JSON gateway on the wire: request bodies are written, replies are read without a tree.
 *
 * Bytes travel as base64, 64-bit integers as strings, false and zero are left out (etcd's rpc.proto through
 * grpc-gateway). Keys and values of replies stay base64 where they lie; who needs the bytes decodes them. Any
 * thread.
 */
#ifndef STORAGE_ETCD_ETCD_WIRE_INTERNAL_H
#define STORAGE_ETCD_ETCD_WIRE_INTERNAL_H

#include "base/buf.h"

struct etcd_wire_slice { /* base64, without its quotes */
	const char *p;
	size_t n;
};
struct etcd_wire_kv {
	struct etcd_wire_slice key, value;
	uint64_t create_rev, mod_rev;
	bool deleted; /* watch events only */
};

/* Compare the key's mod_revision with `expect` (0: absent) and put, or delete when value is NULL. The
   gateway's cost grows with every level and branch of a transaction, so why one failed is asked only then.
   Where the texts of key and value lie in out->p is returned as offsets. */
struct etcd_wire_txn_texts {
	size_t key, key_len, value, value_len;
};
struct etcd_wire_txn_texts etcd_wire_txn(struct buf *out, const char *key, const void *value, size_t n,
					 uint64_t expect);
/* Keys in [key, end), end NULL: one key. limit 0: only the revision is wanted. revision 0: the newest. */
void etcd_wire_range(struct buf *out, const void *key, size_t key_len, const char *end, size_t limit,
		     uint64_t revision);
void etcd_wire_watch(struct buf *out, uint64_t start_revision); /* of everything */
void etcd_wire_compact(struct buf *out, uint64_t revision);

struct etcd_wire_txn_reply {
	uint64_t revision;
	bool succeeded;
};
int etcd_wire_read_txn(const char *p, size_t n, struct etcd_wire_txn_reply *ret, struct err *err) MUST_CHECK;

typedef int etcd_wire_kv_fn(void *arg, const struct etcd_wire_kv *kv, struct err *err);
struct etcd_wire_range_reply {
	uint64_t revision, count;
	bool more;
};
int etcd_wire_read_range(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			 struct etcd_wire_range_reply *ret, struct err *err) MUST_CHECK;

struct etcd_wire_watch_reply {
	uint64_t revision;
	uint64_t compact_revision; /* not 0: history before it is gone, the watch has ended */
	bool created, canceled;
};
/* One line of the watch; each sees its events in order. */
int etcd_wire_read_watch(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			 struct etcd_wire_watch_reply *ret, struct err *err) MUST_CHECK;

/* The body of a reply with an HTTP status of 400 or more, or of a watch's error line, as an error; -1. */
int etcd_wire_error(const char *p, size_t n, int status, struct err *err);

#endif

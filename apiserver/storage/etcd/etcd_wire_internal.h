/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd's v3 API on the wire: request bodies are written, replies are read without a tree. Two wires behind one door:
 *
 *   gateway  JSON over HTTP/1.1, several connections with one request each. Bytes travel as base64 and 64-bit integers as
 *            strings (etcd's rpc.proto through grpc-gateway). For an etcd behind something that does not speak HTTP/2.
 *   grpc     protobuf over HTTP/2, all requests on one connection. Costs etcd less than half, so it is the default.
 *
 * Keys and values of replies are slices of the reply as they travel; who needs the bytes decodes them. Any thread.
 */
#ifndef STORAGE_ETCD_ETCD_WIRE_INTERNAL_H
#define STORAGE_ETCD_ETCD_WIRE_INTERNAL_H

#include "base/buf.h"
#include "client/http.h"
#include "client/lines.h"

struct etcd_wire_slice { /* base64 without its quotes, or the bytes themselves */
	const char *p;
	size_t n;
};
struct etcd_wire_kv {
	struct etcd_wire_slice key, value;
	uint64_t create_rev, mod_rev;
	bool deleted; /* watch events only */
};
typedef int etcd_wire_kv_fn(void *arg, const struct etcd_wire_kv *kv, struct err *err);

/* Where the texts of key and value lie in a written transaction, as offsets. */
struct etcd_wire_txn_texts {
	size_t key, key_len, value, value_len;
};
struct etcd_wire_txn_reply {
	uint64_t revision;
	bool succeeded;
};
struct etcd_wire_range_reply {
	uint64_t revision, count;
	bool more;
};
struct etcd_wire_watch_reply {
	uint64_t revision;
	uint64_t compact_revision; /* not 0: history before it is gone, the watch has ended */
	bool created, canceled;
	bool fragment; /* more messages of this reply follow; they may go on in the last event's revision */
	struct etcd_wire_slice why; /* it was cancelled; may be empty */
};
struct etcd_wire_grant_reply {
	uint64_t lease, ttl_s; /* it may have been given longer than it was asked for */
};
struct etcd_wire_status_reply {
	uint64_t db_size; /* bytes, as allocated in its file */
};

enum etcd_wire_method {
	ETCD_WIRE_RANGE,
	ETCD_WIRE_TXN,
	ETCD_WIRE_COMPACT,
	ETCD_WIRE_WATCH,
	ETCD_WIRE_GRANT,
	ETCD_WIRE_STATUS,
	ETCD_WIRE_METHODS
};

struct etcd_wire {
	const char *name; /* --etcd-transport */
	bool http2;
	int connections;  /* for calls */
	size_t in_flight; /* calls; further ones wait */
	const char *paths[ETCD_WIRE_METHODS];
	const char *const *headers;

	/* ---- requests; appended to out ---- */

	/* Compare the key's mod_revision with `expect` (0: absent) and put, or delete when value is NULL. The cost grows with
	   every level and branch of a transaction, so why one failed is asked only then. What is put goes when the lease
	   ends; 0: it stays. */
	struct etcd_wire_txn_texts (*txn)(struct buf *out, const char *key, const void *value, size_t n,
					  uint64_t expect, uint64_t lease);
	/* Keys in [key, end), end NULL: one key. limit 0: only the revision is wanted. revision 0: the newest. */
	void (*range)(struct buf *out, const void *key, size_t key_len, const char *end, size_t limit,
		      uint64_t revision);
	void (*watch)(struct buf *out, uint64_t start_revision); /* of everything */
	void (*compact)(struct buf *out, uint64_t revision);
	void (*grant)(struct buf *out, uint64_t ttl_s);
	void (*status)(struct buf *out);

	/* ---- replies ---- */

	/* What a reply that came back means: 0 and the message in it, or etcd's error; -1. */
	int (*judge)(const struct http_reply *r, struct etcd_wire_slice *ret, struct err *err);
	int (*read_txn)(const char *p, size_t n, struct etcd_wire_txn_reply *ret, struct err *err);
	int (*read_range)(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			  struct etcd_wire_range_reply *ret, struct err *err);
	int (*read_grant)(const char *p, size_t n, struct etcd_wire_grant_reply *ret, struct err *err);
	int (*read_status)(const char *p, size_t n, struct etcd_wire_status_reply *ret, struct err *err);
	/* One message of the watch; each sees its events in order. */
	int (*read_watch)(const char *p, size_t n, etcd_wire_kv_fn *each, void *arg,
			  struct etcd_wire_watch_reply *ret, struct err *err);
	/* Cuts a stream into messages. `lines` keeps what is not complete, as long as its max allows. */
	enum lines_result (*feed)(struct lines *l, const char *p, size_t n, lines_fn *each, void *arg);
	int (*decode)(struct buf *out, struct etcd_wire_slice t, struct err *err); /* appends the bytes */
};
extern const struct etcd_wire etcd_gateway, etcd_grpc;

/* The meaning of a gRPC code (google.golang.org/grpc/codes) in etcd's replies. */
enum reason etcd_wire_reason(int64_t code);

#endif

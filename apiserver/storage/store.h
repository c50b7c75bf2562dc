/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one narrow store: what the apiserver needs of a database, and no more. Engines: store_sqlite.c,
 * store_etcd.c; both pass store_test.c.
 *
 * Keys are "/registry/GROUP/RESOURCE/NS/NAME" texts, values are opaque bytes. A revision is one write (or what etcd, or some
 * other tool on it, deletes at once). Every
 * committed change is delivered to the sink exactly once, in revision order, own writes included (with the
 * cookie they were given, so that the cache need not read its own bytes again). Nothing blocks for a write:
 * the engine calls back when it is durable, so a write under way costs memory and no thread. Any thread may
 * submit.
 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"

struct store_event {
	uint64_t rev;
	const char *key;
	const void *value; /* NULL: deleted. Borrowed during the call */
	size_t len;
	uint64_t create_rev;
	void *cookie; /* own write: what the writer gave; else NULL */
};
/* Called on the engine's thread with one or more events in order; `upto`: nothing older will come any more
   (>= the last event's rev; events may be 0 for pure progress). */
typedef void store_sink_fn(void *arg, const struct store_event *ev, size_t n, uint64_t upto);
/* The watch was broken for so long that history is gone: the owner lists again (it may call list()) and says
   from which revision to go on. On the engine's thread; on failure the engine asks again later. */
typedef int store_reset_fn(void *arg, uint64_t *ret_rev, struct err *err);
/* v is NULL only as store_past.since says. */
typedef int store_each_fn(void *arg, const char *key, const void *v, size_t n, uint64_t rev,
			  uint64_t create_rev, struct err *err);

/* What a start lists, so that it has a past to tell watchers of. */
struct store_past {
	uint64_t at; /* the state that was listed; watch(at) tells everything that has come since */
	uint64_t
		since; /* <= at. Each change after this and up to `at` was listed too, without a value if nothing of it is
			   left at `at` */
	uint64_t now;	/* newest revision */
	bool lazy_lost; /* lazy writes may have been acknowledged that are not there */
};

/* An etcd write or read that has no answer by then ends with REASON_TIMEOUT. */
#define STORE_LAZY_NS (30 * NS_PER_S)
#define STORE_DEADLINE_NS (5 * NS_PER_S)

struct store;
/*
 * A write on its way. It, and what it points to, stays its owner's and untouched until `done`, which runs
 * exactly once, on the engine's thread and under none of its locks, after the sink has seen the write (etcd:
 * or after it was late for long). It must not block; it may free the write and may submit others.
 */
struct store_write {
	const char *key;
	const void *value; /* NULL = delete */
	size_t len;
	uint64_t expect; /* 0 = create: the key must not exist; else its current revision */
	int64_t ttl_s;	 /* not 0: deleted so long after its last write, where the engine `expires` */
	bool lazy;	 /* a hint: may be acknowledged before it is durable, and is within STORE_LAZY_NS */
	void *cookie;	 /* handed to the sink with exactly these bytes, never once done has been called */
	void (*done)(struct store_write *w);
	struct err *err; /* where a failure is told: REASON_ALREADY_EXISTS / CONFLICT / NOT_FOUND /
			    UNAVAILABLE / TIMEOUT */
	/* results */
	int rc;			  /* 0 or -1 with *err */
	uint64_t rev, create_rev; /* create_rev 0: not known here */
	/* the engine's */
	struct list link;
	bool durable;
};
/* A question for the newest revision, under the same rules. */
struct store_current {
	int64_t deadline_ns;
	void (*done)(struct store_current *c);
	struct err *err; /* REASON_UNAVAILABLE / TIMEOUT */
	int rc;
	uint64_t rev;
};
struct store_engine {
	const char *name;
	void (*close)(struct store *s); /* what is under way is done first, or fails */
	/* Every key under prefix, in any order, at one revision (*ret_rev). `each` must not call the store.
	   Blocks. */
	int (*list)(struct store *s, const char *prefix, store_each_fn *each, void *arg, uint64_t *ret_rev,
		    struct err *err);
	/* The same of an older state, with about `changes` changes after it, or fewer. */
	int (*list_past)(struct store *s, const char *prefix, size_t changes, store_each_fn *each, void *arg,
			 struct store_past *ret, struct err *err);
	/* Delivers everything after `rev`, from now on. Once. */
	int (*watch)(struct store *s, const char *prefix, uint64_t rev, store_sink_fn *sink,
		     store_reset_fn *reset, void *arg, struct err *err);
	void (*write)(struct store *s, struct store_write *w);
	/* Newest committed revision, linearizable; calls are coalesced. A local engine answers before it
	   returns. */
	void (*current)(struct store *s, struct store_current *c);
	/* History up to rev is not needed any more. Cheap; the work is done along with later writes. */
	int (*compact)(struct store *s, uint64_t rev, struct err *err);
	/* A storm of writes is over: what was only kept to be quick may go. NULL: nothing is. */
	void (*relax)(struct store *s);
	bool (*healthy)(struct store *s, char why[128]);
	/* Bytes of its files, for who watches over it: what was last known, and asks anew. -1: not known. Does not block. */
	int64_t (*size)(struct store *s);
	bool local;   /* the sink runs before a write is done: a cached read is always consistent */
	bool expires; /* deletes by itself what had a ttl_s; many keys may go in one revision */
};
struct store {
	const struct store_engine *engine;
};

struct store_sqlite_config {
	const char *path; /* beside it: -wal and -shm are SQLite's, -mark the high-water mark of revisions */
	bool force;	  /* a damaged or incomplete database is opened all the same, with what is left */
};
struct store *store_sqlite_open(const struct store_sqlite_config *c, struct err *err) MUST_CHECK;
struct store_etcd_config {
	const char *servers, *cafile, *certfile, *keyfile;
	const char *transport; /* grpc (NULL) or gateway */
};
struct store *store_etcd_open(const struct store_etcd_config *c, struct err *err) MUST_CHECK;

#endif

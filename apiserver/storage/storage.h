/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room's door: every object of the cluster, cached, readable without blocking, written through the store.
 *
 * Above this line the two engines (store.h) cannot be told apart. Reads and watches never touch the disk; a
 * write returns once it is durable, and the cache holds it by then or will before a later revision becomes
 * visible. Revisions are the store's: one per write over all resources, never reused, never going back.
 *
 * Threads: everything here may be called from any thread. Functions marked BLOCKS wait for the store and must
 * not be called on a network thread.
 */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include "base/list.h"
#include "storage/obj.h"

struct storage;
struct resource; /* one stored collection: objects, order, event window, watchers */

struct storage_config {
	const char *engine;	  /* "sqlite" or "etcd" */
	const char *path;	  /* sqlite: the database file */
	bool force;		  /* sqlite: start with what is left of a damaged one */
	const char *etcd_servers; /* etcd: comma-separated URLs */
	const char *etcd_cafile, *etcd_certfile, *etcd_keyfile, *etcd_transport;
	const char *prefix; /* "/registry" */
	size_t window;	    /* events kept per resource at most; 0 = default */
};
/* Opens the engine and loads what it holds. BLOCKS. On etcd being away: keeps trying for a while, then fails.
 */
struct storage *storage_open(const struct storage_config *c, const struct schema *schema,
			     struct err *err) MUST_CHECK;
void storage_close(struct storage *s); /* flushes lazy writes */
/* For /readyz and /livez: the store answers. why may be NULL. Does not block. */
bool storage_healthy(struct storage *s, char why[128]);

/* Never NULL for a kind that was there at the open or was added, also when it has been removed meanwhile: pointers to
   resources stay valid as long as the schema's pin under which they were got, or a watcher of theirs. No lock, no
   search. */
struct resource *storage_resource(struct storage *s, const struct kind *k);
/*
 * Kinds that come and go while everything else goes on. BLOCK, one caller at a time. Adding serves what the
 * store holds for k already; kinds that are stored alike share one resource. Removing (of the last of them)
 * ends its watchers with REASON_EXPIRED and forgets its objects, which the caller has deleted before; from then
 * on it reads as empty, and writes and watches fail with REASON_NOT_FOUND. Added again, it is a new resource.
 * Another kind that is stored where one is served already will replace it: it is filled and kept up to date beside it,
 * and when the old one is removed, whoever still asks for that finds the new.
 */
int storage_add_resource(struct storage *s, const struct kind *k, struct err *err) MUST_CHECK;
void storage_remove_resource(struct storage *s, const struct kind *k);
/* At start, of many kinds: what is added between the two is read from the store at once, and served (storage_resource) only when
   storage_fill returns. It BLOCKS; when it fails, the store is of no use. */
void storage_hold(struct storage *s);
int storage_fill(struct storage *s, struct err *err) MUST_CHECK;
const struct kind *resource_kind(const struct resource *r); /* for tests */
size_t resource_count(struct resource *r);		    /* for tests */
uint64_t storage_revision(struct storage *s);		    /* newest revision the cache has seen */
/* Has r held, since it was loaded, what concerns the collection of garbage: an object that has an owner, or one that waits
   for its end? */
bool resource_has_dependants(const struct resource *r);
/* fn runs when that has become true of a resource: on the store's thread, so it must not block nor call storage. One at a
   time; NULL: nobody's. */
void storage_on_dependants(struct storage *s, void (*fn)(void *arg), void *arg);

/* Who keeps something of his own about a resource's objects, up to date inside the store's commit: with a local
   engine what `changed` has made of a write is there before the write is acknowledged. Called with (NULL, o) for
   everything present, before resource_observe returns, then for each change in order; new NULL: deleted. One
   call at a time; it must not block nor call storage. After resource_unobserve it is not called any more. */
struct resource_observer {
	void (*changed)(void *arg, const struct obj *old, const struct obj *new);
	void *arg;
	struct resource_observer *next; /* the room's */
};
void resource_observe(struct resource *r, struct resource_observer *o);
void resource_unobserve(struct resource *r, struct resource_observer *o); /* fine when it does not */

/* ---- reads ---- */
/* How fresh a read must be. `rv` 0 = consistent (nothing committed before the call may be missing). Returns
   true when the cache is known to be there already; false: storage_when_fresh tells when it is, then read. */
bool storage_fresh(struct storage *s, uint64_t rv);
struct storage_wait {	     /* lives until done */
	uint64_t rv;	     /* 0: what there is to wait for is asked first, and told here */
	int64_t deadline_ns; /* monotonic */
	/* Exactly once: on the store's thread, or at once on the caller's. The rules of storage_write.done. */
	void (*done)(struct storage_wait *w);
	struct err err;	  /* REASON_NONE, TIMEOUT in upstream's words, UNAVAILABLE */
	struct list link; /* the room's */
};
void storage_when_fresh(struct storage *s, struct storage_wait *w);

/* A reference, or NULL. ns is "" for cluster scope. */
struct obj *storage_get(struct resource *r, const char *ns, const char *name);

struct query {				     /* what list and watch select; all parts borrowed */
	const char *ns;			     /* "" = all */
	const struct selector *labels;	     /* NULL = all */
	const struct field_selector *fields; /* checked against the kind before; NULL = all */
	const struct kind *kind;	     /* the version asked for: its selectable list names the fields */
};
bool query_matches(const struct query *q, const struct obj *o); /* for tests */

struct obj_list {
	struct obj **v; /* references, in key order */
	size_t n;
	uint64_t rv;	   /* revision of the snapshot */
	char *next;	   /* key to continue after; NULL at the end */
	int64_t remaining; /* -1 = unknown (selectors given) */
};
void obj_list_release(struct obj_list *l);
/* The state at revision `exact` (0 = now), from behind `after` (NULL = from the beginning), at most `limit`
   (0 = all). REASON_EXPIRED when `exact` has left the event window, unless it is the revision of a list in pages that
   began here not long ago. Does not block. */
int storage_list(struct resource *r, const struct query *q, uint64_t exact, const char *after, size_t limit,
		 struct obj_list *ret, struct err *err) MUST_CHECK;

/* ---- watches ---- */
enum watch_type { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK };
struct watch_event {
	enum watch_type type;
	uint64_t rv;
	struct obj *obj;  /* a reference, owned by the receiver; NULL for BOOKMARK. For DELETED its rv is the
			     deletion's */
	bool initial_end; /* BOOKMARK that ends the initial events */
};
struct watcher;
/*
 * The query is copied. Where it begins: initial_events = ADDED for everything present (rv is then only a
 * floor: make the cache fresh to it first), then changes, with initial_end also the bookmark between the two;
 * else changes after rv (REASON_EXPIRED when they have left the window; a future rv waits for it), where rv 0
 * means from now on. So a plain
 * `?watch` with resourceVersion unset or "0" is watch_open(…, 0, true, false, …). REASON_TOO_MANY_REQUESTS
 * beyond the bound.
 *
 * `wake` runs when watch_next may have something; it is armed by a watch_next that returned 0 and then runs
 * once. It runs on the store's thread: it must not block, must not call back into storage, and may not take a
 * lock that is held around watch_open, watch_next or watch_close.
 */
struct watcher *watch_open(struct resource *r, const struct query *q, uint64_t rv, bool initial_events,
			   bool initial_end, void (*wake)(void *arg), void *arg, struct err *err) MUST_CHECK;
/* 1: *ret holds the next event; 0: nothing now, wake is armed; -1: fell behind the window (REASON_EXPIRED).
   One thread at a time per watcher. */
int watch_next(struct watcher *w, struct watch_event *ret, struct err *err) MUST_CHECK;
/* A revision for a bookmark: every event of this watcher up to it has been delivered. 0 = none yet. */
uint64_t watch_bookmark(struct watcher *w);
void watch_close(struct watcher *w); /* wake does not run after this returns */

/* ---- writes ---- */
#define STORAGE_OBJECT_MAX                                                                                   \
	(1536 * 1024) /* etcd's limit for a request, which upstream enforces with every store */
enum { WRITE_LAZY = 1 /* heartbeat: acknowledged from memory, durable within 30 s */ };
enum write_op { WRITE_CREATE, WRITE_UPDATE, WRITE_DELETE };
/* A write belongs to its writer and lives until `done`; it holds no thread meanwhile. What is given is borrowed
   until then. Messages are upstream's wording (`pods "x" already exists`). */
struct storage_write {
	enum write_op op;
	struct resource *resource;
	struct obj *draft;     /* create, update */
	const struct obj *old; /* update, delete: what it is based on */
	unsigned flags;
	/* Exactly once: on the store's thread, or for what is refused at once on the caller's, before
	   storage_submit returns. It must not block, may free the write and may submit again. */
	void (*done)(struct storage_write *w);
	/* results */
	struct obj *result; /* the writer's reference to the published object; for a delete the last state
			       with the deletion's revision. NULL on failure */
	struct err err;	    /* REASON_NONE, ALREADY_EXISTS, CONFLICT (the stored revision is not old->rv),
			       NOT_FOUND, TOO_LARGE, UNAVAILABLE or TIMEOUT (store away: may or may not have
			       happened) */
};
void storage_submit(struct storage_write *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Informer: list + watch of one resource into a local store of decoded structs.
 *
 * All informers of a daemon share one informer set, which lives on the daemon's loop: it lists, watches with
 * bookmarks, relists on 410, and reconnects with jittered back-off. An event is decoded once, there, from its
 * bytes into a plain struct, replaces the old one in the store, and the handler is called with both, in
 * order, states may be skipped.
 *
 * Stored structs are frozen and reference-counted by the informer: lookups return a reference that the caller
 * drops with informer_unref(). Lookups: any thread. Handlers run on the loop and must not block: enqueue a
 * key.
 */
#ifndef CONTROLLER_INFORMER_H
#define CONTROLLER_INFORMER_H

#include <stdint.h>
#include <string.h>
#include "base/buf.h"
#include "client/rest.h"
#include "object/meta.h"

struct decode_spec;

/* Every decoded struct begins with this. */
struct informer_object {
	int refs;      /* atomic; the informer's */
	uint32_t seen; /* the informer's: which relist saw it last */
	const struct informer_type *type;
	struct meta meta;
};

struct informer_keys {	 /* any number of them */
	struct buf text; /* each ends with NUL */
	size_t n;
};
static inline void informer_keys_add(struct informer_keys *k, const char *key)
{
	buf_add(&k->text, key, strlen(key) + 1);
	k->n++;
}

struct informer_type {
	const char *group, *version, *resource, *kind;
	/*
	 * Either rows: the whole struct, metadata into o.meta included, from the object's bytes, in one block.
	 * keep says, once decoded, whether it is of interest (NULL: always).
	 */
	const struct decode_spec *rows;
	bool (*keep)(const void *o);
	/* Or a function over a tree. meta is decoded already. Return false to ignore the object. */
	bool (*decode)(void *into, const js *o);
	size_t size;		  /* of the decoded struct, zeroed before decode */
	int meta_flags;		  /* META_ANNOTATIONS */
	void (*release)(void *o); /* contents only, not meta; may be NULL */
	/* Optional secondary indexes: adds the object's keys for index i. */
	size_t n_indexes;
	void (*index)(const void *o, size_t i, struct informer_keys *keys);
};

struct informer_set;
struct informer;

/* old NULL: added; new NULL: deleted (old is its last state). Borrowed during the call. */
typedef void informer_handler(void *arg, const void *old, const void *new);

/* r is on the daemon's loop (rest_new_on) and borrowed until informer_set_free. */
struct informer_set *informer_set_new(struct rest *r);
/*
 * `query` restricts the list and watch ("fieldSelector=spec.nodeName%3Dn1"), may be NULL. Asking twice for
 * one type and query gives the same informer with one more handler (NULL = none); that is for before
 * informer_set_start only. A new type and query may be added at any time, not from a handler.
 */
struct informer *informer_add(struct informer_set *s, const struct informer_type *t, const char *query,
			      informer_handler *h, void *arg);
/* Of every informer of the set that sees all objects of its resource, also of those that come later; before
   informer_set_start. `listed` (NULL: none) runs with arg, on the loop, whenever one of them has listed. */
void informer_set_on_any(struct informer_set *s, informer_handler *h, loop_fn *listed, void *arg);
/* Before informer_set_start: fn runs on the loop, once, when every informer has delivered its first list. */
void informer_set_on_synced(struct informer_set *s, loop_fn *fn, void *arg);
/* The same, but fn runs each time one more of them has: for who waits for some only. */
void informer_set_on_listed(struct informer_set *s, loop_fn *fn, void *arg);
void informer_set_start(struct informer_set *s);
/* True once every informer has listed and delivered its first list, and from then on; waits up to the deadline
   (not on the loop). */
bool informer_set_synced(struct informer_set *s, int64_t deadline_ns);
/* The same of one informer. Both return false, at once, when the set is being stopped. */
bool informer_synced(struct informer *i, int64_t deadline_ns);
/* No handler runs any more when this returns; the stores stay readable. Any thread but a handler's. */
void informer_set_stop(struct informer_set *s);
void informer_set_free(struct informer_set *s); /* objects that others still hold stay valid */

struct informer_set *informer_get_set(struct informer *i);
const struct informer_type *informer_get_type(const struct informer *i);
/* Those that see all objects of their resource; they stay valid. An array to free(). */
size_t informer_set_list(struct informer_set *s, struct informer ***ret);

const void *informer_get(struct informer *i, const char *key); /* "ns/name"; NULL when absent */
/* Puts one reference of each object of the index key into *ret (array to free()). index SIZE_MAX = all
 * objects. */
size_t informer_list(struct informer *i, size_t index, const char *index_key, const void ***ret);
size_t informer_len(struct informer *i);
/* An object of a type with rows out of its bytes, as if it had been listed: the first reference. NULL when malformed or not
   of interest. Until somebody else has it, it may be changed. */
void *informer_make(const struct informer_type *t, const char *p, size_t n, struct err *err) MUST_CHECK;
const void *informer_ref(const void *o);
void informer_unref(const void *o);		   /* NULL is fine */
void informer_unref_all(const void **v, size_t n); /* and frees v */
uint64_t informer_last_rv(struct informer *i);	   /* for tests */
/*
 * Read-your-writes: makes a just-written object visible in the store before its watch event comes. Ignored
 * when the store has seen that resourceVersion or a newer one. The handlers run on the calling thread before
 * it returns; so never call it from a handler, nor under a lock that a handler takes.
 */
void informer_inject(struct informer *i, const js *o);
void informer_inject_bytes(struct informer *i, const char *p, size_t n);

#endif

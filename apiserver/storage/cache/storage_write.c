/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes: a draft goes to the store with the revision it is based on, and the store decides. What the cache
 * already knows to be hopeless is refused here, without a round trip; being behind, it can only ever know of
 * too new a revision, or with a local engine, which is never behind, of all that there is.
 *
 * The published object is made once, by the sink, from the draft; the writer gets a reference to the very
 * object that the cache holds. Only when the store has acknowledged a write whose event is late does the
 * writer make its own.
 */
#include "storage/cache/storage_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* etcd's limit for a request, which upstream enforces with every store. */
#define OBJECT_BYTES_MAX (1536 * 1024)

static int already_exists(const struct resource *r, const char *name, struct err *err)
{
	return err_set(err, REASON_ALREADY_EXISTS, "%s \"%s\" already exists", r->label, name);
}

static int not_found(const struct resource *r, const char *name, struct err *err)
{
	return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", r->label, name);
}

static int conflict(const struct resource *r, const char *name, struct err *err)
{
	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply your changes to the latest version and try again",
		r->label, name);
}

/* The store speaks of keys and revisions, clients of resources and names. */
static int in_words(const struct resource *r, const char *name, struct err *err)
{
	switch (err->reason) {
	case REASON_ALREADY_EXISTS:
		return already_exists(r, name, err);
	case REASON_NOT_FOUND:
		return not_found(r, name, err);
	case REASON_CONFLICT:
		return conflict(r, name, err);
	default:
		return -1;
	}
}

static int look_first(struct resource *r, const struct obj *old, const char *key, const char *name,
		      struct err *err)
{
	bool complete = r->storage->store->engine->local;
	autoobj struct obj *now = resource_get(r, key);
	if (!old)
		return now && complete ? already_exists(r, name, err) : 0;
	if (!now)
		return complete ? not_found(r, name, err) : 0;
	return now->rv > old->rv ? conflict(r, name, err) : 0;
}

static void measure(struct resource *r, const char *operation, int64_t since_ns)
{
	char labels[160];
	snprintf(labels, sizeof(labels), "%s\x1f%s", operation, r->label);
	metric_observe(metric_series(r->storage->m_requests, labels),
		       (double)(clock_mono_ns() - since_ns) / (double)NS_PER_S);
}

static int write_through(struct resource *r, const char *operation, struct store_write *w,
			 struct own_write *own, const char *name, uint64_t *ret_rev, struct err *err)
{
	struct store *store = r->storage->store;
	autobuf struct buf key = BUF_INIT;
	int64_t begun = clock_mono_ns();
	buf_adds(&key, r->storage->prefix);
	buf_adds(&key, r->kind->storage);
	buf_addc(&key, '/');
	buf_adds(&key, own->key);
	w->key = key.p;
	w->cookie = own;
	int rc = store->engine->write(store, w, ret_rev, err);
	measure(r, operation, begun);
	return rc < 0 ? in_words(r, name, err) : 0;
}

static int put(struct resource *r, const char *operation, const struct obj *old, struct obj *draft, bool lazy,
	       struct obj **ret, struct err *err)
{
	struct own_write own = {.r = r, .draft = draft, .key = draft->key};
	struct store_write w = {
		.value = draft->bytes, .len = draft->len, .expect = old ? old->rv : 0, .lazy = lazy};
	uint64_t rev;
	if (draft->len > OBJECT_BYTES_MAX)
		return err_set(err, REASON_TOO_LARGE,
			       "Request entity too large: %s \"%s\" has %zu bytes, at most %d can be stored",
			       r->label, draft->name, draft->len, OBJECT_BYTES_MAX);
	if (look_first(r, old, draft->key, draft->name, err) < 0 ||
	    write_through(r, operation, &w, &own, draft->name, &rev, err) < 0) {
		obj_unref(own.published); /* the very same bytes came from somebody else */
		return -1;
	}
	if (own.published && own.published->rv != rev) {
		obj_unref(own.published);
		own.published = NULL;
	}
	if (ret && !own.published) {
		own.published = obj_publish(draft, rev);
		own.published->create_rv = old ? old->create_rv : rev;
	}
	if (ret)
		*ret = own.published;
	else
		obj_unref(own.published);
	return 0;
}

int storage_create(struct resource *r, struct obj *draft, struct obj **ret, struct err *err)
{
	return put(r, "create", NULL, draft, false, ret, err);
}

int storage_update(struct resource *r, const struct obj *old, struct obj *draft, unsigned flags,
		   struct obj **ret, struct err *err)
{
	return put(r, "update", old, draft, flags & WRITE_LAZY, ret, err);
}

static int delete (struct resource *r, const struct obj *old, bool lazy, uint64_t *ret_rev, struct err *err)
{
	struct own_write own = {.r = r, .key = old->key};
	struct store_write w = {.expect = old->rv, .lazy = lazy};
	if (look_first(r, old, old->key, old->name, err) < 0)
		return -1;
	return write_through(r, "delete", &w, &own, old->name, ret_rev, err);
}

int storage_delete(struct resource *r, const struct obj *old, struct obj **ret, struct err *err)
{
	uint64_t rev;
	if (delete (r, old, false, &rev, err) < 0)
		return -1;
	if (ret)
		*ret = obj_publish(old, rev);
	return 0;
}

int storage_expire(struct resource *r, const struct obj *o, struct err *err)
{
	uint64_t rev;
	return delete (r, o, true, &rev, err);
}

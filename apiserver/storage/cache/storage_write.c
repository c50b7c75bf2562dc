/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes: a draft goes to the store with the revision it is based on, and the store decides. What the cache
 * already knows to be hopeless is refused here, without a round trip; being behind, it can only ever know of
 * too new a revision, or with a local engine, which is never behind, of all that there is.
 *
 * The published object is made once, by the sink, from the draft; the writer gets a reference to the very
 * object that the cache holds. Only when the store has acknowledged a write whose event is late is one made
 * for the writer alone.
 *
 * Nothing waits: what is between submit and done is one allocation, in the engine's hands.
 */
#include "storage/cache/storage_internal.h"

#include <stdio.h>
#include <stdlib.h>

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

static int look_first(const struct storage_write *w, const char *key, const char *name, struct err *err)
{
	struct resource *r = w->resource;
	bool complete = r->storage->store->engine->local;
	autoobj struct obj *now = resource_get(r, key);
	if (w->op == WRITE_CREATE)
		return now && complete ? already_exists(r, name, err) : 0;
	if (!now)
		return complete ? not_found(r, name, err) : 0;
	return now->rv > w->old->rv ? conflict(r, name, err) : 0;
}

static int check(const struct storage_write *w, const char *key, const char *name, struct err *err)
{
	if (w->draft && obj_len(w->draft) > STORAGE_OBJECT_MAX)
		return err_set(err, REASON_TOO_LARGE,
			       "Request entity too large: %s \"%s\" has %zu bytes, at most %d can be stored",
			       w->resource->label, name, obj_len(w->draft), STORAGE_OBJECT_MAX);
	return atomic_load(&w->resource->removed) ? resource_gone(err) : look_first(w, key, name, err);
}

/* Of the family in r's place for the operation. */
static struct metric_series *series(struct resource *r, enum write_op op, struct metric *family,
				    _Atomic(struct metric_series *) *place)
{
	static const char *const operations[] = {
		[WRITE_CREATE] = "create", [WRITE_UPDATE] = "update", [WRITE_DELETE] = "delete"};
	struct metric_series *m = atomic_load_explicit(place, memory_order_acquire);
	char labels[600];
	if (m)
		return m;
	snprintf(labels, sizeof(labels), "%s\x1f%s\x1f%s", operations[op], r->kind->group, r->kind->resource);
	m = metric_series(family, labels);
	atomic_store_explicit(place, m, memory_order_release);
	return m;
}

static void measure(const struct own_write *own)
{
	struct resource *r = own->r;
	enum write_op op = own->w->op;
	metric_add(series(r, op, r->storage->m_totals, &r->m_totals[op]), 1);
	metric_observe(series(r, op, r->storage->m_requests, &r->m_writes[op]),
		       (double)(clock_mono_ns() - own->begun_ns) / (double)NS_PER_S);
}

/* The writer's reference to what it has written. */
static struct obj *result_of(struct own_write *own)
{
	struct storage_write *w = own->w;
	struct obj *o = STEAL(own->published);
	if (o && o->rv == own->io.rev)
		return o;
	obj_unref(o); /* the very same bytes came from somebody else */
	o = obj_publish(w->draft ? w->draft : w->old, own->io.rev);
	o->create_rv = w->old ? w->old->create_rv : own->io.rev;
	return o;
}

static void on_done(struct store_write *io)
{
	struct own_write *own = CONTAINER_OF(io, struct own_write, io);
	struct storage_write *w = own->w;
	measure(own);
	if (io->rc == 0)
		w->result = result_of(own);
	else
		in_words(own->r, w->draft ? w->draft->name : w->old->name, &w->err);
	obj_unref(own->published);
	free(own);
	w->done(w);
}

static struct own_write *own_new(struct storage_write *w, const char *key)
{
	struct resource *r = w->resource;
	size_t prefix = strlen(r->storage->prefix), dir = strlen(r->kind->storage), rest = strlen(key);
	bool apart = w->draft && w->draft->managed; /* the store gets it in one piece */
	size_t len = w->draft ? obj_len(w->draft) : 0;
	struct own_write *own = mem_alloc(sizeof(*own) + prefix + dir + rest + 2 + (apart ? len : 0));
	char *p = mempcpy(own->path, r->storage->prefix, prefix);
	p = mempcpy(p, r->kind->storage, dir);
	*p++ = '/';
	memcpy(p, key, rest + 1);
	p += rest + 1;
	if (apart)
		obj_read(w->draft, 0, p, len);
	*own = (struct own_write){.w = w, .r = r, .draft = w->draft, .key = key, .begun_ns = clock_mono_ns()};
	own->io = (struct store_write){.key = own->path,
				       .value = apart	   ? p
						: w->draft ? w->draft->bytes
							   : NULL,
				       .len = len,
				       .expect = w->old ? w->old->rv : 0,
				       .ttl_s = r->kind->ttl_s,
				       .lazy = w->flags & WRITE_LAZY,
				       .cookie = own,
				       .err = &w->err,
				       .done = on_done};
	return own;
}

void storage_submit(struct storage_write *w)
{
	const struct obj *o = w->op == WRITE_DELETE ? w->old : w->draft;
	struct store *store = w->resource->storage->store;
	if (w->op == WRITE_CREATE)
		w->old = NULL;
	if (w->op == WRITE_DELETE)
		w->draft = NULL;
	w->result = NULL;
	w->resource = resource_current(w->resource);
	w->err.reason = REASON_NONE;
	if (check(w, o->key, o->name, &w->err) < 0)
		w->done(w);
	else
		store->engine->write(store, &own_new(w, o->key)->io);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The present state of one resource, and how a change gets into it.
 *
 * A change is applied in one piece under the write lock: the object moves into the order, its old state and
 * itself into the window, and the watchers that care are noted. So whoever holds the lock sees objects,
 * window and revision agree. The cache-wide revision (revision_internal.h) is advanced by the sink after a whole
 * batch; a reader that comes in between may see newer objects than that, therefore resource_now takes the
 * greater of the two.
 */
#include "storage/cache/resource_internal.h"

#include <stdlib.h>
#include <string.h>
#include "storage/cache/revision_internal.h"
#include "storage/cache/storage_internal.h"

void resource_init(struct resource *r, struct storage *s, const struct kind *k, struct revision *rev,
		   size_t window)
{
	pthread_rwlockattr_t attr;
	*r = (struct resource){.storage = s, .kind = k, .revision = rev};
	r->label = *k->group ? mem_printf("%s.%s", k->resource, k->group) : mem_strdup(k->resource);
	r->window.max = window;
	cache_past_init(&r->past, s ? &s->past_bytes : NULL);
	atomic_init(&r->window_due_ns, CLOCK_NEVER);
	list_init(&r->watchers);
	list_init(&r->woken);
	/* Readers come all the time and never recurse: without this they could keep the sink out. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&r->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&r->wake_lock, NULL);
}

void resource_release(struct resource *r)
{
	cache_order_release(&r->order);
	cache_event_window_release(&r->window);
	cache_past_release(&r->past);
	map_release(&r->buckets);
	pthread_rwlock_destroy(&r->lock);
	pthread_mutex_destroy(&r->wake_lock);
	free((char *)r->label);
}

static void count_changed(struct resource *r)
{
	if (r->m_objects)
		metric_set(r->m_objects, (double)r->order.count);
}

/* What does, came to stay: that its last object goes again is not worth telling. */
static void note_dependants(struct resource *r)
{
	const struct storage *s = r->storage;

	if (!atomic_exchange(&r->has_dependants, true) && s && s->on_dependants)
		s->on_dependants(s->on_dependants_arg);
}

/* What is held of both states of one object changes. */
static void weigh(struct resource *r, const struct obj *old, const struct obj *new)
{
	if (new && (new->n_owners || new->deleting) &&
	    !atomic_load_explicit(&r->has_dependants, memory_order_relaxed))
		note_dependants(r);
	r->window.held += new ? obj_size(new) : 0;
	r->window.held -= old ? obj_size(old) : 0;
}

static void load(struct resource *r, struct obj **v, size_t n)
{
	cache_order_load(&r->order, v, n);
	r->window.held = 0;
	for (size_t i = 0; i < n; i++)
		weigh(r, NULL, v[i]);
}

static void tell_observers(struct resource *r, const struct obj *old, const struct obj *new)
{
	for (struct resource_observer *o = r->observers; o; o = o->next)
		o->changed(o->arg, old, new);
}

static void tell_all(struct resource *r, const struct resource_observer *o, bool gone)
{
	struct cache_order_snapshot all;
	struct obj *x;
	cache_order_snapshot(&r->order, NULL, NULL, NULL, &all);
	while ((x = cache_order_next(&all)))
		o->changed(o->arg, gone ? x : NULL, gone ? NULL : x);
	cache_order_snapshot_release(&all);
}

static void resource_attach(struct resource *r, struct resource_observer *o)
{
	tell_all(r, o, false);
	o->next = r->observers;
	r->observers = o;
}

void resource_forget_past(struct resource *r)
{
	pthread_rwlock_wrlock(&r->lock);
	cache_event_window_reset(&r->window, resource_now(r));
	cache_past_clear(&r->past);
	pthread_rwlock_unlock(&r->lock);
}

void resource_load(struct resource *r, struct obj **v, size_t n, uint64_t rev, uint64_t start)
{
	pthread_rwlock_wrlock(&r->lock);
	load(r, v, n);
	cache_event_window_reset(&r->window, start);
	r->last_rev = rev;
	count_changed(r);
	pthread_rwlock_unlock(&r->lock);
	atomic_store(&r->sweep_at_ns, 0);
}

int64_t resource_due(const struct resource *r)
{
	int64_t window_ns = cache_event_window_due(&r->window), past_ns = cache_past_due(&r->past);
	return window_ns < past_ns ? window_ns : past_ns;
}

uint64_t resource_now(const struct resource *r)
{
	uint64_t all = revision_now(r->revision);
	return all > r->last_rev ? all : r->last_rev;
}

static void apply(struct resource *r, const char *key, struct obj *obj, uint64_t rev, bool more,
		  struct obj **ret)
{
	/* Nobody else changes the order meanwhile, so it may look without the lock. */
	struct change c = {.rev = rev, .at_ns = clock_mono_ns(), .deleted = !obj};
	const struct obj *last = obj ? NULL : cache_order_find(&r->order, key);
	if (rev < r->last_rev) {
		obj_unref(obj);
		return;
	}
	c.cur = obj ? obj_ref(obj) : last ? obj_publish(last, rev) : NULL;
	if (ret && c.cur)
		*ret = obj_ref(c.cur);

	pthread_rwlock_wrlock(&r->lock);
	if (!more || r->last_rev < rev - 1)
		r->last_rev = rev - more;
	if (obj)
		c.old = cache_order_put(&r->order, obj);
	else if (last)
		c.old = cache_order_del(&r->order, key);
	weigh(r, c.old, obj);
	if (c.cur) {
		if (!c.old || c.deleted)
			count_changed(r);
		tell_observers(r, c.old, obj);
		watch_note(r, &c, r->window.head);
		cache_past_changed(&r->past, c.old);
		cache_event_window_push(&r->window, &c);
		atomic_store_explicit(&r->window_due_ns, resource_due(r), memory_order_relaxed);
	}
	pthread_rwlock_unlock(&r->lock);
}

void resource_apply(struct resource *r, const char *key, struct obj *obj, uint64_t rev, struct obj **ret)
{
	apply(r, key, obj, rev, false, ret);
}

void resource_apply_part(struct resource *r, const char *key, struct obj *obj, uint64_t rev, struct obj **ret)
{
	apply(r, key, obj, rev, true, ret);
}

/* ---- after lost history ---- */

static int rev_cmp(const void *a, const void *b)
{
	const struct obj *x = *(struct obj *const *)a, *y = *(struct obj *const *)b;
	return (x->rv > y->rv) - (x->rv < y->rv);
}

/* Changes that left the object in place are told as if nothing had been lost: every one has its own revision.
   Deletions have left no revision behind, so nobody who watched can be told of them in order, not even when there is
   another object behind the key by now: those watchers must list again. */
void resource_replace(struct resource *r, struct obj **v, size_t n, uint64_t rev)
{
	size_t kept = 0, changed = 0;
	pthread_rwlock_rdlock(&r->lock);
	size_t had = r->order.count;
	for (size_t i = 0; i < n; i++) {
		const struct obj *old = cache_order_find(&r->order, v[i]->key);
		kept += old && strcmp(old->uid, v[i]->uid) == 0;
		if (!old || old->rv != v[i]->rv) {
			struct obj *o = v[i];
			v[i] = v[changed];
			v[changed++] = o;
		}
	}
	pthread_rwlock_unlock(&r->lock);
	if (kept == had) {
		if (changed)
			qsort(v, changed, sizeof(*v), rev_cmp);
		for (size_t i = 0; i < changed; i++)
			resource_apply(r, v[i]->key, v[i], v[i]->rv, NULL);
		for (size_t i = changed; i < n; i++)
			obj_unref(v[i]);
	} else {
		pthread_rwlock_wrlock(&r->lock);
		for (struct resource_observer *o = r->observers; o; o = o->next)
			tell_all(r, o, true);
		cache_order_release(&r->order);
		load(r, v, n);
		cache_event_window_reset(&r->window, rev);
		cache_past_clear(&r->past);
		r->last_rev = rev;
		count_changed(r);
		for (struct resource_observer *o = r->observers; o; o = o->next)
			tell_all(r, o, false);
		watch_expire(r);
		pthread_rwlock_unlock(&r->lock);
	}
	resource_wake(r);
	atomic_store(&r->sweep_at_ns, 0); /* there may be older ones now */
}

void resource_remove(struct resource *r)
{
	pthread_rwlock_wrlock(&r->lock);
	for (struct resource_observer *o = r->observers; o; o = o->next)
		tell_all(r, o, true);
	r->observers = NULL;
	cache_order_release(&r->order);
	cache_past_clear(&r->past);
	r->window.held =
		0; /* what has happened stays for who watches: he is told the end of each object first */
	atomic_store(&r->removed, true);
	count_changed(r);
	watch_expire(r);
	pthread_rwlock_unlock(&r->lock);
}

struct resource *resource_current(struct resource *r)
{
	struct resource *next;

	while ((next = atomic_load_explicit(&r->replaced_by, memory_order_acquire)))
		r = next;
	return r;
}

int resource_gone(struct err *err)
{
	return err_set(err, REASON_NOT_FOUND, "the server could not find the requested resource");
}

/* ---- simple reads ---- */

const struct kind *resource_kind(const struct resource *r)
{
	return r->kind;
}

bool resource_has_dependants(const struct resource *r)
{
	return atomic_load(&r->has_dependants);
}

void storage_on_dependants(struct storage *s, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&s->apply_lock);
	s->on_dependants = fn;
	s->on_dependants_arg = arg;
	pthread_mutex_unlock(&s->apply_lock);
}

size_t resource_count(struct resource *r)
{
	pthread_rwlock_rdlock(&r->lock);
	size_t n = r->order.count;
	pthread_rwlock_unlock(&r->lock);
	return n;
}

struct obj *resource_get(struct resource *r, const char *key)
{
	pthread_rwlock_rdlock(&r->lock);
	struct obj *o = cache_order_find(&r->order, key);
	if (o)
		obj_ref(o);
	pthread_rwlock_unlock(&r->lock);
	return o;
}

/* A request may have begun before its kind was replaced, and even look while that happens. */
static struct obj *get_current(struct resource *r, const char *key)
{
	struct resource *looked;
	struct obj *o;

	do {
		looked = r = resource_current(r);
		o = resource_get(r, key);
	} while (!o && resource_current(looked) != looked);
	return o;
}

struct obj *storage_get(struct resource *r, const char *ns, const char *name)
{
	char small[320]; /* a namespace is at most 63 bytes long, a name 253 */
	autofree char *big = NULL;
	if (!*ns)
		return get_current(r, name);
	size_t need = strlen(ns) + strlen(name) + 2;
	char *key = need <= sizeof(small) ? small : (big = mem_alloc(need));
	char *p = stpcpy(key, ns);
	*p++ = '/';
	memcpy(p, name, strlen(name) + 1);
	return get_current(r, key);
}

void resource_observe(struct resource *r, struct resource_observer *o)
{
	struct storage *s = r->storage;
	pthread_mutex_lock(&s->apply_lock);
	resource_attach(r, o);
	pthread_mutex_unlock(&s->apply_lock);
}

void resource_unobserve(struct resource *r, struct resource_observer *o)
{
	struct storage *s = r->storage;
	pthread_mutex_lock(&s->apply_lock);
	for (struct resource_observer **at = &r->observers; *at; at = &(*at)->next)
		if (*at == o) {
			*at = o->next;
			break;
		}
	pthread_mutex_unlock(&s->apply_lock);
}

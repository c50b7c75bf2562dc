/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watcher is a place in the window and a query. It owns no queue: what it will be told is computed when it
 * asks, from changes that all watchers share, so a slow one costs nothing but its place, and loses that when
 * the window moves on.
 *
 * Asleep and awake: a watcher that has seen everything is `armed`. The sink asks each armed watcher's query
 * about each change; on the first match it notes the change's place as the watcher's and wakes it. An armed
 * watcher therefore needs no place: it has seen, or need not see, everything, however far the window has
 * moved. To ask few watchers per change, those that can only match one value of something (a node's own Pods,
 * one object, one namespace) sit in a bucket named after it; a change looks into the buckets of its old and
 * new values and asks the rest one by one.
 *
 * A change is seen through the query: into the selection is ADDED, inside it MODIFIED, out of it DELETED. The
 * object of a DELETED is the last one that was selected, with the change's revision.
 */
#include <stdlib.h>
#include "storage/cache/storage_internal.h"

/* Far beyond one per node and controller of the largest cluster; a leak of connections ends here. */
#define WATCHERS_MAX 65536
/* Of all watches together. What is shorter than LONG_SELECTOR is bounded by their number. */
#define LONG_SELECTORS_MAX ((size_t)32 << 20)
#define LONG_SELECTOR ((size_t)4 << 10)
/* So much of them leaves holes worth giving back: at once, or when the last goes. */
#define HOLES_MANY ((size_t)8 << 20)
#define HOLES_FEW ((size_t)1 << 20)

struct watch_bucket {
	struct list watchers;
	char *key;
};

struct watcher {
	struct resource *r;
	struct match match;
	void (*wake)(void *arg);
	void *arg;

	struct list link; /* resource.lock: in bucket->watchers or resource.watchers */
	struct watch_bucket *bucket;
	struct list wake_link; /* resource.wake_lock: in resource.woken */
	uint64_t place;	       /* resource.lock: next change to look at; meaningless while armed */
	bool armed;	       /* resource.lock: set by the owner, cleared by the sink */
	bool expired;	       /* resource.lock */

	/* the owner's */
	struct cache_order_snapshot initial;
	bool in_initial, want_end;
	uint64_t from; /* changes up to here are not wanted */
	uint64_t initial_rv;
	uint64_t delivered; /* everything up to here has been delivered */
	size_t charged;	    /* to storage.selected_bytes */
};

/* ---- buckets ---- */

/* A bucket's key is one letter for what it is about (a digit: the selectable field) and the value. */
static struct watch_bucket *bucket_find(struct resource *r, char what, const char *value)
{
	char small[280];
	size_t n = strlen(value);
	if (n + 1 > sizeof(small))
		return NULL;
	small[0] = what;
	memcpy(small + 1, value, n);
	return map_getn(&r->buckets, small, n + 1);
}

static char field_letter(size_t i)
{
	return (char)(0x80 + i); /* beyond the letters below */
}

/* The narrowest bucket for the query, as an owned key; NULL when none fits. */
static char *bucket_choose(const struct resource *r, const struct match *m)
{
	for (size_t i = 0; i < r->kind->n_selectable; i++) {
		const char *value = r->kind->selectable[i].bucket ? match_single(m, (int)i) : NULL;
		if (value && strlen(value) < 256)
			return mem_printf("%c%s", field_letter(i), value);
	}
	const char *name = match_single(m, FIELD_NAME);
	if (name && strlen(name) < 256)
		return mem_printf("n%s", name);
	return *m->ns && strlen(m->ns) < 256 ? mem_printf("s%s", m->ns) : NULL;
}

static void link_watcher(struct watcher *w)
{
	struct resource *r = w->r;
	char *key = bucket_choose(r, &w->match);
	r->n_watchers++;
	atomic_fetch_add_explicit(&r->n_holders, 1, memory_order_relaxed);
	if (!key) {
		list_push_back(&r->watchers, &w->link);
		return;
	}
	struct watch_bucket *b = map_get(&r->buckets, key);
	if (b) {
		free(key);
	} else {
		b = MEM_NEW(struct watch_bucket);
		list_init(&b->watchers);
		b->key = key;
		map_set(&r->buckets, key, b);
	}
	w->bucket = b;
	list_push_back(&b->watchers, &w->link);
}

static void unlink_watcher(struct watcher *w)
{
	struct watch_bucket *b = w->bucket;
	list_del(&w->link);
	w->r->n_watchers--;
	if (b && list_empty(&b->watchers)) {
		map_del(&w->r->buckets, b->key);
		free(b->key);
		free(b);
	}
}

/* ---- the sink's side ---- */

static void wake_later(struct watcher *w)
{
	w->armed = false;
	if (list_empty(&w->wake_link))
		list_push_back(&w->r->woken, &w->wake_link);
}

static bool concerns(const struct match *m, const struct change *c)
{
	return (c->old && match_obj(m, c->old)) || (!c->deleted && match_obj(m, c->cur));
}

static void ask(struct list *watchers, const struct change *c, uint64_t seq)
{
	list_for_each (pos, watchers) {
		struct watcher *w = list_entry(pos, struct watcher, link);
		if (!w->armed || c->rev <= w->from || !concerns(&w->match, c))
			continue;
		w->place = seq;
		wake_later(w);
	}
}

static void ask_bucket(struct resource *r, char what, const char *value, const struct change *c, uint64_t seq)
{
	struct watch_bucket *b = bucket_find(r, what, value);
	if (b)
		ask(&b->watchers, c, seq);
}

void watch_note(struct resource *r, const struct change *c, uint64_t seq)
{
	if (!r->n_watchers)
		return;
	pthread_mutex_lock(&r->wake_lock);
	ask(&r->watchers, c, seq);
	if (map_len(&r->buckets)) {
		ask_bucket(r, 's', c->cur->ns, c, seq);
		ask_bucket(r, 'n', c->cur->name, c, seq);
		for (size_t i = 0; i < r->kind->n_selectable; i++) {
			if (!r->kind->selectable[i].bucket)
				continue;
			const char *now = c->cur->fields[i], *was = c->old ? c->old->fields[i] : now;
			ask_bucket(r, field_letter(i), now, c, seq);
			if (strcmp(was, now) != 0)
				ask_bucket(r, field_letter(i), was, c, seq);
		}
	}
	pthread_mutex_unlock(&r->wake_lock);
}

static void expire_all(struct list *watchers)
{
	list_for_each (pos, watchers) {
		struct watcher *w = list_entry(pos, struct watcher, link);
		w->expired = true;
		if (w->armed)
			wake_later(w);
	}
}

void watch_expire(struct resource *r)
{
	struct map_iter it = {0};
	pthread_mutex_lock(&r->wake_lock);
	expire_all(&r->watchers);
	while (map_next(&r->buckets, &it))
		expire_all(&((struct watch_bucket *)it.value)->watchers);
	pthread_mutex_unlock(&r->wake_lock);
}

void resource_wake(struct resource *r)
{
	struct list *pos;
	pthread_mutex_lock(&r->wake_lock);
	while ((pos = list_pop_front(&r->woken))) {
		struct watcher *w = list_entry(pos, struct watcher, wake_link);
		w->wake(w->arg);
	}
	pthread_mutex_unlock(&r->wake_lock);
}

/* ---- the watcher's side ---- */

static int too_old(struct err *err, uint64_t rv, uint64_t start)
{
	return err_set(err, REASON_EXPIRED, "too old resource version: %llu (%llu)", (unsigned long long)rv,
		       (unsigned long long)start);
}

/* Under the write lock. */
static int begin(struct watcher *w, uint64_t rv, bool initial_events, struct err *err)
{
	struct resource *r = w->r;
	uint64_t now = resource_now(r);
	if (r->removed)
		return resource_gone(err);
	if (r->n_watchers >= WATCHERS_MAX)
		return err_set(err, REASON_TOO_MANY_REQUESTS, "too many watches of %s", r->label);
	if (initial_events) {
		autofree char *lo = NULL, *hi = NULL;
		if (*w->match.ns) {
			lo = mem_printf("%s/", w->match.ns);
			hi = mem_printf("%s%c", w->match.ns, '/' + 1);
		}
		cache_order_snapshot(&r->order, lo, hi, NULL, &w->initial);
		w->in_initial = true;
		w->initial_rv = now;
		w->place = r->window.head;
		w->from = now;
	} else {
		w->from = rv ? rv : now;
		if (w->from < r->window.start)
			return too_old(err, rv, r->window.start);
		w->place = cache_event_window_seek(&r->window, w->from);
		w->delivered = w->from;
	}
	link_watcher(w);
	return 0;
}

static void discharge(struct watcher *w)
{
	struct storage *s = w->r->storage;
	if (!w->charged)
		return;
	size_t left = atomic_fetch_sub(&s->selected_bytes, w->charged) - w->charged;
	size_t gone = atomic_fetch_add(&s->let_go_bytes, w->charged) + w->charged;
	if (gone >= HOLES_MANY || (!left && gone >= HOLES_FEW))
		compactor_give_back(s->compactor);
}

/* A query is a megabyte at most, and the watch keeps it for as long as it likes. */
static int charge(struct watcher *w, struct err *err)
{
	size_t bytes = match_size(&w->match);
	if (bytes <= LONG_SELECTOR || !w->r->storage)
		return 0;
	w->charged = bytes;
	if (atomic_fetch_add(&w->r->storage->selected_bytes, bytes) + bytes <= LONG_SELECTORS_MAX)
		return 0;
	discharge(w);
	return err_set(err, REASON_TOO_MANY_REQUESTS,
		       "too many watches with long selectors, please try again later");
}

/* Takes w->match. */
static int join(struct watcher *w, uint64_t rv, bool initial_events, struct err *err)
{
	match_own(&w->match);
	pthread_rwlock_wrlock(&w->r->lock);
	int rc = begin(w, rv, initial_events, err);
	pthread_rwlock_unlock(&w->r->lock);
	if (rc < 0)
		discharge(w);
	return rc;
}

struct watcher *watch_open(struct resource *r, const struct query *q, uint64_t rv, bool initial_events,
			   bool initial_end, void (*wake)(void *arg), void *arg, struct err *err)
{
	struct watcher *w = MEM_NEW(struct watcher);
	r = resource_current(r);
	w->r = r;
	w->wake = wake;
	w->arg = arg;
	w->want_end = initial_events && initial_end;
	list_init(&w->link);
	list_init(&w->wake_link);
	match_init(&w->match, r->kind, q);
	if (charge(w, err) < 0 || join(w, rv, initial_events, err) < 0) {
		match_release(&w->match);
		free(w);
		return NULL;
	}
	return w;
}

void watch_close(struct watcher *w)
{
	if (!w)
		return;
	pthread_rwlock_wrlock(&w->r->lock);
	unlink_watcher(w);
	pthread_rwlock_unlock(&w->r->lock);
	/* From here the sink cannot find it any more; what it has found already is still on the list, or
	 * being woken. */
	pthread_mutex_lock(&w->r->wake_lock);
	list_del(&w->wake_link);
	pthread_mutex_unlock(&w->r->wake_lock);
	cache_order_snapshot_release(&w->initial);
	match_release(&w->match);
	discharge(w);
	atomic_fetch_sub_explicit(&w->r->n_holders, 1, memory_order_release);
	free(w);
}

static bool next_initial(struct watcher *w, struct watch_event *ret)
{
	struct obj *o;
	while ((o = cache_order_next(&w->initial))) {
		if (!match_obj(&w->match, o))
			continue;
		*ret = (struct watch_event){.type = WATCH_ADDED, .rv = o->rv, .obj = obj_ref(o)};
		return true;
	}
	cache_order_snapshot_release(&w->initial);
	w->in_initial = false;
	w->delivered = w->initial_rv;
	if (!w->want_end)
		return false;
	*ret = (struct watch_event){.type = WATCH_BOOKMARK, .rv = w->initial_rv, .initial_end = true};
	return true;
}

/* What the change looks like through the query; obj is a reference that for a DELETED out of the selection
   still has to get the change's revision (*ret_stale). */
static bool see(const struct watcher *w, const struct change *c, struct watch_event *ret, bool *ret_stale)
{
	bool before = c->old && match_obj(&w->match, c->old);
	bool after = !c->deleted && match_obj(&w->match, c->cur);
	*ret_stale = false;
	if (!before && !after)
		return false;
	*ret = (struct watch_event){.rv = c->rev, .obj = c->cur};
	ret->type = after ? (before ? WATCH_MODIFIED : WATCH_ADDED) : WATCH_DELETED;
	if (!after && !c->deleted) {
		ret->obj = c->old;
		*ret_stale = true;
	}
	obj_ref(ret->obj);
	return true;
}

int watch_next(struct watcher *w, struct watch_event *ret, struct err *err)
{
	struct resource *r = w->r;
	bool stale = false;
	int rc = 0;
	if (w->in_initial && next_initial(w, ret))
		return 1;
	pthread_rwlock_rdlock(&r->lock);
	if (!w->armed && w->place < r->window.tail) {
		rc = too_old(err, w->delivered, r->window.start);
	} else if (!w->armed) {
		while (rc == 0 && w->place != r->window.head) {
			const struct change *c = cache_event_window_at(&r->window, w->place++);
			if (c->rev > w->from && see(w, c, ret, &stale))
				rc = 1;
		}
		w->armed = rc == 0;
	}
	if (rc == 0 && w->expired)
		rc = too_old(err, w->delivered, r->window.start);
	if (rc == 1)
		w->delivered = ret->rv;
	pthread_rwlock_unlock(&r->lock);
	if (stale) {
		struct obj *gone = obj_publish(ret->obj, ret->rv);
		obj_unref(ret->obj);
		ret->obj = gone;
	}
	return rc;
}

uint64_t watch_bookmark(struct watcher *w)
{
	struct resource *r = w->r;
	if (w->in_initial)
		return 0;
	pthread_rwlock_rdlock(&r->lock);
	if (!w->expired && (w->armed || w->place == r->window.head)) {
		uint64_t now = resource_now(r);
		w->delivered = now > w->delivered ? now : w->delivered;
	}
	pthread_rwlock_unlock(&r->lock);
	return w->delivered;
}

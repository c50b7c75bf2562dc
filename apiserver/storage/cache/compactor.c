/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread for what nobody asks for: objects that expire (events), compaction of the store, windows of
 * quiet resources.
 *
 * It sleeps until the next thing is due and knows when that is; in a cluster without writes nothing ever is.
 * When a storm is over, what malloc has kept of it goes back to the kernel: once, not on a timer.
 * Times come from revision_internal.h: an object is as old as the revision of its last write, so no time is kept per
 * object. What was there when the process started is judged by its creationTimestamp instead. Where the store expires
 * objects itself, only what it has left behind goes here, such as what was written without a time to live.
 */
#include <malloc.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/thread.h"
#include "storage/cache/storage_internal.h"

/* Upstream's --etcd-compaction-interval. */
#define COMPACT_NS (300 * NS_PER_S)
/* The store is away: when to try again. */
#define RETRY_NS (30 * NS_PER_S)

/* Deletions of expired objects at once. */
#define EXPIRE_BURST 64
/* So long after the store should have done it. */
#define EXPIRE_SLACK_S 600

/* So many writes between two looks, at least WINDOW_CALM_NS apart, are a storm. */
#define STORM_WRITES 2000

struct compactor {
	struct storage *s;
	pthread_t thread;
	pthread_mutex_t lock; /* kicked, stopping, holes */
	pthread_cond_t cond;
	bool kicked, stopping, holes;
	atomic_int_fast64_t next_ns; /* when the thread will look by itself */
	atomic_ulong sweeps;
	/* the thread's */
	uint64_t compacted;
	int64_t compact_at_ns; /* CLOCK_NEVER: nothing to compact */
	bool storm;
	uint64_t calm_rev; /* at the last look for storms, and when the next is due */
	int64_t calm_at_ns;
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- expiry ---- */

static int64_t ttl_of(const struct storage *s, const struct resource *r)
{
	int64_t ttl_s = r->kind->ttl_s;
	return ttl_s && s->store->engine->expires ? ttl_s + EXPIRE_SLACK_S : ttl_s;
}

struct ages {
	uint64_t old_rev; /* what was last written up to here is expired */
	uint64_t loaded_rev;
	int64_t ttl_s, wall_s;
};

static bool expired(const struct ages *a, const struct obj *o)
{
	return o->rv <= a->old_rev || (o->rv <= a->loaded_rev && o->created_s + a->ttl_s <= a->wall_s);
}

/* Deletions under way, each as its object is, lazy where the engine can. */
struct expiry {
	pthread_mutex_t lock; /* all of it */
	pthread_cond_t fewer;
	unsigned under_way;
	struct err err; /* of one that the store could not do */
};
struct expiry_write {
	struct storage_write w;
	struct expiry *of;
};

static void on_expired(struct storage_write *w)
{
	struct expiry *e = CONTAINER_OF(w, struct expiry_write, w)->of;
	enum reason r = w->err.reason;
	pthread_mutex_lock(&e->lock);
	if (r != REASON_NONE && r != REASON_CONFLICT && r != REASON_NOT_FOUND)
		e->err = w->err;
	e->under_way--;
	pthread_cond_signal(&e->fewer);
	pthread_mutex_unlock(&e->lock);
	obj_unref((struct obj *)w->old);
	obj_unref(w->result);
	free(CONTAINER_OF(w, struct expiry_write, w));
}

/* False when the store fails. */
static bool wait_for(struct expiry *e, unsigned at_most)
{
	pthread_mutex_lock(&e->lock);
	while (e->under_way > at_most)
		clock_cond_wait(&e->fewer, &e->lock, CLOCK_NEVER);
	bool ok = e->err.reason == REASON_NONE;
	pthread_mutex_unlock(&e->lock);
	return ok;
}

static bool expire(struct expiry *e, struct resource *r, struct obj *o)
{
	if (!wait_for(e, EXPIRE_BURST - 1))
		return false;
	struct expiry_write *x = MEM_NEW(struct expiry_write);
	x->of = e;
	x->w = (struct storage_write){.op = WRITE_DELETE,
				      .resource = r,
				      .old = obj_ref(o),
				      .flags = WRITE_LAZY,
				      .done = on_expired};
	pthread_mutex_lock(&e->lock);
	e->under_way++;
	pthread_mutex_unlock(&e->lock);
	storage_submit(&x->w);
	return true;
}

/* Removes what has expired in r; returns when to look again. */
static int64_t sweep(struct storage *s, struct resource *r)
{
	int64_t ttl_s = ttl_of(s, r);
	struct ages a = {revision_before(&s->revision, ttl_s * NS_PER_S),
			 s->store->engine->expires ? 0 : s->loaded_rev, ttl_s, clock_wall_ns() / NS_PER_S};
	int64_t now_ns = clock_mono_ns(), next_ns = CLOCK_NEVER;
	uint64_t oldest = UINT64_MAX;
	struct cache_order_snapshot all;
	struct expiry e = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct obj *o;
	bool ok = true;
	clock_cond_init(&e.fewer);
	pthread_rwlock_rdlock(&r->lock);
	cache_order_snapshot(&r->order, NULL, NULL, NULL, &all);
	pthread_rwlock_unlock(&r->lock);
	while (ok && (o = cache_order_next(&all))) {
		if (expired(&a, o)) {
			ok = expire(&e, r, o);
			continue;
		}
		if (o->rv <= a.loaded_rev)
			next_ns = earlier(next_ns, now_ns + (o->created_s + a.ttl_s - a.wall_s) * NS_PER_S);
		if (o->rv < oldest)
			oldest = o->rv;
	}
	if (!wait_for(&e, 0)) {
		log_warn_err(&e.err, "expired objects cannot be removed", "resource=%s", r->label);
		next_ns = now_ns + RETRY_NS;
	}
	pthread_mutex_destroy(&e.lock);
	pthread_cond_destroy(&e.fewer);
	cache_order_snapshot_release(&all);
	if (oldest != UINT64_MAX)
		next_ns = earlier(next_ns, revision_due(&s->revision, oldest, a.ttl_s * NS_PER_S));
	return next_ns;
}

/*
 * Who looks passes over all objects, so it is done when the oldest is due and not whenever something else is. What is written
 * meanwhile is younger; only a resource that had nothing is looked at until it has something.
 */
static int64_t sweep_when_due(struct compactor *k, struct resource *r)
{
	int64_t at_ns = atomic_load(&r->sweep_at_ns);
	if (at_ns && at_ns != CLOCK_NEVER && clock_mono_ns() < at_ns)
		return at_ns;
	atomic_store(&r->sweep_at_ns,
		     CLOCK_NEVER); /* before the look: what is replaced meanwhile is looked at again */
	int64_t next_ns = sweep(k->s, r);
	atomic_compare_exchange_strong(&r->sweep_at_ns, &(int64_t){CLOCK_NEVER}, next_ns);
	k->sweeps++;
	return next_ns;
}

/* ---- compaction ---- */

static int64_t compact(struct compactor *k)
{
	struct storage *s = k->s;
	struct err err = ERR_INIT;
	if (k->compact_at_ns <= clock_mono_ns()) {
		uint64_t rev = revision_before(&s->revision, COMPACT_NS);
		k->compact_at_ns = CLOCK_NEVER;
		if (rev > k->compacted && s->store->engine->compact(s->store, rev, &err) < 0) {
			log_warn_err(&err, "store cannot be compacted", NULL);
			return k->compact_at_ns = clock_mono_ns() + RETRY_NS;
		}
		k->compacted = rev > k->compacted ? rev : k->compacted;
	}
	uint64_t now = revision_now(&s->revision);
	if (k->compact_at_ns == CLOCK_NEVER && now > k->compacted)
		k->compact_at_ns = revision_due(&s->revision, now, COMPACT_NS);
	return k->compact_at_ns;
}

/* ---- windows ---- */

static int64_t trim(struct resource *r)
{
	pthread_rwlock_wrlock(&r->lock);
	cache_event_window_trim(&r->window, clock_mono_ns());
	cache_past_trim(&r->past, clock_mono_ns());
	int64_t due_ns = resource_due(r);
	pthread_rwlock_unlock(&r->lock);
	return due_ns;
}

/* ---- storms ---- */

static int64_t calm_down(struct compactor *k)
{
	uint64_t now = revision_now(&k->s->revision);
	int64_t now_ns = clock_mono_ns();
	if (now_ns >= k->calm_at_ns) {
		bool calm = now - k->calm_rev < STORM_WRITES;
		if (calm && k->storm && k->s->store->engine->relax)
			k->s->store->engine->relax(k->s->store);
		if (calm && k->storm)
			malloc_trim(0);
		k->storm = !calm;
		k->calm_rev = now;
		k->calm_at_ns = now_ns + WINDOW_CALM_NS;
	}
	return k->storm || now - k->calm_rev >= STORM_WRITES ? k->calm_at_ns : CLOCK_NEVER;
}

/* Under the lock. */
static void give_back(struct compactor *k)
{
	k->holes = false;
	atomic_store(&k->s->let_go_bytes, 0);
	pthread_mutex_unlock(&k->lock);
	malloc_trim(0);
	pthread_mutex_lock(&k->lock);
}

static void *compactor_main(void *arg)
{
	struct compactor *k = arg;
	bool stopping = false;
	while (!stopping) {
		uint64_t seen = revision_now(&k->s->revision);
		int64_t next_ns = earlier(freshness_expire(k->s), compact(k));
		struct schema_pin pin = schema_pin(k->s->schema); /* kinds come and go, resources stay */
		for (struct resource *r = k->s->resources; r; r = r->next) {
			next_ns = earlier(next_ns, trim(r));
			if (!r->removed && r->kind->ttl_s)
				next_ns = earlier(next_ns, sweep_when_due(k, r));
		}
		schema_unpin(k->s->schema, &pin);
		next_ns = earlier(next_ns, calm_down(k));
		atomic_store(&k->next_ns, next_ns);
		/* A write in between may have found that the compactor was busy, and have left it alone. */
		if (next_ns == CLOCK_NEVER && revision_now(&k->s->revision) != seen)
			continue;
		pthread_mutex_lock(&k->lock);
		while (!k->kicked && !k->stopping && clock_mono_ns() < next_ns) {
			if (k->holes)
				give_back(k);
			else
				clock_cond_wait(&k->cond, &k->lock, next_ns);
		}
		k->kicked = false;
		stopping = k->stopping;
		pthread_mutex_unlock(&k->lock);
	}
	return NULL;
}

struct compactor *compactor_start(struct storage *s)
{
	struct compactor *k = MEM_NEW(struct compactor);
	k->s = s;
	k->compacted = k->calm_rev = s->loaded_rev;
	k->calm_at_ns = clock_mono_ns() + WINDOW_CALM_NS;
	k->compact_at_ns = CLOCK_NEVER;
	pthread_mutex_init(&k->lock, NULL);
	clock_cond_init(&k->cond);
	k->thread = thread_start("storage-compactor", compactor_main, k);
	return k;
}

static void kick(struct compactor *k, bool stop)
{
	pthread_mutex_lock(&k->lock);
	k->kicked = true;
	k->stopping |= stop;
	pthread_cond_signal(&k->cond);
	pthread_mutex_unlock(&k->lock);
}

void compactor_kick(struct compactor *k)
{
	kick(k, false);
}

void compactor_give_back(struct compactor *k)
{
	pthread_mutex_lock(&k->lock);
	k->holes = true;
	pthread_cond_signal(&k->cond);
	pthread_mutex_unlock(&k->lock);
}

void compactor_note(struct compactor *k, const struct resource *r)
{
	int64_t next_ns = atomic_load_explicit(&k->next_ns, memory_order_relaxed);
	int64_t due_ns = atomic_load_explicit(&r->window_due_ns, memory_order_relaxed);
	int64_t ttl_ns = ttl_of(k->s, r) * NS_PER_S;
	if (ttl_ns)
		due_ns = earlier(due_ns, clock_mono_ns() + ttl_ns + REVISION_MARK_NS);
	if (next_ns != CLOCK_NEVER && next_ns <= due_ns)
		return;
	/* Until it has looked, it need not be told again. */
	atomic_store_explicit(&k->next_ns, 0, memory_order_relaxed);
	kick(k, false);
}

unsigned long compactor_sweeps(const struct compactor *k)
{
	return atomic_load(&k->sweeps);
}

void compactor_stop(struct compactor *k)
{
	if (!k)
		return;
	kick(k, true);
	pthread_join(k->thread, NULL);
}

void compactor_free(struct compactor *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->cond);
	free(k);
}

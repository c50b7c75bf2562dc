/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freshness: who wants to read what is not in the cache yet is called when it is.
 *
 * The sink looks at a counter after each batch, so nobody pays for waits that do not exist. Deadlines are the
 * compactor's: it is told only when one comes before those that it knows of, which under load is once per
 * deadline, not once per read.
 */
#include "storage/cache/storage_internal.h"

#include <semaphore.h>
#include "base/clock.h"

#define CATCH_UP_NS (3 * NS_PER_S)

void freshness_init(struct freshness *w)
{
	*w = (struct freshness){.armed_ns = CLOCK_NEVER};
	pthread_mutex_init(&w->lock, NULL);
	list_init(&w->list);
}

static void too_late(struct storage *s, struct storage_wait *w)
{
	err_set(&w->err, REASON_TIMEOUT, "Too large resource version: %llu, current: %llu",
		(unsigned long long)w->rv, (unsigned long long)storage_revision(s));
	w->done(w);
}

static void tell(struct storage *s, struct list *which, void (*fn)(struct storage *s, struct storage_wait *w))
{
	struct list *pos;
	while ((pos = list_pop_front(which)))
		fn(s, list_entry(pos, struct storage_wait, link));
}

static void fresh(struct storage *s, struct storage_wait *w)
{
	(void)s;
	w->done(w);
}

void freshness_advanced(struct storage *s)
{
	struct list done = LIST_INIT(done);
	if (!atomic_load(&s->waits.n))
		return;
	uint64_t now = revision_now(&s->revision);
	pthread_mutex_lock(&s->waits.lock);
	list_for_each_safe (pos, &s->waits.list) {
		if (list_entry(pos, struct storage_wait, link)->rv > now)
			continue;
		list_del(pos);
		list_push_back(&done, pos);
		atomic_fetch_sub(&s->waits.n, 1);
	}
	pthread_mutex_unlock(&s->waits.lock);
	tell(s, &done, fresh);
}

int64_t freshness_expire(struct storage *s)
{
	struct list late = LIST_INIT(late);
	int64_t next_ns = CLOCK_NEVER, now_ns = clock_mono_ns();
	pthread_mutex_lock(&s->waits.lock);
	list_for_each_safe (pos, &s->waits.list) {
		struct storage_wait *w = list_entry(pos, struct storage_wait, link);
		if (w->deadline_ns <= now_ns) {
			list_del(pos);
			list_push_back(&late, pos);
			atomic_fetch_sub(&s->waits.n, 1);
		} else if (w->deadline_ns < next_ns) {
			next_ns = w->deadline_ns;
		}
	}
	s->waits.armed_ns = next_ns;
	pthread_mutex_unlock(&s->waits.lock);
	tell(s, &late, too_late);
	return next_ns;
}

static void closed(struct storage *s, struct storage_wait *w)
{
	(void)s;
	err_set(&w->err, REASON_UNAVAILABLE, "the store is closed");
	w->done(w);
}

void freshness_release(struct storage *s)
{
	tell(s, &s->waits.list, closed);
	pthread_mutex_destroy(&s->waits.lock);
}

/* ---- a wait ---- */

bool storage_fresh(struct storage *s, uint64_t rv)
{
	return rv ? revision_now(&s->revision) >= rv : s->store->engine->local;
}

static void wait_for_revision(struct storage *s, struct storage_wait *w)
{
	bool earliest = false;
	pthread_mutex_lock(&s->waits.lock);
	/* Counted before it is compared: the sink advances before it looks at the count. */
	atomic_fetch_add(&s->waits.n, 1);
	bool there = atomic_load(&s->revision.now) >= w->rv;
	if (there) {
		atomic_fetch_sub(&s->waits.n, 1);
	} else {
		list_push_back(&s->waits.list, &w->link);
		earliest = w->deadline_ns < s->waits.armed_ns;
		if (earliest)
			s->waits.armed_ns = w->deadline_ns;
	}
	pthread_mutex_unlock(&s->waits.lock);
	if (there)
		w->done(w);
	else if (earliest)
		compactor_kick(s->compactor);
}

struct asking {
	struct store_current c;
	struct storage *s;
	struct storage_wait *w;
};

static void on_current(struct store_current *c)
{
	struct asking *a = CONTAINER_OF(c, struct asking, c);
	struct storage *s = a->s;
	struct storage_wait *w = a->w;
	bool failed = c->rc < 0;
	w->rv = c->rev;
	free(a);
	if (failed)
		w->done(w);
	else
		wait_for_revision(s, w);
}

void storage_when_fresh(struct storage *s, struct storage_wait *w)
{
	w->err.reason = REASON_NONE;
	if (storage_fresh(s, w->rv)) {
		w->done(w);
	} else if (w->rv) {
		wait_for_revision(s, w);
	} else {
		struct asking *a = MEM_NEW(struct asking);
		*a = (struct asking){
			{.deadline_ns = w->deadline_ns, .done = on_current, .err = &w->err}, s, w};
		s->store->engine->current(s->store, &a->c);
	}
}

struct catching_up {
	struct storage_wait wait;
	sem_t done;
};

static void caught_up(struct storage_wait *w)
{
	sem_post(&CONTAINER_OF(w, struct catching_up, wait)->done);
}

/* To where the store was when it was listed. One that is slow is waited for by those who read. */
void freshness_catch_up(struct storage *s, const struct store_past *past)
{
	struct catching_up c = {.wait = {.rv = past->now, .done = caught_up}};
	c.wait.deadline_ns = clock_mono_ns() + CATCH_UP_NS;
	sem_init(&c.done, 0, 0);
	storage_when_fresh(s, &c.wait);
	while (sem_wait(&c.done) < 0)
		;
	sem_destroy(&c.done);
	for (struct resource *r = s->resources; past->lazy_lost && r; r = r->next)
		if (r->kind->heartbeat_field)
			resource_forget_past(r);
}

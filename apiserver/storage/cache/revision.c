/* SPDX-License-Identifier: Apache-2.0 */
/* The number is an atomic, so that the common question "is the cache there yet" takes no lock. */
#include "storage/cache/revision_internal.h"

#include "base/clock.h"

void revision_init(struct revision *r, uint64_t now)
{
	*r = (struct revision){.now = now};
	pthread_mutex_init(&r->lock, NULL);
	r->last_ns = clock_mono_ns();
	r->marks[0] = (struct revision_mark){r->last_ns, now};
	r->n = 1;
}

void revision_release(struct revision *r)
{
	pthread_mutex_destroy(&r->lock);
}

static struct revision_mark *mark_at(struct revision *r, size_t i)
{
	return &r->marks[(r->first + i) % REVISION_MARKS];
}

/* Under the lock: what there is now came no later than the last advance. */
static void add_mark(struct revision *r)
{
	if (mark_at(r, r->n - 1)->rev >= revision_now(r))
		return;
	if (r->n == REVISION_MARKS) {
		r->first = (r->first + 1) % REVISION_MARKS;
		r->n--;
	}
	*mark_at(r, r->n++) = (struct revision_mark){r->last_ns, revision_now(r)};
}

void revision_advance(struct revision *r, uint64_t rev)
{
	if (rev <= revision_now(r))
		return;
	int64_t now_ns = clock_mono_ns();
	pthread_mutex_lock(&r->lock);
	if (now_ns - mark_at(r, r->n - 1)->at_ns >= REVISION_MARK_NS)
		add_mark(r);
	r->last_ns = now_ns;
	atomic_store(&r->now, rev);
	pthread_mutex_unlock(&r->lock);
}

uint64_t revision_before(struct revision *r, int64_t age_ns)
{
	uint64_t rev = 0;
	int64_t then = clock_mono_ns() - age_ns;
	pthread_mutex_lock(&r->lock);
	if (r->last_ns <= then)
		rev = revision_now(r);
	for (size_t i = r->n; i-- && !rev;)
		if (mark_at(r, i)->at_ns <= then)
			rev = mark_at(r, i)->rev;
	pthread_mutex_unlock(&r->lock);
	return rev;
}

int64_t revision_due(struct revision *r, uint64_t rev, int64_t age_ns)
{
	int64_t at = CLOCK_NEVER;
	pthread_mutex_lock(&r->lock);
	if (mark_at(r, r->n - 1)->rev < rev)
		add_mark(r);
	for (size_t i = r->n; i-- && mark_at(r, i)->rev >= rev;)
		at = mark_at(r, i)->at_ns;
	pthread_mutex_unlock(&r->lock);
	return at == CLOCK_NEVER ? CLOCK_NEVER : at + age_ns;
}

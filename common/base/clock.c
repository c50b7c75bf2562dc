/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real clock is two calls to clock_gettime. The fake one is a pair of numbers plus a register of the
 * threads that wait on them: clock_advance() moves the numbers and then pokes each condition variable in the
 * register.
 *
 * A poke must not fall between a waiter's look at the clock and its sleep. The waiter holds its mutex from
 * one to the other, so the poke is made under that mutex; and because the waiter takes `lock` while it holds
 * its mutex, the poker, who holds `lock`, only ever tries the mutex and starts over when it is busy. Being in
 * the register means that the waiter has not returned, so its mutex and condition variable exist.
 *
 * A hastened or slowed clock goes on from where the clock stood, and is the real one stretched from that moment on; a
 * deadline is brought back to the real clock before anything sleeps on it.
 *
 * Without clock_fake() none of this runs: a wait costs one load more than pthread_cond_timedwait.
 */
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include "base/list.h"

/* As long as anybody needs to sleep at once: callers look at the clock again. */
#define POLL_MAX_MS (3600 * 1000)

struct waiter {
	struct list link;
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
	uint64_t poked; /* last round that woke it */
};

static atomic_bool faked; /* the real clock is not what we show */
static atomic_int pace;	  /* 0: frozen; N: N times as fast as the real clock; -N: N times as slow */
/* The real clocks when the pace began, from where the fake ones were. */
static _Atomic int64_t paced_mono_ns, paced_wall_ns;
static _Atomic int64_t fake_mono_ns, fake_wall_ns;
/* Taken after any waiter's mutex; guards what follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list waiters = LIST_INIT(waiters);
static uint64_t round_no;

static int64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Of a time by the real clock, what passes at this pace. */
static int64_t stretched(int64_t ns, int factor)
{
	return factor < 0 ? ns / -factor : ns * factor;
}

/* The other way; nobody needs to sleep longer than POLL_MAX_MS at once. */
static int64_t unstretched(int64_t ns, int factor)
{
	if (factor > 0)
		return ns / factor;
	return ns < POLL_MAX_MS * NS_PER_MS ? ns * -factor : POLL_MAX_MS * NS_PER_MS;
}

/* In the order opposite to that of the changes: who reads while the pace changes may be told too early a time, never
   one that is still to come. */
static int64_t moved(clockid_t id, const _Atomic int64_t *from, const _Atomic int64_t *began)
{
	int64_t from_ns = *from;
	int factor = pace;

	return factor ? from_ns + stretched(now(id) - *began, factor) : from_ns;
}

int64_t clock_mono_ns(void)
{
	if (atomic_load_explicit(&faked, memory_order_acquire))
		return moved(CLOCK_MONOTONIC, &fake_mono_ns, &paced_mono_ns);
	return now(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	if (atomic_load_explicit(&faked, memory_order_acquire))
		return moved(CLOCK_REALTIME, &fake_wall_ns, &paced_wall_ns);
	return now(CLOCK_REALTIME);
}

int clock_poll_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns == CLOCK_NEVER ? 0 : deadline_ns - clock_mono_ns();
	int factor = atomic_load_explicit(&faked, memory_order_acquire) ? pace : 1;

	factor = factor ? factor : 1;
	if (deadline_ns == CLOCK_NEVER)
		return -1;
	if (left <= 0)
		return 0;
	left = (unstretched(left, factor) + NS_PER_MS - 1) / NS_PER_MS;
	return left > POLL_MAX_MS ? POLL_MAX_MS : (int)left;
}

void clock_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	int rc = pthread_cond_init(c, &attr);

	assert(!rc);
	(void)rc;
	pthread_condattr_destroy(&attr);
}

static bool fake_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns)
{
	struct waiter w = {.cond = c, .mutex = m};

	pthread_mutex_lock(&lock);
	bool wait = faked && !pace && fake_mono_ns < deadline_ns;

	if (wait) {
		w.poked = round_no;
		list_push_back(&waiters, &w.link);
	}
	pthread_mutex_unlock(&lock);
	if (!wait)
		return clock_mono_ns() < deadline_ns;
	pthread_cond_wait(c, m);
	pthread_mutex_lock(&lock);
	list_del(&w.link);
	pthread_mutex_unlock(&lock);
	return clock_mono_ns() < deadline_ns;
}

static bool real_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns)
{
	if (deadline_ns < 0)
		deadline_ns = 0;
	struct timespec ts = {.tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S};

	return pthread_cond_timedwait(c, m, &ts) != ETIMEDOUT;
}

/* The clock may be held meanwhile. */
static bool paced_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns, int factor)
{
	return real_wait(c, m, paced_mono_ns + unstretched(deadline_ns - fake_mono_ns, factor)) ||
	       clock_mono_ns() < deadline_ns;
}

bool clock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns)
{
	bool is_real = !atomic_load_explicit(&faked, memory_order_acquire);
	int factor = pace;

	if (!is_real && !factor)
		return fake_wait(c, m, deadline_ns);
	if (deadline_ns != CLOCK_NEVER)
		return is_real ? real_wait(c, m, deadline_ns) : paced_wait(c, m, deadline_ns, factor);
	pthread_cond_wait(c, m);
	return true;
}

/* Called with `lock` held. One waiter that this round has not woken yet, or NULL. */
static struct waiter *unpoked(void)
{
	list_for_each (l, &waiters) {
		struct waiter *w = list_entry(l, struct waiter, link);

		if (w->poked != round_no)
			return w;
	}
	return NULL;
}

static void wake_all(void)
{
	struct waiter *w;

	pthread_mutex_lock(&lock);
	round_no++;
	while ((w = unpoked())) {
		if (pthread_mutex_trylock(w->mutex)) {
			pthread_mutex_unlock(&lock);
			sched_yield();
			pthread_mutex_lock(&lock);
			continue;
		}
		w->poked = round_no;
		pthread_cond_broadcast(w->cond);
		pthread_mutex_unlock(w->mutex);
	}
	pthread_mutex_unlock(&lock);
}

static void set_pace(int factor, int64_t wall_ns)
{
	int64_t mono_ns = clock_mono_ns();

	pace = 0;
	fake_mono_ns = mono_ns;
	fake_wall_ns = wall_ns;
	paced_mono_ns = now(CLOCK_MONOTONIC);
	paced_wall_ns = now(CLOCK_REALTIME);
	pace = factor;
	atomic_store_explicit(&faked, true, memory_order_release);
	wake_all();
}

void clock_fake(int64_t wall_ns)
{
	set_pace(0, wall_ns);
}

void clock_advance(int64_t ns)
{
	assert(faked && !pace && ns >= 0);
	fake_mono_ns += ns;
	fake_wall_ns += ns;
	wake_all();
}

void clock_hasten(int factor)
{
	assert(factor > 0);
	set_pace(factor, clock_wall_ns());
}

void clock_slow(int factor)
{
	assert(factor > 0);
	set_pace(-factor, clock_wall_ns());
}

void clock_real(void)
{
	atomic_store_explicit(&faked, false, memory_order_release);
	pace = 0;
	wake_all();
}

size_t clock_waiting(void)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	list_for_each (l, &waiters)
		n++;
	pthread_mutex_unlock(&lock);
	return n;
}

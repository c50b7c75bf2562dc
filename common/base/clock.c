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
 * A hastened clock goes on from where the clock stood, real or frozen, and is the real one stretched from that moment
 * on; a deadline is brought back to the real clock before anything sleeps on it.
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

static atomic_bool faked; /* frozen or hastened: the real clock is not what we show */
static atomic_int haste;  /* 0: frozen; else how many times as fast as the real clock */
/* The real clocks when it began, from where the fake ones were. */
static _Atomic int64_t haste_mono_ns, haste_wall_ns;
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

/* In the order opposite to that of the changes: who reads while the pace changes may be told too early a time, never
   one that is still to come. */
static int64_t moved(clockid_t id, const _Atomic int64_t *from, const _Atomic int64_t *began)
{
	int64_t from_ns = *from;
	int factor = haste;

	return factor ? from_ns + (now(id) - *began) * factor : from_ns;
}

int64_t clock_mono_ns(void)
{
	if (atomic_load_explicit(&faked, memory_order_acquire))
		return moved(CLOCK_MONOTONIC, &fake_mono_ns, &haste_mono_ns);
	return now(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	if (atomic_load_explicit(&faked, memory_order_acquire))
		return moved(CLOCK_REALTIME, &fake_wall_ns, &haste_wall_ns);
	return now(CLOCK_REALTIME);
}

int clock_poll_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns == CLOCK_NEVER ? 0 : deadline_ns - clock_mono_ns();
	int factor = atomic_load_explicit(&faked, memory_order_acquire) ? haste : 1;

	factor = factor ? factor : 1;
	if (deadline_ns == CLOCK_NEVER)
		return -1;
	if (left <= 0)
		return 0;
	left = (left / factor + NS_PER_MS - 1) / NS_PER_MS;
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
	bool wait = fake_mono_ns < deadline_ns && faked;

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
static bool hastened_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns, int factor)
{
	return real_wait(c, m, haste_mono_ns + (deadline_ns - fake_mono_ns) / factor) ||
	       clock_mono_ns() < deadline_ns;
}

bool clock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns)
{
	bool is_real = !atomic_load_explicit(&faked, memory_order_acquire);
	int factor = haste;

	if (!is_real && !factor)
		return fake_wait(c, m, deadline_ns);
	if (deadline_ns != CLOCK_NEVER)
		return is_real ? real_wait(c, m, deadline_ns) : hastened_wait(c, m, deadline_ns, factor);
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

void clock_fake(int64_t wall_ns)
{
	int64_t mono_ns = clock_mono_ns();

	haste = 0;
	fake_mono_ns = mono_ns;
	fake_wall_ns = wall_ns;
	atomic_store_explicit(&faked, true, memory_order_release);
	wake_all();
}

void clock_advance(int64_t ns)
{
	assert(faked && !haste && ns >= 0);
	fake_mono_ns += ns;
	fake_wall_ns += ns;
	wake_all();
}

void clock_hasten(int factor)
{
	assert(factor > 0 && !haste);
	if (!faked) {
		fake_mono_ns = now(CLOCK_MONOTONIC);
		fake_wall_ns = now(CLOCK_REALTIME);
	}
	haste_mono_ns = now(CLOCK_MONOTONIC);
	haste_wall_ns = now(CLOCK_REALTIME);
	haste = factor;
	atomic_store_explicit(&faked, true, memory_order_release);
	wake_all();
}

void clock_real(void)
{
	atomic_store_explicit(&faked, false, memory_order_release);
	haste = 0;
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Since all waits are equally long, the list in order of arrival is the list in order of deadlines: no heap.
 * The epoll set holds each socket once, one-shot in effect because it is removed before the callback runs.
 */
#include "http/readable.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

struct readable {
	int epoll, event;
	int64_t timeout_ns;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	struct list waits;
	bool stop;
};

/* Takes w out of list and set. False when somebody else already did. */
static bool claim(struct readable *r, struct readable_wait *w)
{
	pthread_mutex_lock(&r->lock);
	bool mine = !list_empty(&w->node);
	list_del(&w->node);
	pthread_mutex_unlock(&r->lock);
	if (mine)
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	return mine;
}

/* The first wait whose time is over (or any, when stopping); else *ret_ms says how long to sleep. */
static struct readable_wait *expired(struct readable *r, int *ret_ms)
{
	struct readable_wait *w = NULL;
	pthread_mutex_lock(&r->lock);
	*ret_ms = -1;
	if (!list_empty(&r->waits)) {
		w = list_entry(r->waits.next, struct readable_wait, node);
		int64_t left = w->deadline_ns - clock_mono_ns();
		if (left > 0 && !r->stop) {
			*ret_ms = (int)(left / NS_PER_MS) + 1;
			w = NULL;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return w;
}

static bool stopping(struct readable *r)
{
	pthread_mutex_lock(&r->lock);
	bool stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

static void *run(void *arg)
{
	struct readable *r = arg;
	struct readable_wait *w;
	int ms;
	for (;;) {
		while ((w = expired(r, &ms)))
			if (claim(r, w))
				w->fn(w, true);
		if (stopping(r))
			return NULL;
		struct epoll_event ev[32];
		int n = epoll_wait(r->epoll, ev, 32, ms);
		for (int i = 0; i < n; i++) {
			w = ev[i].data.ptr;
			if (w && claim(r, w))
				w->fn(w, false);
		}
	}
}

struct readable *readable_new(int64_t timeout_ns)
{
	struct readable *r = MEM_NEW(struct readable);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	r->timeout_ns = timeout_ns;
	list_init(&r->waits);
	pthread_mutex_init(&r->lock, NULL);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll < 0 || r->event < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->event, &ev) < 0)
		abort();
	r->thread = thread_start("readable", run, r);
	return r;
}

static void kick(struct readable *r)
{
	uint64_t one = 1;
	while (write(r->event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void readable_stop(struct readable *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	kick(r);
	pthread_join(r->thread, NULL);
}

void readable_free(struct readable *r)
{
	pthread_mutex_destroy(&r->lock);
	close(r->epoll);
	close(r->event);
	free(r);
}

bool readable_add(struct readable *r, struct readable_wait *w)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = w};
	w->deadline_ns = clock_mono_ns() + r->timeout_ns;
	pthread_mutex_lock(&r->lock);
	bool first = list_empty(&r->waits), ok = !r->stop;
	if (ok) {
		list_push_back(&r->waits, &w->node);
		ok = epoll_ctl(r->epoll, EPOLL_CTL_ADD, w->fd, &ev) == 0;
		if (!ok)
			list_del(&w->node);
	}
	pthread_mutex_unlock(&r->lock);
	if (ok && first) /* the thread sleeps without a limit */
		kick(r);
	return ok;
}

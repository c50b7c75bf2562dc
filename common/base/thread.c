/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small stacks, because a daemon with hundreds of mostly idle threads still has to fit its memory budget: 256
 * KiB is address space, and what is touched stays touched.
 *
 * The pool is a ring under one mutex. The stop is a file descriptor rather than a handler: an epoll set of a
 * signalfd and an eventfd is itself pollable, becomes readable for either, and stays so because nobody drains
 * it.
 */
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define STACK_BYTES (2 * 1024 * 1024) /* instrumented frames are several times larger */
#endif
#endif
#if !defined(STACK_BYTES) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define STACK_BYTES (2 * 1024 * 1024)
#endif
#ifndef STACK_BYTES
#define STACK_BYTES (256 * 1024)
#endif

static _Noreturn void give_up(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	abort();
}

struct start {
	char name[16];
	void *(*fn)(void *);
	void *arg;
};

/* The thread names itself: its creator could not do so safely once it may have ended. */
static void *begin(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	pthread_setname_np(pthread_self(), s.name);
	return s.fn(s.arg);
}

int thread_try(pthread_t *ret, const char *name, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	struct start *s = MEM_NEW(struct start);

	*s = (struct start){.fn = fn, .arg = arg};
	snprintf(s->name, sizeof(s->name), "%s", name);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(ret, &attr, begin, s);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc)
		free(s);
	return rc;
}

pthread_t thread_start(const char *name, void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int rc = thread_try(&t, name, fn, arg);

	if (rc) {
		log_error("cannot start a thread", "name=%s err=\"%s\"", name, strerror(rc));
		_exit(1);
	}
	return t;
}

/* ---- pool ---- */
struct pool_job {
	pool_fn *fn;
	void *arg;
};

struct pool {
	pthread_mutex_t lock; /* guards all below; taken alone */
	pthread_cond_t more;
	struct pool_job *ring;
	size_t max, head, len;
	bool closing;
	const char *name;
	size_t n_workers, n_started, n_idle;
	pthread_t workers[];
};

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		p->n_idle++;
		while (!p->len && !p->closing)
			pthread_cond_wait(&p->more, &p->lock);
		p->n_idle--;
		if (!p->len)
			break;
		struct pool_job j = p->ring[p->head];

		p->head = (p->head + 1) % p->max;
		p->len--;
		pthread_mutex_unlock(&p->lock);
		j.fn(j.arg);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *pool_new(const char *name, size_t workers, size_t queue_max)
{
	assert(workers > 0 && queue_max > 0);
	struct pool *p = mem_zalloc(sizeof(*p) + workers * sizeof(pthread_t));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->ring = mem_array(queue_max, sizeof(*p->ring));
	p->max = queue_max;
	p->n_workers = workers;
	p->name = name;
	return p;
}

/* With the lock held. A worker that was woken for an earlier job is still idle, and that job still queued. */
static void start_worker(struct pool *p)
{
	if (p->n_idle <= p->len && p->n_started < p->n_workers &&
	    thread_try(&p->workers[p->n_started], p->name, work, p) == 0)
		p->n_started++;
}

bool pool_submit(struct pool *p, pool_fn *fn, void *arg)
{
	pthread_mutex_lock(&p->lock);
	bool ok = !p->closing && p->len < p->max;

	if (ok)
		start_worker(p);
	ok = ok && p->n_started;
	if (ok) {
		p->ring[(p->head + p->len) % p->max] = (struct pool_job){fn, arg};
		p->len++;
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

size_t pool_queued(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t n = p->len;

	pthread_mutex_unlock(&p->lock);
	return n;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_started; i++)
		pthread_join(p->workers[i], NULL);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p->ring);
	free(p);
}

/* ---- stop ---- */
static int stop_event = -1, stop_epoll = -1;
static atomic_bool stopping;

static void watch(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(stop_epoll, EPOLL_CTL_ADD, fd, &ev))
		give_up("cannot watch for signals", errno);
}

void stop_install(void)
{
	sigset_t set;

	/* Every thread that allocates would get an arena of its own, up to eight per core, and each keeps its
	   high-water mark. Two share the work of the few threads here and cost tens of megabytes less. */
	mallopt(M_ARENA_MAX, 2);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (stop_epoll >= 0)
		return;
	stop_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (stop_epoll < 0)
		give_up("cannot watch for signals", errno);
	stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watch(stop_event);
	watch(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

void stop_wait(void)
{
	struct pollfd p = {.fd = stop_epoll, .events = POLLIN};

	assert(stop_epoll >= 0);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	stopping = true;
}

void stop_request(void)
{
	uint64_t one = 1;

	stopping = true;
	if (stop_event < 0)
		return;
	ssize_t n = write(stop_event, &one, sizeof(one));

	(void)n; /* full means readable, which is what was wanted */
}

bool stop_requested(void)
{
	struct pollfd p = {.fd = stop_epoll, .events = POLLIN};

	if (stopping)
		return true;
	if (stop_epoll < 0 || poll(&p, 1, 0) <= 0)
		return false;
	stopping = true;
	return true;
}

int stop_fd(void)
{
	return stop_epoll;
}

void stop_child_reset(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int stop_reexec(char **argv, struct err *err)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n > 0) {
		path[n] = '\0'; /* the real name, for ps; gone after an upgrade in place */
		execv(path, argv);
	}
	execv("/proc/self/exe", argv);
	return err_errno(err, "execv /proc/self/exe");
}

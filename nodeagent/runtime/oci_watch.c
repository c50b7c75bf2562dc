/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, asleep in epoll until something ends: inotify on the directory of exit files, a pidfd for each
 * sandbox's pause and for each conmon. conmon writes its exit file before it ends, so a conmon that ends
 * without one was killed.
 *
 * A pidfd is level-triggered and readable for good once its process has ended: it is dropped at that moment.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/thread.h"
#include "runtime/oci_internal.h"

#define EVENTS 32

struct watched {
	int fd;
	bool sandbox;
	char id[RUNTIME_ID_MAX];
	struct watched *prev, *next;
};

struct oci_watch {
	struct oci *o;
	int epoll, inotify, stop;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the list; never held together with oci.lock */
	struct watched *all;
};

/* Told apart from struct watched by address. */
static char inotify_tag, stop_tag;

static void add(struct oci_watch *w, bool sandbox, const char *id, pid_t pid)
{
	if (pid <= 0)
		return;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return; /* gone already: whoever looks at it next sees that */
	struct watched *x = MEM_NEW(struct watched);
	x->fd = fd;
	x->sandbox = sandbox;
	memcpy(x->id, id, sizeof(x->id));
	pthread_mutex_lock(&w->lock);
	x->next = w->all;
	if (x->next)
		x->next->prev = x;
	w->all = x;
	pthread_mutex_unlock(&w->lock);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = x};
	(void)epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void drop(struct oci_watch *w, struct watched *x)
{
	pthread_mutex_lock(&w->lock);
	if (x->prev)
		x->prev->next = x->next;
	else
		w->all = x->next;
	if (x->next)
		x->next->prev = x->prev;
	pthread_mutex_unlock(&w->lock);
	/* Closing alone would not do: a child between fork and exec holds the descriptor too. */
	(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, x->fd, NULL);
	close(x->fd);
	free(x);
}

void oci_watch_sandbox(struct oci_watch *w, const struct oci_sandbox *s)
{
	add(w, true, s->id, s->pause.pid);
}

void oci_watch_container(struct oci_watch *w, const struct oci_container *c)
{
	add(w, false, c->id, c->conmon.pid);
}

static void tell(struct oci *o, const char *id)
{
	if (o->c.on_exit)
		o->c.on_exit(o->c.on_exit_arg, id);
}

static void on_exit_files(struct oci_watch *w)
{
	char raw[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(w->inotify, raw, sizeof(raw));
	for (ssize_t i = 0; i < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(raw + i);
		i += (ssize_t)sizeof(*e) + e->len;
		if (e->mask & IN_Q_OVERFLOW) {
			/* Some names were lost: let everybody look. */
			struct oci_container **all = oci_all_containers(w->o);
			for (size_t k = 0; all[k]; k++) {
				tell(w->o, all[k]->id);
				oci_container_unref(all[k]);
			}
			free(all);
		} else if (e->len && strnlen(e->name, e->len) == RUNTIME_ID_MAX - 1) {
			tell(w->o, e->name);
		}
	}
}

static void on_process_end(struct oci_watch *w, struct watched *x)
{
	char id[RUNTIME_ID_MAX];
	bool sandbox = x->sandbox;
	memcpy(id, x->id, sizeof(id));
	drop(w, x);
	if (sandbox) {
		struct oci_sandbox *s = oci_sandbox_find(w->o, id);
		if (s)
			tell(w->o, id);
		oci_sandbox_unref(s);
		return;
	}
	struct oci_container *c = oci_container_find(w->o, id);
	if (c) {
		oci_container_orphaned(w->o, c);
		oci_container_unref(c);
		tell(w->o, id);
	}
}

static void *run(void *arg)
{
	struct oci_watch *w = arg;
	struct epoll_event ev[EVENTS];
	for (;;) {
		int n = epoll_wait(w->epoll, ev, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			return NULL;
		/* Exit files first: they make the ends of their conmons unremarkable. */
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr == &inotify_tag)
				on_exit_files(w);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == &stop_tag)
				return NULL;
			if (ev[i].data.ptr != &inotify_tag)
				on_process_end(w, ev[i].data.ptr);
		}
	}
}

static int add_tag(struct oci_watch *w, int fd, void *tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = tag};
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev);
}

struct oci_watch *oci_watch_start(struct oci *o, struct err *err)
{
	struct oci_watch *w = MEM_NEW(struct oci_watch);
	autofree char *dir = mem_printf("%s/exits", o->c.root);
	w->o = o;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->stop = eventfd(0, EFD_CLOEXEC);
	if (w->epoll < 0 || w->inotify < 0 || w->stop < 0 ||
	    inotify_add_watch(w->inotify, dir, IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) < 0 ||
	    add_tag(w, w->inotify, &inotify_tag) < 0 || add_tag(w, w->stop, &stop_tag) < 0) {
		err_errno(err, "watch %s", dir);
		mem_autoclose(&w->epoll);
		mem_autoclose(&w->inotify);
		mem_autoclose(&w->stop);
		free(w);
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	w->thread = thread_start("exits", run, w);
	return w;
}

void oci_watch_stop(struct oci_watch *w)
{
	if (!w)
		return;
	uint64_t one = 1;
	(void)!write(w->stop, &one, sizeof(one));
	pthread_join(w->thread, NULL);
	while (w->all)
		drop(w, w->all);
	close(w->epoll);
	close(w->inotify);
	close(w->stop);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends, as the loop sees it: inotify on the directory of exit files, a pidfd for each sandbox's pause and for each
 * conmon. conmon writes its exit file before it ends, so a conmon that ends without one was killed; what is to be done
 * then waits for a process, so it is a job.
 *
 * A process is known by its pid and the time it began, so that it can be found later, on the loop, and be missed when it
 * has ended before.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/list.h"
#include "loop/loop.h"
#include "runtime/oci_internal.h"

#define AGAIN_NS NS_PER_S /* out of descriptors */

struct watched {
	struct oci_watch *w;
	struct oci_process process;
	struct loop_io io;	 /* of its pidfd */
	struct loop_timer again; /* while there is no descriptor for it */
	bool sandbox;
	char id[RUNTIME_ID_MAX];
	struct list link;
};

struct oci_watch { /* on the loop */
	struct oci *o;
	struct loop *loop;
	struct loop_io files; /* inotify */
	struct list all;
	size_t jobs;
	bool leaving, idle;
	struct err err; /* of the start */
};

static void tell(struct oci *o, const char *id)
{
	if (o->c.on_exit)
		o->c.on_exit(o->c.on_exit_arg, id);
}

/* ---- processes ---- */

static void drop(struct watched *x)
{
	list_del(&x->link);
	loop_timer_set(x->w->loop, &x->again, CLOCK_NEVER);
	loop_io_stop(&x->io);
	mem_autoclose(&x->io.fd);
	free(x);
}

struct orphan {
	struct oci_watch *w;
	struct oci_container *c; /* a reference */
};

static void orphan_work(void *arg)
{
	struct orphan *n = arg;
	oci_container_orphaned(n->w->o, n->c);
}

static void orphan_done(void *arg)
{
	struct orphan *n = arg;
	struct oci_watch *w = n->w;
	tell(w->o, n->c->id);
	oci_container_unref(n->c);
	free(n);
	if (--w->jobs == 0 && w->leaving)
		loop_signal(w->loop, &w->idle);
}

static void on_conmon_end(struct oci_watch *w, const char *id)
{
	struct oci_container *c = oci_container_find(w->o, id);
	if (!c)
		return;
	struct orphan *n = MEM_NEW(struct orphan);
	*n = (struct orphan){w, c};
	w->jobs++;
	loop_job(w->loop, w->o->c.lane, orphan_work, orphan_done, n);
}

/* A pidfd is readable for good once its process has ended: it is dropped at that moment. */
static void on_process_end(void *arg, unsigned events)
{
	struct watched *x = arg;
	struct oci_watch *w = x->w;
	char id[RUNTIME_ID_MAX];
	bool sandbox = x->sandbox;
	memcpy(id, x->id, sizeof(id));
	drop(x);
	if (!sandbox) {
		on_conmon_end(w, id);
		return;
	}
	struct oci_sandbox *s = oci_sandbox_find(w->o, id);
	if (s)
		tell(w->o, id);
	oci_sandbox_unref(s);
}

/* One that has ended before it could be watched has ended all the same. */
static void watch_process(void *arg)
{
	struct watched *x = arg;
	struct err ignored = ERR_INIT; /* it is tried again */
	x->io.fd = oci_process_open(&x->process);
	if (x->io.fd < 0 && errno == ESRCH) {
		on_process_end(x, 0);
	} else if (x->io.fd < 0 || loop_io_start(x->w->loop, &x->io, x->io.fd, LOOP_READ, &ignored) < 0) {
		mem_autoclose(&x->io.fd);
		x->io.fd = -1;
		loop_timer_set(x->w->loop, &x->again, clock_mono_ns() + AGAIN_NS);
	}
}

static void join(void *arg)
{
	struct watched *x = arg;
	list_push_back(&x->w->all, &x->link);
	watch_process(x);
}

/* conmon or not, it is looked at as when conmon ends: that kills nobody whose conmon lives. */
static void look_again(void *arg)
{
	struct watched *x = arg;
	struct oci_watch *w = x->w;
	char id[RUNTIME_ID_MAX];
	memcpy(id, x->id, sizeof(id));
	drop(x);
	struct oci_container *c = oci_container_find(w->o, id);
	if (c) {
		pthread_mutex_lock(&w->o->lock);
		c->look_again = false;
		pthread_mutex_unlock(&w->o->lock);
		on_conmon_end(w, id);
	}
	oci_container_unref(c);
}

static void join_later(void *arg)
{
	struct watched *x = arg;
	list_push_back(&x->w->all, &x->link);
	loop_timer_set(x->w->loop, &x->again, clock_mono_ns() + AGAIN_NS);
}

void oci_watch_again(struct oci_watch *w, struct oci_container *c)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->o->lock);
	bool known = c->look_again;
	c->look_again = true;
	pthread_mutex_unlock(&w->o->lock);
	if (known)
		return;
	struct watched *x = MEM_NEW(struct watched);
	x->w = w;
	x->io.fd = -1;
	x->again = (struct loop_timer){.fn = look_again, .arg = x};
	memcpy(x->id, c->id, sizeof(x->id));
	loop_post(w->loop, join_later, x);
}

static void add(struct oci_watch *w, bool sandbox, const char *id, const struct oci_process *p)
{
	if (!w || p->pid <= 0)
		return;
	struct watched *x = MEM_NEW(struct watched);
	x->w = w;
	x->process = *p;
	x->io = (struct loop_io){.fd = -1, .fn = on_process_end, .arg = x};
	x->again = (struct loop_timer){.fn = watch_process, .arg = x};
	x->sandbox = sandbox;
	memcpy(x->id, id, sizeof(x->id));
	loop_post(w->loop, join, x);
}

void oci_watch_sandbox(struct oci_watch *w, const struct oci_sandbox *s)
{
	add(w, true, s->id, &s->pause);
}

void oci_watch_container(struct oci_watch *w, const struct oci_container *c)
{
	add(w, false, c->id, &c->conmon);
}

/* ---- exit files ---- */

static void tell_all(struct oci *o)
{
	struct oci_container **all = oci_all_containers(o);
	for (size_t k = 0; all[k]; k++) {
		tell(o, all[k]->id);
		oci_container_unref(all[k]);
	}
	free(all);
}

static void on_exit_files(void *arg, unsigned events)
{
	struct oci_watch *w = arg;
	char raw[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(w->files.fd, raw, sizeof(raw));
	for (ssize_t i = 0; i < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(raw + i);
		i += (ssize_t)sizeof(*e) + e->len;
		if (e->mask & IN_Q_OVERFLOW)
			tell_all(w->o); /* some names were lost: let everybody look */
		else if (e->len && strnlen(e->name, e->len) == RUNTIME_ID_MAX - 1)
			tell(w->o, e->name);
	}
}

/* ---- life ---- */

static void watch_files(void *arg)
{
	struct oci_watch *w = arg;
	(void)loop_io_start(w->loop, &w->files, w->files.fd, LOOP_READ, &w->err);
}

struct oci_watch *oci_watch_start(struct oci *o, struct err *err)
{
	struct oci_watch *w = MEM_NEW(struct oci_watch);
	autofree char *dir = mem_printf("%s/exits", o->c.root);
	w->o = o;
	w->loop = o->c.loop;
	list_init(&w->all);
	w->files = (struct loop_io){
		.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .fn = on_exit_files, .arg = w};
	if (w->files.fd < 0 ||
	    inotify_add_watch(w->files.fd, dir, IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
		(void)err_errno(&w->err, "watch %s", dir);
	else
		loop_finish(w->loop, watch_files, w);
	if (w->err.reason == REASON_NONE)
		return w;
	*err = w->err;
	mem_autoclose(&w->files.fd);
	free(w);
	return NULL;
}

static void leave(void *arg)
{
	struct oci_watch *w = arg;
	loop_io_stop(&w->files);
	while (w->all.next != &w->all)
		drop(list_entry(w->all.next, struct watched, link));
	w->leaving = true;
	w->idle = !w->jobs;
}

void oci_watch_stop(struct oci_watch *w)
{
	if (!w)
		return;
	loop_finish(w->loop, leave, w);
	if (!w->idle)
		(void)loop_wait(w->loop, &w->idle, CLOCK_NEVER);
	close(w->files.fd);
	free(w);
}

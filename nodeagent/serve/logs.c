/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

struct logs {
	const struct logs_source *source;
	const char *ns, *pod, *container; /* while opening */
	const struct logquery *q;
	struct err err;
	char *path;
	bool follow, registered; /* registered: the waiter may be in a list */
	int fd, notify, ended;	 /* ended: eventfd, readable once the container has */
	struct worker_waiter waiter;
	bool reader_open;
	struct crilog_reader reader;
	struct buf out;
};

/* ---- on the loop ---- */

static void on_end(void *arg)
{
	uint64_t one = 1;
	ssize_t n = write(((struct logs *)arg)->ended, &one, sizeof(one));
	(void)n; /* full is readable */
}

static int waiting_error(const struct logs *l, const struct status_view *v, struct err *err)
{
	const char *why = v->reason;
	if (!strcmp(why, "ErrImagePull"))
		why = "image can't be pulled";
	else if (!strcmp(why, "ImagePullBackOff"))
		why = "trying and failing to pull image";
	return err_set(err, REASON_BAD_REQUEST, "container \"%s\" in pod \"%s\" is waiting to start: %s",
		       l->container, l->pod, why);
}

/* Which run's log is meant (kubelet validateContainerLogStatus). */
static const struct container_run *pick(const struct logs *l, const struct status_view *v, struct err *err)
{
	if (l->q->previous) {
		if (v->last)
			return v->last;
		(void)err_set(err, REASON_BAD_REQUEST,
			      "previous terminated container \"%s\" in pod \"%s\" not found", l->container,
			      l->pod);
		return NULL;
	}
	if (v->state == SHOWN_RUNNING || v->state == SHOWN_TERMINATED)
		return v->now;
	if (v->last)
		return v->last;
	if (v->state == SHOWN_WAITING)
		(void)waiting_error(l, v, err);
	else
		(void)err_set(err, REASON_BAD_REQUEST, "container \"%s\" in pod \"%s\" is terminated",
			      l->container, l->pod);
	return NULL;
}

static void locate(void *arg)
{
	struct logs *l = arg;
	struct worker *w = l->source->find(l->source->arg, l->ns, l->pod);
	if (!w) {
		(void)err_set(&l->err, REASON_NOT_FOUND, "pod \"%s\" does not exist", l->pod);
		return;
	}
	int i = pod_container_index(worker_pod(w), l->container);
	if (i < 0) {
		(void)err_set(&l->err, REASON_NOT_FOUND, "container \"%s\" not found in pod \"%s\"",
			      l->container, l->pod);
		return;
	}
	struct status_view v = status_view(worker_machine(w), (size_t)i);
	const struct container_run *r = pick(l, &v, &l->err);
	if (!r)
		return;
	const struct meta *m = &worker_pod(w)->o.meta;
	l->path = runtime_log_path(l->source->root, m->namespace, m->name, m->uid, l->container, r->attempt);
	l->follow = l->q->follow && v.state == SHOWN_RUNNING && r == v.now && !l->source->simulated;
	if (!l->follow)
		return;
	l->waiter.container = i;
	l->registered = true;
	worker_wait_end(w, &l->waiter);
}

static void unlink_waiter(void *arg)
{
	list_del(&((struct logs *)arg)->waiter.link);
}

/* ---- on the connection's thread ---- */

/* A container that has not written yet has an empty log. */
static int open_file(struct logs *l, struct err *err)
{
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open log");
	if (l->follow) {
		l->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (l->notify < 0 || inotify_add_watch(l->notify, l->path, IN_MODIFY) < 0)
			return err_errno(err, "watch log");
	}
	if (crilog_open(&l->reader, l->fd, &l->q->options, err) < 0)
		return -1;
	l->reader_open = true;
	return 0;
}

struct logs *logs_open(const struct logs_source *s, const char *ns, const char *pod, const char *container,
		       const struct logquery *q, struct err *err)
{
	struct logs *l = MEM_NEW(struct logs);
	*l = (struct logs){
		.source = s, .ns = ns, .pod = pod, .container = container, .q = q, .fd = -1, .notify = -1};
	list_init(&l->waiter.link);
	l->waiter.fn = on_end;
	l->waiter.arg = l;
	l->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->ended < 0)
		(void)err_errno(&l->err, "follow log");
	else if (!loop_call(s->loop, locate, l))
		(void)err_set(&l->err, REASON_UNAVAILABLE, "the node agent is stopping");
	if (l->err.reason == REASON_NONE && open_file(l, &l->err) == 0)
		return l;
	*err = l->err;
	logs_close(l);
	return NULL;
}

void logs_close(struct logs *l)
{
	if (l->registered)
		(void)loop_call(l->source->loop, unlink_waiter, l);
	int fds[] = {l->fd, l->notify, l->ended};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (l->reader_open)
		crilog_release(&l->reader);
	buf_release(&l->out);
	free(l->path);
	free(l);
}

/* Waits for news. False when the client has gone. */
static bool wait_more(struct logs *l, int client)
{
	struct pollfd p[] = {{.fd = l->notify, .events = POLLIN},
			     {.fd = l->ended, .events = POLLIN},
			     {.fd = client, .events = POLLRDHUP}};
	char events[1024];
	int off = 0;
	/* The HTTP library corks a chunked reply: without this the last lines wait 200 ms for company. */
	(void)setsockopt(client, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	while (poll(p, ARRAY_LEN(p), -1) < 0)
		if (errno != EINTR)
			return false;
	if (p[2].revents)
		return false;
	while (p[0].revents && read(l->notify, events, sizeof(events)) > 0)
		;
	if (p[1].revents)
		l->follow = false; /* one more look for the last words, and that is all */
	return true;
}

size_t logs_read(struct logs *l, int client, char *out, size_t max)
{
	struct err err = ERR_INIT;
	while (!l->out.len) {
		bool last = !l->follow;
		int rc = l->reader_open ? crilog_read(&l->reader, &l->out, max, &err) : 0;
		if (l->out.len)
			break;
		if (rc < 0 || last || (l->reader_open && crilog_limit_reached(&l->reader)))
			return 0;
		if (rc == 0 && !wait_more(l, client))
			return 0;
	}
	size_t n = l->out.len < max ? l->out.len : max;
	memcpy(out, l->out.p, n);
	buf_consume(&l->out, n);
	return n;
}

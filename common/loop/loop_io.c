/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors and processes. libuv gives a poll handle back one round after it was closed, so the handle is
 * an allocation of its own and the caller's struct may go at once.
 *
 * A process is waited for through a pidfd, which is a descriptor like any other: no SIGCHLD handler that
 * would race with other threads' children, and nothing is reaped but what was asked for.
 */
#include "loop/loop_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- descriptors ---- */

static const struct {
	unsigned ours;
	int uvs;
} bits[] = {{LOOP_READ, UV_READABLE}, {LOOP_WRITE, UV_WRITABLE}, {LOOP_HANGUP, UV_DISCONNECT}};

static void on_poll(uv_poll_t *p, int status, int events)
{
	struct loop_io *io = p->data;
	unsigned got = 0;
	if (status < 0) { /* libuv has stopped the handle */
		got = io->events | LOOP_ERROR;
		io->events = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (events & bits[i].uvs)
			got |= bits[i].ours;
	io->fn(io->arg, got);
}

int loop_io_start(struct loop *l, struct loop_io *io, int fd, unsigned events, struct err *err)
{
	uv_poll_t *p = MEM_NEW(uv_poll_t);
	int rc = uv_poll_init(&l->uv, p, fd);
	if (rc) {
		free(p);
		errno = -rc;
		return err_errno(err, "cannot wait for a descriptor");
	}
	io->l = l;
	io->handle = p;
	io->fd = fd;
	io->events = 0;
	p->data = io;
	atomic_fetch_add(&l->ios, 1);
	loop_io_set(io, events);
	return 0;
}

void loop_io_set(struct loop_io *io, unsigned events)
{
	int uvs = 0;
	if (events == io->events)
		return;
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (events & bits[i].ours)
			uvs |= bits[i].uvs;
	io->events = events;
	uv_poll_start(io->handle, uvs, on_poll); /* 0 stops it; fails only for a handle that is closing */
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

void loop_io_stop(struct loop_io *io)
{
	if (!io->handle)
		return;
	atomic_fetch_sub(&io->l->ios, 1);
	uv_close(io->handle, on_closed);
	io->handle = NULL;
	io->events = 0;
}

/* ---- processes ---- */

static void on_ended(void *arg, unsigned events)
{
	struct loop_child *c = arg;
	int status = -1;
	pid_t pid;
	do {
		pid = waitpid(c->pid, &status, WNOHANG);
	} while (pid < 0 && errno == EINTR);
	if (!pid)
		return;
	if (pid < 0)
		status = -1;
	pid = c->pid;
	loop_child_stop(c);
	c->fn(c->arg, pid, status);
}

int loop_child_start(struct loop *l, struct loop_child *c, pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return err_errno(err, "pidfd_open of process %d", (int)pid);
	c->pid = pid;
	c->io = (struct loop_io){.fn = on_ended, .arg = c};
	if (loop_io_start(l, &c->io, fd, LOOP_READ, err) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

void loop_child_stop(struct loop_child *c)
{
	if (!c->io.handle)
		return;
	loop_io_stop(&c->io);
	close(c->io.fd);
}

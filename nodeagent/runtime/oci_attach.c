/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conmon and the network namespace offer of a running container: its attach socket (packets, see stream.c), its
 * control fifo (terminal size, a new log file), and connections inside the sandbox.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/thread.h"
#include "runtime/oci_internal.h"
#include "runtime/runtime_internal.h"

/* ---- attach ---- */

static int connect_attach(const struct oci_container *c, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	autoclose int dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A socket's name is short, the directory's need not be. */
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/attach", dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (dir >= 0 && fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	(void)err_errno(err, "attach to container %s", c->id);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_control(const struct oci_container *c)
{
	autofree char *path = mem_printf("%s/ctl", c->dir);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static struct oci_container *find_running(struct oci *o, const char *id, struct err *err)
{
	struct oci_container *c = oci_container_find(o, id);
	struct runtime_container st = {.state = RUNTIME_UNKNOWN};
	if (c)
		oci_container_inspect(o, c, &st);
	if (st.state == RUNTIME_RUNNING)
		return c;
	oci_container_unref(c);
	(void)err_set(err, REASON_NOT_FOUND, "container %s is not running", id);
	return NULL;
}

int oci_attach(struct runtime *rt, const char *id, struct runtime_stream *ret, struct err *err)
{
	struct oci_container *c = find_running((struct oci *)rt, id, err);
	if (!c)
		return -1;
	int fd = connect_attach(c, err);
	if (fd >= 0) {
		runtime_stream_init(ret);
		ret->packets = true;
		ret->out = fd;
		ret->in = c->stdin_open ? fd : -1;
		ret->control = c->tty ? open_control(c) : -1;
	}
	oci_container_unref(c);
	return fd < 0 ? -1 : 0;
}

int oci_reopen_log(struct runtime *rt, const char *id, struct err *err)
{
	struct oci_container *c = find_running((struct oci *)rt, id, err);
	if (!c)
		return -1;
	autoclose int fd = open_control(c);
	oci_container_unref(c);
	return fd < 0 || dprintf(fd, "2 0 0\n") < 0 ? err_errno(err, "reopen the log of container %s", id)
						    : 0;
}

/* ---- port-forward ---- */

/* A socket belongs to the namespace in which it was made, whoever uses it. */
struct foreign_socket {
	const char *netns;
	int v4, v6;
	int error;
};

static void *make_sockets(void *arg)
{
	struct foreign_socket *f = arg;
	autoclose int ns = *f->netns ? open(f->netns, O_RDONLY | O_CLOEXEC) : -1;
	if (*f->netns && (ns < 0 || setns(ns, CLONE_NEWNET) < 0)) {
		f->error = errno;
		return NULL;
	}
	f->v4 = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	f->v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return NULL;
}

static int take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Loopback by both families, as containerd does it: many programs listen on one of them only. */
static int connect_loopback(struct foreign_socket *f, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)port),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	if (f->v4 >= 0 && connect(f->v4, (struct sockaddr *)&v4, sizeof(v4)) == 0)
		return take(&f->v4);
	int error = errno;
	if (f->v6 >= 0 && connect(f->v6, (struct sockaddr *)&v6, sizeof(v6)) == 0)
		return take(&f->v6);
	errno = error;
	return -1;
}

int oci_port_forward(struct runtime *rt, const char *sandbox_id, int port, int *ret_fd, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox *s = oci_sandbox_find(o, sandbox_id);
	if (!s || !oci_process_alive(&s->pause)) {
		oci_sandbox_unref(s);
		return err_set(err, REASON_NOT_FOUND, "sandbox %s is not running", sandbox_id);
	}
	if (port < 1 || port > 65535) {
		oci_sandbox_unref(s);
		return err_set(err, REASON_INVALID, "port %d", port);
	}
	struct foreign_socket f = {.netns = s->netns, .v4 = -1, .v6 = -1};
	/* A thread that went into the namespace is not let loose among the others again. */
	pthread_t thread;
	f.error = thread_try(&thread, "netns", make_sockets, &f);
	if (!f.error)
		pthread_join(thread, NULL);
	oci_sandbox_unref(s);
	errno = f.error;
	int fd = f.error ? -1 : connect_loopback(&f, port);
	int error = errno;
	if (f.v4 >= 0)
		close(f.v4);
	if (f.v6 >= 0)
		close(f.v6);
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	errno = error;
	(void)err_errno(err, "failed to connect to localhost:%d inside the sandbox %s", port, sandbox_id);
	if (error == ECONNREFUSED)
		err->reason = REASON_UNAVAILABLE;
	return -1;
}

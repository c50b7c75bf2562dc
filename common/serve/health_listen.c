/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health listener: on the daemon's loop, a handful of connections, each good for one request.
 *
 * It is made so that it cannot be a burden: 16 connections (more wait in the kernel's backlog), 8 KiB of
 * request, five seconds from accept to the last byte written, one page at a time in memory per connection.
 * While nobody asks, it is one descriptor among the loop's.
 */
#include "serve/health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define CONNECTIONS_MAX 16
#define DEADLINE_NS (5 * NS_PER_S)
#define PAUSE_NS (100 * NS_PER_MS)

struct connection {
	struct health *h;
	struct loop_io io; /* fd -1: free */
	struct loop_timer deadline;
	struct buf in, out;
	size_t sent;
};

struct health {
	struct loop *loop;
	struct loop_io io;	 /* the listening socket */
	struct loop_timer pause; /* runs while there were no descriptors left to accept with */
	int port;
	struct err err; /* of the start */
	struct connection c[CONNECTIONS_MAX];
};

/* ---- the request ---- */

static const char *find_end(const char *p, size_t n)
{
	const char *crlf = memmem(p, n, "\r\n\r\n", 4), *lf = memmem(p, n, "\n\n", 2);

	return !crlf || (lf && lf < crlf) ? lf : crlf;
}

int health_parse_request(const char *p, size_t n, struct health_request *ret)
{
	const char *line_end, *sp, *target, *target_end, *q;

	if (!find_end(p, n))
		return n >= HEALTH_REQUEST_MAX ? 431 : 0;
	line_end = memchr(p, '\n', n); /* there is one */
	sp = memchr(p, ' ', (size_t)(line_end - p));
	if (!sp || sp + 1 >= line_end || sp[1] != '/')
		return 400;
	target = sp + 1;
	target_end = memchr(target, ' ', (size_t)(line_end - target));
	if (!target_end || line_end - target_end < 8 || memcmp(target_end + 1, "HTTP/1.", 7) ||
	    memchr(target, '\0', (size_t)(target_end - target)))
		return 400;
	ret->head = sp - p == 4 && !memcmp(p, "HEAD", 4);
	if (!ret->head && !(sp - p == 3 && !memcmp(p, "GET", 3)))
		return 405;
	q = memchr(target, '?', (size_t)(target_end - target));
	if ((size_t)((q ? q : target_end) - target) >= sizeof(ret->path) ||
	    (q && (size_t)(target_end - q - 1) >= sizeof(ret->query)))
		return 414;
	memset(ret->path, 0, sizeof(ret->path));
	memset(ret->query, 0, sizeof(ret->query));
	memcpy(ret->path, target, (size_t)((q ? q : target_end) - target));
	if (q)
		memcpy(ret->query, q + 1, (size_t)(target_end - q - 1));
	return 200;
}

static void answer(struct connection *c, int status, const struct health_request *rq)
{
	autobuf struct buf body = BUF_INIT;
	const char *type = "text/plain; charset=utf-8";

	if (status != 200)
		buf_addf(&body, "%d\n", status);
	else if (!health_page(rq->path, rq->query, &body, &status, &type)) {
		status = 404;
		buf_adds(&body, "404 page not found\n");
	}
	buf_addf(&c->out,
		 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
		 "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
		 status, status == 200 ? "OK" : "Error", type, body.len);
	if (!rq->head)
		buf_add(&c->out, buf_str(&body), body.len);
}

/* ---- connections ---- */

static void drop(struct connection *c)
{
	loop_timer_set(c->h->loop, &c->deadline, CLOCK_NEVER);
	loop_io_stop(&c->io);
	close(c->io.fd);
	c->io.fd = -1;
	c->sent = 0;
	buf_release(&c->in);
	buf_release(&c->out);
	loop_io_set(&c->h->io, LOOP_READ); /* there is room for the next */
}

static void on_deadline(void *arg)
{
	drop(arg);
}

static void send_more(struct connection *c)
{
	ssize_t n = send(c->io.fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		loop_io_set(&c->io, LOOP_WRITE);
		return;
	}
	if (n > 0)
		c->sent += (size_t)n;
	if (n < 0 || c->sent == c->out.len) {
		shutdown(c->io.fd, SHUT_WR);
		drop(c);
		return;
	}
	loop_io_set(&c->io, LOOP_WRITE);
}

static void read_more(struct connection *c)
{
	struct health_request rq = {0};
	char tmp[2048];
	ssize_t n = recv(c->io.fd, tmp, sizeof(tmp), 0);
	int status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	buf_add(&c->in, tmp, (size_t)n);
	status = health_parse_request(c->in.p, c->in.len, &rq);
	if (!status)
		return;
	answer(c, status, &rq);
	send_more(c);
}

static void on_ready(void *arg, unsigned events)
{
	struct connection *c = arg;

	if (c->out.len)
		send_more(c);
	else
		read_more(c);
}

static struct connection *free_place(struct health *h)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (h->c[i].io.fd < 0)
			return &h->c[i];
	return NULL;
}

static void on_pause_over(void *arg)
{
	struct health *h = arg;

	if (free_place(h))
		loop_io_set(&h->io, LOOP_READ);
}

/* Who waits in the backlog would wake us again and again: look away for a moment. */
static void pause_accepting(struct health *h)
{
	loop_io_set(&h->io, 0);
	loop_timer_set(h->loop, &h->pause, clock_mono_ns() + PAUSE_NS);
}

static void on_accept(void *arg, unsigned events)
{
	struct health *h = arg;
	struct connection *c = free_place(h); /* there is one: else we would not be called */
	int fd = accept4(h->io.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct err ignored = ERR_INIT;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(h);
		return;
	}
	if (loop_io_start(h->loop, &c->io, fd, LOOP_READ, &ignored) < 0) {
		close(fd);
		c->io.fd = -1;
		return;
	}
	loop_timer_set(h->loop, &c->deadline, clock_mono_ns() + DEADLINE_NS);
	if (!free_place(h))
		loop_io_set(&h->io, 0);
}

/* ---- life ---- */

/* The descriptor, or -1. */
static int listen_on(const char *addr, int port, int *ret_port, struct err *err)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {.sa.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(a.v4);
	int fd, one = 1;

	if (inet_pton(AF_INET, addr, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, addr, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)port);
		len = sizeof(a.v6);
	} else {
		return err_set(err, REASON_BAD_REQUEST, "\"%s\" is no IP address", addr);
	}
	fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0 || listen(fd, CONNECTIONS_MAX) < 0 || getsockname(fd, &a.sa, &len) < 0) {
		err_errno(err, "listening on %s port %d", addr, port);
		close(fd);
		return -1;
	}
	*ret_port = ntohs(a.sa.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	return fd;
}

static void join_loop(void *arg)
{
	struct health *h = arg;

	(void)loop_io_start(h->loop, &h->io, h->io.fd, LOOP_READ, &h->err);
}

struct health *health_start(struct loop *l, const char *addr, int port, struct err *err)
{
	struct health *h = MEM_NEW(struct health);

	h->loop = l;
	h->io = (struct loop_io){.fn = on_accept, .arg = h};
	h->pause = (struct loop_timer){.fn = on_pause_over, .arg = h};
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &h->c[i];

		c->h = h;
		c->io = (struct loop_io){.fd = -1, .fn = on_ready, .arg = c};
		c->deadline = (struct loop_timer){.fn = on_deadline, .arg = c};
	}
	h->io.fd = listen_on(addr, port, &h->port, err);
	if (h->io.fd < 0) {
		free(h);
		return NULL;
	}
	loop_finish(l, join_loop, h);
	if (h->err.reason != REASON_NONE) {
		*err = h->err;
		close(h->io.fd);
		free(h);
		return NULL;
	}
	return h;
}

int health_port(const struct health *h)
{
	return h->port;
}

static void leave_loop(void *arg)
{
	struct health *h = arg;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (h->c[i].io.fd >= 0)
			drop(&h->c[i]);
	loop_timer_set(h->loop, &h->pause, CLOCK_NEVER);
	loop_io_stop(&h->io);
}

void health_stop(struct health *h)
{
	if (!h)
		return;
	loop_finish(h->loop, leave_loop, h);
	close(h->io.fd);
	free(h);
}

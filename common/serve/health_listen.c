/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health listener: on the daemon's loop, a handful of connections, each good for one request.
 *
 * It is made so that it cannot be a burden: 16 connections (more wait in the kernel's backlog), 8 KiB of
 * request, five seconds from accept to the last byte written, one page at a time in memory per connection.
 * While nobody asks, it is one descriptor among the loop's.
 */
#include "serve/health_internal.h"

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
	struct health_session *tls; /* NULL: plain, or nothing was read yet */
	struct buf in, out;
	size_t sent;
};

struct health {
	struct loop *loop;
	struct health_gate *gate; /* NULL: plain */
	struct loop_io io;	  /* the listening socket */
	struct loop_timer pause;  /* runs while there were no descriptors left to accept with */
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

	if (status == 200 && c->tls) {
		status = health_session_judge(c->tls, rq->head ? "head" : "get", rq->path, &body);
		if (status != 200)
			type = "application/json";
	}
	if (status != 200 && !body.len)
		buf_addf(&body, "%d\n", status);
	else if (status == 200 && !health_page(rq->path, rq->query, &body, &status, &type)) {
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
	health_session_free(c->tls);
	c->tls = NULL;
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

/* As health_session_write and health_session_read, for either kind of connection. */
static ssize_t plain(ssize_t n, unsigned want, unsigned *ret_want)
{
	*ret_want = want;
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t give(struct connection *c, const void *p, size_t n, unsigned *ret_want)
{
	return c->tls ? health_session_write(c->tls, p, n, ret_want)
		      : plain(send(c->io.fd, p, n, MSG_NOSIGNAL), LOOP_WRITE, ret_want);
}

static ssize_t take(struct connection *c, void *p, size_t n, unsigned *ret_want)
{
	return c->tls ? health_session_read(c->tls, p, n, ret_want)
		      : plain(recv(c->io.fd, p, n, 0), LOOP_READ, ret_want);
}

static void send_more(struct connection *c)
{
	unsigned want = LOOP_WRITE;
	ssize_t n = 1;

	while (n > 0 && c->sent < c->out.len) {
		n = give(c, c->out.p + c->sent, c->out.len - c->sent, &want);
		if (n > 0)
			c->sent += (size_t)n;
	}
	if (n == 0) {
		loop_io_set(&c->io, want);
		return;
	}
	if (!c->tls)
		shutdown(c->io.fd, SHUT_WR);
	drop(c);
}

/* A letter is no TLS record: tell who speaks plain HTTP so, in Go's words. */
static bool speaks_plainly(struct connection *c)
{
	char text[2048];

	if (recv(c->io.fd, text, 1, MSG_PEEK) != 1 || *text < 'A' || *text > 'Z')
		return false;
	(void)!recv(c->io.fd, text, sizeof(text), 0); /* what is left unread would reset the connection */
	buf_adds(&c->out,
		 "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
	return true;
}

/* False: it is not to be read from. */
static bool ready_to_read(struct connection *c)
{
	if (!c->h->gate || c->tls)
		return true;
	if (speaks_plainly(c)) {
		send_more(c);
		return false;
	}
	c->tls = health_session_new(c->h->gate, c->io.fd);
	if (!c->tls)
		drop(c);
	return c->tls;
}

static void read_more(struct connection *c)
{
	struct health_request rq = {0};
	unsigned want = LOOP_READ;
	char tmp[2048];
	int status = 0;
	ssize_t n = 0;

	if (!ready_to_read(c))
		return;
	while (!status && (n = take(c, tmp, sizeof(tmp), &want)) > 0) {
		buf_add(&c->in, tmp, (size_t)n);
		status = health_parse_request(c->in.p, c->in.len, &rq);
	}
	if (status) {
		answer(c, status, &rq);
		send_more(c);
	} else if (n < 0) {
		drop(c);
	} else {
		loop_io_set(&c->io, want);
	}
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

static void health_free(struct health *h)
{
	if (h->io.fd >= 0)
		close(h->io.fd);
	health_gate_free(h->gate);
	free(h);
}

struct health *health_start(struct loop *l, const char *addr, int port, const struct health_tls *tls,
			    struct err *err)
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
	h->io.fd = -1;
	if ((tls && !(h->gate = health_gate_new(tls, err))) ||
	    (h->io.fd = listen_on(addr, port, &h->port, err)) < 0) {
		health_free(h);
		return NULL;
	}
	loop_finish(l, join_loop, h);
	if (h->err.reason != REASON_NONE) {
		*err = h->err;
		health_free(h);
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
	health_free(h);
}

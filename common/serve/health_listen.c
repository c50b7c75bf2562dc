/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health listener: one thread, one poll(2), a handful of connections, each good for one request.
 *
 * It is made so that it cannot be a burden: 16 connections (more wait in the kernel's backlog), 8 KiB of
 * request, five seconds from accept to the last byte written, one page at a time in memory per connection.
 * While nobody asks, the thread sleeps without a timeout.
 */
#include "serve/health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#define CONNECTIONS_MAX 16
#define DEADLINE_NS (5 * NS_PER_S)

struct connection {
	int fd; /* -1 = free */
	int64_t deadline_ns;
	struct buf in, out;
	size_t sent;
};

struct health {
	int fd, stop_fd, port;
	pthread_t thread;
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
	close(c->fd);
	c->fd = -1;
	c->sent = 0;
	buf_release(&c->in);
	buf_release(&c->out);
}

static void send_more(struct connection *c)
{
	ssize_t n = send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n < 0 || c->sent == c->out.len) {
		shutdown(c->fd, SHUT_WR);
		drop(c);
	}
}

static void read_more(struct connection *c)
{
	struct health_request rq = {0};
	char tmp[2048];
	ssize_t n = recv(c->fd, tmp, sizeof(tmp), 0);
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

static void accept_one(struct health *h)
{
	int fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
		if (h->c[i].fd >= 0)
			continue;
		h->c[i].fd = fd;
		h->c[i].deadline_ns = clock_mono_ns() + DEADLINE_NS;
		return;
	}
	if (fd >= 0)
		close(fd); /* cannot be: we accept only when one is free */
}

/* Milliseconds until the first deadline; what is over it goes. */
static int reap(struct health *h)
{
	int64_t now = clock_mono_ns(), left = -1;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &h->c[i];

		if (c->fd >= 0 && c->deadline_ns <= now)
			drop(c);
		if (c->fd >= 0 && (left < 0 || c->deadline_ns - now < left))
			left = c->deadline_ns - now;
	}
	return left < 0 ? -1 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

static void *health_main(void *arg)
{
	struct health *h = arg;

	for (;;) {
		struct pollfd p[CONNECTIONS_MAX + 2];
		struct connection *at[CONNECTIONS_MAX + 2];
		int timeout_ms = reap(h);
		nfds_t n = 1;
		bool room = false;

		p[0] = (struct pollfd){.fd = h->stop_fd, .events = POLLIN};
		for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
			struct connection *c = &h->c[i];

			room = room || c->fd < 0;
			if (c->fd < 0)
				continue;
			at[n] = c;
			p[n++] = (struct pollfd){.fd = c->fd, .events = c->out.len ? POLLOUT : POLLIN};
		}
		at[n] = NULL;
		p[n] = (struct pollfd){.fd = room ? h->fd : -1, .events = POLLIN};
		if (poll(p, n + 1, timeout_ms) < 0 && errno != EINTR)
			break;
		if (p[0].revents)
			break;
		for (nfds_t i = 1; i < n; i++) {
			if (p[i].revents && at[i]->out.len)
				send_more(at[i]);
			else if (p[i].revents)
				read_more(at[i]);
		}
		if (p[n].revents)
			accept_one(h);
	}
	return NULL;
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

struct health *health_start(const char *addr, int port, struct err *err)
{
	struct health *h = MEM_NEW(struct health);

	h->fd = listen_on(addr, port, &h->port, err);
	h->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		h->c[i].fd = -1;
	if (h->fd < 0 || h->stop_fd < 0) {
		if (h->fd >= 0)
			err_errno(err, "eventfd");
		mem_autoclose(&h->fd);
		mem_autoclose(&h->stop_fd);
		free(h);
		return NULL;
	}
	h->thread = thread_start("health", health_main, h);
	return h;
}

int health_port(const struct health *h)
{
	return h->port;
}

void health_stop(struct health *h)
{
	uint64_t one = 1;

	if (!h)
		return;
	while (write(h->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(h->thread, NULL);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (h->c[i].fd >= 0)
			drop(&h->c[i]);
	close(h->fd);
	close(h->stop_fd);
	free(h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server for the tests in this folder: one thread per connection, keep-alive, bodies by
 * Content-Length, replies whole or chunked. The handler runs on the connection's thread.
 */
#ifndef CLIENT_SERVER_TEST_H
#define CLIENT_SERVER_TEST_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define SERVER_CONNECTIONS 256

struct server;
struct server_request {
	struct server *s;
	int fd;
	char method[16];
	char *path; /* with the query */
	char *head; /* the raw header lines */
	char *body;
	size_t body_len;
	bool close; /* set by the handler: end the connection afterwards */
};
typedef void server_handler(struct server_request *rq);

struct server {
	int fd, port;
	server_handler *handler;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	int fds[SERVER_CONNECTIONS];
	pthread_t threads[SERVER_CONNECTIONS];
	size_t n;
	atomic_bool stopping;
	atomic_int requests, connections;
	char url[64];
};

#define SERVER_UNUSED __attribute__((unused))

SERVER_UNUSED static void server_send(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

/* extra: further header lines, each ending in \r\n, or "". */
SERVER_UNUSED static void server_reply(struct server_request *rq, int status, const char *extra,
				       const char *body)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
		 status, strlen(body), extra);
	if (strcmp(rq->method, "HEAD"))
		buf_adds(&b, body);
	server_send(rq->fd, b.p, b.len);
}

SERVER_UNUSED static void server_stream(struct server_request *rq, int status)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
		 status);
	server_send(rq->fd, b.p, b.len);
}

/* "" ends the stream. */
SERVER_UNUSED static void server_chunk(struct server_request *rq, const char *p)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "%zx\r\n%s\r\n", strlen(p), p);
	server_send(rq->fd, b.p, b.len);
}

/* The value of a header, to free(); NULL when absent. */
SERVER_UNUSED static char *server_header(const struct server_request *rq, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = rq->head; *p;) {
		const char *end = strstr(p, "\r\n");

		if (!end)
			end = p + strlen(p);
		if (!strncasecmp(p, name, n) && p[n] == ':') {
			for (p += n + 1; *p == ' '; p++)
				;
			return mem_strndup(p, (size_t)(end - p));
		}
		p = *end ? end + 2 : end;
	}
	return NULL;
}

struct server_connection {
	struct server *s;
	size_t i;
};

static bool server_read_more(int fd, struct buf *b)
{
	char tmp[16384];
	ssize_t n = recv(fd, tmp, sizeof(tmp), 0);

	if (n <= 0)
		return false;
	buf_add(b, tmp, (size_t)n);
	return true;
}

static bool server_one(struct server *s, int fd, struct buf *in)
{
	struct server_request rq = {.s = s, .fd = fd};
	char *end, *sp, *length;
	size_t head, body = 0;

	while (!in->p || !(end = strstr(in->p, "\r\n\r\n")))
		if (!server_read_more(fd, in))
			return false;
	head = (size_t)(end - in->p) + 4;
	sp = strchr(in->p, ' ');
	snprintf(rq.method, sizeof(rq.method), "%.*s", (int)(sp - in->p), in->p);
	rq.path = mem_strndup(sp + 1, strcspn(sp + 1, " "));
	sp = strstr(in->p, "\r\n") + 2;
	rq.head = mem_strndup(sp, (size_t)(in->p + head - 2 - sp));
	length = server_header(&rq, "Content-Length");
	if (length)
		body = (size_t)atol(length);
	free(length);
	while (in->len < head + body)
		if (!server_read_more(fd, in))
			break;
	rq.body = mem_strndup(in->p + head, body);
	rq.body_len = body;
	buf_consume(in, head + body < in->len ? head + body : in->len);
	atomic_fetch_add(&s->requests, 1);
	s->handler(&rq);
	free(rq.path);
	free(rq.head);
	free(rq.body);
	return !rq.close && !atomic_load(&s->stopping);
}

static void *server_connection_main(void *arg)
{
	struct server_connection *c = arg;
	autobuf struct buf in = BUF_INIT;
	int fd = c->s->fds[c->i];

	while (server_one(c->s, fd, &in))
		;
	shutdown(fd, SHUT_RDWR); /* closed by server_stop, which may be about to shut it down too */
	free(c);
	return NULL;
}

static void *server_main(void *arg)
{
	struct server *s = arg;
	int fd, one = 1;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	/* Not accept4 alone: it wants a descriptor before there is a connection, and a test may have forbidden them when
	   this thread gets here. */
	for (;;) {
		if (poll(&p, 1, -1) < 0)
			continue; /* a signal */
		fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EINVAL) { /* forbidden for a moment; or it went again */
			sched_yield();
			continue;
		}
		if (fd < 0)
			return NULL;
		struct server_connection *c = MEM_NEW(struct server_connection);

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		atomic_fetch_add(&s->connections, 1);
		pthread_mutex_lock(&s->lock);
		assert(s->n < SERVER_CONNECTIONS);
		c->s = s;
		c->i = s->n++;
		s->fds[c->i] = fd;
		while (pthread_create(&s->threads[c->i], NULL, server_connection_main, c))
			sched_yield(); /* a test may have forbidden threads, too */
		pthread_mutex_unlock(&s->lock);
	}
}

SERVER_UNUSED static void server_start(struct server *s, server_handler *handler, void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1;

	memset(s, 0, sizeof(*s));
	s->handler = handler;
	s->arg = arg;
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) || listen(s->fd, 128))
		abort();
	getsockname(s->fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", s->port);
	pthread_create(&s->thread, NULL, server_main, s);
}

/* Cuts all connections that are open now. */
SERVER_UNUSED static void server_cut(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		shutdown(s->fds[i], SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
}

SERVER_UNUSED static void server_stop(struct server *s)
{
	atomic_store(&s->stopping, true);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	server_cut(s);
	for (size_t i = 0; i < s->n; i++) {
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe_dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 8

/* ---- words ---- */

void probe_dial_address(struct buf *out, const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;
	buf_addf(out, v6 ? "[%s]:%d" : "%s:%d", host, port);
}

const char *probe_dial_errno(int e)
{
	static const struct {
		int e;
		const char *text;
	} rows[] = {
		{ECONNREFUSED, "connection refused"},
		{ECONNRESET, "connection reset by peer"},
		{EHOSTUNREACH, "no route to host"},
		{ENETUNREACH, "network is unreachable"},
		{ETIMEDOUT, "connection timed out"},
		{EPIPE, "broken pipe"},
		{EADDRNOTAVAIL, "cannot assign requested address"},
		{EINVAL, "invalid argument"},
		{EMFILE, "too many open files"},
		{ENFILE, "too many open files in system"},
		{EACCES, "permission denied"},
		{EPERM, "operation not permitted"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].e == e)
			return rows[i].text;
	return strerrordesc_np(e) ? strerrordesc_np(e) : "unknown error";
}

static void address_text(struct buf *out, const struct sockaddr_storage *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)a;
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		probe_dial_address(out, text, ntohs(v6->sin6_port));
	} else {
		const struct sockaddr_in *v4 = (const void *)a;
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		probe_dial_address(out, text, ntohs(v4->sin_port));
	}
}

/* ---- names ---- */

struct probe_dial_lookup {
	struct probe_dial *d; /* NULL once nobody waits */
	struct loop_job *job;
	char *host;
	int port;
	struct sockaddr_storage v[ADDRESSES_MAX];
	size_t n;
};

static void look_up(void *arg)
{
	struct probe_dial_lookup *q = arg;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	char port[8];
	snprintf(port, sizeof(port), "%d", q->port);
	if (getaddrinfo(q->host, port, &hints, &all) != 0)
		return;
	for (const struct addrinfo *i = all; i && q->n < ADDRESSES_MAX; i = i->ai_next)
		if (i->ai_addrlen <= sizeof(q->v[0]))
			memcpy(&q->v[q->n++], i->ai_addr, i->ai_addrlen);
	freeaddrinfo(all);
}

static void connect_next(struct probe_dial *d, int last);

static void looked_up(void *arg)
{
	struct probe_dial_lookup *q = arg;
	struct probe_dial *d = q->d;
	if (d) {
		d->lookup = NULL;
		d->n = q->n;
		d->addresses = mem_memdup(q->v, sizeof(q->v));
	}
	free(q->host);
	free(q);
	if (d)
		connect_next(d, 0);
}

static bool numeric(struct probe_dial *d)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in *v4 = (void *)&a;
	struct sockaddr_in6 *v6 = (void *)&a;
	if (inet_pton(AF_INET, d->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)d->port);
	} else if (inet_pton(AF_INET6, d->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)d->port);
	} else {
		return false;
	}
	d->addresses = mem_memdup(&a, sizeof(a));
	d->n = 1;
	return true;
}

/* ---- connecting ---- */

static void fail(struct probe_dial *d, int e)
{
	autobuf struct buf b = BUF_INIT;
	if (d->n) {
		buf_adds(&b, "dial tcp ");
		address_text(&b, (struct sockaddr_storage *)d->addresses + d->next - 1);
		buf_addf(&b, ": connect: %s", probe_dial_errno(e));
	} else {
		buf_addf(&b, "dial tcp: lookup %s: no such host", d->host);
	}
	probe_dial_stop(d);
	d->fn(d->arg, -1, buf_str(&b));
}

static void succeed(struct probe_dial *d)
{
	int fd = d->fd;
	d->fd = -1;
	probe_dial_stop(d);
	d->fn(d->arg, fd, "");
}

static void close_fd(struct probe_dial *d)
{
	loop_io_stop(&d->io);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void on_io(void *arg, unsigned events)
{
	struct probe_dial *d = arg;
	int e = 0;
	socklen_t n = sizeof(e);
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0)
		e = errno;
	loop_io_stop(&d->io);
	if (e)
		connect_next(d, e);
	else
		succeed(d);
}

/* 0: connected. EINPROGRESS: soon. Else why not. On one machine the handshake is often over when connect returns. */
static int try(struct probe_dial *d, const struct sockaddr_storage *a)
{
	static const int on = 1;
	struct err ignored = ERR_INIT;
	d->fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return errno;
	(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	socklen_t n = a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (connect(d->fd, (const struct sockaddr *)a, n) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	d->io = (struct loop_io){.fn = on_io, .arg = d};
	return loop_io_start(d->loop, &d->io, d->fd, LOOP_WRITE, &ignored) < 0 ? EMFILE : EINPROGRESS;
}

static void connect_next(struct probe_dial *d, int last)
{
	while (d->next < d->n) {
		close_fd(d);
		last = try(d, (struct sockaddr_storage *)d->addresses + d->next++);
		if (last == EINPROGRESS)
			return;
		if (!last) {
			succeed(d);
			return;
		}
	}
	fail(d, last);
}

void probe_dial_start(struct probe_dial *d)
{
	d->fd = -1;
	if (numeric(d)) {
		connect_next(d, 0);
		return;
	}
	struct probe_dial_lookup *q = MEM_NEW(struct probe_dial_lookup);
	*q = (struct probe_dial_lookup){.d = d, .host = mem_strdup(d->host), .port = d->port};
	d->lookup = q;
	q->job = loop_job(d->loop, d->name_lane, look_up, looked_up, q);
}

void probe_dial_stop(struct probe_dial *d)
{
	if (d->lookup) {
		d->lookup->d = NULL;
		loop_job_withdraw(STEAL(d->lookup)->job);
	}
	if (d->loop)
		close_fd(d);
	free(STEAL(d->addresses));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop with its connections. There are as many as cores; they all wait on one listening socket, so that
 * whoever is idle accepts, and hand each connection to the loop that has fewest.
 *
 * A connection that was accepted costs some hundred bytes until its first byte has come; only then
 * libmicrohttpd hears of it and makes a TLS session. Its time runs from accept on. Who is let in and who has to
 * go is crowd.c's.
 */
#include "http/http_internal.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http/bind.h"

#define ACCEPT_ROUND 64
#define RETRY_NS (NS_PER_S / 10)
#define DRAIN_NS (2 * NS_PER_S) /* for last replies, when stopping */
#define TRIM_PEAK 128		/* fewer connections than that are not worth it */
#define PLACE_SHARE 4		/* strangers of one address may be a quarter of all strangers */

/* Request line and headers: upstream's limit, and what TLS adds to it. The library looks at a line from its beginning
   whenever some more of it has come, so that is bounded too; a client that sends it all in records of 1.2 KB stays below.
   What stands between a body's chunks and behind them is lines as well. */
#define HEAD_MAX (((size_t)1 << 20) + ((size_t)64 << 10))
#define HEAD_LOOKS_MAX ((size_t)256 << 20)
#define HEAD_FREE ((size_t)32 << 10) /* more is counted, and shared by all connections */
#define HEADS_MAX ((size_t)32 << 20)
#define HEADS_LEAST ((size_t)8 << 20) /* of one loop */

/* ---- running libmicrohttpd ---- */

static void drive_posted(void *arg)
{
	struct wire *w = arg;
	w->posted = false;
	wire_drive(w);
}

void wire_look(struct wire *w)
{
	if (w->posted)
		return;
	w->posted = true;
	loop_post(w->loop, drive_posted, w);
}

/* Something has ended that wire_close may wait for: first those whom the service works for, then watches and their like,
   then what both leave to be written, and lists that are on their way. */
static void settle(struct wire *w)
{
	if (!w->closing || w->drained || w->inside)
		return;
	if (!w->streams_over) {
		w->streams_over = true;
		loop_timer_set(w->loop, &w->drain, clock_mono_ns() + DRAIN_NS);
		streams_end(w->streams, false);
	}
	if (w->replying)
		return;
	w->lent = true;
	loop_signal(w->loop, &w->drained);
}

void wire_drive(struct wire *w)
{
	w->driving = true;
	bool more = engine_run_all(w);
	w->driving = false;
	if (more)
		wire_look(w);
	settle(w);
}

/* ---- connections ---- */

void *wire_tls(const struct conn *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? info->tls_session : NULL;
}

void wire_phase(struct conn *c, enum limit phase)
{
	c->phase = phase;
	c->head = c->looked = 0;
	if (phase == LIMITS)
		limits_clear(&c->limit);
	else
		limits_set(&c->w->limits, &c->limit, phase);
}

/* A peer that vanished without a word is noticed within two minutes even on an idle watch. What is written is all that
   there is to say, so nothing waits for company. */
static void set_options(int fd)
{
	int on = 1, idle = 60, interval = 15, count = 4;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void count_opened(struct wire *w)
{
	struct listener *l = w->l;
	size_t n = atomic_fetch_add(&l->live, 1) + 1, peak = atomic_load(&l->peak);
	atomic_fetch_add(&w->live, 1);
	while (n > peak && !atomic_compare_exchange_weak(&l->peak, &peak, n))
		;
}

/* A connection with its TLS session holds some 20 KB in small pieces that malloc keeps. When a crowd has
   gone, half by half, its memory goes back to the kernel. */
static void count_closed(struct wire *w)
{
	struct listener *l = w->l;
	size_t n = atomic_fetch_sub(&l->live, 1) - 1, peak = atomic_load(&l->peak);
	atomic_fetch_sub(&w->live, 1);
	if (peak >= TRIM_PEAK && n <= peak / 2 && atomic_compare_exchange_strong(&l->peak, &peak, n))
		malloc_trim(0);
}

void wire_forget(struct conn *c)
{
	struct wire *w = c->w;
	limits_clear(&c->limit);
	crowd_give(&w->crowd, &c->stranger);
	crowd_leave(&w->crowd, &c->stranger);
	loop_io_stop(&c->io);
	peer_release(&c->peer);
	transport_release(&c->transport);
	connmem_disown(&c->pool);
	free(c);
	count_closed(w);
}

static void drop_silent(struct conn *c)
{
	int fd = c->io.fd;
	loop_io_stop(&c->io);
	close(fd);
	wire_forget(c);
}

/* libmicrohttpd sees the end when it next looks, and so does a stream. */
void wire_kill(struct conn *c)
{
	if (!c->mhd) {
		drop_silent(c);
		return;
	}
	shutdown(c->io.fd, SHUT_RDWR);
	if (c->waiting) {
		c->waiting = false;
		loop_io_set(&c->io, 0);
		engine_resume(c);
	}
}

static void on_expired(struct limits_node *n)
{
	struct conn *c = CONTAINER_OF(n, struct conn, limit);
	if (c->phase != LIMIT_QUIET) {
		wire_kill(c);
		return;
	}
	connmem_drop(c->pool);
	wire_phase(c, LIMIT_IDLE);
}

/* ---- what the socket does ---- */

static void on_wait(struct transport *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, transport);
	MHD_suspend_connection(c->mhd);
	c->waiting = true;
	loop_io_set(&c->io, LOOP_READ);
}

/* A client that has Nagle's algorithm holds its request back until its last word of the handshake is acknowledged. Nothing is
   said now that would carry that, and the kernel would wait 40 ms for company. */
static void on_handshaken(struct transport *t)
{
	int on = 1;
	(void)setsockopt(t->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	wire_phase(CONTAINER_OF(t, struct conn, transport), LIMIT_IDLE);
}

/* 0, or the status with which a request is refused because of what came of its line and headers, or of its body without
   being any. */
static unsigned judge_head(struct conn *c, size_t n)
{
	struct wire *w = c->w;
	c->head += n;
	c->looked += c->head;
	if (c->head > HEAD_MAX || c->looked > HEAD_LOOKS_MAX)
		return c->t.active ? MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE : MHD_HTTP_URI_TOO_LONG;
	size_t beyond = c->head > HEAD_FREE ? c->head - HEAD_FREE : 0;
	if (beyond && !crowd_take(&w->crowd, &c->stranger, beyond < n ? beyond : n))
		return MHD_HTTP_TOO_MANY_REQUESTS;
	return 0;
}

static bool on_reading(struct transport *t, size_t n)
{
	struct conn *c = CONTAINER_OF(t, struct conn, transport);
	connmem_use(c->pool);
	if (c->phase == LIMIT_IDLE || c->phase == LIMIT_QUIET)
		wire_phase(c, LIMIT_HEADER);
	unsigned status = c->phase == LIMIT_HEADER || c->phase == LIMIT_BODY ? judge_head(c, n) : 0;
	if (status)
		transfer_refuse_raw(c, status);
	return !status;
}

static void on_writing(struct transport *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, transport);
	if (c->phase == LIMIT_REPLY)
		wire_phase(c, LIMIT_REPLY);
}

static const struct transport_events transport_events = {
	.wait = on_wait, .handshaken = on_handshaken, .reading = on_reading, .writing = on_writing};

/* The first byte, or more of the handshake. */
static void on_readable(void *arg, unsigned events)
{
	struct conn *c = arg;
	struct wire *w = c->w;
	union bind_address a;
	socklen_t len = sizeof(a);
	loop_io_set(&c->io, 0);
	if (c->waiting) {
		c->waiting = false;
		engine_resume(c);
		return;
	}
	if (c->mhd)
		return;
	memset(&a, 0, sizeof(a));
	if (getpeername(c->io.fd, &a.sa, &len) < 0) {
		drop_silent(c);
		return;
	}
	if (engine_add(c, &a.sa, len))
		wire_drive(w);
}

void wire_begun(struct conn *c, struct MHD_Connection *mhd)
{
	c->mhd = mhd;
	(void)connmem_adopt(c, &c->pool);
	c->transport.events = &transport_events;
	c->transport.fd = c->io.fd;
	transport_attach(&c->transport, wire_tls(c));
}

void wire_ended(struct conn *c)
{
	if (c->linger)
		linger_start(c->w->lingers, c->io.fd);
	wire_forget(c);
}

/* ---- accepting ---- */

static void name_address(const union bind_address *a, char text[INET6_ADDRSTRLEN])
{
	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, text, INET6_ADDRSTRLEN);
	else if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, text, INET6_ADDRSTRLEN);
}

static void evict(struct wire *w, struct crowd_member *m)
{
	if (!m)
		return;
	crowd_leave(&w->crowd, m); /* its end may take a moment */
	wire_kill(CONTAINER_OF(m, struct conn, stranger));
}

static void make_room(struct wire *w, struct conn *c)
{
	struct crowd_member *m = crowd_surplus(&w->crowd, &c->stranger);
	size_t share = w->l->max / (size_t)w->l->n_wires;
	if (!m && atomic_load(&w->live) > share)
		m = crowd_oldest(&w->crowd); /* itself, when all others are known */
	evict(w, m);
}

struct arrival {
	struct wire *w;
	union bind_address address;
	int fd;
};

static void arrive(void *arg)
{
	struct arrival *a = arg;
	struct wire *w = a->w;
	struct err err = ERR_INIT;
	char place[CROWD_PLACE_MAX];
	struct conn *c = MEM_NEW(struct conn);
	c->w = w;
	c->io.fn = on_readable;
	c->io.arg = c;
	c->io.fd = a->fd;
	limits_init_node(&c->limit);
	name_address(&a->address, c->remote);
	crowd_place_name(&a->address.sa, place);
	crowd_enter(&w->crowd, &c->stranger, place);
	set_options(a->fd);
	free(a);
	wire_phase(c, LIMIT_HANDSHAKE);
	if (w->closing || loop_io_start(w->loop, &c->io, c->io.fd, LOOP_READ, &err) < 0)
		drop_silent(c);
	else
		make_room(w, c);
}

static struct wire *emptiest(const struct listener *l)
{
	struct wire *best = l->wires[0];
	for (int i = 1; i < l->n_wires; i++)
		if (atomic_load(&l->wires[i]->live) < atomic_load(&best->live))
			best = l->wires[i];
	return best;
}

static void again(void *arg)
{
	struct wire *w = arg;
	if (!w->closing)
		loop_io_set(&w->accepting, LOOP_READ);
}

/* No descriptors, no memory: whoever has done nothing for longest gives his, else all wait a moment. */
static void cannot_accept(struct wire *w)
{
	struct crowd_member *m = crowd_oldest(&w->crowd);
	if (m) {
		evict(w, m);
		return;
	}
	loop_io_set(&w->accepting, 0);
	loop_timer_set(w->loop, &w->retry, clock_mono_ns() + RETRY_NS);
}

static void on_accept(void *arg, unsigned events)
{
	struct wire *w = arg;
	for (int i = 0; i < ACCEPT_ROUND; i++) {
		union bind_address a;
		socklen_t len = sizeof(a);
		memset(&a, 0, sizeof(a));
		int fd = accept4(w->l->fd, &a.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				cannot_accept(w);
			if (errno != EINTR && errno != ECONNABORTED)
				return;
			continue;
		}
		struct arrival *ar = MEM_NEW(struct arrival);
		*ar = (struct arrival){.w = emptiest(w->l), .address = a, .fd = fd};
		count_opened(ar->w);
		if (ar->w == w)
			arrive(ar);
		else
			loop_post(ar->w->loop, arrive, ar);
	}
}

/* ---- life ---- */

struct wire *wire_new(struct listener *l, struct err *err)
{
	struct loop *loop = loop_new(NULL);
	if (!loop) {
		(void)err_errno(err, "event loop of HTTP");
		return NULL;
	}
	struct wire *w = MEM_NEW(struct wire);
	size_t strangers = l->max / (size_t)l->n_wires / 2;
	w->l = l;
	w->loop = loop;
	w->streams = streams_new(w->loop);
	w->lingers = lingers_new(w->loop);
	limits_init(&w->limits, w->loop, on_expired);
	crowd_init(&w->crowd, strangers, strangers / PLACE_SHARE + 1);
	w->crowd.max_bytes = HEADS_MAX / (size_t)l->n_wires;
	if (w->crowd.max_bytes < HEADS_LEAST)
		w->crowd.max_bytes = HEADS_LEAST;
	w->retry = (struct loop_timer){.fn = again, .arg = w};
	w->accepting.fn = on_accept;
	w->accepting.arg = w;
	list_init(&w->engines);
	if (engine_start(w, err) < 0 || loop_io_start(w->loop, &w->accepting, l->fd, LOOP_READ, err) < 0) {
		wire_free(w);
		return NULL;
	}
	return w;
}

void wire_start(struct wire *w)
{
	loop_start(w->loop, "http");
}

static void on_drain_timeout(void *arg)
{
	struct wire *w = arg;
	w->lent = true;
	streams_end(w->streams, true); /* libmicrohttpd takes them back */
	wire_drive(w);
	if (!w->drained)
		loop_signal(w->loop, &w->drained);
}

void wire_close(void *wire)
{
	struct wire *w = wire;
	w->closing = true;
	w->drain = (struct loop_timer){.fn = on_drain_timeout, .arg = w};
	loop_io_stop(&w->accepting);
	list_for_each_safe (pos, &w->limits.lists[LIMIT_HANDSHAKE])
		wire_kill(list_entry(pos, struct conn, limit.link));
	settle(w);
}

void wire_free(struct wire *w)
{
	loop_io_stop(&w->accepting);
	engine_stop_all(w);
	limits_release(&w->limits);
	loop_timer_set(w->loop, &w->retry, CLOCK_NEVER);
	loop_timer_set(w->loop, &w->drain, CLOCK_NEVER);
	crowd_release(&w->crowd);
	peers_release(&w->peers);
	streams_free(w->streams);
	lingers_free(w->lingers);
	loop_free(w->loop);
	free(w);
}

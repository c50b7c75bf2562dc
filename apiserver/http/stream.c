/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design. libmicrohttpd can suspend a connection, but then it neither notices that the client went away nor
 * resumes one cheaply: every resume walks the list of all suspended connections, every idle moment costs two
 * epoll_ctl. With 1,000 watchers on one event that is most of the cost. So a watch is suspended exactly once,
 * for its whole life, and this module writes to its TLS session meanwhile.
 *
 * Waking is an atomic flag and a push onto the loop's stack; only the push onto an empty one posts to the
 * loop, so an event for a thousand watchers costs each loop one wake-up. The loop serves them in the order
 * they were woken, ROUND_STREAMS or ROUND_BYTES at a time, and looks at its sockets in between, so that no
 * request waits for a whole fan-out. The interest of a stream that is not stuck is that its peer is gone, or says in
 * TLS that it is. To hear that, a record that is as long as that word is read; longer ones are the connection's next
 * request, which stays in the socket until the stream is over, and then nobody listens any more.
 *
 * A stream is pumped until its source has nothing, the socket is full, or the round is over. What the socket
 * did not take is kept in the stream, at most one buffer, and the source is not asked for more until that is
 * gone; a client that takes nothing for STALL_NS is dropped. So memory per stream is bounded and a slow client
 * can only hurt itself.
 *
 * Of an upgraded connection everything is read, and what the source does not take is kept in the same way: one buffer,
 * and the socket is not read before that is gone.
 *
 * Before, streams had threads with an edge-triggered epoll set of their own. 1,000 watchers and 400 events, medians
 * of three rounds in turn on a busy machine of two cores: 11.9 us of server CPU per event and watcher there, 11.5 us
 * here; the last watcher has the event after 87 ms there, 70 ms here.
 */
#include "http/stream.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/list.h"
#include "base/mem.h"

#define BUFFER_SIZE (128 * 1024)
#define CHUNK_HEAD 10 /* "0001ffff\r\n": fixed width, leading zeros are allowed */
#define CHUNK_TAIL 2
#define ROUND_BYTES (512 * 1024)
#define ROUND_STREAMS 128
#define STALL_NS (60 * NS_PER_S)
#define TLS_RECORD 16384
#define TLS_HEAD 5
#define TLS_ALERT 21
#define TLS13_ALERT 19 /* its length: two bytes, their type, a tag of 16 */
#define TLS_SHORT 64   /* no alert is longer */

struct stream {
	struct response_waker waker;
	struct loop_timer timer;
	struct list all;
	struct stream *next_ready;
	atomic_bool ready;  /* is on the stack, or in line */
	bool dead;	    /* freed when it comes off */
	bool tls_half_sent; /* GnuTLS holds a record of rest[] */
	bool hung_up;
	bool listens; /* for the peer's last word */
	bool over;    /* it says no more; what it has said is still read */
	struct streams *set;
	struct response_stream *rs;
	struct stream_connection c;
	char *rest; /* accepted from the source, not yet by the socket */
	size_t rest_off, rest_len;
	int64_t stalled_ns; /* when rest began; 0 = nothing is waiting */
	char *heard;	    /* read from the socket, not yet taken by the source */
	size_t heard_off, heard_len;
	bool unread; /* there may be more, and the socket would not say so */
};

struct streams {
	struct loop *loop;
	_Atomic(struct stream *) ready;	 /* last woken first */
	struct stream *line, **line_end; /* taken from there: first woken first */
	struct list all;
	char *buffer;
};

static void run_ready(void *arg);

static void push_ready(struct stream *s)
{
	if (atomic_exchange(&s->ready, true))
		return;
	struct streams *h = s->set;
	struct stream *head = atomic_load_explicit(&h->ready, memory_order_relaxed);
	do {
		s->next_ready = head;
	} while (!atomic_compare_exchange_weak(&h->ready, &head, s));
	if (!head)
		loop_post(h->loop, run_ready, h);
}

static void on_wake(struct response_waker *w)
{
	push_ready(CONTAINER_OF(w, struct stream, waker));
}

/* ---- sending ---- */

/* How many bytes of p the connection took; 0 = full, -1 = broken. */
static ssize_t send_tls(struct stream *s, const char *p, size_t n)
{
	ssize_t r;
	do {
		r = s->tls_half_sent ? gnutls_record_send(s->c.tls, NULL, 0)
				     : gnutls_record_send(s->c.tls, p, n < TLS_RECORD ? n : TLS_RECORD);
	} while (r == GNUTLS_E_INTERRUPTED);
	s->tls_half_sent = r == GNUTLS_E_AGAIN;
	return r == GNUTLS_E_AGAIN ? 0 : r <= 0 ? -1 : r;
}

static ssize_t send_plain(struct stream *s, const char *p, size_t n)
{
	ssize_t r;
	do {
		r = send(s->c.io->fd, p, n, MSG_NOSIGNAL);
	} while (r < 0 && errno == EINTR);
	return r >= 0 ? r : errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

/* Sends as much as goes; returns how much, or -1. */
static ssize_t send_some(struct stream *s, const char *p, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t r = s->c.tls ? send_tls(s, p + done, n - done) : send_plain(s, p + done, n - done);
		if (r < 0)
			return -1;
		if (!r)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

/* 1: nothing is waiting any more; 0: still full; -1: broken. */
static int flush_rest(struct stream *s)
{
	if (!s->rest)
		return 1;
	ssize_t r = send_some(s, s->rest + s->rest_off, s->rest_len - s->rest_off);
	if (r < 0)
		return -1;
	if (r > 0)
		s->stalled_ns = clock_mono_ns();
	s->rest_off += (size_t)r;
	if (s->rest_off < s->rest_len)
		return 0;
	free(STEAL(s->rest));
	s->stalled_ns = 0;
	return 1;
}

static int send_all(struct stream *s, const char *p, size_t n)
{
	ssize_t r = send_some(s, p, n);
	if (r < 0)
		return -1;
	if ((size_t)r == n)
		return 1;
	s->rest = mem_memdup(p + r, n - (size_t)r);
	s->rest_off = 0;
	s->rest_len = n - (size_t)r;
	s->stalled_ns = clock_mono_ns();
	return 0;
}

/* One buffer from the source to the socket. 1: go on; 0: wait; -1: broken; -2: the end. */
static int step(struct stream *s, size_t *sent)
{
	char *buf = s->set->buffer;
	long n = s->rs->read(s->rs->arg, buf + CHUNK_HEAD, BUFFER_SIZE - CHUNK_HEAD - CHUNK_TAIL);
	if (n <= 0)
		return n == -2 ? -1 : n ? -2 : 0;
	*sent += (size_t)n;
	if (s->c.counted)
		*s->c.counted += (size_t)n;
	if (!s->c.chunked)
		return send_all(s, buf + CHUNK_HEAD, (size_t)n);
	static const char digits[] = "0123456789abcdef";
	char *w = buf;
	int shift = 28;
	while (shift > 0 && !((unsigned long)n >> shift)) { /* short events get short heads */
		shift -= 4;
		w++;
	}
	for (char *d = w; shift >= 0; shift -= 4)
		*d++ = digits[(unsigned long)n >> shift & 15];
	memcpy(buf + CHUNK_HEAD - 2, "\r\n", 2);
	memcpy(buf + CHUNK_HEAD + n, "\r\n", CHUNK_TAIL);
	return send_all(s, w, (size_t)(buf + CHUNK_HEAD + n + CHUNK_TAIL - w));
}

static void finish(struct stream *s, bool clean)
{
	struct stream_connection c = s->c;
	loop_io_set(c.io, 0);
	loop_timer_set(s->set->loop, &s->timer, CLOCK_NEVER);
	list_del(&s->all);
	s->rs->close(s->rs->arg);
	s->rs = NULL;
	free(STEAL(s->rest));
	free(STEAL(s->heard));
	if (atomic_load(&s->ready)) /* a last wake put it on the stack; nobody wakes it after close() */
		s->dead = true;
	else
		free(s);
	c.done(c.arg, clean);
}

static void set_timer(struct stream *s)
{
	int64_t due = s->stalled_ns	  ? s->stalled_ns + STALL_NS
		      : s->rs->wake_at_ns ? s->rs->wake_at_ns
					  : CLOCK_NEVER;
	loop_timer_set(s->set->loop, &s->timer, due);
}

/* ---- what the peer says to a source that listens ---- */

/* How many bytes came; 0: none now, -1: no more. */
static ssize_t receive(struct stream *s, char *p, size_t max)
{
	ssize_t n;
	do {
		n = s->c.tls ? gnutls_record_recv(s->c.tls, p, max) : recv(s->c.io->fd, p, max, MSG_DONTWAIT);
	} while (s->c.tls ? n == GNUTLS_E_INTERRUPTED : n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	bool again = s->c.tls ? n == GNUTLS_E_AGAIN : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
	return again ? 0 : -1;
}

/* Whether the source is ready for more. */
static bool offer(struct stream *s, const char *p, size_t n)
{
	long taken = s->rs->take(s->rs->arg, p, n);
	s->hung_up |= taken < 0;
	if (taken < 0 || (size_t)taken == n)
		return taken >= 0;
	char *rest = mem_memdup(p + taken, n - (size_t)taken);
	free(s->heard);
	s->heard = rest;
	s->heard_off = 0;
	s->heard_len = n - (size_t)taken;
	return false;
}

static bool offer_heard(struct stream *s)
{
	if (!s->heard)
		return true;
	long taken = s->rs->take(s->rs->arg, s->heard + s->heard_off, s->heard_len - s->heard_off);
	s->hung_up |= taken < 0;
	s->heard_off += taken > 0 ? (size_t)taken : 0;
	if (s->heard_off < s->heard_len)
		return false;
	free(STEAL(s->heard));
	return true;
}

static void hear_out(struct stream *s)
{
	size_t got = 0;
	ssize_t n = 0;
	s->listens = offer_heard(s);
	while (s->listens && !s->hung_up && got < ROUND_BYTES) {
		n = receive(s, s->set->buffer, BUFFER_SIZE);
		s->hung_up |= n < 0;
		if (n <= 0)
			break;
		got += (size_t)n;
		s->listens = offer(s, s->set->buffer, (size_t)n);
	}
	s->unread = n > 0;
}

/* ---- both directions ---- */

static void pump(struct stream *s, size_t *sent)
{
	if (s->rs->take && !s->hung_up && (s->unread || s->heard))
		hear_out(s);
	int r = s->hung_up ? -1 : flush_rest(s);
	while (r == 1 && *sent < ROUND_BYTES)
		r = step(s, sent);
	if (r < 0) {
		finish(s, r == -2);
		return;
	}
	if (r == 1 || (s->unread && s->listens))
		push_ready(s);
	loop_io_set(s->c.io,
		    (s->over ? 0 : LOOP_HANGUP) | (s->listens ? LOOP_READ : 0) | (s->rest ? LOOP_WRITE : 0));
	set_timer(s);
}

/* ---- what the peer says meanwhile ---- */

/* A whole record is there that may be an alert: by its type, or because TLS 1.3 hides that, by its length. */
static bool alert_waits(const struct stream *s)
{
	unsigned char r[TLS_HEAD + TLS_SHORT];
	ssize_t n = recv(s->c.io->fd, r, sizeof(r), MSG_PEEK | MSG_DONTWAIT);
	size_t len = n >= TLS_HEAD ? (size_t)r[3] << 8 | r[4] : sizeof(r);
	return TLS_HEAD + len <= (size_t)(n < 0 ? 0 : n) && (r[0] == TLS_ALERT || len == TLS13_ALERT);
}

/* Whether it goes on. Two bytes may be the end of a line, which means nothing between requests. */
static bool hear(struct stream *s)
{
	char text[TLS_SHORT];
	ssize_t n = gnutls_record_recv(s->c.tls, text, sizeof(text));
	if (n > 0)
		return n == 2 && !memcmp(text, "\r\n", 2);
	return n < 0 && !gnutls_error_is_fatal((int)n);
}

static void listen_to(struct stream *s)
{
	if (!alert_waits(s))
		s->listens = false;
	else if (!hear(s))
		s->hung_up = true;
}

/* ---- the loop ---- */

static void line_up(struct streams *h)
{
	struct stream *stack = atomic_exchange(&h->ready, NULL), *first = NULL, *last = stack;
	while (stack) {
		struct stream *s = stack;
		stack = s->next_ready;
		s->next_ready = first;
		first = s;
	}
	if (!first)
		return;
	*h->line_end = first;
	h->line_end = &last->next_ready;
}

static struct stream *next_in_line(struct streams *h)
{
	struct stream *s = h->line;
	if (!s)
		return NULL;
	h->line = s->next_ready;
	if (!h->line)
		h->line_end = &h->line;
	return s;
}

static void run_ready(void *arg)
{
	struct streams *h = arg;
	struct stream *s;
	size_t sent = 0;
	line_up(h);
	for (size_t i = 0; i < ROUND_STREAMS && sent < ROUND_BYTES && (s = next_in_line(h)); i++) {
		if (s->dead) {
			free(s);
			continue;
		}
		atomic_store(&s->ready, false);
		pump(s, &sent);
	}
	if (h->line)
		loop_post(h->loop, run_ready, h);
}

static void on_io(void *arg, unsigned events)
{
	struct stream *s = arg;
	if (s->rs->take && events & (LOOP_READ | LOOP_HANGUP) && !(events & LOOP_ERROR)) {
		s->unread = true; /* its last words too, and then the end */
		s->over |= (events & LOOP_HANGUP) != 0;
		push_ready(s);
		return;
	}
	if (events & LOOP_READ && s->listens)
		listen_to(s);
	if (s->hung_up || events & (LOOP_HANGUP | LOOP_ERROR)) {
		s->hung_up = true;
		loop_io_set(s->c.io, 0);
	}
	push_ready(s);
}

static void on_timer(void *arg)
{
	struct stream *s = arg;
	if (s->stalled_ns && clock_mono_ns() - s->stalled_ns >= STALL_NS)
		s->hung_up = true;
	push_ready(s);
}

void stream_start(struct streams *h, const struct stream_connection *c, struct response_stream *rs)
{
	struct stream *s = MEM_NEW(struct stream);
	s->waker.wake = on_wake;
	s->timer.fn = on_timer;
	s->timer.arg = s;
	s->set = h;
	s->rs = rs;
	s->c = *c;
	s->listens = rs->take || (c->tls && !c->more);
	s->unread = rs->take && c->more;
	s->rest = c->head;
	s->rest_len = c->head_len;
	s->stalled_ns = s->rest ? clock_mono_ns() : 0;
	c->io->fn = on_io;
	c->io->arg = s;
	list_init(&s->all);
	list_push_back(&h->all, &s->all);
	/* libmicrohttpd corked the socket for its chunked reply; with that, every event would wait 200 ms for
	 * company. */
	int off = 0;
	(void)setsockopt(c->io->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	rs->wake = &s->waker;
	push_ready(s);
}

struct streams *streams_new(struct loop *l)
{
	struct streams *h = MEM_NEW(struct streams);
	h->loop = l;
	h->line_end = &h->line;
	list_init(&h->all);
	h->buffer = mem_alloc(BUFFER_SIZE);
	return h;
}

void streams_end(struct streams *h, bool all)
{
	list_for_each_safe (pos, &h->all) {
		struct stream *s = list_entry(pos, struct stream, all);
		if (!s->c.finite || all)
			finish(s, !s->c.finite && !s->rest);
	}
}

void streams_free(struct streams *h)
{
	struct stream *s;
	line_up(h);
	while ((s = next_in_line(h)))
		free(s);
	free(h->buffer);
	free(h);
}

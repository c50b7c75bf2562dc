/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design. libmicrohttpd can suspend a connection, but then it neither notices that the client went away nor
 * resumes one cheaply: every resume writes an eventfd and walks the list of all suspended connections, every
 * idle moment costs two epoll_ctl. With 1,000 watchers on one event that is most of the cost. So a watch is
 * suspended exactly once, for its whole life, and this module writes to its TLS session meanwhile (GnuTLS
 * sessions may move between threads as long as one at a time uses them).
 *
 * Each thread owns an epoll set, a timer heap and a stack of streams that were woken. Waking is an atomic
 * flag and a push; only the push onto an empty stack writes the eventfd, so an event for a thousand watchers
 * costs one system call. Sockets are registered once, edge-triggered, for "writable again" and "peer is
 * gone".
 *
 * A stream is pumped until its source has nothing, the socket is full, or its turn is over (TURN_MAX, so a
 * long list does not delay the watches beside it). What the socket did not take is kept in the stream, at
 * most one buffer, and the source is not asked for more until that is gone; a client that takes nothing for
 * STALL_NS is dropped. So memory per stream is bounded and a slow client can only hurt itself.
 */
#include "http/stream.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/thread.h"

#define BUFFER_SIZE (128 * 1024)
#define CHUNK_HEAD 10 /* "0001ffff\r\n": fixed width, leading zeros are allowed */
#define CHUNK_TAIL 2
#define TURN_MAX (512 * 1024)
#define STALL_NS (60 * NS_PER_S)
#define TLS_RECORD 16384

struct stream {
	struct heap_node timer;
	int64_t due_ns;
	struct list all; /* of its thread */
	struct stream *next_ready;
	atomic_bool ready;  /* is on the stack */
	bool dead;	    /* freed when it comes off the stack */
	bool tls_half_sent; /* GnuTLS holds a record of rest[] */
	bool fresh;	    /* not yet known to its thread */
	bool hung_up;
	struct stream_thread *thread;
	struct response_stream *rs;
	struct stream_connection c;
	char *rest; /* accepted from the source, not yet by the socket */
	size_t rest_off, rest_len;
	int64_t stalled_ns; /* when rest began; 0 = nothing is waiting */
};

struct stream_thread {
	_Atomic(struct stream *) ready;
	int epoll, event;
	atomic_bool stop;
	pthread_t id;
	struct heap timers;
	struct list all;
	char *buffer;
};

struct stream_hub {
	atomic_size_t next;
	size_t n;
	struct stream_thread threads[];
};

static bool due_before(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct stream, timer)->due_ns < CONTAINER_OF(b, struct stream, timer)->due_ns;
}

static void kick(struct stream_thread *t)
{
	uint64_t one = 1;
	while (write(t->event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void push_ready(struct stream *s)
{
	if (atomic_exchange(&s->ready, true))
		return;
	struct stream_thread *t = s->thread;
	struct stream *head = atomic_load_explicit(&t->ready, memory_order_relaxed);
	do {
		s->next_ready = head;
	} while (!atomic_compare_exchange_weak(&t->ready, &head, s));
	if (!head)
		kick(t);
}

void response_wake(void *wake)
{
	if (wake) /* else nobody reads yet, and whoever begins to reads everything */
		push_ready(wake);
}

void stream_start(struct stream_hub *h, const struct stream_connection *c, struct response_stream *rs)
{
	struct stream *s = MEM_NEW(struct stream);
	s->thread = &h->threads[atomic_fetch_add(&h->next, 1) % h->n];
	s->rs = rs;
	s->c = *c;
	s->fresh = true;
	list_init(&s->all);
	rs->wake = s;
	push_ready(s);
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
		r = send(s->c.fd, p, n, MSG_NOSIGNAL);
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
static int step(struct stream *s, size_t *turn)
{
	char *buf = s->thread->buffer;
	long n = s->rs->read(s->rs->arg, buf + CHUNK_HEAD, BUFFER_SIZE - CHUNK_HEAD - CHUNK_TAIL);
	if (n <= 0)
		return n ? -2 : 0;
	*turn += (size_t)n;
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
	epoll_ctl(s->thread->epoll, EPOLL_CTL_DEL, c.fd, NULL);
	heap_remove(&s->thread->timers, &s->timer);
	list_del(&s->all);
	s->rs->close(s->rs->arg);
	s->rs = NULL;
	free(STEAL(s->rest));
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
	if (s->timer.pos && due == s->due_ns)
		return;
	heap_remove(&s->thread->timers, &s->timer);
	s->due_ns = due;
	if (due != CLOCK_NEVER)
		heap_push(&s->thread->timers, &s->timer);
}

static void pump(struct stream *s)
{
	size_t turn = 0;
	int r = s->hung_up ? -1 : flush_rest(s);
	while (r == 1 && turn < TURN_MAX)
		r = step(s, &turn);
	if (r < 0) {
		finish(s, r == -2);
		return;
	}
	if (r == 1)
		push_ready(s);
	set_timer(s);
}

/* ---- the thread ---- */

static void take_fresh(struct stream_thread *t, struct stream *s)
{
	s->fresh = false;
	/* libmicrohttpd corked the socket for its chunked reply; with that, every event would wait 200 ms for
	 * company. */
	int off = 0;
	(void)setsockopt(s->c.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	list_push_back(&t->all, &s->all);
	struct epoll_event ev = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s};
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, s->c.fd, &ev) < 0)
		s->hung_up = true;
}

static void run_ready(struct stream_thread *t)
{
	struct stream *stack = atomic_exchange(&t->ready, NULL), *line = NULL;
	while (stack) { /* first woken, first served */
		struct stream *s = stack;
		stack = s->next_ready;
		s->next_ready = line;
		line = s;
	}
	while (line) {
		struct stream *s = line;
		line = s->next_ready;
		if (s->dead) {
			free(s);
			continue;
		}
		atomic_store(&s->ready, false);
		if (s->fresh)
			take_fresh(t, s);
		pump(s);
	}
}

static void run_events(struct stream_thread *t, const struct epoll_event *ev, int n)
{
	for (int i = 0; i < n; i++) {
		struct stream *s = ev[i].data.ptr;
		if (!s) { /* the eventfd, edge-triggered: never needs to be read */
			continue;
		}
		if (ev[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			s->hung_up = true;
		if (s->hung_up || s->rest)
			push_ready(s);
	}
}

static void run_timers(struct stream_thread *t)
{
	int64_t now = clock_mono_ns();
	struct heap_node *n;
	while ((n = heap_peek(&t->timers)) && CONTAINER_OF(n, struct stream, timer)->due_ns <= now) {
		struct stream *s = CONTAINER_OF(n, struct stream, timer);
		heap_remove(&t->timers, n);
		if (s->stalled_ns && now - s->stalled_ns >= STALL_NS)
			s->hung_up = true;
		push_ready(s);
	}
}

static int wait_ms(struct stream_thread *t)
{
	struct heap_node *n = heap_peek(&t->timers);
	if (atomic_load(&t->ready))
		return 0;
	if (!n)
		return -1;
	return clock_poll_ms(CONTAINER_OF(n, struct stream, timer)->due_ns);
}

static void *stream_thread(void *arg)
{
	struct stream_thread *t = arg;
	struct epoll_event ev[64];
	while (!atomic_load(&t->stop)) {
		int n = epoll_wait(t->epoll, ev, 64, wait_ms(t));
		run_events(t, ev, n);
		run_timers(t);
		run_ready(t);
	}
	run_ready(t); /* those that were never begun are known now */
	list_for_each_safe (pos, &t->all)
		finish(list_entry(pos, struct stream, all), true);
	run_ready(t);
	return NULL;
}

struct stream_hub *stream_hub_new(size_t threads)
{
	struct stream_hub *h = mem_zalloc(sizeof(*h) + threads * sizeof(*h->threads));
	h->n = threads;
	for (size_t i = 0; i < threads; i++) {
		struct stream_thread *t = &h->threads[i];
		list_init(&t->all);
		t->timers = (struct heap)HEAP_INIT(due_before);
		t->buffer = mem_alloc(BUFFER_SIZE);
		t->epoll = epoll_create1(EPOLL_CLOEXEC);
		t->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
		if (t->epoll < 0 || t->event < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->event, &ev) < 0)
			abort();
		t->id = thread_start("stream", stream_thread, t);
	}
	return h;
}

void stream_hub_free(struct stream_hub *h)
{
	for (size_t i = 0; i < h->n; i++) {
		atomic_store(&h->threads[i].stop, true);
		kick(&h->threads[i]);
	}
	for (size_t i = 0; i < h->n; i++) {
		struct stream_thread *t = &h->threads[i];
		pthread_join(t->id, NULL);
		heap_release(&t->timers);
		free(t->buffer);
		close(t->epoll);
		close(t->event);
	}
	free(h);
}

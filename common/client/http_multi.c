/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl's multi interface on the loop: curl says which sockets it waits for and when it wants to be called,
 * the loop calls. Never curl_multi_poll: that one walks every handle on every call, and a process of fake
 * nodes holds thousands of quiet watches. Here a wake-up costs what is ready, and nothing wakes up while
 * nothing happens: deadlines are the loop's timers (curl's low-speed check would tick once a second per
 * stream).
 *
 * A connection's socket stays watched between requests, which saves two system calls per request: the loop
 * then watches descriptors that curl has no interest in, and the first event on such a one takes it out.
 *
 * curl forbids most of its interface inside its callbacks. Calls started or aborted there are put on a list
 * and dealt with as soon as curl has returned.
 */
#include <stdlib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/http_internal.h"

/* ---- after curl ---- */

/* What was put off while curl was on the stack. */
static void settle(struct http *h)
{
	struct list *l;

	while (h->reap) {
		h->reap = false;
		list_for_each_safe (pos, &h->running) {
			struct http_call *c = list_entry(pos, struct http_call, link);

			if (c->aborted) {
				http_call_leave(c);
				http_call_recycle(c);
			}
		}
	}
	while ((l = h->waiting.next) != &h->waiting)
		http_multi_enter(list_entry(l, struct http_call, link));
}

static void collect(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = m->data.result;
		struct http_call *c;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		if (http_h2c_go_again(c)) {
			curl_multi_remove_handle(h->multi, c->easy);
			http_multi_enter(c);
			continue;
		}
		http_call_fail(c, code);
		http_call_end(c);
	}
}

/* On HTTP/2 curl writes each frame by itself, two for a small request, and each would be a packet and wake the peer. All
   that one round writes goes out together at its end. */
static void cork(int fd, int on)
{
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/* What one HTTP/2 call reads from the socket may be another's, or more than it can take at once; curl 7.88 then keeps it
   and waits for the socket, which has no more to tell. A pause and its end make it look again. */
static void poke(struct http *h)
{
	while (!list_empty(&h->fed)) {
		struct http_call *c = list_entry(list_pop_front(&h->fed), struct http_call, fed);
		int still = c->rq.unended ? CURLPAUSE_SEND : 0;

		if (c->held)
			continue;
		h->in_curl = true;
		curl_easy_pause(c->easy, CURLPAUSE_RECV | still);
		curl_easy_pause(c->easy, still);
		h->in_curl = false;
	}
}

static void act(struct http *h, curl_socket_t fd, int mask)
{
	int running;

	cork(h->h2_fd, 1);
	h->in_curl = true;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	h->in_curl = false;
	cork(h->h2_fd, 0);
	settle(h);
	collect(h);
	poke(h);
	settle(h);
}

void http_multi_go_on(struct http_call *c)
{
	struct http *h = c->h;

	h->in_curl = true;
	curl_easy_pause(c->easy, CURLPAUSE_CONT); /* may call on_data */
	h->in_curl = false;
	settle(h);
	collect(h);
}

/* ---- sockets ---- */

static struct http_socket *socket_at(struct http *h, curl_socket_t fd)
{
	return (size_t)fd < h->n_sockets ? h->sockets[fd] : NULL;
}

static void on_ready(void *arg, unsigned events)
{
	struct http_socket *s = arg;
	int mask = 0;

	if (!s->wanted) {
		loop_io_set(&s->io, 0);
		return;
	}
	if (events & LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	if (events & LOOP_ERROR)
		mask |= CURL_CSELECT_ERR;
	act(s->h, s->io.fd, mask);
}

static void socket_drop(struct http *h, curl_socket_t fd)
{
	struct http_socket *s = socket_at(h, fd);

	if (!s)
		return;
	h->sockets[fd] = NULL;
	loop_io_stop(&s->io);
	free(s);
}

static struct http_socket *socket_add(struct http *h, curl_socket_t fd, bool ours)
{
	struct http_socket *s = MEM_NEW(struct http_socket);

	socket_drop(h, fd);
	if ((size_t)fd >= h->n_sockets) {
		size_t n = (size_t)fd + 64;

		h->sockets = mem_realloc_array(h->sockets, n, sizeof(*h->sockets));
		memset(h->sockets + h->n_sockets, 0, (n - h->n_sockets) * sizeof(*h->sockets));
		h->n_sockets = n;
	}
	s->h = h;
	s->ours = ours;
	s->io = (struct loop_io){.fn = on_ready, .arg = s};
	h->sockets[fd] = s;
	return s;
}

int http_close_socket(void *arg, curl_socket_t fd)
{
	struct http *h = arg;

	if (h->h2_fd == fd)
		h->h2_fd = -1;
	socket_drop(arg, fd);
	return close(fd);
}

/* curl's own sockets would be inherited by the containers' monitors. A peer whose kernel acknowledges nothing any more is
   gone: on a connection of many requests, which a deadline does not close, nobody else would find out. */
curl_socket_t http_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	static const unsigned silence_ms = 20000;
	struct http_call *c = arg;
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (a->socktype == SOCK_STREAM && a->family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms));
	c->opened_fd = fd;
	if (c->rq.http2 && a->family != AF_UNIX)
		c->h->h2_fd = fd;
	socket_add(c->h, fd, true);
	return fd;
}

static void socket_watch(struct http_socket *s, curl_socket_t fd)
{
	unsigned events =
		(s->wanted & CURL_POLL_IN ? LOOP_READ : 0u) | (s->wanted & CURL_POLL_OUT ? LOOP_WRITE : 0u);
	struct err ignored = ERR_INIT; /* out of memory for epoll: the call's deadline ends it */

	if (s->io.handle)
		loop_io_set(&s->io, events);
	else if (events)
		(void)loop_io_start(s->h->loop, &s->io, fd, events, &ignored);
}

/* What was given up before it was connected is closed by curl without a word to http_close_socket, and the loop must
   not wait for a number that soon is somebody else's. Only an answer shows that this connection stands: how far the call
   once got does not, because curl makes a request again on a new connection when a kept one broke without a byte. */
static bool answered(CURL *easy)
{
	struct http_call *c = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
	return c->reply.status != 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock_arg)
{
	struct http *h = arg;
	struct http_socket *s = socket_at(h, fd);

	if (what != CURL_POLL_REMOVE) {
		if (!s)
			s = socket_add(h, fd, false);
		s->wanted = (uint8_t)what & (CURL_POLL_IN | CURL_POLL_OUT);
		socket_watch(s, fd);
	} else if (s && (!s->ours || !answered(easy))) {
		socket_drop(h, fd);
	} else if (s) {
		s->wanted = 0;
		/* A connection stays in for its next request, unless it would fire without end. */
		if (s->io.events & LOOP_WRITE)
			loop_io_set(&s->io, 0);
	}
	return 0;
}

/* ---- time ---- */

static void on_curl_time(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* curl's timers run on the real clock even when a test has frozen ours. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	loop_timer_set(h->loop, &h->curl_timer,
		       ms < 0	 ? CLOCK_NEVER
		       : ms == 0 ? 0
				 : loop_real_ns() + ms * NS_PER_MS);
	return 0;
}

void http_multi_time_out(void *arg)
{
	struct http_call *c = arg;
	int64_t due = c->last_ns + c->timeout_ns;

	if (due > clock_mono_ns()) { /* a stream's later bytes */
		loop_timer_set(c->h->loop, &c->timer, due);
		return;
	}
	err_set(&c->reply.err, REASON_TIMEOUT, "%s %.*s: no reply within %lld ms", c->rq.method,
		HTTP_URL_IN_MESSAGE_MAX, c->rq.url, (long long)(c->timeout_ns / NS_PER_MS));
	c->reply.unsent = http_call_unsent(c);
	http_call_end(c);
}

/* ---- the multi handle ---- */

void http_multi_enter(struct http_call *c)
{
	list_del(&c->link);
	list_push_back(&c->h->running, &c->link);
	c->state = CALL_RUNNING;
	curl_multi_add_handle(c->h->multi, c->easy); /* which sets curl's timer: the next round begins it */
}

void http_unshare(struct http *h)
{
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

void http_multi_init(struct http *h)
{
	h->curl_timer = (struct loop_timer){.fn = on_curl_time, .arg = h, .real = true};
	curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	if (h->max_connections) {
		curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)h->max_connections);
		curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->max_connections);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of clients and calls. libcurl itself is seen by http_curl.c (requests and replies) and
 * http_multi.c (sockets and timers on the loop).
 */
#include "client/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/http_internal.h"

#define DEFAULT_TIMEOUT_NS (30 * NS_PER_S) /* as client-go's usual request timeout */
#define IDLE_CALLS_MAX 64		   /* free handles kept */

void http_escape(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~:@", c)) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}

/* ---- calls ---- */

/* rq's strings must stay until the call ends. */
static struct http_call *call_start(struct http *h, const struct http_request *rq, void *owned,
				    http_done_fn *done, void *done_arg)
{
	struct list *l = list_pop_front(&h->idle);
	struct http_call *c;

	if (l) {
		c = list_entry(l, struct http_call, link);
		h->n_idle--;
	} else {
		c = http_call_new(h);
	}
	c->rq = *rq;
	c->owned = owned;
	c->done = done;
	c->done_arg = done_arg;
	http_call_set_up(c);
	c->timeout_ns = rq->timeout_ns ? rq->timeout_ns : rq->on_data ? 0 : DEFAULT_TIMEOUT_NS;
	c->last_ns = clock_mono_ns();
	if (c->timeout_ns)
		loop_timer_set(h->loop, &c->timer, c->last_ns + c->timeout_ns);
	h->n_busy++;
	if (h->in_curl) {
		c->state = CALL_WAITING;
		list_push_back(&h->waiting, &c->link);
	} else {
		http_multi_enter(c);
	}
	return c;
}

void http_call_recycle(struct http_call *c)
{
	struct http *h = c->h;

	free(c->owned);
	c->owned = NULL;
	c->state = CALL_IDLE;
	if (h->n_idle >= IDLE_CALLS_MAX || c->worn) {
		http_call_free(c);
		return;
	}
	if (c->reply.body.cap > HTTP_BODY_KEEP_MAX)
		buf_release(&c->reply.body);
	list_push_front(&h->idle, &c->link);
	h->n_idle++;
}

void http_call_leave(struct http_call *c)
{
	if (c->state == CALL_RUNNING)
		curl_multi_remove_handle(c->h->multi, c->easy);
	loop_timer_set(c->h->loop, &c->timer, CLOCK_NEVER);
	list_del(&c->link);
	list_del(&c->fed);
	c->h->n_busy--;
	c->state = CALL_IDLE;
}

void http_call_end(struct http_call *c)
{
	http_call_leave(c);
	if (!c->aborted)
		c->done(c->done_arg, &c->reply);
	http_call_recycle(c);
}

struct http_call *http_start_borrowed(struct http *h, const struct http_request *rq, http_done_fn *done,
				      void *done_arg)
{
	return call_start(h, rq, NULL, done, done_arg);
}

struct http_call *http_start(struct http *h, const struct http_request *rq, http_done_fn *done,
			     void *done_arg)
{
	size_t url = strlen(rq->url) + 1, method = strlen(rq->method) + 1;
	char *own = mem_alloc(url + method + rq->body_len + 1);
	struct http_request copy = *rq;
	struct http_call *c;

	copy.url = memcpy(own, rq->url, url);
	copy.method = memcpy(own + url, rq->method, method);
	if (rq->body)
		copy.body = memcpy(own + url + method, rq->body, rq->body_len);
	c = call_start(h, &copy, own, done, done_arg);
	/* curl has copied these. */
	c->rq.headers = NULL;
	c->rq.username = c->rq.password = c->rq.unix_socket = NULL;
	return c;
}

void http_abort(struct http_call *c)
{
	if (c->h->in_curl && c->state == CALL_RUNNING) {
		c->aborted = true;
		c->h->reap = true;
		return;
	}
	http_call_leave(c);
	http_call_recycle(c);
}

bool http_sent(struct http_call *c)
{
	return !http_call_unsent(c);
}

size_t http_in_flight(const struct http *h)
{
	return h->n_busy;
}

struct loop *http_loop(struct http *h)
{
	return h->loop;
}

void http_hold(struct http_call *c)
{
	c->held = true;
}

void http_go_on(struct http_call *c)
{
	if (!c->held)
		return;
	c->held = false;
	if (c->state == CALL_RUNNING)
		http_multi_go_on(c);
}

void http_cancel(struct http *h)
{
	atomic_store(&h->canceled, true);
	loop_wake(h->loop);
}

bool http_canceled(const struct http *h)
{
	return atomic_load(&h->canceled);
}

/* ---- life ---- */

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool proxy_in_env(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (getenv(names[i]))
			return true;
	return false;
}

struct http *http_new_on(struct loop *l, const struct http_tls *tls, int max_connections)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = MEM_NEW(struct http);

	pthread_once(&once, global_init);
	if (tls)
		h->tls = *tls;
	h->loop = l;
	h->max_connections = max_connections;
	h->env_proxy = proxy_in_env();
	h->h2_fd = -1;
	list_init(&h->idle);
	list_init(&h->waiting);
	list_init(&h->running);
	list_init(&h->fed);
	h->multi = curl_multi_init();
	h->share = curl_share_init();
	if (!h->multi || !h->share) {
		perror("http_new"); /* out of memory: like any allocation, not survivable */
		abort();
	}
	http_multi_init(h);
	return h;
}

struct http *http_new(const struct http_tls *tls, int max_connections)
{
	struct loop *l = loop_new(NULL);

	if (!l)
		return NULL;
	struct http *h = http_new_on(l, tls, max_connections);

	h->own_loop = true;
	return h;
}

static void leave_loop(void *arg)
{
	struct http *h = arg;
	struct list *l;

	while ((l = h->running.next) != &h->running || (l = h->waiting.next) != &h->waiting) {
		struct http_call *c = list_entry(l, struct http_call, link);

		http_call_leave(c);
		http_call_free(c);
	}
	while ((l = list_pop_front(&h->idle)))
		http_call_free(list_entry(l, struct http_call, link));
	curl_multi_cleanup(h->multi);
	curl_share_cleanup(h->share);
	loop_timer_set(h->loop, &h->curl_timer, CLOCK_NEVER);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	loop_finish(h->loop, leave_loop, h);
	if (h->own_loop)
		loop_free(h->loop);
	free(h->sockets);
	free(h);
}

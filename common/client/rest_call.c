/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on the loop; the blocking ones turn the client's own loop until theirs are done.
 *
 * A call that the server puts off (429, or 5xx, with a Retry-After) is made again after that time, until its
 * deadline (client-go: ten tries; rest/with_retry.go); meanwhile it keeps its place in its window, so that a
 * server that asks for quiet gets it. Nothing else is retried here, because only a caller knows whether a
 * lost write may be repeated.
 *
 * Replies are decoded one by one as they arrive and only when wanted, so a batch of thousands of writes holds
 * no more replies than requests are on the wire.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/http_internal.h"
#include "client/rest_internal.h"

#define TIMEOUT_NS (30 * NS_PER_S)
#define TRIES_MAX 10
#define RETRY_AFTER_MAX_S 60

/* ---- windows ---- */

void rest_window_init(struct rest_window *w, size_t limit)
{
	*w = (struct rest_window){.limit = limit ? limit : 1};
	list_init(&w->waiting);
}

static void send_call(struct rest_call *c);

static void leave_window(struct rest_call *c)
{
	struct rest_window *w = c->window;
	struct list *l;

	c->window = NULL;
	if (!w)
		return;
	w->running--;
	while (w->running < w->limit && (l = list_pop_front(&w->waiting))) {
		w->running++;
		send_call(list_entry(l, struct rest_call, link));
	}
}

/* ---- one call ---- */

static void end(struct rest_call *c)
{
	free(STEAL(c->url));
	leave_window(c);
	c->rest = NULL;
	c->done(c); /* may free it */
}

static bool put_off(struct rest_call *c, const struct http_reply *r)
{
	char *after;
	long s = strtol(r->retry_after, &after, 10);
	int64_t at = clock_mono_ns() + (s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * NS_PER_S;

	if ((r->status != 429 && r->status < 500) || after == r->retry_after || s < 0 ||
	    c->tries == TRIES_MAX || at >= c->deadline_ns)
		return false;
	loop_timer_set(c->rest->loop, &c->retry, at);
	return true;
}

static void take_body(struct rest_call *c, struct http_reply *r)
{
	if (c->want_bytes) {
		c->bytes = r->body;
		r->body = (struct buf)BUF_INIT;
	} else if (c->want_reply) {
		c->reply = js_parse(buf_str(&r->body), r->body.len, NULL, &c->err);
		if (c->reply && !js_is_obj(c->reply)) {
			err_set(&c->err, REASON_INTERNAL, "not a JSON object");
			js_autoput(&c->reply);
			c->reply = NULL;
		}
		if (!c->reply) {
			c->err.reason = REASON_INTERNAL; /* it is the server that is wrong */
			err_wrap(&c->err, "reply of %s", c->path);
		}
	}
}

static void on_reply(void *arg, struct http_reply *r)
{
	struct rest_call *c = arg;

	c->http = NULL;
	rest_count(c->rest, c->verb, r->err.reason == REASON_NONE ? r->status : 0);
	if (r->err.reason != REASON_NONE)
		c->err = r->err;
	else if (r->status >= 200 && r->status <= 299)
		take_body(c, r);
	else if (put_off(c, r))
		return;
	else
		rest_status_error(r->status, buf_str(&r->body), r->body.len, &c->err);
	end(c);
}

static void send_call(struct rest_call *c)
{
	struct rest *r = c->rest;
	int64_t now = clock_mono_ns();
	struct http_request rq = {.method = rest_method(c->verb), .headers = r->headers[c->verb]};

	if (!c->tries++) { /* the time before its turn on the wire does not count */
		c->url = mem_printf("%s%s", r->c->kube.server, c->path);
		c->deadline_ns = now + (c->timeout_ns ? c->timeout_ns : TIMEOUT_NS);
	}
	rq.url = c->url;
	rq.timeout_ns = c->deadline_ns - now > NS_PER_MS ? c->deadline_ns - now : NS_PER_MS;
	if (c->body.len || c->verb == REST_POST) {
		rq.body = buf_str(&c->body);
		rq.body_len = c->body.len;
	}
	c->http = http_start_borrowed(r->h, &rq, on_reply, c);
}

static void on_retry(void *arg)
{
	send_call(arg);
}

void rest_call_start(struct rest *r, struct rest_window *w, struct rest_call *c)
{
	assert(!c->rest && c->done);
	c->rest = r;
	c->window = w;
	c->tries = 0;
	c->http = NULL;
	c->retry = (struct loop_timer){.fn = on_retry, .arg = c};
	c->err.reason = REASON_NONE;
	c->err.msg[0] = '\0';
	list_init(&c->link);
	if (w && w->running >= w->limit) {
		list_push_back(&w->waiting, &c->link);
		return;
	}
	if (w)
		w->running++;
	send_call(c);
}

/* `done` will not run. */
static void call_abort(struct rest_call *c)
{
	if (!c->rest)
		return;
	if (c->http)
		http_abort(STEAL(c->http));
	loop_timer_set(c->rest->loop, &c->retry, CLOCK_NEVER);
	if (list_empty(&c->link)) {
		leave_window(c);
	} else {
		list_del(&c->link);
		c->window = NULL;
	}
	free(STEAL(c->url));
	c->rest = NULL;
}

void rest_call_release(struct rest_call *c)
{
	call_abort(c);
	buf_release(&c->body);
	buf_release(&c->bytes);
	js_autoput(&c->reply);
	c->reply = NULL;
}

/* ---- batches ---- */

static void batch_call_done(struct rest_call *c)
{
	struct rest_batch *b = c->batch;

	if (!--b->left && b->done)
		b->done(b->done_arg);
}

void rest_batch_start(struct rest *r, struct rest_batch *b, size_t in_flight, loop_fn *done, void *arg)
{
	rest_window_init(&b->window, in_flight);
	b->left = b->n;
	b->done = done;
	b->done_arg = arg;
	/* The last of them may free the batch, but none ends before the loop turns. */
	for (size_t i = 0; i < b->n; i++) {
		b->v[i].batch = b;
		b->v[i].done = batch_call_done;
		rest_call_start(r, &b->window, &b->v[i]);
	}
}

struct rest_call *rest_batch_add(struct rest_batch *b, enum rest_verb verb, const char *path, const js *body,
				 void *tag)
{
	struct rest_call *c;

	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		b->v = mem_realloc_array(b->v, b->cap, sizeof(*b->v));
	}
	c = &b->v[b->n++];
	memset(c, 0, sizeof(*c));
	c->verb = verb;
	c->path = mem_strdup(path);
	c->tag = tag;
	if (body)
		js_write(&c->body, body);
	return c;
}

void rest_batch_clear(struct rest_batch *b)
{
	/* From the end: one that leaves its place would start the next. */
	for (size_t i = b->n; i-- > 0;) {
		rest_call_release(&b->v[i]);
		free((char *)b->v[i].path);
	}
	b->n = 0;
}

void rest_batch_release(struct rest_batch *b)
{
	rest_batch_clear(b);
	free(b->v);
	*b = (struct rest_batch)REST_BATCH_INIT;
}

/* ---- blocking ---- */

/* False when it had ended. */
static bool cancel(struct rest_call *c)
{
	if (!c->rest)
		return false;
	call_abort(c);
	err_set(&c->err, REASON_CANCELED, "the request was canceled");
	return true;
}

static void one_done(struct rest_call *c)
{
}

static bool window_empty(const struct rest_window *w)
{
	return !w->running && list_empty(&w->waiting);
}

void rest_call_run(struct rest *r, struct rest_call *v, size_t n, size_t in_flight)
{
	size_t max = (size_t)r->h->max_connections;
	struct rest_window w;

	assert(r->h->own_loop);
	rest_window_init(&w, max && in_flight > max ? max : in_flight);
	for (size_t i = 0; i < n; i++)
		rest_call_start(r, &w, &v[i]);
	while (!window_empty(&w)) {
		if (!http_canceled(r->h)) {
			loop_turn(r->loop, CLOCK_NEVER);
			continue;
		}
		for (size_t i = n; i-- > 0;)
			if (cancel(&v[i]))
				v[i].done(&v[i]);
	}
}

void rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight)
{
	for (size_t i = 0; i < b->n; i++)
		b->v[i].done = one_done;
	rest_call_run(r, b->v, b->n, in_flight);
}

static int do_one(struct rest *r, struct rest_call *c, struct err *err)
{
	assert(r->h->own_loop);
	c->done = one_done;
	rest_call_start(r, NULL, c);
	while (c->rest) {
		if (http_canceled(r->h))
			cancel(c);
		else
			loop_turn(r->loop, CLOCK_NEVER);
	}
	if (c->err.reason == REASON_NONE)
		return 0;
	*err = c->err;
	return -1;
}

int rest_do(struct rest *r, enum rest_verb verb, const char *path_and_query, const js *body, js **ret,
	    struct err *err)
{
	struct rest_call c = {.verb = verb, .path = path_and_query, .want_reply = ret != NULL};
	int rc;

	if (body)
		js_write(&c.body, body);
	rc = do_one(r, &c, err);
	buf_release(&c.body);
	if (rc == 0 && ret)
		*ret = c.reply;
	return rc;
}

int rest_do_raw(struct rest *r, enum rest_verb verb, const char *path_and_query, const char *body,
		size_t body_len, struct buf *ret, struct err *err)
{
	struct rest_call c = {.verb = verb, .path = path_and_query, .want_bytes = ret != NULL};

	/* Only read from. */
	c.body = (struct buf){.p = (char *)body, .len = body_len, .cap = body_len};
	if (do_one(r, &c, err) < 0)
		return -1;
	if (ret) {
		buf_release(ret);
		*ret = c.bytes;
	}
	return 0;
}

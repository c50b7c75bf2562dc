/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's bytes arrive on the loop and wait in a buffer for the response's read function, which a stream
 * thread calls. When the buffer is full the transfer is held, and goes on when the reader has made room; an
 * empty buffer is no memory. Loop and response share the struct by count, because either may end first.
 */
#include "rest/log/relay.h"

#include <stdlib.h>
#include "base/clock.h"
#include "client/tunnel.h"

#define HOLD_BYTES (48u << 10) /* buffered: enough; one more of the client library's buffers may follow */
#define GO_ON_BYTES (16u << 10)
#define REFUSAL_MAX (4u << 10)
#define ANSWER_WAIT_NS (30 * NS_PER_S)

static const char stopping[] = "apiserver is shutting down";

static const struct loop_lane lanes[] = {{"names", 2}}; /* look-ups of tunnels */

struct relays {
	struct loop *loop;
	struct http *http;
	struct tunnels *agents, *others;
	pthread_mutex_t lock; /* guards started */
	bool started;

	/* The loop only. */
	struct list asked; /* those whose agent has not answered yet */
	struct list pages; /* that are being read */
	struct list waiters;
	bool stopping;
};

struct relay {
	struct response_stream stream;
	struct relays *all;
	char *url;
	atomic_int *streams;
	atomic_int refs;

	/* The loop only. */
	struct list link;	/* in asked */
	struct http_call *call; /* NULL when it has ended */
	struct loop_timer patience;
	relay_fn *answered; /* NULL when the answer is known */
	void *arg;

	int status; /* of the answer; set before any reader is there */

	pthread_mutex_t lock; /* guards what follows */
	bool closed;	      /* the response is gone */
	bool reading;	      /* read was called: stream.wake is set */
	bool done;	      /* the transfer has ended */
	bool held;	      /* the transfer waits for room */
	struct buf refusal, bytes;
	size_t taken; /* of bytes */
};

static void relay_unref(struct relay *r)
{
	if (atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	if (r->streams)
		atomic_fetch_sub(r->streams, 1);
	buf_release(&r->refusal);
	buf_release(&r->bytes);
	free(r->url);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static bool accepted(const struct relay *r)
{
	return r->status >= 200 && r->status < 300;
}

/* ---- the loop's side ---- */

/* Nobody else looks at the response's side yet. Gives its reference away, or back. */
static void answer(struct relay *r, const struct err *err)
{
	struct relay_answer a = {.refusal = &r->refusal, .err = *err};
	relay_fn *answered = STEAL(r->answered);

	if (!answered)
		return;
	loop_timer_set(r->all->loop, &r->patience, CLOCK_NEVER);
	list_del(&r->link);
	if (err->reason == REASON_NONE && accepted(r))
		a.stream = &r->stream;
	else if (err->reason == REASON_NONE)
		a.status = r->status;
	answered(r->arg, &a);
	if (!a.stream)
		relay_unref(r);
}

static void on_status(void *arg, int status)
{
	struct relay *r = arg;
	struct err none = ERR_INIT;

	r->status = status;
	if (accepted(r))
		answer(r, &none);
}

/* Under the lock. Before the first read there is nobody to wake: that read looks by itself. */
static void wake(struct relay *r)
{
	if (r->reading && !r->closed && r->stream.wake)
		response_wake(r->stream.wake);
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	if (!accepted(r)) {
		size_t room = REFUSAL_MAX - r->refusal.len;
		buf_add(&r->refusal, p, n < room ? n : room);
	} else if (!r->closed) {
		if (!r->bytes.len)
			wake(r);
		buf_add(&r->bytes, p, n);
		r->held = r->bytes.len - r->taken >= HOLD_BYTES;
		if (r->held)
			http_hold(r->call);
	}
	bool go_on = !r->closed;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

/* The transfer is over, and with it the loop's reference. */
static void end(struct relay *r, const struct err *err)
{
	r->call = NULL;
	pthread_mutex_lock(&r->lock);
	r->done = true;
	wake(r);
	pthread_mutex_unlock(&r->lock);
	answer(r, err);
	relay_unref(r);
}

static void on_done(void *arg, struct http_reply *reply)
{
	struct err err = ERR_INIT;

	if (reply->err.reason != REASON_NONE)
		err_set(&err, REASON_INTERNAL, "%s", reply->err.msg);
	end(arg, &err);
}

static void give_up(struct relay *r, enum reason reason, const char *why)
{
	struct err err = ERR_INIT;

	err_set(&err, reason, "%s", why);
	if (r->call)
		http_abort(r->call);
	end(r, &err);
}

static void on_impatience(void *arg)
{
	give_up(arg, REASON_TIMEOUT, "Timeout: the node agent did not answer in time");
}

static void begin(void *arg)
{
	struct relay *r = arg;
	struct http_request rq = {
		.method = "GET", .url = r->url, .on_data = on_data, .on_status = on_status, .arg = r};

	if (r->all->stopping) {
		give_up(r, REASON_UNAVAILABLE, stopping);
		return;
	}
	list_push_back(&r->all->asked, &r->link);
	r->patience = (struct loop_timer){.fn = on_impatience, .arg = r};
	loop_timer_set(r->all->loop, &r->patience, clock_mono_ns() + ANSWER_WAIT_NS);
	r->call = http_start(r->all->http, &rq, on_done, r);
}

static void go_on(void *arg)
{
	struct relay *r = arg;

	if (r->call)
		http_go_on(r->call);
	relay_unref(r);
}

static void hang_up(void *arg)
{
	struct relay *r = arg;

	if (r->call) {
		http_abort(STEAL(r->call));
		relay_unref(r); /* the loop's, as in end */
	}
	relay_unref(r);
}

/* ---- the response's side ---- */

/* Under the lock. */
static long take(struct relay *r, char *p, size_t max)
{
	size_t left = r->bytes.len - r->taken, n = left < max ? left : max;

	memcpy(p, buf_str(&r->bytes) + r->taken, n);
	r->taken += n;
	if (r->taken == r->bytes.len) {
		buf_release(&r->bytes);
		r->taken = 0;
	} else if (r->taken > HOLD_BYTES) {
		buf_consume(&r->bytes, r->taken);
		r->taken = 0;
	}
	return n ? (long)n : r->done ? -1 : 0;
}

static long relay_read(void *arg, char *p, size_t max)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	r->reading = true;
	long n = take(r, p, max);
	bool room = r->held && !r->done && r->bytes.len - r->taken < GO_ON_BYTES;
	if (room)
		r->held = false;
	pthread_mutex_unlock(&r->lock);
	if (room) {
		atomic_fetch_add(&r->refs, 1);
		loop_post(r->all->loop, go_on, r);
	}
	return n;
}

static void relay_close(void *arg)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	r->closed = true;
	pthread_mutex_unlock(&r->lock);
	loop_post(r->all->loop, hang_up, r);
}

/* ---- pages ---- */

struct relay_page {
	struct list link; /* in pages */
	struct relays *all;
	struct http_call *call;
	char *url;
	relay_page_fn *done;
	void *arg;
};

static void end_page(struct relay_page *p, struct buf *body, const struct err *err)
{
	list_del(&p->link);
	p->done(p->arg, body, err);
	free(p->url);
	free(p);
}

static void on_page(void *arg, struct http_reply *reply)
{
	struct err err = reply->err;
	bool good = err.reason == REASON_NONE && reply->status == 200;

	if (!good && err.reason == REASON_NONE)
		err_set(&err, REASON_UNKNOWN, "the node agent answered %d", reply->status);
	end_page(arg, good ? &reply->body : NULL, &err);
}

static void give_up_pages(struct relays *rs)
{
	struct err err = ERR_INIT;

	err_set(&err, REASON_UNAVAILABLE, "%s", stopping);
	list_for_each_safe (l, &rs->pages) {
		struct relay_page *p = list_entry(l, struct relay_page, link);

		http_abort(p->call);
		end_page(p, NULL, &err);
	}
}

void relays_get(struct relays *rs, const char *url, int64_t timeout_ns, size_t max, relay_page_fn *done,
		void *arg)
{
	struct relay_page *p = MEM_NEW(struct relay_page);

	*p = (struct relay_page){.all = rs, .url = mem_strdup(url), .done = done, .arg = arg};
	struct http_request rq = {.method = "GET",
				  .url = p->url,
				  .timeout_ns = rs->stopping ? NS_PER_MS : timeout_ns,
				  .max_body = max};

	list_push_back(&rs->pages, &p->link);
	p->call = http_start(rs->http, &rq, on_page, p);
}

/* ---- others that live here ---- */

bool relays_wait(struct relays *rs, struct relays_waiter *w)
{
	if (rs->stopping)
		return false;
	list_push_back(&rs->waiters, &w->link);
	return true;
}

struct tunnels *relays_tunnels(struct relays *rs, bool agents)
{
	return agents ? rs->agents : rs->others;
}

/* ---- opening ---- */

/* An errno when there is no thread for it. */
static int start_loop(struct relays *rs)
{
	pthread_mutex_lock(&rs->lock);
	int rc = rs->started ? 0 : loop_try_start(rs->loop, "logs");

	rs->started = !rc;
	pthread_mutex_unlock(&rs->lock);
	return rc;
}

bool relays_run(struct relays *rs, loop_fn *fn, void *arg)
{
	if (start_loop(rs) != 0)
		return false;
	loop_post(rs->loop, fn, arg);
	return true;
}

struct loop *relays_loop(struct relays *rs)
{
	return rs->loop;
}

void relay_open(struct relays *rs, const char *url, atomic_int *streams, relay_fn *answered, void *arg)
{
	struct relay *r = MEM_NEW(struct relay);

	r->all = rs;
	r->url = mem_strdup(url);
	r->streams = streams;
	r->answered = answered;
	r->arg = arg;
	atomic_init(&r->refs, 2);
	list_init(&r->link);
	pthread_mutex_init(&r->lock, NULL);
	r->stream = (struct response_stream){.read = relay_read, .close = relay_close, .arg = r};
	int rc = start_loop(rs);

	if (rc) { /* nobody but us has heard of it */
		struct err err = ERR_INIT;
		err_set(&err, REASON_UNAVAILABLE, "no thread for logs: %s", strerror(rc));
		end(r, &err);
		return;
	}
	loop_post(rs->loop, begin, r);
}

struct relays *relays_new(const struct http_tls *tls, struct err *err)
{
	static const struct http_tls anybody = {.insecure = true};
	struct loop *l = loop_new(&(struct loop_config){.lanes = lanes, .n_lanes = ARRAY_LEN(lanes)});

	if (!l) {
		(void)err_errno(err, "event loop of logs");
		return NULL;
	}
	struct relays *rs = MEM_NEW(struct relays);

	rs->loop = l;
	rs->http = http_new_on(rs->loop, tls, 0);
	pthread_mutex_init(&rs->lock, NULL);
	list_init(&rs->asked);
	list_init(&rs->pages);
	list_init(&rs->waiters);
	rs->agents = tunnels_new(l, tls);
	rs->others = tunnels_new(l, &anybody);
	return rs;
}

static void stop(void *arg)
{
	struct relays *rs = arg;

	rs->stopping = true;
	list_for_each_safe (l, &rs->asked)
		give_up(list_entry(l, struct relay, link), REASON_UNAVAILABLE, stopping);
	give_up_pages(rs);
	list_for_each_safe (l, &rs->waiters) {
		struct relays_waiter *w = list_entry(l, struct relays_waiter, link);
		w->give_up(w, stopping);
	}
}

void relays_stop(struct relays *rs)
{
	if (!rs)
		return;
	pthread_mutex_lock(&rs->lock);
	loop_finish(rs->loop, stop, rs);
	pthread_mutex_unlock(&rs->lock);
}

void relays_free(struct relays *rs)
{
	if (!rs)
		return;
	if (rs->started)
		loop_join(rs->loop);
	loop_settle(rs->loop); /* names that are being looked up */
	http_free(rs->http);
	tunnels_free(rs->agents);
	tunnels_free(rs->others);
	loop_free(rs->loop);
	pthread_mutex_destroy(&rs->lock);
	free(rs);
}

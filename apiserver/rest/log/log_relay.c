/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's bytes arrive on the loop and wait in a buffer for the response's read function, which a stream
 * thread calls. When the buffer is full the transfer is held, and goes on when the reader has made room; an
 * empty buffer is no memory. Loop and response share the struct by count, because either may end first.
 */
#include "rest/log/log_relay.h"

#include <stdlib.h>
#include "base/clock.h"

#define HOLD_BYTES (48u << 10) /* buffered: enough; one more of the client library's buffers may follow */
#define GO_ON_BYTES (16u << 10)
#define REFUSAL_MAX (4u << 10)
#define ANSWER_WAIT_NS (30 * NS_PER_S)

struct log_relays {
	struct loop *loop;
	struct http *http;
	pthread_mutex_t lock; /* guards started */
	bool started;

	/* The loop only. */
	struct list asked; /* agents that have not answered yet */
	bool stopping;
};

struct relay {
	struct response_stream stream;
	struct log_relays *all;
	char *url;
	atomic_int *streams;
	atomic_int refs;

	/* The loop only. */
	struct list link;	/* in asked */
	struct http_call *call; /* NULL when it has ended */
	bool answered;		/* see loop_wait: bytes flow, or it has ended */

	pthread_mutex_t lock; /* guards what follows */
	int status;
	bool closed;  /* the response is gone */
	bool reading; /* read was called: stream.wake is set */
	bool done;    /* the transfer has ended */
	bool held;    /* the transfer waits for room */
	struct err err;
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

static void on_status(void *arg, int status)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	r->status = status;
	pthread_mutex_unlock(&r->lock);
	if (!accepted(r))
		return;
	list_del(&r->link);
	loop_signal(r->all->loop, &r->answered);
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

static void end(struct relay *r, const struct err *err)
{
	r->call = NULL;
	list_del(&r->link);
	pthread_mutex_lock(&r->lock);
	r->err = *err;
	r->done = true;
	wake(r);
	pthread_mutex_unlock(&r->lock);
	loop_signal(r->all->loop, &r->answered);
	relay_unref(r);
}

static void on_done(void *arg, struct http_reply *reply)
{
	end(arg, &reply->err);
}

static void refuse(struct relay *r)
{
	struct err err = ERR_INIT;

	err_set(&err, REASON_UNAVAILABLE, "apiserver is shutting down");
	end(r, &err);
}

static void begin(void *arg)
{
	struct relay *r = arg;
	struct http_request rq = {
		.method = "GET", .url = r->url, .on_data = on_data, .on_status = on_status, .arg = r};

	if (r->all->stopping) {
		refuse(r);
		return;
	}
	list_push_back(&r->all->asked, &r->link);
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
		list_del(&r->link);
		relay_unref(r); /* the loop's, as in on_done */
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

/* ---- opening ---- */

static struct relay *relay_new(struct log_relays *all, const char *url, atomic_int *streams)
{
	struct relay *r = MEM_NEW(struct relay);

	r->all = all;
	r->url = mem_strdup(url);
	r->streams = streams;
	atomic_init(&r->refs, 2);
	list_init(&r->link);
	pthread_mutex_init(&r->lock, NULL);
	r->stream = (struct response_stream){.read = relay_read, .close = relay_close, .arg = r};
	return r;
}

struct response_stream *log_relay_open(struct log_relays *all, const char *url, atomic_int *streams,
				       int *ret_status, struct buf *refusal, struct err *err)
{
	struct relay *r = relay_new(all, url, streams);

	pthread_mutex_lock(&all->lock);
	if (!all->started)
		loop_start(all->loop, "logs");
	all->started = true;
	pthread_mutex_unlock(&all->lock);
	loop_post(all->loop, begin, r);
	bool in_time = loop_wait(all->loop, &r->answered, clock_mono_ns() + ANSWER_WAIT_NS);

	pthread_mutex_lock(&r->lock);
	*ret_status = 0;
	bool open = in_time && accepted(r);
	if (!in_time) {
		err_set(err, REASON_TIMEOUT, "Timeout: the node agent did not answer in time");
	} else if (!open && r->status && r->err.reason == REASON_NONE) {
		*ret_status = r->status;
		buf_add(refusal, r->refusal.p, r->refusal.len);
	} else if (!open) {
		err_set(err, REASON_INTERNAL, "%s", r->err.msg);
	}
	pthread_mutex_unlock(&r->lock);
	if (open)
		return &r->stream;
	relay_close(r);
	return NULL;
}

struct log_relays *log_relays_new(const struct http_tls *tls)
{
	struct log_relays *rs = MEM_NEW(struct log_relays);

	rs->loop = loop_new(NULL);
	rs->http = http_new_on(rs->loop, tls, 0);
	pthread_mutex_init(&rs->lock, NULL);
	list_init(&rs->asked);
	return rs;
}

static void give_up(void *arg)
{
	struct log_relays *rs = arg;

	rs->stopping = true;
	list_for_each_safe (l, &rs->asked) {
		struct relay *r = list_entry(l, struct relay, link);

		http_abort(r->call);
		refuse(r);
	}
}

void log_relays_stop(struct log_relays *rs)
{
	if (!rs)
		return;
	pthread_mutex_lock(&rs->lock);
	loop_finish(rs->loop, give_up, rs);
	pthread_mutex_unlock(&rs->lock);
}

void log_relays_free(struct log_relays *rs)
{
	if (!rs)
		return;
	if (rs->started)
		loop_join(rs->loop);
	http_free(rs->http);
	loop_free(rs->loop);
	pthread_mutex_destroy(&rs->lock);
	free(rs);
}

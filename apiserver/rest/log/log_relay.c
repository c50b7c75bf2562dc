/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread per relay runs the HTTP client; its data callback fills the ring and waits while it is full, the
 * response's read function empties it. Two owners (thread and response) share the struct by count, because
 * either may end first.
 */
#include "rest/log/log_relay.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/thread.h"

#define RING (64u << 10)
#define REFUSAL_MAX (4u << 10)
#define ANSWER_WAIT_NS (30 * NS_PER_S)

enum relay_state {
	RELAY_ASKING,  /* no status yet */
	RELAY_OPEN,    /* 2xx: bytes flow */
	RELAY_REFUSED, /* another status: its body is collected */
	RELAY_ENDED,
};

struct relay {
	struct response_stream stream;
	struct http *http;
	struct http_tls tls;
	char *url, *ca, *cert, *key;
	atomic_int *streams;
	atomic_int refs;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t cond;  /* anything below changed */
	enum relay_state state;
	int status;
	bool closed;  /* the response is gone */
	bool reading; /* read was called: stream.wake is set */
	bool done;    /* the thread has ended its transfer */
	struct err err;
	struct buf refusal;
	size_t head, len; /* of ring */
	char ring[RING];
};

static void relay_unref(struct relay *r)
{
	if (atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	http_free(r->http);
	if (r->streams)
		atomic_fetch_sub(r->streams, 1);
	buf_release(&r->refusal);
	free(r->url);
	free(r->ca);
	free(r->cert);
	free(r->key);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->cond);
	free(r);
}

/* ---- the thread's side ---- */

static void on_status(void *arg, int status)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	r->status = status;
	r->state = status >= 200 && status < 300 ? RELAY_OPEN : RELAY_REFUSED;
	if (r->state == RELAY_OPEN)
		pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static size_t put(struct relay *r, const char *p, size_t n)
{
	size_t room = RING - r->len, tail = (r->head + r->len) % RING, first;

	if (n > room)
		n = room;
	first = n < RING - tail ? n : RING - tail;
	memcpy(r->ring + tail, p, first);
	memcpy(r->ring, p + first, n - first);
	r->len += n;
	return n;
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
	if (r->state == RELAY_REFUSED) {
		size_t room = REFUSAL_MAX - r->refusal.len;
		buf_add(&r->refusal, p, n < room ? n : room);
		n = 0;
	}
	while (n && !r->closed) {
		bool was_empty = !r->len;
		size_t took = put(r, p, n);
		p += took;
		n -= took;
		if (was_empty && took)
			wake(r);
		if (n && !r->closed)
			pthread_cond_wait(&r->cond, &r->lock);
	}
	bool go_on = !r->closed;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct relay *r = arg;
	struct http_request rq = {.method = "GET",
				  .url = r->url,
				  .on_data = on_data,
				  .on_status = on_status,
				  .arg = r,
				  .timeout_ns = 0};
	struct http_reply reply = {0};
	struct err err = ERR_INIT;
	int rc = http_do(r->http, &rq, &reply, &err);

	http_reply_release(&reply);
	pthread_mutex_lock(&r->lock);
	if (rc < 0)
		r->err = err;
	r->done = true;
	pthread_cond_broadcast(&r->cond);
	wake(r);
	pthread_mutex_unlock(&r->lock);
	relay_unref(r);
	return NULL;
}

/* ---- the response's side ---- */

static long relay_read(void *arg, char *p, size_t max)
{
	struct relay *r = arg;
	long ret;

	pthread_mutex_lock(&r->lock);
	r->reading = true;
	size_t n = r->len < max ? r->len : max, first = n < RING - r->head ? n : RING - r->head;
	memcpy(p, r->ring + r->head, first);
	memcpy(p + first, r->ring, n - first);
	r->head = (r->head + n) % RING;
	r->len -= n;
	ret = n ? (long)n : r->done ? -1 : 0;
	if (n)
		pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
	return ret;
}

static void relay_close(void *arg)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->lock);
	r->closed = true;
	bool done = r->done;
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
	if (!done)
		http_cancel(r->http);
	relay_unref(r);
}

static struct relay *relay_new(const struct http_tls *tls, const char *url, atomic_int *streams)
{
	struct relay *r = MEM_NEW(struct relay);

	r->url = mem_strdup(url);
	r->ca = mem_strdup(tls->ca_file);
	r->cert = mem_strdup(tls->cert_file);
	r->key = mem_strdup(tls->key_file);
	r->tls = (struct http_tls){
		.ca_file = r->ca, .cert_file = r->cert, .key_file = r->key, .insecure = tls->insecure};
	r->http = http_new(&r->tls, 1);
	r->streams = streams;
	atomic_init(&r->refs, 2);
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->cond);
	r->stream = (struct response_stream){.read = relay_read, .close = relay_close, .arg = r};
	return r;
}

/* Waits for what the agent says. True when bytes will flow. */
static bool await_answer(struct relay *r, int *ret_status, struct buf *refusal, struct err *err)
{
	int64_t deadline = clock_mono_ns() + ANSWER_WAIT_NS;
	bool in_time = true;

	pthread_mutex_lock(&r->lock);
	while (in_time && r->state != RELAY_OPEN && !r->done)
		in_time = clock_cond_wait(&r->cond, &r->lock, deadline);
	bool open = r->state == RELAY_OPEN;
	*ret_status = 0;
	if (!open && r->done && r->state == RELAY_REFUSED) {
		*ret_status = r->status;
		buf_add(refusal, r->refusal.p, r->refusal.len);
	} else if (!open && r->done) {
		err_set(err, REASON_INTERNAL, "%s", r->err.msg);
	} else if (!open) {
		err_set(err, REASON_TIMEOUT, "Timeout: the node agent did not answer in time");
	}
	pthread_mutex_unlock(&r->lock);
	return open;
}

struct response_stream *log_relay_open(const struct http_tls *tls, const char *url, atomic_int *streams,
				       int *ret_status, struct buf *refusal, struct err *err)
{
	struct relay *r = relay_new(tls, url, streams);

	pthread_detach(thread_start("log", run, r));
	if (await_answer(r, ret_status, refusal, err))
		return &r->stream;
	relay_close(r);
	return NULL;
}

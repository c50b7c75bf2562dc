/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocking side of the HTTP client: any number of requests through a window of those on the wire, on top
 * of the non-blocking side. A request that ends starts the next one from inside its `done`, so the window
 * stays full without a pass over all requests.
 */
#include "client/http.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "client/http_internal.h"

struct each {
	struct http *h;
	size_t n, next, ended, running, limit;
	http_prepare_fn *prepare;
	http_finish_fn *finish;
	void *arg;
	struct list calls; /* of struct each_call */
};

struct each_call {
	struct list link;
	struct each *e;
	size_t i;
	struct http_call *c;
};

static void each_fill(struct each *e);

static void each_done(void *arg, struct http_reply *r)
{
	struct each_call *ec = arg;
	struct each *e = ec->e;
	size_t i = ec->i;

	list_del(&ec->link);
	free(ec);
	e->running--;
	e->ended++;
	e->finish(e->arg, i, r);
	each_fill(e);
}

static void each_fill(struct each *e)
{
	while (e->running < e->limit && e->next < e->n && !http_canceled(e->h)) {
		struct each_call *ec = MEM_NEW(struct each_call);
		struct http_request rq = {0};

		ec->e = e;
		ec->i = e->next++;
		list_push_back(&e->calls, &ec->link);
		e->running++;
		e->prepare(e->arg, ec->i, &rq);
		ec->c = http_start_borrowed(e->h, &rq, each_done, ec);
	}
}

static void each_cancel(struct each *e)
{
	struct http_reply r = {0};
	struct list *l;

	err_set(&r.err, REASON_CANCELED, "the request was canceled");
	while ((l = list_pop_front(&e->calls))) {
		struct each_call *ec = list_entry(l, struct each_call, link);

		http_abort(ec->c);
		e->finish(e->arg, ec->i, &r);
		free(ec);
		e->ended++;
	}
	for (; e->next < e->n; e->ended++)
		e->finish(e->arg, e->next++, &r);
	http_reply_release(&r);
}

void http_each(struct http *h, size_t n, size_t in_flight, http_prepare_fn *prepare, http_finish_fn *finish,
	       void *arg)
{
	struct each e = {.h = h, .n = n, .prepare = prepare, .finish = finish, .arg = arg};
	size_t max = (size_t)h->max_connections;

	assert(h->own_loop);
	list_init(&e.calls);
	e.limit = in_flight ? in_flight : 1;
	if (max && e.limit > max)
		e.limit = max;
	each_fill(&e);
	while (e.ended < e.n) {
		if (http_canceled(h))
			each_cancel(&e);
		else
			loop_turn(h->loop, CLOCK_NEVER);
	}
}

struct http_batch {
	const struct http_request *rq;
	struct http_reply *r;
};

static void run_prepare(void *arg, size_t i, struct http_request *rq)
{
	*rq = ((struct http_batch *)arg)->rq[i];
}

static void run_finish(void *arg, size_t i, struct http_reply *r)
{
	((struct http_batch *)arg)->r[i] = *r;
	r->body = (struct buf)BUF_INIT;
}

void http_run(struct http *h, const struct http_request *rq, struct http_reply *r, size_t n, size_t in_flight)
{
	struct http_batch run = {.rq = rq, .r = r};

	http_each(h, n, in_flight, run_prepare, run_finish, &run);
}

int http_do(struct http *h, const struct http_request *rq, struct http_reply *r, struct err *err)
{
	http_run(h, rq, r, 1, 1);
	if (r->err.reason == REASON_NONE)
		return 0;
	*err = r->err;
	return -1;
}

bool http_sleep(struct http *h, int64_t deadline_ns)
{
	while (!http_canceled(h)) {
		if (clock_mono_ns() >= deadline_ns)
			return true;
		loop_turn(h->loop, deadline_ns);
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocking side of the HTTP client: any number of requests through a window of those on the wire, on top
 * of the non-blocking side. A request that ends starts the next one from inside its `done`, so the window
 * stays full without a pass over all requests.
 */
#include "client/http.h"

#include <assert.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "client/http_internal.h"

struct http_window {
	struct http *h;
	const struct http_request *rq;
	struct http_reply *r;
	size_t n, next, ended, running, limit;
	struct list calls; /* of struct http_window_call */
};

struct http_window_call {
	struct list link;
	struct http_window *run;
	size_t i;
	struct http_call *c;
};

static void fill(struct http_window *run);

static void keep(struct http_window *run, size_t i, struct http_reply *r)
{
	run->r[i] = *r;
	r->body = (struct buf)BUF_INIT;
	run->ended++;
}

static void on_done(void *arg, struct http_reply *r)
{
	struct http_window_call *rc = arg;
	struct http_window *run = rc->run;
	list_del(&rc->link);
	run->running--;
	keep(run, rc->i, r);
	free(rc);
	fill(run);
}

static void fill(struct http_window *run)
{
	while (run->running < run->limit && run->next < run->n && !http_canceled(run->h)) {
		struct http_window_call *rc = MEM_NEW(struct http_window_call);
		rc->run = run;
		rc->i = run->next++;
		list_push_back(&run->calls, &rc->link);
		run->running++;
		rc->c = http_start_borrowed(run->h, &run->rq[rc->i], on_done, rc);
	}
}

static void cancel(struct http_window *run)
{
	struct http_reply r = {0};
	struct list *l;
	err_set(&r.err, REASON_CANCELED, "the request was canceled");
	while ((l = list_pop_front(&run->calls))) {
		struct http_window_call *rc = list_entry(l, struct http_window_call, link);
		http_abort(rc->c);
		keep(run, rc->i, &r);
		free(rc);
	}
	while (run->next < run->n)
		keep(run, run->next++, &r);
}

void http_run(struct http *h, const struct http_request *rq, struct http_reply *r, size_t n, size_t in_flight)
{
	struct http_window run = {.h = h, .rq = rq, .r = r, .n = n, .limit = in_flight ? in_flight : 1};
	size_t max = (size_t)h->max_connections;
	assert(h->own_loop);
	list_init(&run.calls);
	if (max && run.limit > max)
		run.limit = max;
	fill(&run);
	while (run.ended < n) {
		if (http_canceled(h))
			cancel(&run);
		else
			loop_turn(h->loop, CLOCK_NEVER);
	}
}

int http_do(struct http *h, const struct http_request *rq, struct http_reply *r, struct err *err)
{
	http_run(h, rq, r, 1, 1);
	if (r->err.reason == REASON_NONE)
		return 0;
	*err = r->err;
	return -1;
}

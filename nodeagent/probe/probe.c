/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "client/http.h"
#include "probe/probe_internal.h"
#include "probe/probe_wire.h"

static const struct probe_way *const ways[PROBE_TYPES] = {[PROBE_EXEC] = &probe_exec,
							  [PROBE_HTTP] = &probe_http,
							  [PROBE_TCP] = &probe_tcp,
							  [PROBE_GRPC] = &probe_grpc};

struct probe_host *probe_host_new(struct loop *l, struct runtime *rt, size_t exec_lane, size_t name_lane)
{
	struct probe_host *h = MEM_NEW(struct probe_host);
	*h = (struct probe_host){.loop = l, .rt = rt, .exec_lane = exec_lane, .name_lane = name_lane};
	return h;
}

void probe_host_free(struct probe_host *h)
{
	if (!h)
		return;
	http_free(h->grpc);
	probe_wire_tls_free(h->tls);
	free(h);
}

static void copy_request(struct probe_run *r, const struct probe_request *rq)
{
	struct arena *a = &r->arena;
	struct probe_request *own = &r->rq;
	size_t n = 0;
	*own = *rq;
	own->container = arena_strdup(a, rq->container);
	own->host = arena_strdup(a, rq->host ? rq->host : "");
	own->path = arena_strdup(a, rq->path ? rq->path : "");
	own->purpose = arena_strdup(a, rq->purpose ? rq->purpose : "probe");
	own->service = arena_strdup(a, rq->service ? rq->service : "");
	while (rq->argv && rq->argv[n])
		n++;
	const char **argv = arena_array(a, n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++)
		argv[i] = arena_strdup(a, rq->argv[i]);
	own->argv = argv;
	struct probe_header *headers = arena_array(a, rq->n_headers, sizeof(*headers));
	own->n_headers = 0;
	for (size_t i = 0; i < rq->n_headers; i++)
		if (!rq->without || strcasecmp(rq->headers[i].name, rq->without) != 0)
			headers[own->n_headers++] = (struct probe_header){
				arena_strdup(a, rq->headers[i].name), arena_strdup(a, rq->headers[i].value)};
	own->headers = headers;
}

static void on_timer(void *arg)
{
	struct probe_run *r = arg;
	if (r->begun) {
		r->way->expire(r);
		return;
	}
	r->begun = true;
	loop_timer_set(r->host->loop, &r->timer, r->deadline_ns);
	r->way->start(r);
}

struct probe_run *probe_start(struct probe_host *h, const struct probe_request *rq, probe_done_fn *done,
			      void *arg)
{
	const struct probe_way *way = ways[rq->type];
	struct probe_run *r = mem_zalloc(way->size);
	r->way = way;
	r->host = h;
	copy_request(r, rq);
	r->done = done;
	r->arg = arg;
	r->timer = (struct loop_timer){.fn = on_timer, .arg = r};
	int64_t now = clock_mono_ns();
	r->deadline_ns = rq->timeout_ns ? now + rq->timeout_ns : CLOCK_NEVER;
	/* What ends at once ends in the next round all the same: the caller has not taken our return yet. */
	loop_timer_set(h->loop, &r->timer, now);
	return r;
}

static void destroy(struct probe_run *r, bool kill)
{
	loop_timer_set(r->host->loop, &r->timer, CLOCK_NEVER);
	if (r->begun)
		r->way->release(r, kill);
	arena_release(&r->arena);
	free(r);
}

void probe_end(struct probe_run *r, const struct probe_answer *a)
{
	probe_done_fn *done = r->done;
	void *arg = r->arg;
	r->done = NULL;
	loop_timer_set(r->host->loop, &r->timer, CLOCK_NEVER);
	done(arg, a);
	destroy(r, true);
}

void probe_end_text(struct probe_run *r, enum probe_verdict v, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT_MAX(PROBE_OUTPUT_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	probe_end(r, &(struct probe_answer){.verdict = v, .text = buf_str(&b), .state = "unknown"});
}

void probe_timeout_text(const struct probe_run *r, char out[32])
{
	long long s = r->rq.timeout_ns / NS_PER_S;
	if (s >= 3600)
		snprintf(out, 32, "%lldh%lldm%llds", s / 3600, s / 60 % 60, s % 60);
	else if (s >= 60)
		snprintf(out, 32, "%lldm%llds", s / 60, s % 60);
	else
		snprintf(out, 32, "%llds", s);
}

void probe_cancel(struct probe_run *r)
{
	if (r && r->done)
		destroy(r, false);
}

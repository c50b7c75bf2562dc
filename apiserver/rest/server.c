/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pool computes, as many threads as cores and a few: nothing that waits holds one of its threads. A lane per
 * sort of request bounds what is under way, so that neither a burst of writes nor slow node agents hold up
 * reads, and writes whose trees take much memory hold up only each other.
 */
#include "rest/server.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/thread.h"
#include "rest/connect/connect.h"
#include "rest/deadline.h"
#include "rest/dispatch.h"
#include "rest/lane.h"
#include "rest/log/podlog.h"
#include "rest/route.h"
#include "rest/usage/usage.h"
#include "rest/present.h"
#include "rest/verb/verb.h"

#define QUEUE_MAX 400
#define WRITES_MAX 64 /* in flight, when nothing else is said */
#define READS_MAX 400
#define LOGS_MAX 400	       /* whose node agents have not answered yet */
#define SPARE_WORKERS 2	       /* beyond the cores: a worker may meet a lock */
#define SMALL_BYTES (8 * 1024) /* of a body, and of the object that it changes */
#define HEAVY_MAX 16
#define CONNECTS_MAX 2000 /* the same of other servers */
#define LANES 5
/* What the trees of a write may take, all of them together and measured: so much per value. All writes that are under
   way may take TREES_MAX, the heavy ones half of it; what is larger than that is the only heavy one. */
#define VALUE_BYTES 200
#define SMALL_COST (256 * 1024)
#define HEAVY_COST (2 << 20)
#define TREES_MAX (64 << 20)

struct server {
	struct api *api;
	const struct auth *auth;
	struct service service;
	struct pool *workers;
	struct lane *writes, *heavy, *reads, *logs, *connects;
};

static enum service_way begin(void *arg, struct exchange *x, char *segments)
{
	struct server *sv = arg;

	x->way = dispatch_begin(sv->api, sv->auth, &x->rq, &x->rs, segments);
	switch (x->way) {
	case DISPATCH_DONE:
		present_status(&x->rq, &x->rs);
		return SERVICE_REFUSED;
	case DISPATCH_INLINE:
		return SERVICE_INLINE;
	default:
		return SERVICE_LATER;
	}
}

/* Kinds may go; a stream refers to its own, and to nobody. */
static void end(void *arg, struct exchange *x)
{
	struct server *sv = arg;

	schema_unpin(sv->api->schema, &x->rq.kinds);
	auth_forget(&x->rq);
}

static void run(void *arg, struct exchange *x)
{
	dispatch_run(&x->rq, &x->rs);
	present_status(&x->rq, &x->rs);
}

/* ---- reads that must not be older than a revision ---- */

struct fresh_read {
	struct storage_wait wait;
	struct exchange *x;
	uint64_t rv;
};

static void end_read(struct exchange *x)
{
	present_status(&x->rq, &x->rs);
	lane_leave(x);
	x->done(x);
}

static void run_read(void *arg)
{
	struct exchange *x = arg;

	if (x->way != DISPATCH_RELAY) {
		dispatch_run(&x->rq, &x->rs);
		end_read(x);
	} else if (x->rq.route->class == ROUTE_CONNECT) {
		connect_start(x, end_read);
	} else {
		(x->rq.route->class == ROUTE_USAGE ? usage_start : podlog_start)(x, end_read);
	}
}

static void on_fresh(struct storage_wait *w)
{
	struct fresh_read *r = CONTAINER_OF(w, struct fresh_read, wait);
	struct exchange *x = r->x;

	if (w->err.reason == REASON_NONE) {
		lane_again(x->lane, run_read, x);
	} else {
		dispatch_stale(&x->rq, &x->rs, r->rv, &w->err);
		end_read(x);
	}
	free(r);
}

static void begin_read(struct exchange *x, struct lane *lane)
{
	uint64_t rv;
	int64_t deadline_ns;

	if (deadline_passed(&x->rq, &x->rs)) {
		end_read(x);
		return;
	}
	if (!dispatch_needs(&x->rq, &rv, &deadline_ns) || storage_fresh(x->rq.api->storage, rv)) {
		run_read(x);
		return;
	}
	struct fresh_read *r = MEM_NEW(struct fresh_read);
	r->x = x;
	r->rv = rv;
	r->wait = (struct storage_wait){.rv = rv, .deadline_ns = deadline_ns, .done = on_fresh};
	storage_when_fresh(x->rq.api->storage, &r->wait);
}

/* ---- the table ---- */

static void refuse(void *arg, struct exchange *x, enum reason reason, const char *message)
{
	dispatch_refuse(&x->rq, &x->rs, reason, message);
	present_status(&x->rq, &x->rs);
}

/* The values of a text, at most: an object counts as in object/json.h. Protobuf has no signs of where they are. */
static size_t count_values(const char *type, const char *p, size_t n)
{
	size_t values = 1;

	if (strstr(type, "protobuf"))
		return n / 2 + 1;
	for (size_t i = 0; i < n; i++)
		values += p[i] == '{' ? JS_OBJECT_COST
				      : p[i] == ',' || p[i] == '[' || p[i] == ':' || p[i] == '\n';
	return values;
}

/*
 * What takes some ten microseconds to prepare is prepared where it arrives: handing it to a worker costs nearly
 * as much as the work. And how much memory the trees may take, which is many times the text: of small ones it does not
 * matter and is not counted.
 */
static bool weigh(struct exchange *x)
{
	const struct attributes *a = &x->rq.attr;
	const struct request *rq = &x->rq;
	bool small = rq->body_len <= SMALL_BYTES;

	x->cost = small ? SMALL_COST
			: 2 * rq->body_len +
				  VALUE_BYTES * count_values(rq->content_type, rq->body, rq->body_len);
	if (!*a->name)
		return small && rq->method == METHOD_POST;
	const char *ns = a->kind->namespaced ? a->ns : "";
	autoobj struct obj *o = storage_get(storage_resource(rq->api->storage, a->kind), ns, a->name);
	if (!o || obj_len(o) <= SMALL_BYTES)
		return small;
	size_t values =
		count_values("", o->bytes, o->len) + (o->managed ? obj_managed_values(o->managed) : 0);
	x->cost += 2 * obj_len(o) + VALUE_BYTES * values;
	return false;
}

static bool submit(void *arg, struct exchange *x)
{
	struct server *sv = arg;
	bool here = false;
	struct lane *lane = x->way != DISPATCH_RELAY		  ? sv->reads
			    : x->rq.route->class == ROUTE_CONNECT ? sv->connects
								  : sv->logs;

	x->cost = 0;
	if (x->way == DISPATCH_WRITE) {
		here = weigh(x);
		lane = x->cost < HEAVY_COST ? sv->writes : sv->heavy;
	}
	if (lane_enter(lane, x, here))
		return true;
	refuse(sv, x, REASON_TOO_MANY_REQUESTS, "too many requests, please try again later");
	return false;
}

struct server *server_new(const struct server_config *c)
{
	struct server *sv = MEM_NEW(struct server);
	size_t cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	size_t writes = c->writes > 0 ? (size_t)c->writes : WRITES_MAX;
	size_t reads = c->reads > 0 ? (size_t)c->reads : READS_MAX;

	sv->api = c->api;
	sv->api->auth = c->auth;
	sv->auth = c->auth;
	sv->workers = pool_new("worker", cores + SPARE_WORKERS,
			       writes + HEAVY_MAX + reads + LOGS_MAX + CONNECTS_MAX + LANES);
	sv->writes = lane_new(sv->workers, writes, QUEUE_MAX, TREES_MAX / 2, verb_run);
	sv->heavy = lane_new(sv->workers, HEAVY_MAX, QUEUE_MAX, TREES_MAX / 2, verb_run);
	sv->reads = lane_new(sv->workers, reads, 0, SIZE_MAX, begin_read);
	sv->logs = lane_new(sv->workers, LOGS_MAX, 0, SIZE_MAX, begin_read);
	sv->connects = lane_new(sv->workers, CONNECTS_MAX, 0, SIZE_MAX, begin_read);
	sv->service = (struct service){.arg = sv,
				       .peer_read = x509_read,
				       .begin = begin,
				       .run = run,
				       .submit = submit,
				       .end = end,
				       .refuse = refuse};
	return sv;
}

void server_free(struct server *sv)
{
	if (!sv)
		return;
	pool_free(sv->workers);
	lane_free(sv->writes);
	lane_free(sv->heavy);
	lane_free(sv->reads);
	lane_free(sv->logs);
	lane_free(sv->connects);
	free(sv);
}

const struct service *server_service(const struct server *sv)
{
	return &sv->service;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Three pools, so that neither a burst of writes nor slow node agents hold up reads. */
#include "rest/server.h"

#include <stdlib.h>
#include "base/mem.h"
#include "base/thread.h"
#include "rest/dispatch.h"

#define QUEUE_MAX 400
#define WRITE_WORKERS 64
#define READ_WORKERS 16
#define RELAY_WORKERS 16

struct server {
	struct api *api;
	const struct auth *auth;
	struct service service;
	struct pool *writes, *reads, *relays;
};

static enum service_way begin(void *arg, struct exchange *x, char *segments)
{
	struct server *sv = arg;

	x->way = dispatch_begin(sv->api, sv->auth, &x->rq, &x->rs, segments);
	switch (x->way) {
	case DISPATCH_DONE:
		return SERVICE_REFUSED;
	case DISPATCH_INLINE:
		return SERVICE_INLINE;
	default:
		return SERVICE_LATER;
	}
}

static void run(void *arg, struct exchange *x)
{
	dispatch_run(&x->rq, &x->rs, false);
}

static void on_worker(void *arg)
{
	struct exchange *x = arg;

	dispatch_run(&x->rq, &x->rs, true);
	x->done(x);
}

static void refuse(void *arg, struct exchange *x, enum reason reason, const char *message)
{
	dispatch_refuse(&x->rq, &x->rs, reason, message);
}

static bool submit(void *arg, struct exchange *x)
{
	struct server *sv = arg;
	struct pool *pool = x->way == DISPATCH_WRITE   ? sv->writes
			    : x->way == DISPATCH_RELAY ? sv->relays
						       : sv->reads;

	if (pool_submit(pool, on_worker, x))
		return true;
	refuse(sv, x, REASON_TOO_MANY_REQUESTS, "too many requests, please try again later");
	return false;
}

struct server *server_new(const struct server_config *c)
{
	struct server *sv = MEM_NEW(struct server);

	sv->api = c->api;
	sv->auth = c->auth;
	sv->writes = pool_new("write", c->writes > 0 ? (size_t)c->writes : WRITE_WORKERS, QUEUE_MAX);
	sv->reads = pool_new("read", READ_WORKERS, c->reads > 0 ? (size_t)c->reads : QUEUE_MAX);
	sv->relays = pool_new("relay", RELAY_WORKERS, QUEUE_MAX);
	sv->service = (struct service){.arg = sv,
				       .peer_read = peer_read,
				       .peer_release = peer_release,
				       .begin = begin,
				       .run = run,
				       .submit = submit,
				       .refuse = refuse};
	return sv;
}

void server_free(struct server *sv)
{
	if (!sv)
		return;
	pool_free(sv->writes);
	pool_free(sv->reads);
	pool_free(sv->relays);
	free(sv);
}

const struct service *server_service(const struct server *sv)
{
	return &sv->service;
}

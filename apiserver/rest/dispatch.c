/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates in their fixed order (authentication, routing, authorization), then the choice of a thread.
 * Everything up to here looks at headers only, so a client that may not write is refused before its body is
 * read.
 */
#include "rest/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "serve/health.h"
#include "rest/options.h"
#include "rest/route.h"

#define CONSISTENT_WAIT_NS (10 * NS_PER_S) /* for the store to tell its revision */
#define REVISION_WAIT_NS (3 * NS_PER_S)	   /* upstream's blockTimeout for a revision that is not there yet */

void dispatch_refuse(const struct request *rq, struct response *rs, enum reason reason, const char *message)
{
	struct err err = ERR_INIT;
	err_set(&err, reason, "%s", message);
	response_status(rs, &err, &rq->attr, NULL);
}

static bool read_needs(const struct request *rq, uint64_t *rv)
{
	const char *s = request_param(rq, "resourceVersion");
	const char *cont = request_param(rq, "continue");
	*rv = 0;
	if (cont && *cont) /* the token names an older revision, or asks for any */
		return false;
	if (!s || !*s)
		return true;
	if (options_revision(s, rv) < 0) /* the handler says what is wrong with it */
		return false;
	if (rq->is_watch) { /* a watch from a revision waits by itself, unless the initial events must reach
			       it */
		const char *initial = request_param(rq, "sendInitialEvents");
		return *rv && initial && request_param_bool(rq, "sendInitialEvents");
	}
	return *rv != 0;
}

static void not_allowed(struct request *rq, struct response *rs)
{
	route_allowed(rq, rs->allow);
	dispatch_refuse(rq, rs, REASON_METHOD_NOT_ALLOWED,
			"the server does not allow this method on the requested resource");
}

static void path_not_allowed(struct request *rq, struct response *rs)
{
	snprintf(rs->allow, sizeof(rs->allow), "GET");
	dispatch_refuse(rq, rs, REASON_METHOD_NOT_ALLOWED,
			"the server does not allow this method on the requested resource");
}

enum dispatch dispatch_begin(struct api *api, const struct auth *auth, struct request *rq,
			     struct response *rs, char *segments)
{
	struct err err = ERR_INIT;
	rq->api = api;
	rq->kinds = schema_pin(api->schema);
	if (auth_identify(auth, rq, &err) < 0) {
		response_status(rs, &err, NULL, NULL);
		return DISPATCH_DONE;
	}
	enum route_result routed = route_find(rq, segments);
	if (auth_permit(&rq->attr, &err) < 0) {
		response_status(rs, &err, &rq->attr, NULL);
		return DISPATCH_DONE;
	}
	switch (routed) {
	case ROUTE_UNKNOWN: {
		struct status_parts st = {.reason = REASON_NOT_FOUND,
					  .message = "the server could not find the requested resource"};
		response_status_parts(rs, &st);
		return DISPATCH_DONE;
	}
	case ROUTE_NOT_ALLOWED:
		not_allowed(rq, rs);
		return DISPATCH_DONE;
	case ROUTE_API_PATH:
	case ROUTE_OTHER_PATH:
		if (request_is_mutating(rq)) {
			path_not_allowed(rq, rs);
			return DISPATCH_DONE;
		}
		return DISPATCH_INLINE;
	case ROUTE_OK:
		break;
	}
	uint64_t rv;
	switch (rq->route->class) {
	case ROUTE_WRITE:
		return DISPATCH_WRITE;
	case ROUTE_RELAY:
		return DISPATCH_RELAY;
	case ROUTE_READ:
		if (read_needs(rq, &rv) && !storage_fresh(api->storage, rv))
			return DISPATCH_READ;
		return DISPATCH_INLINE;
	case ROUTE_INLINE:
		break;
	}
	return DISPATCH_INLINE;
}

/* ---- paths that are no resource ---- */

static void not_found_text(struct response *rs)
{
	rs->status = 404;
	rs->content_type = "text/plain; charset=utf-8";
	buf_adds(&rs->body, "404 page not found\n");
}

/* The query as health pages want it; they look for `verbose` and `exclude=NAME` only. */
static void health_query(const struct request *rq, struct buf *out)
{
	for (size_t i = 0; i < rq->n_params; i++)
		buf_addf(out, "%s%s%s%s", i ? "&" : "", rq->params[i].key, *rq->params[i].value ? "=" : "",
			 rq->params[i].value);
}

static void run_path(struct request *rq, struct response *rs)
{
	static const struct {
		const char *path;
		handler_fn *handler;
	} paths[] = {
		{"/", handle_discovery},      {"/api", handle_discovery},    {"/apis", handle_discovery},
		{"/version", handle_version}, {"/version/", handle_version},
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (!strcmp(rq->path, paths[i].path)) {
			paths[i].handler(rq, rs);
			return;
		}
	}
	if (!strncmp(rq->path, "/api/", 5) || !strncmp(rq->path, "/apis/", 6)) {
		handle_discovery(rq, rs);
		return;
	}
	if (!strcmp(rq->path, "/openapi/v3") || !strncmp(rq->path, "/openapi/v3/", 12)) {
		handle_openapi(rq, rs);
		return;
	}
	autobuf struct buf query = BUF_INIT;
	health_query(rq, &query);
	if (!health_page(rq->path, buf_str(&query), &rs->body, &rs->status, &rs->content_type))
		not_found_text(rs);
}

/* ---- running ---- */

static void too_large_revision(const struct request *rq, struct response *rs, uint64_t rv)
{
	struct err err = ERR_INIT;
	err_set(&err, REASON_TIMEOUT, "Timeout: Too large resource version: %llu, current: %llu",
		(unsigned long long)rv, (unsigned long long)storage_revision(rq->api->storage));
	struct status_parts st = {.reason = REASON_TIMEOUT,
				  .message = err.msg,
				  .cause_reason = "ResourceVersionTooLarge",
				  .cause_message = "Too large resource version",
				  .retry_after_s = 1};
	response_status_parts(rs, &st);
}

bool dispatch_needs(const struct request *rq, uint64_t *rv, int64_t *deadline_ns)
{
	if (!read_needs(rq, rv))
		return false;
	*deadline_ns = clock_mono_ns() + (*rv ? REVISION_WAIT_NS : CONSISTENT_WAIT_NS);
	return true;
}

void dispatch_stale(const struct request *rq, struct response *rs, uint64_t rv, const struct err *err)
{
	if (rv && err->reason == REASON_TIMEOUT)
		too_large_revision(rq, rs, rv);
	else
		response_status(rs, err, &rq->attr, NULL);
}

void dispatch_run(struct request *rq, struct response *rs)
{
	if (rq->route)
		rq->route->handler(rq, rs);
	else
		run_path(rq, rs);
}

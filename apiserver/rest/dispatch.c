/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates in their fixed order (routing, authentication, authorization), then the choice of a thread.
 * Everything up to here looks at headers only, so a client that may not write is refused before its body is
 * read.
 */
#include "rest/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "serve/health.h"
#include "object/name.h"
#include "rest/deadline.h"
#include "rest/deprecation.h"
#include "rest/discovery/discovery.h"
#include "rest/discovery/openapi.h"
#include "rest/flow.h"
#include "rest/negotiate.h"
#include "rest/options.h"
#include "rest/present.h"
#include "rest/route.h"

#define HEALTH_WAIT_NS                                                                                       \
	(2 * NS_PER_S) /* the same, for who asks whether it does; upstream's --etcd-readycheck-timeout */
#define CONSISTENT_WAIT_NS (10 * NS_PER_S) /* for the store to tell its revision */
#define REVISION_WAIT_NS (3 * NS_PER_S)	   /* upstream's blockTimeout for a revision that is not there yet */

void dispatch_refuse(const struct request *rq, struct response *rs, enum reason reason, const char *message)
{
	struct err err = ERR_INIT;
	err_set(&err, reason, "%s", message);
	response_status(rs, &err, &rq->attr, NULL);
}

/* The revision of the list's first page, which another server may have given; 0: the token asks for any, or is none. */
static uint64_t continued_revision(const char *token)
{
	autofree char *after = NULL;
	struct err ignore = ERR_INIT;
	uint64_t rv = 0;
	return continue_decode(token, &rv, &after, &ignore) < 0 ? 0 : rv;
}

static bool read_needs(const struct request *rq, uint64_t *rv)
{
	const char *s = request_param(rq, "resourceVersion");
	const char *cont = request_param(rq, "continue");
	*rv = 0;
	if (!rq->route || rq->route->class == ROUTE_CONNECT) /* a health page; another server's parameters */
		return true;
	if (cont && *cont && !rq->is_watch) {
		*rv = continued_revision(cont);
		return *rv != 0;
	}
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

/* As upstream's router words it, which knows paths and no resources. */
static void refuse_method(struct response *rs)
{
	struct status_parts st = {.reason = REASON_METHOD_NOT_ALLOWED,
				  .message =
					  "the server does not allow this method on the requested resource"};
	response_status_parts(rs, &st);
}

static void not_allowed(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	bool listed = rq->attr.kind && rq->attr.kind->verbs & VERB_LIST;
	route_allowed(rq, rs->allow);
	if (!rq->is_watch || !listed) {
		refuse_method(rs);
		return;
	}
	snprintf(rs->allow, sizeof(rs->allow), "GET");
	err_set(&err, REASON_METHOD_NOT_ALLOWED, "watch is not supported on resources of kind \"%s%s%s\"",
		rq->attr.resource, *rq->attr.group ? "." : "", rq->attr.group);
	response_status(rs, &err, &rq->attr, NULL);
}

/* Until a list's or watch's selectors say more: as upstream's RequestInfo, one that can only be about one object is
   authorized as being about that. */
static const char *selected_name(const struct request *rq, struct field_selector *fields)
{
	struct err ignore = ERR_INIT;
	struct name_faults faults;
	const char *text = request_param(rq, "fieldSelector");
	bool reads = rq->method == METHOD_GET || rq->method == METHOD_HEAD;
	if (!rq->attr.resource_request || *rq->attr.name || !reads || !text || !*text ||
	    field_selector_parse(text, fields, &ignore) < 0)
		return rq->attr.name;
	for (size_t i = 0; i < fields->n; i++)
		if (!strcmp(fields->v[i].field, "metadata.name") && !fields->v[i].negate &&
		    !name_check_path_segment(fields->v[i].value, &faults))
			return fields->v[i].value;
	return rq->attr.name;
}

static int permit(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct field_selector fields = {.n = 0};
	struct attributes attr = rq->attr;
	attr.name = selected_name(rq, &fields);
	int rc = auth_permit(&attr, &err);
	if (rc < 0)
		response_status(rs, &err, &attr, NULL);
	field_selector_release(&fields);
	return rc;
}

/* As upstream's responsewriters.InternalError: a text, and nothing in it that a browser would take for markup. */
static void internal_error_text(const struct request *rq, struct response *rs, const char *message)
{
	autobuf struct buf text = BUF_INIT;
	buf_adds(&text, "Internal Server Error: ");
	buf_add_json_string(&text, rq->target, strlen(rq->target));
	buf_addf(&text, ": %s\n", message);
	rs->status = 500;
	rs->content_type = "text/plain; charset=utf-8";
	rs->nosniff = true;
	for (const char *p = buf_str(&text); *p; p++)
		if (*p == '&' || *p == '<' || *p == '>')
			buf_adds(&rs->body, *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : "&gt;");
		else
			buf_addc(&rs->body, *p);
}

/* Refused or not, rq->user is who it is for. */
static int identify(const struct auth *auth, struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct attributes attr = ATTRIBUTES_INIT;
	if (auth_identify(auth, rq, &err) < 0) {
		response_status(rs, &err, NULL, NULL);
		return -1;
	}
	if (auth_impersonate(rq, &attr, &err) < 0) {
		if (err.reason == REASON_INTERNAL)
			internal_error_text(rq, rs, err.msg);
		else
			response_status(rs, &err, &attr, NULL);
		return -1;
	}
	return 0;
}

static void not_found_text(struct response *rs)
{
	response_clear(rs);
	rs->status = 404;
	rs->content_type = "text/plain; charset=utf-8";
	rs->nosniff = true;
	buf_adds(&rs->body, "404 page not found\n");
}

/* Whether a path is below the group of a built-in kind, with something behind it. */
static bool is_below_built_in(const struct request *rq)
{
	static const char root[] = "/apis/";
	const struct kind *const *kinds;
	size_t n = schema_kinds(rq->api->schema, &kinds);
	if (strncmp(rq->path, root, sizeof(root) - 1))
		return false;
	const char *group = rq->path + sizeof(root) - 1, *end = strchr(group, '/');
	for (size_t i = 0; end && i < n; i++)
		if (!kinds[i]->type->structural && strlen(kinds[i]->group) == (size_t)(end - group) &&
		    !memcmp(kinds[i]->group, group, (size_t)(end - group)))
			return true;
	return false;
}

/* Below /apis a group that does not exist is nobody's, as is another version of a CRD's; what is missing inside of a
   group-version, of a built-in group, or below /api, is told by those who serve the rest of it. */
static void not_found(const struct request *rq, struct response *rs)
{
	struct status_parts st = {.reason = REASON_NOT_FOUND,
				  .message = "the server could not find the requested resource"};
	if (*rq->attr.group && !is_below_built_in(rq) &&
	    !discovery_knows(rq->api->discovery, rq->attr.group, rq->attr.version))
		not_found_text(rs);
	else
		response_status_parts(rs, &st);
}

/* What a worker would wait for in vain is refused at once. */
static bool is_answerable(const struct request *rq)
{
	struct list_options o;
	struct accept accept;
	struct field_errors errs = {.n = 0};
	struct err err = ERR_INIT;
	if (*rq->attr.name || *rq->attr.subresource)
		return negotiate(rq, &accept, &err) == 0;
	if (options_parse(rq, &o, &accept, &errs, &err) < 0) {
		field_errors_release(&errs);
		return false;
	}
	options_release(&o);
	return true;
}

/* The length of a protobuf list stands before it: all of it is decoded and encoded at once, which is no work for a thread
   that others' bytes wait for. */
static bool is_heavy(const struct request *rq)
{
	struct err ignore = ERR_INIT;
	struct accept a;
	bool list = rq->method == METHOD_GET && !rq->is_watch && !*rq->attr.name;
	return list && strstr(rq->accept, "protobuf") && negotiate(rq, &a, &ignore) == 0 &&
	       a.media == MEDIA_PROTOBUF;
}

static bool is_here(const struct request *rq)
{
	uint64_t rv;
	return !read_needs(rq, &rv) || storage_fresh(rq->api->storage, rv);
}

static enum dispatch begin_path(struct request *rq, struct response *rs);

static bool is_custom_group(const struct request *rq)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rq->api->schema, &kinds);
	for (size_t i = 0; i < n; i++)
		if (kinds[i]->type->structural && !strcmp(kinds[i]->group, rq->attr.group))
			return true;
	return false;
}

/* A part that a custom resource does not have: upstream misses the object. */
static bool misses_part(const struct request *rq, struct response *rs)
{
	const struct attributes *a = &rq->attr;
	const struct kind *k = schema_resource(rq->api->schema, a->group, a->version, a->resource);
	struct err err = ERR_INIT;
	if (!k || !k->type->structural || k->namespaced != (*a->ns != '\0') || !*a->subresource)
		return false;
	err_set(&err, REASON_NOT_FOUND, "%s.%s \"%s\" not found", a->resource, a->group, a->name);
	response_status_parts(rs, &(struct status_parts){.reason = REASON_NOT_FOUND,
							 .message = err.msg,
							 .name = a->name,
							 .group = a->group,
							 .kind = a->resource});
	return true;
}

/* What is missing beside custom resources is nobody's, either. */
static bool misses_custom(const struct request *rq, struct response *rs)
{
	if (misses_part(rq, rs))
		return true;
	if (!is_custom_group(rq))
		return false;
	not_found_text(rs);
	return true;
}

/* Before anybody is asked who he is, as upstream. */
static bool in_time(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	if (deadline_read(rq, &err) == 0)
		return !deadline_passed(rq, rs);
	response_status(rs, &err, NULL, NULL);
	return false;
}

enum dispatch dispatch_begin(struct api *api, const struct auth *auth, struct request *rq,
			     struct response *rs, char *segments)
{
	rq->api = api;
	rq->kinds = schema_pin(api->schema);
	enum route_result routed = route_find(rq, segments);
	if (!in_time(rq, rs) || identify(auth, rq, rs) < 0)
		return DISPATCH_DONE;
	if (!rq->route ||
	    (rq->route->class != ROUTE_RELAY &&
	     rq->route->class != ROUTE_CONNECT)) /* as upstream: what is watched, but no other stream */
		rs->flow = flow_classify(api->flow, &rq->attr);
	if (permit(rq, rs) < 0)
		return DISPATCH_DONE;
	switch (routed) {
	case ROUTE_UNKNOWN:
		if (!misses_custom(rq, rs))
			not_found(rq, rs);
		return DISPATCH_DONE;
	case ROUTE_NOT_ALLOWED:
		not_allowed(rq, rs);
		return DISPATCH_DONE;
	case ROUTE_API_PATH:
	case ROUTE_OTHER_PATH:
		return begin_path(rq, rs);
	case ROUTE_OK:
		break;
	}
	deprecation_tell(rq, rs);
	switch (rq->route->class) {
	case ROUTE_WRITE:
		return DISPATCH_WRITE;
	case ROUTE_CONNECT:
		rq->wants_headers = true;
		return DISPATCH_RELAY;
	case ROUTE_RELAY:
	case ROUTE_USAGE:
		return DISPATCH_RELAY;
	case ROUTE_READ:
		if ((is_heavy(rq) || !is_here(rq)) && is_answerable(rq))
			return DISPATCH_READ;
		return DISPATCH_INLINE;
	case ROUTE_INLINE:
		break;
	}
	return DISPATCH_INLINE;
}

/* ---- paths that are no resource ---- */

/* The query as health pages want it; they look for `verbose` and `exclude=NAME` only. */
static void health_query(const struct request *rq, struct buf *out)
{
	for (size_t i = 0; i < rq->n_params; i++)
		buf_addf(out, "%s%s%s%s", i ? "&" : "", rq->params[i].key, *rq->params[i].value ? "=" : "",
			 rq->params[i].value);
}

static void run_health(struct request *rq, struct response *rs)
{
	autobuf struct buf query = BUF_INIT;
	health_query(rq, &query);
	if (!health_page(rq->path, buf_str(&query), &rs->body, &rs->status, &rs->content_type))
		not_found_text(rs);
	rs->nosniff = true;
}

static void run_version(struct request *rq, struct response *rs)
{
	(void)health_page("/version", "", &rs->body, &rs->status, &rs->content_type);
}

static void run_index(struct request *rq, struct response *rs)
{
	rq->path = "/";
	handle_discovery(rq, rs);
}

/* First match wins; `below` also answers what begins with it. Health pages, the index and OpenAPI take any method, as what
   upstream serves without its router does. */
static const struct path {
	const char *path;
	bool below, any_method;
	handler_fn *handler;
	bool (*exists)(const struct request *rq); /* NULL: always */
} paths[] = {
	{"/api", false, false, handle_discovery, discovery_has_path},
	{"/apis", false, false, handle_discovery, discovery_has_path},
	{"/api/", true, false, handle_discovery, discovery_has_path},
	{"/apis/", true, false, handle_discovery, discovery_has_path},
	{"/version", false, false, run_version, NULL},
	{"/version/", false, false, run_version, NULL},
	{"/openapi/", true, true, handle_openapi, openapi_has_path},
	{"/", false, true, handle_discovery, NULL},
	{"/index.html", false, true, run_index, NULL},
	{"/", true, true, run_health, NULL},
};

static const struct path *find_path(const char *path)
{
	size_t i = 0;
	while (paths[i].below ? strncmp(path, paths[i].path, strlen(paths[i].path))
			      : strcmp(path, paths[i].path))
		i++;
	return &paths[i];
}

/* 404 of a path that is not there. */
static void path_not_found(const struct request *rq, struct response *rs)
{
	struct status_parts st = {.reason = REASON_NOT_FOUND,
				  .message = "the server could not find the requested resource"};
	if (strncmp(rq->path, "/api/", 5) && !is_below_built_in(rq))
		not_found_text(rs);
	else
		response_status_parts(rs, &st);
}

/* A store that is elsewhere may have stopped to answer since anybody asked it anything: ready is who has just heard from
   it. */
static bool asks_store(const struct request *rq)
{
	static const char *const pages[] = {"/readyz", "/healthz", "/livez"};
	bool ready = false;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		ready = ready || !strncmp(rq->path, pages[i], strlen(pages[i]));
	return ready && !storage_fresh(rq->api->storage, 0);
}

static enum dispatch begin_path(struct request *rq, struct response *rs)
{
	const struct path *p = rq->path[0] == '/' ? find_path(rq->path) : NULL;
	if (!p || (p->exists && !p->exists(rq))) {
		path_not_found(rq, rs);
		return DISPATCH_DONE;
	}
	if (p->handler == run_health && asks_store(rq))
		return DISPATCH_READ;
	if (p->handler == handle_openapi && !openapi_ready(rq))
		return DISPATCH_READ;
	if (p->any_method || rq->method == METHOD_GET)
		return DISPATCH_INLINE;
	snprintf(rs->allow, sizeof(rs->allow), "GET");
	refuse_method(rs);
	return DISPATCH_DONE;
}

/* ---- running ---- */

static void too_large_revision(const struct request *rq, struct response *rs, uint64_t rv)
{
	struct err err = ERR_INIT;
	const char *match = request_param(rq, "resourceVersionMatch");
	bool exact =
		match && !strcmp(match, "Exact"); /* asked of the store, upstream, which does not say when */
	err_set(&err, REASON_TIMEOUT, "Timeout: Too large resource version: %llu, current: %llu",
		(unsigned long long)rv, (unsigned long long)storage_revision(rq->api->storage));
	struct status_parts st = {.reason = REASON_TIMEOUT,
				  .message = err.msg,
				  .cause_reason = "ResourceVersionTooLarge",
				  .cause_message = "Too large resource version",
				  .retry_after_s = !exact};
	if (rq->is_watch)
		present_watch_error(rq, rs, &st);
	else
		response_status_parts(rs, &st);
}

bool dispatch_needs(const struct request *rq, uint64_t *rv, int64_t *deadline_ns)
{
	if (!read_needs(rq, rv))
		return false;
	*deadline_ns = deadline_within(rq, clock_mono_ns() + (!rq->route ? HEALTH_WAIT_NS
							      : *rv	 ? REVISION_WAIT_NS
									 : CONSISTENT_WAIT_NS));
	return true;
}

void dispatch_stale(struct request *rq, struct response *rs, uint64_t rv, const struct err *err)
{
	if (!rq->route) /* the page says so */
		dispatch_run(rq, rs);
	else if (deadline_passed(rq, rs))
		return;
	else if (rv && err->reason == REASON_TIMEOUT)
		too_large_revision(rq, rs, rv);
	else
		response_status(rs, err, &rq->attr, NULL);
}

void dispatch_run(struct request *rq, struct response *rs)
{
	if (rq->route)
		rq->route->handler(rq, rs);
	else
		find_path(rq->path)->handler(rq, rs);
}

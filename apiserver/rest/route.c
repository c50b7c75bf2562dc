/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting API paths follows kubernetes/apiserver pkg/endpoints/request/requestinfo.go:
 *
 *	/api/v1[/namespaces/NS]/RESOURCE[/NAME[/SUBRESOURCE]]
 *	/apis/GROUP/VERSION[/namespaces/NS]/RESOURCE[/NAME[/SUBRESOURCE]]
 *
 * with /watch/ behind the version as the old spelling of ?watch=1. `namespaces/NS` with nothing behind it, or
 *with one of namespaces' own subresources, is the Namespace object itself.
 */
#include "rest/route.h"

#include <string.h>
#include "rest/component.h"
#include "rest/review/review.h"
#include "rest/verb/ephemeral.h"
#include "rest/verb/verb.h"

#define COLLECTION(m, v, bit, class, ...)                                                                    \
	{                                                                                                    \
		METHOD_##m, SCOPE_COLLECTION, NULL, "", v, bit, class, __VA_ARGS__                           \
	}
#define EVERYWHERE(m, v, bit, class, ...)                                                                    \
	{                                                                                                    \
		METHOD_##m, SCOPE_EVERYWHERE, NULL, "", v, bit, class, __VA_ARGS__                           \
	}
#define ITEM(m, v, bit, class, ...)                                                                          \
	{                                                                                                    \
		METHOD_##m, SCOPE_ITEM, NULL, "", v, bit, class, __VA_ARGS__                                 \
	}
#define SUB(m, s, v, bit, class, ...)                                                                        \
	{                                                                                                    \
		METHOD_##m, SCOPE_ITEM, NULL, s, v, bit, class, __VA_ARGS__                                  \
	}
/* What another server answers. */
#define CONNECT(m, s, v, bit) SUB(m, s, v, bit, ROUTE_CONNECT, NULL, NULL)
#define STREAM(s) CONNECT(GET, s, "get", VERB_GET), CONNECT(POST, s, "create", VERB_CREATE)
/* What is posted to a virtual kind's collection is answered and gone. */
#define ANSWER(r, verb)                                                                                      \
	{                                                                                                    \
		METHOD_POST, SCOPE_COLLECTION, r, "", "create", VERB_CREATE, ROUTE_WRITE, NULL, verb         \
	}

/* First match wins. */
static const struct route routes[] = {
	ITEM(GET, "get", VERB_GET, ROUTE_READ, handle_get, NULL),
	EVERYWHERE(GET, "list", VERB_LIST, ROUTE_READ, handle_list, NULL),
	COLLECTION(POST, "create", VERB_CREATE, ROUTE_WRITE, NULL, &verb_create),
	ITEM(PUT, "update", VERB_UPDATE, ROUTE_WRITE, NULL, &verb_update),
	ITEM(PATCH, "patch", VERB_PATCH, ROUTE_WRITE, NULL, &verb_patch),
	ITEM(DELETE, "delete", VERB_DELETE, ROUTE_WRITE, NULL, &verb_delete),
	COLLECTION(DELETE, "deletecollection", VERB_DELETECOLLECTION, ROUTE_WRITE, NULL,
		   &verb_deletecollection),
	SUB(GET, "scale", "get", VERB_GET, ROUTE_READ, handle_scale_get, NULL),
	SUB(PUT, "scale", "update", VERB_UPDATE, ROUTE_WRITE, NULL, &verb_scale_update),
	SUB(PATCH, "scale", "patch", VERB_PATCH, ROUTE_WRITE, NULL, &verb_scale_patch),
	SUB(POST, "binding", "create", VERB_CREATE, ROUTE_WRITE, NULL, &verb_bind),
	SUB(POST, "eviction", "create", VERB_CREATE, ROUTE_WRITE, NULL, &verb_evict),
	SUB(GET, "ephemeralcontainers", "get", VERB_GET, ROUTE_READ, handle_ephemeral_get, NULL),
	SUB(PUT, "ephemeralcontainers", "update", VERB_UPDATE, ROUTE_WRITE, NULL, &verb_ephemeral_update),
	SUB(GET, "log", "get", VERB_GET, ROUTE_RELAY, NULL, NULL),
	STREAM("attach"),
	STREAM("exec"),
	STREAM("portforward"),
	STREAM("proxy"),
	CONNECT(HEAD, "proxy", "get", VERB_GET),
	CONNECT(OPTIONS, "proxy", "", VERB_GET),
	CONNECT(PUT, "proxy", "update", VERB_UPDATE),
	CONNECT(PATCH, "proxy", "patch", VERB_PATCH),
	CONNECT(DELETE, "proxy", "delete", VERB_DELETE),
	/* a part of the object, whose rules are the strategy's: status, finalize, approval … */
	SUB(GET, NULL, "get", VERB_GET, ROUTE_READ, handle_get, NULL),
	SUB(PUT, NULL, "update", VERB_UPDATE, ROUTE_WRITE, NULL, &verb_update),
	SUB(PATCH, NULL, "patch", VERB_PATCH, ROUTE_WRITE, NULL, &verb_patch),
	ANSWER("bindings", &verb_bind),
	ANSWER("localsubjectaccessreviews", &review_verb),
	ANSWER("selfsubjectaccessreviews", &review_verb),
	ANSWER("selfsubjectreviews", &review_verb),
	ANSWER("selfsubjectrulesreviews", &review_verb),
	ANSWER("subjectaccessreviews", &review_verb),
	ANSWER("tokenreviews", &review_verb),
	{METHOD_GET, SCOPE_ITEM, "componentstatuses", "", "get", VERB_GET, ROUTE_READ, handle_component,
	 NULL},
	{METHOD_GET, SCOPE_ITEM, "nodes", "", "get", VERB_GET, ROUTE_USAGE, NULL, NULL},
	{METHOD_GET, SCOPE_EVERYWHERE, "nodes", "", "list", VERB_LIST, ROUTE_USAGE, NULL, NULL},
	{METHOD_GET, SCOPE_ITEM, "pods", "", "get", VERB_GET, ROUTE_USAGE, NULL, NULL},
	{METHOD_GET, SCOPE_EVERYWHERE, "pods", "", "list", VERB_LIST, ROUTE_USAGE, NULL, NULL},
	{METHOD_GET, SCOPE_EVERYWHERE, "componentstatuses", "", "list", VERB_LIST, ROUTE_READ,
	 handle_components, NULL},
};
static const size_t n_routes = sizeof(routes) / sizeof(*routes);

/* GET on a collection with ?watch=1. */
static const struct route watch_route = EVERYWHERE(GET, "watch", VERB_WATCH, ROUTE_READ, handle_watch, NULL);
#define MAX_SEGMENTS 16
struct segments {
	const char *v[MAX_SEGMENTS];
	size_t n;
	bool more; /* than any route has; those are left as they are */
};

/* Slashes around the path are dropped, one that is doubled
   inside has an empty segment in its middle. */
static void split(char *path, struct segments *ret)
{
	size_t n = strlen(path);
	ret->n = 0;
	ret->more = false;
	while (*path == '/')
		path++, n--;
	while (n && path[n - 1] == '/')
		path[--n] = 0;
	while (n && path) {
		if (ret->n == MAX_SEGMENTS) {
			ret->more = true;
			return;
		}
		ret->v[ret->n++] = path;
		path = strchr(path, '/');
		if (path)
			*path++ = 0;
	}
}

static const char *segment(const struct segments *s, size_t i)
{
	return i < s->n ? s->v[i] : "";
}

static const struct subresource *find_subresource(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->n_subresources; i++)
		if (!strcmp(k->subresources[i].name, name))
			return &k->subresources[i];
	return NULL;
}

static bool is_namespace_subresource(const char *s)
{
	return !strcmp(s, "status") || !strcmp(s, "finalize");
}

/* Fills ns, resource, name, subresource from the segments behind the version. False: too much behind, or an empty
   segment where something must be; an empty namespace is all of them. */
static bool parse_resource(struct request *rq, const struct segments *s, size_t at, const char *copy)
{
	if (!strcmp(segment(s, at), "namespaces") && (*segment(s, at + 1) || s->n > at + 2)) {
		rq->attr.ns = segment(s, at + 1);
		if (*segment(s, at + 2) && !is_namespace_subresource(segment(s, at + 2)))
			at += 2;
	}
	rq->attr.resource = segment(s, at);
	rq->attr.name = segment(s, at + 1);
	rq->attr.subresource = segment(s, at + 2);
	for (size_t i = at; i < s->n && i < at + 3; i++)
		if (!*s->v[i])
			return false;
	if (s->n <= at + 3)
		return true;
	rq->subpath = rq->path + (s->v[at + 3] - copy);
	return !strcmp(rq->attr.subresource, "proxy");
}

static unsigned offered(const struct request *rq)
{
	if (!*rq->attr.subresource)
		return rq->attr.kind->verbs;
	const struct subresource *sub = find_subresource(rq->attr.kind, rq->attr.subresource);
	return sub ? sub->verbs : 0;
}

static bool row_fits(const struct request *rq, const struct route *r)
{
	bool all = rq->attr.kind->namespaced && !*rq->attr.ns;
	bool fits = *rq->attr.name ? r->scope == SCOPE_ITEM
				   : r->scope == SCOPE_EVERYWHERE || (r->scope == SCOPE_COLLECTION && !all);
	const char *sub = rq->attr.subresource;
	return fits && (r->subresource ? !strcmp(r->subresource, sub) : *sub != 0) &&
	       rq->attr.kind->virtual == (r->resource != NULL) &&
	       (!r->resource || !strcmp(r->resource, rq->attr.resource)) && (r->bit & offered(rq));
}

static const struct route *pick(const struct request *rq)
{
	for (size_t i = 0; i < n_routes; i++) {
		const struct route *r = &routes[i];
		if (r->method == rq->method && row_fits(rq, r))
			return r;
	}
	return NULL;
}

/* The word for the verb that authorization sees even when no route exists for it. */
static const char *verb_of(const struct request *rq)
{
	bool item = *rq->attr.name;
	switch (rq->method) {
	case METHOD_GET:
	case METHOD_HEAD:
		return rq->is_watch ? "watch" : item ? "get" : "list";
	case METHOD_POST:
		return "create";
	case METHOD_PUT:
		return "update";
	case METHOD_PATCH:
		return "patch";
	case METHOD_DELETE:
		return item ? "delete" : "deletecollection";
	default:
		return "";
	}
}

/* Verbs of paths that are no resource: the method in lower case. */
static const char *path_verb(enum method m)
{
	static const char *const verbs[] = {"get", "head", "post", "put", "patch", "delete", "options", ""};
	return verbs[m];
}

static bool scope_fits(const struct request *rq)
{
	bool read = !strcmp(rq->attr.verb, "list") || !strcmp(rq->attr.verb, "watch");
	if (rq->attr.kind
		    ->namespaced) /* a single one needs its namespace, all of them do not; users' own only to be read */
		return *rq->attr.ns || (!*rq->attr.name && (read || !rq->attr.kind->type->structural));
	return !*rq->attr.ns || !strcmp(rq->attr.resource, "namespaces");
}

enum route_result route_find(struct request *rq, char *copy)
{
	struct segments s;
	rq->route = NULL;
	rq->is_watch = false;
	rq->attr = (struct attributes)ATTRIBUTES_INIT;
	rq->attr.user = &rq->user;
	rq->attr.path = rq->path;
	rq->attr.verb = path_verb(rq->method);
	memcpy(copy, rq->path, strlen(rq->path) + 1);
	if (copy[0] == '/' && copy[1] == '/')
		return ROUTE_OTHER_PATH;
	rq->subpath = "";
	split(copy, &s);
	bool core = !strcmp(segment(&s, 0), "api");
	if (!core && strcmp(segment(&s, 0), "apis"))
		return ROUTE_OTHER_PATH;
	size_t at = core ? 2 : 3; /* behind the version */
	if (s.more && !core)
		return ROUTE_OTHER_PATH;
	if (s.n <= at)
		return ROUTE_API_PATH;
	rq->attr.resource_request = true;
	rq->attr.group = core ? "" : s.v[1];
	rq->attr.version = s.v[at - 1];
	bool get = rq->method == METHOD_GET;
	bool old_watch = !strcmp(s.v[at], "watch") && s.n > at + 1;
	if (old_watch)
		at++;
	if (!parse_resource(rq, &s, at, copy)) {
		rq->attr.resource_request = !s.more;
		return s.more ? ROUTE_OTHER_PATH : ROUTE_UNKNOWN;
	}
	rq->is_watch = get && !*rq->attr.subresource &&
		       (old_watch || (!*rq->attr.name && request_param_bool(rq, "watch")));
	rq->attr.verb = old_watch ? "watch" : verb_of(rq);
	rq->attr.kind = schema_resource(rq->api->schema, rq->attr.group, rq->attr.version, rq->attr.resource);
	if (!rq->attr.kind || !scope_fits(rq))
		return ROUTE_UNKNOWN;
	if (*rq->attr.subresource && !find_subresource(rq->attr.kind, rq->attr.subresource))
		return ROUTE_UNKNOWN;
	if (old_watch && *rq->attr.subresource)
		return ROUTE_UNKNOWN;
	bool item = *rq->attr.name && !*rq->attr.subresource;
	if (item && rq->attr.kind->virtual && !(rq->attr.kind->verbs & VERB_GET))
		return ROUTE_UNKNOWN; /* nothing of it is there to be named */
	if (rq->is_watch ||
	    old_watch) /* watch/RESOURCE/NAME is a watch on the collection that sees one name */
		rq->route = get && rq->attr.kind->verbs & VERB_WATCH ? &watch_route : NULL;
	else
		rq->route = pick(rq);
	return rq->route ? ROUTE_OK : ROUTE_NOT_ALLOWED;
}

void route_allowed(const struct request *rq, char out[ROUTE_ALLOW_MAX])
{
	static const enum method order[] = {METHOD_DELETE, METHOD_GET, METHOD_PATCH, METHOD_POST, METHOD_PUT};
	static const char *const names[] = {"DELETE", "GET", "PATCH", "POST", "PUT"};
	bool has[METHOD_OTHER] = {false};
	bool old_watch = !strcmp(rq->attr.verb, "watch");
	has[METHOD_GET] = old_watch && rq->attr.kind && rq->attr.kind->verbs & VERB_WATCH;
	for (size_t i = 0; rq->attr.kind && !old_watch && i < n_routes; i++)
		if (row_fits(rq, &routes[i]))
			has[routes[i].method] = true;
	char *w = out;
	*w = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (has[order[i]])
			w = stpcpy(stpcpy(w, w == out ? "" : ", "), names[i]);
}

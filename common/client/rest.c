/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of one API server: what every request of it carries, how paths are made, what a refusal says.
 * How calls run is in rest_call.c.
 */
#include "client/rest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "client/http_internal.h"
#include "client/rest_internal.h"
#include "object/status_reason.h"
#include "serve/metric.h"

#define ERROR_TEXT_MAX 256 /* of a body that is no Status */

static const struct {
	const char *method, *type;
} verbs[REST_VERBS] = {
	[REST_GET] = {"GET", NULL},
	[REST_POST] = {"POST", "Content-Type: application/json"},
	[REST_PUT] = {"PUT", "Content-Type: application/json"},
	[REST_PATCH_MERGE] = {"PATCH", "Content-Type: application/merge-patch+json"},
	[REST_PATCH_STRATEGIC] = {"PATCH", "Content-Type: application/strategic-merge-patch+json"},
	[REST_PATCH_JSON] = {"PATCH", "Content-Type: application/json-patch+json"},
	[REST_DELETE] = {"DELETE", "Content-Type: application/json"},
};

static struct rest *make(struct loop *l, const struct rest_config *c, int max_connections)
{
	const struct http_tls tls = {
		.ca_pem = c->kube.ca_pem,
		.cert_pem = c->kube.cert_pem,
		.key_pem = c->kube.key_pem,
		.insecure = c->kube.insecure,
	};
	struct http *h = l ? http_new_on(l, &tls, max_connections) : http_new(&tls, max_connections);

	if (!h)
		return NULL;
	struct rest *r = MEM_NEW(struct rest);

	r->c = c;
	r->h = h;
	r->loop = http_loop(r->h);
	r->agent = mem_printf("User-Agent: %s", c->user_agent ? c->user_agent : "coracle");
	if (c->kube.token)
		r->auth = mem_printf("Authorization: Bearer %s", c->kube.token);
	r->host = strstr(c->kube.server, "://");
	r->host = r->host ? r->host + 3 : c->kube.server;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		const char **v = r->headers[i];

		if (verbs[i].type)
			*v++ = verbs[i].type;
		*v++ = "Accept: application/json";
		*v++ = r->agent;
		*v++ = r->auth; /* or NULL */
	}
	return r;
}

struct rest *rest_new(const struct rest_config *c, int max_connections)
{
	return make(NULL, c, max_connections);
}

struct rest *rest_new_on(struct loop *l, const struct rest_config *c, int max_connections)
{
	return make(l, c, max_connections);
}

struct rest *rest_start(const struct rest_config *c, const char *name)
{
	struct loop *l = loop_new(NULL);

	if (!l)
		return NULL;
	struct rest *r = make(l, c, 0);

	r->own_thread = true;
	loop_start(r->loop, name);
	return r;
}

void rest_free(struct rest *r)
{
	if (!r)
		return;
	if (r->own_thread)
		loop_join(r->loop);
	http_free(r->h);
	if (r->own_thread)
		loop_free(r->loop);
	free(r->agent);
	free(r->auth);
	free(r);
}

struct http *rest_http(struct rest *r)
{
	return r->h;
}

struct loop *rest_loop(struct rest *r)
{
	return r->loop;
}

const struct rest_config *rest_get_config(const struct rest *r)
{
	return r->c;
}

void rest_path(struct buf *out, const char *group, const char *version, const char *ns, const char *resource,
	       const char *name, const char *sub)
{
	if (*group)
		buf_addf(out, "/apis/%s/%s", group, version);
	else
		buf_addf(out, "/api/%s", version);
	if (ns && *ns) {
		buf_adds(out, "/namespaces/");
		http_escape(out, ns);
	}
	buf_addf(out, "/%s", resource);
	if (name && *name) {
		buf_addc(out, '/');
		http_escape(out, name);
	}
	if (sub && *sub)
		buf_addf(out, "/%s", sub);
}

const char *rest_method(enum rest_verb verb)
{
	return verbs[verb].method;
}

struct http_call *rest_stream(struct rest *r, const char *path_and_query, struct http_request *rq,
			      http_done_fn *done, void *done_arg)
{
	autofree char *url = mem_printf("%s%s", r->c->kube.server, path_and_query);

	rq->method = verbs[REST_GET].method;
	rq->url = url;
	rq->headers = r->headers[REST_GET];
	return http_start(r->h, rq, done, done_arg);
}

/* ---- replies ---- */

/* A creation in a namespace that ends: nobody need try again or be told, so it has a reason of its own. */
static bool namespace_ends(const js *status)
{
	js_array_for_each (c, js_arr(status, "details", "causes", NULL))
		if (!strcmp(js_str0(c, "reason", NULL), "NamespaceTerminating"))
			return true;
	return false;
}

int rest_status_error(int http_status, const char *body, size_t n, struct err *err)
{
	struct err ignored = ERR_INIT;
	autojson js *status = n ? js_parse(body, n, NULL, &ignored) : NULL;
	enum reason reason = status_reason_parse(js_str0(status, "reason", NULL));
	const char *message = js_str0(status, "message", NULL);

	if (strcmp(js_str0(status, "kind", NULL), "Status")) {
		reason = REASON_UNKNOWN;
		message = "";
	}
	if (reason == REASON_UNKNOWN)
		reason = status_reason_from_code(http_status);
	if (reason == REASON_FORBIDDEN && namespace_ends(status))
		reason = REASON_ENDING;
	if (*message)
		return err_set(err, reason, "%s", message);
	if (!n)
		return err_set(err, reason, "the server answered %d", http_status);
	while (n && (body[n - 1] == '\n' || body[n - 1] == '\r'))
		n--;
	return err_set(err, reason, "the server answered %d: %.*s", http_status,
		       (int)(n < ERROR_TEXT_MAX ? n : ERROR_TEXT_MAX), body);
}

void rest_count(struct rest *r, enum rest_verb verb, int code)
{
	static const struct metric_def def = {
		.name = "rest_client_requests_total",
		.help = "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
		.type = METRIC_COUNTER,
		.label_names = "code,host,method",
	};
	char values[256];

	if (!r->counted[verb].s || r->counted[verb].code != code) {
		if (code)
			snprintf(values, sizeof(values), "%d\x1f%.200s\x1f%s", code, r->host,
				 verbs[verb].method);
		else
			snprintf(values, sizeof(values), "<error>\x1f%.200s\x1f%s", r->host,
				 verbs[verb].method);
		r->counted[verb].s = metric_series(metric_register(&def), values);
		r->counted[verb].code = code;
	}
	metric_add(r->counted[verb].s, 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is a batch: a single call is a batch of one. A batch runs in rounds; the calls that the server
 * put off (429, or 5xx, with a Retry-After) make up the next round, after the longest wait it asked for,
 * until their deadline (client-go: ten tries; rest/with_retry.go). Nothing else is retried here, because only
 * a caller knows whether a lost write may be repeated.
 *
 * Replies are looked at one by one as they arrive and decoded only when wanted, so a batch of thousands of
 * writes holds no more replies than requests are on the wire.
 */
#include "client/rest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "serve/metric.h"

#define TIMEOUT_NS (30 * NS_PER_S)
#define TRIES_MAX 10
#define RETRY_AFTER_MAX_S 60
#define ERROR_TEXT_MAX 256 /* of a body that is no Status */

enum { HEADER_TYPE, HEADER_ACCEPT, HEADER_AGENT, HEADER_AUTH, HEADER_END, HEADERS };

static const struct {
	const char *method, *type;
} verbs[] = {
	[REST_GET] = {"GET", NULL},
	[REST_POST] = {"POST", "Content-Type: application/json"},
	[REST_PUT] = {"PUT", "Content-Type: application/json"},
	[REST_PATCH_MERGE] = {"PATCH", "Content-Type: application/merge-patch+json"},
	[REST_PATCH_STRATEGIC] = {"PATCH", "Content-Type: application/strategic-merge-patch+json"},
	[REST_PATCH_JSON] = {"PATCH", "Content-Type: application/json-patch+json"},
	[REST_DELETE] = {"DELETE", "Content-Type: application/json"},
};

struct rest {
	const struct rest_config *c;
	struct http *h;
	char *agent, *auth;
	const char *headers[ARRAY_LEN(verbs)][HEADERS]; /* each row ends with NULL */
	const char *host;				/* of the server's URL, for metrics */
	struct {
		int code;
		struct metric_series *s;
	} counted[ARRAY_LEN(verbs)]; /* last series of each verb */
};

struct rest *rest_new(const struct rest_config *c, int max_connections)
{
	const struct http_tls tls = {
		.ca_pem = c->kube.ca_pem,
		.cert_pem = c->kube.cert_pem,
		.key_pem = c->kube.key_pem,
		.insecure = c->kube.insecure,
	};
	struct rest *r = MEM_NEW(struct rest);

	r->c = c;
	r->h = http_new(&tls, max_connections);
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

void rest_free(struct rest *r)
{
	if (!r)
		return;
	http_free(r->h);
	free(r->agent);
	free(r->auth);
	free(r);
}

struct http *rest_http(struct rest *r)
{
	return r->h;
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

/* ---- replies ---- */

/* A creation in a namespace that ends: nobody need try again or be told, so it has a reason of its own. */
static bool namespace_ends(const js *status)
{
	js_array_for_each (c, js_arr(status, "details", "causes", NULL))
		if (!strcmp(js_str0(c, "reason", NULL), reason_name(REASON_NAMESPACE_TERMINATING)))
			return true;
	return false;
}

int rest_status_error(int http_status, const char *body, size_t n, struct err *err)
{
	struct err ignored = ERR_INIT;
	autojson js *status = n ? js_parse(body, n, NULL, &ignored) : NULL;
	enum reason reason = reason_parse(js_str0(status, "reason", NULL));
	const char *message = js_str0(status, "message", NULL);

	if (strcmp(js_str0(status, "kind", NULL), "Status")) {
		reason = REASON_UNKNOWN;
		message = "";
	}
	if (reason == REASON_UNKNOWN)
		reason = reason_from_code(http_status);
	if (reason == REASON_FORBIDDEN && namespace_ends(status))
		reason = REASON_NAMESPACE_TERMINATING;
	if (*message)
		return err_set(err, reason, "%s", message);
	if (!n)
		return err_set(err, reason, "the server answered %d", http_status);
	while (n && (body[n - 1] == '\n' || body[n - 1] == '\r'))
		n--;
	return err_set(err, reason, "the server answered %d: %.*s", http_status,
		       (int)(n < ERROR_TEXT_MAX ? n : ERROR_TEXT_MAX), body);
}

static void count(struct rest *r, enum rest_verb verb, int code)
{
	static const struct metric_def def = {
		.name = "rest_client_requests_total",
		.help = "Number of HTTP requests, partitioned by status code, method, and host.",
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

/* ---- rounds ---- */

struct round {
	struct rest *r;
	struct rest_call *calls;
	size_t *todo, n_todo;	/* this round, as places in calls; NULL = all */
	size_t *again, n_again; /* the next one */
	int64_t started_ns, wait_ns;
	bool last;
	struct buf url;	 /* of the request being prepared; curl copies it */
	struct buf *raw; /* where the reply's bytes go, for a batch of one */
};

static struct rest_call *round_call(struct round *d, size_t i)
{
	return &d->calls[d->todo ? d->todo[i] : i];
}

static int64_t call_deadline(const struct round *d, const struct rest_call *c)
{
	return d->started_ns + (c->timeout_ns ? c->timeout_ns : TIMEOUT_NS);
}

static void prepare(void *arg, size_t i, struct http_request *rq)
{
	struct round *d = arg;
	struct rest_call *c = round_call(d, i);
	int64_t left = call_deadline(d, c) - clock_mono_ns();

	buf_clear(&d->url);
	buf_adds(&d->url, d->r->c->kube.server);
	buf_adds(&d->url, c->path);
	rq->method = verbs[c->verb].method;
	rq->url = d->url.p;
	rq->headers = d->r->headers[c->verb];
	if (c->body.len || c->verb == REST_POST) {
		rq->body = buf_str(&c->body);
		rq->body_len = c->body.len;
	}
	/* In a first round the time before its turn on the wire does not count. */
	rq->timeout_ns = d->todo ? (left > NS_PER_MS ? left : NS_PER_MS) : c->timeout_ns;
}

static bool put_off(struct round *d, size_t i, const struct http_reply *r)
{
	struct rest_call *c = round_call(d, i);
	int64_t wait_ns;
	char *end;
	long s = strtol(r->retry_after, &end, 10);

	if ((r->status != 429 && r->status < 500) || end == r->retry_after || s < 0 || d->last)
		return false;
	wait_ns = (s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * NS_PER_S;
	if (clock_mono_ns() + wait_ns >= call_deadline(d, c))
		return false;
	if (wait_ns > d->wait_ns)
		d->wait_ns = wait_ns;
	d->again = mem_realloc_array(d->again, d->n_again + 1, sizeof(*d->again));
	d->again[d->n_again++] = d->todo ? d->todo[i] : i;
	return true;
}

static void finish(void *arg, size_t i, struct http_reply *r)
{
	struct round *d = arg;
	struct rest_call *c = round_call(d, i);

	count(d->r, c->verb, r->err.reason == REASON_NONE ? r->status : 0);
	if (r->err.reason != REASON_NONE) {
		c->err = r->err;
		return;
	}
	if (r->status < 200 || r->status > 299) {
		if (!put_off(d, i, r))
			rest_status_error(r->status, buf_str(&r->body), r->body.len, &c->err);
		return;
	}
	if (d->raw) {
		buf_release(d->raw);
		*d->raw = r->body;
		r->body = (struct buf)BUF_INIT;
	} else if (c->want_reply) {
		c->reply = js_parse(buf_str(&r->body), r->body.len, NULL, &c->err);
		if (!c->reply) {
			c->err.reason = REASON_INTERNAL; /* it is the server that is wrong */
			err_wrap(&c->err, "reply of %s", c->path);
		}
	}
}

static void run_rounds(struct rest *r, struct rest_call *calls, size_t n, size_t in_flight, struct buf *raw)
{
	struct round d = {.r = r, .calls = calls, .started_ns = clock_mono_ns(), .raw = raw};

	for (int try = 1; n; try++) {
		d.last = try == TRIES_MAX;
		http_each(r->h, n, in_flight, prepare, finish, &d);
		free(d.todo);
		d.todo = STEAL(d.again);
		n = d.n_again;
		d.n_again = 0;
		if (n && d.wait_ns)
			http_sleep(r->h, clock_mono_ns() + d.wait_ns); /* cancelled: the round says so */
		d.wait_ns = 0;
	}
	free(d.todo);
	buf_release(&d.url);
}

/* ---- public ---- */

static int do_one(struct rest *r, struct rest_call *c, struct buf *raw, js **ret, struct err *err)
{
	c->want_reply = ret != NULL;
	run_rounds(r, c, 1, 1, raw);
	if (c->err.reason != REASON_NONE) {
		*err = c->err;
		return -1;
	}
	if (ret)
		*ret = c->reply;
	return 0;
}

int rest_do(struct rest *r, enum rest_verb verb, const char *path_and_query, const js *body, js **ret,
	    struct err *err)
{
	struct rest_call c = {.verb = verb, .path = (char *)path_and_query};
	int rc;

	if (body)
		js_write(&c.body, body);
	rc = do_one(r, &c, NULL, ret, err);
	buf_release(&c.body);
	return rc;
}

int rest_do_raw(struct rest *r, enum rest_verb verb, const char *path_and_query, const char *body,
		size_t body_len, struct buf *ret, struct err *err)
{
	struct rest_call c = {.verb = verb, .path = (char *)path_and_query};

	/* Only read from. */
	c.body = (struct buf){.p = (char *)body, .len = body_len, .cap = body_len};
	return do_one(r, &c, ret, NULL, err);
}

struct http_call *rest_start(struct rest *r, const char *path_and_query, struct http_request *rq,
			     http_done_fn *done, void *done_arg)
{
	autofree char *url = mem_printf("%s%s", r->c->kube.server, path_and_query);

	rq->method = verbs[REST_GET].method;
	rq->url = url;
	rq->headers = r->headers[REST_GET];
	return http_start(r->h, rq, done, done_arg);
}

struct rest_call *rest_batch_add(struct rest_batch *b, enum rest_verb verb, const char *path, const js *body,
				 void *tag)
{
	struct rest_call *c;

	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		b->v = mem_realloc_array(b->v, b->cap, sizeof(*b->v));
	}
	c = &b->v[b->n++];
	memset(c, 0, offsetof(struct rest_call, err));
	c->err.reason = REASON_NONE;
	c->err.msg[0] = '\0';
	c->verb = verb;
	c->path = mem_strdup(path);
	c->tag = tag;
	if (body)
		js_write(&c->body, body);
	return c;
}

void rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight)
{
	run_rounds(r, b->v, b->n, in_flight, NULL);
}

void rest_batch_clear(struct rest_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].path);
		buf_release(&b->v[i].body);
		js_autoput(&b->v[i].reply);
	}
	b->n = 0;
}

void rest_batch_release(struct rest_batch *b)
{
	rest_batch_clear(b);
	free(b->v);
	*b = (struct rest_batch)REST_BATCH_INIT;
}

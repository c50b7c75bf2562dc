/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody waits: where the request goes is decided here, a pipe asks that server, and its answer becomes the response
 * (kubernetes/apimachinery pkg/util/proxy/upgradeaware.go, transport.go). Two sorts: those of an agent's streams must ask
 * for another protocol and get what the agent says as it is; a proxy passes everything on, links excepted.
 */
#include "rest/connect/connect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "rest/connect/pipe.h"
#include "rest/connect/target.h"

#define STREAM_PATIENCE_NS (60 * NS_PER_S)
#define PROXY_PATIENCE_NS (30 * 60 * NS_PER_S)
#define PIPES_MAX 10000 /* two connections each */

struct connect_call {
	struct exchange *x;
	connect_done_fn *done;
	struct target target;
	bool proxy, upgrade;
	char *prefix,
		*asked; /* of links, which the answer may name: the proxy's path, the Host it was called by */
	char *server;
};

static void end(struct connect_call *c, const struct err *err)
{
	struct exchange *x = c->x;
	connect_done_fn *done = c->done;

	if (err && err->reason != REASON_NONE)
		response_status_about(&x->rs, err, &c->target.about, NULL);
	target_release(&c->target);
	free(c->prefix);
	free(c->asked);
	free(c->server);
	free(c);
	done(x);
}

static void refuse(struct connect_call *c, enum reason reason, const char *lead, const char *what)
{
	struct err err = ERR_INIT;

	err_set(&err, reason, "%s%s", lead, what);
	end(c, &err);
}

/* ---- the answer ---- */

/* CORS is between the browser and us. */
static bool is_cors(const struct answer_line *l)
{
	static const char *const names[] = {"Access-Control-Allow-Credentials",
					    "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
					    "Access-Control-Allow-Origin"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (answer_is(l, names[i]))
			return true;
	return false;
}

static void add_line(struct buf *out, const struct answer_line *l)
{
	buf_addf(out, "%.*s: %.*s\r\n", (int)l->name_len, l->name, (int)l->value_len, l->value);
}

static void add_location(const struct connect_call *c, struct buf *out, const struct answer_line *l)
{
	struct links *links = links_new(c->prefix, c->server, c->asked);

	buf_adds(out, "Location: ");
	links_url(links, l->value, l->value_len, out);
	buf_adds(out, "\r\n");
	links_free(links);
}

static void pass_headers(const struct connect_call *c, const struct answer *a, struct response *rs)
{
	struct answer_line l;
	size_t at = 0;

	while (answer_next(&a->lines, &at, &l)) {
		if (answer_is_hop(&a->lines, &l) || answer_is(&l, "Content-Length") ||
		    (c->proxy && is_cors(&l)))
			continue;
		if (c->proxy && answer_is(&l, "Location"))
			add_location(c, &rs->headers, &l);
		else
			add_line(&rs->headers, &l);
	}
}

static void switch_protocol(const struct answer *a, struct response *rs)
{
	rs->status = 101;
	rs->upgrade = "";
	buf_add(&rs->body, a->lines.p, a->lines.len);
}

static void answer(struct connect_call *c, struct pipe_answer *a)
{
	struct response *rs = &c->x->rs;

	rs->stream = a->stream;
	if (c->upgrade && a->head->status == 101) {
		switch_protocol(a->head, rs);
		return;
	}
	rs->foreign = true;
	rs->status = a->head->status;
	rs->close_connection = c->upgrade;
	pass_headers(c, a->head, rs);
	rs->length = a->head->length;
	if (!a->stream) {
		rs->body = *a->body;
		*a->body = (struct buf)BUF_INIT;
	}
}

static void on_answer(void *arg, struct pipe_answer *a)
{
	struct connect_call *c = arg;
	char text[64];

	if (!a->head && a->err.reason == REASON_TIMEOUT) {
		end(c, &a->err);
	} else if (!a->head && !c->upgrade) {
		refuse(c, REASON_UNAVAILABLE, "error trying to reach service: ", a->err.msg);
	} else if (!a->head) {
		refuse(c, REASON_UNKNOWN, a->dialled ? "" : "error dialing backend: ", a->err.msg);
	} else if (c->upgrade && a->head->status != 101 && a->head->status < 400) {
		snprintf(text, sizeof(text), "%d", a->head->status);
		if (a->stream)
			a->stream->close(a->stream->arg);
		refuse(c, REASON_UNKNOWN, "invalid upgrade response: status code ", text);
	} else {
		answer(c, a);
		end(c, NULL);
	}
}

/* ---- the request ---- */

/* What authentication was done with is nobody else's. */
static bool is_secret(const struct answer_line *l)
{
	return answer_is(l, "Authorization") ||
	       (l->name_len > 12 && !strncasecmp(l->name, "Impersonate-", 12));
}

/* Without the subprotocol that was a token. */
static void add_offers(struct buf *out, const struct upgrade *u)
{
	struct upgrade_place at = {0};
	const char *p;
	size_t n;
	const char *lead = "Sec-WebSocket-Protocol: ";

	while (upgrade_next_offer(u, &at, &p, &n)) {
		buf_addf(out, "%s%.*s", lead, (int)n, p);
		lead = ", ";
	}
	if (*lead == ',')
		buf_adds(out, "\r\n");
}

struct forwarded {
	const struct request *rq;
	bool upgrade, host, offers;
	struct buf *out;
	struct buf chain; /* of X-Forwarded-For */
};

static void forward(struct forwarded *f, const struct answer_line *l)
{
	if (answer_is(l, "X-Forwarded-For")) {
		buf_addf(&f->chain, "%.*s, ", (int)l->value_len, l->value);
	} else if (answer_is(l, "Sec-WebSocket-Protocol") && f->upgrade) {
		if (!f->offers)
			add_offers(f->out, f->rq->upgrade);
		f->offers = true;
	} else if (!is_secret(l) && !answer_is(l, "Content-Length") && !answer_is(l, "Expect")) {
		f->host |= answer_is(l, "Host");
		add_line(f->out, l);
	}
}

void connect_add_headers(const struct request *rq, bool upgrade, const char *server, struct buf *out)
{
	struct forwarded f = {.rq = rq, .upgrade = upgrade, .out = out};
	struct answer_line l;
	size_t at = 0;

	while (answer_next(&rq->headers, &at, &l)) {
		bool hop = upgrade ? answer_is(&l, "Transfer-Encoding") : answer_is_hop(&rq->headers, &l);
		if (!hop)
			forward(&f, &l);
	}
	if (!f.host)
		buf_addf(out, "Host: %s\r\n", server);
	if (rq->remote && *rq->remote)
		buf_addf(out, "X-Forwarded-For: %s%s\r\n", buf_str(&f.chain), rq->remote);
	buf_release(&f.chain);
}

/* Where the client finds what the proxied server calls by that path. */
static void add_forwarded_uri(const struct connect_call *c, struct buf *out)
{
	buf_adds(out, "X-Forwarded-Uri: ");
	target_escape(out, c->prefix);
	target_escape(out, buf_str(&c->target.path));
	buf_adds(out, "\r\n");
}

static void write_request(const struct connect_call *c, struct buf *out)
{
	const struct request *rq = &c->x->rq;
	const struct target *t = &c->target;
	bool body = rq->body_len || rq->method == METHOD_POST || rq->method == METHOD_PUT ||
		    rq->method == METHOD_PATCH;

	buf_addf(out, "%s ", rq->method_name);
	target_escape(out, t->path.len ? t->path.p : "/");
	buf_addf(out, "%s%s HTTP/1.1\r\n", t->query.len ? "?" : "", buf_str(&t->query));
	connect_add_headers(rq, c->upgrade, c->server, out);
	if (!c->upgrade)
		buf_adds(out, "Connection: close\r\n");
	if (c->proxy && !c->upgrade)
		add_forwarded_uri(c, out);
	if (body)
		buf_addf(out, "Content-Length: %zu\r\n", rq->body_len);
	buf_adds(out, "\r\n");
	buf_add(out, rq->body, rq->body_len);
}

/* The path of the request without what was asked of the other server. */
static char *find_prefix(const struct connect_call *c)
{
	const char *path = c->x->rq.path, *suffix = buf_str(&c->target.path);
	size_t n = strlen(path), m = strlen(suffix);

	autofree char *prefix = mem_strndup(path, n >= m && !strcmp(path + n - m, suffix) ? n - m : n);
	struct buf clean = BUF_INIT;
	target_clean(&clean, prefix);
	return buf_take(&clean, NULL);
}

static void name_hosts(struct connect_call *c)
{
	const struct target *t = &c->target;
	autobuf struct buf host = BUF_INIT;

	(void)answer_value(&c->x->rq.headers, "Host", &host);
	c->asked = mem_strdup(buf_str(&host));
	c->server =
		mem_printf(strchr(buf_str(&t->host), ':') ? "[%s]:%d" : "%s:%d", buf_str(&t->host), t->port);
	c->prefix = find_prefix(c);
}

/* A page's links are relative to where it is: that has to end with a slash. */
static bool redirects(struct connect_call *c)
{
	const struct request *rq = &c->x->rq;
	struct response *rs = &c->x->rs;

	if (c->target.path.len || (rq->method != METHOD_GET && rq->method != METHOD_HEAD))
		return false;
	rs->status = 301;
	rs->foreign = true;
	buf_adds(&rs->headers, "Location: ");
	target_escape(&rs->headers, rq->path);
	buf_addf(&rs->headers, "/%s%s\r\n", c->target.query.len ? "?" : "", buf_str(&c->target.query));
	return true;
}

static void ask(struct connect_call *c)
{
	struct api *api = c->x->rq.api;
	struct pipe_request rq = {.host = buf_str(&c->target.host),
				  .port = c->target.port,
				  .tls = c->target.tls,
				  .agent = c->target.agent,
				  .upgrade = c->upgrade,
				  .bodiless = c->x->rq.method == METHOD_HEAD,
				  .patience_ns = c->proxy ? PROXY_PATIENCE_NS : STREAM_PATIENCE_NS};

	name_hosts(c);
	write_request(c, &rq.bytes);
	if (c->proxy && !c->upgrade)
		rq.links = links_new(c->prefix, c->server, c->asked);
	if (pipe_open(api->relays, &rq, &api->pipes, PIPES_MAX, on_answer, c))
		return;
	buf_release(&rq.bytes);
	links_free(rq.links);
	refuse(c, REASON_TOO_MANY_REQUESTS, "too many streams are open, please try again later", "");
}

void connect_start(struct exchange *x, connect_done_fn *done)
{
	struct err err = ERR_INIT;
	struct request *rq = &x->rq;
	struct connect_call *c = MEM_NEW(struct connect_call);

	c->x = x;
	c->done = done;
	c->proxy = !strcmp(rq->attr.subresource, "proxy");
	c->upgrade = rq->upgrade && rq->upgrade->connection;
	c->target.about = (struct subject){.kind = rq->attr.kind, .name = rq->attr.name};
	if (target_find(rq, &c->target, &err) < 0)
		end(c, &err);
	else if (!c->proxy && !c->upgrade)
		refuse(c, REASON_BAD_REQUEST, "Upgrade request required", "");
	else if (c->proxy && !c->upgrade && redirects(c))
		end(c, NULL);
	else
		ask(c);
}

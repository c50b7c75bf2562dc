/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GET on a connection of its own (pkg/probe/http). Redirects are followed on the same host only, ten at most; one that
 * leads elsewhere is a warning. A status of 200 to 399 is a success. Whatever goes wrong before the head of the answer is
 * complete is a failure, afterwards an error: it says nothing about the container.
 *
 * A hook ("lifecycle") asks only that there be an answer.
 */
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "probe/probe_dial.h"
#include "probe/probe_internal.h"
#include "probe/probe_response.h"
#include "probe/probe_url.h"
#include "probe/probe_wire.h"

#define REDIRECTS_MAX 10
#define AWAITING " (Client.Timeout exceeded while awaiting headers)"
#define READING " (Client.Timeout or context cancellation while reading body)"

struct http_run {
	struct probe_run r;
	struct probe_url url;
	const char *first_host;
	bool keep_host; /* a Host header that was asked for goes along */
	int hops;
	struct probe_dial dial;
	struct probe_wire wire;
	struct loop_io io;
	bool greeted, watched;
	struct buf out;
	size_t sent;
	struct probe_response response;
};

/* ---- the request ---- */

static const char *header(const struct http_run *h, const char *name)
{
	for (size_t i = 0; i < h->r.rq.n_headers; i++)
		if (!strcasecmp(h->r.rq.headers[i].name, name))
			return h->r.rq.headers[i].value;
	return NULL;
}

/* Written by ourselves. */
static bool reserved(const char *name)
{
	static const char *const names[] = {"Host",	      "User-Agent",	   "Accept",
					    "Content-Length", "Transfer-Encoding", "Trailer",
					    "Connection"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return false;
}

static bool clean(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static bool is_token(const char *s)
{
	return *s &&
	       s[strspn(s,
			"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] ==
		       '\0';
}

static void write_request(struct http_run *h)
{
	struct buf *b = &h->out;
	const char *host = header(h, "Host"), *agent = header(h, "User-Agent"), *accept = header(h, "Accept");
	buf_clear(b);
	h->sent = 0;
	buf_adds(b, "GET ");
	probe_url_target(b, &h->url);
	buf_adds(b, " HTTP/1.1\r\nHost: ");
	if (host && *host && h->keep_host)
		buf_adds(b, host);
	else
		probe_url_authority(b, &h->url);
	if (!agent)
		buf_addf(b, "\r\nUser-Agent: kube-%s/" PROBE_AGENT_VERSION, h->r.rq.purpose);
	else if (*agent)
		buf_addf(b, "\r\nUser-Agent: %s", agent);
	if (!accept)
		buf_adds(b, "\r\nAccept: */*");
	for (size_t i = 0; i < h->r.rq.n_headers; i++) {
		const struct probe_header *x = &h->r.rq.headers[i];
		bool second = !strcasecmp(x->name, "Accept") && *accept;
		if (second || !reserved(x->name))
			buf_addf(b, "\r\n%s: %s", x->name, x->value);
	}
	buf_adds(b, "\r\nConnection: close\r\n\r\n");
}

/* ---- ends ---- */

static void fail_at(struct http_run *h, const char *url, const char *what)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "Get \"%s\": %s", url, what);
	probe_end(&h->r, &(struct probe_answer){.verdict = PROBE_FAILED,
						.text = buf_str(&b),
						.state = "failure",
						.spoke_http = h->wire.spoke_http});
}

static void fail(struct http_run *h, const char *what)
{
	autobuf struct buf url = BUF_INIT;
	probe_url_write(&url, &h->url);
	fail_at(h, buf_str(&url), what);
}

/* Once the head was there: the answer cannot be judged. */
static void fail_or_err(struct http_run *h, const char *what)
{
	if (probe_response_headed(&h->response) || h->response.status >= 200)
		probe_end(&h->r, &(struct probe_answer){.verdict = PROBE_ERRORED,
							.text = what,
							.state = "failure",
							.replied = true});
	else
		fail(h, what);
}

static void judge(struct http_run *h)
{
	const struct probe_response *p = &h->response;
	autobuf struct buf b = BUF_INIT;
	autobuf struct buf asked = BUF_INIT;
	probe_url_authority(&asked, &h->url);
	struct probe_answer a = {.verdict = PROBE_PASSED, .replied = true, .asked = buf_str(&asked)};
	if (p->status >= 300 && p->status < 400) {
		a.verdict = PROBE_WARNED;
		buf_adds(&b, "Probe terminated redirects, Response body: ");
	}
	buf_add(&b, buf_str(&p->body), p->body.len);
	if (p->status < 200 || p->status >= 400) {
		/* Without the body, which may hold a secret. */
		a.verdict = PROBE_FAILED;
		buf_clear(&b);
		buf_addf(&b, "HTTP probe failed with statuscode: %d", p->status);
	}
	a.text = buf_str(&b);
	probe_end(&h->r, &a);
}

/* ---- the conversation ---- */

static void begin(struct http_run *h);

static void hang_up(struct http_run *h)
{
	loop_io_stop(&h->io);
	h->watched = false;
	probe_dial_stop(&h->dial);
	probe_wire_close(&h->wire);
	probe_response_release(&h->response);
	probe_response_init(&h->response, PROBE_OUTPUT_MAX);
}

static bool is_redirect(const struct probe_response *p)
{
	switch (p->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return p->location && *p->location;
	default:
		return false;
	}
}

/* True: there is nothing more to do with this answer. */
static bool follow(struct http_run *h)
{
	struct probe_url to;
	bool absolute;
	autofree char *location = mem_strdup(h->response.location);
	if (!probe_url_follow(&h->r.arena, &h->url, location, &to, &absolute)) {
		autobuf struct buf b = BUF_INIT;
		buf_addf(&b, "failed to parse Location header \"%s\"", location);
		fail(h, buf_str(&b));
		return true;
	}
	if (strcasecmp(to.host, h->first_host) != 0)
		return false;
	if (++h->hops >= REDIRECTS_MAX) {
		fail_at(h, location, "stopped after 10 redirects");
		return true;
	}
	hang_up(h);
	h->keep_host = h->keep_host && !absolute;
	h->url = to;
	begin(h);
	return true;
}

/* True: the run may be gone. */
static bool headed(struct http_run *h)
{
	if (!probe_response_headed(&h->response))
		return false;
	if (is_redirect(&h->response))
		return follow(h);
	return false;
}

/* What the answer has come to. True: the run may be gone. */
static bool settled(struct http_run *h)
{
	struct probe_response *p = &h->response;
	if (headed(h))
		return true;
	if (p->state == RESPONSE_BAD)
		fail_or_err(h, p->what);
	else if (p->state == RESPONSE_DONE ||
		 (probe_response_headed(p) && !strcmp(h->r.rq.purpose, "lifecycle")))
		judge(h);
	else
		return false;
	return true;
}

static ssize_t send_some(struct http_run *h)
{
	while (h->sent < h->out.len) {
		ssize_t n = probe_wire_write(&h->wire, h->out.p + h->sent, h->out.len - h->sent);
		if (n < 0)
			return n;
		h->sent += (size_t)n;
	}
	return 0;
}

/* 0: the run may be gone. */
static ssize_t receive_some(struct http_run *h)
{
	char p[4096];
	for (;;) {
		ssize_t n = probe_wire_read(&h->wire, p, sizeof(p));
		if (n < 0)
			return n;
		if (n)
			(void)probe_response_take(&h->response, p, (size_t)n);
		else
			probe_response_end(&h->response);
		if (settled(h))
			return 0;
	}
}

static void on_io(void *arg, unsigned events);

static void wait_for(struct http_run *h, unsigned events)
{
	struct err err = ERR_INIT;
	if (h->watched) {
		loop_io_set(&h->io, events);
		return;
	}
	h->io = (struct loop_io){.fn = on_io, .arg = h};
	h->watched = true;
	if (loop_io_start(h->r.host->loop, &h->io, h->wire.fd, events, &err) < 0)
		fail(h, err.msg);
}

static void drive(struct http_run *h)
{
	ssize_t n = 0;
	if (!h->greeted)
		n = probe_wire_greet(&h->wire);
	h->greeted = n == 0;
	if (n == 0)
		n = send_some(h);
	if (n == 0 && !h->watched && !h->wire.session) {
		wait_for(h, LOOP_READ); /* the answer takes its time */
		return;
	}
	if (n == 0 && (n = receive_some(h)) == 0)
		return;
	if (n == WIRE_AGAIN)
		wait_for(h, h->wire.want);
	else
		fail_or_err(h, h->wire.what);
}

static void on_io(void *arg, unsigned events)
{
	drive(arg);
}

static void dialed(void *arg, int fd, const char *what)
{
	struct http_run *h = arg;
	if (fd < 0) {
		fail(h, what);
		return;
	}
	probe_wire_open(&h->wire, fd);
	h->greeted = !h->url.https;
	if (h->url.https)
		probe_wire_secure(&h->wire, &h->r.host->tls, h->url.host);
	drive(h);
}

static void begin(struct http_run *h)
{
	if (strcmp(h->url.scheme, "http") != 0 && strcmp(h->url.scheme, "https") != 0) {
		autobuf struct buf b = BUF_INIT;
		buf_addf(&b, "unsupported protocol scheme \"%s\"", h->url.scheme);
		fail(h, buf_str(&b));
		return;
	}
	write_request(h);
	h->dial = (struct probe_dial){.loop = h->r.host->loop,
				      .name_lane = h->r.host->name_lane,
				      .host = h->url.host,
				      .port = h->url.port,
				      .fn = dialed,
				      .arg = h};
	probe_dial_start(&h->dial);
}

static void start(struct probe_run *r)
{
	struct http_run *h = (struct http_run *)r;
	const struct probe_request *rq = &r->rq;
	h->wire.fd = -1;
	h->keep_host = true;
	probe_response_init(&h->response, PROBE_OUTPUT_MAX);
	probe_url_make(&r->arena, rq->https, rq->host, rq->port, rq->path, &h->url);
	h->first_host = h->url.host;
	for (size_t i = 0; i < rq->n_headers; i++) {
		const char *name = rq->headers[i].name, *kind = is_token(name) ? "value for" : "name";
		if (is_token(name) && clean(rq->headers[i].value))
			continue;
		autobuf struct buf b = BUF_INIT;
		buf_addf(&b, "net/http: invalid header field %s \"%.100s\"", kind, name);
		fail(h, buf_str(&b));
		return;
	}
	begin(h);
}

static void expire(struct probe_run *r)
{
	struct http_run *h = (struct http_run *)r;
	bool reading = probe_response_headed(&h->response);
	fail_or_err(h, reading ? "context deadline exceeded" READING : "context deadline exceeded" AWAITING);
}

static void release(struct probe_run *r, bool kill)
{
	struct http_run *h = (struct http_run *)r;
	hang_up(h);
	probe_response_release(&h->response);
	buf_release(&h->out);
}

const struct probe_way probe_http = {
	.size = sizeof(struct http_run), .start = start, .expire = expire, .release = release};

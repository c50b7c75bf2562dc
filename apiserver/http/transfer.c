/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its connection, from its first line to the last byte of its reply, as libmicrohttpd calls for
 * it. A request is parsed, judged and routed when its headers are complete, so one that will be refused never
 * fills memory with its body. Reads are answered at once. What may block suspends its connection, goes to the
 * service, and resumes with the response.
 *
 * Long replies leave libmicrohttpd: when their headers are out, the connection is suspended and its socket
 * and TLS session are lent to stream.c until the end, which libmicrohttpd then writes. stream.c says why.
 *
 * Limits: bytes of body, of all bodies together; those of target and headers are wire.c's. The service bounds the
 * requests in flight.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "http/gzip.h"
#include "http/http_internal.h"
#include "http/metrics.h"
#include "http/refusal.h"
#include "request/status.h"

#define BODIES_MAX ((size_t)256 << 20) /* buffered at once, over all connections */
#define DISCARD_MAX ((size_t)16 << 20) /* of a refused body, so that the client reads why */
#define TARGET_KEPT 1024	       /* while a stream lasts */

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- the life of an exchange ---- */

/* The library would take the query apart into its own memory and hang up when that does not suffice. It has
   found the question mark already; behind it there shall be nothing for it. */
static void hide_query(const char *target)
{
	const char *q = strchr(target, '?');
	if (q && q[1])
		((char *)(uintptr_t)q)[1] = 0;
}

/* The request line has been read; what is returned becomes *con_cls. */
void *transfer_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct conn *c = conn_of(mhd);
	struct transfer *t = &c->t;
	struct listener *l = c->w->l;
	if (c->phase != LIMIT_HEADER) /* it came along with the request before */
		wire_phase(c, LIMIT_HEADER);
	memset(&t->x.rs, 0, sizeof(t->x.rs));
	memset(&t->body, 0, sizeof(t->body));
	t->conn = c;
	t->stage = STAGE_HEADERS;
	t->active = true;
	t->replying = t->reply_clean = t->counted_long = t->mutating = t->http11 = false;
	t->body_charged = t->discarded = 0;
	t->size = 0;
	size_t n = strlen(target);
	t->target = mem_alloc(n + 1 + request_scratch_size(target));
	memcpy(t->target, target, n + 1);
	t->path = mem_alloc(2 * (strcspn(target, "?") + 1));
	hide_query(target);
	struct request *rq = &t->x.rq;
	memset(&rq->n_params, 0, sizeof(*rq) - offsetof(struct request, n_params));
	rq->accept = rq->content_type = rq->user_agent = rq->authorization = rq->if_none_match = "";
	rq->method_name = rq->path = "";
	rq->attr = (struct attributes)ATTRIBUTES_INIT;
	rq->start_ns = clock_mono_ns();
	rq->id = atomic_fetch_add(&l->next_id, 1) + 1;
	return t;
}

static void log_request(const struct transfer *t, int64_t took_ns)
{
	log_v(3, "HTTP",
	      "id=%012llx verb=%s uri=\"%s\" latency=%lldus user=\"%s\" agent=\"%s\" remote=%s status=%d",
	      (unsigned long long)t->x.rq.id, t->x.rq.attr.verb, t->target, (long long)(took_ns / NS_PER_US),
	      t->x.rq.user.name ? t->x.rq.user.name : "", t->x.rq.user_agent, t->conn->remote,
	      t->x.rs.status);
}

/* A connection that breaks in the middle of a reply is closed inside the library and then forgotten, with its
   descriptor, until its time is over. Those with a time of their own it looks at in every run. A stream whose length was
   told has broken off, too, as far as the library knows: it has not seen a byte of it. */
static bool is_forgotten(const struct transfer *t, enum MHD_RequestTerminationCode code)
{
	return code != MHD_REQUEST_TERMINATED_COMPLETED_OK || (t->stage == STAGE_END && t->x.rs.length > 0);
}

static void look_again(const struct conn *c)
{
	MHD_set_connection_option(c->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	engine_look(c->engine);
}

void transfer_on_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			   enum MHD_RequestTerminationCode code)
{
	struct transfer *t = *ctx;
	if (!t || !t->active)
		return;
	struct wire *w = t->conn->w;
	bool forgotten = is_forgotten(t, code);
	int64_t took = clock_mono_ns() - t->x.rq.start_ns;
	if (t->x.rs.status) {
		metrics_request(&t->x.rq, t->x.rs.status, took, t->size);
		log_request(t, took);
	}
	if (t->counted_long)
		metrics_long_running(&t->x.rq, -1);
	t->active = false;
	w->l->service->end(w->l->service->arg, &t->x);
	w->replying -= t->replying;
	response_release(&t->x.rs);
	buf_release(&t->body);
	atomic_fetch_sub(&w->l->body_bytes, t->body_charged);
	crowd_give(&w->crowd, &t->conn->stranger);
	free(STEAL(t->target));
	free(STEAL(t->path));
	free(STEAL(t->x.rq.upgrade));
	buf_release(&t->x.rq.headers);
	*ctx = NULL;
	if (forgotten)
		look_again(t->conn);
	else
		wire_phase(t->conn, LIMIT_QUIET);
}

/* ---- answering ---- */

/* A stop waits for it, for a while. */
static void on_its_way(struct transfer *t)
{
	t->conn->w->replying += !t->replying;
	t->replying = true;
}

/* The connection is libmicrohttpd's again, with something to send. */
static void hand_back(struct transfer *t)
{
	on_its_way(t);
	engine_resume(t->conn);
}

static void stream_done(void *arg, bool clean)
{
	struct transfer *t = arg;
	t->reply_clean = clean;
	t->stage = STAGE_END;
	if (t->x.rs.upgrade)
		gnutls_bye(wire_tls(t->conn), GNUTLS_SHUT_WR);
	hand_back(t);
}

/* A connection's memory pool is of no use while it streams: the request is parsed, the reply's headers are out,
   and what is written after the stream goes into memory that is written first. What a client sent behind its request
   without awaiting the reply stays, or stays in the socket, and is answered afterwards. */
static void leave_pool(struct transfer *t)
{
	static const char *const names[] = {"GET",   "HEAD",   "POST",	  "PUT",
					    "PATCH", "DELETE", "OPTIONS", "other"};
	struct request *rq = &t->x.rq;
	rq->method_name = names[rq->method];
	rq->accept = rq->content_type = rq->user_agent = rq->authorization = rq->if_none_match = "";
	free(STEAL(rq->upgrade));
	buf_release(&rq->headers);
	connmem_drop(t->conn->pool);
	crowd_give(&t->conn->w->crowd, &t->conn->stranger);
}

/* Whoever streams has read his parameters; of a long target the log gets the beginning. */
static void leave_query(struct transfer *t)
{
	struct request *rq = &t->x.rq;
	rq->n_params = 0;
	if (strlen(t->target) <= TARGET_KEPT)
		return;
	char *beginning = mem_printf("%.*s...", TARGET_KEPT, t->target);
	free(t->target);
	rq->target = t->target = beginning;
}

/* The connection is the stream's until that is done. */
static void lend(struct transfer *t, struct buf *head)
{
	struct conn *c = t->conn;
	void *tls = wire_tls(c);
	struct stream_connection s = {.io = &c->io,
				      .tls = tls,
				      .more = c->transport.ahead || gnutls_record_check_pending(tls),
				      .chunked = t->http11 && !t->x.rs.upgrade,
				      .counted = &t->size,
				      .done = stream_done,
				      .arg = t,
				      .finite = t->x.rs.finite};
	s.head = head ? buf_take(head, &s.head_len) : NULL;
	s.chunked = s.chunked && t->x.rs.length <= 0; /* told beforehand */
	MHD_suspend_connection(c->mhd);
	wire_phase(c, LIMITS);
	t->stage = STAGE_STREAM;
	leave_pool(t);
	leave_query(t);
	stream_start(c->w->streams, &s, STEAL(t->x.rs.stream));
}

static ssize_t on_read_stream(void *cls, uint64_t pos, char *p, size_t max)
{
	struct transfer *t = cls;
	if (t->stage == STAGE_END)
		return t->reply_clean ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	if (t->x.rs.finite ? t->conn->w->lent : t->conn->w->streams_over)
		return t->x.rs.finite ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	lend(t, NULL);
	return 0;
}

static void count_long(struct transfer *t)
{
	if (t->x.rs.finite || t->counted_long)
		return;
	metrics_long_running(&t->x.rq, 1);
	t->counted_long = true;
}

/*
 * The one door for connections that stop to be HTTP. libmicrohttpd's own would put a socket pair and a copy between us and
 * TLS; instead it is told nothing, as with streams, and at the end that the request has failed, upon which it hangs up.
 * Nobody sends anything before he has read the 101, so it has nothing of ours in its memory.
 */
static enum MHD_Result upgrade(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	autobuf struct buf head = BUF_INIT;
	if (t->conn->w->closing)
		return MHD_NO;
	rs->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	count_long(t);
	buf_adds(&head, "HTTP/1.1 101 Switching Protocols\r\n");
	if (*rs->upgrade)
		buf_addf(&head, "Upgrade: %s\r\nConnection: Upgrade\r\n", rs->upgrade);
	buf_addf(&head, "%s\r\n", buf_str(&rs->body));
	lend(t, &head);
	return MHD_YES;
}

static struct MHD_Response *make_response(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	if (rs->stream) {
		count_long(t);
		return MHD_create_response_from_callback(rs->length > 0 ? (uint64_t)rs->length
									: MHD_SIZE_UNKNOWN,
							 64, on_read_stream, t, NULL);
	}
	if (rs->length > 0 && t->x.rq.method == METHOD_HEAD) /* is told, and does not follow */
		return MHD_create_response_from_callback((uint64_t)rs->length, 64, on_read_stream, t, NULL);
	struct shared_bytes *sh = &rs->shared;
	if (sh->p && sh->release) {
		void *arg = STEAL(sh->arg);
		struct MHD_Response *mr = MHD_create_response_from_buffer_with_free_callback_cls(
			sh->n, (void *)(uintptr_t)sh->p, sh->release, arg);
		sh->release = NULL;
		return mr;
	}
	if (sh->p)
		return MHD_create_response_from_buffer(sh->n, (void *)(uintptr_t)sh->p,
						       MHD_RESPMEM_PERSISTENT);
	size_t n;
	char *p = buf_take(&rs->body, &n);
	return MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
}

static bool compress(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	size_t n;
	if (t->x.rq.method == METHOD_HEAD || rs->foreign ||
	    (rs->stream ? !rs->finite : !response_bytes(rs, &n) || n <= GZIP_THRESHOLD))
		return false;
	return gzip_is_taken(MHD_lookup_connection_value(t->conn->mhd, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT_ENCODING)) &&
	       gzip_response(rs);
}

static enum MHD_Result answer(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	if (rs->upgrade)
		return upgrade(t);
	if (!rs->status)
		rs->status = 200;
	if (!rs->stream)
		(void)response_bytes(rs, &t->size);
	bool gzip = compress(t);
	struct MHD_Response *mr = make_response(t);
	if (!mr)
		return MHD_NO;
	reply_add_headers(mr, t, gzip);
	wire_phase(t->conn, LIMIT_REPLY);
	if (!rs->stream || rs->finite)
		on_its_way(t);
	enum MHD_Result r = MHD_queue_response(t->conn->mhd, (unsigned)rs->status, mr);
	MHD_destroy_response(mr);
	return r;
}

/* ---- reading the request ---- */

static const char body_too_large[] = "Request entity too large: limit is 3145728";
static const char bodies_too_many[] = "too many requests with large bodies, please try again later";

/* Where the body ends must be the same for us as for whoever passes the request on. */
struct headers {
	struct request *rq;
	const char *length; /* the first Content-Length; the library goes by one of them */
	unsigned fault;	    /* status of a refusal; 0: none */
	const char *upgrade;
};

/* Some take away what stands before the colon, and read a length or a coding where the library has seen none. */
static bool has_blank(const char *key)
{
	while ((unsigned char)*key > ' ' && *key != 0x7f)
		key++;
	return *key;
}

static void look_at_framing(struct headers *h, const char *key, const char *value)
{
	if (has_blank(key))
		h->fault = MHD_HTTP_BAD_REQUEST;
	if (!strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH)) {
		if (h->length && strcmp(h->length, value))
			h->fault = MHD_HTTP_BAD_REQUEST;
		h->length = value;
	} else if (!strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) && strcasecmp(value, "chunked")) {
		h->fault = MHD_HTTP_NOT_IMPLEMENTED;
	}
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct headers *h = cls;
	struct request *rq = h->rq;
	look_at_framing(h, key, value ? value : "");
	request_take_impersonation(rq, key, value ? value : "");
	const struct {
		const char *name;
		const char **into;
	} wanted[] = {{"Accept", &rq->accept},
		      {"Authorization", &rq->authorization},
		      {"Content-Type", &rq->content_type},
		      {"If-None-Match", &rq->if_none_match},
		      {"Upgrade", &h->upgrade},
		      {"User-Agent", &rq->user_agent}};
	for (size_t i = 0; value && i < sizeof(wanted) / sizeof(*wanted); i++)
		if ((key[0] | 0x20) == (wanted[i].name[0] | 0x20) && !strcasecmp(key, wanted[i].name))
			*wanted[i].into = value;
	return MHD_YES;
}

static enum MHD_Result on_upgrade_header(void *cls, enum MHD_ValueKind kind, const char *key,
					 const char *value)
{
	upgrade_take(cls, key, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result on_any_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	buf_addf(cls, "%s: %s\r\n", key, value ? value : "");
	return MHD_YES;
}

static void read_headers(struct transfer *t, struct headers *ret)
{
	struct MHD_Connection *mhd = t->conn->mhd;
	struct request *rq = ret->rq = &t->x.rq;
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_header, ret);
	if (!ret->upgrade || !t->http11)
		return;
	rq->upgrade = upgrade_new();
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_upgrade_header, rq->upgrade);
}

static void identify_peer(struct conn *c, struct request *rq)
{
	if (!c->peer_known) {
		c->peer_known = true;
		void *tls = wire_tls(c);
		if (tls && c->w->l->ca)
			c->w->l->service->peer_read(&c->w->peers, &c->peer, tls);
	}
	rq->remote = c->remote;
	rq->peer = &c->peer;
}

/* Whom the service knows counts as a stranger no more. */
static void acknowledge(struct conn *c, const struct request *rq)
{
	struct crowd *crowd = &c->w->crowd;
	if (rq->user.groups && user_in_group(&rq->user, "system:authenticated"))
		crowd_leave(crowd, &c->stranger);
	else
		crowd_touch(crowd, &c->stranger);
}

/* Whether a body follows the headers; *length gets its size, 0 when that is not told. */
static bool has_body(struct MHD_Connection *mhd, unsigned long long *length)
{
	const char *cl = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *te = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	*length = cl ? strtoull(cl, NULL, 10) : 0;
	return te || *length > 0;
}

static enum MHD_Result refused(struct transfer *t)
{
	unsigned long long length;
	bool body = has_body(t->conn->mhd, &length);
	/* A client that waits for «100 Continue» waits only so long (curl: 1 s) and then sends into a closed
	   connection, so it is read like the others. */
	if (body && length > DISCARD_MAX) {
		t->x.rs.close_connection = t->conn->linger = true;
		return answer(t);
	}
	t->stage =
		STAGE_DISCARD; /* also without a body: an answer given before its end closes the connection */
	return MHD_YES;
}

static enum MHD_Result refuse_status(struct transfer *t, unsigned status)
{
	t->x.rs.status = (int)status;
	refusal_write(&t->x.rs.body, status);
	return refused(t);
}

/* Past the library, which would send a page of HTML. */
void transfer_refuse_raw(struct conn *c, unsigned status)
{
	c->linger |= refusal_send(wire_tls(c), status);
	log_v(3, "HTTP refused", "remote=%s status=%u", c->remote, status);
}

/* Nobody knows where the next request would begin. */
static enum MHD_Result refuse_and_close(struct transfer *t, unsigned status)
{
	t->x.rs.status = (int)status;
	refusal_write(&t->x.rs.body, status);
	t->x.rs.close_connection = t->conn->linger = true;
	return answer(t);
}

static enum MHD_Result refuse(struct transfer *t, enum reason reason, const char *message)
{
	const struct service *s = t->conn->w->l->service;
	s->refuse(s->arg, &t->x, reason, message);
	return refused(t);
}

static enum MHD_Result begin(struct transfer *t, const char *method, const char *version)
{
	struct err err = ERR_INIT;
	struct request *rq = &t->x.rq;
	struct listener *l = t->conn->w->l;
	unsigned long long length;
	size_t n = strlen(t->target);
	bool body = has_body(t->conn->mhd, &length);
	wire_phase(t->conn, body ? LIMIT_BODY : LIMITS);
	t->http11 = !strcmp(version, "HTTP/1.1");
	rq->method = request_method(method);
	rq->method_name = method;
	identify_peer(t->conn, rq);
	struct headers headers = {0};
	read_headers(t, &headers);
	if (headers.fault)
		return refuse_and_close(t, headers.fault);
	if (n > REQUEST_MAX_TARGET)
		return refuse_status(t, MHD_HTTP_URI_TOO_LONG);
	if (request_parse_target(rq, t->target, t->target + n + 1, &err) < 0)
		return refuse(t, err.reason, err.msg);
	size_t path = strlen(rq->path) + 1;
	rq->path = memcpy(t->path, rq->path, path);
	t->mutating = request_is_mutating(rq);
	t->way = l->service->begin(l->service->arg, &t->x, t->path + path);
	acknowledge(t->conn, rq);
	if (rq->wants_headers)
		MHD_get_connection_values(t->conn->mhd, MHD_HEADER_KIND, on_any_header, &rq->headers);
	if (t->way == SERVICE_REFUSED)
		return refused(t);
	if (body && length > REQUEST_MAX_BODY)
		return refuse(t, REASON_TOO_LARGE, body_too_large);
	if (atomic_load(&l->body_bytes) + length > BODIES_MAX)
		return refuse(t, REASON_TOO_MANY_REQUESTS, bodies_too_many);
	t->stage = STAGE_BODY;
	return MHD_YES;
}

static enum MHD_Result take_body(struct transfer *t, const char *p, size_t *n)
{
	struct listener *l = t->conn->w->l;
	t->conn->head = t->conn->looked = 0; /* it was body */
	if (t->stage == STAGE_DISCARD) {
		t->discarded += *n;
		*n = 0;
		if (t->discarded > DISCARD_MAX)
			wire_kill(t->conn);
		return MHD_YES;
	}
	if (t->body.len + *n > REQUEST_MAX_BODY || atomic_load(&l->body_bytes) > BODIES_MAX) {
		bool own = t->body.len + *n > REQUEST_MAX_BODY;
		buf_release(&t->body);
		l->service->refuse(l->service->arg, &t->x, own ? REASON_TOO_LARGE : REASON_TOO_MANY_REQUESTS,
				   own ? body_too_large : bodies_too_many);
		t->stage = STAGE_DISCARD;
		*n = 0;
		return MHD_YES;
	}
	t->body_charged += *n;
	atomic_fetch_add(&l->body_bytes, *n);
	buf_add(&t->body, p, *n);
	*n = 0;
	return MHD_YES;
}

/* ---- running ---- */

static enum MHD_Result run_inline(struct transfer *t)
{
	const struct service *s = t->conn->w->l->service;
	metrics_inflight(t->mutating, 1);
	s->run(s->arg, &t->x);
	s->end(s->arg, &t->x);
	metrics_inflight(t->mutating, -1);
	return answer(t);
}

static void resume(struct transfer *t)
{
	struct wire *w = t->conn->w;
	w->l->service->end(w->l->service->arg, &t->x);
	metrics_inflight(t->mutating, -1);
	w->inside--;
	t->stage = STAGE_ANSWER;
	hand_back(t);
}

static void resume_done(void *arg)
{
	struct wire *w = arg;
	struct transfer *t = atomic_exchange(&w->done, NULL), *first = NULL;
	while (t) { /* first done, first answered */
		struct transfer *next = t->next_done;
		t->next_done = first;
		first = t;
		t = next;
	}
	w->driving = true; /* in a moment: nobody needs to ask for it */
	while ((t = first)) {
		first = t->next_done;
		resume(t);
	}
	wire_drive(w);
}

/* On any thread; a burst of them wakes the loop once. */
static void on_done(struct exchange *x)
{
	struct transfer *t = CONTAINER_OF(x, struct transfer, x);
	struct wire *w = t->conn->w;
	struct transfer *head = atomic_load_explicit(&w->done, memory_order_relaxed);
	do {
		t->next_done = head;
	} while (!atomic_compare_exchange_weak(&w->done, &head, t));
	if (!head)
		loop_post(w->loop, resume_done, w);
}

static enum MHD_Result run(struct transfer *t)
{
	struct wire *w = t->conn->w;
	const struct service *s = w->l->service;
	t->x.rq.body = buf_str(&t->body);
	t->x.rq.body_len = t->body.len;
	wire_phase(t->conn, LIMITS);
	if (t->way == SERVICE_INLINE)
		return run_inline(t);
	if (w->closing) {
		s->refuse(s->arg, &t->x, REASON_UNAVAILABLE, "apiserver is shutting down");
		return answer(t);
	}
	/* suspended first: it may be done before submit returns */
	MHD_suspend_connection(t->conn->mhd);
	w->inside++;
	t->stage = STAGE_RUNNING;
	t->x.done = on_done;
	metrics_inflight(t->mutating, 1);
	if (!s->submit(s->arg, &t->x))
		resume(t);
	return MHD_YES;
}

enum MHD_Result transfer_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **ctx)
{
	struct transfer *t = *ctx;
	if (!t)
		return MHD_NO;
	switch (t->stage) {
	case STAGE_HEADERS:
		return begin(t, method, version);
	case STAGE_BODY:
	case STAGE_DISCARD:
		if (*upload_size)
			return take_body(t, upload, upload_size);
		return t->stage == STAGE_BODY ? run(t) : answer(t);
	case STAGE_ANSWER:
		return answer(t);
	default:
		return MHD_NO;
	}
}

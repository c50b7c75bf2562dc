/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that sees libmicrohttpd.
 *
 * One daemon (epoll, one internal thread) per core, each with its own listening socket on the same port
 * (SO_REUSEPORT), so the kernel spreads connections evenly; one daemon with a thread pool lets whichever
 * thread wakes first take a whole burst. A request is parsed, judged and routed when its headers are
 * complete, so one that will be refused never fills memory with its body. Reads are answered on the network
 * thread. What may block suspends its connection, goes to the service, and resumes with the response.
 *
 * Long replies leave libmicrohttpd: when their headers are out, the connection is suspended and its socket
 * and TLS session are lent to stream.c until the end, which libmicrohttpd then writes. stream.c says why.
 * (Resuming walks all suspended connections of a daemon: with 1,000 watches per daemon that is 10 to 20 us,
 * shared by all requests resumed meanwhile.)
 *
 * pull.c reads the sockets, because libmicrohttpd would spin on unfinished TLS handshakes.
 *
 * Limits: connections, bytes of headers (the connection's memory pool), of target, of body, of all bodies
 * together, seconds without progress. The service bounds the requests in flight.
 */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/bind.h"
#include "http/gate.h"
#include "http/metrics.h"
#include "http/pull.h"
#include "http/stream.h"

#define MAX_THREADS 16
#define MAX_CONNECTIONS 20000
#define CONNECTION_MEMORY (16 * 1024) /* request line and headers, reply headers */
#define METHOD_MAX 64		      /* of a name that is kept */
#define ALLOCATION_ALIGN 16	      /* of malloc */
#define IDLE_SECONDS 90
#define HANDSHAKE_SECONDS 10	       /* for the client's next message */
#define BODY_SECONDS 60		       /* for a whole body, however slowly it drips */
#define DRAIN_NS (2 * NS_PER_S)	       /* for last replies, when stopping */
#define TRIM_PEAK 128		       /* fewer connections than that are not worth it */
#define BODIES_MAX ((size_t)256 << 20) /* buffered at once, over all connections */
#define DISCARD_MAX ((size_t)16 << 20) /* of a refused body, so that the client reads why */

/* AES-128-GCM first: half the work of 256 for the same practical strength, and what Go prefers with AES
   hardware. X25519 first: it is what clients offer a key for at once, another one costs them a round trip. */
#define PRIORITIES                                                                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-"        \
	"POLY1305:"                                                                                          \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"

struct listener {
	const struct service *service;
	struct MHD_Daemon *daemons[MAX_THREADS];
	int n_daemons, port;
	struct stream_hub *hub;
	struct readable *handshakes;
	struct gate gate;
	atomic_size_t body_bytes;
	atomic_size_t live, peak; /* connections; peak since memory was last given back */
	atomic_ullong next_id;
	char *cert, *key, *ca;
};

/* Where a request stands. Only the thread that owns the connection at that moment moves it. */
enum stage {
	STAGE_HEADERS, /* not judged yet */
	STAGE_BODY,    /* collecting */
	STAGE_DISCARD, /* refused: reading and dropping */
	STAGE_RUNNING, /* suspended, with the service */
	STAGE_ANSWER,  /* rs is filled */
	STAGE_STREAM,  /* suspended, with stream.c */
	STAGE_END,     /* the stream is over; reply_clean */
};

struct conn;
struct transfer {
	struct exchange x;
	struct conn *conn;
	struct MHD_Connection *mhd;
	enum stage stage;
	enum service_way way;
	bool active, replying, http11, reply_clean, counted_long, mutating;
	char *target; /* as it came; then scratch and segments behind it, one allocation */
	struct buf body;
	size_t body_charged, discarded;
};

struct conn {
	struct listener *l;
	struct pull pull;
	struct peer peer;
	bool peer_known;
	char remote[INET6_ADDRSTRLEN];
	struct transfer t; /* one request at a time */
};

/* ---- connections ---- */

static void read_remote(struct conn *c, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;
	if (sa && sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, c->remote,
			  sizeof(c->remote));
	else if (sa && sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, c->remote,
			  sizeof(c->remote));
}

/* A peer that vanished without a word is noticed within two minutes even on an idle watch. */
static void set_keepalive(int fd)
{
	int on = 1, idle = 60, interval = 15, count = 4;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int connection_fd(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void *connection_tls(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? info->tls_session : NULL;
}

static void suspend_connection(void *mhd)
{
	MHD_suspend_connection(mhd);
}

static void resume_connection(void *mhd)
{
	MHD_resume_connection(mhd);
}

static void count_opened(struct listener *l)
{
	size_t n = atomic_fetch_add(&l->live, 1) + 1, peak = atomic_load(&l->peak);
	while (n > peak && !atomic_compare_exchange_weak(&l->peak, &peak, n))
		;
}

/* A connection with its TLS session holds some 30 KB in small pieces that malloc keeps. When a crowd has
   gone, half by half, its memory goes back to the kernel. */
static void count_closed(struct listener *l)
{
	size_t n = atomic_fetch_sub(&l->live, 1) - 1, peak = atomic_load(&l->peak);
	if (peak >= TRIM_PEAK && n <= peak / 2 && atomic_compare_exchange_strong(&l->peak, &peak, n))
		malloc_trim(0);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct conn *c = MEM_NEW(struct conn);
		c->l = cls;
		c->pull.waits = c->l->handshakes;
		c->pull.suspend = suspend_connection;
		c->pull.resume = resume_connection;
		c->pull.arg = mhd;
		c->pull.fd = connection_fd(mhd);
		set_keepalive(c->pull.fd);
		pull_attach(&c->pull, connection_tls(mhd));
		count_opened(c->l);
		*ctx = c;
		return;
	}
	struct conn *c = *ctx;
	if (!c)
		return;
	struct listener *l = c->l;
	l->service->peer_release(&c->peer);
	pull_release(&c->pull);
	free(c);
	count_closed(l);
	*ctx = NULL;
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- the life of an exchange ---- */

/* The request line has been read; what is returned becomes *con_cls. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct conn *c = conn_of(mhd);
	struct transfer *t = &c->t;
	struct listener *l = c->l;
	memset(&t->x.rs, 0, sizeof(t->x.rs));
	memset(&t->body, 0, sizeof(t->body));
	t->conn = c;
	t->mhd = mhd;
	t->stage = STAGE_HEADERS;
	t->active = true;
	t->replying = t->reply_clean = t->counted_long = t->mutating = t->http11 = false;
	t->body_charged = t->discarded = 0;
	size_t n = strlen(target);
	t->target = mem_alloc(3 * (n + 2));
	memcpy(t->target, target, n + 1);
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
	      "id=%llu verb=%s uri=\"%s\" latency=%lldus user=\"%s\" agent=\"%s\" remote=%s status=%d",
	      (unsigned long long)t->x.rq.id, t->x.rq.attr.verb, t->target, (long long)(took_ns / NS_PER_US),
	      t->x.rq.user.name ? t->x.rq.user.name : "", t->x.rq.user_agent, t->conn->remote,
	      t->x.rs.status);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			 enum MHD_RequestTerminationCode code)
{
	struct transfer *t = *ctx;
	if (!t || !t->active)
		return;
	int64_t took = clock_mono_ns() - t->x.rq.start_ns;
	bool long_running = t->counted_long;
	if (t->x.rs.status) {
		metrics_request(&t->x.rq, t->x.rs.status, took, long_running);
		log_request(t, took);
	}
	if (t->counted_long)
		metrics_long_running(&t->x.rq, -1);
	t->active = false;
	t->conn->l->service->end(t->conn->l->service->arg, &t->x);
	if (t->replying)
		gate_replied(&t->conn->l->gate);
	response_release(&t->x.rs);
	buf_release(&t->body);
	atomic_fetch_sub(&t->conn->l->body_bytes, t->body_charged);
	free(STEAL(t->target));
	*ctx = NULL;
}

/* ---- answering ---- */

/* The connection is libmicrohttpd's again, with something to send. */
static void hand_back(struct transfer *t)
{
	if (!t->replying)
		gate_replies(&t->conn->l->gate);
	t->replying = true;
	MHD_resume_connection(t->mhd);
}

static void stream_done(void *arg, bool clean)
{
	struct transfer *t = arg;
	t->reply_clean = clean;
	t->stage = STAGE_END;
	hand_back(t);
}

/*
 * A connection's memory pool is of no use while it streams: the request is parsed, the reply's headers are
 * out, and what is written after the stream goes into memory that is written first. Its whole pages go back
 * to the kernel and read as zeros from then on. The request line stands at the pool's beginning, where the
 * method's name points to, unless a client began with empty lines: then the allocator's own knowledge of the
 * block does not fit, and nothing is given back. (A client that sent its next request behind a watch without
 * awaiting the reply gets 400 for that one.)
 */
static void drop_pool(struct transfer *t)
{
	uintptr_t pool = (uintptr_t)t->x.rq.method_name, page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (pool + METHOD_MAX + page - 1) & ~(page - 1),
		  to = (pool + CONNECTION_MEMORY) & ~(page - 1);
	size_t usable = pool % ALLOCATION_ALIGN ? 0 : malloc_usable_size((void *)pool);
	struct request *rq = &t->x.rq;
	if (usable < CONNECTION_MEMORY || usable >= CONNECTION_MEMORY + 2 * ALLOCATION_ALIGN || to <= from)
		return;
	rq->accept = rq->content_type = rq->user_agent = rq->authorization = rq->if_none_match = "";
	madvise((void *)from, to - from, MADV_DONTNEED);
}

static ssize_t on_read_stream(void *cls, uint64_t pos, char *p, size_t max)
{
	struct transfer *t = cls;
	if (t->stage == STAGE_END)
		return t->reply_clean ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	struct listener *l = t->conn->l;
	struct stream_connection c = {.fd = connection_fd(t->mhd),
				      .tls = connection_tls(t->mhd),
				      .chunked = t->http11,
				      .done = stream_done,
				      .arg = t};
	if (!gate_enter(&l->gate))
		return MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(t->mhd);
	t->stage = STAGE_STREAM;
	drop_pool(t);
	stream_start(l->hub, &c, STEAL(t->x.rs.stream));
	gate_leave(&l->gate);
	return 0;
}

static struct MHD_Response *make_response(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	if (rs->stream) {
		if (!t->counted_long)
			metrics_long_running(&t->x.rq, 1);
		t->counted_long = true;
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64, on_read_stream, t, NULL);
	}
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

static void add_warnings(struct MHD_Response *mr, const struct response *rs)
{
	for (size_t i = 0; i < rs->n_warnings; i++) {
		autobuf struct buf b = BUF_INIT;
		buf_adds(&b, "299 - ");
		buf_addc(&b, '"');
		for (const char *p = rs->warnings[i]; *p; p++) {
			if (*p == '"' || *p == '\\')
				buf_addc(&b, '\\');
			buf_addc(&b, (unsigned char)*p < 0x20 ? ' ' : *p);
		}
		buf_addc(&b, '"');
		MHD_add_response_header(mr, "Warning", buf_str(&b));
	}
}

static enum MHD_Result answer(struct transfer *t)
{
	struct response *rs = &t->x.rs;
	if (!rs->status)
		rs->status = 200;
	struct MHD_Response *mr = make_response(t);
	if (!mr)
		return MHD_NO;
	MHD_add_response_header(mr, "Content-Type", rs->content_type ? rs->content_type : "application/json");
	MHD_add_response_header(mr, "Cache-Control", "no-cache, private");
	add_warnings(mr, rs);
	if (rs->retry_after_s) {
		char text[16];
		snprintf(text, sizeof(text), "%d", rs->retry_after_s);
		MHD_add_response_header(mr, "Retry-After", text);
	}
	if (*rs->etag)
		MHD_add_response_header(mr, "ETag", rs->etag);
	if (*rs->allow)
		MHD_add_response_header(mr, "Allow", rs->allow);
	if (rs->vary_accept)
		MHD_add_response_header(mr, "Vary", "Accept");
	if (rs->close_connection)
		MHD_add_response_header(mr, "Connection", "close");
	if (rs->status == 401)
		MHD_add_response_header(mr, "WWW-Authenticate", "Bearer");
	enum MHD_Result r = MHD_queue_response(t->mhd, (unsigned)rs->status, mr);
	MHD_destroy_response(mr);
	return r;
}

/* ---- reading the request ---- */

static const char body_too_large[] = "Request entity too large: limit is 3145728";
static const char bodies_too_many[] = "too many requests with large bodies, please try again later";

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct request *rq = cls;
	request_take_impersonation(rq, key, value ? value : "");
	const struct {
		const char *name;
		const char **into;
	} wanted[] = {{"Accept", &rq->accept},
		      {"Authorization", &rq->authorization},
		      {"Content-Type", &rq->content_type},
		      {"If-None-Match", &rq->if_none_match},
		      {"User-Agent", &rq->user_agent}};
	for (size_t i = 0; value && i < sizeof(wanted) / sizeof(*wanted); i++)
		if ((key[0] | 0x20) == (wanted[i].name[0] | 0x20) && !strcasecmp(key, wanted[i].name))
			*wanted[i].into = value;
	return MHD_YES;
}

static void identify_peer(struct conn *c, struct MHD_Connection *mhd, struct request *rq)
{
	if (!c->peer_known) {
		c->peer_known = true;
		read_remote(c, mhd);
		void *tls = connection_tls(mhd);
		if (tls && c->l->ca)
			c->l->service->peer_read(&c->peer, tls);
	}
	rq->remote = c->remote;
	rq->peer = &c->peer;
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
	bool body = has_body(t->mhd, &length);
	/* A client that waits for «100 Continue» waits only so long (curl: 1 s) and then sends into a closed
	   connection, so it is read like the others. */
	if (body && length > DISCARD_MAX) {
		t->x.rs.close_connection = true;
		return answer(t);
	}
	t->stage =
		STAGE_DISCARD; /* also without a body: an answer given before its end closes the connection */
	return MHD_YES;
}

static enum MHD_Result refuse(struct transfer *t, enum reason reason, const char *message)
{
	const struct service *s = t->conn->l->service;
	s->refuse(s->arg, &t->x, reason, message);
	return refused(t);
}

static enum MHD_Result begin(struct transfer *t, const char *method, const char *version)
{
	struct err err = ERR_INIT;
	struct request *rq = &t->x.rq;
	struct listener *l = t->conn->l;
	size_t n = strlen(t->target);
	t->http11 = !strcmp(version, "HTTP/1.1");
	rq->method = request_method(method);
	rq->method_name = method;
	identify_peer(t->conn, t->mhd, rq);
	MHD_get_connection_values(t->mhd, MHD_HEADER_KIND, on_header, rq);
	if (n > REQUEST_MAX_TARGET)
		return refuse(t, REASON_BAD_REQUEST, "the request's URI is too long");
	if (request_parse_target(rq, t->target, t->target + n + 1, &err) < 0)
		return refuse(t, err.reason, err.msg);
	t->mutating = request_is_mutating(rq);
	t->way = l->service->begin(l->service->arg, &t->x, t->target + 2 * n + 3);
	if (t->way == SERVICE_REFUSED)
		return refused(t);
	unsigned long long length;
	if (has_body(t->mhd, &length) && length > REQUEST_MAX_BODY)
		return refuse(t, REASON_TOO_LARGE, body_too_large);
	if (atomic_load(&l->body_bytes) + length > BODIES_MAX)
		return refuse(t, REASON_TOO_MANY_REQUESTS, bodies_too_many);
	t->stage = STAGE_BODY;
	return MHD_YES;
}

static enum MHD_Result take_body(struct transfer *t, const char *p, size_t *n)
{
	struct listener *l = t->conn->l;
	if (clock_mono_ns() - t->x.rq.start_ns > BODY_SECONDS * NS_PER_S)
		return MHD_NO;
	if (t->stage == STAGE_DISCARD) {
		t->discarded += *n;
		*n = 0;
		return t->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
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
	const struct service *s = t->conn->l->service;
	metrics_inflight(t->mutating, 1);
	s->run(s->arg, &t->x);
	s->end(s->arg, &t->x);
	metrics_inflight(t->mutating, -1);
	return answer(t);
}

static void resume(struct transfer *t)
{
	struct listener *l = t->conn->l;
	l->service->end(l->service->arg, &t->x);
	metrics_inflight(t->mutating, -1);
	t->stage = STAGE_ANSWER;
	hand_back(t);
	gate_leave(&l->gate);
}

static void on_done(struct exchange *x)
{
	resume(CONTAINER_OF(x, struct transfer, x));
}

static enum MHD_Result run(struct transfer *t)
{
	struct listener *l = t->conn->l;
	const struct service *s = l->service;
	t->x.rq.body = buf_str(&t->body);
	t->x.rq.body_len = t->body.len;
	if (t->way == SERVICE_INLINE)
		return run_inline(t);
	if (!gate_enter(&l->gate)) {
		s->refuse(s->arg, &t->x, REASON_UNAVAILABLE, "apiserver is shutting down");
		return answer(t);
	}
	/* suspended first: it may be done before submit returns */
	MHD_suspend_connection(t->mhd);
	t->stage = STAGE_RUNNING;
	t->x.done = on_done;
	metrics_inflight(t->mutating, 1);
	if (!s->submit(s->arg, &t->x))
		resume(t);
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **ctx)
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

/* ---- starting and stopping ---- */

static struct MHD_Daemon *start_daemon(struct listener *l, int fd)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_ITC;
	struct MHD_OptionItem trust[] = {{MHD_OPTION_HTTPS_MEM_TRUST, 0, l->ca}, {MHD_OPTION_END, 0, NULL}};
	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, l, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT,
		l->cert, MHD_OPTION_HTTPS_MEM_KEY, l->key, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)(MAX_CONNECTIONS / l->n_daemons),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_THREAD_STACK_SIZE, (size_t)(256 * 1024),
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, l, MHD_OPTION_ARRAY, l->ca ? trust : trust + 1,
		MHD_OPTION_END);
}

static int start_daemons(struct listener *l, const struct listener_config *c, int n, struct err *err)
{
	l->port = c->port;
	l->n_daemons = n;
	for (int i = 0; i < n; i++) {
		int fd = bind_listen(c->bind_address, l->port, &l->port, err);
		if (fd < 0)
			return -1;
		l->daemons[i] = start_daemon(l, fd);
		if (!l->daemons[i]) {
			close(fd);
			return err_set(err, REASON_INTERNAL,
				       "cannot start the HTTPS server: is the key the certificate's?");
		}
	}
	return 0;
}

struct listener *listener_start(const struct listener_config *c, struct err *err)
{
	int n = c->threads ? c->threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
	n = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
	bind_raise_file_limit(MAX_CONNECTIONS + 1000);
	if (bind_check_free(c->bind_address, c->port, err) < 0)
		return NULL;
	struct listener *l = MEM_NEW(struct listener);
	l->service = c->service;
	l->cert = mem_strdup(c->cert_pem);
	l->key = mem_strdup(c->key_pem);
	l->ca = mem_strdup(c->client_ca_pem);
	gate_init(&l->gate);
	l->hub = stream_hub_new((size_t)n);
	l->handshakes = readable_new(HANDSHAKE_SECONDS * NS_PER_S);
	if (start_daemons(l, c, n, err) < 0) {
		listener_stop(l);
		return NULL;
	}
	return l;
}

int listener_port(const struct listener *l)
{
	return l->port;
}

void listener_stop(struct listener *l)
{
	for (int i = 0; i < l->n_daemons; i++) {
		MHD_socket fd = l->daemons[i] ? MHD_quiesce_daemon(l->daemons[i]) : MHD_INVALID_SOCKET;
		if (fd != MHD_INVALID_SOCKET)
			close(fd);
	}
	gate_close(&l->gate);
	stream_hub_free(l->hub);
	readable_stop(l->handshakes);
	gate_drain(&l->gate, DRAIN_NS);
	for (int i = 0; i < l->n_daemons; i++)
		if (l->daemons[i])
			MHD_stop_daemon(l->daemons[i]);
	readable_free(l->handshakes);
	gate_release(&l->gate);
	free(l->cert);
	free(l->key);
	free(l->ca);
	free(l);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that sees libmicrohttpd.
 *
 * One daemon (epoll, one internal thread) per core, each with its own listening socket on the same port
 * (SO_REUSEPORT), so the kernel spreads connections evenly; one daemon with a thread pool lets whichever
 * thread wakes first take a whole burst. A request is parsed, judged and routed when its headers are
 * complete, so one that will be refused never fills memory with its body. Reads are answered on the network
 * thread. What may block suspends its connection, runs on a bounded pool and resumes with the response.
 *
 * Long replies leave libmicrohttpd: when their headers are out, the connection is suspended and its socket
 * and TLS session are lent to stream.c until the end, which libmicrohttpd then writes. stream.c says why.
 * (Resuming walks all suspended connections of a daemon: with 1,000 watches per daemon that is 10 to 20 us,
 * shared by all requests resumed meanwhile.)
 *
 * pull.c reads the sockets, because libmicrohttpd would spin on unfinished TLS handshakes.
 *
 * Limits: connections, bytes of headers (the connection's memory pool), of target, of body, of all bodies
 * together, seconds without progress, requests in flight and queued.
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
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/bind.h"
#include "http/metrics.h"
#include "http/pull.h"
#include "http/stream.h"

#define MAX_THREADS 16
#define MAX_CONNECTIONS 20000
#define CONNECTION_MEMORY (16 * 1024) /* request line and headers, reply headers */
#define IDLE_SECONDS 90
#define HANDSHAKE_SECONDS 10	       /* for the client's next message */
#define BODY_SECONDS 60		       /* for a whole body, however slowly it drips */
#define TRIM_PEAK 128		       /* fewer connections than that are not worth it */
#define BODIES_MAX ((size_t)256 << 20) /* buffered at once, over all connections */
#define DISCARD_MAX ((size_t)16 << 20) /* of a refused body, so that the client reads why */
#define QUEUE_MAX 400
#define READ_WORKERS 16
#define RELAY_WORKERS 16

/* AES-128-GCM first: half the work of 256 for the same practical strength, and what Go prefers with AES
   hardware. X25519 first: it is what clients offer a key for at once, another one costs them a round trip. */
#define PRIORITIES                                                                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-"        \
	"POLY1305:"                                                                                          \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"

struct listener {
	const struct server *server;
	struct MHD_Daemon *daemons[MAX_THREADS];
	int n_daemons, port;
	struct stream_hub *hub;
	struct readable *handshakes;
	struct pool *writes, *reads, *relays;
	pthread_rwlock_t gate; /* read: handing over to pool or hub; write: closing */
	bool closing;
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
	STAGE_RUNNING, /* suspended, on a pool */
	STAGE_ANSWER,  /* rs is filled */
	STAGE_STREAM,  /* suspended, with stream.c */
	STAGE_END,     /* the stream is over; reply_clean */
};

struct conn;
struct exchange {
	struct conn *conn;
	struct MHD_Connection *mhd;
	enum stage stage;
	enum dispatch how;
	bool active, http11, reply_clean, counted_long, mutating;
	char *target; /* as it came; then scratch and segments behind it, one allocation */
	struct buf body;
	size_t body_charged, discarded;
	struct request rq;
	struct response rs;
};

struct conn {
	struct listener *l;
	struct pull pull;
	struct peer peer;
	bool peer_known;
	char remote[INET6_ADDRSTRLEN];
	struct exchange x; /* one request at a time */
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
	peer_release(&c->peer);
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
	struct exchange *x = &c->x;
	struct listener *l = c->l;
	memset(&x->rs, 0, sizeof(x->rs));
	memset(&x->body, 0, sizeof(x->body));
	x->conn = c;
	x->mhd = mhd;
	x->stage = STAGE_HEADERS;
	x->active = true;
	x->reply_clean = x->counted_long = x->mutating = x->http11 = false;
	x->body_charged = x->discarded = 0;
	size_t n = strlen(target);
	x->target = mem_alloc(3 * (n + 2));
	memcpy(x->target, target, n + 1);
	struct request *rq = &x->rq;
	memset(&rq->n_params, 0, sizeof(*rq) - offsetof(struct request, n_params));
	rq->accept = rq->content_type = rq->user_agent = rq->authorization = rq->if_none_match = "";
	rq->method_name = rq->path = rq->verb = rq->group = rq->version = rq->resource = rq->ns = rq->name =
		rq->subresource = "";
	rq->start_ns = clock_mono_ns();
	rq->id = atomic_fetch_add(&l->next_id, 1) + 1;
	return x;
}

static void log_request(const struct exchange *x, int64_t took_ns)
{
	log_v(3, "HTTP",
	      "id=%llu verb=%s uri=\"%s\" latency=%lldus user=\"%s\" agent=\"%s\" remote=%s status=%d",
	      (unsigned long long)x->rq.id, x->rq.verb, x->target, (long long)(took_ns / NS_PER_US),
	      x->rq.user.name ? x->rq.user.name : "", x->rq.user_agent, x->conn->remote, x->rs.status);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *ctx;
	if (!x || !x->active)
		return;
	int64_t took = clock_mono_ns() - x->rq.start_ns;
	bool long_running = x->counted_long;
	if (x->rs.status) {
		metrics_request(&x->rq, x->rs.status, took, long_running);
		log_request(x, took);
	}
	if (x->counted_long)
		metrics_long_running(&x->rq, -1);
	x->active = false;
	response_release(&x->rs);
	buf_release(&x->body);
	atomic_fetch_sub(&x->conn->l->body_bytes, x->body_charged);
	free(STEAL(x->target));
	*ctx = NULL;
}

/* ---- answering ---- */

static void stream_done(void *arg, bool clean)
{
	struct exchange *x = arg;
	x->reply_clean = clean;
	x->stage = STAGE_END;
	MHD_resume_connection(x->mhd);
}

static ssize_t on_read_stream(void *cls, uint64_t pos, char *p, size_t max)
{
	struct exchange *x = cls;
	if (x->stage == STAGE_END)
		return x->reply_clean ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	struct listener *l = x->conn->l;
	struct stream_connection c = {.fd = connection_fd(x->mhd),
				      .tls = connection_tls(x->mhd),
				      .chunked = x->http11,
				      .done = stream_done,
				      .arg = x};
	pthread_rwlock_rdlock(&l->gate);
	bool closing = l->closing;
	if (!closing) {
		MHD_suspend_connection(x->mhd);
		x->stage = STAGE_STREAM;
		stream_start(l->hub, &c, STEAL(x->rs.stream));
	}
	pthread_rwlock_unlock(&l->gate);
	return closing ? MHD_CONTENT_READER_END_OF_STREAM : 0;
}

static void unref_obj(void *o)
{
	obj_unref(o);
}

static struct MHD_Response *make_response(struct exchange *x)
{
	struct response *rs = &x->rs;
	if (rs->stream) {
		if (!x->counted_long)
			metrics_long_running(&x->rq, 1);
		x->counted_long = true;
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64, on_read_stream, x, NULL);
	}
	if (rs->obj) {
		struct obj *o = STEAL(rs->obj);
		return MHD_create_response_from_buffer_with_free_callback_cls(
			o->len, (void *)(uintptr_t)o->bytes, unref_obj, o);
	}
	if (rs->static_body)
		return MHD_create_response_from_buffer(rs->static_len, (void *)(uintptr_t)rs->static_body,
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

static enum MHD_Result answer(struct exchange *x)
{
	struct response *rs = &x->rs;
	if (!rs->status)
		rs->status = 200;
	struct MHD_Response *mr = make_response(x);
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
	enum MHD_Result r = MHD_queue_response(x->mhd, (unsigned)rs->status, mr);
	MHD_destroy_response(mr);
	return r;
}

/* ---- reading the request ---- */

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct request *rq = cls;
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
			peer_read(&c->peer, tls);
	}
	rq->remote = c->remote;
	rq->client_cert_error = c->peer.error;
	if (c->peer.name && !c->peer.error) {
		rq->client_cert_cn = c->peer.name;
		rq->client_cert_orgs = (const char *const *)c->peer.groups;
	}
}

/* Whether a body follows the headers; *length gets its size, 0 when that is not told. */
static bool has_body(struct MHD_Connection *mhd, unsigned long long *length)
{
	const char *cl = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	const char *te = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	*length = cl ? strtoull(cl, NULL, 10) : 0;
	return te || *length > 0;
}

static enum MHD_Result refused(struct exchange *x)
{
	unsigned long long length;
	bool body = has_body(x->mhd, &length);
	/* A client that waits for «100 Continue» waits only so long (curl: 1 s) and then sends into a closed
	   connection, so it is read like the others. */
	if (body && length > DISCARD_MAX) {
		x->rs.close_connection = true;
		return answer(x);
	}
	x->stage =
		STAGE_DISCARD; /* also without a body: an answer given before its end closes the connection */
	return MHD_YES;
}

static enum MHD_Result refuse(struct exchange *x, enum reason reason, const char *message)
{
	dispatch_refuse(&x->rq, &x->rs, reason, message);
	return refused(x);
}

static enum MHD_Result begin(struct exchange *x, const char *method, const char *version)
{
	struct err err = ERR_INIT;
	struct request *rq = &x->rq;
	struct listener *l = x->conn->l;
	size_t n = strlen(x->target);
	x->http11 = !strcmp(version, "HTTP/1.1");
	rq->method = request_method(method);
	rq->method_name = method;
	identify_peer(x->conn, x->mhd, rq);
	MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, on_header, rq);
	if (n > REQUEST_MAX_TARGET)
		return refuse(x, REASON_BAD_REQUEST, "the request's URI is too long");
	if (request_parse_target(rq, x->target, x->target + n + 1, &err) < 0)
		return refuse(x, err.reason, err.msg);
	x->mutating = dispatch_is_mutating(rq);
	x->how = dispatch_begin(l->server, rq, &x->rs, x->target + 2 * n + 3);
	if (x->how == DISPATCH_DONE)
		return refused(x);
	unsigned long long length;
	if (has_body(x->mhd, &length) && length > REQUEST_MAX_BODY)
		return refuse(x, REASON_TOO_LARGE, "Request entity too large: limit is 3145728");
	if (atomic_load(&l->body_bytes) + length > BODIES_MAX)
		return refuse(x, REASON_TOO_MANY_REQUESTS,
			      "too many requests with large bodies, please try again later");
	x->stage = STAGE_BODY;
	return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *x, const char *p, size_t *n)
{
	struct listener *l = x->conn->l;
	if (clock_mono_ns() - x->rq.start_ns > BODY_SECONDS * NS_PER_S)
		return MHD_NO;
	if (x->stage == STAGE_DISCARD) {
		x->discarded += *n;
		*n = 0;
		return x->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	if (x->body.len + *n > REQUEST_MAX_BODY || atomic_load(&l->body_bytes) > BODIES_MAX) {
		bool own = x->body.len + *n > REQUEST_MAX_BODY;
		buf_release(&x->body);
		dispatch_refuse(&x->rq, &x->rs, own ? REASON_TOO_LARGE : REASON_TOO_MANY_REQUESTS,
				own ? "Request entity too large: limit is 3145728"
				    : "too many requests with large bodies, please try again later");
		x->stage = STAGE_DISCARD;
		*n = 0;
		return MHD_YES;
	}
	x->body_charged += *n;
	atomic_fetch_add(&l->body_bytes, *n);
	buf_add(&x->body, p, *n);
	*n = 0;
	return MHD_YES;
}

/* ---- running ---- */

static void run_exchange(struct exchange *x, bool waited)
{
	x->rq.body = buf_str(&x->body);
	x->rq.body_len = x->body.len;
	metrics_inflight(x->mutating, 1);
	dispatch_run(&x->rq, &x->rs, waited);
	metrics_inflight(x->mutating, -1);
	x->stage = STAGE_ANSWER;
}

static void on_worker(void *arg)
{
	struct exchange *x = arg;
	run_exchange(x, true);
	MHD_resume_connection(x->mhd);
}

static enum MHD_Result run(struct exchange *x)
{
	struct listener *l = x->conn->l;
	if (x->how == DISPATCH_INLINE) {
		run_exchange(x, false);
		return answer(x);
	}
	struct pool *pool = x->how == DISPATCH_WRITE   ? l->writes
			    : x->how == DISPATCH_RELAY ? l->relays
						       : l->reads;
	bool accepted = false;
	pthread_rwlock_rdlock(&l->gate);
	if (!l->closing) {
		/* suspended first: the worker may be done before pool_submit returns */
		MHD_suspend_connection(x->mhd);
		x->stage = STAGE_RUNNING;
		accepted = pool_submit(pool, on_worker, x);
	}
	pthread_rwlock_unlock(&l->gate);
	if (accepted)
		return MHD_YES;
	bool suspended = x->stage == STAGE_RUNNING;
	dispatch_refuse(&x->rq, &x->rs, suspended ? REASON_TOO_MANY_REQUESTS : REASON_UNAVAILABLE,
			suspended ? "too many requests, please try again later"
				  : "apiserver is shutting down");
	x->stage = STAGE_ANSWER;
	if (!suspended)
		return answer(x);
	MHD_resume_connection(x->mhd);
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **ctx)
{
	struct exchange *x = *ctx;
	if (!x)
		return MHD_NO;
	switch (x->stage) {
	case STAGE_HEADERS:
		return begin(x, method, version);
	case STAGE_BODY:
	case STAGE_DISCARD:
		if (*upload_size)
			return take_body(x, upload, upload_size);
		return x->stage == STAGE_BODY ? run(x) : answer(x);
	case STAGE_ANSWER:
		return answer(x);
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
	l->server = c->server;
	l->cert = mem_strdup(c->cert_pem);
	l->key = mem_strdup(c->key_pem);
	l->ca = mem_strdup(c->client_ca_pem);
	pthread_rwlock_init(&l->gate, NULL);
	l->hub = stream_hub_new((size_t)n);
	l->handshakes = readable_new(HANDSHAKE_SECONDS * NS_PER_S);
	l->writes = pool_new("write", (size_t)(c->workers > 0 ? c->workers : 64), QUEUE_MAX);
	l->reads = pool_new("read", READ_WORKERS, (size_t)(c->max_reads > 0 ? c->max_reads : QUEUE_MAX));
	l->relays = pool_new("relay", RELAY_WORKERS, QUEUE_MAX);
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
	pthread_rwlock_wrlock(&l->gate);
	l->closing = true;
	pthread_rwlock_unlock(&l->gate);
	pool_free(l->writes);
	pool_free(l->reads);
	pool_free(l->relays);
	stream_hub_free(l->hub);
	readable_stop(l->handshakes);
	for (int i = 0; i < l->n_daemons; i++)
		if (l->daemons[i])
			MHD_stop_daemon(l->daemons[i]);
	readable_free(l->handshakes);
	pthread_rwlock_destroy(&l->gate);
	free(l->cert);
	free(l->key);
	free(l->ca);
	free(l);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/guest.h"
#include "serve/health.h"
#include "serve/streams.h"
#include "client/tls.h"
#include "object/status_reason.h"

#define IDLE_SECONDS 90
/* Of a connection: request line (a command may be long) and headers, and a piece of the reply; touched as it is used. */
#define POOL_BYTES (96 * 1024)
#define UPGRADED_BYTES                                                                                       \
	(32 * 1024) /* of them, for what an upgraded connection has on its way: a TLS record each way */
#define PIECE_BYTES (32 * 1024)
#define ACCEPTS_MAX 16 /* at a time */
#define ROUNDS_MAX 32  /* of the library, before others on the loop have their turn */
#define KEEPALIVE_SECONDS 60
#define API_SERVER_NAME                                                                                      \
	"kube-apiserver-kubelet-client" /* CN that clusters give the API server's client certificate */

struct server {
	struct server_config c;
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct buf cert, key, ca;
	int listening, port;
	struct loop_io accepts, polls; /* the listening socket; the library's epoll */
	struct loop_timer again;
	struct places places;
	struct guests guests;
	struct streams streams;
	struct list requests;	/* those whose connection is suspended */
	struct place *arriving; /* until the library has taken it */
	struct err err;		/* of the start */
};

/* One request; freed when the library is through with it. */
struct request {
	struct server *sv;
	struct MHD_Connection *c;
	struct list link; /* in requests while suspended */
	bool suspended, gone;
	struct logs *logs;
	struct answer *answer;
	struct stream *stream;
	struct loop_io hangup; /* while suspended nobody else looks at the socket */
};

/* ---- who is it ---- */

static bool may_call(const char *cn, const char *o)
{
	return !strcmp(o, "system:masters") || !strcmp(cn, API_SERVER_NAME);
}

static bool name_allowed(gnutls_x509_crt_t crt)
{
	char cn[256] = "", o[256] = "";
	size_t n = sizeof(cn);
	(void)gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &n);
	for (unsigned i = 0; i < 16; i++) {
		n = sizeof(o);
		*o = '\0';
		int rc = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, i, 0, o, &n);
		if (may_call(cn, rc == 0 ? o : ""))
			return true;
		if (rc != 0)
			break;
	}
	return false;
}

/* 200, 401 (no certificate of ours) or 403 (one that is not allowed here). */
static unsigned authorize(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info ? info->tls_session : NULL;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned status = 0, n = 0;
	gnutls_x509_crt_t crt;
	if (!session || gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status)
		return MHD_HTTP_UNAUTHORIZED;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
	if (!chain || !n || gnutls_x509_crt_init(&crt) < 0)
		return MHD_HTTP_UNAUTHORIZED;
	bool ok = gnutls_x509_crt_import(crt, chain, GNUTLS_X509_FMT_DER) == 0 && name_allowed(crt);
	gnutls_x509_crt_deinit(crt);
	return ok ? MHD_HTTP_OK : MHD_HTTP_FORBIDDEN;
}

/* ---- replies ---- */

static enum MHD_Result send_reply(struct MHD_Connection *c, unsigned status, const char *type,
				  struct MHD_Response *r)
{
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *type,
			     const struct buf *body)
{
	return send_reply(
		c, status, type,
		MHD_create_response_from_buffer(body->len, (void *)buf_str(body), MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result reply_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, text);
	return reply(c, status, "text/plain; charset=utf-8", &b);
}

/* ---- waiting ---- */

static void drive_soon(void *arg)
{
	struct server *s = arg;
	loop_timer_set(s->loop, &s->again, loop_real_ns());
}

static void resume(struct request *rq)
{
	if (!rq->suspended)
		return;
	rq->suspended = false;
	list_del(&rq->link);
	loop_io_stop(&rq->hangup);
	MHD_resume_connection(rq->c);
	drive_soon(rq->sv);
}

static void on_hangup(void *arg, unsigned events)
{
	struct request *rq = arg;
	rq->gone = true;
	resume(rq);
}

static void suspend(struct request *rq)
{
	struct err ignored = ERR_INIT; /* then it is noticed when there is something to send */
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(rq->c, MHD_CONNECTION_INFO_CONNECTION_FD);
	int off = 0;
	/* The library corks a chunked reply: without this the last lines wait 200 ms for company. */
	(void)setsockopt(info->connect_fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	rq->suspended = true;
	list_push_back(&rq->sv->requests, &rq->link);
	rq->hangup.fn = on_hangup;
	rq->hangup.arg = rq;
	(void)loop_io_start(rq->sv->loop, &rq->hangup, info->connect_fd, LOOP_HANGUP, &ignored);
	MHD_suspend_connection(rq->c);
}

/* ---- logs ---- */

static void on_logs(void *arg)
{
	resume(arg);
}

static ssize_t read_logs(void *arg, uint64_t pos, char *out, size_t max)
{
	struct request *rq = arg;
	size_t n = logs_take(rq->logs, out, max);
	if (n)
		return (ssize_t)n;
	if (rq->gone || logs_error(rq->logs)->reason != REASON_NONE)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (logs_over(rq->logs))
		return MHD_CONTENT_READER_END_OF_STREAM;
	logs_ask(rq->logs);
	suspend(rq);
	return 0;
}

struct query_arg {
	struct logquery *q;
	struct err err;
};

static enum MHD_Result take_parameter(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct query_arg *qa = arg;
	return logquery_set(qa->q, key, value, clock_wall_ns(), &qa->err) < 0 ? MHD_NO : MHD_YES;
}

/* "NS/POD/CONTAINER" in place. */
static bool split(char *path, const char *part[3])
{
	for (int i = 0; i < 3; i++) {
		char *slash = strchr(path, '/');
		part[i] = path;
		if (!*path || (i < 2) != (slash != NULL))
			return false;
		if (slash) {
			*slash = '\0';
			path = slash + 1;
		}
	}
	return *part[1] && *part[2];
}

static enum MHD_Result reply_error(struct MHD_Connection *c, const struct err *err)
{
	return reply_text(c, (unsigned)status_reason_code(err->reason), err->msg);
}

static enum MHD_Result stream_logs(struct request *rq)
{
	return send_reply(
		rq->c, MHD_HTTP_OK, "text/plain",
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, read_logs, rq, NULL));
}

/* The first piece is waited for: what cannot be read is a status, not a stream that breaks. */
static enum MHD_Result begin_logs(struct request *rq, const char *rest)
{
	autofree char *path = mem_strdup(rest);
	const char *part[3];
	struct logquery q;
	struct query_arg qa = {.q = &q};
	if (!split(path, part))
		return reply_text(rq->c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
	logquery_init(&q);
	MHD_get_connection_values(rq->c, MHD_GET_ARGUMENT_KIND, take_parameter, &qa);
	if (qa.err.reason == REASON_NONE)
		rq->logs = logs_open(&rq->sv->c.source, part[0], part[1], part[2], &q, on_logs, rq, &qa.err);
	if (!rq->logs)
		return reply_error(rq->c, &qa.err);
	/* Who follows a container that says nothing wants to hear at once that there is nothing yet. */
	if (q.follow)
		return stream_logs(rq);
	logs_ask(rq->logs);
	suspend(rq);
	return MHD_YES;
}

static enum MHD_Result serve_logs(struct request *rq, const char *rest)
{
	if (rq->gone)
		return MHD_NO;
	if (!rq->logs)
		return begin_logs(rq, rest);
	if (logs_error(rq->logs)->reason != REASON_NONE)
		return reply_error(rq->c, logs_error(rq->logs));
	return stream_logs(rq);
}

/* ---- streams ---- */

static enum MHD_Result serve_exec(struct request *rq, const char *rest)
{
	return streams_serve(&rq->sv->streams, rq->c, STREAMS_EXEC, rest, &rq->stream);
}

static enum MHD_Result serve_attach(struct request *rq, const char *rest)
{
	return streams_serve(&rq->sv->streams, rq->c, STREAMS_ATTACH, rest, &rq->stream);
}

static enum MHD_Result serve_ports(struct request *rq, const char *rest)
{
	return streams_serve(&rq->sv->streams, rq->c, STREAMS_PORTS, rest, &rq->stream);
}

/* ---- the other pages ---- */

static enum MHD_Result serve_pods(struct request *rq, const char *rest)
{
	autobuf struct buf text = BUF_INIT;
	autojson js *list = rq->sv->c.pods(rq->sv->c.arg);
	js_write(&text, list);
	return reply(rq->c, MHD_HTTP_OK, "application/json", &text);
}

static enum MHD_Result serve_probes(struct request *rq, const char *rest)
{
	autobuf struct buf text = BUF_INIT;
	rq->sv->c.probes(rq->sv->c.arg, &text);
	return reply(rq->c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static void on_answer(void *arg)
{
	resume(arg);
}

static bool is_true(struct request *rq, const char *key)
{
	const char *v = MHD_lookup_connection_value(rq->c, MHD_GET_ARGUMENT_KIND, key);
	return v && !strcmp(v, "true");
}

/* One that takes a while. */
static enum MHD_Result serve_slow(struct request *rq, void (*make)(void *, struct answer *, bool),
				  bool option)
{
	struct answer *a = rq->answer;
	if (rq->gone)
		return MHD_NO;
	if (a)
		return reply(rq->c, (unsigned)a->status, a->type, &a->body);
	a = rq->answer = answer_new(on_answer, rq);
	suspend(rq);
	make(rq->sv->c.arg, a, option);
	return MHD_YES;
}

static enum MHD_Result serve_summary(struct request *rq, const char *rest)
{
	return serve_slow(rq, rq->sv->c.summary, is_true(rq, "only_cpu_and_memory"));
}

static enum MHD_Result serve_cadvisor(struct request *rq, const char *rest)
{
	return serve_slow(rq, rq->sv->c.cadvisor, false);
}

static enum MHD_Result serve_usage(struct request *rq, const char *rest)
{
	return serve_slow(rq, rq->sv->c.usage, false);
}

static enum MHD_Result serve_running(struct request *rq, const char *rest)
{
	autobuf struct buf text = BUF_INIT;
	autojson js *list = rq->sv->c.running_pods(rq->sv->c.arg);
	js_write(&text, list);
	return reply(rq->c, MHD_HTTP_OK, "application/json", &text);
}

static enum MHD_Result serve_page(struct MHD_Connection *c, const char *path)
{
	autobuf struct buf body = BUF_INIT;
	const char *type;
	int status;
	if (!health_page(path, "", &body, &status, &type))
		return reply_text(c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
	return reply(c, (unsigned)status, type, &body);
}

static enum MHD_Result serve_metrics(struct request *rq, const char *rest)
{
	return serve_page(rq->c, "/metrics");
}

static enum MHD_Result serve_configz(struct request *rq, const char *rest)
{
	return serve_page(rq->c, "/configz");
}

static enum MHD_Result serve_healthz(struct request *rq, const char *rest)
{
	return serve_page(rq->c, "/healthz");
}

/* ---- routes ---- */

static const struct route {
	const char *path;
	bool prefix; /* the handler gets what follows */
	bool open;   /* to everybody */
	bool posted; /* POST is as good as GET */
	enum MHD_Result (*handle)(struct request *rq, const char *rest);
} routes[] = {
	{.path = "/containerLogs/", .prefix = true, .handle = serve_logs},
	{.path = "/exec/", .prefix = true, .posted = true, .handle = serve_exec},
	{.path = "/attach/", .prefix = true, .posted = true, .handle = serve_attach},
	{.path = "/portForward/", .prefix = true, .posted = true, .handle = serve_ports},
	{.path = "/pods", .handle = serve_pods},
	{.path = "/metrics", .handle = serve_metrics},
	{.path = "/metrics/resource", .handle = serve_usage},
	{.path = "/metrics/probes", .handle = serve_probes},
	{.path = "/metrics/cadvisor", .handle = serve_cadvisor},
	{.path = "/runningpods/", .handle = serve_running},
	{.path = "/stats/summary", .posted = true, .handle = serve_summary},
	{.path = "/healthz", .open = true, .handle = serve_healthz},
	{.path = "/configz", .handle = serve_configz},
};

static bool method_fits(const struct route *r, const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD) ||
	       (r->posted && !strcmp(method, MHD_HTTP_METHOD_POST));
}

static struct place *place_of(struct MHD_Connection *c)
{
	return guest_place(MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
}

static enum MHD_Result serve(struct request *rq, const char *url, const char *method)
{
	struct MHD_Connection *c = rq->c;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];
		size_t n = strlen(r->path);
		if (strncmp(url, r->path, n) != 0 || (!r->prefix && url[n]))
			continue;
		unsigned status = r->open ? MHD_HTTP_OK : authorize(c);
		if (status != MHD_HTTP_OK)
			return reply_text(c, status,
					  status == MHD_HTTP_FORBIDDEN ? "Forbidden" : "Unauthorized");
		if (!r->open && !places_know(place_of(c)))
			return reply_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many connections\n");
		if (!method_fits(r, method))
			return reply_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "405: Method Not Allowed");
		return r->handle(rq, url + n);
	}
	return reply_text(c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **state)
{
	struct request *rq = *state;
	if (!rq) { /* headers only: the reply waits until the request is whole */
		*state = rq = MEM_NEW(struct request);
		rq->sv = arg;
		rq->c = c;
		return MHD_YES;
	}
	if (*upload_size) { /* nobody here takes a body */
		*upload_size = 0;
		return MHD_YES;
	}
	return serve(rq, url, method);
}

static void completed(void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
	struct request *rq = *state;
	if (!rq)
		return;
	*state = NULL;
	logs_close(rq->logs);
	answer_drop(rq->answer);
	streams_completed(rq->stream);
	free(rq);
}

/* ---- connections ---- */

/*
 * The library (0.9.75) gives all that is free of a connection's pool to the buffer of a reply's head, and then moves what goes
 * over an upgraded connection through what is left: four bytes at a time. It is linked statically, and asks here what is
 * free: some of it is kept back from the first who asks.
 */
struct MemoryPool;
size_t __real_MHD_pool_get_free(struct MemoryPool *pool);
size_t __wrap_MHD_pool_get_free(struct MemoryPool *pool);
size_t __wrap_MHD_pool_get_free(struct MemoryPool *pool)
{
	size_t n = __real_MHD_pool_get_free(pool);
	return n > UPGRADED_BYTES ? n - UPGRADED_BYTES : n;
}

/* The library never waits by itself: with a full batch of events it would wait again before it serves any of them. Of an
   upgraded connection it moves a piece at a time; a round of the loop for each of them would be a wait for each. One that was
   given back it closes in the run after the one that has moved its last piece, and does not ask for that run. */
static void drive(void *arg)
{
	struct server *s = arg;
	MHD_UNSIGNED_LONG_LONG ms;
	bool timed;
	int rounds = 0;
	bool looked = false, more;
	do {
		streams_reap(&s->streams);
		(void)MHD_run_wait(s->daemon, 0);
		timed = MHD_get_timeout(s->daemon, &ms) == MHD_YES;
		more = timed && !ms;
		if (!more && s->streams.leaving && !looked)
			looked = more = true;
	} while (more && ++rounds < ROUNDS_MAX);
	loop_timer_set(s->loop, &s->again, timed ? loop_real_ns() + (int64_t)ms * NS_PER_MS : CLOCK_NEVER);
}

static void on_polls(void *arg, unsigned events)
{
	drive(arg);
}

static void connection_notice(void *arg, struct MHD_Connection *c, void **context,
			      enum MHD_ConnectionNotificationCode code)
{
	struct server *s = arg;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = guest_enter(&s->guests, c, STEAL(s->arriving));
	else if (*context)
		guest_leave(STEAL(*(struct guest **)context));
}

/* Errors of a connection that is gone already are no news; those of the machine show in other places. */
static bool accept_one(struct server *s)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	int fd = accept4(s->listening, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK), yes = 1,
	    idle = KEEPALIVE_SECONDS;
	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	s->arriving = places_take(&s->places, fd, (struct sockaddr *)&from);
	(void)MHD_add_connection(s->daemon, fd, (struct sockaddr *)&from, n); /* closes fd when it fails */
	drive(s);
	if (s->arriving) /* it never was one */
		places_leave(STEAL(s->arriving));
	return true;
}

static void on_accepts(void *arg, unsigned events)
{
	for (int i = 0; i < ACCEPTS_MAX && accept_one(arg); i++)
		;
}

/* ---- life ---- */

static int own_certificate(struct server *s, const struct server_config *c, struct err *err)
{
	autobuf struct buf ca = BUF_INIT, ca_key = BUF_INIT;
	const char *ips[] = {c->node_ip, "127.0.0.1", NULL};
	const struct tls_cert_spec spec = {
		.common_name = "system:node", .ips = ips, .server = true, .days = 365};
	if (tls_make_ca("nodeagent", 365, &ca, &ca_key, err) < 0)
		return -1;
	return tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, &s->cert, &s->key, err);
}

static int read_keys(struct server *s, const struct server_config *c, struct err *err)
{
	enum { PEM_MAX = 1 << 20 };
	if (*c->client_ca_file && tls_read_file(c->client_ca_file, PEM_MAX, &s->ca, err) < 0)
		return -1;
	if (!*c->cert_file)
		return own_certificate(s, c, err);
	if (tls_read_file(c->cert_file, PEM_MAX, &s->cert, err) < 0)
		return -1;
	return tls_read_file(c->key_file, PEM_MAX, &s->key, err);
}

/* All addresses of both families; of IPv4 where there is no IPv6. */
static int listen_on(int port, int *ret_port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int off = 0, on = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool six = fd >= 0;
	if (!six)
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	socklen_t n = six ? sizeof(v6) : sizeof(v4);
	struct sockaddr *a = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (six)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a, n) == 0 && listen(fd, SOMAXCONN) == 0 && getsockname(fd, a, &n) == 0) {
		*ret_port = ntohs(six ? v6.sin6_port : v4.sin_port);
		return fd;
	}
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static struct MHD_Daemon *start_daemon(struct server *s)
{
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_HTTPS_MEM_TRUST, 0, s->ca.len ? (void *)buf_str(&s->ca) : NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	if (!s->ca.len)
		more[0].option = MHD_OPTION_END;
	return MHD_start_daemon(MHD_USE_TLS | MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
					MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE,
				0, NULL, NULL, handle, s, MHD_OPTION_HTTPS_MEM_CERT, buf_str(&s->cert),
				MHD_OPTION_HTTPS_MEM_KEY, buf_str(&s->key), MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)(2 * (PLACES_KNOWN + PLACES_STRANGERS)),
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
				MHD_OPTION_NOTIFY_COMPLETED, completed, s, MHD_OPTION_NOTIFY_CONNECTION,
				connection_notice, s, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static void join_loop(void *arg)
{
	struct server *s = arg;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	s->polls = (struct loop_io){.fn = on_polls, .arg = s};
	s->accepts = (struct loop_io){.fn = on_accepts, .arg = s};
	s->again = (struct loop_timer){.fn = drive, .arg = s, .real = true};
	if (loop_io_start(s->loop, &s->polls, info->epoll_fd, LOOP_READ, &s->err) == 0)
		(void)loop_io_start(s->loop, &s->accepts, s->listening, LOOP_READ, &s->err);
}

struct server *server_start(const struct server_config *c, struct err *err)
{
	struct server *s = MEM_NEW(struct server);
	s->c = *c;
	s->loop = c->source.loop;
	s->listening = -1;
	list_init(&s->requests);
	places_init(&s->places, s->loop);
	guests_init(&s->guests, s->loop, drive_soon, s);
	streams_init(&s->streams, &s->c.source, drive_soon, s);
	if (read_keys(s, c, err) < 0)
		goto fail;
	s->listening = listen_on(c->port, &s->port);
	if (s->listening < 0) {
		(void)err_errno(err, "cannot listen on port %d", c->port);
		goto fail;
	}
	if (!(s->daemon = start_daemon(s))) {
		(void)err_set(err, REASON_INTERNAL, "cannot serve: certificate and key do not fit");
		goto fail;
	}
	loop_finish(s->loop, join_loop, s);
	if (s->err.reason == REASON_NONE)
		return s;
	*err = s->err;
fail:
	server_stop(s);
	return NULL;
}

int server_port(const struct server *s)
{
	return s->port;
}

static void leave_loop(void *arg)
{
	struct server *s = arg;
	loop_io_stop(&s->accepts);
	loop_io_stop(&s->polls);
	loop_timer_set(s->loop, &s->again, CLOCK_NEVER);
	streams_hang_up(&s->streams);
	/* The library wants nobody suspended. */
	while (s->requests.next != &s->requests) {
		struct request *rq = list_entry(s->requests.next, struct request, link);
		rq->gone = true;
		resume(rq);
	}
	guests_wake(&s->guests);
	loop_timer_set(s->loop, &s->again, CLOCK_NEVER);
	MHD_stop_daemon(s->daemon);
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	if (s->daemon)
		loop_finish(s->loop, leave_loop, s);
	if (s->listening >= 0)
		close(s->listening);
	places_release(&s->places);
	buf_release(&s->cert);
	buf_release(&s->key);
	buf_release(&s->ca);
	free(s);
}

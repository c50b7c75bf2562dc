/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/health.h"
#include "client/tls.h"
#include "object/status_reason.h"

#define STACK_BYTES (256 * 1024)
#define IDLE_SECONDS 120
#define API_SERVER_NAME                                                                                      \
	"kube-apiserver-kubelet-client" /* CN that clusters give the API server's client certificate */

struct server {
	struct server_config c;
	struct MHD_Daemon *daemon;
	struct buf cert, key, ca;
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

/* ---- logs ---- */

struct stream {
	struct logs *logs;
	int socket;
	struct logquery q;
};

static ssize_t read_stream(void *arg, uint64_t pos, char *out, size_t max)
{
	struct stream *s = arg;
	size_t n = logs_read(s->logs, s->socket, out, max);
	return n ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *arg)
{
	struct stream *s = arg;
	logs_close(s->logs);
	free(s);
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

static enum MHD_Result serve_logs(struct server *sv, struct MHD_Connection *c, const char *rest)
{
	autofree char *path = mem_strdup(rest);
	const char *part[3];
	if (!split(path, part))
		return reply_text(c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
	struct stream *s = MEM_NEW(struct stream);
	struct query_arg qa = {.q = &s->q};
	logquery_init(&s->q);
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, take_parameter, &qa);
	if (qa.err.reason == REASON_NONE)
		s->logs = logs_open(&sv->c.source, part[0], part[1], part[2], &s->q, &qa.err);
	if (!s->logs) {
		free(s);
		return reply_text(c, (unsigned)status_reason_code(qa.err.reason), qa.err.msg);
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	s->socket = info ? info->connect_fd : -1;
	MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT,
				  0); /* a quiet container is not an idle client */
	return send_reply(
		c, MHD_HTTP_OK, "text/plain",
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024, read_stream, s, free_stream));
}

/* ---- the other pages ---- */

struct pods_arg {
	const struct server_config *c;
	struct buf text;
};

static void write_pods(void *arg)
{
	struct pods_arg *p = arg;
	autojson js *list = p->c->pods(p->c->arg);
	js_write(&p->text, list);
}

static enum MHD_Result serve_pods(struct server *sv, struct MHD_Connection *c, const char *rest)
{
	struct pods_arg p = {.c = &sv->c};
	if (!loop_call(sv->c.source.loop, write_pods, &p))
		return reply_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping\n");
	enum MHD_Result rc = reply(c, MHD_HTTP_OK, "application/json", &p.text);
	buf_release(&p.text);
	return rc;
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

static enum MHD_Result serve_metrics(struct server *sv, struct MHD_Connection *c, const char *rest)
{
	return serve_page(c, "/metrics");
}

static enum MHD_Result serve_healthz(struct server *sv, struct MHD_Connection *c, const char *rest)
{
	return serve_page(c, "/healthz");
}

/* ---- routes ---- */

static const struct route {
	const char *path;
	bool prefix; /* the handler gets what follows */
	bool open;   /* to everybody */
	enum MHD_Result (*handle)(struct server *, struct MHD_Connection *, const char *rest);
} routes[] = {
	{"/containerLogs/", true, false, serve_logs},
	{"/pods", false, false, serve_pods},
	{"/metrics", false, false, serve_metrics},
	{"/healthz", false, true, serve_healthz},
};

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **state)
{
	static int seen;
	struct server *sv = arg;
	if (!*state) { /* headers only: the reply waits until the request is whole */
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size) { /* nobody here takes a body */
		*upload_size = 0;
		return MHD_YES;
	}
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];
		size_t n = strlen(r->path);
		if (strncmp(url, r->path, n) != 0 || (!r->prefix && url[n]))
			continue;
		unsigned status = r->open ? MHD_HTTP_OK : authorize(c);
		if (status != MHD_HTTP_OK)
			return reply_text(c, status,
					  status == MHD_HTTP_FORBIDDEN ? "Forbidden" : "Unauthorized");
		if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
			return reply_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "405: Method Not Allowed");
		return r->handle(sv, c, url + n);
	}
	return reply_text(c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
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

struct server *server_start(const struct server_config *c, struct err *err)
{
	struct server *s = MEM_NEW(struct server);
	s->c = *c;
	if (read_keys(s, c, err) < 0)
		goto fail;
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_HTTPS_MEM_TRUST, 0, s->ca.len ? (void *)buf_str(&s->ca) : NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	if (!s->ca.len)
		more[0].option = MHD_OPTION_END;
	s->daemon = MHD_start_daemon(
		MHD_USE_TLS | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_ITC,
		(uint16_t)c->port, NULL, NULL, handle, s, MHD_OPTION_HTTPS_MEM_CERT, buf_str(&s->cert),
		MHD_OPTION_HTTPS_MEM_KEY, buf_str(&s->key), MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)SERVER_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	if (s->daemon)
		return s;
	(void)err_errno(err, "cannot listen on port %d", c->port);
fail:
	server_stop(s);
	return NULL;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	buf_release(&s->cert);
	buf_release(&s->key);
	buf_release(&s->ca);
	free(s);
}

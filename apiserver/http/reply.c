/* SPDX-License-Identifier: Apache-2.0 */
/* The header lines of a reply: ours, or those of another server whose answer it is. And how they leave with the body. */
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "http/http_internal.h"

#define AUDIT_ID "Audit-Id"
#define RECORD ((size_t)16384) /* TLS takes no more at once */

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

static void add_caching(struct MHD_Response *mr, const struct response *rs)
{
	char text[40];
	time_t year = (time_t)(clock_wall_ns() / NS_PER_S) + 365 * 24 * 3600;
	struct tm tm;
	static const char *const words[] = {[CACHING_NONE] = "no-cache, private",
					    [CACHING_PUBLIC] = "public",
					    [CACHING_IMMUTABLE] = "public, immutable"};
	MHD_add_response_header(mr, "Cache-Control", words[rs->caching]);
	if (rs->caching != CACHING_IMMUTABLE)
		return;
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&year, &tm));
	MHD_add_response_header(mr, "Expires", text);
}

/* An id for the access log and, as upstream's, for whoever answers for it: the client's own, if it has one. */
static void add_audit_id(struct MHD_Response *mr, const struct transfer *t)
{
	static const char digits[] = "0123456789abcdef";
	const char *given = MHD_lookup_connection_value(t->conn->mhd, MHD_HEADER_KIND, AUDIT_ID);
	char id[37];
	memcpy(id, t->conn->w->l->audit_id, 24);
	for (int i = 0; i < 12; i++)
		id[24 + i] = digits[t->x.rq.id >> (44 - 4 * i) & 15];
	id[36] = 0;
	MHD_add_response_header(mr, AUDIT_ID, given && *given ? given : id);
}

static void add_vary(struct MHD_Response *mr, bool accept, bool encoding)
{
	if (accept || encoding)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_VARY,
					!encoding ? "Accept"
					: accept  ? "Accept, Accept-Encoding"
						  : "Accept-Encoding");
}

/* Another server's, line by line. */
static void add_foreign(struct MHD_Response *mr, struct buf *lines)
{
	for (char *p = lines->p, *end; lines->len && (end = strstr(p, "\r\n")); p = end + 2) {
		char *colon = strchr(p, ':');
		*end = *colon = 0;
		MHD_add_response_header(mr, p, colon + 2);
	}
}

void reply_add_headers(struct MHD_Response *mr, struct transfer *t, bool gzip)
{
	struct response *rs = &t->x.rs;
	if (rs->foreign)
		add_foreign(mr, &rs->headers);
	else
		MHD_add_response_header(mr, "Content-Type",
					rs->content_type ? rs->content_type : "application/json");
	add_caching(mr, rs);
	add_audit_id(mr, t);
	add_warnings(mr, rs);
	if (rs->retry_after_s) {
		char text[16];
		snprintf(text, sizeof(text), "%d", rs->retry_after_s);
		MHD_add_response_header(mr, "Retry-After", text);
	}
	if (rs->flow) {
		MHD_add_response_header(mr, "X-Kubernetes-PF-FlowSchema-UID", rs->flow->schema_uid);
		MHD_add_response_header(mr, "X-Kubernetes-PF-PriorityLevel-UID", rs->flow->level_uid);
	}
	if (rs->etag)
		MHD_add_response_header(mr, "ETag", rs->etag);
	if (*rs->allow)
		MHD_add_response_header(mr, "Allow", rs->allow);
	add_vary(mr, rs->vary_accept, gzip);
	if (gzip)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (rs->nosniff)
		MHD_add_response_header(mr, "X-Content-Type-Options", "nosniff");
	if (rs->location)
		MHD_add_response_header(mr, "Location", rs->location);
	if (rs->close_connection || (rs->stream && rs->length > 0)) /* see is_forgotten() of transfer.c */
		MHD_add_response_header(mr, "Connection", "close");
	if (rs->status == 401)
		MHD_add_response_header(mr, "WWW-Authenticate", "Bearer");
}

/* ---- in one piece ---- */

/* The library may cork the socket before it finds that it takes nothing now, and counts on pushing what it writes then. */
static void uncork(struct conn *c)
{
	int off = 0;
	if (c->corked)
		setsockopt(c->io.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	c->corked = false;
}

/*
 * By TLS the library writes headers and body one after the other, which is two records to seal and to open, and two system
 * calls of its own around each. It is linked statically, and asks here: both go into one record, with as much of the body as
 * it takes. GnuTLS keeps what the socket does not take and goes on with that, whatever it is given next; the library hears
 * of it from its own function, which then has to do no more than that.
 */
ssize_t __real_MHD_send_hdr_and_body_(struct MHD_Connection *mhd, const char *head, size_t head_len,
				      bool never_push, const char *body, size_t body_len, bool complete);
ssize_t __wrap_MHD_send_hdr_and_body_(struct MHD_Connection *mhd, const char *head, size_t head_len,
				      bool never_push, const char *body, size_t body_len, bool complete);
ssize_t __wrap_MHD_send_hdr_and_body_(struct MHD_Connection *mhd, const char *head, size_t head_len,
				      bool never_push, const char *body, size_t body_len, bool complete)
{
	struct conn *c = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	char record[RECORD];
	if (body_len && head_len < RECORD) {
		size_t n = body_len < RECORD - head_len ? body_len : RECORD - head_len;
		memcpy(record, head, head_len);
		memcpy(record + head_len, body, n);
		uncork(c);
		ssize_t sent = gnutls_record_send(wire_tls(c), record, head_len + n);
		if (sent > 0)
			return sent;
		c->corked = true;
	}
	return __real_MHD_send_hdr_and_body_(mhd, head, head_len, never_push, body, body_len, complete);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The header lines of a reply: ours, or those of another server whose answer it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "http/http_internal.h"

#define AUDIT_ID "Audit-Id"

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
	if (rs->close_connection)
		MHD_add_response_header(mr, "Connection", "close");
	if (rs->status == 401)
		MHD_add_response_header(mr, "WWW-Authenticate", "Bearer");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses that are no row of request/status.h: the request was none yet, so they are written by hand. */
#include "http/refusal.h"

#include <gnutls/gnutls.h>
#include "base/mem.h"

static const struct refusal {
	unsigned status;
	const char *phrase, *reason, *message;
} refusals[] = {
	{400, "Bad Request", "BadRequest", "the request is malformed"},
	{413, "Content Too Large", "RequestEntityTooLarge", "the request is too large"},
	{414, "URI Too Long", "", "the request's URI is too long"},
	{429, "Too Many Requests", "TooManyRequests",
	 "too many requests with large headers, please try again later"},
	{431, "Request Header Fields Too Large", "", "the request's header fields are too large"},
	{500, "Internal Server Error", "InternalError", "the request cannot be processed"},
	{501, "Not Implemented", "", "the request's method or transfer coding is not implemented"},
	{505, "HTTP Version Not Supported", "", "the request's version of HTTP is not supported"},
};

static const struct refusal *refusal_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].status == status)
			return &refusals[i];
	return &refusals[0];
}

static void write_body(struct buf *b, const struct refusal *r)
{
	buf_addf(b,
		 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		 "\"message\":\"%s\",%s%s%s\"code\":%u}\n",
		 r->message, *r->reason ? "\"reason\":\"" : "", r->reason, *r->reason ? "\"," : "",
		 r->status);
}

void refusal_write(struct buf *b, unsigned status)
{
	write_body(b, refusal_of(status));
}

bool refusal_send(void *tls, unsigned status)
{
	autobuf struct buf body = BUF_INIT;
	autobuf struct buf b = BUF_INIT;
	const struct refusal *r = refusal_of(status);

	write_body(&body, r);
	buf_addf(&b,
		 "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
		 "Cache-Control: no-cache, private\r\nContent-Length: %zu\r\n\r\n%s",
		 r->status, r->phrase, body.len, buf_str(&body));
	bool sent = gnutls_record_send(tls, b.p, b.len) == (ssize_t)b.len;
	gnutls_bye(tls, GNUTLS_SHUT_WR);
	return sent;
}

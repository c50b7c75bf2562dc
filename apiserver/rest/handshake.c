/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream's watches use golang.org/x/net/websocket with its default handshake, so its refusals are those here: texts
 * behind which the connection is closed; who has no Origin is not let in; of subprotocols one may be offered, which is
 * taken whatever it is.
 */
#include "rest/handshake.h"

#include <string.h>
#include "serve/websocket.h"

static bool refuse(struct response *rs, int status, const char *why)
{
	response_clear(rs);
	rs->status = status;
	rs->content_type = "text/plain; charset=utf-8";
	rs->close_connection = true;
	buf_adds(&rs->body, why);
	return false;
}

/* url.ParseRequestURI: absolute, or a path. */
static bool is_uri(const char *s)
{
	size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return *s == '/' || (scheme && s[scheme] == ':' && s[scheme + 1]);
}

/* What is offered goes back as it came. */
static bool is_sayable(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			return false;
	return true;
}

static bool choose(const struct upgrade *u, struct buf *lines)
{
	struct upgrade_place at = {0};
	const char *p;
	size_t n, offers = 0;
	while ((u->used || !at.offer) && upgrade_next_offer(u, &at, &p, &n)) {
		if (offers++ || !is_sayable(p, n))
			return false;
		if (n)
			buf_addf(lines, "Sec-WebSocket-Protocol: %.*s\r\n", (int)n, p);
	}
	return true;
}

bool handshake_websocket(const struct request *rq, struct response *rs)
{
	const struct upgrade *u = rq->upgrade;
	autobuf struct buf lines = BUF_INIT;
	if (!*u->key)
		return refuse(rs, 400, "mismatch challenge/response");
	if (strcmp(u->version, "13"))
		return refuse(rs, 400, "missing or bad WebSocket Version");
	if (!*u->origin || !is_uri(u->origin))
		return refuse(rs, 403, "");
	buf_adds(&lines, "Sec-WebSocket-Accept: ");
	websocket_accept(&lines, u->key);
	buf_adds(&lines, "\r\n");
	if (!choose(u, &lines))
		return refuse(rs, 400, "");
	response_clear(rs);
	rs->status = 101;
	rs->upgrade = "websocket";
	buf_add(&rs->body, lines.p, lines.len);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream's watches use golang.org/x/net/websocket with its default handshake, so its refusals are those here: texts
 * behind which the connection is closed; who has no Origin is not let in; of subprotocols one may be offered, which is
 * taken whatever it is. What reads one stream out (apimachinery pkg/util/httpstream/wsstream) asks for no Origin and
 * takes the first subprotocol that it knows.
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

/* Of what the client offers, or of nothing offered, the first that is known. */
static const char *choose_known(const struct upgrade *u, const char *const *known)
{
	struct upgrade_place at = {0};
	const char *p;
	size_t n, offers = 0;
	while ((u->used || !at.offer) && upgrade_next_offer(u, &at, &p, &n)) {
		offers++;
		for (size_t i = 0; known[i]; i++)
			if (strlen(known[i]) == n && !memcmp(known[i], p, n))
				return known[i];
	}
	return offers ? NULL : "";
}

static bool check(const struct upgrade *u, struct response *rs)
{
	if (!*u->key)
		return refuse(rs, 400, "mismatch challenge/response");
	return strcmp(u->version, "13") == 0 || refuse(rs, 400, "missing or bad WebSocket Version");
}

static void accept_with(const struct upgrade *u, struct response *rs, const struct buf *protocol)
{
	response_clear(rs);
	rs->status = 101;
	rs->upgrade = "websocket";
	buf_adds(&rs->body, "Sec-WebSocket-Accept: ");
	websocket_accept(&rs->body, u->key);
	buf_adds(&rs->body, "\r\n");
	buf_add(&rs->body, protocol->p, protocol->len);
}

bool handshake_websocket(const struct request *rq, struct response *rs)
{
	const struct upgrade *u = rq->upgrade;
	autobuf struct buf protocol = BUF_INIT;
	if (!check(u, rs))
		return false;
	if (!*u->origin || !is_uri(u->origin))
		return refuse(rs, 403, "");
	if (!choose(u, &protocol))
		return refuse(rs, 400, "");
	accept_with(u, rs, &protocol);
	return true;
}

bool handshake_one_of(const struct request *rq, struct response *rs, const char *const *known,
		      const char **ret)
{
	const struct upgrade *u = rq->upgrade;
	autobuf struct buf protocol = BUF_INIT;
	if (!check(u, rs))
		return false;
	*ret = choose_known(u, known);
	if (!*ret)
		return refuse(rs, 403, "");
	if (**ret)
		buf_addf(&protocol, "Sec-WebSocket-Protocol: %s\r\n", *ret);
	accept_with(u, rs, &protocol);
	return true;
}

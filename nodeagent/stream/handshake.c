/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/handshake.h"

#include <string.h>

/* In the order in which they are named to a client whose own are all unknown. The first of the client's counts. */
static const struct protocol {
	const char *name;
	bool websocket;
	unsigned uses;
	enum mux_form form;
	int version;
} protocols[] = {
	{"v4.channel.k8s.io", false, HANDSHAKE_COMMAND, MUX_SPDY, 4},
	{"v3.channel.k8s.io", false, HANDSHAKE_COMMAND, MUX_SPDY, 3},
	{"v2.channel.k8s.io", false, HANDSHAKE_COMMAND, MUX_SPDY, 2},
	{"channel.k8s.io", false, HANDSHAKE_COMMAND, MUX_SPDY, 1},
	{"portforward.k8s.io", false, HANDSHAKE_PORTS, MUX_SPDY, 1},
	{"v5.channel.k8s.io", true, HANDSHAKE_COMMAND, MUX_BINARY, 5},
	{"v4.channel.k8s.io", true, HANDSHAKE_COMMAND | HANDSHAKE_PORTS, MUX_BINARY, 4},
	{"v4.base64.channel.k8s.io", true, HANDSHAKE_COMMAND | HANDSHAKE_PORTS, MUX_BASE64, 4},
	{"channel.k8s.io", true, HANDSHAKE_COMMAND, MUX_BINARY, 1},
	{"base64.channel.k8s.io", true, HANDSHAKE_COMMAND, MUX_BASE64, 1},
	{"SPDY/3.1+portforward.k8s.io", true, HANDSHAKE_PORTS, MUX_TUNNEL, 1},
	{"", true, HANDSHAKE_COMMAND | HANDSHAKE_PORTS, MUX_BINARY, 1},
};

static void add(const char *list[], size_t *n, const char *value)
{
	if (*n < HANDSHAKE_OFFERS)
		list[(*n)++] = value;
}

void handshake_take(struct handshake *h, const char *name, const char *value)
{
	if (!strcasecmp(name, "Upgrade"))
		h->upgrade = value;
	else if (!strcasecmp(name, "Connection"))
		h->connection = h->connection && strcasestr(h->connection, "upgrade") ? h->connection : value;
	else if (!strcasecmp(name, "Sec-WebSocket-Key"))
		h->key = value;
	else if (!strcasecmp(name, "X-Stream-Protocol-Version"))
		add(h->spdy, &h->n_spdy, value);
	else if (!strcasecmp(name, "Sec-WebSocket-Protocol"))
		add(h->websocket, &h->n_websocket, value);
}

static bool asks(const struct handshake *h)
{
	return h->upgrade && h->connection && strcasestr(h->connection, "upgrade");
}

bool handshake_is_websocket(const struct handshake *h)
{
	return asks(h) && !strcasecmp(h->upgrade, "websocket");
}

static const struct protocol *find(const char *name, size_t n, bool websocket, enum handshake_use use)
{
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		const struct protocol *p = &protocols[i];
		if (p->websocket == websocket && (p->uses & use) && strlen(p->name) == n &&
		    !memcmp(p->name, name, n))
			return p;
	}
	return NULL;
}

/* The first that both know; *any: the client has named one. */
static const struct protocol *first_known(const char *const *offers, size_t n, bool websocket,
					  enum handshake_use use, bool *any)
{
	for (size_t i = 0; i < n; i++)
		for (const char *p = offers[i]; *p; p += strspn(p, ", ")) {
			p += strspn(p, ", ");
			size_t len = strcspn(p, ", ");
			const struct protocol *known = len ? find(p, len, websocket, use) : NULL;
			*any |= len > 0;
			if (known)
				return known;
			p += len;
		}
	return NULL;
}

static void name_accepted(enum handshake_use use, const char *accepted[])
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (!protocols[i].websocket && (protocols[i].uses & use))
			accepted[n++] = protocols[i].name;
	accepted[n] = NULL;
}

static int refuse(enum handshake_use use, const char *accepted[], struct err *err)
{
	name_accepted(use, accepted);
	(void)err_set(err, REASON_FORBIDDEN, "unable to upgrade: unable to negotiate protocol");
	return 403;
}

int handshake_choose(const struct handshake *h, enum handshake_use use, struct handshake_choice *ret,
		     const char *accepted[], struct err *err)
{
	bool websocket = handshake_is_websocket(h), any = false;
	accepted[0] = NULL;
	if (!asks(h)) {
		(void)err_set(err, REASON_BAD_REQUEST, "Upgrade request required");
		return 400;
	}
	if (!websocket && !strcasestr(h->upgrade, "SPDY/3.1")) {
		(void)err_set(err, REASON_BAD_REQUEST,
			      "unable to upgrade: missing upgrade headers in request");
		return 400;
	}
	if (websocket && !h->key) {
		(void)err_set(err, REASON_BAD_REQUEST, "unable to upgrade: Sec-WebSocket-Key is required");
		return 400;
	}
	const struct protocol *p = first_known(websocket ? h->websocket : h->spdy,
					       websocket ? h->n_websocket : h->n_spdy, websocket, use, &any);
	if (!p && !any && !websocket) {
		(void)err_set(err, REASON_BAD_REQUEST,
			      "unable to upgrade: X-Stream-Protocol-Version is required");
		return 400;
	}
	if (!p && !any)
		p = find("", 0, true, use);
	if (!p)
		return refuse(use, accepted, err);
	*ret = (struct handshake_choice){.form = p->form, .version = p->version, .protocol = p->name};
	return 101;
}

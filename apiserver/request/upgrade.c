/* SPDX-License-Identifier: Apache-2.0 */
/* As kubernetes/apimachinery pkg/util/httpstream and its wsstream tell such a request from others. */
#include "request/upgrade.h"

#include <string.h>
#include "base/base64.h"
#include "base/mem.h"

struct upgrade *upgrade_new(void)
{
	struct upgrade *u = MEM_NEW(struct upgrade);

	u->protocol = u->key = u->version = u->origin = "";
	return u;
}

void upgrade_take(struct upgrade *u, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **into;
	} wanted[] = {{"Upgrade", &u->protocol},
		      {"Sec-WebSocket-Key", &u->key},
		      {"Sec-WebSocket-Version", &u->version},
		      {"Origin", &u->origin}};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!strcasecmp(name, wanted[i].name) && !**wanted[i].into)
			*wanted[i].into = value;
	if (!strcasecmp(name, "Connection"))
		u->connection |= strcasestr(value, "upgrade") != NULL;
	if (!strcasecmp(name, "Sec-WebSocket-Protocol") && u->n_offers < UPGRADE_MAX_OFFERS)
		u->offers[u->n_offers++] = value;
}

bool upgrade_is_websocket(const struct upgrade *u)
{
	return u && u->connection && !strcasecmp(u->protocol, "websocket");
}

/* Of any kind. */
static bool next(const struct upgrade *u, struct upgrade_place *at, const char **p, size_t *n)
{
	if (at->offer >= u->n_offers)
		return false;
	const char *text = u->offers[at->offer] + at->off;
	size_t len = strcspn(text, ",");

	if (text[len]) {
		at->off += len + 1;
	} else {
		at->offer++;
		at->off = 0;
	}
	while (len && (*text == ' ' || *text == '\t'))
		text++, len--;
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	*p = text;
	*n = len;
	return true;
}

bool upgrade_next_offer(const struct upgrade *u, struct upgrade_place *at, const char **p, size_t *n)
{
	while (next(u, at, p, n))
		if (*p != u->used)
			return true;
	return false;
}

/* kubernetes/apiserver pkg/authentication/request/websocket */
int upgrade_token(const struct upgrade *u, struct buf *out, const char **used)
{
	static const char prefix[] = "base64url.bearer.authorization.k8s.io.";
	struct upgrade_place at = {0};
	struct err ignore = ERR_INIT;
	const char *p, *token = NULL;
	size_t n, token_len = 0, others = 0;

	while (next(u, &at, &p, &n)) {
		if (n < sizeof(prefix) - 1 || strncmp(p, prefix, sizeof(prefix) - 1) != 0) {
			others++;
			continue;
		}
		if (token)
			return -1;
		token = p;
		token_len = n;
	}
	if (!token)
		return 0;
	size_t skip = sizeof(prefix) - 1;
	if (memchr(token, '=', token_len) ||
	    base64url_decode(out, token + skip, token_len - skip, &ignore) < 0 ||
	    strlen(buf_str(out)) != out->len)
		return -1;
	if (!out->len)
		return 0;
	*used = token;
	return others ? 1 : -1;
}

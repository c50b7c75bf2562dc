/* SPDX-License-Identifier: Apache-2.0 */
/* The order of authenticators, as upstream's union: certificate, bearer token, the one among a WebSocket's subprotocols;
 * anonymous only when none was shown. */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "client/tls.h"

#define TOKEN_FILE_MAX (4 << 20)

struct auth {
	struct tokens *tokens; /* NULL = none */
};

struct auth *auth_new(const char *token_file, struct err *err)
{
	struct tokens *tokens = NULL;
	if (token_file && *token_file) {
		autobuf struct buf text = BUF_INIT;
		if (tls_read_file(token_file, TOKEN_FILE_MAX, &text, err) < 0)
			return NULL;
		tokens = tokens_parse(buf_str(&text), text.len, err);
		if (!tokens) {
			err_wrap(err, "%s", token_file);
			return NULL;
		}
	}
	struct auth *a = MEM_NEW(struct auth);
	a->tokens = tokens;
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	tokens_free(a->tokens);
	free(a);
}

const struct user *auth_token(const struct auth *a, const char *token)
{
	return tokens_find(a->tokens, token);
}

/* The token of `Authorization: Bearer TOKEN`, or NULL. */
static const char *bearer(const char *authorization)
{
	if (strncasecmp(authorization, "bearer ", 7))
		return NULL;
	const char *token = authorization + 7;
	while (*token == ' ')
		token++;
	return *token ? token : NULL;
}

/* 1: that is who it is, 0: nothing was said, -1: nobody knows it. */
static int by_subprotocol(const struct auth *a, struct request *rq)
{
	autobuf struct buf token = BUF_INIT;
	const char *used = NULL;
	if (!upgrade_is_websocket(rq->upgrade))
		return 0;
	int rc = upgrade_token(rq->upgrade, &token, &used);
	if (rc <= 0)
		return rc;
	const struct user *u = tokens_find(a->tokens, buf_str(&token));
	if (!u)
		return -1;
	rq->user = *u;
	rq->upgrade->used = used;
	return 1;
}

int auth_identify(const struct auth *a, struct request *rq, struct err *err)
{
	static const char *const nobody[] = {"system:unauthenticated", NULL};
	const char *token = bearer(rq->authorization);
	const struct peer *peer = rq->peer;
	if (peer && peer->name && !peer->error) {
		rq->user = (struct user){
			.name = peer->name, .uid = "", .groups = (const char *const *)peer->groups};
		return 0;
	}
	if (token) {
		const struct user *u = tokens_find(a->tokens, token);
		if (u) {
			rq->user = *u;
			return 0;
		}
	}
	int hidden = by_subprotocol(a, rq);
	if (hidden > 0)
		return 0;
	if (token || hidden < 0 || (peer && peer->error))
		return err_set(err, REASON_UNAUTHORIZED, "Unauthorized");
	rq->user = (struct user){.name = "system:anonymous", .uid = "", .groups = nobody};
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who are you, and may you. Authentication: a verified client certificate, else a bearer token, else
 * anonymous; credentials that were shown and are wrong end in 401, they do not fall through. Authorization:
 * system:masters may do everything; others only what the table in authz.c gives to everybody.
 *
 * A struct auth is immutable after loading. Any thread.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "request/peers.h"

struct auth;
/* token_file: upstream's CSV (token,user,uid,"group1,group2"); NULL or "" = none. */
struct auth *auth_new(const char *token_file, struct err *err) MUST_CHECK;
void auth_free(struct auth *a);

/* Fills rq->user (parts live as long as the connection or a). REASON_UNAUTHORIZED. */
int auth_identify(const struct auth *a, struct request *rq, struct err *err) MUST_CHECK;
/* rq->user becomes who its headers name, if it may: REASON_FORBIDDEN is about *ret_attr, which borrows from rq;
   REASON_INTERNAL: they name none, which upstream answers without a Status. */
int auth_impersonate(struct request *rq, struct attributes *ret_attr, struct err *err) MUST_CHECK;
/* Frees what belongs to the request alone; rq->user is who sent it again. */
void auth_forget(struct request *rq);
/* Whether a->user may do it. REASON_FORBIDDEN with upstream's wording. */
int auth_permit(const struct attributes *a, struct err *err) MUST_CHECK;

/* Whose bearer token it is; NULL: nobody's. */
const struct user *auth_token(const struct auth *a, const char *token);
/* What u may do, as a list for people: words of objects, or paths. Lists end with NULL; those that say nothing are NULL. */
struct auth_rule {
	const char *const *verbs, *const *groups, *const *resources, *const *paths;
};
void auth_rules(const struct user *u, void (*each)(void *arg, const struct auth_rule *r), void *arg);

/* auth/token.c */
struct tokens;
struct tokens *tokens_parse(const char *text, size_t n, struct err *err) MUST_CHECK;
const struct user *tokens_find(const struct tokens *t, const char *token); /* NULL: unknown */
void tokens_free(struct tokens *t);

/* auth/x509.c */
/* `tls` is the gnutls_session_t of a finished handshake, `known` those of the same client CA who came before. */
void x509_read(struct peers *known, struct peer *p, void *tls);

#endif

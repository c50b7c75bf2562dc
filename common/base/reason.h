/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of failure reasons, as the API names them.
 *
 * X(id, HTTP code, name): the apiserver writes a Status from a row, the REST client parses a Status back into
 * the same row, so a controller can ask `err.reason == REASON_CONFLICT`. Names and codes are those of
 * metav1.StatusReason (kubernetes/apimachinery pkg/apis/meta/v1/types.go). Rows with code 0 never travel.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#define REASON_LIST(X)                                                                                       \
	X(UNKNOWN, 500, "")                                                                                  \
	X(BAD_REQUEST, 400, "BadRequest")                                                                    \
	X(UNAUTHORIZED, 401, "Unauthorized")                                                                 \
	X(FORBIDDEN, 403, "Forbidden")                                                                       \
	X(NOT_FOUND, 404, "NotFound")                                                                        \
	X(METHOD_NOT_ALLOWED, 405, "MethodNotAllowed")                                                       \
	X(NOT_ACCEPTABLE, 406, "NotAcceptable")                                                              \
	X(ALREADY_EXISTS, 409, "AlreadyExists")                                                              \
	X(CONFLICT, 409, "Conflict")                                                                         \
	X(GONE, 410, "Gone")                                                                                 \
	X(EXPIRED, 410, "Expired")                                                                           \
	X(TOO_LARGE, 413, "RequestEntityTooLarge")                                                           \
	X(UNSUPPORTED_MEDIA_TYPE, 415, "UnsupportedMediaType")                                               \
	X(INVALID, 422, "Invalid")                                                                           \
	X(TOO_MANY_REQUESTS, 429, "TooManyRequests")                                                         \
	X(INTERNAL, 500, "InternalError")                                                                    \
	X(SERVER_TIMEOUT, 500, "ServerTimeout")                                                              \
	X(UNAVAILABLE, 503, "ServiceUnavailable")                                                            \
	X(TIMEOUT, 504, "Timeout")                                                                           \
	X(NAMESPACE_TERMINATING, 0, "NamespaceTerminating") /* Forbidden, as the client reads that cause */  \
	X(CANCELED, 0, "Canceled")			    /* the caller itself gave up (shutdown) */       \
	X(IO, 0, "IO")					    /* local: file, socket, process */

enum reason {
	REASON_NONE,
#define X(id, code, name) REASON_##id,
	REASON_LIST(X)
#undef X
		REASON_COUNT,
};

/* "NotFound"; "" for REASON_UNKNOWN. */
const char *reason_name(enum reason r);
/* 404; 500 for what has no code. */
int reason_code(enum reason r);
/* The inverse of reason_name; REASON_UNKNOWN when no row matches. */
enum reason reason_parse(const char *name);
/* The reason a bare HTTP status stands for when no Status body came with it. */
enum reason reason_from_code(int http_code);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are values: one struct on the caller's stack, nothing to free.
 *
 * A fallible function takes `struct err *err` as its last parameter, returns 0 or -1 (or a pointer or NULL), and
 * writes *err only on failure. err may not be NULL. Set-and-return is one expression:
 *
 *	return err_set(err, REASON_NOT_FOUND, "pods \"%s\" not found", name);
 *
 * Library code never logs an error that it returns; the loop that decides what happens next logs it once.
 * A broken invariant is assert(); bad input never is. Any thread; a struct err belongs to its stack.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/*
 * What kind of failure it is, for whoever has to decide what to do next: a message is for people. How the API
 * spells these and which HTTP codes they have is object/status_reason.h's.
 */
enum reason {
	REASON_NONE,
	REASON_UNKNOWN,
	REASON_BAD_REQUEST, /* it makes no sense */
	REASON_UNAUTHORIZED,
	REASON_FORBIDDEN,
	REASON_NOT_FOUND,
	REASON_METHOD_NOT_ALLOWED,
	REASON_NOT_ACCEPTABLE,
	REASON_ALREADY_EXISTS,
	REASON_CONFLICT, /* it changed since it was read */
	REASON_GONE,
	REASON_EXPIRED, /* too old to go on from: start over */
	REASON_TOO_LARGE,
	REASON_UNSUPPORTED_MEDIA_TYPE,
	REASON_INVALID, /* understood, and against the rules */
	REASON_TOO_MANY_REQUESTS,
	REASON_INTERNAL,
	REASON_SERVER_TIMEOUT,
	REASON_UNAVAILABLE, /* nobody there, or not yet */
	REASON_TIMEOUT,
	REASON_ENDING,	 /* forbidden because the place for it is being removed */
	REASON_CANCELED, /* the caller itself gave up (shutdown) */
	REASON_IO,	 /* local: file, socket, process */
	REASON_COUNT,
};

/* Long enough for upstream's longest one-line messages; a longer one is cut, which is harmless. */
#define ERR_MSG_MAX 512

struct err {
	enum reason reason;
	char msg[ERR_MSG_MAX];
};

#define ERR_INIT                                                                                             \
	{                                                                                                    \
		.reason = REASON_NONE                                                                        \
	}

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* The three below are -1 as expressions, so that the compiler sees that a failure path fails. */
/* Sets *err. */
#define err_set(...) (err_set_text(__VA_ARGS__), -1)
void err_set_text(struct err *err, enum reason r, const char *fmt, ...) PRINTF(3, 4);
/* As err_set with REASON_IO, appending ": " and strerror(errno). */
#define err_errno(...) (err_errno_text(__VA_ARGS__), -1)
void err_errno_text(struct err *err, const char *fmt, ...) PRINTF(2, 3);
/* Puts "CONTEXT: " before the message, keeps the reason. */
#define err_wrap(...) (err_wrap_text(__VA_ARGS__), -1)
void err_wrap_text(struct err *err, const char *fmt, ...) PRINTF(2, 3);

#endif

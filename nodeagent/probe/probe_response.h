/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a GET, HTTP/1.1 or 1.0, taken byte by byte as they come: status, Location, and the first bytes of the body.
 * Lines and heads are bounded. Pure; the words of errors are those of Go's net/http.
 */
#ifndef PROBE_PROBE_RESPONSE_H
#define PROBE_PROBE_RESPONSE_H

#include "base/buf.h"

#define PROBE_HEAD_MAX 1048576

enum probe_response_state {
	RESPONSE_STATUS_LINE,
	RESPONSE_HEADERS,
	RESPONSE_BODY, /* of a known length, or until the end of the connection */
	RESPONSE_CHUNK_LINE,
	RESPONSE_CHUNK,
	RESPONSE_CHUNK_END,
	RESPONSE_DONE, /* or as much of the body is there as was wanted */
	RESPONSE_BAD,
};
struct probe_response {
	enum probe_response_state state;
	int status;
	char *location; /* NULL = none */
	struct buf body;
	size_t body_max;

	struct buf line;
	size_t head; /* bytes so far */
	uint64_t left;
	bool chunked, sized, started;
	char what[160]; /* RESPONSE_BAD */
};
void probe_response_init(struct probe_response *r, size_t body_max);
void probe_response_release(struct probe_response *r);
/* The head is complete: status and location are known. */
bool probe_response_headed(const struct probe_response *r);
/* Further bytes. False once it is over, good or bad; after what is a redirect, ask for the head first. */
bool probe_response_take(struct probe_response *r, const char *p, size_t n);
/* The connection has ended. */
void probe_response_end(struct probe_response *r);

#endif

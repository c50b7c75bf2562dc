/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request becomes: bytes of its own, bytes that are shared with others (a stored object, a document
 * made at start-up), or a stream that produces bytes until it ends (watch, log follow, a long list). Whose
 * shared bytes are is told by their release function alone, so this room knows no store.
 */
#ifndef REQUEST_RESPONSE_H
#define REQUEST_RESPONSE_H

#include <stdatomic.h>
#include <stdint.h>
#include "base/buf.h"

/* Who reads a stream, for its source. */
struct response_waker {
	void (*wake)(struct response_waker *w); /* any thread, never blocks */
};

struct response_stream {
	/* Fills at most `max` bytes (at least 16 KiB). > 0: so many; 0: nothing now, call again after
	   response_wake or at wake_at_ns; -1: the end; -2: it broke off before that. Runs on a network thread,
	   one at a time, must not block. */
	long (*read)(void *arg, char *p, size_t max);
	/* Always called once, when the client is gone or the stream ended; frees arg (which usually embeds
	   this struct). Nobody may call response_wake once it has returned. */
	void (*close)(void *arg);
	/* Of an upgraded connection, else NULL: n > 0 bytes that the client has sent. Returns how many of them it takes;
	   the rest, and what comes behind, is offered again after response_wake. -1: the connection is of no more use.
	   As read; never while that runs. */
	long (*take)(void *arg, const char *p, size_t n);
	void *arg;
	struct response_waker *
		wake; /* set before read is first called: pass to response_wake. Sources that start earlier look
		       at it under the lock that guards their data */
	int64_t wake_at_ns; /* monotonic; read may move it; 0 = never */
};

struct shared_bytes {
	const char *p; /* NULL = none */
	size_t n;
	void (*release)(void *arg); /* NULL: they outlive the listener */
	void *arg;
};
void response_release_shared(struct shared_bytes *b);

/* What a request was classified as: the UIDs of a FlowSchema and of its priority level. Counted, shared by many. */
struct response_flow {
	atomic_uint refs;
	char schema_uid[64], level_uid[64];
};
struct response_flow *response_flow_new(const char *schema_uid, const char *level_uid);
struct response_flow *response_flow_ref(struct response_flow *f);
void response_flow_unref(struct response_flow *f); /* NULL is fine */

#define RESPONSE_MAX_WARNINGS 160
struct response {
	int status;
	bool is_status;		  /* the body is a Status in compact JSON */
	const char *content_type; /* static or content_type_buf; NULL = application/json */
	char content_type_buf[128];
	struct buf body;
	struct shared_bytes shared;	/* instead of body */
	struct response_stream *stream; /* owned via close(); NULL = none */
	/* The connection becomes this (`websocket`), and is the stream's, in both directions; `body` has the lines of
	   the 101's header that say more; "": it says what the connection becomes, too. Static, NULL = stays HTTP. */
	const char *upgrade;
	/* It is another server's answer: `headers` are the lines of its head, and none of ours describes the body. */
	bool foreign;
	struct buf headers;
	int64_t length; /* of a foreign stream; 0 = not told */
	bool finite;	/* the stream has an end, and something to give until then: a list */
	/* headers */
	char **warnings; /* owned texts for `Warning: 299 - "…"`, NULL while there are none */
	size_t n_warnings;
	int retry_after_s;	    /* 0 = none */
	char *etag;		    /* with its quotes; owned, NULL = none */
	char allow[40];		    /* methods, for 405; "" = none */
	char *location;		    /* of a redirect; owned, NULL = none */
	struct response_flow *flow; /* owned, NULL = not told */
	bool vary_accept, close_connection;
	bool nosniff; /* it is text, whatever is in it */
	enum {
		CACHING_NONE,
		CACHING_PUBLIC,	  /* as long as the ETag is asked for */
		CACHING_IMMUTABLE /* the target names these very bytes: whoever has them need not ask again */
	} caching;
};
void response_release(struct response *rs);
/* The ETag of bytes with this hash. */
void response_tag(struct response *rs, const char *hash);
/* Forgets what the body would have been; headers stay. */
void response_clear(struct response *rs);
/* The bytes of the body, whichever form it has (not a stream). */
const char *response_bytes(const struct response *rs, size_t *ret_len);
/* What was said before is not said again; when it gets too long for headers, each one is cut. */
void response_warn(struct response *rs, const char *fmt, ...) PRINTF(2, 3);
/* A stream has something again; NULL: nobody reads it yet, and whoever begins to reads everything. Any thread,
   never blocks; not after its close(). */
void response_wake(struct response_waker *wake);

#endif

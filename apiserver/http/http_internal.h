/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the listener: its loops (wire.c), what speaks HTTP on them (engine.c), the requests on their
 * connections (transfer.c), start and stop (listener.c).
 */
#ifndef HTTP_HTTP_INTERNAL_H
#define HTTP_HTTP_INTERNAL_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include "base/list.h"
#include "http/limits.h"
#include "http/linger.h"
#include "http/connmem.h"
#include "http/stream.h"
#include "serve/transport.h"
#include "request/service.h"
#include "serve/crowd.h"

#define WIRES_MAX 16

struct wire;
struct engine;
struct listener {
	const struct service *service;
	struct wire *wires[WIRES_MAX];
	int n_wires, fd, port;
	size_t max; /* connections, at most */
	atomic_size_t body_bytes;
	atomic_size_t live, peak; /* connections; peak since memory was last given back */
	atomic_ullong next_id;
	char audit_id[25]; /* beginning of a UUID; a request's number is the rest */
	char *cert, *key, *ca;
};

/* Where a request stands. */
enum stage {
	STAGE_HEADERS, /* not judged yet */
	STAGE_BODY,    /* collecting */
	STAGE_DISCARD, /* refused: reading and dropping */
	STAGE_RUNNING, /* suspended, with the service */
	STAGE_ANSWER,  /* rs is filled */
	STAGE_STREAM,  /* suspended, with stream.c */
	STAGE_END,     /* the stream is over; reply_clean */
};

struct conn;
struct transfer {
	struct exchange x;
	struct conn *conn;
	struct transfer *next_done; /* on the wire's stack */
	enum stage stage;
	enum service_way way;
	bool active, replying, http11, reply_clean, counted_long, mutating;
	char *target; /* as it came; then what its query was decoded into */
	char *path;   /* decoded; then its segments */
	struct buf body;
	size_t body_charged, discarded;
	size_t size; /* of the reply's body */
};

/* A connection lives on one loop, from accept to the end. */
struct conn {
	struct wire *w;
	struct engine *engine; /* these two are NULL until its first byte has come */
	struct MHD_Connection *mhd;
	struct loop_io io;
	struct transport transport;
	struct limits_node limit;
	struct crowd_member stranger;
	struct peer peer;
	bool peer_known;
	bool waiting; /* suspended in its handshake, until there is something to read */
	bool linger;  /* the client may still be sending when the reply is out */
	bool corked;  /* libmicrohttpd may have done that to the socket, see reply.c */
	enum limit phase;
	struct MemoryPool *pool;
	size_t head,
		looked; /* of this request's line and headers, or since some body was taken: bytes read, bytes
			   that the library has looked at */
	char remote[INET6_ADDRSTRLEN];
	struct transfer t; /* one request at a time */
};

struct wire {
	struct listener *l;
	struct loop *loop;
	struct list engines;	  /* never none */
	struct loop_io accepting; /* the listening socket */
	struct loop_timer retry, drain;
	struct streams *streams;
	struct lingers *lingers;
	struct limits limits;
	struct crowd crowd;
	struct peers peers;
	atomic_size_t live; /* connections, those on their way here too */
	_Atomic(struct transfer *) done;
	bool driving, posted;

	bool closing, streams_over, drained;
	bool lent;	 /* for the last time: no more streams begin */
	size_t inside;	 /* requests with the service */
	size_t replying; /* the reply, or a stream's end, is not out yet */
};

/* wire.c. On the wire's loop, but for wire_start and wire_free. */
struct wire *wire_new(struct listener *l, struct err *err);
void wire_start(struct wire *w); /* accepts */
void wire_close(void *wire);	 /* accepts no more; sets `drained` when nothing is under way any more */
void wire_free(struct wire *w);	 /* its loop was joined */
void wire_look(struct wire *w);	 /* some engine has something to do */
void wire_drive(struct wire *w); /* and does it now: not for who is called by one */
void wire_kill(struct conn *c);
void wire_begun(struct conn *c, struct MHD_Connection *mhd); /* libmicrohttpd has it */
void wire_ended(struct conn *c);			     /* and no longer */
void wire_forget(
	struct conn *c); /* it never had it, or is done with it; the descriptor is somebody else's to close */
void wire_phase(struct conn *c, enum limit phase); /* LIMITS: no limit */

/* engine.c: libmicrohttpd's daemons of one loop, on that */
/* Another one, at first the only one. -1: it cannot be started. */
int engine_start(struct wire *w, struct err *err) MUST_CHECK;
void engine_stop_all(struct wire *w);
/* The connection becomes libmicrohttpd's, and its descriptor too. False: both are gone. */
bool engine_add(struct conn *c, const struct sockaddr *a, socklen_t len);
/* It has something to do, and does it when the loop next drives. */
void engine_look(struct engine *e);
/* Those that have something to do it now. True: there is more. */
bool engine_run_all(struct wire *w);
/* The connection was suspended, and goes on. */
void engine_resume(struct conn *c);

/* transfer.c */
void *transfer_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result transfer_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **ctx);
void transfer_on_completed(void *cls, struct MHD_Connection *mhd, void **ctx,
			   enum MHD_RequestTerminationCode code);
/* libmicrohttpd, or its owner, refuses with this status and hangs up; a Status goes out before that. */
void transfer_refuse_raw(struct conn *c, unsigned status);

/* reply.c */
void reply_add_headers(struct MHD_Response *mr, struct transfer *t, bool gzip);

void *wire_tls(const struct conn *c); /* gnutls_session_t */

#endif

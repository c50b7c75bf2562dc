/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event recorder: fire and forget, correlated and posted on the daemon's loop (core/v1 Events, as kubectl describe
 * reads them). Repeats of the same event are counted, many similar ones combined, floods about one
 * object cut off, all with client-go's numbers (tools/record); the queue is bounded (oldest kept, newest
 * dropped and counted). Any thread.
 */
#ifndef CONTROLLER_EVENT_H
#define CONTROLLER_EVENT_H

#include "client/rest.h"

struct event_ref { /* what the event is about; copied. NULL is "" */
	const char *api_version, *kind, *namespace, *name, *uid, *field_path;
	uint64_t rv;		 /* 0 = leave out */
	const char *annotations; /* of the event: a JSON object */
};
struct events;
/* r is on the daemon's loop (rest_new_on) and borrowed until events_free. */
struct events *events_new(struct rest *r);
/* Before the first: how many requests may be on their way at once. Each takes a connection, which stays (some 60 KB with
   TLS); a daemon of few events needs no more than one or two. */
void events_set_in_flight(struct events *e, size_t n);
void events_free(struct events *e); /* posts what is queued, within 1 s; not on the loop */
/* component: "replicaset-controller", host: node name or "". The message is cut at 1 KiB, the API's limit. e
   NULL: nothing happens (tests). */
void events_record(struct events *e, const char *component, const char *host, const struct event_ref *ref,
		   bool warning, const char *reason, const char *fmt, ...) PRINTF(7, 8);

#endif

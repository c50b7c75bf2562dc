/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a probe or of a life cycle hook: ask once, within a time, and say what came of it in the words that upstream's
 * kubelet puts into events. What a run means (thresholds, delays, whom it restarts) is the caller's.
 *
 * Everything happens on one loop: connections are non-blocking sockets, a command's output and end are descriptors, and a
 * deadline is a timer. Only what cannot be had without blocking is a job: starting a command in a container, and looking up
 * the name of a host. The ways to ask are rows of a table (probe.c); each is a file of its own. HTTP/1.1 is spoken here
 * (probe_http.c), since a client library costs several times what one small request on a new connection does, and its
 * errors have other words; gRPC goes through common/client.
 *
 * Loop thread. Reference: upstream's pkg/probe and pkg/kubelet/prober/prober.go.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "loop/loop.h"
#include "runtime/runtime.h"

#define PROBE_OUTPUT_MAX 10240 /* bytes of a body or of a command's output */

enum probe_type { PROBE_EXEC, PROBE_HTTP, PROBE_TCP, PROBE_GRPC, PROBE_TYPES };

struct probe_header {
	const char *name, *value;
};
struct probe_request { /* borrowed for the call of probe_start */
	enum probe_type type;
	int64_t timeout_ns;	 /* 0 = none */
	const char *container;	 /* exec: its id */
	const char *const *argv; /* exec: NULL-terminated */
	const char *host;	 /* the others: an address or a name */
	int port;
	const char *path; /* http: as in the Pod; may have a query */
	bool https;	  /* unverified */
	const struct probe_header *headers;
	size_t n_headers;
	const char *without; /* http: a header of these that is left out; NULL = none */
	const char *purpose; /* http: "probe" or "lifecycle", for the User-Agent */
	const char *service; /* grpc */
};

enum probe_verdict {
	PROBE_PASSED,
	PROBE_WARNED, /* passed, but worth an event */
	PROBE_FAILED,
	PROBE_ERRORED, /* nobody knows: does not count */
};
struct probe_answer {
	enum probe_verdict verdict;
	const char *text;  /* output, warning or what is wrong; never NULL; borrowed for the call */
	const char *state; /* errored: the word for it, "unknown" or "failure" */
	bool replied;	   /* http: there was a reply, of whatever status */
	const char *asked; /* http: host:port; NULL of the others */
	int exit_code;	   /* exec */
	bool spoke_http;   /* https: the server speaks HTTP */
};
typedef void probe_done_fn(void *arg, const struct probe_answer *a);

struct probe_host;
/* What all runs of an agent share. lanes: of the loop, for starting commands and for looking up names. rt may be NULL: no
   exec. Everything is borrowed until the loop has stopped. */
struct probe_host *probe_host_new(struct loop *l, struct runtime *rt, size_t exec_lane, size_t name_lane);
/* No run is under way; the loop runs no more. */
void probe_host_free(struct probe_host *h); /* for tests */

struct probe_run;
/* `done` is called once, later, never from inside this call; then the run is gone. */
struct probe_run *probe_start(struct probe_host *h, const struct probe_request *rq, probe_done_fn *done,
			      void *arg);
/* `done` will not be called. A command goes on. */
void probe_cancel(struct probe_run *r);

#endif

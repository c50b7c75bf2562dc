/* SPDX-License-Identifier: Apache-2.0 */
/* Between a run (probe.c) and the ways to ask (probe_exec.c, probe_http.c, probe_tcp.c, probe_grpc.c). */
#ifndef PROBE_PROBE_INTERNAL_H
#define PROBE_PROBE_INTERNAL_H

#include "base/arena.h"
#include "probe/probe.h"

#define PROBE_AGENT_VERSION "1.34"

struct http;
struct probe_host {
	struct loop *loop;
	struct runtime *rt;
	size_t exec_lane, name_lane;
	struct http *grpc; /* NULL until the first one */
	void *tls;	   /* probe_wire.c's; NULL until the first one */
};

struct probe_way {
	size_t size; /* of the struct that begins with struct probe_run */
	/* May end the run (probe_end). */
	void (*start)(struct probe_run *r);
	/* The time is over: ends the run. */
	void (*expire)(struct probe_run *r);
	/* The run ends or is given up: lets go of everything. kill: of its process, too. */
	void (*release)(struct probe_run *r, bool kill);
};
extern const struct probe_way probe_exec, probe_http, probe_tcp, probe_grpc;

struct probe_run {
	const struct probe_way *way;
	struct probe_host *host;
	struct probe_request rq; /* all it points to is in the arena */
	struct arena arena;
	int64_t deadline_ns; /* monotonic; CLOCK_NEVER = none */
	struct loop_timer timer;
	bool begun;
	probe_done_fn *done;
	void *arg;
};

/* Tells whoever asked, and frees the run. Never inside start: see probe_start. */
void probe_end(struct probe_run *r, const struct probe_answer *a);
/* The same with the text made here. */
void probe_end_text(struct probe_run *r, enum probe_verdict v, const char *fmt, ...) PRINTF(3, 4);
/* The run's timeout as Go prints a duration: "1s", "1m30s". */
void probe_timeout_text(const struct probe_run *r, char out[32]);

#endif

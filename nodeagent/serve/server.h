/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node agent's HTTPS server (with streams.c all that sees microhttpd; GnuTLS is seen here only):
 * /containerLogs/NS/POD/CONTAINER, /exec/…, /attach/…, /portForward/… (streams.h), /pods, /runningpods/, /stats/summary, /metrics,
 * /metrics/resource, /metrics/cadvisor, /configz, /healthz. Everything but /healthz is for clients that
 * show a certificate of the client CA and are either in system:masters or the API server.
 *
 * It has no thread: the library is driven from the agent's loop, where it is told of the sockets that are ready and never
 * waits by itself. Files are read on a lane (follow.h); a stream that waits for its container is suspended, and costs its
 * connection. places.h says who may be connected.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "serve/answer.h"
#include "serve/logs.h"

struct server_config { /* strings borrowed for the server's life */
	int port;
	const char *node_ip;
	const char *cert_file, *key_file; /* "" = one is made for the occasion */
	const char *client_ca_file;	  /* "" = nobody may call */
	struct logs_source source;
	/* v1 PodList of what runs here. The caller puts it. */
	js *(*pods)(void *arg);
	/* The same of what has containers that run, and no more of it than their names. */
	js *(*running_pods)(void *arg);
	/* /stats/summary, brief: ?only_cpu_and_memory=true; /metrics/cadvisor; /metrics/resource. a is theirs until answer_ready. */
	void (*summary)(void *arg, struct answer *a, bool brief);
	void (*cadvisor)(void *arg, struct answer *a, bool unused);
	void (*usage)(void *arg, struct answer *a, bool unused);
	void (*probes)(void *arg, struct buf *out);
	void *arg;
};

struct server;
/* c is copied; port 0 = any that is free. */
struct server *server_start(const struct server_config *c, struct err *err) MUST_CHECK;
int server_port(const struct server *s); /* for tests */
/* Hangs up on everybody. Before the loop stops, so that no request waits for it. */
void server_stop(struct server *s);

#endif

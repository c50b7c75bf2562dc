/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node agent's HTTPS server (the only file that sees microhttpd and GnuTLS):
 * /containerLogs/NS/POD/CONTAINER, /pods, /metrics, /healthz. Everything but /healthz is for clients that
 * show a certificate of the client CA and are either in system:masters or the API server.
 *
 * One thread per connection, few connections: who asks is the API server on behalf of people who read logs,
 * and a stream that waits for a container may simply wait.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "serve/logs.h"

#define SERVER_MAX_CONNECTIONS 128

struct server_config { /* strings borrowed for the server's life */
	int port;
	const char *node_ip;
	const char *cert_file, *key_file; /* "" = one is made for the occasion */
	const char *client_ca_file;	  /* "" = nobody may call */
	struct logs_source source;
	/* On the loop: v1 PodList of what runs here. The caller puts it. */
	js *(*pods)(void *arg);
	void *arg;
};

struct server;
/* c is copied. */
struct server *server_start(const struct server_config *c, struct err *err) MUST_CHECK;
/* Hangs up on everybody. Before the loop stops, so that no request waits for it. */
void server_stop(struct server *s);

#endif

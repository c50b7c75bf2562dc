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

#include "agent/agent.h"

#define SERVER_MAX_CONNECTIONS 128

struct server;
/* Without a certificate one is made for the occasion. */
struct server *server_start(struct agent *a, const struct agent_config *c, struct err *err) MUST_CHECK;
/* Hangs up on everybody. Before the loop stops, so that no request waits for it. */
void server_stop(struct server *s);

#endif

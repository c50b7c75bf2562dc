/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections over which somebody else speaks, HTTP or what HTTP was left for: dialled, with TLS when wanted, then bytes in
 * both directions. http.h is for requests; this is for who passes them on (exec, port-forward, proxies), thousands of which
 * may be open and idle: one TLS context serves all of them, and an idle one keeps no buffer.
 *
 * Everything lives on one loop and is for its thread only.
 */
#ifndef CLIENT_TUNNEL_H
#define CLIENT_TUNNEL_H

#include "client/http.h"

/* How peers are known, and who we are to them. */
struct tunnels;
struct tunnels *tunnels_new(struct loop *l,
			    const struct http_tls *tls); /* copied; the strings are borrowed */
void tunnels_free(struct tunnels *ts);			 /* no tunnel is left; NULL is fine */

struct tunnel;
struct tunnel_config {
	const char *host; /* an address or a name; copied */
	int port;
	bool tls;
	int64_t timeout_ns; /* until it is open */
	/* Once, not before tunnel_open returns: err NULL when it is open, else why it is not, in the words of Go's net
	   package: "dial tcp 10.0.0.1:80: connect: connection refused". It has to be closed in either case. */
	void (*opened)(void *arg, const struct err *err);
	/* There may be something to receive, or room to send what was not taken. May come in vain. */
	void (*ready)(void *arg);
	void *arg;
};
/* The loop needs a lane 0, in which names are looked up. */
struct tunnel *tunnel_open(struct tunnels *ts, const struct tunnel_config *c);
/* Returns how many bytes were taken. Fewer than n: ready follows when there is room. Errors are received. */
size_t tunnel_send(struct tunnel *t, const char *p, size_t n);
bool tunnel_sent(const struct tunnel *t); /* all that was taken has left */
/* > 0: bytes; 0: none now, ready follows; -1: the end, in whatever way. */
ssize_t tunnel_receive(struct tunnel *t, char *p, size_t max);
/* Whether somebody wants to receive: else ready does not tell that there is something. At first nobody does. */
void tunnel_listen(struct tunnel *t, bool yes);
void tunnel_close(struct tunnel *t); /* nothing is called any more; NULL is fine */

#endif

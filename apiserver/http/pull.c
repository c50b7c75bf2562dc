/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the client's handshake messages libmicrohttpd 0.9.75 spins on the connection: only GnuTLS's "again"
 * while reading a request puts it to sleep, so whoever opened a connection and stopped half-way would burn a
 * core. Here is the one place that sees that there is nothing to read and that the handshake is not over: it
 * suspends the connection, and readable.c resumes it, or ends it when the client takes too long.
 *
 * GnuTLS reads each record in two steps, its head and its body. Reading ahead makes that one system call.
 */
#include "http/pull.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/mem.h"

static void on_readable(struct readable_wait *w, bool expired)
{
	struct pull *p = CONTAINER_OF(w, struct pull, wait);
	p->dead = expired;
	p->resume(p->arg);
}

static ssize_t nothing_to_read(struct pull *p)
{
	if (!p->handshaken) {
		p->suspend(p->arg);
		if (!readable_add(p->waits, &p->wait)) {
			p->dead = true;
			p->resume(p->arg);
		}
	}
	errno = EAGAIN;
	return -1;
}

static ssize_t on_pull(gnutls_transport_ptr_t arg, void *to, size_t n)
{
	struct pull *p = arg;
	if (p->dead) {
		errno = ECONNRESET;
		return -1;
	}
	if (!p->ahead) {
		char more[PULL_AHEAD];
		bool direct = n >= PULL_AHEAD;
		ssize_t got = recv(p->fd, direct ? to : more, direct ? n : PULL_AHEAD, 0);
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return nothing_to_read(p);
		if (got <= 0 || direct)
			return got;
		p->off = n < (size_t)got ? n : (size_t)got;
		p->len = (size_t)got;
		memcpy(to, more, p->off);
		if (p->off < p->len)
			p->ahead = mem_memdup(more, p->len);
		return (ssize_t)p->off;
	}
	n = n < p->len - p->off ? n : p->len - p->off;
	memcpy(to, p->ahead + p->off, n);
	p->off += n;
	if (p->off == p->len)
		free(STEAL(p->ahead));
	return (ssize_t)n;
}

/* The client's Finished has been read: from here on libmicrohttpd waits by itself. */
static int on_finished(gnutls_session_t tls, unsigned htype, unsigned when, unsigned incoming,
		       const gnutls_datum_t *msg)
{
	gnutls_transport_ptr_t in, out;
	gnutls_transport_get_ptr2(tls, &in, &out);
	if (incoming)
		((struct pull *)in)->handshaken = true;
	return 0;
}

void pull_attach(struct pull *p, void *tls)
{
	p->wait.fd = p->fd;
	p->wait.fn = on_readable;
	list_init(&p->wait.node);
	gnutls_transport_set_ptr2(tls, p, (gnutls_transport_ptr_t)(intptr_t)p->fd);
	gnutls_transport_set_pull_function(tls, on_pull);
	gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, on_finished);
}

void pull_release(struct pull *p)
{
	free(STEAL(p->ahead));
}

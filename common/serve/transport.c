/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the client's handshake messages libmicrohttpd 0.9.75 spins on the connection: only GnuTLS's "again"
 * while reading a request puts it to sleep, so whoever opened a connection and stopped half-way would burn a
 * core. Here is the one place that sees that there is nothing to read and that the handshake is not over.
 *
 * GnuTLS reads each record in two steps, its head and its body. Reading ahead makes that one system call.
 */
#include "serve/transport.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/mem.h"

static ssize_t nothing_to_read(struct transport *t)
{
	if (!t->handshaken)
		t->events->wait(t);
	errno = EAGAIN;
	return -1;
}

static bool may_read(struct transport *t, size_t n)
{
	return !t->events->reading || t->events->reading(t, n);
}

static ssize_t take_ahead(struct transport *t, void *to, size_t n)
{
	n = n < t->len - t->off ? n : t->len - t->off;
	memcpy(to, t->ahead + t->off, n);
	t->off += n;
	if (t->off == t->len)
		free(STEAL(t->ahead));
	return (ssize_t)n;
}

static ssize_t on_pull(gnutls_transport_ptr_t arg, void *to, size_t n)
{
	struct transport *t = arg;
	char more[TRANSPORT_AHEAD];
	bool direct = t->exact || n >= TRANSPORT_AHEAD;
	if (t->ahead)
		return may_read(t, 0) ? take_ahead(t, to, n) : 0;
	ssize_t got = recv(t->fd, direct ? to : more, direct ? n : TRANSPORT_AHEAD, 0);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return nothing_to_read(t);
	if (got <= 0)
		return got;
	if (!may_read(t, (size_t)got))
		return 0;
	if (direct)
		return got;
	t->off = n < (size_t)got ? n : (size_t)got;
	t->len = (size_t)got;
	memcpy(to, more, t->off);
	if (t->off < t->len)
		t->ahead = mem_memdup(more, t->len);
	return (ssize_t)t->off;
}

static ssize_t on_push(gnutls_transport_ptr_t arg, const giovec_t *v, int n)
{
	struct transport *t = arg;
	struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)v, .msg_iovlen = (size_t)n};
	ssize_t sent = sendmsg(t->fd, &m, MSG_NOSIGNAL);
	if (sent > 0 && t->events->writing)
		t->events->writing(t);
	return sent;
}

/* The client's Finished has been read: from here on libmicrohttpd waits by itself. */
static int on_finished(gnutls_session_t tls, unsigned htype, unsigned when, unsigned incoming,
		       const gnutls_datum_t *msg)
{
	struct transport *t = gnutls_transport_get_ptr(tls);
	if (incoming && !t->handshaken) {
		t->handshaken = true;
		if (t->events->handshaken)
			t->events->handshaken(t);
	}
	return 0;
}

void transport_attach(struct transport *t, void *tls)
{
	gnutls_transport_set_ptr(tls, t);
	gnutls_transport_set_pull_function(tls, on_pull);
	gnutls_transport_set_vec_push_function(tls, on_push);
	gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, on_finished);
}

void transport_release(struct transport *t)
{
	free(STEAL(t->ahead));
}

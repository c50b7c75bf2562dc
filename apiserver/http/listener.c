/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener's start and stop. What it does meanwhile is in wire.c (a loop with its connections), transfer.c
 * (a request) and stream.c (a long reply); these see libmicrohttpd and GnuTLS, nobody else does.
 */
#include "http/listener.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/rand.h"
#include "http/bind.h"
#include "http/http_internal.h"

#define CONNECTIONS 20000
#define OTHER_FILES 1000 /* what the process has open besides */

static size_t count_wires(const struct listener_config *c)
{
	int n = c->threads ? c->threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > WIRES_MAX ? WIRES_MAX : (size_t)n;
}

/* As many as were promised, or as many as the kernel gives; an operator shall know. */
static size_t count_connections(const struct listener_config *c)
{
	size_t want = c->connections ? c->connections : CONNECTIONS;
	size_t files = bind_raise_file_limit(want + OTHER_FILES);
	if (files >= want + OTHER_FILES)
		return want;
	size_t n = files > 2 * OTHER_FILES ? files - OTHER_FILES : files / 2;
	log_warning("the limit of open files is low: fewer connections are served than promised",
		    "limit=%zu needed=%zu connections=%zu promised=%zu", files, want + OTHER_FILES, n, want);
	return n;
}

static int open_wires(struct listener *l, const struct listener_config *c, struct err *err)
{
	size_t n = count_wires(c);
	l->n_wires = (int)n; /* its share is what a wire wants to know */
	for (size_t i = 0; i < n; i++)
		if (!(l->wires[i] = wire_new(l, err)))
			return -1;
	for (size_t i = 0; i < n; i++)
		wire_start(l->wires[i]);
	return 0;
}

static void listener_free(struct listener *l)
{
	for (int i = 0; i < l->n_wires; i++)
		if (l->wires[i])
			wire_free(l->wires[i]);
	if (l->fd >= 0)
		close(l->fd);
	free(l->cert);
	free(l->key);
	free(l->ca);
	free(l);
}

struct listener *listener_start(const struct listener_config *c, struct err *err)
{
	int port;
	int fd = bind_listen(c->bind_address, c->port, &port, err);
	if (fd < 0)
		return NULL;
	struct listener *l = MEM_NEW(struct listener);
	char uuid[37];
	l->service = c->service;
	l->fd = fd;
	l->port = port;
	l->max = count_connections(c);
	rand_uuid(uuid);
	memcpy(l->audit_id, uuid, sizeof(l->audit_id) - 1);
	l->cert = mem_strdup(c->cert_pem);
	l->key = mem_strdup(c->key_pem);
	l->ca = mem_strdup(c->client_ca_pem);
	if (open_wires(l, c, err) == 0)
		return l;
	listener_free(l);
	return NULL;
}

int listener_port(const struct listener *l)
{
	return l->port;
}

void listener_stop(struct listener *l)
{
	for (int i = 0; i < l->n_wires; i++)
		loop_call(l->wires[i]->loop, wire_close, l->wires[i]);
	close(l->fd); /* who has not been accepted yet shall not wait */
	l->fd = -1;
	for (int i = 0; i < l->n_wires; i++)
		loop_wait(l->wires[i]->loop, &l->wires[i]->drained, CLOCK_NEVER);
	for (int i = 0; i < l->n_wires; i++)
		loop_join(l->wires[i]->loop);
	listener_free(l);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See hostport.h. */
#include "object/core/hostport.h"

#include <string.h>

static const char *const protocols[] = {[PORT_TCP] = "TCP", [PORT_UDP] = "UDP", [PORT_SCTP] = "SCTP"};

static const struct decode_row rows[] = {
	DECODE_STRING("hostIP", struct host_port, ip),
	DECODE_INT32("hostPort", struct host_port, port),
	DECODE_INT32("containerPort", struct host_port, container_port),
	DECODE_ENUM("protocol", struct host_port, protocol, protocols),
};
static const struct host_port initial = {.ip = ""};

static void finish(void *o)
{
	struct host_port *p = o;
	if (!strcmp(p->ip, "0.0.0.0"))
		p->ip = "";
	if (p->port < 0)
		p->port = 0;
}

const struct decode_spec host_port_spec =
	DECODE_SPEC(struct host_port, rows, .initial = &initial, .finish = finish);

const char *hostport_protocol_name(enum port_protocol p)
{
	return protocols[p];
}

bool host_port_conflict(const struct host_port *a, const struct host_port *b)
{
	return a->port && a->port == b->port && a->protocol == b->protocol &&
	       (!*a->ip || !*b->ip || !strcmp(a->ip, b->ip));
}

bool host_port_equal(const struct host_port *a, const struct host_port *b)
{
	return a->port == b->port && a->protocol == b->protocol && !strcmp(a->ip, b->ip);
}

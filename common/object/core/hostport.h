/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that a Pod takes on its node's own addresses (kube-scheduler's HostPortInfo). Frozen structs; any thread. */
#ifndef OBJECT_CORE_HOSTPORT_H
#define OBJECT_CORE_HOSTPORT_H

#include "object/decode.h"

enum port_protocol { PORT_TCP, PORT_UDP, PORT_SCTP };
const char *hostport_protocol_name(enum port_protocol p); /* for tests */

/* core/v1 ContainerPort, as far as the node is concerned. */
struct host_port {
	const char *ip; /* "" = every address */
	int32_t port;	/* 0 = it takes none */
	int32_t container_port;
	enum port_protocol protocol;
};
extern const struct decode_spec host_port_spec; /* for DECODE_ARRAY at "ports" of a container */

/* Equal in port and protocol, and in address or one of them on all addresses. False when either takes none. */
bool host_port_conflict(const struct host_port *a, const struct host_port *b);
bool host_port_equal(const struct host_port *a, const struct host_port *b); /* for tests */

#endif

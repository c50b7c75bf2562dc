/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the machine's addresses is the node's (InternalIP): the one where the rest of the cluster reaches it.
 *
 * As the kubelet chooses: what the operator says; the node's name, when that is an address; the address from which the
 * default route is used. Two things differ. The resolver is not asked for the name (at boot it may not answer, and on
 * Debian it says 127.0.1.1). And a machine without a default route has the first address of its interfaces that others
 * can reach, at last 127.0.0.1, where a kubelet refuses to start: a lab on one laptop has no more.
 */
#ifndef AGENT_ADDRESS_H
#define AGENT_ADDRESS_H

#include <arpa/inet.h>

#include "base/err.h"

#define ADDRESS_MAX INET6_ADDRSTRLEN

/* wanted: --node-ip; "" = none, "0.0.0.0" or "::" = any of that family. REASON_INVALID: it is no address. */
int address_choose(const char *wanted, const char *node_name, char out[ADDRESS_MAX],
		   struct err *err) MUST_CHECK;

#endif

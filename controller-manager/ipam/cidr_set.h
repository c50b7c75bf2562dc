/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The networks of nodes inside of a cluster's network, all of one size (kubernetes/kubernetes
 * pkg/controller/nodeipam/ipam/cidrset): which are taken, and the next that is not. Up to 65536 of them, a bit each. One
 * thread at a time.
 */
#ifndef IPAM_CIDR_SET_H
#define IPAM_CIDR_SET_H

#include <stddef.h>
#include "base/err.h"
#include "object/ip.h"

#define CIDR_TEXT_MAX (IP_TEXT_MAX + 4)

struct cidr_set;
/* node_bits: the size of a node's network, as one writes it ("24"). REASON_INVALID when it does not fit. */
struct cidr_set *cidr_set_new(const char *cluster, unsigned node_bits, struct err *err) MUST_CHECK;
void cidr_set_free(struct cidr_set *s); /* NULL is fine */
bool cidr_set_is_v4(const struct cidr_set *s);
/* False: all are taken. */
bool cidr_set_next(struct cidr_set *s, char ret[CIDR_TEXT_MAX]);
/* All that this network touches are taken, or free again. What lies elsewhere, or is none, changes nothing: false. */
bool cidr_set_occupy(struct cidr_set *s, const char *cidr);
bool cidr_set_release(struct cidr_set *s, const char *cidr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds which service IP and which node port: two bitmaps in memory, rebuilt from the stored Services at
 * start-up.
 *
 * Addresses given out without a wish come from the upper part of the range first, so that fixed addresses
 * have a part of their own (upstream's static band). Any thread.
 */
#ifndef KINDS_CORE_SERVICE_ALLOC_H
#define KINDS_CORE_SERVICE_ALLOC_H

#include "object/json.h"

#define NODE_PORT_MIN 30000
#define NODE_PORT_MAX 32767

struct service_alloc;
/* An IPv4 CIDR between /8 and /30; REASON_BAD_REQUEST otherwise. */
struct service_alloc *service_alloc_new(const char *cidr, struct err *err) MUST_CHECK;
void service_alloc_free(struct service_alloc *a); /* NULL is fine */
const char *service_alloc_cidr(const struct service_alloc *a);

enum alloc_result { ALLOC_OK, ALLOC_TAKEN, ALLOC_OUTSIDE, ALLOC_FULL };
/* ip "" asks for any. *ret is "10.96.3.4". */
enum alloc_result service_alloc_ip(struct service_alloc *a, const char *ip, char ret[16]);
void service_free_ip(struct service_alloc *a,
		     const char *ip); /* what is not held or not in the range is ignored */
/* The lowest usable address of the range: the API server's own Service. */
void service_alloc_first(const struct service_alloc *a, char ret[16]);
/* port 0 asks for any. */
enum alloc_result service_alloc_port(struct service_alloc *a, int port, int *ret);
void service_free_port(struct service_alloc *a, int port);
/* Marks everything that a stored Service holds. */
void service_alloc_learn(struct service_alloc *a, const js *service);

#endif

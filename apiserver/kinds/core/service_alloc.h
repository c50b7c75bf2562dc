/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service IPs and node ports for new Services.
 *
 * What Services hold is the store's to say (view/service.h); kept here is only what was given to writes that are
 * still under way: from the choice until the view has seen the Service, or until the write has failed. So
 * nothing is counted twice, nothing is listed, and what another API server gives out is seen as soon as its
 * Service is.
 *
 * Two API servers on one store may choose the same address in the moment before they see each other's write.
 * The store puts the two Services in an order, the first one holds the address, and the other server finds out
 * when its write comes back (service_alloc_kept) and takes its Service away again, or puts back what it was before
 * the change, before its client is told of it.
 *
 * Addresses given out without a wish come from the upper part of the range first, so that fixed addresses have a
 * part of their own (upstream's static band). Any thread.
 */
#ifndef KINDS_CORE_SERVICE_ALLOC_H
#define KINDS_CORE_SERVICE_ALLOC_H

#include "object/json.h"

#define NODE_PORT_MIN 30000
#define NODE_PORT_MAX 32767

struct service_alloc;
struct views;
/* An IPv4 CIDR between /8 and /30; REASON_BAD_REQUEST otherwise. The views are borrowed, and its only listener. */
struct service_alloc *service_alloc_new(const char *cidr, struct views *views, struct err *err) MUST_CHECK;
void service_alloc_free(struct service_alloc *a);	       /* NULL is fine */
const char *service_alloc_cidr(const struct service_alloc *a); /* without host bits */

enum alloc_result { ALLOC_OK, ALLOC_TAKEN, ALLOC_OUTSIDE, ALLOC_FULL };
/* ip "" asks for any. *ret is "10.96.3.4". */
enum alloc_result service_alloc_ip(struct service_alloc *a, const char *ip, char ret[16]);
/* Of a write that has failed; what is not under way is ignored. */
void service_free_ip(struct service_alloc *a, const char *ip);
/* The lowest usable address of the range: the API server's own Service. */
void service_alloc_first(const struct service_alloc *a, char ret[16]);
/* port 0 asks for any. */
enum alloc_result service_alloc_port(struct service_alloc *a, int port, int *ret);
void service_free_port(struct service_alloc *a, int port);
/* False when another Service than the stored "NS/NAME" holds it. */
bool service_alloc_kept_ip(struct service_alloc *a, const char *key, const char *ip);
bool service_alloc_kept_port(struct service_alloc *a, const char *key, int port);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Service holds which cluster address and which node port, as the store's history tells it.
 *
 * Of several Services that were written with the same one (through API servers that did not know of each other
 * yet), the first in the order of revisions holds it; the others get it, in that order, when it is given up.
 * Every API server on the store comes to the same answer, and one that has seen its own write (storage's `done`
 * comes after the cache has it) knows whether it was first.
 */
#ifndef VIEW_SERVICE_H
#define VIEW_SERVICE_H

#include "view/view.h"

/* An IPv4 address (host order; none is below 65536) or a node port. */
typedef uint32_t view_service_claim;

bool view_service_taken(struct views *v, view_service_claim c);
/* True when another Service than "NS/NAME" holds c. */
bool view_service_lost(struct views *v, const char *key, view_service_claim c);
/* One listener (NULL: none any more), told of each claim that a Service has made once the view knows of it; on the
   store's thread. */
void view_service_listen(struct views *v, void (*fn)(void *arg, view_service_claim c), void *arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about Services ask of one. Pure, any thread; a missing Service (NULL) wants nothing. */
#ifndef KINDS_CORE_SERVICE_INTERNAL_H
#define KINDS_CORE_SERVICE_INTERNAL_H

#include "kinds/strategy.h"

/* annotations: the old name and the one that is used */
#define SERVICE_HINTS "service.kubernetes.io/topology-aware-hints"
#define SERVICE_TOPOLOGY "service.kubernetes.io/topology-mode"

const char *service_type(const js *svc);
bool service_is_external(const js *svc); /* a name of DNS only */
bool service_is_headless(const js *svc);
bool service_is_free(const js *svc);	  /* headless, and nobody but others says what is behind it */
bool service_is_reachable(const js *svc); /* from outside the cluster */
bool service_wants_ip(const js *svc);
bool service_wants_node_ports(const js *svc);
bool service_wants_health_port(const js *svc);
void service_warn(const struct strategy_ctx *ctx, const js *new, const js *old);
void service_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
		      struct field_errors *errs);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What every cluster has from the start. BLOCKS; may run on every start. */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "registry/registry.h"
#include "trust.h"

struct bootstrap_config {
	const char *address; /* where others reach this server */
	int port;
	const char *client_ca_pem; /* whose client certificates are taken; "" = nobody's */
	struct front_proxy front_proxy;
	struct storage *storage; /* NULL: nothing is said of dependants */
};
/* The system namespaces, Service, Endpoints and EndpointSlice `kubernetes` in default, pointing at address:port, and the ConfigMap
   `extension-apiserver-authentication` in kube-system, the system's PriorityClasses, the ServiceCIDR `kubernetes`, FlowSchemas
   and PriorityLevelConfigurations (kinds/flowcontrol/initial.h). */
int bootstrap(struct registry *r, const struct bootstrap_config *c, struct err *err) MUST_CHECK;

/*
 * Of these, what must stay while the server runs: the namespaces, the Service, the ConfigMap, what flowcontrol has. And `coracle-dependants` in
 * kube-system: the resources ("RESOURCE.GROUP": version) of which an object has had an owner, or has waited for its end.
 * Whoever collects garbage need not watch the others: that is some fifty connections in a cluster where nothing happens.
 */
int bootstrap_keep(struct registry *r, const struct bootstrap_config *c, struct err *err) MUST_CHECK;

#endif

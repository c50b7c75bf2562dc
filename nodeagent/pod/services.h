/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment variables that tell a container where Services are: NAME_SERVICE_HOST, NAME_SERVICE_PORT, and the forms
 * of docker's links (kubelet pkg/kubelet/envvars). A Pod learns of the Services of its own namespace unless it says
 * enableServiceLinks: false, and of the API server's (default/kubernetes) always.
 *
 * The agent watches all Services of the cluster, as kubelets do: which namespaces its Pods are in changes by the minute.
 * Of those without a cluster address nothing is kept.
 */
#ifndef POD_SERVICES_H
#define POD_SERVICES_H

#include "base/arena.h"
#include "controller/informer.h"
#include "runtime/runtime.h"

extern const struct informer_type services_type; /* an informer of these is the `all` below */

/* Sorted by Service, in the arena. all NULL: no Services. Any thread. */
const struct runtime_kv *services_env(struct informer *all, const char *ns, bool links, struct arena *a,
				      size_t *ret_n);

#endif

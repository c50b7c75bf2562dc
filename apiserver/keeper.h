/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every cluster has stays so while the server runs (kubernetes/kubernetes pkg/controlplane/controller: systemnamespaces,
 * clusterauthenticationtrust, kubernetesservice; pkg/registry/flowcontrol/rest): when somebody takes one of these objects away or changes it, it is made
 * good. A thread that sleeps until a watch of theirs wakes it. It also keeps the APIServices,
 * which follow the kinds.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "bootstrap.h"
#include "storage/storage.h"

struct keeper;
/* The registry and c's certificates outlive it. NULL: it cannot watch. */
struct keeper *keeper_start(struct registry *r, struct storage *s, const struct bootstrap_config *c,
			    struct err *err) MUST_CHECK;
void keeper_stop(struct keeper *k); /* NULL is fine */
/* Kinds have come or gone: looks at once. Any thread. */
void keeper_hurry(struct keeper *k);

#endif

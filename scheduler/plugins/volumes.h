/* SPDX-License-Identifier: Apache-2.0 */
/* What the volume plugins share: a Pod's claims, and when storage that changes is news to it. */
#ifndef PLUGINS_VOLUMES_H
#define PLUGINS_VOLUMES_H

#include "framework.h"
#include "lookup_storage.h"

/* Does it have any? */
bool volumes_have_claims(const struct sched_pod *p);
/* The name of the claim behind a volume, in ret; NULL: it has none. */
const char *volumes_claim_name(const struct sched_pod *p, const struct pod_volume *v, char ret[512]);
/* A claim that changed is one of the Pod's, or something else of storage did. */
bool volumes_hint(const struct sched_pod *p, const struct cluster_event *e);
/* `kind "name" not found` as the API says it, which no going of Pods changes. */
enum verdict volumes_not_found(struct reasons *why, const char *kind, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room's door: CustomResourceDefinitions become kinds that are served, and their status says how far that is.
 *
 * What is stored decides, and every API server of the store comes to the same answer by itself: it watches the
 * definitions in its own cache, serves what it finds there, and whoever is first writes the status, by compare-and-swap
 * on the version it was computed from. There is nothing to do, and nobody who would do it, while nothing changes.
 *
 * The worker's thread begins with the first definition. Any thread may call what is below.
 */
#ifndef CRD_CRD_H
#define CRD_CRD_H

#include "kinds/kinds.h"
#include "registry/registry.h"

struct crds;
struct crds_config {
	struct schema *schema; /* borrowed, as all below */
	struct kinds *kinds;
	struct storage *storage;
	struct registry *registry;
};
/* Serves every definition that is stored when it returns. BLOCKS. NULL for a set of kinds without them. */
struct crds *crds_new(const struct crds_config *c);
/* From now on what changes is served, too. */
void crds_start(struct crds *c);
void crds_free(struct crds *c); /* before the registry; NULL is fine */

#endif

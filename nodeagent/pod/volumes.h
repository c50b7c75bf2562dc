/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pod's volumes, as its worker needs them: spec.volumes over the volume room. One row per kind of volume; a
 * kind without a row fails the Pod's mount step, and says so. Blocking, any thread.
 */
#ifndef POD_VOLUMES_H
#define POD_VOLUMES_H

#include "pod/spec.h"

/* Setting up again finds everything as it was. */
int volumes_set_up(const char *root, const struct pod *p, struct err *err) MUST_CHECK;
/* Unmounts and removes all that the Pod has below ROOT/pods. */
int volumes_tear_down(const char *root, const char *pod_uid, struct err *err) MUST_CHECK;
/* What the container's mount number `index` shows, with its subPath ("" = the whole volume); in the arena. */
const char *volumes_mount_source(struct arena *a, const char *root, const struct pod *p,
				 const struct container_spec *c, size_t index, const char *sub_path,
				 struct err *err) MUST_CHECK;

#endif

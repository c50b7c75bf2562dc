/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pod's volumes, as its worker needs them: spec.volumes over the volume room. One row per kind of volume; a
 * kind without a row fails the Pod's mount step, and says so.
 *
 * First a plan is made, on the loop: what of ConfigMaps, Secrets and the Pod's own fields is to be in the files. Then it is
 * carried out, which blocks. Both are done again when what they were made of has changed.
 */
#ifndef POD_VOLUMES_H
#define POD_VOLUMES_H

#include "pod/config_cache.h"
#include "pod/env.h"

struct volumes_item;
struct volumes_plan { /* zeroed, then made */
	struct arena a;
	js *volumes;
	struct volumes_item *v;
	size_t n;
	int64_t memory; /* what a volume in memory may take of it; 0 = no matter */
};
/* What the Pod's volumes are made of. Loop thread. */
void volumes_add_config(struct config_set *s, struct config_cache *c, const struct pod *p);
/* ctx: what downward API items show. set: has volumes_add_config's objects. Loop thread. */
int volumes_plan(struct volumes_plan *ret, const struct env_context *ctx, const struct config_set *set,
		 struct err *err) MUST_CHECK;
void volumes_plan_release(struct volumes_plan *p);
/* Whether another form of the Pod, or of what its volumes are made of, may show in them. */
bool volumes_follow_pod(const struct pod *old, const struct pod *p);

/* Setting up again finds everything as it was, but for what the plan has changed. Blocking, any thread, as the rest. */
int volumes_set_up(const char *root, const struct pod *p, const struct volumes_plan *plan,
		   struct err *err) MUST_CHECK;
/* Unmounts and removes all that the Pod has below ROOT/pods. */
int volumes_tear_down(const char *root, const char *pod_uid, struct err *err) MUST_CHECK;
/* An image that a container needs. */
struct volumes_image {
	const char *volume; /* NULL: it is made of it */
	const char *reference;
	enum pull_policy policy;
};
/* Those of the volumes that it mounts, each once, and at last its own; in the arena. */
size_t volumes_images(struct arena *a, const struct pod *p, const struct container_spec *c,
		      struct volumes_image **ret);
/* The container's mount number `index`, with its subPath ("" = the whole volume); image: the id of
   its volume's, NULL = it has none; in the arena. What fails is the container's
   configuration. */
int volumes_mount(struct arena *a, const char *root, const struct pod *p, const struct container_spec *c,
		  size_t index, const char *sub_path, const char *image, struct runtime_mount *ret,
		  struct err *err) MUST_CHECK;

#endif

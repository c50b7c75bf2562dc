/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files a configMap, secret, downwardAPI or projected volume consists of: from the volume's source, as spec.volumes[]
 * has it, and the objects that it names (kubernetes pkg/volume/{configmap,secret,downwardapi,projected}).
 *
 * Pure: objects and the values of the Pod's own fields come through callbacks. What is made lives in the arena and
 * borrows nothing. One thread.
 */
#ifndef VOLUME_PROJECTION_H
#define VOLUME_PROJECTION_H

#include "base/arena.h"
#include "object/json.h"
#include "volume/volume.h"

struct projection_source {
	/* The ConfigMap or Secret, borrowed. NULL with REASON_NOT_FOUND when there is none, with another reason when it is not known. */
	const js *(*object)(void *arg, bool secret, const char *name, struct err *err);
	/* Appends the value of a fieldRef or resourceFieldRef of the item. */
	int (*value)(void *arg, const js *item, struct buf *out, struct err *err);
	void *arg;
};
struct projection {
	struct volume_file *v;
	size_t n;
};

/* field: the source's name in spec.volumes[]. */
int projection_build(struct arena *a, const struct projection_source *s, const char *field, const js *source,
		     struct projection *ret, struct err *err) MUST_CHECK;
/* Calls fn for each ConfigMap and Secret that the source names. */
typedef void projection_object_fn(void *arg, bool secret, const char *name);
void projection_objects(const char *field, const js *source, projection_object_fn *fn, void *arg);

#endif

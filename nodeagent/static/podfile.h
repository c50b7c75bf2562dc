/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static Pod's manifest: one file, YAML or JSON, becomes a Pod of this node (kubernetes/kubernetes
 * pkg/kubelet/config/common.go, file.go). Its name ends with -NODE, its uid is a hash of what it says, of the node and of
 * the file's path, unless it brings one; it tolerates every NoExecute taint. Pure but for nothing; any thread.
 */
#ifndef STATIC_PODFILE_H
#define STATIC_PODFILE_H

#include "pod/spec.h"

#define PODFILE_MAX ((size_t)10 << 20) /* bytes of a manifest, as upstream */

extern const char PODFILE_MIRROR[]; /* annotation */
extern const char PODFILE_SOURCE[]; /* for tests; as the next: annotations */
extern const char PODFILE_HASH[];   /* for tests */

struct podfile {
	char *path;	       /* of the file */
	char *key;	       /* "NAMESPACE/NAME" */
	js *object;	       /* the Pod as it runs */
	const struct pod *pod; /* the same, decoded; a reference */
};
struct podfile *podfile_parse(const char *text, size_t n, const char *path, const char *node,
			      struct err *err) MUST_CHECK;
void podfile_free(struct podfile *f); /* NULL is fine */

/* The same Pod while it is being deleted, as the API would say it: a reference. */
const struct pod *podfile_ending(const struct podfile *f, int64_t now_wall_ns);
/* What the API is told of it: owned by the Node. The caller puts it. */
js *podfile_mirror(const struct podfile *f, const char *node, const char *node_uid);

#endif

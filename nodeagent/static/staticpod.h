/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static Pods of a node: those whose manifests lie in a directory (or are one file), run with or without an API server
 * (kubernetes/kubernetes pkg/kubelet/config/file.go, pkg/kubelet/pod/mirror_client.go).
 *
 * The directory is looked at when inotify says so, and every so often for file systems on which it does not; a look that
 * finds nothing changed reads no file. A file that cannot be a Pod is reported once and skipped. A Pod whose file goes, or
 * says something else, is stopped as a deleted one is; its successor starts when nothing of it is left.
 *
 * Of each there is a mirror in the API: a Pod that nobody runs, made again when it is deleted, and deleted with its file.
 * The worker writes its status there. Loop thread.
 */
#ifndef STATIC_STATICPOD_H
#define STATIC_STATICPOD_H

#include "pod/worker.h"

struct staticpod_config {
	struct pod_host *host; /* borrowed, as the rest; host->api NULL: there is no API server */
	const char *path;      /* "" = there are no manifests, only mirrors to be deleted */
	int64_t every_ns;
};
struct staticpods;
struct staticpods *staticpods_new(const struct staticpod_config *c);
void staticpods_free(struct staticpods *s); /* for tests; nothing is under way; NULL is fine */

/* The first look is waited for, so that what the runtime has (`found`) is taken over before anybody calls it an orphan. */
void staticpods_start(struct staticpods *s, const struct runtime_list *found);
/* A Pod of the API on this node that is a mirror, as an informer's handler. */
void staticpods_mirror(struct staticpods *s, const struct pod *old, const struct pod *new);
/* All mirrors that there are have been told. */
void staticpods_synced(struct staticpods *s);
/* The Node object has this uid. */
void staticpods_registered(struct staticpods *s, const char *node_uid);
/* A worker of the host has ended. */
void staticpods_ended(struct staticpods *s, const char *uid);

#endif

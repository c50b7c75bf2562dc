/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes images out of an archive file: an OCI layout in a tar (oci-layout, index.json, blobs/) or what
 * `docker save` writes (manifest.json). The tar itself may be compressed. Any thread.
 */
#ifndef IMAGE_IMPORT_H
#define IMAGE_IMPORT_H

#include "image/store.h"

/*
 * Stores every image in the archive that fits this machine, under the names the archive gives (annotation
 * io.containerd.image.name or org.opencontainers.image.ref.name; RepoTags), or, where it gives none or only a
 * tag, under `name`, if that is not NULL. Returns how many, -1 on failure. Pinned, they stay however full the disk is, as those
 * that k3s imports: there may be no registry to pull them from again.
 */
int image_import(struct image_store *s, const char *file, const char *name, bool pin,
		 struct err *err) MUST_CHECK;

#endif

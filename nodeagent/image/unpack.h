/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks one layer (tar; plain, gzip, zstd, bzip2 or xz) into an empty directory that overlayfs can use as a
 * lower layer. Any thread.
 */
#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include <stdint.h>

#include "object/core/image_ref.h"

/* Reads blob_fd from its present position. ret_diff_id: the digest of the tar, uncompressed. On failure the directory holds
   part of the layer. */
int image_unpack(int blob_fd, int dir_fd, char ret_diff_id[IMAGE_DIGEST_MAX], struct err *err) MUST_CHECK;
/* How many bytes a layer may unpack to; 0 = as many as else. Returns what it was. */
int64_t image_unpack_bound(int64_t bytes); /* for tests */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks one layer (tar; plain, gzip, zstd, bzip2 or xz) into an empty directory that overlayfs can use as a
 * lower layer. Any thread.
 */
#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include "base/err.h"

/* Reads blob_fd from its present position. On failure the directory holds part of the layer. */
int image_unpack(int blob_fd, int dir_fd, struct err *err) MUST_CHECK;

#endif

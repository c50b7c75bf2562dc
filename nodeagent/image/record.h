/* SPDX-License-Identifier: Apache-2.0 */
/* Image records and their files: the store's inside. Any thread; the store's lock guards the directory. */
#ifndef IMAGE_RECORD_H
#define IMAGE_RECORD_H

#include "image/store.h"

/* DIR/SUB/HEX SUFFIX; free() it. */
char *image_path(const char *dir, const char *sub, const char *digest, const char *suffix);
/* Writes names, layers, size and pin durably. */
int image_record_save(const char *dir, const struct image_record *r, struct err *err) MUST_CHECK;
/* Fills in the record called r->id; fails when anything it names is not there. */
int image_record_load(const char *dir, struct image_record *r, struct err *err) MUST_CHECK;

#endif

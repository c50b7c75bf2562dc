/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of this node, on disk and ready to mount.
 *
 *	blobs/HEX		configs, named by their sha256
 *	layers/HEX/		one unpacked layer, named by the sha256 of its (compressed) blob
 *	records/HEX.json	one image, named by its id (= digest of its config): names, layers, size, whether it is pinned
 *	ingest/			what is being downloaded or unpacked; emptied at start
 *	lock, write		held shared by every user; held while records change
 *
 * A record appears by rename after everything it names is on disk, so what can be seen is whole. Layers are
 * shared between images and dropped with the last record that names them. Records in memory are immutable and
 * counted. Any thread, and several processes at once (`nodeagent image import` beside a running agent): what
 * one publishes the others see at their next look, and only a process that is alone cleans up after a crash.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include "image/manifest.h"

struct image_record {
	int refs;     /* atomic; inside */
	char *id;     /* "sha256:…" */
	char **names; /* normalised; NULL-terminated; may be empty: lost its tag to a newer image */
	char (*layers)[IMAGE_DIGEST_MAX]; /* bottom first */
	size_t n_layers;
	int64_t size;
	bool pinned; /* garbage collection leaves it alone */
	struct image_config config;
};
struct image_record *image_record_ref(struct image_record *r);
void image_record_unref(struct image_record *r); /* NULL is fine */

struct image_store;
struct image_store *image_store_open(const char *dir, struct err *err) MUST_CHECK;
void image_store_free(struct image_store *s);

/* By name (normalised here) or by id. NULL with REASON_NOT_FOUND, or REASON_INVALID for what is no name. */
struct image_record *image_store_get(struct image_store *s, const char *name, struct err *err) MUST_CHECK;
/* All, each with a reference; free() the array. */
struct image_record **image_store_list(struct image_store *s, size_t *ret_n);
/* Removes the image with all its names when no container holds it (the caller asks). *ret_freed (may be NULL): the bytes
   of the layers that went with it. */
int image_store_remove(struct image_store *s, const char *id, int64_t *ret_freed, struct err *err) MUST_CHECK;

/* ---- for pull and import ---- */
/* DIR/ingest/XXXXXX, open for writing; *ret_path is the caller's to free and unlink. */
int image_store_ingest(struct image_store *s, char **ret_path, struct err *err) MUST_CHECK;
bool image_store_has_layer(struct image_store *s, const char *digest);
/* Unpacks the file, whose sha256 the caller has checked to be `digest`, and which must unpack to `diff_id`. Success when the
   layer is there already. */
int image_store_add_layer(struct image_store *s, const char *digest, const char *diff_id, const char *file,
			  struct err *err) MUST_CHECK;
enum image_pin { IMAGE_PIN_AS_BEFORE, IMAGE_PINNED, IMAGE_UNPINNED };
struct image_entry { /* borrowed */
	int64_t size;
	const char *const *names;
	enum image_pin pin;
};
/* Publishes an image whose layers are there; names are moved here from other images, and one that has none left is pinned no
   more. Returns it, with a reference. */
struct image_record *image_store_commit(struct image_store *s, const struct image_manifest *m,
					const char *config, size_t config_len, const struct image_entry *e,
					struct err *err) MUST_CHECK;
/* "sha256:HEX" of bytes. */
void image_digest_of(const void *p, size_t n, char ret[IMAGE_DIGEST_MAX]);
/* DIR/layers/HEX; free() it. */
char *image_store_layer_path(struct image_store *s, const char *digest);

#endif

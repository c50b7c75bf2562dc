/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON documents of an image: manifests, indexes (manifest lists) and configs, of OCI and of Docker's
 * schema 2, read into plain structs. Input comes from strangers: everything is bounded and checked. Any
 * thread.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include "object/core/image_ref.h"

#define IMAGE_MANIFEST_MAX (4u << 20)
#define IMAGE_CONFIG_MAX (8u << 20)
#define IMAGE_LAYERS_MAX 128
#define IMAGE_INDEX_MAX 512			/* entries of an index */
#define IMAGE_LAYER_SIZE_MAX (INT64_C(1) << 40) /* bytes of one compressed layer */

struct image_descriptor {
	char digest[IMAGE_DIGEST_MAX];
	int64_t size;	/* -1 = not told */
	char name[512]; /* indexes of archives: the image's name, "" = none */
};

struct image_manifest {
	bool is_index;
	struct image_descriptor config; /* manifest */
	struct image_descriptor
		*layers; /* manifest: bottom first; index: the entries that fit this machine */
	size_t n;
};
void image_manifest_release(struct image_manifest *m);

/* ret is written only on success. */
int image_manifest_parse(const char *p, size_t n, struct image_manifest *ret, struct err *err) MUST_CHECK;

struct image_config { /* strings owned, never NULL; arrays NULL-terminated or NULL */
	char **entrypoint, **cmd, **env;
	char *working_dir, *user, *stop_signal;
	char **diff_ids; /* of the layers as they are unpacked, bottom first */
};
void image_config_release(struct image_config *c);
int image_config_parse(const char *p, size_t n, struct image_config *ret, struct err *err) MUST_CHECK;

/* Whether config and manifest are of one image: as many diff_ids as layers, each a digest. */
int image_config_check(const struct image_config *c, const struct image_manifest *m,
		       struct err *err) MUST_CHECK;
/* "amd64", "arm64": what GOARCH is called on this machine. */
const char *image_arch(void);
/* Frees a NULL-terminated array and its strings. */
void image_strings_free(char **v);

#endif

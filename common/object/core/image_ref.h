/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images: "busybox", "quay.io/a/b:1.2@sha256:…", "127.0.0.1:5000/x". Parsed by the grammar of the
 * OCI distribution project and completed as Docker does: docker.io, library/, :latest. Any thread.
 */
#ifndef OBJECT_CORE_IMAGE_REF_H
#define OBJECT_CORE_IMAGE_REF_H

#include <stdbool.h>
#include "base/err.h"

#define IMAGE_DIGEST_MAX 72 /* "sha256:" + 64 hex digits + NUL */

struct image_ref {
	char domain[256];	       /* "docker.io", "127.0.0.1:5000" */
	char path[256];		       /* "library/busybox" */
	char tag[129];		       /* "latest"; "" when only a digest was given */
	char digest[IMAGE_DIGEST_MAX]; /* "" = none; it decides when both are there */
};

/* REASON_INVALID with upstream's words (`couldn't parse image name "X": invalid reference format`). */
int image_ref_parse(const char *s, struct image_ref *ret, struct err *err) MUST_CHECK;
/* domain/path[:tag][@digest]; free() it. */
char *image_ref_string(const struct image_ref *r);
/* domain/path@digest; free() it. */
char *image_ref_with_digest(const struct image_ref *r, const char *digest);
/* "sha256:" and 64 lower-case hex digits. */
bool image_ref_digest_valid(const char *s);
/* The registry's host[:port] to talk to: docker.io lives elsewhere. */
const char *image_ref_host(const struct image_ref *r);
/* localhost, 127.0.0.0/8 and ::1, with any port. */
bool image_ref_is_loopback(const struct image_ref *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One repository of one registry, by the OCI distribution protocol (v2): finds out whether it talks HTTPS or
 * HTTP, gets the token it asks for, fetches manifests and blobs and believes none whose sha256 differs. One
 * thread.
 */
#ifndef IMAGE_REGISTRY_H
#define IMAGE_REGISTRY_H

#include "base/buf.h"
#include "image/hosts.h"
#include "image/manifest.h"

struct registry_options {		 /* borrowed until registry_close */
	const char *username, *password; /* NULL = anonymous */
	const char *insecure;		 /* comma-separated host[:port] that may be reached by plain HTTP */
	const char *ca_file;		 /* trusted instead of the system's; NULL = the system's */
	const char *hosts_dir;		 /* image/hosts.h; NULL = none. Of pulls, not of one connection */
	const struct image_host *host;	 /* where to ask; NULL = the registry itself, by the options above */
};

struct registry;
struct registry *registry_open(const struct image_ref *ref, const struct registry_options *o,
			       struct err *err) MUST_CHECK;
void registry_close(struct registry *r); /* NULL is fine */
void registry_cancel(
	struct registry *r); /* any thread: what it does ends with REASON_CANCELED, as all that comes */

/* The manifest or index called `tag_or_digest`, its digest in ret_digest. */
int registry_manifest(struct registry *r, const char *tag_or_digest, struct buf *out,
		      char ret_digest[IMAGE_DIGEST_MAX], struct err *err) MUST_CHECK;
/* A small blob into memory. */
int registry_blob(struct registry *r, const struct image_descriptor *d, size_t max, struct buf *out,
		  struct err *err) MUST_CHECK;
/* Large blobs into open files, some at a time. */
int registry_blobs(struct registry *r, const struct image_descriptor *d, const int *fds, size_t n,
		   struct err *err) MUST_CHECK;

/* A challenge, `Bearer realm="…",service="…",scope="…"` or `Basic …`. For the fuzzer and the test. */
struct registry_challenge {
	bool bearer, basic;
	char realm[512], service[256], scope[512];
};
void registry_challenge_parse(const char *header, struct registry_challenge *ret); /* for tests */

#endif

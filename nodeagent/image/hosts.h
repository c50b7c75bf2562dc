/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How registries are reached, in the layout that users of containerd know: DIR/HOST[:PORT]/hosts.toml, else
 * DIR/_default/hosts.toml, with the mirrors to ask first, CAs and client certificates. Of TOML what such files use (tables,
 * strings, lists of them, booleans); no library that Debian has reads it from C. What is not understood is an error: a
 * mirror that is skipped silently, or an authority that is not believed, is found out too late. Any thread.
 */
#ifndef IMAGE_HOSTS_H
#define IMAGE_HOSTS_H

#include <stddef.h>
#include "object/core/image_ref.h"

#define IMAGE_HOSTS_FILE_MAX (256u << 10)
#define IMAGE_HOSTS_MAX 32 /* of one registry */

struct image_host {	       /* strings owned, NULL = none */
	char *url;	       /* "https://mirror.example:5000/v2", without a slash at its end */
	char *ca, *cert, *key; /* files */
	bool skip_verify;
	bool mirror;   /* not the registry itself: it is not told the registry's credentials */
	bool resolves; /* may be asked what a tag means */
};
struct image_hosts {
	struct image_host *v; /* in the order in which they are asked; the registry itself is the last one */
	size_t n;	      /* 0: there is no such file */
};
void image_hosts_release(struct image_hosts *h);

/* dir may be NULL: n is 0 then. */
int image_hosts_read(const char *dir, const struct image_ref *ref, struct image_hosts *ret,
		     struct err *err) MUST_CHECK;
/* The text of such a file for the registry called `domain`; relative files are below dir. */
int image_hosts_parse(const char *text, const char *domain, const char *dir, struct image_hosts *ret,
		      struct err *err) MUST_CHECK; /* for tests */

#endif

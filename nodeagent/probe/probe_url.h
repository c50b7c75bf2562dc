/* SPDX-License-Identifier: Apache-2.0 */
/* The address that an httpGet asks, and where a redirect leads; by the rules of Go's net/url. Pure; strings live in the
   arena that was given. */
#ifndef PROBE_PROBE_URL_H
#define PROBE_PROBE_URL_H

#include "base/arena.h"

struct probe_url {
	bool https;
	const char *scheme; /* "http", "https", or what a redirect asked for */
	const char *host;   /* without brackets */
	int port;
	bool has_port;	      /* the text names it */
	const char *path;     /* escaped; "" or begins with / */
	const char *query;    /* "" or begins with ? */
	const char *fragment; /* "" or begins with # */
};
void probe_url_make(struct arena *a, bool https, const char *host, int port, const char *path,
		    struct probe_url *ret);
/* Where `location`, got from `base`, leads. False: nobody can say. *ret_absolute (may be NULL): it names a scheme. */
bool probe_url_follow(struct arena *a, const struct probe_url *base, const char *location,
		      struct probe_url *ret, bool *ret_absolute);
void probe_url_write(struct buf *out, const struct probe_url *u);     /* as a person reads it */
void probe_url_authority(struct buf *out, const struct probe_url *u); /* host:port, for a Host header */
void probe_url_target(struct buf *out, const struct probe_url *u);    /* of the request line */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links of a server that is reached through the proxy: absolute paths on it get the proxy's path in front, in pages and in
 * the Location of redirects (apimachinery pkg/util/proxy/transport.go). Pure, any thread.
 */
#ifndef REST_CONNECT_LINKS_H
#define REST_CONNECT_LINKS_H

#include "base/buf.h"

struct links;
/* prefix: the proxy's path, without a slash at its end; server, asked: the hosts that mean the same server, as it is dialled
   and as the client called it. All copied. */
struct links *links_new(const char *prefix, const char *server, const char *asked);
void links_free(struct links *l); /* NULL is fine */
/* Appends what becomes of one URL. */
void links_url(const struct links *l, const char *url, size_t n, struct buf *out);
/* More of a page, in pieces of any size; what is sure of it is appended. A tag of more than LINKS_TAG_MAX stays as it is. */
#define LINKS_TAG_MAX ((size_t)64 << 10)
void links_add(struct links *l, const char *p, size_t n, bool last, struct buf *out);

#endif

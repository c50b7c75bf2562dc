/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which server is meant, and what it is asked: addresses, paths and queries out of requests and objects
 * (kubernetes/kubernetes pkg/registry/core/{pod,node,service}). Pure but for target_find's look into the store; any thread.
 */
#ifndef REST_CONNECT_TARGET_H
#define REST_CONNECT_TARGET_H

#include "rest/api.h"

struct target {
	struct buf host, path, query; /* path decoded, query encoded as it goes out */
	int port;
	bool tls, agent;
	struct subject about; /* an error that is not about the request's object */
	char named[254];
};
void target_release(struct target *t);

/* *ret is zeroed, and to be released in either case. */
int target_find(const struct request *rq, struct target *ret, struct err *err) MUST_CHECK;

/* ---- names, addresses, paths ---- */

struct target_name { /* "name", "name:port", "scheme:name:port" */
	char scheme[6], name[254], port[64];
};
bool target_split(const char *id, struct target_name *ret); /* for tests */
/* An address that is one machine's, and not the server's own. */
bool target_is_allowed(const char *address); /* for tests */
/* target_join, with the slash at the end that the path has. */
void target_clean(struct buf *out, const char *path);
/* path.Join of one path: without "//", empty and single-dot parts; ".." takes one away. */
void target_join(struct buf *out, const char *p, size_t n);
/* As a path of a URL. */
void target_escape(struct buf *out, const char *path);

#endif

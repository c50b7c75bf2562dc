/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a registry's connection: registry.c asks and authenticates, registry_blobs.c downloads. */
#ifndef IMAGE_REGISTRY_INTERNAL_H
#define IMAGE_REGISTRY_INTERNAL_H

#include <pthread.h>

#include "base/clock.h"
#include "client/http.h"
#include "image/registry.h"

#define REGISTRY_IDLE_NS (60 * NS_PER_S) /* a transfer that shows no byte for this long is dead */
#define REGISTRY_PARALLEL 3		 /* layers at once, as containerd and docker */
#define REGISTRY_TRIES 5		 /* that bring nothing new */

struct registry {
	struct http_tls tls;
	struct http *http;
	const struct registry_options *o;
	const struct image_ref *ref;
	const char *username, *password; /* for this host; NULL = anonymous */
	const char *scheme;		 /* NULL until the first answer */
	bool may_http;
	bool basic;	      /* the registry asked for the name and password themselves */
	char *bearer;	      /* "Authorization: Bearer …", NULL = none */
	pthread_mutex_t lock; /* guards canceled */
	pthread_cond_t news;
	bool canceled;
};

char *registry_url(const struct registry *r, const char *scheme, const char *kind, const char *what);
/* headers has room for four; more (may be NULL) is one of them. */
void registry_fill_request(const struct registry *r, struct http_request *rq, const char **headers,
			   const char *more);
/* What went wrong, in containerd's words where people search for them. */
int registry_bad_status(const struct registry *r, const char *url, int status, struct err *err);
/* Does what the challenge of a 401 asks for. */
int registry_authenticate(struct registry *r, const char *header, struct err *err) MUST_CHECK;
/* The answer, or none, may be another one in a while. */
bool registry_transient(const struct http_reply *rep);
/* As long as the server asks for, or a second the first time and twice as long each further one; at most half a minute.
   False: canceled. */
bool registry_wait(struct registry *r, const struct http_reply *rep, int nth);

#endif

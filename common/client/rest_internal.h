/* SPDX-License-Identifier: Apache-2.0 */
/* Between rest.c (the client, paths, errors) and rest_call.c (calls, windows, batches). */
#ifndef CLIENT_REST_INTERNAL_H
#define CLIENT_REST_INTERNAL_H

#include "client/rest.h"

#define REST_VERBS (REST_DELETE + 1)

enum { HEADER_TYPE, HEADER_ACCEPT, HEADER_AGENT, HEADER_AUTH, HEADER_END, HEADERS };

struct rest {
	const struct rest_config *c;
	struct loop *loop;
	bool own_thread; /* the loop is ours and runs */
	struct http *h;
	char *agent, *auth;
	const char *headers[REST_VERBS][HEADERS]; /* each row ends with NULL */
	const char *host;			  /* of the server's URL, for metrics */
	struct {
		int code;
		struct metric_series *s;
	} counted[REST_VERBS]; /* last series of each verb */
};

const char *rest_method(enum rest_verb verb);
void rest_count(struct rest *r, enum rest_verb verb, int code); /* 0: no reply came */

#endif

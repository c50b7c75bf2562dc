/* SPDX-License-Identifier: Apache-2.0 */
/* Where the agent of a node is, and which container is meant. Pure, any thread. */
#ifndef REST_LOG_PLACE_H
#define REST_LOG_PLACE_H

#include "object/json.h"

struct place_agent {
	const char *host; /* the tree's */
	int port;
};
/* By the Node's status. */
int place_find(struct place_agent *ret, const js *node, struct err *err) MUST_CHECK;
/* Appends "https://ADDRESS:PORT", by the Node's status. */
int place_url(struct buf *url, const js *node, struct err *err) MUST_CHECK;
/* The container that is meant by `asked`, which may be "" or NULL: the only one. *ret is the spec's. */
int place_container(const char *pod, const js *spec, const char *asked, const char **ret,
		    struct err *err) MUST_CHECK;

#endif

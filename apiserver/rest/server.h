/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as a service for the listener: dispatch.h says what a request needs, here it gets a thread. Bounded:
 * a request that finds its queue full is told to try again later.
 */
#ifndef REST_SERVER_H
#define REST_SERVER_H

#include "auth/auth.h"
#include "request/service.h"
#include "rest/api.h"

struct server_config {
	struct api *api; /* borrowed, as all below */
	const struct auth *auth;
	int writes; /* in flight; 0 = the default */
	int reads;  /* waiting for the store; 0 = the default */
};
struct server;
struct server *server_new(const struct server_config *c);
/* After the listener has stopped. */
void server_free(struct server *sv);
const struct service *server_service(const struct server *sv);

#endif

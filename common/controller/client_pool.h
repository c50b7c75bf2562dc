/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the API for who works now and then: last in, first out; a few are kept with their connections until
 * client_pool_tidy, the others are closed at once. A client speaks as the daemon, or as an account. Any thread; a client
 * is its taker's alone.
 */
#ifndef CONTROLLER_CLIENT_POOL_H
#define CONTROLLER_CLIENT_POOL_H

#include "controller/account.h"

struct client_pool;
/* connections: of each client; keep: how many idle ones at most. c is borrowed. */
struct client_pool *client_pool_new(const struct rest_config *c, int connections, size_t keep);
void client_pool_free(struct client_pool *p);		       /* none is taken */
void client_pool_set_keep(struct client_pool *p, size_t keep); /* before the first is taken */
struct pool_client;
/* account NULL: the daemon itself. NULL when there are no credentials for it, or no descriptors for its loop. */
struct pool_client *client_pool_take(struct client_pool *p, struct account *account, struct err *err);
struct rest *client_pool_rest(const struct pool_client *c);
void client_pool_give(struct client_pool *p, struct pool_client *c);
/* The same of one whose credentials were not taken: the account's next client gets others. */
void client_pool_refused(struct client_pool *p, struct pool_client *c);
void client_pool_tidy(struct client_pool *p); /* closes the idle ones */
void client_pool_cancel(
	struct client_pool *p); /* whatever they are at ends with REASON_CANCELED, and all to come */

#endif

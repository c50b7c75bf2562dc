/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery documents, legacy and aggregated, made from the schema. Any thread. */
#ifndef REST_DISCOVERY_DISCOVERY_H
#define REST_DISCOVERY_DISCOVERY_H

#include "request/request.h"

struct discovery;
/* server_address: "10.0.0.1:6443", what /api tells clients. */
struct discovery *discovery_new(const struct schema *schema, const char *server_address);
void discovery_free(struct discovery *d);
/* The kinds of that group-version have changed: call it after schema_change. */
void discovery_update(struct discovery *d, const char *group, const char *version);
/* How many group-versions have been written for the aggregated form so far. Tests only. */
uint64_t discovery_written(struct discovery *d);

/* Whether rq's path is one of its documents. */
bool discovery_has_path(const struct request *rq);
bool discovery_knows(struct discovery *d, const char *group, const char *version);

#endif

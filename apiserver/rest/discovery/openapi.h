/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI, made from the schema: /openapi/v2 of parts by kind, /openapi/v3 by group-version. Any thread. */
#ifndef REST_DISCOVERY_OPENAPI_H
#define REST_DISCOVERY_OPENAPI_H

#include "request/request.h"
#include "storage/storage.h"

struct openapi;
/* storage has the CustomResourceDefinitions; NULL in tests: there are none. */
struct openapi *openapi_new(const struct schema *schema, struct storage *storage);
void openapi_free(struct openapi *o);
/* The kinds of that group-version have changed: call it after schema_change. */
void openapi_update(struct openapi *o, const char *group, const char *version);
/* That kind has gone, or is another one now: call it after schema_change. */
void openapi_forget(struct openapi *o, const struct kind *k);
/* How many documents (of v2: parts) have been written so far. Tests only. */
uint64_t openapi_written(struct openapi *o);

/* Whether rq's path is a document. */
bool openapi_has_path(const struct request *rq);
/* Whether the answer is at hand: else it is written first, which takes some milliseconds. */
bool openapi_ready(const struct request *rq);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI v3, made from the schema: for now the operations, not yet the schemas. Any thread. */
#ifndef REST_DISCOVERY_OPENAPI_H
#define REST_DISCOVERY_OPENAPI_H

#include "object/schema.h"

struct openapi;
struct openapi *openapi_new(const struct schema *schema);
void openapi_free(struct openapi *o);
/* The kinds of that group-version have changed: call it after schema_change. */
void openapi_update(struct openapi *o, const char *group, const char *version);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI v3, made once from the schema: for now the operations, not yet the schemas. Immutable afterwards,
 * any thread. */
#ifndef REST_OPENAPI_H
#define REST_OPENAPI_H

#include "object/schema.h"

struct openapi;
struct openapi *openapi_new(const struct schema *schema);
void openapi_free(struct openapi *o);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document of the second version, of parts that are written once each: what is built in, what all kinds share, and
 * each custom kind. Parts lie on the shelf, in the form that was asked for. Any thread.
 */
#ifndef REST_DISCOVERY_OPENAPI_V2_INTERNAL_H
#define REST_DISCOVERY_OPENAPI_V2_INTERNAL_H

#include "rest/discovery/openapi_internal.h"
#include "rest/discovery/pieces.h"
#include "rest/discovery/shelf.h"

struct openapi_v2;
/* All are borrowed. */
struct openapi_v2 *openapi_v2_new(const struct schema *schema, struct shelf *shelf, openapi_crd_fn *crd,
				  void *arg);
void openapi_v2_free(struct openapi_v2 *v); /* NULL is fine */
/* The document as the kinds are now. hash: of the parts in JSON, whichever form it is. */
struct pieces *openapi_v2_compose(struct openapi_v2 *v, bool protobuf, char hash[DOCUMENT_HASH_LEN]);
/* That kind has gone, or is another one. */
void openapi_v2_forget(struct openapi_v2 *v, const struct kind *k);
/* Kinds have come to that group-version. */
void openapi_v2_update(struct openapi_v2 *v, const char *group, const char *version);
uint64_t openapi_v2_written(struct openapi_v2 *v); /* parts, so far */

#endif

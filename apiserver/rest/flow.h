/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which FlowSchema a request falls under, and so which priority level (kubernetes/apiserver pkg/util/flowcontrol). Nothing
 * is queued by it: it is told in headers. Any thread; a lock is held for a look-up, or to match what was not seen before.
 */
#ifndef REST_FLOW_H
#define REST_FLOW_H

#include "request/attributes.h"
#include "request/response.h"
#include "storage/storage.h"

struct flow;
struct flow *flow_new(const struct schema *schema, struct storage *storage);
void flow_free(struct flow *f); /* before the storage; NULL is fine */
/* A reference, or NULL: under none, or f is NULL. */
struct response_flow *flow_classify(struct flow *f, const struct attributes *attr);

#endif

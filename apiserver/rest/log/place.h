/* SPDX-License-Identifier: Apache-2.0 */
/* Where the agent of a node is. Pure, any thread. */
#ifndef REST_LOG_PLACE_H
#define REST_LOG_PLACE_H

#include "object/json.h"

/* Appends "https://ADDRESS:PORT", by the Node's status. */
int place_url(struct buf *url, const js *node, struct err *err) MUST_CHECK;

#endif

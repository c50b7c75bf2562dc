/* SPDX-License-Identifier: Apache-2.0 */
/* What the writing side keeps between requests (struct rest_state of rest/api.h). Any thread. */
#ifndef REST_STATE_H
#define REST_STATE_H

#include "rest/api.h"

struct service_alloc;
struct service_alloc *rest_state_alloc(struct rest_state *st); /* borrowed; NULL when st is NULL */
/* Log streams hold a thread each; false when there are too many. */
bool rest_state_stream_begin(struct rest_state *st);
void rest_state_stream_end(struct rest_state *st);

#endif

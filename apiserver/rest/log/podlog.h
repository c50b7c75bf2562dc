/* SPDX-License-Identifier: Apache-2.0 */
/* GET pods/NAME/log, the one read that others have to answer. */
#ifndef REST_LOG_PODLOG_H
#define REST_LOG_PODLOG_H

#include "request/service.h"

typedef void podlog_done_fn(struct exchange *x);
/* `done` once the response is filled: maybe before this returns, else on the relays' loop. Any thread, does not
   block. */
void podlog_start(struct exchange *x, podlog_done_fn *done);

#endif

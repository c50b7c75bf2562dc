/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of APIs that will go: who asks for one is warned, and /metrics says that somebody has. */
#ifndef REST_DEPRECATION_H
#define REST_DEPRECATION_H

#include "request/request.h"
#include "request/response.h"

/* Of a request for a kind of the schema, as long as it holds its pin. Not deprecated: nothing. Any thread. */
void deprecation_tell(const struct request *rq, struct response *rs);

#endif

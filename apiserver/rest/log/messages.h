/* SPDX-License-Identifier: Apache-2.0 */
/* A log as the messages of a WebSocket. */
#ifndef REST_LOG_MESSAGES_H
#define REST_LOG_MESSAGES_H

#include "request/request.h"
#include "request/response.h"

/* Makes the response that of an upgraded connection, whose messages are what `log` gives; or a refusal, and closes `log`,
   which it takes over. Any thread that has the request. */
void messages_answer(const struct request *rq, struct response *rs, struct response_stream *log);

#endif

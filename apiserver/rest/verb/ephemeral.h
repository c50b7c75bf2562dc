/* SPDX-License-Identifier: Apache-2.0 */
/* GET of pods/ephemeralcontainers, in the form that the client knows. */
#ifndef REST_VERB_EPHEMERAL_H
#define REST_VERB_EPHEMERAL_H

#include "request/request.h"
#include "request/response.h"

void handle_ephemeral_get(struct request *rq, struct response *rs);

#endif

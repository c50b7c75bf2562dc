/* SPDX-License-Identifier: Apache-2.0 */
/* The scale subresource as clients see it. */
#ifndef REST_SCALE_H
#define REST_SCALE_H

#include "request/response.h"
#include "request/request.h"
#include "storage/obj.h"

/* The reply to a read or a write: the Scale of a parent. */
void scale_present(const struct request *rq, struct response *rs, const struct obj *parent);

#endif

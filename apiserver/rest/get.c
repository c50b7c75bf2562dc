/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object: a reference and its bytes. */
#include "rest/present.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "rest/api.h"
#include "rest/options.h"

/* A Scale is a resource of its own there. */
static void not_found(const struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct attributes attr = rq->attr;
	char resource[256];
	if (!strcmp(attr.subresource, "scale")) {
		snprintf(resource, sizeof(resource), "%s/scale", attr.resource);
		attr.resource = resource;
	}
	err_set(&err, REASON_NOT_FOUND, "%s%s%s \"%s\" not found", attr.resource, *attr.group ? "." : "",
		attr.group, attr.name);
	response_status(rs, &err, &attr, NULL);
}

struct obj *handle_found(const struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	uint64_t rv;
	const char *asked = request_param(rq, "resourceVersion");
	if (request_param_bool(rq, "export")) {
		err_set(&err, REASON_BAD_REQUEST,
			"the export parameter, deprecated since v1.14, is no longer supported");
		response_status(rs, &err, &rq->attr, NULL);
		return NULL;
	}
	if (asked && options_revision(asked, &rv) < 0) {
		err_set(&err, REASON_BAD_REQUEST,
			"invalid resource version: resourceVersion: Invalid value: \"%.100s\": strconv.ParseUint: parsing \"%.100s\": invalid syntax",
			asked, asked);
		response_status(rs, &err, &rq->attr, NULL);
		return NULL;
	}
	const char *ns = rq->attr.kind->namespaced ? rq->attr.ns : "";
	struct obj *o = storage_get(storage_resource(rq->api->storage, rq->attr.kind), ns, rq->attr.name);
	if (!o)
		not_found(rq, rs);
	return o;
}

void handle_get(struct request *rq, struct response *rs)
{
	autoobj struct obj *o = handle_found(rq, rs);
	if (o)
		present_object(rq, rs, 200, o);
}

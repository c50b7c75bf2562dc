/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object: a reference and its bytes. */
#include "rest/present.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "rest/api.h"
#include "rest/options.h"

/* Where the reply would have had no form, that is told first, as upstream does. */
static void refuse(const struct request *rq, struct response *rs, const struct err *err,
		   const struct attributes *attr)
{
	struct err form = ERR_INIT;
	struct accept a;
	bool presentable = negotiate(rq, &a, &form) == 0;
	response_status(rs, presentable ? err : &form, attr, NULL);
}

/* A Scale is a resource of its own there, but of the users' own kinds it is they that are not there. */
static void not_found(const struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct attributes attr = rq->attr;
	char resource[256];
	if (!strcmp(attr.subresource, "scale") && !attr.kind->type->structural) {
		snprintf(resource, sizeof(resource), "%s/scale", attr.resource);
		attr.resource = resource;
	}
	err_set(&err, REASON_NOT_FOUND, "%s%s%s \"%s\" not found", attr.resource, *attr.group ? "." : "",
		attr.group, attr.name);
	refuse(rq, rs, &err, &attr);
}

static int check_options(const struct request *rq, struct err *err)
{
	uint64_t rv;
	const char *asked = request_param(rq, "resourceVersion");
	if (request_param_bool(rq, "export"))
		return err_set(err, REASON_BAD_REQUEST,
			       "the export parameter, deprecated since v1.14, is no longer supported");
	return asked && options_revision(asked, &rv) < 0 ? options_bad_revision(asked, false, err) : 0;
}

struct obj *handle_found(const struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	if (check_options(rq, &err) < 0) {
		refuse(rq, rs, &err, &rq->attr);
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

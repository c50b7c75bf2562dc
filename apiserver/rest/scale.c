/* SPDX-License-Identifier: Apache-2.0 */
/* The scale subresource as clients see it: read, and presented after a write. */
#include "registry/registry.h"
#include "rest/api.h"
#include "rest/present.h"
#include "rest/scale.h"

void scale_present(const struct request *rq, struct response *rs, const struct obj *parent)
{
	struct err err = ERR_INIT;
	autojson js *tree = obj_tree(parent, &err);

	if (!tree) {
		response_status(rs, &err, &rq->attr, NULL);
		return;
	}
	autojson js *scale = registry_scale_of(rq->attr.kind, tree);
	present_tree(rq, rs, 200, scale);
}

void handle_scale_get(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	autoobj struct obj *o = handle_found(rq, rs);
	autojson js *tree = o ? obj_tree(o, &err) : NULL;

	if (!o)
		return;
	if (!tree || registry_scale_check(rq->attr.kind, tree, &err) < 0)
		response_status(rs, &err, &rq->attr, NULL);
	else
		scale_present(rq, rs, o);
}

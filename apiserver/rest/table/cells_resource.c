/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the kinds of resource.k8s.io. */
#include "rest/table/cells.h"

static void cell_claim_state(struct buf *out, const struct cell *c)
{
	bool deleted = js_get(c->o, "metadata", "deletionTimestamp", NULL);
	autobuf struct buf b = BUF_INIT;

	if (deleted)
		cell_join(&b, "deleted");
	if (js_get(c->o, "status", "allocation", NULL))
		cell_join(&b, js_len(js_arr(c->o, "status", "reservedFor", NULL)) ? "allocated,reserved"
										  : "allocated");
	else if (!deleted)
		cell_join(&b, "pending");
	cell_text(out, &b, "");
}

/* Empty, where other columns of nodes say <none>. */
static void cell_slice_node(struct buf *out, const struct cell *c)
{
	cell_str(out, js_str0(c->o, "spec", "nodeName", NULL));
}

const struct cell_row cells_resource[] = {
	{"claim_state", cell_claim_state},
	{"slice_node", cell_slice_node},
	{NULL, NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of disruption budgets. */
#include "rest/table/cells.h"

static void share(struct buf *out, const struct cell *c, const char *field)
{
	js *v = js_get(c->o, "spec", field, NULL);

	if (js_is_int(v))
		buf_addf(out, "\"%lld\"", (long long)json_object_get_int64(v));
	else
		cell_str(out, v ? json_object_get_string(v) : "N/A");
}

static void cell_min_available(struct buf *out, const struct cell *c)
{
	share(out, c, "minAvailable");
}

static void cell_max_unavailable(struct buf *out, const struct cell *c)
{
	share(out, c, "maxUnavailable");
}

const struct cell_row cells_policy[] = {
	{"pdb_min_available", cell_min_available},
	{"pdb_max_unavailable", cell_max_unavailable},
	{NULL, NULL},
};

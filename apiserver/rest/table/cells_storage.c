/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the kinds of storage.k8s.io. */
#include "rest/table/cells.h"

#include <string.h>

/* ---- classes ---- */

static bool is_default(const js *o)
{
	static const char *const annotations[] = {"storageclass.kubernetes.io/is-default-class",
						  "storageclass.beta.kubernetes.io/is-default-class"};

	for (size_t i = 0; i < ARRAY_LEN(annotations); i++)
		if (!strcmp(js_str0(o, "metadata", "annotations", annotations[i], NULL), "true"))
			return true;
	return false;
}

static void cell_storageclass_name(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "%s%s", js_str0(c->o, "metadata", "name", NULL), is_default(c->o) ? " (default)" : "");
	cell_text(out, &b, "");
}

static void put_bool(struct buf *out, bool v)
{
	buf_adds(out, v ? "true" : "false");
}

static void cell_storageclass_expansion(struct buf *out, const struct cell *c)
{
	put_bool(out, js_bool(c->o, false, "allowVolumeExpansion", NULL));
}

/* ---- CSI ---- */

static void cell_csidriver_tokens(struct buf *out, const struct cell *c)
{
	const js *requests = js_arr(c->o, "spec", "tokenRequests", NULL);
	autobuf struct buf b = BUF_INIT;

	js_array_for_each (r, requests)
		buf_addf(&b, "%s%s", r_i ? "," : "", js_str0(r, "audience", NULL));
	cell_text(out, &b, requests ? "" : "<unset>");
}

static void cell_csidriver_modes(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;

	js_array_for_each (m, js_arr(c->o, "spec", "volumeLifecycleModes", NULL))
		cell_join(&b, js_str0(m, NULL));
	cell_text(out, &b, CELL_NONE);
}

static void cell_csinode_drivers(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_arr(c->o, "spec", "drivers", NULL)));
}

static void cell_csi_capacity(struct buf *out, const struct cell *c)
{
	const char *capacity = js_str(c->o, "capacity", NULL);

	cell_str(out, capacity ? capacity : "<unset>");
}

static void cell_attachment_node(struct buf *out, const struct cell *c)
{
	cell_str(out, js_str0(c->o, "spec", "nodeName", NULL));
}

const struct cell_row cells_storage[] = {
	{"attachment_node", cell_attachment_node},
	{"csi_capacity", cell_csi_capacity},
	{"csidriver_modes", cell_csidriver_modes},
	{"csidriver_tokens", cell_csidriver_tokens},
	{"csinode_drivers", cell_csinode_drivers},
	{"storageclass_expansion", cell_storageclass_expansion},
	{"storageclass_name", cell_storageclass_name},
	{NULL, NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of PersistentVolumes and the claims on them. */
#include <string.h>
#include "object/meta.h"
#include "rest/table/cells.h"

#define UNSET "<unset>"

static void cell_volume_phase(struct buf *out, const struct cell *c)
{
	cell_str(out, meta_deleting(c->o) ? "Terminating" : js_str0(c->o, "status", "phase", NULL));
}

static void or_unset(struct buf *out, const char *s)
{
	cell_str(out, s ? s : UNSET);
}

static void cell_volume_mode(struct buf *out, const struct cell *c)
{
	or_unset(out, js_str(c->o, "spec", "volumeMode", NULL));
}

static void cell_attributes_class(struct buf *out, const struct cell *c)
{
	or_unset(out, js_str(c->o, "spec", "volumeAttributesClassName", NULL));
}

/* An old annotation wins over the field. */
static void cell_storage_class(struct buf *out, const struct cell *c)
{
	const char *old =
		js_str(c->o, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class", NULL);
	cell_str(out, old ? old : js_str0(c->o, "spec", "storageClassName", NULL));
}

/* In short, each once, in this order. */
static void put_modes(struct buf *out, const js *modes)
{
	static const char *const rows[][2] = {{"ReadWriteOnce", "RWO"},
					      {"ReadOnlyMany", "ROX"},
					      {"ReadWriteMany", "RWX"},
					      {"ReadWriteOncePod", "RWOP"}};
	bool has[ARRAY_LEN(rows)] = {false};
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (m, modes)
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			has[i] |= !strcmp(js_str0(m, NULL), rows[i][0]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (has[i])
			cell_join(&b, rows[i][1]);
	cell_text(out, &b, "");
}

static void cell_pv_modes(struct buf *out, const struct cell *c)
{
	put_modes(out, js_arr(c->o, "spec", "accessModes", NULL));
}

static void put_size(struct buf *out, const js *capacity)
{
	const char *size = js_str(capacity, "storage", NULL);
	cell_str(out, size ? size : "0");
}

static void cell_pv_capacity(struct buf *out, const struct cell *c)
{
	put_size(out, js_obj(c->o, "spec", "capacity", NULL));
}

static void cell_pv_claim(struct buf *out, const struct cell *c)
{
	const js *claim = js_obj(c->o, "spec", "claimRef", NULL);
	autobuf struct buf b = BUF_INIT;
	if (claim)
		buf_addf(&b, "%s/%s", js_str0(claim, "namespace", NULL), js_str0(claim, "name", NULL));
	cell_text(out, &b, "");
}

/* What a claim has got shows once it is bound. */
static bool is_bound(const struct cell *c)
{
	return *js_str0(c->o, "spec", "volumeName", NULL);
}

static void cell_claim_capacity(struct buf *out, const struct cell *c)
{
	if (is_bound(c))
		put_size(out, js_obj(c->o, "status", "capacity", NULL));
	else
		cell_str(out, "");
}

static void cell_claim_modes(struct buf *out, const struct cell *c)
{
	put_modes(out, is_bound(c) ? js_arr(c->o, "status", "accessModes", NULL) : NULL);
}

const struct cell_row cells_volume[] = {
	{"attributes_class", cell_attributes_class},
	{"claim_capacity", cell_claim_capacity},
	{"claim_modes", cell_claim_modes},
	{"pv_capacity", cell_pv_capacity},
	{"pv_claim", cell_pv_claim},
	{"pv_modes", cell_pv_modes},
	{"storage_class", cell_storage_class},
	{"volume_mode", cell_volume_mode},
	{"volume_phase", cell_volume_phase},
	{NULL, NULL},
};

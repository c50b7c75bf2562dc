/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the kinds that have a template of Pods. */
#include "rest/table/cells.h"

#include <ctype.h>
#include <string.h>
#include "object/labels.h"
#include "object/meta.h"

void cell_containers_of(struct buf *out, const js *template, const char *field)
{
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (one, js_arr(template, "spec", "containers", NULL))
		cell_join(&b, js_str0(one, field, NULL));
	cell_text(out, &b, "");
}

static void cell_containers(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "spec", "template", NULL), "name");
}

static void cell_images(struct buf *out, const struct cell *c)
{
	cell_containers_of(out, js_obj(c->o, "spec", "template", NULL), "image");
}

void cell_selector_of(struct buf *out, const js *label_selector)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct selector *s = label_selector ? selector_from_json(label_selector, &err) : NULL;
	if (s)
		selector_write(&b, s);
	selector_free(s);
	cell_text(out, &b, CELL_NONE);
}

static void cell_selector(struct buf *out, const struct cell *c)
{
	cell_selector_of(out, js_obj(c->o, "spec", "selector", NULL));
}

void cell_labels(struct buf *out, const js *map)
{
	autobuf struct buf b = BUF_INIT;
	autofree struct labels *l = labels_new(map);
	for (size_t i = 0; i < l->n; i++)
		buf_addf(&b, "%s%s=%s", i ? "," : "", l->v[i].key, l->v[i].value);
	cell_text(out, &b, CELL_NONE);
}

static void cell_node_selector(struct buf *out, const struct cell *c)
{
	cell_labels(out, js_obj(c->o, "spec", "template", "spec", "nodeSelector", NULL));
}

static void cell_deploy_ready(struct buf *out, const struct cell *c)
{
	buf_addf(out, "\"%lld/%lld\"", (long long)js_int(c->o, 0, "status", "readyReplicas", NULL),
		 (long long)js_int(c->o, 0, "spec", "replicas", NULL));
}

static void cell_owner(struct buf *out, const struct cell *c)
{
	const js *ref = meta_controller_ref(c->o);
	autobuf struct buf b = BUF_INIT;
	if (ref) {
		const char *version = js_str0(ref, "apiVersion", NULL), *slash = strchr(version, '/');
		for (const char *p = js_str0(ref, "kind", NULL); *p; p++)
			buf_addc(&b, (char)tolower((unsigned char)*p));
		if (slash)
			buf_addf(&b, ".%.*s", (int)(slash - version), version);
		buf_addf(&b, "/%s", js_str0(ref, "name", NULL));
	}
	cell_text(out, &b, CELL_NONE);
}

const struct cell_row cells_apps[] = {
	{"containers", cell_containers},
	{"deploy_ready", cell_deploy_ready},
	{"images", cell_images},
	{"node_selector", cell_node_selector},
	{"owner", cell_owner},
	{"selector", cell_selector},
	{NULL, NULL},
};

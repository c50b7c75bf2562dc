/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of the kinds that have a template of Pods. */
#include "rest/table/cells.h"

#include <ctype.h>
#include <string.h>
#include "object/labels.h"
#include "object/meta.h"

static void join_containers(struct buf *out, const struct cell *c, const char *key)
{
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (one, js_arr(c->o, "spec", "template", "spec", "containers", NULL))
		cell_join(&b, js_str0(one, key, NULL));
	cell_text(out, &b, "");
}

static void cell_containers(struct buf *out, const struct cell *c)
{
	join_containers(out, c, "name");
}

static void cell_images(struct buf *out, const struct cell *c)
{
	join_containers(out, c, "image");
}

static void cell_selector(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	const js *label_selector = js_obj(c->o, "spec", "selector", NULL);
	struct selector *s = label_selector ? selector_from_json(label_selector, &err) : NULL;
	if (s)
		selector_write(&b, s);
	selector_free(s);
	cell_text(out, &b, CELL_NONE);
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
	{"containers", cell_containers}, {"deploy_ready", cell_deploy_ready}, {"images", cell_images},
	{"owner", cell_owner},		 {"selector", cell_selector},	      {NULL, NULL},
};

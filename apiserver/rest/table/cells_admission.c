/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of webhook configurations, admission policies and their bindings. */
#include "rest/table/cells.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define UNSET "<unset>"

static void cell_webhooks(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_arr(c->o, "webhooks", NULL)));
}

static void cell_policy_validations(struct buf *out, const struct cell *c)
{
	buf_addu(out, js_len(js_arr(c->o, "spec", "validations", NULL)));
}

static void cell_policy_param_kind(struct buf *out, const struct cell *c)
{
	const js *kind = js_obj(c->o, "spec", "paramKind", NULL);
	autobuf struct buf b = BUF_INIT;
	if (kind)
		buf_addf(&b, "%s/%s", js_str0(kind, "apiVersion", NULL), js_str0(kind, "kind", NULL));
	cell_text(out, &b, UNSET);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A label selector as upstream's generated String() has it. */
static void add_labels(struct buf *b, const js *labels)
{
	size_t n = 0;
	autofree const char **keys = mem_array(js_len(labels) + 1, sizeof(*keys));
	for (struct js_iter it = js_iter(labels); js_next(&it);)
		keys[n++] = it.key;
	qsort(keys, n, sizeof(*keys), by_key);
	buf_adds(b, "map[string]string{");
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s: %s,", keys[i], js_str0(labels, keys[i], NULL));
	buf_adds(b, "}");
}

static void add_selector(struct buf *b, const js *selector)
{
	buf_adds(b, "&LabelSelector{MatchLabels:");
	add_labels(b, js_obj(selector, "matchLabels", NULL));
	buf_adds(b, ",MatchExpressions:[]LabelSelectorRequirement{");
	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		buf_addf(b, "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[", js_str0(e, "key", NULL),
			 js_str0(e, "operator", NULL));
		js_array_for_each (v, js_arr(e, "values", NULL))
			buf_addf(b, "%s%s", v_i ? " " : "", js_str0(v, NULL));
		buf_adds(b, "],},");
	}
	buf_adds(b, "},}");
}

static void cell_policy_param(struct buf *out, const struct cell *c)
{
	const js *param = js_obj(c->o, "spec", "paramRef", NULL);
	const char *name = js_str0(param, "name", NULL), *ns = js_str0(param, "namespace", NULL);
	autobuf struct buf b = BUF_INIT;
	if (*name)
		buf_addf(&b, "%s/%s", *ns ? ns : "*", name);
	else if (js_obj(param, "selector", NULL))
		add_selector(&b, js_obj(param, "selector", NULL));
	cell_text(out, &b, UNSET);
}

const struct cell_row cells_admission[] = {
	{"webhooks", cell_webhooks},
	{"policy_validations", cell_policy_validations},
	{"policy_param_kind", cell_policy_param_kind},
	{"policy_param", cell_policy_param},
	{NULL, NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of nodes that got other names, and selectors that select nothing, in what says where a Pod may run
 * (kubernetes/kubernetes pkg/api/node/util.go, pkg/api/pod/warnings.go).
 */
#include "kinds/podspec/podspec_internal.h"
#include "kinds/advice.h"
#include "object/name.h"

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"
#define SELECTS_NONE "a null labelSelector results in matching no pod"

static void warn_key(const struct podspec_warning *w, const char *label, const char *path)
{
	const char *text = advice_label(label);

	if (text)
		strategy_warn(w->ctx, "%s: %s is %s", path, label, text);
}

static void warn_values(const struct podspec_warning *w, const js *values, const char *path)
{
	struct name_faults bad;

	js_array_for_each (v, values) {
		const char *s = js_str0(v, NULL);
		name_check_label_value(s, &bad);
		for (size_t i = 0; i < bad.n; i++)
			strategy_warn(w->ctx, "%s.values[%zu]: %s is invalid, %s", path, v_i, s, bad.v[i]);
	}
}

/* Values of terms that are only preferred are not validated. */
static void warn_term(const struct podspec_warning *w, const js *term, bool values_too, const char *path)
{
	js_array_for_each (r, js_arr(term, "matchExpressions", NULL)) {
		const char *at = PATH("%s.matchExpressions[%zu]", path, r_i);
		warn_key(w, js_str0(r, "key", NULL), PATH("%s.key", at));
		if (values_too)
			warn_values(w, js_arr(r, "values", NULL), at);
	}
}

void podspec_warn_node_selector(const struct strategy_ctx *ctx, const js *selector, const char *path)
{
	const struct podspec_warning w = {.ctx = ctx};

	js_array_for_each (t, js_arr(selector, "nodeSelectorTerms", NULL))
		warn_term(&w, t, false, PATH("%s.nodeSelectorTerms[%zu]", path, t_i));
}

void podspec_warn_labels(const struct podspec_warning *w)
{
	const js *nodes = js_obj(w->spec, "affinity", "nodeAffinity", NULL);

	for (struct js_iter it = js_iter(js_obj(w->spec, "nodeSelector", NULL)); js_next(&it);)
		if (advice_label(it.key))
			strategy_warn(w->ctx, "%sspec.nodeSelector[%s]: %s", w->base, it.key,
				      advice_label(it.key));
	podspec_warn_node_selector(w->ctx, js_obj(nodes, REQUIRED, NULL),
				   PATH("%sspec.affinity.nodeAffinity." REQUIRED, w->base));
	js_array_for_each (t, js_arr(nodes, PREFERRED, NULL))
		warn_term(w, js_obj(t, "preference", NULL), true,
			  PATH("%sspec.affinity.nodeAffinity." PREFERRED "[%zu].preference", w->base, t_i));
	js_array_for_each (c, js_arr(w->spec, "topologySpreadConstraints", NULL)) {
		const char *path = PATH("%sspec.topologySpreadConstraints[%zu]", w->base, c_i);
		warn_key(w, js_str0(c, "topologyKey", NULL), PATH("%s.topologyKey", path));
		if (!js_field(c, "labelSelector"))
			strategy_warn(w->ctx, "%s.labelSelector: " SELECTS_NONE, path);
	}
}

static void warn_selectors(const struct podspec_warning *w, const char *which)
{
	const js *affinity = js_obj(w->spec, "affinity", which, NULL);

	js_array_for_each (t, js_arr(affinity, REQUIRED, NULL))
		if (!js_field(t, "labelSelector"))
			strategy_warn(w->ctx,
				      "%sspec.affinity.%s." REQUIRED "[%zu].labelSelector: " SELECTS_NONE,
				      w->base, which, t_i);
	js_array_for_each (t, js_arr(affinity, PREFERRED, NULL))
		if (!js_get(t, "podAffinityTerm", "labelSelector", NULL))
			strategy_warn(w->ctx,
				      "%sspec.affinity.%s." PREFERRED
				      "[%zu].podAffinityTerm.labelSelector: " SELECTS_NONE,
				      w->base, which, t_i);
}

void podspec_warn_selectors(const struct podspec_warning *w)
{
	warn_selectors(w, "podAffinity");
	warn_selectors(w, "podAntiAffinity");
}

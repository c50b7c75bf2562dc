/* SPDX-License-Identifier: Apache-2.0 */
/* Topology spread constraints, and the label keys that they share with Pod affinity. */
#include "kinds/podspec/podspec_internal.h"

#include "kinds/check.h"
#include "object/name.h"

/* ---- matchLabelKeys, mismatchLabelKeys ---- */

static void check_keys(const js *term, const char *list, const char *path, struct field_errors *errs)
{
	const js *keys = js_arr(term, list, NULL);
	struct name_faults bad;

	if (!js_len(keys))
		return;
	if (!js_field(term, "labelSelector")) {
		field_error_forbidden(errs, PATH("%s.%s", path, list),
				      "must not be specified when labelSelector is not set");
		return;
	}
	js_array_for_each (k, keys) {
		const char *key = js_str0(k, NULL);
		if (name_check_qualified(key, &bad))
			field_error_names(errs, PATH("%s.%s[%zu]", path, list, k_i), key, &bad);
	}
}

/* A key of the list that the selector names twice: once because of the list, once by itself. */
static void check_selected(const js *selector, const js *keys, const char *path, struct field_errors *errs)
{
	autounique struct unique mine = {.n = 0}, named = {.n = 0};

	js_array_for_each (k, keys)
		unique_first(&mine, js_str0(k, NULL), strlen(js_str0(k, NULL)), k_i);
	for (struct js_iter it = js_iter(js_obj(selector, "matchLabels", NULL)); js_next(&it);)
		unique_seen(&named, it.key);
	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		const char *key = js_str0(e, "key", NULL);
		if (unique_seen(&named, key) && unique_has(&mine, key))
			field_error_invalid_str(
				errs, PATH("%s[%zu]", path, unique_first(&mine, key, strlen(key), 0)), key,
				"exists in both matchLabelKeys and labelSelector");
	}
}

void podspec_check_label_keys(const js *term, const char *path, struct field_errors *errs)
{
	const js *match = js_arr(term, "matchLabelKeys", NULL),
		 *mismatch = js_arr(term, "mismatchLabelKeys", NULL);
	autounique struct unique not = {.n = 0};

	check_keys(term, "matchLabelKeys", path, errs);
	check_keys(term, "mismatchLabelKeys", path, errs);
	if (!js_len(match))
		return;
	check_selected(js_obj(term, "labelSelector", NULL), match, path, errs);
	js_array_for_each (k, mismatch)
		unique_seen(&not, js_str0(k, NULL));
	js_array_for_each (k, match) {
		const char *key = js_str0(k, NULL);
		if (unique_has(&not, key))
			field_error_invalid_str(errs, PATH("%s.matchLabelKeys[%zu]", path, k_i), key,
						"exists in both matchLabelKeys and mismatchLabelKeys");
	}
}

/* ---- constraints ---- */

static void check_constraint(const struct podspec *p, const js *c, const char *path)
{
	const char *when = js_str0(c, "whenUnsatisfiable", NULL);
	const js *domains = js_field(c, "minDomains");

	if (domains && strcmp(when, "DoNotSchedule")) {
		autofree char *detail = mem_printf(
			"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not %s", when);
		field_error_invalid(p->errs, PATH("%s.minDomains", path), domains, detail);
	}
	podspec_check_label_keys(c, path, p->errs);
	if (js_field(c, "labelSelector"))
		check_label_selector(js_obj(c, "labelSelector", NULL), PATH("%s.labelSelector", path),
				     p->errs);
}

/* Upstream blames the earlier one of two. */
static void check_pairs(const struct podspec *p, const js *constraints)
{
	autounique struct unique later = {.n = 0};

	for (size_t i = js_len(constraints); i-- > 0;) {
		const js *c = js_at(constraints, i);
		autofree char *pair = mem_printf("{%s, %s}", js_str0(c, "topologyKey", NULL),
						 js_str0(c, "whenUnsatisfiable", NULL));
		p->errs->look = '2';
		if (unique_seen(&later, pair))
			field_error_duplicate(p->errs,
					      PATH("%s.topologySpreadConstraints[%zu].{topologyKey, "
						   "whenUnsatisfiable}",
						   p->base, i),
					      pair);
		p->errs->look = 0;
	}
}

void podspec_check_spread(const struct podspec *p)
{
	const js *constraints = js_arr(p->spec, "topologySpreadConstraints", NULL);

	js_array_for_each (c, constraints)
		check_constraint(p, c, PATH("%s.topologySpreadConstraints[%zu]", p->base, c_i));
	if (js_len(constraints) > 1)
		check_pairs(p, constraints);
}

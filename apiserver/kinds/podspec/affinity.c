/* SPDX-License-Identifier: Apache-2.0 */
/* Affinity: which nodes suit, and near which other Pods. */
#include "kinds/podspec/podspec_internal.h"

#include "kinds/check.h"
#include "object/name.h"

/* ---- nodes ---- */

/* Values of preferences may be anything: they do not keep the Pod from running. */
static void check_expression(const js *r, const char *path, bool values_too, struct field_errors *errs)
{
	const char *op = js_str0(r, "operator", NULL), *key = js_str0(r, "key", NULL);
	const js *values = js_arr(r, "values", NULL);
	size_t n = js_len(values);
	struct name_faults bad;

	errs->look = '3';
	if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !n)
		field_error_required(errs, PATH("%s.values", path),
				     "must be specified when `operator` is 'In' or 'NotIn'");
	if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && n)
		field_error_forbidden(errs, PATH("%s.values", path),
				      "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	if ((!strcmp(op, "Gt") || !strcmp(op, "Lt")) && n != 1)
		field_error_required(errs, PATH("%s.values", path),
				     "must be specified single value when `operator` is 'Lt' or 'Gt'");
	errs->look = 0;
	if (name_check_qualified(key, &bad))
		field_error_names(errs, PATH("%s.key", path), key, &bad);
	for (size_t i = 0; values_too && i < n; i++) {
		const char *v = js_str0(js_at(values, i), NULL);
		if (name_check_label_value(v, &bad))
			field_error_names(errs, PATH("%s.values[%zu]", path, i), v, &bad);
	}
}

static void check_field(const js *r, const char *path, struct field_errors *errs)
{
	const char *op = js_str0(r, "operator", NULL), *key = js_str0(r, "key", NULL);
	const js *values = js_arr(r, "values", NULL);
	struct name_faults bad;

	if (strcmp(op, "In") && strcmp(op, "NotIn")) {
		if (!field_errors_has(errs, PATH("%s.operator", path)))
			field_error_invalid_str(errs, PATH("%s.operator", path), op,
						"not a valid selector operator");
	} else if (js_len(values) != 1) {
		errs->look = '3';
		field_error_required(
			errs, PATH("%s.values", path),
			"must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
		errs->look = 0;
	}
	if (strcmp(key, "metadata.name")) {
		field_error_invalid_str(errs, PATH("%s.key", path), key, "not a valid field selector key");
		return;
	}
	js_array_for_each (v, values) {
		const char *name = js_str0(v, NULL);
		if (name_check_dns1123_subdomain(name, &bad))
			field_error_names(errs, PATH("%s.values[%zu]", path, v_i), name, &bad);
	}
}

static void check_node_term(const js *term, const char *path, bool values_too, struct field_errors *errs)
{
	js_array_for_each (r, js_arr(term, "matchExpressions", NULL))
		check_expression(r, PATH("%s.matchExpressions[%zu]", path, r_i), values_too, errs);
	js_array_for_each (r, js_arr(term, "matchFields", NULL))
		check_field(r, PATH("%s.matchFields[%zu]", path, r_i), errs);
}

void podspec_validate_node_selector(const js *selector, const char *path, struct field_errors *errs)
{
	js_array_for_each (t, js_arr(selector, "nodeSelectorTerms", NULL))
		check_node_term(t, PATH("%s.nodeSelectorTerms[%zu]", path, t_i), true, errs);
}

/* ---- Pods ---- */

static void check_pod_term(const js *term, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	if (js_field(term, "labelSelector"))
		check_label_selector(js_obj(term, "labelSelector", NULL), PATH("%s.labelSelector", path),
				     errs);
	if (js_field(term, "namespaceSelector"))
		check_label_selector(js_obj(term, "namespaceSelector", NULL),
				     PATH("%s.namespaceSelector", path), errs);
	js_array_for_each (ns, js_arr(term, "namespaces", NULL)) {
		const char *name = js_str0(ns, NULL);
		if (name_check_dns1123_label(name, &bad))
			field_error_names(errs, PATH("%s.namespace", path), name, &bad);
	}
	podspec_check_label_keys(term, path, errs);
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

void podspec_check_affinity(const struct podspec *p)
{
	static const char *const between[] = {"podAffinity", "podAntiAffinity"};
	const js *affinity = js_obj(p->spec, "affinity", NULL);

	if (!affinity)
		return;
	const char *path = PATH("%s.affinity", p->base);
	js_array_for_each (t, js_arr(affinity, "nodeAffinity", REQUIRED, "nodeSelectorTerms", NULL))
		check_node_term(t, PATH("%s.nodeAffinity." REQUIRED ".nodeSelectorTerms[%zu]", path, t_i),
				true, p->errs);
	js_array_for_each (t, js_arr(affinity, "nodeAffinity", PREFERRED, NULL))
		check_node_term(js_obj(t, "preference", NULL),
				PATH("%s.nodeAffinity." PREFERRED "[%zu].preference", path, t_i), false,
				p->errs);
	for (size_t i = 0; i < ARRAY_LEN(between); i++) {
		js_array_for_each (t, js_arr(affinity, between[i], REQUIRED, NULL))
			check_pod_term(t, PATH("%s.%s." REQUIRED "[%zu]", path, between[i], t_i), p->errs);
		js_array_for_each (t, js_arr(affinity, between[i], PREFERRED, NULL))
			check_pod_term(
				js_obj(t, "podAffinityTerm", NULL),
				PATH("%s.%s." PREFERRED "[%zu].podAffinityTerm", path, between[i], t_i),
				p->errs);
	}
}

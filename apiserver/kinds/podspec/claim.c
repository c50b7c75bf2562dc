/* SPDX-License-Identifier: Apache-2.0 */
/* The claim that an ephemeral volume is made from (ValidatePersistentVolumeClaimTemplate). */
#include "kinds/podspec/podspec_internal.h"

#include "kinds/check.h"
#include "object/name.h"
#include "object/quantity.h"

/* Only labels and annotations of the claim can be chosen. The names in errors are the Go fields', first letter small. */
void podspec_validate_claim_meta(const js *meta, const char *path, struct field_errors *errs)
{
	static const struct {
		const char *name, *as;
	} others[] = {
		{"name", "name"},
		{"generateName", "generateName"},
		{"namespace", "namespace"},
		{"selfLink", "selfLink"},
		{"uid", "uID"},
		{"resourceVersion", "resourceVersion"},
		{"generation", "generation"},
		{"creationTimestamp", "creationTimestamp"},
		{"deletionTimestamp", "deletionTimestamp"},
		{"deletionGracePeriodSeconds", "deletionGracePeriodSeconds"},
		{"ownerReferences", "ownerReferences"},
		{"finalizers", "finalizers"},
		{"managedFields", "managedFields"},
	};

	podspec_check_meta(meta, path, errs);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (js_field(meta, others[i].name))
			field_error_forbidden(errs, PATH("%s.%s", path, others[i].as), "cannot be set");
}

void podspec_validate_modes(const js *modes, const char *path, struct field_errors *errs)
{
	static const char *const known[] = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",
					    "ReadWriteOncePod", NULL};
	bool alone = false, shared = false;

	js_array_for_each (m, modes) {
		const char *mode = js_str0(m, NULL);
		size_t i = 0;
		while (known[i] && strcmp(known[i], mode))
			i++;
		if (!known[i])
			field_error_not_supported(errs, path, mode, known);
		else if (i == 3)
			alone = true;
		else
			shared = true;
	}
	if (alone && shared)
		field_error_forbidden(errs, path, "may not use ReadWriteOncePod with other access modes");
}

static void check_storage(const js *spec, const char *path, struct field_errors *errs)
{
	const char *text = js_str(spec, "resources", "requests", "storage", NULL);
	const char *where = PATH("%s.resources[storage]", path);
	struct quantity q;
	struct err ignore = ERR_INIT;

	if (!text)
		field_error_required(errs, where, "");
	else if (quantity_parse(text, &q, &ignore) == 0 && q.nano <= 0)
		field_error_invalid_str(errs, where, text, "must be greater than zero");
	else
		check_resource_quantity("storage", text, where, errs);
}

static void check_source(const js *source, const char *path, struct field_errors *errs)
{
	const char *group = js_str0(source, "apiGroup", NULL), *kind = js_str0(source, "kind", NULL);
	const char *ns = js_str0(source, "namespace", NULL);
	struct name_faults bad;

	if (!*js_str0(source, "name", NULL))
		field_error_required(errs, PATH("%s.name", path), "");
	if (!*kind)
		field_error_required(errs, PATH("%s.kind", path), "");
	if (!*group && strcmp(kind, "PersistentVolumeClaim"))
		field_error_invalid_str(
			errs, path, kind,
			"must be 'PersistentVolumeClaim' when referencing the default apiGroup");
	if (*group && name_check_dns1123_subdomain(group, &bad))
		field_error_names(errs, PATH("%s.apiGroup", path), group, &bad);
	if (*ns && name_check_dns1123_label(ns, &bad))
		field_error_names(errs, PATH("%s.namespace", path), ns, &bad);
}

static bool same_source(const js *a, const js *b)
{
	return js_equal(js_field(a, "apiGroup"), js_field(b, "apiGroup")) &&
	       !strcmp(js_str0(a, "kind", NULL), js_str0(b, "kind", NULL)) &&
	       !strcmp(js_str0(a, "name", NULL), js_str0(b, "name", NULL));
}

static void check_sources(const js *spec, const char *path, struct field_errors *errs)
{
	const js *source = js_obj(spec, "dataSource", NULL), *ref = js_obj(spec, "dataSourceRef", NULL);

	if (source)
		check_source(source, PATH("%s.dataSource", path), errs);
	if (ref)
		check_source(ref, PATH("%s.dataSourceRef", path), errs);
	if (!source || !ref)
		return;
	const char *value = PATH("%s.dataSource", path);
	if (*js_str0(ref, "namespace", NULL))
		field_error_invalid_str(errs, path, value,
					"may not be specified when dataSourceRef.namespace is specified");
	else if (!same_source(source, ref))
		field_error_invalid_str(errs, path, value, "must match dataSourceRef");
}

static void check_class(const js *spec, const char *key, const char *path, struct field_errors *errs)
{
	const char *name = js_str0(spec, key, NULL);
	struct name_faults bad;

	if (*name && name_check_dns1123_subdomain(name, &bad))
		field_error_names(errs, PATH("%s.%s", path, key), name, &bad);
}

void podspec_validate_claim(const js *spec, const char *path, struct field_errors *errs)
{
	if (js_obj(spec, "selector", NULL))
		check_label_selector(js_obj(spec, "selector", NULL), PATH("%s.selector", path), errs);
	errs->look = '3';
	podspec_validate_modes(js_arr(spec, "accessModes", NULL), PATH("%s.accessModes", path), errs);
	errs->look = 0;
	check_storage(spec, path, errs);
	check_class(spec, "storageClassName", path, errs);
	check_class(spec, "volumeAttributesClassName", path, errs);
	check_sources(spec, path, errs);
}

void podspec_check_claim_template(const js *template, const char *path, struct field_errors *errs)
{
	podspec_validate_claim_meta(js_obj(template, "metadata", NULL), PATH("%s.metadata", path), errs);
	podspec_validate_claim(js_obj(template, "spec", NULL), PATH("%s.spec", path), errs);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PersistentVolumeClaims (kubernetes/kubernetes pkg/registry/core/persistentvolumeclaim, pkg/api/persistentvolumeclaim,
 * pkg/apis/core/validation). dataSource and the newer dataSourceRef say the same.
 */
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/quantity.h"

#define BETA_CLASS "volume.beta.kubernetes.io/storage-class"

/* ---- where its content comes from ---- */

static bool has_source(const js *spec)
{
	return js_field(spec, "dataSource") || js_field(spec, "dataSourceRef");
}

/* Once the old field took claims and snapshots only, and left out all else without a word. */
static bool was_always_taken(const js *source)
{
	const char *group = js_str0(source, "apiGroup", NULL), *kind = js_str0(source, "kind", NULL);

	return !strcmp(kind, "PersistentVolumeClaim")
		       ? !*group
		       : !strcmp(kind, "VolumeSnapshot") && !strcmp(group, "snapshot.storage.k8s.io");
}

static void copy_source(js *spec, const char *from, const char *to)
{
	static const char *const fields[] = {"apiGroup", "kind", "name"};
	const js *source = js_obj(spec, from, NULL);
	js *copy = js_new_obj();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		strategy_carry(copy, source, fields[i]);
	js_set(spec, to, copy);
}

static void settle_sources(js *spec, const js *was)
{
	const js *ref = js_obj(spec, "dataSourceRef", NULL);

	/* sources of other namespaces are behind a gate that is closed */
	if (*js_str0(ref, "namespace", NULL) && !js_field(was, "dataSourceRef")) {
		js_del(spec, "dataSourceRef");
		ref = NULL;
	}
	if (!has_source(was) && !ref && !was_always_taken(js_obj(spec, "dataSource", NULL)))
		js_del(spec, "dataSource");
	if (js_field(spec, "dataSource") && !ref)
		copy_source(spec, "dataSource", "dataSourceRef");
	else if (ref && !js_field(spec, "dataSource") && !*js_str0(ref, "namespace", NULL))
		copy_source(spec, "dataSourceRef", "dataSource");
}

static void persistentvolumeclaim_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (*ctx->subresource)
		return;
	settle_sources(js_ensure(new, "spec", NULL), js_obj(old, "spec", NULL));
	if (old)
		return;
	js *status = js_new_obj();
	js_set_str(status, "phase", "Pending");
	js_set(new, "status", status);
}

/* ---- what may change ---- */

static const char *beta_class(const js *o)
{
	return js_str(o, "metadata", "annotations", BETA_CLASS, NULL);
}

/* The class that an old annotation names may move into the field. */
static bool moves_class(const js *new, const js *old)
{
	const char *was = beta_class(old), *is = beta_class(new),
		   *class = js_str(new, "spec", "storageClassName", NULL);

	return was && !js_get(old, "spec", "storageClassName", NULL) && class && !strcmp(class, was) &&
	       (!is || !strcmp(is, was));
}

/* A claim without a class may get one. */
static bool gets_class(const js *new, const js *old)
{
	const char *was = beta_class(old), *class = js_str(new, "spec", "storageClassName", NULL);

	return class && !js_get(old, "spec", "storageClassName", NULL) && (!was || !strcmp(class, was));
}

/* The new spec with what may have changed as it was. */
static js *as_before(const js *new, const js *old)
{
	js *spec = js_dup(js_obj(new, "spec", NULL));
	const js *was = js_obj(old, "spec", NULL);

	if (!*js_str0(was, "volumeName", NULL))
		js_del(spec, "volumeName");
	if (moves_class(new, old) || gets_class(new, old))
		js_del(spec, "storageClassName");
	if (strcmp(js_str0(new, "status", "phase", NULL), "Bound"))
		return spec;
	if (js_obj(spec, "resources", "requests", NULL))
		strategy_carry(js_obj(spec, "resources", "requests", NULL),
			       js_obj(was, "resources", "requests", NULL), "storage");
	strategy_carry(spec, was, "volumeAttributesClassName");
	return spec;
}

static int compare_sizes(const char *a, const char *b)
{
	struct quantity q = {.nano = 0}, r = {.nano = 0};
	struct err ignore = ERR_INIT;

	if ((a && quantity_parse(a, &q, &ignore) < 0) || (b && quantity_parse(b, &r, &ignore) < 0))
		return 0;
	return quantity_cmp(&q, &r);
}

/* What was asked for may shrink, but not below what there is: to give up growing that failed. */
static void check_size(const js *new, const js *old, struct field_errors *errs)
{
	const char *is = js_str(new, "spec", "resources", "requests", "storage", NULL),
		   *was = js_str(old, "spec", "resources", "requests", "storage", NULL),
		   *have = js_str(old, "status", "capacity", "storage", NULL);

	errs->look = 'u';
	if (compare_sizes(is, was) < 0 && compare_sizes(is, have) <= 0)
		field_error_forbidden(errs, "spec.resources.requests.storage",
				      "field can not be less than status.capacity");
	errs->look = 0;
}

static void check_attributes(const js *new, const js *old, struct field_errors *errs)
{
	static const char path[] = "spec.volumeAttributesClassName";
	const char *is = js_str(new, "spec", "volumeAttributesClassName", NULL);

	if (js_equal(js_get(new, "spec", "volumeAttributesClassName", NULL),
		     js_get(old, "spec", "volumeAttributesClassName", NULL)) ||
	    !js_get(old, "status", "currentVolumeAttributesClassName", NULL))
		return;
	if (!is)
		field_error_forbidden(
			errs, path,
			"update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
	else if (!*is)
		field_error_forbidden(
			errs, path,
			"update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
}

static void check_update(const js *new, const js *old, struct field_errors *errs)
{
	autojson js *is = as_before(new, old), *was = js_dup(js_obj(old, "spec", NULL));
	const char *class = beta_class(new), *before = beta_class(old);
	autobuf struct buf detail = BUF_INIT;

	if (!moves_class(new, old) && strcmp(class ? class : "", before ? before : ""))
		field_error_invalid_str(errs, "metadata.annotations[" BETA_CLASS "]", class ? class : "",
					"field is immutable");
	settle_sources(was, was);
	if (!js_equal(is, was)) {
		buf_adds(
			&detail,
			"spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n");
		strategy_differences(&detail, is, was);
		field_error_forbidden(errs, "spec", buf_str(&detail));
	}
	check_size(new, old, errs);
	if (!js_equal(js_get(new, "spec", "volumeMode", NULL), js_get(old, "spec", "volumeMode", NULL)))
		field_error_invalid(errs, "volumeMode", js_get(new, "spec", "volumeMode", NULL),
				    "field is immutable");
	check_attributes(new, old, errs);
}

/* ---- status ---- */

/* False when the name is wrong; of Kubernetes' own there is one. */
static bool check_key(const char *key, const char *path, struct field_errors *errs)
{
	static const char *const supported[] = {"storage", NULL};
	struct name_faults bad;

	if (name_check_qualified(key, &bad))
		field_error_names(errs, path, key, &bad);
	else if ((!strchr(key, '/') || strstr(key, "kubernetes.io/")) && strcmp(key, "storage"))
		field_error_not_supported(errs, path, key, supported);
	else
		return true;
	return false;
}

static bool check_basic(const char *text, const char *path, struct field_errors *errs)
{
	struct quantity q;
	struct err ignore = ERR_INIT;

	if (quantity_parse(text, &q, &ignore) < 0 || quantity_value(&q) >= 0)
		return true;
	autojson js *value = js_new_int(quantity_value(&q));
	field_error_invalid(errs, path, value, "must be a valid resource quantity");
	return false;
}

static void validate_status(const js *status, struct field_errors *errs)
{
	static const char *const states[] = {"ControllerResizeInProgress", "ControllerResizeInfeasible",
					     "NodeResizeInProgress",	   "NodeResizeInfeasible",
					     "NodeResizePending",	   NULL};
	static const char states_path[] = "status.allocatedResourceStatuses";

	for (struct js_iter it = js_iter(js_obj(status, "capacity", NULL)); js_next(&it);)
		check_basic(js_str0(it.value, NULL), PATH("status.capacity[%s]", it.key), errs);
	for (struct js_iter it = js_iter(js_obj(status, "allocatedResourceStatuses", NULL)); js_next(&it);) {
		size_t i = 0;
		check_key(it.key, states_path, errs);
		while (states[i] && strcmp(states[i], js_str0(it.value, NULL)))
			i++;
		if (!states[i])
			field_error_not_supported(errs, states_path, it.key, states);
	}
	for (struct js_iter it = js_iter(js_obj(status, "allocatedResources", NULL)); js_next(&it);) {
		const char *path = PATH("status.allocatedResources[%s]", it.key),
			   *text = js_str0(it.value, NULL);
		if (check_key(it.key, "status.allocatedResources", errs) && check_basic(text, path, errs))
			check_resource_quantity("storage", text, path, errs);
	}
}

static void persistentvolumeclaim_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
					   struct field_errors *errs)
{
	if (!strcmp(ctx->subresource, "status")) {
		validate_status(js_obj(new, "status", NULL), errs);
		return;
	}
	podspec_validate_claim(js_obj(new, "spec", NULL), "spec", errs);
	if (old)
		check_update(new, old, errs);
}

/* ---- warnings ---- */

static void persistentvolumeclaim_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (*ctx->subresource)
		return;
	if (beta_class(new))
		strategy_warn(ctx, "metadata.annotations[" BETA_CLASS
				   "]: deprecated since v1.8; use \"storageClassName\" attribute instead");
	podspec_warn_claim(ctx, js_obj(new, "spec", NULL), "spec");
}

const struct strategy persistentvolumeclaim_strategy = {
	.group = "",
	.kind = "PersistentVolumeClaim",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = persistentvolumeclaim_prepare,
	.validate = persistentvolumeclaim_validate,
	.warn = persistentvolumeclaim_warn,
};

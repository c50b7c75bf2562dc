/* SPDX-License-Identifier: Apache-2.0 */
/* PersistentVolumes (kubernetes/kubernetes pkg/registry/core/persistentvolume, pkg/apis/core/validation). */
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/quantity.h"
#include "object/rfc3339.h"

#define MOUNT_OPTIONS "volume.beta.kubernetes.io/mount-options"
#define BETA_CLASS "volume.beta.kubernetes.io/storage-class"
#define RECLAIM_POLICY "spec.persistentVolumeReclaimPolicy"

/* ---- status ---- */

static void stamp(const struct strategy_ctx *ctx, js *status)
{
	char text[RFC3339_MAX];

	rfc3339_format(ctx->now_ns, text);
	js_set_str(status, "lastPhaseTransitionTime", text);
}

/* The time moves with the phase, unless the client says when. */
static void follow_phase(const struct strategy_ctx *ctx, js *is, const js *was)
{
	const js *time = js_field(is, "lastPhaseTransitionTime"),
		 *before = js_field(was, "lastPhaseTransitionTime");
	bool same = !strcmp(js_str0(is, "phase", NULL), js_str0(was, "phase", NULL));

	if (same && !time)
		strategy_carry(is, was, "lastPhaseTransitionTime");
	else if (!same && (!time || js_equal(time, before)))
		stamp(ctx, is);
}

static void persistentvolume_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!strcmp(ctx->subresource, "status"))
		follow_phase(ctx, js_ensure(new, "status", NULL), js_obj(old, "status", NULL));
	if (old)
		return;
	js *status = js_new_obj();
	js_set_str(status, "phase", "Pending");
	stamp(ctx, status);
	js_set(new, "status", status);
}

/* ---- what it offers ---- */

static void shown_capacity(const js *capacity, struct field_errors *errs)
{
	autobuf struct buf b = BUF_INIT;

	buf_adds(&b, "Unsupported value: ");
	if (capacity)
		js_write(&b, capacity);
	else
		buf_adds(&b, "null");
	buf_adds(&b, ": supported values: \"storage\"");
	field_errors_add(errs, "FieldValueNotSupported", mem_strdup("spec.capacity"), buf_take(&b, NULL));
}

static void check_capacity(const js *capacity, struct field_errors *errs)
{
	struct quantity q;
	struct err ignore = ERR_INIT;

	if (!js_len(capacity))
		field_error_required(errs, "spec.capacity", "");
	if (!js_field(capacity, "storage") || js_len(capacity) > 1)
		shown_capacity(capacity, errs);
	errs->look = 'c';
	for (struct js_iter it = js_iter(capacity); js_next(&it);) {
		const char *text = js_str0(it.value, NULL), *path = PATH("spec.capacity[%s]", it.key);
		if (quantity_parse(text, &q, &ignore) < 0 || q.nano > 0)
			continue;
		autojson js *value = js_new_int(quantity_value(&q));
		if (quantity_value(&q) < 0)
			field_error_invalid(errs, path, value, "must be a valid resource quantity");
		field_error_invalid_str(errs, path, text, "must be greater than zero");
	}
	errs->look = 0;
}

/* ---- where it is ---- */

static void check_namespace(const char *ns, struct field_errors *errs)
{
	static const char path[] = "spec.glusterfs.endpointsNamespace";
	struct name_faults bad;

	if (!*ns)
		field_error_invalid_str(errs, path, ns,
					"if the endpointnamespace is set, it must be a valid namespace name");
	else if (name_check_dns1123_label(ns, &bad))
		field_error_names(errs, path, ns, &bad);
}

static bool is_root(const char *path)
{
	while (*path == '/' || (*path == '.' && (!path[1] || path[1] == '/')))
		path++;
	return !*path;
}

/* Upstream looks into the first source only, but for flexVolume, which it never takes for one too many. */
static void look_into_one(const js *spec, struct field_errors *errs)
{
	static const char more[] = "may not specify more than 1 volume type";

	for (struct js_iter it = js_iter(spec); js_next(&it);) {
		const char *path = PATH("spec.%s", it.key);
		bool extra = false;
		for (size_t i = 0; i < field_errors_kept(errs); i++)
			extra |= !strcmp(errs->v[i].field, path) && strstr(errs->v[i].message, more);
		if (!extra || !strcmp(it.key, "flexVolume"))
			continue;
		field_errors_drop(errs, path);
		field_error_forbidden(errs, path, more);
	}
}

static void check_source(const js *spec, const char *name, struct field_errors *errs)
{
	const char *host = js_str(spec, "hostPath", "path", NULL),
		   *ns = js_str(spec, "glusterfs", "endpointsNamespace", NULL),
		   *secret_ns = js_str(spec, "azureFile", "secretNamespace", NULL);

	podspec_validate_persistent(spec, name, "spec", errs);
	if (ns)
		check_namespace(ns, errs);
	if (secret_ns && !*secret_ns)
		field_error_required(errs, "spec.azureFile.secretNamespace", "");
	look_into_one(spec, errs);
	errs->look = 'l';
	if (js_field(spec, "local") && !js_obj(spec, "nodeAffinity", NULL))
		field_error_required(errs, "spec.nodeAffinity", "Local volume requires node affinity");
	errs->look = 0;
	errs->look = '5';
	if (host && *host == '/' && is_root(host) &&
	    !strcmp(js_str0(spec, "persistentVolumeReclaimPolicy", NULL), "Recycle"))
		field_error_forbidden(errs, RECLAIM_POLICY,
				      "may not be 'recycle' for a hostPath mount of '/'");
	errs->look = 0;
}

static void check_attributes(const js *spec, struct field_errors *errs)
{
	const char *class = js_str(spec, "volumeAttributesClassName", NULL);
	struct name_faults bad;

	if (!class)
		return;
	if (!*class)
		field_error_required(errs, "spec.volumeAttributesClassName", "an empty string is disallowed");
	else if (name_check_dns1123_subdomain(class, &bad))
		field_error_names(errs, "spec.volumeAttributesClassName", class, &bad);
	errs->look = '6';
	if (!js_field(spec, "csi"))
		field_error_required(errs, "spec.csi",
				     "has to be specified when using volumeAttributesClassName");
	errs->look = 0;
}

/* ---- what may change ---- */

static const char *const others[] = {
	"capacity",	"accessModes", "claimRef",     "persistentVolumeReclaimPolicy", "storageClassName",
	"mountOptions", "volumeMode",  "nodeAffinity", "volumeAttributesClassName"};

/* What is left is the source; a secret for growing may come later. */
static js *source_of(const js *spec, const js *before)
{
	js *ret = js_dup(spec), *csi = js_obj(ret, "csi", NULL);

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		js_del(ret, others[i]);
	if (csi && js_obj(before, "csi", NULL) && !js_get(before, "csi", "controllerExpandSecretRef", NULL))
		js_del(csi, "controllerExpandSecretRef");
	return ret;
}

/* Old names of labels may become their new ones (zone, region, os, arch). */
static js *renamed(const js *affinity)
{
	static const char *const names[][2] = {
		{"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
		{"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
		{"beta.kubernetes.io/os", "kubernetes.io/os"},
		{"beta.kubernetes.io/arch", "kubernetes.io/arch"},
		{"beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"},
	};
	js *ret = js_dup(affinity);

	js_array_for_each (t, js_arr(ret, "required", "nodeSelectorTerms", NULL))
		js_array_for_each (r, js_arr(t, "matchExpressions", NULL))
			for (size_t i = 0; i < ARRAY_LEN(names); i++)
				if (!strcmp(js_str0(r, "key", NULL), names[i][0]))
					js_set_str(r, "key", names[i][1]);
	return ret;
}

static void check_affinity(const js *is, const js *was, struct field_errors *errs)
{
	if (!was || js_equal(is, was))
		return;
	autojson js *new = is ? renamed(is) : NULL, *old = renamed(was);
	if (!js_equal(new, old))
		field_error_invalid(errs, "nodeAffinity", is,
				    "field is immutable, except for updating from beta label to GA");
}

static void check_update(const js *spec, const js *was, struct field_errors *errs)
{
	autojson js *new = source_of(spec, was), *old = source_of(was, NULL);
	autobuf struct buf detail = BUF_INIT;

	if (!js_equal(new, old)) {
		buf_adds(&detail, "spec.persistentvolumesource is immutable after creation\n");
		strategy_differences(&detail, new, old);
		field_error_forbidden(errs, "spec.persistentvolumesource", buf_str(&detail));
	}
	if (!js_equal(js_field(spec, "volumeMode"), js_field(was, "volumeMode")))
		field_error_invalid(errs, "volumeMode", js_field(spec, "volumeMode"), "field is immutable");
	check_affinity(js_field(spec, "nodeAffinity"), js_field(was, "nodeAffinity"), errs);
	if (js_field(was, "volumeAttributesClassName") && !js_field(spec, "volumeAttributesClassName"))
		field_error_forbidden(errs, "spec.volumeAttributesClassName",
				      "update from non-nil value to nil is forbidden");
}

/* The old way to say how a volume is mounted, for those that are (pkg/volume/validation). */
static void check_mount_options(const js *o, struct field_errors *errs)
{
	static const char *const mounted[] = {
		"gcePersistentDisk",
		"awsElasticBlockStore",
		"glusterfs",
		"nfs",
		"rbd",
		"quobyte",
		"iscsi",
		"cinder",
		"cephfs",
		"azureFile",
		"vsphereVolume",
		"azureDisk",
		"photonPersistentDisk",
	};

	if (!js_get(o, "metadata", "annotations", MOUNT_OPTIONS, NULL))
		return;
	for (size_t i = 0; i < ARRAY_LEN(mounted); i++)
		if (js_get(o, "spec", mounted[i], NULL))
			return;
	field_error_forbidden(errs, "metadata.annotations." MOUNT_OPTIONS,
			      "may not specify mount options for this volume type");
}

static void persistentvolume_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				      struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *modes = js_arr(spec, "accessModes", NULL);

	if (*ctx->subresource)
		return;
	if (!js_len(modes))
		field_error_required(errs, "spec.accessModes", "");
	podspec_validate_modes(modes, "spec.accessModes", errs);
	check_capacity(js_obj(spec, "capacity", NULL), errs);
	podspec_validate_node_selector(js_obj(spec, "nodeAffinity", "required", NULL),
				       "spec.nodeAffinity.required", errs);
	check_source(spec, js_str0(new, "metadata", "name", NULL), errs);
	check_attributes(spec, errs);
	check_mount_options(new, errs);
	if (old)
		check_update(spec, js_obj(old, "spec", NULL), errs);
}

/* ---- warnings ---- */

static const struct {
	const char *field, *name, *text;
} gone[] = {
	{"cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
	{"photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
	{"scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
	{"storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
	{"glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
	{"rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

static void persistentvolume_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (*ctx->subresource)
		return;
	if (js_get(new, "metadata", "annotations", BETA_CLASS, NULL))
		strategy_warn(ctx, "metadata.annotations[" BETA_CLASS
				   "]: deprecated since v1.8; use \"storageClassName\" attribute instead");
	if (js_get(new, "metadata", "annotations", MOUNT_OPTIONS, NULL))
		strategy_warn(ctx, "metadata.annotations[" MOUNT_OPTIONS
				   "]: deprecated since v1.31; use \"mountOptions\" attribute instead");
	if (!strcmp(js_str0(new, "spec", "persistentVolumeReclaimPolicy", NULL), "Recycle"))
		strategy_warn(
			ctx, RECLAIM_POLICY
			": The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.");
	podspec_warn_node_selector(ctx, js_obj(new, "spec", "nodeAffinity", "required", NULL),
				   "spec.nodeAffinity.required");
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		if (js_get(new, "spec", gone[i].field, NULL))
			strategy_warn(ctx, "spec.%s: %s", gone[i].name, gone[i].text);
}

const struct strategy persistentvolume_strategy = {
	.group = "",
	.kind = "PersistentVolume",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = persistentvolume_prepare,
	.validate = persistentvolume_validate,
	.warn = persistentvolume_warn,
};

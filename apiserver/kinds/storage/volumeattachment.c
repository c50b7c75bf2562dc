/* SPDX-License-Identifier: Apache-2.0 */
/* VolumeAttachments (kubernetes/kubernetes pkg/apis/storage/validation, pkg/registry/storage/volumeattachment). */
#include <ctype.h>
#include <string.h>
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/name.h"

#define MAX_METADATA (256 << 10)
#define MAX_MESSAGE 1024
#define ONE_SOURCE "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
#define INLINE "spec.source.inlineVolumeSpec"

static const char *const volume_errors[] = {"attachError", "detachError"};

static void attachment_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old) {
		js *status = js_new_obj();
		js_set(status, "attached", js_new_bool(false));
		js_set(new, "status", status);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(volume_errors); i++) {
		js *e = js_obj(new, "status", volume_errors[i], NULL);
		if (e)
			js_del(e, "errorCode"); /* behind a gate that upstream has closed */
	}
}

/* What is asked of new ones only. */
static void validate_new(const js *spec, struct field_errors *errs)
{
	const char *attacher = js_str0(spec, "attacher", NULL),
		   *volume = js_str(spec, "source", "persistentVolumeName", NULL);
	autofree char *lower = mem_strdup(attacher);
	struct name_faults bad;

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!*attacher) /* so said twice upstream */
		field_error_required(errs, "spec.attacher", "");
	if (strlen(attacher) > 63)
		field_error_too_long(errs, "spec.attacher", 63);
	if (name_check_dns1123_subdomain(lower, &bad))
		field_error_names(errs, "spec.attacher", attacher, &bad);
	if (volume && name_check_dns1123_subdomain(volume, &bad))
		field_error_names(errs, "spec.source.persistentVolumeName", volume, &bad);
}

/* Of a PersistentVolume's spec most has no meaning here. */
static void validate_inline(const js *v, struct field_errors *errs)
{
	static const char *const unwanted[] = {"claimRef", "capacity", "nodeAffinity", "storageClassName"};
	const char *policy = js_str0(v, "persistentVolumeReclaimPolicy", NULL),
		   *mode = js_str(v, "volumeMode", NULL);

	for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
		const char *path = PATH(INLINE ".%s", unwanted[i]);
		field_errors_drop(errs, path); /* nobody looks into it */
		if (js_field(v, unwanted[i]))
			field_error_forbidden(errs, path,
					      "may not be specified in the context of inline volumes");
	}
	errs->look = 'c'; /* before it is looked into */
	if (!js_field(v, "csi"))
		field_error_required(errs, INLINE ".csi",
				     "has to be specified in the context of inline volumes");
	errs->look = 0;
	if (!js_len(js_arr(v, "accessModes", NULL)))
		field_error_required(errs, INLINE ".accessModes", "");
	podspec_validate_modes(js_arr(v, "accessModes", NULL), INLINE ".accessModes", errs);
	if (*policy && strcmp(policy, "Retain"))
		field_error_forbidden(errs, INLINE ".persistentVolumeReclaimPolicy",
				      "may only be Retain in the context of inline volumes");
	if (mode && strcmp(mode, "Filesystem"))
		field_error_forbidden(
			errs, INLINE ".volumeMode",
			"may not specify volumeMode other than Filesystem in the context of inline volumes");
}

static void validate_source(const js *source, struct field_errors *errs)
{
	const char *name = js_str(source, "persistentVolumeName", NULL);
	const js *volume = js_obj(source, "inlineVolumeSpec", NULL);

	if (name && volume) {
		field_errors_drop(errs, INLINE);
		field_error_forbidden(errs, "spec.source", ONE_SOURCE);
	} else if (volume) {
		validate_inline(volume, errs);
	} else if (!name) {
		field_error_required(errs, "spec.source", ONE_SOURCE);
	} else if (!*name) {
		field_error_required(errs, "spec.source.persistentVolumeName",
				     "must specify non empty persistentVolumeName");
	}
}

static void validate_status(const js *status, struct field_errors *errs)
{
	size_t size = 0;

	for (struct js_iter it = js_iter(js_obj(status, "attachmentMetadata", NULL)); js_next(&it);)
		size += strlen(it.key) + strlen(js_str0(it.value, NULL));
	if (size > MAX_METADATA)
		field_error_too_long(errs, "status.attachmentMetadata", MAX_METADATA);
	for (size_t i = 0; i < ARRAY_LEN(volume_errors); i++)
		if (strlen(js_str0(status, volume_errors[i], "message", NULL)) > MAX_MESSAGE)
			field_error_too_long(errs, PATH("status.%s.message", volume_errors[i]),
					     MAX_METADATA); /* so said upstream */
}

static void attachment_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	validate_status(js_obj(new, "status", NULL), errs);
	if (!strcmp(ctx->subresource, "status"))
		return;
	validate_source(js_obj(spec, "source", NULL), errs);
	errs->look = '3';
	if (!old)
		validate_new(spec, errs);
	errs->look = 0;
}

const struct strategy volumeattachment_strategy = {
	.group = "storage.k8s.io",
	.kind = "VolumeAttachment",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_RETURNS_DELETED | STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = attachment_prepare,
	.validate = attachment_validate,
};

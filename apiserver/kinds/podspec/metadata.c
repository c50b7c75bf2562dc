/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of templates: labels and annotations are what is looked at, the rest has no meaning there. */
#include "kinds/podspec/podspec_internal.h"

#include <ctype.h>
#include "object/name.h"

#define MAX_ANNOTATIONS (256 * 1024)

static void check_labels(const js *labels, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	for (struct js_iter it = js_iter(labels); js_next(&it);) {
		const char *value = js_is_str(it.value) ? json_object_get_string(it.value) : "";
		if (name_check_qualified(it.key, &bad))
			field_error_names(errs, path, it.key, &bad);
		if (name_check_label_value(value, &bad))
			field_error_names(errs, path, value, &bad);
	}
}

static void check_annotations(const js *annotations, const char *path, struct field_errors *errs)
{
	struct name_faults bad;
	size_t total = 0;

	for (struct js_iter it = js_iter(annotations); js_next(&it);) {
		autofree char *lower = mem_strdup(it.key);
		for (char *s = lower; *s; s++)
			*s = (char)tolower((unsigned char)*s);
		if (name_check_qualified(lower, &bad))
			field_error_names(errs, path, it.key, &bad);
		total += strlen(it.key) + (size_t)json_object_get_string_len(it.value);
	}
	if (total > MAX_ANNOTATIONS)
		field_error_too_long(errs, path, MAX_ANNOTATIONS);
}

void podspec_check_meta(const js *meta, const char *path, struct field_errors *errs)
{
	const js *labels = js_obj(meta, "labels", NULL), *annotations = js_obj(meta, "annotations", NULL);

	if (labels)
		check_labels(labels, PATH("%s.labels", path), errs);
	if (annotations)
		check_annotations(annotations, PATH("%s.annotations", path), errs);
}

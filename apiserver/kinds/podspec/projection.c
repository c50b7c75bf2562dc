/* SPDX-License-Identifier: Apache-2.0 */
/* Files of downwardAPI volumes, and the sources of projected ones, whose paths may not meet. */
#include "kinds/podspec/podspec_internal.h"

static void check_file(const js *file, const char *path, struct field_errors *errs)
{
	const js *field = js_obj(file, "fieldRef", NULL), *resource = js_obj(file, "resourceFieldRef", NULL);

	if (field) {
		podspec_check_field_ref(field, REFERENCE_VOLUME, PATH("%s.fieldRef", path), errs);
		if (resource)
			field_error_invalid_str(
				errs, path, "resource",
				"fieldRef and resourceFieldRef can not be specified simultaneously");
	} else if (resource) {
		podspec_check_resource_ref(resource, REFERENCE_VOLUME, PATH("%s.resourceFieldRef", path),
					   errs);
	} else {
		field_error_required(errs, path, "one of fieldRef and resourceFieldRef is required");
	}
}

void podspec_check_files(const js *items, const char *path, struct field_errors *errs)
{
	js_array_for_each (file, items) {
		errs->item = (unsigned)file_i + 1;
		check_file(file, path, errs);
	}
	errs->item = 0;
}

/* `name`: what the conflict is blamed on; NULL: the path itself. */
static void check_paths(struct unique *paths, const js *items, const char *name, const char *path,
			struct field_errors *errs)
{
	js_array_for_each (item, items) {
		const char *file = js_str0(item, "path", NULL);
		if (*file && unique_seen(paths, file))
			field_error_invalid_str(errs, path, name ? name : file,
						"conflicting duplicate paths");
	}
}

void podspec_check_projected(const struct podspec *p, const js *projected, const char *path)
{
	static const char *const named[] = {"secret", "configMap"};
	autounique struct unique paths = {.n = 0};

	js_array_for_each (s, js_arr(projected, "sources", NULL)) {
		for (size_t i = 0; i < ARRAY_LEN(named); i++) {
			const js *source = js_obj(s, named[i], NULL);
			check_paths(&paths, js_arr(source, "items", NULL), js_str0(source, "name", NULL),
				    path, p->errs);
		}
		const js *files = js_arr(s, "downwardAPI", "items", NULL);
		if (files)
			podspec_check_files(files, PATH("%s.sources[%zu].downwardAPI", path, s_i), p->errs);
		check_paths(&paths, files, NULL, path, p->errs);
	}
}

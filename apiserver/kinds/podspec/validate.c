/* SPDX-License-Identifier: Apache-2.0 */
/* The whole spec, and templates of it: what is looked at, in upstream's order (ValidatePodSpec). */
#include "kinds/podspec/podspec_internal.h"

static void check_images(const struct podspec *p)
{
	for (size_t l = 0; l < 2; l++)
		js_array_for_each (c, js_arr(p->spec, podspec_lists[l], NULL))
			if (podspec_is_padded(js_str0(c, "image", NULL)))
				podspec_validate_image(c, PATH("%s.%s[%zu]", p->base, podspec_lists[l], c_i),
						       p->errs);
}

/* Tokens need an account to be for. */
static void check_tokens(const struct podspec *p)
{
	if (*js_str0(p->spec, "serviceAccountName", NULL))
		return;
	js_array_for_each (v, js_arr(p->spec, "volumes", NULL)) {
		js_array_for_each (s, js_arr(v, "projected", "sources", NULL)) {
			if (js_field(s, "serviceAccountToken"))
				field_error_forbidden(
					p->errs,
					PATH("%s.volumes[%zu].projected.sources[%zu].serviceAccountToken",
					     p->base, v_i, s_i),
					"must not be specified when serviceAccountName is not set");
		}
	}
}

void podspec_validate(const js *spec, const js *meta, const char *base, struct field_errors *errs)
{
	struct podspec p = {
		.spec = spec,
		.base = base,
		.pod = meta ? js_str0(meta, "name", NULL) : NULL,
		.host_users = js_bool(spec, true, "hostUsers", NULL),
		.is_static = js_get(meta, "annotations", PODSPEC_MIRROR, NULL),
		.errs = errs,
	};

	podspec_check_volumes(&p);
	podspec_check_pod_requirements(&p);
	podspec_check_containers(&p);
	podspec_check_pod_security(&p);
	podspec_check_affinity(&p);
	podspec_check_host(&p);
	podspec_check_spread(&p);
	podspec_check_os(&p);
	if (meta) {
		errs->look = '8';
		check_tokens(&p);
		check_images(&p);
		errs->look = 0;
	}
	map_release(&p.volumes);
	unique_release(&p.claims);
}

void podspec_validate_template(const js *template, const char *base, struct field_errors *errs)
{
	const js *meta = js_obj(template, "metadata", NULL), *spec = js_obj(template, "spec", NULL);
	const char *path = PATH("%s.spec", base);

	podspec_check_meta(meta, base, errs);
	podspec_validate_annotations(meta, spec, PATH("%s.annotations", base), errs);
	podspec_validate(spec, NULL, path, errs);
	errs->look = '8';
	podspec_validate_profiles(meta, spec, path, errs);
	if (js_len(js_arr(spec, "ephemeralContainers", NULL)))
		field_error_forbidden(errs, PATH("%s.ephemeralContainers", path),
				      "ephemeral containers not allowed in pod template");
	errs->look = 0;
}

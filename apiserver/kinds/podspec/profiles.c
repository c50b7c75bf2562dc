/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that say something about the spec: profiles of seccomp and AppArmor from before they were fields, the cost
 * of deleting a Pod, mirrors of static Pods, tolerations of long ago.
 */
#include "kinds/podspec/podspec_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define DELETION_COST "controller.kubernetes.io/pod-deletion-cost"
#define TOLERATIONS "scheduler.alpha.kubernetes.io/tolerations"
#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define APPARMOR PODSPEC_APPARMOR_ANNOTATION

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

/* ---- single annotations ---- */

static void check_seccomp(const char *value, const char *path, struct field_errors *errs)
{
	const char *file = after(value, "localhost/");

	if (!strcmp(value, "runtime/default") || !strcmp(value, "docker/default") ||
	    !strcmp(value, "unconfined"))
		return;
	if (!file) {
		field_error_invalid_str(errs, path, value, "must be a valid seccomp profile");
		return;
	}
	podspec_check_descending(file, path, errs);
}

static void note_containers(struct unique *names, const js *spec)
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			unique_seen(names, js_str0(c, "name", NULL));
}

static void check_apparmor(const char *value, const char *container, const struct unique *names,
			   const char *path, struct field_errors *errs)
{
	if (!unique_has(names, container))
		field_error_invalid_str(errs, path, container, "container not found");
	if (!*value || !strcmp(value, "runtime/default") || !strcmp(value, "unconfined") ||
	    after(value, "localhost/"))
		return;
	autofree char *detail = mem_printf("invalid AppArmor profile name: \"%s\"", value);
	field_error_invalid_str(errs, path, value, detail);
}

/* A decimal int32 without plus, and without zeros before a number that is not negative. */
static bool cost_valid(const char *s)
{
	char *end;

	if (*s != '-' && strcmp(s, "0") && !(*s >= '1' && *s <= '9'))
		return false;
	errno = 0;
	long long v = strtoll(s, &end, 10);
	return end[-1] != '-' && end != s && !*end && !errno && v >= INT32_MIN && v <= INT32_MAX;
}

static void check_tolerations(const char *text, const char *path, struct field_errors *errs)
{
	struct err err = ERR_INIT;

	if (!*text)
		return;
	autojson js *list = js_parse(text, strlen(text), NULL, &err);
	if (!list)
		field_error_invalid_str(errs, path, TOLERATIONS, err.msg);
	else
		podspec_validate_tolerations(list, PATH("%s." TOLERATIONS, path), errs);
}

void podspec_validate_annotations(const js *meta, const js *spec, const char *path, struct field_errors *errs)
{
	const js *all = js_obj(meta, "annotations", NULL);
	const char *mirror = js_str(all, PODSPEC_MIRROR, NULL), *tolerations = js_str(all, TOLERATIONS, NULL),
		   *cost = js_str(all, DELETION_COST, NULL), *seccomp = js_str(all, SECCOMP_POD, NULL),
		   *container;
	autounique struct unique names = {.n = 0};

	if (mirror && !*js_str0(spec, "nodeName", NULL))
		field_error_invalid_str(errs, PATH("%s[" PODSPEC_MIRROR "]", path), mirror,
					"must set spec.nodeName if mirror pod annotation is set");
	if (tolerations)
		check_tolerations(tolerations, path, errs);
	if (cost && !cost_valid(cost))
		field_error_invalid_str(errs, PATH("%s[" DELETION_COST "]", path), cost,
					"must be a 32bit integer");
	if (seccomp)
		check_seccomp(seccomp, PATH("%s." SECCOMP_POD, path), errs);
	for (struct js_iter it = js_iter(all); js_next(&it);)
		if (after(it.key, SECCOMP_CONTAINER))
			check_seccomp(js_str0(it.value, NULL), PATH("%s.%s", path, it.key), errs);
	for (struct js_iter it = js_iter(all); js_next(&it);) {
		if (!(container = after(it.key, APPARMOR)))
			continue;
		if (!names.seen)
			note_containers(&names, spec);
		check_apparmor(js_str0(it.value, NULL), container, &names, PATH("%s[%s]", path, it.key),
			       errs);
	}
}

static bool is_fixed(const char *key)
{
	return !strcmp(key, PODSPEC_MIRROR) || after(key, APPARMOR);
}

void podspec_validate_annotation_update(const js *new, const js *old, const char *path,
					struct field_errors *errs)
{
	const js *n = js_obj(new, "annotations", NULL), *o = js_obj(old, "annotations", NULL);

	for (struct js_iter it = js_iter(o); js_next(&it);)
		if (is_fixed(it.key) && !js_equal(it.value, js_field(n, it.key)))
			field_error_forbidden(errs, PATH("%s[%s]", path, it.key),
					      after(it.key, APPARMOR)
						      ? "may not remove or update AppArmor annotations"
						      : "may not remove or update mirror pod annotation");
	for (struct js_iter it = js_iter(n); js_next(&it);)
		if (is_fixed(it.key) && !js_field(o, it.key))
			field_error_forbidden(errs, PATH("%s[%s]", path, it.key),
					      after(it.key, APPARMOR) ? "may not add AppArmor annotations"
								      : "may not add mirror pod annotation");
}

/* ---- annotations beside fields ---- */

/* How the two write a profile: `what` is for the text. */
static void check_match(const char *annotation, const js *profile, const char *what, const char *path,
			struct field_errors *errs)
{
	const char *type = js_str0(profile, "type", NULL), *file = after(annotation, "localhost/");
	bool docker = !strcmp(what, "seccomp") && !strcmp(annotation, "docker/default");
	bool match = true;

	if (!strcmp(type, "Unconfined"))
		match = !strcmp(annotation, "unconfined");
	else if (!strcmp(type, "RuntimeDefault"))
		match = docker || !strcmp(annotation, "runtime/default");
	else if (!strcmp(type, "Localhost"))
		match = file;
	if (!match) {
		autofree char *detail = mem_printf("%s type in annotation and field must match", what);
		field_error_forbidden(errs, PATH("%s.type", path), detail);
	} else if (!strcmp(type, "Localhost") && strcmp(js_str0(profile, "localhostProfile", NULL), file)) {
		autofree char *detail = mem_printf("%s profile in annotation and field must match", what);
		field_error_forbidden(errs, PATH("%s.localhostProfile", path), detail);
	}
}

static const char *annotation_of(const js *annotations, const char *prefix, const char *name)
{
	autofree char *key = mem_printf("%s%s", prefix, name);

	return js_str(annotations, key, NULL);
}

static void check_container(const js *annotations, const js *spec, const js *c, const char *path,
			    struct field_errors *errs)
{
	const char *name = js_str0(c, "name", NULL), *annotation;
	const js *seccomp = js_obj(c, "securityContext", "seccompProfile", NULL);
	const js *apparmor = js_obj(c, "securityContext", "appArmorProfile", NULL);

	if (seccomp && (annotation = annotation_of(annotations, SECCOMP_CONTAINER, name)))
		check_match(annotation, seccomp, "seccomp", PATH("%s.securityContext.seccompProfile", path),
			    errs);
	if (!apparmor)
		apparmor = js_obj(spec, "securityContext", "appArmorProfile", NULL);
	if (apparmor && strcmp(js_str0(spec, "os", "name", NULL), "windows") &&
	    (annotation = annotation_of(annotations, APPARMOR, name)))
		check_match(annotation, apparmor, "apparmor",
			    PATH("%s.securityContext.appArmorProfile", path), errs);
}

void podspec_validate_profiles(const js *meta, const js *spec, const char *base, struct field_errors *errs)
{
	const js *annotations = js_obj(meta, "annotations", NULL);
	const js *own = js_obj(spec, "securityContext", "seccompProfile", NULL);
	const char *annotation = js_str(annotations, SECCOMP_POD, NULL);

	if (!js_len(annotations))
		return;
	if (own && annotation)
		check_match(annotation, own, "seccomp", PATH("%s.securityContext.seccompProfile", base),
			    errs);
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			check_container(annotations, spec, c, PATH("%s.%s[%zu]", base, podspec_lists[l], c_i),
					errs);
}

js *podspec_apparmor_from_annotation(const char *value)
{
	const char *file = after(value, "localhost/");
	bool none = !strcmp(value, "unconfined");
	struct field_errors errs = {.n = 0};

	if (!none && strcmp(value, "runtime/default") && !file)
		return NULL;
	autojson js *profile = js_new_obj();
	js_set_str(profile, "type", file ? "Localhost" : none ? "Unconfined" : "RuntimeDefault");
	if (file)
		js_set_str(profile, "localhostProfile", file);
	podspec_check_apparmor(profile, "", &errs);
	bool wrong = errs.n;
	field_errors_release(&errs);
	return wrong ? NULL : STEAL(profile);
}

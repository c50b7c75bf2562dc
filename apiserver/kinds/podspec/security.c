/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts of Pods and containers: profiles, sysctls, privileges. */
#include "kinds/podspec/podspec_internal.h"

#include <ctype.h>

#define MAX_PROFILE 4095
#define MAX_SYSCTL 253

/* ---- profiles ---- */

static void check_seccomp(const js *profile, const char *path, struct field_errors *errs)
{
	const char *file = js_str(profile, "localhostProfile", NULL);
	const char *where = PATH("%s.localhostProfile", path);

	if (strcmp(js_str0(profile, "type", NULL), "Localhost")) {
		if (file)
			field_error_invalid(errs, where, profile,
					    "can only be set when seccomp type is Localhost");
	} else if (!file) {
		field_error_required(errs, where, "must be set when seccomp type is Localhost");
	} else {
		podspec_check_descending(file, where, errs);
	}
}

void podspec_check_apparmor(const js *profile, const char *path, struct field_errors *errs)
{
	const char *type = js_str0(profile, "type", NULL), *file = js_str(profile, "localhostProfile", NULL);
	const char *where = PATH("%s.localhostProfile", path);

	if (!strcmp(type, "RuntimeDefault") || !strcmp(type, "Unconfined")) {
		if (file)
			field_error_invalid_str(errs, where, file,
						"can only be set when AppArmor type is Localhost");
	} else if (!strcmp(type, "Localhost")) {
		if (!file || !*file)
			field_error_required(errs, where, "must be set when AppArmor type is Localhost");
		else if (podspec_is_padded(file))
			field_error_invalid_str(errs, where, file, "must not be padded with whitespace");
		if (file && strlen(file) > MAX_PROFILE)
			field_error_too_long(errs, where, MAX_PROFILE);
	}
}

static void check_profiles(const js *sc, const char *path, struct field_errors *errs)
{
	const js *seccomp = js_obj(sc, "seccompProfile", NULL),
		 *apparmor = js_obj(sc, "appArmorProfile", NULL);
	const js *windows = js_obj(sc, "windowsOptions", NULL);

	if (seccomp)
		check_seccomp(seccomp, PATH("%s.seccompProfile", path), errs);
	if (apparmor)
		podspec_check_apparmor(apparmor, PATH("%s.appArmorProfile", path), errs);
	if (windows)
		podspec_check_windows_options(windows, PATH("%s.windowsOptions", path), errs);
}

/* ---- sysctls ---- */

/* Segments of [a-z0-9] with - and _ inside, separated by dots or slashes. */
static bool sysctl_valid(const char *s)
{
	if (strlen(s) > MAX_SYSCTL)
		return false;
	for (;;) {
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		if (!n || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
			return false;
		s += n;
		if (!*s)
			return true;
		if (*s != '.' && *s != '/')
			return false;
		s++;
	}
}

/* Which of the node's namespaces a sysctl belongs to: "hostNetwork", "hostIPC" or NULL. */
static const char *sysctl_namespace(const char *name)
{
	static const struct {
		const char *prefix, *key;
	} rows[] = {
		{"net.", "hostNetwork"},
		{"kernel.shm", "hostIPC"},
		{"kernel.msg", "hostIPC"},
		{"fs.mqueue.", "hostIPC"},
	};
	autofree char *s = mem_strdup(name);
	size_t first = strcspn(s, "./");

	for (char *p = s; s[first] == '/' && *p; p++) /* written with slashes: the two change places */
		*p = name[p - s] == '/' ? '.' : name[p - s] == '.' ? '/' : *p;
	if (!strcmp(s, "kernel.sem"))
		return "hostIPC";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strncmp(s, rows[i].prefix, strlen(rows[i].prefix)))
			return rows[i].key;
	return NULL;
}

static void check_sysctl(const struct podspec *p, struct unique *seen, const char *name, const char *path)
{
	bool again = unique_seen(seen, name);
	const char *ns = sysctl_namespace(name);

	if (*name && !sysctl_valid(name))
		field_error_invalid_str(
			p->errs, path, name,
			"must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
	else if (*name && again)
		field_error_duplicate(p->errs, path, name);
	if (ns && js_bool(p->spec, false, ns, NULL)) {
		autofree char *detail = mem_printf("may not be specified when '%s' is true", ns);
		field_error_invalid_str(p->errs, path, name, detail);
	}
}

/* ---- the doors ---- */

void podspec_check_pod_security(const struct podspec *p)
{
	const js *sc = js_obj(p->spec, "securityContext", NULL);
	autounique struct unique sysctls = {.n = 0};

	if (js_bool(p->spec, false, "shareProcessNamespace", NULL) &&
	    js_bool(p->spec, false, "hostPID", NULL))
		field_error_invalid(p->errs, PATH("%s.securityContext.shareProcessNamespace", p->base),
				    js_field(p->spec, "shareProcessNamespace"),
				    "ShareProcessNamespace and HostPID cannot both be enabled");
	if (!js_len(sc))
		return;
	js_array_for_each (s, js_arr(sc, "sysctls", NULL))
		check_sysctl(p, &sysctls, js_str0(s, "name", NULL),
			     PATH("%s.securityContext.sysctls[%zu].name", p->base, s_i));
	check_profiles(sc, PATH("%s.securityContext", p->base), p->errs);
}

void podspec_check_security(const struct podspec_container *c)
{
	const js *sc = js_obj(c->o, "securityContext", NULL);
	struct field_errors *errs = c->spec->errs;

	if (!js_len(sc))
		return;
	const char *path = PATH("%s.securityContext", c->path);
	if (c->spec->host_users && !strcmp(js_str0(sc, "procMount", NULL), "Unmasked"))
		field_error_invalid_str(errs, PATH("%s.procMount", path), "Unmasked",
					"`hostUsers` must be false to use `Unmasked`");
	check_profiles(sc, path, errs);
	if (js_bool(sc, true, "allowPrivilegeEscalation", NULL))
		return;
	if (js_bool(sc, false, "privileged", NULL))
		field_error_invalid(
			errs, path, sc,
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
	js_array_for_each (cap, js_arr(sc, "capabilities", "add", NULL)) {
		if (!strcmp(js_str0(cap, NULL), "CAP_SYS_ADMIN"))
			field_error_invalid(
				errs, path, sc,
				"cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
	}
}

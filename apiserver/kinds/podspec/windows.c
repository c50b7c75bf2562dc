/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows has of its own, and what a Pod that names its operating system may not have. */
#include "kinds/podspec/podspec_internal.h"

#include <ctype.h>

#define MAX_SPEC (64 * 1024)
#define MAX_DOMAIN 256
#define MAX_USER 104

/* ---- names of users ---- */

static bool netbios_valid(const char *s, size_t n)
{
	if (!n || n > 15 || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (strchr("\\/:*?\"<>|", s[i]))
			return false;
	return true;
}

static bool domain_valid(const char *s, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '.') {
			if (!isalnum((unsigned char)s[i]) && s[i] != '-')
				return false;
			continue;
		}
		if (i == start || i - start > 63 || s[start] == '-' || s[i - 1] == '-')
			return false;
		start = i + 1;
	}
	return true;
}

static void check_user(const char *name, const char *path, struct field_errors *errs)
{
	const char *slash = strchr(name, '\\'), *user = slash ? slash + 1 : name;
	size_t domain = slash ? (size_t)(slash - name) : 0, n = strlen(user);
	const struct {
		bool wrong;
		const char *detail;
	} rules[] = {
		{domain >= MAX_DOMAIN, "runAsUserName's Domain length must be under 256 characters"},
		{slash && !netbios_valid(name, domain) && !domain_valid(name, domain),
		 "runAsUserName's Domain doesn't match the NetBios nor the DNS format"},
		{!n, "runAsUserName's User cannot be empty"},
		{n > MAX_USER, "runAsUserName's User length must not be longer than 104 characters"},
		{n && strspn(user, ". ") == n, "runAsUserName's User cannot contain only periods or spaces"},
		{strpbrk(user, "\"/\\:;|=,+*?<>@[]"),
		 "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].wrong)
			field_error_invalid_str(errs, path, name, rules[i].detail);
}

static void check_user_name(const char *name, const char *path, struct field_errors *errs)
{
	const char *slash = strchr(name, '\\'), *detail = NULL;

	for (const char *s = name; *s; s++)
		if (iscntrl((unsigned char)*s))
			detail = "runAsUserName cannot contain control characters";
	if (!*name)
		detail = "runAsUserName cannot be an empty string";
	else if (!detail && slash && strchr(slash + 1, '\\'))
		detail = "runAsUserName cannot contain more than one backslash";
	if (detail)
		field_error_invalid_str(errs, path, name, detail);
	else
		check_user(name, path, errs);
}

void podspec_check_windows_options(const js *options, const char *path, struct field_errors *errs)
{
	const char *spec = js_str(options, "gmsaCredentialSpec", NULL),
		   *user = js_str(options, "runAsUserName", NULL);

	if (spec && !*spec)
		field_error_invalid_str(errs, PATH("%s.gmsaCredentialSpec", path), spec,
					"gmsaCredentialSpec cannot be an empty string");
	else if (spec && strlen(spec) > MAX_SPEC)
		field_error_invalid_str(errs, PATH("%s.gmsaCredentialSpec", path), spec,
					"gmsaCredentialSpec size must be under 64 KiB");
	if (user)
		check_user_name(user, PATH("%s.runAsUserName", path), errs);
}

/* ---- all containers ---- */

typedef void container_fn(const struct podspec *p, const js *sc, const char *path, void *arg);

/* `path` is the container's, sc its securityContext or NULL. */
static void each_container(const struct podspec *p, container_fn *fn, void *arg)
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(p->spec, podspec_lists[l], NULL))
			fn(p, js_obj(c, "securityContext", NULL),
			   PATH("%s.%s[%zu]", p->base, podspec_lists[l], c_i), arg);
}

/* Whether there is anything of Windows in the spec: seldom. */
static bool has_options(const js *spec)
{
	if (js_get(spec, "securityContext", "windowsOptions", NULL))
		return true;
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			if (js_get(c, "securityContext", "windowsOptions", NULL))
				return true;
	return false;
}

struct hosts {
	const js *pod; /* its hostProcess */
	size_t containers, processes;
};

static void count_process(const struct podspec *p, const js *sc, const char *path, void *arg)
{
	struct hosts *h = arg;
	const js *own = js_get(sc, "windowsOptions", "hostProcess", NULL);

	h->containers++;
	if (h->pod && own && !js_equal(h->pod, own)) {
		autofree char *detail =
			mem_printf("pod hostProcess value must be identical if both are specified, was %s",
				   js_bool(h->pod, false, NULL) ? "true" : "false");
		field_error_invalid(p->errs, PATH("%s.securityContext.windowsOptions.hostProcess", path), own,
				    detail);
	}
	h->processes += js_bool(own ? own : h->pod, false, NULL);
}

static void check_processes(const struct podspec *p)
{
	struct hosts h = {.pod = js_get(p->spec, "securityContext", "windowsOptions", "hostProcess", NULL)};

	each_container(p, count_process, &h);
	if (!h.processes)
		return;
	if (h.processes != h.containers)
		field_error_invalid_str(
			p->errs, p->base, "",
			"If pod contains any hostProcess containers then all containers must be HostProcess containers");
	if (!js_bool(p->spec, false, "hostNetwork", NULL)) {
		autojson js *no = js_new_bool(false);
		field_error_invalid(p->errs, PATH("%s.hostNetwork", p->base), no,
				    "hostNetwork must be true if pod contains any hostProcess containers");
	}
}

/* ---- operating systems ---- */

static void forbid(const struct podspec *p, const js *o, const char *path, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (js_field(o, keys[i]))
			field_error_forbidden(p->errs, PATH("%s.%s", path, keys[i]),
					      "cannot be set for a windows pod");
}

static void check_windows_container(const struct podspec *p, const js *sc, const char *path, void *arg)
{
	static const char *const keys[] = {"appArmorProfile",
					   "seLinuxOptions",
					   "seccompProfile",
					   "capabilities",
					   "readOnlyRootFilesystem",
					   "privileged",
					   "allowPrivilegeEscalation",
					   "procMount",
					   "runAsUser",
					   "runAsGroup"};

	if (sc)
		forbid(p, sc, PATH("%s.securityContext", path), keys, ARRAY_LEN(keys));
}

static void check_windows(const struct podspec *p)
{
	static const struct {
		bool of_spec;
		const char *key;
	} rows[] = {
		{false, "appArmorProfile"},
		{false, "seLinuxOptions"},
		{true, "hostUsers"},
		{true, "hostPID"},
		{true, "hostIPC"},
		{false, "seccompProfile"},
		{false, "fsGroup"},
		{false, "fsGroupChangePolicy"},
		{false, "sysctls"},
		{true, "shareProcessNamespace"},
		{false, "runAsUser"},
		{false, "runAsGroup"},
		{false, "supplementalGroups"},
		{false, "supplementalGroupsPolicy"},
		{false, "seLinuxChangePolicy"},
	};
	const js *context = js_obj(p->spec, "securityContext", NULL);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].of_spec)
			forbid(p, p->spec, p->base, &rows[i].key, 1);
		else
			forbid(p, context, PATH("%s.securityContext", p->base), &rows[i].key, 1);
	each_container(p, check_windows_container, NULL);
}

static void check_linux_container(const struct podspec *p, const js *sc, const char *path, void *arg)
{
	if (js_field(sc, "windowsOptions"))
		field_error_forbidden(p->errs, PATH("%s.securityContext.windowsOptions", path),
				      "windows options cannot be set for a linux pod");
}

static void check_linux(const struct podspec *p)
{
	if (js_get(p->spec, "securityContext", "windowsOptions", NULL))
		field_error_forbidden(p->errs, PATH("%s.securityContext.windowsOptions", p->base),
				      "windows options cannot be set for a linux pod");
	each_container(p, check_linux_container, NULL);
}

void podspec_check_os(const struct podspec *p)
{
	static const char *const known[] = {"linux", "windows", NULL};
	const char *os = js_str0(p->spec, "os", "name", NULL);

	p->errs->look = '5';
	if (has_options(p->spec))
		check_processes(p);
	p->errs->look = '7';
	if (!strcmp(os, "linux"))
		check_linux(p);
	else if (!strcmp(os, "windows"))
		check_windows(p);
	else if (*os)
		field_error_not_supported(p->errs, PATH("%s.os", p->base), os, known);
	p->errs->look = 0;
}

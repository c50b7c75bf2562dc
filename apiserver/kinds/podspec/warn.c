/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is warned of when it makes a Pod or a template of Pods: legal, and hardly what it meant
 * (kubernetes/kubernetes pkg/api/pod/warnings.go). Where it may run, its ports and the
 * files of its volumes have files of their own: warn_labels.c, warn_ports.c, warn_paths.c.
 */
#include "kinds/advice.h"
#include "kinds/podspec/podspec_internal.h"
#include "object/quantity.h"

#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define SECCOMP_TEXT "non-functional in v1.27+; use the \"seccompProfile\" field instead"

static const struct {
	const char *name, *text;
} old_annotations[] = {
	{"scheduler.alpha.kubernetes.io/critical-pod",
	 "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
	{"security.alpha.kubernetes.io/sysctls",
	 "non-functional in v1.11+; use the \"sysctls\" field instead"},
	{"security.alpha.kubernetes.io/unsafe-sysctls",
	 "non-functional in v1.11+; use the \"sysctls\" field instead"},
};

static const struct {
	const char *field, *name, *text;
} old_volumes[] = {
	{"photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
	{"gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
	{"scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
	{"flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"},
	{"storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
	{"quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"},
	{"glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
	{"cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
	{"rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

static void warn_annotation(const struct podspec_warning *w, const char *name, const char *text)
{
	if (js_get(w->meta, "annotations", name, NULL))
		strategy_warn(w->ctx, "%smetadata.annotations[%s]: %s", w->base, name, text);
}

/* ---- volumes ---- */

static const char *const of_bytes[] = {"memory", "ephemeral-storage"};

/* Bytes are whole. */
static void warn_fraction(const struct strategy_ctx *ctx, const js *resources, const char *name,
			  const char *path)
{
	const char *text = js_str(resources, name, NULL);
	struct err err = ERR_INIT;
	struct quantity q;

	if (text && quantity_parse(text, &q, &err) == 0 && quantity_milli(&q) % 1000)
		strategy_warn(ctx, "%s[%s]: fractional byte value \"%s\" is invalid, must be an integer",
			      path, name, text);
}

void podspec_warn_claim(const struct strategy_ctx *ctx, const js *spec, const char *path)
{
	static const char *const lists[] = {"requests", "limits"};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		warn_fraction(ctx, js_obj(spec, "resources", lists[i], NULL), "storage",
			      PATH("%s.resources.%s", path, lists[i]));
}

static void warn_volumes(const struct podspec_warning *w)
{
	js_array_for_each (v, js_arr(w->spec, "volumes", NULL)) {
		for (size_t i = 0; i < ARRAY_LEN(old_volumes); i++)
			if (js_field(v, old_volumes[i].field))
				strategy_warn(w->ctx, "%sspec.volumes[%zu].%s: %s", w->base, v_i,
					      old_volumes[i].name, old_volumes[i].text);
		podspec_warn_claim(
			w->ctx, js_obj(v, "ephemeral", "volumeClaimTemplate", "spec", NULL),
			PATH("%sspec.volumes[%zu].ephemeral.volumeClaimTemplate.spec", w->base, v_i));
	}
}

/* ---- of the whole ---- */

/* Items of a list that say what another has said. */
static void warn_twice(const struct podspec_warning *w, const char *list, const char *key, const char *what)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (o, js_arr(w->spec, list, NULL)) {
		const char *value = js_str0(o, key, NULL);
		if (unique_seen(&seen, value))
			strategy_warn(w->ctx, "%sspec.%s[%zu].%s: duplicate %s \"%s\"", w->base, list, o_i,
				      key, what, value);
	}
}

static void warn_pull_secrets(const struct podspec_warning *w)
{
	warn_twice(w, "imagePullSecrets", "name", "name");
	js_array_for_each (s, js_arr(w->spec, "imagePullSecrets", NULL))
		if (!*js_str0(s, "name", NULL))
			strategy_warn(w->ctx, "%sspec.imagePullSecrets[%zu].name: invalid empty name \"\"",
				      w->base, s_i);
}

static void warn_spellings(const struct podspec_warning *w)
{
	js_array_for_each (s, js_arr(w->spec, "dnsConfig", "nameservers", NULL))
		advice_ip(w->ctx, js_str0(s, NULL), PATH("%sspec.dnsConfig.nameservers[%zu]", w->base, s_i));
	js_array_for_each (h, js_arr(w->spec, "hostAliases", NULL))
		advice_ip(w->ctx, js_str0(h, "ip", NULL), PATH("%sspec.hostAliases[%zu].ip", w->base, h_i));
}

/* ---- containers ---- */

/* A Pod's own AppArmor annotation is told of while it becomes the field. */
static void warn_profiles(const struct podspec_warning *w, const js *container)
{
	if (!js_len(js_obj(w->meta, "annotations", NULL)))
		return;
	const char *name = js_str0(container, "name", NULL);
	autofree char *seccomp = mem_printf(SECCOMP_CONTAINER "%s", name),
		      *apparmor = mem_printf(PODSPEC_APPARMOR_ANNOTATION "%s", name);

	if (!js_get(container, "securityContext", "seccompProfile", NULL))
		warn_annotation(w, seccomp, SECCOMP_TEXT);
	const char *old = js_str(w->meta, "annotations", apparmor, NULL);
	if (!*w->base || !old || js_get(container, "securityContext", "appArmorProfile", NULL))
		return;
	const js *own = js_get(w->spec, "securityContext", "appArmorProfile", NULL);
	autojson js *said = podspec_apparmor_from_annotation(old);
	if (!own || !js_equal(own, said))
		warn_annotation(w, apparmor, PODSPEC_APPARMOR_WARNING);
}

/* A value that builds on the one before hides nothing. */
static bool hides(const js *variable, const char *name)
{
	autofree char *before = mem_printf("$(%s)", name);
	const char *value = js_str0(variable, "value", NULL);

	return js_field(variable, "valueFrom") || !strcmp(value, before) || !strstr(value, before);
}

static void warn_env(const struct podspec_warning *w, const js *container, const char *path)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (v, js_arr(container, "env", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		if (unique_seen(&names, name) && hides(v, name))
			strategy_warn(
				w->ctx,
				"%s.env[%zu]: hides previous definition of \"%s\", which may be dropped when using apply",
				path, v_i, name);
	}
}

static void warn_container(const struct podspec_warning *w, const js *container, const char *path)
{
	static const char *const lists[] = {"limits", "requests"};

	warn_profiles(w, container);
	for (size_t i = 0; i < ARRAY_LEN(of_bytes) * ARRAY_LEN(lists); i++) {
		const char *list = lists[i % ARRAY_LEN(lists)];
		warn_fraction(w->ctx, js_obj(container, "resources", list, NULL),
			      of_bytes[i / ARRAY_LEN(lists)], PATH("%s.resources.%s", path, list));
	}
	warn_env(w, container, path);
}

void podspec_warn(const struct strategy_ctx *ctx, const js *meta, const js *spec, const char *base)
{
	const struct podspec_warning w = {.ctx = ctx, .base = base, .meta = meta, .spec = spec};

	podspec_warn_labels(&w);
	for (size_t i = 0; i < ARRAY_LEN(old_annotations); i++)
		warn_annotation(&w, old_annotations[i].name, old_annotations[i].text);
	warn_volumes(&w);
	podspec_warn_paths(&w);
	warn_twice(&w, "hostAliases", "ip", "ip");
	warn_pull_secrets(&w);
	for (size_t i = 0; i < ARRAY_LEN(of_bytes); i++)
		warn_fraction(ctx, js_obj(spec, "overhead", NULL), of_bytes[i],
			      PATH("%sspec.overhead", base));
	if (!js_get(spec, "securityContext", "seccompProfile", NULL))
		warn_annotation(&w, SECCOMP_POD, SECCOMP_TEXT);
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL))
			warn_container(&w, c, PATH("%sspec.%s[%zu]", base, podspec_lists[l], c_i));
	podspec_warn_ports(&w);
	if (js_int(spec, 0, "terminationGracePeriodSeconds", NULL) < 0)
		strategy_warn(
			ctx,
			"%sspec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
			base);
	podspec_warn_selectors(&w);
	warn_spellings(&w);
}

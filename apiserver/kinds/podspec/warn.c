/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is warned of when it makes a Pod or a template of Pods: legal, and hardly what it meant
 * (kubernetes/kubernetes pkg/api/pod/warnings.go). Rows where a field or an annotation alone is the reason.
 */
#include "kinds/podspec/podspec_internal.h"

#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define SECCOMP_TEXT "non-functional in v1.27+; use the \"seccompProfile\" field instead"

struct warning {
	const char *base; /* "", or a template's path with a dot behind it */
	const js *meta, *spec;
	podspec_add_fn *add;
	void *arg;
};

static const struct {
	const char *name, *text;
} old_annotations[] =
	{
		{"scheduler.alpha.kubernetes.io/critical-pod",
		 "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
		{"security.alpha.kubernetes.io/sysctls",
		 "non-functional in v1.11+; use the \"sysctls\" field instead"},
		{"security.alpha.kubernetes.io/unsafe-sysctls",
		 "non-functional in v1.11+; use the \"sysctls\" field instead"},
},
  old_volumes[] = {
	  {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
	  {"gitRepo", "deprecated in v1.11"},
	  {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
	  {"flocker", "deprecated in v1.22, non-functional in v1.25+"},
	  {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
	  {"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
	  {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
	  {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
	  {"rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

static void warn_annotation(const struct warning *w, const char *name, const char *text)
{
	if (!js_get(w->meta, "annotations", name, NULL))
		return;
	autofree char *line = mem_printf("%smetadata.annotations[%s]: %s", w->base, name, text);
	w->add(w->arg, line);
}

static void warn_volumes(const struct warning *w)
{
	js_array_for_each (v, js_arr(w->spec, "volumes", NULL))
		for (size_t i = 0; i < ARRAY_LEN(old_volumes); i++)
			if (js_field(v, old_volumes[i].name))
				w->add(w->arg, PATH("%sspec.volumes[%zu].%s: %s", w->base, v_i,
						    old_volumes[i].name, old_volumes[i].text));
}

/* Items of a list that say what another has said. */
static void warn_twice(const struct warning *w, const char *list, const char *key, const char *what)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (o, js_arr(w->spec, list, NULL)) {
		const char *value = js_str0(o, key, NULL);
		if (!unique_seen(&seen, value))
			continue;
		autofree char *line = mem_printf("%sspec.%s[%zu].%s: duplicate %s \"%s\"", w->base, list, o_i,
						 key, what, value);
		w->add(w->arg, line);
	}
}

static void warn_pull_secrets(const struct warning *w)
{
	warn_twice(w, "imagePullSecrets", "name", "name");
	js_array_for_each (s, js_arr(w->spec, "imagePullSecrets", NULL))
		if (!*js_str0(s, "name", NULL))
			w->add(w->arg, PATH("%sspec.imagePullSecrets[%zu].name: invalid empty name \"\"",
					    w->base, s_i));
}

/* ---- containers ---- */

/* A Pod's own AppArmor annotation is told of while it becomes the field. */
static void warn_profiles(const struct warning *w, const js *container)
{
	if (!js_len(js_obj(w->meta, "annotations", NULL)))
		return;
	const char *name = js_str0(container, "name", NULL);
	autofree char *seccomp = mem_printf(SECCOMP_CONTAINER "%s", name),
		      *apparmor = mem_printf(PODSPEC_APPARMOR_ANNOTATION "%s", name);

	if (!js_get(container, "securityContext", "seccompProfile", NULL))
		warn_annotation(w, seccomp, SECCOMP_TEXT);
	if (*w->base && !js_get(container, "securityContext", "appArmorProfile", NULL) &&
	    !js_get(w->spec, "securityContext", "appArmorProfile", NULL))
		warn_annotation(w, apparmor, PODSPEC_APPARMOR_WARNING);
}

/* A value that builds on the one before hides nothing. */
static bool hides(const js *variable, const char *name)
{
	autofree char *before = mem_printf("$(%s)", name);
	const char *value = js_str0(variable, "value", NULL);

	return js_field(variable, "valueFrom") || !strcmp(value, before) || !strstr(value, before);
}

static void warn_env(const struct warning *w, const js *container, const char *path)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (v, js_arr(container, "env", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		if (unique_seen(&names, name) && hides(v, name))
			w->add(w->arg,
			       PATH("%s.env[%zu]: hides previous definition of \"%s\", which may be dropped when using apply",
				    path, v_i, name));
	}
}

static void warn_ports(const struct warning *w, const js *container, const char *path)
{
	const js *ports = js_arr(container, "ports", NULL);
	autounique struct unique seen = {.n = 0};

	js_array_for_each (p, js_len(ports) > 1 ? ports : NULL) {
		autofree char *key =
			mem_printf("%lld/%lld/%s", (long long)js_int(p, 0, "containerPort", NULL),
				   (long long)js_int(p, 0, "hostPort", NULL), js_str0(p, "protocol", NULL));
		size_t first = unique_first(&seen, key, strlen(key), p_i);
		if (first != p_i)
			w->add(w->arg, PATH("%s.ports[%zu]: duplicate port definition with %s.ports[%zu]",
					    path, p_i, path, first));
	}
}

static void each_container(const struct warning *w,
			   void (*warn)(const struct warning *w, const js *container, const char *path))
{
	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(w->spec, podspec_lists[l], NULL))
			warn(w, c, PATH("%sspec.%s[%zu]", w->base, podspec_lists[l], c_i));
}

static void warn_container(const struct warning *w, const js *container, const char *path)
{
	warn_profiles(w, container);
	warn_env(w, container, path);
}

void podspec_warn(const js *meta, const js *spec, const char *base, podspec_add_fn *add, void *arg)
{
	const struct warning w = {.base = base, .meta = meta, .spec = spec, .add = add, .arg = arg};

	for (size_t i = 0; i < ARRAY_LEN(old_annotations); i++)
		warn_annotation(&w, old_annotations[i].name, old_annotations[i].text);
	warn_volumes(&w);
	warn_twice(&w, "hostAliases", "ip", "ip");
	warn_pull_secrets(&w);
	if (!js_get(spec, "securityContext", "seccompProfile", NULL))
		warn_annotation(&w, SECCOMP_POD, SECCOMP_TEXT);
	each_container(&w, warn_container);
	each_container(&w, warn_ports);
	if (js_int(spec, 0, "terminationGracePeriodSeconds", NULL) < 0)
		add(arg,
		    PATH("%sspec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
			 base));
}

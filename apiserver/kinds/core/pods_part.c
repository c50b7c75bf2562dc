/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a Pod's spec that may change while it runs, each through a subresource of its own: debug containers
 * (ephemeralcontainers) and what containers get of cpu and memory (resize). All else stays as it was (kubernetes/kubernetes
 * pkg/registry/core/pod/strategy.go, pkg/apis/core/validation ValidatePodEphemeralContainersUpdate, ValidatePodResize).
 */
#include "base/unique.h"
#include "kinds/core/pods.h"
#include "kinds/podspec/podspec.h"

#define MIRROR "kubernetes.io/config.mirror"

static const char *const lists[] = {"initContainers", "containers"};

/* ---- ephemeralcontainers ---- */

static void prepare_ephemeral(js *new, const js *old)
{
	js *mine = js_take(js_ensure(new, "spec", NULL), "ephemeralContainers");

	strategy_carry(new, old, "spec");
	strategy_keep_metadata(new, old);
	if (mine)
		js_set(js_obj(new, "spec", NULL), "ephemeralContainers", mine);
	else
		js_del(js_obj(new, "spec", NULL), "ephemeralContainers");
}

static void changed_container(const char *name, const char *what, struct field_errors *errs)
{
	autofree char *detail =
		mem_printf("existing ephemeral containers \"%s\" may not be %s\n", name, what);

	field_error_forbidden(errs, "spec.ephemeralContainers", detail);
}

static void validate_ephemeral(const js *new, const js *old, struct field_errors *errs)
{
	const js *list = js_arr(new, "spec", "ephemeralContainers", NULL);
	autounique struct unique names = {.n = 0};

	js_array_for_each (c, list) {
		const char *name = js_str0(c, "name", NULL);
		unique_first(&names, name, strlen(name), c_i);
	}
	js_array_for_each (was, js_arr(old, "spec", "ephemeralContainers", NULL)) {
		const char *name = js_str0(was, "name", NULL);
		size_t at = unique_first(&names, name, strlen(name), js_len(list));
		if (at >= js_len(list))
			changed_container(name, "removed", errs);
		else if (!js_equal(js_at(list, at), was))
			changed_container(name, "changed", errs);
	}
}

/* ---- resize ---- */

static bool same_containers(const js *new, const js *old, const char *list)
{
	const js *n = js_arr(new, list, NULL), *o = js_arr(old, list, NULL);

	if (js_len(n) != js_len(o))
		return false;
	js_array_for_each (c, n)
		if (strcmp(js_str0(c, "name", NULL), js_str0(js_at(o, c_i), "name", NULL)))
			return false;
	return true;
}

/* Containers that were added, renamed or reordered stay in sight, so that validation refuses them. */
static void prepare_resize(js *new, const js *old)
{
	const js *were = js_obj(old, "spec", NULL);
	js *is = js_take(new, "spec");

	strategy_keep_metadata(new, old);
	if (js_len(js_field(is, "containers")) != js_len(js_field(were, "containers")) ||
	    js_len(js_field(is, "initContainers")) != js_len(js_field(were, "initContainers"))) {
		js_set(new, "spec", is);
		return;
	}
	strategy_carry(new, old, "spec");
	js *spec = js_obj(new, "spec", NULL);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		if (!same_containers(is, were, lists[l])) {
			strategy_carry(spec, is, lists[l]);
			continue;
		}
		js_array_for_each (c, js_arr(spec, lists[l], NULL)) {
			strategy_carry(c, js_at(js_arr(is, lists[l], NULL), c_i), "resources");
			strategy_carry(c, js_at(js_arr(is, lists[l], NULL), c_i), "resizePolicy");
		}
	}
	js_autoput(&is);
}

static void validate_order(const js *new, const js *old, const char *list, struct field_errors *errs)
{
	const js *n = js_arr(new, list, NULL), *o = js_arr(old, list, NULL);
	autofree char *detail = mem_printf("%s may not be added or removed on resize", list);

	if (js_len(n) != js_len(o)) {
		field_error_forbidden(errs, PATH("spec.%s", list), detail);
		return;
	}
	autofree char *renamed = mem_printf("%s may not be renamed or reordered on resize", list);
	js_array_for_each (c, n)
		if (strcmp(js_str0(c, "name", NULL), js_str0(js_at(o, c_i), "name", NULL)))
			field_error_forbidden(errs, PATH("spec.%s[%zu].name", list, c_i), renamed);
}

static bool is_sidecar(const js *container)
{
	return !strcmp(js_str0(container, "restartPolicy", NULL), "Always");
}

static bool lost(const js *new, const js *old)
{
	for (struct js_iter it = js_iter(old); js_next(&it);)
		if (!js_field(new, it.key))
			return true;
	return false;
}

static void validate_removed(const js *new, const js *old, const char *path, struct field_errors *errs)
{
	static const char *const parts[][2] = {{"requests", "resource requests cannot be removed"},
					       {"limits", "resource limits cannot be removed"}};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (lost(js_get(new, "resources", parts[i][0], NULL),
			 js_get(old, "resources", parts[i][0], NULL)))
			field_error_forbidden(errs, PATH("%s.resources.%s", path, parts[i][0]), parts[i][1]);
}

/* `list` with cpu and memory as they were; nothing where there was nothing. */
static void restore(js *resources, const js *old, const char *list)
{
	static const char *const free_ones[] = {"cpu", "memory"};
	const js *were = js_obj(old, list, NULL);

	if (!were) {
		js_del(resources, list);
		return;
	}
	js *is = js_ensure(resources, list, NULL);
	for (size_t i = 0; i < ARRAY_LEN(free_ones); i++)
		strategy_carry(is, were, free_ones[i]);
}

/* Whether cpu and memory are all that differs. */
static bool only_cpu_and_memory(const js *new, const js *old)
{
	autojson js *munged = js_dup(new);
	js *resources = js_ensure(munged, "resources", NULL);

	restore(resources, js_obj(old, "resources", NULL), "limits");
	restore(resources, js_obj(old, "resources", NULL), "requests");
	if (!js_len(resources) && !js_field(old, "resources"))
		js_del(munged, "resources");
	strategy_carry(munged, old, "resizePolicy");
	return js_equal(munged, old) &&
	       js_equal(js_field(new, "resizePolicy"), js_field(old, "resizePolicy"));
}

static void validate_container(const js *new, const js *old, const char *list, size_t i,
			       struct field_errors *errs)
{
	bool init = !strcmp(list, "initContainers");

	if (!init || is_sidecar(old))
		validate_removed(new, old, PATH("spec.%s[%zu]", list, i), errs);
	if (init && !is_sidecar(new)) {
		if (!js_equal(new, old))
			field_error_forbidden(errs, "spec",
					      "resources for non-sidecar init containers are immutable");
	} else if (!only_cpu_and_memory(new, old)) {
		field_error_forbidden(
			errs, "spec",
			init ? "only cpu and memory resources for sidecar containers are mutable"
			     : "only cpu and memory resources are mutable");
	}
}

/* As long as a node may be older: one that says what its running containers have. */
static bool is_resizable(const js *pod)
{
	js_array_for_each (c, js_arr(pod, "status", "containerStatuses", NULL))
		if (js_get(c, "state", "running", NULL))
			return js_field(c, "resources");
	return true;
}

static void validate_resize(const js *new, const js *old, struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *were = js_obj(old, "spec", NULL);
	const char *qos = js_str0(old, "status", "qosClass", NULL);
	size_t before;

	if (strcmp(*qos ? qos : podspec_qos(were), podspec_qos(spec)))
		field_error_invalid_str(errs, "spec", qos,
					"Pod QOS Class may not change as a result of resizing");
	if (!is_resizable(old))
		field_error_forbidden(errs, "spec", "Pod running on node without support for resize");
	before = errs->n;
	validate_order(spec, were, "containers", errs);
	validate_order(spec, were, "initContainers", errs);
	if (errs->n != before)
		return;
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(spec, lists[l], NULL))
			validate_container(c, js_at(js_arr(were, lists[l], NULL), c_i), lists[l], c_i, errs);
}

static bool has_own_resources(const js *pod)
{
	const js *r = js_get(pod, "spec", "resources", NULL);

	return js_len(js_field(r, "requests")) + js_len(js_field(r, "limits")) > 0;
}

static const char *not_resizable(const js *new, const js *old)
{
	if (has_own_resources(new) || has_own_resources(old))
		return "pods with pod-level resources cannot be resized";
	if (js_str(old, "metadata", "annotations", MIRROR, NULL))
		return "static pods cannot be resized";
	if (!strcmp(js_str0(old, "spec", "os", "name", NULL), "windows"))
		return "windows pods cannot be resized";
	return NULL;
}

static const char *not_debuggable(const js *new, const js *old)
{
	return js_str(old, "metadata", "annotations", MIRROR, NULL)
		       ? "static pods do not support ephemeral containers"
		       : NULL;
}

/* ---- the rows ---- */

static const struct pods_part pods_parts[] = {
	{"ephemeralcontainers", prepare_ephemeral, not_debuggable, validate_ephemeral},
	{"resize", prepare_resize, not_resizable, validate_resize},
};

const struct pods_part *pods_part_find(const char *subresource)
{
	for (size_t i = 0; i < ARRAY_LEN(pods_parts); i++)
		if (!strcmp(pods_parts[i].subresource, subresource))
			return &pods_parts[i];
	return NULL;
}

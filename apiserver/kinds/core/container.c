/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of one container that span fields: probes and hooks where they may not be, mounts without a volume,
 * environment sources, requests above limits (kubernetes/kubernetes pkg/apis/core/validation). Single values
 * were checked by the schema before.
 */
#include "kinds/core/pod_spec.h"

#include <stdio.h>
#include "object/name.h"
#include "object/quantity.h"

#define MAX_ID 2147483647

/* ---- environment ---- */

static const char *const env_fields[] = {
	"metadata.annotations", "metadata.labels", "metadata.name",	      "metadata.namespace",
	"metadata.uid",		"spec.nodeName",   "spec.serviceAccountName", "status.hostIP",
	"status.hostIPs",	"status.podIP",	   "status.podIPs",	      NULL};

static void field_ref_validate(const js *ref, const char *path, struct field_errors *errs)
{
	const char *p = js_str0(ref, "fieldPath", NULL);
	char detail[384];

	if (!*p)
		return;
	if (!strncmp(p, "metadata.labels['", 17) || !strncmp(p, "metadata.annotations['", 22))
		return;
	for (size_t i = 2; env_fields[i]; i++)
		if (!strcmp(p, env_fields[i]))
			return;
	snprintf(detail, sizeof(detail), "error converting fieldPath: field label not supported: %.256s", p);
	field_error_invalid_str(errs, PATH("%s.fieldPath", path), p, detail);
}

static void env_source_validate(const js *var, const char *path, struct field_errors *errs)
{
	static const char *const sources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef",
					      "secretKeyRef", "fileKeyRef"};
	const js *from = js_obj(var, "valueFrom", NULL);
	size_t n = 0;

	if (!from)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		n += js_field(from, sources[i]) != NULL;
	if (js_obj(from, "fieldRef", NULL))
		field_ref_validate(js_obj(from, "fieldRef", NULL), PATH("%s.valueFrom.fieldRef", path), errs);
	if (!n)
		field_error_invalid_str(
			errs, PATH("%s.valueFrom", path), "",
			"must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
	else if (*js_str0(var, "value", NULL))
		field_error_invalid_str(errs, PATH("%s.valueFrom", path), "",
					"may not be specified when `value` is not empty");
	else if (n > 1)
		field_error_invalid_str(errs, PATH("%s.valueFrom", path), "",
					"may not have more than one field specified at a time");
}

static void validate_env(const js *container, const char *path, struct field_errors *errs)
{
	js_array_for_each (v, js_arr(container, "env", NULL)) {
		if (js_field(v, "valueFrom"))
			env_source_validate(v, PATH("%s.env[%zu]", path, v_i), errs);
	}
	js_array_for_each (f, js_arr(container, "envFrom", NULL)) {
		bool map = js_obj(f, "configMapRef", NULL), secret = js_obj(f, "secretRef", NULL);
		if (!map && !secret)
			field_error_invalid_str(errs, PATH("%s.envFrom[%zu]", path, f_i), "",
						"must specify one of: `configMapRef` or `secretRef`");
		else if (map && secret)
			field_error_invalid_str(errs, PATH("%s.envFrom[%zu]", path, f_i), "",
						"may not have more than one field specified at a time");
		if (map && !*js_str0(f, "configMapRef", "name", NULL))
			field_error_required(errs, PATH("%s.envFrom[%zu].configMapRef.name", path, f_i), "");
		if (secret && !*js_str0(f, "secretRef", "name", NULL))
			field_error_required(errs, PATH("%s.envFrom[%zu].secretRef.name", path, f_i), "");
	}
}

/* ---- resources ---- */

static bool is_hugepages(const char *name)
{
	return !strncmp(name, "hugepages-", 10);
}

static bool is_standard(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory") || !strcmp(name, "ephemeral-storage") ||
	       is_hugepages(name);
}

static bool is_extended(const char *name)
{
	return strchr(name, '/') && strncmp(name, "kubernetes.io/", 14) && !strstr(name, ".kubernetes.io/") &&
	       strncmp(name, "requests.", 9);
}

static void resource_name_validate(const char *name, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	if (name_check_qualified(name, &bad))
		field_error_names(errs, path, name, &bad);
	else if (!strchr(name, '/') && !is_standard(name))
		field_error_invalid_str(errs, path, name, "must be a standard resource for containers");
}

static void resource_list_validate(const js *list, const char *path, struct field_errors *errs)
{
	struct quantity q;
	struct err ignore = ERR_INIT;

	for (struct js_iter it = js_iter(list); js_next(&it);) {
		if (!is_standard(it.key))
			resource_name_validate(it.key, path, errs);
		const char *s = js_is_str(it.value) ? json_object_get_string(it.value) : "";
		if (quantity_parse(s, &q, &ignore) < 0)
			continue;
		if (q.nano < 0)
			field_error_invalid_str(errs, PATH("%s[%s]", path, it.key), s,
						"must be greater than or equal to 0");
		if ((is_extended(it.key) || is_hugepages(it.key)) && q.nano % 1000000000)
			field_error_invalid_str(errs, PATH("%s[%s]", path, it.key), s, "must be an integer");
	}
}

static void request_limit_validate(const char *name, const char *request, const char *limit, const char *path,
				   struct field_errors *errs)
{
	bool fixed = is_extended(name) || is_hugepages(name);
	struct quantity r, l;
	struct err ignore = ERR_INIT;
	char detail[384];

	if (!limit) {
		if (fixed)
			field_error_required(errs, PATH("%s.limits", path),
					     "Limit must be set for non overcommitable resources");
		return;
	}
	if (quantity_parse(request, &r, &ignore) < 0 || quantity_parse(limit, &l, &ignore) < 0)
		return;
	int cmp = quantity_cmp(&r, &l);
	if (fixed && cmp)
		snprintf(detail, sizeof(detail), "must be equal to %.200s limit of %.64s", name, limit);
	else if (!fixed && cmp > 0)
		snprintf(detail, sizeof(detail), "must be less than or equal to %.200s limit of %.64s", name,
			 limit);
	else
		return;
	field_error_invalid_str(errs, PATH("%s.requests", path), request, detail);
}

static void validate_resources(const js *resources, const char *path, struct field_errors *errs)
{
	const js *limits = js_obj(resources, "limits", NULL), *requests = js_obj(resources, "requests", NULL);

	if (!limits && !requests)
		return;
	resource_list_validate(limits, PATH("%s.limits", path), errs);
	resource_list_validate(requests, PATH("%s.requests", path), errs);
	for (struct js_iter it = js_iter(requests); js_next(&it);)
		if (js_is_str(it.value))
			request_limit_validate(it.key, json_object_get_string(it.value),
					       js_str(limits, it.key, NULL), path, errs);
}

/* ---- mounts ---- */

static void mounts_validate(const struct container_ctx *c, const js *container, const char *path)
{
	autounique struct unique paths = {.n = 0};

	js_array_for_each (m, js_arr(container, "volumeMounts", NULL)) {
		const char *name = js_str0(m, "name", NULL), *where = js_str0(m, "mountPath", NULL);
		if (*name && !unique_has(c->volumes, name))
			field_error_not_found(c->errs, PATH("%s.volumeMounts[%zu].name", path, m_i), name);
		if (*where && unique_seen(&paths, where))
			field_error_invalid_str(c->errs, PATH("%s.volumeMounts[%zu].mountPath", path, m_i),
						where, "must be unique");
		const char *sub = js_str0(m, "subPath", NULL);
		if (*sub && *js_str0(m, "subPathExpr", NULL))
			field_error_invalid_str(c->errs, PATH("%s.volumeMounts[%zu].subPathExpr", path, m_i),
						js_str0(m, "subPathExpr", NULL),
						"subPathExpr and subPath are mutually exclusive");
		if (*sub == '/')
			field_error_invalid_str(c->errs, PATH("%s.volumeMounts[%zu].subPath", path, m_i), sub,
						"must be a relative path");
		if (!strcmp(sub, "..") || !strncmp(sub, "../", 3) || strstr(sub, "/../") ||
		    (strlen(sub) > 3 && !strcmp(sub + strlen(sub) - 3, "/..")))
			field_error_invalid_str(c->errs, PATH("%s.volumeMounts[%zu].subPath", path, m_i), sub,
						"must not contain '..'");
	}
}

/* ---- probes and hooks ---- */

static void probes_validate(const struct container_ctx *c, const js *container, const char *path)
{
	static const char *const once[] = {"livenessProbe", "startupProbe"};
	int64_t grace = js_int(c->spec, 30, "terminationGracePeriodSeconds", NULL);
	static const char *const hooks[] = {"postStart", "preStop"};
	char detail[128];

	for (size_t i = 0; i < ARRAY_LEN(once); i++) {
		const js *p = js_obj(container, once[i], NULL);
		if (p && js_int(p, 1, "successThreshold", NULL) != 1)
			field_error_invalid(c->errs, PATH("%s.%s.successThreshold", path, once[i]),
					    js_field(p, "successThreshold"), "must be 1");
	}
	const js *own = js_get(container, "readinessProbe", "terminationGracePeriodSeconds", NULL);
	if (own)
		field_error_invalid(c->errs, PATH("%s.readinessProbe.terminationGracePeriodSeconds", path),
				    own, "must not be set for readinessProbes");
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		const js *sleep = js_obj(container, "lifecycle", hooks[i], "sleep", NULL);
		int64_t s = js_int(sleep, 0, "seconds", NULL);
		if (!sleep || (s >= 0 && s <= grace))
			continue;
		snprintf(detail, sizeof(detail),
			 "must be non-negative and less than terminationGracePeriodSeconds (%lld)",
			 (long long)grace);
		field_error_invalid(c->errs, PATH("%s.lifecycle.%s.sleep", path, hooks[i]),
				    js_field(sleep, "seconds"), detail);
	}
}

static void init_validate(const struct container_ctx *c, const js *container, const char *path)
{
	static const char *const banned[] = {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};
	static const char *const always[] = {"Always", NULL};
	const char *policy = js_str(container, "restartPolicy", NULL);

	if (policy && strcmp(policy, "Always")) {
		const char *p = PATH("%s.restartPolicy", path);
		if (!field_errors_has(c->errs, p))
			field_error_not_supported(c->errs, p, policy, always);
	}
	if (policy && !strcmp(policy, "Always"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(banned); i++)
		if (js_field(container, banned[i]))
			field_error_forbidden(
				c->errs, PATH("%s.%s", path, banned[i]),
				"may not be set for init containers without restartPolicy=Always");
}

/* ---- security ---- */

static void id_validate(const js *sc, const char *key, const char *path, struct field_errors *errs)
{
	const js *v = js_field(sc, key);

	if (v && (js_int(sc, 0, key, NULL) < 0 || js_int(sc, 0, key, NULL) > MAX_ID))
		field_error_invalid(errs, PATH("%s.%s", path, key), v,
				    "must be between 0 and 2147483647, inclusive");
}

static void security_validate(const js *sc, const char *path, struct field_errors *errs)
{
	id_validate(sc, "runAsUser", path, errs);
	id_validate(sc, "runAsGroup", path, errs);
	const js *escalate = js_field(sc, "allowPrivilegeEscalation");
	if (!escalate || js_bool(sc, true, "allowPrivilegeEscalation", NULL))
		return;
	if (js_bool(sc, false, "privileged", NULL))
		field_error_invalid(
			errs, path, sc,
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
	js_array_for_each (cap, js_arr(sc, "capabilities", "add", NULL)) {
		if (js_is_str(cap) && !strcmp(json_object_get_string(cap), "CAP_SYS_ADMIN"))
			field_error_invalid(
				errs, path, sc,
				"cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
	}
}

static void ports_validate(const struct container_ctx *c, const js *container, const char *path)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (p, js_arr(container, "ports", NULL)) {
		const char *name = js_str0(p, "name", NULL);
		if (*name && unique_seen(&names, name))
			field_error_duplicate(c->errs, PATH("%s.ports[%zu].name", path, p_i), name);
	}
}

static void resize_validate(const struct container_ctx *c, const js *container, const char *path)
{
	bool never = !strcmp(js_str0(c->spec, "restartPolicy", NULL), "Never");

	js_array_for_each (p, js_arr(container, "resizePolicy", NULL)) {
		if (never && strcmp(js_str0(p, "restartPolicy", NULL), "NotRequired"))
			field_error_invalid_str(c->errs, PATH("%s.resizePolicy", path),
						js_str0(p, "restartPolicy", NULL),
						"must be 'NotRequired' when `restartPolicy` is 'Never'");
	}
}

void container_validate(const struct container_ctx *c, const js *container, size_t index)
{
	const char *path = PATH("%s.%s[%zu]", c->base, c->list, index);
	const char *image = js_str0(container, "image", NULL);
	size_t n = strlen(image);

	if (c->is_pod && n && (strchr(" \t\n\r", image[0]) || strchr(" \t\n\r", image[n - 1])))
		field_error_invalid_str(c->errs, PATH("%s.image", path), image,
					"must not have leading or trailing whitespace");
	ports_validate(c, container, path);
	validate_env(container, path, c->errs);
	mounts_validate(c, container, path);
	validate_resources(js_obj(container, "resources", NULL), PATH("%s.resources", path), c->errs);
	resize_validate(c, container, path);
	if (c->init)
		init_validate(c, container, path);
	else if (js_field(container, "restartPolicy"))
		field_error_forbidden(c->errs, PATH("%s.restartPolicy", path),
				      "may not be set for non-init containers");
	probes_validate(c, container, path);
	const js *sc = js_obj(container, "securityContext", NULL);
	if (sc)
		security_validate(sc, PATH("%s.securityContext", path), c->errs);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What environment variables and downward API files may refer to. */
#include "kinds/podspec/podspec_internal.h"

#include <ctype.h>
#include "object/name.h"
#include "object/quantity.h"

/* ---- fields of the Pod ---- */

/* All that a Pod of v1 knows, and which place may use it. */
static const struct {
	const char *label;
	bool place[2]; /* by enum reference_place */
} labels[] = {
	{"metadata.annotations", {false, true}},
	{"metadata.labels", {false, true}},
	{"metadata.name", {true, true}},
	{"metadata.namespace", {true, true}},
	{"metadata.uid", {true, true}},
	{"spec.nodeName", {true, false}},
	{"spec.restartPolicy", {false, false}},
	{"spec.schedulerName", {false, false}},
	{"spec.serviceAccountName", {true, false}},
	{"status.hostIP", {true, false}},
	{"status.hostIPs", {true, false}},
	{"status.phase", {false, false}},
	{"status.podIP", {true, false}},
	{"status.podIPs", {true, false}},
};

static void not_supported(const char *label, enum reference_place place, const char *path,
			  struct field_errors *errs)
{
	const char *known[ARRAY_LEN(labels) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (labels[i].place[place])
			known[n++] = labels[i].label;
	known[n] = NULL;
	field_error_not_supported(errs, PATH("%s.fieldPath", path), label, known);
}

/* metadata.labels['KEY']: where the key begins, and how long what is before it is. */
static bool subscripted(const char *path, const char **ret_key, size_t *ret_key_len, size_t *ret_path_len)
{
	size_t n = strlen(path);
	const char *open = strstr(path, "['");

	if (n < 2 || strcmp(path + n - 2, "']") || !open || open == path || open + 2 > path + n - 2)
		return false;
	*ret_key = open + 2;
	*ret_key_len = (size_t)(path + n - 2 - *ret_key);
	*ret_path_len = (size_t)(open - path);
	return true;
}

static void check_subscript(const char *label, const char *key, size_t key_len, size_t path_len,
			    const char *path, struct field_errors *errs)
{
	bool annotations = path_len == 20 && !strncmp(label, "metadata.annotations", 20);
	autofree char *name = mem_strndup(key, key_len);
	struct name_faults bad;

	if (!annotations && (path_len != 15 || strncmp(label, "metadata.labels", 15))) {
		autofree char *detail = mem_printf(
			"error converting fieldPath: field label does not support subscript: %s", label);
		field_error_invalid_str(errs, PATH("%s.fieldPath", path), label, detail);
		return;
	}
	for (char *s = name; annotations && *s; s++)
		*s = (char)tolower((unsigned char)*s);
	if (name_check_qualified(name, &bad))
		field_error_names(errs, path, name, &bad);
}

void podspec_check_field_ref(const js *ref, enum reference_place place, const char *path,
			     struct field_errors *errs)
{
	const char *label = js_str0(ref, "fieldPath", NULL), *version = js_str0(ref, "apiVersion", NULL),
		   *key;
	size_t key_len, path_len;
	autofree char *detail = NULL;

	if (!*label)
		return; /* the schema has said so */
	if (strcmp(version, "v1")) {
		detail = mem_printf("error converting fieldPath: unsupported pod version: %s", version);
		field_error_invalid_str(errs, PATH("%s.fieldPath", path), label, detail);
		return;
	}
	if (subscripted(label, &key, &key_len, &path_len)) {
		check_subscript(label, key, key_len, path_len, path, errs);
		return;
	}
	const char *known = strcmp(label, "spec.host") ? label : "spec.nodeName"; /* what old clients send */
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		if (strcmp(labels[i].label, known))
			continue;
		if (!labels[i].place[place])
			not_supported(known, place, path, errs);
		return;
	}
	detail = mem_printf("error converting fieldPath: field label not supported: %s", label);
	field_error_invalid_str(errs, PATH("%s.fieldPath", path), label, detail);
}

/* ---- resources of a container ---- */

static const char bytes_divisors[] = " 1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei ";
static const struct {
	const char *suffix; /* of limits.X and requests.X; hugepages-*: a prefix */
	const char *divisors, *detail;
} resources[] = {
	{"cpu", " 1m 1 ", "only divisor's values 1m and 1 are supported with the cpu resource"},
	{"memory", bytes_divisors,
	 "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource"},
	{"ephemeral-storage", bytes_divisors,
	 "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local ephemeral storage resource"},
	{"hugepages-", bytes_divisors,
	 "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the hugepages resource"},
};

/* The row of the resource, or -1. */
static int find_resource(const char *name)
{
	const char *dot = strchr(name, '.');

	if (strncmp(name, "limits.", 7) && strncmp(name, "requests.", 9))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		size_t n = strlen(resources[i].suffix);
		if (!strncmp(dot + 1, resources[i].suffix, n) &&
		    (!dot[1 + n] || resources[i].suffix[n - 1] == '-'))
			return (int)i;
	}
	return -1;
}

void podspec_check_resource_ref(const js *ref, enum reference_place place, const char *path,
				struct field_errors *errs)
{
	static const char *const known[] = {"limits.cpu",
					    "limits.ephemeral-storage",
					    "limits.memory",
					    "requests.cpu",
					    "requests.ephemeral-storage",
					    "requests.memory",
					    NULL};
	const char *name = js_str0(ref, "resource", NULL), *divisor = js_str0(ref, "divisor", NULL);
	int row = find_resource(name);

	if (place == REFERENCE_VOLUME && !*js_str0(ref, "containerName", NULL))
		field_error_required(errs, PATH("%s.containerName", path), "");
	else if (!*name)
		field_error_required(errs, PATH("%s.resource", path), "");
	else if (row < 0)
		field_error_not_supported(errs, PATH("%s.resource", path), name, known);
	if (row < 0 || !*divisor || !strcmp(divisor, "0"))
		return;
	autofree char *word = mem_printf(" %s ", divisor);
	if (!strstr(resources[row].divisors, word))
		field_error_invalid_str(errs, PATH("%s.divisor", path), name, resources[row].detail);
}

/* ---- the environment ---- */

static void check_source(const js *var, const char *path, struct field_errors *errs)
{
	static const char *const sources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef",
					      "secretKeyRef"};
	const js *from = js_obj(var, "valueFrom", NULL);
	const js *field = js_obj(from, "fieldRef", NULL), *resource = js_obj(from, "resourceFieldRef", NULL);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		n += js_field(from, sources[i]) != NULL;
	if (field)
		podspec_check_field_ref(field, REFERENCE_ENV, PATH("%s.fieldRef", path), errs);
	if (resource)
		podspec_check_resource_ref(resource, REFERENCE_ENV, PATH("%s.resourceFieldRef", path), errs);
	if (!n)
		field_error_invalid_str(
			errs, path, "",
			"must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
	else if (*js_str0(var, "value", NULL))
		field_error_invalid_str(errs, path, "", "may not be specified when `value` is not empty");
	else if (n > 1)
		field_error_invalid_str(errs, path, "",
					"may not have more than one field specified at a time");
}

void podspec_check_env(const struct podspec_container *c)
{
	struct field_errors *errs = c->spec->errs;

	js_array_for_each (v, js_arr(c->o, "env", NULL)) {
		if (js_field(v, "valueFrom"))
			check_source(v, PATH("%s.env[%zu].valueFrom", c->path, v_i), errs);
	}
	js_array_for_each (f, js_arr(c->o, "envFrom", NULL)) {
		bool map = js_obj(f, "configMapRef", NULL), secret = js_obj(f, "secretRef", NULL);
		errs->item = (unsigned)f_i + 1;
		if (map == secret) /* upstream's path knows no index */
			field_error_invalid_str(errs, PATH("%s.envFrom", c->path), "",
						map ? "may not have more than one field specified at a time"
						    : "must specify one of: `configMapRef` or `secretRef`");
	}
	errs->item = 0;
}

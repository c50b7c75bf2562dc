/* SPDX-License-Identifier: Apache-2.0 */
/* ResourceSlices (kubernetes/kubernetes pkg/apis/resource/validation, pkg/registry/resource/resourceslice). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "kinds/podspec/podspec.h"
#include "kinds/resource/device.h"
#include "kinds/strategies.h"
#include "object/name.h"

#define DEVICES_MAX 128
#define VERSION_MAX 64
#define LOOK_KEY 'k'
#define FACTS_MAX 32	/* attributes and capacities of a device */
#define FACT_KEY_MAX 96 /* of a domain, a slash and a name; longer keys are shortened in paths */

static void slice_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	static const char *const of_spec[] = {"perDeviceNodeSelection", "sharedCounters", NULL},
				 *const of_devices[] = {"consumesCounters",
							"nodeName",
							"nodeSelector",
							"allNodes",
							"taints",
							"bindsToNode",
							"bindingConditions",
							"bindingFailureConditions",
							"allowMultipleAllocations",
							NULL};
	js *spec = js_obj(new, "spec", NULL);

	device_drop_fields(spec, of_spec);
	js_array_for_each (d, js_arr(spec, "devices", NULL)) {
		device_drop_fields(d, of_devices);
		for (struct js_iter it = js_iter(js_obj(d, "capacity", NULL)); js_next(&it);)
			if (it.value)
				js_del(it.value, "requestPolicy");
	}
}

/* ---- attributes ---- */

/* [0-9A-Za-z-]+ between dots; strict: numbers begin with no zero. The place behind, NULL when there is none. */
static const char *identifiers(const char *s, bool strict)
{
	for (;; s++) {
		size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
		if (!n || (strict && n > 1 && *s == '0' && strspn(s, "0123456789") >= n))
			return NULL;
		s += n;
		if (*s != '.')
			return s;
	}
}

/* semver.org 2.0.0 */
static bool is_version(const char *s)
{
	for (int i = 0; i < 3; i++) {
		size_t n = strspn(s, "0123456789");
		if (!n || (n > 1 && *s == '0') || (i < 2 && s[n] != '.'))
			return false;
		s += n + (i < 2);
	}
	if (*s == '-' && !(s = identifiers(s + 1, true)))
		return false;
	if (*s == '+' && !(s = identifiers(s + 1, false)))
		return false;
	return !*s;
}

static void check_attribute(const js *a, const char *path, struct field_errors *errs)
{
	static const char *const values[][2] = {{"int", "IntValue"},
						{"bool", "BoolValue"},
						{"string", "StringValue"},
						{"version", "VersionValue"}};
	const char *version = js_str(a, "version", NULL);
	autojson js *shown = js_new_obj();
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		const js *v = js_field(a, values[i][0]);
		js_set(shown, values[i][1], v ? js_dup(v) : NULL);
		n += v != NULL;
	}
	if (version && !is_version(version))
		field_error_invalid_str(errs, PATH("%s.version", path), version,
					"must be a string compatible with semver.org spec 2.0.0");
	if (version && strlen(version) > VERSION_MAX)
		field_error_too_long(errs, PATH("%s.version", path), VERSION_MAX);
	if (!n)
		field_error_required(errs, path, "exactly one value must be specified");
	else if (n > 1)
		field_error_invalid(errs, path, shown, "exactly one value must be specified");
}

/* A key as it stands in paths: long ones lose their middle. */
static const char *shortened(const char *key, char out[FACT_KEY_MAX + 1])
{
	size_t n = strlen(key), left = FACT_KEY_MAX - 3;

	if (n <= FACT_KEY_MAX)
		return key;
	snprintf(out, FACT_KEY_MAX + 1, "%.*s...%s", (int)((left + 1) / 2), key, key + n - left / 2);
	return out;
}

static void check_facts(const js *d, const char *what, const char *path, struct field_errors *errs)
{
	char text[FACT_KEY_MAX + 1];

	for (struct js_iter it = js_iter(js_obj(d, what, NULL)); js_next(&it);) {
		const char *at = PATH("%s.%s[%s]", path, what, shortened(it.key, text));
		errs->look = LOOK_KEY;
		device_check_attribute(it.key, at, errs);
		errs->look = 0;
		if (!strcmp(what, "attributes"))
			check_attribute(it.value, at, errs);
	}
}

static void check_device(const js *d, const char *path, struct field_errors *errs)
{
	size_t n = js_len(js_obj(d, "attributes", NULL)) + js_len(js_obj(d, "capacity", NULL));
	autojson js *shown = js_new_int((int64_t)n);

	if (n > FACTS_MAX)
		field_error_invalid(errs, path, shown,
				    "the total number of attributes and capacities must not exceed 32");
	check_facts(d, "attributes", path, errs);
	check_facts(d, "capacity", path, errs);
}

/* ---- where they are ---- */

#define PLACES "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"

static void check_place(const js *spec, struct field_errors *errs)
{
	const char *node = js_str(spec, "nodeName", NULL);
	const js *selector = js_obj(spec, "nodeSelector", NULL), *all = js_field(spec, "allNodes"),
		 *terms = js_arr(selector, "nodeSelectorTerms", NULL);
	bool everywhere = js_bool(spec, false, "allNodes", NULL);
	autobuf struct buf set = BUF_INIT;
	struct name_faults bad;

	if (node && !*node)
		field_error_invalid_str(errs, "spec.nodeName", "",
					"must be either unset or set to a non-empty string");
	else if (node && name_check_dns1123_subdomain(node, &bad))
		field_error_names(errs, "spec.nodeName", node, &bad);
	podspec_validate_node_selector(selector, "spec.nodeSelector", errs);
	if (selector && js_len(terms) != 1)
		field_error_invalid(errs, "spec.nodeSelector.nodeSelectorTerms", terms,
				    "must have exactly one node selector term");
	if (all && !everywhere)
		field_error_invalid(errs, "spec.allNodes", all, "must be either unset or set to true");
	if (node && *node)
		buf_adds(&set, ", `nodeName`");
	if (selector)
		buf_adds(&set, ", `nodeSelector`");
	if (everywhere)
		buf_adds(&set, ", `allNodes`");
	if (!set.len) {
		field_error_required(errs, "spec", PLACES);
	} else if (strchr(buf_str(&set) + 1, ',')) {
		autofree char *shown = mem_printf("{%s}", buf_str(&set) + 2);
		field_error_invalid_str(errs, "spec", shown, PLACES ", but multiple fields are set");
	}
}

static void slice_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *devices = js_arr(spec, "devices", NULL);
	autounique struct unique seen = {.n = 0};

	device_check_pool(js_str0(spec, "pool", "name", NULL), "spec.pool.name", errs);
	check_place(spec, errs);
	device_check_size(devices, DEVICES_MAX, DEVICE_SIZE, "spec.devices", errs);
	js_array_for_each (d, devices) {
		const char *path = PATH("spec.devices[%zu]", d_i), *name = js_str0(d, "name", NULL);
		check_device(d, path, errs);
		device_check_repeated(&seen, name, name, DEVICE_REPEATED, PATH("%s.name", path), errs);
	}
}

const struct strategy resourceslice_strategy = {
	.group = "resource.k8s.io",
	.kind = "ResourceSlice",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = slice_prepare,
	.validate = slice_validate,
};

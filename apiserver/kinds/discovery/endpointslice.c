/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndpointSlices (kubernetes/kubernetes pkg/apis/discovery/validation, pkg/registry/discovery/endpointslice). Endpoints
 * that an update leaves as they were are not judged again: rules about addresses have become stricter over time.
 */
#include <string.h>
#include "base/unique.h"
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/ip.h"
#include "object/name.h"

#define MAX_ENDPOINTS 1000
#define MAX_PORTS 20000

static void slice_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js_array_for_each (e, js_arr(new, "endpoints", NULL))
		js_del(e, "deprecatedTopology");
}

/* ---- addresses ---- */

static void joined(const char *value, const struct name_faults *bad, const char *path,
		   struct field_errors *errs)
{
	autobuf struct buf detail = BUF_INIT;

	name_faults_join(bad, ",", &detail);
	field_error_invalid_str(errs, path, value, buf_str(&detail));
}

static void check_fqdn(const char *s, const char *path, struct field_errors *errs)
{
	size_t n = strlen(s);
	autofree char *name = mem_strndup(s, n && s[n - 1] == '.' ? n - 1 : n);
	struct name_faults bad;

	if (!n) {
		field_error_required(errs, path, "");
		return;
	}
	if (name_check_dns1123_subdomain(name, &bad)) {
		joined(name, &bad, path, errs);
		return;
	}
	if (!strchr(name, '.')) {
		field_error_invalid_str(errs, path, name,
					"should be a domain with at least two segments separated by dots");
		return;
	}
	for (char *rest = name, *label; (label = strsep(&rest, "."));) {
		if (!name_check_dns1123_label(label, &bad))
			continue;
		joined(label, &bad, path, errs);
		return;
	}
}

/* Addresses of version 6 have one spelling. One of the other family is told of without its number. */
static void check_address(const char *s, bool v6, const char *path, struct field_errors *errs)
{
	struct ip ip;

	if (!(v6 ? check_ip_strict : check_ip)(s, path, errs))
		return;
	ip_parse(s, &ip);
	if (ip.v4 == v6) {
		autofree char *all = mem_strndup(path, (size_t)(strrchr(path, '[') - path));
		field_error_invalid_str(errs, all, s,
					v6 ? "must be an IPv6 address" : "must be an IPv4 address");
	}
	check_ip_scope(s, path, errs);
}

static void validate_endpoints(const js *endpoints, const char *type, struct field_errors *errs)
{
	bool v4 = !strcmp(type, "IPv4"), v6 = !strcmp(type, "IPv6"), fqdn = !strcmp(type, "FQDN");

	js_array_for_each (e, endpoints) {
		js_array_for_each (a, js_arr(e, "addresses", NULL)) {
			const char *path = PATH("endpoints[%zu].addresses[%zu]", e_i, a_i);
			errs->item = (unsigned)a_i + 1;
			if (v4 || v6)
				check_address(js_str0(a, NULL), v6, path, errs);
			else if (fqdn)
				check_fqdn(js_str0(a, NULL), path, errs);
			errs->item = 0;
		}
	}
}

/* ---- ports ---- */

static void validate_ports(const js *ports, struct field_errors *errs)
{
	autounique struct unique names = {.n = 0};
	struct name_faults bad;

	js_array_for_each (p, ports) {
		const char *name = js_str0(p, "name", NULL), *path = PATH("ports[%zu].name", p_i);
		if (*name && name_check_dns1123_label(name, &bad))
			field_error_names(errs, path, name, &bad);
		if (unique_seen(&names, name))
			field_error_duplicate(errs, path, name);
	}
}

/* Of a list that is too long nothing else is said. */
static bool too_many(const js *list, size_t max, const char *path, struct field_errors *errs)
{
	size_t n = js_len(list);

	if (n <= max)
		return false;
	field_errors_drop(errs, path);
	field_error_too_many(errs, path, (int)n, (int)max);
	return true;
}

static void slice_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	const js *endpoints = js_arr(new, "endpoints", NULL), *ports = js_arr(new, "ports", NULL);

	if (old && js_equal(endpoints, js_arr(old, "endpoints", NULL)))
		field_errors_drop(errs, "endpoints");
	else if (!too_many(endpoints, MAX_ENDPOINTS, "endpoints", errs))
		validate_endpoints(endpoints, js_str0(new, "addressType", NULL), errs);
	if (!too_many(ports, MAX_PORTS, "ports", errs))
		validate_ports(ports, errs);
}

/* The controllers' own are as they should be. */
static void slice_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const char *by = js_str0(new, "metadata", "labels", "endpointslice.kubernetes.io/managed-by", NULL);
	const char *type = js_str0(new, "addressType", NULL);

	if (!strcmp(type, "FQDN")) {
		if (!old)
			strategy_warn(ctx, "spec.addressType: FQDN endpoints are deprecated");
		return;
	}
	if (!strcmp(by, "endpointslice-controller.k8s.io") ||
	    !strcmp(by, "endpointslicemirroring-controller.k8s.io"))
		return;
	js_array_for_each (e, js_arr(new, "endpoints", NULL))
		js_array_for_each (a, js_arr(e, "addresses", NULL))
			advice_ip(ctx, js_str0(a, NULL), PATH("endpoints[%zu].addresses[%zu]", e_i, a_i));
}

const struct strategy endpointslice_strategy = {
	.group = "discovery.k8s.io",
	.kind = "EndpointSlice",
	.flags = STRATEGY_LABELS_COUNT,
	.prepare = slice_prepare,
	.validate = slice_validate,
	.warn = slice_warn,
};

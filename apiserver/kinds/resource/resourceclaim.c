/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ResourceClaims (kubernetes/kubernetes pkg/apis/resource/validation, pkg/registry/resource/resourceclaim). The scheduler
 * allocates and reserves through the status; an allocation that is there may go, but not change.
 */
#include <stdio.h>
#include <string.h>
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/resource/device.h"
#include "kinds/strategies.h"
#include "object/ip.h"

#define RESERVED_MAX 256
#define CONDITIONS_MAX 8
#define IPS_MAX 16
#define LOOK_RESERVED 'f' /* what must hold of reservedFor as a whole, which comes behind the devices */

static void drop_status(js *status)
{
	static const char *const of_results[] = {"tolerations",
						 "bindingConditions",
						 "bindingFailureConditions",
						 "shareID",
						 "consumedCapacity",
						 NULL},
				 *const of_allocation[] = {"allocationTimestamp", NULL},
				 *const of_devices[] = {"shareID", NULL};
	js *allocation = js_obj(status, "allocation", NULL);

	device_drop_fields(allocation, of_allocation);
	js_array_for_each (r, js_arr(allocation, "devices", "results", NULL))
		device_drop_fields(r, of_results);
	js_array_for_each (d, js_arr(status, "devices", NULL))
		device_drop_fields(d, of_devices);
}

static void claim_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	device_drop(js_obj(new, "spec", "devices", NULL));
	if (!old)
		js_set(new, "status", js_new_obj());
	else if (!strcmp(ctx->subresource, "status"))
		drop_status(js_obj(new, "status", NULL));
}

/* ---- who uses it ---- */

static const char *uid_of(const js *consumer)
{
	return js_str0(consumer, "uid", NULL);
}

/* Nobody new while it is being given back. */
static void check_newcomers(const js *is, const js *was, struct field_errors *errs)
{
	autounique struct unique old = {.n = 0};

	js_array_for_each (c, was)
		unique_seen(&old, uid_of(c));
	js_array_for_each (c, is) {
		if (unique_has(&old, uid_of(c)))
			continue;
		field_error_forbidden(
			errs, "status.reservedFor",
			"new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
		return;
	}
}

static void check_consumers(const js *new, const js *old, struct field_errors *errs)
{
	const js *is = js_arr(new, "status", "reservedFor", NULL);
	autounique struct unique seen = {.n = 0};

	device_check_size(is, RESERVED_MAX, DEVICE_SIZE, "status.reservedFor", errs);
	js_array_for_each (c, is)
		device_check_repeated(&seen, uid_of(c), uid_of(c), DEVICE_REPEATED,
				      PATH("status.reservedFor[%zu].uid", c_i), errs);
	errs->look = LOOK_RESERVED;
	if (js_len(is) && !js_get(new, "status", "allocation", NULL))
		field_error_forbidden(errs, "status.reservedFor",
				      "may not be specified when `allocated` is not set");
	else if (js_get(new, "metadata", "deletionTimestamp", NULL))
		check_newcomers(is, js_arr(old, "status", "reservedFor", NULL), errs);
	errs->look = 0;
}

/* ---- what was given ---- */

static void check_allocation(const js *allocation, const struct unique *names, struct field_errors *errs)
{
	static const char results_at[] = "status.allocation.devices.results",
			  config_at[] = "status.allocation.devices.config";
	const js *results = js_arr(allocation, "devices", "results", NULL),
		 *config = js_arr(allocation, "devices", "config", NULL);

	podspec_validate_node_selector(js_obj(allocation, "nodeSelector", NULL),
				       "status.allocation.nodeSelector", errs);
	device_check_size(results, DEVICE_LIST_MAX, DEVICE_SIZE, results_at, errs);
	js_array_for_each (r, results) {
		const char *at = PATH("%s[%zu]", results_at, r_i);
		device_check_request_ref(js_str0(r, "request", NULL), names, PATH("%s.request", at), errs);
		device_check_pool(js_str0(r, "pool", NULL), PATH("%s.pool", at), errs);
	}
	device_check_size(config, 2 * DEVICE_LIST_MAX, DEVICE_SIZE, config_at, errs);
	js_array_for_each (c, config) {
		const char *at = PATH("%s[%zu]", config_at, c_i);
		device_check_request_refs(js_arr(c, "requests", NULL), names, PATH("%s.requests", at), errs);
		device_check_config(c, false, at, errs);
	}
}

/* An address with the length of its network (apimachinery IsValidInterfaceAddress). */
static void check_interface_address(const char *s, const char *path, struct field_errors *errs)
{
	char text[IP_TEXT_MAX];
	unsigned bits;
	struct ip ip;

	if (!ip_parse_cidr(s, &ip, &bits)) {
		field_error_invalid_str(
			errs, path, s,
			"must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
		return;
	}
	ip_format(&ip, text);
	if (ip.v4 && bits > 32)
		bits -= 96;
	autofree char *canonical = mem_printf("%s/%u", text, bits);
	autofree char *detail = mem_printf("must be in canonical form (\"%s\")", canonical);
	if (strcmp(s, canonical))
		field_error_invalid_str(errs, path, s, detail);
}

static void check_network(const js *network, const char *path, struct field_errors *errs)
{
	const js *ips = js_arr(network, "ips", NULL);
	autounique struct unique seen = {.n = 0};

	device_check_size(ips, IPS_MAX, DEVICE_SIZE_WITHIN, PATH("%s.ips", path), errs);
	js_array_for_each (i, ips) {
		const char *at = PATH("%s.ips[%zu]", path, i_i), *address = js_str0(i, NULL);
		check_interface_address(address, at, errs);
		device_check_repeated(&seen, address, address, DEVICE_REPEATED_WITHIN, at, errs);
	}
}

/* DRIVER/POOL/DEVICE, as upstream writes it. */
static char *device_id(const js *d)
{
	return mem_printf("%s/%s/%s", js_str0(d, "driver", NULL), js_str0(d, "pool", NULL),
			  js_str0(d, "device", NULL));
}

static void check_device(const js *d, const struct unique *given, const char *path, struct field_errors *errs)
{
	const js *conditions = js_arr(d, "conditions", NULL);
	autofree char *id = device_id(d);

	device_check_pool(js_str0(d, "pool", NULL), PATH("%s.pool", path), errs);
	if (!unique_has(given, id))
		field_errors_add(errs, "FieldValueInvalid", mem_strdup(path),
				 mem_strdup("Invalid value: " DEVICE_UNSHOWN
					    ": must be an allocated device in the claim"));
	if (js_len(conditions) > CONDITIONS_MAX)
		field_error_too_many(errs, PATH("%s.conditions", path), (int)js_len(conditions),
				     CONDITIONS_MAX);
	check_conditions(conditions, PATH("%s.conditions", path), errs);
	device_check_raw(js_field(d, "data"), false, PATH("%s.data", path), errs);
	check_network(js_obj(d, "networkData", NULL), PATH("%s.networkData", path), errs);
}

static void check_devices(const js *status, struct field_errors *errs)
{
	autounique struct unique given = {.n = 0}, seen = {.n = 0};

	js_array_for_each (r, js_arr(status, "allocation", "devices", "results", NULL)) {
		autofree char *id = device_id(r);
		unique_seen(&given, id);
	}
	js_array_for_each (d, js_arr(status, "devices", NULL)) {
		const char *path = PATH("status.devices[%zu]", d_i);
		autofree char *id = device_id(d);
		check_device(d, &given, path, errs);
		device_check_repeated(&seen, id, NULL, DEVICE_REPEATED, PATH("%s.deviceID", path), errs);
	}
}

static void validate_status(const js *new, const js *old, struct field_errors *errs)
{
	const js *is = js_get(new, "status", "allocation", NULL),
		 *was = js_get(old, "status", "allocation", NULL);
	autounique struct unique names = {.n = 0};

	device_request_names(js_obj(new, "spec", "devices", NULL), &names);
	check_consumers(new, old, errs);
	check_devices(js_obj(new, "status", NULL), errs);
	if (is && was) {
		field_errors_drop(errs, "status.allocation"); /* it was judged when it was new */
		if (!js_equal(is, was))
			field_error_invalid(errs, "status.allocation", is, "field is immutable");
	} else if (is) {
		check_allocation(is, &names, errs);
	}
}

static bool wants_admin(const js *results)
{
	js_array_for_each (r, results)
		if (js_bool(r, false, "adminAccess", NULL))
			return true;
	return false;
}

static void claim_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	static const char *const results[] = {"status", "allocation", "devices", "results", NULL};
	const js *is = new, *was = old;

	if (!strcmp(ctx->subresource, "status")) {
		for (size_t i = 0; results[i]; i++)
			is = js_field(is, results[i]), was = js_field(was, results[i]);
		if (!wants_admin(was))
			device_check_admin(ctx, new, is, "status.allocation.devices.results", errs);
		validate_status(new, old, errs);
		return;
	}
	if (!old)
		device_check_admin(ctx, new, js_arr(new, "spec", "devices", "requests", NULL),
				   "spec.devices.requests", errs);
	device_check_claim(js_obj(new, "spec", "devices", NULL), old != NULL, "spec.devices", errs);
}

const struct strategy resourceclaim_strategy = {
	.group = "resource.k8s.io",
	.kind = "ResourceClaim",
	.flags = STRATEGY_RETURNS_DELETED | STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = claim_prepare,
	.validate = claim_validate,
};

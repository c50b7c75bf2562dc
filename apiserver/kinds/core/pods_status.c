/* SPDX-License-Identifier: Apache-2.0 */
/* What a report of a Pod's status may say (kubernetes/kubernetes pkg/apis/core/validation ValidatePodStatusUpdate). */
#include "kinds/core/pods.h"

#include "base/gate.h"
#include "base/map.h"
#include "base/unique.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "object/ip.h"
#include "object/name.h"

#define MAX_ID 2147483647

/* ---- addresses ---- */

void pods_default_status(js *status)
{
	const char *ip = js_str0(status, "podIP", NULL), *first;
	js *ips = js_arr(status, "podIPs", NULL);

	first = js_str0(js_at(ips, 0), "ip", NULL);
	if (!*ip && js_len(ips)) {
		js_set_str(status, "podIP", first);
	} else if (*ip && (!js_len(ips) || strcmp(ip, first))) {
		js *one = js_new_obj();
		js_set_str(one, "ip", ip);
		ips = js_new_arr();
		js_push(ips, one);
		js_set(status, "podIPs", ips);
	}
}

static void add_duplicate(struct field_errors *errs, const char *path, const js *value)
{
	autobuf struct buf b = BUF_INIT;

	buf_adds(&b, "Duplicate value: ");
	js_write(&b, value);
	field_errors_add(errs, "FieldValueDuplicate", mem_strdup(path), buf_take(&b, NULL));
}

/* Several addresses: one of each family. */
static void validate_families(const js *ips, const char *path, struct field_errors *errs)
{
	bool found[2] = {false};
	autounique struct unique seen = {.n = 0};
	size_t bad = SIZE_MAX;
	struct ip ip;

	js_array_for_each (a, ips) {
		if (ip_parse(js_str0(a, "ip", NULL), &ip))
			found[ip.v4] = true;
		else if (bad == SIZE_MAX)
			bad = a_i;
	}
	if (bad != SIZE_MAX)
		field_errors_add(
			errs, "InternalError", mem_strdup(path),
			mem_printf(
				"Internal error: failed to check for dual stack with error:invalid IP[%zu]: <nil>",
				bad));
	if (bad != SIZE_MAX || !found[0] || !found[1] || js_len(ips) > 2)
		field_error_invalid(errs, path, ips, "may specify no more than one IP for each IP family");
	js_array_for_each (a, ips)
		if (unique_seen(&seen, js_str0(a, "ip", NULL)))
			add_duplicate(errs, PATH("%s[%zu]", path, a_i), a);
}

static void validate_ips(const js *status, const char *list, struct field_errors *errs)
{
	const js *ips = js_arr(status, list, NULL);

	js_array_for_each (a, ips)
		check_ip(js_str0(a, "ip", NULL), PATH("status.%s[%zu]", list, a_i), errs);
	if (js_len(ips) > 1)
		validate_families(ips, PATH("status.%s", list), errs);
}

static void validate_addresses(const js *status, struct field_errors *errs)
{
	const js *hosts = js_arr(status, "hostIPs", NULL);
	const char *first = js_str0(js_at(hosts, 0), "ip", NULL);

	validate_ips(status, "podIPs", errs);
	if (js_len(hosts) && strcmp(js_str0(status, "hostIP", NULL), first))
		field_error_invalid_str(errs, "status.hostIPs[0].ip", first, "must be equal to `hostIP`");
	validate_ips(status, "hostIPs", errs);
}

/* ---- containers ---- */

/* Sidecars may come back, and what its policy or, where they mean something, its rules start again. Upstream leaves rules of
   init containers out here, and with them the report that such a one runs again. */
static bool may_return(const js *container, bool init, const char *policy, int64_t code)
{
	if (init && !strcmp(js_str0(container, "restartPolicy", NULL), "Always"))
		return true;
	if (container && gate_enabled(GATE_ContainerRestartRules))
		return podspec_restarts(container, policy, code);
	return !strcmp(policy, "Always") || (code && !strcmp(policy, "OnFailure"));
}

static void note_containers(struct map *names, const js *containers)
{
	js_array_for_each (c, containers)
		map_set(names, js_str0(c, "name", NULL), (js *)c);
}

/* Containers that are done for good may not come back to life. of: where their specs are; NULL: they never may. */
static void validate_transitions(const js *new, const js *old, const char *list, const char *of,
				 struct field_errors *errs)
{
	const js *was = js_arr(old, "status", list, NULL);
	const char *policy = of ? js_str0(old, "spec", "restartPolicy", NULL) : "Never";
	bool init = of && !strcmp(of, "initContainers");
	autounique struct unique alive = {.n = 0};
	struct map specs = {0};

	if (!js_len(was) || (!strcmp(policy, "Always") && !gate_enabled(GATE_ContainerRestartRules)))
		return;
	js_array_for_each (n, js_arr(new, "status", list, NULL))
		if (!js_obj(n, "state", "terminated", NULL))
			unique_seen(&alive, js_str0(n, "name", NULL));
	if (alive.seen && of)
		note_containers(&specs, js_arr(old, "spec", of, NULL));
	js_array_for_each (o, alive.seen ? was : NULL) {
		const js *done = js_obj(o, "state", "terminated", NULL);
		const char *name = js_str0(o, "name", NULL);
		if (done && unique_has(&alive, name) &&
		    !may_return(map_get(&specs, name), init, policy, js_int(done, 0, "exitCode", NULL)))
			field_error_forbidden(errs, PATH("status.%s[%zu].state", list, o_i),
					      "may not be transitioned to non-terminated state");
	}
	map_release(&specs);
}

static void validate_id(const js *id, const char *path, struct field_errors *errs)
{
	if (js_int(id, 0, NULL) < 0 || js_int(id, 0, NULL) > MAX_ID)
		field_error_invalid(errs, path, id, "must be between 0 and 2147483647, inclusive");
}

static void validate_user(const js *user, bool windows, const char *path, struct field_errors *errs)
{
	const js *linux_user = js_obj(user, "linux", NULL);

	if (!linux_user)
		return;
	if (windows) {
		field_error_forbidden(errs, path, "cannot be set for a windows pod");
		return;
	}
	validate_id(js_field(linux_user, "uid"), PATH("%s.uid", path), errs);
	validate_id(js_field(linux_user, "gid"), PATH("%s.gid", path), errs);
	js_array_for_each (g, js_arr(linux_user, "supplementalGroups", NULL))
		validate_id(g, PATH("%s.supplementalGroups[%zu]", path, g_i), errs);
}

/* ---- the whole ---- */

static void validate_observed(const js *o, const char *path, struct field_errors *errs)
{
	const js *n = js_field(o, "observedGeneration");

	if (js_int(n, 0, NULL) < 0)
		field_error_invalid(errs, PATH("%s.observedGeneration", path), n,
				    "must be a non-negative integer");
}

static void validate_conditions(const js *conditions, struct field_errors *errs)
{
	struct name_faults bad;

	js_array_for_each (c, conditions) {
		const char *type = js_str0(c, "type", NULL), *path = PATH("status.conditions[%zu]", c_i);
		validate_observed(c, path, errs);
		if (name_check_qualified(type, &bad))
			field_error_names(errs, PATH("%s.Type", path), type, &bad);
	}
}

static void validate_claims(const js *pod, struct field_errors *errs)
{
	autounique struct unique claims = {.n = 0}, seen = {.n = 0};
	struct name_faults bad;

	js_array_for_each (c, js_arr(pod, "spec", "resourceClaims", NULL))
		unique_seen(&claims, js_str0(c, "name", NULL));
	js_array_for_each (s, js_arr(pod, "status", "resourceClaimStatuses", NULL)) {
		const char *name = js_str0(s, "name", NULL), *claim = js_str(s, "resourceClaimName", NULL);
		const char *path = PATH("status.resourceClaimStatuses[%zu].name", s_i);
		if (!unique_has(&claims, name))
			field_error_invalid_str(errs, path, name,
						"must match the name of an entry in `spec.resourceClaims`");
		if (unique_seen(&seen, name))
			field_error_duplicate(errs, path, name);
		if (claim && name_check_dns1123_subdomain(claim, &bad))
			field_error_names(errs, path, claim, &bad);
	}
}

void pods_validate_status(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses",
					    "ephemeralContainerStatuses"},
				 *const specs[] = {"containers", "initContainers", NULL};
	const js *status = js_obj(new, "status", NULL);
	const char *was = js_str0(old, "status", "qosClass", NULL), *is = js_str0(status, "qosClass", NULL);
	const char *nominated = js_str0(status, "nominatedNodeName", NULL);
	bool windows = !strcmp(js_str0(new, "spec", "os", "name", NULL), "windows");
	struct name_faults bad;

	validate_conditions(js_arr(status, "conditions", NULL), errs);
	if (*nominated && strcmp(nominated, js_str0(old, "status", "nominatedNodeName", NULL)) &&
	    name_check_dns1123_subdomain(nominated, &bad))
		field_error_names(errs, "status.nominatedNodeName", nominated, &bad);
	validate_observed(status, "status", errs);
	if (strcmp(was, is))
		field_error_invalid_str(errs, "status.qosClass", is, "field is immutable");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		validate_transitions(new, old, lists[i], specs[i], errs);
		js_array_for_each (c, js_arr(status, lists[i], NULL))
			if (js_field(c, "user"))
				validate_user(js_obj(c, "user", NULL), windows,
					      PATH("status.%s[%zu].linux", lists[i], c_i), errs);
	}
	validate_claims(new, errs);
	validate_addresses(status, errs);
}

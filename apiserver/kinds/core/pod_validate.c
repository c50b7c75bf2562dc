/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a Pod spec that span its parts (kubernetes/kubernetes pkg/apis/core/validation ValidatePodSpec).
 */
#include <stdio.h>
#include "kinds/check.h"
#include "object/ip.h"
#include "kinds/core/pod_spec.h"
#include "object/name.h"
#include "object/quantity.h"

#define MAX_ID 2147483647
#define MAX_NAMESERVERS 3
#define MAX_SEARCHES 32
#define MAX_SEARCH_CHARS 2048

/* ---- names and ports over all containers ---- */

static void unique_add_names(struct unique *names, const js *list)
{
	js_array_for_each (v, list)
		unique_seen(names, js_str0(v, "name", NULL));
}

static void names_validate(const js *spec, const char *base, struct field_errors *errs)
{
	const js *inits = js_arr(spec, "initContainers", NULL);
	autounique struct unique names = {.n = 0};

	if (!js_len(inits))
		return;
	unique_add_names(&names, js_arr(spec, "containers", NULL));
	js_array_for_each (i, inits) {
		const char *name = js_str0(i, "name", NULL);
		if (*name && unique_has(&names, name))
			field_error_duplicate(errs, PATH("%s.initContainers[%zu].name", base, i_i), name);
	}
}

static void host_ports_validate(const js *containers, const char *base, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (c, containers) {
		js_array_for_each (p, js_arr(c, "ports", NULL)) {
			int64_t port = js_int(p, 0, "hostPort", NULL);
			if (!port)
				continue;
			autofree char *key = mem_printf("%s/%s/%lld", js_str0(p, "protocol", NULL),
							js_str0(p, "hostIP", NULL), (long long)port);
			if (unique_seen(&seen, key))
				field_error_duplicate(
					errs, PATH("%s.containers[%zu].ports[%zu].hostPort", base, c_i, p_i),
					key);
		}
	}
}

static void host_network_validate(const js *spec, const char *base, bool is_pod, struct field_errors *errs)
{
	if (!js_bool(spec, false, "hostNetwork", NULL))
		return;
	js_array_for_each (c, js_arr(spec, "containers", NULL)) {
		js_array_for_each (p, js_arr(c, "ports", NULL)) {
			int64_t host = js_int(p, 0, "hostPort", NULL),
				port = js_int(p, 0, "containerPort", NULL);
			if ((is_pod || host) && host != port)
				field_error_invalid(
					errs, PATH("%s.containers[%zu].ports[%zu].hostPort", base, c_i, p_i),
					js_field(p, "hostPort"),
					"must match `containerPort` when `hostNetwork` is true");
		}
	}
}

/* ---- tolerations ---- */

static void toleration_validate(const js *t, const char *path, size_t i, struct field_errors *errs)
{
	const char *key = js_str0(t, "key", NULL), *op = js_str0(t, "operator", NULL),
		   *value = js_str0(t, "value", NULL);
	const char *effect = js_str0(t, "effect", NULL);
	struct name_faults bad;

	if (!*key && strcmp(op, "Exists"))
		field_error_invalid_str(
			errs, PATH("%s[%zu].operator", path, i), op,
			"operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
	if (js_field(t, "tolerationSeconds") && strcmp(effect, "NoExecute"))
		field_error_invalid_str(errs, PATH("%s[%zu].effect", path, i), effect,
					"effect must be 'NoExecute' when `tolerationSeconds` is set");
	if ((!*op || !strcmp(op, "Equal")) && name_check_label_value(value, &bad)) {
		autobuf struct buf detail = BUF_INIT;
		name_faults_join(&bad, ";", &detail);
		field_error_invalid_str(errs, PATH("%s[%zu].operator", path, i), value, buf_str(&detail));
	}
	if (!strcmp(op, "Exists") && *value)
		field_error_invalid_str(errs, PATH("%s[%zu].operator", path, i), value,
					"value must be empty when `operator` is 'Exists'");
}

static void tolerations_validate(const js *tolerations, const char *path, struct field_errors *errs)
{
	js_array_for_each (t, tolerations)
		toleration_validate(t, path, t_i, errs);
}

/* ---- selectors and affinity ---- */

static void node_requirement_validate(const js *r, const char *path, bool values_too,
				      struct field_errors *errs)
{
	const char *op = js_str0(r, "operator", NULL), *key = js_str0(r, "key", NULL);
	struct name_faults bad;
	const js *values = js_arr(r, "values", NULL);
	size_t n = js_len(values);

	if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !n)
		field_error_required(errs, PATH("%s.values", path),
				     "must be specified when `operator` is 'In' or 'NotIn'");
	if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && n)
		field_error_forbidden(errs, PATH("%s.values", path),
				      "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	if ((!strcmp(op, "Gt") || !strcmp(op, "Lt")) && n != 1)
		field_error_required(errs, PATH("%s.values", path),
				     "must be specified single value when `operator` is 'Lt' or 'Gt'");
	if (name_check_qualified(key, &bad))
		field_error_names(errs, PATH("%s.key", path), key, &bad);
	for (size_t i = 0; values_too && i < n; i++) {
		const char *v = json_object_get_string(js_at(values, i));
		if (name_check_label_value(v, &bad))
			field_error_names(errs, PATH("%s.values[%zu]", path, i), v, &bad);
	}
}

static void node_field_validate(const js *r, const char *path, struct field_errors *errs)
{
	const char *op = js_str0(r, "operator", NULL), *key = js_str0(r, "key", NULL);
	struct name_faults bad;
	const js *values = js_arr(r, "values", NULL);

	if (strcmp(op, "In") && strcmp(op, "NotIn")) {
		if (!field_errors_has(errs, PATH("%s.operator", path)))
			field_error_invalid_str(errs, PATH("%s.operator", path), op,
						"not a valid selector operator");
	} else if (js_len(values) != 1) {
		field_error_required(
			errs, PATH("%s.values", path),
			"must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
	}
	if (strcmp(key, "metadata.name")) {
		field_error_invalid_str(errs, PATH("%s.key", path), key, "not a valid field selector key");
		return;
	}
	js_array_for_each (v, values) {
		if (name_check_dns1123_subdomain(json_object_get_string(v), &bad))
			field_error_names(errs, PATH("%s.values[%zu]", path, v_i), json_object_get_string(v),
					  &bad);
	}
}

static void node_term_validate(const js *term, const char *path, bool values_too, struct field_errors *errs)
{
	js_array_for_each (r, js_arr(term, "matchExpressions", NULL))
		node_requirement_validate(r, PATH("%s.matchExpressions[%zu]", path, r_i), values_too, errs);
	js_array_for_each (r, js_arr(term, "matchFields", NULL))
		node_field_validate(r, PATH("%s.matchFields[%zu]", path, r_i), errs);
}

static void pod_term_validate(const js *term, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	check_label_selector(js_obj(term, "labelSelector", NULL), PATH("%s.labelSelector", path), errs);
	check_label_selector(js_obj(term, "namespaceSelector", NULL), PATH("%s.namespaceSelector", path),
			     errs);
	js_array_for_each (ns, js_arr(term, "namespaces", NULL)) {
		if (name_check_dns1123_label(json_object_get_string(ns), &bad))
			field_error_names(errs, PATH("%s.namespace", path), json_object_get_string(ns), &bad);
	}
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

static void validate_affinity(const js *affinity, const char *path, struct field_errors *errs)
{
	static const char *const between[] = {"podAffinity", "podAntiAffinity"};

	js_array_for_each (t, js_arr(affinity, "nodeAffinity", REQUIRED, "nodeSelectorTerms", NULL))
		node_term_validate(t, PATH("%s.nodeAffinity." REQUIRED ".nodeSelectorTerms[%zu]", path, t_i),
				   true, errs);
	js_array_for_each (t, js_arr(affinity, "nodeAffinity", PREFERRED, NULL))
		node_term_validate(js_obj(t, "preference", NULL),
				   PATH("%s.nodeAffinity." PREFERRED "[%zu].preference", path, t_i), false,
				   errs);
	for (size_t i = 0; i < ARRAY_LEN(between); i++) {
		js_array_for_each (t, js_arr(affinity, between[i], REQUIRED, NULL))
			pod_term_validate(t, PATH("%s.%s." REQUIRED "[%zu]", path, between[i], t_i), errs);
		js_array_for_each (t, js_arr(affinity, between[i], PREFERRED, NULL))
			pod_term_validate(
				js_obj(t, "podAffinityTerm", NULL),
				PATH("%s.%s." PREFERRED "[%zu].podAffinityTerm", path, between[i], t_i),
				errs);
	}
}

static void spread_validate(const js *list, const char *path, struct field_errors *errs)
{
	autounique struct unique pairs = {.n = 0};
	char key[384];

	js_array_for_each (c, list) {
		const char *topology = js_str0(c, "topologyKey", NULL),
			   *when = js_str0(c, "whenUnsatisfiable", NULL);
		if (js_field(c, "minDomains") && strcmp(when, "DoNotSchedule")) {
			snprintf(key, sizeof(key),
				 "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not %.64s",
				 when);
			field_error_invalid(errs, PATH("%s[%zu].minDomains", path, c_i),
					    js_field(c, "minDomains"), key);
		}
		if (unique_seen_f(&pairs, "%s\n%s", topology, when)) {
			snprintf(key, sizeof(key), "{%.256s, %.64s}", topology, when);
			field_error_duplicate(
				errs, PATH("%s[%zu].{topologyKey, whenUnsatisfiable}", path, c_i), key);
		}
		check_label_selector(js_obj(c, "labelSelector", NULL),
				     PATH("%s[%zu].labelSelector", path, c_i), errs);
	}
}

/* ---- DNS, hosts, volumes, security ---- */

static void dns_validate(const js *spec, const char *base, struct field_errors *errs)
{
	const js *dns = js_obj(spec, "dnsConfig", NULL), *servers = js_arr(dns, "nameservers", NULL);
	const js *searches = js_arr(dns, "searches", NULL);
	size_t chars = 0;

	if (!strcmp(js_str0(spec, "dnsPolicy", NULL), "None")) {
		if (!dns)
			field_error_required(errs, PATH("%s.dnsConfig", base),
					     "must provide `dnsConfig` when `dnsPolicy` is None");
		else if (!js_len(servers))
			field_error_required(
				errs, PATH("%s.dnsConfig.nameservers", base),
				"must provide at least one DNS nameserver when `dnsPolicy` is None");
	}
	if (js_len(servers) > MAX_NAMESERVERS)
		field_error_invalid(errs, PATH("%s.dnsConfig.nameservers", base), servers,
				    "must not have more than 3 nameservers");
	js_array_for_each (s, servers) {
		if (!check_is_ip(json_object_get_string(s)))
			field_error_invalid(errs, PATH("%s.dnsConfig.nameservers[%zu]", base, s_i), s,
					    ip_detail);
	}
	if (js_len(searches) > MAX_SEARCHES)
		field_error_invalid(errs, PATH("%s.dnsConfig.searches", base), searches,
				    "must not have more than 32 search paths");
	js_array_for_each (s, searches)
		chars += (size_t)json_object_get_string_len(s) + 1;
	if (chars > MAX_SEARCH_CHARS + 1)
		field_error_invalid(
			errs, PATH("%s.dnsConfig.searches", base), searches,
			"must not have more than 2048 characters (including spaces) in the search list");
	js_array_for_each (o, js_arr(dns, "options", NULL)) {
		if (!*js_str0(o, "name", NULL))
			field_error_required(errs, PATH("%s.dnsConfig.options[%zu]", base, o_i),
					     "must not be empty");
	}
}

static void hosts_validate(const js *aliases, const char *base, struct field_errors *errs)
{
	struct name_faults bad;

	js_array_for_each (a, aliases) {
		const char *ip = js_str0(a, "ip", NULL);
		if (!check_is_ip(ip))
			field_error_invalid_str(errs, PATH("%s.hostAliases[%zu].ip", base, a_i), ip,
						ip_detail);
		js_array_for_each (h, js_arr(a, "hostnames", NULL)) {
			const char *name = json_object_get_string(h);
			if (name_check_dns1123_subdomain(name, &bad))
				field_error_names(errs,
						  PATH("%s.hostAliases[%zu].hostnames[%zu]", base, a_i, h_i),
						  name, &bad);
		}
	}
}

static void volumes_validate(const js *volumes, const char *base, struct field_errors *errs)
{
	struct quantity q;
	struct err ignore = ERR_INIT;

	js_array_for_each (v, volumes) {
		const char *limit = js_str(v, "emptyDir", "sizeLimit", NULL);
		if (limit && quantity_parse(limit, &q, &ignore) == 0 && q.nano < 0)
			field_error_forbidden(errs, PATH("%s.volumes[%zu].emptyDir.sizeLimit", base, v_i),
					      "SizeLimit field must be a valid resource quantity");
	}
}

static void security_validate(const js *spec, const char *base, struct field_errors *errs)
{
	static const char *const ids[] = {"fsGroup", "runAsUser", "runAsGroup"};
	const js *sc = js_obj(spec, "securityContext", NULL);

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		int64_t id = js_int(sc, 0, ids[i], NULL);
		if (id < 0 || id > MAX_ID)
			field_error_invalid(errs, PATH("%s.securityContext.%s", base, ids[i]),
					    js_field(sc, ids[i]),
					    "must be between 0 and 2147483647, inclusive");
	}
	if (js_bool(spec, false, "shareProcessNamespace", NULL) && js_bool(spec, false, "hostPID", NULL))
		field_error_invalid(errs, PATH("%s.securityContext.shareProcessNamespace", base),
				    js_field(spec, "shareProcessNamespace"),
				    "ShareProcessNamespace and HostPID cannot both be enabled");
	if (js_bool(spec, true, "hostUsers", NULL))
		return;
	if (js_bool(spec, false, "hostNetwork", NULL))
		field_error_forbidden(errs, PATH("%s.hostNetwork", base),
				      "when `pod.Spec.HostUsers` is false");
	if (js_bool(spec, false, "hostPID", NULL))
		field_error_forbidden(errs, PATH("%s.HostPID", base), "when `pod.Spec.HostUsers` is false");
	if (js_bool(spec, false, "hostIPC", NULL))
		field_error_forbidden(errs, PATH("%s.HostIPC", base), "when `pod.Spec.HostUsers` is false");
}

void pod_spec_validate(const js *spec, const char *base, bool is_pod, struct field_errors *errs)
{
	struct container_ctx c = {
		.spec = spec, .base = base, .list = "containers", .is_pod = is_pod, .errs = errs};
	autounique struct unique volumes = {.n = 0};
	const char *class = js_str0(spec, "priorityClassName", NULL);
	struct name_faults bad;

	unique_add_names(&volumes, js_arr(spec, "volumes", NULL));
	c.volumes = &volumes;
	volumes_validate(js_arr(spec, "volumes", NULL), base, errs);
	js_array_for_each (x, js_arr(spec, "containers", NULL))
		container_validate(&c, x, x_i);
	c.list = "initContainers";
	c.init = true;
	js_array_for_each (x, js_arr(spec, "initContainers", NULL))
		container_validate(&c, x, x_i);
	names_validate(spec, base, errs);
	host_ports_validate(js_arr(spec, "containers", NULL), base, errs);
	host_network_validate(spec, base, is_pod, errs);
	security_validate(spec, base, errs);
	if (js_obj(spec, "affinity", NULL))
		validate_affinity(js_obj(spec, "affinity", NULL), PATH("%s.affinity", base), errs);
	if (js_obj(spec, "dnsConfig", NULL) || !strcmp(js_str0(spec, "dnsPolicy", NULL), "None"))
		dns_validate(spec, base, errs);
	if (js_field(spec, "topologySpreadConstraints"))
		spread_validate(js_arr(spec, "topologySpreadConstraints", NULL),
				PATH("%s.topologySpreadConstraints", base), errs);
	if (js_field(spec, "tolerations"))
		tolerations_validate(js_arr(spec, "tolerations", NULL), PATH("%s.tolerations", base), errs);
	hosts_validate(js_arr(spec, "hostAliases", NULL), base, errs);
	if (*class && name_check_dns1123_subdomain(class, &bad))
		field_error_names(errs, PATH("%s.priorityClassName", base), class, &bad);
}

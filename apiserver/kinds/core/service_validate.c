/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Service may say (kubernetes/kubernetes pkg/apis/core/validation ValidateService, ValidateServiceUpdate,
 * ValidateLoadBalancerStatus; pkg/registry/core/service alloc.go for what the cluster has). The cluster has one address family,
 * IPv4.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/unique.h"
#include "kinds/check.h"
#include "kinds/core/service_internal.h"
#include "object/ip.h"
#include "object/name.h"

#define SOURCE_RANGES "service.beta.kubernetes.io/load-balancer-source-ranges"

const char *service_type(const js *svc)
{
	return js_str0(svc, "spec", "type", NULL);
}

static bool is_type(const js *svc, const char *type)
{
	return svc && !strcmp(service_type(svc), type);
}

bool service_is_external(const js *svc)
{
	return is_type(svc, "ExternalName");
}

bool service_is_headless(const js *svc)
{
	return !strcmp(js_str0(svc, "spec", "clusterIP", NULL), "None");
}

bool service_is_free(const js *svc)
{
	return service_is_headless(svc) && !js_len(js_obj(svc, "spec", "selector", NULL));
}

bool service_is_reachable(const js *svc)
{
	return is_type(svc, "LoadBalancer") || is_type(svc, "NodePort") ||
	       (is_type(svc, "ClusterIP") && js_len(js_arr(svc, "spec", "externalIPs", NULL)));
}

bool service_wants_ip(const js *svc)
{
	return svc && !service_is_external(svc) && !service_is_headless(svc);
}

bool service_wants_node_ports(const js *svc)
{
	if (is_type(svc, "LoadBalancer"))
		return js_bool(svc, true, "spec", "allocateLoadBalancerNodePorts", NULL);
	return is_type(svc, "NodePort");
}

bool service_wants_health_port(const js *svc)
{
	return is_type(svc, "LoadBalancer") &&
	       !strcmp(js_str0(svc, "spec", "externalTrafficPolicy", NULL), "Local");
}

/* ---- ports ---- */

/* The value is shown as upstream shows its internal struct. */
static void double_port(const js *p, size_t i, struct field_errors *errs)
{
	field_errors_add(
		errs, "FieldValueDuplicate", mem_printf("spec.ports[%zu]", i),
		mem_printf(
			"Duplicate value: {\"Name\":\"\",\"Protocol\":\"%s\",\"AppProtocol\":null,\"Port\":%lld,\"TargetPort\":0,\"NodePort\":0}",
			js_str0(p, "protocol", NULL), (long long)js_int(p, 0, "port", NULL)));
}

/* What no two ports of a Service may share. */
struct port_keys {
	struct unique names, ports, node_ports;
};

static void port_keys_release(struct port_keys *k)
{
	unique_release(&k->names);
	unique_release(&k->ports);
	unique_release(&k->node_ports);
}

static void validate_port(const js *svc, const js *p, size_t i, struct port_keys *keys,
			  struct field_errors *errs)
{
	const char *name = js_str0(p, "name", NULL);

	if (!*name && js_len(js_arr(svc, "spec", "ports", NULL)) > 1)
		field_error_required(errs, PATH("spec.ports[%zu].name", i), "");
	if (*name && unique_seen(&keys->names, name))
		field_error_duplicate(errs, PATH("spec.ports[%zu].name", i), name);
}

/* What stands beside the others, in three looks at all of them. */
static void validate_numbers(const js *svc, const js *ports, struct port_keys *keys,
			     struct field_errors *errs)
{
	js_array_for_each (p, ports)
		if (js_int(p, 0, "nodePort", NULL) && is_type(svc, "ClusterIP"))
			field_error_forbidden(errs, PATH("spec.ports[%zu].nodePort", p_i),
					      "may not be used when `type` is 'ClusterIP'");
	js_array_for_each (p, ports) {
		long long node = js_int(p, 0, "nodePort", NULL);
		if (node && unique_seen_f(&keys->node_ports, "%s/%lld", js_str0(p, "protocol", NULL), node))
			field_errors_add(errs, "FieldValueDuplicate",
					 mem_printf("spec.ports[%zu].nodePort", p_i),
					 mem_printf("Duplicate value: %lld", node));
	}
	js_array_for_each (p, ports)
		if (unique_seen_f(&keys->ports, "%s/%lld", js_str0(p, "protocol", NULL),
				  (long long)js_int(p, 0, "port", NULL)))
			double_port(p, p_i, errs);
}

static void validate_ports(const js *svc, struct field_errors *errs)
{
	const js *ports = js_arr(svc, "spec", "ports", NULL);
	__attribute__((cleanup(port_keys_release))) struct port_keys keys = {.names = {.n = 0}};

	errs->look = '3';
	if (!js_len(ports) && !service_is_headless(svc) && !service_is_external(svc))
		field_error_required(errs, "spec.ports", "");
	errs->look = 0;
	js_array_for_each (p, ports)
		validate_port(svc, p, p_i, &keys, errs);
	errs->look = '5';
	validate_numbers(svc, ports, &keys, errs);
	errs->look = 0;
}

/* ---- addresses ---- */

static void validate_external_name(const js *svc, struct field_errors *errs)
{
	static const char *const absent[] = {"clusterIPs", "ipFamilies", "ipFamilyPolicy"};
	autofree char *name = mem_strdup(js_str0(svc, "spec", "externalName", NULL));
	struct name_faults bad;
	size_t n = strlen(name);

	errs->look = '3';
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		if (js_get(svc, "spec", absent[i], NULL))
			field_error_forbidden(errs, PATH("spec.%s", absent[i]),
					      "may not be set for ExternalName services");
	if (n && name[n - 1] == '.')
		name[n - 1] = '\0';
	if (!*name)
		field_error_required(errs, "spec.externalName", "");
	else if (name_check_dns1123_subdomain(name, &bad))
		field_error_names(errs, "spec.externalName", name, &bad);
	errs->look = 0;
}

/* True when one of them is no address. */
static bool validate_ip_texts(const js *ips, struct field_errors *errs)
{
	bool bad = false;

	js_array_for_each (ip, ips) {
		const char *s = js_str0(ip, NULL);
		if (ip_i || strcmp(s, "None"))
			bad |= !check_ip(s, PATH("spec.clusterIPs[%zu]", ip_i), errs);
		else if (js_len(ips) > 1) {
			field_error_invalid(errs, "spec.clusterIPs", ips,
					    "'None' must be the first and only value");
			bad = true;
		}
	}
	return bad;
}

/* Addresses beside their families; a family that was not asked for must be one that the cluster has. */
static void validate_ip_families(const js *ips, const js *families, struct field_errors *errs)
{
	char detail[80];

	js_array_for_each (v, ips) {
		struct ip ip;
		if (!ip_parse(js_str0(v, NULL), &ip))
			continue;
		const char *path = PATH("spec.clusterIPs[%zu]", v_i),
			   *asked = js_str0(js_at(families, v_i), NULL);
		if (*asked && !strcmp(asked, "IPv4") != ip.v4) {
			snprintf(detail, sizeof(detail),
				 "expected an %s value as indicated by `ipFamilies[%zu]`",
				 ip.v4 ? "IPv6" : "IPv4", v_i);
			field_error_invalid(errs, path, v, detail);
		} else if (!*asked && !ip.v4) {
			field_error_invalid(errs, path, ips, "IPv6 is not configured on this cluster");
		}
	}
}

static void validate_families(const js *svc, const js *families, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (f, families) {
		const char *s = js_str0(f, NULL), *path = PATH("spec.ipFamilies[%zu]", f_i);
		if (unique_seen(&seen, s))
			field_error_duplicate(errs, path, s);
		else if (!strcmp(s, "IPv6") && !service_is_free(svc))
			field_error_invalid_str(errs, path, s, "not configured on this cluster");
	}
	if (!service_is_free(svc) &&
	    !strcmp(js_str0(svc, "spec", "ipFamilyPolicy", NULL), "RequireDualStack"))
		field_error_invalid_str(errs, "spec.ipFamilyPolicy", "RequireDualStack",
					"this cluster is not configured for dual-stack services");
}

static void validate_cluster_ips(const js *svc, struct field_errors *errs)
{
	const js *ips = js_arr(svc, "spec", "clusterIPs", NULL),
		 *families = js_arr(svc, "spec", "ipFamilies", NULL);
	const char *one = js_str0(svc, "spec", "clusterIP", NULL);
	size_t n = js_len(ips);

	if (*one && !n)
		field_error_required(errs, "spec.clusterIPs", "");
	else if (*one && strcmp(one, js_str0(js_at(ips, 0), NULL)))
		field_error_invalid(errs, "spec.clusterIPs", ips, "first value must match `clusterIP`");
	else if (!*one && n)
		field_error_invalid(errs, "spec.clusterIPs", ips,
				    "must be empty when `clusterIP` is not specified");
	validate_families(svc, families, errs);
	bool bad = validate_ip_texts(ips, errs);
	if (n > 2)
		field_error_invalid(errs, "spec.clusterIPs", ips, "may only hold up to 2 values");
	if (bad)
		return;
	size_t v4 = 0;
	js_array_for_each (v, ips) {
		struct ip ip;
		v4 += ip_parse(js_str0(v, NULL), &ip) && ip.v4;
	}
	if (n > 1 && (!v4 || v4 == n))
		field_error_invalid(errs, "spec.clusterIPs", ips,
				    "may specify no more than one IP for each IP family");
	validate_ip_families(ips, families, errs);
	errs->look = '3';
	if (service_is_headless(svc) && (is_type(svc, "NodePort") || is_type(svc, "LoadBalancer")))
		field_error_invalid_str(errs, "spec.clusterIPs[0]", "None",
					is_type(svc, "NodePort")
						? "may not be set to 'None' for NodePort services"
						: "may not be set to 'None' for LoadBalancer services");
}

static void validate_external_ips(const js *ips, struct field_errors *errs)
{
	js_array_for_each (ip, ips) {
		const char *s = js_str0(ip, NULL);
		if (check_is_ip(s))
			check_ip_scope(s, PATH("spec.externalIPs[%zu]", ip_i), errs);
	}
}

/* ---- what only some types may have ---- */

static char *trimmed(const char *s, size_t n)
{
	for (; n && strchr(" \t\r\n\v\f", *s); s++)
		n--;
	while (n && strchr(" \t\r\n\v\f", s[n - 1]))
		n--;
	return mem_strndup(s, n);
}

static void validate_range_annotation(const js *svc, const char *text, struct field_errors *errs)
{
	static const char path[] = "metadata.annotations[" SOURCE_RANGES "]";
	autofree char *all = trimmed(text, strlen(text));

	if (!is_type(svc, "LoadBalancer"))
		field_error_forbidden(errs, path, "may only be used when `type` is 'LoadBalancer'");
	for (const char *s = all; *all; s++) {
		size_t n = strcspn(s, ",");
		autofree char *cidr = trimmed(s, n);
		check_cidr(cidr, path, errs);
		s += n;
		if (!*s)
			break;
	}
}

static void validate_source_ranges(const js *svc, struct field_errors *errs)
{
	const js *ranges = js_arr(svc, "spec", "loadBalancerSourceRanges", NULL);
	const char *annotation = js_str(svc, "metadata", "annotations", SOURCE_RANGES, NULL);

	if (!js_len(ranges)) {
		if (annotation)
			validate_range_annotation(svc, annotation, errs);
		return;
	}
	if (!is_type(svc, "LoadBalancer"))
		field_error_forbidden(errs, "spec.LoadBalancerSourceRanges",
				      "may only be used when `type` is 'LoadBalancer'");
	js_array_for_each (r, ranges) {
		const char *s = js_str0(r, NULL);
		autofree char *cidr = trimmed(s, strlen(s));
		check_cidr(cidr, PATH("spec.LoadBalancerSourceRanges[%zu]", r_i), errs);
	}
}

static void validate_balanced(const js *svc, const js *spec, struct field_errors *errs)
{
	static const char *const only[] = {"allocateLoadBalancerNodePorts", "loadBalancerClass"};
	const char *class = js_str(spec, "loadBalancerClass", NULL);
	struct name_faults bad;

	if (!is_type(svc, "LoadBalancer")) {
		for (size_t i = 0; i < ARRAY_LEN(only); i++)
			if (js_field(spec, only[i]))
				field_error_forbidden(errs, PATH("spec.%s", only[i]),
						      "may only be used when `type` is 'LoadBalancer'");
	} else if (class && name_check_qualified(class, &bad)) {
		field_error_names(errs, "spec.loadBalancerClass", class, &bad);
	}
}

static void validate_traffic(const js *svc, const js *spec, struct field_errors *errs)
{
	int64_t health = js_int(spec, 0, "healthCheckNodePort", NULL);

	if (service_wants_health_port(svc) && health && (health < 1 || health > 65535))
		field_error_invalid(errs, "spec.healthCheckNodePort", js_field(spec, "healthCheckNodePort"),
				    "must be between 1 and 65535, inclusive");
	if (js_field(spec, "externalTrafficPolicy") && !service_is_reachable(svc))
		field_error_invalid(errs, "spec.externalTrafficPolicy",
				    js_field(spec, "externalTrafficPolicy"),
				    "may only be set for externally-accessible services");
	if (js_int(spec, 0, "healthCheckNodePort", NULL) && !service_wants_health_port(svc))
		field_error_invalid(
			errs, "spec.healthCheckNodePort", js_field(spec, "healthCheckNodePort"),
			"may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
}

static void validate_topology(const js *annotations, struct field_errors *errs)
{
	const char *hints = js_str(annotations, SERVICE_HINTS, NULL),
		   *mode = js_str(annotations, SERVICE_TOPOLOGY, NULL);

	if (hints && mode && strcmp(hints, mode))
		field_error_invalid_str(errs, "metadata.annotations[" SERVICE_TOPOLOGY "]", mode,
					"must match annotations[" SERVICE_HINTS "] when both are specified");
}

/* ---- updates ---- */

static void validate_kept_ips(const js *new, const js *old, struct field_errors *errs)
{
	const js *is = js_arr(new, "spec", "clusterIPs", NULL),
		 *was = js_arr(old, "spec", "clusterIPs", NULL),
		 *families = js_arr(new, "spec", "ipFamilies", NULL),
		 *had = js_arr(old, "spec", "ipFamilies", NULL);

	if (service_is_headless(new) && service_is_headless(old))
		return;
	if (js_len(was) && !js_len(is))
		field_error_invalid(errs, "spec.clusterIPs[0]", is, "primary clusterIP can not be unset");
	else if (js_len(was) && !js_equal(js_at(is, 0), js_at(was, 0)))
		field_error_invalid(errs, "spec.clusterIPs[0]", is, "may not change once set");
	if (service_is_headless(new) == service_is_headless(old) && js_len(families) && js_len(had) &&
	    !js_equal(js_at(families, 0), js_at(had, 0)))
		field_error_invalid(errs, "spec.ipFamilies[0]", families, "may not change once set");
}

static void validate_update(const js *new, const js *old, struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *was = js_obj(old, "spec", NULL);

	if (!service_is_external(old) && !service_is_external(new))
		validate_kept_ips(new, old, errs);
	if (is_type(new, "LoadBalancer") && is_type(old, "LoadBalancer") &&
	    !js_equal(js_field(spec, "loadBalancerClass"), js_field(was, "loadBalancerClass")))
		field_error_invalid(errs, "spec.loadBalancerClass", js_field(spec, "loadBalancerClass"),
				    "may not change once set");
	if (service_wants_health_port(old) && service_wants_health_port(new) &&
	    !js_equal(js_field(spec, "healthCheckNodePort"), js_field(was, "healthCheckNodePort")))
		field_error_forbidden(errs, "spec.healthCheckNodePort", "field is immutable");
}

/* ---- status ---- */

static void validate_ingress(const js *in, size_t i, struct field_errors *errs)
{
	const char *ip = js_str0(in, "ip", NULL), *host = js_str0(in, "hostname", NULL);
	const char *path = PATH("status.loadBalancer.ingress[%zu]", i);
	struct name_faults bad;

	if (*ip && !js_field(in, "ipMode"))
		field_error_required(errs, PATH("%s.ipMode", path), "must be specified when `ip` is set");
	if (!*ip && js_field(in, "ipMode"))
		field_error_forbidden(errs, PATH("%s.ipMode", path),
				      "may not be specified when `ip` is not set");
	if (*host && name_check_dns1123_subdomain(host, &bad))
		field_error_names(errs, PATH("%s.hostname", path), host, &bad);
	if (*host && check_is_ip(host))
		field_error_invalid_str(errs, PATH("%s.hostname", path), host,
					"must be a DNS name, not an IP address");
}

static void validate_status(const js *svc, struct field_errors *errs)
{
	const js *ingress = js_arr(svc, "status", "loadBalancer", "ingress", NULL);

	if (js_len(ingress) && !is_type(svc, "LoadBalancer")) {
		field_errors_drop(errs,
				  "status.loadBalancer.ingress"); /* upstream does not look into it then */
		field_error_forbidden(errs, "status.loadBalancer.ingress",
				      "may only be used when `spec.type` is 'LoadBalancer'");
		return;
	}
	js_array_for_each (in, ingress)
		validate_ingress(in, in_i, errs);
}

void service_validate(const struct strategy_ctx *ctx, const js *new, const js *old, struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(new, errs);
		return;
	}
	errs->look = '3';
	validate_topology(js_obj(new, "metadata", "annotations", NULL), errs);
	errs->look = 0;
	validate_ports(new, errs);
	errs->look = '4';
	if (service_is_external(new))
		validate_external_name(new, errs);
	else
		validate_cluster_ips(new, errs);
	errs->look = 0;
	validate_external_ips(js_arr(spec, "externalIPs", NULL), errs);
	validate_source_ranges(new, errs);
	validate_balanced(new, spec, errs);
	validate_traffic(new, spec, errs);
	errs->look = '6';
	if (old)
		validate_update(new, old, errs);
	errs->look = 0;
}

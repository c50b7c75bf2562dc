/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services: the address and the node ports that the cluster gives them, and what may change afterwards
 * (kubernetes/kubernetes pkg/registry/core/service, pkg/apis/core/validation ValidateService). One address
 * family, IPv4.
 */
#include <stdio.h>
#include "base/unique.h"
#include "kinds/core/service_alloc.h"
#include "kinds/core/service_internal.h"
#include "kinds/strategies.h"

/* ---- what a client leaves out of an update stays ---- */

static bool node_port_seen(struct unique *u, int64_t port)
{
	size_t i = u->seen++;
	return unique_first(u, &port, sizeof(port), i) != i;
}

static void node_ports_of(struct unique *u, const js *svc)
{
	js_array_for_each (p, js_arr(svc, "spec", "ports", NULL)) {
		int64_t port = js_int(p, 0, "nodePort", NULL);
		if (port)
			node_port_seen(u, port);
	}
}

static char *port_key(const js *p)
{
	return mem_printf("%s/%lld", js_str0(p, "protocol", NULL), (long long)js_int(p, 0, "port", NULL));
}

static void keep_node_ports(js *new, const js *old)
{
	const js *were = js_arr(old, "spec", "ports", NULL);
	autounique struct unique used = {.n = 0}, by_port = {.n = 0};

	node_ports_of(&used, new);
	js_array_for_each (o, were) {
		autofree char *key = port_key(o);
		unique_first(&by_port, key, strlen(key), o_i);
	}
	js_array_for_each (p, js_arr(new, "spec", "ports", NULL)) {
		autofree char *key = port_key(p);
		size_t i = unique_first(&by_port, key, strlen(key), SIZE_MAX - 1);
		int64_t was = i < js_len(were) ? js_int(js_at(were, i), 0, "nodePort", NULL) : 0;
		if (was && !js_int(p, 0, "nodePort", NULL) && !node_port_seen(&used, was))
			js_set_int(p, "nodePort", was);
	}
}

static void drop_node_ports(js *new, const js *old)
{
	autounique struct unique held = {.n = 0};

	node_ports_of(&held, old);
	js_array_for_each (p, js_arr(new, "spec", "ports", NULL)) {
		if (unique_has_n(&held, &(int64_t){js_int(p, 0, "nodePort", NULL)}, sizeof(int64_t)))
			js_del(p, "nodePort");
	}
}

/* A type that has no use for a field drops it, when the client left it as it was. */
static void drop_dependent(js *new, const js *old)
{
	js *spec = js_obj(new, "spec", NULL);
	const js *was = js_obj(old, "spec", NULL);

	if (!service_is_external(old) && service_is_external(new) &&
	    js_equal(js_field(spec, "clusterIP"), js_field(was, "clusterIP"))) {
		js_del(spec, "clusterIP");
		js_del(spec, "clusterIPs");
		js_del(spec, "ipFamilies");
		js_del(spec, "ipFamilyPolicy");
	}
	if (service_wants_node_ports(old) && !service_wants_node_ports(new))
		drop_node_ports(new, old);
	if (service_wants_health_port(old) && !service_wants_health_port(new) &&
	    js_equal(js_field(spec, "healthCheckNodePort"), js_field(was, "healthCheckNodePort")))
		js_del(spec, "healthCheckNodePort");
	if (service_is_external(new) &&
	    js_equal(js_field(spec, "internalTrafficPolicy"), js_field(was, "internalTrafficPolicy")))
		js_del(spec, "internalTrafficPolicy");
	if (!service_is_reachable(new) &&
	    js_equal(js_field(spec, "externalTrafficPolicy"), js_field(was, "externalTrafficPolicy")))
		js_del(spec, "externalTrafficPolicy");
	if (strcmp(service_type(new), "LoadBalancer") &&
	    js_equal(js_field(spec, "allocateLoadBalancerNodePorts"),
		     js_field(was, "allocateLoadBalancerNodePorts")))
		js_del(spec, "allocateLoadBalancerNodePorts");
	if (strcmp(service_type(new), "LoadBalancer") &&
	    js_equal(js_field(spec, "loadBalancerClass"), js_field(was, "loadBalancerClass")))
		js_del(spec, "loadBalancerClass");
}

/* clusterIP and clusterIPs[0] are one thing; whichever is given makes the other. */
static void pair_ips(js *spec, const js *old_spec)
{
	const char *one = js_str0(spec, "clusterIP", NULL);
	js *many = js_arr(spec, "clusterIPs", NULL);
	const char *was = js_str0(old_spec, "clusterIP", NULL);

	if (*one &&
	    (!js_len(many) || (strcmp(one, was) && js_equal(many, js_field(old_spec, "clusterIPs"))))) {
		js *list = js_new_arr();
		js_push(list, js_new_str(one));
		js_set(spec, "clusterIPs", list);
	} else if (!*one && js_len(many) && js_is_str(js_at(many, 0)) && !old_spec) {
		js_set_str(spec, "clusterIP", json_object_get_string(js_at(many, 0)));
	} else if (!*one && js_len(many)) {
		js_del(spec, "clusterIPs");
	}
}

/* Defaults that look at more than one field. */
static void service_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL);

	if (!strcmp(js_str0(spec, "sessionAffinity", NULL), "None"))
		js_del(spec, "sessionAffinityConfig");
	if (service_is_reachable(o) && !*js_str0(spec, "externalTrafficPolicy", NULL))
		js_set_str(spec, "externalTrafficPolicy", "Cluster");
}

static void default_ip_mode(js *svc)
{
	if (strcmp(service_type(svc), "LoadBalancer"))
		return;
	js_array_for_each (i, js_arr(svc, "status", "loadBalancer", "ingress", NULL)) {
		if (*js_str0(i, "ip", NULL) && !js_field(i, "ipMode"))
			js_set_str(i, "ipMode", "VIP");
	}
}

/* One address family, unless it is nobody's to say which: what is behind a headless Service without a selector is written by
   others, so that may be of both. */
static void default_families(js *new)
{
	js *spec = js_obj(new, "spec", NULL), *families = js_ensure_arr(spec, "ipFamilies");
	bool free = service_is_free(new);

	if (!js_field(spec, "ipFamilyPolicy"))
		js_set_str(spec, "ipFamilyPolicy", free ? "RequireDualStack" : "SingleStack");
	if (!js_len(families))
		js_push(families, js_new_str("IPv4"));
	if (free && js_len(families) < 2 && strcmp(js_str0(spec, "ipFamilyPolicy", NULL), "SingleStack"))
		js_push(families,
			js_new_str(strcmp(js_str0(js_at(families, 0), NULL), "IPv4") ? "IPv4" : "IPv6"));
}

static void service_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *spec = js_ensure(new, "spec", NULL);
	const js *was = js_obj(old, "spec", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		default_ip_mode(new);
		return;
	}
	if (!old) {
		js *status = js_new_obj();
		js_set(status, "loadBalancer", js_new_obj());
		js_set(new, "status", status);
	} else {
		if (!service_is_external(old) && !service_is_external(new) &&
		    !*js_str0(spec, "clusterIP", NULL))
			strategy_carry(spec, was, "clusterIP");
		if (service_wants_ip(new) || service_is_headless(new)) {
			if (!js_field(spec, "ipFamilies"))
				strategy_carry(spec, was, "ipFamilies");
			if (!js_field(spec, "ipFamilyPolicy"))
				strategy_carry(spec, was, "ipFamilyPolicy");
		}
		if (service_wants_node_ports(old) && service_wants_node_ports(new))
			keep_node_ports(new, old);
		if (service_wants_health_port(old) && service_wants_health_port(new) &&
		    !js_field(spec, "healthCheckNodePort"))
			strategy_carry(spec, was, "healthCheckNodePort");
		drop_dependent(new, old);
	}
	pair_ips(spec, was);
	if (!service_is_external(new))
		default_families(new);
}

/* ---- allocation ---- */

static void take_ip(const struct strategy_ctx *ctx, js *spec, struct field_errors *errs)
{
	const char *asked = js_str0(spec, "clusterIP", NULL);
	char ip[16], detail[256];
	autojson js *list = js_new_arr();

	switch (service_alloc_ip(ctx->alloc, asked, ip)) {
	case ALLOC_OK:
		js_set_str(spec, "clusterIP", ip);
		js_push(list, js_new_str(ip));
		js_set(spec, "clusterIPs", STEAL(list));
		return;
	case ALLOC_TAKEN:
		snprintf(detail, sizeof(detail), "failed to allocate IP %s: provided IP is already allocated",
			 asked);
		break;
	case ALLOC_OUTSIDE:
		snprintf(
			detail, sizeof(detail),
			"failed to allocate IP %s: the provided IP (%s) is not in the valid range. The range of valid IPs is %s",
			asked, asked, service_alloc_cidr(ctx->alloc));
		break;
	default:
		snprintf(detail, sizeof(detail), "failed to allocate a serviceIP: range is full");
		break;
	}
	js_push(list, js_new_str(asked));
	field_error_invalid(errs, "spec.clusterIPs", list, detail);
}

static void take_port(const struct strategy_ctx *ctx, js *p, const char *key, const char *path,
		      struct field_errors *errs)
{
	int asked = (int)js_int(p, 0, key, NULL), got;

	switch (service_alloc_port(ctx->alloc, asked, &got)) {
	case ALLOC_OK:
		js_set_int(p, key, got);
		return;
	case ALLOC_TAKEN:
		field_error_invalid(errs, path, js_field(p, key), "provided port is already allocated");
		return;
	case ALLOC_OUTSIDE:
		field_error_invalid(
			errs, path, js_field(p, key),
			"provided port is not in the valid range. The range of valid ports is 30000-32767");
		return;
	default:
		field_error_invalid(errs, path, js_field(p, key),
				    "failed to allocate a nodePort: range is full");
	}
}

static void service_release(const struct strategy_ctx *ctx, const js *gone, const js *kept);

static void service_allocate(const struct strategy_ctx *ctx, js *new, const js *old,
			     struct field_errors *errs)
{
	js *spec = js_obj(new, "spec", NULL), *ports = js_arr(spec, "ports", NULL);
	autojson js *before = js_new_obj(); /* what is held so far, to give back on failure */
	js *held = js_ensure(before, "spec", NULL);
	const char *ip = js_str0(spec, "clusterIP", NULL);
	autounique struct unique taken = {.n = 0};

	if (!ctx->alloc)
		return;
	if (service_wants_ip(new) && (!*ip || strcmp(ip, js_str0(old, "spec", "clusterIP", NULL)))) {
		take_ip(ctx, spec, errs);
		if (!errs->n)
			strategy_carry(held, spec, "clusterIP");
	}
	node_ports_of(&taken, old);
	for (size_t i = 0; !errs->n && service_wants_node_ports(new) && i < js_len(ports); i++) {
		js *p = js_at(ports, i);
		int64_t asked = js_int(p, 0, "nodePort", NULL);
		/* held before, or by a sibling: one node port serves a port number on TCP and UDP alike */
		if (asked && node_port_seen(&taken, asked))
			continue;
		take_port(ctx, p, "nodePort", PATH("spec.ports[%zu].nodePort", i), errs);
		if (!errs->n) {
			node_port_seen(&taken, js_int(p, 0, "nodePort", NULL));
			js_push(js_ensure_arr(held, "ports"), js_dup(p));
		}
	}
	int64_t health = js_int(spec, 0, "healthCheckNodePort", NULL);
	bool is_port = health >= 0 && health <= 65535; /* else validation says so */
	if (!errs->n && is_port && service_wants_health_port(new) &&
	    (!health || health != js_int(old, 0, "spec", "healthCheckNodePort", NULL)))
		take_port(ctx, spec, "healthCheckNodePort", "spec.healthCheckNodePort", errs);
	if (errs->n)
		service_release(ctx, before, NULL);
}

static void service_release(const struct strategy_ctx *ctx, const js *gone, const js *kept)
{
	const char *ip = js_str0(gone, "spec", "clusterIP", NULL);
	int64_t health = js_int(gone, 0, "spec", "healthCheckNodePort", NULL);

	autounique struct unique still = {.n = 0};

	if (!ctx->alloc)
		return;
	node_ports_of(&still, kept);
	if (*ip && strcmp(ip, "None") && strcmp(ip, js_str0(kept, "spec", "clusterIP", NULL)))
		service_free_ip(ctx->alloc, ip);
	js_array_for_each (p, js_arr(gone, "spec", "ports", NULL)) {
		int64_t port = js_int(p, 0, "nodePort", NULL);
		if (port && !unique_has_n(&still, &port, sizeof(port)))
			service_free_port(ctx->alloc, (int)port);
	}
	if (health && health != js_int(kept, 0, "spec", "healthCheckNodePort", NULL))
		service_free_port(ctx->alloc, (int)health);
}

static bool service_kept(const struct strategy_ctx *ctx, const js *stored, const js *old)
{
	autofree char *key = mem_printf("%s/%s", js_str0(stored, "metadata", "namespace", NULL),
					js_str0(stored, "metadata", "name", NULL));
	const char *ip = js_str0(stored, "spec", "clusterIP", NULL);
	int64_t health = js_int(stored, 0, "spec", "healthCheckNodePort", NULL);
	autounique struct unique before = {.n = 0};

	if (!ctx->alloc)
		return true;
	if (strcmp(ip, js_str0(old, "spec", "clusterIP", NULL)) &&
	    !service_alloc_kept_ip(ctx->alloc, key, ip))
		return false;
	if (health != js_int(old, 0, "spec", "healthCheckNodePort", NULL) &&
	    !service_alloc_kept_port(ctx->alloc, key, (int)health))
		return false;
	node_ports_of(&before, old);
	js_array_for_each (p, js_arr(stored, "spec", "ports", NULL)) {
		int64_t port = js_int(p, 0, "nodePort", NULL);
		if (!unique_has_n(&before, &port, sizeof(port)) &&
		    !service_alloc_kept_port(ctx->alloc, key, (int)port))
			return false;
	}
	return true;
}

const struct strategy service_strategy = {
	.group = "",
	.kind = "Service",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_RETURNS_DELETED,
	.default_more = service_default,
	.prepare = service_prepare,
	.validate = service_validate,
	.warn = service_warn,
	.allocate = service_allocate,
	.release = service_release,
	.kept = service_kept,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Ingresses (kubernetes/kubernetes pkg/apis/networking/validation, pkg/registry/networking/ingress). */
#include <string.h>
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/name.h"

#define CLASS "kubernetes.io/ingress.class"
#define NO_ADDRESS "must be a DNS name, not an IP address"

static void ingress_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (old)
		return;
	js *status = js_new_obj();
	js_set(status, "loadBalancer", js_new_obj());
	js_set(new, "status", status);
}

/* ---- backends ---- */

static void validate_resource(const js *ref, const char *path, struct field_errors *errs)
{
	static const char *const parts[] = {"kind", "name"};
	const char *group = js_str(ref, "apiGroup", NULL);
	struct name_faults bad;

	if (group && name_check_dns1123_subdomain(group, &bad))
		field_error_names(errs, PATH("%s.resource.apiGroup", path), group, &bad);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *s = js_str0(ref, parts[i], NULL), *at = PATH("%s.resource.%s", path, parts[i]);
		if (!*s)
			field_error_required(errs, at, "");
		else if (name_check_path_segment(s, &bad))
			field_error_names(errs, at, s, &bad);
	}
}

static void validate_port(const js *port, const char *path, struct field_errors *errs)
{
	const char *name = js_str0(port, "name", NULL);
	int64_t number = js_int(port, 0, "number", NULL);
	struct name_faults bad;

	if (*name && number)
		field_error_invalid_str(errs, path, "", "cannot set both port name & port number");
	else if (*name && name_check_port_name(name, &bad))
		field_error_names(errs, PATH("%s.service.port.name", path), name, &bad);
	else if (number && (number < 1 || number > 65535))
		field_error_invalid(errs, PATH("%s.service.port.number", path), js_field(port, "number"),
				    "must be between 1 and 65535, inclusive");
	else if (!*name && !number)
		field_error_required(errs, path, "port name or number is required");
}

static void validate_backend(const js *backend, const char *path, struct field_errors *errs)
{
	const js *service = js_obj(backend, "service", NULL), *resource = js_obj(backend, "resource", NULL);
	const char *name = js_str0(service, "name", NULL);
	struct name_faults bad;

	if (service && resource) {
		field_error_invalid_str(errs, path, "", "cannot set both resource and service backends");
	} else if (resource) {
		validate_resource(resource, path, errs);
	} else if (service) {
		if (!*name)
			field_error_required(errs, PATH("%s.service.name", path), "");
		else if (name_check_dns1035_label(name, &bad))
			field_error_names(errs, PATH("%s.service.name", path), name, &bad);
		validate_port(js_obj(service, "port", NULL), path, errs);
	} else {
		field_error_invalid_str(errs, path, "", "resource or service backend is required");
	}
}

/* ---- rules ---- */

static void validate_route(const char *s, const char *type, const char *path, struct field_errors *errs)
{
	static const char *const inside[] = {"//", "/./", "/../", "%2f", "%2F"}, *const at_end[] = {"/..",
												    "/."};
	bool lax = !strcmp(type, "ImplementationSpecific");
	size_t n = strlen(s);

	if (*s != '/' && (*s || !lax))
		field_error_invalid_str(errs, path, s, "must be an absolute path");
	for (size_t i = 0; !lax && i < ARRAY_LEN(inside); i++) {
		autofree char *detail = mem_printf("must not contain '%s'", inside[i]);
		if (strstr(s, inside[i]))
			field_error_invalid_str(errs, path, s, detail);
	}
	for (size_t i = 0; !lax && i < ARRAY_LEN(at_end); i++) {
		autofree char *detail = mem_printf("cannot end with '%s'", at_end[i]);
		if (n >= strlen(at_end[i]) && !strcmp(s + n - strlen(at_end[i]), at_end[i]))
			field_error_invalid_str(errs, path, s, detail);
	}
}

static void validate_path(const js *p, const char *path, struct field_errors *errs)
{
	const char *type = js_str(p, "pathType", NULL);

	if (!type)
		return; /* which has been reported, and nothing else is */
	if (!field_errors_has(errs, PATH("%s.pathType", path)))
		validate_route(js_str0(p, "path", NULL), type, PATH("%s.path", path), errs);
	validate_backend(js_obj(p, "backend", NULL), PATH("%s.backend", path), errs);
}

static void validate_host(const char *host, const char *path, struct field_errors *errs)
{
	name_check *check = strchr(host, '*') ? name_check_wildcard_subdomain : name_check_dns1123_subdomain;
	struct name_faults bad;

	if (check(host, &bad))
		field_error_names(errs, path, host, &bad);
}

static void validate_rules(const js *rules, struct field_errors *errs)
{
	js_array_for_each (r, rules) {
		const char *host = js_str0(r, "host", NULL), *path = PATH("spec.rules[%zu]", r_i);
		if (*host && check_is_ip(host))
			field_error_invalid_str(errs, PATH("%s.host", path), host, NO_ADDRESS);
		if (*host)
			validate_host(host, PATH("%s.host", path), errs);
		js_array_for_each (p, js_arr(r, "http", "paths", NULL))
			validate_path(p, PATH("%s.http.paths[%zu]", path, p_i), errs);
	}
}

static void validate_spec(const js *spec, struct field_errors *errs)
{
	const js *backend = js_obj(spec, "defaultBackend", NULL), *rules = js_arr(spec, "rules", NULL);

	if (!js_len(rules) && !backend)
		field_error_invalid(errs, "spec", rules,
				    "either `defaultBackend` or `rules` must be specified");
	if (backend)
		validate_backend(backend, "spec.defaultBackend", errs);
	validate_rules(rules, errs);
	js_array_for_each (t, js_arr(spec, "tls", NULL))
		js_array_for_each (h, js_arr(t, "hosts", NULL))
			validate_host(js_str0(h, NULL), PATH("spec.tls[%zu].hosts[%zu]", t_i, h_i), errs);
}

static const js *balancers(const js *o)
{
	return js_arr(o, "status", "loadBalancer", "ingress", NULL);
}

static void ingress_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			     struct field_errors *errs)
{
	const char *annotation = js_str(new, "metadata", "annotations", CLASS, NULL),
		   *class = js_str(new, "spec", "ingressClassName", NULL);

	js_array_for_each (b, balancers(new)) {
		const char *host = js_str0(b, "hostname", NULL);
		if (*host && check_is_ip(host))
			field_error_invalid_str(errs, PATH("status.loadBalancer.ingress[%zu].hostname", b_i),
						host, NO_ADDRESS);
	}
	if (!strcmp(ctx->subresource, "status"))
		return;
	validate_spec(js_obj(new, "spec", NULL), errs);
	if (!old && annotation && class && strcmp(annotation, class))
		field_error_invalid_str(errs, "annotations." CLASS, annotation,
					"must match `ingressClassName` when both are specified");
}

static void ingress_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (!strcmp(ctx->subresource, "status"))
		js_array_for_each (b, balancers(new))
			advice_ip(ctx, js_str0(b, "ip", NULL),
				  PATH("status.loadBalancer.ingress[%zu].ip", b_i));
	else if (!old && js_get(new, "metadata", "annotations", CLASS, NULL) &&
		 !js_get(new, "spec", "ingressClassName", NULL))
		strategy_warn(ctx, "annotation \"" CLASS
				   "\" is deprecated, please use 'spec.ingressClassName' instead");
}

const struct strategy ingress_strategy = {
	.group = "networking.k8s.io",
	.kind = "Ingress",
	.prepare = ingress_prepare,
	.validate = ingress_validate,
	.warn = ingress_warn,
};

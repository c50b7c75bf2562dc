/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints (kubernetes/kubernetes pkg/apis/core/validation ValidateEndpoints). */
#include <string.h>
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/name.h"

static void validate_address(const js *a, const char *path, struct field_errors *errs)
{
	const char *ip = js_str0(a, "ip", NULL), *host = js_str0(a, "hostname", NULL),
		   *node = js_str(a, "nodeName", NULL);
	struct name_faults bad;
	const char *p = PATH("%s.ip", path);

	errs->look = '3';
	check_ip_scope(ip, p, errs);
	errs->look = 0;
	if (*host && name_check_dns1123_label(host, &bad))
		field_error_names(errs, PATH("%s.hostname", path), host, &bad);
	if (node && name_check_dns1123_subdomain(node, &bad))
		field_error_names(errs, PATH("%s.nodeName", path), node, &bad);
}

static void endpoints_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			       struct field_errors *errs)
{
	js_array_for_each (s, js_arr(new, "subsets", NULL)) {
		const js *ready = js_arr(s, "addresses", NULL),
			 *not_ready = js_arr(s, "notReadyAddresses", NULL);
		const js *ports = js_arr(s, "ports", NULL);
		if (!js_len(ready) && !js_len(not_ready))
			field_error_required(errs, PATH("subsets[%zu]", s_i),
					     "must specify `addresses` or `notReadyAddresses`");
		js_array_for_each (a, ready)
			validate_address(a, PATH("subsets[%zu].addresses[%zu]", s_i, a_i), errs);
		js_array_for_each (a, not_ready)
			validate_address(a, PATH("subsets[%zu].notReadyAddresses[%zu]", s_i, a_i), errs);
		js_array_for_each (p, ports) {
			const char *name = js_str0(p, "name", NULL);
			struct name_faults bad;
			if (!*name && js_len(ports) > 1)
				field_error_required(errs, PATH("subsets[%zu].ports[%zu].name", s_i, p_i),
						     "");
			else if (*name && name_check_dns1123_label(name, &bad))
				field_error_names(errs, PATH("subsets[%zu].ports[%zu].name", s_i, p_i), name,
						  &bad);
		}
	}
}

static void warn_addresses(const struct strategy_ctx *ctx, const js *subset, size_t i, const char *list)
{
	js_array_for_each (a, js_arr(subset, list, NULL))
		advice_ip(ctx, js_str0(a, "ip", NULL), PATH("subsets[%zu].%s[%zu].ip", i, list, a_i));
}

/* The controller's own are as they should be. */
static void endpoints_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (!strcmp(js_str0(new, "metadata", "labels", "endpoints.kubernetes.io/managed-by", NULL),
		    "endpoint-controller"))
		return;
	js_array_for_each (s, js_arr(new, "subsets", NULL)) {
		warn_addresses(ctx, s, s_i, "addresses");
		warn_addresses(ctx, s, s_i, "notReadyAddresses");
	}
}

const struct strategy endpoints_strategy = {
	.group = "",
	.kind = "Endpoints",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.validate = endpoints_validate,
	.warn = endpoints_warn,
};

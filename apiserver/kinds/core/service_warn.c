/* SPDX-License-Identifier: Apache-2.0 */
/* What of a Service will have no effect, or not the one that was meant (kubernetes/kubernetes pkg/api/service/warnings.go). */
#include <string.h>
#include "kinds/advice.h"
#include "kinds/core/service_internal.h"

static void warn_ips(const struct strategy_ctx *ctx, const js *spec, const char *list)
{
	js_array_for_each (ip, js_arr(spec, list, NULL))
		advice_ip(ctx, js_str0(ip, NULL), PATH("spec.%s[%zu]", list, ip_i));
}

static void warn_headless(const struct strategy_ctx *ctx, const js *spec)
{
	static const char text[] = "is ignored for headless services";

	if (*js_str0(spec, "loadBalancerIP", NULL))
		strategy_warn(ctx, "spec.loadBalancerIP %s", text);
	if (js_len(js_arr(spec, "externalIPs", NULL)))
		strategy_warn(ctx, "spec.externalIPs %s", text);
	if (strcmp(js_str0(spec, "sessionAffinity", NULL), "None"))
		strategy_warn(ctx, "spec.SessionAffinity %s", text);
}

static void warn_status(const struct strategy_ctx *ctx, const js *svc)
{
	js_array_for_each (in, js_arr(svc, "status", "loadBalancer", "ingress", NULL))
		advice_ip(ctx, js_str0(in, "ip", NULL), PATH("status.loadBalancer.ingress[%zu]", in_i));
}

void service_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *spec = js_obj(new, "spec", NULL);
	bool external = service_is_external(new);

	if (!strcmp(ctx->subresource, "status")) {
		warn_status(ctx, new);
		return;
	}
	if (js_get(new, "metadata", "annotations", SERVICE_HINTS, NULL))
		strategy_warn(ctx, "annotation " SERVICE_HINTS " is deprecated, please use " SERVICE_TOPOLOGY
				   " instead");
	warn_ips(ctx, spec, "clusterIPs");
	if (!strcmp(service_type(new), "ClusterIP") && service_is_headless(new))
		warn_headless(ctx, spec);
	warn_ips(ctx, spec, "externalIPs");
	advice_ip(ctx, js_str0(spec, "loadBalancerIP", NULL), "spec.loadBalancerIP");
	js_array_for_each (r, js_arr(spec, "loadBalancerSourceRanges", NULL))
		advice_cidr(ctx, js_str0(r, NULL), PATH("spec.loadBalancerSourceRanges[%zu]", r_i));
	if (external && js_len(js_arr(spec, "externalIPs", NULL)))
		strategy_warn(ctx, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
	if (!external && *js_str0(spec, "externalName", NULL))
		strategy_warn(ctx, "spec.externalName is ignored when spec.type is not \"ExternalName\"");
}

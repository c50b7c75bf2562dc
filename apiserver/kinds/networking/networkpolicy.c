/* SPDX-License-Identifier: Apache-2.0 */
/* NetworkPolicies (kubernetes/kubernetes pkg/apis/networking/validation, v1/defaults.go, pkg/registry/networking/networkpolicy). */
#include <string.h>
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/ip.h"

/* The two directions of rules, and where their peers are. */
static const char *const directions[][2] = {{"ingress", "from"}, {"egress", "to"}};

static void policy_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL);

	if (!spec || js_len(js_arr(spec, "policyTypes", NULL)))
		return;
	js *types = js_new_arr();
	js_push(types, js_new_str("Ingress"));
	if (js_len(js_arr(spec, "egress", NULL)))
		js_push(types, js_new_str("Egress"));
	js_set(spec, "policyTypes", types);
}

static void validate_port(const js *p, const char *path, struct field_errors *errs)
{
	const js *port = js_field(p, "port"), *end = js_field(p, "endPort");

	if (!end)
		return;
	path = PATH("%s.endPort", path);
	if (!port) {
		field_error_invalid(errs, path, end, "may not be specified when `port` is not specified");
	} else if (js_is_str(port)) {
		field_error_invalid(errs, path, end, "may not be specified when `port` is non-numeric");
	} else {
		int64_t last = json_object_get_int64(end);
		if (last < json_object_get_int64(port))
			field_error_invalid(errs, path, port, "must be greater than or equal to `port`");
		if (last < 1 || last > 65535)
			field_error_invalid(errs, path, end, "must be between 1 and 65535, inclusive");
	}
}

/* How many of an address's 128 bits a network fixes. */
static unsigned fixed_bits(const struct ip *ip, const char *text, unsigned bits)
{
	return ip->v4 && !strchr(text, ':') ? bits + 96 : bits;
}

static void validate_block(const js *block, const char *path, struct field_errors *errs)
{
	const char *cidr = js_str0(block, "cidr", NULL);
	struct ip ip, inner;
	unsigned bits, inner_bits;

	if (!ip_parse_cidr(cidr, &ip, &bits))
		return; /* the schema has said so */
	bits = fixed_bits(&ip, cidr, bits);
	struct ip network = ip_network(&ip, bits);
	js_array_for_each (e, js_arr(block, "except", NULL)) {
		const char *s = js_str0(e, NULL), *at = PATH("%s.except[%zu]", path, e_i);
		if (!check_cidr(s, at, errs))
			continue;
		ip_parse_cidr(s, &inner, &inner_bits);
		struct ip around = ip_network(&inner, bits);
		if (fixed_bits(&inner, s, inner_bits) <= bits ||
		    memcmp(around.b, network.b, sizeof(network.b)) != 0)
			field_error_invalid_str(errs, at, s, "must be a strict subset of `cidr`");
	}
}

static void validate_peer(const js *peer, const char *path, struct field_errors *errs)
{
	const js *pods = js_obj(peer, "podSelector", NULL),
		 *namespaces = js_obj(peer, "namespaceSelector", NULL),
		 *block = js_obj(peer, "ipBlock", NULL);

	check_label_selector(pods, PATH("%s.podSelector", path), errs);
	check_label_selector(namespaces, PATH("%s.namespaceSelector", path), errs);
	if (block)
		validate_block(block, PATH("%s.ipBlock", path), errs);
	if (!pods && !namespaces && !block)
		field_error_required(errs, path, "must specify a peer");
	else if (block && (pods || namespaces))
		field_error_forbidden(errs, path, "may not specify both ipBlock and another peer");
}

static void validate_rules(const js *spec, const char *const direction[2], struct field_errors *errs)
{
	js_array_for_each (r, js_arr(spec, direction[0], NULL)) {
		const char *path = PATH("spec.%s[%zu]", direction[0], r_i);
		js_array_for_each (p, js_arr(r, "ports", NULL))
			validate_port(p, PATH("%s.ports[%zu]", path, p_i), errs);
		js_array_for_each (p, js_arr(r, direction[1], NULL))
			validate_peer(p, PATH("%s.%s[%zu]", path, direction[1], p_i), errs);
	}
}

static void policy_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *types = js_arr(spec, "policyTypes", NULL);

	check_label_selector(js_obj(spec, "podSelector", NULL), "spec.podSelector", errs);
	for (size_t i = 0; i < ARRAY_LEN(directions); i++)
		validate_rules(spec, directions[i], errs);
	if (js_len(types) <= 2)
		return;
	field_errors_drop(errs, "spec.policyTypes");
	field_error_invalid(errs, "spec.policyTypes", types, "may not specify more than two policyTypes");
}

static void warn_block(const struct strategy_ctx *ctx, const js *block, const char *path)
{
	advice_cidr(ctx, js_str0(block, "cidr", NULL), PATH("%s.cidr", path));
	js_array_for_each (e, js_arr(block, "except", NULL))
		advice_cidr(ctx, js_str0(e, NULL), PATH("%s.except[%zu]", path, e_i));
}

static void policy_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	for (size_t i = 0; i < ARRAY_LEN(directions); i++)
		js_array_for_each (r, js_arr(new, "spec", directions[i][0], NULL))
			js_array_for_each (p, js_arr(r, directions[i][1], NULL))
				warn_block(ctx, js_obj(p, "ipBlock", NULL),
					   PATH("spec.%s[%zu].%s[%zu].ipBlock", directions[i][0], r_i,
						directions[i][1], p_i));
}

const struct strategy networkpolicy_strategy = {
	.group = "networking.k8s.io",
	.kind = "NetworkPolicy",
	.default_more = policy_default,
	.validate = policy_validate,
	.warn = policy_warn,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/advice.h"

#include <stdio.h>
#include <string.h>
#include "object/ip.h"
#include "object/name.h"

#define CIDR_TEXT_MAX (IP_TEXT_MAX + 4)

void advice_ip(const struct strategy_ctx *ctx, const char *s, const char *path)
{
	char text[IP_TEXT_MAX];
	struct ip ip;

	if (!ip_parse(s, &ip))
		return;
	ip_format(&ip, text);
	if (!strcmp(s, text))
		return;
	if (ip.v4)
		strategy_warn(
			ctx,
			"%s: non-standard IP address \"%s\" will be considered invalid in a future Kubernetes release: use \"%s\"",
			path, s, text);
	else
		strategy_warn(ctx, "%s: IPv6 address \"%s\" should be in RFC 5952 canonical format (\"%s\")",
			      path, s, text);
}

/* The network of an address that is written with `bits`; mapped: as an IPv4 address in IPv6's form. */
static void format_network(const struct ip *ip, bool mapped, unsigned bits, char out[CIDR_TEXT_MAX])
{
	struct ip network = ip_network(ip, ip->v4 && !mapped ? bits + 96 : bits);
	char text[IP_TEXT_MAX];

	ip_format(&network, text);
	snprintf(out, CIDR_TEXT_MAX, "%s/%u", text, network.v4 && mapped ? bits - 96 : bits);
}

void advice_cidr(const struct strategy_ctx *ctx, const char *s, const char *path)
{
	char text[IP_TEXT_MAX], as_is[CIDR_TEXT_MAX], network[CIDR_TEXT_MAX];
	unsigned bits;
	struct ip ip;

	if (!ip_parse_cidr(s, &ip, &bits))
		return;
	bool mapped = ip.v4 && strchr(s, ':');
	ip_format(&ip, text);
	snprintf(as_is, sizeof(as_is), "%s/%u", text, bits);
	format_network(&ip, mapped, bits, network);
	struct ip there = ip_network(&ip, ip.v4 && !mapped ? bits + 96 : bits);
	bool ambiguous = memcmp(there.b, ip.b, sizeof(ip.b)) != 0;
	if (ambiguous)
		strategy_warn(
			ctx,
			"%s: CIDR value \"%s\" is ambiguous in this context (should be \"%s\" or \"%s/%d\"?)",
			path, s, network, text, ip.v4 && !mapped ? 32 : 128);
	const char *slash = strchr(s, '/');
	if ((ip.v4 && strcmp(s, as_is)) || (slash[1] == '0' && slash[2]))
		strategy_warn(
			ctx,
			"%s: non-standard CIDR value \"%s\" will be considered invalid in a future Kubernetes release: use \"%s\"",
			path, s, network);
	else if (!ambiguous && strcmp(s, as_is))
		strategy_warn(ctx,
			      "%s: IPv6 CIDR value \"%s\" should be in RFC 5952 canonical format (\"%s\")",
			      path, s, as_is);
}

void advice_name(const struct strategy_ctx *ctx, const js *o, const char *use)
{
	autobuf struct buf b = BUF_INIT;
	struct name_faults bad;

	if (!name_check_dns1123_label(js_str0(o, "metadata", "name", NULL), &bad))
		return;
	name_faults_join(&bad, " ", &b);
	strategy_warn(
		ctx,
		"metadata.name: this is used in %s, which can result in surprising behavior; a DNS label is recommended: [%s]",
		use, buf_str(&b));
}

/* ---- labels of nodes that got other names (pkg/api/node/util.go) ---- */

static const struct {
	const char *label, *text;
} old_labels[] = {
	{"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
	{"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
	{"failure-domain.beta.kubernetes.io/region",
	 "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
	{"failure-domain.beta.kubernetes.io/zone",
	 "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
	{"beta.kubernetes.io/instance-type",
	 "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
	{"app.kubernetes.io/created-by", "deprecated since v1.9"},
	{"scheduler.alpha.kubernetes.io/preferAvoidPods",
	 "deprecated since v1.22; use Taints and Tolerations instead"},
	{"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
};

const char *advice_label(const char *label)
{
	for (size_t i = 0; i < ARRAY_LEN(old_labels); i++)
		if (!strcmp(label, old_labels[i].label))
			return old_labels[i].text;
	return NULL;
}

void advice_selector(const struct strategy_ctx *ctx, const js *selector, const char *path)
{
	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		const char *key = js_str0(e, "key", NULL), *text = advice_label(key);
		if (text)
			strategy_warn(ctx, "%s.matchExpressions[%zu].key: %s is %s", path, e_i, key, text);
	}
	for (struct js_iter it = js_iter(js_obj(selector, "matchLabels", NULL)); js_next(&it);)
		if (advice_label(it.key))
			strategy_warn(ctx, "%s.matchLabels.%s: %s", path, it.key, advice_label(it.key));
}

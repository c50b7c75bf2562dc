/* SPDX-License-Identifier: Apache-2.0 */
/* ServiceCIDRs (kubernetes/kubernetes pkg/apis/networking/validation): networks stay, but a second family may join the first. */
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/ip.h"

#define PATH_CIDRS "spec.cidrs"
#define FAMILIES_TEXT                                                                                        \
	"may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"

/* 0: it is none. */
static int family(const js *cidr)
{
	struct ip ip;
	unsigned bits;

	return !ip_parse_cidr(js_str0(cidr, NULL), &ip, &bits) ? 0 : ip.v4 ? 4 : 6;
}

static void validate_cidrs(const js *cidrs, struct field_errors *errs)
{
	size_t n = js_len(cidrs);

	if (!n) {
		field_error_required(errs, PATH_CIDRS, "at least one CIDR required");
		return;
	}
	if (n > 2) {
		autojson js *shown = js_new_obj(); /* as upstream's internal struct */
		js_set(shown, "CIDRs", js_dup(cidrs));
		field_error_invalid(errs, PATH_CIDRS, shown, "may only hold up to 2 values");
		return;
	}
	js_array_for_each (c, cidrs)
		check_cidr_strict(js_str0(c, NULL), PATH(PATH_CIDRS "[%zu]", c_i), errs);
	if (n == 2 && family(js_at(cidrs, 0)) && family(js_at(cidrs, 0)) == family(js_at(cidrs, 1)))
		field_error_invalid(errs, PATH_CIDRS, cidrs, FAMILIES_TEXT);
}

static void validate_update(const js *new, const js *old, struct field_errors *errs)
{
	size_t n = js_len(new), was = js_len(old);
	bool joined = was == 1 && n == 2;

	if (n != was && !joined) {
		field_error_invalid(errs, PATH_CIDRS, new, "field is immutable");
		return;
	}
	js_array_for_each (c, old)
		if (!js_equal(js_at(new, c_i), c))
			field_error_invalid(errs, PATH(PATH_CIDRS "[%zu]", c_i), js_at(new, c_i),
					    "field is immutable");
	if (joined)
		validate_cidrs(new, errs);
}

static void cidr_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	const js *cidrs = js_arr(new, "spec", "cidrs", NULL);

	if (!strcmp(ctx->subresource, "status"))
		return;
	if (old)
		validate_update(cidrs, js_arr(old, "spec", "cidrs", NULL), errs);
	else
		validate_cidrs(cidrs, errs);
}

const struct strategy servicecidr_strategy = {
	.group = "networking.k8s.io",
	.kind = "ServiceCIDR",
	.flags = STRATEGY_STATUS_KEEPS_METADATA,
	.validate = cidr_validate,
};

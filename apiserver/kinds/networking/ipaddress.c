/* SPDX-License-Identifier: Apache-2.0 */
/* IPAddresses (kubernetes/kubernetes pkg/apis/networking/validation): the name is the address. */
#include "kinds/check.h"
#include "kinds/strategies.h"

static void address_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			     struct field_errors *errs)
{
	const char *name = js_str0(new, "metadata", "name", NULL),
		   *base = js_str0(new, "metadata", "generateName", NULL);

	if (*base)
		check_ip_strict(base, "metadata.generateName", errs);
	if (*name)
		check_ip_strict(name, "metadata.name", errs);
}

const struct strategy ipaddress_strategy = {
	.group = "networking.k8s.io",
	.kind = "IPAddress",
	.flags = STRATEGY_PLAIN_NAMES,
	.validate = address_validate,
};

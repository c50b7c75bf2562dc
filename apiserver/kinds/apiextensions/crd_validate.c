/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/apiextensions/apiextensions_internal.h"

void crd_validate(const struct strategy_ctx *ctx, const js *new, const js *old, struct field_errors *errs)
{
	(void)ctx, (void)new, (void)old, (void)errs;
}

void crd_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	(void)ctx, (void)new, (void)old;
}

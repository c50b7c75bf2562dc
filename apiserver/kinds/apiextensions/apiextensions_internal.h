/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef KINDS_APIEXTENSIONS_APIEXTENSIONS_INTERNAL_H
#define KINDS_APIEXTENSIONS_APIEXTENSIONS_INTERNAL_H

#include "kinds/strategy.h"

#define CRD_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

/* crd_validate.c */
void crd_validate(const struct strategy_ctx *ctx, const js *new, const js *old, struct field_errors *errs);
void crd_warn(const struct strategy_ctx *ctx, const js *new, const js *old);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients are warned of in values that are taken as they are: spellings that others read differently
 * (kubernetes/apimachinery pkg/util/validation ip.go), names that end up in host names, old labels. Pure, any thread.
 */
#ifndef KINDS_ADVICE_H
#define KINDS_ADVICE_H

#include "kinds/strategy.h"

/* Nothing is said of what is no address: that is validation's. */
void advice_ip(const struct strategy_ctx *ctx, const char *s, const char *path);
void advice_cidr(const struct strategy_ctx *ctx, const char *s, const char *path);
/* The object's name, when it is more than a label; `use`: what it is used in. */
void advice_name(const struct strategy_ctx *ctx, const js *o, const char *use);
/* What is wrong with a label of nodes that got another name; NULL: nothing. */
const char *advice_label(const char *label);
/* The same of all labels in a label selector of nodes. */
void advice_selector(const struct strategy_ctx *ctx, const js *selector, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that kinds of several groups make of parts they share. Pure, any thread. */
#ifndef KINDS_CHECK_H
#define KINDS_CHECK_H

#include "kinds/strategy.h"

bool check_is_ip(const char *s); /* of either family */
extern const char check_ip_detail[];
bool check_is_cidr(const char *s);
/* What a selector's operators ask of their values; a missing selector is fine. */
void check_label_selector(const js *selector, const char *path, struct field_errors *errs);

#endif

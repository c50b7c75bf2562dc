/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests a webhook or a policy is about: what both may say of it. Pure, any thread. */
#ifndef KINDS_ADMISSIONREGISTRATION_MATCHING_H
#define KINDS_ADMISSIONREGISTRATION_MATCHING_H

#include "kinds/strategy.h"

/* A list of operations on resources. */
void matching_check_rules(const js *rules, const char *path, struct field_errors *errs);
/* A list of named expressions. */
void matching_check_conditions(const js *conditions, const char *path, struct field_errors *errs);
/* The two label selectors that stand beside them; o: what has them. */
void matching_check_selectors(const js *o, const char *path, struct field_errors *errs);
/* Nothing but white space, as Go's strings.TrimSpace sees it. */
bool matching_is_blank(const char *s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What classes of storage have in common: who makes volumes of them, and what that is told. Pure, any thread. */
#ifndef STORAGE_PARAMETERS_H
#define STORAGE_PARAMETERS_H

#include "kinds/strategy.h"

/* The field that names the driver: a qualified name, in any case. The schema has reported a missing one. */
void parameters_check_driver(const js *o, const char *field, struct field_errors *errs);
void parameters_check(const js *o, struct field_errors *errs);
/* A top-level field that updates may not change, in the words of these kinds. */
void parameters_check_kept(const js *new, const js *old, const char *field, struct field_errors *errs);

#endif

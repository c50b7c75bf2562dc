/* SPDX-License-Identifier: Apache-2.0 */
/* What flags.c and flags_help.c share. */
#ifndef BASE_FLAGS_INTERNAL_H
#define BASE_FLAGS_INTERNAL_H

#include "base/buf.h"
#include "base/flags.h"

/* What every program takes, ended by {0}; --help and --version are no rows, they print and end. */
extern const struct flag flags_common[];

void flags_write_help(const struct flags_program *p, struct buf *out);
/* A manual page of section 8. */
void flags_write_man(const struct flags_program *p, struct buf *out);
/* A bash completion: flags, booleans' values, and files where the value is a file or directory. */
void flags_write_completion(const struct flags_program *p, struct buf *out);

#endif

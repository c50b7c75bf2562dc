/* SPDX-License-Identifier: Apache-2.0 */
/* The kind files: those inside the binary, and those of a folder that the user names. */
#ifndef KINDS_KINDS_H
#define KINDS_KINDS_H

#include "object/schema.h"

#define KINDS_EXTRA_MAX 256		 /* files in the extra folder */
#define KINDS_FILE_MAX (4 * 1024 * 1024) /* bytes of one of them */

/* Loads the built-in kind files, then every *.yaml of extra_dir (NULL: none), each in the order of names. The
   caller owns the schema, which lives as long as the daemon. */
struct schema *kinds_load(const char *extra_dir, struct err *err) MUST_CHECK;

#endif

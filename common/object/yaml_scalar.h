/* SPDX-License-Identifier: Apache-2.0 */
/* The type of a plain YAML scalar; see yaml.h, whose two halves share this. Any thread. */
#ifndef OBJECT_YAML_SCALAR_H
#define OBJECT_YAML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum yaml_type { YAML_STRING, YAML_NULL, YAML_BOOL, YAML_INT, YAML_UINT, YAML_DOUBLE };

struct yaml_scalar {
	enum yaml_type type;
	bool b;
	int64_t i;
	uint64_t u; /* YAML_UINT: beyond int64 */
	double d;   /* may be infinite or NaN */
};

/* s need not be NUL-terminated, but must be readable at s[0]. */
struct yaml_scalar yaml_resolve(const char *s, size_t n);

#endif

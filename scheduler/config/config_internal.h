/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of config.h: faults that are gathered, what fields there are, what their values must be, profiles. */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "config/config.h"

#define CONFIG_FAULTS_MAX 20 /* further ones are not told */
struct config_faults {
	struct buf text; /* ", " between them */
	size_t n;
};
void config_fault(struct config_faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Unknown fields and values of a wrong type. */
void config_check_shape(const js *o, struct config_faults *f);
/* Values; o has its defaults. */
void config_check_values(const js *o, struct config_faults *f);
/* profiles[i]: which plugins run where. */
void config_read_plugins(const js *profile, const struct framework *plugins, const char *path,
			 struct profile *ret, struct config_faults *f);

#endif

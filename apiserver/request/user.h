/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks. A value: its parts are borrowed from whoever authenticated it. */
#ifndef REQUEST_USER_H
#define REQUEST_USER_H

#include <stdbool.h>

struct user {
	const char *name;
	const char *uid;
	const char *const *groups; /* NULL-terminated */
};
bool user_in_group(const struct user *u, const char *group);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks. A value: its parts are borrowed from whoever authenticated it. */
#ifndef REQUEST_USER_H
#define REQUEST_USER_H

#include <stdbool.h>
#include <stddef.h>

struct user_extra {
	const char *key, *value; /* a key may come several times */
};
struct user {
	const char *name;
	const char *uid;
	const char *const *groups; /* NULL-terminated */
	const struct user_extra *extra;
	size_t n_extra;
};
bool user_in_group(const struct user *u, const char *group);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about who asks. */
#include "request/user.h"

#include <string.h>

bool user_in_group(const struct user *u, const char *group)
{
	for (const char *const *g = u->groups; g && *g; g++)
		if (!strcmp(*g, group))
			return true;
	return false;
}

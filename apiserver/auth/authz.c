/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate. Until RBAC stands behind it, two tables of paths are all that anybody but system:masters gets;
 * they are those of upstream's cluster roles system:discovery and system:public-info-viewer.
 */
#include "auth/auth.h"

#include <stdio.h>
#include <string.h>

static const char *const everybody[] = {"/healthz", "/livez", "/readyz", "/version", "/version/", NULL};
static const char *const authenticated[] = {"/api",	"/api/*",     "/apis", "/apis/*",
					    "/openapi", "/openapi/*", NULL};

static bool listed(const char *const *patterns, const char *path)
{
	for (; *patterns; patterns++) {
		size_t n = strlen(*patterns);
		if ((*patterns)[n - 1] == '*' ? !strncmp(path, *patterns, n - 1) : !strcmp(path, *patterns))
			return true;
	}
	return false;
}

static int deny_resource(const struct attributes *a, struct err *err)
{
	char about[300], where[300];
	snprintf(about, sizeof(about), "%s%s%s%s%s%s", a->resource, *a->group ? "." : "", a->group,
		 *a->name ? " \"" : "", a->name, *a->name ? "\"" : "");
	if (*a->ns)
		snprintf(where, sizeof(where), "in the namespace \"%s\"", a->ns);
	else
		snprintf(where, sizeof(where), "at the cluster scope");
	return err_set(err, REASON_FORBIDDEN,
		       "%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s",
		       about, a->user->name, a->verb, a->resource, *a->subresource ? "/" : "", a->subresource,
		       a->group, where);
}

/* What everybody may read; HEAD reads as GET does. */
static bool may_read_path(const struct attributes *a)
{
	if (strcmp(a->verb, "get") && strcmp(a->verb, "head"))
		return false;
	return listed(everybody, a->path) ||
	       (user_in_group(a->user, "system:authenticated") && listed(authenticated, a->path));
}

int auth_permit(const struct attributes *a, struct err *err)
{
	if (user_in_group(a->user, "system:masters"))
		return 0;
	if (a->resource_request)
		return deny_resource(a, err);
	if (may_read_path(a))
		return 0;
	return err_set(err, REASON_FORBIDDEN, "forbidden: User \"%s\" cannot %s path \"%s\"", a->user->name,
		       a->verb, a->path);
}

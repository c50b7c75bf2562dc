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

static bool member(const struct user *u, const char *group)
{
	for (const char *const *g = u->groups; g && *g; g++)
		if (!strcmp(*g, group))
			return true;
	return false;
}

static int deny_resource(const struct request *rq, struct err *err)
{
	char about[300], where[300];
	snprintf(about, sizeof(about), "%s%s%s%s%s%s", rq->resource, *rq->group ? "." : "", rq->group,
		 *rq->name ? " \"" : "", rq->name, *rq->name ? "\"" : "");
	if (*rq->ns)
		snprintf(where, sizeof(where), "in the namespace \"%s\"", rq->ns);
	else
		snprintf(where, sizeof(where), "at the cluster scope");
	return err_set(err, REASON_FORBIDDEN,
		       "%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s",
		       about, rq->user.name, rq->verb, rq->resource, *rq->subresource ? "/" : "",
		       rq->subresource, rq->group, where);
}

int auth_permit(const struct request *rq, enum route_result routed, struct err *err)
{
	if (member(&rq->user, "system:masters"))
		return 0;
	if (routed != ROUTE_API_PATH && routed != ROUTE_OTHER_PATH)
		return deny_resource(rq, err);
	if (rq->method == METHOD_GET || rq->method == METHOD_HEAD) {
		if (listed(everybody, rq->path))
			return 0;
		if (member(&rq->user, "system:authenticated") && listed(authenticated, rq->path))
			return 0;
	}
	return err_set(err, REASON_FORBIDDEN, "forbidden: User \"%s\" cannot %s path \"%s\"", rq->user.name,
		       rq->verb, rq->path);
}

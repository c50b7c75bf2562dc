/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate. Until RBAC stands behind it, two tables of paths are all that anybody but system:masters gets;
 * they are those of upstream's cluster roles system:discovery and system:public-info-viewer.
 */
#include "auth/auth.h"

#include <string.h>
#include "base/buf.h"

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

/* As Go's %q, and nothing that a browser would take for markup (kubernetes/apiserver
   pkg/endpoints/handlers/responsewriters/errors.go). */
static void quote(struct buf *out, const char *s)
{
	autobuf struct buf safe = BUF_INIT;
	for (; *s; s++)
		if (*s == '&')
			buf_adds(&safe, "&amp;");
		else if (*s == '<')
			buf_adds(&safe, "&lt;");
		else if (*s == '>')
			buf_adds(&safe, "&gt;");
		else
			buf_addc(&safe, *s);
	buf_add_json_string(out, buf_str(&safe), safe.len);
}

static int deny(const struct attributes *a, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	bool resource = a->resource_request;
	if (resource && *a->resource)
		buf_addf(&b, "%s%s%s ", a->resource, *a->group ? "." : "", a->group);
	if (resource && *a->resource && *a->name)
		buf_addf(&b, "\"%s\" ", a->name);
	buf_adds(&b, resource && *a->resource ? "is forbidden: User " : "forbidden: User ");
	quote(&b, a->user->name);
	buf_addf(&b, " cannot %s %s ", a->verb, resource ? "resource" : "path");
	if (!resource) {
		quote(&b, a->path);
		return err_set(err, REASON_FORBIDDEN, "%s", buf_str(&b));
	}
	autobuf struct buf what = BUF_INIT;
	buf_addf(&what, "%s%s%s", a->resource, *a->subresource ? "/" : "", a->subresource);
	quote(&b, buf_str(&what));
	buf_adds(&b, " in API group ");
	quote(&b, a->group);
	buf_adds(&b, *a->ns ? " in the namespace " : " at the cluster scope");
	if (*a->ns)
		quote(&b, a->ns);
	return err_set(err, REASON_FORBIDDEN, "%s", buf_str(&b));
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
	if (!a->resource_request && may_read_path(a))
		return 0;
	return deny(a, err);
}

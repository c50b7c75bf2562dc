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

/* system:basic-user: who one is and what one may do, everybody with a name may ask. */
static const struct {
	const char *group, *resource;
} about_oneself[] = {
	{"authorization.k8s.io", "selfsubjectaccessreviews"},
	{"authorization.k8s.io", "selfsubjectrulesreviews"},
	{"authentication.k8s.io", "selfsubjectreviews"},
};

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

static bool asks_about_oneself(const struct attributes *a)
{
	if (strcmp(a->verb, "create") || !user_in_group(a->user, "system:authenticated"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(about_oneself); i++)
		if (!strcmp(a->group, about_oneself[i].group) &&
		    !strcmp(a->resource, about_oneself[i].resource) && !*a->subresource)
			return true;
	return false;
}

int auth_permit(const struct attributes *a, struct err *err)
{
	if (user_in_group(a->user, "system:masters"))
		return 0;
	if (!a->resource_request && may_read_path(a))
		return 0;
	if (a->resource_request && asks_about_oneself(a))
		return 0;
	return deny(a, err);
}

void auth_rules(const struct user *u, void (*each)(void *arg, const struct auth_rule *r), void *arg)
{
	static const char *const all[] = {"*", NULL}, *const get[] = {"get", NULL},
				 *const create[] = {"create", NULL};

	if (user_in_group(u, "system:masters")) {
		each(arg, &(struct auth_rule){.verbs = all, .groups = all, .resources = all});
		each(arg, &(struct auth_rule){.verbs = all, .paths = all});
	}
	for (size_t i = 0; user_in_group(u, "system:authenticated") && i < ARRAY_LEN(about_oneself); i++) {
		const char *const group[] = {about_oneself[i].group, NULL}, *const resource[] = {
										    about_oneself[i].resource,
										    NULL};
		each(arg, &(struct auth_rule){.verbs = create, .groups = group, .resources = resource});
	}
	each(arg, &(struct auth_rule){.verbs = get, .paths = everybody});
	if (user_in_group(u, "system:authenticated"))
		each(arg, &(struct auth_rule){.verbs = get, .paths = authenticated});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of RoleBindings and ClusterRoleBindings. */
#include "rest/table/cells.h"

#include <string.h>

static void cell_binding_role(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "%s/%s", js_str0(c->o, "roleRef", "kind", NULL), js_str0(c->o, "roleRef", "name", NULL));
	cell_text(out, &b, "");
}

static void subjects(struct buf *out, const struct cell *c, const char *kind, bool with_namespace)
{
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (s, js_arr(c->o, "subjects", NULL)) {
		if (strcmp(js_str0(s, "kind", NULL), kind))
			continue;
		buf_adds(&b, b.len ? ", " : "");
		if (with_namespace)
			buf_addf(&b, "%s/", js_str0(s, "namespace", NULL));
		buf_adds(&b, js_str0(s, "name", NULL));
	}
	cell_text(out, &b, "");
}

static void cell_binding_users(struct buf *out, const struct cell *c)
{
	subjects(out, c, "User", false);
}

static void cell_binding_groups(struct buf *out, const struct cell *c)
{
	subjects(out, c, "Group", false);
}

static void cell_binding_accounts(struct buf *out, const struct cell *c)
{
	subjects(out, c, "ServiceAccount", true);
}

const struct cell_row cells_rbac[] = {
	{"binding_role", cell_binding_role},
	{"binding_users", cell_binding_users},
	{"binding_groups", cell_binding_groups},
	{"binding_accounts", cell_binding_accounts},
	{NULL, NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain as a table, in upstream's order of plugins (kubernetes/kubernetes
 * pkg/kubeapiserver/options/plugins.go). A row says which operations and which kind it is for, so a write of
 * another kind costs a few comparisons and no call.
 */
#include "admission/admission.h"

#include <stdio.h>
#include <string.h>
#include "admission/plugins.h"
#include "base/mem.h"

struct plugin {
	const char *name;
	unsigned ops;
	const char *kind; /* of the core group; NULL = all kinds */
	int (*mutate)(struct admission *a, struct err *err);
	int (*validate)(struct admission *a, struct err *err);
};

static const struct plugin plugins[] = {
	{"NamespaceLifecycle", ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE, NULL, admit_namespace_lifecycle,
	 NULL},
	{"ServiceAccount", ADMIT_CREATE, "Pod", admit_service_account, NULL},
	{"TaintNodesByCondition", ADMIT_CREATE, "Node", admit_node_taint, NULL},
	{"Priority", ADMIT_CREATE | ADMIT_UPDATE, "Pod", admit_priority, NULL},
	{"DefaultTolerationSeconds", ADMIT_CREATE | ADMIT_UPDATE, "Pod", admit_toleration_seconds, NULL},
};

static bool concerns(const struct plugin *p, const struct admission *a)
{
	return (p->ops & a->op) &&
	       (!p->kind || (!*a->kind->group && !strcmp(p->kind, a->kind->kind) && !*a->subresource));
}

int admission_run(struct admission *a, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(plugins); i++)
		if (plugins[i].mutate && concerns(&plugins[i], a) && plugins[i].mutate(a, err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(plugins); i++)
		if (plugins[i].validate && concerns(&plugins[i], a) && plugins[i].validate(a, err) < 0)
			return -1;
	return 0;
}

int admission_forbid(const struct admission *a, struct err *err, const char *fmt, ...)
{
	char why[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, REASON_FORBIDDEN, "%s%s%s \"%s\" is forbidden: %s", a->kind->resource,
		       *a->kind->group ? "." : "", a->kind->group, a->name, why);
}

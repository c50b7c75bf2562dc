/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all strategies, and the helpers that every one of them uses. */
#include "kinds/strategies.h"

#include <stdio.h>

static const struct strategy *const strategies[] = {
	&pod_strategy,
	&deployment_strategy,
	&replicaset_strategy,
	&namespace_strategy,
	&node_strategy,
	&service_strategy,
	&endpoints_strategy,
	&configmap_strategy,
	&secret_strategy,
	&serviceaccount_strategy,
	&lease_strategy,
	&event_strategy,
	&controllerrevision_strategy,
};
static const struct strategy none = {.group = "", .kind = ""};

const struct strategy *strategy_find(const struct kind *k)
{
	return k->strategy ? k->strategy : &none;
}

const struct strategy *strategies_look_up(const struct kind *k)
{
	for (size_t i = 0; i < ARRAY_LEN(strategies); i++)
		if (!strcmp(strategies[i]->kind, k->kind) && !strcmp(strategies[i]->group, k->group))
			return strategies[i];
	return NULL;
}

void field_carry(js *new, const js *old, const char *key)
{
	js *v = js_field(old, key);

	if (v)
		js_set(new, key, js_dup(v));
	else
		js_del(new, key);
}

const char *field_path(char *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, FIELD_PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}

bool field_errors_has(const struct field_errors *e, const char *path)
{
	for (size_t i = 0; i < field_errors_kept(e); i++)
		if (!strcmp(e->v[i].field, path))
			return true;
	return false;
}

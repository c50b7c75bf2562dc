/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST pods/NAME/eviction (kubernetes/kubernetes pkg/registry/core/pod/storage/eviction.go): a deletion that asks first.
 * There are no disruption budgets yet, so nobody objects.
 */
#include "registry/registry_internal.h"

void registry_evict(struct registry_call *c, js *eviction, const struct delete_options *o)
{
	c->body = eviction;
	if (strcmp(js_str0(eviction, "metadata", "name", NULL), c->attr->name))
		err_set(&c->err, REASON_BAD_REQUEST, "name in URL does not match name in Eviction object");
	else if (objectmeta_check_namespace(c, eviction, &c->err) == 0) {
		registry_delete(c, o);
		return;
	}
	c->done(c);
}

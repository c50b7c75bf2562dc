/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT namespaces/NAME/finalize: the one way to change spec.finalizers. The namespace controller empties the
 * list when the namespace holds nothing any more, and with that the namespace goes.
 */
#include "registry/registry_internal.h"

/* Everything but the status is the body's, as in any update. */
static js *change(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	js *new = js_dup(arg);

	strategy_carry(new, old_tree, "status");
	return new;
}

void registry_finalize(struct registry_call *c, js *namespace)
{
	c->body = namespace;
	if (registry_check_identity(c, namespace, &c->err) < 0) {
		c->done(c);
		return;
	}
	struct registry_change finalize = {.make = change,
					   .arg = namespace,
					   .flags = CHANGE_WHOLE,
					   .version = js_str0(namespace, "metadata", "resourceVersion", NULL),
					   .uid = js_str0(namespace, "metadata", "uid", NULL)};
	registry_change(c, &finalize);
}

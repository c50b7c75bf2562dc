/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What objects use of the resources that quotas bound (kubernetes/kubernetes pkg/quota/v1/evaluator/core). Pure: an object
 * as a tree, names and sums. One thread at a time.
 */
#ifndef QUOTA_QUOTA_USAGE_H
#define QUOTA_QUOTA_USAGE_H

#include "object/json.h"
#include "object/quantity.h"

struct quota_sum { /* zeroed to begin with */
	struct quota_amount {
		char *name;
		struct quantity q;
	} * v;
	size_t n;
};
void quota_sum_release(struct quota_sum *s);
const struct quantity *quota_sum_get(const struct quota_sum *s, const char *name); /* NULL when absent */
void quota_sum_add(struct quota_sum *s, const char *name, const struct quantity *q);

/* Kinds of which more is known than their number. */
struct quota_kind {
	const char *group, *resource;
	bool (*knows)(const char *name); /* whether that name is one of its resources */
	/* Does the object count in a quota of that scope: "In" with values, or "Exists" and the like. */
	bool (*in_scope)(const js *o, const char *scope, const char *op, const js *values);
	void (*use)(const js *o, int64_t now_ns, struct quota_sum *into);
};
extern const struct quota_kind quota_kinds[]; /* ends with a resource NULL */

/* The resource of which a name counts the objects: "count/deployments.apps", and a few that are older than that form.
   False: of none. */
bool quota_counts(const char *name, const char **ret_resource, size_t *ret_len, const char **ret_group);

#endif

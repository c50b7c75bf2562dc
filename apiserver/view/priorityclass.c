/* SPDX-License-Identifier: Apache-2.0 */
#include "view/priorityclass.h"

#include <stdio.h>
#include <string.h>
#include "view/view_internal.h"

struct priority_class {
	const char *name, *policy;
	int32_t value;
	bool global_default;
};

static const struct decode_row decode_rows[] = {
	DECODE_STRING("metadata.name", struct priority_class, name),
	DECODE_INT32("value", struct priority_class, value),
	DECODE_BOOL("globalDefault", struct priority_class, global_default),
	DECODE_STRING("preemptionPolicy", struct priority_class, policy),
};
static const struct priority_class nothing = {.name = "", .policy = ""};
static const struct decode_spec spec = DECODE_SPEC(struct priority_class, decode_rows, .initial = &nothing);

/* `derived` counts the defaults, of which there is nearly always none: then nobody need look for it. */
static void changed(struct view *v, const void *old, const void *new)
{
	const struct priority_class *was = old, *is = new;
	size_t n = (size_t)(uintptr_t)v->derived;

	n += is && is->global_default;
	n -= was && was->global_default;
	v->derived = (void *)(uintptr_t)n;
}

const struct view_row view_priority_row = {
	.group = "scheduling.k8s.io",
	.version = "v1",
	.kind = "PriorityClass",
	.spec = &spec,
	.changed = changed,
};

static bool give(const struct priority_class *c, struct view_priority *ret)
{
	if (!c)
		return false;
	*ret = (struct view_priority){.value = c->value, .never = !strcmp(c->policy, "Never")};
	snprintf(ret->name, sizeof(ret->name), "%s", c->name);
	return true;
}

bool view_priority(struct views *all, const char *name, struct view_priority *ret)
{
	struct view *v = view_read(all, VIEW_PRIORITY);
	bool found = give(map_get(&v->values, name), ret);

	view_done(v);
	return found;
}

bool view_priority_default(struct views *all, struct view_priority *ret)
{
	struct view *v = view_read(all, VIEW_PRIORITY);
	const struct priority_class *lowest = NULL;

	for (struct map_iter it = {0}; v->derived && map_next(&v->values, &it);) {
		const struct priority_class *c = it.value;
		if (c->global_default && (!lowest || c->value < lowest->value))
			lowest = c;
	}
	bool found = give(lowest, ret);
	view_done(v);
	return found;
}

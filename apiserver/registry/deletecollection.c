/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collection is deleted one object after the other, each by a call of its own. The outer call has one step,
 * which starts the next of them; a finished one asks for that step again, so however many there are no stack
 * grows and the store's thread only passes on.
 *
 * Which ones they are is a consistent read: what another server has acknowledged is among them.
 */
#include "registry/registry_internal.h"

#include <stdlib.h>

struct collection {
	struct registry_nested one;
	const struct delete_options *options;
	struct registry_selection which;
	size_t next;
};

/* What has gone by itself was to go. */
static bool gone_already(const struct registry_call *one)
{
	return one->err.reason == REASON_NOT_FOUND && one->about.kind == one->kind;
}

static void begin_one(struct registry_call *all, const struct obj *o)
{
	struct collection *col = all->collection;

	registry_nested_init(&col->one, all);
	col->one.attr.ns = o->ns;
	col->one.attr.name = o->name;
	registry_nested_begin(&col->one);
	registry_delete(&col->one.call, col->options);
}

/* A failure of one ends it all, with what it says. */
static enum progress fail(struct registry_call *all, struct registry_call *one)
{
	all->err = one->err;
	all->errs = one->errs;
	one->errs = (struct field_errors){.n = 0};
	registry_about(all, one->about.name);
	all->about.kind = one->about.kind;
	return PROGRESS_END;
}

static enum progress drive(struct registry_call *all)
{
	struct collection *col = all->collection;
	struct registry_call *one = &col->one.call;

	if (registry_nested_runs(&col->one))
		return PROGRESS_AWAY;
	if (col->next && one->err.reason != REASON_NONE && !gone_already(one))
		return fail(all, one);
	if (col->next == all->deleted.n)
		return PROGRESS_END;
	begin_one(all, all->deleted.v[col->next++]);
	return PROGRESS_AWAY;
}

static enum progress select_all(struct registry_call *c)
{
	const struct registry_selection *w = &c->collection->which;

	if (c->fresh.err.reason != REASON_NONE) {
		c->err = c->fresh.err;
		return PROGRESS_END;
	}
	if (!c->caught_up && !storage_fresh(c->registry->storage, 0)) {
		c->caught_up = true;
		return registry_catch_up(c);
	}
	uint64_t now = storage_revision(c->registry->storage);
	if (w->at_least > now) {
		err_set(&c->err, REASON_TIMEOUT, "Timeout: Too large resource version: %llu, current: %llu",
			(unsigned long long)w->at_least, (unsigned long long)now);
		field_errors_add(&c->errs, "ResourceVersionTooLarge", mem_strdup(""),
				 mem_strdup("Too large resource version"));
		return PROGRESS_END;
	}
	return registry_progress(
		storage_list(c->res, &w->query, w->exact, w->after, w->limit, &c->deleted, &c->err));
}

static registry_step_fn *const collection_steps[] = {select_all, drive};

void registry_delete_collection(struct registry_call *c, const struct registry_selection *which,
				const struct delete_options *o)
{
	c->collection = MEM_NEW(struct collection);
	c->collection->options = o;
	c->collection->which = *which;
	registry_start(c, collection_steps);
}

void registry_collection_free(struct collection *col)
{
	if (!col)
		return;
	registry_call_release(&col->one.call);
	free(col);
}

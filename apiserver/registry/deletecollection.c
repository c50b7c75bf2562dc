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
	struct registry_call one;
	struct registry_call *all;
	struct attributes attr; /* of the one */
	const struct delete_options *options;
	struct registry_selection which;
	size_t next;
	bool runs; /* the one wants to go on */
};

static void one_again(struct registry_call *one)
{
	struct collection *col = CONTAINER_OF(one, struct collection, one);

	col->all->again(col->all);
}

static void one_done(struct registry_call *one)
{
	struct collection *col = CONTAINER_OF(one, struct collection, one);

	col->runs = false;
	col->all->again(col->all);
}

/* What has gone by itself was to go. */
static bool gone_already(const struct registry_call *one)
{
	return one->err.reason == REASON_NOT_FOUND && one->about.kind == one->kind;
}

static void begin_one(struct collection *col, const struct obj *o)
{
	struct registry_call *all = col->all;

	col->attr = *all->attr;
	col->attr.ns = o->ns;
	col->attr.name = o->name;
	col->one = (struct registry_call){.registry = all->registry,
					  .attr = &col->attr,
					  .warn = all->warn,
					  .warn_arg = all->warn_arg,
					  .done = one_done,
					  .again = one_again};
	registry_call_init(&col->one);
}

/* A failure of one ends it all, with what it says. */
static enum progress fail(struct collection *col)
{
	struct registry_call *all = col->all, *one = &col->one;

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

	if (col->runs) {
		registry_continue(&col->one);
		return PROGRESS_AWAY;
	}
	if (col->next && col->one.err.reason != REASON_NONE && !gone_already(&col->one))
		return fail(col);
	registry_call_release(&col->one);
	if (col->next == all->deleted.n)
		return PROGRESS_END;
	begin_one(col, all->deleted.v[col->next++]);
	col->runs = true;
	registry_delete(&col->one, col->options);
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
	return registry_progress(
		storage_list(c->res, &w->query, w->exact, w->after, w->limit, &c->deleted, &c->err));
}

static registry_step_fn *const collection_steps[] = {select_all, drive};

void registry_delete_collection(struct registry_call *c, const struct registry_selection *which,
				const struct delete_options *o)
{
	c->collection = MEM_NEW(struct collection);
	c->collection->all = c;
	c->collection->options = o;
	c->collection->which = *which;
	registry_start(c, collection_steps);
}

void registry_collection_free(struct collection *col)
{
	if (!col)
		return;
	registry_call_release(&col->one);
	free(col);
}

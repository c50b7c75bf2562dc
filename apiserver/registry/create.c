/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road of new objects. A name that the server has made up and that is taken is made up again, from the
 * bytes that were to be stored: it happens about once in fourteen million creates, and keeping a second tree
 * for it would cost every one of them.
 */
#include "registry/managed_internal.h"

#include <stdio.h>

#define GENERATE_TRIES 8 /* as upstream's registry */

static enum progress begin(struct registry_call *c)
{
	if (c->draft) { /* the second attempt */
		c->body = obj_tree_unmanaged(c->draft, &c->err);
		if (!c->body)
			return PROGRESS_END;
		js_del(js_obj(c->body, "metadata", NULL), "name");
		registry_forget(c);
	}
	c->new = STEAL(c->body);
	return PROGRESS_NEXT;
}

/* Who gives a prefix is told to try again, though he may have given a name, too. */
static int already_exists(struct registry_call *c)
{
	char res[256];
	autoobj struct obj *there = storage_get(c->res, c->ns, c->name);

	return err_set(&c->err, REASON_ALREADY_EXISTS, "%s%s \"%s\" already exists%s",
		       there && there->deleting ? "object is being deleted: " : "",
		       registry_resource_text(c->kind, res), c->name,
		       c->about.retry_after_s
			       ? ", the server was not able to generate a unique name for the object"
			       : "");
}

/* Through another server somebody else was given the same, and first: as if this one had never been. */
static enum progress taken_back(struct registry_call *c)
{
	return registry_ask_again(c, "POST");
}

static enum progress stored(struct registry_call *c)
{
	if (c->err.reason == REASON_NONE && c->strategy->kept && !c->strategy->kept(&c->ctx, c->new, NULL)) {
		c->old = STEAL(c->write.result);
		return registry_submit(c, WRITE_DELETE, 0, taken_back);
	}
	if (c->err.reason == REASON_NONE) {
		c->obj = STEAL(c->write.result);
		c->created = true;
		return PROGRESS_END;
	}
	registry_give_back(c, c->new, NULL);
	if (c->err.reason != REASON_ALREADY_EXISTS) {
		c->about.retry_after_s = 0;
		return PROGRESS_END;
	}
	if (c->generated && ++c->tries < GENERATE_TRIES) {
		c->err = (struct err)ERR_INIT;
		return PROGRESS_AGAIN;
	}
	return registry_progress(already_exists(c));
}

/* A dry run ends where the store begins. */
static enum progress pretend(struct registry_call *c)
{
	autoobj struct obj *there = storage_get(c->res, c->ns, c->draft->name);

	registry_give_back(c, c->new, NULL);
	if (there)
		return registry_progress(already_exists(c));
	c->obj = STEAL(c->draft);
	c->created = true;
	return PROGRESS_END;
}

static enum progress store(struct registry_call *c)
{
	pipeline_warn(c);
	if (pipeline_draft(c, c->new, &c->err) < 0) {
		registry_give_back(c, c->new, NULL);
		return PROGRESS_END;
	}
	/* should it be there already; the trees are gone by then */
	c->about.retry_after_s = *js_str0(c->new, "metadata", "generateName", NULL);
	if (c->ctx.dry_run)
		return pretend(c);
	if (c->pinned) {
		c->about.retry_after_s = 0;
		registry_give_back(c, c->new, NULL);
		return registry_progress(
			err_set(&c->err, REASON_UNKNOWN,
				"resourceVersion should not be set on objects to be created"));
	}
	return registry_submit(c, WRITE_CREATE, 0, stored);
}

registry_step_fn *const registry_create_steps[] = {
	begin,
	pipeline_prepare_create,
	pipeline_mutate_create,
	pipeline_check_create,
	pipeline_validate_create,
	store,
};

void registry_create(struct registry_call *c, js *new)
{
	c->body = new;
	if (c->kind != c->stored) {
		c->body = strategy_convert(c->kind, c->stored, new);
		js_autoput(&new);
	}
	c->generated = !*js_str0(c->body, "metadata", "name", NULL) &&
		       *js_str0(c->body, "metadata", "generateName", NULL);
	registry_start(c, registry_create_steps);
}

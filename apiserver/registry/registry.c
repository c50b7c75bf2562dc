/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a call walks through its steps, lets go of its thread and comes back.
 *
 * Whoever gets a call back (the store, admission) is not to be held up: on the store's thread nothing happens
 * but the judgement of the answer and, when that is the end, `done`. Everything else goes to a thread of the
 * caller's through `again`.
 */
#include "registry/managed_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "kinds/core/service_alloc.h"
#include "view/view.h"

#define FRESH_WAIT_NS (10 * NS_PER_S)

/* ---- the room's own ---- */

struct registry *registry_new(const struct registry_config *c, struct err *err)
{
	struct views *views = views_new(c->storage, c->schema);
	struct service_alloc *alloc =
		service_alloc_new(c->service_cidr ? c->service_cidr : "10.96.0.0/12", views, err);
	if (!alloc) {
		views_free(views);
		return NULL;
	}
	struct registry *r = MEM_NEW(struct registry);

	r->schema = c->schema;
	r->storage = c->storage;
	r->views = views;
	r->alloc = alloc;
	r->memo = managed_memo_new();
	r->admission =
		admission_new(c->schema, c->storage, views, c->admission ? c->admission : admission_builtin);
	return r;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	admission_free(r->admission);
	managed_memo_free(r->memo);
	service_alloc_free(r->alloc);
	views_free(r->views);
	free(r);
}

const struct schema *registry_schema(const struct registry *r)
{
	return r->schema;
}

struct views *registry_views(const struct registry *r)
{
	return r->views;
}

struct obj *registry_get(const struct registry *r, const struct kind *k, const char *ns, const char *name)
{
	return storage_get(storage_resource(r->storage, k), ns, name);
}

const char *registry_service_cidr(const struct registry *r)
{
	return service_alloc_cidr(r->alloc);
}

void registry_first_address(const struct registry *r, char ret[16])
{
	service_alloc_first(r->alloc, ret);
}

/* ---- a call ---- */

static void resume_admitted(struct admission_call *a)
{
	struct registry_call *c = CONTAINER_OF(a, struct registry_call, admission);

	c->again(c);
}

void registry_call_init(struct registry_call *c)
{
	const struct attributes *a = c->attr;
	struct registry *r = c->registry;

	c->kind = a->kind;
	c->stored = a->kind->storage_kind ? a->kind->storage_kind : a->kind;
	c->ns = a->kind->namespaced ? a->ns : ""; /* the router names a Namespace by itself */
	c->about = (struct subject){.kind = a->kind, .name = a->name};
	c->res = storage_resource(r->storage, c->stored);
	c->strategy = strategy_find(c->stored);
	c->ctx = (struct strategy_ctx){.storage = r->storage,
				       .schema = r->schema,
				       .alloc = r->alloc,
				       .now_ns = clock_wall_ns(),
				       .subresource = a->subresource,
				       .kind = a->kind,
				       .user = a->user,
				       .dry_run = a->dry_run,
				       .warn = c->warn,
				       .warn_arg = c->warn_arg};
	c->admission = (struct admission_call){.admission = r->admission,
					       .attr = a,
					       .kind = c->stored,
					       .ns = c->ns,
					       .now_ns = c->ctx.now_ns,
					       .causes = &c->errs,
					       .about = &c->about,
					       .resume = resume_admitted};
}

void registry_forget(struct registry_call *c)
{
	js_autoput(&c->new);
	js_autoput(&c->old_tree);
	obj_unref(c->old);
	obj_unref(c->draft);
	c->new = c->old_tree = NULL;
	c->old = c->draft = NULL;
	obj_managed_unref(STEAL(c->managed));
	c->managed_set = false;
}

void registry_call_release(struct registry_call *c)
{
	registry_forget(c);
	buf_release(&c->text);
	js_autoput(&c->body);
	js_autoput(&c->answer);
	c->body = c->answer = NULL;
	obj_unref(c->obj);
	c->obj = NULL;
	registry_collection_free(STEAL(c->collection));
	registry_eviction_free(STEAL(c->eviction));
	obj_list_release(&c->deleted);
	field_errors_release(&c->errs);
	free(STEAL(c->about_kind));
}

void registry_start(struct registry_call *c, registry_step_fn *const *steps)
{
	c->steps = steps;
	c->at = 0;
	registry_continue(c);
}

void registry_continue(struct registry_call *c)
{
	for (;;) {
		switch (c->steps[c->at](c)) {
		case PROGRESS_NEXT:
			c->at++;
			break;
		case PROGRESS_AGAIN:
			c->at = 0;
			break;
		case PROGRESS_AWAY:
			return;
		case PROGRESS_END:
			c->done(c);
			return;
		}
	}
}

static void on_fresh(struct storage_wait *w)
{
	struct registry_call *c = CONTAINER_OF(w, struct registry_call, fresh);

	c->again(c);
}

enum progress registry_catch_up(struct registry_call *c)
{
	c->fresh = (struct storage_wait){.deadline_ns = clock_mono_ns() + FRESH_WAIT_NS, .done = on_fresh};
	storage_when_fresh(c->registry->storage, &c->fresh);
	return PROGRESS_AWAY;
}

static void on_stored(struct storage_write *w)
{
	struct registry_call *c = CONTAINER_OF(w, struct registry_call, write);

	if (w->err.reason != REASON_NONE)
		c->err = w->err;
	switch (c->then(c)) {
	case PROGRESS_AWAY:
		return;
	case PROGRESS_END:
		c->done(c);
		return;
	default:
		c->at = 0;
		c->again(c);
	}
}

enum progress registry_submit(struct registry_call *c, enum write_op op, unsigned flags,
			      enum progress (*then)(struct registry_call *c))
{
	c->then = then;
	if (!c->strategy->release) { /* nobody looks at the trees any more: not left to the store's thread */
		js_autoput(&c->new);
		js_autoput(&c->old_tree);
		c->new = c->old_tree = NULL;
	}
	c->write = (struct storage_write){.op = op,
					  .resource = c->res,
					  .draft = c->draft,
					  .old = c->old,
					  .flags = flags,
					  .done = on_stored};
	storage_submit(&c->write);
	return PROGRESS_AWAY;
}

void registry_give_back(struct registry_call *c, const js *new, const js *old)
{
	if (c->strategy->release && new)
		c->strategy->release(&c->ctx, new, old);
}

/* A server that has been told of it by then gives out something else. */
enum progress registry_ask_again(struct registry_call *c, const char *method)
{
	char res[256];

	obj_unref(STEAL(c->write.result));
	err_set(&c->err, REASON_SERVER_TIMEOUT,
		"The %s operation against %s could not be completed at this time, please try again.", method,
		registry_resource_text(c->kind, res));
	return PROGRESS_END;
}

/* ---- a call inside of another ---- */

static void nested_again(struct registry_call *c)
{
	struct registry_nested *n = CONTAINER_OF(c, struct registry_nested, call);

	n->outer->again(n->outer);
}

static void nested_done(struct registry_call *c)
{
	struct registry_nested *n = CONTAINER_OF(c, struct registry_nested, call);

	n->runs = false;
	n->outer->again(n->outer);
}

void registry_nested_init(struct registry_nested *n, struct registry_call *outer)
{
	if (n->outer)
		registry_call_release(&n->call);
	n->outer = outer;
	n->attr = *outer->attr;
	n->call = (struct registry_call){.registry = outer->registry,
					 .attr = &n->attr,
					 .warn = outer->warn,
					 .warn_arg = outer->warn_arg,
					 .done = nested_done,
					 .again = nested_again};
}

void registry_nested_begin(struct registry_nested *n)
{
	registry_call_init(&n->call);
	n->runs = true;
}

bool registry_nested_runs(struct registry_nested *n)
{
	if (!n->runs)
		return false;
	registry_continue(&n->call);
	return true;
}

/* ---- what is told ---- */

void registry_about(struct registry_call *c, const char *name)
{
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->about.name = c->name;
}

void registry_about_as(struct registry_call *c, const char *kind, const char *resource)
{
	const struct kind *k = c->attr->kind;
	if (!c->about_kind)
		c->about_kind = MEM_NEW(struct kind);
	*c->about_kind =
		(struct kind){.group = k->group, .version = k->version, .kind = kind, .resource = resource};
	c->about.kind = c->about_kind;
}

int registry_refuse_kind(struct registry_call *c, const js *o, struct err *err)
{
	const struct kind *k = c->attr->kind;
	const char *kind = js_str0(o, "kind", NULL), *version = js_str0(o, "apiVersion", NULL);
	autofree char *want = mem_printf("%s/%s", k->group, k->version);
	autofree char *other = mem_printf("must be %s", want), *detail = mem_printf("must be %s", k->kind);

	registry_about_as(c, kind, k->resource);
	registry_about(c, js_str0(o, "metadata", "name", NULL));
	if (strcmp(kind, k->kind))
		field_error_invalid_str(&c->errs, "kind", kind, detail);
	if (strcmp(version, want))
		field_error_invalid_str(&c->errs, "apiVersion", version, other);
	return err_set(err, REASON_INVALID, "%s", "");
}

void registry_warn(struct registry_call *c, const char *fmt, ...)
{
	autobuf struct buf b = BUF_INIT;
	va_list ap;

	if (!c->warn)
		return;
	va_start(ap, fmt);
	buf_addvf(&b, fmt, ap);
	va_end(ap);
	c->warn(c->warn_arg, buf_str(&b));
}

int registry_check(struct registry_call *c, struct err *err)
{
	if (!c->errs.n)
		return 0;
	if (c->stored && !c->stored->type->structural) /* there is none yet while options are read */
		schema_order_errors(c->stored->type, &c->errs);
	return err_set(err, REASON_INVALID, "%s", "");
}

const char *registry_resource_text(const struct kind *k, char buf[256])
{
	snprintf(buf, 256, "%s%s%s", k->resource, *k->group ? "." : "", k->group);
	return buf;
}

int registry_not_found(struct registry_call *c, struct err *err)
{
	char res[256];

	return err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", registry_resource_text(c->kind, res),
		       c->name);
}

int registry_conflict(struct registry_call *c, struct err *err)
{
	char res[256];

	return err_set(
		err, REASON_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply your changes to the latest version and try again",
		registry_resource_text(c->kind, res), c->name);
}

/* ---- for those who can wait ---- */

static void tell(struct registry_call *c, int state)
{
	struct registry_sync *s = CONTAINER_OF(c, struct registry_sync, call);

	pthread_mutex_lock(&s->lock);
	s->state = state;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void sync_again(struct registry_call *c)
{
	tell(c, SYNC_AGAIN);
}

static void sync_done(struct registry_call *c)
{
	tell(c, SYNC_DONE);
}

void registry_sync_init(struct registry_sync *s, struct registry *r, const struct attributes *attr)
{
	*s = (struct registry_sync){
		.call = {.registry = r, .attr = attr, .again = sync_again, .done = sync_done}};
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->cond, NULL);
	registry_call_init(&s->call);
}

int registry_sync_wait(struct registry_sync *s, struct err *err)
{
	int state;

	for (;;) {
		pthread_mutex_lock(&s->lock);
		while (s->state == SYNC_RUNNING)
			pthread_cond_wait(&s->cond, &s->lock);
		state = s->state;
		s->state = SYNC_RUNNING;
		pthread_mutex_unlock(&s->lock);
		if (state == SYNC_DONE)
			break;
		registry_continue(&s->call);
	}
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->cond);
	if (s->call.err.reason == REASON_NONE)
		return 0;
	*err = s->call.err;
	return -1;
}

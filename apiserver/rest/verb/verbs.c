/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the writing verbs; patches have a file of their own. */
#include "rest/verb/delete_options.h"
#include "rest/present.h"
#include "rest/scale.h"
#include "rest/verb/verb.h"

/* ---- reading ---- */

static int read_object(struct operation *o, struct err *err)
{
	o->body = body_object(o, o->rq->attr.kind, err);
	return o->body ? 0 : -1;
}

static const struct subresource *subresource_of(const struct attributes *a)
{
	for (size_t i = 0; i < a->kind->n_subresources; i++)
		if (!strcmp(a->kind->subresources[i].name, a->subresource))
			return &a->kind->subresources[i];
	return NULL;
}

/* A body of the kind that the subresource names, in one of its versions. */
static int read_body(struct operation *o, struct err *err)
{
	const struct attributes *a = &o->rq->attr;
	const struct subresource *sub = subresource_of(a);

	if (!sub)
		return read_object(o, err);
	struct kind k = {.group = sub->group ? sub->group : a->kind->group,
			 .version = sub->version,
			 .kind = sub->kind,
			 .type = schema_type(o->rq->api->schema, sub->kind)};
	struct kind also = k;
	also.version = sub->also;
	o->body = sub->also ? body_either(o, &k, &also, err) : body_object(o, &k, err);
	return o->body ? 0 : -1;
}

/* Bindings that are a collection of their own bind Pods, too. */
static int read_binding(struct operation *o, struct err *err)
{
	struct attributes *a = &o->rq->attr;

	if (read_body(o, err) < 0)
		return -1;
	if (a->kind->virtual)
		a->kind = schema_resource(o->rq->api->schema, a->group, a->version, "pods");
	return a->kind ? 0
		       : err_set(err, REASON_NOT_FOUND, "the server could not find the requested resource");
}

static int read_eviction(struct operation *o, struct err *err)
{
	if (read_body(o, err) < 0)
		return -1;
	return delete_options_of(o, js_obj(o->body, "deleteOptions", NULL), err);
}

static int read_delete(struct operation *o, struct err *err)
{
	return delete_options_read(o, err);
}

static const struct kind list_kind = {
	.group = "meta.k8s.io", .version = "v1", .kind = "ListOptions", .resource = ""};

static int read_collection(struct operation *o, struct err *err)
{
	if (options_parse(o->rq, &o->selection, NULL, &o->call.errs, err) < 0) {
		o->call.about = (struct subject){.kind = &list_kind, .name = ""};
		return -1;
	}
	return delete_options_read(o, err);
}

/* ---- starting ---- */

static void start_create(struct operation *o)
{
	registry_create(&o->call, STEAL(o->body));
}

static void start_update(struct operation *o)
{
	registry_update(&o->call, STEAL(o->body));
}

static void start_delete(struct operation *o)
{
	registry_delete(&o->call, &o->deletion);
}

static void start_collection(struct operation *o)
{
	const struct attributes *a = &o->rq->attr;
	const struct list_options *l = &o->selection;
	/* upstream goes through it in pages, so that a revision is just that one */
	uint64_t exact = !l->after && l->has_rv && l->match == RV_MATCH_UNSET ? l->rv : options_exact(l);
	struct registry_selection which = {.query = {.ns = a->kind->namespaced ? a->ns : "",
						     .labels = l->labels,
						     .fields = l->fields.n ? &l->fields : NULL,
						     .kind = a->kind},
					   .exact = exact,
					   .at_least = l->has_rv ? l->rv : 0,
					   .after = l->after,
					   .limit = l->limit};

	registry_delete_collection(&o->call, &which, &o->deletion);
}

static void start_bind(struct operation *o)
{
	registry_bind(&o->call, STEAL(o->body));
}

static void start_eviction(struct operation *o)
{
	registry_evict(&o->call, STEAL(o->body), &o->deletion);
}

static void start_scale(struct operation *o)
{
	registry_scale(&o->call, STEAL(o->body));
}

/* ---- presenting ---- */

static void present_written(struct operation *o)
{
	present_object(o->rq, o->rs, o->call.created ? 201 : 200, o->call.obj);
}

static void present_deleted(struct operation *o)
{
	const struct registry_call *c = &o->call;
	bool orphans = o->deletion.has_orphan && !o->deletion.orphan;

	if (c->removed && !(c->strategy->flags & STRATEGY_RETURNS_DELETED))
		response_status_ok(o->rs, &o->rq->attr, c->obj->uid);
	else
		present_object(o->rq, o->rs, !c->removed && orphans ? 202 : 200, c->obj);
}

static void present_collection(struct operation *o)
{
	present_list(o->rq, o->rs, &o->accept, &o->selection, &o->call.deleted);
}

static void present_done(struct operation *o)
{
	static const char text[] =
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"code\":201}\n";

	o->rs->status = 201;
	o->rs->is_status = true;
	buf_adds(&o->rs->body, text);
}

/* What is refused for the way budgets are laid out is told as upstream does: a failure in a success. */
static void present_evicted(struct operation *o)
{
	present_done(o);
	if (!o->call.refusal)
		return;
	buf_clear(&o->rs->body);
	buf_adds(
		&o->rs->body,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":");
	buf_add_json_string(&o->rs->body, o->call.refusal, strlen(o->call.refusal));
	buf_adds(&o->rs->body, ",\"code\":500}\n");
}

static void scale_presentd(struct operation *o)
{
	scale_present(o->rq, o->rs, o->call.obj);
}

/* ---- the rows ---- */

const struct verb verb_create = {"CreateOptions", read_object, start_create, present_written, false};
const struct verb verb_update = {"UpdateOptions", read_object, start_update, present_written, false};
const struct verb verb_delete = {NULL, read_delete, start_delete, present_deleted, false};
const struct verb verb_deletecollection = {NULL, read_collection, start_collection, present_collection, true};
const struct verb verb_bind = {"CreateOptions", read_binding, start_bind, present_done, false};
const struct verb verb_evict = {"CreateOptions", read_eviction, start_eviction, present_evicted, false};
const struct verb verb_scale_update = {"UpdateOptions", read_body, start_scale, scale_presentd, true};

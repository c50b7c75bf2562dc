/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's writes take the road of everybody's, through the registry; only nobody has to be asked whether it may. */
#include "crd/crd_internal.h"
#include "kinds/apiextensions/definition.h"

static const struct user self = {
	.name = "system:apiserver",
	.uid = "",
	.groups = (const char *const[]){"system:masters", "system:authenticated", NULL},
};

static struct attributes attributes_of(const struct kind *k, const char *verb, const char *subresource,
				       const char *name)
{
	struct attributes a = ATTRIBUTES_INIT;

	a.user = &self;
	a.verb = verb;
	a.resource_request = true;
	a.group = k->group;
	a.version = k->version;
	a.resource = k->resource;
	a.subresource = subresource;
	a.kind = k;
	a.name = name;
	return a;
}

/* What a refusal has to say stands in its causes. */
static int finish(struct registry_sync *s, struct err *err)
{
	int rc = registry_sync_wait(s, err);

	if (rc < 0 && s->call.errs.n)
		err_set(err, err->reason, "%s: %s", s->call.errs.v[0].field, s->call.errs.v[0].message);
	registry_call_release(&s->call);
	return rc;
}

/* ---- status ---- */

struct status_write {
	uint64_t rv;
	const js *status;
	bool last;
};

static void drop_finalizer(js *m)
{
	js *list = js_arr(m, "finalizers", NULL);

	for (size_t i = js_len(list); i-- > 0;)
		if (!strcmp(js_str0(js_at(list, i), NULL), DEFINITION_FINALIZER))
			js_del_at(list, i);
	if (!js_len(list))
		js_del(m, "finalizers");
}

static js *change(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	const struct status_write *w = arg;

	(void)c;
	if (old->rv != w->rv) { /* it will be looked at again anyhow */
		err_set(err, REASON_CONFLICT, "the definition has changed");
		return NULL;
	}
	js *new = js_dup(old_tree);
	js_set(new, "status", js_dup(w->status));
	if (w->last)
		drop_finalizer(js_obj(new, "metadata", NULL));
	return new;
}

int crd_write_status(struct registry *r, const struct kind *k, const struct obj *o, const js *status,
		     bool last, struct err *err)
{
	struct status_write w = {.rv = o->rv, .status = status, .last = last};
	struct attributes attr = attributes_of(k, "update", "status", o->name);
	attr.manager = "kube-apiserver";
	struct registry_change c = {.make = change, .arg = &w};
	struct registry_sync s;

	registry_sync_init(&s, r, &attr);
	registry_change(&s.call, &c);
	return finish(&s, err);
}

/* ---- instances ---- */

int crd_delete_instances(struct registry *r, const struct kind *k, struct err *err)
{
	struct attributes attr = attributes_of(k, "deletecollection", "", "");
	struct registry_selection all = {.query = {.ns = "", .kind = k}};
	struct delete_options options = {.propagation = PROPAGATION_BACKGROUND};
	struct registry_sync s;

	registry_sync_init(&s, r, &attr);
	registry_delete_collection(&s.call, &all, &options);
	return finish(&s, err);
}

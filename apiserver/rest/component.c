/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ComponentStatuses (kubernetes/kubernetes pkg/registry/core/componentstatus): upstream's apiserver asks the health page of
 * each component on its own host. Components here may be anywhere, so what counts is what they say themselves: who leads
 * renews a Lease. The store answers for itself. Nothing is stored, and nobody is asked: a look into the cache.
 */
#include "rest/component.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "object/rfc3339.h"
#include "rest/options.h"
#include "rest/present.h"

#define WHY_MAX 192

typedef bool component_check(const struct api *api, const char *name, char why[WHY_MAX]);

/* Whether somebody leads: the Lease was renewed within its time. */
static bool check_leader(const struct api *api, const char *name, char why[WHY_MAX])
{
	const struct kind *k = schema_kind(api->schema, "coordination.k8s.io", "v1", "Lease");
	autofree char *lease = mem_printf("kube-%s", name);
	autoobj struct obj *o =
		k ? storage_get(storage_resource(api->storage, k), "kube-system", lease) : NULL;
	struct err ignore = ERR_INIT;
	autojson js *tree = o ? obj_tree(o, &ignore) : NULL;
	int64_t renewed, seconds = js_int(tree, 0, "spec", "leaseDurationSeconds", NULL);

	if (rfc3339_parse(js_str0(tree, "spec", "renewTime", NULL), &renewed, &ignore) == 0 &&
	    clock_wall_ns() - renewed <= seconds * NS_PER_S)
		return true;
	snprintf(why, WHY_MAX, "%s its Lease kube-system/%s",
		 tree ? "nobody has renewed" : "there is not yet", lease);
	return false;
}

static bool check_store(const struct api *api, const char *name, char why[WHY_MAX])
{
	(void)name;
	return storage_healthy(api->storage, why);
}

static const struct {
	const char *name;
	component_check *check;
} components[] = {
	{"controller-manager", check_leader},
	{"etcd-0", check_store},
	{"scheduler", check_leader},
};

/* ---- objects ---- */

static struct obj *look(const struct request *rq, size_t i, struct err *err)
{
	char why[WHY_MAX] = "";
	bool healthy = components[i].check(rq->api, components[i].name, why);
	autojson js *o = js_new_obj(), *c = js_new_obj();
	autobuf struct buf text = BUF_INIT;

	js_set_str(o, "kind", rq->attr.kind->kind);
	js_set_str(o, "apiVersion", rq->attr.kind->version);
	js_set_str(js_ensure(o, "metadata", NULL), "name", components[i].name);
	js_set_str(c, "type", "Healthy");
	js_set_str(c, "status", healthy ? "True" : "False");
	js_set_str(c, healthy ? "message" : "error", healthy ? "ok" : why);
	js_push(js_ensure_arr(o, "conditions"), STEAL(c));
	js_write(&text, o);
	return obj_new(rq->attr.kind, text.p, text.len, err);
}

void handle_component(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		if (strcmp(components[i].name, rq->attr.name))
			continue;
		autoobj struct obj *o = look(rq, i, &err);
		if (o)
			present_object(rq, rs, 200, o);
		else
			response_status(rs, &err, &rq->attr, NULL);
		return;
	}
	err_set(&err, REASON_NOT_FOUND, "componentstatuses \"%s\" not found", rq->attr.name);
	response_status(rs, &err, &rq->attr, NULL);
}

/* Of the fields only the name; a component has no labels and no namespace. */
static bool selected(const struct list_options *o, const struct obj *c)
{
	if (o->labels && !selector_matches(o->labels, c->labels))
		return false;
	for (size_t i = 0; i < o->fields.n; i++) {
		const char *value = strcmp(o->fields.v[i].field, "metadata.name") ? "" : c->name;
		if (strcmp(value, o->fields.v[i].value) ? !o->fields.v[i].negate : o->fields.v[i].negate)
			return false;
	}
	return true;
}

static int list_all(const struct request *rq, const struct list_options *o, struct obj_list *ret,
		    struct err *err)
{
	ret->v = mem_array(ARRAY_LEN(components), sizeof(struct obj *));
	ret->remaining = -1;
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		struct obj *c = look(rq, i, err);
		if (!c)
			return -1;
		if (selected(o, c))
			ret->v[ret->n++] = c;
		else
			obj_unref(c);
	}
	return 0;
}

void handle_components(struct request *rq, struct response *rs)
{
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct list_options o;
	struct obj_list list = {0};
	struct accept a;

	if (options_parse(rq, &o, &a, &errs, &err) < 0) {
		options_fail(rq, rs, &err, &errs);
		return;
	}
	if (list_all(rq, &o, &list, &err) == 0)
		present_list(rq, rs, &a, &o, &list);
	else
		response_status(rs, &err, &rq->attr, NULL);
	obj_list_release(&list);
	options_release(&o);
}

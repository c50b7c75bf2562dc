/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition is applied by force, under upstream's manager, so that others may have conditions of their own. Several
 * servers see the same and write the same: who comes second writes nothing, for nothing changes.
 */
#include "flowschemas.h"

#include "base/clock.h"
#include "base/mem.h"
#include "object/rfc3339.h"

#define GROUP "flowcontrol.apiserver.k8s.io"
#define DANGLING "Dangling"
#define MESSAGE "This FlowSchema references the PriorityLevelConfiguration object named \"%s\" %s"

static bool says(const js *schema, bool dangling, const char *message)
{
	js_array_for_each (c, js_arr(schema, "status", "conditions", NULL))
		if (!strcmp(js_str0(c, "type", NULL), DANGLING))
			return !strcmp(js_str0(c, "status", NULL), dangling ? "True" : "False") &&
			       !strcmp(js_str0(c, "reason", NULL), dangling ? "NotFound" : "Found") &&
			       !strcmp(js_str0(c, "message", NULL), message);
	return false;
}

static js *condition(const char *name, bool dangling, const char *message)
{
	js *o = js_new_obj(), *c = js_new_obj();
	char now[RFC3339_MAX];

	rfc3339_format(clock_wall_ns(), now);
	js_set_str(o, "apiVersion", GROUP "/v1");
	js_set_str(o, "kind", "FlowSchema");
	js_set_str(js_ensure(o, "metadata", NULL), "name", name);
	js_set_str(c, "type", DANGLING);
	js_set_str(c, "status", dangling ? "True" : "False");
	js_set_str(c, "reason", dangling ? "NotFound" : "Found");
	js_set_str(c, "message", message);
	js_set_str(c, "lastTransitionTime", now);
	js_push(js_ensure_arr(js_ensure(o, "status", NULL), "conditions"), c);
	return o;
}

static int apply(struct registry *r, const struct kind *k, const char *name, const js *config,
		 struct err *err)
{
	static const char *const masters[] = {"system:masters", "system:authenticated", NULL};
	static const struct user self = {.name = "system:apiserver", .uid = "", .groups = masters};
	const struct registry_apply want = {.config = config, .force = true};
	struct attributes attr = ATTRIBUTES_INIT;
	struct registry_sync s;

	attr.user = &self;
	attr.verb = "patch";
	attr.resource_request = true;
	attr.manager = "api-priority-and-fairness-config-consumer-v1";
	attr.group = k->group;
	attr.version = k->version;
	attr.resource = k->resource;
	attr.subresource = "status";
	attr.kind = k;
	attr.name = name;
	registry_sync_init(&s, r, &attr);
	registry_apply(&s.call, &want);
	int rc = registry_sync_wait(&s, err);
	registry_call_release(&s.call);
	return rc == 0 || err->reason == REASON_NOT_FOUND || err->reason == REASON_CONFLICT
		       ? 0
		       : err_wrap(err, "cannot tell flowschemas \"%s\" of its level", name);
}

static int tell(struct registry *r, const struct kind *k, const struct kind *levels, const struct obj *o,
		struct err *err)
{
	autojson js *tree = obj_tree(o, err);
	const char *name = js_str0(tree, "spec", "priorityLevelConfiguration", "name", NULL);

	if (!tree)
		return -1;
	autoobj struct obj *level = registry_get(r, levels, "", name);
	autofree char *message =
		mem_printf(MESSAGE, name, level ? "and it exists" : "but there is no such object");
	if (says(tree, !level, message))
		return 0;
	autojson js *config = condition(o->name, !level, message);
	return apply(r, k, o->name, config, err);
}

int flowschemas_keep(struct registry *r, struct storage *s, struct err *err)
{
	const struct schema *schema = registry_schema(r);
	const struct kind *k = schema_kind(schema, GROUP, "v1", "FlowSchema"),
			  *levels = schema_kind(schema, GROUP, "v1", "PriorityLevelConfiguration");
	struct query q = {.ns = "", .kind = k};
	struct obj_list there = {0};
	int rc = 0;

	if (!k || !levels)
		return 0; /* a set of kinds without them */
	if (storage_list(storage_resource(s, k), &q, 0, NULL, 0, &there, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < there.n; i++)
		rc = tell(r, k, levels, there.v[i], err);
	obj_list_release(&there);
	return rc;
}

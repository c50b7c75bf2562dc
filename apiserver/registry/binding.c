/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST pods/NAME/binding and POST bindings: the scheduler's decision becomes part of the Pod
 * (kubernetes/kubernetes pkg/registry/core/pod/storage). The hottest write of a busy cluster: the Pod is
 * valid already and only three of its fields change, so it takes the road without admission and validation.
 */
#include "registry/registry_internal.h"

#include <stdio.h>
#include "object/condition.h"
#include "object/meta.h"
#include "object/rfc3339.h"

static const struct kind binding_kind = {
	.group = "", .version = "v1", .kind = "Binding", .resource = "pods/binding"};

static PRINTF(3, 4) js *refuse(struct registry_call *c, struct err *err, const char *fmt, ...)
{
	char why[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	c->about = (struct subject){.kind = &binding_kind, .name = c->name};
	err_set(err, REASON_CONFLICT, "Operation cannot be fulfilled on pods/binding \"%s\": %s", c->name,
		why);
	return NULL;
}

static void set_scheduled(js *pod, int64_t now_ns)
{
	js *status = js_ensure(pod, "status", NULL);
	js *conditions = js_ensure_arr(status, "conditions");

	condition_set(conditions, "PodScheduled", "True", NULL, NULL, now_ns, false);
	js *c = condition_find(conditions, "PodScheduled");
	int64_t generation = js_int(pod, 0, "metadata", "generation", NULL);
	js_del(c, "reason");
	js_del(c, "message");
	if (!json_object_object_get_ex(c, "lastProbeTime", NULL))
		js_set(c, "lastProbeTime", NULL); /* is always written */
	if (generation > 0)
		js_set_int(c, "observedGeneration", generation);
}

static js *change(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		  struct err *err)
{
	const js *binding = arg;
	const char *node = js_str0(old_tree, "spec", "nodeName", NULL);

	if (old->deleting)
		return refuse(c, err, "pod %s is being deleted, cannot be assigned to a host", old->name);
	if (*node)
		return refuse(c, err, "pod %s is already assigned to node \"%s\"", old->name, node);
	if (js_len(js_arr(old_tree, "spec", "schedulingGates", NULL)))
		return refuse(c, err, "pod %s has non-empty .spec.schedulingGates", old->name);
	js *pod = json_object_get((js *)old_tree); /* trusted: the one tree is changed in place */
	js_set_str(js_ensure(pod, "spec", NULL), "nodeName", js_str0(binding, "target", "name", NULL));
	js *notes = js_obj(binding, "metadata", "annotations", NULL);
	for (struct js_iter it = js_iter(notes); js_next(&it);)
		meta_set_annotation(pod, it.key, json_object_get_string(it.value));
	set_scheduled(pod, c->ctx.now_ns);
	return pod;
}

/* Nothing makes a Status of these complaints: they are told as a failure of the server. */
static int check(struct registry_call *c, const js *binding)
{
	const char *kind = js_str0(binding, "target", "kind", NULL);
	bool wrong = *kind && strcmp(kind, "Node"), nameless = !*js_str0(binding, "target", "name", NULL);

	if (!wrong && !nameless)
		return 0;
	buf_adds(&c->text, wrong && nameless ? "[" : "");
	if (wrong) {
		buf_adds(&c->text, "target.kind: Unsupported value: ");
		buf_add_json_string(&c->text, kind, strlen(kind));
		buf_adds(&c->text, ": supported values: \"Node\", \"<empty>\"");
	}
	buf_adds(&c->text, wrong && nameless ? ", " : "");
	buf_adds(&c->text, nameless ? "target.name: Required value" : "");
	buf_adds(&c->text, wrong && nameless ? "]" : "");
	return err_set(&c->err, REASON_UNKNOWN, "%.400s", c->text.p);
}

/* Which Pod: the path says it, or the body. */
static int check_name(struct registry_call *c, js *binding)
{
	const char *mine = js_str0(binding, "metadata", "name", NULL);
	const char *name = *c->attr->name ? c->attr->name : mine;

	if (objectmeta_check_namespace(c, binding, &c->err) < 0)
		return -1;
	if (strcmp(mine, name))
		return err_set(&c->err, REASON_BAD_REQUEST,
			       "name in URL does not match name in Binding object");
	registry_about(c, name);
	if (check(c, binding) < 0)
		return -1;
	return *name ? 0 : err_set(&c->err, REASON_BAD_REQUEST, "Name parameter required.");
}

void registry_bind(struct registry_call *c, js *binding)
{
	c->body = binding;
	if (check_name(c, binding) < 0) {
		c->done(c);
		return;
	}
	struct registry_change bind = {.make = change,
				       .arg = binding,
				       .flags = CHANGE_TRUSTED | CHANGE_ADMITS_BODY,
				       .only_at = js_str0(binding, "metadata", "resourceVersion", NULL)};
	if (*c->attr->subresource) /* of a collection's items, the uid is the server's */
		bind.uid = js_str0(binding, "metadata", "uid", NULL);
	registry_change(c, &bind);
}

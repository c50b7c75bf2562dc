/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST pods/NAME/binding and POST bindings: the scheduler's decision becomes part of the Pod
 * (kubernetes/kubernetes pkg/registry/core/pod/storage). The hottest write of a busy cluster: the Pod is
 * valid already and only three of its fields change, so it takes the road without admission and validation.
 */
#include "object/condition.h"

#include <stdio.h>
#include "object/meta.h"
#include "object/rfc3339.h"
#include "rest/decode.h"
#include "rest/negotiate.h"

static const struct kind binding_kind = {
	.group = "", .version = "v1", .kind = "Binding", .resource = "pods/binding"};

static PRINTF(3, 4) js *refuse(struct write *w, struct err *err, const char *fmt, ...)
{
	char why[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	w->about = (struct subject){.kind = &binding_kind, .name = w->name};
	err_set(err, REASON_CONFLICT, "Operation cannot be fulfilled on pods/binding \"%s\": %s", w->name,
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
	if (generation > 0)
		js_set_int(c, "observedGeneration", generation);
}

static js *change(struct write *w, void *arg, const struct obj *old, const js *old_tree, struct err *err)
{
	const js *binding = arg;
	const char *node = js_str0(old_tree, "spec", "nodeName", NULL);

	if (old->deleting)
		return refuse(w, err, "pod %s is being deleted, cannot be assigned to a host", old->name);
	if (*node)
		return refuse(w, err, "pod %s is already assigned to node \"%s\"", old->name, node);
	if (js_len(js_arr(old_tree, "spec", "schedulingGates", NULL)))
		return refuse(w, err, "pod %s has non-empty .spec.schedulingGates", old->name);
	js *pod = json_object_get((js *)old_tree); /* trusted: the one tree is changed in place */
	js_set_str(js_ensure(pod, "spec", NULL), "nodeName", js_str0(binding, "target", "name", NULL));
	js *notes = js_obj(binding, "metadata", "annotations", NULL);
	for (struct js_iter it = js_iter(notes); js_next(&it);)
		meta_set_annotation(pod, it.key, json_object_get_string(it.value));
	set_scheduled(pod, w->ctx.now_ns);
	return pod;
}

static int check(struct write *w, const js *binding, struct err *err)
{
	static const char *const kinds[] = {"Node", "<empty>", NULL};
	const char *kind = js_str0(binding, "target", "kind", NULL);

	if (*kind && strcmp(kind, "Node"))
		field_error_not_supported(&w->errs, "target.kind", kind, kinds);
	if (!*js_str0(binding, "target", "name", NULL))
		field_error_required(&w->errs, "target.name", "");
	if (w->errs.n)
		w->about.kind = &binding_kind;
	return write_check(w, err);
}

static int bind(struct write *w, struct err *err)
{
	struct decode d = {.schema = w->api->schema,
			   .type = schema_type(w->api->schema, "Binding"),
			   .group = "",
			   .version = "v1",
			   .kind = "Binding",
			   .validation = w->validation,
			   .rs = w->rs};
	autojson js *binding = decode_body(&d, w->rq->content_type, w->rq->body, w->rq->body_len, err);

	if (!binding || meta_check_namespace(w, binding, err) < 0)
		return -1;
	const char *name = *w->rq->attr.name ? w->rq->attr.name : js_str0(binding, "metadata", "name", NULL);
	const char *mine = js_str0(binding, "metadata", "name", NULL);
	if (!*name)
		return err_set(err, REASON_BAD_REQUEST, "name must be provided");
	if (*mine && strcmp(mine, name))
		return err_set(err, REASON_BAD_REQUEST, "name in URL does not match name in Binding object");
	write_about(w, name);
	if (check(w, binding, err) < 0)
		return -1;
	struct update u = {.change = change,
			   .arg = binding,
			   .flags = UPDATE_TRUSTED,
			   .uid = js_str0(binding, "metadata", "uid", NULL)};
	int rc = object_update(w, name, &u, err);
	update_release(&u);
	return rc;
}

void rest_binding_create(struct request *rq, struct response *rs)
{
	struct write w;
	struct err err = ERR_INIT;

	if (write_begin(&w, rq, rs, "CreateOptions", &err) < 0 || bind(&w, &err) < 0) {
		write_fail(&w, &err);
	} else {
		rs->status = 201;
		buf_adds(
			&rs->body,
			"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\",\"code\":201}\n");
	}
	write_release(&w);
}

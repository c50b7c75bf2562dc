/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: deletion first marks them, and they go when the namespace controller has emptied
 * spec.finalizers (kubernetes/kubernetes pkg/registry/core/namespace).
 */
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/rfc3339.h"

#define FINALIZER "kubernetes"
#define NAME_LABEL "kubernetes.io/metadata.name"

static void namespace_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *spec = js_ensure(new, "spec", NULL);

	/* the label by which selectors find a namespace of a name */
	js_set_str(js_ensure(new, "metadata", "labels", NULL), NAME_LABEL,
		   js_str0(new, "metadata", "name", NULL));
	if (old) {
		if (!*ctx->subresource)
			strategy_carry(spec, js_obj(old, "spec", NULL), "finalizers");
		return;
	}
	js *status = js_new_obj();
	js_set_str(status, "phase", "Active");
	js_set(new, "status", status);
	js *list = js_ensure_arr(spec, "finalizers");
	bool has = false;
	js_array_for_each (f, list)
		has = has || !strcmp(json_object_get_string(f), FINALIZER);
	if (!has)
		js_push(list, js_new_str(FINALIZER));
}

/* Upstream names the item only when it is the finalizers that are written. */
static void validate_finalizers(const js *list, bool by_item, struct field_errors *errs)
{
	js_array_for_each (f, list) {
		const char *s = js_str0(f, NULL),
			   *path = by_item ? PATH("spec.finalizers[%zu]", f_i) : "spec.finalizers";
		struct name_faults bad;
		if (name_check_qualified(s, &bad))
			field_error_names(errs, path, s, &bad);
		if (!strchr(s, '/') && strcmp(s, FINALIZER) && strcmp(s, "orphan") &&
		    strcmp(s, "foregroundDeletion"))
			field_error_invalid_str(
				errs, path, s,
				"name is neither a standard finalizer name nor is it fully qualified");
	}
}

static void namespace_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			       struct field_errors *errs)
{
	const char *phase = js_str0(new, "status", "phase", NULL);
	bool deleting = js_get(new, "metadata", "deletionTimestamp", NULL),
	     finalize = !strcmp(ctx->subresource, "finalize");

	if (!old || finalize)
		validate_finalizers(js_arr(new, "spec", "finalizers", NULL), finalize, errs);
	if (strcmp(ctx->subresource, "status"))
		return;
	if (!deleting && strcmp(phase, "Active"))
		field_error_invalid_str(errs, "status.Phase", phase,
					"may only be 'Active' if `deletionTimestamp` is empty");
	if (deleting && strcmp(phase, "Terminating"))
		field_error_invalid_str(errs, "status.Phase", phase,
					"may only be 'Terminating' if `deletionTimestamp` is not empty");
}

static bool namespace_hold(const struct strategy_ctx *ctx, js *o)
{
	js *m = js_obj(o, "metadata", NULL);
	char now[RFC3339_MAX];

	if (!js_field(m, "deletionTimestamp")) {
		rfc3339_format(ctx->now_ns, now);
		js_set_str(m, "deletionTimestamp", now);
		js_set_str(js_ensure(o, "status", NULL), "phase", "Terminating");
	}
	return js_len(js_arr(o, "spec", "finalizers", NULL)) > 0;
}

const struct strategy namespace_strategy = {
	.group = "",
	.kind = "Namespace",
	.flags = STRATEGY_RETURNS_DELETED | STRATEGY_SPEC_FINALIZERS,
	.prepare = namespace_prepare,
	.validate = namespace_validate,
	.hold = namespace_hold,
};

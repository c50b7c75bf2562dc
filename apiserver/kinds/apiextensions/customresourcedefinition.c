/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CustomResourceDefinitions: names by default, what the server owns of the status, and deletion, which first empties the
 * resource (kubernetes/apiextensions-apiserver pkg/registry/customresourcedefinition). What they must satisfy is
 * definition_validate.c's.
 */
#include "kinds/apiextensions/apiextensions_internal.h"
#include "kinds/strategies.h"
#include "object/condition.h"
#include "object/rfc3339.h"

static void crd_default(js *o)
{
	js *names = js_obj(o, "spec", "names", NULL);
	const char *kind = js_str0(names, "kind", NULL);
	autobuf struct buf text = BUF_INIT;

	if (!*kind)
		return;
	if (!*js_str0(names, "singular", NULL)) {
		for (const char *p = kind; *p; p++)
			buf_addc(&text, *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p);
		js_set_str(names, "singular", buf_str(&text));
	}
	buf_clear(&text);
	buf_addf(&text, "%sList", kind);
	if (!*js_str0(names, "listKind", NULL))
		js_set_str(names, "listKind", buf_str(&text));
}

static js *empty_status(void)
{
	js *status = js_new_obj(), *names = js_ensure(status, "acceptedNames", NULL);

	js_set_str(names, "plural", "");
	js_set_str(names, "kind", "");
	js_set(status, "conditions", NULL);
	js_set(status, "storedVersions", js_new_arr());
	return status;
}

/* What is stored in this version from now on cannot be without it before everything is stored in another one. */
static void note_stored(js *o)
{
	js *stored = js_ensure_arr(js_ensure(o, "status", NULL), "storedVersions");

	js_array_for_each (v, js_arr(o, "spec", "versions", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		if (!js_bool(v, false, "storage", NULL))
			continue;
		js_array_for_each (was, stored)
			if (!strcmp(js_str0(was, NULL), name))
				return;
		js_push(stored, js_new_str(name));
		return;
	}
}

static void crd_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (*ctx->subresource) {
		if (!js_len(js_arr(new, "status", "storedVersions", NULL)))
			note_stored(new); /* none is the one of now */
		return;
	}
	if (!old)
		js_set(new, "status", empty_status());
	note_stored(new);
}

/* Upstream's own store marks it, before anything else has a say. */
static bool crd_hold(const struct strategy_ctx *ctx, js *o)
{
	js *m = js_obj(o, "metadata", NULL), *list;
	char now[RFC3339_MAX];
	bool has = false;

	if (js_field(m, "deletionTimestamp"))
		return false;
	rfc3339_format(ctx->now_ns, now);
	js_set_str(m, "deletionTimestamp", now);
	list = js_ensure_arr(m, "finalizers");
	js_array_for_each (f, list)
		has |= !strcmp(js_str0(f, NULL), DEFINITION_FINALIZER);
	if (!has)
		js_push(list, js_new_str(DEFINITION_FINALIZER));
	condition_set(js_ensure_arr(js_ensure(o, "status", NULL), "conditions"), "Terminating", "True",
		      "InstanceDeletionPending",
		      "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
		      ctx->now_ns, false);
	return true;
}

const struct strategy customresourcedefinition_strategy = {
	.group = "apiextensions.k8s.io",
	.kind = "CustomResourceDefinition",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.default_more = crd_default,
	.prepare = crd_prepare,
	.validate = definition_validate,
	.warn = definition_warn,
	.hold = crd_hold,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is taken but does not do what it says: rules in CEL, which nobody enforces yet, conversion by webhook, and formats
 * that nobody knows (kubernetes/apiextensions-apiserver pkg/registry/customresourcedefinition warns of these as well).
 */
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"
#include "object/schema.h"

#define TOLD_MAX 8 /* of one sort */

struct warning {
	const struct strategy_ctx *ctx;
	struct definition_walk w;
	struct unique formats; /* told, or known before */
	size_t rules, told;
	bool silent; /* looks at what was there before */
};

static void look(struct warning *a, const js *s);

static void look_into(struct warning *a, const js *s, const char *fmt, const char *key, size_t i)
{
	size_t start = a->w.path.len;

	if (!js_is_obj(s))
		return;
	definition_enter(&a->w, ".%s", key);
	if (*fmt)
		definition_enter(&a->w, "[%zu]", i);
	look(a, s);
	definition_leave(&a->w, start);
}

static void note_format(struct warning *a, const js *s)
{
	const char *format = js_str0(s, "format", NULL);

	if (!*format || strcmp(js_str0(s, "type", NULL), "string") || schema_knows_format(format) ||
	    unique_seen(&a->formats, format) || a->silent || a->told++ >= TOLD_MAX)
		return;
	strategy_warn(a->ctx, "unrecognized format \"%s\"", format);
}

static void note_rules(struct warning *a, const js *s)
{
	if (a->silent || !js_len(js_arr(s, "x-kubernetes-validations", NULL)) || a->rules++ >= TOLD_MAX)
		return;
	strategy_warn(a->ctx, "%s.x-kubernetes-validations: these rules are not enforced by this server yet",
		      buf_str(&a->w.path));
}

static void look(struct warning *a, const js *s)
{
	static const char *const lists[] = {"allOf", "anyOf", "oneOf"}, *const parts[] = {
										"items",
										"additionalProperties",
										"not"};

	note_format(a, s);
	note_rules(a, s);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (branch, js_arr(s, lists[i], NULL))
			look_into(a, branch, "[]", lists[i], branch_i);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		look_into(a, js_field(s, parts[i]), "", parts[i], 0);
	for (struct js_iter it = js_iter(js_obj(s, "properties", NULL)); js_next(&it);) {
		size_t start = a->w.path.len;
		definition_enter(&a->w, ".properties[%s]", it.key);
		look(a, it.value);
		definition_leave(&a->w, start);
	}
}

static void look_all(struct warning *a, const js *crd)
{
	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL)) {
		definition_enter(&a->w, "spec.versions[%zu].schema.openAPIV3Schema", v_i);
		look(a, js_obj(v, "schema", "openAPIV3Schema", NULL));
		definition_leave(&a->w, 0);
	}
}

void definition_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	struct warning a = {.ctx = ctx};

	if (*ctx->subresource || js_equal(js_field(new, "spec"), js_field(old, "spec")))
		return;
	if (old) {
		a.silent = true;
		look_all(&a, old);
		a.silent = false;
	}
	look_all(&a, new);
	if (!strcmp(js_str0(new, "spec", "conversion", "strategy", NULL), "Webhook"))
		strategy_warn(
			ctx,
			"spec.conversion.strategy: webhooks are not called by this server yet: only the version that is stored is served");
	unique_release(&a.formats);
	definition_walk_release(&a.w);
}

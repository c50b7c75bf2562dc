/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the users' own kinds (kubernetes/apiextensions-apiserver pkg/registry/customresource): one strategy for all
 * of them. What their schema says is the schema's to check; here is what a CRD says beside it: status and scale.
 */
#include <limits.h>
#include "base/unique.h"
#include "kinds/strategies.h"
#include "object/name.h"

static const struct subresource *scale_of(const struct kind *k)
{
	for (size_t i = 0; k && i < k->n_subresources; i++)
		if (!strcmp(k->subresources[i].name, "scale"))
			return &k->subresources[i];
	return NULL;
}

/* PUT and PATCH of …/status change nothing else, not even metadata, but who manages what. */
static void keep_metadata(js *new, const js *old)
{
	js *managed = js_take(js_obj(new, "metadata", NULL), "managedFields");

	strategy_carry(new, old, "metadata");
	js *m = js_ensure(new, "metadata", NULL);
	js_del(m, "resourceVersion");
	js_del(m, "managedFields");
	if (managed)
		js_set(m, "managedFields", managed);
}

/* What the client says of the status is not heard; what the schema says of one that is not there is in every reply. */
static void begin_status(const struct kind *k, js *new)
{
	js_del(new, "status");
	schema_default(k->storage_kind->type, new);
}

static void custom_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	bool status = !strcmp(ctx->subresource, "status");

	if (!old && ctx->kind && ctx->kind->has_status)
		begin_status(ctx->kind, new);
	if (old && status)
		keep_metadata(new, old);
}

/* ---- scale ---- */

/* The value at a dotted path; NULL = none. *ret_blocked is what stands in the way of it, NULL = nothing, and *ret_to how far of
   the path that is. */
static const js *at_path(const js *o, const char *path, const js **ret_blocked, size_t *ret_to)
{
	const char *start = path;
	char key[256];

	*ret_blocked = NULL;
	for (;; path++) {
		size_t n = strcspn(path, ".");
		if (!js_is_obj(o)) {
			*ret_blocked = o;
			*ret_to = (size_t)(path - start) + n;
			return NULL;
		}
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		o = js_field(o, key);
		path += n;
		if (!o || !*path)
			return o;
	}
}

static const char *go_type(const js *v)
{
	return js_is_str(v)    ? "string"
	       : js_is_bool(v) ? "bool"
	       : js_is_arr(v)  ? "[]interface {}"
	       : js_is_obj(v)  ? "map[string]interface {}"
	       : js_is_int(v)  ? "int64"
			       : "float64";
}

/* As Go's unstructured.NestedInt64 and NestedString complain. */
static void wrong_type(struct field_errors *errs, const char *path, const char *way, const js *v,
		       const char *zero, const char *want)
{
	autobuf struct buf field = BUF_INIT, message = BUF_INIT;

	buf_addf(&field, ".%s", path);
	buf_addf(&message, "Invalid value: %s: .%s accessor error: ", zero, way);
	if (js_is_str(v))
		buf_adds(&message, js_str0(v, NULL));
	else
		js_write(&message, v);
	buf_addf(&message, " is of the type %s, expected %s", go_type(v), want);
	field_errors_add(errs, "FieldValueInvalid", mem_strdup(buf_str(&field)), buf_take(&message, NULL));
}

/* The value, if nothing stands in its way; what does is told. */
static const js *reach(struct field_errors *errs, const js *o, const char *path, const char *zero)
{
	const js *blocked;
	size_t to;
	const js *v = at_path(o, path, &blocked, &to);
	autofree char *way = blocked ? mem_printf("%.*s", (int)to, path) : NULL;

	if (blocked)
		wrong_type(errs, path, way, blocked, zero, "map[string]interface{}");
	return v;
}

static void check_replicas(struct field_errors *errs, const js *o, const char *path)
{
	const js *v = reach(errs, o, path, "0");
	autofree char *field = mem_printf(".%s", path);

	if (!v)
		return;
	if (!js_is_int(v))
		wrong_type(errs, path, path, v, "0", "int64");
	else if (json_object_get_int64(v) < 0)
		field_error_invalid(errs, field, v, "should be a non-negative integer");
	else if (json_object_get_int64(v) > INT_MAX)
		field_error_invalid(errs, field, v, "should be less than or equal to 2147483647");
}

static void custom_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	const struct subresource *scale = scale_of(ctx->kind);

	(void)old;
	if (!scale)
		return;
	if (strcmp(ctx->subresource, "status"))
		check_replicas(errs, new, scale->replicas);
	check_replicas(errs, new, scale->status_replicas);
	const js *text = *scale->selector ? reach(errs, new, scale->selector, "\"\"") : NULL;
	if (text && !js_is_str(text))
		wrong_type(errs, scale->selector, scale->selector, text, "\"\"", "string");
}

/* ---- finalizers ---- */

static void warn_of(const struct strategy_ctx *ctx, const char *finalizer)
{
	static const char *const standard[] = {"orphan", "foregroundDeletion", "kubernetes"};
	struct name_faults bad;
	size_t n = name_check_qualified(finalizer, &bad);

	for (size_t i = 0; i < n; i++)
		strategy_warn(ctx, "metadata.finalizers: \"%s\": %s", finalizer, bad.v[i]);
	for (size_t i = 0; i < ARRAY_LEN(standard); i++)
		if (!strcmp(finalizer, standard[i]))
			return;
	if (!strchr(finalizer, '/'))
		strategy_warn(
			ctx,
			"metadata.finalizers: \"%s\": prefer a domain-qualified finalizer name %sto avoid accidental conflicts with other finalizer writers",
			finalizer, strchr(finalizer, '.') ? "including a path (/) " : "");
}

static void custom_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	autounique struct unique known = {.n = 0};

	js_array_for_each (f, js_arr(old, "metadata", "finalizers", NULL))
		unique_seen(&known, js_str0(f, NULL));
	js_array_for_each (f, js_arr(new, "metadata", "finalizers", NULL))
		if (!unique_seen(&known, js_str0(f, NULL)))
			warn_of(ctx, js_str0(f, NULL));
}

const struct strategy customresource_strategy = {
	.group = "",
	.kind = "",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.prepare = custom_prepare,
	.validate = custom_validate,
	.warn = custom_warn,
};

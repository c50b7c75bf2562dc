/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition must satisfy beyond its own form (kubernetes/apiextensions-apiserver
 * pkg/apis/apiextensions/validation/validation.go), in upstream's order.
 *
 * Upstream judges its internal form, in which what is the same in all versions stands once, at the top: an error in the
 * schema of the only version is reported below spec.validation, not below spec.versions[0].schema.
 */
#include "base/rune.h"
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"
#include "object/name.h"

#define VERSIONS_MAX 256 /* upstream's limit is the size of an object */

/* ---- names ---- */

static void check_label(struct definition_walk *w, const char *field, const char *value, const char *lead)
{
	autobuf struct buf lower = BUF_INIT, detail = BUF_INIT;
	struct name_faults bad;

	for (const char *p = value; *p; p++)
		buf_addc(&lower, *lead && *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p);
	if (!*value || !name_check_dns1035_label(buf_str(&lower), &bad))
		return;
	buf_adds(&detail, lead);
	name_faults_join(&bad, ",", &detail);
	field_error_invalid_str(w->errs, definition_path(w, ".%s", field), value, buf_str(&detail));
}

static void check_labels(struct definition_walk *w, const js *names, const char *key)
{
	js_array_for_each (name, js_arr(names, key, NULL)) {
		autofree char *field = mem_printf("%s[%zu]", key, name_i);
		const char *text = js_str0(name, NULL);
		struct name_faults bad;
		autobuf struct buf detail = BUF_INIT;
		if (!name_check_dns1035_label(text, &bad))
			continue;
		name_faults_join(&bad, ",", &detail);
		field_error_invalid_str(w->errs, definition_path(w, ".%s", field), text, buf_str(&detail));
	}
}

static void check_names(struct definition_walk *w, const js *names)
{
	static const char mixed[] = "may have mixed case, but should otherwise match: ";
	const char *kind = js_str0(names, "kind", NULL), *list = js_str0(names, "listKind", NULL);

	check_label(w, "plural", js_str0(names, "plural", NULL), "");
	check_label(w, "singular", js_str0(names, "singular", NULL), "");
	check_label(w, "kind", kind, mixed);
	check_label(w, "listKind", list, mixed);
	check_labels(w, names, "shortNames");
	if (*kind && !strcmp(kind, list))
		field_error_invalid_str(w->errs, definition_path(w, ".listKind"), list,
					"kind and listKind may not be the same");
	check_labels(w, names, "categories");
}

static void check_required_names(struct definition_walk *w, const js *names)
{
	static const char *const keys[] = {"plural", "singular", "kind", "listKind"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!*js_str0(names, keys[i], NULL))
			field_error_required(w->errs, definition_path(w, ".%s", keys[i]), "");
}

/* ---- schemas ---- */

/* With a status of its own, the root must leave it whole. */
static void check_root(struct definition_walk *w, const js *s)
{
	static const char *const fine[] = {"description",
					   "format",
					   "title",
					   "maximum",
					   "exclusiveMaximum",
					   "minimum",
					   "exclusiveMinimum",
					   "maxLength",
					   "minLength",
					   "pattern",
					   "maxItems",
					   "minItems",
					   "uniqueItems",
					   "multipleOf",
					   "required",
					   "items",
					   "properties",
					   "externalDocs",
					   "example",
					   "x-kubernetes-preserve-unknown-fields",
					   "x-kubernetes-validations"};

	for (struct js_iter it = js_iter(s); js_next(&it);) {
		size_t i = 0;
		while (i < ARRAY_LEN(fine) && strcmp(it.key, fine[i]))
			i++;
		if (!strcmp(it.key, "type") && strcmp(js_str0(it.value, NULL), "object")) {
			field_error_invalid(
				w->errs, definition_path(w, ".type"), it.value,
				"only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled");
			return;
		}
		if (i == ARRAY_LEN(fine) && strcmp(it.key, "type")) {
			field_error_invalid(
				w->errs, definition_path(w, "%s", ""), s,
				"only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items "
				"Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled");
			return;
		}
	}
}

/* Its form, then its defaults: those of what has no form cannot be judged. -1 with *err: there is no validator of it. */
static int check_form(struct definition_walk *w, const struct strategy_ctx *ctx, const js *s, struct err *err)
{
	size_t before = w->errs->n;

	definition_check_structural(w, s);
	if (w->errs->n != before || !ctx->schema)
		return 0;
	return schema_openapi_check(ctx->schema, s, buf_str(&w->path), w->rules.pruned, w->errs, err);
}

static void check_schema(struct definition_walk *w, const struct strategy_ctx *ctx, const js *validation,
			 bool status)
{
	const js *s = js_obj(validation, "openAPIV3Schema", NULL);
	size_t start = w->path.len, before = w->errs->n;
	struct err err = ERR_INIT;

	if (!s)
		return;
	definition_enter(w, ".openAPIV3Schema");
	if (status)
		check_root(w, s);
	if (js_bool(s, false, "nullable", NULL))
		field_error_forbidden(w->errs, definition_path(w, ".nullable"),
				      "nullable cannot be true at the root");
	const char *why = w->rules.structural ? definition_unsupported(s) : NULL;
	bool built = !w->rules.structural || why || check_form(w, ctx, s, &err) == 0;
	definition_check_openapi(w, s);
	if (w->errs->n == before && why) {
		autofree char *detail = mem_printf("OpenAPIV3Schema '%s' is not supported", why);
		field_error_invalid_str(w->errs, definition_path(w, "%s", ""), "", detail);
	}
	definition_leave(w, start);
	/* of a type that was let pass before, none can be made */
	if (w->errs->n == before && !built && w->rules.types) {
		autofree char *detail = mem_printf("error building validator: %s", err.msg);
		field_error_invalid_str(w->errs, definition_path(w, "%s", ""), "", detail);
	}
}

/* ---- versions ---- */

/* Which parts are the same in all versions. */
struct shared {
	bool schema, subresources, columns, selectable;
	bool any_status; /* some version has a status of its own */
};

static bool same_everywhere(const js *versions, const char *key)
{
	const js *first = js_field(js_at(versions, 0), key);

	js_array_for_each (v, versions)
		if (!js_equal(js_field(v, key), first))
			return false;
	return true;
}

static void check_part(struct definition_walk *w, const struct strategy_ctx *ctx, const js *v,
		       struct shared is, bool top)
{
	static const char *const names[2][4] = {
		{".schema", ".subresources", ".additionalPrinterColumns", ".selectableFields"},
		{".validation", ".subresources", ".additionalPrinterColumns", ".selectableFields"}};
	const js *fields = js_arr(v, "selectableFields", NULL),
		 *schema = js_obj(v, "schema", "openAPIV3Schema", NULL);
	size_t start = w->path.len;

	if (is.schema == top) {
		definition_enter(w, "%s", names[top][0]);
		check_schema(w, ctx, js_obj(v, "schema", NULL),
			     top ? is.any_status : js_obj(v, "subresources", "status", NULL) != NULL);
		definition_leave(w, start);
	}
	if (is.subresources == top) {
		definition_enter(w, "%s", names[top][1]);
		definition_check_subresources(w, js_obj(v, "subresources", NULL));
		definition_leave(w, start);
	}
	if (is.columns == top) {
		definition_enter(w, "%s", names[top][2]);
		definition_check_columns(w, js_arr(v, "additionalPrinterColumns", NULL));
		definition_leave(w, start);
	}
	if (is.selectable != top || !js_len(fields))
		return;
	definition_enter(w, "%s", names[top][3]);
	/* the texts are upstream's */
	if (top ? !is.schema || !js_obj(v, "schema", NULL) : !schema)
		field_error_invalid_str(
			w->errs, definition_path(w, "%s", ""), "",
			top ? "may only be set when validations.schema is included"
			    : "may only be set when `version.schema.openAPIV3Schema` is not included");
	else if (schema)
		definition_check_selectables(w, fields, schema);
	definition_leave(w, start);
}

static void check_printable(struct definition_walk *w, const char *text)
{
	for (const char *p = text; *p;) {
		const char *at = p;
		if (rune_is_printable(rune_next(&p)))
			continue;
		autofree char *detail = mem_printf(
			"must only contain printable UTF-8 characters; non-printable character found at index %zu",
			(size_t)(at - text));
		field_error_invalid_str(w->errs, definition_path(w, ".deprecationWarning"), text, detail);
		return;
	}
}

static void check_deprecation(struct definition_walk *w, const js *v)
{
	const char *text = js_str(v, "deprecationWarning", NULL);

	if (!text)
		return;
	if (!js_bool(v, false, "deprecated", NULL)) {
		field_error_invalid_str(w->errs, definition_path(w, ".deprecationWarning"), text,
					"can only be set for deprecated versions");
		return;
	}
	if (strlen(text) > 256)
		field_error_invalid_str(w->errs, definition_path(w, ".deprecationWarning"), text,
					"must be <= 256 characters long");
	if (!*text)
		field_error_invalid_str(w->errs, definition_path(w, ".deprecationWarning"), text,
					"must not be an empty string");
	check_printable(w, text);
}

static void check_version(struct definition_walk *w, const struct strategy_ctx *ctx, const js *v, size_t i,
			  struct shared is)
{
	const char *name = js_str0(v, "name", NULL);
	autobuf struct buf detail = BUF_INIT;
	struct name_faults bad;
	size_t start = w->path.len;

	definition_enter(w, ".versions[%zu]", i);
	if (name_check_dns1035_label(name, &bad)) {
		name_faults_join(&bad, ",", &detail);
		field_error_invalid_str(w->errs, definition_path(w, ".name"), name, buf_str(&detail));
	}
	check_deprecation(w, v);
	check_part(w, ctx, v, is, false);
	definition_leave(w, start);
}

/* Each version has a schema; where older ones had none, those that are served and pruned. */
static void check_schemas(struct definition_walk *w, const js *versions, bool preserve)
{
	js_array_for_each (v, versions) {
		bool pruned = !preserve && js_bool(v, false, "served", NULL);
		autofree char *path = mem_printf(".versions[%zu].schema.openAPIV3Schema", v_i);
		if (!js_obj(v, "schema", "openAPIV3Schema", NULL) && (w->rules.schemas || pruned))
			field_error_required(w->errs, definition_path(w, "%s", path),
					     w->rules.schemas ? ""
							      : "because otherwise all fields are pruned");
	}
}

static void check_versions(struct definition_walk *w, const struct strategy_ctx *ctx, const js *versions,
			   struct shared is)
{
	autounique struct unique names = {.n = 0};
	size_t stored = 0;
	bool twice = false;

	js_array_for_each (v, versions) {
		check_version(w, ctx, v, v_i, is);
		stored += js_bool(v, false, "storage", NULL);
		twice |= unique_seen(&names, js_str0(v, "name", NULL));
	}
	if (twice)
		field_error_invalid(w->errs, definition_path(w, ".versions"), versions,
				    "must contain unique version names");
	if (stored != 1)
		field_error_invalid(w->errs, definition_path(w, ".versions"), versions,
				    "must have exactly one version marked as storage version");
}

/* ---- spec ---- */

static void check_group(struct definition_walk *w, const char *group)
{
	autobuf struct buf detail = BUF_INIT;
	struct name_faults bad;

	if (!*group) {
		field_error_required(w->errs, definition_path(w, ".group"), "");
	} else if (name_check_dns1123_subdomain(group, &bad)) {
		name_faults_join(&bad, ",", &detail);
		field_error_invalid_str(w->errs, definition_path(w, ".group"), group, buf_str(&detail));
	} else if (!strchr(group, '.')) {
		field_error_invalid_str(w->errs, definition_path(w, ".group"), group,
					"should be a domain with at least one dot");
	}
}

static void check_spec(struct definition_walk *w, const struct strategy_ctx *ctx, const js *spec)
{
	static const char *const scopes[] = {"Cluster", "Namespaced", NULL};
	const char *scope = js_str0(spec, "scope", NULL);
	const js *versions = js_arr(spec, "versions", NULL), *first = js_at(versions, 0);
	struct shared is = {.schema = same_everywhere(versions, "schema"),
			    .subresources = same_everywhere(versions, "subresources"),
			    .columns = same_everywhere(versions, "additionalPrinterColumns"),
			    .selectable = same_everywhere(versions, "selectableFields")};
	autobuf struct buf detail = BUF_INIT;
	struct name_faults bad;
	size_t start = w->path.len;

	js_array_for_each (v, versions)
		is.any_status |= js_obj(v, "subresources", "status", NULL) != NULL;
	check_group(w, js_str0(spec, "group", NULL));
	if (!*scope)
		field_error_required(w->errs, definition_path(w, ".scope"), "");
	else if (strcmp(scope, "Cluster") && strcmp(scope, "Namespaced"))
		field_error_not_supported(w->errs, definition_path(w, ".scope"), scope, scopes);
	if (js_len(versions) > VERSIONS_MAX) {
		field_error_too_many(w->errs, definition_path(w, ".versions"), (int)js_len(versions),
				     VERSIONS_MAX);
		return;
	}
	const js *preserve = js_field(spec, "preserveUnknownFields");
	check_schemas(w, versions, js_bool(preserve, false, NULL));
	if (js_bool(preserve, false, NULL) && definition_uses_defaults(spec))
		field_error_invalid(w->errs, definition_path(w, ".preserveUnknownFields"), preserve,
				    "must be false in order to use defaults in the schema");
	check_versions(w, ctx, versions, is);
	if (first && *js_str0(first, "name", NULL) &&
	    name_check_dns1035_label(js_str0(first, "name", NULL), &bad)) {
		name_faults_join(&bad, ",", &detail);
		field_error_invalid_str(w->errs, definition_path(w, ".version"), js_str0(first, "name", NULL),
					buf_str(&detail));
	}
	definition_enter(w, ".names");
	check_required_names(w, js_obj(spec, "names", NULL));
	check_names(w, js_obj(spec, "names", NULL));
	definition_leave(w, start);
	check_part(w, ctx, first, is, true);
	definition_enter(w, ".conversion");
	definition_check_conversion(w, spec);
	definition_leave(w, start);
}

/* ---- updates ---- */

static void check_unchanged(struct field_errors *errs, const js *new, const js *old, const char *path)
{
	if (!js_equal(new, old))
		field_error_invalid(errs, path, new, "field is immutable");
}

static void check_update(const js *new, const js *old, bool settled, struct field_errors *errs)
{
	const js *is = js_obj(new, "spec", NULL), *was = js_obj(old, "spec", NULL);
	const js *names = js_obj(is, "names", NULL), *had = js_obj(was, "names", NULL);

	if (settled) {
		check_unchanged(errs, js_field(is, "scope"), js_field(was, "scope"), "spec.scope");
		check_unchanged(errs, js_field(names, "kind"), js_field(had, "kind"), "spec.names.kind");
	}
	check_unchanged(errs, js_field(is, "group"), js_field(was, "group"), "spec.group");
	check_unchanged(errs, js_field(names, "plural"), js_field(had, "plural"), "spec.names.plural");
}

/* ---- status ---- */

static void check_stored(const js *crd, struct field_errors *errs)
{
	const js *stored = js_arr(crd, "status", "storedVersions", NULL),
		 *versions = js_arr(crd, "spec", "versions", NULL);
	autounique struct unique listed = {.n = 0}, present = {.n = 0};

	if (!js_len(stored)) {
		field_error_invalid(errs, "status.storedVersions", NULL,
				    "must have at least one stored version");
		return;
	}
	js_array_for_each (v, stored)
		unique_seen(&listed, js_str0(v, NULL));
	js_array_for_each (v, versions) {
		const char *name = js_str0(v, "name", NULL);
		unique_seen(&present, name);
		if (!js_bool(v, false, "storage", NULL) || unique_has(&listed, name))
			continue;
		autofree char *detail = mem_printf("must have the storage version %s", name);
		field_error_invalid(errs, "status.storedVersions", stored, detail);
	}
	/* the last place of each */
	autounique struct unique told = {.n = 0};
	for (size_t i = js_len(stored); i-- > 0;) {
		const char *name = js_str0(js_at(stored, i), NULL);
		if (unique_has(&present, name) || unique_seen(&told, name))
			continue;
		autofree char *detail = mem_printf(
			"missing from spec.versions; %s was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in %s and "
			"removes %s from status.storedVersions",
			name, name, name);
		field_error_invalid_str(errs, PATH("status.storedVersions[%zu]", i), name, detail);
	}
}

/* ---- all of it ---- */

static void check_name(const js *crd, struct field_errors *errs)
{
	static const char *const names[] = {"generateName", "name"};
	autofree char *want = mem_printf("%s.%s", js_str0(crd, "spec", "names", "plural", NULL),
					 js_str0(crd, "spec", "group", NULL));

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *name = js_str0(crd, "metadata", names[i], NULL);
		if (*name && strcmp(name, want))
			field_error_invalid_str(errs, PATH("metadata.%s", names[i]), name,
						"must be spec.names.plural+\".\"+spec.group");
	}
}

static void check_approval(const js *new, const js *old, struct field_errors *errs)
{
	static const char path[] = "metadata.annotations[" DEFINITION_APPROVED "]";
	const char *reason, *text = js_str0(new, "metadata", "annotations", DEFINITION_APPROVED, NULL);
	autobuf struct buf ignored = BUF_INIT, detail = BUF_INIT;

	if (!definition_is_protected(js_str0(new, "spec", "group", NULL)))
		return;
	reason = definition_approval(text, &detail);
	if (old && !strcmp(reason, definition_approval(
					   js_str0(old, "metadata", "annotations", DEFINITION_APPROVED, NULL),
					   &ignored)))
		return;
	if (!strcmp(reason, "MissingAnnotation"))
		field_error_required(errs, path, buf_str(&detail));
	else if (!strcmp(reason, "InvalidAnnotation"))
		field_error_invalid_str(errs, path, text, buf_str(&detail));
}

void definition_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs)
{
	struct definition_walk w = {.errs = errs};
	const js *keep = js_get(new, "spec", "preserveUnknownFields", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		definition_enter(&w, "status.acceptedNames");
		check_names(&w, js_obj(new, "status", "acceptedNames", NULL));
		definition_walk_release(&w);
		return;
	}
	w.rules = definition_rules(ctx, new, old);
	if (!old)
		check_name(new, errs);
	definition_enter(&w, "spec");
	check_spec(&w, ctx, js_obj(new, "spec", NULL));
	if (old)
		check_update(new, old, w.rules.names, errs);
	definition_leave(&w, 0);
	definition_enter(&w, "status.acceptedNames");
	check_names(&w, js_obj(new, "status", "acceptedNames", NULL));
	definition_walk_release(&w);
	check_stored(new, errs);
	check_approval(new, old, errs);
	if (js_bool(keep, false, NULL) && !js_bool(old, false, "spec", "preserveUnknownFields", NULL))
		field_error_invalid(
			errs, "spec.preserveUnknownFields", keep,
			"cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
}

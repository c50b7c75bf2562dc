/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/resource/device.h"

#include <ctype.h>
#include <string.h>
#include "object/name.h"
#include "storage/storage.h"

#define RAW_MAX (10 << 10)
#define ALTERNATIVES_MAX 8
#define POOL_MAX 253
#define ID_MAX 32
#define ADMIN_LABEL "resource.kubernetes.io/admin-access"
#define BAD_REFERENCE                                                                                        \
	"must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

/* ---- what upstream drops ---- */

void device_drop_fields(js *o, const char *const *fields)
{
	for (; o && *fields; fields++)
		js_del(o, *fields);
}

void device_drop(js *claim)
{
	static const char *const of_requests[] = {"capacity", NULL};

	js_array_for_each (r, js_arr(claim, "requests", NULL)) {
		device_drop_fields(js_obj(r, "exactly", NULL), of_requests);
		js_array_for_each (s, js_arr(r, "firstAvailable", NULL))
			device_drop_fields(s, of_requests);
	}
}

/* ---- lists ---- */

void device_check_size(const js *list, size_t max, enum device_look look, const char *path,
		       struct field_errors *errs)
{
	char was = errs->look;

	errs->look = (char)look;
	if (js_len(list) > max)
		field_error_too_many(errs, path, (int)js_len(list), (int)max);
	errs->look = was;
}

void device_check_repeated(struct unique *seen, const char *key, const char *value, enum device_look look,
			   const char *path, struct field_errors *errs)
{
	char was = errs->look;

	if (!unique_seen(seen, key))
		return;
	errs->look = (char)look;
	if (value)
		field_error_duplicate(errs, path, value);
	else
		field_errors_add(errs, "FieldValueDuplicate", mem_strdup(path),
				 mem_strdup("Duplicate value: " DEVICE_UNSHOWN));
	errs->look = was;
}

/* ---- names ---- */

void device_request_names(const js *claim, struct unique *ret)
{
	js_array_for_each (r, js_arr(claim, "requests", NULL)) {
		const char *name = js_str0(r, "name", NULL);
		unique_seen(ret, name);
		js_array_for_each (s, js_arr(r, "firstAvailable", NULL))
			unique_seen_f(ret, "%s/%s", name, js_str0(s, "name", NULL));
	}
}

void device_check_request_ref(const char *name, const struct unique *names, const char *path,
			      struct field_errors *errs)
{
	autofree char *parts = mem_strdup(name);
	struct name_faults bad;
	const char *slash = strchr(name, '/');

	if (slash && strchr(slash + 1, '/')) {
		field_error_invalid_str(errs, path, name, BAD_REFERENCE);
		return;
	}
	for (char *rest = parts, *part; (part = strsep(&rest, "/"));)
		if (name_check_dns1123_label(part, &bad))
			field_error_names(errs, path, part, &bad);
	if (!unique_has(names, name))
		field_error_invalid_str(errs, path, name, BAD_REFERENCE);
}

void device_check_request_refs(const js *refs, const struct unique *names, const char *path,
			       struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	device_check_size(refs, DEVICE_LIST_MAX, DEVICE_SIZE_WITHIN, path, errs);
	js_array_for_each (r, refs) {
		const char *at = PATH("%s[%zu]", path, r_i), *name = js_str0(r, NULL);
		device_check_request_ref(name, names, at, errs);
		device_check_repeated(&seen, name, name, DEVICE_REPEATED_WITHIN, at, errs);
	}
}

static void device_check_driver(const char *s, const char *path, struct field_errors *errs)
{
	autofree char *lower = mem_strdup(s);
	struct name_faults bad;

	if (!*s)
		field_error_required(errs, path, "");
	if (strlen(s) > 63)
		field_error_too_long(errs, path, 63);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (name_check_dns1123_subdomain(lower, &bad))
		field_error_names(errs, path, s, &bad);
}

void device_check_pool(const char *s, const char *path, struct field_errors *errs)
{
	autofree char *parts = mem_strdup(s);
	struct name_faults bad;

	if (!*s)
		return; /* the schema has reported that */
	if (strlen(s) > POOL_MAX)
		field_error_too_long(errs, path, POOL_MAX);
	for (char *rest = parts, *part; (part = strsep(&rest, "/"));)
		if (name_check_dns1123_subdomain(part, &bad))
			field_error_names(errs, path, part, &bad);
}

static void check_identifier(const char *s, const char *path, struct field_errors *errs)
{
	bool wrong = !*s || isdigit((unsigned char)*s);

	for (const char *p = s; *p; p++)
		wrong |= *p != '_' && !(*p > 0 && isalnum((unsigned char)*p));
	if (strlen(s) > ID_MAX)
		field_error_too_long(errs, path, ID_MAX);
	if (wrong)
		field_error_invalid_str(
			errs, path, s,
			"a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')");
}

void device_check_attribute(const char *s, const char *path, struct field_errors *errs)
{
	const char *slash = strchr(s, '/');

	if (!*s) {
		field_error_required(errs, path, "name required");
		return;
	}
	if (!slash) {
		check_identifier(s, path, errs);
		return;
	}
	if (strchr(slash + 1, '/'))
		return; /* upstream says nothing of these */
	autofree char *domain = mem_strndup(s, (size_t)(slash - s));
	if (*domain)
		device_check_driver(domain, path, errs);
	else
		field_error_required(errs, path, "the domain must not be empty");
	if (slash[1])
		check_identifier(slash + 1, path, errs);
	else
		field_error_required(errs, path, "the name must not be empty");
}

/* ---- settings ---- */

void device_check_raw(const js *raw, bool stored, const char *path, struct field_errors *errs)
{
	autobuf struct buf text = BUF_INIT;

	if (!raw)
		return;
	js_write(&text, raw);
	if (!stored && text.len > RAW_MAX)
		field_error_too_long(errs, path, RAW_MAX);
	else if (!js_is_obj(raw))
		field_error_invalid_str(errs, path, "<value omitted>", "must be a valid JSON object");
}

void device_check_config(const js *config, bool stored, const char *path, struct field_errors *errs)
{
	device_check_raw(js_get(config, "opaque", "parameters", NULL), stored,
			 PATH("%s.opaque.parameters", path), errs);
}

/* ---- claims ---- */

static void check_count(const js *r, const char *path, struct field_errors *errs)
{
	const char *mode = js_str0(r, "allocationMode", NULL);
	int64_t count = js_int(r, 0, "count", NULL);

	if (!strcmp(mode, "All") && count)
		field_error_invalid(errs, PATH("%s.count", path), js_field(r, "count"),
				    "must not be specified when allocationMode is 'All'");
	if (!strcmp(mode, "ExactCount") && count <= 0)
		field_error_invalid(errs, PATH("%s.count", path), js_field(r, "count"),
				    "must be greater than zero");
}

static void check_toleration(const js *t, const char *path, struct field_errors *errs)
{
	const char *operator= js_str0(t, "operator", NULL), *value = js_str0(t, "value", NULL);
	struct name_faults bad;

	path = PATH("%s.value", path);
	if (!strcmp(operator, "Exists") && *value)
		field_error_invalid_str(errs, path, value, "must be empty for operator `Exists`");
	else if (!strcmp(operator, "Equal") && name_check_label_value(value, &bad))
		field_error_names(errs, path, value, &bad);
}

static void check_wish(const js *r, const char *path, struct field_errors *errs)
{
	device_check_size(js_arr(r, "selectors", NULL), DEVICE_LIST_MAX, DEVICE_SIZE_SELECTORS,
			  PATH("%s.selectors", path), errs);
	check_count(r, path, errs);
	js_array_for_each (t, js_arr(r, "tolerations", NULL))
		check_toleration(t, PATH("%s.tolerations[%zu]", path, t_i), errs);
}

static void check_alternatives(const js *list, const char *path, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	device_check_size(list, ALTERNATIVES_MAX, DEVICE_SIZE_WITHIN, path, errs);
	js_array_for_each (s, list) {
		const char *at = PATH("%s[%zu]", path, s_i), *name = js_str0(s, "name", NULL);
		check_wish(s, at, errs);
		device_check_repeated(&seen, name, name, DEVICE_REPEATED_WITHIN, PATH("%s.name", at), errs);
	}
}

static void check_request(const js *r, const char *path, struct field_errors *errs)
{
	const js *exactly = js_obj(r, "exactly", NULL), *list = js_arr(r, "firstAvailable", NULL);

	if (exactly)
		check_wish(exactly, PATH("%s.exactly", path), errs);
	check_alternatives(list, PATH("%s.firstAvailable", path), errs);
	if (exactly && js_len(list))
		field_error_invalid(
			errs, path, NULL,
			"exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
	else if (!exactly && !js_len(list))
		field_error_required(errs, path, "exactly one of `exactly` or `firstAvailable` is required");
}

static void check_requests(const js *requests, const char *path, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	device_check_size(requests, DEVICE_LIST_MAX, DEVICE_SIZE, path, errs);
	js_array_for_each (r, requests) {
		const char *at = PATH("%s[%zu]", path, r_i), *name = js_str0(r, "name", NULL);
		check_request(r, at, errs);
		device_check_repeated(&seen, name, name, DEVICE_REPEATED, PATH("%s.name", at), errs);
	}
}

static void check_constraint(const js *c, const struct unique *names, const char *path,
			     struct field_errors *errs)
{
	const char *attribute = js_str(c, "matchAttribute", NULL),
		   *distinct = js_str(c, "distinctAttribute", NULL);

	device_check_request_refs(js_arr(c, "requests", NULL), names, PATH("%s.requests", path), errs);
	path = PATH("%s.%s", path, attribute || !distinct ? "matchAttribute" : "distinctAttribute");
	attribute = attribute ? attribute : distinct;
	if (!attribute) {
		field_error_required(errs, path, "");
		return;
	}
	device_check_attribute(attribute, path, errs);
	if (*attribute && !strchr(attribute, '/'))
		field_error_invalid_str(errs, path, attribute, "must include a domain");
}

static bool allows_admin(const struct strategy_ctx *ctx, const char *ns)
{
	const struct kind *k = schema_kind(ctx->schema, "", "v1", "Namespace");
	autoobj struct obj *o = storage_get(storage_resource(ctx->storage, k), "", ns);
	struct err ignore = ERR_INIT;
	autojson js *tree = o ? obj_tree(o, &ignore) : NULL;

	return !strcmp(js_str0(tree, "metadata", "labels", ADMIN_LABEL, NULL), "true");
}

void device_check_admin(const struct strategy_ctx *ctx, const js *o, const js *list, const char *path,
			struct field_errors *errs)
{
	js_array_for_each (item, list) {
		const js *exactly = js_obj(item, "exactly", NULL);
		if (!js_bool(exactly ? exactly : item, false, "adminAccess", NULL))
			continue;
		if (ctx->storage && !allows_admin(ctx, js_str0(o, "metadata", "namespace", NULL)))
			field_error_forbidden(errs, PATH("%s[%zu].adminAccess", path, item_i),
					      "admin access to devices requires the `" ADMIN_LABEL
					      ": true` label on the containing namespace");
		return;
	}
}

void device_check_claim(const js *claim, bool stored, const char *path, struct field_errors *errs)
{
	const js *constraints = js_arr(claim, "constraints", NULL), *config = js_arr(claim, "config", NULL);
	autounique struct unique names = {.n = 0};

	device_request_names(claim, &names);
	check_requests(js_arr(claim, "requests", NULL), PATH("%s.requests", path), errs);
	device_check_size(constraints, DEVICE_LIST_MAX, DEVICE_SIZE, PATH("%s.constraints", path), errs);
	js_array_for_each (c, constraints)
		check_constraint(c, &names, PATH("%s.constraints[%zu]", path, c_i), errs);
	device_check_size(config, DEVICE_LIST_MAX, DEVICE_SIZE, PATH("%s.config", path), errs);
	js_array_for_each (c, config) {
		const char *at = PATH("%s.config[%zu]", path, c_i);
		device_check_request_refs(js_arr(c, "requests", NULL), &names, PATH("%s.requests", at), errs);
		device_check_config(c, stored, at, errs);
	}
}

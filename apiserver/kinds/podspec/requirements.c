/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and limits: of containers, of the Pod as a whole, of what running it costs; and claims of devices. */
#include "kinds/podspec/podspec_internal.h"

#include "kinds/check.h"
#include "object/name.h"
#include "object/quantity.h"

/* ---- names (pkg/apis/core/helper) ---- */

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

static const char *const measured[] = {
	"cpu",		"memory",	   "ephemeral-storage",		 "storage",
	"requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage",
	"limits.cpu",	"limits.memory",   "limits.ephemeral-storage",	 NULL};
static const char *const of_containers[] = {"cpu", "memory", "ephemeral-storage", NULL};

static bool is_hugepages(const char *name)
{
	return !strncmp(name, "hugepages-", 10);
}

static bool is_standard(const char *name)
{
	return check_is_counted(name) || listed(measured, name) || is_hugepages(name) ||
	       !strncmp(name, "requests.hugepages-", 19);
}

static bool is_native(const char *name)
{
	return !strchr(name, '/') || strstr(name, "kubernetes.io/");
}

bool podspec_may_overcommit(const char *name)
{
	return is_native(name) && !is_hugepages(name);
}

bool podspec_validate_resource(const char *name, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	if (name_check_qualified(name, &bad))
		field_error_names(errs, path, name, &bad);
	else if (!strchr(name, '/') && !is_standard(name))
		field_error_invalid_str(errs, path, name,
					"must be a standard resource type or fully qualified");
	else
		return true;
	return false;
}

void podspec_validate_container_resource(const char *name, const char *path, struct field_errors *errs)
{
	podspec_validate_resource(name, path, errs);
	if (!strchr(name, '/')) {
		if (!listed(of_containers, name) && !is_hugepages(name))
			field_error_invalid_str(errs, path, name,
						"must be a standard resource for containers");
	} else if (!is_native(name) && !check_is_extended(name)) {
		field_error_invalid_str(errs, path, name, "doesn't follow extended resource name standard");
	}
}

static void check_pod_name(const char *name, const char *path, struct field_errors *errs)
{
	static const char *const known[] = {"cpu", "hugepages-", "memory", NULL};

	if (podspec_validate_resource(name, path, errs) && strcmp(name, "cpu") && strcmp(name, "memory") &&
	    !is_hugepages(name))
		field_error_not_supported(errs, path, name, known);
}

/* ---- amounts ---- */

static bool parse(const char *text, struct quantity *ret)
{
	struct err ignore = ERR_INIT;

	return quantity_parse(text, ret, &ignore) == 0;
}

static void check_pages(const char *name, const char *text, const char *path, struct field_errors *errs)
{
	struct quantity page, q;

	if (!parse(text, &q))
		return;
	if (parse(name + 10, &page) && page.nano > 0 && quantity_milli(&page) % 1000 == 0 &&
	    quantity_value(&q) % quantity_value(&page) == 0)
		return;
	autofree char *detail = mem_printf("%s is not positive integer multiple of %s", text, name);
	field_error_invalid_str(errs, path, text, detail);
}

/* Where lists of amounts are: PATH.PART, or PART at the root; put together only for an error. */
struct place {
	const char *path, *part;
	struct field_errors *errs;
};
#define AT(at) (at)->path, *(at)->path ? "." : "", (at)->part

static void check_request(const char *name, const char *request, const char *limit, const struct place *at)
{
	struct quantity r, l;
	bool over = podspec_may_overcommit(name);

	if (!limit) {
		at->errs->look = '3';
		if (!over)
			field_error_required(at->errs, PATH("%s%s%s.limits", AT(at)),
					     "Limit must be set for non overcommitable resources");
		at->errs->look = 0;
		return;
	}
	if (!parse(request, &r) || !parse(limit, &l))
		return;
	int cmp = quantity_cmp(&r, &l);
	if (over ? cmp <= 0 : !cmp)
		return;
	autofree char *detail = mem_printf("must be %s %s limit of %s",
					   over ? "less than or equal to" : "equal to", name, limit);
	field_error_invalid_str(at->errs, PATH("%s%s%s.requests", AT(at)), request, detail);
}

typedef void check_resource_name(const char *name, const char *path, struct field_errors *errs);

/* cpu and memory of containers, nearly always: nothing to say about their names. */
static bool plain_name(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory");
}

/* *pages, *compute: whether there are huge pages, and what they need beside them. */
static void check_list(const js *list, const char *name, check_resource_name *check, const struct place *at,
		       bool *pages, bool *compute)
{
	for (struct js_iter it = js_iter(list); js_next(&it);) {
		const char *text = js_is_str(it.value) ? json_object_get_string(it.value) : "";
		if (plain_name(it.key) && *text != '-') {
			*compute = true;
			continue;
		}
		const char *where = PATH("%s%s%s.%s[%s]", AT(at), name, it.key);
		check(it.key, where, at->errs);
		check_resource_quantity(it.key, text, where, at->errs);
		*compute |= plain_name(it.key);
		*pages |= is_hugepages(it.key);
		if (is_hugepages(it.key))
			check_pages(it.key, text, where, at->errs);
	}
}

static void check_lists(const js *limits, const js *requests, check_resource_name *check,
			const struct place *at)
{
	bool pages = false, compute = false;

	check_list(limits, "limits", check, at, &pages, &compute);
	check_list(requests, "requests", check, at, &pages, &compute);
	for (struct js_iter it = js_iter(requests); js_next(&it);)
		if (js_is_str(it.value))
			check_request(it.key, json_object_get_string(it.value), js_str(limits, it.key, NULL),
				      at);
	if (pages && !compute)
		field_error_forbidden(at->errs, PATH("%s%s%s", AT(at)), "HugePages require cpu or memory");
}

/* ---- claims ---- */

static void claim_not_found(const struct podspec *p, const char *name, const char *path)
{
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;

	buf_addf(&b, "Not found: \"%s\": must be one of the names in pod.spec.resourceClaims", name);
	js_array_for_each (c, js_arr(p->spec, "resourceClaims", NULL)) {
		const char *claim = js_str0(c, "name", NULL);
		if (*claim && n < 16)
			buf_addf(&b, "%s%s", n++ ? ", " : ": ", claim);
	}
	if (!n)
		buf_adds(&b, " which is empty");
	field_errors_add(p->errs, "FieldValueNotFound", mem_strdup(path), buf_take(&b, NULL));
}

/* All requests of a claim, or single ones, but none twice. */
static void check_claim_names(const struct podspec *p, const js *claims, const char *path)
{
	autounique struct unique whole = {.n = 0}, parts = {.n = 0}, in_part = {.n = 0};
	struct name_faults bad;

	js_array_for_each (c, claims) {
		const char *name = js_str0(c, "name", NULL), *request = js_str0(c, "request", NULL);
		const char *where = PATH("%s[%zu]", path, c_i);
		if (!*name)
			continue; /* the schema has said so */
		if (unique_has(&whole, name)) {
			field_error_duplicate(p->errs, where, name);
		} else if (*request) {
			if (name_check_dns1123_label(request, &bad))
				field_error_names(p->errs, PATH("%s.request", where), request, &bad);
			autofree char *key = mem_printf("%s/%s", name, request);
			if (unique_seen(&parts, key))
				field_error_duplicate(p->errs, where, key);
			unique_seen(&in_part, name);
		} else {
			if (unique_has(&in_part, name))
				field_error_duplicate(p->errs, where, name);
			unique_seen(&whole, name);
		}
		if (!unique_has(&p->claims, name))
			claim_not_found(p, name, where);
	}
}

static void check_reference(const js *claim, const char *key, const char *path, struct field_errors *errs)
{
	const char *name = js_str(claim, key, NULL);
	struct name_faults bad;

	if (name && name_check_dns1123_subdomain(name, &bad))
		field_error_names(errs, PATH("%s.%s", path, key), name, &bad);
}

static void check_pod_claims(struct podspec *p)
{
	js_array_for_each (c, js_arr(p->spec, "resourceClaims", NULL)) {
		const char *path = PATH("%s.resourceClaims[%zu]", p->base, c_i);
		if (p->is_static) {
			field_error_forbidden(p->errs, "[]", "static pods do not support resource claims");
			continue;
		}
		bool claim = js_field(c, "resourceClaimName"),
		     made = js_field(c, "resourceClaimTemplateName");
		if (claim && made)
			field_error_invalid(
				p->errs, path, c,
				"at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
		if (!claim && !made)
			field_error_invalid(
				p->errs, path, c,
				"must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
		check_reference(c, "resourceClaimName", path, p->errs);
		check_reference(c, "resourceClaimTemplateName", path, p->errs);
		unique_seen(&p->claims, js_str0(c, "name", NULL));
	}
}

/* ---- the doors ---- */

void podspec_check_requirements(const struct podspec_container *c)
{
	const js *r = js_obj(c->o, "resources", NULL);
	const js *limits = js_obj(r, "limits", NULL), *requests = js_obj(r, "requests", NULL);

	if (!js_len(r))
		return;
	const struct place at = {c->path, "resources", c->spec->errs};
	check_lists(limits, requests, podspec_validate_container_resource, &at);
	if (js_field(r, "claims"))
		check_claim_names(c->spec, js_arr(r, "claims", NULL), PATH("%s.resources.claims", c->path));
}

void podspec_validate_limits(const js *limits, const char *path, struct field_errors *errs)
{
	const struct place at = {"", path, errs};

	check_lists(limits, NULL, podspec_validate_container_resource, &at);
}

/* No container may have more than the Pod. */
static void check_containers_fit(const struct podspec *p, const js *limits, const char *path)
{
	struct quantity have, want;

	js_array_for_each (c, js_arr(p->spec, "containers", NULL)) {
		for (struct js_iter it = js_iter(js_obj(c, "resources", "limits", NULL)); js_next(&it);) {
			const char *text = js_is_str(it.value) ? json_object_get_string(it.value) : "";
			const char *limit = js_str(limits, it.key, NULL);
			if (!limit || !parse(limit, &have) || !parse(text, &want) ||
			    quantity_cmp(&want, &have) <= 0)
				continue;
			autofree char *detail =
				mem_printf("must be less than or equal to pod limits of %s", limit);
			field_error_invalid_str(p->errs,
						PATH("%s.containers[%zu][%s].limits", path, c_i, it.key),
						text, detail);
		}
	}
}

void podspec_check_pod_requirements(struct podspec *p)
{
	const js *own = js_obj(p->spec, "resources", NULL), *overhead = js_obj(p->spec, "overhead", NULL);
	const js *limits = js_obj(own, "limits", NULL);

	const struct place at = {p->base, "resources", p->errs}, cost = {p->base, "overhead", p->errs};

	check_pod_claims(p);
	if (overhead)
		check_lists(overhead, NULL, podspec_validate_container_resource, &cost);
	if (!own)
		return;
	const char *path = PATH("%s.resources", p->base);
	if (!strcmp(js_str0(p->spec, "os", "name", NULL), "windows")) {
		field_error_forbidden(p->errs, path, "may not be set for a windows pod");
		return;
	}
	if (js_field(own, "claims"))
		field_error_forbidden(p->errs, PATH("%s.claims", path),
				      "claims may not be set for Resources at pod-level");
	check_lists(limits, js_obj(own, "requests", NULL), check_pod_name, &at);
	podspec_check_level(p);
	check_containers_fit(p, limits, path);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata: who owns which field, on create and on update, and what the schema cannot check about it
 * (kubernetes/apimachinery pkg/api/validation/objectmeta.go, kubernetes/apiserver pkg/registry/rest).
 */
#include "registry/registry_internal.h"

#include <stdlib.h>
#include "base/rand.h"
#include "base/unique.h"
#include "object/meta.h"
#include "object/name.h"
#include "object/rfc3339.h"

#define GENERATED_SUFFIX 5
#define MAX_GENERATED_BASE (63 - GENERATED_SUFFIX)
#define CONTROLLERS_TOLD 8	    /* each shows the whole list */
#define MAX_ANNOTATIONS (256 << 10) /* bytes of keys and values together */

int objectmeta_check_namespace(const struct registry_call *c, js *o, struct err *err)
{
	js *m = js_ensure(o, "metadata", NULL);
	const char *ns = js_str0(m, "namespace", NULL);

	if (!c->kind->namespaced) {
		js_del(m, "namespace");
		return 0;
	}
	if (!*ns)
		js_set_str(m, "namespace", c->ns);
	else if (strcmp(ns, c->ns))
		return err_set(
			err, REASON_BAD_REQUEST,
			"the namespace of the provided object does not match the namespace sent on the request");
	return 0;
}

static void generate_name(js *m, bool plain)
{
	const char *base = js_str0(m, "generateName", NULL);
	char name[MAX_GENERATED_BASE + GENERATED_SUFFIX + 1];

	if (!*base || *js_str0(m, "name", NULL))
		return;
	if (plain) {
		js_set_str(m, "name", base);
		return;
	}
	size_t n = strlen(base);
	if (n > MAX_GENERATED_BASE)
		n = MAX_GENERATED_BASE;
	memcpy(name, base, n);
	rand_suffix(name + n, GENERATED_SUFFIX);
	js_set_str(m, "name", name);
}

void objectmeta_prepare_create(const struct registry_call *c, js *o)
{
	static const char *const owned[] = {"selfLink", "resourceVersion", "deletionTimestamp",
					    "deletionGracePeriodSeconds"};
	js *m = js_ensure(o, "metadata", NULL);
	char text[RFC3339_MAX], uid[37];

	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		js_del(m, owned[i]);
	generate_name(m, c->strategy->flags & STRATEGY_PLAIN_NAMES);
	rand_uuid(uid);
	js_set_str(m, "uid", uid);
	rfc3339_format(c->ctx.now_ns, text);
	js_set_str(m, "creationTimestamp", text);
	if (c->stored->has_generation)
		js_set_int(m, "generation", 1);
}

void objectmeta_prepare_update(js *new, const js *old)
{
	/* what an update may say again, but not change; validation sees to that */
	static const char *const kept[] = {"uid", "deletionGracePeriodSeconds"};
	js *m = js_ensure(new, "metadata", NULL);
	const js *om = js_obj(old, "metadata", NULL);

	js_del(m, "selfLink");
	js_del(m, "resourceVersion");
	strategy_carry(m, om, "generation");
	strategy_carry(m, om, "creationTimestamp");
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (!js_field(m, kept[i]))
			strategy_carry(m, om, kept[i]);
	if (js_field(om, "deletionTimestamp"))
		strategy_carry(m, om, "deletionTimestamp");
}

struct name_rule {
	const char *format;
	name_check *check;
};
static const struct name_rule name_rules[] = {
	{"dns1123-subdomain", name_check_dns1123_subdomain},
	{"dns1123-label", name_check_dns1123_label},
	{"dns1035-label", name_check_dns1035_label},
	{"path-segment", name_check_path_segment},
};

static size_t check_name(const struct kind *k, const char *name, struct name_faults *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(name_rules); i++)
		if (k->name_format && !strcmp(k->name_format, name_rules[i].format))
			return name_rules[i].check(name, ret);
	return name_check_path_segment(name, ret);
}

/* A prefix may end in a dash, because something follows. */
static void validate_generate_name(const struct kind *k, const char *prefix, struct field_errors *errs)
{
	autofree char *masked = mem_strdup(prefix);
	size_t n = strlen(prefix);

	if (!n)
		return;
	if (n > 1 && masked[n - 1] == '-')
		masked[n - 1] = 'a';
	struct name_faults bad;
	if (check_name(k, masked, &bad))
		field_error_names(errs, "metadata.generateName", prefix, &bad);
}

static void validate_names(const struct kind *k, const js *m, struct field_errors *errs)
{
	const char *name = js_str0(m, "name", NULL);
	struct name_faults bad;

	validate_generate_name(k, js_str0(m, "generateName", NULL), errs);
	if (!*name)
		field_error_required(errs, "metadata.name", "name or generateName is required");
	else if (check_name(k, name, &bad))
		field_error_names(errs, "metadata.name", name, &bad);
	if (!k->namespaced)
		return;
	const char *ns = js_str0(m, "namespace", NULL);
	if (!*ns)
		field_error_required(errs, "metadata.namespace", "");
	else if (name_check_dns1123_label(ns, &bad))
		field_error_names(errs, "metadata.namespace", ns, &bad);
}

static void validate_annotations(const js *m, struct field_errors *errs)
{
	size_t total = 0;

	for (struct js_iter it = js_iter(js_obj(m, "annotations", NULL)); js_next(&it);)
		total += strlen(it.key) + (size_t)json_object_get_string_len(it.value);
	if (total > MAX_ANNOTATIONS)
		field_error_too_long(errs, "metadata.annotations", MAX_ANNOTATIONS);
}

static bool is_event(const js *ref)
{
	const char *version = js_str0(ref, "apiVersion", NULL);

	return (!strcmp(version, "v1") || !strcmp(version, "/v1")) &&
	       !strcmp(js_str0(ref, "kind", NULL), "Event");
}

static void validate_owners(const js *m, struct field_errors *errs)
{
	const js *owners = js_arr(m, "ownerReferences", NULL);
	const js *first = NULL;
	unsigned told = 0;

	js_array_for_each (ref, owners) {
		if (is_event(ref))
			field_error_invalid(errs, "metadata.ownerReferences", ref,
					    "/v1, Kind=Event is disallowed from being an owner");
		if (!js_bool(ref, false, "controller", NULL))
			continue;
		if (!first) {
			first = ref;
			continue;
		}
		if (told++ == CONTROLLERS_TOLD)
			break;
		autofree char *detail = mem_printf(
			"Only one reference can have Controller set to true. Found \"true\" in references for %s/%s and %s/%s",
			js_str0(first, "kind", NULL), js_str0(first, "name", NULL),
			js_str0(ref, "kind", NULL), js_str0(ref, "name", NULL));
		field_error_invalid(errs, "metadata.ownerReferences", owners, detail);
	}
}

/* Kubernetes' own finalizers have no domain, anybody else's have one. */
static void validate_domain(const char *finalizer, size_t i, struct field_errors *errs)
{
	static const char *const standard[] = {"kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND};

	if (strchr(finalizer, '/'))
		return;
	for (size_t k = 0; k < ARRAY_LEN(standard); k++)
		if (!strcmp(finalizer, standard[k]))
			return;
	field_error_invalid_str(errs, PATH("metadata.finalizers[%zu]", i), finalizer,
				"name is neither a standard finalizer name nor is it fully qualified");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is going away takes no more finalizers. */
static void validate_added(const js *list, const js *were, struct field_errors *errs)
{
	autounique struct unique known = {.n = 0};
	autofree const char **added = mem_array(js_len(list) + 1, sizeof(*added));
	autobuf struct buf detail = BUF_INIT;
	size_t n = 0;

	js_array_for_each (v, were)
		unique_seen(&known, js_str0(v, NULL));
	js_array_for_each (v, list)
		if (!unique_seen(&known, js_str0(v, NULL)))
			added[n++] = js_str0(v, NULL);
	if (!n)
		return;
	qsort(added, n, sizeof(*added), by_text);
	buf_adds(
		&detail,
		"no new finalizers can be added if the object is being deleted, found new finalizers []string{");
	for (size_t i = 0; i < n; i++) {
		buf_adds(&detail, i ? ", " : "");
		buf_add_json_string(&detail, added[i], strlen(added[i]));
	}
	buf_addc(&detail, '}');
	field_error_forbidden(errs, "metadata.finalizers", detail.p);
}

static void validate_finalizers(const struct registry_call *c, const js *m, const js *om,
				struct field_errors *errs)
{
	const js *list = js_arr(m, "finalizers", NULL);
	bool free = (c->strategy->flags & STRATEGY_FREE_FINALIZERS) || c->stored->type->structural;
	bool orphan = false, foreground = false;

	js_array_for_each (v, list) {
		const char *s = js_str0(v, NULL);
		orphan |= !strcmp(s, FINALIZER_ORPHAN);
		foreground |= !strcmp(s, FINALIZER_FOREGROUND);
		if (!free)
			validate_domain(s, v_i, errs);
	}
	if (orphan && foreground)
		field_error_invalid(errs, "metadata.finalizers", list,
				    "finalizer orphan and foregroundDeletion cannot be both set");
	if (om && js_field(om, "deletionTimestamp"))
		validate_added(list, js_arr(om, "finalizers", NULL), errs);
}

static void validate_immutable(const js *m, const js *om, struct field_errors *errs)
{
	static const char *const fixed[] = {"name", "namespace", "uid", "deletionTimestamp",
					    "deletionGracePeriodSeconds"};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (!js_equal(js_field(m, fixed[i]), js_field(om, fixed[i])))
			field_error_invalid(errs, PATH("metadata.%s", fixed[i]), js_field(m, fixed[i]),
					    "field is immutable");
}

void objectmeta_validate(struct registry_call *c, const js *new, const js *old)
{
	const js *m = js_obj(new, "metadata", NULL), *om = old ? js_obj(old, "metadata", NULL) : NULL;

	validate_names(c->stored, m, &c->errs);
	validate_annotations(m, &c->errs);
	validate_owners(m, &c->errs);
	validate_finalizers(c, m, om, &c->errs);
	if (om)
		validate_immutable(m, om, &c->errs);
}

/* ---- in whose order ---- */

/*
 * Upstream's validators of metadata each say what they see, one after another: on an update the general one of all
 * objects, the general one of changes, then the kind's own, which is the second one again and judges the domains of
 * finalizers. A message tells each complaint once, where it comes first; the causes are all there.
 */
enum { JUDGES_OBJECT = 1, JUDGES_CHANGE = 2, JUDGES_DOMAINS = 4 };
static const struct complaint {
	const char *field; /* behind `metadata.`; what is below it, too */
	const char *sign;  /* in its reason or message; NULL: any */
	unsigned judges;
} complaints[] = {
	{"generateName", NULL, JUDGES_OBJECT},
	{"finalizers", "FieldValueForbidden", JUDGES_CHANGE},
	{"resourceVersion", NULL, JUDGES_CHANGE},
	{"name", "field is immutable", JUDGES_CHANGE},
	{"name", NULL, JUDGES_OBJECT},
	{"namespace", "field is immutable", JUDGES_CHANGE},
	{"namespace", NULL, JUDGES_OBJECT},
	{"generation", NULL, JUDGES_OBJECT},
	{"uid", NULL, JUDGES_CHANGE},
	{"creationTimestamp", NULL, JUDGES_CHANGE},
	{"deletionTimestamp", NULL, JUDGES_CHANGE},
	{"deletionGracePeriodSeconds", NULL, JUDGES_CHANGE},
	{"labels", NULL, JUDGES_OBJECT | JUDGES_CHANGE},
	{"annotations", "FieldValueInvalid", JUDGES_OBJECT | JUDGES_CHANGE},
	{"annotations", NULL, JUDGES_OBJECT | JUDGES_CHANGE},
	{"ownerReferences.", NULL, JUDGES_OBJECT | JUDGES_CHANGE},
	{"ownerReferences", NULL, JUDGES_OBJECT | JUDGES_CHANGE},
	{"finalizers[", NULL, JUDGES_DOMAINS},
	{"finalizers", "Invalid value: \"", JUDGES_OBJECT},
	{"finalizers", NULL, JUDGES_OBJECT},
	{"managedFields", NULL, JUDGES_OBJECT | JUDGES_CHANGE},
};
#define COMPLAINTS ARRAY_LEN(complaints)

/* COMPLAINTS: it is not about metadata. */
static size_t complaint_of(const struct field_error *e)
{
	static const char head[] = "metadata.";
	const char *field = e->field + sizeof(head) - 1;
	size_t i = 0;

	if (strncmp(e->field, head, sizeof(head) - 1))
		return COMPLAINTS;
	for (; i < COMPLAINTS; i++) {
		const struct complaint *c = &complaints[i];
		size_t n = strlen(c->field);
		bool below = !strncmp(field, c->field, n) &&
			     (strchr(".[", c->field[n - 1]) || !field[n] || strchr(".[", field[n]));
		if (below && (!c->sign || !strcmp(e->reason, c->sign) || strstr(e->message, c->sign)))
			break;
	}
	return i;
}

static void say(struct field_errors *to, const struct field_error *e)
{
	to->look = e->look;
	to->item = e->item;
	field_errors_add(to, e->reason, mem_strdup(e->field), mem_strdup(e->message));
}

static void say_as(struct field_errors *to, const struct field_errors *from, const size_t *what, size_t n,
		   unsigned judge)
{
	for (size_t k = 0; k < COMPLAINTS; k++)
		for (size_t i = 0; complaints[k].judges & judge && i < n; i++)
			if (what[i] == k)
				say(to, &from->v[i]);
}

void objectmeta_order(struct field_errors *errs, size_t general, bool update)
{
	size_t kept = field_errors_kept(errs), n = general < kept ? general : kept;
	struct field_errors all = {.max = 4 * FIELD_ERRORS_MAX};
	autofree size_t *what = mem_array(n + 1, sizeof(*what));
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		what[i] = complaint_of(&errs->v[i]);
		any = any || what[i] < COMPLAINTS;
	}
	if (!any)
		return;
	say_as(&all, errs, what, n, JUDGES_OBJECT);
	for (int twice = 0; update && twice < 2; twice++)
		say_as(&all, errs, what, n, JUDGES_CHANGE);
	say_as(&all, errs, what, n, JUDGES_DOMAINS);
	for (size_t i = 0; i < kept; i++)
		if (i >= n || what[i] == COMPLAINTS)
			say(&all, &errs->v[i]);
	field_errors_release(errs);
	*errs = all;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of structural types, in the order and the words of kubernetes/kube-openapi pkg/validation, which become
 * field errors as in apiextensions-apiserver pkg/apiserver/validation. Members are visited in the order of the document.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/regex.h"
#include "base/unique.h"
#include "object/name.h"
#include "object/schema/schema_internal.h"

/* ---- what a value is ---- */

static const char *const type_names[] = {
	[TYPE_STRING] = "string", [TYPE_INT64] = "integer",
	[TYPE_DOUBLE] = "number", [TYPE_BOOL] = "boolean",
	[TYPE_LIST] = "array",	  [TYPE_OBJECT] = "object",
	[TYPE_MAP] = "object",	  [TYPE_INT_OR_STRING] = "integer,string",
	[TYPE_RAW] = NULL,
};

static bool is_whole(const js *v)
{
	return js_is_int(v) || (js_is_num(v) && structural_is_whole(js_num(v)));
}

static bool is_of_form(const struct type *t, const js *v)
{
	switch (t->form) {
	case TYPE_STRING:
		return js_is_str(v);
	case TYPE_INT64:
		return is_whole(v);
	case TYPE_DOUBLE:
		return js_is_num(v);
	case TYPE_BOOL:
		return js_is_bool(v);
	case TYPE_LIST:
		return js_is_arr(v);
	case TYPE_OBJECT:
	case TYPE_MAP:
		return js_is_obj(v);
	case TYPE_INT_OR_STRING:
		return js_is_str(v) || is_whole(v);
	default:
		return true;
	}
}

/* A value of a million items may meet a schema of ten thousand branches: what one object may ask for is bounded. A try of a
   branch and a pattern cost more than others, because they do. */
#define WORK_MAX 8000000
#define WORK_OF_TRY 8

struct structural_run {
	const char *prefix; /* of paths, but not of names */
	struct field_errors *errs;
	struct field_errors *resources,
		*same; /* told behind all others: of resources within, of lists' equal items */
	size_t *work;  /* done so far, by all runs over the object */
	int matches;   /* how much of a schema held: which of several branches is the nearest */
};

/* old: what stood there before, NULL = nothing that is known. What has not changed is not judged again. */
static void validate(struct structural_run *r, const struct type *t, const struct at *at, const js *v,
		     const js *old);

/* False: nothing more is looked at. */
static bool spend(struct structural_run *r, size_t n)
{
	if (*r->work <= WORK_MAX)
		*r->work += n;
	return *r->work <= WORK_MAX;
}

/* As messages name it: "spec.a[0].b". */
static const char *name_of(struct buf *b, const struct at *at)
{
	schema_at_write(b, at, AT_STRICT);
	return buf_str(b);
}

/* As causes name it: below the prefix, and the root has no name. */
static char *path_of(const struct structural_run *r, const char *name)
{
	if (!*r->prefix)
		return mem_strdup(*name ? name : "<nil>");
	return mem_printf("%s%s%s", r->prefix, *name && *name != '[' ? "." : "", name);
}

static void invalid(struct structural_run *r, const struct at *at, const js *value, const char *fmt, ...)
	PRINTF(4, 5);
static void invalid(struct structural_run *r, const struct at *at, const js *value, const char *fmt, ...)
{
	autobuf struct buf name = BUF_INIT, detail = BUF_INIT;
	va_list ap;
	buf_addf(&detail, "%s in body ", name_of(&name, at));
	va_start(ap, fmt);
	buf_addvf(&detail, fmt, ap);
	va_end(ap);
	autofree char *path = path_of(r, buf_str(&name));
	field_error_invalid_map(r->errs, path, value, buf_str(&detail));
}

/* Of the schema as a whole: upstream loses the place and the value. */
static void invalid_whole(struct structural_run *r, const struct at *at, const char *what)
{
	autobuf struct buf name = BUF_INIT, detail = BUF_INIT;
	buf_addf(&detail, "\"%s\" %s", name_of(&name, at), what);
	autofree char *path = path_of(r, "");
	field_error_invalid_str(r->errs, path, "", buf_str(&detail));
}

static void wrong_type(struct structural_run *r, const struct at *at, const char *want, const char *is)
{
	autobuf struct buf name = BUF_INIT, message = BUF_INIT;
	name_of(&name, at);
	buf_addf(&message, "Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", is, buf_str(&name),
		 want, is);
	field_errors_add(r->errs, "FieldValueTypeInvalid", path_of(r, buf_str(&name)),
			 buf_take(&message, NULL));
}

/* ---- strings ---- */

static int64_t runes(const char *s, size_t n)
{
	int64_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += (s[i] & 0xc0) != 0x80;
	return count;
}

static void check_string(struct structural_run *r, const struct constraint *c, const struct at *at,
			 const js *v)
{
	const struct structural *k = c->structural;
	size_t n;
	const char *s = js_bytes(v, &n);
	if (k && k->pattern && !spend(r, WORK_OF_TRY + n / 64))
		return;
	autobuf struct buf name = BUF_INIT;
	autofree char *path = c->max_len >= 0 ? path_of(r, name_of(&name, at)) : NULL;
	if (c->max_len >= 0 && runes(s, n) > c->max_len)
		field_error_too_long(r->errs, path, (int)c->max_len);
	else if (runes(s, n) < c->min_len)
		invalid(r, at, v, "should be at least %lld chars long", (long long)c->min_len);
	else if (k && k->pattern && !regex_match(k->pattern, s, n))
		invalid(r, at, v, "should match '%s'", k->pattern_text);
	else
		r->matches++;
	if (!k || !k->format || k->format(s, n))
		return;
	name.len = 0;
	autobuf struct buf message = BUF_INIT;
	name_of(&name, at);
	buf_adds(&message, "Invalid value: ");
	buf_add_json_string(&message, s, n);
	buf_addf(&message, ": %s in body must be of type %s: ", buf_str(&name), k->format_name);
	buf_add_json_string(&message, s, n);
	field_errors_add(r->errs, "FieldValueTypeInvalid", path_of(r, buf_str(&name)),
			 buf_take(&message, NULL));
}

/* ---- numbers ---- */

/* A bound as the value is compared with it: integers have none but integers. */
static const char *bound_text(char out[40], double bound, const js *v)
{
	if (js_is_int(v))
		snprintf(out, 40, "%.0f", trunc(bound));
	else
		field_error_number(out, bound);
	return out;
}

/* The divisor is of the kind of the value: 0.5 is none of integers. */
static void check_multiple(struct structural_run *r, const struct at *at, const js *v, double of)
{
	char text[40];
	double d = js_num(v);
	int64_t by = fabs(of) < STRUCTURAL_WHOLE_MAX ? (int64_t)of : INT64_MAX;
	bool whole = js_is_int(v);
	if (whole ? by <= 0 : of <= 0) {
		autobuf struct buf name = BUF_INIT, detail = BUF_INIT;
		autojson js *factor = whole ? js_new_int(by) : js_new_double(of);
		buf_addf(&detail, "factor MultipleOf declared for %s must be positive: %s",
			 name_of(&name, at), bound_text(text, of, v));
		autofree char *path = path_of(r, buf_str(&name));
		field_error_invalid(r->errs, path, factor, buf_str(&detail));
	} else if (whole ? json_object_get_int64(v) % by
			 : !structural_is_whole(of < 1 ? 1 / of * d : d / of)) {
		invalid(r, at, v, "should be a multiple of %s", bound_text(text, of, v));
	}
}

static void check_number(struct structural_run *r, const struct constraint *c, const struct at *at,
			 const js *v)
{
	const struct structural *k = c->structural;
	bool min_out = k && k->min_out, max_out = k && k->max_out;
	double d = js_num(v);
	char text[40];
	if (k && !isnan(k->multiple_of))
		check_multiple(r, at, v, k->multiple_of);
	if (max_out ? d >= c->max : d > c->max)
		invalid(r, at, v, "should be less than %s%s", max_out ? "" : "or equal to ",
			bound_text(text, c->max, v));
	if (min_out ? d <= c->min : d < c->min)
		invalid(r, at, v, "should be greater than %s%s", min_out ? "" : "or equal to ",
			bound_text(text, c->min, v));
	r->matches++;
}

/* ---- lists ---- */

/* What must differ between the items of a set or map. */
static js *identity(const struct structural *k, const js *item)
{
	if (k->list != LIST_MAP)
		return js_dup(item);
	js *key = js_new_obj();
	for (const char **name = k->keys; *name; name++)
		if (js_field(item, *name))
			js_set(key, *name, js_dup(js_field(item, *name)));
	return key;
}

/* As these causes name it: with the keys of maps in brackets. */
static char *place_of(struct structural_run *r, const struct at *list, size_t i)
{
	autobuf struct buf rest = BUF_INIT;
	struct at here = {.up = list, .index = i};
	schema_at_write(&rest, &here, AT_FIELD_ERROR);
	return mem_printf("%s%s%s", r->prefix, *r->prefix && *buf_str(&rest) != '[' ? "." : "",
			  buf_str(&rest));
}

/* Items of a map are objects, or nothing. */
static bool are_objects(struct structural_run *r, const struct at *at, const js *v)
{
	js_array_for_each (item, v) {
		if (!item || js_is_obj(item))
			continue;
		autofree char *path = place_of(r, at, item_i);
		field_error_invalid(r->same, path, item, "must be an object for an array of list-type map");
		return false;
	}
	return true;
}

/* However often something is repeated, it is named once. */
static void check_same(struct structural_run *r, const struct structural *k, const struct at *at, const js *v)
{
	autounique struct unique seen = {.n = 0}, told = {.n = 0};
	if (k->list == LIST_MAP && !are_objects(r, at, v))
		return;
	js_array_for_each (item, v) {
		autojson js *key = identity(k, item);
		autobuf struct buf text = BUF_INIT, message = BUF_INIT;
		structural_text(&text, key);
		if (!unique_seen(&seen, buf_str(&text)) || unique_seen(&told, buf_str(&text)))
			continue;
		buf_adds(&message, "Duplicate value: ");
		js_write(&message, key);
		field_errors_add(r->same, "FieldValueDuplicate", place_of(r, at, item_i),
				 buf_take(&message, NULL));
	}
}

/* uniqueItems: said of the list. */
static void check_unique(struct structural_run *r, const struct at *at, const js *v)
{
	autounique struct unique seen = {.n = 0};
	js_array_for_each (item, v) {
		autobuf struct buf text = BUF_INIT;
		structural_text(&text, item);
		if (!unique_seen(&seen, buf_str(&text)))
			continue;
		autojson js *nothing = js_new_str("");
		invalid(r, at, nothing, "shouldn't contain duplicates");
		return;
	}
}

static void check_list(struct structural_run *r, const struct type *t, const struct at *at, const js *v,
		       const js *old)
{
	const struct constraint *c = t->check;
	const struct structural *k = c ? c->structural : NULL;
	struct before before;
	if (k && k->list != LIST_ATOMIC)
		check_same(r, k, at, v);
	before_init(&before, t, old);
	js_array_for_each (item, t->elem->structural ? v : NULL) {
		struct at here = {.up = at, .index = item_i};
		validate(r, t->elem, &here, item, before_item(&before, item));
	}
	before_release(&before);
	autobuf struct buf name = BUF_INIT;
	autojson js *size = js_new_int((int64_t)js_len(v));
	if (c && (int64_t)js_len(v) < c->min_len)
		invalid(r, at, size, "should have at least %lld items", (long long)c->min_len);
	autofree char *path = path_of(r, name_of(&name, at));
	if (c && c->max_len >= 0 && (int64_t)js_len(v) > c->max_len)
		field_error_too_many(r->errs, path, (int)js_len(v), (int)c->max_len);
	if (k && k->unique)
		check_unique(r, at, v);
	r->matches++;
}

/* ---- objects ---- */

static void check_size(struct structural_run *r, const struct constraint *c, const struct at *at, const js *v)
{
	int64_t n = (int64_t)js_len(v);
	autobuf struct buf name = BUF_INIT;
	autojson js *size = js_new_int(n);
	if (n < c->min_len)
		invalid(r, at, size, "should have at least %lld properties", (long long)c->min_len);
	if (c->max_len >= 0 && n > c->max_len) {
		autofree char *path = path_of(r, name_of(&name, at));
		field_error_too_many(r->errs, path, (int)n, (int)c->max_len);
	}
}

static void check_required(struct structural_run *r, const char **names, const struct at *at, const js *v)
{
	for (const char **name = names; name && *name; name++) {
		if (json_object_object_get_ex(v, *name, NULL))
			continue;
		autobuf struct buf text = BUF_INIT;
		struct at here = {.up = at, .name = *name};
		autofree char *path = path_of(r, name_of(&text, &here));
		field_error_required(r->errs, path, NULL);
	}
}

static void take_over(struct field_errors *to, struct field_errors *from)
{
	for (size_t i = 0; i < field_errors_kept(from); i++)
		field_errors_add(to, from->v[i].reason, STEAL(from->v[i].field), STEAL(from->v[i].message));
	field_errors_release(from);
}

static const char *version_fault(const char *text)
{
	const char *slash = strchr(text, '/');
	return slash && strchr(slash + 1, '/') ? "unexpected GroupVersion string: " : NULL;
}

static void check_version(struct structural_run *r, const char *path, const char *text)
{
	const char *fault = version_fault(text);
	if (!fault)
		return;
	autofree char *detail = mem_printf("%s%s", fault, text);
	field_error_invalid_str(r->resources, path, text, detail);
}

static void check_kind(struct structural_run *r, const char *path, const char *text)
{
	autobuf struct buf lower = BUF_INIT, detail = BUF_INIT;
	struct name_faults bad;
	for (const char *p = text; *p; p++)
		buf_addc(&lower, *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p);
	if (!name_check_dns1035_label(buf_str(&lower), &bad))
		return;
	buf_adds(&detail, "may have mixed case, but should otherwise match: ");
	name_faults_join(&bad, ",", &detail);
	field_error_invalid_str(r->resources, path, text, buf_str(&detail));
}

/* A resource within a resource says what it is, and has metadata like any other. */
static void check_resource(struct structural_run *r, const struct type *t, const struct at *at, const js *v)
{
	static const struct {
		const char *key;
		void (*check)(struct structural_run *r, const char *path, const char *text);
	} rows[] = {{"apiVersion", check_version}, {"kind", check_kind}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const js *text = js_field(v, rows[i].key);
		struct at here = {.up = at, .name = rows[i].key};
		autobuf struct buf name = BUF_INIT;
		autofree char *path = path_of(r, name_of(&name, &here));
		if (!text)
			field_error_required(r->resources, path, NULL);
		else if (!js_is_str(text))
			field_error_invalid(r->resources, path, text, "must be a string");
		else if (!*js_str0(text, NULL))
			field_error_invalid_str(r->resources, path, "", "must not be empty");
		else
			rows[i].check(r, path, js_str0(text, NULL));
	}
	const struct field *metadata = schema_field(t, "metadata");
	struct at here = {.up = at, .name = "metadata"};
	autobuf struct buf name = BUF_INIT;
	autofree char *path = path_of(r, name_of(&name, &here));
	if (!metadata || !js_is_obj(js_field(v, "metadata")))
		return;
	const char *own = js_str0(v, "metadata", "name", NULL);
	autofree char *named = mem_printf("%s.name", path);
	struct name_faults bad;
	if (*own && name_check_path_segment(own, &bad))
		field_error_names(r->resources, named, own, &bad);
	const char *in = js_str0(v, "metadata", "namespace", NULL);
	autofree char *space = mem_printf("%s.namespace", path);
	if (*in && name_check_dns1123_label(in, &bad))
		field_error_names(r->resources, space, in, &bad);
	struct field_errors of = {.n = 0};
	schema_validate(metadata->type, js_field(v, "metadata"), path, &of);
	/* some of its fields are told by where they are in an object of its own */
	for (size_t i = 0; i < field_errors_kept(&of); i++)
		if (!strncmp(of.v[i].field, "metadata.", 9)) {
			char *own_field = of.v[i].field;
			of.v[i].field = mem_printf("%s%s", path, own_field + 8);
			free(own_field);
		}
	take_over(r->resources, &of);
}

/* All within v, whether it has changed or not: upstream looks at them apart from everything else. */
static void check_resources(struct structural_run *r, const struct type *t, const struct at *at, const js *v)
{
	unsigned next = 0;
	if (!t->resources || !spend(r, 1))
		return;
	if (js_is_obj(v) && t->check && t->check->structural && t->check->structural->resource)
		check_resource(r, t, at, v);
	js_array_for_each (item, js_is_arr(v) && t->form == TYPE_LIST ? v : NULL) {
		struct at here = {.up = at, .index = item_i};
		check_resources(r, t->elem, &here, item);
	}
	for (struct js_iter it = js_iter(js_is_obj(v) ? v : NULL); js_next(&it);) {
		const struct type *of = structural_member(t, it.key, &next);
		struct at here = {.up = at, .name = it.key, .key = t->form == TYPE_MAP};
		if (of)
			check_resources(r, of, &here, it.value);
	}
}

static void check_object(struct structural_run *r, const struct type *t, const struct at *at, const js *v,
			 const js *old)
{
	unsigned next = 0;
	if (t->check)
		check_size(r, t->check, at, v);
	for (struct js_iter it = js_iter(v); js_next(&it);) {
		const struct type *of = structural_member(t, it.key, &next);
		struct at here = {.up = at, .name = it.key, .key = t->form == TYPE_MAP};
		if (of)
			validate(r, of, &here, it.value, js_is_obj(old) ? js_field(old, it.key) : NULL);
	}
	if (t->check && t->check->structural)
		check_required(r, t->check->structural->required, at, v);
	if (t->check && t->check->structural && t->check->structural->says)
		check_object(r, t->check->structural->says, at, v, old);
	r->matches++;
}

/* ---- branches ---- */

/* The errors of one branch, on their own. */
static struct field_errors try(struct structural_run *r, const struct type *t, const struct at *at,
			       const js *v, int *matches)
{
	struct field_errors errs = {.n = 0};
	struct structural_run inner = {
		.prefix = r->prefix, .errs = &errs, .resources = &errs, .same = &errs, .work = r->work};
	if (spend(r, WORK_OF_TRY))
		validate(&inner, t, at, v, NULL);
	*matches = inner.matches;
	return errs;
}

/* How many branches hold; *best are the errors of the nearest while none does. */
static size_t count_valid(struct structural_run *r, const struct type **branches, const struct at *at,
			  const js *v, bool enough, struct field_errors *best)
{
	size_t valid = 0;
	int best_matches = -1;
	for (const struct type **b = branches; *b && !(enough && valid); b++) {
		int matches;
		struct field_errors errs = try(r, *b, at, v, &matches);
		valid += errs.n == 0;
		if (errs.n && matches > best_matches) {
			field_errors_release(best);
			*best = errs;
			best_matches = matches;
		} else {
			field_errors_release(&errs);
		}
	}
	return valid;
}

static void check_branches(struct structural_run *r, const struct structural *k, const struct at *at,
			   const js *v)
{
	struct field_errors best = {.n = 0};
	char text[100];
	int ignored;
	if (k->any_of && !count_valid(r, k->any_of, at, v, true, &best)) {
		invalid_whole(r, at, "must validate at least one schema (anyOf)");
		take_over(r->errs, &best);
	}
	field_errors_release(&best);
	size_t valid = k->one_of ? count_valid(r, k->one_of, at, v, false, &best) : 1;
	if (valid != 1) {
		snprintf(text, sizeof(text), "must validate one and only one schema (oneOf). Found %s",
			 "none valid");
		if (valid)
			snprintf(
				text, sizeof(text),
				"must validate one and only one schema (oneOf). Found %zu valid alternatives",
				valid);
		invalid_whole(r, at, text);
		if (!valid)
			take_over(r->errs, &best);
	}
	field_errors_release(&best);
	size_t wrong = 0, all = 0;
	for (const struct type **b = k->all_of; b && *b; b++, all++) {
		struct field_errors errs = try(r, *b, at, v, &ignored);
		wrong += errs.n > 0;
		take_over(r->errs, &errs);
	}
	if (wrong)
		invalid_whole(r, at,
			      wrong == all ? "must validate all the schemas (allOf). None validated"
					   : "must validate all the schemas (allOf)");
	if (k->not_) {
		struct field_errors errs = try(r, k->not_, at, v, &ignored);
		if (!errs.n)
			invalid_whole(r, at, "must not validate the schema (not)");
		field_errors_release(&errs);
	}
}

/* ---- any value ---- */

static void check_enum(struct structural_run *r, const js *values, const struct at *at, const js *v)
{
	if (!spend(r, js_len(values)))
		return;
	/* Go converts the value to the type of the one it is compared with: a fraction is lost */
	js_array_for_each (item, values)
		if (js_equal(item, v) || (js_is_int(item) && v && json_object_is_type(v, json_type_double) &&
					  (double)json_object_get_int64(item) == trunc(js_num(v))))
			return;
	autobuf struct buf name = BUF_INIT, message = BUF_INIT, shown = BUF_INIT;
	char number[40];
	buf_adds(&message, "Unsupported value: ");
	if (v && json_object_is_type(v, json_type_double))
		buf_adds(&message, field_error_number(number, js_num(v)));
	else
		js_write_sorted(&message, v, NULL);
	buf_adds(&message, ": supported values: ");
	js_array_for_each (one, values) {
		size_t n;
		const char *s = js_bytes(one, &n);
		buf_clear(&shown);
		if (!s) {
			js_write(&shown, one);
			s = buf_str(&shown);
			n = shown.len;
		}
		buf_adds(&message, one_i ? ", " : "");
		buf_add_json_string(&message, s, n);
	}
	field_errors_add(r->errs, "FieldValueNotSupported", path_of(r, name_of(&name, at)),
			 buf_take(&message, NULL));
}

/* Who asks a text for a format is told what Go calls the value, and of a list nothing at all. False: something is wrong. */
static bool check_form(struct structural_run *r, const struct type *t, const struct at *at, const js *v,
		       const char *want)
{
	const struct structural *k = t->check ? t->check->structural : NULL;
	if (t->form != TYPE_STRING || !k || !k->format)
		wrong_type(r, at, want, structural_word(v));
	else if (!js_is_arr(v))
		wrong_type(r, at, k->format_name, js_is_int(v) ? "int64" : js_is_num(v) ? "float64" : "");
	return t->form == TYPE_STRING && k && k->format && js_is_arr(v);
}

static void validate(struct structural_run *r, const struct type *t, const struct at *at, const js *v,
		     const js *old)
{
	if (!spend(r, 1))
		return;
	if (old && structural_unchanged(t, v, old)) {
		r->matches++;
		return;
	}
	const struct constraint *c = t->check;
	const struct structural *k = c ? c->structural : NULL;
	const char *want = t->untyped ? NULL : type_names[t->form];
	r->matches++;
	if (!v) {
		if (want && !t->nullable)
			wrong_type(r, at, want, "null");
		if (k && k->values)
			check_enum(r, k->values, at, v);
		return;
	}
	if (want && !is_of_form(t, v))
		r->matches += !check_form(r, t, at, v, want);
	else
		r->matches++;
	if (k)
		check_branches(r, k, at, v);
	/* of what is a list or a map the bounds are those of its items */
	if (c && js_is_str(v) && t->form != TYPE_LIST && t->form != TYPE_OBJECT && t->form != TYPE_MAP)
		check_string(r, c, at, v);
	if (c && js_is_num(v))
		check_number(r, c, at, v);
	if (t->form == TYPE_LIST && js_is_arr(v))
		check_list(r, t, at, v, old);
	if (k && k->values)
		check_enum(r, k->values, at, v);
	if (js_is_obj(v) && (t->form == TYPE_OBJECT || t->form == TYPE_MAP || t->form == TYPE_RAW))
		check_object(r, t, at, v, old);
}

/* Whether items of lists were equal before, anywhere: upstream does not ask then whether they are now. */
static bool had_same(const struct type *t, const js *old)
{
	struct field_errors others = {.n = 0}, same = {.n = 0};
	size_t work = 0;
	struct structural_run r = {
		.prefix = "", .errs = &others, .resources = &others, .same = &same, .work = &work};
	validate(&r, t, NULL, old, NULL);
	bool had = same.n;
	field_errors_release(&others);
	field_errors_release(&same);
	return had;
}

/* A part of an object of the type `of`, which was `was` as a whole. */
struct judged {
	const struct type *type, *of;
	const js *now, *old, *was;
	const char *path;
	bool resources; /* those within are looked at */
};

static void judge(const struct judged *p, struct field_errors *errs)
{
	struct field_errors resources = {.n = 0}, same = {.n = 0};
	size_t work = 0;
	struct structural_run r = {
		.prefix = p->path, .errs = errs, .resources = &resources, .same = &same, .work = &work};
	validate(&r, p->type, NULL, p->now, p->old);
	if (p->resources)
		check_resources(&r, p->type, NULL, p->now);
	take_over(errs, &resources);
	if (same.n && p->was && had_same(p->of, p->was))
		field_errors_release(&same);
	take_over(errs, &same);
	if (work > WORK_MAX)
		field_errors_add(
			errs, "FieldValueInvalid", path_of(&r, ""),
			mem_strdup("Invalid value: \"\": is too large for all that its schema asks"));
}

void structural_validate(const struct type *t, const js *o, const js *old, const char *path,
			 struct field_errors *errs)
{
	judge(&(struct judged){t, t, o, old, old, path, true}, errs);
}

void structural_validate_status(const struct type *t, const js *o, const js *old, struct field_errors *errs)
{
	const struct field *f = schema_field(t, "status");
	const js *status = js_field(o, "status");
	if (f && status)
		judge(&(struct judged){f->type, t, status, js_field(old, "status"), old, "status", false},
		      errs);
}

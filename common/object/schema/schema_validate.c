/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that a kind file states: required, bounds, enums, formats, unions, duplicates, immutability.
 * What needs more than one field at a time is the business of the kind's strategy.
 *
 * Subtrees without checks are skipped, and the path is a chain on the stack that becomes text only for an
 * error, so a valid object costs little more than the walk.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/unique.h"
#include "object/schema/schema_internal.h"

struct check {
	const char *prefix;
	struct field_errors *errs;
};

static void check_value(struct check *c, const struct type *t, const struct at *at, const js *v);

/* ---- paths ---- */
static const char *path_text(struct buf *b, const char *prefix, const struct at *at)
{
	autobuf struct buf rest = BUF_INIT;
	for (const struct at *a = at; a; a = a->up)
		if (a->path)
			prefix = ""; /* it stands for what is above it, too */
	schema_at_write(&rest, at, AT_FIELD_ERROR);
	buf_adds(b, prefix);
	if (*prefix && rest.len && rest.p[0] != '[')
		buf_addc(b, '.');
	buf_adds(b, buf_str(&rest));
	return buf_str(b);
}

static void invalid(struct check *c, const struct at *at, const js *v, const char *detail)
{
	autobuf struct buf b = BUF_INIT;
	field_error_invalid(c->errs, path_text(&b, c->prefix, at), v, detail);
}

/* The place to report an error at: upstream names some parents instead of their members. */
static const struct at *above(const struct at *at, unsigned levels)
{
	while (levels-- && at->up)
		at = at->up;
	return at;
}

/*
 * The text of a string for checks that work on C strings. A NUL byte, which no check accepts, must not hide
 * what is behind it, so it becomes another control character.
 */
static const char *checkable(const js *v, struct buf *b)
{
	size_t n;
	const char *s = js_bytes(v, &n);
	if (strlen(s) == n)
		return s;
	buf_add(b, s, n);
	for (size_t i = 0; i < n; i++)
		if (!b->p[i])
			b->p[i] = 1;
	return buf_str(b);
}

/* ---- one value ---- */
static void check_number(struct check *c, const struct constraint *k, const struct at *at, const js *v)
{
	double d = json_object_get_double(v);
	if (!(d < k->min) && !(d > k->max))
		return;
	char detail[100];
	if (!isnan(k->min) && !isnan(k->max))
		snprintf(detail, sizeof(detail), "must be between %.0f and %.0f, inclusive", k->min, k->max);
	else if (k->min == 1)
		snprintf(detail, sizeof(detail), "must be greater than zero");
	else if (!isnan(k->min))
		snprintf(detail, sizeof(detail), "must be greater than or equal to %.15g", k->min);
	else
		snprintf(detail, sizeof(detail), "must be less than or equal to %.15g", k->max);
	const char *own = k->above && d > k->max ? k->above : k->detail;
	invalid(c, at, v, own ? own : detail);
}

static void check_length(struct check *c, const struct constraint *k, const struct at *at, const js *v)
{
	bool text = js_is_str(v);
	int64_t n = text ? json_object_get_string_len(v) : (int64_t)js_len(v);
	autobuf struct buf b = BUF_INIT;
	if (n < k->min_len && text)
		invalid(c, at, v, k->detail ? k->detail : "must not be empty");
	else if (n < k->min_len)
		field_error_required(c->errs, path_text(&b, c->prefix, at), k->detail);
	else if (k->max_len >= 0 && n > k->max_len && text)
		field_error_too_long(c->errs, path_text(&b, c->prefix, at), (int)k->max_len);
	else if (k->max_len >= 0 && n > k->max_len)
		field_error_too_many(c->errs, path_text(&b, c->prefix, at), (int)n, (int)k->max_len);
}

/* Upstream reports some of them at the list or map that holds the string. */
static void check_format(struct check *c, const struct format *format, const struct at *at, const js *v)
{
	autobuf struct buf b = BUF_INIT;
	struct name_faults wrong;
	bool outside = at && at->up &&
		       (at->key ? format->map_errors_at_map : !at->name && format->list_errors_at_list);
	format->check(checkable(v, &b), &wrong);
	for (size_t i = 0; i < wrong.n; i++)
		invalid(c, outside ? at->up : at, v, wrong.v[i]);
}

static void check_enum(struct check *c, const char **enums, const struct at *at, const js *v)
{
	autobuf struct buf text = BUF_INIT, b = BUF_INIT;
	const char *s = checkable(v, &text);
	for (const char **e = enums; *e; e++)
		if (strcmp(*e, s) == 0)
			return;
	field_error_not_supported(c->errs, path_text(&b, c->prefix, at), s, (const char *const *)enums);
}

/* Later items that repeat an earlier one. */
static void check_unique(struct check *c, const struct type *t, const struct at *at, const js *v)
{
	autounique struct unique seen = {.n = 0};
	const char *by = t->check->unique;
	bool by_item = !*by;
	const struct field *f = t->elem ? schema_field(t->elem, by) : NULL;
	bool at_item = by_item || (f && f->more->up);
	char look = c->errs->look;
	c->errs->look = '2';
	js_array_for_each (item, v) {
		const char *s = by_item ? js_str(item, NULL) : js_str(item, by, NULL);
		if (!s || !*s || !unique_seen(&seen, s))
			continue;
		autobuf struct buf b = BUF_INIT;
		struct at here = {.up = at, .index = item_i}, key = {.up = &here, .name = by};
		field_error_duplicate(c->errs, path_text(&b, c->prefix, at_item ? &here : &key), s);
	}
	c->errs->look = look;
}

/* What the type asks of the value itself. */
static void check_own(struct check *c, const struct type *t, const struct at *at, const js *v)
{
	const struct constraint *k = t->check;
	if (!v)
		return;
	if ((!isnan(k->min) || !isnan(k->max)) && js_is_num(v))
		check_number(c, k, at, v);
	if (k->min_len >= 0 || k->max_len >= 0)
		check_length(c, k, at, v);
	if (k->format && js_is_str(v))
		check_format(c, k->format, at, v);
	if (k->enums && js_is_str(v))
		check_enum(c, k->enums, at, v);
	if (k->unique)
		check_unique(c, t, at, v);
}

static void check_key(struct check *c, const struct format *format, const struct at *at)
{
	struct name_faults wrong;
	if (!format->check(at->name, &wrong))
		return;
	autobuf struct buf b = BUF_INIT;
	path_text(&b, c->prefix, format->map_errors_at_map ? at->up : at);
	field_error_names(c->errs, buf_str(&b), at->name, &wrong);
}

/* ---- one field ---- */
/* Whether there is something to check in it. */
static bool check_field(struct check *c, const struct field *f, const struct at *at, const js *v)
{
	const struct constraint *k = f->type->check;
	if (f->more->up)
		at = above(at, f->more->up);
	bool zero = !v || (!f->pb_optional && schema_value_is_zero(f->type, v));
	autobuf struct buf b = BUF_INIT;
	if (f->required && zero) {
		bool bounded = k && (!isnan(k->min) || !isnan(k->max) || k->min_len >= 0);
		field_error_required(c->errs, path_text(&b, c->prefix, at), bounded ? NULL : f->more->detail);
		if (!f->more->check_absent)
			return false;
		buf_clear(&b);
	}
	if (zero && f->more->check_absent && k && k->format) {
		struct name_faults wrong;
		if (k->format->check("", &wrong))
			field_error_names(c->errs, path_text(&b, c->prefix, at), "", &wrong);
		return false;
	}
	if (k && v && (!zero || f->keep_empty))
		check_own(c, f->type, at, v);
	return v;
}

/* ---- objects ---- */
/* One too many is an error of the optional union itself. */
static void check_union(struct check *c, const struct type *t, const struct at *at, js *const *v)
{
	const struct union_member *m = t->index->members, *first = NULL;
	autobuf struct buf text = BUF_INIT;
	char detail[120];
	for (const struct union_member *end = m + t->index->n_members; m < end; m++) {
		if (!v[m->field])
			continue;
		if (!first) {
			first = m;
			continue;
		}
		if (m->beside)
			continue;
		autobuf struct buf b = BUF_INIT;
		struct at here = {.up = at, .name = m->as};
		snprintf(detail, sizeof(detail), "may not specify more than 1 %s", t->union_of);
		field_error_forbidden(c->errs, path_text(&b, c->prefix, t->union_optional ? at : &here),
				      detail);
		if (t->union_optional)
			break;
	}
	if (first || t->union_optional)
		return;
	snprintf(detail, sizeof(detail), "must specify a %s", t->union_of);
	field_error_required(c->errs, path_text(&text, c->prefix, at), detail);
}

/* The member that is looked into; NULL = all of them. */
static const struct field *union_chosen(const struct type *t, js *const *v)
{
	if (!t->union_of || t->union_optional)
		return NULL;
	for (unsigned i = 0; i < t->index->n_members; i++)
		if (v[t->index->members[i].field])
			return &t->fields[t->index->members[i].field];
	return NULL;
}

/* Whether nobody looks into this member of a union, because another is chosen. */
static bool is_passed_over(const struct type *t, const struct field *f, const struct field *chosen)
{
	if (!f->member || !chosen || f == chosen)
		return false;
	for (unsigned i = 0; i < t->index->n_members; i++)
		if (&t->fields[t->index->members[i].field] == f)
			return !t->index->members[i].beside;
	return true;
}

/* Leaves out what upstream's paths leave out; which item of a list that was is kept for the order of errors. */
static void skip_levels(struct check *c, struct at *here, unsigned levels)
{
	for (; levels-- && here->up; here->up = here->up->up)
		if (!here->up->name)
			c->errs->item = (unsigned)here->up->index + 1;
}

static void check_object(struct check *c, const struct type *t, const struct at *at, const js *o)
{
	js *small[SCHEMA_SMALL];
	js **v = t->n_fields > SCHEMA_SMALL ? mem_array(t->n_fields, sizeof(*v)) : small;
	unsigned next = 0;
	if (v == small)
		memset(small, 0, t->n_fields * sizeof(*v));
	json_object_object_foreach ((js *)o, key, item) {
		int i = member_index(t, key, &next);
		if (i >= 0)
			v[i] = item;
	}
	const struct field *chosen = union_chosen(t, v);
	for (unsigned k = 0; k < t->index->n_checked; k++) {
		unsigned i = t->index->checked[k];
		const struct field *f = &t->fields[i];
		if (!v[i] && !f->required && !f->more->check_absent)
			continue;
		if (is_passed_over(t, f, chosen))
			continue;
		struct at here = {.up = at, .name = f->name, .path = f->more->path};
		unsigned about = c->errs->item;
		skip_levels(c, &here, f->more->skip);
		bool own = f->required || f->more->check_absent || f->type->check;
		if ((own ? check_field(c, f, &here, v[i]) : v[i] != NULL) && !f->more->unchecked) {
			here.name = f->more->as ? f->more->as : f->name;
			check_value(c, f->type, &here, v[i]);
		}
		c->errs->item = about;
	}
	if (t->union_of)
		check_union(c, t, at, v);
	if (v != small)
		free(v);
}

static void check_item(struct check *c, const struct type *t, const struct at *at, const js *v)
{
	if (t->check)
		check_own(c, t, at, v);
	check_value(c, t, at, v);
}

/* What is below the value. */
static void check_value(struct check *c, const struct type *t, const struct at *at, const js *v)
{
	if (!t->index->checks)
		return;
	if (t->form == TYPE_OBJECT && js_is_obj(v)) {
		check_object(c, t, at, v);
	} else if (t->form == TYPE_LIST) {
		js_array_for_each (item, v) {
			struct at here = {.up = at, .index = item_i};
			check_item(c, t->elem, &here, item);
		}
	} else if (t->form == TYPE_MAP && js_is_obj(v)) {
		json_object_object_foreach ((js *)v, key, item) {
			struct at here = {.up = at, .name = key, .key = true};
			if (t->check && t->check->key_format)
				check_key(c, t->check->key_format, &here);
			check_item(c, t->elem, &here, item);
		}
	}
}

void schema_validate_changed(const struct type *type, const js *old, const js *new, const char *path,
			     struct field_errors *errs)
{
	struct check c = {.prefix = path, .errs = errs};
	if (type->structural)
		structural_validate(type, new, old, path, errs);
	else
		check_value(&c, type, NULL, new);
}

void schema_validate(const struct type *type, const js *o, const char *path, struct field_errors *errs)
{
	struct check c = {.prefix = path, .errs = errs};
	if (type->structural)
		structural_validate(type, o, NULL, path, errs);
	else
		check_item(&c, type, NULL, o);
}

void schema_validate_status(const struct type *type, const js *old, const js *new, struct field_errors *errs)
{
	const struct field *f = schema_field(type, "status");
	const js *v = js_field(new, "status");
	if (type->structural)
		structural_validate_status(type, new, old, errs);
	else if (f && v)
		schema_validate_changed(f->type, js_field(old, "status"), v, "status", errs);
}

/* ---- updates ---- */

/* What is not there is shown as the zero value that it is in Go, unless it is a pointer. */
static void not_the_same(struct check *c, const struct field *f, const struct at *at, const js *v)
{
	autojson js *zero = !v && f->type->form == TYPE_STRING && !f->pb_optional ? js_new_str("") : NULL;

	invalid(c, at, zero ? zero : v,
		f->more->detail && !f->required ? f->more->detail : "field is immutable");
}

static void compare(struct check *c, const struct type *t, const struct at *at, const js *old, const js *new)
{
	if (!t->index->immutables || t->form != TYPE_OBJECT)
		return; /* items of lists have no identity here */
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		struct at here = {.up = at, .name = f->name, .path = f->more->path};
		const js *a = js_field(old, f->name), *b = js_field(new, f->name);
		if (f->immutable) {
			if (!js_equal(a, b))
				not_the_same(c, f, &here, b);
		} else if (f->type->index->immutables) {
			compare(c, f->type, &here, a, b);
		}
	}
}

void schema_validate_update(const struct type *type, const js *old, const js *new, const char *path,
			    struct field_errors *errs)
{
	struct check c = {.prefix = path, .errs = errs};
	char look = errs->look;
	errs->look = 'u';
	compare(&c, type, NULL, old, new);
	errs->look = look;
}

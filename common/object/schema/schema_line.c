/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-line description of a field or of a named scalar type: words separated by spaces.
 *
 *	NUMBER TYPE ATTRIBUTE...	3 RestartPolicy default=Always
 *	TYPE ATTRIBUTE...		string enum=Always|OnFailure|Never
 *
 * A value may hold spaces inside double quotes. Each attribute is a row of the table below; kinds/README.md
 * documents them in the same order.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

struct word {
	const char *p;
	size_t n;
};

/* The next word, quotes kept; false at the end. */
static bool next_word(const char **p, struct word *ret)
{
	const char *s = *p + strspn(*p, " ");
	if (!*s)
		return false;
	const char *e = s;
	for (bool quoted = false; *e && (quoted || *e != ' '); e++) {
		if (quoted && *e == '\\' && e[1])
			e++;
		else if (*e == '"')
			quoted = !quoted;
	}
	*ret = (struct word){s, (size_t)(e - s)};
	*p = e;
	return true;
}

static int bad(struct err *err, const char *what, const char *p, size_t n)
{
	return err_set(err, REASON_INVALID, "%s: `%.*s`", what, n > 80 ? 80 : (int)n, p);
}

/* Text in quotes is a JSON string, anything else stands for itself. */
static const char *value_text(struct schema_builder *b, struct word v, struct err *err)
{
	if (v.n == 0 || v.p[0] != '"')
		return builder_intern(b, v.p, v.n);
	autojson js *s = js_parse(v.p, v.n, NULL, err);
	return s ? builder_intern(b, js_str0(s, NULL), strlen(js_str0(s, NULL))) : NULL;
}

static int value_number(struct word v, double *ret, struct err *err)
{
	char text[40], *end;
	if (v.n == 0 || v.n >= sizeof(text))
		return bad(err, "not a number", v.p, v.n);
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	*ret = strtod(text, &end);
	return *end ? bad(err, "not a number", v.p, v.n) : 0;
}

static int value_length(struct word v, int64_t *ret, struct err *err)
{
	double d;
	if (value_number(v, &d, err) < 0)
		return -1;
	if (!(d >= 0 && d <= INT_MAX))
		return bad(err, "not a length", v.p, v.n);
	*ret = (int64_t)d;
	return 0;
}

static int value_format(struct schema_builder *b, struct word v, const struct format **ret, struct err *err)
{
	*ret = format_find(builder_intern(b, v.p, v.n));
	return *ret ? 0 : bad(err, "unknown format", v.p, v.n);
}

/* ---- the attributes ---- */
#define SETTER(name)                                                                                         \
	static int set_##name(struct schema_builder *b, struct draft_field *d, struct word v, struct err *err)

/* An attribute whose presence is all. */
#define FLAG(name, member)                                                                                   \
	SETTER(name)                                                                                         \
	{                                                                                                    \
		d->member = true;                                                                            \
		return v.p ? bad(err, #name " takes no value", v.p, v.n) : 0;                                \
	}
FLAG(required, f.required)
FLAG(immutable, f.immutable)
FLAG(atomic, f.atomic)
FLAG(unlisted, unlisted)
FLAG(listed, f.listed)
FLAG(retain, f.retain_keys)
FLAG(replace, f.patch_replace)
FLAG(member, f.member)
FLAG(inline, inlined)
FLAG(absent, more.check_absent)
FLAG(omitzero, omitzero)
FLAG(wrapped, f.pb_wrapped)
FLAG(unchecked, more.unchecked)

/* An attribute that is a text. */
#define TEXT(name, member)                                                                                   \
	SETTER(name)                                                                                         \
	{                                                                                                    \
		d->member = value_text(b, v, err);                                                           \
		return d->member ? 0 : -1;                                                                   \
	}
TEXT(from, more.def_from)
TEXT(stored, more.stored)
TEXT(path, more.path)
TEXT(as, more.as)

/* ... and one of the constraint. */
#define CONSTRAINT_TEXT(name)                                                                                \
	SETTER(name)                                                                                         \
	{                                                                                                    \
		d->constrained = true;                                                                       \
		d->c.name = value_text(b, v, err);                                                           \
		return d->c.name ? 0 : -1;                                                                   \
	}
CONSTRAINT_TEXT(unique)
CONSTRAINT_TEXT(above)

SETTER(always)
{
	d->always = d->f.listed = true;
	return v.p ? bad(err, "always takes no value", v.p, v.n) : 0;
}

SETTER(detail)
{
	d->more.detail = d->c.detail = value_text(b, v, err);
	return d->more.detail ? 0 : -1;
}

SETTER(default)
{
	d->def = builder_intern(b, v.p, v.n);
	return 0;
}

SETTER(members)
{
	d->members = builder_intern(b, v.p, v.n);
	return 0;
}

SETTER(when)
{
	const char *colon = memchr(v.p, ':', v.n);
	if (!colon)
		return bad(err, "when wants FIELD:VALUE", v.p, v.n);
	d->more.when_field = builder_intern(b, v.p, (size_t)(colon - v.p));
	d->more.when_values = builder_split(b, colon + 1, v.n - (size_t)(colon + 1 - v.p), '|');
	return d->more.when_values ? 0 : bad(err, "too many values", v.p, v.n);
}

SETTER(min)
{
	d->constrained = true;
	return value_number(v, &d->c.min, err);
}

SETTER(max)
{
	d->constrained = true;
	return value_number(v, &d->c.max, err);
}

SETTER(minlen)
{
	d->constrained = true;
	return value_length(v, &d->c.min_len, err);
}

SETTER(maxlen)
{
	d->constrained = true;
	return value_length(v, &d->c.max_len, err);
}

SETTER(up)
{
	int64_t n;
	if (value_length(v, &n, err) < 0)
		return -1;
	d->more.up = (unsigned)n;
	return 0;
}

SETTER(skip)
{
	int64_t n;
	if (value_length(v, &n, err) < 0)
		return -1;
	d->more.skip = (unsigned)n;
	return 0;
}

static int set_values(struct schema_builder *b, struct draft_field *d, const char ***ret, struct word v,
		      struct err *err)
{
	d->constrained = true;
	if (v.n >= 2 && v.p[0] == '"')
		v = (struct word){v.p + 1, v.n - 2}; /* values with blanks */
	*ret = builder_split(b, v.p, v.n, '|');
	return *ret ? 0 : bad(err, "too many values", v.p, v.n);
}

SETTER(enum)
{
	return set_values(b, d, &d->c.enums, v, err);
}

SETTER(known)
{
	return set_values(b, d, &d->c.known, v, err);
}

SETTER(format)
{
	d->constrained = true;
	return value_format(b, v, &d->c.format, err);
}

SETTER(keyformat)
{
	d->constrained = true;
	return value_format(b, v, &d->c.key_format, err);
}

SETTER(set)
{
	d->f.list = LIST_SET;
	return v.p ? bad(err, "set takes no value", v.p, v.n) : 0;
}

SETTER(map)
{
	d->f.list = LIST_MAP;
	d->more.keys = builder_split(b, v.p, v.n, ',');
	return d->more.keys ? 0 : bad(err, "too many keys", v.p, v.n);
}

SETTER(merge)
{
	d->f.patch_merge = true;
	if (v.p)
		d->more.merge_key = builder_intern(b, v.p, v.n);
	return 0;
}

enum value_use { NONE, OPTIONAL, WANTED };

static const struct attribute {
	const char *name;
	int (*set)(struct schema_builder *b, struct draft_field *d, struct word v, struct err *err);
	enum value_use value;
} attributes[] = {
	{"always", set_always, NONE},	    {"required", set_required, NONE},
	{"immutable", set_immutable, NONE}, {"default", set_default, WANTED},
	{"from", set_from, WANTED},	    {"when", set_when, WANTED},
	{"members", set_members, WANTED},   {"min", set_min, WANTED},
	{"max", set_max, WANTED},	    {"minlen", set_minlen, WANTED},
	{"maxlen", set_maxlen, WANTED},	    {"enum", set_enum, WANTED},
	{"format", set_format, WANTED},	    {"keyformat", set_keyformat, WANTED},
	{"unique", set_unique, WANTED},	    {"detail", set_detail, WANTED},
	{"above", set_above, WANTED},	    {"up", set_up, WANTED},
	{"absent", set_absent, NONE},	    {"merge", set_merge, OPTIONAL},
	{"retain", set_retain, NONE},	    {"set", set_set, NONE},
	{"map", set_map, WANTED},	    {"member", set_member, NONE},
	{"inline", set_inline, NONE},	    {"stored", set_stored, WANTED},
	{"path", set_path, WANTED},	    {"omitzero", set_omitzero, NONE},
	{"skip", set_skip, WANTED},	    {"as", set_as, WANTED},
	{"unchecked", set_unchecked, NONE}, {"listed", set_listed, NONE},
	{"unlisted", set_unlisted, NONE},   {"atomic", set_atomic, NONE},
	{"known", set_known, WANTED},	    {"replace", set_replace, NONE},
	{"wrapped", set_wrapped, NONE},
};

static int set_attribute(struct schema_builder *b, struct draft_field *d, struct word w, struct err *err)
{
	const char *eq = memchr(w.p, '=', w.n);
	size_t n = eq ? (size_t)(eq - w.p) : w.n;
	struct word v = {0};
	if (eq)
		v = (struct word){eq + 1, w.n - n - 1};
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		const struct attribute *a = &attributes[i];
		if (strlen(a->name) != n || memcmp(a->name, w.p, n) != 0)
			continue;
		if ((a->value == WANTED && !eq) || (a->value == NONE && eq))
			return bad(err, eq ? "attribute takes no value" : "attribute wants a value", w.p,
				   w.n);
		return a->set(b, d, v, err);
	}
	return bad(err, "unknown attribute", w.p, w.n);
}

static void draft_init(struct draft_field *d)
{
	*d = (struct draft_field){.c = unconstrained};
}

int line_field(struct schema_builder *b, const char *text, struct draft_field *ret, struct err *err)
{
	struct word w;
	draft_init(ret);
	if (!next_word(&text, &w))
		return err_set(err, REASON_INVALID, "a field wants NUMBER TYPE");
	double pb;
	if (value_number(w, &pb, err) < 0)
		return -1;
	/* 2^29 - 1 is protobuf's largest number */
	if (!(pb >= 0 && pb <= 536870911 && pb == floor(pb)))
		return bad(err, "not a protobuf field number", w.p, w.n);
	ret->f.pb = (int)pb;
	if (!next_word(&text, &w))
		return err_set(err, REASON_INVALID, "a field wants NUMBER TYPE");
	if (w.p[0] == '*') {
		ret->f.pb_optional = true;
		w.p++;
		w.n--;
	}
	ret->expr = builder_intern(b, w.p, w.n);
	while (next_word(&text, &w))
		if (set_attribute(b, ret, w, err) < 0)
			return -1;
	ret->f.listed &= !ret->unlisted;
	return 0;
}

/* What a type may say: its constraints, and how Go calls it. */
static bool is_constraint(struct word w)
{
	static const char *const names[] = {
		"enum=",      "min=",	 "max=",    "minlen=", "maxlen=", "format=",
		"keyformat=", "unique=", "detail=", "above=",  "known="};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (w.n > strlen(names[i]) && strncmp(w.p, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

int line_type(struct schema_builder *b, const char *text, struct type *ret, const char **ret_expr,
	      struct constraint *ret_check, struct err *err)
{
	struct word w;
	struct draft_field d;
	draft_init(&d);
	if (!next_word(&text, &w))
		return err_set(err, REASON_INVALID, "a type wants a type to be made of");
	*ret_expr = builder_intern(b, w.p, w.n);
	while (next_word(&text, &w)) {
		if (is_constraint(w)) {
			if (set_attribute(b, &d, w, err) < 0)
				return -1;
		} else if (w.n > 3 && strncmp(w.p, "go=", 3) == 0) {
			ret->go = builder_intern(b, w.p + 3, w.n - 3);
		} else if (w.n == 5 && strncmp(w.p, "milli", 5) == 0) {
			ret->milli = true;
		} else {
			return bad(err, "unknown attribute of a type", w.p, w.n);
		}
	}
	*ret_check = d.c;
	return d.constrained;
}

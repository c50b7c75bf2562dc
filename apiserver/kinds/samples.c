/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing here knows a kind or a format: a text, number or key is the first of some candidates that the field's own rules
 * let pass. Corrections are merged over what was made, type by type, from the innermost outwards.
 */
#include "kinds/samples.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "object/yaml.h"

#define FILE_MAX (1 << 20)

struct samples {
	js *types;		    /* type name -> correction */
	js *objects;		    /* type name of a kind -> its objects' corrections */
	js *walk;		    /* type name of a kind -> what the test is to know */
	unsigned n;		    /* counts values, so that each is another one */
	const struct field *member; /* of the next union: the only one to be made; NULL = all */
	bool raw;
};

/* A type that is being made, so that one that holds itself ends. */
struct making {
	const struct making *up;
	const struct type *type;
};
static js *make(struct samples *s, const struct making *up, const struct type *t, const js *dflt);
static js *correct(struct samples *s, const struct making *up, const struct type *t, js *v, const js *by);

/* ---- files ---- */

static int read_text(const char *path, struct buf *out, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char p[4096];
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "%s", path);
	while ((n = read(fd, p, sizeof(p))) > 0 && out->len < FILE_MAX)
		buf_add(out, p, (size_t)n);
	return n < 0 ? err_errno(err, "%s", path) : 0;
}

/* Each type belongs to one file. */
static int gather(js *into, const js *from, const char *path, struct err *err)
{
	for (struct js_iter it = js_iter(from); js_next(&it);) {
		if (js_field(into, it.key))
			return err_set(err, REASON_INVALID, "%s: %s is in another file, too", path, it.key);
		js_set(into, it.key, js_dup(it.value));
	}
	return 0;
}

static int read_file(struct samples *s, const char *path, struct err *err)
{
	static const char *const parts[] = {"types", "objects", "walk"};
	js *const into[] = {s->types, s->objects, s->walk};
	autobuf struct buf text = BUF_INIT;

	if (read_text(path, &text, err) < 0)
		return -1;
	autojson js *o = yaml_parse(buf_str(&text), text.len, NULL, err);
	if (!o) {
		struct err what = *err;
		return err_set(err, REASON_INVALID, "%s: %s", path, what.msg);
	}
	for (struct js_iter it = js_iter(o); js_next(&it);) {
		size_t i = 0;
		while (i < ARRAY_LEN(parts) && strcmp(parts[i], it.key))
			i++;
		if (i == ARRAY_LEN(parts))
			return err_set(err, REASON_INVALID, "%s: what is %s?", path, it.key);
		if (gather(into[i], it.value, path, err) < 0)
			return -1;
	}
	return 0;
}

struct samples *samples_load(const char *dir, struct err *err)
{
	struct samples *s = MEM_NEW(struct samples);
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), r = 0;

	s->types = js_new_obj();
	s->objects = js_new_obj();
	s->walk = js_new_obj();
	if (n < 0)
		r = err_errno(err, "%s", dir);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(names[i]->d_name, '.');
		autofree char *path = mem_printf("%s/%s", dir, names[i]->d_name);
		if (r == 0 && dot && !strcmp(dot, ".yaml"))
			r = read_file(s, path, err);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (r == 0)
		return s;
	samples_free(s);
	return NULL;
}

void samples_free(struct samples *s)
{
	if (!s)
		return;
	js_autoput(&s->types);
	js_autoput(&s->objects);
	js_autoput(&s->walk);
	free(s);
}

void samples_unknown(const struct samples *s, const struct schema *schema, struct buf *out)
{
	const js *const all[] = {s->types, s->objects, s->walk};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (struct js_iter it = js_iter(all[i]); js_next(&it);)
			if (!schema_type(schema, it.key))
				buf_addf(out, "%s%s", out->len ? ", " : "", it.key);
}

/* ---- values ---- */

static bool fits(const struct type *t, const js *v)
{
	struct field_errors errs = {.n = 0};

	schema_validate(t, v, "x", &errs);
	bool none = errs.n == 0;
	field_errors_release(&errs);
	return none;
}

/* `%u` is where a candidate becomes one of its own. */
static const char *const texts[] = {
	"n%u",
	"text-%u",
	"N%u",
	"In",
	"Exists",
	"10.0.0.%u",
	"10.0.%u.0/24",
	"/n%u",
	"example.com/n%u",
	"v%u",
	"n%u.example.com",
	"sample/v%u",
	"%u",
	"n%u/",
	"https://n%u.example.com/",
	"sha256:%u",
};

static void candidate(char p[64], const char *fmt, unsigned n)
{
	snprintf(p, 64, fmt, *fmt == '1' ? n % 250 : n); /* addresses */
}

/* The last of them that is not the default. */
static js *one_of(const char **enums, const js *dflt)
{
	const char *last = NULL, *usual = json_object_get_string((js *)dflt);

	for (size_t i = 0; enums[i]; i++)
		if (*enums[i] && (!usual || strcmp(usual, enums[i])))
			last = enums[i];
	return js_new_str(last ? last : enums[0]);
}

static js *text(struct samples *s, const struct type *t, const js *dflt)
{
	char p[64];

	if (t->check && t->check->enums)
		return one_of(t->check->enums, dflt);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		candidate(p, texts[i], s->n);
		autojson js *v = js_new_str(p);
		if (fits(t, v))
			return STEAL(v);
	}
	return js_new_str(p);
}

static js *number(struct samples *s, const struct type *t)
{
	double low = t->check && t->check->min > 0 ? t->check->min : 0;
	const int64_t candidates[] = {s->n, (int64_t)low + s->n % 50, (int64_t)low + 1, (int64_t)low};

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		autojson js *v = js_new_int(candidates[i]);
		if (candidates[i] && fits(t, v))
			return STEAL(v);
	}
	return js_new_int(s->n);
}

/* The member becomes the map's. */
static void add_member(struct samples *s, const struct type *t, js *map, js *value)
{
	char p[64];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		candidate(p, texts[i], s->n);
		js_set(map, p, js_dup(value));
		if (fits(t, map))
			break;
		js_del(map, p);
	}
	if (!js_len(map))
		js_set(map, p, js_dup(value));
}

static js *map(struct samples *s, const struct making *up, const struct type *t)
{
	js *v = js_new_obj();
	autojson js *value = make(s, up, t->elem, NULL);

	if (value)
		add_member(s, t, v, value);
	return v;
}

/* Of a union, one item for each member that is not corrected away. */
static js *list(struct samples *s, const struct making *up, const struct type *t)
{
	const struct type *in = t->elem;
	js *v = js_new_arr();

	for (unsigned i = 0; !s->raw && in->union_of && i < in->n_fields; i++) {
		if (!in->fields[i].member)
			continue;
		s->member = &in->fields[i];
		js *o = make(s, up, in, NULL);
		if (js_field(o, in->fields[i].name))
			js_push(v, o);
		else
			js_autoput(&o);
	}
	js *one = js_len(v) ? NULL : make(s, up, in, NULL);
	if (one)
		js_push(v, one);
	return v;
}

/* Where only one member may be, the first is kept. */
static void choose(const struct type *t, js *o)
{
	bool chosen = false;

	for (unsigned i = 0; i < t->n_fields; i++)
		if (t->fields[i].member && js_field(o, t->fields[i].name)) {
			if (chosen)
				js_del(o, t->fields[i].name);
			chosen = true;
		}
}

static js *object(struct samples *s, const struct making *up, const struct type *t)
{
	struct making here = {.up = up, .type = t};
	const struct field *member = s->member;
	js *o = js_new_obj();

	s->member = NULL;
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		bool other = member && f->member && f != member;
		js *v = f->pb && !other ? make(s, &here, f->type, f->more->def)
					: NULL; /* else kind or apiVersion */
		if (v && ((!js_is_obj(v) && !js_is_arr(v)) || js_len(v) > 0 || f->type->form == TYPE_OBJECT))
			js_set(o, f->name, v);
		else
			js_autoput(&v);
	}
	return o;
}

/* One type is made several times within another only as long as it says something new. */
static bool endless(const struct making *up, const struct type *t)
{
	unsigned times = 0;

	for (; up; up = up->up)
		times += up->type == t;
	return times > 1;
}

static js *formatted(const char *fmt, unsigned n)
{
	char p[64];

	snprintf(p, sizeof(p), fmt, n);
	return js_new_str(p);
}

static js *some_object(unsigned n)
{
	js *o = js_new_obj();

	js_set_int(o, "n", n);
	return o;
}

static js *scalar(struct samples *s, const struct type *t, const js *dflt)
{
	switch (t->form) {
	case TYPE_BOOL:
		return js_new_bool(!dflt || !json_object_get_boolean(dflt));
	case TYPE_INT32:
	case TYPE_INT64:
	case TYPE_INT_OR_STRING:
		return number(s, t);
	case TYPE_DOUBLE:
		return js_new_double(s->n + 0.5);
	case TYPE_BYTES:
		return js_new_str("c2FtcGxl");
	case TYPE_TIME:
		return formatted("2026-01-02T15:04:%02uZ", s->n % 60);
	case TYPE_MICRO_TIME:
		return formatted("2026-01-02T15:04:05.%06uZ", s->n);
	case TYPE_DURATION:
		return formatted("%us", s->n % 59 + 1);
	case TYPE_QUANTITY:
		return formatted("%u", s->n % 900 + 1);
	case TYPE_FIELDS_V1:
	case TYPE_RAW:
		return some_object(s->n);
	default:
		return text(s, t, dflt);
	}
}

/* One form after the other, as long as it has an end. */
static js *either(struct samples *s, const struct making *up, const struct type *t)
{
	js *v = NULL;

	for (unsigned i = 0, from = s->n++; !v && i < t->n_fields; i++)
		v = make(s, up, t->fields[(from + i) % t->n_fields].type, NULL);
	return v;
}

static js *make(struct samples *s, const struct making *up, const struct type *t, const js *dflt)
{
	if (endless(up, t)) {
		s->member = NULL;
		return NULL;
	}
	if (t->form == TYPE_MAP)
		return map(s, up, t);
	if (t->form == TYPE_LIST)
		return list(s, up, t);
	if (t->form == TYPE_EITHER)
		return either(s, up, t);
	s->n++;
	if (t->form != TYPE_OBJECT)
		return scalar(s, t, dflt);
	js *o = object(s, up, t);
	const js *by = s->raw || !t->name ? NULL : js_field(s->types, t->name);
	return by ? correct(s, up, t, o, by) : o;
}

/* ---- corrections ---- */

/* The list becomes as long as the correction; each item is merged over one that was made. */
static js *correct_list(struct samples *s, const struct making *up, const struct type *t, js *v, const js *by)
{
	js *items = js_new_arr();

	js_array_for_each (item, by) {
		js *made = item_i < js_len(v) ? js_dup(js_at(v, item_i)) : make(s, up, t->elem, NULL);
		js_push(items, correct(s, up, t->elem, made, item));
	}
	js_autoput(&v);
	return items;
}

/* {NUMBER: ...}: of these items only. */
static js *correct_items(struct samples *s, const struct making *up, const struct type *t, js *v,
			 const js *by)
{
	js *items = js_new_arr();
	char number[24];

	js_array_for_each (item, v) {
		snprintf(number, sizeof(number), "%zu", item_i);
		const js *c = js_field(by, number);
		js_push(items, c ? correct(s, up, t->elem, js_dup(item), c) : js_dup(item));
	}
	js_autoput(&v);
	return items;
}

static js *correct_map(struct samples *s, const struct making *up, const struct type *t, js *v, const js *by)
{
	js *members = js_new_obj();

	for (struct js_iter it = js_iter(by); js_next(&it);)
		js_set(members, it.key, correct(s, up, t->elem, make(s, up, t->elem, NULL), it.value));
	js_autoput(&v);
	return members;
}

static js *correct(struct samples *s, const struct making *up, const struct type *t, js *v, const js *by)
{
	struct making here = {.up = up, .type = t};

	if (t->form == TYPE_LIST && js_is_arr(by))
		return correct_list(s, up, t, v, by);
	if (t->form == TYPE_LIST && js_is_obj(by))
		return correct_items(s, up, t, v, by);
	if (t->form == TYPE_MAP && js_is_obj(by))
		return correct_map(s, up, t, v, by);
	if (t->form != TYPE_OBJECT || !js_is_obj(by)) {
		js_autoput(&v);
		return by ? js_dup(by) : NULL;
	}
	if (!v)
		v = js_new_obj();
	for (struct js_iter it = js_iter(by); js_next(&it);) {
		const struct field *f = schema_field(t, it.key);
		if (!it.value) {
			js_del(v, it.key);
		} else if (!f) {
			js_set(v, it.key, js_dup(it.value)); /* strict decoding will name it */
		} else {
			js *old = js_take(v, it.key);
			if (!old)
				old = make(s, &here, f->type, f->more->def);
			js_set(v, it.key, correct(s, &here, f->type, old, it.value));
		}
	}
	return v;
}

/* ---- objects ---- */

static void choose_below(const struct type *t, js *v)
{
	if (!v)
		return;
	if (t->form == TYPE_OBJECT) {
		if (t->union_of)
			choose(t, v);
		for (unsigned i = 0; i < t->n_fields; i++)
			choose_below(t->fields[i].type, js_field(v, t->fields[i].name));
	} else if (t->form == TYPE_LIST) {
		js_array_for_each (item, v)
			choose_below(t->elem, item);
	} else if (t->form == TYPE_MAP) {
		for (struct js_iter it = js_iter(v); js_next(&it);)
			choose_below(t->elem, it.value);
	}
}

static void name_it(js *o, const struct kind *k)
{
	autofree char *version =
		*k->group ? mem_printf("%s/%s", k->group, k->version) : mem_strdup(k->version);

	js_set_str(o, "kind", k->kind);
	js_set_str(o, "apiVersion", version);
}

size_t samples_count(const struct samples *s, const struct kind *k)
{
	size_t n = js_len(js_field(s->objects, k->type->name));

	return n ? n : 1;
}

js *samples_object(struct samples *s, const struct kind *k, size_t i)
{
	s->n = 0;
	s->raw = false;
	js *o = make(s, NULL, k->type, NULL);
	const js *by = js_at(js_arr(s->objects, k->type->name, NULL), i);
	if (by)
		o = correct(s, NULL, k->type, o, by);
	choose_below(k->type, o);
	name_it(o, k);
	return o;
}

const js *samples_walk(const struct samples *s, const struct kind *k)
{
	return js_field(s->walk, k->type->name);
}

js *samples_raw(struct samples *s, const struct type *t)
{
	s->n = 0;
	s->raw = true;
	return make(s, NULL, t, NULL);
}

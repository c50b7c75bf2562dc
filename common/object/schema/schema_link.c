/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From drafts to types: names become pointers, inlined messages are expanded into their parents, default
 * texts become trees, and everything that a walk wants to know beforehand is worked out (field hash, protobuf
 * order, whether a subtree has defaults, checks or immutable fields at all).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

static struct draft *draft_of(struct schema_builder *b, const struct type *t)
{
	return t && t->index->draft ? &b->drafts[t->index->draft - 1] : NULL;
}

/* ---- fields ---- */
const struct field_more schema_nothing_more;

/* A field's own, to be written. */
static struct field_more *more_of(struct schema_builder *b, struct field *f)
{
	if (f->more == &schema_nothing_more)
		f->more = arena_alloc(&b->part->arena, sizeof(*f->more));
	return (struct field_more *)f->more;
}

static int finish_field(struct schema_builder *b, struct draft_field *d, struct err *err)
{
	struct field *f = &d->f;
	const struct type *t = d->expr ? builder_type(b, d->expr, err) : f->type;
	if (!t)
		return err_wrap(err, "%s", f->name);
	f->type = t;
	bool by_value = t->form == TYPE_OBJECT || t->form == TYPE_QUANTITY || t->form == TYPE_INT_OR_STRING ||
			type_is_time(t);
	f->keep_empty = !f->pb_optional && (d->always || (by_value && !d->omitzero));
	if (d->constrained && t->form == TYPE_OBJECT)
		return err_set(err, REASON_INVALID, "%s: only scalars, lists and maps are constrained",
			       f->name);
	if (d->constrained)
		f->type = builder_constrain(b, t, &d->c);
	f->more = &schema_nothing_more;
	if (memcmp(&d->more, f->more, sizeof(d->more)) != 0)
		*more_of(b, f) = d->more;
	return 0;
}

static const struct draft *inlined(struct schema_builder *b, const struct draft_field *f)
{
	return draft_of(b, part_type(b->part, f->expr, strlen(f->expr)));
}

#define INLINE_DEPTH 2 /* as far as pb_in goes */
static size_t expanded_size(struct schema_builder *b, const struct draft *d, unsigned depth, struct err *err)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (!d->v[i].inlined) {
			n++;
			continue;
		}
		const struct draft *in = inlined(b, &d->v[i]);
		if (!in) {
			err_set(err, REASON_INVALID, "%s: `%s` is not an object type", d->v[i].f.name,
				d->v[i].expr);
			return SIZE_MAX;
		}
		if (depth == INLINE_DEPTH || d->v[i].f.pb >= SCHEMA_PB_IN) {
			err_set(err, REASON_INVALID,
				"%s: messages are inlined %d deep, with numbers below %d", d->v[i].f.name,
				INLINE_DEPTH, SCHEMA_PB_IN);
			return SIZE_MAX;
		}
		size_t more = expanded_size(b, in, depth + 1, err);
		if (more == SIZE_MAX)
			return SIZE_MAX;
		n += more;
	}
	if (n > SCHEMA_MAX_FIELDS) {
		err_set(err, REASON_INVALID, "more than %d fields", SCHEMA_MAX_FIELDS);
		return SIZE_MAX;
	}
	return n;
}

static void inline_union(struct type *t, const struct type *in)
{
	if (!t->index->looked_at)
		t->index->looked_at = in->index->looked_at;
	if (!in->union_of)
		return;
	t->union_of = in->union_of;
	t->union_optional = in->union_optional;
	t->union_default = in->union_default;
	t->index->order = in->index->order;
}

/* Where the fields of a message go that is put together from several. */
struct expansion {
	struct type *type;
	struct field *at; /* of the next */
};

/* The fields of a message that is embedded in the place `in`; numbered: protobuf has it. */
static int inline_message(struct schema_builder *b, struct expansion *x, const struct draft *d, int in,
			  bool numbered, struct err *err)
{
	for (size_t i = 0; i < d->n; i++) {
		struct draft_field f = d->v[i];
		if (f.inlined) {
			bool all = numbered && f.f.pb;
			if (inline_message(b, x, inlined(b, &f), pb_place(in, f.f.pb), all, err) < 0)
				return -1;
			continue;
		}
		if (finish_field(b, &f, err) < 0)
			return -1;
		*x->at = f.f;
		x->at->pb_in = in;
		if (!numbered)
			x->at->pb = 0;
		x->at++;
	}
	inline_union(x->type, d->type);
	return 0;
}

static int expand(struct schema_builder *b, struct draft *d, struct err *err)
{
	struct type *t = d->type;
	size_t n = expanded_size(b, d, 0, err);
	if (n == SIZE_MAX)
		return -1;
	struct field *fields = arena_alloc(&b->part->arena, n * sizeof(*fields));
	struct expansion x = {.type = t, .at = fields};
	for (size_t i = 0; i < d->n; i++) {
		int number = d->v[i].f.pb;
		if (d->v[i].inlined) {
			if (inline_message(b, &x, inlined(b, &d->v[i]), pb_place(0, number), number, err) < 0)
				return -1;
			continue;
		}
		if (finish_field(b, &d->v[i], err) < 0)
			return -1;
		*x.at++ = d->v[i].f;
	}
	t->fields = fields;
	t->n_fields = (unsigned)n;
	const char *twice;
	if (schema_index_fields(&b->part->arena, t, &twice) < 0)
		return err_set(err, REASON_INVALID, "%s: the field occurs twice", twice);
	return 0;
}

/* ---- protobuf order ---- */
static __thread const struct field *sorting;
static int cmp_pb(const void *a, const void *b)
{
	const struct field *x = &sorting[*(const uint16_t *)a], *y = &sorting[*(const uint16_t *)b];
	return x->pb_in != y->pb_in ? (x->pb_in < y->pb_in ? -1 : 1) : (x->pb > y->pb) - (x->pb < y->pb);
}

static int index_pb(struct arena *arena, struct type *t, struct err *err)
{
	struct type_index *ix = t->index;
	ix->by_pb = arena_alloc(arena, t->n_fields * sizeof(*ix->by_pb));
	for (unsigned i = 0; i < t->n_fields; i++)
		if (t->fields[i].pb)
			ix->by_pb[ix->n_by_pb++] = (uint16_t)i;
	sorting = t->fields;
	if (ix->n_by_pb)
		qsort(ix->by_pb, ix->n_by_pb, sizeof(*ix->by_pb), cmp_pb);
	for (unsigned i = 1; i < ix->n_by_pb; i++)
		if (cmp_pb(&ix->by_pb[i - 1], &ix->by_pb[i]) == 0)
			return err_set(err, REASON_INVALID, "%s: the protobuf number %d occurs twice",
				       t->fields[ix->by_pb[i]].name, t->fields[ix->by_pb[i]].pb);
	return 0;
}

/* ---- defaults ---- */
js *part_keep(struct schema_part *p, js *tree)
{
	size_t n = p->n_trees;
	if ((n & (n - 1)) == 0) /* the room doubles */
		p->trees = mem_realloc_array(p->trees, n ? n * 2 : 1, sizeof(*p->trees));
	p->trees[p->n_trees++] = tree;
	return tree;
}

/* JSON text, or a bare word for strings and for what is written as one. */
static js *default_raw(const struct draft_field *d, enum type_form form, struct err *err)
{
	bool stringy = form == TYPE_STRING || form == TYPE_QUANTITY;
	if (d->tree)
		return js_dup(d->tree);
	return stringy && d->def[0] != '"' ? js_new_str(d->def) : js_parse(d->def, strlen(d->def), NULL, err);
}

/* In the form of the field's type; of a structural one with the defaults below it. */
static js *default_tree(struct schema_builder *b, const struct field *f, const struct draft_field *d,
			struct err *err)
{
	js *raw = default_raw(d, f->type->form, err);
	if (!raw)
		return NULL;
	struct type_index ix = {0};
	struct type one = {.form = TYPE_LIST, .elem = f->type, .go = "default", .index = &ix};
	autojson js *wrapped = js_new_arr();
	js_push(wrapped, raw);
	struct strict_errors strict = {0};
	autojson js *list = f->type->structural ? schema_decode(&one, wrapped, &strict, err)
						: schema_conform(&one, wrapped, &strict, err);
	if (list && strict.n && !f->type->structural) { /* of a structural one it is pruned */
		err_set(err, REASON_INVALID, "%s", strict.v[0]);
		js_autoput(&list);
		list = NULL;
	}
	schema_strict_errors_release(&strict);
	return list ? part_keep(b->part, js_dup(js_at(list, 0))) : NULL;
}

static const struct draft_field *draft_field_in(struct schema_builder *b, const struct draft *d,
						const struct field *f)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct draft_field *found = &d->v[i];
		if (found->inlined)
			found = draft_field_in(b, inlined(b, found), f);
		else if (found->f.name != f->name)
			found = NULL;
		if (found)
			return found;
	}
	return NULL;
}

static const struct draft_field *draft_field_of(struct schema_builder *b, const struct type *t,
						const struct field *f)
{
	return draft_field_in(b, draft_of(b, t), f);
}

/* ---- unions ---- */
static int list_members(struct schema_builder *b, struct type *t, struct err *err)
{
	struct type_index *ix = t->index;
	unsigned n = 0;
	for (unsigned i = 0; i < t->n_fields; i++)
		n += t->fields[i].member;
	ix->members = arena_alloc(&b->part->arena, n * sizeof(*ix->members));
	for (unsigned i = 0; i < t->n_fields && !ix->order; i++)
		if (t->fields[i].member)
			ix->members[ix->n_members++] =
				(struct union_member){.field = (uint16_t)i, .as = t->fields[i].name};
	for (const char **o = ix->order; o && *o; o++) {
		size_t len = strcspn(*o, "+:");
		int i = schema_field_index(t, builder_intern(b, *o, len));
		if (i < 0 || !t->fields[i].member || ix->n_members == n)
			return err_set(err, REASON_INVALID, "$union_order: no member `%s`", *o);
		ix->members[ix->n_members++] =
			(struct union_member){.field = (uint16_t)i,
					      .beside = (*o)[len] == '+',
					      .as = (*o)[len] == ':' ? *o + len + 1 : t->fields[i].name};
	}
	if (ix->n_members < n)
		return err_set(err, REASON_INVALID, "$union_order: not all members");
	return 0;
}

static int load_defaults(struct schema_builder *b, struct draft *d, struct err *err)
{
	if (d->type->union_of && list_members(b, d->type, err) < 0)
		return -1;
	const struct field *made =
		d->type->union_default ? schema_field(d->type, d->type->union_default) : NULL;
	if (d->type->union_default && (!made || made->type->form != TYPE_OBJECT))
		return err_set(err, REASON_INVALID, "$union_default: no object field `%s`",
			       d->type->union_default);
	for (unsigned i = 0; i < d->type->n_fields; i++) {
		struct field *f = (struct field *)&d->type->fields[i];
		const struct draft_field *src = draft_field_of(b, d->type, f);
		if ((src->def || src->tree) && !(more_of(b, f)->def = default_tree(b, f, src, err)))
			return err_wrap(err, "%s: default", f->name);
		if (src->members) {
			if (f->type->form != TYPE_OBJECT)
				return err_set(err, REASON_INVALID, "%s: only objects have members", f->name);
			js *m = js_parse(src->members, strlen(src->members), NULL, err);
			if (!m)
				return err_wrap(err, "%s: members", f->name);
			more_of(b, f)->def_members = part_keep(b->part, m);
		}
		if (f->more->def_from && schema_field_index(d->type, f->more->def_from) < 0)
			return err_set(err, REASON_INVALID, "%s: from=%s: no such field", f->name,
				       f->more->def_from);
		if (f->more->when_field && schema_field_index(d->type, f->more->when_field) < 0)
			return err_set(err, REASON_INVALID, "%s: when=%s: no such field", f->name,
				       f->more->when_field);
	}
	return 0;
}

/* ---- what subtrees hold ---- */
static void field_flags(const struct field *f, struct type_index *ret)
{
	const struct type_index *in = f->type->index;
	ret->defaults |= f->more->def || f->more->def_from || f->more->def_members || in->defaults;
	ret->checks |=
		f->required || f->more->check_absent || f->type->check || (in->checks && !f->more->unchecked);
	ret->immutables |= f->immutable || in->immutables;
	ret->zeroes |= f->keep_empty;
}

static bool add_flags(const struct type *t)
{
	struct type_index was = *t->index, *ix = t->index;
	if (t->elem) {
		ix->defaults |= t->elem->index->defaults;
		ix->checks |= t->elem->index->checks || t->elem->check;
		ix->immutables |= t->elem->index->immutables;
	}
	ix->checks |= t->union_of || (t->form == TYPE_MAP && t->check && t->check->key_format);
	ix->defaults |= t->union_default != NULL;
	for (unsigned i = 0; i < t->n_fields; i++)
		field_flags(&t->fields[i], ix);
	return was.defaults != ix->defaults || was.checks != ix->checks || was.immutables != ix->immutables ||
	       was.zeroes != ix->zeroes;
}

static bool is_checked(const struct field *f)
{
	return f->required || f->more->check_absent || f->type->check ||
	       (f->type->index->checks && !f->more->unchecked);
}

static void index_checked(struct arena *arena, struct type *t)
{
	struct type_index *ix = t->index;
	for (unsigned i = 0; i < t->n_fields; i++)
		ix->n_checked += is_checked(&t->fields[i]);
	ix->checked = arena_alloc(arena, ix->n_checked * sizeof(*ix->checked));
	for (unsigned i = 0, n = 0; i < t->n_fields; i++)
		if (is_checked(&t->fields[i]))
			ix->checked[n++] = (uint16_t)i;
}

static void index_flags(struct schema_builder *b)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < b->n_types; i++)
			changed |= add_flags(b->types[i]);
	}
	for (size_t i = 0; i < b->n_types; i++)
		if (b->types[i]->n_fields && !b->types[i]->structural)
			index_checked(&b->part->arena, b->types[i]);
}

/* Objects that hold themselves by value, or by default, would never end. */
static int find_cycle(struct type *t, struct err *err)
{
	struct type_index *ix = t->index;
	if (t->elem)
		return find_cycle((struct type *)t->elem, err);
	if (t->form != TYPE_OBJECT || ix->colour == 2)
		return 0;
	if (ix->colour == 1)
		return err_set(err, REASON_INVALID, "the type %s holds itself by value or by default",
			       t->name ? t->name : "of a field");
	ix->colour = 1;
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		if (((f->keep_empty && !f->type->elem) || f->more->def) &&
		    find_cycle((struct type *)f->type, err) < 0)
			return -1;
	}
	ix->colour = 2;
	return 0;
}

/* Of a user's schema nobody knows the types' names, if they have any: there the field says where it is. */
static int wrong_type(const struct type *t, struct err *err)
{
	return t->name && !t->structural ? err_wrap(err, "type %s", t->name) : -1;
}

int link_types(struct schema_builder *b, struct err *err)
{
	for (size_t i = 0; i < b->n_drafts; i++) {
		struct draft *d = &b->drafts[i];
		if (expand(b, d, err) < 0 || index_pb(&b->part->arena, d->type, err) < 0)
			return wrong_type(d->type, err);
	}
	for (size_t i = 0; i < b->n_drafts; i++) /* before defaults: conforming one writes zero values */
		for (unsigned k = 0; k < b->drafts[i].type->n_fields; k++)
			b->drafts[i].type->index->zeroes |= b->drafts[i].type->fields[k].keep_empty;
	for (size_t i = 0; i < b->n_drafts; i++)
		if (find_cycle(b->drafts[i].type, err) < 0)
			return -1;
	for (size_t i = 0; i < b->n_drafts; i++)
		if (load_defaults(b, &b->drafts[i], err) < 0)
			return wrong_type(b->drafts[i].type, err);
	for (size_t i = 0; i < b->n_drafts; i++)
		b->drafts[i].type->index->colour = 0;
	for (size_t i = 0; i < b->n_drafts; i++)
		if (find_cycle(b->drafts[i].type, err) < 0)
			return -1;
	index_flags(b);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of causes. Upstream's validation is code that looks at one field after the other; ours are rows and, behind
 * them, a strategy. So that a client reads the same list, what was found is put in order once everything is known: by
 * place, going down from the kind's type, where each type says in which order its fields are looked at (`$looked_at` in
 * its file, kinds/README.md; else as they are written). What lies at one place stays in the order in which it was found.
 */
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

/* One step of a path: a name behind a dot, an index or a key in brackets; n = 0: the path ends here. */
struct place_step {
	const char *p;
	size_t n;
	bool bracket;
};

static struct place_step step_next(const char **path)
{
	const char *p = *path;
	struct place_step s = {.bracket = *p == '['};

	p += *p == '.' || s.bracket;
	s.p = p;
	s.n = strcspn(p, s.bracket ? "]" : ".[");
	p += s.n;
	*path = p + (s.bracket && *p);
	return s;
}

static bool step_equal(const struct place_step *a, const struct place_step *b)
{
	return a->bracket == b->bracket && a->n == b->n && !memcmp(a->p, b->p, a->n);
}

static bool step_is(const struct place_step *s, const char *name)
{
	return strlen(name) == s->n && !memcmp(name, s->p, s->n);
}

/* NAME+LOOK in a list, or +LOOK for whatever that look finds; a + alone is for all of them. */
static bool step_is_look(const struct place_step *s, const char *listed, char look)
{
	size_t n = *listed == '+' ? 0 : s->n;

	return !strncmp(listed, s->p, n) && listed[n] == '+' && (listed[n + 1] == look || (!n && !listed[1]));
}

static const struct field *step_field(const struct type *t, const struct place_step *s)
{
	for (unsigned i = 0; t && i < t->n_fields; i++)
		if (step_is(s, t->fields[i].name) ||
		    (t->fields[i].more->as && step_is(s, t->fields[i].more->as)))
			return &t->fields[i];
	return NULL;
}

static bool is_object(const struct type *t)
{
	return t && (t->form == TYPE_OBJECT || t->form == TYPE_EITHER);
}

/* Where a step stands among its siblings. */
struct rank {
	size_t at, within; /* among those that no list names */
	bool found_order;  /* no place of its own: what is there stays as it was found */
};

/* Members of a union in its order, then the other fields, then what is no field, by the item that it is about. */
static size_t rank_unlisted(const struct type *t, const struct place_step *s, unsigned item)
{
	const struct type_index *x = t->index;
	const struct field *f = step_field(t, s);

	for (unsigned i = 0; i < x->n_members; i++)
		if (f == &t->fields[x->members[i].field] || step_is(s, x->members[i].as))
			return i;
	return x->n_members + (f ? (size_t)(f - t->fields) : t->n_fields + (size_t)item);
}

/* What the list does not name is where it has an asterisk, or behind it; the value itself where it has a dot, or first. */
static struct rank rank_in_object(const struct type *t, const struct place_step *s,
				  const struct field_error *e)
{
	const char **listed = t->index->looked_at;
	const struct field *f = s->n ? step_field(t, s) : NULL;
	struct place_step self = {.p = ".", .n = 1};
	size_t n = 0, named = 0, rest = 0, any = 0;

	if (!s->n)
		s = &self;
	for (; listed && listed[n]; n++) {
		bool looked = step_is_look(s, listed[n], e->look);
		if (looked && *listed[n] == '+')
			any = n + 1;
		else if (looked && e->look)
			return (struct rank){.at = n + 1};
		else if (step_is(s, listed[n]) || (f && !strcmp(f->name, listed[n])))
			named = n + 1;
		else if (*listed[n] == '*')
			rest = n + 1;
	}
	if (any && (!named || (e->look && listed[any - 1][1])))
		return (struct rank){.at = any, .found_order = true};
	if (named || s == &self)
		return (struct rank){.at = named};
	return (struct rank){.at = rest ? rest : n + 1, .within = rank_unlisted(t, s, e->item)};
}

/* Of a list: itself, then its items, each with what is said of it without its number. */
static struct rank rank_in_list(const struct place_step *s, unsigned item)
{
	if (s->bracket)
		return (struct rank){.at = 1 + strtoul(s->p, NULL, 10)};
	return (struct rank){.at = item, .within = item || s->n};
}

static int compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

/* Upstream goes through maps in any order, and judges them as a whole afterwards. */
static int compare_keys(const struct place_step *a, const struct place_step *b)
{
	if (!a->n || !b->n)
		return compare_numbers(!a->n, !b->n);
	int r = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
	return r ? r : compare_numbers(a->n, b->n);
}

static const struct type *step_down(const struct type *t, const struct place_step *s)
{
	const struct field *f = is_object(t) ? step_field(t, s) : NULL;

	if (f)
		return f->type;
	if (t && t->form == TYPE_LIST && !s->bracket) { /* a field of an item that upstream does not number */
		f = is_object(t->elem) ? step_field(t->elem, s) : NULL;
		return f ? f->type : NULL;
	}
	return t && (t->form == TYPE_LIST || t->form == TYPE_MAP) ? t->elem : NULL;
}

static int compare_ranks(struct rank a, struct rank b)
{
	int r = compare_numbers(a.at, b.at);

	return r || a.found_order ? r : compare_numbers(a.within, b.within);
}

static int compare(const struct type *t, const struct field_error *a, const struct field_error *b)
{
	const char *p = a->field, *q = b->field;

	for (int r = 0; t && !r;) {
		struct place_step x = step_next(&p), y = step_next(&q);
		if (is_object(t)) {
			struct rank i = rank_in_object(t, &x, a), k = rank_in_object(t, &y, b);
			r = compare_ranks(i, k);
			if (!r && i.found_order)
				return 0;
		} else if (t->form == TYPE_LIST) {
			r = compare_ranks(rank_in_list(&x, a->item), rank_in_list(&y, b->item));
		} else if (t->form == TYPE_MAP) {
			r = compare_keys(&x, &y);
		}
		if (r || !x.n || !step_equal(&x, &y))
			return r;
		t = step_down(t, &x);
	}
	return 0;
}

struct found {
	struct field_error e;
	const struct type *type;
	size_t at;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r = compare(x->type, &x->e, &y->e);

	return r ? r : compare_numbers(x->at, y->at);
}

void schema_order_errors(const struct type *t, struct field_errors *errs)
{
	size_t n = field_errors_kept(errs);

	if (n < 2)
		return;
	autofree struct found *v = mem_array(n, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = (struct found){errs->v[i], t, i};
	qsort(v, n, sizeof(*v), compare_found);
	for (size_t i = 0; i < n; i++)
		errs->v[i] = v[i].e;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of several versions may share stored objects (events in v1 and events.k8s.io/v1) and call the same
 * field by different names. What they agree on is the path in the stored object.
 */
#include "storage/cache/query_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *path_of(const struct selectable *f)
{
	return f->path ? f->path : f->field;
}

static int resolve(const struct kind *stored, const struct kind *asked, const char *field)
{
	const char *path = field;
	if (strcmp(field, "metadata.name") == 0)
		return FIELD_NAME;
	if (strcmp(field, "metadata.namespace") == 0)
		return FIELD_NAMESPACE;
	for (size_t i = 0; asked && i < asked->n_selectable; i++)
		if (strcmp(asked->selectable[i].field, field) == 0)
			path = path_of(&asked->selectable[i]);
	for (size_t i = 0; i < stored->n_selectable; i++)
		if (strcmp(path_of(&stored->selectable[i]), path) == 0)
			return (int)i;
	return FIELD_UNKNOWN;
}

static int by_term(const void *a, const void *b)
{
	const struct match_term *x = a, *y = b;
	if (x->field != y->field)
		return (x->field > y->field) - (x->field < y->field);
	return x->negate != y->negate ? x->negate - y->negate : strcmp(x->value, y->value);
}

static void sort_terms(struct match *m)
{
	if (m->n_terms > 1)
		qsort(m->terms, m->n_terms, sizeof(*m->terms), by_term);
	for (size_t i = 0, j; i < m->n_terms; i = j) {
		struct match_term *first = &m->terms[i];
		for (j = i; j < m->n_terms && m->terms[j].field == first->field && !m->terms[j].negate; j++)
			;
		for (first->negated = j; j < m->n_terms && m->terms[j].field == first->field; j++)
			;
		first->end = j;
	}
}

void match_init(struct match *m, const struct kind *stored, const struct query *q)
{
	*m = (struct match){.ns = q->ns ? q->ns : "", .labels = q->labels};
	m->terms = m->few;
	if (m->labels && selector_empty(m->labels))
		m->labels = NULL;
	if (!q->fields)
		return;
	m->n_terms = q->fields->n;
	if (m->n_terms > MATCH_TERMS_INLINE)
		m->terms = mem_array(m->n_terms, sizeof(*m->terms));
	for (size_t i = 0; i < m->n_terms; i++) {
		const struct field_term *t = &q->fields->v[i];
		m->terms[i] = (struct match_term){
			.field = resolve(stored, q->kind, t->field), .negate = t->negate, .value = t->value};
	}
	sort_terms(m);
}

void match_own(struct match *m)
{
	if (m->labels)
		m->labels = selector_ref(m->labels);
	m->ns = mem_strdup(m->ns);
	for (size_t i = 0; i < m->n_terms; i++)
		m->terms[i].value = mem_strdup(m->terms[i].value);
	m->owns = true;
}

size_t match_size(const struct match *m)
{
	size_t bytes = m->labels ? selector_size(m->labels) : 0;
	for (size_t i = 0; i < m->n_terms; i++)
		bytes += sizeof(*m->terms) + strlen(m->terms[i].value) + 1;
	return bytes;
}

void match_release(struct match *m)
{
	if (m->owns) {
		free((char *)m->ns);
		selector_free((struct selector *)m->labels);
		for (size_t i = 0; i < m->n_terms; i++)
			free((char *)m->terms[i].value);
	}
	if (m->terms != m->few)
		free(m->terms);
	*m = (struct match){.ns = ""};
}

static const char *field_value(const struct obj *o, int field)
{
	switch (field) {
	case FIELD_NAME:
		return o->name;
	case FIELD_NAMESPACE:
		return o->ns;
	case FIELD_UNKNOWN:
		return "";
	default:
		return o->fields[field];
	}
}

static int by_value(const void *value, const void *term)
{
	return strcmp(value, ((const struct match_term *)term)->value);
}

/* All terms of one field. Those that name its only value are sorted: are the first and the last of them, all are. */
static bool match_field(const struct match *m, const struct match_term *first, const struct obj *o)
{
	const struct match_term *negated = m->terms + first->negated, *end = m->terms + first->end;
	const char *value = field_value(o, first->field);
	if (first < negated && (strcmp(first->value, value) != 0 || strcmp(negated[-1].value, value) != 0))
		return false;
	return negated == end ||
	       !bsearch(value, negated, (size_t)(end - negated), sizeof(*negated), by_value);
}

bool match_obj(const struct match *m, const struct obj *o)
{
	if (*m->ns && strcmp(m->ns, o->ns) != 0)
		return false;
	for (size_t i = 0; i < m->n_terms; i = m->terms[i].end)
		if (!match_field(m, &m->terms[i], o))
			return false;
	return !m->labels || selector_matches(m->labels, o->labels);
}

bool match_all(const struct match *m)
{
	return m->n_terms == 0 && !m->labels;
}

const char *match_single(const struct match *m, int field)
{
	for (size_t i = 0; i < m->n_terms; i++)
		if (m->terms[i].field == field && !m->terms[i].negate)
			return m->terms[i].value;
	return NULL;
}

bool query_matches(const struct query *q, const struct obj *o)
{
	struct match m;
	match_init(&m, o->kind, q);
	bool yes = match_obj(&m, o);
	match_release(&m);
	return yes;
}

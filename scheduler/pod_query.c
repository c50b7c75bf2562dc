/* SPDX-License-Identifier: Apache-2.0 */
/* See pod_query.h. */
#include "pod_query.h"

#include <stdlib.h>
#include <string.h>
#include "base/arena.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool pod_query_term_counts(const struct pod_query_term *t, const struct sched_pod *p)
{
	const char *namespace = p->base.meta.namespace;

	if (t->nothing)
		return false;
	if (!t->all_namespaces && (t->n_namespaces == 1 ? strcmp(t->namespaces[0], namespace) != 0
							: !bsearch(&namespace, t->namespaces, t->n_namespaces,
								   sizeof(char *), by_text)))
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (!selector_requirement_matches(&t->requirements[i], p->base.meta.labels))
			return false;
	return true;
}

bool pod_query_counts(const struct pod_query *q, const struct sched_pod *p)
{
	if (q->living && p->base.meta.deleted_ns)
		return false;
	for (size_t i = 0; i < q->n; i++)
		if (!pod_query_term_counts(&q->terms[i], p))
			return false;
	return q->n;
}

/* With its end: no text can run into the next. */
static void add_text(struct buf *out, const char *s)
{
	buf_add(out, s, strlen(s) + 1);
}

void pod_query_write(const struct pod_query *q, struct buf *out)
{
	buf_addc(out, q->living ? 'l' : 'a');
	for (size_t i = 0; i < q->n; i++) {
		const struct pod_query_term *t = &q->terms[i];

		buf_addc(out, t->nothing ? '0' : t->all_namespaces ? '*' : 'n');
		for (size_t k = 0; k < t->n_namespaces; k++)
			add_text(out, t->namespaces[k]);
		for (size_t k = 0; k < t->n; k++) {
			const struct requirement *r = &t->requirements[k];

			buf_addf(out, "\x1%u", (unsigned)r->op);
			add_text(out, r->key);
			for (size_t v = 0; v < r->n; v++)
				add_text(out, r->values[v]);
		}
		buf_addc(out, '\x2');
	}
}

static const char *const *copy_texts(const char *const *v, size_t n, struct arena *a)
{
	const char **copy = arena_array(a, n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, v[i]);
	return copy;
}

struct pod_query *pod_query_copy(const struct pod_query *q, struct arena *a)
{
	struct pod_query *copy = arena_alloc(a, sizeof(*copy));
	struct pod_query_term *terms = arena_array(a, q->n + 1, sizeof(*terms));

	*copy = *q;
	copy->terms = terms;
	for (size_t i = 0; i < q->n; i++) {
		const struct pod_query_term *t = &q->terms[i];
		struct requirement *rs = arena_array(a, t->n + 1, sizeof(*rs));

		terms[i] = *t;
		terms[i].namespaces = copy_texts(t->namespaces, t->n_namespaces, a);
		terms[i].requirements = rs;
		for (size_t k = 0; k < t->n; k++) {
			rs[k] = t->requirements[k];
			rs[k].key = arena_strdup(a, rs[k].key);
			rs[k].values = copy_texts(rs[k].values, rs[k].n, a);
		}
	}
	return copy;
}

void pod_query_in(struct pod_query_term *t, const char *const *namespaces, size_t n, struct arena *a)
{
	const char **v = arena_array(a, n + 1, sizeof(*v));

	if (n)
		memcpy(v, namespaces, n * sizeof(*v));
	qsort(v, n, sizeof(*v), by_text);
	t->namespaces = v;
	t->n_namespaces = n;
}

/* Room for n more. */
static struct requirement *extend(struct pod_query_term *t, size_t n, struct arena *a)
{
	struct requirement *rs = arena_array(a, t->n + n, sizeof(*rs));

	if (t->n)
		memcpy(rs, t->requirements, t->n * sizeof(*rs));
	t->requirements = rs;
	t->n += n;
	return rs + t->n - n;
}

static struct requirement equal(const char *key, const char *const *value)
{
	return (struct requirement){.key = key, .op = SELECTOR_IN, .n = 1, .values = value, .sorted = true};
}

void pod_query_where(struct pod_query_term *t, const struct label_query *q, struct arena *a)
{
	if (!q) {
		t->nothing = true;
		return;
	}
	size_t n = q->equal ? q->equal->n : 0;
	struct requirement *rs = n + q->n ? extend(t, n + q->n, a) : NULL;

	for (size_t i = 0; i < n; i++)
		rs[i] = equal(q->equal->v[i].key, &q->equal->v[i].value);
	for (size_t i = 0; i < q->n; i++)
		rs[n + i] = q->requirements[i];
}

void pod_query_label(struct pod_query_term *t, const char *key, const char *value, struct arena *a)
{
	const char **v = arena_array(a, 1, sizeof(*v));

	v[0] = value;
	*extend(t, 1, a) = equal(key, v);
}

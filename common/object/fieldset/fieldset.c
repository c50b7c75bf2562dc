/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets and their FieldsV1 text (structured-merge-diff fieldpath/set.go, serialize.go). An operation is a rule that says
 * what becomes of two nodes of the same element, one of which may be missing; combine() walks both sets side by side.
 */
#include "object/fieldset/fieldset_internal.h"

#include <stdlib.h>
#include "object/scan.h"

/* ---- making ---- */

static int by_element(const void *a, const void *b)
{
	const struct fieldset_node *const *x = a, *const *y = b;
	int c = fieldset_element_compare(&(*x)->e, &(*y)->e);

	return c ? c : (*x > *y) - (*x < *y); /* in the order in which they came */
}

#define SMALL 16 /* nodes that are sorted by insertion */

static void sort_few(struct fieldset_node *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct fieldset_node x = v[i];
		size_t k = i;
		for (; k && fieldset_element_compare(&v[k - 1].e, &x.e) > 0; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

static void sort_many(struct fieldset_node *v, size_t n)
{
	autofree const struct fieldset_node **order = mem_array(n, sizeof(*order));
	autofree struct fieldset_node *sorted = mem_array(n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		order[i] = &v[i];
	qsort(order, n, sizeof(*order), by_element);
	for (size_t i = 0; i < n; i++)
		sorted[i] = *order[i];
	memcpy(v, sorted, n * sizeof(*v));
}

static bool is_sorted(const struct fieldset_node *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (fieldset_element_compare(&v[i - 1].e, &v[i].e) >= 0)
			return false;
	return true;
}

const struct fieldset *fieldset_make(struct arena *a, struct fieldset_node *v, size_t n)
{
	size_t kept = 0;

	if (!n)
		return NULL;
	if (n > SMALL && !is_sorted(v, n))
		sort_many(v, n);
	else if (n <= SMALL)
		sort_few(v, n);
	for (size_t i = 0; i < n; i++) {
		if (kept && !fieldset_element_compare(&v[kept - 1].e, &v[i].e)) {
			v[kept - 1].member |= v[i].member;
			if (v[i].below)
				v[kept - 1].below = v[i].below;
		} else {
			v[kept++] = v[i];
		}
	}
	struct fieldset *s = arena_alloc(a, sizeof(*s));
	*s = (struct fieldset){.n = kept, .v = v};
	return s;
}

/* ---- FieldsV1 ---- */

struct fieldset_reader {
	struct arena *arena;
	struct scan s;
	struct fieldset_node *stack; /* of all levels that are being read */
	size_t n, cap;
	struct err *err;
};

static void push(struct fieldset_reader *r, const struct fieldset_node *node)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->stack = mem_realloc_array(r->stack, r->cap, sizeof(*r->stack));
	}
	r->stack[r->n++] = *node;
}

static int read_level(struct fieldset_reader *r, const struct fieldset **ret, bool *ret_member, int depth);

static int read_member(struct fieldset_reader *r, const char *key, size_t len, bool escaped, bool *member,
		       int depth)
{
	struct fieldset_node node = {.member = false};

	if (len == 1 && *key == '.') {
		*member = true;
		return scan_skip(&r->s) ? 0 : scan_err(&r->s, r->err);
	}
	if (escaped) {
		autobuf struct buf text = BUF_INIT;
		scan_unescape(&text, key, len);
		len = text.len;
		key = arena_strndup(r->arena, buf_str(&text), len);
	}
	int known = fieldset_element_parse(r->arena, key, len, &node.e, r->err);
	if (known < 0)
		return -1;
	if (!known) /* of a future version */
		return scan_skip(&r->s) ? 0 : scan_err(&r->s, r->err);
	if (read_level(r, &node.below, &node.member, depth + 1) < 0)
		return -1;
	push(r, &node);
	return 0;
}

static int read_level(struct fieldset_reader *r, const struct fieldset **ret, bool *ret_member, int depth)
{
	size_t base = r->n, len;
	const char *key;
	bool escaped;

	*ret = NULL;
	*ret_member = false;
	if (depth > SHAPE_DEPTH_MAX + 50) /* none that is written here is so deep */
		return err_set(r->err, REASON_BAD_REQUEST, "exceeded max depth");
	if (scan_peek(&r->s) == SCAN_NULL) {
		*ret_member = true;
		return scan_null(&r->s) ? 0 : scan_err(&r->s, r->err);
	}
	if (scan_peek(&r->s) != SCAN_OBJECT || !scan_enter_object(&r->s))
		return err_set(r->err, REASON_BAD_REQUEST, "ReadMapCB: expect { or n at offset %zu",
			       (size_t)(r->s.p - r->s.start));
	while (scan_key_escaped(&r->s, &key, &len, &escaped))
		if (read_member(r, key, len, escaped, ret_member, depth) < 0)
			return -1;
	if (scan_failed(&r->s))
		return scan_err(&r->s, r->err);
	size_t n = r->n - base;
	r->n = base;
	if (!n) {
		*ret_member = true;
		return 0;
	}
	struct fieldset_node *v = arena_array(r->arena, n, sizeof(*v));
	memcpy(v, r->stack + base, n * sizeof(*v));
	*ret = fieldset_make(r->arena, v, n);
	return 0;
}

int fieldset_parse(struct arena *a, const char *p, size_t n, const struct fieldset **ret, struct err *err)
{
	struct fieldset_reader r = {.arena = a, .err = err};
	bool member;

	scan_init(&r.s, p, n);
	int rc = read_level(&r, ret, &member, 0);
	if (rc == 0 && !scan_finish(&r.s))
		rc = err_set(err, REASON_BAD_REQUEST,
			     "managedFields parsing: unexpected trailing data after JSON object");
	free(r.stack);
	return rc;
}

static void write_element(struct buf *out, const struct fieldset_element *e)
{
	static const char *const letters[] = {[FIELDSET_FIELD] = "\"f:",
					      [FIELDSET_KEY] = "\"k:",
					      [FIELDSET_VALUE] = "\"v:",
					      [FIELDSET_INDEX] = "\"i:"};

	buf_adds(out, letters[e->by]);
	size_t at = out->len; /* of the quote that the letter has written already */
	buf_add_json_string(out, e->p, e->n);
	memmove(out->p + at, out->p + at + 1, out->len - at);
	out->len--;
}

static void write_level(struct buf *out, const struct fieldset *s, bool self)
{
	buf_adds(out, self ? "{\".\":{}" : "{");
	for (size_t i = 0; s && i < s->n; i++) {
		if (i || self)
			buf_addc(out, ',');
		write_element(out, &s->v[i].e);
		if (s->v[i].below) {
			buf_addc(out, ':');
			write_level(out, s->v[i].below, s->v[i].member);
		} else {
			buf_adds(out, ":{}");
		}
	}
	buf_addc(out, '}');
}

void fieldset_write(struct buf *out, const struct fieldset *s)
{
	write_level(out, s, false);
}

/* ---- arithmetic ---- */

struct fieldset_rule {
	/* What becomes of two nodes, not both NULL; false: nothing. */
	bool (*node)(struct arena *a, const struct fieldset_node *x, const struct fieldset_node *y,
		     struct fieldset_node *ret);
	bool of_both; /* what is in y alone may be in the result */
};

static const struct fieldset *combine(struct arena *a, const struct fieldset *x, const struct fieldset *y,
				      const struct fieldset_rule *rule)
{
	size_t i = 0, k = 0, n = x ? x->n : 0, m = y ? y->n : 0, kept = 0;
	size_t room = n + (rule->of_both ? m : 0);
	struct fieldset_node *v = room ? arena_array(a, room, sizeof(*v)) : NULL;

	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : fieldset_element_compare(&x->v[i].e, &y->v[k].e);
		const struct fieldset_node *left = c <= 0 ? &x->v[i++] : NULL;
		const struct fieldset_node *right = c >= 0 ? &y->v[k++] : NULL;
		struct fieldset_node node;
		if ((left || rule->of_both) && rule->node(a, left, right, &node))
			v[kept++] = node;
	}
	if (!kept)
		return NULL;
	struct fieldset *s = arena_alloc(a, sizeof(*s));
	*s = (struct fieldset){.n = kept, .v = v};
	return s;
}

static const struct fieldset_rule rule_union, rule_intersection, rule_difference, rule_without;

static bool node_union(struct arena *a, const struct fieldset_node *x, const struct fieldset_node *y,
		       struct fieldset_node *ret)
{
	if (!x || !y) {
		*ret = x ? *x : *y;
		return true;
	}
	*ret = *x;
	ret->member |= y->member;
	ret->below = x->below && y->below ? combine(a, x->below, y->below, &rule_union)
		     : x->below		  ? x->below
					  : y->below;
	return true;
}

static bool node_intersection(struct arena *a, const struct fieldset_node *x, const struct fieldset_node *y,
			      struct fieldset_node *ret)
{
	if (!x || !y)
		return false;
	*ret = *x;
	ret->member &= y->member;
	ret->below = x->below && y->below ? combine(a, x->below, y->below, &rule_intersection) : NULL;
	return ret->member || ret->below;
}

static bool node_difference(struct arena *a, const struct fieldset_node *x, const struct fieldset_node *y,
			    struct fieldset_node *ret)
{
	*ret = *x;
	if (!y)
		return true;
	ret->member &= !y->member;
	if (x->below && y->below)
		ret->below = combine(a, x->below, y->below, &rule_difference);
	return ret->member || ret->below;
}

static bool node_without(struct arena *a, const struct fieldset_node *x, const struct fieldset_node *y,
			 struct fieldset_node *ret)
{
	*ret = *x;
	if (!y)
		return true;
	if (y->member)
		return false;
	if (x->below && y->below)
		ret->below = combine(a, x->below, y->below, &rule_without);
	return ret->member || ret->below;
}

static const struct fieldset_rule rule_union = {node_union, true},
				  rule_intersection = {node_intersection, false},
				  rule_difference = {node_difference, false},
				  rule_without = {node_without, false};

const struct fieldset *fieldset_union(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	return !x ? y : !y ? x : combine(a, x, y, &rule_union);
}

const struct fieldset *fieldset_intersection(struct arena *a, const struct fieldset *x,
					     const struct fieldset *y)
{
	return x && y ? combine(a, x, y, &rule_intersection) : NULL;
}

const struct fieldset *fieldset_difference(struct arena *a, const struct fieldset *x,
					   const struct fieldset *y)
{
	return x && y ? combine(a, x, y, &rule_difference) : x;
}

const struct fieldset *fieldset_without(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	return x && y ? combine(a, x, y, &rule_without) : x;
}

/* What of y stands for the element. */
static const struct fieldset_node *pattern_of(const struct fieldset *y, const struct fieldset_element *e)
{
	static const struct fieldset_element any = {.by = FIELDSET_FIELD, .n = 1, .p = "*"};
	const struct fieldset_node *node = fieldset_find(y, e);

	return node ? node : fieldset_find(y, &any);
}

const struct fieldset *fieldset_within(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	if (!x || !y)
		return NULL;
	struct fieldset_node *v = arena_array(a, x->n, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < x->n; i++) {
		const struct fieldset_node *pattern = pattern_of(y, &x->v[i].e);
		if (!pattern)
			continue;
		v[n] = x->v[i];
		if (!pattern->member)
			v[n].below = fieldset_within(a, v[n].below, pattern->below);
		n += v[n].member || v[n].below;
	}
	return fieldset_make(a, v, n);
}

bool fieldset_equal(const struct fieldset *x, const struct fieldset *y)
{
	if (x == y)
		return true;
	if (!x || !y || x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].member != y->v[i].member || fieldset_element_compare(&x->v[i].e, &y->v[i].e) ||
		    !fieldset_equal(x->v[i].below, y->v[i].below))
			return false;
	return true;
}

size_t fieldset_size(const struct fieldset *s)
{
	size_t n = 0;

	for (size_t i = 0; s && i < s->n; i++)
		n += s->v[i].member + fieldset_size(s->v[i].below);
	return n;
}

static struct fieldset_element name_element(const char *name)
{
	return (struct fieldset_element){.by = FIELDSET_FIELD, .n = (uint32_t)strlen(name), .p = name};
}

const struct fieldset *fieldset_path(struct arena *a, const char *const *names)
{
	struct fieldset_node *node = arena_alloc(a, sizeof(*node));

	*node = (struct fieldset_node){.e = name_element(*names), .member = !names[1]};
	if (names[1])
		node->below = fieldset_path(a, names + 1);
	return fieldset_make(a, node, 1);
}

const struct fieldset_node *fieldset_find(const struct fieldset *s, const struct fieldset_element *e)
{
	size_t low = 0, high = s ? s->n : 0;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = fieldset_element_compare(&s->v[mid].e, e);
		if (!c)
			return &s->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool fieldset_has(const struct fieldset *s, const char *const *names)
{
	for (;; names++) {
		struct fieldset_element e = name_element(*names);
		const struct fieldset_node *node = fieldset_find(s, &e);
		if (!node)
			return false;
		if (!names[1])
			return node->member;
		s = node->below;
	}
}

static void each(const struct fieldset *s, struct buf *path, fieldset_each_fn *fn, void *arg)
{
	size_t n = path->len;

	for (size_t i = 0; s && i < s->n; i++) {
		if (!s->v[i].member)
			continue;
		fieldset_element_path(path, &s->v[i].e);
		fn(arg, buf_str(path));
		buf_truncate(path, n);
	}
	for (size_t i = 0; s && i < s->n; i++) {
		if (!s->v[i].below)
			continue;
		fieldset_element_path(path, &s->v[i].e);
		each(s->v[i].below, path, fn, arg);
		buf_truncate(path, n);
	}
}

void fieldset_each(const struct fieldset *s, fieldset_each_fn *fn, void *arg)
{
	autobuf struct buf path = BUF_INIT;

	each(s, &path, fn, arg);
}

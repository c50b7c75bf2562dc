/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors: matching, making from objects, writing; selector_parse.c reads the query form. A requirement
 * lives in one allocation with its key and values. Requirements are sorted by key and values are a sorted
 * set, so the written form is canonical.
 *
 * "=" and "in" with one value match alike but are written as they came, hence the symbol beside the operator.
 */
#include "object/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "object/name.h"
#include "object/selector_internal.h"

const char *const selector_op_names[SELECTOR_LT + 1] = {
	[SELECTOR_IN] = "In",	      [SELECTOR_NOT_IN] = "NotIn",
	[SELECTOR_EXISTS] = "Exists", [SELECTOR_NOT_EXISTS] = "DoesNotExist",
	[SELECTOR_GT] = "Gt",	      [SELECTOR_LT] = "Lt",
};

#define FEW 16 /* requirements: quicker one by one */

/* ---- matching ---- */
bool selector_to_int(const char *s, int64_t *ret)
{
	char *end;

	if ((*s < '0' || *s > '9') && *s != '-' && *s != '+')
		return false; /* strtoll would skip blanks */
	errno = 0;
	*ret = strtoll(s, &end, 10);
	return !errno && end != s && !*end;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_value(const struct requirement *r, const char *value)
{
	if (r->sorted)
		return bsearch(&value, r->values, r->n, sizeof(*r->values), by_text);
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->values[i], value))
			return true;
	return false;
}

bool selector_requirement_matches(const struct requirement *r, const struct labels *l)
{
	const char *value = labels_get(l, r->key);
	int64_t have, want;

	switch (r->op) {
	case SELECTOR_IN:
		return value && has_value(r, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(r, value);
	case SELECTOR_EXISTS:
		return value;
	case SELECTOR_NOT_EXISTS:
		return !value;
	case SELECTOR_GT:
	case SELECTOR_LT:
		if (!value || r->n != 1 || !selector_to_int(value, &have) ||
		    !selector_to_int(r->values[0], &want))
			return false;
		return r->op == SELECTOR_GT ? have > want : have < want;
	}
	return false;
}

int selector_op_parse(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(selector_op_names); i++)
		if (!strcmp(selector_op_names[i], word))
			return (int)i;
	return -1;
}

bool selector_matches(const struct selector *s, const struct labels *l)
{
	if (s->nothing)
		return false;
	if (s->groups)
		return selector_groups_match(s->groups, l);
	for (size_t i = 0; i < s->n; i++)
		if (!selector_requirement_matches(&s->v[i].r, l))
			return false;
	return true;
}

bool selector_empty(const struct selector *s)
{
	return !s->nothing && !s->n;
}

void selector_free(struct selector *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->more_refs, 1, memory_order_acq_rel) > 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].memory);
	selector_groups_free(s->groups);
	free(s->v);
	free(s);
}

struct selector *selector_ref(const struct selector *s)
{
	struct selector *mine = (struct selector *)s;

	atomic_fetch_add_explicit(&mine->more_refs, 1, memory_order_relaxed);
	return mine;
}

size_t selector_size(const struct selector *s)
{
	return sizeof(*s) + s->bytes;
}

void selector_autofree(struct selector **s)
{
	selector_free(*s);
}

/* ---- building ---- */
void selector_values_add(struct values *vs, const char *s)
{
	if (vs->n == vs->cap) {
		vs->cap = vs->cap ? 2 * vs->cap : 4;
		vs->v = mem_realloc_array(vs->v, vs->cap, sizeof(*vs->v));
	}
	vs->v[vs->n++] = s;
}

void selector_values_sort(struct values *vs)
{
	size_t n = 0;

	if (!vs->n)
		return;
	qsort(vs->v, vs->n, sizeof(*vs->v), by_text);
	for (size_t i = 0; i < vs->n; i++)
		if (!n || strcmp(vs->v[n - 1], vs->v[i]))
			vs->v[n++] = vs->v[i];
	vs->n = n;
}

/* Objections to one requirement; upstream lists them in brackets when there are several. */
struct objections {
	struct buf text;
	size_t n;
};

static void object(struct objections *o, const char *text)
{
	if (o->n++)
		buf_adds(&o->text, ", ");
	buf_adds(&o->text, text);
}

static void invalid_text(struct objections *o, const char *field, const char *value, const char *detail)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "%s: Invalid value: ", field);
	buf_add_json_string(&b, value, strlen(value));
	buf_addf(&b, ": %s", detail);
	object(o, buf_str(&b));
}

static void invalid_name(struct objections *o, const char *field, const char *value,
			 const struct name_faults *faults)
{
	autobuf struct buf detail = BUF_INIT;

	name_faults_join(faults, "; ", &detail);
	invalid_text(o, field, value, buf_str(&detail));
}

static void invalid_list(struct objections *o, const struct values *vs, const char *detail)
{
	autobuf struct buf b = BUF_INIT;

	buf_adds(&b, "values: Invalid value: ");
	if (!vs->n)
		buf_adds(&b, "null");
	for (size_t i = 0; i < vs->n; i++) {
		buf_addc(&b, i ? ',' : '[');
		buf_add_json_string(&b, vs->v[i], strlen(vs->v[i]));
	}
	buf_addf(&b, "%s: %s", vs->n ? "]" : "", detail);
	object(o, buf_str(&b));
}

int selector_validate(const char *key, enum selector_op op, const struct values *vs, struct err *err)
{
	struct objections o = {0};
	struct name_faults wrong;
	int64_t number;

	if (name_check_qualified(key, &wrong))
		invalid_name(&o, "key", key, &wrong);
	if ((op == SELECTOR_IN || op == SELECTOR_NOT_IN) && !vs->n)
		invalid_list(&o, vs, "for 'in', 'notin' operators, values set can't be empty");
	if ((op == SELECTOR_EXISTS || op == SELECTOR_NOT_EXISTS) && vs->n)
		invalid_list(&o, vs, "values set must be empty for exists and does not exist");
	if ((op == SELECTOR_GT || op == SELECTOR_LT) && vs->n != 1)
		invalid_list(&o, vs, "for 'Gt', 'Lt' operators, exactly one value is required");
	for (size_t i = 0; i < vs->n && o.text.len < ERR_MSG_MAX; i++) {
		autofree char *field = mem_printf("values[%zu]", i);
		autofree char *keyed = mem_printf("values[%zu][%s]", i, key);

		if ((op == SELECTOR_GT || op == SELECTOR_LT) && !selector_to_int(vs->v[i], &number))
			invalid_text(&o, field, vs->v[i],
				     "for 'Gt', 'Lt' operators, the value must be an integer");
		if (name_check_label_value(vs->v[i], &wrong))
			invalid_name(&o, keyed, vs->v[i], &wrong);
	}
	if (o.n)
		err_set(err, REASON_BAD_REQUEST, o.n > 1 ? "[%s]" : "%s", buf_str(&o.text));
	buf_release(&o.text);
	return o.n ? -1 : 0;
}

/* Copies key and values, which are sorted, into one block. */
void selector_append(struct selector *s, const char *key, enum selector_op op, const char *symbol,
		     const struct values *vs)
{
	size_t bytes = vs->n * sizeof(char *) + strlen(key) + 1;

	for (size_t i = 0; i < vs->n; i++)
		bytes += strlen(vs->v[i]) + 1;
	s->bytes += bytes + sizeof(*s->v);
	const char **values = mem_alloc(bytes);
	char *text = (char *)(values + vs->n);

	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 2;
		s->v = mem_realloc_array(s->v, s->cap, sizeof(*s->v));
	}
	struct entry *e = &s->v[s->n++];

	*e = (struct entry){.r = {.key = text, .op = op, .n = vs->n, .values = values, .sorted = true},
			    .symbol = symbol,
			    .memory = values};
	text = stpcpy(text, key) + 1;
	for (size_t i = 0; i < vs->n; i++) {
		values[i] = text;
		text = stpcpy(text, vs->v[i]) + 1;
	}
}

static int by_requirement(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->r.key, y->r.key);

	return c ? c : (x->r.op > y->r.op) - (x->r.op < y->r.op);
}

void selector_sort(struct selector *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), by_requirement);
	if (s->n > FEW)
		s->groups = selector_groups_new(s);
}

/* ---- from objects ---- */
static int add_pair(struct selector *s, const char *key, const char *value, bool check, struct err *err)
{
	struct values vs = {.v = &value, .n = 1};

	if (check && selector_validate(key, SELECTOR_IN, &vs, err))
		return -1;
	selector_append(s, key, SELECTOR_IN, "=", &vs);
	return 0;
}

static int add_expression(struct selector *s, const js *e, struct err *err)
{
	const char *word = js_str0(e, "operator", NULL), *key = js_str0(e, "key", NULL);
	int op = selector_op_parse(word);

	if (op < 0 || op == SELECTOR_GT || op == SELECTOR_LT)
		return err_set(err, REASON_BAD_REQUEST, "\"%.128s\" is not a valid label selector operator",
			       word);
	struct values vs = {0};
	const js *values = js_arr(e, "values", NULL);

	js_array_for_each (v, values)
		selector_values_add(&vs, js_str0(v, NULL));
	int rc = selector_validate(key, (enum selector_op)op, &vs, err);

	if (!rc) {
		selector_values_sort(&vs);
		selector_append(s, key, (enum selector_op)op,
				op == SELECTOR_IN	? "in"
				: op == SELECTOR_NOT_IN ? "notin"
							: "",
				&vs);
	}
	free(vs.v);
	return rc;
}

struct selector *selector_from_json(const js *label_selector, struct err *err)
{
	struct selector *s = MEM_NEW(struct selector);
	const js *expressions = js_arr(label_selector, "matchExpressions", NULL);

	s->nothing = js_is_null(label_selector);
	for (struct js_iter it = js_iter(js_field(label_selector, "matchLabels")); js_next(&it);)
		if (add_pair(s, it.key, js_str0(it.value, NULL), true, err))
			goto fail;
	js_array_for_each (e, expressions)
		if (add_expression(s, e, err))
			goto fail;
	selector_sort(s);
	return s;
fail:
	selector_free(s);
	return NULL;
}

struct selector *selector_from_map(const js *map)
{
	struct selector *s = MEM_NEW(struct selector);
	struct err unused;

	for (struct js_iter it = js_iter(map); js_next(&it);)
		if (add_pair(s, it.key, js_str0(it.value, NULL), false, &unused))
			abort(); /* nothing is checked */
	selector_sort(s);
	return s;
}

/* ---- writing ---- */
void selector_write(struct buf *out, const struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct requirement *r = &s->v[i].r;
		const char *symbol = s->v[i].symbol;
		bool word = *symbol == 'i' || *symbol == 'n';

		if (i)
			buf_addc(out, ',');
		if (r->op == SELECTOR_NOT_EXISTS)
			buf_addc(out, '!');
		buf_adds(out, r->key);
		buf_addf(out, word ? " %s (" : "%s", symbol);
		for (size_t j = 0; j < r->n; j++) {
			if (j)
				buf_addc(out, ',');
			buf_adds(out, r->values[j]);
		}
		if (word)
			buf_addc(out, ')');
	}
}

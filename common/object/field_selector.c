/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field selectors: terms split at commas that no backslash escapes, each split at its first operator. What
 * the fields mean is the kind's business.
 */
#include "object/labels.h"

#include <stdlib.h>
#include <string.h>

void field_selector_release(struct field_selector *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].field);
		free(f->v[i].value);
	}
	free(f->v);
	*f = (struct field_selector){0};
}

/* Length of the term at s: to the next comma without a backslash before it. */
static size_t term_length(const char *s)
{
	size_t n = 0;

	for (; s[n] && s[n] != ','; n++)
		if (s[n] == '\\' && s[n + 1])
			n++;
	return n;
}

/* The value between s and end without its escapes; NULL on a bad one. */
static char *unescape(const char *s, const char *end, struct err *err)
{
	autobuf struct buf b = BUF_INIT;

	for (; s < end; s++) {
		if (*s == ',' || *s == '=') {
			err_set(err, REASON_BAD_REQUEST,
				"invalid field selector: unescaped character in value: %d", *s);
			return NULL;
		}
		if (*s == '\\' && (s + 1 == end || !strchr("\\,=", s[1]))) {
			err_set(err, REASON_BAD_REQUEST,
				"invalid field selector: invalid escape sequence: %.*s", s + 1 == end ? 1 : 2,
				s);
			return NULL;
		}
		s += *s == '\\';
		buf_addc(&b, *s);
	}
	return buf_take(&b, NULL);
}

static int read_term(const char *all, const char *s, size_t n, struct field_term *ret, struct err *err)
{
	size_t at = 0, op;

	while (at < n && s[at] != '=' && !(s[at] == '!' && at + 1 < n && s[at + 1] == '='))
		at++;
	if (at == n)
		return err_set(err, REASON_BAD_REQUEST, "invalid selector: '%.200s'; can't understand '%.*s'",
			       all, (int)(n < 200 ? n : 200), s);
	op = s[at] == '!' || (at + 1 < n && s[at + 1] == '=') ? 2 : 1;
	char *value = unescape(s + at + op, s + n, err);

	if (!value)
		return -1;
	*ret = (struct field_term){.field = mem_strndup(s, at), .value = value, .negate = s[at] == '!'};
	return 0;
}

static int by_field(const void *a, const void *b)
{
	const struct field_term *x = a, *y = b;
	int c = strcmp(x->field, y->field);

	return c ? c : strcmp(x->value, y->value);
}

int field_selector_parse(const char *text, struct field_selector *ret, struct err *err)
{
	struct field_selector f = {0};
	size_t cap = 0;

	for (const char *s = text; *s;) {
		size_t n = term_length(s);

		if (n && f.n == cap) {
			cap = cap ? 2 * cap : 4;
			f.v = mem_realloc_array(f.v, cap, sizeof(*f.v));
		}
		if (n && read_term(text, s, n, &f.v[f.n], err)) {
			field_selector_release(&f);
			return -1;
		}
		f.n += n > 0;
		s += n + (s[n] == ',');
	}
	if (f.n > 1)
		qsort(f.v, f.n, sizeof(*f.v), by_field);
	*ret = f;
	return 0;
}

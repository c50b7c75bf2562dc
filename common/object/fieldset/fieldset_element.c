/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path elements: how they are written, read and ordered (structured-merge-diff fieldpath/element.go, serialize-pe.go,
 * value/value.go).
 *
 * Keys and values are kept as canonical JSON text: members sorted, strings escaped as encoding/json does with HTML
 * escapes, numbers that a double can tell apart as it would write them. Comparing them reads that text again, which is
 * rare and short; almost all elements are names.
 */
#include "object/fieldset/fieldset_internal.h"

#include <errno.h>
#include <stdlib.h>
#include "object/scan.h"

#define KEYS_MAX 16		     /* of one item; more go the slow way */
#define EXACT_MAX (INT64_C(1) << 53) /* integers that a double holds */

/* ---- canonical text ---- */

static void write_double(struct buf *out, double d)
{
	autojson js *o = js_new_double(d);

	js_write(out, o);
}

static void write_literal(struct buf *out, const char *p, size_t n)
{
	int64_t v;

	if (scan_literal_int(p, n, &v) && v <= EXACT_MAX && v >= -EXACT_MAX) {
		buf_addi(out, v);
		return;
	}
	autofree char *text = mem_strndup(p, n);
	write_double(out, strtod(text, NULL));
}

static void write_number(struct buf *out, const js *v)
{
	autobuf struct buf text = BUF_INIT;

	js_write(&text, v);
	write_literal(out, text.p, text.len);
}

void fieldset_element_value(struct buf *out, const js *v)
{
	js_write_sorted(out, v, write_number);
}

/* ---- reading ---- */

static int invalid(struct err *err, const char *text, size_t n)
{
	return err_set(err, REASON_BAD_REQUEST, "parsing key as path element: `%.*s`", n > 80 ? 80 : (int)n,
		       text);
}

/* The canonical text of any JSON value. */
static int read_value(struct buf *out, const char *p, size_t n, struct err *err)
{
	struct scan s;
	const char *text;
	size_t len;

	scan_init(&s, p, n);
	switch (scan_peek(&s)) {
	case SCAN_NUMBER:
		if (!scan_number(&s, &text, &len) || !scan_finish(&s))
			return invalid(err, p, n);
		write_literal(out, text, len);
		return 0;
	case SCAN_NULL:
		if (!scan_null(&s) || !scan_finish(&s))
			return invalid(err, p, n);
		buf_adds(out, "null");
		return 0;
	default:
		break;
	}
	autojson js *v = js_parse(p, n, NULL, err);
	if (!v)
		return invalid(err, p, n);
	fieldset_element_value(out, v);
	return 0;
}

/* Reads what most keys look like: a few members, names in order and without escapes. 0: one that does not. */
static int read_plain_key(struct buf *out, const char *p, size_t n, struct err *err)
{
	struct scan s;
	const char *name, *before = "";
	size_t len, len_before = 0;
	bool escaped, first = true;

	scan_init(&s, p, n);
	if (scan_peek(&s) != SCAN_OBJECT || !scan_enter_object(&s))
		return 0;
	buf_addc(out, '{');
	while (scan_key_escaped(&s, &name, &len, &escaped)) {
		size_t shared = len < len_before ? len : len_before;
		int order = memcmp(before, name, shared);
		if (escaped || (!first && (order > 0 || (order == 0 && len_before >= len))))
			return 0;
		if (!first)
			buf_addc(out, ',');
		first = false;
		js_write_escaped(out, name, len);
		buf_addc(out, ':');
		scan_peek(&s);
		const char *value = s.p;
		if (!scan_skip(&s) || read_value(out, value, (size_t)(s.p - value), err) < 0)
			return 0;
		before = name;
		len_before = len;
	}
	buf_addc(out, '}');
	return scan_finish(&s);
}

static int read_key(struct buf *out, const char *p, size_t n, struct err *err)
{
	struct err ignore = ERR_INIT;

	if (read_plain_key(out, p, n, &ignore))
		return 0;
	buf_clear(out);
	if (n == 4 && !memcmp(p, "null", 4)) {
		buf_adds(out, "{}");
		return 0;
	}
	autojson js *o = js_parse(p, n, NULL, err);
	if (!js_is_obj(o))
		return invalid(err, p, n);
	fieldset_element_value(out, o);
	return 0;
}

static int read_index(struct buf *out, const char *p, size_t n, struct err *err)
{
	autofree char *text = mem_strndup(p, n);
	char *end;

	errno = 0;
	int64_t v = strtoll(text, &end, 10);
	if (!n || strchr(" \t\n\v\f\r", *text) || *end || end == text || errno)
		return invalid(err, p, n);
	buf_addi(out, v);
	return 0;
}

int fieldset_element_parse(struct arena *a, const char *text, size_t n, struct fieldset_element *ret,
			   struct err *err)
{
	static const struct {
		char letter;
		enum fieldset_by by;
		int (*read)(struct buf *out, const char *p, size_t n, struct err *err);
	} kinds[] = {{'f', FIELDSET_FIELD, NULL},
		     {'k', FIELDSET_KEY, read_key},
		     {'v', FIELDSET_VALUE, read_value},
		     {'i', FIELDSET_INDEX, read_index}};

	if (n < 2)
		return err_set(err, REASON_BAD_REQUEST,
			       "parsing key as path element: key must be 2 characters long:");
	if (text[1] != ':')
		return err_set(err, REASON_BAD_REQUEST, "parsing key as path element: missing colon: %.*s",
			       n > 80 ? 80 : (int)n, text);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].letter != *text)
			continue;
		*ret = (struct fieldset_element){.by = kinds[i].by, .n = (uint32_t)n - 2, .p = text + 2};
		if (!kinds[i].read)
			return 1;
		autobuf struct buf b = BUF_INIT;
		if (kinds[i].read(&b, text + 2, n - 2, err) < 0)
			return -1;
		ret->p = arena_strndup(a, buf_str(&b), b.len);
		ret->n = (uint32_t)b.len;
		return 1;
	}
	return 0;
}

/* ---- order ---- */

static int compare_bytes(const char *x, size_t n, const char *y, size_t m)
{
	int c = memcmp(x, y, n < m ? n : m);

	return c ? c : (n > m) - (n < m);
}

/* Of strings as they stand in the text. */
static int compare_strings(const char *x, size_t n, bool x_escaped, const char *y, size_t m, bool y_escaped)
{
	if (!x_escaped && !y_escaped)
		return compare_bytes(x, n, y, m);
	autobuf struct buf a = BUF_INIT, b = BUF_INIT;
	scan_unescape(&a, x, n);
	scan_unescape(&b, y, m);
	return compare_bytes(buf_str(&a), a.len, buf_str(&b), b.len);
}

static int compare_numbers(const char *x, size_t n, const char *y, size_t m)
{
	int64_t i, k;
	double a, b;

	if (scan_literal_int(x, n, &i) && scan_literal_int(y, m, &k))
		return (i > k) - (i < k);
	autofree char *p = mem_strndup(x, n), *q = mem_strndup(y, m);
	a = strtod(p, NULL);
	b = strtod(q, NULL);
	return (a > b) - (a < b);
}

static int rank(enum scan_type t)
{
	static const unsigned char ranks[] = {
		[SCAN_NUMBER] = 1, [SCAN_STRING] = 2, [SCAN_TRUE] = 3, [SCAN_FALSE] = 3,
		[SCAN_ARRAY] = 4,  [SCAN_OBJECT] = 5, [SCAN_NULL] = 6};

	return t < ARRAY_LEN(ranks) ? ranks[t] : 0;
}

/* Both scans stand before a value and afterwards behind it. */
static int compare_values(struct scan *x, struct scan *y)
{
	enum scan_type t = scan_peek(x), u = scan_peek(y);
	const char *p = x->p, *q = y->p;
	size_t n, m;
	bool e, f;

	if (rank(t) != rank(u))
		return rank(t) - rank(u);
	if (t == SCAN_STRING) {
		scan_string(x, &p, &n, &e);
		scan_string(y, &q, &m, &f);
		return compare_strings(p, n, e, q, m, f);
	}
	scan_skip(x);
	scan_skip(y);
	n = (size_t)(x->p - p);
	m = (size_t)(y->p - q);
	if (t == SCAN_NUMBER)
		return compare_numbers(p, n, q, m);
	if (rank(t) == rank(SCAN_TRUE))
		return (t == SCAN_TRUE) - (u == SCAN_TRUE);
	return compare_bytes(p, n, q, m); /* deeper than anybody looks */
}

static int compare_keys(const struct fieldset_element *x, const struct fieldset_element *y)
{
	struct scan s, t;
	const char *p, *q;
	size_t n, m;
	bool e, f;

	scan_init(&s, x->p, x->n);
	scan_init(&t, y->p, y->n);
	scan_enter_object(&s);
	scan_enter_object(&t);
	for (;;) {
		bool more = scan_key_escaped(&s, &p, &n, &e), other = scan_key_escaped(&t, &q, &m, &f);
		if (!more || !other)
			return more - other;
		int c = compare_strings(p, n, e, q, m, f);
		if (!c)
			c = compare_values(&s, &t);
		if (c)
			return c;
	}
}

int fieldset_element_compare(const struct fieldset_element *x, const struct fieldset_element *y)
{
	struct scan s, t;

	if (x->by != y->by)
		return (int)x->by - (int)y->by;
	if (x->p == y->p && x->n == y->n)
		return 0;
	switch (x->by) {
	case FIELDSET_FIELD:
		return compare_bytes(x->p, x->n, y->p, y->n);
	case FIELDSET_INDEX:
		return compare_numbers(x->p, x->n, y->p, y->n);
	case FIELDSET_KEY:
		return x->n == y->n && !memcmp(x->p, y->p, x->n) ? 0 : compare_keys(x, y);
	default:
		scan_init(&s, x->p, x->n);
		scan_init(&t, y->p, y->n);
		return compare_values(&s, &t);
	}
}

/* ---- for people ---- */

/* One value, as Go's %q and %v have it. */
static void write_shown(struct buf *out, struct scan *s)
{
	const char *p;
	size_t n;
	bool escaped;

	if (scan_peek(s) == SCAN_STRING) {
		autobuf struct buf text = BUF_INIT;
		scan_string(s, &p, &n, &escaped);
		scan_unescape(&text, p, n);
		buf_add_json_string(out, buf_str(&text), text.len);
		return;
	}
	p = s->p;
	scan_skip(s);
	buf_add(out, p, (size_t)(s->p - p));
}

void fieldset_element_path(struct buf *out, const struct fieldset_element *e)
{
	struct scan s;
	const char *p;
	size_t n;
	bool escaped, first = true;

	if (e->by == FIELDSET_FIELD) {
		buf_addc(out, '.');
		buf_add(out, e->p, e->n);
		return;
	}
	scan_init(&s, e->p, e->n);
	buf_addc(out, '[');
	if (e->by == FIELDSET_KEY) {
		scan_enter_object(&s);
		for (; scan_key_escaped(&s, &p, &n, &escaped); first = false) {
			if (!first)
				buf_addc(out, ',');
			scan_unescape(out, p, n);
			buf_addc(out, '=');
			write_shown(out, &s);
		}
	} else {
		if (e->by == FIELDSET_VALUE)
			buf_addc(out, '=');
		write_shown(out, &s);
	}
	buf_addc(out, ']');
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c's own serialiser keeps its text inside the tree and escapes differently, so this one walks the tree
 * itself. The output is what encoding/json makes with SetEscapeHTML(false), members in insertion order. Depth
 * is that of the tree, which every maker of trees bounds by JS_MAX_DEPTH.
 */
#include "object/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal digits that read back as d, and the power of ten of the first one. */
static int shortest(double d, char digits[20])
{
	char text[40];

	/* 15 digits always survive in a normal double; a denormal has fewer. */
	for (int prec = fpclassify(d) == FP_SUBNORMAL ? 0 : 14; prec <= 16; prec++) {
		snprintf(text, sizeof(text), "%.*e", prec, d);
		if (prec == 16 || strtod(text, NULL) == d)
			break;
	}
	char *e = strchr(text, 'e'), *out = digits;

	for (const char *p = text; p < e; p++)
		if (*p >= '0' && *p <= '9')
			*out++ = *p;
	while (out > digits + 1 && out[-1] == '0')
		out--;
	*out = '\0';
	return (int)strtol(e + 1, NULL, 10);
}

/* As encoding/json: plain digits for 1e-6 <= |d| < 1e21, else an exponent without padding. */
static void write_double(struct buf *out, double d)
{
	char digits[20];

	if (!isfinite(d)) {
		buf_adds(out, "null"); /* cannot come from JSON; YAML refuses it */
		return;
	}
	if (signbit(d))
		buf_addc(out, '-');
	d = fabs(d);
	if (d == 0) {
		buf_addc(out, '0');
		return;
	}
	int exp = shortest(d, digits), n = (int)strlen(digits);

	if (d < 1e-6 || d >= 1e21) {
		buf_addc(out, digits[0]);
		if (n > 1)
			buf_addf(out, ".%s", digits + 1);
		buf_addf(out, "e%c%d", exp < 0 ? '-' : '+', abs(exp));
	} else if (exp < 0) {
		buf_addf(out, "0.%.*s%s", -exp - 1, "000000", digits);
	} else if (n <= exp + 1) {
		buf_addf(out, "%s%.*s", digits, exp + 1 - n, "00000000000000000000");
	} else {
		buf_addf(out, "%.*s.%s", exp + 1, digits, digits + exp + 1);
	}
}

static void write_scalar(struct buf *out, const js *o)
{
	size_t n = 0;
	const char *s;
	int64_t v;

	switch (json_object_get_type(o)) {
	case json_type_string:
		s = js_bytes(o, &n);
		buf_add_json_string(out, s, n);
		return;
	case json_type_int:
		v = json_object_get_int64(o);
		if (v == INT64_MAX)
			buf_addu(out, json_object_get_uint64(o));
		else
			buf_addi(out, v);
		return;
	case json_type_boolean:
		buf_adds(out, json_object_get_boolean(o) ? "true" : "false");
		return;
	case json_type_double:
		s = json_object_get_userdata((js *)(uintptr_t)o); /* only read */
		if (s)
			buf_adds(out, s);
		else
			write_double(out, json_object_get_double(o));
		return;
	default:
		buf_adds(out, "null");
	}
}

void js_write(struct buf *out, const js *o)
{
	bool first = true;
	size_t n;

	switch (json_object_get_type(o)) {
	case json_type_object:
		buf_addc(out, '{');
		for (struct js_iter it = js_iter(o); js_next(&it); first = false) {
			if (!first)
				buf_addc(out, ',');
			buf_add_json_string(out, it.key, strlen(it.key));
			buf_addc(out, ':');
			js_write(out, it.value);
		}
		buf_addc(out, '}');
		return;
	case json_type_array:
		buf_addc(out, '[');
		n = js_len(o);
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_addc(out, ',');
			js_write(out, js_at(o, i));
		}
		buf_addc(out, ']');
		return;
	default:
		write_scalar(out, o);
	}
}

/* ---- as a map is written ---- */

/* encoding/json also escapes what could end a script in HTML. */
void js_write_escaped(struct buf *out, const char *p, size_t n)
{
	size_t at = out->len, plain = 0;

	while (plain < n && p[plain] != '<' && p[plain] != '>' && p[plain] != '&')
		plain++;
	buf_add_json_string(out, p, n);
	if (plain == n)
		return;
	autofree char *text = mem_strndup(out->p + at, out->len - at);
	buf_truncate(out, at);
	for (const char *c = text; *c; c++) {
		if (*c == '<' || *c == '>' || *c == '&')
			buf_addf(out, "\\u%04x", (unsigned)*c);
		else
			buf_addc(out, *c);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_sorted_members(struct buf *out, const js *o, js_number_fn *number)
{
	autofree const char **keys = mem_array(js_len(o) + 1, sizeof(*keys));
	size_t n = 0;

	for (struct js_iter it = js_iter(o); js_next(&it);)
		keys[n++] = it.key;
	qsort(keys, n, sizeof(*keys), by_text);
	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		js_write_escaped(out, keys[i], strlen(keys[i]));
		buf_addc(out, ':');
		js_write_sorted(out, js_field(o, keys[i]), number);
	}
	buf_addc(out, '}');
}

void js_write_sorted(struct buf *out, const js *o, js_number_fn *number)
{
	size_t n;

	if (js_is_obj(o)) {
		write_sorted_members(out, o, number);
	} else if (js_is_arr(o)) {
		buf_addc(out, '[');
		js_array_for_each (item, o) {
			if (item_i)
				buf_addc(out, ',');
			js_write_sorted(out, item, number);
		}
		buf_addc(out, ']');
	} else if (js_is_str(o)) {
		const char *p = js_bytes(o, &n);
		js_write_escaped(out, p, n);
	} else if (number && js_is_num(o)) {
		number(out, o);
	} else {
		write_scalar(out, o);
	}
}

static void new_line(struct buf *out, int indent)
{
	buf_addc(out, '\n');
	for (int i = 0; i < indent; i++)
		buf_add(out, "  ", 2);
}

static void pretty(struct buf *out, const js *o, int indent)
{
	bool object = js_is_obj(o), first = true;
	size_t n = js_len(o);

	if (!object && !js_is_arr(o)) {
		write_scalar(out, o);
		return;
	}
	buf_addc(out, object ? '{' : '[');
	for (struct js_iter it = js_iter(o); js_next(&it); first = false) {
		if (!first)
			buf_addc(out, ',');
		new_line(out, indent + 1);
		buf_add_json_string(out, it.key, strlen(it.key));
		buf_add(out, ": ", 2);
		pretty(out, it.value, indent + 1);
	}
	for (size_t i = 0; !object && i < n; i++) {
		if (i)
			buf_addc(out, ',');
		new_line(out, indent + 1);
		pretty(out, js_at(o, i), indent + 1);
	}
	if (n)
		new_line(out, indent);
	buf_addc(out, object ? '}' : ']');
}

void js_write_pretty(struct buf *out, const js *o)
{
	pretty(out, o, 0);
}

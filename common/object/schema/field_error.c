/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field errors in the wording of kubernetes/apimachinery pkg/util/validation/field: the type's text, the
 * value where the type shows one, the detail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

void field_errors_add(struct field_errors *e, const char *reason, char *path, char *message)
{
	size_t n = e->n++;

	if (n >= (e->max ? e->max : FIELD_ERRORS_MAX)) {
		free(path);
		free(message);
		return;
	}
	if ((n & (n - 1)) == 0) /* the room doubles */
		e->v = mem_realloc_array(e->v, n ? n * 2 : 1, sizeof(*e->v));
	e->v[n] = (struct field_error){
		.reason = reason, .field = path, .message = message, .look = e->look, .item = e->item};
}

static void add(struct field_errors *e, const char *reason, const char *path, struct buf *message)
{
	field_errors_add(e, reason, mem_strdup(path), buf_take(message, NULL));
}

static bool is_below(const struct field_error *e, const char *path, size_t n)
{
	return !strncmp(e->field, path, n) && (!e->field[n] || e->field[n] == '.' || e->field[n] == '[');
}

bool field_errors_below(const struct field_errors *e, const char *path)
{
	for (size_t i = 0, n = strlen(path); i < field_errors_kept(e); i++)
		if (is_below(&e->v[i], path, n))
			return true;
	return false;
}

void field_errors_drop(struct field_errors *e, const char *path)
{
	size_t n = strlen(path), kept = field_errors_kept(e), left = 0;

	for (size_t i = 0; i < kept; i++) {
		struct field_error *f = &e->v[i];
		if (is_below(f, path, n)) {
			free(f->field);
			free(f->message);
		} else {
			e->v[left++] = *f;
		}
	}
	if (left < kept)
		e->n = left; /* what was beyond the limit is not known */
}

void field_errors_release(struct field_errors *e)
{
	for (size_t i = 0; i < field_errors_kept(e); i++) {
		free(e->v[i].field);
		free(e->v[i].message);
	}
	free(e->v);
	*e = (struct field_errors){.n = 0};
}

/* Go's %q. */
static void add_quoted_n(struct buf *out, const char *s, size_t n)
{
	static const char letter[] = "abtnvfr"; /* of 0x07 to 0x0d */

	buf_addc(out, '"');
	for (const char *end = s + n; s < end; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c >= 7 && c <= 13)
			buf_addf(out, "\\%c", letter[c - 7]);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

static void add_quoted(struct buf *out, const char *s)
{
	add_quoted_n(out, s, strlen(s));
}

static void add_detail(struct buf *out, const char *detail)
{
	if (detail && *detail)
		buf_addf(out, ": %s", detail);
}

static void plain(struct field_errors *e, const char *reason, const char *text, const char *path,
		  const char *detail)
{
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, text);
	add_detail(&b, detail);
	add(e, reason, path, &b);
}

static void quoted(struct field_errors *e, const char *reason, const char *text, const char *path,
		   const char *value, const char *detail)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "%s: ", text);
	add_quoted(&b, value);
	add_detail(&b, detail);
	add(e, reason, path, &b);
}

void field_error_required(struct field_errors *e, const char *path, const char *detail)
{
	plain(e, "FieldValueRequired", "Required value", path, detail);
}

#define GO_PLAIN_DIGITS 6 /* before the point */

/* Go's %v: the fewest digits that read back. */
const char *field_error_number(char out[40], double d)
{
	int digits = 0;

	do
		snprintf(out, 40, "%.*e", digits, d);
	while (strtod(out, NULL) != d && ++digits < 17);
	int exp = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
	if (exp >= -4 && exp < GO_PLAIN_DIGITS)
		snprintf(out, 40, "%.*f", digits > exp ? digits - exp : 0, d);
	return out;
}

static void invalid(struct field_errors *e, const char *path, const js *value, const char *detail,
		    void (*write)(struct buf *out, const js *o))
{
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, "Invalid value: ");
	size_t n;
	char number[40];
	const char *s = js_bytes(value, &n);
	if (s)
		add_quoted_n(&b, s, n);
	else if (value && json_object_is_type(value, json_type_double))
		buf_adds(&b, field_error_number(number, js_num(value)));
	else if (value)
		write(&b, value);
	else
		buf_adds(&b, "null");
	add_detail(&b, detail);
	add(e, "FieldValueInvalid", path, &b);
}

void field_error_invalid(struct field_errors *e, const char *path, const js *value, const char *detail)
{
	invalid(e, path, value, detail, js_write);
}

static void write_map(struct buf *out, const js *o)
{
	js_write_sorted(out, o, NULL);
}

void field_error_invalid_map(struct field_errors *e, const char *path, const js *value, const char *detail)
{
	invalid(e, path, value, detail, write_map);
}

void field_error_invalid_str(struct field_errors *e, const char *path, const char *value, const char *detail)
{
	quoted(e, "FieldValueInvalid", "Invalid value", path, value, detail);
}

void field_error_names(struct field_errors *e, const char *path, const char *value,
		       const struct name_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		field_error_invalid_str(e, path, value, faults->v[i]);
}

void field_error_not_supported(struct field_errors *e, const char *path, const char *value,
			       const char *const *supported)
{
	autobuf struct buf detail = BUF_INIT;
	for (const char *const *s = supported; *s; s++) {
		buf_adds(&detail, s == supported ? "supported values: " : ", ");
		add_quoted(&detail, *s);
	}
	quoted(e, "FieldValueNotSupported", "Unsupported value", path, value, buf_str(&detail));
}

void field_error_forbidden(struct field_errors *e, const char *path, const char *detail)
{
	plain(e, "FieldValueForbidden", "Forbidden", path, detail);
}

void field_error_duplicate(struct field_errors *e, const char *path, const char *value)
{
	quoted(e, "FieldValueDuplicate", "Duplicate value", path, value, NULL);
}

void field_error_too_long(struct field_errors *e, const char *path, int max)
{
	autobuf struct buf detail = BUF_INIT;
	buf_addf(&detail, "may not be more than %d byte%s", max, max == 1 ? "" : "s");
	plain(e, "FieldValueTooLong", "Too long", path, buf_str(&detail));
}

void field_error_too_many(struct field_errors *e, const char *path, int got, int max)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "Too many: %d: must have at most %d item%s", got, max, max == 1 ? "" : "s");
	add(e, "FieldValueTooMany", path, &b);
}

void field_error_not_found(struct field_errors *e, const char *path, const char *value)
{
	quoted(e, "FieldValueNotFound", "Not found", path, value, NULL);
}

bool field_errors_has(const struct field_errors *e, const char *path)
{
	for (size_t i = 0; i < field_errors_kept(e); i++)
		if (!strcmp(e->v[i].field, path))
			return true;
	return false;
}

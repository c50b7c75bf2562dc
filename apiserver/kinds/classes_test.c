/* SPDX-License-Identifier: Apache-2.0 */
/* What every field of a shape does in every kind: the rules that belong to a type, wherever it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include "kinds/kinds_test.h"
#include "kinds/sample.h"
#include "object/name.h"
#include "object/pb.h"

struct visit {
	const struct kind *kind;
	const struct type *root;
	void (*one)(const struct visit *v, const struct sample_place *p);
	size_t *seen;
};

static void visit(const struct sample_place *p, void *arg)
{
	const struct visit *v = arg;
	v->one(v, p);
}

/* How many places of how many kinds the rule was tried on is the rule's to count. */
static size_t everywhere(void (*one)(const struct visit *v, const struct sample_place *p))
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds), seen = 0;
	for (size_t i = 0; i < n; i++) {
		struct visit v = {.kind = kinds[i], .root = kinds[i]->type, .one = one, .seen = &seen};
		sample_each(v.root, visit, &v);
	}
	return seen;
}

static void fail_at(const struct visit *v, const struct sample_place *p, const char *why)
{
	autobuf struct buf path = BUF_INIT;
	sample_path(p, &path);
	fail_msg("%s %s: %s", v->kind->kind, buf_str(&path), why);
}

/* The object that holds the value, decoded; NULL with the reason when it is refused. */
static js *decoded(const struct visit *v, const struct sample_place *p, js *value, struct err *err)
{
	autojson js *in = sample_with(p, value);
	return schema_decode(v->root, in, NULL, err);
}

static js *must_decode(const struct visit *v, const struct sample_place *p, js *value)
{
	struct err err = ERR_INIT;
	js *o = decoded(v, p, value, &err);
	if (!o)
		fail_at(v, p, err.msg);
	return o;
}

/* ---- times ---- */
static bool is_time(const struct type *t)
{
	return t->form == TYPE_TIME || t->form == TYPE_MICRO_TIME;
}

static void one_time(const struct visit *v, const struct sample_place *p)
{
	bool micro = p->type->form == TYPE_MICRO_TIME;
	struct err err = ERR_INIT;
	static const char *const kept[] = {"0000-01-01T00:00:00Z",	  "1600-02-29T00:00:00Z",
					   "9999-12-31T23:59:59Z",	  "0000-01-01T00:00:00.000000Z",
					   "1600-02-29T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"};
	if (!is_time(p->type))
		return;
	++*v->seen;
	for (size_t i = 0; i < 3; i++) {
		const char *text = kept[i + (micro ? 3 : 0)];
		autojson js *o = must_decode(v, p, js_new_str(text));
		if (strcmp(js_str0(sample_at(o, p), NULL), text))
			fail_at(v, p, text);
	}
	autojson js *zero =
		must_decode(v, p, js_new_str(micro ? "0001-01-01T00:00:00.000000Z" : "0001-01-01T00:00:00Z"));
	autojson js *absent = must_decode(v, p, NULL);
	bool by_value = !p->field || (!p->field->pb_optional && p->field->keep_empty);
	bool omitted = p->field && !p->field->pb_optional && !p->field->keep_empty;
	if (sample_at(zero, p) || sample_has(zero, p) == omitted)
		fail_at(v, p, "the zero time is null");
	if (sample_at(absent, p) || sample_has(absent, p) != by_value)
		fail_at(v, p, "a time by value is written");
	autojson js *coarse = micro ? decoded(v, p, js_new_str("2026-01-02T15:04:05Z"), &err) : NULL;
	if (coarse)
		fail_at(v, p, "microseconds are wanted");
	autojson js *number = decoded(v, p, js_new_int(7), &err);
	if (number || !strstr(err.msg, "json: cannot unmarshal number into Go ") ||
	    !strstr(err.msg, " of type string"))
		fail_at(v, p, err.msg);
}

static void times(void **state)
{
	assert_true(everywhere(one_time) > 60);
}

/* ---- quantities ---- */
static void one_quantity(const struct visit *v, const struct sample_place *p)
{
	static const char *const rows[][2] = {
		{"0.1", "100m"}, {"1024Mi", "1Gi"}, {"1e3", "1e3"}, {"-5", "-5"}};
	struct err err = ERR_INIT;
	if (p->type->form != TYPE_QUANTITY)
		return;
	++*v->seen;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *o = must_decode(v, p, js_new_str(rows[i][0]));
		if (strcmp(js_str0(sample_at(o, p), NULL), rows[i][1]))
			fail_at(v, p, rows[i][0]);
	}
	autojson js *bad = decoded(v, p, js_new_str("1 x"), &err);
	if (bad || !strstr(err.msg, "quantities must match the regular expression"))
		fail_at(v, p, err.msg);
}

static void quantities(void **state)
{
	assert_true(everywhere(one_quantity) > 30);
}

/* ---- lists that Go writes without omitempty ---- */
static void one_null(const struct visit *v, const struct sample_place *p)
{
	if (p->type->form != TYPE_LIST || !p->field || !p->field->keep_empty)
		return;
	++*v->seen;
	autojson js *empty = must_decode(v, p, js_new_arr()), *absent = must_decode(v, p, NULL);
	if (sample_at(empty, p) || !sample_has(empty, p) || sample_at(absent, p) || !sample_has(absent, p))
		fail_at(v, p, "is null when it is empty");
	autobuf struct buf b = BUF_INIT;
	schema_write(&b, v->root, absent);
	if (!strstr(buf_str(&b), ":null"))
		fail_at(v, p, "null is written");
}

static void nulls(void **state)
{
	assert_true(everywhere(one_null) > 5);
}

/* ---- checks of texts ---- */
struct found {
	size_t n;
	bool invalid, unsupported;
};

static struct found judge(const struct visit *v, const js *o)
{
	struct field_errors errs = {.n = 0};
	struct found f = {0};
	schema_validate(v->root, o, "", &errs);
	f.n = errs.n;
	for (size_t i = 0; i < field_errors_kept(&errs); i++) {
		f.invalid |= !strcmp(errs.v[i].reason, "FieldValueInvalid") &&
			     strstr(errs.v[i].message, "\"A_ b!=/..//\"");
		f.unsupported |= !strcmp(errs.v[i].reason, "FieldValueNotSupported") &&
				 strstr(errs.v[i].message, "\"A_ b!=/..//\"");
	}
	field_errors_release(&errs);
	return f;
}

/* What is below a place that a strategy checks is not the schema's business. */
static bool checked(const struct sample_place *p)
{
	for (; p->up; p = p->up)
		if (p->up->field && p->up->field->more->unchecked)
			return false;
	return true;
}

/* Whether an own path or level of reporting stands between; the checks themselves have their tests. */
static void one_text(const struct visit *v, const struct sample_place *p)
{
	const struct constraint *k = p->type->check;
	if (p->type->form != TYPE_STRING || !k || (!k->format && !k->enums) || !checked(p))
		return;
	++*v->seen;
	autojson js *o = must_decode(v, p, js_new_str("A_ b!=/..//"));
	struct found f = judge(v, o);
	if (k->enums && !f.unsupported)
		fail_at(v, p, "a value that is none is named as one");
	if (!k->enums && !f.invalid)
		fail_at(v, p, "a bad text is named");
}

static void texts(void **state)
{
	assert_true(everywhere(one_text) > 300);
}

/* ---- bounds ---- */
static void one_number(const struct visit *v, const struct sample_place *p)
{
	const struct constraint *k = p->type->check;
	bool number = p->type->form == TYPE_INT32 || p->type->form == TYPE_INT64;
	if (!number || !k || isnan(k->min) || k->min <= INT32_MIN || !checked(p))
		return;
	++*v->seen;
	autojson js *low = must_decode(v, p, js_new_int((int64_t)k->min - 1));
	autojson js *fit = must_decode(v, p, js_new_int((int64_t)k->min ? (int64_t)k->min : 1));
	bool zero = k->min == 1 && p->field && !p->field->pb_optional; /* absent, as far as Go can tell */
	if (!zero && judge(v, low).n <= judge(v, fit).n)
		fail_at(v, p, "a number that is too small is named");
}

static void numbers(void **state)
{
	assert_true(everywhere(one_number) > 60);
}

/* ---- unions ---- */
static void one_union(const struct visit *v, const struct sample_place *p)
{
	const struct type *t = p->type;
	if (t->form != TYPE_OBJECT || !t->union_of || !checked(p))
		return;
	++*v->seen;
	js *two = js_new_obj();
	for (unsigned i = 0, n = 0; i < t->n_fields && n < 2; i++)
		if (t->fields[i].member) {
			js_set(two, t->fields[i].name, js_new_obj());
			n++;
		}
	autojson js *o = must_decode(v, p, two), *none = must_decode(v, p, js_new_obj());
	struct field_errors errs = {.n = 0};
	bool found = false, wanted = t->union_optional || t->union_default;
	schema_validate(v->root, o, "", &errs);
	for (size_t i = 0; i < field_errors_kept(&errs); i++)
		found |= strstr(errs.v[i].message, "may not specify more than 1 ") != NULL;
	field_errors_release(&errs);
	errs = (struct field_errors){.n = 0};
	schema_validate(v->root, none, "", &errs);
	for (size_t i = 0; i < field_errors_kept(&errs); i++)
		wanted |= strstr(errs.v[i].message, "must specify a") != NULL;
	field_errors_release(&errs);
	if (!found || !wanted)
		fail_at(v, p, "exactly one member is wanted");
}

static void unions(void **state)
{
	assert_true(everywhere(one_union) > 5);
}

/* ---- what may not change ---- */
static bool in_list(const struct sample_place *p)
{
	for (; p->up; p = p->up)
		if (!p->field)
			return true;
	return false;
}

static void one_fixed(const struct visit *v, const struct sample_place *p)
{
	if (!p->field || !p->field->immutable || in_list(p))
		return;
	++*v->seen;
	autojson js *a = must_decode(v, p, sample_item(p->type, 1)),
		    *b = must_decode(v, p, sample_item(p->type, 2));
	struct field_errors errs = {.n = 0};
	autobuf struct buf path = BUF_INIT;
	sample_path(p, &path);
	schema_validate_update(v->root, a, a, "", &errs);
	assert_int_equal(errs.n, 0);
	schema_validate_update(v->root, a, b, "", &errs);
	if (errs.n != 1 || strcmp(errs.v[0].field, buf_str(&path)) ||
	    strcmp(errs.v[0].reason, "FieldValueInvalid"))
		fail_at(v, p, "is immutable");
	field_errors_release(&errs);
}

static void fixed(void **state)
{
	assert_true(everywhere(one_fixed) > 3);
}

/* ---- protobuf ---- */
/* What a client of the other encoding is told, and says, is the same. */
static void one_encoding(const struct visit *v, const struct sample_place *p)
{
	struct err err = ERR_INIT;
	bool carried = true;
	for (const struct sample_place *up = p; up; up = up->up)
		carried &= !up->field || up->field->pb;
	if (!carried || !p->up || p->type->form == TYPE_OBJECT || p->type->form == TYPE_RAW ||
	    p->type->form == TYPE_FIELDS_V1)
		return;
	++*v->seen;
	autojson js *in = sample_with(p, sample_item(p->type, 3));
	autojson js *o = schema_conform(v->root, in, NULL, &err);
	autobuf struct buf b = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	struct pb_envelope e;
	if (!o || pb_encode(&b, v->root, "v1", "K", o, &err) < 0 || pb_open(b.p, b.len, &e, &err) < 0)
		fail_at(v, p, err.msg);
	autojson js *back = pb_decode(v->root, e.raw, e.raw_len, &err);
	if (!back)
		fail_at(v, p, err.msg);
	schema_write(&want, v->root, o);
	schema_write(&got, v->root, back);
	if (strcmp(buf_str(&want), buf_str(&got)))
		fail_at(v, p, buf_str(&got));
}

static void encodings(void **state)
{
	assert_true(everywhere(one_encoding) > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times), cmocka_unit_test(quantities), cmocka_unit_test(nulls),
		cmocka_unit_test(texts), cmocka_unit_test(numbers),    cmocka_unit_test(unions),
		cmocka_unit_test(fixed), cmocka_unit_test(encodings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

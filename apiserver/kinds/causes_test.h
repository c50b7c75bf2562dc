/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with an object, as text: a line "FIELD: MESSAGE" for each cause of the Status that a write would be
 * answered with, after decoding, defaults, preparation, the schema's checks and the strategy's. For tests of strategies;
 * one schema per program.
 */
#ifndef KINDS_CAUSES_TEST_H
#define KINDS_CAUSES_TEST_H

#include "kinds/kinds.h"
#include "kinds/strategy.h"
#include "object/json_test.h"

static struct schema *causes_schema;

static inline int causes_setup(void **state)
{
	struct err err = ERR_INIT;

	causes_schema = kinds_load(NULL, &err);
	return causes_schema ? 0 : -1;
}

static inline int causes_teardown(void **state)
{
	schema_free(causes_schema);
	return 0;
}

/* As it arrives: decoded, with all defaults. NULL text gives NULL. */
static inline js *causes_decode(const struct kind *k, const char *text)
{
	struct err err = ERR_INIT;
	autojson js *in = text ? js_parse(text, strlen(text), NULL, &err) : NULL;
	js *o = in ? schema_decode(k->type, in, NULL, &err) : NULL;

	if (text && !o)
		fail_msg("%s: %s", text, err.msg);
	if (o && strategy_find(k)->default_more)
		strategy_find(k)->default_more(o);
	return o;
}

static inline int causes_compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The lines, sorted: upstream goes through maps in any order. */
static inline void causes_write(struct buf *out, const struct field_errors *errs)
{
	size_t n = field_errors_kept(errs);
	autofree char **lines = mem_array(n + 1, sizeof(*lines));

	for (size_t i = 0; i < n; i++) {
		const char *message = errs->v[i].message, *rule = strstr(message, "consist of ");
		/* what a name consists of is name_test's to see */
		lines[i] = rule ? mem_printf("%s: %.*s …\n", errs->v[i].field,
					     (int)(rule + strlen("consist") - message), message)
				: mem_printf("%s: %s\n", errs->v[i].field, message);
	}
	qsort(lines, n, sizeof(*lines), causes_compare);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, lines[i]);
		free(lines[i]);
	}
}

/* Of a create, or of an update when there is an old one; the object as it would be stored. */
static inline js *causes_find(const char *group, const char *kind, const char *subresource, const char *text,
			      const char *old_text, struct field_errors *errs)
{
	const struct kind *k = schema_kind(causes_schema, group, "v1", kind)->storage_kind;
	const struct strategy *s = strategy_find(k);
	const struct strategy_ctx ctx = {.subresource = subresource, .schema = causes_schema};
	autojson js *new = causes_decode(k, text), *old = causes_decode(k, old_text);

	if (s->prepare)
		s->prepare(&ctx, new, old);
	schema_validate(k->type, new, "", errs);
	if (old)
		schema_validate_update(k->type, old, new, "", errs);
	if (s->validate)
		s->validate(&ctx, new, old, errs);
	schema_order_errors(k->type, errs);
	return STEAL(new);
}

/* *ret: what would be stored, may be NULL. */
static inline void causes_of(const char *group, const char *kind, const char *subresource, const char *text,
			     const char *old_text, struct buf *out, js **ret)
{
	struct field_errors errs = {.n = 0};
	autojson js *o = causes_find(group, kind, subresource, text, old_text, &errs);

	causes_write(out, &errs);
	field_errors_release(&errs);
	if (ret)
		*ret = STEAL(o);
}

/* A table test: what each object is told, "" for nothing. */
struct causes_row {
	const char *group, *kind, *text, *causes;
};
static inline void causes_check(const struct causes_row *rows, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		autobuf struct buf got = BUF_INIT;
		causes_of(rows[i].group, rows[i].kind, "", rows[i].text, NULL, &got, NULL);
		if (!strcmp(buf_str(&got), rows[i].causes))
			continue;
		failed++;
		print_error("%s\nwant:\n%sgot:\n%s\n", rows[i].text, rows[i].causes, buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

/* The same of updates and of subresources; with apostrophes for quotes in text and old, as JSON() has them. */
struct causes_update {
	const char *group, *kind, *subresource, *text, *old, *causes;
};
static inline bool causes_differ(const struct causes_update *r, const char *got)
{
	if (!strcmp(got, r->causes))
		return false;
	print_error("%s\nfrom %s\nwant:\n%sgot:\n%s\n", r->text, r->old ? r->old : "nothing", r->causes, got);
	return true;
}
static inline void causes_check_updates(const struct causes_update *rows, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct causes_update *r = &rows[i];
		autobuf struct buf got = BUF_INIT;
		causes_of(r->group, r->kind, r->subresource, JSON(r->text), r->old ? JSON(r->old) : NULL,
			  &got, NULL);
		failed += causes_differ(r, buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

/* The same, each cause at its place in the list. Rows of create have no old. */
static inline void causes_check_order(const struct causes_update *rows, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct causes_update *r = &rows[i];
		struct field_errors errs = {.n = 0};
		autobuf struct buf got = BUF_INIT;
		js_autoput(&(js *){causes_find(r->group, r->kind, r->subresource, JSON(r->text),
					       r->old ? JSON(r->old) : NULL, &errs)});
		for (size_t e = 0; e < field_errors_kept(&errs); e++)
			buf_addf(&got, "%s: %s\n", errs.v[e].field, errs.v[e].message);
		field_errors_release(&errs);
		failed += causes_differ(r, buf_str(&got));
	}
	assert_int_equal(failed, 0);
}

/* And what would be stored of objects with which nothing is wrong, apostrophes for quotes. */
struct causes_stored {
	const char *group, *kind, *subresource, *text, *want;
};
static inline void causes_check_stored(const struct causes_stored *rows, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct causes_stored *r = &rows[i];
		autobuf struct buf errs = BUF_INIT, got = BUF_INIT;
		autojson js *o = NULL;
		causes_of(r->group, r->kind, r->subresource, JSON(r->text), NULL, &errs, &o);
		schema_write(&got, schema_kind(causes_schema, r->group, "v1", r->kind)->type, o);
		if (!*buf_str(&errs) && !strcmp(buf_str(&got), JSON(r->want)))
			continue;
		failed++;
		print_error("%s\nwant:\n%s\ngot:\n%s\n%s\n", r->text, r->want, buf_str(&got), buf_str(&errs));
	}
	assert_int_equal(failed, 0);
}

/* A Pod with one container, and what is added to the container and to the spec. */
#define CAUSES_POD(container, spec)                                                                                     \
	"", "Pod",                                                                                                      \
		JSON("{'metadata':{'name':'p','namespace':'n'},'spec':{'containers':[{'name':'c','image':'i'" container \
		     "}]" spec "}}")

#endif

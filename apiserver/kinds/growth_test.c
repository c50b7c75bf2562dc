/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working on a list or map of more items takes proportionally longer, for every list and map of every kind and every step of
 * a write: one request below the size limit must not hold a worker for minutes. The lists come from the kind files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include "base/map.h"
#include "kinds/kinds_test.h"
#include "kinds/sample.h"
#include "kinds/strategy.h"
#include "object/patch.h"

#define FEW 100
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define SLACK_MS 4

struct subject {
	const struct kind *kind;
	const struct sample_place *place;
	struct map *done; /* fields that were looked at already, in this kind or another */
	size_t seen;
};

static js *many(const struct type *t, unsigned n)
{
	js *v = t->form == TYPE_MAP ? js_new_obj() : js_new_arr();
	char key[16];
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "n%u", i);
		if (t->form == TYPE_MAP)
			js_set(v, key, sample_item(t->elem, i));
		else
			js_push(v, sample_item(t->elem, i));
	}
	return v;
}

static void ignore(void *arg, const char *text)
{
}

/* What a create, an update, a change of the status and a patch make of it. */
static void work(const struct kind *k, const js *in)
{
	static const char *const subresources[] = {"", "status"};
	const struct strategy *s = strategy_find(k);
	struct err err = ERR_INIT;
	autojson js *old = schema_decode(k->type, in, NULL, &err), *patched = NULL;
	if (!old)
		fail_msg("%s", err.msg);
	js_set_int(js_ensure(old, "metadata", NULL), "generation", 7);
	for (size_t i = 0; i < ARRAY_LEN(subresources); i++) {
		struct strategy_ctx ctx = {.subresource = subresources[i], .warn = ignore};
		struct field_errors errs = {.n = 0};
		autobuf struct buf b = BUF_INIT;
		autojson js *new = schema_decode(k->type, in, NULL, &err);
		if (s->default_more)
			s->default_more(new);
		if (s->prepare && i == 0)
			s->prepare(&ctx, new, NULL);
		schema_validate(k->type, new, "", &errs);
		schema_validate_update(k->type, old, new, "", &errs);
		if (s->validate) {
			s->validate(&ctx, new, NULL, &errs);
			s->validate(&ctx, new, old, &errs);
		}
		if (s->warn) {
			s->warn(&ctx, new, NULL);
			s->warn(&ctx, new, old);
		}
		schema_write(&b, k->type, new);
		field_errors_release(&errs);
	}
	patched = patch_strategic(old, in, k->type, &err);
}

/* CPU milliseconds. */
static double cost(const struct subject *s, unsigned n)
{
	autojson js *in = sample_with(s->place, many(s->place->type, n));
	clock_t start = clock();
	work(s->kind, in);
	return (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
}

static void grow(const struct sample_place *p, void *arg)
{
	struct subject *s = arg;
	if (!p->type->elem || !p->up)
		return;
	const void *what = p->field ? (const void *)p->field : p->type;
	if (map_getn(s->done, (const char *)&what, sizeof(what)))
		return;
	map_setn(s->done, (const char *)&what, sizeof(what), s);
	s->place = p;
	s->seen++;
	double few = cost(s, FEW), more = cost(s, TIMES * FEW);
	for (int again = 0; again < 3 && more > 4 * TIMES * few + SLACK_MS; again++) {
		few = cost(s, FEW); /* other work has the machine, too */
		more = cost(s, TIMES * FEW);
	}
	autobuf struct buf path = BUF_INIT;
	sample_path(p, &path);
	if (more > 4 * TIMES * few + SLACK_MS)
		fail_msg("%s %s: %.2f ms, then %.2f ms", s->kind->kind, buf_str(&path), few, more);
}

static void growth_is_linear(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds), seen = 0;
	automap struct map done = {0};
	for (size_t i = 0; i < n; i++) {
		struct subject s = {.kind = kinds[i], .done = &done};
		if (kinds[i]->storage_kind == kinds[i])
			sample_each(kinds[i]->type, grow, &s);
		seen += s.seen;
	}
	assert_true(seen > 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(growth_is_linear)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validating a list of more items takes proportionally longer, for every list whose items must differ: one
 * request below the size limit must not hold a worker for minutes. Caches make it somewhat more than that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include "kinds/kinds.h"
#include "kinds/strategy.h"

#define FEW 500
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define ROUNDS 3

static struct schema *schema;

static const struct row {
	const char *group, *kind, *before, *item, *after; /* item is a format with the index */
} rows[] = {
	{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"ports\":[",
	 "{\"name\":\"p%d\",\"containerPort\":1}", "]}]}}"},
	{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"ports\":[",
	 "{\"containerPort\":1,\"hostPort\":%d}", "]}]}}"},
	{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"env\":[",
	 "{\"name\":\"E%d\"}", "]}]}}"},
	{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"volumeMounts\":[",
	 "{\"name\":\"v\",\"mountPath\":\"/m/%d\"}", "]}]}}"},
	{"", "Pod", "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"volumes\":[",
	 "{\"name\":\"v%d\"}", "]}}"},
	{"", "Pod", "{\"spec\":{\"initContainers\":[", "{\"name\":\"c%d\",\"image\":\"i\"}",
	 "],\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]}}"},
	{"", "Pod", "{\"spec\":{\"containers\":[", "{\"name\":\"c%d\",\"image\":\"i\"}", "]}}"},
	{"", "Pod",
	 "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"topologySpreadConstraints\":[",
	 "{\"maxSkew\":1,\"topologyKey\":\"k%d\",\"whenUnsatisfiable\":\"DoNotSchedule\"}", "]}}"},
	{"", "Service", "{\"spec\":{\"ports\":[", "{\"name\":\"p%d\",\"port\":1}", "]}}"},
	{"", "Service", "{\"spec\":{\"type\":\"NodePort\",\"ports\":[", "{\"port\":1,\"nodePort\":%d}",
	 "]}}"},
	{"", "Node", "{\"spec\":{\"taints\":[", "{\"key\":\"k%d\",\"effect\":\"NoSchedule\"}", "]}}"},
};

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

static js *make(const struct row *r, const struct kind *k, int n)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	buf_adds(&b, r->before);
	for (int i = 0; i < n; i++) {
		buf_adds(&b, i ? "," : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_addf(&b, r->item, i + 1);
#pragma GCC diagnostic pop
	}
	buf_adds(&b, r->after);
	autojson js *in = js_parse(buf_str(&b), b.len, NULL, &err);
	js *o = in ? schema_decode(k->type, in, NULL, &err) : NULL;
	if (!o)
		fail_msg("%s: %s", r->item, err.msg);
	return o;
}

static void ignore(void *arg, const char *text)
{
}

/* CPU milliseconds of one validation, the best of a few. */
static double cost(const struct row *r, int n)
{
	const struct kind *k = schema_kind(schema, r->group, "v1", r->kind);
	const struct strategy *s = strategy_find(k);
	const struct strategy_ctx ctx = {.subresource = ""};
	autojson js *o = make(r, k, n), *old = js_dup(o);
	double best = 1e9;
	js_set_int(js_obj(old, "spec", NULL), "difference", 1);
	for (int i = 0; i < ROUNDS; i++) {
		struct field_errors errs = {.n = 0};
		clock_t start = clock();
		schema_validate(k->type, o, "", &errs);
		s->validate(&ctx, o, NULL, &errs);
		s->validate(&ctx, o, old, &errs);
		if (s->warn)
			s->warn(o, ignore, NULL);
		double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
		field_errors_release(&errs);
		best = ms < best ? ms : best;
	}
	return best;
}

static void growth_is_linear(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double few = cost(&rows[i], FEW), many = cost(&rows[i], TIMES * FEW);
		if (many > 4 * TIMES * few + 5)
			fail_msg("%s %s: %.2f ms, then %.2f ms", rows[i].kind, rows[i].item, few, many);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(growth_is_linear)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

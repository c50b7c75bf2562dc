/* SPDX-License-Identifier: Apache-2.0 */
/* Field selectors of few and of very many terms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/mem.h"
#include "storage/cache/query_internal.h"

static struct selectable fields[] = {{.field = "spec.nodeName"}};
static const struct kind pods = {.group = "",
				 .version = "v1",
				 .kind = "Pod",
				 .resource = "pods",
				 .namespaced = true,
				 .storage = "pods",
				 .selectable = fields,
				 .n_selectable = 1};

static struct obj *pod(const char *ns, const char *name, const char *node)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":\"u\"},\"spec\":{\"nodeName\":\"%s\"}}",
		name, ns, node);
	struct obj *o = obj_load(&pods, text, strlen(text), 1, 1, &err);
	assert_non_null(o);
	return o;
}

static const char *value_of(const struct obj *o, const char *field)
{
	return !strcmp(field, "metadata.name")	      ? o->name
	       : !strcmp(field, "metadata.namespace") ? o->ns
						      : o->fields[0];
}

/* Whatever the order of the terms, all of them hold. */
static void every_term_holds(void **state)
{
	static const char *const names[] = {"metadata.name", "spec.nodeName", "metadata.namespace"};
	unsigned seed = 3, matched = 0;
	for (int round = 0; round < 20000; round++) {
		struct field_term v[8];
		struct field_selector selector = {rand_r(&seed) % 9, v};
		char values[8][2] = {{0}}, parts[3][2] = {{0}};
		bool expected = true;
		for (int i = 0; i < 3; i++)
			parts[i][0] = (char)('a' + rand_r(&seed) % 3);
		autoobj struct obj *o = pod(parts[0], parts[1], parts[2]);
		for (size_t i = 0; i < selector.n; i++) {
			v[i] = (struct field_term){(char *)names[rand_r(&seed) % 3], values[i],
						   rand_r(&seed) % 4 > 0};
			values[i][0] = (char)('a' + rand_r(&seed) % (v[i].negate ? 9 : 2));
			expected &= (strcmp(value_of(o, v[i].field), values[i]) == 0) != v[i].negate;
		}
		struct query q = {.ns = "", .fields = &selector, .kind = &pods};
		matched += expected;
		assert_int_equal(query_matches(&q, o), expected);
	}
	assert_true(matched > 1000 && matched < 19000);
}

/* What it takes, not how long others are let in between. */
static int64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t match_against(size_t n)
{
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	struct field_selector selector;
	struct match m;
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%smetadata.name!=n%zu", i ? "," : "", i * 7919 % n);
	assert_int_equal(field_selector_parse(buf_str(&text), &selector, &err), 0);
	struct query q = {.ns = "", .fields = &selector, .kind = &pods};
	match_init(&m, &pods, &q);
	autoobj struct obj *is = pod("ns", "n17", ""), *is_not = pod("ns", "x", "");
	int64_t start = cpu_ns();
	for (int i = 0; i < 20000; i++) {
		assert_true(match_obj(&m, is_not));
		assert_false(match_obj(&m, is));
	}
	int64_t took = cpu_ns() - start;
	match_release(&m);
	field_selector_release(&selector);
	return took;
}

/* A line of 1 MB, and each of many objects held against it. */
static void many_terms(void **state)
{
	int64_t few = match_against(200), many = match_against(50000);
	assert_true(many < 100 * few); /* 250 times as many */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_term_holds), cmocka_unit_test(many_terms)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

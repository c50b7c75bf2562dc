/* SPDX-License-Identifier: Apache-2.0 */
/* When two Pod templates are the same. */
#include "decode/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "object/labels.h"
#include "object/yaml.h"

static js *parse(const char *yaml)
{
	struct err err = ERR_INIT;
	js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	assert_non_null(o);
	return o;
}

static void test_hash(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"{a: 1, b: 2}", "{b: 2, a: 1}", true},
		{"{a: [1, 2]}", "{a: [2, 1]}", false},
		{"{a: 1}", "{a: '1'}", false},
		{"{a: {b: 1}}", "{a: {c: 1}}", false},
		{"{a: []}", "{a: {}}", false},
		{"{metadata: {labels: {x: y}}}", "{metadata: {labels: {x: y, pod-template-hash: abc}}}",
		 true},
		{"{metadata: {labels: {x: y}}}", "{metadata: {labels: {x: y, other: abc}}}", false},
		{"{spec: {x: y}}", "{spec: {x: y, pod-template-hash: abc}}", false}, /* no label */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *a = parse(rows[i].a), *b = parse(rows[i].b);

		if ((cm_template_hash(a) == cm_template_hash(b)) != rows[i].same)
			fail_msg("row %zu", i);
	}
}

/* ReplicaSets of an older version must be found again by a newer one. */
static void test_hash_is_stable(void **state)
{
	autojson js *o = parse("{metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}");

	assert_true(cm_template_hash(o) == UINT64_C(0xdb6d054fc0179362));
}

static void test_selector(void **state)
{
	autojson js *good = parse("spec: {selector: {matchLabels: {app: web}}}");
	autojson js *bad = parse("spec: {selector: {matchExpressions: [{key: a, operator: Nonsense}]}}");
	autojson js *labels = parse("{app: web}");
	autofree struct labels *web = labels_new(labels);
	struct selector *s = cm_selector(good), *none = cm_selector(bad);

	assert_true(selector_matches(s, web));
	assert_false(selector_matches(none, web));
	selector_free(s);
	selector_free(none);
}

static void test_text(void **state)
{
	autojson js *o = parse("{a: [1, b]}");
	autofree char *text = cm_json_text(o);

	assert_string_equal(text, "{\"a\":[1,\"b\"]}");
	assert_null(cm_json_text(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_is_stable),
		cmocka_unit_test(test_selector),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

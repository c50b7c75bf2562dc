/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of kinds that controllers hardly look into. */
#include "decode/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "object/decode.h"
#include "object/yaml.h"

static void *parse(const struct informer_type *t, const char *yaml)
{
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	autojson js *tree = yaml_parse(yaml, strlen(yaml), NULL, &err);

	assert_non_null(tree);
	js_write(&text, tree);
	void *o = decode_new(t->rows, text.p, text.len, &err);

	if (!o)
		fail_msg("%s", err.msg);
	return o;
}

static void test_tables(void **state)
{
	assert_null(decode_spec_check(cm_configmap_type.rows));
	assert_null(decode_spec_check(cm_namespace_type.rows));
	assert_null(decode_spec_check(cm_lease_type.rows));
	assert_null(decode_spec_check(cm_secret_type.rows));
}

#define META "metadata: {name: kube-root-ca.crt, annotations: {kubernetes.io/description: x}}\n"

static void test_root_ca(void **state)
{
	static const struct {
		const char *yaml;
		bool right;
	} rows[] = {
		{META "data: {ca.crt: \"a\\nb/\"}", true},
		{META "data: {ca.crt: \"a\\nb\"}", false},
		{META "data: {ca.crt: \"a\\nb/\", other: x}", false},
		{META "data: {other: \"a\\nb/\"}", false},
		{META "data: {}", false},
		{META "data: [1]", false},
		{META "data: {ca.crt: 1}", false},
		{META, false},
		{"metadata: {name: kube-root-ca.crt}\ndata: {ca.crt: \"a\\nb/\"}", false},
		{"metadata: {name: x, annotations: {kubernetes.io/description: x}}\ndata: {ca.crt: \"a\\nb/\"}",
		 false},
	};
	uint64_t want = map_hash("a\nb/", 4);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct cm_configmap *c = parse(&cm_configmap_type, rows[i].yaml);

		if ((c->root_ca == want) != rows[i].right)
			fail_msg("row %zu", i);
	}
}

static void test_namespaces_and_leases(void **state)
{
	autofree struct cm_namespace *ours =
		parse(&cm_namespace_type, "spec: {finalizers: [a.b/c, kubernetes]}");
	autofree struct cm_namespace *other = parse(&cm_namespace_type, "spec: {finalizers: [a.b/c]}");
	autofree struct cm_lease *l =
		parse(&cm_lease_type, "spec: {renewTime: '1970-01-01T00:00:05.000000Z'}");

	assert_true(ours->kubernetes_finalizer);
	assert_false(other->kubernetes_finalizer);
	assert_int_equal(l->renew_ns, INT64_C(5000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_root_ca),
		cmocka_unit_test(test_namespaces_and_leases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

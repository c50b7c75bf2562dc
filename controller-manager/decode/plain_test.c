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
#include "decode/make_test.h"

static void test_tables(void **state)
{
	assert_null(decode_spec_check(cm_configmap_type.rows));
	assert_null(decode_spec_check(cm_namespace_type.rows));
	assert_null(decode_spec_check(cm_lease_type.rows));
	assert_null(decode_spec_check(cm_metadata_type.rows));
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
		autofree struct cm_configmap *c = make_decoded(&cm_configmap_type, rows[i].yaml);

		if ((c->root_ca == want) != rows[i].right)
			fail_msg("row %zu", i);
	}
}

static void test_namespaces_and_leases(void **state)
{
	autofree struct cm_namespace *ours =
		make_decoded(&cm_namespace_type, "spec: {finalizers: [a.b/c, kubernetes]}");
	autofree struct cm_namespace *other = make_decoded(&cm_namespace_type, "spec: {finalizers: [a.b/c]}");
	autofree struct cm_lease *l =
		make_decoded(&cm_lease_type, "spec: {renewTime: '1970-01-01T00:00:05.000000Z'}");

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

/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of Nodes, and of the kinds of which little is. */
#include "decode/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "decode/make_test.h"
#include "decode/plain.h"

static void test_node(void **state)
{
	struct cm_node *n = make_decoded(
		&cm_node_type,
		"metadata: {name: n1}\n"
		"spec:\n"
		"  unschedulable: true\n"
		"  taints: [{key: k, value: v, effect: NoExecute, timeAdded: '1970-01-01T00:00:07Z'}]\n"
		"status:\n"
		"  conditions:\n"
		"  - {type: Ready, status: Unknown, lastHeartbeatTime: '1970-01-01T00:00:02Z'}\n"
		"  - {type: DiskPressure, status: 'True', lastHeartbeatTime: '1970-01-01T00:00:09Z'}\n"
		"  - {type: MemoryPressure, status: 'False'}\n");

	assert_true(n->unschedulable && n->disk_pressure);
	assert_false(n->memory_pressure || n->pid_pressure || n->network_unavailable);
	assert_int_equal(n->ready, CONDITION_UNKNOWN);
	assert_int_equal(n->heartbeat_ns, 9 * NS_PER_S);
	assert_int_equal(n->n_taints, 1);
	assert_int_equal(n->taints[0].effect, TAINT_NO_EXECUTE);
	assert_int_equal(n->taints[0].added_ns, 7 * NS_PER_S);
	assert_null(n->conditions);
	free(n);
	n = make_decoded(&cm_node_type, "{}");
	assert_int_equal(n->ready, CONDITION_ABSENT);
	free(n);
}

static void test_plain(void **state)
{
	struct cm_lease *l = make_decoded(&cm_lease_type, "spec: {renewTime: '1970-01-01T00:00:01.500000Z'}");
	struct cm_namespace *a = make_decoded(&cm_namespace_type, "spec: {finalizers: [x, kubernetes]}");
	struct cm_namespace *b = make_decoded(&cm_namespace_type, "spec: {finalizers: [x]}");
	struct informer_object *c = make_decoded(&cm_configmap_type, "{metadata: {name: c}, data: {a: b}}");

	assert_int_equal(l->renew_ns, 1500 * NS_PER_MS);
	assert_true(a->kubernetes_finalizer);
	assert_false(b->kubernetes_finalizer);
	assert_string_equal(c->meta.name, "c");
	assert_string_equal(c->meta.namespace, "");
	free(l);
	free(a);
	free(b);
	free(c);
}

static void test_tables(void **state)
{
	static const struct informer_type *const types[] = {
		&cm_node_type,
		&cm_lease_type,
		&cm_namespace_type,
		&cm_configmap_type,
		&cm_metadata_type,
		&cm_serviceaccount_type,
		&cm_persistentvolumeclaim_type,
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		assert_null(decode_spec_check(types[i]->rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of Deployments and ReplicaSets. */
#include "decode/deployment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "decode/replicaset.h"
#include "decode/template.h"
#include "object/yaml.h"

static void parse(const struct informer_type *t, const char *yaml, void *into)
{
	struct err err = ERR_INIT;
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	assert_non_null(o);
	assert_true(t->decode(into, o));
}

static void test_deployment(void **state)
{
	struct cm_deployment d = {0};

	parse(&cm_deployment_type,
	      "spec:\n"
	      "  replicas: 4\n"
	      "  paused: true\n"
	      "  minReadySeconds: 3\n"
	      "  revisionHistoryLimit: 2\n"
	      "  progressDeadlineSeconds: 60\n"
	      "  selector: {matchLabels: {app: web}}\n"
	      "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}\n"
	      "  template: {metadata: {labels: {app: web}}}\n"
	      "status: {observedGeneration: 7, replicas: 4, updatedReplicas: 3, readyReplicas: 2, "
	      "availableReplicas: 1, unavailableReplicas: 3, collisionCount: 1, conditions: [{type: Available}]}\n",
	      &d);
	assert_int_equal(d.replicas, 4);
	assert_true(d.paused && !d.recreate);
	assert_int_equal(d.history_limit, 2);
	assert_int_equal(d.progress_deadline, 60);
	assert_string_equal(d.max_surge, "\"25%\"");
	assert_string_equal(d.max_unavailable, "1");
	assert_string_equal(d.selector_json, "{\"matchLabels\":{\"app\":\"web\"}}");
	assert_int_equal(d.status.observed_generation, 7);
	assert_int_equal(d.status.updated, 3);
	assert_int_equal(d.status.collisions, 1);
	assert_string_equal(d.status.conditions, "[{\"type\":\"Available\"}]");
	cm_deployment_type.release(&d);
}

static void test_absent_fields(void **state)
{
	struct cm_deployment d = {0};
	struct cm_replicaset r = {0};

	parse(&cm_deployment_type, "spec: {strategy: {type: Recreate}}", &d);
	assert_int_equal(d.replicas, 1);
	assert_int_equal(d.history_limit, INT32_MAX);
	assert_int_equal(d.progress_deadline, INT32_MAX);
	assert_int_equal(d.status.collisions, -1);
	assert_true(d.recreate);
	assert_null(d.max_surge);
	assert_null(d.status.conditions);
	cm_deployment_type.release(&d);
	parse(&cm_replicaset_type, "{}", &r);
	assert_int_equal(r.replicas, 1);
	assert_null(r.status.conditions);
	cm_replicaset_type.release(&r);
}

/* A ReplicaSet is recognised by its Deployment's template, whatever else differs. */
static void test_template_hash(void **state)
{
	struct cm_deployment d = {0};
	struct cm_replicaset r = {0};

	parse(&cm_deployment_type, "spec: {template: {metadata: {labels: {app: web}}, spec: {a: 1}}}", &d);
	parse(&cm_replicaset_type,
	      "spec: {replicas: 2, template: {spec: {a: 1}, metadata: {labels: {pod-template-hash: x, app: web}}}}",
	      &r);
	assert_true(d.template_hash == r.template_hash);
	assert_int_equal(r.replicas, 2);
	cm_deployment_type.release(&d);
	cm_replicaset_type.release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deployment),
		cmocka_unit_test(test_absent_fields),
		cmocka_unit_test(test_template_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

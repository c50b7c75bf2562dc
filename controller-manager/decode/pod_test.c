/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a Pod. */
#include "decode/pod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "decode/make_test.h"

/* From YAML; free() it. */
static struct cm_pod *parse(const char *yaml)
{
	return make_decoded(&cm_pod_type, yaml);
}

static void test_everything(void **state)
{
	struct cm_pod *p = parse(
		"metadata:\n"
		"  name: p\n"
		"  namespace: ns\n"
		"  uid: u\n"
		"  labels: {app: web}\n"
		"  annotations: {a: b, controller.kubernetes.io/pod-deletion-cost: '-7'}\n"
		"spec:\n"
		"  nodeName: n1\n"
		"  tolerations:\n"
		"  - {key: a, operator: Exists, effect: NoSchedule}\n"
		"  - {key: b, value: v, effect: NoExecute, tolerationSeconds: 60}\n"
		"  - {operator: Exists}\n"
		"status:\n"
		"  phase: Running\n"
		"  conditions:\n"
		"  - {type: PodScheduled, status: 'True'}\n"
		"  - {type: Ready, status: 'True', reason: x, lastTransitionTime: '1970-01-01T00:00:05Z'}\n"
		"  containerStatuses: [{restartCount: 2}, {restartCount: 9}, {name: c}, 7]\n");
	size_t n;
	const struct toleration *t = cm_pod_tolerations(p, &n);

	assert_string_equal(p->base.meta.name, "p");
	assert_string_equal(p->node, "n1");
	assert_int_equal(p->phase, PHASE_RUNNING);
	assert_int_equal(p->restarts, 9);
	assert_int_equal(p->deletion_cost, -7);
	assert_true(cm_pod_ready(p));
	assert_null(p->ready.reason);
	assert_false(cm_pod_available(p, 10, 14 * NS_PER_S));
	assert_true(cm_pod_available(p, 10, 15 * NS_PER_S));
	assert_true(cm_pod_active(p));
	assert_int_equal(n, 2); /* those of NoSchedule are of no use here */
	assert_string_equal(t[0].key, "b");
	assert_int_equal(t[0].seconds, 60);
	assert_string_equal(t[1].key, "");
	assert_true(t[1].seconds == TOLERATION_FOREVER);
	free(p);
}

static void test_nothing(void **state)
{
	struct cm_pod *p = parse("{}");
	size_t n;

	assert_string_equal(p->node, "");
	assert_string_equal(p->base.meta.uid, "");
	assert_int_equal(p->phase, PHASE_PENDING);
	assert_false(cm_pod_ready(p));
	cm_pod_tolerations(p, &n);
	assert_int_equal(n, 0);
	free(p);
}

static void test_active(void **state)
{
	static const struct {
		const char *yaml;
		bool active;
	} rows[] = {
		{"status: {phase: Pending}", true},
		{"status: {phase: Unknown}", true},
		{"status: {phase: Failed}", false},
		{"status: {phase: Succeeded}", false},
		{"{metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}, status: {phase: Running}}", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cm_pod *p = parse(rows[i].yaml);

		assert_int_equal(cm_pod_active(p), rows[i].active);
		free(p);
	}
}

/* What admission adds costs no memory, and is there all the same. */
static void test_default_tolerations(void **state)
{
#define DEFAULTS(seconds)                                                                                        \
	"spec: {tolerations: ["                                                                                  \
	"{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}, "     \
	"{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: " seconds \
	"}]}"
	struct cm_pod *p = parse(DEFAULTS("300")), *other = parse(DEFAULTS("301"));
	const struct toleration *t;
	size_t n;

	assert_null(p->tolerations);
	t = cm_pod_tolerations(p, &n);
	assert_int_equal(n, 2);
	assert_string_equal(t[1].key, "node.kubernetes.io/unreachable");
	assert_int_equal(t[1].seconds, 300);
	t = cm_pod_tolerations(other, &n);
	assert_int_equal(n, 2);
	assert_int_equal(t[1].seconds, 301);
	free(p);
	free(other);
}

static void test_odd_values(void **state)
{
	struct cm_pod *p =
		parse("metadata: {annotations: {controller.kubernetes.io/pod-deletion-cost: [1]}}\n"
		      "status: {containerStatuses: {a: b}, phase: 5}\n");

	assert_int_equal(p->deletion_cost, 0);
	assert_int_equal(p->restarts, 0);
	assert_int_equal(p->phase, PHASE_PENDING);
	free(p);
}

#define OWNED(kind) "metadata: {ownerReferences: [{kind: " kind ", name: o, uid: u, controller: true}]}\n"
#define PINNED(fields)                                                                                       \
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [7, " \
	"{matchExpressions: [{key: x, operator: Exists}]}, {matchFields: [" fields "]}]}}}"

static void test_what_sets_ask_for(void **state)
{
	static const struct {
		const char *yaml, *target, *claims;
	} rows[] = {
		{OWNED("DaemonSet") "spec: {" PINNED("{key: metadata.name, operator: In, values: [n1]}") "}",
		 "n1", ""},
		{OWNED("DaemonSet") "spec: {nodeName: n2, " PINNED(
			 "{key: metadata.name, operator: In, values: [n1]}") "}",
		 NULL, ""},
		{OWNED("DaemonSet") "spec: {" PINNED(
			 "{key: metadata.name, operator: In, values: [n1, n2]}") "}",
		 NULL, ""},
		{OWNED("DaemonSet") "spec: {" PINNED("{key: metadata.name, operator: NotIn, values: [n1]}, "
						     "{key: metadata.name, operator: In, values: [n3]}") "}",
		 "n3", ""},
		{OWNED("DaemonSet") "spec: {affinity: {nodeAffinity: 7}}", NULL, ""},
		{OWNED("ReplicaSet") "spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], " PINNED(
			 "{key: metadata.name, operator: In, values: [n1]}") "}",
		 NULL, ""},
		{OWNED("StatefulSet") "spec: {nodeName: n, volumes: [{name: a, emptyDir: {}}, "
				      "{name: v, persistentVolumeClaim: {claimName: c}}, "
				      "{name: w, persistentVolumeClaim: {claimName: d}}]}",
		 NULL, "v=c w=d "},
		{OWNED("StatefulSet") "spec: {volumes: [{name: a, emptyDir: {}}]}", NULL, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct cm_pod *p = parse(rows[i].yaml);
		autobuf struct buf claims = BUF_INIT;

		if (rows[i].target)
			assert_string_equal(p->set->target, rows[i].target);
		else
			assert_true(!p->set || !p->set->target);
		for (size_t k = 0; p->set && k < p->set->n_claims; k++)
			buf_addf(&claims, "%s=%s ", p->set->claims[k].volume, p->set->claims[k].claim);
		assert_string_equal(buf_str(&claims), rows[i].claims);
		assert_true(!p->set == (!rows[i].target && !*rows[i].claims));
	}
}

#define META(owner)                                                                                          \
	"metadata: {name: p, uid: u, annotations: {batch.kubernetes.io/job-completion-index: '3'}, "         \
	"ownerReferences: [{kind: " owner ", name: o, uid: w, controller: true}]}\n"
#define STATUS                                                                                               \
	"status: {phase: Failed, containerStatuses: [{name: c, restartCount: 2}], "                          \
	"conditions: [{type: Ready, status: 'True'}]}\n"

/* In whatever order the members come. */
static void test_what_jobs_ask_for(void **state)
{
	static const struct {
		const char *yaml;
		bool kept;
	} rows[] = {{META("Job") STATUS, true},
		    {STATUS META("Job"), true},
		    {META("ReplicaSet") STATUS, false},
		    {STATUS META("ReplicaSet"), false}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct cm_pod *p = parse(rows[i].yaml);

		assert_int_equal(p->phase, PHASE_FAILED);
		assert_int_equal(p->restarts, 2);
		assert_true(cm_pod_ready(p));
		assert_true(!p->job_meta == !rows[i].kept && !p->job_status == !rows[i].kept);
		if (!rows[i].kept)
			continue;
		assert_string_equal(p->job_meta->marks.index, "3");
		assert_int_equal(p->job_status->n_containers, 1);
		assert_int_equal(p->job_status->n_conditions, 1);
	}
}

static void test_tables_and_indexes(void **state)
{
	struct cm_pod *p =
		parse("{metadata: {namespace: ns, ownerReferences: [{uid: a}, {uid: b, controller: true}]}, "
		      "spec: {nodeName: n1}}");
	struct informer_keys keys = {BUF_INIT, 0};

	assert_null(decode_spec_check(cm_pod_type.rows));
	for (size_t i = 0; i < INDEX_POD_COUNT; i++)
		cm_pod_type.index(p, i, &keys);
	static const char want[] = "a\0b\0ns\0n1"; /* it has a controller: no orphan */
	assert_int_equal(keys.n, 4);
	assert_int_equal(keys.text.len, sizeof(want));
	assert_memory_equal(keys.text.p, want, sizeof(want));
	buf_release(&keys.text);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_default_tolerations),
		cmocka_unit_test(test_odd_values),
		cmocka_unit_test(test_what_sets_ask_for),
		cmocka_unit_test(test_what_jobs_ask_for),
		cmocka_unit_test(test_tables_and_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

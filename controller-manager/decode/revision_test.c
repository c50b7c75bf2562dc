/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a ControllerRevision, of a DaemonSet and of a StatefulSet, and the text of a template's state. */
#include "decode/revision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "decode/daemonset.h"
#include "decode/make_test.h"
#include "decode/statefulset.h"
#include "object/json_test.h"

static void test_text(void **state)
{
	const char *given = JSON(
		"{'spec':{'b':[{'z':1,'a':null}],'a':'<&>','c':true,'n':1.50},'metadata':{'labels':{'x':'y'}}}");
	struct err err = ERR_INIT;
	autojson js *t = js_parse(given, strlen(given), NULL, &err);
	autofree char *text = cm_revision_data(t);

	assert_string_equal(
		text,
		"{\"spec\":{\"template\":{\"$patch\":\"replace\",\"metadata\":{\"labels\":{\"x\":\"y\"}},"
		"\"spec\":{\"a\":\"\\u003c\\u0026\\u003e\",\"b\":[{\"a\":null,\"z\":1}],\"c\":true,"
		"\"n\":1.50}}}}");
	/* and back */
	autojson js *data = js_parse(text, strlen(text), NULL, &err);
	autojson js *again = cm_revision_template(data);
	assert_true(js_equal(t, again));
	autofree char *none = cm_revision_data(NULL);
	assert_string_equal(none, "{\"spec\":{\"template\":{\"$patch\":\"replace\"}}}");
	assert_null(cm_revision_template(NULL));
}

static void test_revision(void **state)
{
	static const char yaml[] = "metadata: {name: r, labels: {a: b}}\nrevision: 7\n"
				   "data: {spec: {template: {spec: {b: 1, a: '<'}, $patch: replace}}}";
	const char *same = JSON("{'spec':{'a':'<','b':1}}");
	struct err err = ERR_INIT;
	autofree struct cm_controllerrevision *r = make_decoded(&cm_controllerrevision_type, yaml);
	autofree struct cm_controllerrevision *empty = make_decoded(&cm_controllerrevision_type, "{}");
	autojson js *t = js_parse(same, strlen(same), NULL, &err);
	autofree char *text = cm_revision_data(t);

	assert_int_equal(r->revision, 7);
	assert_true(r->data_hash == cm_revision_hash(text));
	assert_null(r->data);
	assert_string_equal(labels_get(r->base.meta.labels, "a"), "b");
	assert_int_equal(empty->data_hash, 0);
	assert_null(decode_spec_check(cm_controllerrevision_type.rows));
}

static void test_daemonset(void **state)
{
	struct cm_daemonset d = {0};
	struct err err = ERR_INIT;
	static const char yaml[] =
		"spec:\n"
		"  minReadySeconds: 3\n"
		"  revisionHistoryLimit: 2\n"
		"  selector: {matchLabels: {app: web}}\n"
		"  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}\n"
		"  template:\n"
		"    spec:\n"
		"      hostNetwork: true\n"
		"      nodeSelector: {disk: ssd}\n"
		"      tolerations: [{key: a, operator: Exists, effect: NoSchedule}]\n"
		"      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}\n"
		"status: {observedGeneration: 7, currentNumberScheduled: 1, numberMisscheduled: 2, desiredNumberScheduled: 3,\n"
		"  numberReady: 4, updatedNumberScheduled: 5, numberAvailable: 6, numberUnavailable: 7, collisionCount: 0}\n";
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err);

	assert_non_null(o);
	assert_true(cm_daemonset_type.decode(&d, o));
	assert_int_equal(d.min_ready_seconds, 3);
	assert_int_equal(d.history_limit, 2);
	assert_false(d.on_delete);
	assert_string_equal(d.max_surge, "\"25%\"");
	assert_string_equal(d.max_unavailable, "0");
	assert_true(d.data_hash == cm_revision_hash(d.data));
	assert_true(d.where->host_network && d.where->affinity->has_required);
	assert_string_equal(labels_get(d.where->node_selector, "disk"), "ssd");
	assert_int_equal(d.where->n_tolerations, 1);
	assert_string_equal(d.where->node, "");
	assert_int_equal(d.status.observed_generation, 7);
	assert_int_equal(d.status.current, 1);
	assert_int_equal(d.status.misscheduled, 2);
	assert_int_equal(d.status.desired, 3);
	assert_int_equal(d.status.ready, 4);
	assert_int_equal(d.status.updated, 5);
	assert_int_equal(d.status.available, 6);
	assert_int_equal(d.status.unavailable, 7);
	assert_int_equal(d.status.collisions, 0);
	cm_daemonset_type.release(&d);
}

static void test_statefulset(void **state)
{
	struct cm_statefulset s = {0}, none = {0};
	struct err err = ERR_INIT;
	static const char yaml[] =
		"spec:\n"
		"  replicas: 3\n"
		"  ordinals: {start: 5}\n"
		"  minReadySeconds: 2\n"
		"  revisionHistoryLimit: 4\n"
		"  serviceName: nginx\n"
		"  podManagementPolicy: Parallel\n"
		"  selector: {matchLabels: {app: web}}\n"
		"  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}\n"
		"  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}\n"
		"  volumeClaimTemplates: [{metadata: {name: a}}, {metadata: {name: b}}]\n"
		"  template: {metadata: {labels: {app: web}}}\n"
		"status: {observedGeneration: 7, replicas: 1, readyReplicas: 2, availableReplicas: 3, currentReplicas: 4,\n"
		"  updatedReplicas: 5, collisionCount: 6, currentRevision: web-1, updateRevision: web-2}\n";
	autojson js *o = yaml_parse(yaml, strlen(yaml), NULL, &err), *empty = js_new_obj();

	assert_non_null(o);
	assert_true(cm_statefulset_type.decode(&s, o));
	assert_int_equal(s.replicas, 3);
	assert_int_equal(s.start, 5);
	assert_int_equal(s.min_ready_seconds, 2);
	assert_int_equal(s.history_limit, 4);
	assert_int_equal(s.partition, 1);
	assert_string_equal(s.service, "nginx");
	assert_true(s.parallel && !s.on_delete && s.claims_go_with_set && !s.claims_go_with_pod);
	assert_string_equal(s.match_labels, "{\"app\":\"web\"}");
	assert_int_equal(s.n_claims, 2);
	assert_string_equal(s.claim_names[1], "b");
	assert_true(s.data_hash == cm_revision_hash(s.data));
	assert_int_equal(s.status.observed_generation, 7);
	assert_int_equal(s.status.replicas, 1);
	assert_int_equal(s.status.ready, 2);
	assert_int_equal(s.status.available, 3);
	assert_int_equal(s.status.current, 4);
	assert_int_equal(s.status.updated, 5);
	assert_int_equal(s.status.collisions, 6);
	assert_string_equal(s.status.current_revision, "web-1");
	assert_string_equal(s.status.update_revision, "web-2");
	cm_statefulset_type.release(&s);
	assert_true(cm_statefulset_type.decode(&none, empty));
	assert_int_equal(none.replicas, 1);
	assert_int_equal(none.partition, -1);
	assert_int_equal(none.status.collisions, -1);
	assert_string_equal(none.service, "");
	assert_null(none.claims);
	cm_statefulset_type.release(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_revision),
		cmocka_unit_test(test_daemonset),
		cmocka_unit_test(test_statefulset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "make_test.h"

#define HEAD "metadata: {name: p, namespace: d, uid: u, resourceVersion: '7', labels: {a: b}}\n"
#define SPEC                                                                                                                 \
	"containers: [{name: c, image: one}, {name: d}], initContainers: [{name: i, image: two}], tolerations: [{operator: " \
	"Exists}], nodeSelector: {disk: ssd}, affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: " \
	"[{topologyKey: k}]}}"
#define STATUS                                                                                                        \
	"status: {phase: Pending, nominatedNodeName: n9, conditions: [{type: PodScheduled, status: 'False', reason: " \
	"Unschedulable, message: no room}]}\n"

static void test_a_waiting_pod(void **state)
{
	const struct sched_pod *p =
		make_pod(HEAD "spec: {priority: 5, schedulingGates: [{name: g}], " SPEC "}\n" STATUS);
	assert_string_equal(p->base.meta.name, "p");
	assert_true(p->base.meta.rv == 7);
	assert_string_equal(p->node, "");
	assert_string_equal(p->nominated, "n9");
	assert_string_equal(p->scheduler, SCHEDULER_NAME);
	assert_true(p->affinity && p->affinity->n_required_anti == 1);
	assert_int_equal(p->priority, 5);
	assert_int_equal(p->n_gates, 1);
	assert_string_equal(p->unschedulable, "no room");
	assert_int_equal(p->wish->n_images, 2);
	assert_string_equal(p->wish->images[0].name, "one");
	assert_null(p->wish->images[1].name);
	assert_string_equal(p->wish->init_images[0].name, "two");
	assert_int_equal(p->demand.n_tolerations, 1);
	assert_string_equal(labels_get(p->demand.node_selector, "disk"), "ssd");
	assert_false(sched_pod_finished(p));
	informer_unref(p);
}

static void test_of_a_bound_pod_only_its_room_stays(void **state)
{
	const struct sched_pod *p =
		make_pod(HEAD "spec: {nodeName: n1, schedulerName: other, " SPEC "}\n" STATUS);
	assert_string_equal(p->node, "n1");
	assert_null(p->scheduler);
	assert_string_equal(p->affinity->required_anti[0].topology_key, "k"); /* others must respect it */
	assert_int_equal(p->demand.requests.pods, 1);
	assert_null(p->wish);
	assert_null(p->demand.node_selector);
	assert_int_equal(p->demand.n_tolerations, 0);
	assert_null(p->unschedulable);
	informer_unref(p);
}

static void test_other_conditions_and_phases(void **state)
{
	const struct sched_pod *p = make_pod(
		"metadata: {name: p}\nspec: {affinity: {podAffinity: {}}}\nstatus: {phase: Failed, conditions: [{type: PodScheduled, "
		"status: 'False', reason: SchedulingGated, message: m}]}");
	assert_null(p->unschedulable);
	assert_true(sched_pod_finished(p) && !p->affinity);
	assert_string_equal(p->scheduler, SCHEDULER_NAME);
	informer_unref(p);
	assert_null(decode_spec_check(&sched_pod_spec));
	assert_null(decode_spec_check(&sched_node_spec));
}

static void test_a_node(void **state)
{
	const struct sched_node *n = make_node(
		"metadata: {name: n1, labels: {a: b}}\nspec: {unschedulable: true, taints: [{key: k, effect: NoExecute}]}\n"
		"status: {allocatable: {cpu: '2', pods: '3'}, images: [{names: [one, two], sizeBytes: 5}]}");
	assert_string_equal(sched_node_name(n), "n1");
	assert_true(n->unschedulable);
	assert_int_equal(n->taints[0].effect, TAINT_NO_EXECUTE);
	assert_int_equal(n->allocatable.pods, 3);
	assert_string_equal(n->images[0].names[1], "two");
	assert_int_equal(n->images[0].size, 5);
	informer_unref(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_waiting_pod),
		cmocka_unit_test(test_of_a_bound_pod_only_its_room_stays),
		cmocka_unit_test(test_other_conditions_and_phases),
		cmocka_unit_test(test_a_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

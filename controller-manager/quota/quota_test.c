/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas against a real API: what their status says, and when it is counted anew. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

#define SYNC "resourcequota", "default/q"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&resourcequota_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_quota(const char *spec)
{
	rig_create(r, "{kind: ResourceQuota, metadata: {name: q}, spec: {%s}}", spec);
}

static void make_pod(const char *name, const char *spec)
{
	rig_create(
		r,
		"kind: Pod\n"
		"metadata: {name: %s}\n"
		"spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 100m, memory: 1Gi}}}]%s}\n",
		name, spec);
}

static void expect(const char *used)
{
	rig_expect(r, "ResourceQuota/q", "status: {used: {%s}}", used);
}

/* Changes that come together are counted together, a moment later. */
static void run(void)
{
	rig_settle(r);
	clock_advance(NS_PER_S);
	rig_run(r);
}

static void test_compute(void **state)
{
	make_quota(
		"hard: {pods: 5, requests.cpu: 1, memory: 4Gi, limits.cpu: 2, requests.example.com/gpu: 1}");
	run();
	rig_expect(
		r, "ResourceQuota/q",
		"status: {hard: {pods: '5', requests.cpu: '1', memory: 4Gi}, used: {pods: '0', requests.cpu: "
		"'0', memory: '0', limits.cpu: '0', requests.example.com/gpu: '0'}}");
	make_pod("a", "");
	make_pod("b", "");
	run();
	expect("pods: '2', requests.cpu: 200m, memory: 2Gi, limits.cpu: '0'");
	rig_patch(r, "Pod/a", "status", "status: {phase: Succeeded}");
	run();
	expect("pods: '1', requests.cpu: 100m, memory: 1Gi");
	rig_delete(r, "Pod/b", "");
	run();
	expect("pods: '0', requests.cpu: '0'");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
}

static void test_numbers_of_objects(void **state)
{
	make_quota(
		"hard: {configmaps: 10, count/secrets: 10, count/deployments.apps: 3, count/nothing.nowhere: 1}");
	run();
	rig_create(
		r,
		"{kind: ConfigMap, metadata: {name: a}}\n---\n{kind: ConfigMap, metadata: {name: b}}\n---\n"
		"{kind: Secret, metadata: {name: s}}");
	run();
	expect("configmaps: '2', count/secrets: '1', count/deployments.apps: '0', count/nothing.nowhere: null");
	rig_delete(r, "ConfigMap/a", "");
	rig_delete(r, "Secret/s", "");
	run();
	expect("configmaps: '1', count/secrets: '0'");
}

static void test_custom_resources(void **state)
{
	make_quota("hard: {count/widgets.example.com: 3}");
	run();
	rig_expect(r, "ResourceQuota/q", "status: {hard: {count/widgets.example.com: '3'}, used: null}");
	rig_create(
		r,
		"kind: CustomResourceDefinition\n"
		"metadata: {name: widgets.example.com}\n"
		"spec:\n"
		"  group: example.com\n"
		"  names: {kind: Widget, plural: widgets}\n"
		"  scope: Namespaced\n"
		"  versions:\n"
		"  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n");
	rig_await(r, "CustomResourceDefinition/widgets.example.com",
		  "status: {conditions: [{type: NamesAccepted}, {type: Established, status: 'True'}]}");
	rig_create(r, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}");
	clock_advance(300 * NS_PER_S); /* its kind came after the quota: the next count finds it */
	rig_run(r);
	expect("count/widgets.example.com: '1'");
	rig_delete(r, "Widget/w", "");
	run();
	expect("count/widgets.example.com: '0'");
}

static void test_services_and_claims(void **state)
{
	make_quota(
		"hard: {services: 5, services.nodeports: 2, persistentvolumeclaims: 4, requests.storage: 9Gi, "
		"gold.storageclass.storage.k8s.io/requests.storage: 5Gi}");
	run();
	rig_create(r,
		   "{kind: Service, metadata: {name: s}, spec: {type: NodePort, ports: [{port: 80}]}}\n---\n"
		   "{kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], "
		   "storageClassName: gold, resources: {requests: {storage: 2Gi}}}}\n---\n"
		   "{kind: PersistentVolumeClaim, metadata: {name: b}, spec: {accessModes: [ReadWriteOnce], "
		   "storageClassName: tin, resources: {requests: {storage: 1Gi}}}}");
	run();
	expect("services: '2', services.nodeports: '1', persistentvolumeclaims: '2', requests.storage: 3Gi, "
	       "gold.storageclass.storage.k8s.io/requests.storage: 2Gi");
	rig_patch(r, "Service/s", NULL, "spec: {type: ClusterIP, ports: [{port: 80, nodePort: null}]}");
	run();
	expect("services: '2', services.nodeports: '0'");
}

static void test_scopes(void **state)
{
	make_quota(
		"hard: {pods: 5}, scopes: [NotTerminating], scopeSelector: {matchExpressions: [{scopeName: "
		"BestEffort, operator: Exists}]}");
	make_pod("a", "");
	make_pod("b", ", activeDeadlineSeconds: 9");
	rig_create(r, "{kind: Pod, metadata: {name: light}, spec: {containers: [{name: c, image: i}]}}");
	run();
	expect("pods: '1'");
	rig_create(r, "{kind: ResourceQuota, metadata: {name: other}, spec: {hard: {count/pods: 9, "
		      "pods: 9}}}");
	run();
	rig_expect(r, "ResourceQuota/other", "status: {used: {count/pods: '3', pods: '3'}}");
}

static void test_another_bound(void **state)
{
	make_quota("hard: {pods: 5, configmaps: 3}");
	run();
	rig_patch(r, "ResourceQuota/q", NULL, "spec: {hard: {pods: 7, configmaps: null}}");
	run();
	rig_expect(r, "ResourceQuota/q",
		   "status: {hard: {pods: '7', configmaps: null}, used: {pods: '0', configmaps: null}}");
}

static void test_an_api_that_fails(void **state)
{
	make_quota("hard: {pods: 5}");
	make_pod("a", "");
	run();
	make_pod("b", "");
	rig_fail(r, .call = "GET */pods?*", .reason = REASON_INTERNAL);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	expect("pods: '1'");
	rig_heal(r);
	run();
	expect("pods: '2'");
}

/* Where there is no quota, nothing is done, whatever happens. */
static void test_without_quotas(void **state)
{
	make_pod("a", "");
	run();
	assert_int_equal(rig_calls(r, "*"), 0);
	make_quota("hard: {pods: 5}");
	run();
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 300 * NS_PER_S);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_compute),
		TEST(test_numbers_of_objects),
		TEST(test_custom_resources),
		TEST(test_services_and_claims),
		TEST(test_scopes),
		TEST(test_another_bound),
		TEST(test_an_api_that_fails),
		TEST(test_without_quotas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

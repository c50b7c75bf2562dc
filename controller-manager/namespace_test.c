/* SPDX-License-Identifier: Apache-2.0 */
/* The end of namespaces against a real API: what goes, what stays, and what is told of it. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

#define SYNC "namespace", "doomed"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&namespace_controller, NULL);
	rig_create(r, "{kind: Node, metadata: {name: n1}}\n"
		      "---\n"
		      "{kind: Namespace, metadata: {name: doomed}}\n"
		      "---\n"
		      "{kind: ConfigMap, metadata: {name: c, namespace: doomed}}\n");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_pod(void)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: p, namespace: doomed}\n"
		      "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n");
}

static void test_living_ones_are_left_alone(void **state)
{
	rig_run(r);
	assert_int_equal(rig_calls(r, "*"), 0);
	rig_must_sync(r, "namespace", "nowhere");
}

static void test_emptied_and_ended(void **state)
{
	rig_create(
		r,
		"{kind: Secret, metadata: {name: s, namespace: doomed}}\n"
		"---\n"
		"kind: Deployment\n"
		"metadata: {name: d, namespace: doomed}\n"
		"spec:\n"
		"  selector: {matchLabels: {app: web}}\n"
		"  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}\n");
	rig_delete(r, "Namespace/doomed", "");
	rig_expect(r, "Namespace/doomed", "{spec: {finalizers: [kubernetes]}, status: {phase: Terminating}}");
	rig_run(r);
	rig_expect_absent(r, "Namespace/doomed");
	rig_expect_absent(r, "ConfigMap/doomed/c");
	rig_expect_absent(r, "Secret/doomed/s");
	rig_expect_absent(r, "Deployment/doomed/d");
	/* where something was, somebody looks whether it has gone; most collections are empty */
	assert_int_equal(rig_calls(r, "GET */configmaps?limit=500"), 1);
	assert_int_equal(rig_calls(r, "DELETE */replicasets"), 1);
	assert_int_equal(rig_calls(r, "GET */replicasets?limit=500"), 0);
}

/* What the informer has not heard of yet: the deleted one is gone, and a namesake is there. */
static void test_a_successor_is_spared(void **state)
{
	static const char *const live[] = {
		"{kind: Namespace, metadata: {name: doomed, uid: other}, spec: {finalizers: [kubernetes]}}",
		"{kind: Namespace, metadata: {name: doomed, uid: other, deletionTimestamp: '2026-01-01T00:00:00Z'}}"};

	rig_delete(r, "Namespace/doomed", "");
	for (size_t i = 0; i < ARRAY_LEN(live); i++) {
		rig_forget(r);
		rig_fail(r, .call = "GET /api/v1/namespaces/doomed", .reply = live[i]);
		rig_must_sync(r, SYNC);
		assert_int_equal(rig_calls(r, RIG_WRITES), 0);
		rig_heal(r);
	}
	rig_run(r);
	rig_expect_absent(r, "Namespace/doomed");
}

static void test_pods_have_their_grace(void **state)
{
	make_pod();
	rig_delete(r, "Namespace/doomed", "");
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, 16 * NS_PER_S); /* half of its grace, and one */
	rig_expect(r, "ConfigMap/doomed/c", "metadata: {deletionTimestamp: null}"); /* it may need that */
	rig_expect(
		r, "Namespace/doomed",
		"status:\n"
		"  conditions:\n"
		"  - {type: NamespaceDeletionDiscoveryFailure, status: 'False', reason: ResourcesDiscovered,\n"
		"     message: All resources successfully discovered}\n"
		"  - {type: NamespaceDeletionGroupVersionParsingFailure, status: 'False', reason: ParsedGroupVersions,\n"
		"     message: All legacy kube types successfully parsed}\n"
		"  - {type: NamespaceDeletionContentFailure, status: 'False', reason: ContentDeleted,\n"
		"     message: 'All content successfully deleted, may be waiting on finalization'}\n"
		"  - {type: NamespaceContentRemaining, status: 'True', reason: SomeResourcesRemain,\n"
		"     message: 'Some resources are remaining: pods. has 1 resource instances'}\n"
		"  - {type: NamespaceFinalizersRemaining, status: 'False', reason: ContentHasNoFinalizers,\n"
		"     message: All content-preserving finalizers finished}\n");
	rig_forget(r);
	clock_advance(20 * NS_PER_S);
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 16 * NS_PER_S);
	assert_int_equal(rig_calls(r, "PATCH */status"), 0); /* nothing new to tell */
	clock_advance(20 * NS_PER_S);
	ret = rig_sync(r, SYNC); /* now it should have gone */
	assert_int_equal(ret.rc, -1);
	rig_expect(
		r, "Namespace/doomed",
		"status:\n"
		"  conditions:\n"
		"  - {}\n"
		"  - {}\n"
		"  - {status: 'True', message: 'Failed to delete all resource types, 1 remaining: unexpected items "
		"still remain in namespace: doomed for gvr: /v1, Resource=pods'}\n"
		"  - {}\n"
		"  - {}\n");
	rig_delete(r, "Pod/doomed/p", "gracePeriodSeconds: 0");
	rig_must_sync(r, SYNC);
	rig_expect_absent(r, "Namespace/doomed");
}

static void test_finalizers_are_told(void **state)
{
	rig_patch(r, "ConfigMap/doomed/c", NULL, "metadata: {finalizers: [example.com/b, example.com/a]}");
	rig_create(r, "{kind: Secret, metadata: {name: s, namespace: doomed, finalizers: [example.com/a]}}");
	rig_delete(r, "Namespace/doomed", "");
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 8 * NS_PER_S);
	rig_expect(
		r, "Namespace/doomed",
		"status:\n"
		"  conditions:\n"
		"  - {}\n"
		"  - {}\n"
		"  - {}\n"
		"  - message: 'Some resources are remaining: configmaps. has 1 resource instances, secrets. has 1 resource instances'\n"
		"  - message: 'Some content in the namespace has finalizers remaining: example.com/a in 2 resource instances, example.com/b in 1 resource instances'\n");
	rig_patch(r, "ConfigMap/doomed/c", NULL, "metadata: {finalizers: null}");
	rig_patch(r, "Secret/doomed/s", NULL, "metadata: {finalizers: null}");
	rig_must_sync(r, SYNC);
	rig_expect_absent(r, "Namespace/doomed");
}

static void test_other_finalizers_of_the_namespace_stay(void **state)
{
	rig_create(r, "{kind: Namespace, metadata: {name: kept}, spec: {finalizers: [example.com/mine]}}");
	rig_delete(r, "Namespace/kept", "");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/kept/c");
	rig_expect(r, "Namespace/kept", "spec: {finalizers: [example.com/mine]}");
}

static void test_one_failing_resource_keeps_no_other(void **state)
{
	rig_create(r, "{kind: Secret, metadata: {name: s, namespace: doomed}}");
	rig_delete(r, "Namespace/doomed", "");
	rig_fail(r, .call = "DELETE */configmaps", .reason = REASON_INTERNAL, .message = "disk full");
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	rig_expect_absent(r, "Secret/doomed/s");
	rig_expect(r, "ConfigMap/doomed/c", "metadata: {name: c}");
	rig_expect(r, "Namespace/doomed",
		   "status:\n"
		   "  conditions:\n"
		   "  - {}\n"
		   "  - {}\n"
		   "  - {status: 'True', reason: ContentDeletionFailed,\n"
		   "     message: 'Failed to delete all resource types, 1 remaining: disk full'}\n"
		   "  - {}\n"
		   "  - {}\n");
	rig_heal(r);
	rig_run(r);
	rig_expect_absent(r, "Namespace/doomed");
}

static void test_a_group_that_cannot_be_discovered_holds_the_end(void **state)
{
	rig_delete(r, "Namespace/doomed", "");
	rig_fail(r, .call = "GET /apis/apps/v1", .reason = REASON_UNAVAILABLE, .message = "apps is away");
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_expect_absent(r, "ConfigMap/doomed/c");
	rig_expect(
		r, "Namespace/doomed",
		"status:\n"
		"  conditions:\n"
		"  - {status: 'True', reason: DiscoveryFailed,\n"
		"     message: 'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of "
		"server APIs: apps/v1: apps is away'}\n"
		"  - {}\n"
		"  - {}\n"
		"  - {}\n"
		"  - {}\n");
	rig_heal(r);
	rig_fail(r, .call = "PUT */finalize", .reason = REASON_CONFLICT, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_run(r);
	rig_expect_absent(r, "Namespace/doomed");
}

/* A group of two versions: what only the older one has is not forgotten, what both have is deleted once. */
static void test_all_versions_of_a_group(void **state)
{
	rig_delete(r, "Namespace/doomed", "");
	rig_fail(
		r, .call = "GET /apis",
		.reply =
			"groups: [{name: x.io, versions: [{version: v2}, {version: v1}], preferredVersion: {version: v2}}]");
	rig_fail(
		r, .call = "GET /apis/x.io/v2",
		.reply =
			"resources: [{name: both, namespaced: true, verbs: [delete, deletecollection, list]}, "
			"{name: both/status, namespaced: true, verbs: [delete]}, "
			"{name: wide, namespaced: false, verbs: [delete]}]");
	rig_fail(r, .call = "GET /apis/x.io/v1",
		 .reply = "resources: [{name: both, namespaced: true, verbs: [delete, deletecollection]}, "
			  "{name: old, namespaced: true, verbs: [delete, list]}, "
			  "{name: readonly, namespaced: true, verbs: [get, list]}]");
	rig_fail(r, .call = "GET */old?limit=500", .reply = "items: [{metadata: {name: one}}]", .times = 1);
	rig_fail(r, .call = "GET */x.io/*", .reply = "items: []");
	rig_fail(r, .call = "DELETE */x.io/*", .reply = "{}");
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "DELETE /apis/x.io/v2/namespaces/doomed/both"), 1);
	assert_int_equal(rig_calls(r, "DELETE /apis/x.io/v1/namespaces/doomed/old/one"), 1);
	assert_int_equal(rig_calls(r, "DELETE */x.io/*"), 2);
	rig_heal(r);
	rig_expect_absent(r, "Namespace/doomed");
}

/* Custom resources are content as any other. */
static void test_custom_resources(void **state)
{
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
	rig_create(r, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: doomed, "
		      "finalizers: [example.com/wait]}}");
	rig_delete(r, "Namespace/doomed", "");
	rig_must_sync(r, SYNC);
	rig_expect(
		r, "Namespace/doomed",
		"status:\n"
		"  conditions:\n"
		"  - {}\n"
		"  - {}\n"
		"  - {}\n"
		"  - message: 'Some resources are remaining: widgets.example.com has 1 resource instances'\n"
		"  - message: 'Some content in the namespace has finalizers remaining: example.com/wait in 1 "
		"resource instances'\n");
	rig_patch(r, "Widget/doomed/w", NULL, "metadata: {finalizers: null}");
	rig_must_sync(r, SYNC);
	rig_expect_absent(r, "Namespace/doomed");
}

/* Where a collection cannot be deleted at once, its objects are, one by one. */
static void test_no_deletion_of_collections(void **state)
{
	rig_create(r, "{kind: ConfigMap, metadata: {name: d, namespace: doomed}}");
	rig_delete(r, "Namespace/doomed", "");
	rig_fail(r, .call = "DELETE */configmaps", .reason = REASON_METHOD_NOT_ALLOWED);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "DELETE */configmaps/[cd]"), 2);
	rig_heal(r);
	rig_expect_absent(r, "Namespace/doomed");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_living_ones_are_left_alone),
		TEST(test_emptied_and_ended),
		TEST(test_a_successor_is_spared),
		TEST(test_pods_have_their_grace),
		TEST(test_finalizers_are_told),
		TEST(test_other_finalizers_of_the_namespace_stay),
		TEST(test_one_failing_resource_keeps_no_other),
		TEST(test_a_group_that_cannot_be_discovered_holds_the_end),
		TEST(test_all_versions_of_a_group),
		TEST(test_custom_resources),
		TEST(test_no_deletion_of_collections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

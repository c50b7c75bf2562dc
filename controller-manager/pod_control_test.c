/* SPDX-License-Identifier: Apache-2.0 */
/* Bursts against a real API, by a controller that does nothing else. What ReplicaSets make of them is their test. */
#include "decode/plain.h"
#include "pod_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig/rig.h"
#include "object/json_test.h"

enum { WATCH_OWNERS, WATCH_PODS };
#define SYNC "bursts", "default/owner"

static struct rig *r;
static size_t to_create, to_delete; /* what the next sync does */
static size_t created, active;	    /* what it saw */
static bool keep; /* the first Pod, to be deleted by later syncs, as one that has looked a while ago does */
static const struct cm_pod *seen_before;
static bool still_counts;

static void *init(struct informer **informers, struct workqueue *q)
{
	return pod_control_new();
}

static void destroy(void *state)
{
	pod_control_free(state);
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	pod_control_saw(state, old, new);
}

static void fill(void *arg, size_t i, const char *holes[POD_TEMPLATE_HOLES])
{
	static char name[32];

	snprintf(name, sizeof(name), "pod-%zu", i);
	holes[0] = name;
}

static int create(struct controller_ctx *ctx, const struct informer_object *owner, struct err *err)
{
	struct pod_template *t =
		pod_template_new(JSON("{'spec':{'containers':[{'name':'c','image':'i'}]}}"), owner);
	struct pod_burst b = {
		.ctx = ctx, .pods = ctx->informers[WATCH_PODS], .owner = owner, .template = t, .fill = fill};

	js_set_str(js_ensure(pod_template_tree(t), "metadata", NULL), "name", pod_template_hole(t, 0));
	int rc = pod_control_create(&b, to_create, err);

	created = b.created;
	pod_template_free(t);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct informer_object *owner = informer_get(ctx->informers[WATCH_OWNERS], key);
	const void **pods;
	size_t n = informer_list(ctx->informers[WATCH_PODS], INDEX_NAMESPACE, "default", &pods);
	int rc = 0;

	active = 0;
	for (size_t i = 0; i < n; i++)
		active += pod_control_active(ctx->state, pods[i]);
	if (to_create)
		rc = create(ctx, owner, err);
	if (to_delete)
		rc = pod_control_delete(ctx->state, ctx, ctx->informers[WATCH_PODS], owner,
					(const struct cm_pod *const *)pods, to_delete, err);
	if (seen_before)
		rc = pod_control_delete(ctx->state, ctx, ctx->informers[WATCH_PODS], owner, &seen_before, 1,
					err);
	if (seen_before)
		still_counts = pod_control_active(ctx->state, seen_before);
	if (keep)
		seen_before = informer_ref(pods[0]);
	keep = false;
	to_create = to_delete = 0;
	informer_unref_all(pods, n);
	informer_unref(owner);
	return rc;
}

static const struct controller bursts = {
	.name = "bursts",
	.component = "bursts-controller",
	.watches = {[WATCH_OWNERS] = {&cm_configmap_type, NULL, NULL},
		    [WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod}},
	.workers = 1,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};

static int set_up(void **state)
{
	r = rig_new(&bursts, NULL);
	rig_create(r, "{kind: ConfigMap, metadata: {name: owner}}");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void test_pods_that_differ(void **state)
{
	to_create = 5;
	rig_must_sync(r, SYNC);
	assert_int_equal(created, 5);
	assert_string_equal(rig_names(r, "Pod"), "pod-0 pod-1 pod-2 pod-3 pod-4");
	for (int i = 0; i < 5; i++)
		rig_expect_event(r, "ConfigMap/owner Normal SuccessfulCreate Created pod: pod-?");
	rig_expect(r, "Pod/pod-3",
		   "metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, uid: $ConfigMap/owner}]}");
	rig_must_sync(r, SYNC);
	assert_int_equal(active, 5);
}

/* 1, 2, 4 …: the batch with the failure is the last, and what worked in it counts. */
static void test_a_failure_ends_the_burst(void **state)
{
	to_create = 20;
	rig_fail(r, .call = "POST *", .reason = REASON_FORBIDDEN, .message = "quota", .after = 5, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	assert_int_equal(rig_calls(r, "POST *"), 1 + 2 + 4);
	assert_int_equal(created, 6);
	assert_int_equal(rig_count(r, "Pod"), 6);
}

/* On a node a deleted Pod stays for its grace period; it does not count from the moment it was asked to go. */
static void test_deletions_are_remembered(void **state)
{
	rig_create(r, "{kind: Node, metadata: {name: n1}}\n"
		      "---\n"
		      "kind: Pod\n"
		      "metadata: {name: p}\n"
		      "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n");
	to_delete = 1;
	rig_must_sync(r, SYNC);
	assert_int_equal(active, 1);
	rig_expect_event(r, "ConfigMap/owner Normal SuccessfulDelete Deleted pod: p");
	rig_expect(r, "Pod/p", "metadata: {deletionTimestamp: '*'}");
	rig_must_sync(r, SYNC);
	assert_int_equal(active, 0);
}

static void test_a_failed_deletion_is_forgotten(void **state)
{
	to_create = 1;
	rig_must_sync(r, SYNC);
	rig_forget(r);
	to_delete = 1;
	rig_fail(r, .call = "DELETE *", .reason = REASON_INTERNAL, .message = "no", .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_expect_event(r, "ConfigMap/owner Warning FailedDelete Error deleting: no");
	rig_must_sync(r, SYNC);
	assert_int_equal(active, 1);
}

/* The Pod went, and the informer said so, between the look and the request: nobody will ever say so again. */
static void test_one_that_went_before_is_not_remembered(void **state)
{
	to_create = 1;
	rig_must_sync(r, SYNC);
	keep = true;
	rig_must_sync(r, SYNC);
	rig_delete(r, "Pod/pod-0", "");
	rig_settle(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(active, 0);
	assert_true(still_counts);
	informer_unref(seen_before);
	seen_before = NULL;
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pods_that_differ),
		TEST(test_a_failure_ends_the_burst),
		TEST(test_deletions_are_remembered),
		TEST(test_a_failed_deletion_is_forgotten),
		TEST(test_one_that_went_before_is_not_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Garbage collection against a real API: background, foreground, orphans, circles, and doubt. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "rig/rig.h"

#define FOREGROUND "propagationPolicy: Foreground"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&garbage_collector, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make(const char *name)
{
	rig_create(r, "{kind: ConfigMap, metadata: {name: %s}}", name);
}

/* A dependant; `more` is further lines of its metadata. */
static void make_owned(const char *name, const char *owner, bool blocks, const char *more)
{
	rig_create(
		r,
		"kind: ConfigMap\n"
		"metadata:\n"
		"  name: %s\n"
		"  %s\n"
		"  ownerReferences:\n"
		"  - {apiVersion: v1, kind: ConfigMap, name: %s, uid: $ConfigMap/%s, blockOwnerDeletion: %s}\n",
		name, more, owner, owner, blocks ? "true" : "false");
}

/* Two owners. */
static void make_shared(const char *name, const char *a, const char *b)
{
	rig_create(r,
		   "kind: ConfigMap\n"
		   "metadata:\n"
		   "  name: %s\n"
		   "  ownerReferences:\n"
		   "  - {apiVersion: v1, kind: ConfigMap, name: %s, uid: $ConfigMap/%s}\n"
		   "  - {apiVersion: v1, kind: ConfigMap, name: %s, uid: $ConfigMap/%s}\n",
		   name, a, a, b, b);
}

/* ---- background ---- */

static void test_dependants_follow_their_owner(void **state)
{
	make("top");
	make_owned("middle", "top", false, "");
	make_owned("leaf", "middle", false, "");
	rig_run(r);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	rig_delete(r, "ConfigMap/top", "");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/middle");
	rig_expect_absent(r, "ConfigMap/leaf");
}

static void test_one_of_two_owners_is_enough(void **state)
{
	make("a");
	make("b");
	make_shared("child", "a", "b");
	rig_delete(r, "ConfigMap/a", "");
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {ownerReferences: [{name: b}]}");
	rig_delete(r, "ConfigMap/b", "");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

/* However many there are, the end of each is seen. */
static void test_the_last_of_many_owners(void **state)
{
	enum { OWNERS = 40 };
	autobuf struct buf refs = BUF_INIT;
	char name[16];

	for (int i = 0; i < OWNERS; i++) {
		snprintf(name, sizeof(name), "o%d", i);
		make(name);
		buf_addf(&refs, "  - {apiVersion: v1, kind: ConfigMap, name: %s, uid: $ConfigMap/%s}\n", name,
			 name);
	}
	rig_create(r, "kind: ConfigMap\nmetadata:\n  name: child\n  ownerReferences:\n%s", buf_str(&refs));
	rig_run(r);
	rig_delete(r, "ConfigMap/o39", "");
	rig_run(r);
	autojson js *child = rig_get(r, "ConfigMap/child");
	assert_int_equal(js_len(js_get(child, "metadata", "ownerReferences", NULL)), OWNERS - 1);
}

/* As many owners as before, but another one, which is not there. */
static void test_an_owner_is_exchanged(void **state)
{
	make("top");
	make_owned("child", "top", false, "");
	rig_run(r);
	rig_patch(r, "ConfigMap/child", NULL,
		  "metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: never, uid: 0a0a}]}");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

/* The same name is not the same owner. */
static void test_a_namesake_is_no_owner(void **state)
{
	make("top");
	make_owned("child", "top", false, "");
	rig_delete(r, "ConfigMap/top", "");
	make("top");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

static void test_born_without_its_owner(void **state)
{
	rig_create(r, "kind: ConfigMap\n"
		      "metadata:\n"
		      "  name: child\n"
		      "  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: never, uid: 0a0a}]\n");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

static void test_a_cluster_scoped_owner(void **state)
{
	rig_create(r, "{kind: Node, metadata: {name: n1}}\n"
		      "---\n"
		      "kind: ConfigMap\n"
		      "metadata:\n"
		      "  name: child\n"
		      "  ownerReferences: [{apiVersion: v1, kind: Node, name: n1, uid: $Node/n1}]\n");
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {name: child}");
	rig_delete(r, "Node/n1", "");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

static void test_owners_of_unknown_kinds_are_solid(void **state)
{
	rig_create(r,
		   "kind: ConfigMap\n"
		   "metadata:\n"
		   "  name: child\n"
		   "  ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: w, uid: 0a0a}]\n");
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {name: child}");
}

/* References that name nobody whom we could ask for: what carries them stays. */
static void test_who_cannot_be_judged_is_spared(void **state)
{
	static const struct {
		const char *dependant, *api_version, *kind;
		bool gone;
	} rows[] = {
		{"ConfigMap", "v1", "Service", true},
		{"ConfigMap", "serving.knative.dev/v1", "Service", false}, /* another group's */
		{"ConfigMap", "v1", "Deployment", false},
		{"ConfigMap", "apps/v1beta1", "Deployment", true},
		{"ConfigMap", "apps", "Deployment", false},
		{"Namespace", "v1", "ConfigMap",
		 false}, /* of the cluster, owned by something in a namespace */
		{"Node", "apps/v1", "ReplicaSet", false},
		{"Node", "v1", "Node", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *object = mem_printf("%s/child%zu", rows[i].dependant, i);

		rig_create(r,
			   "kind: %s\n"
			   "metadata:\n"
			   "  name: child%zu\n"
			   "  ownerReferences: [{apiVersion: %s, kind: %s, name: none, uid: u-1}]\n",
			   rows[i].dependant, i, rows[i].api_version, rows[i].kind);
		rig_run(r);
		if (rows[i].gone)
			rig_expect_absent(r, object);
		else
			rig_expect(r, object, "metadata: {deletionTimestamp: null}");
	}
}

static void test_an_orphan_finalizer_of_a_dependant_is_kept(void **state)
{
	make("top");
	make_owned("middle", "top", false, "finalizers: [orphan]");
	make_owned("leaf", "middle", false, "");
	rig_delete(r, "ConfigMap/top", "");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/middle");
	rig_expect(r, "ConfigMap/leaf", "metadata: {ownerReferences: null}");
}

/* ---- foreground ---- */

static void test_foreground_waits_for_blocking_dependants(void **state)
{
	make("top");
	make_owned("child", "top", true, "finalizers: [example.com/wait]");
	rig_delete(r, "ConfigMap/top", FOREGROUND);
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {deletionTimestamp: '*'}");
	rig_expect(r, "ConfigMap/top", "metadata: {finalizers: [foregroundDeletion]}");
	rig_patch(r, "ConfigMap/child", NULL, "metadata: {finalizers: null}");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
	rig_expect_absent(r, "ConfigMap/top");
}

static void test_foreground_does_not_wait_for_others(void **state)
{
	make("top");
	make_owned("child", "top", false, "finalizers: [example.com/wait]");
	rig_delete(r, "ConfigMap/top", FOREGROUND);
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/top");
	rig_expect(r, "ConfigMap/child", "metadata: {deletionTimestamp: '*'}");
}

static void test_foreground_goes_down_the_whole_tree(void **state)
{
	make("top");
	make_owned("middle", "top", true, "");
	make_owned("leaf", "middle", true, "finalizers: [example.com/wait]");
	rig_delete(r, "ConfigMap/top", FOREGROUND);
	rig_run(r);
	rig_expect(r, "ConfigMap/middle", "metadata: {finalizers: [foregroundDeletion]}");
	rig_expect(r, "ConfigMap/top", "metadata: {finalizers: [foregroundDeletion]}");
	rig_patch(r, "ConfigMap/leaf", NULL, "metadata: {finalizers: null}");
	rig_run(r);
	assert_string_equal(rig_names(r, "ConfigMap"), "");
}

static void test_a_dependant_with_another_owner_survives(void **state)
{
	make("a");
	make("b");
	make_shared("child", "a", "b");
	rig_delete(r, "ConfigMap/a", FOREGROUND);
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/a");
	rig_expect(r, "ConfigMap/child", "metadata: {ownerReferences: [{name: b}]}");
}

/* Whoever takes its reference out lets the waiting owner go. */
static void test_unblocking_frees_the_owner(void **state)
{
	make("top");
	make_owned("child", "top", true, "finalizers: [example.com/wait]");
	rig_delete(r, "ConfigMap/top", FOREGROUND);
	rig_run(r);
	rig_patch(r, "ConfigMap/child", NULL,
		  "metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: top, "
		  "uid: $ConfigMap/top, blockOwnerDeletion: false}]}");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/top");
}

static void test_a_circle_of_owners_ends(void **state)
{
	static const char *const names[] = {"a", "b", "c"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		make(names[i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) { /* each owns the next */
		const char *owner = names[(i + 2) % 3];
		autofree char *object = mem_printf("ConfigMap/%s", names[i]);

		rig_patch(r, object, NULL,
			  "metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: %s, "
			  "uid: $ConfigMap/%s, blockOwnerDeletion: true}]}",
			  owner, owner);
	}
	rig_run(r);
	rig_delete(r, "ConfigMap/a", FOREGROUND);
	rig_run(r);
	assert_string_equal(rig_names(r, "ConfigMap"), "");
}

/* ---- orphans ---- */

static void test_orphans_lose_the_reference(void **state)
{
	make("top");
	make_owned("child", "top", true, "");
	rig_delete(r, "ConfigMap/top", "propagationPolicy: Orphan");
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/top");
	rig_expect(r, "ConfigMap/child", "metadata: {ownerReferences: null}");
}

/* ---- doubt ---- */

static void test_an_api_that_fails_costs_nothing(void **state)
{
	make("top");
	make_owned("child", "top", false, "");
	rig_run(r);
	rig_delete(r, "ConfigMap/top", "");
	rig_fail(r, .call = "GET *", .reason = REASON_INTERNAL);
	assert_int_equal(rig_sync(r, "garbage-collector", "configmaps/default/child").rc, -1);
	rig_expect(r, "ConfigMap/child", "metadata: {name: child}");
	rig_heal(r);
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/child");
}

/* Between the look and the deletion somebody else took its place. */
static void replace_child(struct rig *rig)
{
	rig_delete(rig, "ConfigMap/child", "");
	rig_create(rig, "{kind: ConfigMap, metadata: {name: child}}");
}

static void test_a_successor_is_spared(void **state)
{
	make("top");
	make_owned("child", "top", false, "");
	rig_delete(r, "ConfigMap/top", "");
	rig_fail(r, .call = "DELETE */child", .before = replace_child, .times = 1);
	struct rig_result ret = rig_sync(r, "garbage-collector", "configmaps/default/child");
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {deletionTimestamp: null}");
	rig_must_sync(r, "garbage-collector", "configmaps/default/nobody");
}

static void free_child(struct rig *rig)
{
	rig_patch(rig, "ConfigMap/child", NULL, "metadata: {ownerReferences: null}");
}

/* The owner was deleted with its dependants orphaned, and that of the owner is the first to be heard. */
static void test_an_orphan_of_this_moment_is_spared(void **state)
{
	make("top");
	make_owned("child", "top", false, "");
	rig_delete(r, "ConfigMap/top", "");
	rig_fail(r, .call = "DELETE */child", .before = free_child, .times = 1);
	struct rig_result ret = rig_sync(r, "garbage-collector", "configmaps/default/child");
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {ownerReferences: null}");
}

static void test_a_conflict_is_retried(void **state)
{
	make("a");
	make("b");
	make_shared("child", "a", "b");
	rig_delete(r, "ConfigMap/a", "");
	rig_fail(r, .call = "PATCH */child", .reason = REASON_CONFLICT, .times = 1);
	assert_int_equal(rig_sync(r, "garbage-collector", "configmaps/default/child").rc, -1);
	rig_run(r);
	rig_expect(r, "ConfigMap/child", "metadata: {ownerReferences: [{name: b}]}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_dependants_follow_their_owner),
		TEST(test_one_of_two_owners_is_enough),
		TEST(test_the_last_of_many_owners),
		TEST(test_an_owner_is_exchanged),
		TEST(test_a_namesake_is_no_owner),
		TEST(test_born_without_its_owner),
		TEST(test_a_cluster_scoped_owner),
		TEST(test_owners_of_unknown_kinds_are_solid),
		TEST(test_who_cannot_be_judged_is_spared),
		TEST(test_an_orphan_finalizer_of_a_dependant_is_kept),
		TEST(test_foreground_waits_for_blocking_dependants),
		TEST(test_foreground_does_not_wait_for_others),
		TEST(test_foreground_goes_down_the_whole_tree),
		TEST(test_a_dependant_with_another_owner_survives),
		TEST(test_unblocking_frees_the_owner),
		TEST(test_a_circle_of_owners_ends),
		TEST(test_orphans_lose_the_reference),
		TEST(test_an_api_that_fails_costs_nothing),
		TEST(test_a_successor_is_spared),
		TEST(test_an_orphan_of_this_moment_is_spared),
		TEST(test_a_conflict_is_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
	rig_run(r);
	return 0;
}

/* The API server has said that it is a kind to be watched, and it is. */
static void learn(const char *resource, const char *version)
{
	autofree char *yaml = mem_printf("data: {%s: %s}", resource, version);

	rig_await(r, "ConfigMap/kube-system/coracle-dependants", yaml);
	rig_run(r);
}

static void define(const char *kind, const char *plural, const char *scope)
{
	autofree char *name = mem_printf("CustomResourceDefinition/%s.example.com", plural);

	rig_create(r,
		   "kind: CustomResourceDefinition\n"
		   "metadata: {name: %s.example.com}\n"
		   "spec:\n"
		   "  group: example.com\n"
		   "  names: {kind: %s, plural: %s}\n"
		   "  scope: %s\n"
		   "  versions:\n"
		   "  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n",
		   plural, kind, plural, scope);
	rig_await(r, name,
		  "status: {conditions: [{type: NamesAccepted}, {type: Established, status: 'True'}]}");
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
	assert_int_equal(rig_sync(r, "garbage-collector", "configmaps/default/child").requeue_after_ns,
			 10 * NS_PER_S);
	clock_advance(60 * NS_PER_S);
	assert_int_equal(rig_sync(r, "garbage-collector", "configmaps/default/child").requeue_after_ns,
			 60 * NS_PER_S);
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
		{"ConfigMap", "apps/v1beta1", "Deployment", false}, /* not served */
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
		if (rows[i].gone) {
			rig_run_until_absent(r, object);
		} else {
			rig_run(r);
			rig_expect(r, object, "metadata: {deletionTimestamp: null}");
		}
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

/* ---- kinds that come and go ---- */

#define OWNED_BY_WIDGET                                                                                      \
	"ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: w, uid: $Widget/w, "             \
	"blockOwnerDeletion: true}]"

static void make_widget(void)
{
	define("Widget", "widgets", "Namespaced");
	rig_create(r, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}");
}

static void test_custom_resources_own(void **state)
{
	make_widget();
	rig_create(r, "kind: Role\nmetadata: {name: child, " OWNED_BY_WIDGET "}\n");
	learn("roles.rbac.authorization.k8s.io", "v1");
	rig_delete(r, "Widget/w", "");
	rig_run(r);
	rig_expect_absent(r, "Role/child");
}

static void test_custom_resources_are_owned(void **state)
{
	make("top");
	define("Widget", "widgets", "Namespaced");
	rig_create(r, "apiVersion: example.com/v1\n"
		      "kind: Widget\n"
		      "metadata: {name: w, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: top, "
		      "uid: $ConfigMap/top}]}\n");
	learn("widgets.example.com", "v1");
	rig_expect(r, "Widget/w", "metadata: {deletionTimestamp: null}");
	rig_delete(r, "ConfigMap/top", "");
	rig_run(r);
	rig_expect_absent(r, "Widget/w");
}

static void test_custom_resources_wait_for_theirs(void **state)
{
	make_widget();
	rig_create(r, "kind: Secret\nmetadata: {name: child, finalizers: [example.com/wait], " OWNED_BY_WIDGET
		      "}\n");
	rig_delete(r, "Widget/w", FOREGROUND);
	learn("widgets.example.com", "v1");
	learn("secrets", "v1");
	rig_expect(r, "Secret/child", "metadata: {deletionTimestamp: '*'}");
	rig_expect(r, "Widget/w", "metadata: {finalizers: [foregroundDeletion]}");
	rig_patch(r, "Secret/child", NULL, "metadata: {finalizers: null}");
	rig_run(r);
	rig_expect_absent(r, "Widget/w");
}

static void test_custom_resources_leave_orphans(void **state)
{
	make_widget();
	rig_create(r, "kind: Secret\nmetadata: {name: child, " OWNED_BY_WIDGET "}\n");
	rig_delete(r, "Widget/w", "propagationPolicy: Orphan");
	learn("widgets.example.com", "v1");
	learn("secrets", "v1");
	rig_expect_absent(r, "Widget/w");
	rig_expect(r, "Secret/child", "metadata: {ownerReferences: null, deletionTimestamp: null}");
}

/* A definition takes its objects with it; what they owned goes, too, and a kind of that name may come again. */
static void test_a_kind_goes_and_comes(void **state)
{
	for (int i = 0; i < 2; i++) {
		make_widget();
		rig_create(r, "kind: Secret\nmetadata: {name: child, " OWNED_BY_WIDGET "}\n");
		learn("secrets", "v1");
		clock_advance(60 * NS_PER_S); /* what has failed is tried again */
		rig_run(r);
		rig_delete(r, "CustomResourceDefinition/widgets.example.com", "");
		rig_await_absent(r, "CustomResourceDefinition/widgets.example.com");
		rig_run_until_absent(r, "Secret/child");
	}
}

static void test_an_owner_of_another_namespace(void **state)
{
	rig_create(r, "{kind: Namespace, metadata: {name: other}}\n"
		      "---\n"
		      "{kind: ConfigMap, metadata: {name: top, namespace: other}}\n"
		      "---\n"
		      "{kind: ConfigMap, metadata: {name: child, ownerReferences: [{apiVersion: v1, "
		      "kind: ConfigMap, name: top, uid: $ConfigMap/other/top}]}}\n");
	rig_run(r);
	rig_expect_event(
		r, "ConfigMap/child Warning OwnerRefInvalidNamespace ownerRef \\[v1/ConfigMap, namespace: "
		   "default, name: top, uid: *] does not exist in namespace \"default\"");
	rig_expect_absent(r, "ConfigMap/child");
	rig_expect(r, "ConfigMap/other/top", "metadata: {deletionTimestamp: null}");
}

/* One reference that cannot be judged keeps everything as it is, also where another's owner is gone. */
static void test_a_namespaced_owner_of_the_cluster(void **state)
{
	make("top");
	rig_create(
		r,
		"{kind: Node, metadata: {name: n1, ownerReferences: [{apiVersion: v1, kind: Node, "
		"name: gone, uid: u-1}, {apiVersion: v1, kind: ConfigMap, name: top, uid: $ConfigMap/top}]}}");
	learn("nodes", "v1");
	autojson js *node = rig_get(r, "Node/n1");
	assert_int_equal(js_len(js_arr(node, "metadata", "ownerReferences", NULL)), 2);
}

/* Many dependants of an owner that is gone: it is asked for once, and not at all when it was seen to go. */
static void test_an_absent_owner_is_asked_for_once(void **state)
{
	make("top");
	for (int i = 0; i < 5; i++) {
		autofree char *name = mem_printf("child%d", i);

		make_owned(name, "top", false, "");
	}
	rig_run(r);
	rig_forget(r);
	rig_delete(r, "ConfigMap/top", "");
	rig_run(r);
	assert_int_equal(rig_calls(r, "GET */configmaps/top"), 0);
	assert_int_equal(rig_calls(r, "DELETE */configmaps/child?"), 5);
	for (int i = 0; i < 5; i++)
		rig_create(r,
			   "kind: ConfigMap\n"
			   "metadata: {name: child%d, ownerReferences: [{apiVersion: v1, kind: ConfigMap, "
			   "name: never, uid: 0a0a}]}\n",
			   i);
	rig_run(r);
	assert_int_equal(rig_calls(r, "GET */configmaps/never"), 1);
	assert_int_equal(rig_calls(r, "DELETE */configmaps/child?"), 10);
}

/* An API server that does not say what has dependants: all is watched. */
static void test_without_help_everything_is_watched(void **state)
{
	rig_must_sync(r, "garbage-collector", "/everything");
	make("top");
	rig_create(r,
		   "kind: Role\nmetadata: {name: child, ownerReferences: [{apiVersion: v1, kind: ConfigMap, "
		   "name: top, uid: $ConfigMap/top}]}\n");
	rig_run(r);
	rig_delete(r, "ConfigMap/top", "");
	rig_run(r);
	rig_expect_absent(r, "Role/child");
	rig_fail(r, .call = "GET */coracle-dependants", .reason = REASON_NOT_FOUND);
	assert_int_equal(rig_sync(r, "garbage-collector", "/kinds").requeue_after_ns, 5 * NS_PER_S);
	rig_forget(r);
	assert_int_equal(rig_sync(r, "garbage-collector", "/kinds").requeue_after_ns, 30 * NS_PER_S);
	assert_int_equal(rig_calls(r, "GET /apis"), 1);
}

/* What has nothing to do with it is not watched, however much of it there is. */
static void test_others_are_not_watched(void **state)
{
	rig_create(r, "{kind: Role, metadata: {name: r}}");
	rig_run(r);
	autojson js *said = rig_get(r, "ConfigMap/kube-system/coracle-dependants");
	assert_null(js_get(said, "data", "roles.rbac.authorization.k8s.io", NULL));
}

/* ---- doubt ---- */

static void test_an_api_that_fails_costs_nothing(void **state)
{
	rig_create(r,
		   "kind: ConfigMap\n"
		   "metadata: {name: child, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: never, "
		   "uid: 0a0a}]}\n");
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
		TEST(test_custom_resources_own),
		TEST(test_custom_resources_are_owned),
		TEST(test_custom_resources_wait_for_theirs),
		TEST(test_custom_resources_leave_orphans),
		TEST(test_a_kind_goes_and_comes),
		TEST(test_an_owner_of_another_namespace),
		TEST(test_a_namespaced_owner_of_the_cluster),
		TEST(test_an_absent_owner_is_asked_for_once),
		TEST(test_without_help_everything_is_watched),
		TEST(test_others_are_not_watched),
		TEST(test_an_api_that_fails_costs_nothing),
		TEST(test_a_successor_is_spared),
		TEST(test_an_orphan_of_this_moment_is_spared),
		TEST(test_a_conflict_is_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

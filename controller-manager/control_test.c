/* SPDX-License-Identifier: Apache-2.0 */
/* The small writes against a real API, by a controller that does one of them in each sync. */
#include "control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "decode/plain.h"
#include "rig/rig.h"

#define SYNC "writer", "default/c"

static struct rig *r;
static int (*act)(struct controller_ctx *ctx, const struct informer_object *o, struct err *err);
static uint64_t rv_before, rv_after; /* what the informer showed */

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct informer_object *o = informer_get(ctx->informers[0], key);
	int rc = act(ctx, o, err);
	const struct informer_object *now = informer_get(ctx->informers[0], key);

	rv_before = o->meta.rv;
	rv_after = now ? now->meta.rv : 0;
	informer_unref(now);
	informer_unref(o);
	return rc;
}

static const struct controller writer = {
	.name = "writer",
	.component = "writer-controller",
	.watches = {{&cm_configmap_type, NULL, controller_enqueue_self}},
	.workers = 1,
	.sync = sync,
};

static int set_up(void **state)
{
	r = rig_new(&writer, NULL);
	rig_create(r, "{kind: ConfigMap, metadata: {name: c, labels: {a: b}}}");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static int patch_label(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	autojson js *body = js_new_obj();

	js_set_str(js_ensure(body, "metadata", "labels", NULL), "new", "label");
	return control_patch(ctx, ctx->informers[0], o, REST_PATCH_MERGE, NULL, body, err);
}

static int patch_guarded(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	autojson js *body = js_new_obj();
	int rc = patch_label(ctx, o, err); /* somebody was faster */

	if (rc < 0)
		return rc;
	control_guard(body, o);
	js_set_str(js_ensure(body, "metadata", "labels", NULL), "late", "label");
	return control_patch(ctx, ctx->informers[0], o, REST_PATCH_MERGE, NULL, body, err);
}

static int delete_it(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	return control_delete(ctx, o, "Background", 0, err);
}

static int delete_successor(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	struct informer_object other = {.type = o->type, .meta = o->meta};

	other.meta.uid = (char *)"7d9c4dd5-0000-4000-8000-000000000000";
	return control_delete(ctx, &other, NULL, CONTROL_OWN_GRACE, err);
}

static int tell(struct controller_ctx *ctx, const struct informer_object *o, struct err *err)
{
	control_event(ctx, o, true, "Reason", "%d of %s", 1, "them");
	return 0;
}

static void test_a_patch_is_seen_at_once(void **state)
{
	act = patch_label;
	rig_must_sync(r, SYNC);
	assert_true(rv_after > rv_before);
	rig_expect(r, "ConfigMap/c", "metadata: {labels: {a: b, new: label}}");
}

static void test_a_guarded_patch_meets_that_state_only(void **state)
{
	act = patch_guarded;
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	assert_non_null(strstr(ret.err.msg, "patch configmaps default/c: "));
	rig_expect(r, "ConfigMap/c", "metadata: {labels: {late: null}}");
}

static void test_who_is_gone_needs_no_patch(void **state)
{
	act = patch_label;
	rig_fail(r, .call = "PATCH *", .reason = REASON_NOT_FOUND);
	rig_must_sync(r, SYNC);
	assert_int_equal(rv_before, rv_after);
}

static void test_deletions(void **state)
{
	act = delete_successor;
	rig_must_sync(r, SYNC);
	rig_expect(r, "ConfigMap/c", "metadata: {name: c}");
	act = delete_it;
	rig_fail(r, .call = "DELETE *", .reason = REASON_UNAVAILABLE, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_must_sync(r, SYNC);
	rig_expect_absent(r, "ConfigMap/c");
}

static void test_events(void **state)
{
	act = tell;
	rig_must_sync(r, SYNC);
	rig_expect_event(r, "ConfigMap/c Warning Reason 1 of them");
}

static void test_counts(void **state)
{
	autojson js *o = js_new_obj();
	autobuf struct buf text = BUF_INIT;

	control_set_count(o, "some", 3);
	control_set_count(o, "none", 0);
	js_write(&text, o);
	assert_string_equal(buf_str(&text), "{\"some\":3,\"none\":null}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_patch_is_seen_at_once),
		TEST(test_a_guarded_patch_meets_that_state_only),
		TEST(test_who_is_gone_needs_no_patch),
		TEST(test_deletions),
		TEST(test_events),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

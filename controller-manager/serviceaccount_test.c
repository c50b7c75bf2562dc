/* SPDX-License-Identifier: Apache-2.0 */
/* Every namespace has its ServiceAccount, against a real API. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&serviceaccount_controller, NULL);
	rig_create(r, "{kind: Namespace, metadata: {name: team}}");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void test_made_in_every_namespace(void **state)
{
	rig_run(r);
	rig_expect(r, "ServiceAccount/team/default", "metadata: {name: default}");
	rig_expect(r, "ServiceAccount/default/default", "metadata: {name: default}");
	rig_expect(r, "ServiceAccount/kube-system/default", "metadata: {name: default}");
	rig_forget(r);
	rig_must_sync(r, "serviceaccount", "team");
	assert_int_equal(rig_calls(r, "*"), 0); /* the informer knows */
}

static void test_made_again(void **state)
{
	rig_run(r);
	rig_create(r, "{kind: ServiceAccount, metadata: {name: other, namespace: team}}");
	rig_delete(r, "ServiceAccount/team/other", "");
	rig_delete(r, "ServiceAccount/team/default", "");
	rig_run(r);
	rig_expect(r, "ServiceAccount/team/default", "metadata: {name: default}");
	rig_expect_absent(r, "ServiceAccount/team/other");
}

static void test_not_where_the_end_is_near(void **state)
{
	rig_delete(r, "Namespace/team", "");
	rig_run(r);
	rig_expect_absent(r, "ServiceAccount/team/default");
	rig_must_sync(r, "serviceaccount", "nowhere");
}

static void test_failures(void **state)
{
	static const struct {
		enum reason reason;
		int rc;
	} rows[] = {
		{REASON_INTERNAL, -1},	    {REASON_FORBIDDEN, -1}, {REASON_ENDING, 0},
		{REASON_ALREADY_EXISTS, 0}, {REASON_NOT_FOUND, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_fail(r, .call = "POST */serviceaccounts", .reason = rows[i].reason);
		assert_int_equal(rig_sync(r, "serviceaccount", "team").rc, rows[i].rc);
		rig_heal(r);
	}
	rig_run(r);
	rig_expect(r, "ServiceAccount/team/default", "metadata: {name: default}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_made_in_every_namespace),
		TEST(test_made_again),
		TEST(test_not_where_the_end_is_near),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

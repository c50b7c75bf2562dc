/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks nodes get, against a real API. */
#include "ipam/ipam.h"
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "rig/rig.h"

static struct rig *r;

static void open_with(const char *cluster, const char *services, int v4, int v6)
{
	struct err err = ERR_INIT;
	const struct ipam_config c = {.allocate = *cluster != 0,
				      .cluster_cidrs = cluster,
				      .service_cidrs = services,
				      .mask_v4 = v4,
				      .mask_v6 = v6};

	if (ipam_configure(&c, &err) < 0)
		fail_msg("%s", err.msg);
	r = rig_new(&ipam_controller, NULL);
}

static void end(void)
{
	struct err err = ERR_INIT;

	rig_free(r);
	assert_int_equal(
		ipam_configure(&(struct ipam_config){.cluster_cidrs = "", .service_cidrs = ""}, &err), 0);
}

static void make_node(const char *name)
{
	rig_create(r, "{kind: Node, metadata: {name: %s}}", name);
}

static void test_each_gets_one(void **state)
{
	open_with("10.4.0.0/16", "", 0, 0);
	make_node("a");
	make_node("b");
	rig_create(
		r,
		"{kind: Node, metadata: {name: own}, spec: {podCIDR: 10.4.2.0/24, podCIDRs: [10.4.2.0/24]}}");
	rig_run(r);
	rig_expect(r, "Node/own", "spec: {podCIDR: 10.4.2.0/24}");
	make_node("c");
	rig_run(r);
	rig_expect(r, "Node/c", "spec: {podCIDR: 10.4.3.0/24, podCIDRs: [10.4.3.0/24]}");
	rig_expect(r, "Node/a", "spec: {podCIDRs: ['10.4.[01].0/24']}");
	rig_expect(r, "Node/b", "spec: {podCIDRs: ['10.4.[01].0/24']}");
	rig_forget(r);
	rig_run(r);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	end();
}

static void test_both_families(void **state)
{
	open_with("10.4.0.0/30,fd00:1::/62", "10.4.0.0/31,fd00:1::/64", 31, 64);
	make_node("a");
	rig_run(r);
	rig_expect(r, "Node/a", "spec: {podCIDR: 10.4.0.2/31, podCIDRs: [10.4.0.2/31, 'fd00:1:0:1::/64']}");
	end();
}

/* There is none left: it is told, nothing is half given, and the next one that goes makes room. */
static void test_none_left(void **state)
{
	open_with("10.4.0.0/24,fd00:1::/62", "", 24, 64);
	make_node("a");
	rig_run(r);
	make_node("b");
	for (int i = 0; i < 5; i++) {
		assert_int_equal(rig_sync(r, "node-ipam", "b").rc, -1);
		rig_expect_event(r, "Node/b Normal CIDRNotAvailable Node b status is now: CIDRNotAvailable");
	}
	rig_delete(r, "Node/a", "");
	rig_must_sync(r, "node-ipam", "b");
	rig_expect(r, "Node/b", "spec: {podCIDRs: [10.4.0.0/24, 'fd00:1:0:*::/64']}");
	end();
}

/* A controller that begins anew learns from the nodes what is taken. */
static void test_restart(void **state)
{
	struct err err = ERR_INIT;
	const struct ipam_config c = {
		.allocate = true, .cluster_cidrs = "10.4.0.0/23", .service_cidrs = "", .mask = 24};

	open_with("10.4.0.0/23", "", 0, 0);
	make_node("a");
	rig_run(r);
	rig_expect(r, "Node/a", "spec: {podCIDR: 10.4.0.0/24}");
	assert_int_equal(ipam_configure(&c, &err), 0);
	rig_patch(r, "Node/a", NULL, "metadata: {labels: {seen: again}}"); /* as a first list tells it */
	rig_settle(r);
	make_node("b");
	rig_run(r);
	rig_expect(r, "Node/b", "spec: {podCIDR: 10.4.1.0/24}");
	end();
}

/* What was refused is free again; what may have been written is not given twice. */
static void test_failures(void **state)
{
	open_with("10.4.0.0/23", "", 24, 0);
	make_node("a");
	rig_fail(r, .call = "PATCH *", .reason = REASON_CONFLICT, .times = 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_sync(r, "node-ipam", "a").rc, -1);
	rig_heal(r);
	rig_fail(r, .call = "PATCH *", .reason = REASON_UNAVAILABLE, .lost = true, .times = 1);
	assert_int_equal(rig_sync(r, "node-ipam", "a").rc, -1);
	rig_heal(r);
	rig_must_sync(r, "node-ipam", "a");
	assert_int_equal(rig_calls(r, "PATCH *"), 4); /* it had it already */
	make_node("b");
	rig_must_sync(r, "node-ipam", "b");
	rig_expect(r, "Node/a", "spec: {podCIDR: '10.4.[01].0/24'}");
	rig_expect(r, "Node/b", "spec: {podCIDR: '10.4.[01].0/24'}");
	end();
}

static void test_off(void **state)
{
	open_with("", "", 0, 0);
	make_node("a");
	assert_int_equal(rig_run(r), 0);
	rig_expect(r, "Node/a", "spec: {podCIDR: null}");
	end();
}

static void test_settings(void **state)
{
	static const struct {
		struct ipam_config c;
		const char *error; /* NULL: good */
	} rows[] = {
		{{.allocate = true, .cluster_cidrs = "", .service_cidrs = ""}, "--cluster-cidr must be set"},
		{{.allocate = true,
		  .cluster_cidrs = "10.0.0.0/16,fd00::/48,10.1.0.0/16",
		  .service_cidrs = ""},
		 "more than max allowed of 2"},
		{{.allocate = true, .cluster_cidrs = "10.0.0.0/16,10.1.0.0/16", .service_cidrs = ""},
		 "dual stack"},
		{{.allocate = true,
		  .cluster_cidrs = "10.0.0.0/16,fd00::/48",
		  .service_cidrs = "",
		  .mask = 24},
		 "not allowed with dual-stack"},
		{{.allocate = true, .cluster_cidrs = "10.0.0.0/25", .service_cidrs = ""},
		 "mask size of cluster CIDR"},
		{{.allocate = true, .cluster_cidrs = "10.0.0.0/16", .service_cidrs = "x"},
		 "invalid CIDR address: x"},
		{{.allocate = true, .cluster_cidrs = "10.0.0.0/25", .service_cidrs = "", .mask = 26}, NULL},
		{{.allocate = true, .cluster_cidrs = "10.0.0.0/25", .service_cidrs = "", .mask_v4 = 26},
		 NULL},
		{{.allocate = false, .cluster_cidrs = "nonsense", .service_cidrs = ""}, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(ipam_configure(&rows[i].c, &err), rows[i].error ? -1 : 0);
		if (rows[i].error)
			assert_non_null(strstr(err.msg, rows[i].error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_gets_one), cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_none_left),     cmocka_unit_test(test_restart),
		cmocka_unit_test(test_failures),      cmocka_unit_test(test_off),
		cmocka_unit_test(test_settings)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

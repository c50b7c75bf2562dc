/* SPDX-License-Identifier: Apache-2.0 */
/* How the components are, as their Leases tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "object/rfc3339.h"
#include "rest/rig_test.h"

#define COMPONENTS "/api/v1/componentstatuses"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

static void make(const char *path, const char *body)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, body);

	if (r.status != 201)
		fail_msg("%s: %s", path, buf_str(&r.text));
}

static void is(const char *name, const char *status, const char *text)
{
	autofree char *path = mem_printf(COMPONENTS "/%s", name);
	autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);
	const js *c = js_at(js_arr(r.body, "conditions", NULL), 0);

	assert_int_equal(r.status, 200);
	assert_string_equal(js_str0(r.body, "metadata", "name", NULL), name);
	assert_string_equal(js_str0(c, "status", NULL), status);
	assert_string_equal(js_str0(c, strcmp(status, "True") ? "error" : "message", NULL), text);
}

static void lease(const char *name, int64_t at_ns)
{
	char text[RFC3339_MAX];

	rfc3339_format_micro(at_ns, text);
	autofree char *body = mem_printf(
		"{'metadata':{'name':'%s'},'spec':{'leaseDurationSeconds':15,'renewTime':'%s'}}", name, text);
	make(LEASES, JSON(body));
}

static void test_health(void **state)
{
	make("/api/v1/namespaces", JSON("{'metadata':{'name':'kube-system'}}"));
	is("etcd-0", "True", "ok");
	is("scheduler", "False", "there is not yet its Lease kube-system/kube-scheduler");
	lease("kube-scheduler", clock_wall_ns());
	lease("kube-controller-manager", clock_wall_ns() - 60 * NS_PER_S);
	is("scheduler", "True", "ok");
	is("controller-manager", "False", "nobody has renewed its Lease kube-system/kube-controller-manager");
	autoreply struct rig_reply none = rig_call(&rig, "GET", COMPONENTS "/x", NULL);
	assert_string_equal(js_str0(none.body, "message", NULL), "componentstatuses \"x\" not found");
}

static void test_list(void **state)
{
	static const struct {
		const char *query;
		size_t n;
	} rows[] = {
		{"", 3},
		{"?fieldSelector=metadata.name%3Detcd-0", 1},
		{"?fieldSelector=metadata.name!%3Detcd-0", 2},
		{"?labelSelector=a", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *path = mem_printf(COMPONENTS "%s", rows[i].query);
		autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);
		assert_string_equal(js_str0(r.body, "kind", NULL), "ComponentStatusList");
		assert_int_equal(js_len(js_arr(r.body, "items", NULL)), rows[i].n);
	}
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	e->x.rq = (struct request){.accept = "", .user_agent = "", .content_type = ""};
	rig_run(&rig, e, "GET", COMPONENTS);
	assert_int_equal(e->x.rs.n_warnings, 1);
	assert_string_equal(e->x.rs.warnings[0], "v1 ComponentStatus is deprecated in v1.19+");
	rig_exchange_free(e);
	autoreply struct rig_reply put = rig_call(&rig, "POST", COMPONENTS, "{}");
	assert_int_equal(put.status, 405);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_health), cmocka_unit_test(test_list)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/core/service_alloc.h"

static void test_cidrs(void **state)
{
	static const char *const bad[] = {"",	   "10.96.0.0", "10.96.0.0/7", "10.96.0.0/31", "10.96.0.0/x",
					  "::/64", "10.96.0/12"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(service_alloc_new(bad[i], &err));
	struct service_alloc *a = service_alloc_new("10.96.0.0/12", &err);
	char ip[16];
	service_alloc_first(a, ip);
	assert_string_equal(ip, "10.96.0.1");
	service_alloc_free(a);
}

static void test_ips(void **state)
{
	struct err err = ERR_INIT;
	struct service_alloc *a = service_alloc_new("10.0.0.0/29", &err);
	char ip[16];

	assert_int_equal(service_alloc_ip(a, "10.0.0.0", ip), ALLOC_OUTSIDE); /* network */
	assert_int_equal(service_alloc_ip(a, "10.0.0.7", ip), ALLOC_OUTSIDE); /* broadcast */
	assert_int_equal(service_alloc_ip(a, "10.0.0.8", ip), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_ip(a, "nonsense", ip), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_ip(a, "10.0.0.3", ip), ALLOC_OK);
	assert_int_equal(service_alloc_ip(a, "10.0.0.3", ip), ALLOC_TAKEN);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_OK);
		assert_string_not_equal(ip, "10.0.0.3");
	}
	assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_FULL);
	service_free_ip(a, "10.0.0.3");
	assert_int_equal(service_alloc_ip(a, "", ip), ALLOC_OK);
	assert_string_equal(ip, "10.0.0.3");
	service_alloc_free(a);
}

static void test_ports_and_learning(void **state)
{
	static const char text[] =
		"{\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"nodePort\":30007},{\"port\":1}]}}";
	struct err err = ERR_INIT;
	struct service_alloc *a = service_alloc_new("10.0.0.0/24", &err);
	autojson js *svc = js_parse(text, sizeof(text) - 1, NULL, &err);
	char ip[16];
	int port;

	service_alloc_learn(a, svc);
	assert_int_equal(service_alloc_ip(a, "10.0.0.9", ip), ALLOC_TAKEN);
	assert_int_equal(service_alloc_port(a, 30007, &port), ALLOC_TAKEN);
	assert_int_equal(service_alloc_port(a, 29999, &port), ALLOC_OUTSIDE);
	assert_int_equal(service_alloc_port(a, 32768, &port), ALLOC_OUTSIDE);
	for (int i = 0; i < NODE_PORT_MAX - NODE_PORT_MIN; i++)
		assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_OK);
	assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_FULL);
	service_free_port(a, 30500);
	assert_int_equal(service_alloc_port(a, 0, &port), ALLOC_OK);
	assert_int_equal(port, 30500);
	service_alloc_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cidrs),
		cmocka_unit_test(test_ips),
		cmocka_unit_test(test_ports_and_learning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

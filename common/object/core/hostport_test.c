/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "object/core/hostport.h"
#include "object/json_test.h"

static void test_conflicts(void **state)
{
	const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{JSON("{'hostPort':80}"), JSON("{'hostPort':80}"), true},
		{JSON("{'hostPort':80}"), JSON("{'hostPort':81}"), false},
		{JSON("{'containerPort':80}"), JSON("{'containerPort':80}"), false},
		{JSON("{'hostPort':80,'protocol':'UDP'}"), JSON("{'hostPort':80,'protocol':'TCP'}"), false},
		{JSON("{'hostPort':80,'protocol':'TCP'}"), JSON("{'hostPort':80}"), true},
		{JSON("{'hostPort':80,'hostIP':'1.1.1.1'}"), JSON("{'hostPort':80,'hostIP':'2.2.2.2'}"),
		 false},
		{JSON("{'hostPort':80,'hostIP':'1.1.1.1'}"), JSON("{'hostPort':80,'hostIP':'1.1.1.1'}"),
		 true},
		{JSON("{'hostPort':80,'hostIP':'0.0.0.0'}"), JSON("{'hostPort':80,'hostIP':'2.2.2.2'}"),
		 true},
		{JSON("{'hostPort':-1}"), JSON("{'hostPort':-1}"), false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autofree struct host_port *a = decode_new(&host_port_spec, rows[i].a, strlen(rows[i].a),
							  &err),
					  *b = decode_new(&host_port_spec, rows[i].b, strlen(rows[i].b),
							  &err);
		if (host_port_conflict(a, b) != rows[i].want || host_port_conflict(b, a) != rows[i].want)
			fail_msg("%s %s", rows[i].a, rows[i].b);
	}
}

static void test_equal(void **state)
{
	const struct host_port a = {"", 80, 1, PORT_UDP}, b = {"", 80, 2, PORT_UDP},
			       c = {"1.1.1.1", 80, 1, PORT_UDP};
	assert_true(host_port_equal(&a, &b));
	assert_false(host_port_equal(&a, &c));
	assert_string_equal(hostport_protocol_name(a.protocol), "UDP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_conflicts), cmocka_unit_test(test_equal)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who has to go when too many have come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include "serve/crowd.h"

static void test_one_place(void **state)
{
	struct crowd c;
	struct crowd_member m[6] = {{.place = NULL}};
	crowd_init(&c, 100, 4);
	for (size_t i = 0; i < 4; i++) {
		crowd_enter(&c, &m[i], "a");
		assert_null(crowd_surplus(&c, &m[i]));
	}
	crowd_enter(&c, &m[4], "b");
	assert_null(crowd_surplus(&c, &m[4]));
	crowd_touch(&c, &m[0]);
	crowd_enter(&c, &m[5], "a");
	assert_ptr_equal(crowd_surplus(&c, &m[5]), &m[1]);
	crowd_leave(&c, &m[1]);
	crowd_leave(&c, &m[1]); /* is none any more */
	assert_null(crowd_surplus(&c, &m[5]));
	for (size_t i = 0; i < 6; i++)
		crowd_leave(&c, &m[i]);
	assert_int_equal(c.n, 0);
	assert_int_equal(map_len(&c.places), 0);
	crowd_release(&c);
}

static void test_altogether(void **state)
{
	static const char *const places[] = {"a", "b", "c", "d"};
	struct crowd c;
	struct crowd_member m[4] = {{.place = NULL}};
	crowd_init(&c, 3, 2);
	assert_null(crowd_oldest(&c));
	for (size_t i = 0; i < 3; i++) {
		crowd_enter(&c, &m[i], places[i]);
		assert_null(crowd_surplus(&c, &m[i]));
	}
	crowd_enter(&c, &m[3], places[3]);
	assert_ptr_equal(crowd_surplus(&c, &m[3]), &m[0]);
	crowd_touch(&c, &m[0]);
	assert_ptr_equal(crowd_oldest(&c), &m[1]);
	for (size_t i = 0; i < 4; i++)
		crowd_leave(&c, &m[i]);
	crowd_touch(&c, &m[0]); /* is none any more */
	crowd_release(&c);
}

/* One place has a quarter; who has left his place counts among all; what is given back can be taken again. */
static void test_bytes(void **state)
{
	struct crowd c;
	struct crowd_member m[3] = {{.place = NULL}};
	crowd_init(&c, 100, 100);
	c.max_bytes = 400;
	crowd_enter(&c, &m[0], "a");
	crowd_enter(&c, &m[1], "a");
	crowd_enter(&c, &m[2], "b");
	assert_true(crowd_take(&c, &m[0], 60));
	assert_true(crowd_take(&c, &m[2], 100));
	assert_false(crowd_take(&c, &m[1], 60));
	crowd_give(&c, &m[0]);
	assert_true(crowd_take(&c, &m[1], 40));
	crowd_leave(&c, &m[1]);
	assert_true(crowd_take(&c, &m[0], 100));
	assert_true(crowd_take(&c, &m[1], 100));
	assert_false(crowd_take(&c, &m[1], 1));
	crowd_give(&c, &m[1]);
	crowd_give(&c, &m[1]);
	for (size_t i = 0; i < 3; i++) {
		crowd_give(&c, &m[i]);
		crowd_leave(&c, &m[i]);
	}
	assert_int_equal(c.bytes, 0);
	crowd_release(&c);
}

static void test_names(void **state)
{
	static const struct {
		const char *address, *place;
	} rows[] = {
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"2001:db8::1", "2001:db8::"},
		{"2001:db8:0:1:2:3:4:5", "2001:db8:0:1::"},
		{"::1", "::"},
	};
	char name[CROWD_PLACE_MAX];
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
	crowd_place_name((struct sockaddr *)&v4, name);
	assert_string_equal(name, "10.0.0.1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
		assert_int_equal(inet_pton(AF_INET6, rows[i].address, &v6.sin6_addr), 1);
		crowd_place_name((struct sockaddr *)&v6, name);
		assert_string_equal(name, rows[i].place);
	}
	v4.sin_family = AF_UNIX;
	crowd_place_name((struct sockaddr *)&v4, name);
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_place),
					   cmocka_unit_test(test_altogether), cmocka_unit_test(test_bytes),
					   cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which headers ask for what; the token among subprotocols has its rows in auth_test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "request/upgrade.h"

static void tells_websockets(void **state)
{
	static const struct {
		const char *upgrade, *connection;
		bool is;
	} rows[] = {
		{"websocket", "Upgrade", true},	  {"WebSocket", "keep-alive, upgrade", true},
		{"websocket", "close", false},	  {"SPDY/3.1", "Upgrade", false},
		{"websockets", "Upgrade", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct upgrade *u = upgrade_new();
		upgrade_take(u, "upgrade", rows[i].upgrade);
		upgrade_take(u, "connection", rows[i].connection);
		assert_int_equal(upgrade_is_websocket(u), rows[i].is);
	}
	assert_false(upgrade_is_websocket(NULL));
}

static void lists_what_is_offered(void **state)
{
	static const struct {
		const char *lines[3];
		const char *offers; /* with a stroke behind each */
	} rows[] = {
		{{"a"}, "a|"}, {{" a , b\t", "c"}, "a|b|c|"}, {{"", "a"}, "|a|"}, {{",,"}, "|||"},
		{{NULL}, ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct upgrade *u = upgrade_new();
		autobuf struct buf b = BUF_INIT;
		struct upgrade_place at = {0};
		const char *p;
		size_t n;
		for (size_t l = 0; rows[i].lines[l]; l++)
			upgrade_take(u, "Sec-Websocket-Protocol", rows[i].lines[l]);
		while (upgrade_next_offer(u, &at, &p, &n))
			buf_addf(&b, "%.*s|", (int)n, p);
		assert_string_equal(buf_str(&b), rows[i].offers);
	}
}

static void looks_at_so_many_lines(void **state)
{
	autofree struct upgrade *u = upgrade_new();
	for (int i = 0; i < 3 * UPGRADE_MAX_OFFERS; i++)
		upgrade_take(u, "Sec-WebSocket-Protocol", "a");
	assert_int_equal(u->n_offers, UPGRADE_MAX_OFFERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_websockets),
		cmocka_unit_test(lists_what_is_offered),
		cmocka_unit_test(looks_at_so_many_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

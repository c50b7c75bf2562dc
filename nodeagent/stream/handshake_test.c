/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void clients_get_the_first_that_is_spoken(void **state)
{
	static const struct {
		enum handshake_use use;
		const char *upgrade, *connection,
			*offers[3]; /* headers of the kind that belongs to the upgrade */
		int status;
		enum mux_form form;
		int version;
		const char *protocol; /* or words of the refusal */
	} rows[] = {
		/* kubectl 1.29 and later by SPDY, 1.20, one header with all */
		{1,
		 "SPDY/3.1",
		 "Upgrade",
		 {"v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"},
		 101,
		 MUX_SPDY,
		 4,
		 "v4.channel.k8s.io"},
		{1, "SPDY/3.1", "upgrade", {"v2.channel.k8s.io"}, 101, MUX_SPDY, 2, "v2.channel.k8s.io"},
		{1,
		 "spdy/3.1",
		 "keep-alive, Upgrade",
		 {" x ,channel.k8s.io ,v3.channel.k8s.io"},
		 101,
		 MUX_SPDY,
		 1,
		 "channel.k8s.io"},
		{2, "SPDY/3.1", "Upgrade", {"portforward.k8s.io"}, 101, MUX_SPDY, 1, "portforward.k8s.io"},
		/* WebSockets: kubectl 1.30, Python, browsers, none named */
		{1, "websocket", "Upgrade", {"v5.channel.k8s.io"}, 101, MUX_BINARY, 5, "v5.channel.k8s.io"},
		{1, "WebSocket", "Upgrade", {"v4.channel.k8s.io"}, 101, MUX_BINARY, 4, "v4.channel.k8s.io"},
		{1,
		 "websocket",
		 "Upgrade",
		 {"v4.base64.channel.k8s.io"},
		 101,
		 MUX_BASE64,
		 4,
		 "v4.base64.channel.k8s.io"},
		{1,
		 "websocket",
		 "Upgrade",
		 {"base64.channel.k8s.io"},
		 101,
		 MUX_BASE64,
		 1,
		 "base64.channel.k8s.io"},
		{1, "websocket", "Upgrade", {NULL}, 101, MUX_BINARY, 1, ""},
		{2,
		 "websocket",
		 "Upgrade",
		 {"SPDY/3.1+portforward.k8s.io"},
		 101,
		 MUX_TUNNEL,
		 1,
		 "SPDY/3.1+portforward.k8s.io"},
		{2, "websocket", "Upgrade", {"v4.channel.k8s.io"}, 101, MUX_BINARY, 4, "v4.channel.k8s.io"},
		/* refusals */
		{1, "SPDY/3.1", "Upgrade", {NULL}, 400, MUX_SPDY, 0, "X-Stream-Protocol-Version is required"},
		{1,
		 "SPDY/3.1",
		 "Upgrade",
		 {"v9.channel.k8s.io"},
		 403,
		 MUX_SPDY,
		 0,
		 "unable to negotiate protocol"},
		{1,
		 "websocket",
		 "Upgrade",
		 {"v9.channel.k8s.io"},
		 403,
		 MUX_SPDY,
		 0,
		 "unable to negotiate protocol"},
		{1,
		 "websocket",
		 "Upgrade",
		 {"SPDY/3.1+portforward.k8s.io"},
		 403,
		 MUX_SPDY,
		 0,
		 "unable to negotiate protocol"},
		{2,
		 "SPDY/3.1",
		 "Upgrade",
		 {"v4.channel.k8s.io"},
		 403,
		 MUX_SPDY,
		 0,
		 "unable to negotiate protocol"},
		{1, NULL, NULL, {NULL}, 400, MUX_SPDY, 0, "Upgrade request required"},
		{1, "SPDY/3.1", "close", {"v4.channel.k8s.io"}, 400, MUX_SPDY, 0, "Upgrade request required"},
		{1, "h2c", "Upgrade", {"v4.channel.k8s.io"}, 400, MUX_SPDY, 0, "missing upgrade headers"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct handshake h = {0};
		struct handshake_choice got = {0};
		const char *accepted[HANDSHAKE_ACCEPTED];
		struct err err = ERR_INIT;
		bool websocket = rows[i].upgrade && !strcasecmp(rows[i].upgrade, "websocket");
		if (rows[i].upgrade)
			handshake_take(&h, "upgrade", rows[i].upgrade);
		if (rows[i].connection)
			handshake_take(&h, "Connection", rows[i].connection);
		if (websocket)
			handshake_take(&h, "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
		for (int k = 0; k < 3 && rows[i].offers[k]; k++)
			handshake_take(&h, websocket ? "Sec-Websocket-Protocol" : "X-Stream-Protocol-Version",
				       rows[i].offers[k]);
		int status = handshake_choose(&h, rows[i].use, &got, accepted, &err);
		if (status != rows[i].status)
			fail_msg("row %zu: %d %s", i, status, err.msg);
		assert_int_equal(status == 403, accepted[0] != NULL);
		if (status != 101) {
			assert_non_null(strstr(err.msg, rows[i].protocol));
			continue;
		}
		assert_string_equal(got.protocol, rows[i].protocol);
		assert_int_equal(got.form, rows[i].form);
		assert_int_equal(got.version, rows[i].version);
	}
}

static void a_websocket_needs_its_key(void **state)
{
	struct handshake h = {.upgrade = "websocket", .connection = "Upgrade"};
	struct handshake_choice got;
	const char *accepted[HANDSHAKE_ACCEPTED];
	struct err err = ERR_INIT;
	assert_int_equal(handshake_choose(&h, HANDSHAKE_COMMAND, &got, accepted, &err), 400);
}

static void more_headers_than_places_are_left_out(void **state)
{
	struct handshake h = {0};
	for (int i = 0; i < 3 * HANDSHAKE_OFFERS; i++)
		handshake_take(&h, "X-Stream-Protocol-Version", "x");
	assert_int_equal(h.n_spdy, HANDSHAKE_OFFERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_get_the_first_that_is_spoken),
		cmocka_unit_test(a_websocket_needs_its_key),
		cmocka_unit_test(more_headers_than_places_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

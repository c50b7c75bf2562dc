/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, as upstream's watches see it; and a watch's events as messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/pb.h"
#include "rest/rig_test.h"
#include "rest/handshake.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void shakes_hands(void **state)
{
	static const struct {
		const char *key, *version, *origin, *offers;
		int status;
		const char *body;
	} rows[] = {
		{KEY, "13", "https://a:1", NULL, 101, ACCEPT},
		{KEY, "13", "/a", "", 101, ACCEPT},
		{KEY, "13", "https://a", "x.y", 101, ACCEPT "Sec-WebSocket-Protocol: x.y\r\n"},
		{KEY, "13", "https://a", "x, y", 400, ""},
		{KEY, "13", "https://a", "x\ry", 400, ""},
		{KEY, "13", NULL, "x", 403, ""},
		{KEY, "13", "nowhere", "x", 403, ""},
		{KEY, "8", "https://a", "x", 400, "missing or bad WebSocket Version"},
		{NULL, "13", "https://a", "x", 400, "mismatch challenge/response"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree struct upgrade *u = upgrade_new();
		struct request rq = {.upgrade = u};
		struct response rs = {0};
		const struct {
			const char *name, *value;
		} headers[] = {{"Sec-WebSocket-Key", rows[i].key},
			       {"Sec-WebSocket-Version", rows[i].version},
			       {"Origin", rows[i].origin},
			       {"Sec-WebSocket-Protocol", rows[i].offers}};
		for (size_t h = 0; h < ARRAY_LEN(headers); h++)
			if (headers[h].value)
				upgrade_take(u, headers[h].name, headers[h].value);
		assert_int_equal(handshake_websocket(&rq, &rs), rows[i].status == 101);
		if (rs.status != rows[i].status || strcmp(buf_str(&rs.body), rows[i].body) != 0)
			fail_msg("row %zu: %d %s", i, rs.status, buf_str(&rs.body));
		assert_int_equal(rs.upgrade != NULL, rows[i].status == 101);
		assert_int_equal(rs.close_connection, rows[i].status != 101);
		response_release(&rs);
	}
}

/* ---- a watch ---- */

struct socket {
	struct rig_exchange *e;
	struct response_stream *s;
	struct upgrade *u;
	struct buf in;
	bool ended;
};

static void socket_end(struct socket *s)
{
	rig_exchange_free(s->e);
	free(s->u);
	buf_release(&s->in);
}
#define autosocket __attribute__((cleanup(socket_end)))

static struct socket watch(const char *target, const char *accept)
{
	struct socket s = {.e = MEM_NEW(struct rig_exchange), .u = upgrade_new()};
	upgrade_take(s.u, "Upgrade", "websocket");
	upgrade_take(s.u, "Connection", "Upgrade");
	upgrade_take(s.u, "Sec-WebSocket-Key", KEY);
	upgrade_take(s.u, "Sec-WebSocket-Version", "13");
	upgrade_take(s.u, "Origin", "https://a");
	s.e->x.rq =
		(struct request){.accept = accept, .user_agent = "test", .content_type = "", .upgrade = s.u};
	rig_run(&rig, s.e, "GET", target);
	s.s = s.e->x.rs.stream;
	return s;
}

/* The next message, unmasked and in one frame; its opcode, 0 when there is none. */
static int next_message(struct socket *s, struct buf *out)
{
	char p[16 * 1024];
	long n;
	while (!s->ended && (n = s->s->read(s->s->arg, p, sizeof(p))) != 0) {
		s->ended = n < 0;
		buf_add(&s->in, p, n > 0 ? (size_t)n : 0);
	}
	buf_clear(out);
	if (!s->in.len)
		return 0;
	const unsigned char *h = (const unsigned char *)s->in.p;
	size_t head = h[1] == 126 ? 4 : 2, len = h[1] == 126 ? (size_t)h[2] << 8 | h[3] : h[1];
	int opcode = h[0] & 15;
	assert_int_equal(h[0] & 0xf0, 0x80);
	assert_true(h[1] < 127 && s->in.len >= head + len);
	buf_add(out, s->in.p + head, len);
	buf_consume(&s->in, head + len);
	return opcode;
}

static void put(const char *name)
{
	autofree char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}", name);
	autoreply struct rig_reply r = rig_call(&rig, "POST", CMS, body);
	assert_int_equal(r.status, 201);
}

static void events_are_messages(void **state)
{
	autobuf struct buf m = BUF_INIT;
	put("a");
	put("b");
	autosocket struct socket s = watch(CMS "?watch=1", "application/json");
	assert_string_equal(s.e->x.rs.upgrade, "websocket");
	assert_int_equal(next_message(&s, &m), 1);
	assert_non_null(strstr(buf_str(&m), "{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\""));
	assert_non_null(strstr(buf_str(&m), "\"name\":\"a\""));
	assert_string_equal(m.p + m.len - 3, "}}\n");
	assert_int_equal(next_message(&s, &m), 1);
	assert_int_equal(next_message(&s, &m), 0);
	/* a ping is answered between two events */
	assert_int_equal(s.s->take(s.s->arg, "\x89\x82\x01\x02\x03\x04ik", 8), 8);
	put("c");
	assert_int_equal(next_message(&s, &m), 10);
	assert_string_equal(buf_str(&m), "hi");
	assert_int_equal(next_message(&s, &m), 1);
	assert_non_null(strstr(buf_str(&m), "\"name\":\"c\""));
	/* the client's close is answered, and that was it */
	assert_int_equal(s.s->take(s.s->arg, "\x88\x82\x00\x00\x00\x00\x03\xe8", 8), 8);
	put("d");
	assert_int_equal(next_message(&s, &m), 8);
	assert_int_equal(next_message(&s, &m), 0);
	assert_true(s.ended);
}

static void ends_with_a_close(void **state)
{
	autobuf struct buf m = BUF_INIT;
	put("a");
	autosocket struct socket s = watch(CMS "?watch=1&timeoutSeconds=-1", "application/json");
	assert_int_equal(next_message(&s, &m), 1);
	assert_int_equal(next_message(&s, &m), 8);
	assert_int_equal(m.len, 2);
	assert_memory_equal(m.p, "\x03\xe8", 2);
	assert_int_equal(next_message(&s, &m), 0);
	assert_true(s.ended);
}

/* Binary, and no length before it: the message has one. */
static void protobuf_is_binary(void **state)
{
	autobuf struct buf m = BUF_INIT;
	put("a");
	autosocket struct socket s = watch(CMS "?watch=1", "application/vnd.kubernetes.protobuf");
	assert_int_equal(next_message(&s, &m), 2);
	assert_memory_equal(m.p,
			    "\x0a\x05"
			    "ADDED",
			    7);
	autosocket struct socket table =
		watch(CMS "?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io");
	assert_int_equal(next_message(&table, &m), 1);
	assert_non_null(strstr(buf_str(&m), "columnDefinitions"));
}

/* Before the first event there is no difference to a watch without. */
static void refusals_are_plain(void **state)
{
	autosocket struct socket s = watch(CMS "?watch=1&resourceVersion=x", "application/json");
	assert_int_equal(s.e->x.rs.status, 500);
	assert_null(s.e->x.rs.upgrade);
	autosocket struct socket list = watch(CMS, "application/json");
	assert_int_equal(list.e->x.rs.status, 200);
	assert_null(list.e->x.rs.upgrade);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shakes_hands), TEST(events_are_messages), TEST(ends_with_a_close),
		TEST(protobuf_is_binary),	TEST(refusals_are_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

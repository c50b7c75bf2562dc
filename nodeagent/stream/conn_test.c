/* SPDX-License-Identifier: Apache-2.0 */
/* The socket's side: brakes, and the end. */
#include "stream/conn.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/session_rig_test.h"

static struct rig g;
static struct conn conn;
static size_t drained, heard;

static bool opened(void *arg, uint32_t stream, const struct spdy_headers *h)
{
	return true;
}

static void said(void *arg, uint32_t stream, const char *p, size_t n)
{
	heard += n;
}

static void ended(void *arg, uint32_t stream)
{
}

static void on_drained(void *arg)
{
	drained++;
}

static void start(const char *extra)
{
	static const struct mux_user user = {.opened = opened, .data = said, .ended = ended};
	rig_init(&g);
	drained = heard = 0;
	const struct conn_config c = {.loop = g.loop,
				      .fd = g.server,
				      .extra = extra,
				      .n_extra = extra ? 9 : 0,
				      .idle_ns = SESSION_IDLE_NS,
				      .drained = on_drained,
				      .gone = rig_over,
				      .arg = &g};
	conn_start(&conn, &c, mux_new(MUX_SPDY, &user, NULL));
}

static void stop(void)
{
	conn_release(&conn);
	rig_release(&g);
}

static void tells_when_there_is_room_again(void **state)
{
	char piece[4096] = "";
	start(NULL);
	while (!conn_full(&conn)) {
		mux_send(conn.mux, 1, piece, sizeof(piece));
		conn_flush(&conn);
	}
	assert_int_equal(drained, 0);
	rig_until(&g, drained > 0);
	assert_false(conn_full(&conn));
	stop();
}

static void what_came_with_the_request_counts(void **state)
{
	start("\0\0\0\1\0\0\0\1x");
	assert_int_equal(heard, 1);
	stop();
}

static void nothing_is_read_while_it_pauses(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(NULL);
	conn_pause(&conn, true);
	spdy_put_data(&b, 1, "abc", 3, false);
	rig_send(&g, &b);
	for (int i = 0; i < 5; i++)
		loop_turn(g.loop, clock_mono_ns() + 2 * NS_PER_MS);
	assert_int_equal(heard, 0);
	conn_pause(&conn, false);
	rig_until(&g, heard == 3);
	/* But the end is seen. */
	conn_pause(&conn, true);
	rig_hang_up(&g);
	rig_until(&g, g.over);
	stop();
}

/* The last words go out though the client still talks; then he hangs up. */
static void says_good_bye_and_waits(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(NULL);
	spdy_put_data(&b, 1, "abc", 3, false);
	rig_send(&g, &b);
	conn_finish(&conn);
	rig_until(&g, memmem(buf_str(&g.raw), g.raw.len, "\x80\3\0\7", 4));
	assert_false(g.over);
	rig_hang_up(&g);
	rig_until(&g, g.over);
	stop();
}

static void a_client_that_stays_is_left(void **state)
{
	start(NULL);
	conn_finish(&conn);
	loop_timer_set(g.loop, &conn.timer, clock_mono_ns());
	rig_until(&g, g.over);
	stop();
}

static void nonsense_ends_it(void **state)
{
	start("\x80\2\0\0\0\0\0\0\0");
	assert_true(g.over);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_when_there_is_room_again),
		cmocka_unit_test(what_came_with_the_request_counts),
		cmocka_unit_test(nothing_is_read_while_it_pauses),
		cmocka_unit_test(says_good_bye_and_waits),
		cmocka_unit_test(a_client_that_stays_is_left),
		cmocka_unit_test(nonsense_ends_it),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What was written is read although the other end is still sending when it was closed; and nobody stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http/linger.h"

static void connected(int fds[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&a, sizeof(a)), 0);
	fds[1] = accept(l, NULL, NULL);
	close(l);
}

static size_t ios(struct loop *l)
{
	struct loop_stats s;
	loop_stats(l, &s);
	return s.ios;
}

static void test_reply_survives(void **state)
{
	char text[16] = "";
	int fds[2];
	struct loop *l = loop_new(NULL);
	struct lingers *ls = lingers_new(l);
	connected(fds);
	assert_int_equal(send(fds[0], "more", 4, 0), 4);
	assert_int_equal(send(fds[1], "refused", 7, 0), 7);
	linger_start(ls, fds[1]);
	close(fds[1]);
	for (int i = 0; i < 3; i++) {
		(void)!send(fds[0], "and more", 8, MSG_NOSIGNAL);
		loop_turn(l, clock_mono_ns());
	}
	assert_int_equal(recv(fds[0], text, sizeof(text), 0), 7);
	assert_string_equal(text, "refused");
	assert_int_equal(recv(fds[0], text, sizeof(text), 0), 0);
	close(fds[0]);
	while (ios(l))
		loop_turn(l, CLOCK_NEVER);
	lingers_free(ls);
	loop_free(l);
}

static void test_not_for_ever(void **state)
{
	int fds[2];
	clock_fake(0);
	struct loop *l = loop_new(NULL);
	struct lingers *ls = lingers_new(l);
	connected(fds);
	linger_start(ls, fds[1]);
	assert_int_equal(ios(l), 1);
	clock_advance(2 * NS_PER_S);
	loop_wake(l);
	loop_turn(l, clock_mono_ns());
	assert_int_equal(ios(l), 0);
	linger_start(ls, fds[1]);
	lingers_free(ls);
	loop_free(l);
	clock_real();
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reply_survives),
					   cmocka_unit_test(test_not_for_ever)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

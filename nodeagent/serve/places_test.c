/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/places.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

#define MANY (PLACES_KNOWN + PLACES_STRANGERS + 8)

struct scene {
	struct loop *loop;
	struct places places;
	struct place *v[MANY];
	int ours[MANY], theirs[MANY];
};

static void start(struct scene *s)
{
	*s = (struct scene){.loop = loop_new(NULL)};
	places_init(&s->places, s->loop);
}

/* `from`: the last number of 10.0.0.x; -x: the same as an IPv6 socket has it. */
static void come(struct scene *s, int i, int from)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(0x0a000000u + (unsigned)(from < 0 ? -from : from))};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&v6.sin6_addr.s6_addr[12], &v4.sin_addr, 4);
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s->ours[i] = pair[0];
	s->theirs[i] = pair[1];
	s->v[i] =
		places_take(&s->places, pair[0], from < 0 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4);
}

static bool ended(const struct scene *s, int i)
{
	struct pollfd p = {.fd = s->theirs[i], .events = POLLIN};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static void go(struct scene *s, int i)
{
	places_leave(s->v[i]);
	close(s->ours[i]);
	close(s->theirs[i]);
}

static void stop(struct scene *s, int n)
{
	for (int i = 0; i < n; i++)
		go(s, i);
	assert_int_equal(s->places.strangers.n, 0);
	assert_int_equal(s->places.n_known, 0);
	places_release(&s->places);
	loop_free(s->loop);
}

/* One address takes the place of its own oldest; others are not touched. */
static void test_one_address(void **state)
{
	struct scene s;
	start(&s);
	come(&s, 0, 2);
	for (int i = 1; i <= PLACES_PER_ADDRESS; i++)
		come(&s, i, i % 2 ? 1 : -1);
	for (int i = 0; i <= PLACES_PER_ADDRESS; i++)
		assert_false(ended(&s, i));
	come(&s, PLACES_PER_ADDRESS + 1, 1);
	assert_false(ended(&s, 0));
	assert_true(ended(&s, 1));
	assert_false(ended(&s, 2));
	assert_false(places_know(s.v[1]));
	stop(&s, PLACES_PER_ADDRESS + 2);
}

/* When all places are taken, the oldest makes room. */
static void test_all_places(void **state)
{
	struct scene s;
	start(&s);
	for (int i = 0; i < PLACES_STRANGERS; i++)
		come(&s, i, i < PLACES_STRANGERS / 2 ? 100 + i : 7);
	come(&s, PLACES_STRANGERS, 8);
	for (int i = 0; i <= PLACES_STRANGERS; i++)
		assert_int_equal(ended(&s, i), i == 0);
	assert_int_equal(s.places.strangers.n, PLACES_STRANGERS);
	stop(&s, PLACES_STRANGERS + 1);
}

static void test_known(void **state)
{
	struct scene s;
	start(&s);
	for (int i = 0; i < PLACES_KNOWN; i++) {
		come(&s, i, 1);
		assert_true(places_know(s.v[i]));
		assert_true(places_know(s.v[i]));
	}
	come(&s, PLACES_KNOWN, 1);
	assert_false(places_know(s.v[PLACES_KNOWN]));
	go(&s, 0);
	assert_true(places_know(s.v[PLACES_KNOWN]));
	s.v[0] = s.v[PLACES_KNOWN];
	s.ours[0] = s.ours[PLACES_KNOWN];
	s.theirs[0] = s.theirs[PLACES_KNOWN];
	stop(&s, PLACES_KNOWN);
}

/* Who says nothing is gone after a while; who has said who he is stays. */
static void test_deadline(void **state)
{
	struct scene s;
	clock_fake(100 * NS_PER_S);
	start(&s);
	come(&s, 0, 1);
	come(&s, 1, 1);
	assert_true(places_know(s.v[1]));
	clock_advance(PLACES_STRANGER_NS - 1);
	loop_wake(s.loop);
	loop_turn(s.loop, 0);
	assert_false(ended(&s, 0));
	clock_advance(1);
	loop_wake(s.loop);
	loop_turn(s.loop, 0);
	assert_true(ended(&s, 0));
	assert_false(ended(&s, 1));
	stop(&s, 2);
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_all_places),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

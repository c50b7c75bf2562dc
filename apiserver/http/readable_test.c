/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for sockets: readable, too late, shutdown, again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "http/readable.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static int ready, late;

static void count(struct readable_wait *w, bool expired)
{
	pthread_mutex_lock(&lock);
	*(expired ? &late : &ready) += 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_for(const int *counter, int value)
{
	int64_t deadline = clock_mono_ns() + 10 * NS_PER_S;
	pthread_mutex_lock(&lock);
	while (*counter < value)
		if (!clock_cond_wait(&changed, &lock, deadline))
			fail_msg("waited in vain");
	pthread_mutex_unlock(&lock);
}

static void test_all(void **state)
{
	int a[2], b[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	struct readable *r = readable_new(300 * NS_PER_MS);
	struct readable_wait wa = {.fd = a[0], .fn = count}, wb = {.fd = b[0], .fn = count};
	assert_true(readable_add(r, &wb));
	assert_true(readable_add(r, &wa));
	assert_int_equal(write(a[1], "x", 1), 1);
	wait_for(&ready, 1);
	assert_true(readable_add(r, &wa)); /* still has its byte */
	wait_for(&ready, 2);
	wait_for(&late, 1); /* b */
	close(b[1]);
	assert_true(readable_add(r, &wb)); /* a hang-up is readable */
	wait_for(&ready, 3);
	struct readable_wait bad = {.fd = -1, .fn = count};
	assert_false(readable_add(r, &bad));
	assert_int_equal(read(a[0], &(char){0}, 1), 1);
	assert_true(readable_add(r, &wa));
	readable_stop(r);
	assert_false(readable_add(r, &wb));
	readable_free(r);
	assert_int_equal(late, 2);
	close(a[0]);
	close(a[1]);
	close(b[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
	clock_cond_init(&changed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

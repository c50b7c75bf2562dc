/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over a socket pair, without TLS: framing, waking, timers, slow readers, clients that leave,
 * shutdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/stream.h"

/* A source whose bytes come from the test: `left` bytes of 'x' to give, then nothing or the end. */
struct source {
	struct response_stream stream;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t left, reads, heard;
	bool ending, closed, done, clean;
};

static long source_read(void *arg, char *p, size_t max)
{
	struct source *s = arg;
	pthread_mutex_lock(&s->lock);
	size_t n = s->left < max ? s->left : max;
	memset(p, 'x', n);
	s->left -= n;
	s->reads++;
	long ret = n ? (long)n : s->ending ? -1 : 0;
	if (s->stream.wake_at_ns && clock_mono_ns() >= s->stream.wake_at_ns) {
		s->stream.wake_at_ns = 0;
		s->ending = true;
		ret = -1;
	}
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

/* An upgraded connection's: half of what is offered, and the rest when it has been offered again. */
static long source_take(void *arg, const char *p, size_t n)
{
	struct source *s = arg;
	size_t taken = n / 2 + 1 < n ? n / 2 + 1 : n;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < taken; i++)
		s->heard += p[i] == (char)('a' + s->heard % 26);
	if (taken < n)
		response_wake(s->stream.wake);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return (long)taken;
}

static void source_set(struct source *s, bool *flag, bool clean)
{
	pthread_mutex_lock(&s->lock);
	*flag = true;
	if (flag == &s->done)
		s->clean = clean;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void source_close(void *arg)
{
	struct source *s = arg;
	source_set(s, &s->closed, false);
}

static void source_done(void *arg, bool clean)
{
	struct source *s = arg;
	source_set(s, &s->done, clean);
}

static void source_give(struct source *s, size_t n, bool end)
{
	pthread_mutex_lock(&s->lock);
	s->left += n;
	s->ending = end;
	if (!s->closed) /* under the lock that close takes: no wake comes after it */
		response_wake(s->stream.wake);
	pthread_mutex_unlock(&s->lock);
}

static void wait_done(struct source *s)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	pthread_mutex_lock(&s->lock);
	while (!s->done)
		if (!clock_cond_wait(&s->changed, &s->lock, deadline))
			fail_msg("the stream did not end");
	assert_true(s->closed);
	pthread_mutex_unlock(&s->lock);
}

struct pair {
	struct loop *loop;
	struct streams *set;
	struct loop_io io;
	int fds[2];
	bool chunked, finite;
	struct source s;
};

/* On the loop. */
static void begin(void *arg)
{
	struct pair *p = arg;
	struct err err = ERR_INIT;
	struct stream_connection c = {
		.io = &p->io, .chunked = p->chunked, .finite = p->finite, .done = source_done, .arg = &p->s};
	if (p->s.stream.take)
		c.head = mem_strdup("head "), c.head_len = 5;
	assert_int_equal(loop_io_start(p->loop, &p->io, p->fds[0], 0, &err), 0);
	stream_start(p->set, &c, &p->s.stream);
}

static struct pair *pair_make(bool chunked, size_t n, bool end)
{
	struct pair *p = MEM_NEW(struct pair);
	p->loop = loop_new(NULL);
	p->set = streams_new(p->loop);
	p->chunked = chunked;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fds), 0);
	pthread_mutex_init(&p->s.lock, NULL);
	clock_cond_init(&p->s.changed);
	p->s.left = n;
	p->s.ending = end;
	p->s.stream = (struct response_stream){.read = source_read, .close = source_close, .arg = &p->s};
	return p;
}

static void pair_start(struct pair *p)
{
	loop_start(p->loop, "stream");
	assert_true(loop_call(p->loop, begin, p));
}

static struct pair *pair_new(bool chunked, size_t n, bool end)
{
	struct pair *p = pair_make(chunked, n, end);
	pair_start(p);
	return p;
}

static void end_all(void *arg)
{
	struct pair *p = arg;
	streams_end(p->set, true);
	loop_io_stop(&p->io);
}

static void pair_free(struct pair *p)
{
	loop_call(p->loop, end_all, p);
	loop_join(p->loop);
	streams_free(p->set);
	loop_free(p->loop);
	close(p->fds[0]);
	if (p->fds[1] >= 0)
		close(p->fds[1]);
	pthread_mutex_destroy(&p->s.lock);
	pthread_cond_destroy(&p->s.changed);
	free(p);
}

/* Reads exactly n bytes. */
static char *take(struct pair *p, size_t n)
{
	char *b = mem_zalloc(n + 1);
	for (size_t got = 0; got < n;) {
		struct pollfd f = {.fd = p->fds[1], .events = POLLIN};
		assert_int_equal(poll(&f, 1, 120000), 1);
		ssize_t r = read(p->fds[1], b + got, n - got);
		assert_true(r > 0);
		got += (size_t)r;
	}
	return b;
}

static void test_chunks(void **state)
{
	struct pair *p = pair_new(true, 5, false);
	autofree char *a = take(p, 10);
	assert_string_equal(a, "5\r\nxxxxx\r\n");
	source_give(&p->s, 300, true);
	autofree char *b = take(p, 5 + 300 + 2);
	assert_memory_equal(b, "12c\r\nxxx", 8);
	wait_done(&p->s);
	assert_true(p->s.clean);
	pair_free(p);
}

static void test_plain(void **state)
{
	struct pair *p = pair_new(false, 7, true);
	autofree char *a = take(p, 7);
	assert_string_equal(a, "xxxxxxx");
	wait_done(&p->s);
	assert_true(p->s.clean);
	pair_free(p);
}

/* More than the socket and several turns hold; the client reads late. */
static void test_slow_reader(void **state)
{
	size_t n = 3 * 1024 * 1024;
	struct pair *p = pair_new(false, n, true);
	pthread_mutex_lock(&p->s.lock);
	while (!p->s.reads)
		clock_cond_wait(&p->s.changed, &p->s.lock, CLOCK_NEVER);
	pthread_mutex_unlock(&p->s.lock);
	autofree char *a = take(p, n);
	assert_int_equal(strspn(a, "x"), n);
	wait_done(&p->s);
	assert_true(p->s.clean);
	pair_free(p);
}

static void test_client_leaves(void **state)
{
	struct pair *p = pair_new(true, 1, false);
	free(take(p, 6));
	close(p->fds[1]);
	p->fds[1] = -1;
	wait_done(&p->s);
	assert_false(p->s.clean);
	pair_free(p);
}

static void test_timer(void **state)
{
	struct pair *p = pair_make(true, 0, false);
	p->s.stream.wake_at_ns = clock_mono_ns() + 20 * NS_PER_MS;
	pair_start(p);
	wait_done(&p->s);
	assert_true(p->s.clean);
	pair_free(p);
}

static void test_shutdown_ends_cleanly(void **state)
{
	struct pair *p = pair_new(true, 1, false);
	free(take(p, 6));
	assert_true(loop_call(p->loop, end_all, p));
	assert_true(p->s.done);
	assert_true(p->s.clean);
	pair_free(p);
}

static void end_endless(void *arg)
{
	struct pair *p = arg;
	streams_end(p->set, false);
}

/* Far more than the socket takes; returns when it is full. */
static struct pair *pair_stuck(bool finite, size_t n)
{
	struct pair *p = pair_make(false, n, finite);
	p->finite = finite;
	pair_start(p);
	pthread_mutex_lock(&p->s.lock);
	while (!p->s.reads)
		clock_cond_wait(&p->s.changed, &p->s.lock, CLOCK_NEVER);
	pthread_mutex_unlock(&p->s.lock);
	assert_true(loop_call(p->loop, end_endless, p));
	return p;
}

static bool is_done(struct source *s)
{
	pthread_mutex_lock(&s->lock);
	bool done = s->done;
	pthread_mutex_unlock(&s->lock);
	return done;
}

/* A list goes on to its end; what is half-way with no end in sight is broken off, and says so. */
static void test_shutdown_and_who_is_busy(void **state)
{
	size_t n = 3 * 1024 * 1024;
	struct pair *p = pair_stuck(true, n);
	assert_false(is_done(&p->s));
	autofree char *a = take(p, n);
	assert_int_equal(strspn(a, "x"), n);
	wait_done(&p->s);
	assert_true(p->s.clean);
	pair_free(p);
	p = pair_stuck(false, n);
	wait_done(&p->s);
	assert_false(p->s.clean);
	pair_free(p);
	p = pair_stuck(true, n); /* nobody reads it, and the time is over */
	assert_true(loop_call(p->loop, end_all, p));
	assert_true(p->s.done);
	assert_false(p->s.clean);
	pair_free(p);
}

static void *keep_waking(void *arg)
{
	struct pair *p = arg;
	for (int i = 0; i < 20000; i++)
		source_give(&p->s, 1, false);
	source_give(&p->s, 0, true);
	return NULL;
}

static void test_wakes_from_elsewhere(void **state)
{
	struct pair *p = pair_new(false, 0, false);
	pthread_mutex_lock(&p->s.lock);
	while (!p->s.reads)
		clock_cond_wait(&p->s.changed, &p->s.lock, CLOCK_NEVER);
	pthread_mutex_unlock(&p->s.lock);
	pthread_t t = thread_start("waker", keep_waking, p);
	autofree char *a = take(p, 20000);
	assert_int_equal(strspn(a, "x"), 20000);
	pthread_join(t, NULL);
	wait_done(&p->s);
	pair_free(p);
}

static void test_both_ways(void **state)
{
	struct pair *p = pair_make(false, 3, false);
	char said[26 * 8192], text[9] = "";
	for (size_t i = 0; i < sizeof(said); i++)
		said[i] = (char)('a' + i % 26);
	p->s.stream.take = source_take;
	pair_start(p);
	for (size_t at = 0, n; at < 8; at += n)
		n = (size_t)read(p->fds[1], text + at, 8 - at);
	assert_string_equal(text, "head xxx");
	for (size_t at = 0, n; at < sizeof(said); at += n)
		n = (size_t)write(p->fds[1], said + at, sizeof(said) - at);
	pthread_mutex_lock(&p->s.lock);
	while (p->s.heard < sizeof(said))
		clock_cond_wait(&p->s.changed, &p->s.lock, CLOCK_NEVER);
	pthread_mutex_unlock(&p->s.lock);
	shutdown(p->fds[1], SHUT_WR);
	wait_done(&p->s);
	assert_false(p->s.clean);
	pair_free(p);
}

/* What was said before the end counts, however late it is read. */
static void test_last_words(void **state)
{
	struct pair *p = pair_make(false, 0, false);
	char said[26 * 2048];
	for (size_t i = 0; i < sizeof(said); i++)
		said[i] = (char)('a' + i % 26);
	p->s.stream.take = source_take;
	for (size_t at = 0, n; at < sizeof(said); at += n)
		n = (size_t)write(p->fds[1], said + at, sizeof(said) - at);
	shutdown(p->fds[1], SHUT_WR);
	pair_start(p);
	wait_done(&p->s);
	assert_int_equal(p->s.heard, sizeof(said));
	pair_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_shutdown_ends_cleanly),
		cmocka_unit_test(test_shutdown_and_who_is_busy),
		cmocka_unit_test(test_wakes_from_elsewhere),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_last_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

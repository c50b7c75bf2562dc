/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls that somebody does not want any more, from a registry that holds the layer back until the test lets it go. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "client/server_test.h"
#include "image/rig_test.h"

#define LONG_NS (300 * NS_PER_S) /* only so that no test hangs */

struct scene {
	struct image image;
	struct server server;
	struct image_store *store;
	struct image_puller *puller;
	char *name;
	pthread_mutex_t lock;
	pthread_cond_t news;
	int held;     /* layers that are held back, or were */
	int hung_up;  /* of them, those whose client went */
	bool release; /* lets them go */
};

struct caller {
	struct scene *s;
	pthread_t thread;
	struct cancel cancel;
	struct image_record *r;
	struct err err;
};

static void note(struct scene *s, int *what)
{
	pthread_mutex_lock(&s->lock);
	++*what;
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->lock);
}

static bool released(struct scene *s)
{
	pthread_mutex_lock(&s->lock);
	bool yes = s->release;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

/* The first half, then nothing. */
static void hold_layer(struct server_request *rq, struct scene *s)
{
	const struct buf *l = &s->image.layer;
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", l->len);
	buf_add(&b, l->p, l->len / 2);
	server_send(rq->fd, b.p, b.len);
	note(s, &s->held);
	while (!released(s)) {
		struct pollfd p = {.fd = rq->fd, .events = POLLIN | POLLRDHUP};
		if (poll(&p, 1, 5) == 1) {
			note(s, &s->hung_up);
			rq->close = true;
			return;
		}
	}
	server_send(rq->fd, l->p + l->len / 2, l->len - l->len / 2);
}

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	if (strstr(rq->path, "/manifests/"))
		server_reply(rq, 200, "", s->image.manifest.p);
	else if (strstr(rq->path, s->image.config_digest))
		server_reply(rq, 200, "", s->image.config.p);
	else if (strstr(rq->path, s->image.layer_digest))
		hold_layer(rq, s);
	else
		server_reply(rq, 404, "", "{}");
}

static void start(struct scene *s, const char *name)
{
	*s = (struct scene){.lock = PTHREAD_MUTEX_INITIALIZER};
	clock_cond_init(&s->news);
	make_image(&s->image, "image", "x:1");
	server_start(&s->server, on_request, s);
	s->store = open_store(name);
	s->puller = image_puller_new(s->store);
	s->name = mem_printf("127.0.0.1:%d/a/b:t", s->server.port);
}

static bool count(void *arg, const char *file)
{
	++*(size_t *)arg;
	return true;
}

static size_t ingested(const char *name)
{
	struct err err = ERR_INIT;
	autofree char *dir = mem_printf("%s/%s/ingest", root, name);
	size_t n = 0;
	(void)!tree_names(dir, count, &n, &err);
	return n;
}

static void stop(struct scene *s, const char *name)
{
	image_puller_free(s->puller); /* what is still ending has ended then */
	assert_int_equal(ingested(name), 0);
	image_store_free(s->store);
	server_stop(&s->server);
	free_image(&s->image);
	free(s->name);
}

static void *pull_thread(void *arg)
{
	struct caller *c = arg;
	struct registry_options o = {0};
	c->r = image_pull(c->s->puller, c->s->name, &o, &c->cancel, &c->err);
	return NULL;
}

static void begin(struct caller *c, struct scene *s)
{
	*c = (struct caller){.s = s};
	cancel_init(&c->cancel);
	c->thread = thread_start("pull", pull_thread, c);
}

static void wait_for(struct scene *s, const int *what, int n)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	pthread_mutex_lock(&s->lock);
	while (*what < n)
		assert_true(clock_cond_wait(&s->news, &s->lock, deadline));
	pthread_mutex_unlock(&s->lock);
}

static void wait_wanted(struct scene *s, size_t n)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	while (image_puller_wanted(s->puller) != n) {
		assert_true(clock_mono_ns() < deadline);
		(void)poll(NULL, 0, 1);
	}
}

static void let_go(struct scene *s)
{
	pthread_mutex_lock(&s->lock);
	s->release = true;
	pthread_mutex_unlock(&s->lock);
}

static void ends(struct caller *c, bool well)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LONG_NS / NS_PER_S;
	assert_int_equal(pthread_timedjoin_np(c->thread, NULL, &until), 0);
	cancel_release(&c->cancel);
	if (well != (c->r != NULL))
		fail_msg("%s", c->err.msg);
	if (!well)
		assert_int_equal(c->err.reason, REASON_CANCELED);
	else
		expect_hello(c->s->store, c->r, "image");
	image_record_unref(c->r);
}

/* The only one who wants it: the transfer ends, nothing of it stays, and the next one begins anew. */
static void test_alone(void **state)
{
	struct scene s;
	struct caller a, b;
	start(&s, "alone");
	begin(&a, &s);
	wait_for(&s, &s.held, 1);
	cancel_now(&a.cancel);
	ends(&a, false);
	wait_for(&s, &s.hung_up, 1);
	begin(&b, &s);
	wait_for(&s, &s.held, 2);
	let_go(&s);
	ends(&b, true);
	stop(&s, "alone");
}

/* Both want it, the one who asked first goes, at once: the other one has it all the same. */
static void test_first_of_two(void **state)
{
	struct scene s;
	struct caller a, b;
	start(&s, "first");
	begin(&a, &s);
	wait_for(&s, &s.held, 1);
	begin(&b, &s);
	wait_wanted(&s, 2);
	cancel_now(&a.cancel);
	ends(&a, false);
	let_go(&s);
	ends(&b, true);
	assert_int_equal(s.held, 1);
	assert_int_equal(s.hung_up, 0);
	stop(&s, "first");
}

/* The one who waits goes at once. */
static void test_second_of_two(void **state)
{
	struct scene s;
	struct caller a, b;
	start(&s, "second");
	begin(&a, &s);
	wait_for(&s, &s.held, 1);
	begin(&b, &s);
	wait_wanted(&s, 2);
	cancel_now(&b.cancel);
	ends(&b, false);
	let_go(&s);
	ends(&a, true);
	assert_int_equal(s.held, 1);
	stop(&s, "second");
}

static void test_before_it_began(void **state)
{
	struct scene s;
	struct caller a = {0};
	struct registry_options o = {0};
	start(&s, "before");
	cancel_init(&a.cancel);
	cancel_now(&a.cancel);
	assert_null(image_pull(s.puller, s.name, &o, &a.cancel, &a.err));
	assert_int_equal(a.err.reason, REASON_CANCELED);
	assert_int_equal(s.held, 0);
	cancel_release(&a.cancel);
	stop(&s, "before");
}

/* Out of descriptors: an error that is tried again later, not the end of all Pods' agent. */
static void test_no_descriptors(void **state)
{
	struct scene s;
	struct caller a = {0};
	struct registry_options o = {0};
	struct rlimit old, none;
	start(&s, "none");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct image_record *r = image_pull(s.puller, s.name, &o, NULL, &a.err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_null(r);
	assert_non_null(strstr(a.err.msg, "Too many open files"));
	begin(&a, &s);
	wait_for(&s, &s.held, 1);
	let_go(&s);
	ends(&a, true);
	stop(&s, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),	       cmocka_unit_test(test_first_of_two),
		cmocka_unit_test(test_second_of_two),  cmocka_unit_test(test_before_it_began),
		cmocka_unit_test(test_no_descriptors),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

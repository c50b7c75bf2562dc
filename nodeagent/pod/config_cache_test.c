/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "pod/config_cache.h"

/* A cache on a loop, before a server that has (or has not) one object and says on its watch what the test wants. */
struct scene {
	struct server server;
	struct rest_config rest;
	struct loop *loop;
	struct rest *client;
	struct config_cache *cache;
	struct config_set set;
	bool arrived;

	pthread_mutex_t lock;
	pthread_cond_t cond;
	const char *item; /* NULL: there is none */
	int failures, lists, watches, changes;
	const char *say; /* on the watch; "" ends it */
	bool hold;	 /* lists get no answer */
	bool over;
};

static void on_list(struct scene *s, struct server_request *rq)
{
	autobuf struct buf b = BUF_INIT;
	pthread_mutex_lock(&s->lock);
	bool fail = s->failures > 0;
	s->failures -= fail;
	s->lists++;
	buf_addf(&b, "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[%s]}", s->item ? s->item : "");
	pthread_cond_broadcast(&s->cond);
	while (s->hold)
		pthread_cond_wait(&s->cond, &s->lock);
	pthread_mutex_unlock(&s->lock);
	server_reply(rq, fail ? 500 : 200, "", buf_str(&b));
}

static void on_watch(struct scene *s, struct server_request *rq)
{
	server_stream(rq, 200);
	pthread_mutex_lock(&s->lock);
	s->watches++;
	pthread_cond_broadcast(&s->cond);
	for (bool open = true; open;) {
		while (!s->say && !s->over)
			pthread_cond_wait(&s->cond, &s->lock);
		open = !s->over && *s->say;
		server_chunk(rq, open ? s->say : "");
		s->say = NULL;
		pthread_cond_broadcast(&s->cond);
	}
	pthread_mutex_unlock(&s->lock);
}

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	assert_non_null(
		strstr(rq->path, "/api/v1/namespaces/ns/configmaps?fieldSelector=metadata.name%3Dcm"));
	if (strstr(rq->path, "watch=true"))
		on_watch(s, rq);
	else
		on_list(s, rq);
}

static void start(struct scene *s, bool watch)
{
	*s = (struct scene){.item = "{\"data\":{\"k\":\"one\"}}"};
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->cond);
	server_start(&s->server, on_request, s);
	s->rest.kube.server = s->server.url;
	s->rest.user_agent = "test";
	s->loop = loop_new(NULL);
	s->client = rest_new_on(s->loop, &s->rest, 0);
	s->cache = config_cache_new(s->client, watch);
	loop_start(s->loop, "loop");
}

static void do_release(void *arg)
{
	struct scene *s = arg;
	config_set_release(&s->set);
	assert_int_equal(config_cache_len(s->cache), 0);
}

static void stop(struct scene *s)
{
	assert_true(loop_call(s->loop, do_release, s));
	loop_join(s->loop);
	config_cache_free(s->cache);
	rest_free(s->client);
	loop_free(s->loop);
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	server_stop(&s->server);
}

static void on_arrived(void *arg)
{
	struct scene *s = arg;
	pthread_mutex_lock(&s->lock);
	s->arrived = true;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void do_wait(void *arg)
{
	struct scene *s = arg;
	config_set_add(&s->set, s->cache, CONFIG_MAP, "ns", "cm");
	config_set_add(&s->set, s->cache, CONFIG_MAP, "ns", "cm"); /* is one */
	assert_int_equal(s->set.n, 1);
	config_set_wait(&s->set, on_arrived, s);
}

/* True when the condition came to hold in time. */
#define SOON(s, condition) WITHIN(s, condition, 480 * NS_PER_S)
#define WITHIN(s, condition, ns)                                                                             \
	({                                                                                                   \
		int64_t deadline_ = clock_mono_ns() + (ns);                                                  \
		pthread_mutex_lock(&(s)->lock);                                                              \
		while (!(condition) && clock_cond_wait(&(s)->cond, &(s)->lock, deadline_))                   \
			;                                                                                    \
		bool holds_ = (condition);                                                                   \
		pthread_mutex_unlock(&(s)->lock);                                                            \
		holds_;                                                                                      \
	})

static void set_item(struct scene *s, const char *item)
{
	pthread_mutex_lock(&s->lock);
	s->item = item;
	pthread_mutex_unlock(&s->lock);
}

/* Waits for the object; how many requests were made for it by then. */
static int wait_object(struct scene *s)
{
	s->arrived = false;
	assert_true(loop_call(s->loop, do_wait, s));
	assert_true(SOON(s, s->arrived));
	pthread_mutex_lock(&s->lock);
	int lists = s->lists;
	pthread_mutex_unlock(&s->lock);
	return lists;
}

struct look {
	struct scene *s;
	char value[32];
	struct err err, check;
};

static void do_look(void *arg)
{
	struct look *l = arg;
	const js *o = config_set_get(&l->s->set, CONFIG_MAP, "cm", &l->err);
	snprintf(l->value, sizeof(l->value), "%s", js_str0(o, "data", "k", NULL));
	(void)!config_set_check(&l->s->set, &l->check);
}

static struct look look(struct scene *s)
{
	struct look l = {.s = s};
	assert_true(loop_call(s->loop, do_look, &l));
	return l;
}

static void say(struct scene *s, const char *line)
{
	pthread_mutex_lock(&s->lock);
	s->say = line;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	assert_true(SOON(s, !s->say));
}

/* What was said travels: look until it has come. */
static void expect_data(struct scene *s, const char *want)
{
	for (int64_t end = clock_mono_ns() + 480 * NS_PER_S;;) {
		struct look l = look(s);
		if (!strcmp(l.value, want))
			return;
		if (clock_mono_ns() > end)
			fail_msg("\"%s\" instead of \"%s\"", l.value, want);
		(void)poll(NULL, 0, 1);
	}
}

static void test_watched(void **state)
{
	struct scene s;
	start(&s, true);
	assert_int_equal(wait_object(&s), 1);
	assert_string_equal(look(&s).value, "one");
	assert_true(SOON(&s, s.watches == 1));
	assert_int_equal(wait_object(&s), 1); /* nothing was asked for: it is known */
	say(&s, "{\"type\":\"MODIFIED\",\"object\":{\"data\":{\"k\":\"two\"}}}\n");
	expect_data(&s, "two");
	say(&s, "{\"type\":\"BOOKMARK\",\"object\":{}}\n");
	say(&s, "{\"type\":\"DELETED\",\"object\":{\"data\":{\"k\":\"two\"}}}\n");
	expect_data(&s, "");
	assert_int_equal(look(&s).err.reason, REASON_NOT_FOUND);
	/* That it is not there is not believed: the next who waits makes us look. */
	set_item(&s, "{\"data\":{\"k\":\"three\"}}");
	assert_int_equal(wait_object(&s), 2);
	assert_string_equal(look(&s).value, "three");
	/* A watch that ends begins again with the list. */
	set_item(&s, "{\"data\":{\"k\":\"four\"}}");
	say(&s, "");
	expect_data(&s, "four");
	assert_true(SOON(&s, s.watches == 2));
	stop(&s);
}

static void test_fetched(void **state)
{
	struct scene s;
	start(&s, false);
	assert_int_equal(wait_object(&s), 1);
	assert_int_equal(wait_object(&s), 2);
	set_item(&s, NULL);
	assert_int_equal(wait_object(&s), 3);
	assert_int_equal(look(&s).err.reason, REASON_NOT_FOUND);
	assert_int_equal(look(&s).check.reason, REASON_NONE);
	assert_int_equal(s.watches, 0);
	stop(&s);
}

static void hold(struct scene *s, bool yes)
{
	pthread_mutex_lock(&s->lock);
	s->hold = yes;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

/* A watch that ends while somebody's list is on its way waits for that one. */
static void test_ends_while_listing(void **state)
{
	struct scene s;
	clock_hasten(4);
	start(&s, true);
	set_item(&s, NULL);
	assert_int_equal(wait_object(&s), 1);
	assert_true(SOON(&s, s.watches == 1));
	hold(&s, true);
	s.arrived = false;
	assert_true(loop_call(s.loop, do_wait, &s));
	assert_true(SOON(&s, s.lists == 2));
	say(&s, "");
	assert_false(WITHIN(&s, s.lists == 3, 5 * NS_PER_S)); /* it would begin again after 1 to 2 s */
	set_item(&s, "{\"data\":{\"k\":\"two\"}}");
	hold(&s, false);
	assert_true(SOON(&s, s.arrived));
	assert_true(SOON(&s, s.watches == 2));
	assert_int_equal(s.lists, 2);
	stop(&s);
	clock_real();
}

/* A failure is told, and forgotten with the next success. */
static void test_failure(void **state)
{
	struct scene s;
	clock_slow(10); /* it would be tried again after a second without being asked for */
	start(&s, true);
	s.failures = 1;
	assert_int_equal(wait_object(&s), 1);
	assert_int_equal(look(&s).check.reason, REASON_INTERNAL);
	(void)wait_object(&s);
	assert_string_equal(look(&s).value, "one");
	assert_int_equal(look(&s).check.reason, REASON_NONE);
	stop(&s);
	clock_real();
}

static void count_change(void *arg, const struct config_object *o)
{
	struct scene *s = arg;
	assert_true(config_set_has(&s->set, o));
	pthread_mutex_lock(&s->lock);
	s->changes++;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void do_on_change(void *arg)
{
	config_cache_on_change(((struct scene *)arg)->cache, count_change, arg);
}

#define CM(rv, more) "{\"metadata\":{\"resourceVersion\":\"" rv "\"},\"data\":{\"k\":\"v" rv "\"}" more "}"
#define EVENT(type, o) "{\"type\":\"" type "\",\"object\":" o "}\n"

/* Each change is told once: by the watch, or by the list after one that ended; the first sight of an object is none. */
static void test_changes(void **state)
{
	struct scene s;
	start(&s, true);
	assert_true(loop_call(s.loop, do_on_change, &s));
	set_item(&s, CM("5", ""));
	assert_int_equal(wait_object(&s), 1);
	assert_true(SOON(&s, s.watches == 1));
	assert_int_equal(s.changes, 0);
	say(&s, EVENT("MODIFIED", CM("6", "")));
	assert_true(SOON(&s, s.changes == 1));
	say(&s, EVENT("DELETED", CM("6", "")));
	assert_true(SOON(&s, s.changes == 2));
	say(&s, EVENT("ADDED", CM("8", "")));
	assert_true(SOON(&s, s.changes == 3));
	set_item(&s, CM("8", ""));
	say(&s, "");
	assert_true(SOON(&s, s.watches == 2));
	assert_int_equal(s.changes, 3);
	set_item(&s, CM("9", ""));
	say(&s, "");
	assert_true(SOON(&s, s.changes == 4));
	stop(&s);
}

/* What cannot change is not watched, from the moment on that it says so. */
static void test_immutable(void **state)
{
	struct scene s;
	start(&s, true);
	clock_hasten(4);
	set_item(&s, CM("5", ""));
	assert_int_equal(wait_object(&s), 1);
	assert_true(SOON(&s, s.watches == 1));
	say(&s, EVENT("MODIFIED", CM("6", ",\"immutable\":true")));
	expect_data(&s, "v6");
	assert_false(WITHIN(&s, s.lists == 2, 5 * NS_PER_S)); /* it would begin again after 1 to 2 s */
	assert_int_equal(wait_object(&s), 1);
	assert_string_equal(look(&s).value, "v6");
	stop(&s);
	start(&s, true);
	set_item(&s, CM("5", ",\"immutable\":true"));
	assert_int_equal(wait_object(&s), 1);
	assert_int_equal(wait_object(&s), 1);
	assert_int_equal(s.watches, 0);
	stop(&s);
	clock_real();
}

static void on_class(struct server_request *rq)
{
	assert_non_null(
		strstr(rq->path, "/apis/node.k8s.io/v1/runtimeclasses?fieldSelector=metadata.name%3Dfast"));
	server_reply(rq, 200, "", "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}");
}

static void do_wait_class(void *arg)
{
	struct scene *s = arg;
	config_set_add(&s->set, s->cache, CONFIG_RUNTIME_CLASS, "ns", "fast");
	config_set_add(&s->set, s->cache, CONFIG_RUNTIME_CLASS, "other",
		       "fast"); /* is one: it has no namespace */
	assert_int_equal(s->set.n, 1);
	config_set_wait(&s->set, on_arrived, s);
}

static void do_look_class(void *arg)
{
	struct look *l = arg;
	assert_null(config_set_get(&l->s->set, CONFIG_RUNTIME_CLASS, "fast", &l->err));
}

static void test_class(void **state)
{
	struct scene s;
	start(&s, false);
	s.server.handler = on_class;
	assert_true(loop_call(s.loop, do_wait_class, &s));
	assert_true(SOON(&s, s.arrived));
	struct look l = {.s = &s};
	assert_true(loop_call(s.loop, do_look_class, &l));
	assert_string_equal(l.err.msg, "runtimeclass.node.k8s.io \"fast\" not found");
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_watched),
					   cmocka_unit_test(test_fetched),
					   cmocka_unit_test(test_ends_while_listing),
					   cmocka_unit_test(test_failure),
					   cmocka_unit_test(test_changes),
					   cmocka_unit_test(test_immutable),
					   cmocka_unit_test(test_class)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

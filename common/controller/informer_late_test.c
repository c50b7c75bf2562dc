/* SPDX-License-Identifier: Apache-2.0 */
/* Informers that come and go while others run: who hears of them, and who does not wait for them. */
#include "controller/informer_late.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/json_test.h"

#define GUARD_NS (120 * NS_PER_S)

static bool plain_decode(void *into, const js *o)
{
	return true;
}

static const struct informer_type like = {.size = sizeof(struct informer_object), .decode = plain_decode};
static const struct informer_type known_type = {.group = "",
						.version = "v1",
						.resource = "configmaps",
						.kind = "ConfigMap",
						.size = sizeof(struct informer_object),
						.decode = plain_decode};
static const struct informer_late thing = {"x.io", "v1", "things", "Thing"};

struct api {
	struct server s;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool closing;
	struct buf log; /* what was told: +NAME, -NAME, and a full stop for each list */
	struct rest_config config;
	struct rest *rest;
	struct informer_set *set;
	struct informer *known;
};

/* One object of each kind, named after its resource; nothing of the group `none`. */
static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;

	if (strstr(rq->path, "/none/")) {
		server_reply(rq, 404, "", JSON("{'kind':'Status','code':404,'reason':'NotFound'}"));
	} else if (strstr(rq->path, "watch=true")) {
		server_stream(rq, 200);
		pthread_mutex_lock(&a->lock);
		while (!a->closing)
			pthread_cond_wait(&a->cond, &a->lock);
		pthread_mutex_unlock(&a->lock);
		server_chunk(rq, "");
	} else {
		server_reply(
			rq, 200, "",
			strstr(rq->path, "things")
				? JSON("{'metadata':{'resourceVersion':'9'},'items':[{'metadata':{'name':'thing','uid':'u','resourceVersion':'5'}}]}")
				: JSON("{'metadata':{'resourceVersion':'9'},'items':[{'metadata':{'name':'known','uid':'k','resourceVersion':'5'}}]}"));
	}
}

static void note(struct api *a, const char *sign, const char *name)
{
	pthread_mutex_lock(&a->lock);
	buf_addf(&a->log, "%s%s ", sign, name);
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

static void on_any(void *arg, const void *old, const void *new)
{
	const struct informer_object *o = new ? new : old;

	note(arg, new ? "+" : "-", o->meta.name);
}

static void on_listed(void *arg)
{
	note(arg, ".", "");
}

static void expect(struct api *a, const char *want)
{
	int64_t deadline = clock_mono_ns() + GUARD_NS;

	pthread_mutex_lock(&a->lock);
	while (a->log.len < strlen(want) && clock_cond_wait(&a->cond, &a->lock, deadline))
		;
	assert_string_equal(buf_str(&a->log), want);
	buf_clear(&a->log);
	pthread_mutex_unlock(&a->lock);
}

static int setup(void **state)
{
	struct api *a = MEM_NEW(struct api);

	pthread_mutex_init(&a->lock, NULL);
	clock_cond_init(&a->cond);
	server_start(&a->s, serve, a);
	a->config.kube.server = a->s.url;
	a->rest = rest_start(&a->config, "loop");
	a->set = informer_set_new(a->rest);
	a->known = informer_add(a->set, &known_type, NULL, NULL, NULL);
	informer_set_on_any(a->set, on_any, on_listed, a);
	informer_set_start(a->set);
	expect(a, "+known . ");
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct api *a = *state;

	informer_set_free(a->set);
	rest_free(a->rest);
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
	server_stop(&a->s);
	buf_release(&a->log);
	free(a);
	return 0;
}

static void test_comes_and_goes(void **state)
{
	struct api *a = *state;

	assert_null(informer_late_find(a->set, "x.io", "things"));
	struct informer *i = informer_late_add(a->set, &like, &thing);
	expect(a, "+thing . ");
	assert_string_equal(informer_get_type(i)->kind, "Thing");
	assert_true(informer_synced(i, 0));
	assert_ptr_equal(informer_late_add(a->set, &like, &thing), i);
	assert_ptr_equal(informer_late_find(a->set, "x.io", "things"), i);
	informer_late_stop(i);
	expect(a, "-thing ");
	assert_true(informer_late_asleep(i));
	assert_int_equal(informer_len(i), 0);
	informer_late_stop(i);
	assert_ptr_equal(informer_late_add(a->set, &like, &thing), i);
	expect(a, "+thing . ");
	/* stopped and wanted again before the loop has looked: it stays, or begins anew */
	informer_late_stop(i);
	informer_late_add(a->set, &like, &thing);
	int64_t deadline = clock_mono_ns() + GUARD_NS;
	assert_true(informer_synced(i, deadline) || informer_len(i) == 1);
}

/* Who has an informer already needs no other; who wants the present ones finds both. */
static void test_what_is_there_is_used(void **state)
{
	struct api *a = *state;
	struct informer **all;

	assert_ptr_equal(informer_late_add(a->set, &like,
					   &(struct informer_late){"", "v1", "configmaps", "ConfigMap"}),
			 a->known);
	assert_false(informer_late_is(a->known));
	informer_late_stop(a->known); /* only of late ones */
	assert_false(informer_late_asleep(a->known));
	informer_late_add(a->set, &like, &thing);
	expect(a, "+thing . ");
	size_t n = informer_set_list(a->set, &all);
	free(all);
	assert_int_equal(n, 2);
}

static void test_nobody_waits(void **state)
{
	struct api *a = *state;
	struct informer *i =
		informer_late_add(a->set, &like, &(struct informer_late){"none", "v1", "things", "Thing"});

	assert_true(informer_set_synced(a->set, 0));
	assert_false(informer_synced(i, 0));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_comes_and_goes),
		TEST(test_what_is_there_is_used),
		TEST(test_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

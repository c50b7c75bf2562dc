/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/controller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/server_test.h"

/* ---- an API that lists two Pods and then says no more ---- */

struct world {
	struct server s;
	struct rest_config config;
	struct rest *rest;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool closing;
	int watches;
	struct buf log; /* "key " per sync */
	int fails;	/* syncs still to fail */
	int again;	/* syncs still to ask for another */
	bool stuck;	/* sync waits for a reply that never comes */
	struct rest *clients[64];
	size_t n_clients;
	enum reason last;
	bool destroyed;
	atomic_int tokens;
};

static struct world *world; /* of the running test; a controller's init gets no argument */

/* The first token is no good. */
static void serve_account(struct server_request *rq)
{
	autofree char *who = server_header(rq, "Authorization");
	struct world *w = rq->s->arg;

	if (strstr(rq->path, "/c-account/token")) {
		autofree char *body =
			mem_printf("{\"status\":{\"token\":\"t%d\"}}", atomic_fetch_add(&w->tokens, 1) + 1);

		server_reply(rq, 201, "", body);
	} else {
		server_reply(rq, who && !strcmp(who, "Bearer t2") ? 200 : 401, "", "{}");
	}
}

static void serve(struct server_request *rq)
{
	static const char list[] =
		"{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":["
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"uid\":\"1\",\"resourceVersion\":\"1\","
		"\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"rs\",\"uid\":\"u\",\"controller\":true}]}},"
		"{\"metadata\":{\"name\":\"b\",\"namespace\":\"ns\",\"uid\":\"2\",\"resourceVersion\":\"2\"}}]}";
	struct world *w = rq->s->arg;

	if (strstr(rq->path, "/token") || !strcmp(rq->path, "/who")) {
		serve_account(rq);
		return;
	}
	if (strstr(rq->path, "watch=true"))
		server_stream(rq, 200);
	else if (strcmp(rq->path, "/stuck")) {
		server_reply(rq, 200, "", list);
		return;
	}
	pthread_mutex_lock(&w->lock);
	if (!strcmp(rq->path, "/stuck"))
		w->stuck = false;
	else
		w->watches++;
	pthread_cond_broadcast(&w->cond);
	while (!w->closing)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
	rq->close = true;
}

static bool decode(void *into, const js *o)
{
	return true;
}

static const struct informer_type pod_type = {.group = "",
					      .version = "v1",
					      .resource = "pods",
					      .kind = "Pod",
					      .size = sizeof(struct informer_object),
					      .decode = decode};

/* ---- the controller under test ---- */

static void *init(struct informer **informers, struct workqueue *q)
{
	assert_non_null(informers[0]);
	return world;
}

static void destroy(void *state)
{
	((struct world *)state)->destroyed = true;
}

static int sync_pod(struct controller_ctx *ctx, const char *key, struct err *err)
{
	struct world *w = ctx->state;
	const void *o = informer_get(ctx->informers[0], key);
	bool fail, stuck;

	informer_unref(o);
	pthread_mutex_lock(&w->lock);
	buf_addf(&w->log, "%s%s ", key, o ? "" : "?");
	w->clients[w->n_clients++ % 64] = ctx->rest;
	fail = w->fails > 0 && w->fails--;
	stuck = w->stuck;
	if (!fail && w->again > 0 && w->again--)
		ctx->requeue_after_ns = NS_PER_MS;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
	if (stuck && rest_do(ctx->rest, REST_GET, "/stuck", NULL, NULL, err)) {
		pthread_mutex_lock(&w->lock);
		w->last = err->reason;
		pthread_mutex_unlock(&w->lock);
		return -1;
	}
	return fail ? err_set(err, REASON_CONFLICT, "not yet") : 0;
}

static void enqueue_owner(struct workqueue *q, void *state, struct informer **informers, const void *old,
			  const void *new)
{
	controller_enqueue_owner(q, "ReplicaSet", old, new);
}

static const struct controller pod_controller = {
	.name = "pod-test",
	.watches = {{.type = &pod_type, .enqueue = controller_enqueue_self}},
	.workers = 3,
	.sync = sync_pod,
	.init = init,
	.destroy = destroy,
};

static const struct controller owner_controller = {
	.name = "owner-test",
	.watches = {{.type = &pod_type, .enqueue = enqueue_owner}},
	.workers = 1,
	.sync = sync_pod,
	.init = init,
};

static int sync_who(struct controller_ctx *ctx, const char *key, struct err *err)
{
	struct world *w = ctx->state;

	if (rest_do(ctx->rest, REST_GET, "/who", NULL, NULL, err) < 0)
		return -1;
	pthread_mutex_lock(&w->lock);
	buf_addf(&w->log, "%s ", key);
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

static const struct controller account_controller = {
	.name = "account-test",
	.watches = {{.type = &pod_type, .enqueue = enqueue_owner}},
	.account = "c-account",
	.workers = 1,
	.sync = sync_who,
	.init = init,
};

static int setup(void **state)
{
	struct world *w = MEM_NEW(struct world);

	pthread_mutex_init(&w->lock, NULL);
	clock_cond_init(&w->cond);
	server_start(&w->s, serve, w);
	w->config = (struct rest_config){.kube = {.server = w->s.url}, .user_agent = "t"};
	w->rest = rest_start(&w->config, "loop");
	world = w;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	rest_free(w->rest);
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->lock);
	server_stop(&w->s);
	buf_release(&w->log);
	free(w);
	return 0;
}

static int count(const char *log, const char *word)
{
	int n = 0;

	for (const char *p = log; (p = strstr(p, word)); p++)
		n++;
	return n;
}

static void wait_log(struct world *w, const char *word, int n)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;

	pthread_mutex_lock(&w->lock);
	while (count(buf_str(&w->log), word) < n && clock_cond_wait(&w->cond, &w->lock, deadline))
		;
	assert_int_equal(count(buf_str(&w->log), word), n);
	pthread_mutex_unlock(&w->lock);
}

static void test_sync(void **state)
{
	static const struct controller *const table[] = {&pod_controller, &owner_controller, NULL};
	struct world *w = *state;
	struct controller_set *s = controller_set_new(table, w->rest, "test");

	assert_true(controller_set_synced(s)); /* a standby is ready to be elected */
	controller_set_start(s);
	wait_log(w, "ns/a ", 1);
	wait_log(w, "ns/b ", 1);
	wait_log(w, "ns/rs? ", 1);
	assert_true(controller_set_synced(s));
	pthread_mutex_lock(&w->lock);
	while (!w->watches)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
	assert_int_equal(atomic_load(&w->s.requests), 2); /* one informer for both: a list and a watch */
	controller_set_free(s);
	assert_true(w->destroyed);
}

static void test_retry_and_again(void **state)
{
	static const struct controller *const table[] = {&owner_controller, NULL};
	struct world *w = *state;
	struct controller_set *s = controller_set_new(table, w->rest, "test");

	w->fails = 3;
	w->again = 2;
	controller_set_start(s);
	wait_log(w, "ns/rs? ", 6);
	for (int i = 1; i < 6; i++)
		assert_ptr_equal(w->clients[i], w->clients[0]);
	controller_set_free(s);
}

/* A worker that hangs in a request is freed from it. */
static void test_stop_stuck(void **state)
{
	static const struct controller *const table[] = {&pod_controller, NULL};
	struct world *w = *state;
	struct controller_set *s = controller_set_new(table, w->rest, "test");

	w->stuck = true;
	controller_set_start(s);
	pthread_mutex_lock(&w->lock);
	while (w->stuck)
		pthread_cond_wait(&w->cond, &w->lock);
	pthread_mutex_unlock(&w->lock);
	controller_set_free(s);
	assert_int_equal(w->last, REASON_CANCELED); /* and not its time ran out */
}

/* It speaks as its account; a token that is refused is replaced. */
static void test_account(void **state)
{
	static const struct controller *const table[] = {&account_controller, NULL};
	struct world *w = *state;
	struct controller_set *s = controller_set_new(table, w->rest, "test");

	controller_set_use_accounts(s);
	controller_set_start(s);
	wait_log(w, "ns/rs ", 1);
	controller_set_free(s);
	assert_int_equal(atomic_load(&w->tokens), 2);
}

/* Stopping before the API ever answered, and without a start. */
static void test_stop_early(void **state)
{
	static const struct controller *const table[] = {&pod_controller, NULL};
	struct rest_config nowhere = {.kube = {.server = (char *)"http://127.0.0.1:1"}};
	struct rest *r = rest_start(&nowhere, "loop");
	struct controller_set *s = controller_set_new(table, r, "test");

	controller_set_free(s);
	s = controller_set_new(table, r, "test");
	controller_set_start(s);
	assert_false(controller_set_synced(s));
	controller_set_free(s);
	rest_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_sync),	    T(test_retry_and_again), T(test_account),
		T(test_stop_stuck), T(test_stop_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/leader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/json_test.h"
#include "object/json.h"

#define PATH "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

/* One Lease with optimistic locking. */
struct api {
	struct server s;
	struct rest_config config;
	struct rest *rest;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	js *lease;
	int rv, reads, writes, conflicts, refused;
	bool down, lost, no_create, quiet;
};

static void refuse(struct server_request *rq, int code, const char *reason)
{
	autofree char *body = mem_printf(
		"{\"kind\":\"Status\",\"reason\":\"%s\",\"message\":\"no\",\"code\":%d}", reason, code);

	server_reply(rq, code, "", body);
}

static void store(struct api *a, struct server_request *rq)
{
	struct err err = ERR_INIT;
	char rv[16];

	js_autoput(&a->lease);
	a->lease = js_parse(rq->body, rq->body_len, NULL, &err);
	snprintf(rv, sizeof(rv), "%d", ++a->rv);
	js_set_str(js_ensure(a->lease, "metadata", NULL), "resourceVersion", rv);
	a->writes++;
	pthread_cond_broadcast(&a->cond);
}

static void handle(struct api *a, struct server_request *rq)
{
	autobuf struct buf b = BUF_INIT;
	bool named = !strcmp(rq->path, PATH "/x");
	struct err err = ERR_INIT;
	autojson js *in = rq->body_len ? js_parse(rq->body, rq->body_len, NULL, &err) : NULL;

	if (a->down) {
		refuse(rq, 500, "InternalError");
	} else if (!strcmp(rq->method, "POST")) {
		assert(!strcmp(rq->path, PATH));
		if (a->no_create) {
			a->refused++;
			pthread_cond_broadcast(&a->cond);
			refuse(rq, 403, "Forbidden");
			return;
		}
		if (a->lease) {
			refuse(rq, 409, "AlreadyExists");
			return;
		}
		store(a, rq);
	} else if (!named || !a->lease) {
		refuse(rq, 404, "NotFound");
		return;
	} else if (!strcmp(rq->method, "PUT")) {
		if (strcmp(js_str0(in, "metadata", "resourceVersion", NULL),
			   js_str0(a->lease, "metadata", "resourceVersion", NULL))) {
			a->conflicts++;
			refuse(rq, 409, "Conflict");
			return;
		}
		store(a, rq);
	} else {
		a->reads++;
		pthread_cond_broadcast(&a->cond);
	}
	if (a->down)
		return;
	js_write(&b, a->lease);
	server_reply(rq, 200, "", b.p);
}

static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;

	pthread_mutex_lock(&a->lock);
	handle(a, rq);
	pthread_mutex_unlock(&a->lock);
}

static int setup(void **state)
{
	struct api *a = MEM_NEW(struct api);

	pthread_mutex_init(&a->lock, NULL);
	clock_cond_init(&a->cond);
	server_start(&a->s, serve, a);
	clock_fake(clock_wall_ns()); /* however long a call takes, it is in time */
	a->config = (struct rest_config){.kube = {.server = a->s.url}, .user_agent = "t"};
	a->rest = rest_start(&a->config, "loop");
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct api *a = *state;

	rest_free(a->rest);
	server_stop(&a->s);
	clock_real();
	js_autoput(&a->lease);
	free(a);
	return 0;
}

static void look(void *arg)
{
	struct api *a = arg;

	a->quiet = !http_in_flight(rest_http(a->rest));
}

/* Every reply has been acted on: what comes next comes with time. */
static void settle(struct api *a)
{
	do
		assert_true(loop_call(rest_loop(a->rest), look, a));
	while (!a->quiet);
}

static void pass(struct api *a, int64_t ns)
{
	settle(a);
	clock_advance(ns);
	loop_wake(rest_loop(a->rest));
}

static void expect_spec(struct api *a, const char *who, int64_t seconds, int64_t transitions)
{
	pthread_mutex_lock(&a->lock);
	assert_string_equal(js_str0(a->lease, "spec", "holderIdentity", NULL), who);
	assert_int_equal(js_int(a->lease, -1, "spec", "leaseDurationSeconds", NULL), seconds);
	assert_int_equal(js_int(a->lease, -1, "spec", "leaseTransitions", NULL), transitions);
	assert_int_equal(strlen(js_str0(a->lease, "spec", "renewTime", NULL)),
			 strlen("2026-01-02T15:04:05.000000Z"));
	assert_non_null(js_str(a->lease, "spec", "acquireTime", NULL));
	pthread_mutex_unlock(&a->lock);
}

static void test_acquire_and_release(void **state)
{
	struct api *a = *state;
	struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

	assert_true(leader_wait(l));
	assert_true(leader_is(l));
	expect_spec(a, "me", 15, 0);
	pthread_mutex_lock(&a->lock);
	assert_string_equal(js_str0(a->lease, "metadata", "name", NULL), "x");
	pthread_mutex_unlock(&a->lock);
	leader_free(l);
	expect_spec(a, "", 1, 0);
	/* Free to take at once, and that is a transition. */
	l = leader_new(a->rest, "kube-system", "x", NULL);
	assert_true(leader_wait(l));
	pthread_mutex_lock(&a->lock);
	assert_int_equal(js_int(a->lease, -1, "spec", "leaseTransitions", NULL), 1);
	assert_non_null(strchr(js_str0(a->lease, "spec", "holderIdentity", NULL), '_'));
	pthread_mutex_unlock(&a->lock);
	leader_free(l);
}

static void put_foreign(struct api *a, int seconds)
{
	autofree char *text = mem_printf(
		"{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"%d\"},\"spec\":{\"holderIdentity\":"
		"\"other\",\"leaseDurationSeconds\":%d,\"leaseTransitions\":4}}",
		++a->rv, seconds);
	struct err err = ERR_INIT;

	js_autoput(&a->lease);
	a->lease = js_parse(text, strlen(text), NULL, &err);
}

static void wait_for(struct api *a, const int *what, int n)
{
	pthread_mutex_lock(&a->lock);
	while (*what < n)
		pthread_cond_wait(&a->cond, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

/* Another's lease is respected until it has not changed for its own length. */
static void test_takeover(void **state)
{
	struct api *a = *state;
	struct leader *l;

	pthread_mutex_lock(&a->lock);
	put_foreign(a, 8);
	pthread_mutex_unlock(&a->lock);
	l = leader_new(a->rest, "kube-system", "x", "me");
	wait_for(a, &a->reads, 1);
	pass(a, 5 * NS_PER_S); /* longer than until the next try */
	wait_for(a, &a->reads, 2);
	settle(a);
	assert_false(leader_is(l));
	pass(a, 5 * NS_PER_S);
	assert_true(leader_wait(l));
	expect_spec(a, "me", 15, 5);
	leader_free(l);
}

static void lost(void *arg)
{
	struct api *a = arg;

	pthread_mutex_lock(&a->lock);
	a->lost = true;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

/* Somebody takes the lease away while we hold it: noticed at the next renewal. */
static void test_lost(void **state)
{
	struct api *a = *state;
	struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

	leader_on_lost(l, lost, a);
	assert_true(leader_wait(l));
	pass(a, 5 * NS_PER_S);
	wait_for(a, &a->writes, 2); /* one renewal */
	expect_spec(a, "me", 15, 0);
	pthread_mutex_lock(&a->lock);
	put_foreign(a, 100);
	pthread_mutex_unlock(&a->lock);
	pass(a, 5 * NS_PER_S);
	pthread_mutex_lock(&a->lock);
	while (!a->lost)
		pthread_cond_wait(&a->cond, &a->lock);
	assert_int_equal(a->conflicts, 1);
	pthread_mutex_unlock(&a->lock);
	assert_false(leader_is(l));
	leader_free(l);
	pthread_mutex_lock(&a->lock);
	assert_string_equal(js_str0(a->lease, "spec", "holderIdentity", NULL),
			    "other"); /* not ours to release */
	pthread_mutex_unlock(&a->lock);
}

/* The Lease is deleted and must not be created again: there is nothing to give back at the end. */
static void test_deleted(void **state)
{
	struct api *a = *state;
	struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

	assert_true(leader_wait(l));
	pthread_mutex_lock(&a->lock);
	js_autoput(&a->lease);
	a->lease = NULL;
	a->no_create = true;
	pthread_mutex_unlock(&a->lock);
	pass(a, 5 * NS_PER_S);
	wait_for(a, &a->refused, 1);
	assert_true(leader_is(l)); /* the last renewal still holds */
	leader_free(l);
	assert_null(a->lease);
}

/* The same at the very moment of the stop, before any renewal could notice. */
static void test_deleted_at_the_stop(void **state)
{
	struct api *a = *state;
	struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

	assert_true(leader_wait(l));
	pthread_mutex_lock(&a->lock);
	js_autoput(&a->lease);
	a->lease = NULL;
	pthread_mutex_unlock(&a->lock);
	leader_free(l);
	assert_null(a->lease);
	assert_int_equal(a->writes, 1);
}

/* Whatever comes back in the Lease's place: nothing that ends the process. */
static void test_odd_leases(void **state)
{
	static const char *const leases[] = {
		"{}",
		"{'spec':'x'}",
		"{'spec':{'holderIdentity':{},'leaseDurationSeconds':'x','leaseTransitions':[]}}",
	};
	struct api *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(leases); i++) {
		struct err err = ERR_INIT;
		const char *text = JSON(leases[i]);

		pthread_mutex_lock(&a->lock);
		js_autoput(&a->lease);
		a->lease = js_parse(text, strlen(text), NULL, &err);
		pthread_mutex_unlock(&a->lock);
		struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

		assert_true(leader_wait(l));
		leader_free(l);
		expect_spec(a, "", 1, 1);
	}
}

/* A conflict while it is given back: the renewal before had gone through after all. */
static void test_release_again(void **state)
{
	struct api *a = *state;
	struct leader *l = leader_new(a->rest, "kube-system", "x", "me");

	assert_true(leader_wait(l));
	pthread_mutex_lock(&a->lock);
	js_set_str(js_ensure(a->lease, "metadata", NULL), "resourceVersion", "99");
	a->rv = 99;
	pthread_mutex_unlock(&a->lock);
	leader_free(l);
	assert_int_equal(a->conflicts, 1);
	expect_spec(a, "", 1, 0);
}

/* Stopped while the API does not answer at all: in bounded time. */
static void test_stop_unreachable(void **state)
{
	struct rest_config nowhere = {.kube = {.server = (char *)"http://127.0.0.1:1"}};
	struct rest *r = rest_start(&nowhere, "loop");
	struct leader *l = leader_new(r, "kube-system", "x", "me");

	leader_free(l);
	rest_free(r);
}

static void test_no_descriptors(void **state)
{
	struct rlimit old, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct leader *l = leader_new(NULL, "kube-system", "x", "me");
	int error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_null(l);
	assert_int_equal(error, EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_acquire_and_release),
		T(test_takeover),
		T(test_lost),
		T(test_deleted),
		T(test_deleted_at_the_stop),
		T(test_odd_leases),
		T(test_release_again),
		T(test_stop_unreachable),
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the binder writes, how much at once, and what it says of it, against a server in this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "bind.h"
#include "client/server_test.h"
#include "make_test.h"

#define MANY 300
#define LONG 3072 /* as many as earn all that there is */

struct rig {
	struct server server;
	struct rest_config config;
	struct loop *loop;
	struct rest *rest;
	struct binder *binder;
	struct node_state *node;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	char first[1024], last[1024]; /* requests, as the server got them */
	int status;		      /* what it answers */
	bool hold;		      /* answers wait, but for so many */
	size_t let;
	size_t in_flight;	/* seen on the loop */
	size_t waiting, served; /* requests that the server has not answered yet; and has */
	size_t done, failed;	/* reported by the binder */
};

static void serve(struct server_request *rq)
{
	struct rig *r = rq->s->arg;
	pthread_mutex_lock(&r->lock);
	snprintf(r->last, sizeof(r->last), "%s %s %s", rq->method, rq->path, rq->body);
	if (!r->first[0])
		memcpy(r->first, r->last, sizeof(r->first));
	r->waiting++;
	pthread_cond_broadcast(&r->changed);
	while (r->hold && r->served >= r->let)
		pthread_cond_wait(&r->changed, &r->lock);
	r->waiting--;
	r->served++;
	pthread_cond_broadcast(&r->changed);
	int status = r->status;
	pthread_mutex_unlock(&r->lock);
	server_reply(rq, status, "", "{}");
}

static void bound(void *arg, const struct bind_item *i, const struct err *err)
{
	struct rig *r = arg;
	pthread_mutex_lock(&r->lock);
	r->done++;
	r->failed += err->reason != REASON_NONE;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static int setup(void **state)
{
	struct rig *r = MEM_NEW(struct rig);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->status = 201;
	server_start(&r->server, serve, r);
	r->config = (struct rest_config){.kube = {.server = r->server.url}, .user_agent = "test"};
	r->loop = loop_new(NULL);
	r->rest = rest_new_on(r->loop, &r->config, 0);
	r->binder = binder_new(r->rest, bound, r);
	const struct sched_node *n = make_node("metadata: {name: n1}");
	r->node = node_state_new();
	node_state_set_node(r->node, n);
	informer_unref(n);
	loop_start(r->loop, "loop");
	*state = r;
	return 0;
}

static void release(struct rig *r)
{
	pthread_mutex_lock(&r->lock);
	r->hold = false;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* So many answers in all, and no more. */
static void let(struct rig *r, size_t n)
{
	pthread_mutex_lock(&r->lock);
	r->let = n;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void hold(struct rig *r)
{
	pthread_mutex_lock(&r->lock);
	r->hold = true;
	pthread_mutex_unlock(&r->lock);
}

static int teardown(void **state)
{
	struct rig *r = *state;
	binder_free(r->binder);
	release(r);
	rest_free(r->rest);
	loop_join(r->loop);
	loop_free(r->loop);
	server_stop(&r->server);
	node_state_unref(r->node);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
	return 0;
}

static void push(struct rig *r, const char *name, const char *message)
{
	autofree char *yaml = mem_printf("metadata: {name: %s, namespace: d, uid: u-%s}", name, name);
	struct bind_item i = {.pod = make_pod(yaml)};
	if (message)
		i.message = mem_strdup(message);
	else
		i.node = node_state_ref(r->node);
	binder_push(r->binder, &i);
}

static void wait_for(struct rig *r, const size_t *count, size_t n)
{
	pthread_mutex_lock(&r->lock);
	while (*count < n)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static void test_a_binding(void **state)
{
	struct rig *r = *state;
	push(r, "p", NULL);
	wait_for(r, &r->done, 1);
	assert_int_equal(r->failed, 0);
	assert_string_equal(
		r->last,
		"POST /api/v1/namespaces/d/pods/p/binding "
		"{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":\"p\",\"namespace\":\"d\","
		"\"uid\":\"u-p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}");
}

static void test_a_failed_binding_is_reported(void **state)
{
	struct rig *r = *state;
	r->status = 409;
	push(r, "p", NULL);
	wait_for(r, &r->done, 1);
	assert_int_equal(r->failed, 1);
}

static void test_why_a_pod_does_not_fit(void **state)
{
	struct rig *r = *state;
	push(r, "p", "0/1 nodes: \"x\"");
	wait_for(r, &r->served, 1);
	static const char want[] =
		"PATCH /api/v1/namespaces/d/pods/p/status {\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
		"\"reason\":\"Unschedulable\",\"message\":\"0/1 nodes: \\\"x\\\"\",\"lastTransitionTime\":\"";
	assert_memory_equal(r->last, want, sizeof(want) - 1);
	/* The verdict again, with room made somewhere. */
	struct bind_item again = {
		.pod = make_pod(
			"metadata: {name: p, namespace: d}\nstatus: {conditions: [{type: PodScheduled, reason: "
			"Unschedulable, message: m}]}"),
		.message = mem_strdup("m"),
		.nominated = node_state_ref(r->node)};
	binder_push(r->binder, &again);
	wait_for(r, &r->served, 2);
	assert_string_equal(
		r->last,
		"PATCH /api/v1/namespaces/d/pods/p/status {\"status\":{\"conditions\":[{\"type\":\"PodScheduled\","
		"\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":\"m\"}],\"nominatedNodeName\":\"n1\"}}");
	assert_int_equal(r->done, 0); /* conditions are not reported */
}

static struct bind_item victim(struct rig *r)
{
	return (struct bind_item){.pod = make_pod("metadata: {name: v, namespace: d, uid: u-v}"),
				  .preemptor = make_pod("metadata: {name: p}"),
				  .nominated = node_state_ref(r->node)};
}

/* First it is marked, for who looks after it, then deleted. */
static void test_a_victim_goes(void **state)
{
	struct rig *r = *state;
	struct bind_item i = victim(r);
	static const char mark[] =
		"PATCH /api/v1/namespaces/d/pods/v/status {\"status\":{\"conditions\":[{\"type\":\"DisruptionTarget\",\"status\":\"True\","
		"\"reason\":\"PreemptionByScheduler\",\"message\":\"default-scheduler: preempting to accommodate a higher priority "
		"pod\",\"lastTransitionTime\":\"";
	binder_push(r->binder, &i);
	wait_for(r, &r->done, 1);
	assert_memory_equal(r->first, mark, sizeof(mark) - 1);
	assert_string_equal(
		r->last,
		"DELETE /api/v1/namespaces/d/pods/v "
		"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u-v\"}}");
	assert_int_equal(r->failed, 0);
	assert_int_equal(r->served, 2);
}

static void test_a_victim_that_cannot_be_marked_stays(void **state)
{
	struct rig *r = *state;
	struct bind_item i = victim(r);
	r->status = 500;
	binder_push(r->binder, &i);
	wait_for(r, &r->done, 1);
	assert_int_equal(r->failed, 1);
	assert_int_equal(r->served, 1);
}

static void test_room_is_made_no_more(void **state)
{
	struct rig *r = *state;
	struct bind_item i = {.pod = make_pod("metadata: {name: p, namespace: d}")};
	binder_push(r->binder, &i);
	wait_for(r, &r->served, 1);
	assert_string_equal(
		r->last,
		"PATCH /api/v1/namespaces/d/pods/p/status {\"status\":{\"nominatedNodeName\":null}}");
	struct bind_item both = {
		.pod = make_pod("metadata: {name: p, namespace: d}\nstatus: {conditions: [{type: "
				"PodScheduled, reason: Unschedulable, message: m}]}"),
		.message = mem_strdup("m"),
		.clear = true};
	binder_push(r->binder, &both);
	wait_for(r, &r->served, 2);
	assert_non_null(strstr(r->last, "\"message\":\"m\"}],\"nominatedNodeName\":null}}"));
}

static void push_many(struct rig *r, int n)
{
	for (int i = 0; i < n; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		push(r, name, NULL);
	}
}

static void count_in_flight(void *arg)
{
	struct rig *r = arg;
	r->in_flight = http_in_flight(rest_http(r->rest));
}

/* Connections would not tell: one that curl has closed is still open to the server for a while. */
static void expect_in_flight(struct rig *r, size_t n)
{
	wait_for(r, &r->waiting, n);
	assert_true(loop_call(r->loop, count_in_flight, r));
	assert_int_equal(r->in_flight, n);
}

static void test_many_at_once_but_not_more(void **state)
{
	struct rig *r = *state;
	r->hold = true;
	push_many(r, MANY);
	expect_in_flight(r, 16);
	let(r, 128); /* two more are earned */
	wait_for(r, &r->done, 128);
	expect_in_flight(r, 18);
	size_t made = 128; /* fewer than were pushed, always: a burst that runs dry is over */
	for (; made < 128 + LONG; made += 256) {
		push_many(r, 256);
		let(r, made + 256);
		wait_for(r, &r->done, made + 256);
	}
	expect_in_flight(r, 64);
	release(r);
	wait_for(r, &r->done, MANY + LONG);
	assert_int_equal(r->failed, 0);
}

/* What one burst has earned is not the next one's. */
static void test_a_burst_begins_with_few(void **state)
{
	struct rig *r = *state;
	for (int burst = 1; burst <= 2; burst++) {
		hold(r);
		push_many(r, MANY);
		assert_true(loop_call(r->loop, count_in_flight, r));
		assert_int_equal(r->in_flight, 16);
		release(r);
		wait_for(r, &r->done, (size_t)(burst * MANY));
		assert_true(loop_call(r->loop, count_in_flight, r)); /* it is over */
		assert_int_equal(r->in_flight, 0);
	}
}

/* What is queued or under way when the daemon ends is dropped, with all it holds. */
static void test_the_end_drops_the_rest(void **state)
{
	struct rig *r = *state;
	r->hold = true;
	for (int i = 0; i < MANY; i++)
		push(r, "p", NULL);
	wait_for(r, &r->waiting, 1);
	binder_stop(r->binder);
	push(r, "late", NULL);
	binder_free(r->binder);
	assert_int_equal(r->done, 0);
	assert_int_equal(r->node->refs, 1);
	r->binder = binder_new(r->rest, bound, r); /* for teardown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_binding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_failed_binding_is_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(test_why_a_pod_does_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_victim_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_victim_that_cannot_be_marked_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room_is_made_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_at_once_but_not_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_burst_begins_with_few, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_drops_the_rest, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

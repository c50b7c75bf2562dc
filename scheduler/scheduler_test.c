/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole daemon but its main, against an API in this process that lists, watches and takes bindings: what is waiting
 * gets a node, what does not fit is told why, and a node that comes later wakes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sched.h>
#include "base/thread_test.h"
#include "client/server_test.h"
#include "make_test.h"
#include "plugins/table.h"
#include "config/config.h"
#include "scheduler.h"
#include "waiting.h"

struct api {
	struct server server;
	struct rest_config config;
	struct sched_config profiles;
	struct loop *loop;
	struct rest *rest;
	struct scheduler *scheduler;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *nodes, *pods;					/* items of the first lists */
	struct server_request *watch_nodes, *watch_pods, *watch_others; /* streams that are open */
	char log[4096];							/* what was written, a line each */
	int refuse, refusal; /* bindings that get this status first */
	bool stopping;
};

#define NODE(name, cpu)                                                                                      \
	"{\"metadata\":{\"name\":\"" name                                                                    \
	"\",\"resourceVersion\":\"11\"},\"status\":{\"allocatable\":{\"cpu\":\"" cpu                         \
	"\",\"memory\":\"1Gi\",\"pods\":\"9\"}}}"
#define POD_AT(name, rv, cpu, spec)                                                                          \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"d\",\"uid\":\"u-" name                         \
	"\",\"resourceVersion\":\"" rv "\"},\"spec\":{" spec                                                 \
	"\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"" cpu "\"}}}]}}"
#define POD(name, cpu) POD_AT(name, "5", cpu, "")

static void note(struct api *a, const char *fmt, ...) PRINTF(2, 3);
static void note(struct api *a, const char *fmt, ...)
{
	size_t n = strlen(a->log);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(a->log + n, sizeof(a->log) - n, fmt, ap);
	va_end(ap);
	pthread_cond_broadcast(&a->changed);
}

/* Stays open until the end of the test. */
static void watch(struct api *a, struct server_request *rq, struct server_request **place)
{
	server_stream(rq, 200);
	pthread_mutex_lock(&a->lock);
	*place = rq;
	pthread_cond_broadcast(&a->changed);
	while (!a->stopping)
		pthread_cond_wait(&a->changed, &a->lock);
	*place = NULL;
	pthread_mutex_unlock(&a->lock);
	rq->close = true;
}

static void list(struct server_request *rq, const char *items)
{
	autofree char *body = mem_printf("{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[%s]}", items);
	server_reply(rq, 200, "", body);
}

static const char *member(const js *o, const char *a, const char *b)
{
	return js_str0(o, a, b, NULL);
}

static void write_made(struct api *a, struct server_request *rq)
{
	struct err err = ERR_INIT;
	autojson js *o = js_parse(rq->body, rq->body_len, NULL, &err);
	int status = 201;
	pthread_mutex_lock(&a->lock);
	if (strstr(rq->path, "/events")) {
		note(a, "event %s %s\n", js_str0(o, "reason", NULL), member(o, "involvedObject", "name"));
	} else if (strstr(rq->path, "/binding") && a->refuse > 0) {
		a->refuse--;
		status = a->refusal;
	} else if (strstr(rq->path, "/binding")) {
		note(a, "bind %s %s\n", member(o, "metadata", "name"), member(o, "target", "name"));
	} else {
		const js *c = js_at(js_arr(o, "status", "conditions", NULL), 0);
		note(a, "condition %s\n", js_str0(c, "message", NULL));
	}
	pthread_mutex_unlock(&a->lock);
	server_reply(rq, status, "", "{}");
}

static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;
	bool nodes = strstr(rq->path, "/nodes?");
	if (strcmp(rq->method, "GET"))
		write_made(a, rq);
	else if (strstr(rq->path, "watch=true"))
		watch(a, rq,
		      nodes			   ? &a->watch_nodes
		      : strstr(rq->path, "/pods?") ? &a->watch_pods
						   : &a->watch_others);
	else
		list(rq, nodes ? a->nodes : strstr(rq->path, "/pods?") ? a->pods : "");
}

static void wait_for(struct api *a, const char *line)
{
	pthread_mutex_lock(&a->lock);
	while (!strstr(a->log, line))
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

static void send_event(struct api *a, struct server_request **stream, const char *type, const char *object)
{
	autofree char *line = mem_printf("{\"type\":\"%s\",\"object\":%s}\n", type, object);
	pthread_mutex_lock(&a->lock);
	while (!*stream)
		pthread_cond_wait(&a->changed, &a->lock);
	server_chunk(*stream, line);
	pthread_mutex_unlock(&a->lock);
}

static struct api *prepare(const struct framework *f, const char *nodes, const char *pods, int refuse,
			   int refusal)
{
	struct api *a = MEM_NEW(struct api);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->nodes = nodes;
	a->pods = pods;
	a->refuse = refuse;
	a->refusal = refusal;
	server_start(&a->server, serve, a);
	a->config = (struct rest_config){.kube = {.server = a->server.url}, .user_agent = "test"};
	a->loop = loop_new(NULL);
	a->rest = rest_new_on(a->loop, &a->config, 0);
	a->profiles = (struct sched_config){.profiles = (struct framework *)f,
					    .n_profiles = 1,
					    .backoff_initial_s = 1,
					    .backoff_max_s = 10};
	a->scheduler = scheduler_new(a->rest, &a->profiles);
	loop_start(a->loop, "loop");
	return a;
}

static struct api *start_profile(const struct framework *f, const char *nodes, const char *pods, int refuse,
				 int refusal)
{
	struct api *a = prepare(f, nodes, pods, refuse, refusal);
	scheduler_run(a->scheduler);
	assert_true(scheduler_synced(a->scheduler));
	return a;
}

static struct api *start(const char *nodes, const char *pods)
{
	return start_profile(&plugin_default_profile, nodes, pods, 0, 0);
}

static void finish(struct api *a)
{
	scheduler_free(a->scheduler);
	rest_free(a->rest);
	loop_join(a->loop);
	loop_free(a->loop);
	pthread_mutex_lock(&a->lock);
	a->stopping = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	server_stop(&a->server);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->changed);
	free(a);
}

#define INSUFFICIENT                                                                                         \
	"condition 0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No "  \
	"preemption victims found for incoming pod.\n"
static void test_what_waits_gets_a_node(void **state)
{
	struct api *a = start(NODE("n1", "2"), POD("p1", "1") "," POD("p2", "1"));
	wait_for(a, "bind p1 n1\n");
	wait_for(a, "bind p2 n1\n");
	wait_for(a, "event Scheduled p1\n");
	/* One that comes later finds the node full, before the watch has shown the two as bound. */
	send_event(a, &a->watch_pods, "ADDED", POD_AT("p3", "20", "1", ""));
	wait_for(a, INSUFFICIENT);
	wait_for(a, "event FailedScheduling p3\n");
	finish(a);
}

static void test_room_wakes_those_that_wait(void **state)
{
	static const char bound[] = POD_AT("p0", "4", "2", "\"nodeName\":\"n1\",");
	struct api *a =
		start(NODE("n1", "2"), POD("p1", "2") "," POD_AT("p0", "4", "2", "\"nodeName\":\"n1\","));
	wait_for(a, INSUFFICIENT);
	send_event(a, &a->watch_pods, "DELETED", bound);
	wait_for(a, "bind p1 n1\n");
	finish(a);
}

static void test_a_node_that_comes_wakes_them_too(void **state)
{
	struct api *a = start("", POD("p1", "2"));
	wait_for(a, "condition no nodes available to schedule pods\n");
	send_event(a, &a->watch_nodes, "ADDED", NODE("n2", "2"));
	wait_for(a, "bind p1 n2\n");
	finish(a);
}

static void test_a_binding_that_failed_is_tried_again(void **state)
{
	/* A conflict and an absence need not be the Pod's: as long as it is there and without a node, it is tried. */
	static const int refusals[] = {500, 409, 404};

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct api *a = start_profile(&plugin_default_profile, NODE("n1", "2"), POD("p1", "2"), 1,
					      refusals[i]);
		wait_for(a, "bind p1 n1\n"); /* which needs the room that the first try had taken */
		finish(a);
	}
}

static void test_others_are_left_alone(void **state)
{
	struct api *a =
		start(NODE("n1", "2"),
		      POD_AT("p1", "5", "1", "\"schedulerName\":\"other\",") "," POD_AT(
			      "p2", "5", "1", "\"schedulingGates\":[{\"name\":\"g\"}],") "," POD("p3", "1"));
	wait_for(a, "event Scheduled p3\n");
	send_event(a, &a->watch_pods, "MODIFIED", POD_AT("p2", "21", "1", "")); /* the gate opens */
	wait_for(a, "bind p2 n1\n");
	pthread_mutex_lock(&a->lock);
	bool touched = strstr(a->log, "p1");
	pthread_mutex_unlock(&a->lock);
	assert_false(touched);
	finish(a);
}

/* ---- a gang: its Pods wait until `n` of them have a place ---- */

struct gang_count {
	const char *name;
	size_t n;
	char uids[8][16];
};

static void gang_look(void *arg, const struct sched_pod *p, const struct node_state *n)
{
	struct gang_count *g = arg;
	const char *name = labels_get(p->base.meta.labels, "gang");

	if (name && !strcmp(name, g->name) && g->n < ARRAY_LEN(g->uids))
		snprintf(g->uids[g->n++], sizeof(g->uids[0]), "%s", p->base.meta.uid);
}

/* "3-500": three Pods, or no longer than 500 ms. */
static enum verdict gang_permit(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
				struct reasons *why, int64_t *ret_timeout_ns)
{
	struct gang_count g = {.name = labels_get(p->base.meta.labels, "gang")};

	if (!g.name)
		return VERDICT_OK;
	waiting_each(st->waiting, gang_look, &g);
	*ret_timeout_ns = atoi(strchr(g.name, '-') + 1) * NS_PER_MS;
	if (g.n + 1 < (size_t)atoi(g.name))
		return VERDICT_WAIT;
	for (size_t i = 0; i < g.n; i++)
		assert_true(waiting_allow(st->waiting, g.uids[i], st->current));
	return VERDICT_OK;
}

/* One that cannot go takes the others with it. */
static void gang_unreserve(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n)
{
	struct gang_count g = {.name = labels_get(p->base.meta.labels, "gang")};

	if (!g.name)
		return;
	waiting_each(st->waiting, gang_look, &g);
	for (size_t i = 0; i < g.n; i++)
		waiting_reject(st->waiting, g.uids[i], st->current, "the gang broke up");
}

static const struct plugin gang = {.name = "Gang", .permit = gang_permit, .unreserve = gang_unreserve};
static const struct plugin *const gang_plugins[] = {&plugin_node_resources_fit, &gang};
static const struct framework gang_profile = {.plugins = gang_plugins, .n = ARRAY_LEN(gang_plugins)};

#define MEMBER(name, gang, cpu)                                                                              \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"d\",\"uid\":\"u-" name                         \
	"\",\"resourceVersion\":\"5\",\"labels\":{\"gang\":\"" gang                                          \
	"\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"" cpu         \
	"\"}}}]}}"

static void test_a_gang_is_bound_when_all_have_a_place(void **state)
{
	struct api *a = start_profile(
		&gang_profile, NODE("n1", "4"),
		MEMBER("g1", "3-900000", "1") "," MEMBER("g2", "3-900000", "1") "," POD("p1", "1"), 0, 0);
	wait_for(a, "event Scheduled p1\n"); /* others go past them */
	send_event(a, &a->watch_pods, "ADDED", POD("p2", "2"));
	wait_for(a, "condition 0/1 nodes are available: 1 Insufficient cpu.\n"); /* their places are theirs */
	pthread_mutex_lock(&a->lock);
	assert_null(strstr(a->log, "bind g"));
	pthread_mutex_unlock(&a->lock);
	send_event(a, &a->watch_pods, "ADDED", MEMBER("g3", "3-900000", "1"));
	wait_for(a, "event Scheduled g1\n");
	wait_for(a, "event Scheduled g2\n");
	wait_for(a, "event Scheduled g3\n");
	finish(a);
}

static void test_a_gang_that_waits_too_long_gives_its_places_back(void **state)
{
	struct api *a = start_profile(&gang_profile, NODE("n1", "2"), MEMBER("g1", "2-50", "2"), 0, 0);
	wait_for(
		a,
		"condition 0/1 nodes are available: 1 rejected due to timeout after waiting 50ms at plugin Gang.\n");
	send_event(a, &a->watch_pods, "ADDED", POD("p1", "2"));
	wait_for(a, "bind p1 n1\n");
	finish(a);
}

static void test_one_that_goes_ends_the_wait_of_all(void **state)
{
	struct api *a = start_profile(&gang_profile, NODE("n1", "2"),
				      MEMBER("g1", "3-900000", "1") "," MEMBER("g2", "3-900000", "1"), 0, 0);
	send_event(a, &a->watch_pods, "ADDED", POD("p1", "2"));
	wait_for(a, "condition 0/1 nodes are available: 1 Insufficient cpu.\n");
	send_event(a, &a->watch_pods, "DELETED", MEMBER("g1", "3-900000", "1"));
	wait_for(a, "condition 0/1 nodes are available: 1 the gang broke up.\n");
	wait_for(a, "bind p1 n1\n");
	finish(a);
}

/* It never had a node in the API, but it took room here. */
static void test_room_of_one_that_goes_before_its_binding_is_given_on(void **state)
{
	struct api *a = start_profile(&gang_profile, NODE("n1", "2"), MEMBER("g1", "2-900000", "2"), 0, 0);
	send_event(a, &a->watch_pods, "ADDED", POD("p1", "2"));
	wait_for(a, "condition 0/1 nodes are available: 1 Insufficient cpu.\n");
	send_event(a, &a->watch_pods, "DELETED", MEMBER("g1", "2-900000", "2"));
	wait_for(a, "bind p1 n1\n");
	finish(a);
}

struct ration {
	struct loop *loop;
	struct loop_timer t;
};

static void give_threads(void *arg)
{
	(void)!thread_allow();
}

static void give_threads_later(void *arg)
{
	struct ration *r = arg;
	loop_timer_set(r->loop, &r->t, loop_real_ns() + 200 * NS_PER_MS);
}

/* Elected, and the kernel has no thread left: it is asked again. */
static void test_no_thread(void **state)
{
	struct api *a = prepare(&plugin_default_profile, NODE("n1", "2"), POD("p1", "1"), 0, 0);
	struct ration r = {.loop = a->loop, .t = {.fn = give_threads, .real = true}};
	while (!scheduler_synced(a->scheduler))
		sched_yield();
	if (!thread_forbid())
		skip();
	assert_true(loop_call(a->loop, give_threads_later, &r));
	scheduler_run(a->scheduler);
	wait_for(a, "bind p1 n1\n");
	finish(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_waits_gets_a_node),
		cmocka_unit_test(test_no_thread),
		cmocka_unit_test(test_room_wakes_those_that_wait),
		cmocka_unit_test(test_a_node_that_comes_wakes_them_too),
		cmocka_unit_test(test_a_binding_that_failed_is_tried_again),
		cmocka_unit_test(test_others_are_left_alone),
		cmocka_unit_test(test_a_gang_is_bound_when_all_have_a_place),
		cmocka_unit_test(test_a_gang_that_waits_too_long_gives_its_places_back),
		cmocka_unit_test(test_one_that_goes_ends_the_wait_of_all),
		cmocka_unit_test(test_room_of_one_that_goes_before_its_binding_is_given_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

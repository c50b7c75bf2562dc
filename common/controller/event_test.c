/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/event.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/json.h"
#include "object/json_test.h"

/* Events by name, with POST and PATCH; and the order of the calls. */
struct api {
	struct server s;
	struct rest_config config;
	struct rest *rest;
	struct events *e;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	js *events; /* name -> event */
	int posts, patches, not_found, unavailable;
	bool hold; /* requests wait */
	char last_path[256];
};

static void merge(js *into, const js *patch)
{
	json_object_object_foreach ((js *)patch, key, v)
		js_set(into, key, js_dup(v));
}

static void handle(struct api *a, struct server_request *rq)
{
	struct err err = ERR_INIT;
	autojson js *in = js_parse(rq->body, rq->body_len, NULL, &err);
	const char *slash = strrchr(rq->path, '/') + 1;

	assert(in);
	while (a->hold)
		pthread_cond_wait(&a->cond, &a->lock);
	snprintf(a->last_path, sizeof(a->last_path), "%s", rq->path);
	if (a->unavailable > 0) {
		a->unavailable--;
		server_reply(rq, 503, "", "");
		return;
	}
	if (!strcmp(rq->method, "POST")) {
		a->posts++;
		js_set(a->events, js_str0(in, "metadata", "name", NULL), js_dup(in));
	} else if (js_get(a->events, slash, NULL)) {
		a->patches++;
		merge(js_get(a->events, slash, NULL), in);
	} else {
		a->not_found++;
		server_reply(rq, 404, "", JSON("{'kind':'Status','reason':'NotFound'}"));
		return;
	}
	server_reply(rq, 201, "", "{}");
	pthread_cond_broadcast(&a->cond);
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
	a->events = js_new_obj();
	server_start(&a->s, serve, a);
	a->config = (struct rest_config){.kube = {.server = a->s.url}, .user_agent = "t"};
	a->rest = rest_start(&a->config, "loop");
	a->e = events_new(a->rest);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct api *a = *state;

	events_free(a->e);
	rest_free(a->rest);
	server_stop(&a->s);
	js_autoput(&a->events);
	free(a);
	return 0;
}

static const struct event_ref pod = {
	"v1", "Pod", "ns", "web-1", "uid-1", "spec.containers{c}", 77, "{\"key\":\"value\"}"};

static void wait_calls(struct api *a, int posts, int patches)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;

	pthread_mutex_lock(&a->lock);
	while ((a->posts < posts || a->patches < patches) && clock_cond_wait(&a->cond, &a->lock, deadline))
		;
	assert_int_equal(a->posts, posts);
	assert_int_equal(a->patches, patches);
	pthread_mutex_unlock(&a->lock);
}

static js *event_at(struct api *a, size_t i)
{
	json_object_object_foreach (a->events, key, v) {
		(void)key;
		if (!i--)
			return v;
	}
	return NULL;
}

static void test_body(void **state)
{
	static const struct event_ref node = {"v1", "Node", NULL, "n1", NULL, NULL, 0, NULL};
	struct api *a = *state;
	js *e;

	events_record(a->e, "kubelet", "n1", &pod, true, "BackOff", "Back-off \"%s\"", "x");
	wait_calls(a, 1, 0);
	assert_string_equal(a->last_path, "/api/v1/namespaces/ns/events");
	e = event_at(a, 0);
	assert_string_equal(js_str(e, "kind", NULL), "Event");
	assert_int_equal(strlen(js_str(e, "metadata", "name", NULL)), strlen("web-1.") + 16);
	assert_memory_equal(js_str(e, "metadata", "name", NULL), "web-1.", 6);
	assert_string_equal(js_str(e, "metadata", "namespace", NULL), "ns");
	assert_string_equal(js_str(e, "metadata", "annotations", "key", NULL), "value");
	assert_string_equal(js_str(e, "involvedObject", "kind", NULL), "Pod");
	assert_string_equal(js_str(e, "involvedObject", "uid", NULL), "uid-1");
	assert_string_equal(js_str(e, "involvedObject", "resourceVersion", NULL), "77");
	assert_string_equal(js_str(e, "involvedObject", "fieldPath", NULL), "spec.containers{c}");
	assert_string_equal(js_str(e, "message", NULL), "Back-off \"x\"");
	assert_string_equal(js_str(e, "type", NULL), "Warning");
	assert_string_equal(js_str(e, "source", "component", NULL), "kubelet");
	assert_string_equal(js_str(e, "source", "host", NULL), "n1");
	assert_string_equal(js_str(e, "reportingComponent", NULL), "kubelet");
	assert_int_equal(js_int(e, 0, "count", NULL), 1);
	assert_string_equal(js_str(e, "firstTimestamp", NULL), js_str(e, "lastTimestamp", NULL));
	events_record(a->e, "kubelet", "", &node, false, "Starting", "Starting kubelet.");
	wait_calls(a, 2, 0);
	assert_string_equal(a->last_path, "/api/v1/namespaces/default/events");
	e = event_at(a, 1);
	assert_string_equal(js_str(e, "metadata", "namespace", NULL), "default");
	assert_null(js_get(e, "involvedObject", "namespace", NULL));
	assert_null(js_get(e, "metadata", "annotations", NULL));
	assert_string_equal(js_str(e, "type", NULL), "Normal");
}

static void test_repeat(void **state)
{
	struct api *a = *state;

	for (int i = 1; i <= 3; i++) {
		events_record(a->e, "kubelet", "n1", &pod, true, "BackOff", "again");
		wait_calls(a, 1, i - 1);
	}
	assert_int_equal(js_int(event_at(a, 0), 0, "count", NULL), 3);
	/* Expired on the server: written anew, with its count. */
	pthread_mutex_lock(&a->lock);
	js_autoput(&a->events);
	a->events = js_new_obj();
	pthread_mutex_unlock(&a->lock);
	events_record(a->e, "kubelet", "n1", &pod, true, "BackOff", "again");
	wait_calls(a, 2, 2);
	assert_int_equal(a->not_found, 1);
	assert_int_equal(js_int(event_at(a, 0), 0, "count", NULL), 4);
	/* Another message, type or container is another event. */
	events_record(a->e, "kubelet", "n1", &pod, true, "BackOff", "other");
	events_record(a->e, "kubelet", "n1", &pod, false, "BackOff", "again");
	wait_calls(a, 4, 2);
}

static void set_hold(struct api *a, bool hold)
{
	pthread_mutex_lock(&a->lock);
	a->hold = hold;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

/* What piles up while a write is under way becomes one write. */
static void test_coalesced(void **state)
{
	struct api *a = *state;

	set_hold(a, true);
	events_record(a->e, "c", "", &pod, false, "A", "first");
	while (atomic_load(&a->s.requests) < 1)
		sched_yield();
	for (int i = 0; i < 7; i++)
		events_record(a->e, "c", "", &pod, false, "B", "same");
	set_hold(a, false);
	wait_calls(a, 2, 0);
	assert_int_equal(js_int(event_at(a, 1), 0, "count", NULL), 7);
}

/* The tenth different message about one thing begins to combine; the 26th event is over the object's budget.
 */
static void test_combined_and_budget(void **state)
{
	static const struct event_ref other = {"v1", "Pod", "ns", "web-2", "uid-2", "", 0, NULL};
	struct api *a = *state;
	const js *last;

	clock_slow(10); /* or the budget grows meanwhile, on a busy machine */
	for (int i = 0; i < 60; i++) {
		events_record(a->e, "c", "", &pod, false, "Created", "pod %d", i);
		wait_calls(a, i < 10 ? i + 1 : 10, i < 10 ? 0 : i < 25 ? i - 9 : 15);
	}
	last = event_at(a, 9);
	assert_string_equal(js_str(last, "message", NULL), "(combined from similar events): pod 24");
	assert_int_equal(js_int(last, 0, "count", NULL), 16);
	assert_string_equal(js_str(event_at(a, 8), "message", NULL), "pod 8");
	events_record(a->e, "c", "", &other, false, "Created", "pod 1");
	wait_calls(a, 11, 15);
	clock_real();
}

static void record_at(struct api *a, int64_t wall_s, const char *message)
{
	clock_fake(wall_s * NS_PER_S);
	events_record(a->e, "c", "", &pod, false, "A", "%s", message);
	clock_real();
}

/* A machine that began with a clock far ahead still tells of what happens after it was set. */
static void test_clock_set_back(void **state)
{
	struct api *a = *state;

	record_at(a, 2000000000, "before");
	wait_calls(a, 1, 0);
	record_at(a, 1000000000, "after");
	wait_calls(a, 2, 0);
	record_at(a, 1000000001, "after that");
	wait_calls(a, 3, 0);
}

static void test_retry_and_bound(void **state)
{
	struct api *a = *state;
	struct event_ref ref = {"v1", "Pod", "ns", "p", NULL, NULL, 0, NULL};
	char uid[16];

	pthread_mutex_lock(&a->lock);
	a->unavailable = 1;
	pthread_mutex_unlock(&a->lock);
	events_record(a->e, "c", "", &pod, false, "A", "survives");
	wait_calls(a, 1, 0);
	set_hold(a, true);
	events_record(a->e, "c", "", &pod, false, "A", "holds the thread");
	while (atomic_load(&a->s.requests) < 3)
		sched_yield();
	for (int i = 0; i < 1500; i++) {
		snprintf(uid, sizeof(uid), "%d", i);
		ref.uid = uid;
		events_record(a->e, "c", "", &ref, false, "A", "m");
	}
	set_hold(a, false);
	wait_calls(a, 1002, 0);
}

static void test_long_message(void **state)
{
	struct api *a = *state;
	char text[3001];

	for (int i = 0; i < 1500; i++)
		memcpy(text + (size_t)i * 2, "\xc3\xa9", 2);
	text[3000] = '\0';
	events_record(a->e, "c", "", &pod, false, "A", "x%s", text);
	wait_calls(a, 1, 0); /* js_parse on the other side refuses broken UTF-8 */
	assert_in_range(strlen(js_str(event_at(a, 0), "message", NULL)), 1020, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_body),		T(test_repeat),
		T(test_coalesced),	T(test_combined_and_budget),
		T(test_clock_set_back), T(test_retry_and_bound),
		T(test_long_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

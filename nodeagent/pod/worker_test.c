/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/thread.h"
#include "client/server_test.h"
#include "image/pullrate.h"
#include "pod/host_test.h"
#include "pod/make_test.h"
#include "object/json_test.h"

/* A worker on a real loop, with the fake runtime and a server in the place of the API server. */
struct scene {
	struct server api_server;
	struct rest_config rest;
	struct rest *client;
	struct loop *loop;
	pthread_t thread;
	struct fake_world *world;
	struct pod_host host;
	struct pod *pod; /* to be seen next */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct buf seen; /* "PATCH path body\n" */
	int failures;	 /* so many requests are still to be refused */
	size_t workers;
	bool told;
};

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	pthread_mutex_lock(&s->lock);
	bool fail = s->failures > 0;
	s->failures -= fail;
	buf_addf(&s->seen, "%s %s %s\n", rq->method, rq->path, rq->body);
	pthread_cond_broadcast(&s->more);
	pthread_mutex_unlock(&s->lock);
	server_reply(rq, fail ? 500 : 200, "", JSON("{'metadata':{'resourceVersion':'7'}}"));
}

/* Until all the words have come up in this order; under the lock. */
static const char *await(struct scene *s, const char *a, const char *b)
{
	int64_t deadline = clock_mono_ns() + 1200 * NS_PER_S;
	const char *p = NULL, *q = NULL;
	while (!(p = strstr(buf_str(&s->seen), a)) || !(q = strstr(p, b)))
		if (!clock_cond_wait(&s->more, &s->lock, deadline))
			fail_msg("no «%s» … «%s» in:\n%s", a, b, buf_str(&s->seen));
	return q;
}

/* The same, and what is before their end is forgotten. */
static void expect(struct scene *s, const char *a, const char *b)
{
	pthread_mutex_lock(&s->lock);
	const char *end = await(s, a, b);
	buf_consume(&s->seen, (size_t)(end - s->seen.p));
	pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void start_with(struct scene *s, bool inline_jobs)
{
	*s = (struct scene){.loop = NULL};
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->more);
	server_start(&s->api_server, on_request, s);
	s->rest.kube.server = s->api_server.url;
	s->rest.user_agent = "test";
	s->loop = loop_new(&(struct loop_config){worker_lanes, LANES, inline_jobs});
	s->client = rest_new_on(s->loop, &s->rest, 0);
	s->world = fake_world_new(s->loop);
	host_start(&s->host, s->loop, s->client, s->world, "/nonexistent");
	s->thread = thread_start("loop", run, s->loop);
}

static void start(struct scene *s)
{
	start_with(s, true);
}

static void count_workers(void *arg)
{
	struct scene *s = arg;
	s->workers = map_len(&s->host.workers);
}

static void stop(struct scene *s)
{
	int64_t deadline = clock_mono_ns() + 1200 * NS_PER_S;
	pthread_mutex_lock(&s->lock); /* a worker goes when its last call is answered, which makes no noise */
	do {
		assert_true(clock_mono_ns() < deadline);
		(void)clock_cond_wait(&s->more, &s->lock, clock_mono_ns() + 2 * NS_PER_MS);
		loop_call(s->loop, count_workers, s);
	} while (s->workers);
	pthread_mutex_unlock(&s->lock);
	assert_int_equal(s->host.node.used.pods, 0);
	assert_int_equal(s->host.running_containers, 0);
	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	loop_settle(s->loop);
	assert_int_equal(config_cache_len(s->host.config), 0);
	host_stop(&s->host);
	rest_free(s->client);
	fake_world_free(s->world);
	loop_free(s->loop);
	server_stop(&s->api_server);
	buf_release(&s->seen);
}

static void do_see(void *arg)
{
	struct scene *s = arg;
	worker_see(&s->host, s->pod, NULL);
}

static void see(struct scene *s, const char *text)
{
	s->pod = make_pod(text);
	s->pod->o.refs = 1;
	s->pod->o.type = &pod_type;
	assert_true(loop_call(s->loop, do_see, s));
	informer_unref(s->pod);
}

static void do_vanish(void *arg)
{
	struct scene *s = arg;
	worker_vanish(&s->host, "u1");
}

#define POD(meta, spec)                                                                                      \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\"" meta                             \
	"},\"spec\":{\"containers\":["                                                                       \
	"{\"name\":\"a\",\"image\":\"nginx:1\"" spec "}]}}"
#define DELETED ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"deletionGracePeriodSeconds\":30"

static void test_life(void **state)
{
	struct scene s;
	start(&s);
	s.failures = 1; /* the first write is refused; the next one brings the same news */
	see(&s, POD("", ""));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Running\"");
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"podIP\":\"10.100.0.1\"");
	see(&s, POD(DELETED, ""));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Succeeded\"");
	expect(&s, "DELETE /api/v1/namespaces/ns/pods/p ", "\"preconditions\":{\"uid\":\"u1\"}");
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

static void test_crash(void **state)
{
	struct scene s;
	start(&s);
	see(&s, POD(",\"annotations\":{\"coracle.dev/fake-exit\":\"3@0\"}", ""));
	expect(&s, "\"reason\":\"CrashLoopBackOff\"", "\"restartCount\":1");
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

static void test_rejected(void **state)
{
	struct scene s;
	start(&s);
	see(&s, POD("", ",\"resources\":{\"requests\":{\"cpu\":2}}"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"reason\":\"OutOfcpu\"");
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

/* Environment out of an object that is not what it should be: told, not started. */
static void test_config_error(void **state)
{
	struct scene s;
	start(&s);
	see(&s,
	    POD("",
		",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"cm\",\"key\":\"k\"}}}]"));
	expect(&s, "GET /api/v1/namespaces/ns/configmaps?fieldSelector=metadata.name%3Dcm", "");
	expect(&s, "CreateContainerConfigError", "");
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

/* A container that is added while the Pod runs, whose target is not there, and one that sees its own processes. */
static void test_ephemeral(void **state)
{
#define DEBUGGED(more)                                                                                       \
	JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1'},'spec':{'containers':["                   \
	     "{'name':'a','image':'nginx:1'}]" more "}}")
	struct scene s;
	start(&s);
	see(&s, DEBUGGED(""));
	expect(&s, "PATCH", "\"phase\":\"Running\"");
	see(&s, DEBUGGED(",'ephemeralContainers':[{'name':'e','image':'nginx:1'}]"));
	expect(&s, "PATCH", JSON("'ephemeralContainerStatuses':[{'name':'e','state':{'running'"));
	see(&s, DEBUGGED(",'ephemeralContainers':[{'name':'e','image':'nginx:1'},"
			 "{'name':'f','image':'nginx:1','targetContainerName':'x'}]"));
	expect(&s, "CreateContainerConfigError", "unable to find target container x");
	see(&s, DEBUGGED("")); /* an older one does not take them back */
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

/* Ended for the node's sake: what is written then, and the object stays. */
static void do_evict(void *arg)
{
	struct scene *s = arg;
	struct worker *w = worker_find(&s->host, "ns", "p");
	assert_true(worker_evict(w, "Evicted", "The node was low on resource: memory. ", 0));
	assert_false(worker_evict(w, "Evicted", "again", 0));
}

static void test_evicted(void **state)
{
	struct scene s;
	start(&s);
	see(&s, POD("", ""));
	expect(&s, "PATCH", "\"phase\":\"Running\"");
	loop_call(s.loop, do_evict, &s);
	expect(&s,
	       JSON("'phase':'Failed','reason':'Evicted','message':'The node was low on resource: memory. '"),
	       "\"reason\":\"TerminationByKubelet\"");
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

static void vanish_both(void *arg)
{
	struct scene *s = arg;
	worker_vanish(&s->host, "u1");
	worker_vanish(&s->host, "u2");
}

#define CRITICAL(cpu)                                                                                            \
	JSON("{'metadata':{'name':'q','namespace':'ns','uid':'u2'},'spec':{'priority':2000000000,'containers':[" \
	     "{'name':'a','image':'nginx:1','resources':{'requests':{'cpu':'" cpu "'}}}]}}")

/* A critical Pod takes another's place, and begins when that one has ended. */
static void test_preempted(void **state)
{
	struct scene s;
	start(&s);
	see(&s, POD("", ",\"resources\":{\"requests\":{\"cpu\":\"600m\"}}"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Running\"");
	see(&s, CRITICAL("800m"));
	/* each Pod's status is written by itself, so nothing is said of which comes first */
	pthread_mutex_lock(&s.lock);
	await(&s, "PATCH /api/v1/namespaces/ns/pods/q/status", "\"phase\":\"Running\"");
	pthread_mutex_unlock(&s.lock);
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status",
	       JSON("'phase':'Failed','reason':'Preempting','message':'Preempted in order to admit critical pod'"));
	expect(&s, JSON("'reason':'TerminationByKubelet'"),
	       JSON("'message':'Pod was preempted by Kubelet to accommodate a critical pod.'"));
	loop_call(s.loop, vanish_both, &s);
	stop(&s);
}

/* It is in nobody's place: all of them together have less. */
static void test_no_place(void **state)
{
	struct scene s;
	start(&s);
	see(&s, POD("", ",\"resources\":{\"requests\":{\"cpu\":\"600m\"}}"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Running\"");
	see(&s, CRITICAL("1200m"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/q/status",
	       JSON("'reason':'UnexpectedAdmissionError','message':'Pod was rejected: Unexpected error while attempting "
		    "to recover from admission failure: preemption: error finding a set of pods to preempt: no set of "
		    "running pods found to reclaim resources: [(res: cpu, q: 200), ]'"));
	loop_call(s.loop, vanish_both, &s);
	stop(&s);
}

/* A path that root reads leads nowhere but below the node's directory. */
static void test_seccomp_path(void **state)
{
	static const char *const paths[] = {"../x", "/etc/passwd", ""};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct scene s;
		autofree char *text = mem_printf(
			POD("",
			    ",\"securityContext\":{\"seccompProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"%s\"}}"),
			paths[i]);
		start(&s);
		see(&s, text);
		expect(&s, "CreateContainerConfigError", "is no relative path");
		loop_call(s.loop, do_vanish, &s);
		stop(&s);
	}
}

/* Only the status changed, and it was not us who changed it. */
static void test_readiness_gate(void **state)
{
#define GATED(status)                                                                                              \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\"},\"spec\":{"                            \
	"\"readinessGates\":[{\"conditionType\":\"g\"}],\"containers\":[{\"name\":\"a\",\"image\":\"nginx:1\"}]}," \
	"\"status\":{\"conditions\":[{\"type\":\"g\",\"status\":\"" status "\"}]}}"
	struct scene s;
	start(&s);
	see(&s, GATED("False"));
	expect(&s, "\"phase\":\"Running\"", "\"reason\":\"ReadinessGatesNotReady\"");
	see(&s, GATED("True"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", JSON("{'type':'Ready','status':'True'"));
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

static void look_told(void *arg)
{
	struct scene *s = arg;
	const struct worker *w = worker_find(&s->host, "ns", "p");
	s->told = !w->report_under_way && w->sent_version == w->m.version;
}

static bool told(struct scene *s)
{
	loop_call(s->loop, look_told, s);
	return s->told;
}

/* While nothing was heard of the node its Pods were marked as not ready; they are, and nobody else will say so. */
static void test_ready_all_the_same(void **state)
{
#define MARKED(rv)                                                                                           \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"resourceVersion\":\"" rv "\"}," \
	"\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"nginx:1\"}]},"                                \
	"\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}"
	struct scene s;
	start(&s);
	see(&s, POD("", ""));
	expect(&s, "PATCH", "\"phase\":\"Running\"");
	pthread_mutex_lock(&s.lock); /* the answer makes no noise */
	while (!told(&s))
		(void)clock_cond_wait(&s.more, &s.lock, clock_mono_ns() + 2 * NS_PER_MS);
	pthread_mutex_unlock(&s.lock);
	see(&s, MARKED("6")); /* what was before our own write */
	assert_true(told(&s));
	see(&s, MARKED("8"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", JSON("{'type':'Ready','status':'True'"));
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

static void pass(struct scene *s, int64_t ns)
{
	int64_t end = clock_mono_ns() + ns;
	pthread_mutex_lock(&s->lock);
	while (clock_cond_wait(&s->more, &s->lock, end))
		;
	pthread_mutex_unlock(&s->lock);
}

/* News that could not be told and are none any more leave nothing to try again: the loop sleeps. */
static void test_taken_back(void **state)
{
	struct scene s;
	struct loop_stats before, after;
	clock_hasten(10);
	start(&s);
	see(&s, GATED("False"));
	expect(&s, "\"phase\":\"Running\"", "\"reason\":\"ReadinessGatesNotReady\"");
	pthread_mutex_lock(&s.lock);
	s.failures = 1;
	pthread_mutex_unlock(&s.lock);
	see(&s, GATED("True"));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", JSON("{'type':'Ready','status':'True'"));
	see(&s, GATED("False"));
	pass(&s, 3 * NS_PER_S); /* it is tried again after one */
	loop_stats(s.loop, &before);
	pass(&s, 2 * NS_PER_S);
	loop_stats(s.loop, &after);
	assert_in_range(after.turns - before.turns, 0, 50);
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
	clock_real();
}

/* ---- a pull that ends only when it is canceled ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t news;
	int begun, ended;
} held = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void on_cancel(void *arg)
{
	pthread_mutex_lock(&held.lock);
	*(bool *)arg = true;
	pthread_cond_broadcast(&held.news);
	pthread_mutex_unlock(&held.lock);
}

static int hold_pull(struct runtime *rt, const char *ref, const struct runtime_auth *auth,
		     struct cancel *cancel, struct runtime_image *ret, struct err *err)
{
	bool canceled = false;
	assert_true(cancel_hook(cancel, on_cancel, &canceled));
	pthread_mutex_lock(&held.lock);
	held.begun++;
	pthread_cond_broadcast(&held.news);
	while (!canceled)
		pthread_cond_wait(&held.news, &held.lock);
	held.ended++;
	pthread_cond_broadcast(&held.news);
	pthread_mutex_unlock(&held.lock);
	cancel_unhook(cancel);
	return err_set(err, REASON_CANCELED, "canceled");
}

static void wait_held(int begun, int ended)
{
	pthread_mutex_lock(&held.lock);
	while (held.begun < begun || held.ended < ended)
		pthread_cond_wait(&held.news, &held.lock);
	assert_int_equal(held.begun, begun);
	assert_int_equal(held.ended, ended);
	pthread_mutex_unlock(&held.lock);
}

static int no_image(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err)
{
	return err_set(err, REASON_NOT_FOUND, "not here");
}

/* Deleted, or of another image, while its image is on the way: the transfer ends, and nothing is said of it. */
static void test_pull_canceled(void **state)
{
	static const char *const then[] = {
		POD(DELETED, ""),
		"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\"},\"spec\":{"
		"\"containers\":[{\"name\":\"a\",\"image\":\"nginx:2\"}]}}"};
	for (size_t i = 0; i < ARRAY_LEN(then); i++) {
		struct scene s;
		held.begun = held.ended = 0;
		start_with(&s, false);
		struct runtime_ops ops = *s.host.rt->ops;
		ops.image_get = no_image;
		ops.image_pull = hold_pull;
		s.host.rt->ops = &ops;
		see(&s, POD("", ""));
		wait_held(1, 0);
		see(&s, then[i]);
		wait_held(1 + (int)i, 1);
		loop_call(s.loop, do_vanish, &s);
		wait_held(1 + (int)i, 1 + (int)i);
		pthread_mutex_lock(&s.lock);
		assert_null(strstr(buf_str(&s.seen), "ErrImagePull"));
		pthread_mutex_unlock(&s.lock);
		stop(&s);
	}
}

static void see_named(struct scene *s, const char *name)
{
	autofree char *text =
		mem_printf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":\"u-%s\"},"
			   "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"%s\"}]}}",
			   name, name, name);
	see(s, text);
}

struct vanishing {
	struct scene *s;
	const char *uid;
};

static void vanish_one(void *arg)
{
	struct vanishing *v = arg;
	worker_vanish(&v->s->host, v->uid);
}

static void vanish_named(struct scene *s, const char *uid)
{
	loop_call(s->loop, vanish_one, &(struct vanishing){s, uid});
}

/* A pull that waits behind others for its turn does not keep its Pod either. */
static void test_pull_waits(void **state)
{
	struct scene s;
	held.begun = held.ended = 0;
	start_with(&s, false);
	s.host.node.allocatable.pods = 3;
	struct runtime_ops ops = *s.host.rt->ops;
	ops.image_get = no_image;
	ops.image_pull = hold_pull;
	s.host.rt->ops = &ops;
	see_named(&s, "p1");
	wait_held(1, 0);
	see_named(&s, "p3");
	struct loop_stats stats = {0};
	for (int64_t end = clock_mono_ns() + 1200 * NS_PER_S; !stats.waiting; loop_stats(s.loop, &stats)) {
		assert_true(clock_mono_ns() < end);
		pass(&s, NS_PER_MS);
	}
	vanish_named(&s, "u-p3");
	for (int64_t end = clock_mono_ns() + 1200 * NS_PER_S; s.workers != 1;) {
		assert_true(clock_mono_ns() < end);
		pass(&s, NS_PER_MS);
		loop_call(s.loop, count_workers, &s);
	}
	wait_held(1, 0);
	vanish_named(&s, "u-p1");
	wait_held(1, 1);
	stop(&s);
}

/* More often than the node may: the pull has failed, without a word to the registry. */
static void test_pull_rate(void **state)
{
	struct scene s;
	struct pullrate rate;
	held.begun = held.ended = 0;
	pullrate_init(&rate, 1, 0);
	start_with(&s, false);
	s.host.pullrate = &rate;
	struct runtime_ops ops = *s.host.rt->ops;
	ops.image_get = no_image;
	ops.image_pull = hold_pull;
	s.host.rt->ops = &ops;
	see_named(&s, "p1");
	for (bool told = false; !told;) {
		pass(&s, NS_PER_MS);
		pthread_mutex_lock(&s.lock);
		told = strstr(buf_str(&s.seen), "pull QPS exceeded");
		pthread_mutex_unlock(&s.lock);
	}
	wait_held(0, 0);
	vanish_named(&s, "u-p1");
	stop(&s);
	pullrate_release(&rate);
}

/* ---- a sandbox that ends while it is being made ---- */

static struct {
	const struct runtime_ops *real;
	struct pod_host *host;
	atomic_int made; /* by jobs' threads */
} brittle;

static int run_brittle(struct runtime *rt, const struct runtime_sandbox_spec *spec,
		       struct runtime_sandbox *ret, struct err *err)
{
	int rc = brittle.real->sandbox_run(rt, spec, ret, err);
	if (brittle.made++ == 0)
		host_on_exit(brittle.host, spec->id); /* before the loop learns that it was made */
	return rc;
}

static int look_brittle(struct runtime *rt, const char *id, struct runtime_sandbox *ret, struct err *err)
{
	int rc = brittle.real->sandbox_status(rt, id, ret, err);
	ret->ready = brittle.made > 1;
	return rc;
}

static void test_sandbox_ends_early(void **state)
{
	struct scene s;
	start_with(&s, false);
	brittle.real = s.host.rt->ops;
	brittle.host = &s.host;
	struct runtime_ops ops = *s.host.rt->ops;
	ops.sandbox_run = run_brittle;
	ops.sandbox_status = look_brittle;
	s.host.rt->ops = &ops;
	see(&s, POD("", ""));
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Running\"");
	for (int64_t end = clock_mono_ns() + 1200 * NS_PER_S; brittle.made < 2;) {
		assert_true(clock_mono_ns() < end);
		pass(&s, NS_PER_MS);
		loop_call(s.loop, count_workers, &s);
	}
	loop_call(s.loop, do_vanish, &s);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_life),
					   cmocka_unit_test(test_crash),
					   cmocka_unit_test(test_rejected),
					   cmocka_unit_test(test_config_error),
					   cmocka_unit_test(test_readiness_gate),
					   cmocka_unit_test(test_ready_all_the_same),
					   cmocka_unit_test(test_taken_back),
					   cmocka_unit_test(test_pull_canceled),
					   cmocka_unit_test(test_pull_waits),
					   cmocka_unit_test(test_pull_rate),
					   cmocka_unit_test(test_sandbox_ends_early),
					   cmocka_unit_test(test_seccomp_path),
					   cmocka_unit_test(test_ephemeral),
					   cmocka_unit_test(test_evicted),
					   cmocka_unit_test(test_preempted),
					   cmocka_unit_test(test_no_place)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

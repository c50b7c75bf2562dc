/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests in a real directory, workers on the fake runtime, a server that plays the API server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/thread.h"
#include "client/server_test.h"
#include "object/json_test.h"
#include "os/tree.h"
#include "pod/host_test.h"
#include "static/podfile.h"
#include "static/staticpod.h"

struct scene {
	struct server api_server;
	struct rest_config rest;
	struct rest *client;
	struct loop *loop;
	pthread_t thread;
	struct fake_world *world;
	struct pod_host host;
	struct staticpods *statics;
	char dir[64];
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct buf seen; /* "METHOD path body\n" */
	int failures;
	const char *meanwhile; /* what the mirror becomes while a status is being written */
	/* for calls onto the loop */
	const char *text;
	struct pod *mirror;
	size_t workers;
	bool here;
};

static void mirror(struct scene *s, const char *text);

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	pthread_mutex_lock(&s->lock);
	const char *next = strstr(rq->path, "/status") ? STEAL(s->meanwhile) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (next)
		mirror(s, next);
	pthread_mutex_lock(&s->lock);
	bool fail = s->failures > 0;
	s->failures -= fail;
	buf_addf(&s->seen, "%s %s %s\n", rq->method, rq->path, rq->body);
	pthread_cond_broadcast(&s->more);
	pthread_mutex_unlock(&s->lock);
	server_reply(rq, fail ? 500 : 200, "", JSON("{'metadata':{'resourceVersion':'7'}}"));
}

static void expect(struct scene *s, const char *a, const char *b)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	const char *p = NULL, *q = NULL;
	pthread_mutex_lock(&s->lock);
	while (!(p = strstr(buf_str(&s->seen), a)) || !(q = strstr(p, b)))
		if (!clock_cond_wait(&s->more, &s->lock, deadline))
			fail_msg("no «%s» … «%s» in:\n%s", a, b, buf_str(&s->seen));
	buf_consume(&s->seen, (size_t)(q - s->seen.p));
	pthread_mutex_unlock(&s->lock);
}

static bool has_seen(struct scene *s, const char *words)
{
	pthread_mutex_lock(&s->lock);
	bool yes = strstr(buf_str(&s->seen), words) != NULL;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

static struct scene *the_scene;
static void pod_ended(struct pod_host *h, const char *uid)
{
	staticpods_ended(the_scene->statics, uid);
}

static void *run(void *arg)
{
	struct scene *s = arg;
	staticpods_start(s->statics, NULL);
	loop_run(s->loop);
	return NULL;
}

static void put(struct scene *s, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	assert_int_equal(tree_write(path, text, strlen(text), 0600, TREE_VOLATILE, &err), 0);
}

static void take_away(struct scene *s, const char *name)
{
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	assert_int_equal(unlink(path), 0);
}

static void prepare(struct scene *s, bool alone)
{
	*s = (struct scene){.dir = "/tmp/staticpod-XXXXXX"};
	the_scene = s;
	assert_non_null(mkdtemp(s->dir));
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->more);
	server_start(&s->api_server, on_request, s);
	s->rest.kube.server = s->api_server.url;
	s->rest.user_agent = "test";
	s->loop = loop_new(&(struct loop_config){worker_lanes, LANES, true});
	s->client = rest_new_on(s->loop, &s->rest, 0);
	s->world = fake_world_new(s->loop);
	host_start(&s->host, s->loop, s->client, s->world, "/nonexistent");
	s->host.node.allocatable.pods = 5;
	s->host.pod_ended = pod_ended;
	if (alone) {
		api_free(STEAL(s->host.api));
		config_cache_free(STEAL(s->host.config));
	}
	s->statics = staticpods_new(
		&(struct staticpod_config){.host = &s->host, .path = s->dir, .every_ns = 3600 * NS_PER_S});
}

static void start(struct scene *s)
{
	s->thread = thread_start("loop", run, s);
}

static void count(void *arg)
{
	struct scene *s = arg;
	const struct worker *w = worker_find(&s->host, "default", s->text);
	s->workers = map_len(&s->host.workers);
	s->here = w && worker_machine(w)->n && worker_machine(w)->c[0].state == CTR_RUNNING;
}

/* Until the Pod runs, or nothing of it is left. */
static void await(struct scene *s, const char *name, bool here)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	s->text = name;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		loop_call(s->loop, count, s);
		if (s->here == here && (here || !s->workers))
			break;
		if (clock_mono_ns() > deadline)
			fail_msg("%s is %shere", name, here ? "not " : "");
		(void)clock_cond_wait(&s->more, &s->lock, clock_mono_ns() + 2 * NS_PER_MS);
	}
	pthread_mutex_unlock(&s->lock);
}

static void end(struct scene *s)
{
	struct err err = ERR_INIT;
	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	loop_settle(s->loop); /* a look at the directory */
	staticpods_free(s->statics);
	if (s->host.api) {
		host_stop(&s->host);
	} else {
		s->host.rt->ops->free(s->host.rt);
		map_release(&s->host.workers);
		map_release(&s->host.ids);
	}
	rest_free(s->client);
	fake_world_free(s->world);
	loop_free(s->loop);
	server_stop(&s->api_server);
	buf_release(&s->seen);
	assert_int_equal(tree_remove(s->dir, &err), 0);
}

#define POD(name, more)                                                                                      \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: " name                                                  \
	"}\nspec: {containers: [{name: c, image: nginx:1}]" more "}\n"

static void test_alone(void **state)
{
	struct scene s;
	prepare(&s, true);
	put(&s, "web.yaml", POD("web", ""));
	put(&s, "bad.yaml", "kind: Nothing");
	put(&s, ".hidden.yaml", POD("hidden", ""));
	start(&s);
	await(&s, "web-n1", true);
	assert_int_equal(s.workers, 1);
	put(&s, "two.json",
	    JSON("{'apiVersion':'v1','kind':'Pod','metadata':{'name':'two'},"
		 "'spec':{'containers':[{'name':'c','image':'i:1'}]}}"));
	await(&s, "two-n1", true);
	take_away(&s, "two.json");
	take_away(&s, "web.yaml");
	await(&s, "web-n1", false);
	end(&s);
}

static void tell_mirror(void *arg)
{
	struct scene *s = arg;
	struct err err = ERR_INIT;
	struct pod *new = s->text ? informer_make(&pod_type, s->text, strlen(s->text), &err) : NULL;
	staticpods_mirror(s->statics, s->mirror, new);
	informer_unref(s->mirror);
	s->mirror = new;
}

static void mirror(struct scene *s, const char *text)
{
	s->text = text;
	assert_true(loop_call(s->loop, tell_mirror, s));
}

static void tell_ready(void *arg)
{
	struct scene *s = arg;
	staticpods_registered(s->statics, "node-uid");
	staticpods_synced(s->statics);
}

static char *mirror_text(const char *name, const char *uid, const char *hash, const char *more)
{
	return mem_printf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\",\"uid\":\"%s\",\"annotations\":{"
		"\"kubernetes.io/config.mirror\":\"%s\"}%s},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"nginx:1\"}]}}",
		name, uid, hash, more);
}

static char *hash_of(struct scene *s, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/web.yaml", s->dir);
	struct podfile *f = podfile_parse(text, strlen(text), path, "n1", &err);
	assert_non_null(f);
	char *uid = mem_strdup(f->pod->o.meta.uid);
	podfile_free(f);
	return uid;
}

static void test_the_mirror(void **state)
{
	struct scene s;
	prepare(&s, false);
	autofree char *hash = hash_of(&s, POD("web", "")),
		      *next = hash_of(&s, POD("web", ", hostNetwork: true"));
	autofree char *good = mirror_text("web-n1", "m1", hash, ""),
		      *deleted = mirror_text("web-n1", "m1", hash,
					     ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""),
		      *second = mirror_text("web-n1", "m2", hash, ""),
		      *changed = mirror_text("web-n1", "m3", next, "");
	put(&s, "web.yaml", POD("web", ""));
	start(&s);
	await(&s, "web-n1", true);
	assert_false(has_seen(&s, "POST"));
	s.failures = 1; /* tried again */
	loop_call(s.loop, tell_ready, &s);
	expect(&s, "POST /api/v1/namespaces/default/pods ", hash);
	expect(&s, "POST /api/v1/namespaces/default/pods ", "\"uid\":\"node-uid\"");
	/* it is there: the status goes to it */
	mirror(&s, good);
	expect(&s, "PATCH /api/v1/namespaces/default/pods/web-n1/status", "\"uid\":\"m1\"");
	/* somebody deletes it */
	mirror(&s, deleted);
	expect(&s, "DELETE /api/v1/namespaces/default/pods/web-n1", "\"uid\":\"m1\"");
	mirror(&s, NULL);
	expect(&s, "POST /api/v1/namespaces/default/pods ", hash);
	mirror(&s, second);
	expect(&s, "PATCH /api/v1/namespaces/default/pods/web-n1/status", "\"uid\":\"m2\"");
	/* the file says something else: the old Pod goes, the old mirror too */
	put(&s, "web.yaml", POD("web", ", hostNetwork: true"));
	expect(&s, "DELETE /api/v1/namespaces/default/pods/web-n1", "\"uid\":\"m2\"");
	mirror(&s, NULL);
	expect(&s, "POST /api/v1/namespaces/default/pods ", next);
	mirror(&s, changed);
	expect(&s, "PATCH /api/v1/namespaces/default/pods/web-n1/status", "\"uid\":\"m3\"");
	/* the file goes */
	take_away(&s, "web.yaml");
	expect(&s, "DELETE /api/v1/namespaces/default/pods/web-n1", "\"uid\":\"m3\"");
	mirror(&s, NULL);
	await(&s, "web-n1", false);
	end(&s);
}

/* What is on its way to the old mirror says nothing of what the new one knows. */
static void test_a_mirror_that_is_replaced(void **state)
{
	struct scene s;
	prepare(&s, false);
	autofree char *hash = hash_of(&s, POD("web", ""));
	autofree char *first = mirror_text("web-n1", "m1", hash, ""),
		      *second = mirror_text("web-n1", "m2", hash, "");
	put(&s, "web.yaml", POD("web", ""));
	start(&s);
	await(&s, "web-n1", true);
	pthread_mutex_lock(&s.lock);
	s.meanwhile = second;
	pthread_mutex_unlock(&s.lock);
	mirror(&s, first);
	expect(&s, "PATCH /api/v1/namespaces/default/pods/web-n1/status", "\"uid\":\"m1\"");
	expect(&s, "PATCH /api/v1/namespaces/default/pods/web-n1/status", "\"uid\":\"m2\"");
	take_away(&s, "web.yaml");
	expect(&s, "DELETE /api/v1/namespaces/default/pods/web-n1", "\"uid\":\"m2\"");
	mirror(&s, NULL);
	await(&s, "web-n1", false);
	end(&s);
}

static void test_mirrors_of_nothing_go(void **state)
{
	struct scene s;
	prepare(&s, false);
	autofree char *old = mirror_text("old-n1", "m1", "0123", "");
	start(&s);
	mirror(&s, old);
	loop_call(s.loop, tell_ready, &s);
	expect(&s, "DELETE /api/v1/namespaces/default/pods/old-n1", "\"uid\":\"m1\"");
	mirror(&s, NULL);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_the_mirror),
		cmocka_unit_test(test_a_mirror_that_is_replaced),
		cmocka_unit_test(test_mirrors_of_nothing_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

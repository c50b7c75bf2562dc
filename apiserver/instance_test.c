/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind is added to a running apiserver through the internal door and is served, listed, watched, discovered and
 * removed again, while clients read and write everything else and ask for the kind itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "kinds/kinds.h"
#include "rig/apiserver_rig.h"
#include "object/json_test.h"
#include "serve/health.h"

#define ROUNDS 15
#define CLIENTS 4
#define BOATS "/apis/sea/v1/namespaces/default/boats"

static const char boat_yaml[] = "package: sea/v1\n"
				"kinds:\n"
				"  - kind: Boat\n"
				"    group: sea\n"
				"    version: v1\n"
				"    resource: boats\n"
				"    singular: boat\n"
				"    scope: Namespaced\n"
				"    name_format: dns1123-subdomain\n"
				"    columns:\n"
				"      - [Name, string, name, 0, .metadata.name, \"The name\"]\n"
				"types:\n"
				"  Boat:\n"
				"    kind: 0 string\n"
				"    apiVersion: 0 string\n"
				"    metadata: 1 ObjectMeta\n"
				"    spec: 2 BoatSpec\n"
				"  BoatSpec:\n"
				"    crew: 1 int32 default=1 max=9\n";
static const char boat_json[] =
	"{\"kind\":\"Boat\",\"apiVersion\":\"sea/v1\",\"metadata\":{\"name\":\"one\"},\"spec\":{}}";

static struct apiserver_rig *rig;
static struct rest *rest, *shared;

static int setup(void **state)
{
	rig = apiserver_rig_start(0);
	rest = rest_new(apiserver_rig_config(rig), 2);
	shared = rest_start(apiserver_rig_config(rig), "watches");
	return 0;
}

static int teardown(void **state)
{
	rest_free(rest);
	rest_free(shared);
	apiserver_rig_stop(rig);
	return 0;
}

/* ---- other clients ---- */
struct client {
	pthread_t thread;
	atomic_bool stop;
	atomic_int served, absent;
	struct err err; /* what must not happen */
};

static void expect(struct client *c, enum rest_verb verb, const char *path, const char *body)
{
	static __thread struct rest *own;
	struct err err = ERR_INIT;
	if (!own)
		own = rest_new(apiserver_rig_config(rig), 2);
	if (!path) {
		rest_free(own);
		own = NULL;
		return;
	}
	int r = rest_do_raw(own, verb, path, body, body ? strlen(body) : 0, NULL, &err);
	bool boats = strstr(path, "/sea/") != NULL;
	atomic_fetch_add(r == 0 ? &c->served : &c->absent, boats);
	if (r < 0 && !(boats && err.reason == REASON_NOT_FOUND))
		c->err = err;
}

static void *client_main(void *arg)
{
	struct client *c = arg;
	while (!atomic_load(&c->stop) && c->err.reason == REASON_NONE) {
		autofree char *map = mem_printf(
			"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"c-%p\"}}",
			(void *)c);
		autofree char *one = mem_printf("/api/v1/namespaces/default/configmaps/c-%p", (void *)c);
		expect(c, REST_POST, "/api/v1/namespaces/default/configmaps", map);
		expect(c, REST_GET, "/apis", NULL);
		expect(c, REST_GET, "/openapi/v3", NULL);
		expect(c, REST_GET, BOATS, NULL);
		expect(c, REST_GET, BOATS "/one", NULL);
		expect(c, REST_GET, "/apis/sea/v1", NULL);
		expect(c, REST_DELETE, one, NULL);
	}
	expect(c, REST_GET, NULL, NULL);
	return NULL;
}

/* ---- a watcher ---- */
struct watching {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct buf seen;
	bool ended;
	struct http_request rq;
};

static bool on_data(void *arg, const char *p, size_t n)
{
	struct watching *w = arg;
	pthread_mutex_lock(&w->lock);
	buf_add(&w->seen, p, n);
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
	return true;
}

static void on_end(void *arg, struct http_reply *r)
{
	struct watching *w = arg;
	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

static void begin_watch(void *arg)
{
	struct watching *w = arg;
	w->rq = (struct http_request){.on_data = on_data, .arg = w};
	rest_stream(shared, BOATS "?watch=1", &w->rq, on_end, w);
}

/* Until the text was seen, or the end came when it is NULL. */
static void wait_for(struct watching *w, const char *text)
{
	int64_t deadline_ns = clock_mono_ns() + 300 * NS_PER_S;
	pthread_mutex_lock(&w->lock);
	while (text ? !strstr(buf_str(&w->seen), text) : !w->ended)
		if (!clock_cond_wait(&w->cond, &w->lock, deadline_ns))
			fail_msg("no %s in `%s`", text ? text : "end", buf_str(&w->seen));
	pthread_mutex_unlock(&w->lock);
}

/* ---- the life of a kind ---- */
static js *get(const char *path)
{
	struct err err = ERR_INIT;
	js *o = NULL;
	if (rest_do(rest, REST_GET, path, NULL, &o, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	return o;
}

static void must(enum rest_verb verb, const char *path, const char *body)
{
	struct err err = ERR_INIT;
	if (rest_do_raw(rest, verb, path, body, body ? strlen(body) : 0, NULL, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
}

static void is_absent(const char *path)
{
	struct err err = ERR_INIT;
	assert_int_equal(rest_do(rest, REST_GET, path, NULL, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
}

static bool is_discovered(void)
{
	autojson js *groups = get("/apis"), *openapi = get("/openapi/v3");
	bool found = false;
	js_array_for_each (g, js_arr(groups, "groups", NULL))
		found |= !strcmp(js_str0(g, "name", NULL), "sea");
	assert_int_equal(found, js_get(openapi, "paths", "apis/sea/v1", NULL) != NULL);
	return found;
}

static void one_life(void)
{
	struct watching w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct schema_file f = {.name = "boat.yaml", .p = boat_yaml, .n = sizeof(boat_yaml) - 1};
	struct err err = ERR_INIT;
	clock_cond_init(&w.cond);
	is_absent(BOATS);
	struct schema_part *part = kinds_add(apiserver_rig_kinds(rig), &f, &err);
	if (!part)
		fail_msg("%s", err.msg);
	assert_true(is_discovered());
	loop_call(rest_loop(shared), begin_watch, &w);
	must(REST_POST, BOATS, boat_json);
	autojson js *one = get(BOATS "/one"), *list = get(BOATS), *kinds = get("/apis/sea/v1");
	assert_int_equal(js_int(one, 0, "spec", "crew", NULL), 1); /* defaulted */
	assert_int_equal(js_len(js_arr(list, "items", NULL)), 1);
	assert_string_equal(js_str0(js_at(js_arr(kinds, "resources", NULL), 0), "kind", NULL), "Boat");
	assert_int_equal(rest_do_raw(rest, REST_POST, BOATS,
				     JSON("{'metadata':{'name':'x'},'spec':{'crew':10}}"), 44, NULL, &err),
			 -1);
	assert_int_equal(err.reason, REASON_INVALID);
	wait_for(&w, "\"type\":\"ADDED\"");
	must(REST_DELETE, BOATS "/one", NULL);
	wait_for(&w, "\"type\":\"DELETED\"");
	kinds_remove(apiserver_rig_kinds(rig), part);
	wait_for(&w, NULL); /* its watchers are told */
	is_absent(BOATS);
	is_absent("/apis/sea/v1");
	assert_false(is_discovered());
	buf_release(&w.seen);
	pthread_cond_destroy(&w.cond);
}

static void kinds_come_and_go_under_load(void **state)
{
	struct client clients[CLIENTS] = {{.err = ERR_INIT}};
	int served = 0, absent = 0;
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i].thread, NULL, client_main, &clients[i]);
	for (int i = 0; i < ROUNDS; i++)
		one_life();
	for (size_t i = 0; i < CLIENTS; i++) {
		atomic_store(&clients[i].stop, true);
		pthread_join(clients[i].thread, NULL);
		if (clients[i].err.reason != REASON_NONE)
			fail_msg("%s", clients[i].err.msg);
		served += clients[i].served;
		absent += clients[i].absent;
	}
	assert_true(served > 0 && absent > 0);
}

/* ---- a kind that changes while it is used ---- */

static void *user_main(void *arg)
{
	struct client *c = arg;
	static const char patch[] = "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}";
	autofree char *one = mem_printf(BOATS "/c-%p", (void *)c);
	autofree char *boat = mem_printf("{\"metadata\":{\"name\":\"c-%p\"},\"spec\":{}}", (void *)c);
	const struct {
		enum rest_verb verb;
		const char *path, *body;
	} steps[] = {{REST_POST, BOATS, boat},	       {REST_GET, one, NULL},
		     {REST_PATCH_MERGE, one, patch},   {REST_GET, BOATS, NULL},
		     {REST_GET, "/apis/sea/v1", NULL}, {REST_DELETE, one, NULL}};
	struct rest *own = rest_new(apiserver_rig_config(rig), 2);
	for (size_t i = 0; !atomic_load(&c->stop) && c->err.reason == REASON_NONE; i++) {
		const char *body = steps[i % ARRAY_LEN(steps)].body;
		int rc = rest_do_raw(own, steps[i % ARRAY_LEN(steps)].verb, steps[i % ARRAY_LEN(steps)].path,
				     body, body ? strlen(body) : 0, NULL, &c->err);
		atomic_fetch_add(&c->served, rc == 0);
	}
	rest_free(own);
	return NULL;
}

/* The default of spec.crew, as the server has it now. */
static int64_t crew_now(int round)
{
	autofree char *body = mem_printf("{\"metadata\":{\"name\":\"r%d\"},\"spec\":{}}", round);
	autofree char *path = mem_printf(BOATS "/r%d", round);
	must(REST_POST, BOATS, body);
	autojson js *o = get(path);
	return js_int(o, 0, "spec", "crew", NULL);
}

static struct schema_part *replace_watched(struct schema_part *part, int round)
{
	struct watching w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	autofree char *yaml = mem_strdup(boat_yaml);
	struct schema_file f = {.name = "boat.yaml", .p = yaml, .n = sizeof(boat_yaml) - 1};
	struct err err = ERR_INIT;
	clock_cond_init(&w.cond);
	loop_call(rest_loop(shared), begin_watch, &w);
	wait_for(&w, "\"name\":\"one\"");
	strstr(yaml, "default=")[8] = (char)('2' + round % 7);
	part = kinds_replace(apiserver_rig_kinds(rig), part, &f, &err);
	if (!part)
		fail_msg("%s", err.msg);
	wait_for(&w, NULL); /* who watched begins anew */
	buf_release(&w.seen);
	pthread_cond_destroy(&w.cond);
	return part;
}

static void a_kind_is_replaced_under_load(void **state)
{
	struct schema_file f = {.name = "boat.yaml", .p = boat_yaml, .n = sizeof(boat_yaml) - 1};
	struct client clients[CLIENTS] = {{.err = ERR_INIT}};
	struct err err = ERR_INIT;
	int served = 0;
	struct schema_part *part = kinds_add(apiserver_rig_kinds(rig), &f, &err);
	assert_non_null(part);
	must(REST_POST, BOATS, boat_json);
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i].thread, NULL, user_main, &clients[i]);
	for (int i = 0; i < ROUNDS; i++) {
		part = replace_watched(part, i);
		assert_int_equal(crew_now(i), 2 + i % 7);
		autojson js *one = get(BOATS "/one");
		assert_int_equal(js_int(one, 0, "spec", "crew", NULL), 1); /* what was stored stays */
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		atomic_store(&clients[i].stop, true);
		pthread_join(clients[i].thread, NULL);
		if (clients[i].err.reason != REASON_NONE)
			fail_msg("%s", clients[i].err.msg);
		served += clients[i].served;
	}
	assert_true(served > 0);
	must(REST_DELETE, BOATS, NULL);
	kinds_remove(apiserver_rig_kinds(rig), part);
	is_absent(BOATS);
}

/* What upstream's test of health handlers asks for (1.20's, test/e2e/apimachinery/health_handlers.go), and what 1.34 has. */
static void health_tells_every_check(void **state)
{
	static const char *const pages[] = {"/healthz", "/livez", "/readyz"};
	static const char *const all[] = {
		"ping",
		"log",
		"etcd",
		"poststarthook/start-apiserver-admission-initializer",
		"poststarthook/start-kube-apiserver-admission-initializer",
		"poststarthook/generic-apiserver-start-informers",
		"poststarthook/start-apiextensions-informers",
		"poststarthook/start-apiextensions-controllers",
		"poststarthook/crd-informer-synced",
		"poststarthook/bootstrap-controller",
		"poststarthook/scheduling/bootstrap-system-priority-classes",
		"poststarthook/start-cluster-authentication-info-controller",
		"poststarthook/start-kube-aggregator-informers",
		"poststarthook/apiservice-registration-controller",
		"poststarthook/apiservice-status-available-controller",
		"poststarthook/apiservice-status-local-available-controller",
		"poststarthook/kube-apiserver-autoregistration",
		"autoregister-completion",
		"poststarthook/apiservice-openapi-controller",
		"poststarthook/apiservice-openapiv3-controller",
	};
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		autobuf struct buf page = BUF_INIT;
		const char *type;
		int status = 0;
		assert_true(health_page(pages[i], "verbose=1", &page, &status, &type));
		assert_int_equal(status, 200);
		for (size_t c = 0; c < ARRAY_LEN(all); c++) {
			autofree char *line = mem_printf("[+]%s ok\n", all[c]);
			if (!strstr(buf_str(&page), line))
				fail_msg("%s: no %s", pages[i], all[c]);
		}
		assert_int_equal(strstr(buf_str(&page), "[+]informer-sync ok\n") != NULL, i == 2);
	}
}

/* Under upstream's names, on the pages that upstream has them on. */
static void health_has_its_pages(void **state)
{
	static const struct {
		const char *path, *query;
		int status;
	} v[] = {
		{"/livez/ping", "", 200},
		{"/livez/etcd", "", 200},
		{"/readyz/etcd", "", 200},
		{"/readyz/sqlite", "", 200},
		{"/readyz/etcd-readiness", "", 200},
		{"/livez/etcd-readiness", "", 404},
		{"/readyz/shutdown", "", 200},
		{"/livez/shutdown", "", 404},
		{"/livez/poststarthook/start-system-namespaces-controller", "", 200},
		{"/readyz/poststarthook/bootstrap-controller", "", 200},
		{"/healthz/poststarthook/start-cluster-authentication-info-controller", "", 200},
		{"/readyz", "exclude=etcd&exclude=shutdown", 200},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autobuf struct buf page = BUF_INIT;
		const char *type;
		int status = 0;
		assert_true(health_page(v[i].path, v[i].query, &page, &status, &type));
		if (status != v[i].status)
			fail_msg("%s: %d %s", v[i].path, status, buf_str(&page));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(health_has_its_pages),
					   cmocka_unit_test(health_tells_every_check),
					   cmocka_unit_test(kinds_come_and_go_under_load),
					   cmocka_unit_test(a_kind_is_replaced_under_load)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

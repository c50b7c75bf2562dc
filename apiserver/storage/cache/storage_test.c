/* SPDX-License-Identifier: Apache-2.0 */
/* The room through its door, on both engines. */
#include "storage/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/cache/storage_internal.h"
#include "storage/store_rig.h"

static const char kinds_yaml[] =
	"package: test/v1\n"
	"kinds:\n"
	"  - {kind: Pod, version: v1, resource: pods, singular: pod, scope: Namespaced, selectable: {spec.nodeName: {bucket: true}}}\n"
	"  - {kind: Deployment, group: apps, version: v1, resource: deployments, singular: deployment, scope: Namespaced}\n"
	"  - {kind: Node, version: v1, resource: nodes, singular: node, scope: Cluster}\n"
	"  - {kind: Event, version: v1, resource: events, singular: event, scope: Namespaced, ttl: 3600, selectable: {involved.name: {}}}\n"
	"  - {kind: NewEvent, group: new, version: v1, resource: events, singular: event, scope: Namespaced, stored_as: v1/Event,"
	" type: NewEvent, selectable: {regarding.name: {}}}\n"
	"types:\n"
	"  Meta: {name: 1 string}\n"
	"  Pod: {metadata: 1 Meta}\n"
	"  Deployment: {metadata: 1 Meta}\n"
	"  Node: {metadata: 1 Meta}\n"
	"  Ref: {name: 1 string}\n"
	"  Event: {metadata: 1 Meta, involved: 2 Ref}\n"
	"  NewEvent: {metadata: 1 Meta, regarding: 2 Ref stored=involved}\n";

struct env {
	bool etcd;
	char dir[64], path[96], prefix[32];
	struct etcd_process process;
	struct schema *schema;
	struct storage *s;
	struct resource *pods, *deployments, *nodes, *events;
};
static int counter;

/* ---- fixture ---- */

static struct storage *open_storage(struct env *e)
{
	struct err err = ERR_INIT;
	struct storage_config c = {.engine = e->etcd ? "etcd" : "sqlite",
				   .path = e->path,
				   .etcd_servers = e->process.url,
				   .prefix = e->prefix};
	struct storage *s = storage_open(&c, e->schema, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

static struct resource *resource_of(struct env *e, struct storage *s, const char *group, const char *kind)
{
	const struct kind *k = schema_kind(e->schema, group, "v1", kind);
	assert_non_null(k);
	return storage_resource(s, k);
}

static void open_env(struct env *e)
{
	e->s = open_storage(e);
	e->pods = resource_of(e, e->s, "", "Pod");
	e->deployments = resource_of(e, e->s, "apps", "Deployment");
	e->nodes = resource_of(e, e->s, "", "Node");
	e->events = resource_of(e, e->s, "", "Event");
}

static int begin_group(void **state, bool etcd)
{
	struct env *e = MEM_NEW(struct env);
	struct err err = ERR_INIT;
	struct schema_file file = {.name = "test.yaml", .p = kinds_yaml, .n = sizeof(kinds_yaml) - 1};
	e->etcd = etcd;
	e->schema = schema_load(&file, 1, &err);
	if (!e->schema)
		fail_msg("%s", err.msg);
	snprintf(e->dir, sizeof(e->dir), "/tmp/storage_test.XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	if (etcd)
		etcd_begin(&e->process, e->dir);
	*state = e;
	return 0;
}
static int begin_sqlite(void **state)
{
	return begin_group(state, false);
}
static int begin_etcd(void **state)
{
	return begin_group(state, true);
}

static int end_group(void **state)
{
	struct env *e = *state;
	char cmd[96];
	etcd_kill(&e->process);
	schema_free(e->schema);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", e->dir);
	free(e);
	return system(cmd) != 0;
}

static int begin(void **state)
{
	struct env *e = *state;
	snprintf(e->prefix, sizeof(e->prefix), "/r%d", ++counter);
	snprintf(e->path, sizeof(e->path), "%s/%d.db", e->dir, counter);
	open_env(e);
	return 0;
}

static int end(void **state)
{
	struct env *e = *state;
	storage_close(e->s);
	e->s = NULL;
	clock_real();
	return 0;
}

/* ---- helpers ---- */

static struct obj *draft(struct resource *r, const char *ns, const char *name, const char *more)
{
	struct err err = ERR_INIT;
	autofree char *text = mem_printf(
		"{\"metadata\":{\"name\":\"%s\"%s%s%s,\"uid\":\"u-%s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}%s}",
		name, *ns ? ",\"namespace\":\"" : "", ns, *ns ? "\"" : "", name, more);
	struct obj *o = obj_new(resource_kind(r), text, strlen(text), &err);
	if (!o)
		fail_msg("%s", err.msg);
	return o;
}

static struct obj *create(struct resource *r, const char *ns, const char *name, const char *more)
{
	autoobj struct obj *d = draft(r, ns, name, more);
	struct obj *o;
	struct err err = ERR_INIT;
	if (storage_create(r, d, &o, &err) < 0)
		fail_msg("create: %s", err.msg);
	return o;
}

static struct obj *update(struct resource *r, const struct obj *old, const char *more, unsigned flags)
{
	autoobj struct obj *d = draft(r, old->ns, old->name, more);
	struct obj *o;
	struct err err = ERR_INIT;
	if (storage_update(r, old, d, flags, &o, &err) < 0)
		fail_msg("update: %s", err.msg);
	return o;
}

static void make_fresh(struct env *e)
{
	struct err err = ERR_INIT;
	if (!storage_fresh(e->s, 0) && storage_wait(e->s, 0, clock_mono_ns() + 5 * NS_PER_S, &err) < 0)
		fail_msg("%s", err.msg);
}

static void no_wake(void *arg)
{
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool woken;
};
static void wake_waiting(void *arg)
{
	struct waiting *w = arg;
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}
static void waiting_init(struct waiting *w)
{
	*w = (struct waiting){.woken = false};
	pthread_mutex_init(&w->lock, NULL);
	clock_cond_init(&w->cond);
}
/* The next event, waiting for it; false after ten seconds without one. */
static bool next(struct watcher *w, struct waiting *wait, struct watch_event *ev)
{
	struct err err = ERR_INIT;
	int rc;
	while ((rc = watch_next(w, ev, &err)) == 0) {
		bool in_time = true;
		pthread_mutex_lock(&wait->lock);
		while (!wait->woken && in_time)
			in_time = clock_cond_wait(&wait->cond, &wait->lock, clock_mono_ns() + 10 * NS_PER_S);
		wait->woken = false;
		pthread_mutex_unlock(&wait->lock);
		if (!in_time)
			return false;
	}
	if (rc < 0)
		fail_msg("%s", err.msg);
	return true;
}

/* ---- tests ---- */

static void objects_live_and_die(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	autoobj struct obj *a = create(e->pods, "ns", "a", "");
	char want[64];
	snprintf(want, sizeof(want), "\"uid\":\"u-a\",\"resourceVersion\":\"%llu\",",
		 (unsigned long long)a->rv);
	assert_non_null(strstr(a->bytes, want));
	assert_int_equal(a->create_rv, a->rv);
	/* the writer's object is the cache's own */
	make_fresh(e);
	autoobj struct obj *got = storage_get(e->pods, "ns", "a");
	assert_ptr_equal(got, a);
	assert_null(storage_get(e->pods, "other", "a"));
	autoobj struct obj *b = update(e->pods, a, ",\"spec\":{\"nodeName\":\"n1\"}", 0);
	assert_true(b->rv > a->rv);
	assert_int_equal(b->create_rv, a->rv);
	assert_string_equal(b->fields[0], "n1");
	make_fresh(e);
	assert_int_equal(resource_count(e->pods), 1);
	assert_true(storage_revision(e->s) >= b->rv);
	autoobj struct obj *gone = NULL;
	if (storage_delete(e->pods, b, &gone, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(gone->rv > b->rv);
	assert_string_equal(gone->fields[0], "n1");
	make_fresh(e);
	assert_null(storage_get(e->pods, "ns", "a"));
	/* cluster scope and groups */
	autoobj struct obj *n = create(e->nodes, "", "n1", ""), *d = create(e->deployments, "ns", "d", "");
	make_fresh(e);
	autoobj struct obj *n2 = storage_get(e->nodes, "", "n1"),
			   *d2 = storage_get(e->deployments, "ns", "d");
	assert_ptr_equal(n, n2);
	assert_ptr_equal(d, d2);
}

static void refusals_speak_upstreams_words(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct obj *none = NULL;
	autoobj struct obj *p = create(e->pods, "ns", "a", "");
	obj_unref(create(e->deployments, "ns", "web", ""));
	autoobj struct obj *p2 = update(e->pods, p, ",\"x\":1", 0), *again = draft(e->pods, "ns", "a", "");
	autoobj struct obj *d_again = draft(e->deployments, "ns", "web", "");
	assert_int_equal(storage_create(e->pods, again, &none, &err), -1);
	assert_int_equal(err.reason, REASON_ALREADY_EXISTS);
	assert_string_equal(err.msg, "pods \"a\" already exists");
	assert_int_equal(storage_create(e->deployments, d_again, &none, &err), -1);
	assert_string_equal(err.msg, "deployments.apps \"web\" already exists");
	assert_int_equal(storage_update(e->pods, p, again, 0, &none, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
	assert_string_equal(
		err.msg,
		"Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your "
		"changes to the latest version and try again");
	assert_int_equal(storage_delete(e->pods, p, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
	assert_int_equal(storage_delete(e->pods, p2, NULL, &err), 0);
	assert_int_equal(storage_delete(e->pods, p2, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_string_equal(err.msg, "pods \"a\" not found");
	assert_int_equal(storage_update(e->pods, p2, again, 0, &none, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	char *big = mem_alloc(1600000);
	memset(big, 'x', 1600000);
	memcpy(big, ",\"x\":\"", 6);
	memcpy(big + 1599998, "\"", 2);
	autoobj struct obj *fat = draft(e->pods, "ns", "fat", big);
	assert_int_equal(storage_create(e->pods, fat, &none, &err), -1);
	assert_int_equal(err.reason, REASON_TOO_LARGE);
	free(big);
	assert_null(none);
}

static void a_restart_changes_nothing(void **state)
{
	struct env *e = *state;
	struct obj_list before, after;
	struct err err = ERR_INIT;
	struct query q = {.ns = ""};
	char name[16];
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		autoobj struct obj *o = create(e->pods, i % 2 ? "a" : "b", name, "");
		if (i % 3 == 0) {
			autoobj struct obj *u =
				update(e->pods, o, ",\"spec\":{\"nodeName\":\"n\"}", i % 2 ? WRITE_LAZY : 0);
			if (i % 9 == 0)
				assert_int_equal(storage_delete(e->pods, u, NULL, &err), 0);
		}
	}
	make_fresh(e);
	assert_int_equal(storage_list(e->pods, &q, 0, NULL, 0, &before, &err), 0);
	storage_close(e->s);
	open_env(e);
	assert_int_equal(storage_list(e->pods, &q, 0, NULL, 0, &after, &err), 0);
	assert_int_equal(after.n, before.n);
	assert_int_equal(after.rv, before.rv);
	for (size_t i = 0; i < after.n; i++) {
		assert_string_equal(after.v[i]->bytes, before.v[i]->bytes);
		assert_int_equal(after.v[i]->create_rv, before.v[i]->create_rv);
	}
	/* what was before the start is not in the window */
	assert_null(watch_open(e->pods, &q, before.rv - 1, false, false, no_wake, NULL, &err));
	assert_int_equal(err.reason, REASON_EXPIRED);
	struct watcher *w = watch_open(e->pods, &q, before.rv, false, false, no_wake, NULL, &err);
	assert_non_null(w);
	watch_close(w);
	obj_list_release(&before);
	obj_list_release(&after);
}

static void a_future_revision_is_waited_for(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	autoobj struct obj *o = create(e->pods, "ns", "a", "");
	assert_int_equal(storage_wait(e->s, o->rv, clock_mono_ns() + 5 * NS_PER_S, &err), 0);
	assert_true(storage_fresh(e->s, o->rv));
	assert_false(storage_fresh(e->s, o->rv + 1000));
	assert_int_equal(storage_wait(e->s, o->rv + 1000, clock_mono_ns() + 20 * NS_PER_MS, &err), -1);
	assert_int_equal(err.reason, REASON_TIMEOUT);
	assert_int_equal(strncmp(err.msg, "Too large resource version: ", 28), 0);
}

static void versions_share_objects(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct obj_list l;
	struct field_selector fs;
	assert_ptr_equal(resource_of(e, e->s, "new", "NewEvent"), e->events);
	obj_unref(create(e->events, "ns", "e1", ",\"involved\":{\"name\":\"x\"}"));
	obj_unref(create(e->events, "ns", "e2", ",\"involved\":{\"name\":\"y\"}"));
	make_fresh(e);
	assert_int_equal(field_selector_parse("regarding.name=y", &fs, &err), 0);
	struct query q = {.ns = "", .fields = &fs, .kind = schema_kind(e->schema, "new", "v1", "NewEvent")};
	assert_int_equal(storage_list(e->events, &q, 0, NULL, 0, &l, &err), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0]->name, "e2");
	assert_true(query_matches(&q, l.v[0]));
	obj_list_release(&l);
	field_selector_release(&fs);
}

/* ---- many writers, and watchers that must see what they did ---- */

enum { WRITERS = 12, WATCHERS = 4, KEYS = 8, ROUNDS = 60 };

struct follower {
	struct env *e;
	struct waiting wait;
	uint64_t events;
	uint64_t state[KEYS]; /* rv, 0 = gone */
	uint64_t until;
};

static void *follow(void *arg)
{
	struct follower *f = arg;
	struct query q = {.ns = "ns"};
	struct err err = ERR_INIT;
	struct watch_event ev;
	uint64_t last = 0;
	struct watcher *w = watch_open(f->e->pods, &q, 0, true, true, wake_waiting, &f->wait, &err);
	while (next(w, &f->wait, &ev)) {
		if (ev.type == WATCH_BOOKMARK) {
			assert_true(ev.initial_end);
			last = ev.rv;
			continue;
		}
		if (strcmp(ev.obj->name, "end") == 0) {
			obj_unref(ev.obj);
			break;
		}
		if (last) { /* behind the initial events, which come by key */
			assert_true(ev.rv > last);
			last = ev.rv;
		}
		uint64_t *st = &f->state[ev.obj->name[1] - '0'];
		assert_int_equal(ev.type, !*st			     ? WATCH_ADDED
					  : ev.type == WATCH_DELETED ? WATCH_DELETED
								     : WATCH_MODIFIED);
		*st = ev.type == WATCH_DELETED ? 0 : ev.rv;
		f->events++;
		obj_unref(ev.obj);
	}
	watch_close(w);
	return NULL;
}

static void *fight(void *arg)
{
	struct env *e = arg;
	unsigned seed = (unsigned)(uintptr_t)&seed;
	for (int i = 0; i < ROUNDS; i++) {
		char name[8], more[40];
		struct err err = ERR_INIT;
		snprintf(name, sizeof(name), "k%d", rand_r(&seed) % KEYS);
		snprintf(more, sizeof(more), ",\"spec\":{\"nodeName\":\"%d\"}", rand_r(&seed) % 1000);
		autoobj struct obj *now = storage_get(e->pods, "ns", name),
				   *d = draft(e->pods, "ns", name, more), *o = NULL;
		int rc = !now		     ? storage_create(e->pods, d, &o, &err)
			 : rand_r(&seed) % 4 ? storage_update(e->pods, now, d,
							      rand_r(&seed) % 2 ? WRITE_LAZY : 0, &o, &err)
					     : storage_delete(e->pods, now, &o, &err);
		if (rc == 0) {
			/* one's own write is visible at once */
			autoobj struct obj *seen = storage_get(e->pods, "ns", name);
			if (seen)
				assert_true(seen->rv >= o->rv || seen->create_rv > o->rv);
		} else if (err.reason != REASON_CONFLICT && err.reason != REASON_ALREADY_EXISTS &&
			   err.reason != REASON_NOT_FOUND) {
			fail_msg("%s", err.msg);
		}
	}
	return NULL;
}

static void watchers_see_what_writers_did(void **state)
{
	struct env *e = *state;
	struct follower f[WATCHERS] = {0};
	pthread_t t[WRITERS], wt[WATCHERS];
	for (int i = 0; i < WATCHERS; i++) {
		f[i].e = e;
		waiting_init(&f[i].wait);
		wt[i] = thread_start("follow", follow, &f[i]);
	}
	for (int i = 0; i < WRITERS; i++)
		t[i] = thread_start("fight", fight, e);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	make_fresh(e);
	obj_unref(create(e->pods, "ns", "end", ""));
	for (int i = 0; i < WATCHERS; i++) {
		pthread_join(wt[i], NULL);
		for (int k = 0; k < KEYS; k++) {
			char name[8];
			snprintf(name, sizeof(name), "k%d", k);
			autoobj struct obj *o = storage_get(e->pods, "ns", name);
			assert_int_equal(f[i].state[k], o ? o->rv : 0);
		}
		assert_true(f[i].events > 10);
		pthread_mutex_destroy(&f[i].wait.lock);
		pthread_cond_destroy(&f[i].wait.cond);
	}
}

/* ---- one engine only ---- */

static void wait_until_empty(struct resource *r)
{
	time_t deadline = time(NULL) + 20; /* the house's clock stands still */
	while (resource_count(r) && time(NULL) < deadline)
		sched_yield();
	assert_int_equal(resource_count(r), 0);
}

static void events_expire(void **state)
{
	struct env *e = *state;
	struct query q = {.ns = ""};
	struct err err = ERR_INIT;
	struct watch_event ev;
	struct waiting wait;
	storage_close(e->s);
	clock_fake(1767225600 * NS_PER_S); /* what the drafts say they were created at */
	open_env(e);
	waiting_init(&wait);
	autoobj struct obj *a = create(e->events, "ns", "a", "");
	obj_unref(create(e->pods, "ns", "p", ""));
	struct watcher *w = watch_open(e->events, &q, a->rv, false, false, wake_waiting, &wait, &err);
	assert_int_equal(watch_next(w, &ev, &err), 0);
	clock_advance(1800 * NS_PER_S);
	autoobj struct obj *b = create(e->events, "ns", "b", "");
	autoobj struct obj *a2 = update(e->events, a, ",\"count\":2", 0); /* lives an hour from here */
	clock_advance(1900 * NS_PER_S);
	autoobj struct obj *still = storage_get(e->events, "ns", "a");
	assert_non_null(still);
	watch_close(w);
	w = watch_open(e->events, &q, a2->rv, false, false, wake_waiting, &wait, &err);
	assert_int_equal(watch_next(w, &ev, &err), 0);
	clock_advance(1700 * NS_PER_S);
	wait_until_empty(e->events);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(watch_next(w, &ev, &err), 1);
		assert_int_equal(ev.type, WATCH_DELETED);
		obj_unref(ev.obj);
	}
	assert_int_equal(resource_count(e->events), 0);
	assert_int_equal(resource_count(e->pods), 1);
	watch_close(w);
	/* what a start finds is judged by its creation */
	obj_unref(create(e->events, "ns", "c", ""));
	storage_close(e->s);
	open_env(e);
	wait_until_empty(e->events);
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
	assert_true(b->rv < a2->rv);
}

static void unreadable_objects_are_left_out(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	uint64_t rev;
	int null = open("/dev/null", O_WRONLY);
	autofree char *bad = mem_printf("%s/pods/ns/bad", e->prefix),
		      *stray = mem_printf("%s/other/thing", e->prefix);
	autofree char *wrong = mem_printf("%s/pods/ns/wrong", e->prefix);
	obj_unref(create(e->pods, "ns", "good", ""));
	const struct store_write w[] = {
		{.key = bad, .value = "{\"metadata\":", .len = 12},
		{.key = stray, .value = "x", .len = 1},
		{.key = wrong, .value = "{\"metadata\":{\"name\":\"y\"}}", .len = 25}};
	log_set_fd(null);
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		assert_int_equal(store_rig_write(e->s->store, &w[i], &rev, &err), 0);
	make_fresh(e);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(resource_count(e->pods), 1);
		storage_close(e->s);
		open_env(e);
	}
	log_set_fd(-1);
	close(null);
}

/* ---- writes that hold no thread ---- */

#define CHAINS 200
struct chains {
	struct env *e;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int left;
};
struct chain { /* create, update, refused update, delete; each from the one before's done */
	struct storage_write w;
	struct chains *of;
	struct obj *draft, *first, *second;
	char name[16];
	int step;
};

static void chain_end(struct chain *c)
{
	struct chains *of = c->of;
	obj_unref(c->draft);
	obj_unref(c->first);
	obj_unref(c->second);
	free(c);
	pthread_mutex_lock(&of->lock);
	if (!--of->left)
		pthread_cond_signal(&of->cond);
	pthread_mutex_unlock(&of->lock);
}

static void chain_done(struct storage_write *w)
{
	struct chain *c = CONTAINER_OF(w, struct chain, w);
	switch (c->step++) {
	case 0:
		assert_int_equal(w->err.reason, REASON_NONE);
		c->first = w->result;
		break;
	case 1:
		assert_int_equal(w->err.reason, REASON_NONE);
		assert_true(w->result->rv > c->first->rv);
		assert_int_equal(w->result->create_rv, c->first->create_rv);
		c->second = w->result;
		break;
	case 2:
		assert_int_equal(w->err.reason, REASON_CONFLICT);
		assert_null(w->result);
		break;
	default:
		assert_int_equal(w->err.reason, REASON_NONE);
		assert_true(w->result->rv > c->second->rv);
		assert_string_equal(w->result->uid, c->second->uid);
		obj_unref(w->result);
		chain_end(c);
		return;
	}
	w->op = c->step < 3 ? WRITE_UPDATE : WRITE_DELETE;
	w->old = c->step < 3 ? c->first : c->second;
	storage_submit(w);
}

static void writes_hold_no_thread(void **state)
{
	struct env *e = *state;
	struct chains all = {.e = e, .left = CHAINS};
	pthread_mutex_init(&all.lock, NULL);
	clock_cond_init(&all.cond);
	for (int i = 0; i < CHAINS; i++) {
		struct chain *c = MEM_NEW(struct chain);
		c->of = &all;
		snprintf(c->name, sizeof(c->name), "c%d", i);
		c->draft = draft(e->pods, "ns", c->name, "");
		c->w = (struct storage_write){
			.op = WRITE_CREATE, .resource = e->pods, .draft = c->draft, .done = chain_done};
		storage_submit(&c->w);
	}
	pthread_mutex_lock(&all.lock);
	while (all.left)
		assert_true(clock_cond_wait(&all.cond, &all.lock, clock_mono_ns() + 20 * NS_PER_S));
	pthread_mutex_unlock(&all.lock);
	make_fresh(e);
	assert_int_equal(resource_count(e->pods), 0);
	pthread_mutex_destroy(&all.lock);
	pthread_cond_destroy(&all.cond);
}

struct told {
	struct storage_wait w;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool told;
};

static void tell(struct storage_wait *w)
{
	struct told *t = CONTAINER_OF(w, struct told, w);
	pthread_mutex_lock(&t->lock);
	t->told = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

static void freshness_is_told(void **state)
{
	struct env *e = *state;
	struct told t = {.w.done = tell};
	pthread_mutex_init(&t.lock, NULL);
	clock_cond_init(&t.cond);
	for (int round = 0; round < 3; round++) {
		/* what there is; what will be; what will never be */
		t.told = false;
		t.w.rv = round == 0 ? 0 : storage_revision(e->s) + (round == 1 ? 1 : 1000);
		t.w.deadline_ns = clock_mono_ns() + (round == 2 ? 50 * NS_PER_MS : 20 * NS_PER_S);
		storage_when_fresh(e->s, &t.w);
		if (round == 1)
			obj_unref(create(e->pods, "ns", "x", ""));
		pthread_mutex_lock(&t.lock);
		while (!t.told)
			clock_cond_wait(&t.cond, &t.lock, CLOCK_NEVER);
		pthread_mutex_unlock(&t.lock);
		assert_int_equal(t.w.err.reason, round == 2 ? REASON_TIMEOUT : REASON_NONE);
	}
	assert_non_null(strstr(t.w.err.msg, "Too large resource version: "));
	pthread_mutex_destroy(&t.lock);
	pthread_cond_destroy(&t.cond);
}

/* ---- resources that come and go ---- */

struct load {
	struct env *e;
	atomic_bool stop;
	atomic_int stored; /* widgets */
};

/* As another apiserver would: this one knows nothing of it before the store tells. */
static void *store_widgets(void *arg)
{
	struct load *l = arg;
	struct store *store = l->e->s->store;
	while (!atomic_load(&l->stop)) {
		struct err err = ERR_INIT;
		uint64_t rev;
		int n = atomic_load(&l->stored);
		autofree char *key = mem_printf("%s/example.com/widgets/ns/w%d", l->e->prefix, n);
		autofree char *value = mem_printf(
			"{\"kind\":\"Widget\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"w%d\",\"namespace\":\"ns\",\"uid\":\"u%d\"}}",
			n, n);
		struct store_write w = {.key = key, .value = value, .len = strlen(value)};
		assert_int_equal(store_rig_write(store, &w, &rev, &err), 0);
		atomic_fetch_add(&l->stored, 1);
	}
	return NULL;
}

static void *make_pods(void *arg)
{
	struct load *l = arg;
	for (int i = 0; !atomic_load(&l->stop); i++) {
		struct err err = ERR_INIT;
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		autoobj struct obj *o = create(l->e->pods, "ns", name, "");
		assert_int_equal(storage_delete(l->e->pods, o, NULL, &err), 0);
	}
	return NULL;
}

static struct kind widget_kind(unsigned id)
{
	struct kind k = {.id = id,
			 .group = "example.com",
			 .version = "v1",
			 .kind = "Widget",
			 .resource = "widgets",
			 .namespaced = true,
			 .storage = "example.com/widgets"};
	return k;
}

static void no_holes(struct resource *r, int at_least)
{
	struct query q = {.ns = ""};
	struct obj_list list = {0};
	struct err err = ERR_INIT;
	assert_int_equal(storage_list(r, &q, 0, NULL, 0, &list, &err), 0);
	assert_true((int)list.n >= at_least);
	for (size_t i = 0; i < list.n; i++) {
		char name[32];
		snprintf(name, sizeof(name), "w%zu", i);
		autoobj struct obj *o = storage_get(r, "ns", name);
		assert_non_null(o);
	}
	obj_list_release(&list);
}

static void serve_for_a_while(struct load *l, const struct kind *k)
{
	struct env *e = l->e;
	struct err err = ERR_INIT;
	struct query q = {.ns = ""};
	struct watch_event ev;
	struct waiting wait;
	waiting_init(&wait);
	int before = atomic_load(&l->stored);
	assert_int_equal(storage_add_resource(e->s, k, &err), 0);
	struct resource *r = storage_resource(e->s, k);
	no_holes(r, before);
	struct watcher *w = watch_open(r, &q, 0, false, false, wake_waiting, &wait, &err);
	assert_non_null(w);
	assert_true(next(w, &wait, &ev)); /* the other one goes on writing */
	assert_int_equal(ev.type, WATCH_ADDED);
	obj_unref(ev.obj);
	autoobj struct obj *last = storage_get(r, "ns", "w0");
	assert_non_null(last);
	no_holes(r, atomic_load(&l->stored));
	storage_remove_resource(e->s, k);
	int rc;
	while ((rc = watch_next(w, &ev, &err)) == 1)
		obj_unref(ev.obj);
	assert_int_equal(rc, -1);
	assert_int_equal(err.reason, REASON_EXPIRED);
	watch_close(w);
	assert_int_equal(resource_count(r), 0);
	assert_null(storage_get(r, "ns", "w0"));
	assert_ptr_equal(storage_resource(e->s, k), r);
	assert_int_equal(storage_delete(r, last, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_null(watch_open(r, &q, 0, true, false, wake_waiting, &wait, &err));
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
}

static void resources_come_and_go_under_load(void **state)
{
	struct env *e = *state;
	struct load l = {.e = e};
	struct kind kinds[12], shared = widget_kind(9000);
	struct err err = ERR_INIT;
	pthread_t t[] = {thread_start("widgets", store_widgets, &l), thread_start("pods", make_pods, &l)};
	while (!atomic_load(&l.stored))
		sched_yield();
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		kinds[i] = widget_kind(100 + 77 * (unsigned)i);
		kinds[i].storage_kind = &kinds[i];
		serve_for_a_while(&l, &kinds[i]);
	}
	atomic_store(&l.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_join(t[i], NULL);
	/* two versions share one, which stays until the last of them goes */
	struct kind mine = widget_kind(9001);
	mine.storage_kind = shared.storage_kind = &mine;
	assert_int_equal(storage_add_resource(e->s, &mine, &err), 0);
	assert_int_equal(storage_add_resource(e->s, &shared, &err), 0);
	struct resource *r = storage_resource(e->s, &mine);
	assert_ptr_equal(storage_resource(e->s, &shared), r);
	assert_int_equal(resource_count(r), atomic_load(&l.stored));
	storage_remove_resource(e->s, &mine);
	assert_int_equal(resource_count(r), atomic_load(&l.stored));
	storage_remove_resource(e->s, &shared);
	assert_int_equal(resource_count(r), 0);
}

/* ---- observers ---- */

struct tally {
	int present, made, changed, gone;
};

static void count_change(void *arg, const struct obj *old, const struct obj *new)
{
	struct tally *t = arg;
	t->made += !old;
	t->changed += old && new;
	t->gone += !new;
	t->present += (new != NULL) - (old != NULL);
}

static void observers_see_every_change(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	struct tally t = {0};
	struct resource_observer o = {.changed = count_change, .arg = &t};
	autoobj struct obj *a = create(e->pods, "ns", "a", "");
	obj_unref(create(e->nodes, "", "a", ""));
	make_fresh(e);
	resource_observe(e->pods, &o);
	assert_int_equal(t.present, 1);
	autoobj struct obj *b = create(e->pods, "ns", "b", "");
	obj_unref(update(e->pods, b, ",\"x\":1", 0));
	assert_int_equal(storage_delete(e->pods, a, NULL, &err), 0);
	make_fresh(e);
	assert_int_equal(t.made, 2);
	assert_int_equal(t.changed, 1);
	assert_int_equal(t.gone, 1);
	assert_int_equal(t.present, 1);
	storage_remove_resource(e->s, resource_kind(e->pods));
	assert_int_equal(t.present, 0);
}

static void two_apiservers_share_one_etcd(void **state)
{
	struct env *e = *state;
	struct storage *other = open_storage(e);
	struct resource *pods = resource_of(e, other, "", "Pod");
	struct query q = {.ns = ""};
	struct err err = ERR_INIT;
	struct watch_event ev;
	struct waiting wait;
	waiting_init(&wait);
	struct watcher *w = watch_open(pods, &q, 0, true, false, wake_waiting, &wait, &err);
	autoobj struct obj *a = create(e->pods, "ns", "a", ",\"spec\":{\"nodeName\":\"n1\"}");
	assert_true(next(w, &wait, &ev));
	assert_string_equal(ev.obj->bytes, a->bytes);
	assert_int_equal(ev.obj->create_rv, a->create_rv);
	obj_unref(ev.obj);
	/* the other one is sure to read what this one wrote */
	for (int i = 0; i < 20; i++) {
		autoobj struct obj *now = storage_get(e->pods, "ns", "a");
		autoobj struct obj *u = update(e->pods, now, ",\"x\":1", 0);
		assert_int_equal(storage_wait(other, 0, clock_mono_ns() + 5 * NS_PER_S, &err), 0);
		autoobj struct obj *there = storage_get(pods, "ns", "a");
		assert_int_equal(there->rv, u->rv);
	}
	autoobj struct obj *stale = storage_get(pods, "ns", "a"), *d = draft(pods, "ns", "a", "");
	autoobj struct obj *now = storage_get(e->pods, "ns", "a"), *none = NULL;
	obj_unref(update(e->pods, now, "", 0));
	assert_int_equal(storage_update(pods, stale, d, 0, &none, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
	watch_close(w);
	storage_close(other);
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
}

static void reads_go_on_without_etcd(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	char why[128];
	int null = open("/dev/null", O_WRONLY);
	autoobj struct obj *a = create(e->pods, "ns", "a", ""), *d = draft(e->pods, "ns", "b", ""),
			   *none = NULL;
	log_set_fd(null);
	etcd_kill(&e->process);
	assert_int_equal(storage_create(e->pods, d, &none, &err), -1);
	assert_true(err.reason == REASON_UNAVAILABLE || err.reason == REASON_TIMEOUT);
	assert_false(storage_healthy(e->s, why));
	autoobj struct obj *still = storage_get(e->pods, "ns", "a");
	assert_ptr_equal(still, a);
	assert_int_equal(storage_wait(e->s, 0, clock_mono_ns() + NS_PER_S, &err), -1);
	etcd_run(&e->process);
	int64_t deadline = clock_mono_ns() + 20 * NS_PER_S;
	while (storage_wait(e->s, 0, deadline, &err) < 0)
		assert_true(clock_mono_ns() < deadline);
	assert_int_equal(storage_create(e->pods, d, &none, &err), 0);
	make_fresh(e);
	assert_int_equal(resource_count(e->pods), 2);
	log_set_fd(-1);
	close(null);
}

#define SUITE(t) cmocka_unit_test_setup_teardown(t, begin, end)
#define BOTH                                                                                                 \
	SUITE(objects_live_and_die), SUITE(refusals_speak_upstreams_words),                                  \
		SUITE(a_restart_changes_nothing), SUITE(a_future_revision_is_waited_for),                    \
		SUITE(versions_share_objects), SUITE(watchers_see_what_writers_did),                         \
		SUITE(unreadable_objects_are_left_out), SUITE(writes_hold_no_thread),                        \
		SUITE(freshness_is_told), SUITE(resources_come_and_go_under_load),                           \
		SUITE(observers_see_every_change)
int main(void)
{
	const struct CMUnitTest sqlite[] = {BOTH, SUITE(events_expire)};
	const struct CMUnitTest etcd[] = {BOTH, SUITE(two_apiservers_share_one_etcd),
					  SUITE(reads_go_on_without_etcd)};
	int failed = cmocka_run_group_tests_name("sqlite", sqlite, begin_sqlite, end_group);
	return failed + cmocka_run_group_tests_name("etcd", etcd, begin_etcd, end_group);
}

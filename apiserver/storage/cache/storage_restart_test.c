/* SPDX-License-Identifier: Apache-2.0 */
/* Watchers that were there before a restart go on behind it, on both engines. */
#include "storage/cache/storage_rig_test.h"

#define CHANGES 400
#define WATCHERS 1000

struct seen {
	enum watch_type type;
	uint64_t rv;
	char *bytes;
};

static void change_something(struct resource *r, unsigned *seed)
{
	char name[16];
	struct err err = ERR_INIT;
	snprintf(name, sizeof(name), "p%d", rand_r(seed) % 20);
	autoobj struct obj *old = storage_get(r, "ns", name);
	if (!old)
		obj_unref(create(r, "ns", name, ""));
	else if (rand_r(seed) % 3)
		obj_unref(update(r, old, rand_r(seed) % 2 ? ",\"spec\":{\"nodeName\":\"n1\"}" : "", 0));
	else if (storage_delete(r, old, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct watcher *watch(struct resource *r, const char *ns, uint64_t rv, struct waiting *wait)
{
	struct query q = {.ns = ns};
	struct err err = ERR_INIT;
	struct watcher *w = watch_open(r, &q, rv, false, false, wake_waiting, wait, &err);
	if (!w)
		fail_msg("from %llu: %s", (unsigned long long)rv, err.msg);
	return w;
}

/* Many changes, and what a watcher sees of them. Other resources change in between. */
static void live(struct env *e, struct seen v[CHANGES])
{
	unsigned seed = 7;
	struct waiting wait;
	waiting_init(&wait);
	struct watcher *w = watch(e->pods, "", 0, &wait);
	for (int i = 0; i < CHANGES; i++) {
		change_something(e->pods, &seed);
		make_fresh(e);
		if (i % 5 == 0)
			change_something(e->deployments, &seed);
		struct watch_event ev;
		assert_true(next(w, &wait, &ev));
		v[i] = (struct seen){ev.type, ev.rv, mem_strndup(ev.obj->bytes, ev.obj->len)};
		obj_unref(ev.obj);
	}
	watch_close(w);
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
}

static void sees_the_rest(struct watcher *w, struct waiting *wait, const struct seen *v, int from)
{
	struct watch_event ev;
	struct err err = ERR_INIT;
	for (int i = from; i < CHANGES; i++) {
		assert_true(next(w, wait, &ev));
		assert_int_equal(ev.type, v[i].type);
		assert_int_equal(ev.rv, v[i].rv);
		assert_int_equal(ev.obj->len, strlen(v[i].bytes));
		assert_memory_equal(ev.obj->bytes, v[i].bytes, ev.obj->len);
		obj_unref(ev.obj);
	}
	assert_int_equal(watch_next(w, &ev, &err), 0);
}

static double cpu_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void a_thousand_watchers_go_on(void **state)
{
	struct env *e = *state;
	struct seen v[CHANGES];
	struct watcher *w[WATCHERS];
	struct waiting wait;
	waiting_init(&wait);
	autoobj struct obj *node = create(e->nodes, "", "n1", "");
	live(e, v);
	storage_close(e->s);
	open_env(e);
	double few = 0, began = cpu_s();
	for (int i = 0; i < WATCHERS; i++) {
		if (i == WATCHERS / 10)
			few = cpu_s() - began;
		w[i] = watch(e->pods, i % 2 ? "ns" : "", v[i * 7 % CHANGES].rv, &wait);
	}
	double opened = cpu_s();
	for (int i = 0; i < WATCHERS; i++) {
		if (i == WATCHERS / 10)
			few += cpu_s() - opened;
		sees_the_rest(w[i], &wait, v, i * 7 % CHANGES + 1);
	}
	if (cpu_s() - began > 4 * 10 * few) /* each costs the same */
		fail_msg("%d in %.3f s, %d in %.3f s", WATCHERS / 10, few, WATCHERS, cpu_s() - began);
	/* and then what is new */
	obj_unref(create(e->pods, "ns", "new", ""));
	for (int i = 0; i < WATCHERS; i++) {
		struct watch_event ev;
		assert_true(next(w[i], &wait, &ev));
		assert_int_equal(ev.type, WATCH_ADDED);
		assert_string_equal(ev.obj->name, "new");
		obj_unref(ev.obj);
		watch_close(w[i]);
	}
	/* one that nothing has happened to since */
	watch_close(watch(e->nodes, "", node->rv, &wait));
	for (int i = 0; i < CHANGES; i++)
		free(v[i].bytes);
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
}

static enum reason refused(struct resource *r, uint64_t rv)
{
	struct query q = {.ns = ""};
	struct err err = ERR_INIT;
	struct watcher *w = watch_open(r, &q, rv, false, false, no_wake, NULL, &err);
	if (w)
		watch_close(w);
	return w ? REASON_NONE : err.reason;
}

/* More has happened than the window takes: the quiet resource does not pay for the busy one. */
static void the_past_is_bounded(void **state)
{
	struct env *e = *state;
	struct seen v[CHANGES];
	autoobj struct obj *node = create(e->nodes, "", "n1", "");
	live(e, v);
	storage_close(e->s);
	e->window = 50;
	open_env(e);
	assert_int_equal(refused(e->pods, v[0].rv), REASON_EXPIRED);
	assert_int_equal(refused(e->pods, v[CHANGES - 30].rv), REASON_NONE);
	if (!e->transport) /* there, only the revisions are counted */
		assert_int_equal(refused(e->nodes, node->rv), REASON_NONE);
	e->window = 0;
	for (int i = 0; i < CHANGES; i++)
		free(v[i].bytes);
}

static void compacted_history_is_not_told(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	autoobj struct obj *a = create(e->pods, "ns", "a", ""), *b = update(e->pods, a, ",\"x\":1", 0);
	autoobj struct obj *c = update(e->pods, b, ",\"x\":2", 0);
	assert_int_equal(e->s->store->engine->compact(e->s->store, b->rv, &err), 0);
	autoobj struct obj *d = update(e->pods, c, ",\"x\":3", 0);
	storage_close(e->s);
	open_env(e);
	assert_int_equal(refused(e->pods, a->rv), REASON_EXPIRED);
	assert_int_equal(refused(e->pods, c->rv), REASON_NONE);
	autoobj struct obj *now = storage_get(e->pods, "ns", "a");
	assert_int_equal(now->rv, d->rv);
}

/* A renewal that was only acknowledged from memory dies with the process: who has seen it must look again. */
static void lost_heartbeats_end_their_watches(void **state)
{
	struct env *e = *state;
	char cmd[400];
	struct err err = ERR_INIT;
	struct resource *leases = resource_of(e, e->s, "", "Lease");
	autoobj struct obj *a = create(leases, "ns", "a", ""), *p = create(e->pods, "ns", "p", "");
	autoobj struct obj *b = update(leases, a, ",\"x\":1", WRITE_LAZY);
	autofree char *copy = mem_printf("%s.killed", e->path);
	snprintf(cmd, sizeof(cmd), "for f in '' -wal -mark; do cp %s$f %s$f || exit 1; done", e->path, copy);
	assert_int_equal(system(cmd), 0);
	storage_close(e->s);
	snprintf(e->path, sizeof(e->path), "%s", copy);
	open_env(e);
	leases = resource_of(e, e->s, "", "Lease");
	autoobj struct obj *now = storage_get(leases, "ns", "a");
	assert_int_equal(now->rv, a->rv);
	assert_int_equal(refused(leases, b->rv), REASON_EXPIRED);
	assert_int_equal(refused(e->pods, p->rv), REASON_NONE);
	/* after a clean end they go on */
	autoobj struct obj *c = update(leases, now, ",\"x\":1", WRITE_LAZY);
	assert_true(c->rv > b->rv);
	storage_close(e->s);
	open_env(e);
	leases = resource_of(e, e->s, "", "Lease");
	assert_int_equal(refused(leases, c->rv), REASON_NONE);
	autoobj struct obj *same = storage_get(leases, "ns", "a"), *none = NULL;
	assert_int_equal(same->rv, c->rv);
	assert_int_equal(storage_delete(leases, same, &none, &err), 0);
}

#define SUITE(t) cmocka_unit_test_setup_teardown(t, begin, end)
int main(void)
{
	const struct CMUnitTest sqlite[] = {SUITE(a_thousand_watchers_go_on), SUITE(the_past_is_bounded),
					    SUITE(compacted_history_is_not_told),
					    SUITE(lost_heartbeats_end_their_watches)};
	const struct CMUnitTest etcd[] = {SUITE(a_thousand_watchers_go_on), SUITE(the_past_is_bounded)};
	int failed = cmocka_run_group_tests_name("sqlite", sqlite, begin_sqlite, end_group);
	failed += cmocka_run_group_tests_name("etcd, grpc", etcd, begin_grpc, end_group);
	return failed + cmocka_run_group_tests_name("etcd, gateway", etcd, begin_gateway, end_group);
}

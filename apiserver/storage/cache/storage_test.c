/* SPDX-License-Identifier: Apache-2.0 */
/* The room through its door, on both engines. */
#include "storage/cache/storage_rig_test.h"
#include "object/json_test.h"
#include "storage/storage_rig.h"

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
	assert_int_equal(storage_wait(e->s, o->rv, clock_mono_ns() + LONG_NS, &err), 0);
	assert_true(storage_fresh(e->s, o->rv));
	assert_false(storage_fresh(e->s, o->rv + 1000));
	clock_real();
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

/* A watch keeps what it selects by; a million bytes of it are a query like any other. */
static void long_selectors_have_a_bound(void **state)
{
	enum { MANY = 64, VALUES = 90000 };
	struct env *e = *state;
	struct err err = ERR_INIT;
	autobuf struct buf text = BUF_INIT;
	struct watcher *w[MANY];
	size_t n = 0;
	buf_adds(&text, "app in (x");
	for (int i = 0; i < VALUES; i++)
		buf_addf(&text, ",v%07d", i);
	buf_adds(&text, ")");
	struct selector *labels = selector_parse(buf_str(&text), &err);
	assert_non_null(labels);
	assert_true(selector_size(labels) > text.len);
	struct query longer = {.ns = "", .labels = labels}, shorter = {.ns = "ns"};
	while (n < MANY && (w[n] = watch_open(e->pods, &longer, 0, true, false, no_wake, NULL, &err)))
		n++;
	assert_in_range(n, 10, 32);
	assert_int_equal(err.reason, REASON_TOO_MANY_REQUESTS);
	struct watcher *other = watch_open(e->pods, &shorter, 0, true, false, no_wake, NULL, &err);
	assert_non_null(other);
	watch_close(other);
	watch_close(w[0]);
	w[0] = watch_open(e->pods, &longer, 0, true, false, no_wake, NULL, &err);
	assert_non_null(w[0]);
	selector_free(labels); /* those who watch have it still */
	obj_unref(create(e->pods, "ns", "a", ",\"x\":1"));
	struct watch_event ev;
	assert_int_equal(watch_next(w[0], &ev, &err), 0);
	while (n)
		watch_close(w[--n]);
	assert_int_equal(e->s->selected_bytes, 0);
}

/* What one page of a list begun at `rv` has: names, or the reason why not. */
static void expect_page(struct env *e, uint64_t rv, const char *after, const char *want, uint64_t *ret_rv)
{
	struct query q = {.ns = ""};
	struct err err = ERR_INIT;
	struct obj_list l = {0};
	autobuf struct buf got = BUF_INIT;
	if (storage_list(e->pods, &q, rv, after, 2, &l, &err) < 0)
		buf_adds(&got, err.reason == REASON_EXPIRED ? "expired" : err.msg);
	for (size_t i = 0; i < l.n; i++)
		buf_addf(&got, "%s%s", i ? " " : "", l.v[i]->name);
	assert_string_equal(buf_str(&got), want);
	*ret_rv = l.rv;
	obj_list_release(&l);
}

/* The pages of a list end five minutes after something has changed, though it be elsewhere; what is left can be had as it
   is now. While nothing changes there is nothing that could be out of date. */
static void lists_in_pages_end(void **state)
{
	struct env *e = *state;
	uint64_t first, rv;
	storage_close(e->s);
	open_env(e);
	clock_fake(1767225600 * NS_PER_S);
	for (const char *name = "abcde"; *name; name++)
		obj_unref(create(e->pods, "ns", (char[]){*name, 0}, ""));
	expect_page(e, 0, NULL, "a b", &first);
	clock_advance(3600 * NS_PER_S);
	expect_page(e, first, "ns/b", "c d", &rv);
	assert_int_equal(rv, first);
	autoobj struct obj *node = create(e->nodes, "", "n", "");
	clock_advance(200 * NS_PER_S);
	expect_page(e, first, "ns/b", "c d", &rv);
	clock_advance(101 * NS_PER_S);
	expect_page(e, first, "ns/b", "expired", &rv);
	expect_page(e, 0, "ns/b", "c d", &rv);
	assert_true(rv >= node->rv);
	expect_page(e, rv, "ns/d", "e", &rv);
}

/* ---- one engine only ---- */

static void wait_until_empty(struct resource *r)
{
	time_t deadline = time(NULL) + LONG_NS / NS_PER_S; /* the house's clock stands still */
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
	/* what a start finds is judged by its creation, whichever comes first, the judge or what has to be judged */
	for (int i = 0; i < 50; i++) {
		obj_unref(create(e->events, "ns", "c", ""));
		storage_close(e->s);
		open_env(e);
		wait_until_empty(e->events);
	}
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
	assert_true(b->rv < a2->rv);
}

/* Which does it better; what it has no time to live of goes all the same, later. */
static void a_store_that_expires_is_left_to_it(void **state)
{
	struct env *e = *state;
	storage_close(e->s);
	clock_fake(1767225600 * NS_PER_S);
	open_env(e);
	struct store_engine expires = *e->s->store->engine;
	expires.expires = true; /* it says so, and forgets to */
	compactor_stop(e->s->compactor);
	compactor_free(e->s->compactor);
	e->s->store->engine = &expires;
	e->s->compactor = compactor_start(e->s);
	obj_unref(create(e->events, "ns", "a", ""));
	clock_advance(4000 * NS_PER_S);
	obj_unref(create(e->events, "ns", "b", ""));
	autoobj struct obj *still = storage_get(e->events, "ns", "a");
	assert_non_null(still);
	clock_advance(300 * NS_PER_S);
	time_t deadline = time(NULL) + LONG_NS / NS_PER_S; /* the house's clock stands still */
	while (resource_count(e->events) > 1 && time(NULL) < deadline)
		sched_yield();
	assert_int_equal(resource_count(e->events), 1);
	storage_close(e->s);
	open_env(e);
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
		{.key = bad, .value = JSON("{'metadata':"), .len = 12},
		{.key = stray, .value = "x", .len = 1},
		{.key = wrong, .value = JSON("{'metadata':{'name':'y'}}"), .len = 25}};
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
		assert_int_equal(storage_wait(other, 0, clock_mono_ns() + LONG_NS, &err), 0);
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
	clock_real();
	etcd_kill(&e->process);
	assert_int_equal(storage_create(e->pods, d, &none, &err), -1);
	assert_true(err.reason == REASON_UNAVAILABLE || err.reason == REASON_TIMEOUT);
	assert_false(storage_healthy(e->s, why));
	autoobj struct obj *still = storage_get(e->pods, "ns", "a");
	assert_ptr_equal(still, a);
	assert_int_equal(storage_wait(e->s, 0, clock_mono_ns() + NS_PER_S, &err), -1);
	etcd_run(&e->process);
	int64_t deadline = clock_mono_ns() + LONG_NS;
	while (storage_wait(e->s, 0, deadline, &err) < 0)
		assert_true(clock_mono_ns() < deadline);
	clock_slow(SLOWNESS);
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
		SUITE(unreadable_objects_are_left_out), SUITE(lists_in_pages_end)
int main(void)
{
	const struct CMUnitTest sqlite[] = {BOTH, SUITE(long_selectors_have_a_bound), SUITE(events_expire),
					    SUITE(a_store_that_expires_is_left_to_it)};
	const struct CMUnitTest etcd[] = {BOTH, SUITE(two_apiservers_share_one_etcd),
					  SUITE(reads_go_on_without_etcd)};
	int failed = cmocka_run_group_tests_name("sqlite", sqlite, begin_sqlite, end_group);
	failed += cmocka_run_group_tests_name("etcd, grpc", etcd, begin_grpc, end_group);
	return failed + cmocka_run_group_tests_name("etcd, gateway", etcd, begin_gateway, end_group);
}

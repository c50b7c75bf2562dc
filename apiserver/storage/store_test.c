/* SPDX-License-Identifier: Apache-2.0 */
/* One suite for both engines, the etcd one over both of its wires; what only one of them can do is in store_sqlite_test.c and store_etcd_test.c. */
#include "storage/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/store_rig.h"

#define EVENTS_MAX 20000
#define LONG_NS (120 * NS_PER_S) /* only so that no test hangs */

struct seen {
	uint64_t rev, create_rev;
	char key[40];
	char value[32];
	bool deleted, own;
};
struct env {
	const char *transport; /* to etcd; NULL: sqlite */
	char dir[64];
	struct etcd_process process;
	struct store *s;
	char prefix[32];
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct seen *seen;
	size_t n_seen;
	uint64_t upto;
	int resets;
};
static int counter; /* of prefixes */

/* ---- fixture ---- */

static struct store *open_store(struct env *e)
{
	struct err err = ERR_INIT;
	char path[96];
	snprintf(path, sizeof(path), "%s/%s.db", e->dir, e->prefix + 1);
	struct store_etcd_config c = {.servers = e->process.url, .transport = e->transport};
	struct store *s = e->transport ? store_etcd_open(&c, &err)
				       : store_sqlite_open(&(struct store_sqlite_config){path, false}, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

static void close_store(struct env *e)
{
	if (e->s)
		e->s->engine->close(e->s);
	e->s = NULL;
}

static int begin_group(void **state, const char *transport)
{
	struct env *e = MEM_NEW(struct env);
	e->transport = transport;
	snprintf(e->dir, sizeof(e->dir), "/tmp/store_test.XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	pthread_mutex_init(&e->lock, NULL);
	clock_cond_init(&e->cond);
	e->seen = mem_array(EVENTS_MAX, sizeof(*e->seen));
	if (transport) {
		etcd_begin(&e->process, e->dir);
		struct store_etcd_config c = {.servers = e->process.url, .transport = e->transport};
		struct err err = ERR_INIT;
		struct store *s = store_etcd_open(&c, &err);
		uint64_t rev;
		int64_t deadline = clock_mono_ns() + LONG_NS;
		while (store_rig_current(s, deadline, &rev, &err) < 0 && clock_mono_ns() < deadline)
			;
		s->engine->close(s);
	}
	*state = e;
	return 0;
}

static int begin_sqlite(void **state)
{
	return begin_group(state, NULL);
}

static int begin_grpc(void **state)
{
	return begin_group(state, "grpc");
}

static int begin_gateway(void **state)
{
	return begin_group(state, "gateway");
}

static int end_group(void **state)
{
	struct env *e = *state;
	char cmd[96];
	etcd_kill(&e->process);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", e->dir);
	free(e->seen);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->cond);
	free(e);
	return system(cmd) != 0;
}

static int begin(void **state)
{
	struct env *e = *state;
	snprintf(e->prefix, sizeof(e->prefix), "/t%d", ++counter);
	e->n_seen = 0;
	e->upto = 0;
	e->resets = 0;
	e->s = open_store(e);
	clock_slow(10); /* no write is too late, however busy the machine is */
	return 0;
}

static int end(void **state)
{
	close_store(*state);
	clock_real();
	return 0;
}

/* ---- helpers ---- */

static int put_as(struct env *e, const char *name, const char *value, uint64_t expect, void *cookie,
		  uint64_t *rev, struct err *err)
{
	char key[64];
	snprintf(key, sizeof(key), "%s/%s", e->prefix, name);
	struct store_write w = {.key = key,
				.value = value,
				.len = value ? strlen(value) : 0,
				.expect = expect,
				.cookie = cookie};
	return store_rig_write(e->s, &w, rev, err);
}

static uint64_t put(struct env *e, const char *name, const char *value, uint64_t expect)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	if (put_as(e, name, value, expect, NULL, &rev, &err) < 0)
		fail_msg("%s %s: %s", name, value ? value : "(delete)", err.msg);
	return rev;
}

static enum reason put_fails(struct env *e, const char *name, const char *value, uint64_t expect)
{
	struct err err = ERR_INIT;
	uint64_t rev = 77;
	assert_int_equal(put_as(e, name, value, expect, NULL, &rev, &err), -1);
	assert_int_equal(rev, 77);
	return err.reason;
}

struct listing {
	struct env *e;
	size_t n;
	struct seen v[2000];
};

static int list_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		    struct err *err)
{
	struct listing *l = arg;
	struct seen *s = &l->v[l->n++];
	assert_true(l->n < 2000 && n < sizeof(s->value));
	*s = (struct seen){.rev = rev, .create_rev = create_rev};
	snprintf(s->key, sizeof(s->key), "%s", key + strlen(l->e->prefix) + 1);
	memcpy(s->value, v, n);
	return 0;
}

static struct listing *list_all(struct env *e, uint64_t *ret_rev)
{
	struct listing *l = MEM_NEW(struct listing);
	struct err err = ERR_INIT;
	char prefix[40];
	l->e = e;
	snprintf(prefix, sizeof(prefix), "%s/", e->prefix);
	if (e->s->engine->list(e->s, prefix, list_one, l, ret_rev, &err) < 0)
		fail_msg("list: %s", err.msg);
	return l;
}

static const struct seen *find(const struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].key, name) == 0)
			return &l->v[i];
	return NULL;
}

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	struct env *e = arg;
	pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(ev[i].key, e->prefix, strlen(e->prefix)) != 0)
			continue;
		struct seen *s = &e->seen[e->n_seen++];
		*s = (struct seen){
			.rev = ev[i].rev, .create_rev = ev[i].create_rev, .own = ev[i].cookie != NULL};
		snprintf(s->key, sizeof(s->key), "%s", ev[i].key + strlen(e->prefix) + 1);
		if (ev[i].cookie && strcmp(ev[i].cookie, "(delete)") != 0)
			snprintf(s->value, sizeof(s->value), "%s", (const char *)ev[i].cookie);
		else if (ev[i].value)
			memcpy(s->value, ev[i].value, ev[i].len);
		s->deleted = !s->value[0];
	}
	assert_true(upto >= e->upto);
	e->upto = upto;
	pthread_cond_broadcast(&e->cond);
	pthread_mutex_unlock(&e->lock);
}

static int no_reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	return err_set(err, REASON_INTERNAL, "unexpected");
}

static void watch(struct env *e, uint64_t rev)
{
	struct err err = ERR_INIT;
	char prefix[40];
	snprintf(prefix, sizeof(prefix), "%s/", e->prefix);
	if (e->s->engine->watch(e->s, prefix, rev, sink, no_reset, e, &err) < 0)
		fail_msg("watch: %s", err.msg);
}

static void wait_upto(struct env *e, uint64_t rev)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	pthread_mutex_lock(&e->lock);
	while (e->upto < rev)
		if (!clock_cond_wait(&e->cond, &e->lock, deadline))
			fail_msg("watch is at %llu, not at %llu", (unsigned long long)e->upto,
				 (unsigned long long)rev);
	pthread_mutex_unlock(&e->lock);
}

static void wait_seen(struct env *e, size_t n)
{
	pthread_mutex_lock(&e->lock);
	while (e->n_seen < n)
		clock_cond_wait(&e->cond, &e->lock, CLOCK_NEVER);
	pthread_mutex_unlock(&e->lock);
}

/* ---- tests ---- */

static void writes_compare_before_they_swap(void **state)
{
	struct env *e = *state;
	uint64_t a = put(e, "a", "1", 0);
	assert_int_equal(put_fails(e, "a", "2", 0), REASON_ALREADY_EXISTS);
	assert_int_equal(put_fails(e, "a", "2", a + 1000), REASON_CONFLICT);
	assert_int_equal(put_fails(e, "b", "2", a), REASON_NOT_FOUND);
	assert_int_equal(put_fails(e, "b", NULL, a), REASON_NOT_FOUND);
	uint64_t b = put(e, "a", "2", a);
	assert_true(b > a);
	assert_int_equal(put_fails(e, "a", "3", a), REASON_CONFLICT);
	assert_int_equal(put_fails(e, "a", NULL, a), REASON_CONFLICT);
	uint64_t c = put(e, "a", NULL, b);
	assert_true(c > b);
	assert_int_equal(put_fails(e, "a", NULL, b), REASON_NOT_FOUND);
	assert_int_equal(put_fails(e, "a", "4", c), REASON_NOT_FOUND);
	assert_true(put(e, "a", "5", 0) > c);
}

/* Returns 0 when what was expected has gone. */
static uint64_t put_for(struct env *e, const char *name, uint64_t expect, int64_t ttl_s)
{
	struct err err = ERR_INIT;
	uint64_t rev = 0;
	char key[64];
	snprintf(key, sizeof(key), "%s/%s", e->prefix, name);
	struct store_write w = {
		.key = key, .value = "v", .len = 1, .expect = expect, .cookie = "v", .ttl_s = ttl_s};
	if (store_rig_write(e->s, &w, &rev, &err) < 0 && err.reason != REASON_NOT_FOUND)
		fail_msg("%s: %s", name, err.msg);
	return rev;
}

/* Returns false when they may have gone before the last of them was written. etcd gives no less than two seconds, of the
 * real clock. */
static bool put_short_lived(struct env *e, int64_t ttl_s)
{
	time_t begun = time(NULL);
	watch(e, put(e, "stays", "1", 0));
	put_for(e, "a", 0, ttl_s);
	uint64_t c = put_for(e, "c", 0, ttl_s);
	put_for(e, "b", 0, ttl_s);
	return time(NULL) - begun < ttl_s && put_for(e, "c", c, 0) && time(NULL) - begun < ttl_s;
}

/* Those that were written within a short time in one revision, and watchers learn of each. Every write says anew how long. */
static void what_expires_goes_by_itself(void **state)
{
	struct env *e = *state;
	uint64_t rev;
	if (!e->s->engine->expires)
		skip();
	/* A busy machine needs longer; between these a lease is too short to be shared. */
	for (int64_t ttl_s = 1; !put_short_lived(e, ttl_s); ttl_s *= 60) {
		end(state);
		begin(state);
	}
	wait_seen(e, 6);
	struct listing *l = list_all(e, &rev);
	assert_int_equal(l->n, 2);
	assert_non_null(find(l, "stays"));
	assert_non_null(find(l, "c"));
	free(l);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(e->seen[i].deleted, i > 3);
		assert_int_equal(e->seen[i].own, i <= 3); /* known again by its bytes, with its lease too */
	}
	assert_int_equal(e->seen[4].rev, e->seen[5].rev);
	assert_string_not_equal(e->seen[4].key, e->seen[5].key);
}

static void its_size_is_known(void **state)
{
	struct env *e = *state;
	int64_t deadline = clock_mono_ns() + LONG_NS;
	put(e, "a", "1", 0);
	while (e->s->engine->size(e->s) <= 0) {
		struct err err = ERR_INIT;
		uint64_t rev;
		assert_int_equal(store_rig_current(e->s, deadline, &rev, &err), 0);
		assert_true(clock_mono_ns() < deadline);
	}
	assert_true(e->s->engine->size(e->s) >= 4096);
}

static void list_tells_all_and_their_revisions(void **state)
{
	struct env *e = *state;
	uint64_t a = put(e, "ns/a", "a1", 0), b = put(e, "ns/b", "b1", 0), c = put(e, "ns/c", "c1", 0), rev;
	uint64_t a2 = put(e, "ns/a", "a2", a), gone = put(e, "ns/b", NULL, b);
	struct listing *l = list_all(e, &rev);
	assert_int_equal(l->n, 2);
	assert_int_equal(rev, gone);
	assert_int_equal(find(l, "ns/a")->rev, a2);
	assert_int_equal(find(l, "ns/a")->create_rev, a);
	assert_string_equal(find(l, "ns/a")->value, "a2");
	assert_int_equal(find(l, "ns/c")->rev, c);
	assert_int_equal(find(l, "ns/c")->create_rev, c);
	free(l);
	uint64_t again = put(e, "ns/b", "b2", 0);
	l = list_all(e, &rev);
	assert_int_equal(find(l, "ns/b")->create_rev, again);
	assert_int_equal(rev, again);
	free(l);
}

struct job {
	struct env *e;
	int id, writes, keys;
	atomic_uint *acked;
};

static void *write_many(void *arg)
{
	struct job *j = arg;
	for (int i = 0; i < j->writes; i++) {
		char name[32], value[32];
		snprintf(name, sizeof(name), "k%d-%04d", j->id, i);
		snprintf(value, sizeof(value), "v%d-%d", j->id, i);
		put(j->e, name, value, 0);
	}
	return NULL;
}

static void run_jobs(struct env *e, struct job *jobs, int n, int writes, void *(*fn)(void *))
{
	pthread_t t[64];
	for (int i = 0; i < n; i++) {
		jobs[i].e = e;
		jobs[i].id = i;
		jobs[i].writes = writes;
		t[i] = thread_start("job", fn, &jobs[i]);
	}
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void lists_longer_than_a_page_are_complete(void **state)
{
	struct env *e = *state;
	struct job jobs[16];
	uint64_t rev;
	run_jobs(e, jobs, 16, 75, write_many);
	struct listing *l = list_all(e, &rev);
	assert_int_equal(l->n, 1200);
	for (int i = 0; i < 16; i++) {
		for (int k = 0; k < 75; k += 7) {
			char name[32];
			snprintf(name, sizeof(name), "k%d-%04d", i, k);
			assert_non_null(find(l, name));
		}
	}
	free(l);
}

static void watch_replays_what_came_before_it(void **state)
{
	struct env *e = *state;
	uint64_t a = put(e, "a", "1", 0), b = put(e, "b", "1", 0);
	uint64_t a2 = put(e, "a", "2", a);
	uint64_t gone = put(e, "b", NULL, b);
	watch(e, a);
	wait_upto(e, gone);
	uint64_t last = put(e, "c", "1", 0);
	wait_upto(e, last);
	assert_int_equal(e->n_seen, 4);
	const struct seen want[] = {{.rev = b, .key = "b", .value = "1", .create_rev = b},
				    {.rev = a2, .key = "a", .value = "2", .create_rev = a},
				    {.rev = gone, .key = "b", .deleted = true},
				    {.rev = last, .key = "c", .value = "1", .create_rev = last}};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(e->seen[i].rev, want[i].rev);
		assert_string_equal(e->seen[i].key, want[i].key);
		assert_string_equal(e->seen[i].value, want[i].value);
		assert_int_equal(e->seen[i].deleted, want[i].deleted);
		if (!want[i].deleted)
			assert_int_equal(e->seen[i].create_rev, want[i].create_rev);
	}
}

/* Many writers fight for few keys: create, update, delete, each with what it believes to be the revision. */
static void *fight(void *arg)
{
	struct job *j = arg;
	struct env *e = j->e;
	for (int i = 0; i < j->writes; i++) {
		char name[32], value[32];
		uint64_t rev, known = 0;
		struct err err = ERR_INIT;
		snprintf(name, sizeof(name), "k%d", (j->id + i) % 5);
		snprintf(value, sizeof(value), "w%d-%d", j->id, i);
		pthread_mutex_lock(&e->lock);
		for (size_t k = e->n_seen; k-- && !known;)
			if (strcmp(e->seen[k].key, name) == 0)
				known = e->seen[k].deleted ? 1 : e->seen[k].rev;
		pthread_mutex_unlock(&e->lock);
		bool exists = known > 1, del = exists && i % 4 == 3;
		int rc = put_as(e, name, del ? NULL : value, exists ? known : 0, del ? "(delete)" : value,
				&rev, &err);
		if (rc == 0)
			atomic_fetch_add(j->acked, 1);
		else if (err.reason != REASON_CONFLICT && err.reason != REASON_ALREADY_EXISTS &&
			 err.reason != REASON_NOT_FOUND)
			fail_msg("%s", err.msg);
	}
	return NULL;
}

static void every_write_is_seen_once_and_in_order(void **state)
{
	struct env *e = *state;
	struct job jobs[16];
	atomic_uint acked = 0;
	uint64_t rev, last[5] = {0};
	struct err err = ERR_INIT;
	struct listing *l = list_all(e, &rev);
	free(l);
	watch(e, rev);
	for (int i = 0; i < 16; i++)
		jobs[i].acked = &acked;
	run_jobs(e, jobs, 16, 60, fight);
	assert_int_equal(store_rig_current(e->s, clock_mono_ns() + LONG_NS, &rev, &err), 0);
	wait_upto(e, rev);
	assert_int_equal(e->n_seen, acked);
	assert_true(acked > 100);
	for (size_t i = 0; i < e->n_seen; i++) {
		assert_true(i == 0 || e->seen[i].rev > e->seen[i - 1].rev);
		assert_true(e->seen[i].own);
		last[e->seen[i].key[1] - '0'] = i + 1;
	}
	/* The last event of each key is what a list finds. */
	l = list_all(e, &rev);
	for (int k = 0; k < 5; k++) {
		char name[8];
		snprintf(name, sizeof(name), "k%d", k);
		const struct seen *now = find(l, name), *ev = &e->seen[last[k] - 1];
		assert_int_equal(now == NULL, ev->deleted);
		if (now) {
			assert_int_equal(now->rev, ev->rev);
			assert_string_equal(now->value, ev->value);
			assert_int_equal(now->create_rev, ev->create_rev);
		}
	}
	free(l);
}

static void current_is_not_behind_any_write(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	char name[16];
	for (int i = 0; i < 20; i++) {
		uint64_t rev = 0;
		snprintf(name, sizeof(name), "k%d", i);
		uint64_t wrote = put(e, name, "x", 0);
		assert_int_equal(store_rig_current(e->s, clock_mono_ns() + LONG_NS, &rev, &err), 0);
		assert_int_equal(rev, wrote);
	}
}

static void all_is_there_after_a_restart(void **state)
{
	struct env *e = *state;
	uint64_t rev, a = put(e, "a", "1", 0), b = put(e, "b", "1", 0);
	uint64_t a2 = put(e, "a", "2", a);
	put(e, "b", NULL, b);
	close_store(e);
	e->s = open_store(e);
	struct listing *l = list_all(e, &rev);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->v[0].rev, a2);
	assert_int_equal(l->v[0].create_rev, a);
	assert_string_equal(l->v[0].value, "2");
	free(l);
	assert_int_equal(put_fails(e, "a", "x", 0), REASON_ALREADY_EXISTS);
	assert_true(put(e, "a", "3", a2) > rev);
	assert_true(put(e, "b", "3", 0) > rev);
}

static void compaction_keeps_what_is(void **state)
{
	struct env *e = *state;
	struct err err = ERR_INIT;
	uint64_t rev = 0, now;
	char value[16];
	for (int i = 0; i < 200; i++) {
		snprintf(value, sizeof(value), "v%d", i);
		rev = put(e, "a", value, rev);
	}
	uint64_t gone = put(e, "b", NULL, put(e, "b", "1", 0));
	assert_int_equal(e->s->engine->compact(e->s, gone, &err), 0);
	for (int i = 0; i < 8; i++) { /* sqlite does the work along with these */
		snprintf(value, sizeof(value), "c%d", i);
		put(e, value, value, 0);
	}
	for (int round = 0; round < 2; round++) {
		struct listing *l = list_all(e, &now);
		assert_int_equal(l->n, 9);
		assert_string_equal(find(l, "a")->value, "v199");
		assert_int_equal(find(l, "a")->rev, rev);
		free(l);
		close_store(e);
		e->s = open_store(e);
	}
	put(e, "b", "2", 0);
	put(e, "a", NULL, rev);
}

#define SUITE(t) cmocka_unit_test_setup_teardown(t, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		SUITE(what_expires_goes_by_itself),	      SUITE(its_size_is_known),
		SUITE(writes_compare_before_they_swap),	      SUITE(list_tells_all_and_their_revisions),
		SUITE(lists_longer_than_a_page_are_complete), SUITE(watch_replays_what_came_before_it),
		SUITE(every_write_is_seen_once_and_in_order), SUITE(current_is_not_behind_any_write),
		SUITE(all_is_there_after_a_restart),	      SUITE(compaction_keeps_what_is),
	};
	int failed = cmocka_run_group_tests_name("sqlite", tests, begin_sqlite, end_group);
	failed += cmocka_run_group_tests_name("etcd, grpc", tests, begin_grpc, end_group);
	return failed + cmocka_run_group_tests_name("etcd, gateway", tests, begin_gateway, end_group);
}

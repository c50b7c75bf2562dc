/* SPDX-License-Identifier: Apache-2.0 */
/* What only etcd can do: be away, be slow, forget. */
#include "storage/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "client/http.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/store_rig.h"

#define HASTE 5	    /* deadlines and back-offs last seconds */
#define SLOWNESS 10 /* where a write only has to succeed */
#define LONG_NS (500 * NS_PER_S)

static char dir[64];
static struct etcd_process process;
static struct store *s;	      /* the one that the helpers use */
static struct store *watched; /* the one under test */
static int null_fd;
static const char *transport;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static uint64_t seen[4096];
static size_t n_seen;
static int resets;

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n; i++)
		seen[n_seen++] = ev[i].rev;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&lock);
}

static int count_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		     struct err *err)
{
	(*(int *)arg)++;
	return 0;
}

static int reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	struct store **of = arg;
	int n = 0;
	if ((*of)->engine->list(*of, "/", count_one, &n, ret_rev, err) < 0)
		return -1;
	pthread_mutex_lock(&lock);
	resets++;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool saw(uint64_t rev)
{
	return n_seen && seen[n_seen - 1] >= rev;
}

static void wait_for(uint64_t rev, int want_resets)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	pthread_mutex_lock(&lock);
	while (!(want_resets ? resets >= want_resets : saw(rev)))
		if (!clock_cond_wait(&cond, &lock, deadline))
			break;
	bool came = want_resets ? resets >= want_resets : saw(rev);
	pthread_mutex_unlock(&lock);
	if (!came)
		fail_msg("revision %llu was not seen", (unsigned long long)rev);
}

static int try_put(const char *key, const char *value, uint64_t expect, uint64_t *rev, struct err *err)
{
	struct store_write w = {
		.key = key, .value = value, .len = strlen(value), .expect = expect, .cookie = NULL};
	return store_rig_write(s, &w, rev, err);
}

/* What only has to succeed takes as long as it takes. */
static int put_in_time(const char *key, const char *value, uint64_t expect, uint64_t *rev, struct err *err)
{
	clock_slow(SLOWNESS);
	int rc = try_put(key, value, expect, rev, err);
	clock_hasten(HASTE);
	return rc;
}

/* A write of a key that nobody has; one that was too slow is followed by another. */
static uint64_t put_something(void)
{
	static int n;
	int64_t deadline = clock_mono_ns() + LONG_NS;
	struct err err = ERR_INIT;
	uint64_t rev = 0;
	for (char key[32]; snprintf(key, sizeof(key), "/x/any%d", n++), try_put(key, "1", 0, &rev, &err) < 0;)
		if (err.reason != REASON_TIMEOUT && err.reason != REASON_UNAVAILABLE)
			fail_msg("%s", err.msg);
		else if (clock_mono_ns() > deadline)
			fail_msg("%s", err.msg);
	return rev;
}

static void wait_until_up(void)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	struct err err = ERR_INIT;
	uint64_t rev;
	while (store_rig_current(s, deadline, &rev, &err) < 0)
		if (clock_mono_ns() > deadline)
			fail_msg("%s", err.msg);
}

static int begin(const char *wire)
{
	struct err err = ERR_INIT;
	transport = wire;
	n_seen = 0;
	resets = 0;
	clock_hasten(HASTE);
	clock_cond_init(&cond);
	null_fd = open("/dev/null", O_WRONLY);
	log_set_fd(null_fd); /* it tells that etcd went away, as it should */
	snprintf(dir, sizeof(dir), "/tmp/store_etcd_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	etcd_begin(&process, dir);
	struct store_etcd_config c = {.servers = process.url, .transport = transport};
	s = store_etcd_open(&c, &err);
	assert_non_null(s);
	watched = s;
	wait_until_up();
	return s->engine->watch(s, "/", 1, sink, reset, &watched, &err);
}

static int begin_grpc(void **state)
{
	return begin("grpc");
}

static int begin_gateway(void **state)
{
	return begin("gateway");
}

static int end(void **state)
{
	char cmd[96];
	s->engine->close(s);
	clock_real();
	etcd_kill(&process);
	log_set_fd(-1);
	close(null_fd);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0;
}

static void away_and_back(void **state)
{
	struct err err = ERR_INIT;
	uint64_t a, b;
	char why[128];
	assert_int_equal(put_in_time("/x/a", "1", 0, &a, &err), 0);
	wait_for(a, 0);
	assert_true(s->engine->healthy(s, why));
	etcd_kill(&process);
	int64_t begun = clock_mono_ns();
	assert_int_equal(try_put("/x/a", "2", a, &b, &err), -1);
	assert_true(err.reason == REASON_UNAVAILABLE || err.reason == REASON_TIMEOUT);
	assert_null(strstr(err.msg, "127.0.0.1")); /* clients need not know where it is */
	assert_int_equal(store_rig_current(s, clock_mono_ns() + NS_PER_S, &b, &err), -1);
	assert_true(clock_mono_ns() - begun < STORE_DEADLINE_NS + LONG_NS);
	assert_false(s->engine->healthy(s, why));
	assert_non_null(strstr(why, "etcd"));
	etcd_run(&process);
	wait_until_up();
	assert_int_equal(put_in_time("/x/a", "3", a, &b, &err), 0);
	wait_for(b, 0);
	assert_true(s->engine->healthy(s, why));
	for (size_t i = 1; i < n_seen; i++)
		assert_true(seen[i] > seen[i - 1]);
}

static void silence_ends_at_the_deadline(void **state)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	char why[128];
	etcd_stop(&process);
	int64_t begun = clock_mono_ns();
	assert_int_equal(store_rig_current(s, begun + NS_PER_S, &rev, &err), -1);
	assert_false(s->engine->healthy(s, why)); /* who asks for a short time learns it soon */
	begun = clock_mono_ns();
	assert_int_equal(try_put("/x/slow", "1", 0, &rev, &err), -1);
	int64_t took = clock_mono_ns() - begun;
	kill(process.pid, SIGCONT);
	assert_int_equal(err.reason, REASON_TIMEOUT);
	assert_null(strstr(err.msg, "127.0.0.1"));
	assert_true(took < STORE_DEADLINE_NS + LONG_NS);
	wait_until_up();
	/* it may have happened: whatever did, the watch tells */
	int rc = put_in_time("/x/slow", "2", 0, &rev, &err);
	if (rc < 0)
		assert_int_equal(err.reason, REASON_ALREADY_EXISTS);
	assert_int_equal(store_rig_current(s, clock_mono_ns() + LONG_NS, &rev, &err), 0);
	wait_for(rev, 0);
}

/* The one who asks for a compaction has other things to do, such as ending what has waited too long. */
static void nobody_waits_for_a_compaction(void **state)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	assert_int_equal(put_in_time("/x/compacted", "1", 0, &rev, &err), 0);
	etcd_stop(&process);
	clock_fake(clock_wall_ns()); /* no deadline would end such a wait */
	assert_int_equal(s->engine->compact(s, rev, &err), 0);
	clock_hasten(HASTE);
	kill(process.pid, SIGCONT);
	wait_until_up();
}

/* Returns the status. */
static int ask_server(const char *server, const char *path, const char *body, struct buf *ret)
{
	struct err err = ERR_INIT;
	autofree char *url = mem_printf("%s%s", server, path);
	struct http_request rq = {.method = "POST", .url = url, .body = body, .body_len = strlen(body)};
	struct http_reply r;
	struct http *h = http_new(NULL, 1);
	assert_int_equal(http_do(h, &rq, &r, &err), 0);
	buf_clear(ret);
	buf_add(ret, r.body.p, r.body.len);
	int status = r.status;
	http_reply_release(&r);
	http_free(h);
	return status;
}

static void ask_gateway(const char *path, const char *body, struct buf *ret)
{
	assert_int_equal(ask_server(process.url, path, body, ret), 200);
}

/* A compaction is asked for, and nobody told when it has happened. */
static void wait_until_compacted(const char *server)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	autobuf struct buf b = BUF_INIT;
	while (ask_server(server, "/v3/kv/range", "{\"key\":\"L3g=\",\"revision\":\"2\"}", &b) == 200)
		assert_true(clock_mono_ns() < deadline);
	assert_non_null(strstr(buf_str(&b), "compacted"));
}

/* A second client writes and compacts while the watch is cut off. */
static void forgotten_history_is_listed_again(void **state)
{
	struct err err = ERR_INIT;
	struct store_etcd_config c = {.servers = process.url, .transport = transport};
	uint64_t rev = 0;
	etcd_kill(&process);
	/* the store under test looks for its server in vain, while another one finds it on its other address
	 */
	struct etcd_process moved = process;
	moved.client_port = port_test_take();
	etcd_run(&moved);
	c.servers = moved.url;
	struct store *other = store_etcd_open(&c, &err);
	assert_non_null(other);
	s = other;
	wait_until_up();
	for (int i = 0; i < 21; i++)
		rev = put_something();
	assert_int_equal(other->engine->compact(other, rev, &err), 0);
	assert_int_equal(other->engine->compact(other, rev, &err), 0); /* by another apiserver: no error */
	wait_until_compacted(moved.url);
	other->engine->close(other);
	etcd_kill(&moved);
	s = watched;
	etcd_run(&process);
	wait_for(0, 1);
	wait_until_up();
	wait_for(put_something(), 0);
	assert_int_equal(resets, 1);
}

/* Some other tool deletes so much at once that etcd sends the one revision in several messages. */
static void one_revision_in_several_messages(void **state)
{
	enum { KEYS = 50, LEN = 90000 };
	struct err err = ERR_INIT;
	uint64_t rev = 0, last;
	autofree char *key = mem_alloc(LEN + 1);
	clock_slow(SLOWNESS); /* large writes take as long as they take */
	memset(key, 'k', LEN);
	key[LEN] = '\0';
	for (int i = 0; i < KEYS; i++) {
		key[0] = '/', key[1] = 'f', key[2] = '/', key[3] = (char)('0' + i);
		assert_int_equal(try_put(key, "v", 0, &rev, &err), 0);
	}
	wait_for(rev, 0);
	autobuf struct buf reply = BUF_INIT;
	ask_gateway("/v3/kv/deleterange", "{\"key\":\"L2Yv\",\"range_end\":\"L2Yw\"}",
		    &reply); /* /f/ to /f0 */
	assert_int_equal(try_put("/x/behind", transport, 0, &last, &err), 0);
	wait_for(last, 0);
	size_t n = 0;
	for (size_t i = 0; i < n_seen; i++)
		n += seen[i] == rev + 1;
	clock_hasten(HASTE);
	assert_int_equal(n, KEYS);
	assert_int_equal(last, rev + 2);
}

/* The ID of the last one in *ret_id. */
static size_t count_leases(char ret_id[24])
{
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;
	ask_gateway("/v3/lease/leases", "{}", &b);
	for (const char *p = buf_str(&b); (p = strstr(p, "\"ID\":\"")); n++) {
		p += strlen("\"ID\":\"");
		snprintf(ret_id, 24, "%.*s", (int)strcspn(p, "\""), p);
	}
	return n;
}

struct short_lived {
	struct store_write w;
	struct err err;
	char key[24];
	sem_t *done;
};

static void short_lived_is_there(struct store_write *w)
{
	sem_post(CONTAINER_OF(w, struct short_lived, w)->done);
}

/* All at once, the clock hardly moving. Returns the newest revision. */
static uint64_t put_at_once(int from, int n)
{
	struct short_lived *v = mem_array((size_t)n, sizeof(*v));
	uint64_t rev = 0;
	sem_t done;
	sem_init(&done, 0, 0);
	clock_slow(SLOWNESS);
	for (int i = 0; i < n; i++) {
		snprintf(v[i].key, sizeof(v[i].key), "/ttl/%d", from + i);
		v[i].done = &done;
		v[i].w = (struct store_write){.key = v[i].key,
					      .value = "v",
					      .len = 1,
					      .ttl_s = 3600,
					      .done = short_lived_is_there,
					      .err = &v[i].err};
		s->engine->write(s, &v[i].w);
	}
	for (int i = 0; i < n; i++)
		while (sem_wait(&done) < 0)
			;
	clock_hasten(HASTE);
	for (int i = 0; i < n; i++) {
		if (v[i].w.rc < 0)
			fail_msg("%s", v[i].err.msg);
		rev = v[i].w.rev > rev ? v[i].w.rev : rev;
	}
	sem_destroy(&done);
	free(v);
	return rev;
}

/* No more at once than a busy machine does before the deadline. */
static uint64_t put_for_an_hour(int from, int n)
{
	enum { AT_ONCE = 50 };
	uint64_t rev = 0;
	for (int i = 0; i < n; i += AT_ONCE)
		rev = put_at_once(from + i, n - i < AT_ONCE ? n - i : AT_ONCE);
	return rev;
}

static void a_lease_is_shared_by_many(void **state)
{
	enum { AT_MOST = 1000 };
	autobuf struct buf b = BUF_INIT;
	char id[24];
	put_for_an_hour(0, 1);
	assert_int_equal(count_leases(id), 1);
	put_for_an_hour(1, AT_MOST);
	assert_int_equal(count_leases(id), 2);
	/* Whoever administers etcd may end them, and with them goes what they held. */
	while (count_leases(id)) {
		autofree char *body = mem_printf("{\"ID\":\"%s\"}", id);
		ask_gateway("/v3/lease/revoke", body, &b);
	}
	uint64_t rev = put_for_an_hour(0, 1);
	assert_int_equal(count_leases(id), 1);
	wait_for(rev, 0);
	size_t gone = 0;
	for (size_t i = 0; i < n_seen; i++)
		gone += seen[i] == rev - 1 || seen[i] == rev - 2;
	assert_int_equal(gone, AT_MOST + 1);
}

/* It answers, so nothing is wrong with the connection: the writer learns what is. */
static void a_full_database_says_so(void **state)
{
	struct err err = ERR_INIT;
	struct etcd_process full;
	char full_dir[] = "/tmp/store_etcd_test.XXXXXX", why[128] = "";
	autofree char *large = mem_alloc(200001);
	uint64_t rev;
	memset(large, 'x', 200000);
	large[200000] = '\0';
	assert_non_null(mkdtemp(full_dir));
	setenv("ETCD_QUOTA_BACKEND_BYTES", "300000", 1);
	etcd_begin(&full, full_dir);
	unsetenv("ETCD_QUOTA_BACKEND_BYTES");
	struct store_etcd_config c = {.servers = full.url, .transport = transport};
	struct store *of = store_etcd_open(&c, &err);
	s = of;
	wait_until_up();
	enum reason reason = REASON_NONE;
	for (int i = 0; i < 100 && reason != REASON_INTERNAL; i++) {
		autofree char *key = mem_printf("/full/%d", i);
		err = (struct err)ERR_INIT;
		reason = put_in_time(key, large, 0, &rev, &err) < 0 ? err.reason : REASON_NONE;
	}
	assert_int_equal(reason, REASON_INTERNAL);
	assert_non_null(strstr(err.msg, "space exceeded"));
	if (!of->engine->healthy(of, why))
		fail_msg("%s", why);
	assert_int_equal(store_rig_current(of, clock_mono_ns() + LONG_NS, &rev, &err), 0);
	of->engine->close(of);
	s = watched;
	etcd_kill(&full);
	autofree char *cmd = mem_printf("rm -rf %s", full_dir);
	assert_int_equal(system(cmd), 0);
}

static void servers_are_checked(void **state)
{
	static const char *const rows[] = {"", "localhost:2379", "http://a:1,b"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct store_etcd_config c = {.servers = rows[i]};
		assert_null(store_etcd_open(&c, &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
	}
	struct err err = ERR_INIT;
	struct store_etcd_config c = {.servers = "http://a:1", .transport = "smoke"};
	assert_null(store_etcd_open(&c, &err));
	assert_int_equal(err.reason, REASON_BAD_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(away_and_back),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(nobody_waits_for_a_compaction),
		cmocka_unit_test(forgotten_history_is_listed_again),
		cmocka_unit_test(one_revision_in_several_messages),
		cmocka_unit_test(a_lease_is_shared_by_many),
		cmocka_unit_test(a_full_database_says_so),
		cmocka_unit_test(servers_are_checked),
	};
	int failed = cmocka_run_group_tests_name("grpc", tests, begin_grpc, end);
	return failed + cmocka_run_group_tests_name("gateway", tests, begin_gateway, end);
}

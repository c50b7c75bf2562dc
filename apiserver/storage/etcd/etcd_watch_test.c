/* SPDX-License-Identifier: Apache-2.0 */
/* When the watch connects anew, and to whom. */
#include "storage/etcd/etcd_watch_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "base/log.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/store_rig.h"

#define HASTE 5
#define SLOWNESS 1000 /* no deadline comes */
#define LONG_NS (500 * NS_PER_S)

struct rig {
	char dir[64];
	struct etcd_process process;
	struct store *writer;
	int silent; /* a socket: connections to it are accepted by the kernel, and by nobody else */
	int null_fd;
	struct etcd_client *client;
	struct etcd_own_list own;
	struct etcd_watch *watch;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	uint64_t seen;
};

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	struct rig *r = arg;
	pthread_mutex_lock(&r->lock);
	r->seen = upto;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static int reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	return err_set(err, REASON_INTERNAL, "nothing was compacted");
}

static void connect_watch(void *arg)
{
	struct rig *r = arg;
	etcd_watch_connect(r->watch);
}

static void watch_from(struct rig *r, const char *servers, uint64_t rev)
{
	struct err err = ERR_INIT;
	r->client = etcd_client_start(&etcd_grpc, servers, &(struct http_tls){.ca_file = NULL}, &err);
	assert_non_null(r->client);
	etcd_own_init(&r->own);
	r->watch = etcd_watch_new(&(struct etcd_watch_config){
		.client = r->client, .own = &r->own, .rev = rev, .sink = sink, .reset = reset, .arg = r});
	assert_true(loop_call(etcd_loop(r->client), connect_watch, r));
}

static uint64_t put(struct rig *r, const char *key)
{
	struct err err = ERR_INIT;
	uint64_t rev = store_rig_put(r->writer, key, clock_mono_ns() + LONG_NS, &err);
	if (!rev)
		fail_msg("%s", err.msg);
	return rev;
}

static void wait_seen(struct rig *r, uint64_t rev)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	pthread_mutex_lock(&r->lock);
	while (r->seen < rev)
		if (!clock_cond_wait(&r->cond, &r->lock, deadline))
			fail_msg("revision %llu was not seen", (unsigned long long)rev);
	pthread_mutex_unlock(&r->lock);
}

static int begin(void **state)
{
	struct rig *r = MEM_NEW(struct rig);
	struct err err = ERR_INIT;
	clock_hasten(HASTE);
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->cond);
	r->null_fd = open("/dev/null", O_WRONLY);
	log_set_fd(r->null_fd);
	snprintf(r->dir, sizeof(r->dir), "/tmp/etcd_watch_test.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	etcd_begin(&r->process, r->dir);
	r->writer = store_etcd_open(&(struct store_etcd_config){.servers = r->process.url}, &err);
	assert_non_null(r->writer);
	r->silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(listen(r->silent, 16), 0);
	*state = r;
	return 0;
}

static void nothing(void *arg)
{
}

static void end_watch(struct rig *r)
{
	etcd_client_stop(r->client, nothing, r);
	etcd_client_free(r->client);
	etcd_watch_free(r->watch);
	r->watch = NULL;
	r->seen = 0;
}

static int end(void **state)
{
	struct rig *r = *state;
	autofree char *cmd = mem_printf("rm -rf %s", r->dir);
	r->writer->engine->close(r->writer);
	etcd_kill(&r->process);
	clock_real();
	close(r->silent);
	log_set_fd(-1);
	close(r->null_fd);
	pthread_cond_destroy(&r->cond);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return system(cmd) != 0;
}

/* Each of many writes that are late says that the watch is stuck: one after the other they must not keep it from
   coming back. */
static void a_young_stream_is_let_live(void **state)
{
	struct rig *r = *state;
	uint64_t rev = put(r, "/x/a");
	clock_slow(SLOWNESS);
	watch_from(r, r->process.url, rev - 1);
	wait_seen(r, rev);
	assert_true(loop_call(etcd_loop(r->client), connect_watch, r));
	assert_true(etcd_watch_connected(r->watch));
	clock_hasten(HASTE);
	end_watch(r);
}

/* The others have left the silent server already: the watch goes where they are, not on from there. */
static void the_watch_follows_the_calls(void **state)
{
	struct rig *r = *state;
	struct err err = ERR_INIT;
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	autobuf struct buf body = BUF_INIT, reply = BUF_INIT;
	assert_int_equal(getsockname(r->silent, (struct sockaddr *)&a, &len), 0);
	autofree char *servers = mem_printf("http://127.0.0.1:%d,%s", (int)ntohs(a.sin_port), r->process.url);
	uint64_t rev = put(r, "/x/b");
	watch_from(r, servers, rev - 1);
	etcd_grpc.range(&body, "", 1, NULL, 0, 0);
	assert_int_equal(etcd_call_wait(r->client, ETCD_WIRE_RANGE, &body, LONG_NS, &reply, &err), 0);
	assert_false(etcd_watch_connected(r->watch));
	assert_true(loop_call(etcd_loop(r->client), connect_watch, r));
	wait_seen(r, rev);
	end_watch(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_young_stream_is_let_live),
		cmocka_unit_test(the_watch_follows_the_calls),
	};
	return cmocka_run_group_tests(tests, begin, end);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Three members, TLS with client certificates: what happens when the member in use is killed or stands still. */
#include "storage/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "client/tls.h"
#include "storage/etcd/etcd_process_test.h"
#include "storage/store_rig.h"

#define MEMBERS 3
#define HASTE 5
#define LONG_NS (HASTE * 300 * NS_PER_S) /* by that clock; only so that no test hangs */
#define EVENTS_MAX 4096

static char dir[64], pki[96], cluster[256], servers[256], file[3][128];
static struct etcd_process member[MEMBERS];
static struct store *s;
static const char *transport;
static int null_fd;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static uint64_t seen[EVENTS_MAX];
static size_t n_seen;

static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n && n_seen < EVENTS_MAX; i++)
		seen[n_seen++] = ev[i].rev;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&lock);
}

static int reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	return err_set(err, REASON_INTERNAL, "nothing was compacted");
}

static void wait_seen(uint64_t rev)
{
	int64_t deadline = clock_mono_ns() + LONG_NS;
	pthread_mutex_lock(&lock);
	while (!n_seen || seen[n_seen - 1] < rev)
		if (!clock_cond_wait(&cond, &lock, deadline))
			fail_msg("revision %llu was not seen", (unsigned long long)rev);
	pthread_mutex_unlock(&lock);
}

static void write_file(const char *name, struct buf *pem)
{
	struct err err = ERR_INIT;
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", pki, name);
	assert_int_equal(tls_write_pem(path, buf_str(pem), true, &err), 0);
	buf_release(pem);
}

static void make_pki(void)
{
	static const char *const ips[] = {"127.0.0.1", NULL};
	/* the gateway inside etcd calls etcd with the server's certificate */
	const struct tls_cert_spec specs[] = {
		{.common_name = "etcd", .ips = ips, .server = true, .client = true, .days = 2},
		{.common_name = "apiserver", .client = true, .days = 2}};
	static const char *const names[][2] = {{"server.crt", "server.key"}, {"client.crt", "client.key"}};
	struct buf ca = BUF_INIT, ca_key = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(tls_make_ca("ca", 2, &ca, &ca_key, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		struct buf cert = BUF_INIT, key = BUF_INIT;
		assert_int_equal(tls_make_cert(ca.p, ca_key.p, &specs[i], &cert, &key, &err), 0);
		write_file(names[i][0], &cert);
		write_file(names[i][1], &key);
	}
	write_file("ca.crt", &ca);
	buf_release(&ca_key);
}

static struct store *open_store(bool certified)
{
	struct err err = ERR_INIT;
	struct store_etcd_config c = {.servers = servers,
				      .cafile = file[0],
				      .certfile = certified ? file[1] : NULL,
				      .keyfile = certified ? file[2] : NULL,
				      .transport = transport};
	struct store *st = store_etcd_open(&c, &err);
	assert_non_null(st);
	return st;
}

/* Until the cluster takes writes again: while it elects a leader, or nobody has found out that a member is gone, it
   does not. */
static uint64_t put(const char *key)
{
	struct err err = ERR_INIT;
	uint64_t rev = store_rig_put(s, key, clock_mono_ns() + LONG_NS, &err);
	if (!rev)
		fail_msg("%s", err.msg);
	return rev;
}

static int begin(const char *wire)
{
	struct err err = ERR_INIT;
	static const char *const names[MEMBERS] = {"m0", "m1", "m2"};
	static const char *const files[] = {"ca.crt", "client.crt", "client.key"};
	transport = wire;
	n_seen = 0;
	clock_hasten(HASTE); /* deadlines last seconds, and a member that stands still costs some */
	clock_cond_init(&cond);
	null_fd = open("/dev/null", O_WRONLY);
	log_set_fd(null_fd);
	snprintf(dir, sizeof(dir), "/tmp/store_etcd_cluster_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(pki, sizeof(pki), "%s/pki", dir);
	assert_int_equal(mkdir(pki, 0700), 0);
	make_pki();
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		snprintf(file[i], sizeof(file[i]), "%s/%s", pki, files[i]);
	*cluster = *servers = '\0';
	for (size_t i = 0; i < MEMBERS; i++) {
		struct etcd_process *e = &member[i];
		*e = (struct etcd_process){.client_port = port_test_take(),
					   .peer_port = port_test_take(),
					   .name = names[i],
					   .cluster = cluster,
					   .pki = pki};
		snprintf(e->dir, sizeof(e->dir), "%s/%s", dir, names[i]);
		size_t c = strlen(cluster), u = strlen(servers);
		snprintf(cluster + c, sizeof(cluster) - c, "%s%s=http://127.0.0.1:%d", i ? "," : "", names[i],
			 e->peer_port);
		snprintf(servers + u, sizeof(servers) - u, "%shttps://127.0.0.1:%d", i ? "," : "",
			 e->client_port);
	}
	for (size_t i = 0; i < MEMBERS; i++)
		etcd_run(&member[i]);
	s = open_store(true);
	put("/x/first");
	return s->engine->watch(s, "/", 1, sink, reset, NULL, &err);
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
	for (size_t i = 0; i < MEMBERS; i++)
		etcd_kill(&member[i]);
	clock_real();
	log_set_fd(-1);
	close(null_fd);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0;
}

static void who_has_no_certificate_is_refused(void **state)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	struct store *nobody = open_store(false);
	assert_int_equal(store_rig_current(nobody, clock_mono_ns() + 10 * NS_PER_S, &rev, &err), -1);
	assert_true(err.reason == REASON_UNAVAILABLE || err.reason == REASON_TIMEOUT);
	nobody->engine->close(nobody);
}

/* Writes go on, each is seen once and in order. The first round is the first server's, the second that of the one after it,
   which is in use then. */
static void goes_on(void (*harm)(struct etcd_process *), void (*heal)(struct etcd_process *))
{
	char key[32], why[128];
	static int counter;
	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		uint64_t rev = 0;
		harm(&member[i]);
		for (int k = 0; k < 5; k++) {
			snprintf(key, sizeof(key), "/x/k%d", ++counter);
			rev = put(key);
		}
		wait_seen(rev);
		int64_t deadline = clock_mono_ns() + LONG_NS;
		while (store_rig_current(s, deadline, &rev, &err) < 0 || !s->engine->healthy(s, why))
			assert_true(clock_mono_ns() < deadline);
		heal(&member[i]);
	}
	for (size_t i = 1; i < n_seen; i++)
		assert_true(seen[i] > seen[i - 1]);
}

static void continue_process(struct etcd_process *e)
{
	kill(e->pid, SIGCONT);
}

static void a_member_is_killed(void **state)
{
	goes_on(etcd_kill, etcd_run);
}

static void a_member_stands_still(void **state)
{
	goes_on(etcd_stop, continue_process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_no_certificate_is_refused),
		cmocka_unit_test(a_member_is_killed),
		cmocka_unit_test(a_member_stands_still),
	};
	int failed = cmocka_run_group_tests_name("grpc", tests, begin_grpc, end);
	return failed + cmocka_run_group_tests_name("gateway", tests, begin_gateway, end);
}

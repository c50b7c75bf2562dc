/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

static bool check(void *arg, char why[128])
{
	if (*(bool *)arg)
		return true;
	snprintf(why, 128, "it is off");
	return false;
}

static bool informers = true, store = true;

static int setup(void **state)
{
	informers = store = true;
	health_add_check("informer-sync", check, &informers);
	health_add_check("store", check, &store);
	return 0;
}

static void test_pages(void **state)
{
	static const struct {
		const char *path, *query;
		bool informers;
		int status;
		const char *want;
	} cases[] = {
		{"/healthz", "", true, 200, "ok"},
		{"/livez", "", false, 200, "ok"},
		{"/readyz", "", true, 200, "ok"},
		{"/readyz", "verbose", true, 200,
		 "[+]ping ok\n[+]informer-sync ok\n[+]store ok\nreadyz check passed\n"},
		{"/livez", "a=b&verbose=true", true, 200, "[+]ping ok\nlivez check passed\n"},
		{"/readyz", "", false, 500,
		 "[+]ping ok\n[-]informer-sync failed: reason withheld\n[+]store ok\nreadyz check failed\n"},
		{"/readyz", "exclude=informer-sync", false, 200, "ok"},
		{"/readyz", "verbose&exclude=store&exclude=informer-sync", false, 200,
		 "[+]ping ok\n[+]informer-sync excluded: ok\n[+]store excluded: ok\nreadyz check passed\n"},
		{"/readyz", "exclude=informer", false, 500,
		 "[+]ping ok\n[-]informer-sync failed: reason withheld\n[+]store ok\n"
		 "warn: some health checks cannot be excluded: no matches for \"informer\"\nreadyz check failed\n"},
		{"/readyz", "verbose&exclude=none&exclude=a&exclude=store&exclude=none", true, 200,
		 "[+]ping ok\n[+]informer-sync ok\n[+]store excluded: ok\n"
		 "warn: some health checks cannot be excluded: no matches for \"a\",\"none\"\nreadyz check passed\n"},
		{"/readyz", "exclude=", true, 200, "ok"},
		{"/livez", "verbose&exclude=store", true, 200,
		 "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for \"store\"\nlivez check passed\n"},
		{"/readyz/", "", true, 404, "404 page not found\n"},
		{"/livez/store", "", true, 404, "404 page not found\n"},
		{"/readyz/informer-sync", "", true, 200, "ok"},
		{"/healthz/informer-sync", "", false, 500, "internal server error: it is off\n"},
		{"/readyz/none", "", true, 404, "404 page not found\n"},
		{"/readyzz", "", true, 0, ""},
		{"/", "", true, 0, ""},
		{"", "", true, 0, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autobuf struct buf b = BUF_INIT;
		const char *type = NULL;
		int status = 0;

		informers = cases[i].informers;
		assert_int_equal(health_page(cases[i].path, cases[i].query, &b, &status, &type),
				 cases[i].status != 0);
		assert_int_equal(status, cases[i].status);
		assert_string_equal(buf_str(&b), cases[i].want);
	}
}

/* Which page asks what, and names that stand for others. Runs last: checks stay. */
static void test_pages_of_checks(void **state)
{
	static bool etcd = true, ending = true;
	static const struct {
		const char *path, *query;
		bool etcd, ending;
		int status;
		const char *want;
	} cases[] = {
		{"/livez", "verbose", true, false, 200, "[+]ping ok\n[+]sqlite ok\nlivez check passed\n"},
		{"/livez", "", false, true, 500,
		 "[+]ping ok\n[-]sqlite failed: reason withheld\nlivez check failed\n"},
		{"/livez", "verbose&exclude=etcd", false, true, 200,
		 "[+]ping ok\n[+]sqlite excluded with etcd: ok\nlivez check passed\n"},
		{"/livez/etcd", "", true, true, 200, "ok"},
		{"/livez/etcd", "", false, true, 500, "internal server error: it is off\n"},
		{"/healthz", "", true, false, 200, "ok"},
		{"/healthz/shutdown", "", true, false, 404, "404 page not found\n"},
		{"/readyz/shutdown", "", true, false, 500, "internal server error: it is off\n"},
		{"/readyz", "", true, false, 500,
		 "[+]ping ok\n[+]informer-sync ok\n[+]store ok\n[+]sqlite ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n"},
	};

	health_add(&(struct health_check){"sqlite", "etcd", HEALTH_LIVEZ, check, &etcd});
	health_add(&(struct health_check){"shutdown", NULL, HEALTH_ONLY_READYZ, check, &ending});
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autobuf struct buf b = BUF_INIT;
		const char *type = NULL;
		int status = 0;

		etcd = cases[i].etcd;
		ending = cases[i].ending;
		assert_true(health_page(cases[i].path, cases[i].query, &b, &status, &type));
		assert_string_equal(buf_str(&b), cases[i].want);
		assert_int_equal(status, cases[i].status);
	}
	etcd = ending = true;
}

static void test_metrics_and_version(void **state)
{
	static const char *const want[] = {
		"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ",
		"\nprocess_cpu_seconds_total ",
		"\nprocess_open_fds ",
		("kubernetes_build_info{build_date=\"1970-01-01T00:00:00Z\",compiler=\"cc\",git_commit=\"0000000000000000000000000000000000000000\","
		 "git_tree_state=\"clean\",git_version=\"v1.34.0\",go_version=\"none\",major=\"1\",minor=\"34\",platform=\"linux/"),
		"\ncoracle_build_info{version=\"",
	};
	autobuf struct buf b = BUF_INIT;
	const char *type, *p;
	int status;

	assert_true(health_page("/metrics", "", &b, &status, &type));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_non_null(strstr(b.p, want[i]));
	p = strstr(b.p, "\nprocess_resident_memory_bytes ");
	assert_true(atof(p + 31) > 100000);
	p = strstr(b.p, "\nprocess_start_time_seconds ");
	assert_true(atof(p + 28) > 1e9);
	buf_clear(&b);
	assert_true(health_page("/version", "", &b, &status, &type));
	assert_string_equal(type, "application/json");
	assert_non_null(strstr(b.p, "\"major\": \"1\",\n  \"minor\": \"34\",\n  \"emulationMajor\": \"1\",\n"
				    "  \"emulationMinor\": \"34\",\n  \"minCompatibilityMajor\": \"1\",\n"
				    "  \"minCompatibilityMinor\": \"33\",\n  \"gitVersion\": \"v1.34.0\""));
	/* clients match it with [0-9a-f]+ */
	p = strstr(b.p, "\"gitCommit\": \"") + strlen("\"gitCommit\": \"");
	assert_int_equal(strspn(p, "0123456789abcdef"), 40);
	assert_int_equal(p[40], '"');
}

static void say_query(void *arg, const char *query, struct buf *out)
{
	buf_addf(out, "%s:%s", (const char *)arg, query);
}

/* A page of one daemon; added again, it is the new one. */
static void test_own_pages(void **state)
{
	autobuf struct buf b = BUF_INIT;
	const char *type;
	int status;

	assert_false(health_page("/why", "", &b, &status, &type));
	health_add_page("/why", "application/json", say_query, "old");
	health_add_page("/why", "application/json", say_query, "new");
	assert_true(health_page("/why", "pod=a/b", &b, &status, &type));
	assert_int_equal(status, 200);
	assert_string_equal(type, "application/json");
	assert_string_equal(buf_str(&b), "new:pod=a/b");
	assert_false(health_page("/why/x", "", &b, &status, &type));
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *path, *query;
	} cases[] = {
		{"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", 200, "/a", "b=c"},
		{"HEAD / HTTP/1.0\n\n", 200, "/", ""},
		{"GET / HTTP/1.1\r\nHost: x\r\n", 0, NULL, NULL},
		{"POST / HTTP/1.1\r\n\r\n", 405, NULL, NULL},
		{"GET  HTTP/1.1\r\n\r\n", 400, NULL, NULL},
		{"GET http://x/ HTTP/1.1\r\n\r\n", 400, NULL, NULL},
		{"GET / SPDY\r\n\r\n", 400, NULL, NULL},
		{"GET /\r\n\r\n", 400, NULL, NULL},
		{"\r\n\r\n", 400, NULL, NULL},
	};
	char big[HEALTH_REQUEST_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct health_request rq;

		assert_int_equal(health_parse_request(cases[i].text, strlen(cases[i].text), &rq),
				 cases[i].status);
		if (cases[i].path) {
			assert_string_equal(rq.path, cases[i].path);
			assert_string_equal(rq.query, cases[i].query);
		}
	}
	memset(big, 'a', sizeof(big));
	assert_int_equal(health_parse_request(big, sizeof(big) - 1, &(struct health_request){0}), 0);
	assert_int_equal(health_parse_request(big, sizeof(big), &(struct health_request){0}), 431);
	memcpy(big, "GET /", 5);
	memcpy(big + 600, " HTTP/1.1\r\n\r\n", 13);
	assert_int_equal(health_parse_request(big, 613, &(struct health_request){0}), 414);
}

static void dial_with(int fd, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((uint16_t)port)};

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

static int dial(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	dial_with(fd, port);
	return fd;
}

static void read_all(int fd, struct buf *out)
{
	char tmp[4096];
	ssize_t n;

	while ((n = recv(fd, tmp, sizeof(tmp), 0)) > 0)
		buf_add(out, tmp, (size_t)n);
	close(fd);
}

static void test_listener(void **state)
{
	static const char rq[] = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct err err = ERR_INIT;
	clock_fake(clock_wall_ns()); /* nobody's time is up because the machine is busy */
	struct loop *l = loop_new(NULL);
	loop_start(l, "loop");
	struct health *h = health_start(l, "127.0.0.1", 0, NULL, &err);
	autobuf struct buf b = BUF_INIT;
	int idle[20], fd;

	assert_non_null(h);
	assert_null(health_start(l, "127.0.0.1", health_port(h), NULL, &err));
	assert_null(health_start(l, "localhost", 0, NULL, &err));
	for (int i = 0; i < 10; i++)
		idle[i] = dial(health_port(h)); /* who connect and say nothing are in nobody's way */
	fd = dial(health_port(h));
	for (size_t i = 0; i < sizeof(rq) - 1; i++)
		assert_int_equal(send(fd, rq + i, 1, 0), 1);
	read_all(fd, &b);
	assert_non_null(strstr(b.p, "HTTP/1.1 200 OK\r\n"));
	assert_string_equal(b.p + b.len - 6, "\r\n\r\nok");
	buf_clear(&b);
	fd = dial(health_port(h));
	assert_int_equal(send(fd, "DELETE / HTTP/1.1\r\n\r\n", 21, 0), 21);
	read_all(fd, &b);
	assert_non_null(strstr(b.p, "HTTP/1.1 405 "));
	buf_clear(&b);
	fd = dial(health_port(h));
	assert_int_equal(send(fd, "HEAD /nowhere HTTP/1.1\r\n\r\n", 26, 0), 26);
	read_all(fd, &b);
	assert_non_null(strstr(b.p, "HTTP/1.1 404 "));
	assert_string_equal(b.p + b.len - 4, "\r\n\r\n");
	for (int i = 0; i < 10; i++)
		close(idle[i]);
	health_stop(h);
	loop_join(l);
	loop_free(l);
	clock_real();
}

struct alarm {
	struct loop_timer timer;
	struct loop *l;
	uint64_t spent; /* turns between the setting and the ringing, both on the loop */
	bool rang;
};

static uint64_t turns(struct loop *l)
{
	struct loop_stats stats;

	loop_stats(l, &stats);
	return stats.turns;
}

static void ring(void *arg)
{
	struct alarm *a = arg;

	a->spent = turns(a->l) - a->spent;
	loop_signal(a->l, &a->rang);
}

static void set_alarm(void *arg)
{
	struct alarm *a = arg;

	a->spent = turns(a->l);
	loop_timer_set(a->l, &a->timer, clock_mono_ns() + 300 * NS_PER_MS);
}

/* While there is nothing to accept a connection with, nobody spins; later it is served. */
static void test_no_descriptors(void **state)
{
	static const char rq[] = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct err err = ERR_INIT;
	struct loop *l = loop_new(NULL);
	loop_start(l, "loop");
	struct health *h = health_start(l, "127.0.0.1", 0, NULL, &err);
	struct alarm a = {.timer = {.fn = ring, .arg = &a}, .l = l};
	autobuf struct buf b = BUF_INIT;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct rlimit was;

	getrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = was.rlim_max}),
			 0);
	dial_with(fd, health_port(h));
	loop_post(l, set_alarm, &a);
	assert_true(loop_wait(l, &a.rang, CLOCK_NEVER));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_true(a.spent < 20); /* looks again ten times a second */
	assert_int_equal(send(fd, rq, sizeof(rq) - 1, 0), sizeof(rq) - 1);
	read_all(fd, &b);
	assert_non_null(strstr(buf_str(&b), "HTTP/1.1 200 OK\r\n"));
	health_stop(h);
	loop_join(l);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pages, setup),
		cmocka_unit_test(test_metrics_and_version),
		cmocka_unit_test(test_own_pages),
		cmocka_unit_test(test_parse),
		cmocka_unit_test_setup(test_listener, setup),
		cmocka_unit_test_setup(test_no_descriptors, setup),
		cmocka_unit_test_setup(test_pages_of_checks, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

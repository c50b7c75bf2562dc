/* SPDX-License-Identifier: Apache-2.0 */
/* The relay against a small HTTP server on loopback: refusals, more bytes than the ring holds, and a client
 * that leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/thread.h"
#include "base/thread_test.h"
#include "rest/log/relay.h"

#define TOTAL (1 << 20)

struct server {
	int listener, port;
	const char *head;
	size_t bytes;	/* of body to send */
	bool hold;	/* keep the connection open after that until the peer leaves */
	bool peer_left; /* set by the thread */
	atomic_bool asked;
	pthread_t thread;
};

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

static void *serve(void *arg)
{
	struct server *s = arg;
	char buf[4096];
	int fd = accept(s->listener, NULL, NULL);
	ssize_t got = recv(fd, buf, sizeof(buf), 0);

	(void)got;
	atomic_store(&s->asked, true);
	send_all(fd, s->head, strlen(s->head));
	memset(buf, 'x', sizeof(buf));
	for (size_t sent = 0; sent < s->bytes; sent += sizeof(buf))
		send_all(fd, buf, s->bytes - sent < sizeof(buf) ? s->bytes - sent : sizeof(buf));
	if (s->hold) /* a peer that leaves bytes unread resets the connection */
		s->peer_left = recv(fd, buf, sizeof(buf), 0) <= 0;
	close(fd);
	return NULL;
}

static void server_start(struct server *s, char url[64])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &len), 0);
	snprintf(url, 64, "http://127.0.0.1:%d/containerLogs/a/b/c", ntohs(a.sin_port));
	s->thread = thread_start("server", serve, s);
}

static void server_stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static const struct http_tls tls = {.insecure = true};
static struct relays *relays;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	relays = relays_new(&tls, &err);
	return 0;
}

static int teardown(void **state)
{
	relays_free(relays);
	return 0;
}

/* What the relay came back with; the test waits for it as nobody in the server does. */
struct answer {
	pthread_mutex_t lock;
	pthread_cond_t known;
	bool there;
	struct response_stream *stream;
	int status;
	char refusal[16];
	struct err err;
};

static void on_answer(void *arg, struct relay_answer *a)
{
	struct answer *w = arg;

	pthread_mutex_lock(&w->lock);
	w->stream = a->stream;
	w->status = a->status;
	snprintf(w->refusal, sizeof(w->refusal), "%s", buf_str(a->refusal));
	w->err = a->err;
	w->there = true;
	pthread_cond_signal(&w->known);
	pthread_mutex_unlock(&w->lock);
}

static struct answer ask(const char *url)
{
	struct answer w = {.lock = PTHREAD_MUTEX_INITIALIZER, .known = PTHREAD_COND_INITIALIZER};

	relay_open(relays, url, NULL, on_answer, &w);
	pthread_mutex_lock(&w.lock);
	while (!w.there)
		pthread_cond_wait(&w.known, &w.lock);
	pthread_mutex_unlock(&w.lock);
	return w;
}

static void test_refused(void **state)
{
	struct server s = {.head = "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\n", .bytes = 4};
	char url[64];

	server_start(&s, url);
	struct answer a = ask(url);
	assert_null(a.stream);
	assert_int_equal(a.status, 400);
	assert_string_equal(a.refusal, "xxxx");
	server_stop(&s);
}

static void test_unreachable(void **state)
{
	struct answer a = ask("http://127.0.0.1:1/");
	assert_null(a.stream);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.err.reason, REASON_INTERNAL);
}

/* No thread for the relays' loop is an answer, and the next one asks for it again. */
static void test_no_thread(void **state)
{
	if (!thread_forbid())
		skip();
	struct answer a = ask("http://127.0.0.1:1/");
	assert_true(thread_allow());
	assert_null(a.stream);
	assert_int_equal(a.err.reason, REASON_UNAVAILABLE);
	test_unreachable(state);
}

/* Reads to the end as a stream thread would, which asks again when it was told to. */
static size_t drain(struct response_stream *rs)
{
	char buf[20000];
	size_t total = 0;

	for (long n; (n = rs->read(rs->arg, buf, sizeof(buf))) >= 0; total += (size_t)n)
		if (!n)
			sched_yield();
	return total;
}

static void test_more_than_fits(void **state)
{
	struct server s = {.head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .bytes = TOTAL};
	char url[64];

	server_start(&s, url);
	struct response_stream *rs = ask(url).stream;
	assert_non_null(rs);
	assert_int_equal(drain(rs), TOTAL);
	rs->close(rs->arg);
	server_stop(&s);
}

static void test_client_leaves(void **state)
{
	struct server s = {.head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .bytes = 10, .hold = true};
	char url[64];

	server_start(&s, url);
	struct response_stream *rs = ask(url).stream;
	assert_non_null(rs);
	rs->close(rs->arg);
	server_stop(&s);
	assert_true(s.peer_left);
}

static void *stop_when_asked(void *arg)
{
	struct server *s = arg;

	while (!atomic_load(&s->asked))
		sched_yield();
	relays_stop(relays);
	return NULL;
}

/* An agent that does not answer holds up no stop. */
static void test_stop(void **state)
{
	struct server s = {.head = "", .hold = true};
	char url[64];

	server_start(&s, url);
	pthread_t t = thread_start("stop", stop_when_asked, &s);
	struct answer a = ask(url);
	assert_null(a.stream);
	assert_string_equal(a.err.msg, "apiserver is shutting down");
	pthread_join(t, NULL);
	server_stop(&s);
	assert_true(s.peer_left);
	assert_null(ask(url).stream);
}

/* Many agents that do not answer hold up nobody: asking takes no thread. */
static void test_silent_agents(void **state)
{
	enum { N = 100 };
	static struct answer w[N];
	struct server s = {.head = "", .hold = true};
	char url[64];

	server_start(&s, url);
	for (size_t i = 0; i < N; i++) {
		pthread_mutex_init(&w[i].lock, NULL);
		pthread_cond_init(&w[i].known, NULL);
		relay_open(relays, url, NULL, on_answer, &w[i]);
	}
	stop_when_asked(&s);
	for (size_t i = 0; i < N; i++) {
		assert_true(w[i].there); /* relays_stop comes back when everybody has been told */
		assert_null(w[i].stream);
	}
	server_stop(&s);
}

/* A look-up that is at work when everything stops comes back before the relays go. */
struct look_up {
	pthread_t asked_on;
	bool came_back;
};

static void where(void *arg)
{
	((struct look_up *)arg)->asked_on = pthread_self();
}

static void until_the_loop_is_over(void *arg)
{
	struct look_up *u = arg;
	do
		loop_finish(relays_loop(relays), where, u);
	while (!pthread_equal(u->asked_on, pthread_self()));
}

static void back(void *arg)
{
	((struct look_up *)arg)->came_back = true;
}

static void look_up(void *arg)
{
	loop_job(relays_loop(relays), 0, until_the_loop_is_over, back, arg);
	loop_stop(relays_loop(relays));
}

static void test_stop_in_a_look_up(void **state)
{
	struct look_up u = {.came_back = false};
	assert_true(relays_run(relays, look_up, &u));
	relays_stop(relays);
	relays_free(relays);
	assert_true(u.came_back);
	relays = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_agents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_in_a_look_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

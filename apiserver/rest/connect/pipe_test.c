/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes to a small server on loopback; the test is the network thread that reads and gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "client/server_test.h"
#include "rest/connect/pipe.h"

#define MUCH ((size_t)8 << 20)

static const struct http_tls tls = {.insecure = true};
static struct relays *relays;
static struct server server;
static atomic_int open_pipes;
static atomic_size_t server_took; /* bytes of the last connection */
static atomic_bool server_ended;

/* ---- the server ---- */

static void echo(int fd)
{
	char buf[8192];
	ssize_t n;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		server_send(fd, buf, (size_t)n);
		atomic_fetch_add(&server_took, (size_t)n);
	}
}

static void drain(int fd)
{
	char buf[8192];
	ssize_t n;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		atomic_fetch_add(&server_took, (size_t)n);
}

static void flood(int fd)
{
	char buf[8192];
	memset(buf, 'x', sizeof(buf));
	for (size_t i = 0; i < MUCH / sizeof(buf); i++)
		server_send(fd, buf, sizeof(buf));
}

static void say(int fd, const char *text)
{
	server_send(fd, text, strlen(text));
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"

static void handle(struct server_request *rq)
{
	const char *p = rq->path;
	rq->close = true;
	if (!strcmp(p, "/echo")) {
		say(rq->fd, SWITCH "hello ");
		echo(rq->fd);
	} else if (!strcmp(p, "/drain")) {
		say(rq->fd, SWITCH);
		drain(rq->fd);
	} else if (!strcmp(p, "/flood")) {
		say(rq->fd, SWITCH);
		flood(rq->fd);
	} else if (!strcmp(p, "/chunks")) {
		say(rq->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
		say(rq->fd, "2\r\nde\r\n0\r\n\r\n");
	} else if (!strcmp(p, "/cut")) {
		say(rq->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
	} else if (!strcmp(p, "/page")) {
		say(rq->fd,
		    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=x\r\nContent-Length: 13\r\n\r\n<a href='/x'>");
	} else if (!strcmp(p, "/hang")) {
		say(rq->fd, "HTTP/1.1 200 OK\r\n");
		drain(rq->fd);
	} else if (strcmp(p, "/mute")) {
		server_reply(rq, 404, "X-Method: y\r\n", rq->body_len ? rq->body : p);
	}
	atomic_store(&server_ended, true);
}

/* ---- the client ---- */

struct client {
	struct response_waker waker;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool answered, wake;
	struct response_stream *stream;
	struct buf body, lines;
	int status;
	bool dialled;
	struct err err;
};

static void on_wake(struct response_waker *w)
{
	struct client *c = CONTAINER_OF(w, struct client, waker);
	pthread_mutex_lock(&c->lock);
	c->wake = true;
	pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
}

static void on_answer(void *arg, struct pipe_answer *a)
{
	struct client *c = arg;
	pthread_mutex_lock(&c->lock);
	c->status = a->head ? a->head->status : 0;
	if (a->head)
		buf_add(&c->lines, a->head->lines.p, a->head->lines.len);
	c->stream = a->stream;
	if (!a->stream && a->body)
		buf_add(&c->body, buf_str(a->body), a->body->len);
	if (c->stream)
		c->stream->wake = &c->waker;
	c->err = a->err;
	c->dialled = a->dialled;
	c->answered = true;
	pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
}

static void await(struct client *c, bool *what)
{
	pthread_mutex_lock(&c->lock);
	while (!*what)
		pthread_cond_wait(&c->woken, &c->lock);
	c->wake = false;
	pthread_mutex_unlock(&c->lock);
}

static struct pipe_request request(const char *path, int port)
{
	struct pipe_request rq = {.host = "127.0.0.1", .port = port, .patience_ns = 120 * NS_PER_S};
	rq.upgrade = !strcmp(path, "/echo") || !strcmp(path, "/drain") || !strcmp(path, "/flood");
	buf_addf(&rq.bytes, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	return rq;
}

static void ask_with(struct client *c, struct pipe_request *rq)
{
	memset(c, 0, sizeof(*c));
	c->waker.wake = on_wake;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->woken, NULL);
	atomic_store(&server_took, 0);
	atomic_store(&server_ended, false);
	assert_true(pipe_open(relays, rq, &open_pipes, 4, on_answer, c));
}

static void ask(struct client *c, const char *path)
{
	struct pipe_request rq = request(path, server.port);
	ask_with(c, &rq);
	await(c, &c->answered);
}

static void none_left(void)
{
	int64_t until = clock_mono_ns() + 120 * NS_PER_S;
	while (atomic_load(&open_pipes) && clock_mono_ns() < until)
		sched_yield();
	assert_int_equal(atomic_load(&open_pipes), 0);
}

static void leave(struct client *c)
{
	if (c->stream)
		c->stream->close(c->stream->arg);
	none_left();
	buf_release(&c->body);
	buf_release(&c->lines);
}

/* Until the end, which it returns, or until there are `n` bytes. */
static long read_body(struct client *c, size_t n)
{
	char buf[65536];
	for (;;) {
		long r = c->stream->read(c->stream->arg, buf, sizeof(buf));
		if (r < 0)
			return r;
		buf_add(&c->body, buf, (size_t)r);
		if (c->body.len >= n)
			return 0;
		if (!r)
			await(c, &c->wake);
	}
}

/* ---- the tests ---- */

static void whole_bodies(void **state)
{
	struct client c;
	struct pipe_request rq = request("/x", server.port);
	ask_with(&c, &rq);
	await(&c, &c.answered);
	assert_null(c.stream);
	assert_int_equal(c.status, 404);
	assert_string_equal(buf_str(&c.body), "/x");
	assert_non_null(strstr(buf_str(&c.lines), "X-Method: y\r\n"));
	leave(&c);

	rq = request("/x", server.port);
	buf_clear(&rq.bytes);
	buf_adds(&rq.bytes, "PUT /x HTTP/1.1\r\nContent-Length: 30000\r\n\r\n");
	for (int i = 0; i < 3000; i++)
		buf_adds(&rq.bytes, "0123456789");
	ask_with(&c, &rq);
	await(&c, &c.answered);
	assert_int_equal(c.body.len, 30000);
	leave(&c);
}

static void streamed_bodies(void **state)
{
	struct client c;
	ask(&c, "/chunks");
	assert_int_equal(c.status, 200);
	assert_int_equal(read_body(&c, SIZE_MAX), -1);
	assert_string_equal(buf_str(&c.body), "abcde");
	leave(&c);
	ask(&c, "/cut");
	assert_int_equal(read_body(&c, SIZE_MAX), -2);
	assert_string_equal(buf_str(&c.body), "ab");
	leave(&c);
}

static void pages_are_rewritten(void **state)
{
	struct client c;
	struct pipe_request rq = request("/page", server.port);
	rq.links = links_new("/p", "", "");
	ask_with(&c, &rq);
	await(&c, &c.answered);
	assert_int_equal(read_body(&c, SIZE_MAX), -1);
	assert_string_equal(buf_str(&c.body), "<a href='/p/x'>");
	leave(&c);
}

static void both_directions(void **state)
{
	struct client c;
	ask(&c, "/echo");
	assert_int_equal(c.status, 101);
	assert_int_equal(c.stream->take(c.stream->arg, "world", 5), 5);
	assert_int_equal(read_body(&c, 11), 0);
	assert_string_equal(buf_str(&c.body), "hello world");
	leave(&c);
}

/* The client gives much, and reads nothing meanwhile: what is kept is bounded, and nothing is lost. */
static void much_goes_up(void **state)
{
	struct client c;
	char buf[32768];
	size_t sent = 0;
	memset(buf, 'y', sizeof(buf));
	ask(&c, "/drain");
	while (sent < MUCH) {
		long n = c.stream->take(c.stream->arg, buf, sizeof(buf));
		assert_true(n >= 0);
		sent += (size_t)n;
		if (n < (long)sizeof(buf))
			await(&c, &c.wake);
	}
	leave(&c); /* at once: what was given still arrives */
	while (!atomic_load(&server_ended))
		sched_yield();
	assert_int_equal(atomic_load(&server_took), sent);
}

static void much_comes_down(void **state)
{
	struct client c;
	ask(&c, "/flood");
	assert_int_equal(read_body(&c, 1), 0);
	assert_true(c.body.len <= (size_t)256 << 10); /* it waits for the reader */
	assert_int_equal(read_body(&c, SIZE_MAX), -1);
	assert_int_equal(c.body.len, MUCH);
	leave(&c);
}

static void a_full_pipe_is_held(void **state)
{
	struct client c;
	char buf[65536];
	ask(&c, "/flood");
	while (c.stream->read(c.stream->arg, buf, 1) == 0)
		await(&c, &c.wake);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	assert_false(atomic_load(&server_ended));
	leave(&c);
}

static void failures(void **state)
{
	struct client c;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, and nobody listens */
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	struct pipe_request rq = request("/", ntohs(a.sin_port));
	autofree char *refused = mem_printf("dial tcp 127.0.0.1:%d: connect: connection refused", rq.port);
	ask_with(&c, &rq);
	await(&c, &c.answered);
	assert_string_equal(c.err.msg, refused);
	assert_false(c.dialled);
	leave(&c);
	close(fd);
	ask(&c, "/mute");
	assert_string_equal(c.err.msg, "EOF");
	assert_true(c.dialled);
	leave(&c);
	rq = request("/hang", server.port);
	rq.patience_ns = NS_PER_MS;
	ask_with(&c, &rq);
	await(&c, &c.answered);
	assert_int_equal(c.err.reason, REASON_TIMEOUT);
	leave(&c);
}

static void no_more_than_allowed(void **state)
{
	struct pipe_request rq = request("/echo", server.port);
	struct client c;
	atomic_store(&open_pipes, 4);
	assert_false(pipe_open(relays, &rq, &open_pipes, 4, on_answer, &c));
	assert_int_equal(atomic_load(&open_pipes), 4);
	atomic_store(&open_pipes, 0);
	buf_release(&rq.bytes);
}

static void a_stop_refuses_who_waits(void **state)
{
	struct client c, d;
	struct pipe_request rq = request("/hang", server.port);
	ask_with(&c, &rq);
	relays_stop(relays);
	await(&c, &c.answered);
	assert_int_equal(c.err.reason, REASON_UNAVAILABLE);
	leave(&c);
	rq = request("/echo", server.port);
	ask_with(&d, &rq);
	await(&d, &d.answered);
	assert_int_equal(d.err.reason, REASON_UNAVAILABLE);
	leave(&d);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	relays = relays_new(&tls, &err);
	server_start(&server, handle, NULL);
	return relays ? 0 : -1;
}

static int teardown(void **state)
{
	relays_free(relays);
	server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_bodies),		cmocka_unit_test(streamed_bodies),
		cmocka_unit_test(pages_are_rewritten),	cmocka_unit_test(both_directions),
		cmocka_unit_test(much_goes_up),		cmocka_unit_test(much_comes_down),
		cmocka_unit_test(a_full_pipe_is_held),	cmocka_unit_test(failures),
		cmocka_unit_test(no_more_than_allowed), cmocka_unit_test(a_stop_refuses_who_waits),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

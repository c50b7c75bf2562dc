/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 without TLS, against a server of a few frames. */
#include "client/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/http_internal.h"

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };
#define CONNECTIONS 16

struct h2_server {
	int fd;
	char url[64];
	pthread_t thread, threads[CONNECTIONS];
	int fds[CONNECTIONS];
	atomic_int connections, requests;
	atomic_int cut_at;   /* closes when it has read this many requests; 0: never */
	atomic_bool babbles; /* and before that, says what is no HTTP/2 */
	atomic_size_t large; /* bytes of each reply */
};

struct h2_connection {
	struct h2_server *s;
	int fd;
};

static bool read_all(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void send_frame(int fd, unsigned type, unsigned flags, uint32_t stream, const void *p, size_t n)
{
	autobuf struct buf b = BUF_INIT;
	const unsigned char head[9] = {(unsigned char)(n >> 16),
				       (unsigned char)(n >> 8),
				       (unsigned char)n,
				       (unsigned char)type,
				       (unsigned char)flags,
				       0,
				       0,
				       (unsigned char)(stream >> 8),
				       (unsigned char)stream};

	buf_add(&b, head, sizeof(head));
	buf_add(&b, p, n);
	for (size_t at = 0; at < b.len;) {
		ssize_t w = send(fd, b.p + at, b.len - at, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		at += (size_t)w;
	}
}

static void begin_reply(int fd, uint32_t stream)
{
	send_frame(fd, HEADERS, END_HEADERS, stream, "\x88", 1); /* :status: 200 */
	send_frame(fd, DATA, 0, stream, "hello", 5);
}

static void reply(struct h2_server *s, int fd, uint32_t stream)
{
	static const char zeros[16384], trailers[] = "\0\x0bgrpc-status\x01"
						     "0";
	begin_reply(fd, stream);
	for (size_t left = atomic_load(&s->large); left;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		send_frame(fd, DATA, 0, stream, zeros, n);
		left -= n;
	}
	send_frame(fd, HEADERS, END_HEADERS | END_STREAM, stream, trailers, sizeof(trailers) - 1);
}

static bool serve_frame(struct h2_server *s, int fd)
{
	static const char noise[64] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	unsigned char h[9];
	autobuf struct buf b = BUF_INIT;

	if (!read_all(fd, h, sizeof(h)))
		return false;
	size_t n = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
	uint32_t stream = (uint32_t)h[7] << 8 | h[8];

	buf_reserve(&b, n + 1);
	if (n && !read_all(fd, b.p, n))
		return false;
	if ((h[3] == SETTINGS || h[3] == PING) && !(h[4] & ACK))
		send_frame(fd, h[3], ACK, 0, b.p, h[3] == PING ? n : 0);
	if (h[3] != DATA)
		return true;
	if (n && atomic_fetch_add(&s->requests, 1) + 1 == atomic_load(&s->cut_at)) {
		if (atomic_load(&s->babbles))
			send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
		return false;
	}
	if (h[4] & END_STREAM)
		reply(s, fd, stream);
	else
		begin_reply(fd, stream); /* it goes on */
	return true;
}

static void *connection_main(void *arg)
{
	struct h2_connection *c = arg;
	char preface[24];

	send_frame(c->fd, SETTINGS, 0, 0, NULL, 0);
	if (read_all(c->fd, preface, sizeof(preface)) && !memcmp(preface, "PRI * HTTP/2.0", 14))
		while (serve_frame(c->s, c->fd))
			;
	shutdown(c->fd, SHUT_RDWR);
	free(c);
	return NULL;
}

static void *server_main(void *arg)
{
	struct h2_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct h2_connection *c = MEM_NEW(struct h2_connection);
		int i = atomic_fetch_add(&s->connections, 1);

		if (i >= CONNECTIONS)
			abort();
		*c = (struct h2_connection){s, fd};
		s->fds[i] = fd;
		pthread_create(&s->threads[i], NULL, connection_main, c);
	}
	return NULL;
}

struct fixture {
	struct h2_server s;
	struct http *h;
	struct http_request rq;
};

static int setup(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	f->s.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->s.fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(f->s.fd, 16), 0);
	getsockname(f->s.fd, (struct sockaddr *)&a, &len);
	snprintf(f->s.url, sizeof(f->s.url), "http://127.0.0.1:%d/x", ntohs(a.sin_port));
	pthread_create(&f->s.thread, NULL, server_main, &f->s);
	f->h = http_new(NULL, 4);
	f->rq = (struct http_request){
		.method = "POST", .url = f->s.url, .body = "{}", .body_len = 2, .http2 = true};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_free(f->h);
	shutdown(f->s.fd, SHUT_RDWR);
	pthread_join(f->s.thread, NULL);
	close(f->s.fd);
	for (int i = 0; i < atomic_load(&f->s.connections); i++) {
		shutdown(f->s.fds[i], SHUT_RDWR);
		pthread_join(f->s.threads[i], NULL);
		close(f->s.fds[i]);
	}
	free(f);
	return 0;
}

static void assert_answered(struct http_reply *r, size_t large)
{
	if (r->err.reason != REASON_NONE)
		fail_msg("%s", r->err.msg);
	assert_int_equal(r->status, 200);
	assert_string_equal(r->grpc_status, "0");
	assert_int_equal(r->body.len, 5 + large);
	assert_memory_equal(r->body.p, "hello", 5);
	http_reply_release(r);
}

static void one_after_another(void **state)
{
	struct fixture *f = *state;
	struct http_reply r;
	struct err err = ERR_INIT;

	for (int i = 0; i < 5; i++) {
		(void)!http_do(f->h, &f->rq, &r, &err);
		assert_answered(&r, 0);
	}
	assert_int_equal(atomic_load(&f->s.connections), 1);
}

static void start_many(struct fixture *f, size_t n)
{
	struct http_reply *r = mem_array(n, sizeof(*r));
	struct http_request *rq = mem_array(n, sizeof(*rq));

	for (size_t i = 0; i < n; i++)
		rq[i] = f->rq;
	f->h->max_connections = 0; /* of this window: all at once, on however few connections */
	http_run(f->h, rq, r, n, n);
	for (size_t i = 0; i < n; i++)
		assert_answered(&r[i], atomic_load(&f->s.large));
	free(r);
	free(rq);
}

static void many_at_once_share_a_connection(void **state)
{
	struct fixture *f = *state;

	start_many(f, 60);
	assert_int_equal(atomic_load(&f->s.connections), 1);
	assert_int_equal(atomic_load(&f->s.requests), 60);
}

/* What curl has read ahead is not forgotten. On a connection of many it would lose trailers. */
static void large_replies_arrive(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->s.large, 1500000);
	http_unshare(f->h);
	start_many(f, 1);
	start_many(f, 12);
}

static void assert_sent_once(struct fixture *f)
{
	struct http_reply r;
	struct err err = ERR_INIT;

	atomic_store(&f->s.cut_at, 2);
	(void)!http_do(f->h, &f->rq, &r, &err);
	assert_answered(&r, 0);
	assert_int_equal(http_do(f->h, &f->rq, &r, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_false(r.unsent);
	http_reply_release(&r);
	assert_int_equal(atomic_load(&f->s.requests), 2);
	(void)!http_do(f->h, &f->rq, &r, &err); /* on a new connection */
	assert_answered(&r, 0);
	assert_int_equal(atomic_load(&f->s.requests), 3);
}

static void what_was_read_is_not_sent_again(void **state)
{
	assert_sent_once(*state);
}

static void nor_when_the_answer_is_none(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->s.babbles, true);
	assert_sent_once(f);
}

static void what_never_left_says_so(void **state)
{
	struct fixture *f = *state;
	struct http_reply r;
	struct err err = ERR_INIT;

	f->rq.url = "http://127.0.0.1:1/x";
	assert_int_equal(http_do(f->h, &f->rq, &r, &err), -1);
	assert_true(r.unsent);
	http_reply_release(&r);
}

struct stream {
	size_t got;
	bool ended;
};

static bool on_data(void *arg, const char *p, size_t n)
{
	((struct stream *)arg)->got += n;
	return true;
}

static void on_end(void *arg, struct http_reply *r)
{
	((struct stream *)arg)->ended = true;
}

static void a_stream_in_both_directions(void **state)
{
	struct fixture *f = *state;
	struct stream s = {0};
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	struct http_reply r;
	struct err err = ERR_INIT;
	const char *method = NULL;

	f->rq.method = "PUT"; /* the handle is used again, the method is not */
	(void)!http_do(f->h, &f->rq, &r, &err);
	assert_answered(&r, 0);
	f->rq.method = "POST";
	f->rq.unended = true;
	f->rq.on_data = on_data;
	f->rq.arg = &s;
	struct http_call *c = http_start(f->h, &f->rq, on_end, &s);

	while (s.got < 5) {
		assert_true(clock_mono_ns() < deadline);
		loop_turn(f->h->loop, deadline);
	}
	assert_false(s.ended);
	assert_int_equal(atomic_load(&f->s.requests), 2);
	curl_easy_getinfo(c->easy, CURLINFO_EFFECTIVE_METHOD, &method);
	assert_string_equal(method, "POST");
	/* and is quiet */
	struct loop_stats before, after;
	for (int i = 0; i < 3; i++)
		loop_turn(f->h->loop, clock_mono_ns() + 10 * NS_PER_MS);
	loop_stats(f->h->loop, &before);
	loop_turn(f->h->loop, clock_mono_ns() + 50 * NS_PER_MS);
	loop_stats(f->h->loop, &after);
	assert_true(after.turns - before.turns <= 2);
	http_abort(c);
	assert_false(s.ended);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_after_another),		T(many_at_once_share_a_connection),
		T(large_replies_arrive),	T(what_was_read_is_not_sent_again),
		T(nor_when_the_answer_is_none), T(what_never_left_says_so),
		T(a_stream_in_both_directions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/thread.h"
#include "client/http_internal.h"
#include "client/server_test.h"

static void wait_closed(struct server_request *rq)
{
	struct pollfd p = {.fd = rq->fd, .events = POLLIN};

	poll(&p, 1, -1); /* until the client goes, or server_stop cuts it */
	rq->close = true;
}

static atomic_int cuts; /* requests that were read and not answered */

static void serve(struct server_request *rq)
{
	if (!strncmp(rq->path, "/echo", 5)) {
		autobuf struct buf b = BUF_INIT;
		autofree char *type = server_header(rq, "Content-Type");
		autofree char *auth = server_header(rq, "Authorization");
		autofree char *expect = server_header(rq, "Expect");

		buf_addf(&b, "%s %s %s %s %s %s", rq->method, rq->path, rq->body, type ? type : "-",
			 auth ? auth : "-", expect ? expect : "-");
		server_reply(rq, 200, "Docker-Content-Digest:  sha256:ab \r\nRetry-After: 7\r\n", b.p);
	} else if (!strcmp(rq->path, "/redirect")) {
		server_reply(rq, 302, "Location: /echo-after\r\n", "moved");
	} else if (!strcmp(rq->path, "/slow")) {
		wait_closed(rq);
	} else if (!strcmp(rq->path, "/big")) {
		autobuf struct buf b = BUF_INIT;

		for (int i = 0; i < 10000; i++)
			buf_adds(&b, "0123456789");
		server_reply(rq, 200, "", b.p);
	} else if (!strcmp(rq->path, "/stream")) {
		server_stream(rq, 200);
		server_chunk(rq, "one\n");
		server_chunk(rq, "two\n");
		wait_closed(rq);
	} else if (!strcmp(rq->path, "/cut")) {
		atomic_fetch_add(&cuts, 1);
		rq->close = true;
	} else {
		server_reply(rq, 404, "", "{}");
	}
}

struct fixture {
	struct server s;
	struct http *h;
	char url[256];
};

static int setup(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);

	server_start(&f->s, serve, NULL);
	f->h = http_new(NULL, 4);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_free(f->h);
	server_stop(&f->s);
	free(f);
	return 0;
}

static const char *url(struct fixture *f, const char *path)
{
	snprintf(f->url, sizeof(f->url), "%s%s", f->s.url, path);
	return f->url;
}

/* What asks for a connection of its own gets it, and leaves none behind. */
static void test_alone(void **state)
{
	struct fixture *f = *state;
	struct http_request rq = {.method = "GET", .url = url(f, "/echo")};
	int before = atomic_load(&f->s.connections);

	for (int i = 0; i < 4; i++) {
		struct http_reply r;
		struct err err = ERR_INIT;

		rq.alone = i < 2;
		assert_int_equal(http_do(f->h, &rq, &r, &err), 0);
		assert_int_equal(r.status, 200);
		http_reply_release(&r);
	}
	assert_int_equal(atomic_load(&f->s.connections) - before, 3);
}

static void test_methods(void **state)
{
	static const char *const typed[] = {"Content-Type: a/b", NULL};
	static const char *const token[] = {"Authorization: Bearer t", NULL};
	static const struct {
		struct http_request rq;
		const char *want;
	} cases[] = {
		{{.method = "GET"}, "GET /echo  - - -"},
		{{.method = "POST", .body = "xyz", .body_len = 3, .headers = typed},
		 "POST /echo xyz a/b - -"},
		{{.method = "PUT", .body = "xy", .body_len = 2, .headers = typed}, "PUT /echo xy a/b - -"},
		{{.method = "PATCH", .body = "p", .body_len = 1}, "PATCH /echo p - - -"},
		{{.method = "DELETE", .headers = token}, "DELETE /echo  - Bearer t -"},
		{{.method = "DELETE", .body = "{}", .body_len = 2}, "DELETE /echo {} - - -"},
		{{.method = "POST"}, "POST /echo  - - -"},
		{{.method = "GET", .username = "u", .password = "p"}, "GET /echo  - Basic dTpw -"},
		{{.method = "GET"}, "GET /echo  - - -"},
		{{.method = "HEAD"}, ""},
		{{.method = "GET"}, "GET /echo  - - -"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_request rq = cases[i].rq;
		struct http_reply r;
		struct err err = ERR_INIT;

		rq.url = url(f, "/echo");
		assert_int_equal(http_do(f->h, &rq, &r, &err), 0);
		assert_int_equal(r.status, 200);
		assert_string_equal(buf_str(&r.body), cases[i].want);
		assert_string_equal(r.content_type, "application/json");
		assert_string_equal(r.docker_content_digest, "sha256:ab");
		assert_string_equal(r.retry_after, "7");
		http_reply_release(&r);
	}
	assert_int_equal(atomic_load(&f->s.connections), 1);
}

static void test_redirect(void **state)
{
	struct fixture *f = *state;
	struct http_request rq = {.method = "GET", .url = url(f, "/redirect")};
	struct http_reply r;
	struct err err = ERR_INIT;

	assert_int_equal(http_do(f->h, &rq, &r, &err), 0);
	assert_int_equal(r.status, 302);
	assert_string_equal(buf_str(&r.body), "moved");
	http_reply_release(&r);
	rq.follow_redirects = true;
	assert_int_equal(http_do(f->h, &rq, &r, &err), 0);
	assert_int_equal(r.status, 200);
	assert_string_equal(buf_str(&r.body), "GET /echo-after  - - -");
	http_reply_release(&r);
}

static void test_failures(void **state)
{
	static const struct {
		const char *path;
		int64_t timeout_ns;
		size_t max_body;
		enum reason want;
	} cases[] = {
		{"/slow", 50 * NS_PER_MS, 0, REASON_TIMEOUT},
		{"/big", 0, 99999, REASON_TOO_LARGE},
		{"/big", 0, 100000, REASON_NONE},
		{"/cut", 0, 0, REASON_UNAVAILABLE},
		{"/none", 0, 0, REASON_NONE},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_request rq = {.method = "GET",
					  .url = url(f, cases[i].path),
					  .timeout_ns = cases[i].timeout_ns,
					  .max_body = cases[i].max_body};
		struct http_reply r;
		struct err err = ERR_INIT;

		assert_int_equal(http_do(f->h, &rq, &r, &err), cases[i].want ? -1 : 0);
		assert_int_equal(err.reason, cases[i].want);
		assert_int_equal(r.err.reason, cases[i].want);
		http_reply_release(&r);
	}
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct http_request rq = {.method = "GET", .url = "http://127.0.0.1:1/x"};
	struct http_reply r;
	struct err err = ERR_INIT;

	assert_int_equal(http_do(f->h, &rq, &r, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "127.0.0.1"));
	http_reply_release(&r);
}

static void test_run(void **state)
{
	enum { N = 500 };
	struct fixture *f = *state;
	struct http_request *rq = mem_array(N, sizeof(*rq));
	struct http_reply *r = mem_array(N, sizeof(*r));
	char want[64];

	for (size_t i = 0; i < N; i++)
		rq[i] = (struct http_request){.method = "GET", .url = mem_printf("%s/echo/%zu", f->s.url, i)};
	http_run(f->h, rq, r, N, 64);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(r[i].err.reason, REASON_NONE);
		snprintf(want, sizeof(want), "GET /echo/%zu  - - -", i);
		assert_string_equal(buf_str(&r[i].body), want);
		http_reply_release(&r[i]);
		free((char *)rq[i].url);
	}
	assert_true(atomic_load(&f->s.connections) <= 4);
	free(rq);
	free(r);
}

struct canceler {
	struct server *s;
	struct http *h;
	int after;
};

static void *cancel_main(void *arg)
{
	struct canceler *c = arg;

	while (atomic_load(&c->s->requests) < c->after)
		sched_yield();
	http_cancel(c->h);
	return NULL;
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;
	struct http_request rq[6];
	struct http_reply r[6];
	struct canceler c = {&f->s, f->h, 4};
	struct err err = ERR_INIT;
	pthread_t t;

	for (int i = 0; i < 6; i++)
		rq[i] = (struct http_request){.method = "GET", .url = url(f, "/slow")};
	pthread_create(&t, NULL, cancel_main, &c);
	http_run(f->h, rq, r, 6, 6);
	pthread_join(t, NULL);
	for (int i = 0; i < 6; i++)
		assert_int_equal(r[i].err.reason, REASON_CANCELED);
	rq[0].url = url(f, "/echo");
	assert_int_equal(http_do(f->h, &rq[0], &r[0], &err), -1);
	assert_int_equal(err.reason, REASON_CANCELED);
}

/* The server reads a request that came over a kept connection and closes without an answer. */
static void test_broken_connection(void **state)
{
	static const struct {
		const char *method, *body;
		int times; /* that the server gets it */
	} rows[] = {{"POST", "{}", 1},	 {"POST", NULL, 1}, {"PUT", "{}", 1}, {"PATCH", "{}", 1},
		    {"DELETE", NULL, 1}, {"GET", NULL, 2},  {"HEAD", NULL, 2}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request warm = {.method = "GET", .url = url(f, "/echo")};
		struct http_reply r;
		struct err err = ERR_INIT;

		assert_int_equal(http_do(f->h, &warm, &r, &err), 0);
		http_reply_release(&r);
		struct http_request rq = {.method = rows[i].method,
					  .url = url(f, "/cut"),
					  .body = rows[i].body,
					  .body_len = rows[i].body ? 2 : 0};
		atomic_store(&cuts, 0);
		assert_int_equal(http_do(f->h, &rq, &r, &err), -1);
		assert_int_equal(err.reason, REASON_UNAVAILABLE);
		if (atomic_load(&cuts) != rows[i].times)
			fail_msg("%s was sent %d times", rows[i].method, atomic_load(&cuts));
		http_reply_release(&r);
	}
}

struct stream {
	struct http *h;
	struct buf got;
	size_t stop_after;
	int status, done;
	enum reason reason;
	struct http_call *victim; /* aborted from inside on_data */
	const char *then;	  /* started from inside on_data */
};

static void stream_done(void *arg, struct http_reply *r)
{
	struct stream *s = arg;

	s->done++;
	s->reason = r->err.reason;
}

static void stream_status(void *arg, int status)
{
	((struct stream *)arg)->status = status;
}

static bool stream_data(void *arg, const char *p, size_t n)
{
	struct stream *s = arg;

	buf_add(&s->got, p, n);
	if (s->victim)
		http_abort(STEAL(s->victim));
	if (s->then) {
		struct http_request rq = {.method = "GET", .url = STEAL(s->then)};

		http_start(s->h, &rq, stream_done, s);
	}
	return s->got.len < s->stop_after;
}

static struct http_call *stream_start(struct fixture *f, struct stream *s, int64_t timeout_ns)
{
	struct http_request rq = {.method = "GET",
				  .url = url(f, "/stream"),
				  .on_data = stream_data,
				  .on_status = stream_status,
				  .arg = s,
				  .timeout_ns = timeout_ns};

	s->h = f->h;
	return http_start(f->h, &rq, stream_done, s);
}

static void poll_until(struct http *h, const int *flag, int want)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;

	while (*flag < want) {
		assert_true(clock_mono_ns() < deadline);
		loop_turn(h->loop, deadline);
	}
}

static void test_stream_stop(void **state)
{
	struct fixture *f = *state;
	struct stream s = {.stop_after = 8};

	stream_start(f, &s, 0);
	assert_int_equal(http_in_flight(f->h), 1);
	poll_until(f->h, &s.done, 1);
	assert_int_equal(s.status, 200);
	assert_int_equal(s.reason, REASON_NONE);
	assert_string_equal(buf_str(&s.got), "one\ntwo\n");
	assert_int_equal(http_in_flight(f->h), 0);
	buf_release(&s.got);
}

struct held {
	struct http_call *call;
	struct buf got;
	int chunks, done;
};

static bool held_data(void *arg, const char *p, size_t n)
{
	struct held *s = arg;

	buf_add(&s->got, p, n);
	s->chunks++;
	http_hold(s->call);
	return true;
}

static void held_done(void *arg, struct http_reply *r)
{
	((struct held *)arg)->done++;
}

/* Nothing arrives while a stream is held, and nothing is lost by it. */
static void test_hold(void **state)
{
	struct fixture *f = *state;
	struct held s = {0};
	struct http_request rq = {.method = "GET", .url = url(f, "/big"), .on_data = held_data, .arg = &s};

	s.call = http_start(f->h, &rq, held_done, &s);
	poll_until(f->h, &s.chunks, 1);
	for (int chunks; !s.done;) {
		while (!s.done && !s.call->held) /* what comes late comes before it is held again */
			loop_turn(f->h->loop, CLOCK_NEVER);
		if (s.done)
			break;
		chunks = s.chunks;
		loop_turn(f->h->loop, clock_mono_ns() + 2 * NS_PER_MS);
		loop_turn(f->h->loop, clock_mono_ns() + 2 * NS_PER_MS);
		if (s.done)
			break;
		assert_int_equal(s.chunks, chunks);
		http_go_on(s.call);
	}
	assert_true(s.chunks > 1);
	assert_true(s.got.len == 100000);
	buf_release(&s.got);
}

static void test_stream_idle(void **state)
{
	struct fixture *f = *state;
	struct stream s = {.stop_after = 100};

	clock_fake(clock_wall_ns());
	stream_start(f, &s, 80 * NS_PER_MS);
	while (s.got.len < strlen("one\ntwo\n"))
		loop_turn(f->h->loop, CLOCK_NEVER);
	clock_advance(80 * NS_PER_MS - 1);
	loop_turn(f->h->loop, clock_mono_ns());
	assert_int_equal(s.done, 0);
	clock_advance(1);
	while (!s.done)
		loop_turn(f->h->loop, clock_mono_ns());
	clock_real();
	assert_int_equal(s.reason, REASON_TIMEOUT);
	assert_string_equal(buf_str(&s.got), "one\ntwo\n");
	buf_release(&s.got);
}

/* A callback aborts one call, its own, and starts another. */
static void test_reentry(void **state)
{
	struct fixture *f = *state;
	struct stream a = {.stop_after = 100}, b = {.stop_after = 100};
	char *then = mem_printf("%s/echo", f->s.url);

	a.victim = stream_start(f, &b, 0);
	stream_start(f, &a, 0);
	a.then = then;
	poll_until(f->h, &a.done, 1); /* the echo's */
	assert_int_equal(b.done, 0);
	assert_int_equal(http_in_flight(f->h), 1);
	buf_clear(&a.got);
	a.victim = stream_start(f, &a, 0); /* aborts itself at its first byte */
	while (a.victim)
		loop_turn(f->h->loop, clock_mono_ns() + NS_PER_S);
	assert_int_equal(http_in_flight(f->h), 1);
	assert_int_equal(a.done, 1);
	free(then);
	buf_release(&a.got);
	buf_release(&b.got);
}

/* Started calls keep running under a blocking one, and a wake ends a poll. */
static void test_mixed(void **state)
{
	struct fixture *f = *state;
	struct stream s = {.stop_after = 4};
	struct http_request rq = {.method = "GET"};
	struct http_reply r;
	struct err err = ERR_INIT;

	stream_start(f, &s, 0);
	while (!s.done) {
		rq.url = url(f, "/echo");
		assert_int_equal(http_do(f->h, &rq, &r, &err), 0);
		http_reply_release(&r);
	}
	loop_wake(f->h->loop);
	loop_turn(f->h->loop, CLOCK_NEVER);
	buf_release(&s.got);
}

static void test_escape(void **state)
{
	autobuf struct buf b = BUF_INIT;

	http_escape(&b, "a-b.c_d~/=é&system:node@x");
	assert_string_equal(b.p, "a-b.c_d~%2F%3D%C3%A9%26system:node@x");
}

static void never(void *arg, struct http_reply *r)
{
	fail();
}

/* What is given up in the middle of connecting leaves no interest in its descriptor, which is somebody else's soon. */
static void test_given_up_while_connecting(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	autofree char *url = mem_printf("https://127.0.0.1:%d/", ntohs(a.sin_port));
	/* one fills the queue of those that nobody accepts: the next is not answered */
	autoclose int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(first, (struct sockaddr *)&a, len), 0);
	struct loop *l = loop_new(NULL);
	struct http *h = http_new_on(l, NULL, 0);
	struct http_request rq = {.method = "GET", .url = url};
	struct http_call *c = http_start(h, &rq, never, NULL);
	struct loop_stats stats = {.ios = 0};
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S; !stats.ios && clock_mono_ns() < end;) {
		loop_turn(l, clock_mono_ns() + NS_PER_MS);
		loop_stats(l, &stats);
	}
	assert_int_equal(stats.ios, 1);
	http_abort(c);
	loop_turn(l, 0);
	loop_stats(l, &stats);
	assert_int_equal(stats.ios, 0);
	http_free(h);
	loop_free(l);
}

static bool connecting(struct http *h)
{
	for (size_t i = 0; i < h->n_sockets; i++)
		if (h->sockets[i] && h->sockets[i]->wanted & CURL_POLL_OUT)
			return true;
	return false;
}

static void count(void *arg, struct http_reply *r)
{
	assert_int_equal(r->err.reason, REASON_NONE);
	++*(int *)arg;
}

/* A request whose kept connection breaks without an answer is made again by curl itself on a new one: that this
   call was connected once says nothing about the socket that it has now. */
static void test_given_up_while_connecting_again(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	char request[4096];
	int done = 0;
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	autofree char *url = mem_printf("http://127.0.0.1:%d/", ntohs(a.sin_port));
	struct loop *l = loop_new(NULL);
	struct http *h = http_new_on(l, NULL, 0);
	struct http_request rq = {.method = "GET", .url = url};
	http_start(h, &rq, count, &done);
	int64_t end = clock_mono_ns() + 120 * NS_PER_S;
	int peer = -1;
	while ((peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0 && clock_mono_ns() < end)
		loop_turn(l, clock_mono_ns() + NS_PER_MS);
	while (recv(peer, request, sizeof(request), 0) < 0 && clock_mono_ns() < end)
		loop_turn(l, clock_mono_ns() + NS_PER_MS);
	server_send(peer, ok, strlen(ok));
	while (!done && clock_mono_ns() < end)
		loop_turn(l, clock_mono_ns() + NS_PER_MS);

	struct http_call *c = http_start(h, &rq, never, NULL);
	while (recv(peer, request, sizeof(request), 0) < 0 && clock_mono_ns() < end)
		loop_turn(l, clock_mono_ns() + NS_PER_MS);
	autoclose int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(first, (struct sockaddr *)&a, len), 0);
	close(peer);
	while (!connecting(h) && clock_mono_ns() < end)
		loop_turn(l, clock_mono_ns() + NS_PER_MS);
	assert_true(connecting(h));
	http_abort(c);
	loop_turn(l, 0);
	struct loop_stats stats;
	loop_stats(l, &stats);
	assert_int_equal(stats.ios, 0);
	http_free(h);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_methods),
		T(test_alone),
		T(test_redirect),
		T(test_failures),
		T(test_refused),
		T(test_run),
		T(test_broken_connection),
		T(test_cancel),
		T(test_stream_stop),
		T(test_stream_idle),
		T(test_hold),
		T(test_reentry),
		T(test_mixed),
		T(test_escape),
		T(test_given_up_while_connecting),
		T(test_given_up_while_connecting_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

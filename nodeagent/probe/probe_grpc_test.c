/* SPDX-License-Identifier: Apache-2.0 */
/* Rows after upstream's pkg/probe/grpc/grpc_test.go, against a server of a few HTTP/2 frames. */
#include "probe/rig_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "client/server_test.h"

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct health {		  /* what the server says */
	const char *data; /* NULL: nothing */
	size_t n;
	const char *code, *message; /* trailers; NULL: it goes on for ever */
	char status;		    /* HPACK's index of :status */
};
static struct health says;
static char asked[64];
static size_t n_asked;

static void send_frame(int fd, unsigned type, unsigned flags, uint32_t stream, const void *p, size_t n)
{
	autobuf struct buf b = BUF_INIT;
	const unsigned char head[9] = {
		0, (unsigned char)(n >> 8), (unsigned char)n, (unsigned char)type, (unsigned char)flags, 0, 0,
		0, (unsigned char)stream};
	buf_add(&b, head, sizeof(head));
	buf_add(&b, p, n);
	server_send(fd, b.p, b.len);
}

static void add_field(struct buf *b, const char *name, const char *value)
{
	buf_addc(b, 0);
	buf_addc(b, (char)strlen(name));
	buf_adds(b, name);
	buf_addc(b, (char)strlen(value));
	buf_adds(b, value);
}

static void answer(int fd, uint32_t stream)
{
	autobuf struct buf trailers = BUF_INIT;
	if (!says.code)
		return;
	send_frame(fd, HEADERS, END_HEADERS, stream, &says.status, 1);
	if (says.data)
		send_frame(fd, DATA, 0, stream, says.data, says.n);
	add_field(&trailers, "grpc-status", says.code);
	if (says.message)
		add_field(&trailers, "grpc-message", says.message);
	send_frame(fd, HEADERS, END_HEADERS | END_STREAM, stream, trailers.p, trailers.len);
}

static bool serve_frame(int fd)
{
	unsigned char head[9], body[4096];
	if (recv(fd, head, sizeof(head), MSG_WAITALL) != (ssize_t)sizeof(head))
		return false;
	size_t n = (size_t)head[1] << 8 | head[2];
	if (n && recv(fd, body, n, MSG_WAITALL) != (ssize_t)n)
		return false;
	if (head[3] == SETTINGS && !(head[4] & ACK))
		send_frame(fd, SETTINGS, ACK, 0, NULL, 0);
	if (head[3] == DATA) {
		memcpy(asked + n_asked, body, n);
		n_asked += n;
	}
	if (head[3] == DATA && (head[4] & END_STREAM))
		answer(fd, head[8]);
	return true;
}

static atomic_int connections;

static void *serve(void *arg)
{
	int fd, listener = *(int *)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char preface[24];
		atomic_fetch_add(&connections, 1);
		n_asked = 0;
		if (recv(fd, preface, sizeof(preface), MSG_WAITALL) == (ssize_t)sizeof(preface)) {
			send_frame(fd, SETTINGS, 0, 0, NULL, 0);
			while (serve_frame(fd))
				;
		}
		close(fd);
	}
	return NULL;
}

#define SERVING "\0\0\0\0\2\x08\1"
#define NOT_SERVING "\0\0\0\0\2\x08\2"
#define OK_200 '\x88'
#define NOT_FOUND_404 '\x8d'

static const struct {
	struct health says;
	enum probe_verdict v;
	const char *text;
} rows[] = {
	{{SERVING, 7, "0", NULL, OK_200}, PROBE_PASSED, "service healthy"},
	{{NOT_SERVING, 7, "0", NULL, OK_200},
	 PROBE_FAILED,
	 "service unhealthy (responded with \"NOT_SERVING\")"},
	{{"\0\0\0\0\0", 5, "0", NULL, OK_200},
	 PROBE_FAILED,
	 "service unhealthy (responded with \"UNKNOWN\")"},
	{{"\0\0\0\0\5\x12\1x\x08\1", 10, "0", NULL, OK_200}, PROBE_PASSED, "service healthy"},
	{{"\0\0\0\0\2\x12\x7f", 7, "0", NULL, OK_200},
	 PROBE_FAILED,
	 "error: health rpc probe failed: rpc error: code = Internal desc = cannot parse the answer"},
	{{NULL, 0, "5", "unknown%20service", OK_200},
	 PROBE_FAILED,
	 "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"},
	{{NULL, 0, "12", "unknown method", OK_200},
	 PROBE_FAILED,
	 "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown method"},
	{{NULL, 0, "", NULL, NOT_FOUND_404},
	 PROBE_FAILED,
	 "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status "
	 "code received from server: 404"},
	{{NULL, 0, NULL, NULL, OK_200}, PROBE_FAILED, "timeout: health rpc did not complete within 1s"},
};

static void test_rows(void **state)
{
	struct rig r;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	pthread_t thread;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rig_start(&r, NULL);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	pthread_create(&thread, NULL, serve, &fd);
	struct probe_request rq = {
		.type = PROBE_GRPC, .host = "127.0.0.1", .port = ntohs(a.sin_port), .service = "s"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		says = rows[i].says;
		rq.timeout_ns = says.code ? 120 * NS_PER_S : NS_PER_S; /* one that is silent */
		rig_run(&r, &rq);
		rig_expect(&r, rows[i].v, rows[i].text);
		assert_memory_equal(asked, "\0\0\0\0\3\x0a\1s", 8);
		assert_int_equal(atomic_load(&connections), i + 1); /* each has its own */
	}
	probe_host_free(r.host);
	shutdown(fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(fd);
	/* As grpc-go, it waits for a server that may yet come. */
	r.host = probe_host_new(r.loop, NULL, 0, 1);
	int64_t began = clock_mono_ns();
	rq.timeout_ns = NS_PER_S;
	rig_run(&r, &rq);
	autofree char *text = mem_printf(
		"timeout: failed to connect service \"127.0.0.1:%d\" within 1s: context deadline exceeded",
		rq.port);
	rig_expect(&r, PROBE_FAILED, text);
	assert_true(clock_mono_ns() - began >= NS_PER_S);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

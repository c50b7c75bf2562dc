/* SPDX-License-Identifier: Apache-2.0 */
/* Rows after upstream's pkg/probe/http/http_test.go. */
#include "probe/rig_test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "client/server_test.h"
#include "client/tls.h"

#define SHORT (50 * NS_PER_MS)

static void wait_closed(struct server_request *rq)
{
	struct pollfd p = {.fd = rq->fd, .events = POLLIN};
	poll(&p, 1, -1);
	rq->close = true;
}

static void redirect(struct server_request *rq, const char *to, const char *body)
{
	autofree char *extra = mem_printf("Location: %s\r\n", to);
	server_reply(rq, 302, extra, body);
}

static void serve(struct server_request *rq)
{
	autobuf struct buf b = BUF_INIT;
	if (!strncmp(rq->path, "/status/", 8)) {
		server_reply(rq, (int)strtol(rq->path + 8, NULL, 10), "", "the body");
	} else if (!strcmp(rq->path, "/chunks")) {
		server_stream(rq, 300);
		server_chunk(rq, "one ");
		server_chunk(rq, "two");
		server_chunk(rq, "");
	} else if (!strcmp(rq->path, "/local")) {
		redirect(rq, "/status/200", "");
	} else if (!strcmp(rq->path, "/local-bad")) {
		redirect(rq, "status/500", "");
	} else if (!strcmp(rq->path, "/elsewhere")) {
		redirect(rq, "http://elsewhere.invalid/", "moved");
	} else if (!strcmp(rq->path, "/nowhere")) {
		server_reply(rq, 301, "", "no location");
	} else if (!strcmp(rq->path, "/loop")) {
		redirect(rq, "/loop", "");
	} else if (!strcmp(rq->path, "/hang")) {
		wait_closed(rq);
	} else if (!strcmp(rq->path, "/hang-in-body")) {
		server_stream(rq, 200);
		wait_closed(rq);
	} else if (!strcmp(rq->path, "/endless")) {
		autobuf struct buf big = BUF_INIT;
		for (int i = 0; i < 2 * PROBE_OUTPUT_MAX; i++)
			buf_addc(&big, 'x');
		server_reply(rq, 300, "", buf_str(&big));
	} else if (!strcmp(rq->path, "/cut")) {
		rq->close = true;
	} else { /* its own head, behind a status whose body is shown */
		buf_adds(&b, rq->head);
		server_reply(rq, 300, "", buf_str(&b));
	}
}

struct scene {
	struct rig r;
	struct server s;
};

static int setup(void **state)
{
	struct scene *s = MEM_NEW(struct scene);
	rig_start(&s->r, NULL);
	server_start(&s->s, serve, NULL);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	rig_stop(&s->r);
	server_stop(&s->s);
	free(s);
	return 0;
}

static void get(struct scene *s, const char *path, int64_t timeout_ns)
{
	const struct probe_request rq = {.type = PROBE_HTTP,
					 .timeout_ns = timeout_ns,
					 .host = "127.0.0.1",
					 .port = s->s.port,
					 .path = path};
	rig_run(&s->r, &rq);
}

static void test_statuses(void **state)
{
	static const struct {
		const char *path;
		enum probe_verdict v;
		const char *text;
	} rows[] = {
		{"/status/200", PROBE_PASSED, "the body"},
		{"/status/299", PROBE_PASSED, "the body"},
		{"/status/300", PROBE_WARNED, "Probe terminated redirects, Response body: the body"},
		{"/status/399", PROBE_WARNED, "Probe terminated redirects, Response body: the body"},
		{"/status/400", PROBE_FAILED, "HTTP probe failed with statuscode: 400"},
		{"/status/500", PROBE_FAILED, "HTTP probe failed with statuscode: 500"},
		{"/chunks", PROBE_WARNED, "Probe terminated redirects, Response body: one two"},
		{"/local", PROBE_PASSED, "the body"},
		{"/local-bad", PROBE_FAILED, "HTTP probe failed with statuscode: 500"},
		{"/elsewhere", PROBE_WARNED, "Probe terminated redirects, Response body: moved"},
		{"/nowhere", PROBE_WARNED, "Probe terminated redirects, Response body: no location"},
		{"/loop", PROBE_FAILED, "Get \"/loop\": stopped after 10 redirects"},
	};
	struct scene *s = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		get(s, rows[i].path, 0);
		rig_expect(&s->r, rows[i].v, rows[i].text);
		assert_true(s->r.answer.replied || rows[i].v == PROBE_FAILED);
	}
}

static void test_bound(void **state)
{
	struct scene *s = *state;
	get(s, "/endless", 0);
	assert_int_equal(s->r.answer.verdict, PROBE_WARNED);
	assert_int_equal(strlen(s->r.text),
			 strlen("Probe terminated redirects, Response body: ") + PROBE_OUTPUT_MAX);
}

static void expect_get(struct scene *s, const char *path, enum probe_verdict v, const char *what)
{
	autofree char *text = mem_printf("Get \"%s%s\": %s", s->s.url, path, what);
	rig_expect(&s->r, v, text);
}

static void test_failures(void **state)
{
	struct scene *s = *state;
	get(s, "/hang", SHORT);
	expect_get(s, "/hang", PROBE_FAILED,
		   "context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
	get(s, "/cut", 0);
	expect_get(s, "/cut", PROBE_FAILED, "EOF");
	/* Afterwards it says nothing of the container. */
	int64_t timeout_ns = SHORT; /* a server on a busy machine needs longer for its head */
	do
		get(s, "/hang-in-body", timeout_ns);
	while (strstr(s->r.text, "awaiting headers") && (timeout_ns *= 4) < 120 * NS_PER_S);
	rig_expect(&s->r, PROBE_ERRORED,
		   "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
	assert_string_equal(s->r.state, "failure");
	int port = s->s.port;
	server_stop(&s->s);
	get(s, "/", 0);
	autofree char *refused = mem_printf("dial tcp 127.0.0.1:%d: connect: connection refused", port);
	expect_get(s, "/", PROBE_FAILED, refused);
	server_start(&s->s, serve, NULL);
}

static void ask(struct scene *s, const struct probe_header *h, size_t n)
{
	const struct probe_request rq = {.type = PROBE_HTTP,
					 .host = "127.0.0.1",
					 .port = s->s.port,
					 .path = "/head",
					 .headers = h,
					 .n_headers = n};
	rig_run(&s->r, &rq);
}

static void test_headers(void **state)
{
	struct scene *s = *state;
	char host[64];
	snprintf(host, sizeof(host), "Host: 127.0.0.1:%d\r\n", s->s.port);
	ask(s, NULL, 0);
	assert_non_null(strstr(s->r.text, host));
	assert_non_null(
		strstr(s->r.text, "User-Agent: kube-probe/1.34\r\nAccept: */*\r\nConnection: close\r\n"));
	const struct probe_header own[] = {{"HOST", "muffins.org"}, {"user-agent", "me"},
					   {"Accept", "a/b"},	    {"accept", "c/d"},
					   {"X-Muffins", "cup"},    {"Content-Length", "9"}};
	ask(s, own, ARRAY_LEN(own));
	assert_non_null(strstr(s->r.text,
			       "Host: muffins.org\r\nUser-Agent: me\r\nAccept: a/b\r\naccept: c/d\r\n"
			       "X-Muffins: cup\r\nConnection: close\r\n"));
	assert_null(strstr(s->r.text, "Content-Length: 9"));
	const struct probe_header none[] = {{"User-Agent", ""}, {"Accept", ""}};
	ask(s, none, ARRAY_LEN(none));
	assert_null(strstr(s->r.text, "User-Agent"));
	assert_null(strstr(s->r.text, "Accept"));
	const struct probe_header evil = {"A", "b\r\nC: d"};
	ask(s, &evil, 1);
	expect_get(s, "/head", PROBE_FAILED, "net/http: invalid header field value for \"A\"");
}

/* A hook asks only whether there is an answer. */
static void test_lifecycle(void **state)
{
	struct scene *s = *state;
	static const struct probe_header h[] = {{"Authorization", "x"}};
	struct probe_request rq = {.type = PROBE_HTTP,
				   .timeout_ns = 60 * NS_PER_S,
				   .host = "127.0.0.1",
				   .port = s->s.port,
				   .path = "/hang-in-body",
				   .purpose = "lifecycle"};
	rig_run(&s->r, &rq);
	assert_true(s->r.answer.replied);
	rq.path = "/status/500";
	rig_run(&s->r, &rq);
	assert_true(s->r.answer.replied);
	rq.path = "/cut";
	rig_run(&s->r, &rq);
	assert_false(s->r.answer.replied);
	rq.path = "/head";
	rq.purpose = "probe";
	rq.headers = h;
	rq.n_headers = 1;
	rig_run(&s->r, &rq);
	assert_non_null(strstr(s->r.text, "Authorization"));
	rq.without = "authorization";
	rig_run(&s->r, &rq);
	assert_null(strstr(s->r.text, "Authorization"));
}

static void test_name(void **state)
{
	struct scene *s = *state;
	struct probe_request rq = {
		.type = PROBE_HTTP, .host = "localhost", .port = s->s.port, .path = "/status/200"};
	rig_run(&s->r, &rq);
	rig_expect(&s->r, PROBE_PASSED, "the body");
	rq.host = "no-such-host.invalid";
	rig_run(&s->r, &rq);
	assert_non_null(strstr(s->r.text, "dial tcp: lookup no-such-host.invalid: no such host"));
}

/* ---- HTTPS ---- */

struct secure {
	int fd, port;
	pthread_t thread;
	SSL_CTX *ctx;
};

static SSL_CTX *server_context(void)
{
	static const struct tls_cert_spec spec = {.common_name = "anybody", .server = true, .days = 1};
	autobuf struct buf ca = BUF_INIT, ca_key = BUF_INIT, cert = BUF_INIT, key = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(tls_make_ca("ca", 1, &ca, &ca_key, &err), 0);
	assert_int_equal(tls_make_cert(ca.p, ca_key.p, &spec, &cert, &key, &err), 0);
	BIO *c = BIO_new_mem_buf(cert.p, -1), *k = BIO_new_mem_buf(key.p, -1);
	X509 *x = PEM_read_bio_X509(c, NULL, NULL, NULL);
	EVP_PKEY *pk = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, pk), 1);
	X509_free(x);
	EVP_PKEY_free(pk);
	BIO_free(c);
	BIO_free(k);
	return ctx;
}

static void *serve_secure(void *arg)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
	struct secure *s = arg;
	char in[4096];
	int fd = accept(s->fd, NULL, NULL);
	SSL *ssl = SSL_new(s->ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1 && SSL_read(ssl, in, sizeof(in)) > 0)
		SSL_write(ssl, reply, sizeof(reply) - 1);
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void test_https(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct secure server = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
				.ctx = server_context()};
	assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(server.fd, 1), 0);
	getsockname(server.fd, (struct sockaddr *)&a, &len);
	pthread_create(&server.thread, NULL, serve_secure, &server);
	const struct probe_request rq = {.type = PROBE_HTTP,
					 .https = true,
					 .host = "127.0.0.1",
					 .port = ntohs(a.sin_port),
					 .path = "/"};
	rig_run(&s->r, &rq);
	rig_expect(&s->r, PROBE_PASSED, "secret");
	pthread_join(server.thread, NULL);
	close(server.fd);
	SSL_CTX_free(server.ctx);
}

/* A server that answers anything with HTTP, as Go's does with a TLS handshake. */
static void *serve_plain(void *arg)
{
	static const char reply[] =
		"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.";
	struct secure *s = arg;
	char in[4096];
	int fd = accept(s->fd, NULL, NULL);
	if (recv(fd, in, sizeof(in), 0) > 0)
		(void)!send(fd, reply, sizeof(reply) - 1, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void test_no_https(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct secure server = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(server.fd, 1), 0);
	getsockname(server.fd, (struct sockaddr *)&a, &len);
	pthread_create(&server.thread, NULL, serve_plain, &server);
	const struct probe_request rq = {.type = PROBE_HTTP,
					 .https = true,
					 .host = "127.0.0.1",
					 .port = ntohs(a.sin_port),
					 .path = "/x"};
	rig_run(&s->r, &rq);
	autofree char *text =
		mem_printf("Get \"https://127.0.0.1:%d/x\": http: server gave HTTP response to HTTPS client",
			   ntohs(a.sin_port));
	rig_expect(&s->r, PROBE_FAILED, text);
	assert_true(s->r.answer.spoke_http);
	pthread_join(server.thread, NULL);
	close(server.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_statuses),  cmocka_unit_test(test_bound),
					   cmocka_unit_test(test_failures),  cmocka_unit_test(test_headers),
					   cmocka_unit_test(test_lifecycle), cmocka_unit_test(test_name),
					   cmocka_unit_test(test_https),     cmocka_unit_test(test_no_https)};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees which page of a health listener that speaks TLS. */
#include "serve/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/tls.h"

struct pair {
	struct buf cert, key;
};

static struct fixture {
	struct pair ca, other_ca, server, admin, monitor, nobody, stranger;
	struct loop *loop;
	struct health *h;
} f;

static void make(struct pair *issuer, const char *cn, const char *group, bool server, struct pair *ret)
{
	const char *ips[] = {"127.0.0.1", NULL};
	struct tls_cert_spec spec = {.common_name = cn,
				     .organization = group,
				     .ips = server ? ips : NULL,
				     .server = server,
				     .client = !server,
				     .days = 1};
	struct err err = ERR_INIT;

	assert_int_equal(tls_make_cert(buf_str(&issuer->cert), buf_str(&issuer->key), &spec, &ret->cert,
				       &ret->key, &err),
			 0);
}

static struct health *start(const struct health_tls *t, struct err *err)
{
	return health_start(f.loop, "127.0.0.1", 0, t, err);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(tls_make_ca("ca", 1, &f.ca.cert, &f.ca.key, &err), 0);
	assert_int_equal(tls_make_ca("ca", 1, &f.other_ca.cert, &f.other_ca.key, &err), 0);
	make(&f.ca, "server", NULL, true, &f.server);
	make(&f.ca, "admin", "system:masters", false, &f.admin);
	make(&f.ca, "prometheus", "system:monitoring", false, &f.monitor);
	make(&f.ca, "jane \"x\"", "system:masters-not", false, &f.nobody);
	make(&f.other_ca, "admin", "system:masters", false, &f.stranger);
	clock_slow(10); /* nobody's time is up because the machine is busy */
	f.loop = loop_new(NULL);
	loop_start(f.loop, "loop");
	f.h = start(&(struct health_tls){.cert_pem = buf_str(&f.server.cert),
					 .key_pem = buf_str(&f.server.key),
					 .client_ca_pem = buf_str(&f.ca.cert),
					 .open_paths = "/healthz,/livez*"},
		    &err);
	assert_non_null(f.h);
	return 0;
}

static int tear_down(void **state)
{
	struct pair *all[] = {&f.ca, &f.other_ca, &f.server, &f.admin, &f.monitor, &f.nobody, &f.stranger};

	health_stop(f.h);
	loop_join(f.loop);
	loop_free(f.loop);
	clock_real();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		buf_release(&all[i]->cert);
		buf_release(&all[i]->key);
	}
	return 0;
}

static int dial(const struct health *h)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((uint16_t)health_port(h))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void identify(SSL_CTX *ctx, const struct pair *who)
{
	BIO *c = BIO_new_mem_buf(who->cert.p, (int)who->cert.len);
	BIO *k = BIO_new_mem_buf(who->key.p, (int)who->key.len);
	X509 *x = PEM_read_bio_X509(c, NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);

	assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(x);
	EVP_PKEY_free(key);
	BIO_free(c);
	BIO_free(k);
}

/* The whole answer; "" when there is none. */
static void ask(const struct health *h, const struct pair *who, const char *method, const char *path,
		struct buf *out)
{
	autofree char *rq = mem_printf("%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	char tmp[4096];
	int fd = dial(h), n;

	if (who)
		identify(ctx, who);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	assert_int_equal(SSL_write(ssl, rq, (int)strlen(rq)), (int)strlen(rq));
	while ((n = SSL_read(ssl, tmp, sizeof(tmp))) > 0)
		buf_add(out, tmp, (size_t)n);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

static void test_who_sees_what(void **state)
{
	const struct {
		const struct pair *who;
		const char *method, *path, *want;
	} rows[] = {
		{NULL, "GET", "/healthz", "HTTP/1.1 200 OK*\r\n\r\nok"},
		{NULL, "GET", "/healthz?verbose", "HTTP/1.1 200 OK*healthz check passed*"},
		{NULL, "HEAD", "/healthz", "HTTP/1.1 200 OK*\r\n\r\n"},
		{NULL, "GET", "/livez/ping", "HTTP/1.1 200 OK*\r\n\r\nok"},
		{NULL, "GET", "/healthz/ping",
		 "HTTP/1.1 403 *{*\"message\":\"forbidden: User \\\"system:anonymous\\\" cannot get path \\\"/healthz/ping\\\"\",\"reason\":\"Forbidden\",\"details\":{},\"code\":403}\n"},
		{NULL, "GET", "/metrics", "HTTP/1.1 403 *Content-Type: application/json*"},
		{NULL, "GET", "/nowhere", "HTTP/1.1 403 *"},
		{&f.admin, "GET", "/metrics", "HTTP/1.1 200 *process_open_fds*"},
		{&f.admin, "GET", "/nowhere", "HTTP/1.1 404 *"},
		{&f.monitor, "GET", "/metrics", "HTTP/1.1 200 *process_open_fds*"},
		{&f.nobody, "GET", "/metrics", "HTTP/1.1 403 *User \\\"jane \\\"x\\\"\\\" cannot*"},
		{&f.nobody, "GET", "/healthz", "HTTP/1.1 200 *"},
		{&f.stranger, "GET", "/metrics",
		 "HTTP/1.1 401 *\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}\n"},
		{&f.stranger, "GET", "/healthz", "HTTP/1.1 200 *"},
		{&f.admin, "POST", "/metrics", "HTTP/1.1 405 *"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;

		ask(f.h, rows[i].who, rows[i].method, rows[i].path, &b);
		if (fnmatch(rows[i].want, buf_str(&b), FNM_NOESCAPE) != 0)
			fail_msg("row %zu: %s", i, buf_str(&b));
	}
}

/* Without a CA nobody is anybody. */
static void test_no_client_ca(void **state)
{
	struct err err = ERR_INIT;
	struct health *h = start(&(struct health_tls){.cert_pem = buf_str(&f.server.cert),
						      .key_pem = buf_str(&f.server.key),
						      .open_paths = "/healthz"},
				 &err);
	autobuf struct buf b = BUF_INIT;

	assert_non_null(h);
	ask(h, &f.admin, "GET", "/metrics", &b);
	assert_non_null(strstr(buf_str(&b), " 403 "));
	buf_clear(&b);
	ask(h, NULL, "GET", "/healthz", &b);
	assert_non_null(strstr(buf_str(&b), " 200 "));
	health_stop(h);
}

static int make_own(void *arg, struct buf *cert, struct buf *key, struct err *err)
{
	if (++*(int *)arg == 1)
		return err_set(err, REASON_INTERNAL, "not today");
	buf_add(cert, f.server.cert.p, f.server.cert.len);
	buf_add(key, f.server.key.p, f.server.key.len);
	return 0;
}

/* One's own certificate costs nothing until somebody asks, and is made once. */
static void test_made_when_needed(void **state)
{
	int made = 0;
	struct err err = ERR_INIT;
	struct health *h = start(&(struct health_tls){.make = make_own,
						      .arg = &made,
						      .client_ca_pem = buf_str(&f.ca.cert),
						      .open_paths = ""},
				 &err);
	char byte = 0x16;
	int fd = dial(h);

	assert_int_equal(made, 0);
	assert_int_equal(send(fd, &byte, 1, 0), 1);
	assert_true(recv(fd, &byte, 1, 0) <= 0); /* it could not be made: no answer */
	close(fd);
	for (int i = 0; i < 2; i++) {
		autobuf struct buf b = BUF_INIT;

		ask(h, &f.admin, "GET", "/metrics", &b);
		assert_non_null(strstr(buf_str(&b), " 200 "));
	}
	assert_int_equal(made, 2);
	health_stop(h);
	assert_null(start(&(struct health_tls){.make = make_own, .arg = &made, .client_ca_pem = "x"}, &err));
}

/* Who speaks no TLS gets a word, or nothing; the next is served. */
static void test_no_tls(void **state)
{
	static const struct {
		const char *text, *answer;
	} rows[] = {
		{"GET /metrics HTTP/1.1\r\n\r\n",
		 "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"},
		{"\x16\x03\x01\xff\xff nonsense", NULL},
		{"\x80\x01\x02", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = dial(f.h);
		autobuf struct buf b = BUF_INIT;
		char tmp[512];
		ssize_t n;

		assert_int_equal(send(fd, rows[i].text, strlen(rows[i].text), 0), strlen(rows[i].text));
		shutdown(fd, SHUT_WR);
		while ((n = recv(fd, tmp, sizeof(tmp), 0)) > 0)
			buf_add(&b, tmp, (size_t)n);
		close(fd);
		if (rows[i].answer)
			assert_string_equal(buf_str(&b), rows[i].answer);
		else
			assert_null(strstr(buf_str(&b), "HTTP/"));
	}
	autobuf struct buf b = BUF_INIT;

	ask(f.h, &f.admin, "GET", "/metrics", &b);
	assert_non_null(strstr(buf_str(&b), " 200 "));
}

static void test_what_is_wrong_is_said_at_the_start(void **state)
{
	const struct {
		struct health_tls t;
		const char *text;
	} rows[] = {
		{{.cert_pem = "x", .key_pem = buf_str(&f.server.key), .client_ca_pem = NULL},
		 "the serving certificate:"},
		{{.cert_pem = buf_str(&f.server.cert), .key_pem = "x", .client_ca_pem = NULL},
		 "the serving certificate's private key:"},
		{{.cert_pem = buf_str(&f.server.cert),
		  .key_pem = buf_str(&f.admin.key),
		  .client_ca_pem = NULL},
		 "the serving certificate's private key:"},
		{{.cert_pem = buf_str(&f.server.cert),
		  .key_pem = buf_str(&f.server.key),
		  .client_ca_pem = "x"},
		 "the client CA:"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(start(&rows[i].t, &err));
		if (strncmp(err.msg, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("row %zu: %s", i, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_sees_what),
		cmocka_unit_test(test_no_client_ca),
		cmocka_unit_test(test_made_when_needed),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_what_is_wrong_is_said_at_the_start),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/http.h"

struct pki {
	struct buf ca, ca_key, server, server_key, client, client_key;
};

static void pki_make(struct pki *p)
{
	static const char *const dns[] = {"localhost", "kubernetes.default.svc", NULL};
	static const char *const ips[] = {"127.0.0.1", "::1", NULL};
	const struct tls_cert_spec server = {
		.common_name = "api", .dns = dns, .ips = ips, .server = true, .days = 10};
	const struct tls_cert_spec client = {
		.common_name = "admin", .organization = "system:masters", .client = true, .days = 10};
	struct err err = ERR_INIT;

	assert_int_equal(tls_make_ca("test-ca", 100, &p->ca, &p->ca_key, &err), 0);
	assert_int_equal(tls_make_cert(p->ca.p, p->ca_key.p, &server, &p->server, &p->server_key, &err), 0);
	assert_int_equal(tls_make_cert(p->ca.p, p->ca_key.p, &client, &p->client, &p->client_key, &err), 0);
}

static void pki_release(struct pki *p)
{
	buf_release(&p->ca);
	buf_release(&p->ca_key);
	buf_release(&p->server);
	buf_release(&p->server_key);
	buf_release(&p->client);
	buf_release(&p->client_key);
}

static X509 *read_cert(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	BIO_free(b);
	return x;
}

static void test_chain(void **state)
{
	struct pki p = {0};
	X509 *ca, *server, *client;
	char name[128];

	pki_make(&p);
	ca = read_cert(p.ca.p);
	server = read_cert(p.server.p);
	client = read_cert(p.client.p);
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_verify(server, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_check_issued(ca, client), X509_V_OK);
	assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_host(server, "example.com", 0, 0, NULL), 0);
	assert_int_equal(X509_check_purpose(server, X509_PURPOSE_SSL_SERVER, 0), 1);
	assert_int_equal(X509_check_purpose(client, X509_PURPOSE_SSL_CLIENT, 0), 1);
	assert_int_equal(X509_check_purpose(client, X509_PURPOSE_SSL_SERVER, 0), 0);
	X509_NAME_oneline(X509_get_subject_name(client), name, sizeof(name));
	assert_string_equal(name, "/O=system:masters/CN=admin");
	X509_free(ca);
	X509_free(server);
	X509_free(client);
	pki_release(&p);
}

static void test_bad_spec(void **state)
{
	static const char *const dns[] = {"a,IP:1.2.3.4", NULL};
	static const char *const ips[] = {"not-an-address", NULL};
	const struct tls_cert_spec specs[] = {
		{.common_name = "x", .dns = dns, .server = true, .days = 1},
		{.common_name = "x", .ips = ips, .server = true, .days = 1},
	};
	struct pki p = {0};

	pki_make(&p);
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf c = BUF_INIT, k = BUF_INIT;

		assert_int_equal(tls_make_cert(p.ca.p, p.ca_key.p, &specs[i], &c, &k, &err), -1);
		assert_true(err.reason != REASON_NONE);
		assert_int_equal(c.len, 0);
		assert_int_equal(tls_make_cert("garbage", p.ca_key.p, &specs[i], &c, &k, &err), -1);
		assert_int_equal(tls_make_cert(p.server.p, p.ca_key.p, &specs[i], &c, &k, &err), -1);
	}
	pki_release(&p);
}

/* A one-request TLS server that wants a client certificate of our CA. */
struct tls_server {
	struct pki pki;
	int fd, port;
	atomic_int handshakes, resumed;
};

static void *serve(void *arg)
{
	struct tls_server *s = arg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *b = BIO_new_mem_buf(s->pki.server_key.p, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	X509 *cert = read_cert(s->pki.server.p), *ca = read_cert(s->pki.ca.p);
	char in[4096];
	int fd;

	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"t", 1);
	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		static const char reply[] =
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1) {
			atomic_fetch_add(&s->handshakes, 1);
			atomic_fetch_add(&s->resumed, SSL_session_reused(ssl));
			if (SSL_read(ssl, in, sizeof(in)) > 0)
				SSL_write(ssl, reply, sizeof(reply) - 1);
			SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		close(fd);
	}
	BIO_free(b);
	EVP_PKEY_free(key);
	X509_free(cert);
	X509_free(ca);
	SSL_CTX_free(ctx);
	return NULL;
}

static void server_start(struct tls_server *s, pthread_t *t)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	pki_make(&s->pki);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	getsockname(s->fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	pthread_create(t, NULL, serve, s);
}

static void test_http_over_tls(void **state)
{
	struct tls_server s = {0};
	struct pki other = {0};
	struct http_tls tls, wrong;
	struct http_request rq = {.method = "GET"};
	struct http_reply r;
	struct err err = ERR_INIT;
	char url[64];
	struct http *h;
	pthread_t t;

	server_start(&s, &t);
	pki_make(&other);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s.port);
	rq.url = url;
	tls = (struct http_tls){
		.ca_pem = s.pki.ca.p, .cert_pem = s.pki.client.p, .key_pem = s.pki.client_key.p};
	h = http_new(&tls, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(http_do(h, &rq, &r, &err), 0);
		assert_string_equal(buf_str(&r.body), "ok");
		http_reply_release(&r);
	}
	assert_int_equal(atomic_load(&s.handshakes), 3);
	assert_int_equal(atomic_load(&s.resumed), 2);
	http_free(h);

	wrong = tls; /* the server is not of our CA */
	wrong.ca_pem = other.ca.p;
	h = http_new(&wrong, 2);
	assert_int_equal(http_do(h, &rq, &r, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	http_free(h);
	wrong = (struct http_tls){.ca_pem = s.pki.ca.p}; /* we show nothing */
	h = http_new(&wrong, 2);
	assert_int_equal(http_do(h, &rq, &r, &err), -1);
	http_free(h);

	shutdown(s.fd, SHUT_RDWR);
	pthread_join(t, NULL);
	close(s.fd);
	pki_release(&s.pki);
	pki_release(&other);
}

static void test_files(void **state)
{
	char dir[] = "/tmp/tls_test.XXXXXX";
	autofree char *path = NULL;
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/key.pem", dir);
	assert_int_equal(tls_write_pem(path, "first", false, &err), 0);
	assert_int_equal(tls_write_pem(path, "secret\n", true, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(tls_read_file(path, 7, &b, &err), 0);
	assert_string_equal(b.p, "secret\n");
	assert_int_equal(tls_read_file(path, 6, &b, &err), -1);
	assert_int_equal(err.reason, REASON_TOO_LARGE);
	assert_int_equal(b.len, 7);
	unlink(path);
	assert_int_equal(tls_read_file(path, 6, &b, &err), -1);
	assert_int_equal(err.reason, REASON_IO);
	rmdir(dir);
	assert_int_equal(tls_write_pem(path, "x", true, &err), -1);
}

static void test_sha512(void **state)
{
	char hex[129];
	tls_sha512("abc", 3, hex);
	assert_string_equal(hex, "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A"
				 "2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F");
}

static void test_sha256(void **state)
{
	struct tls_sha256 *s = tls_sha256_new();
	char hex[65];

	tls_sha256_add(s, "a", 1);
	tls_sha256_add(s, "bc", 2);
	tls_sha256_end(s, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),	      cmocka_unit_test(test_bad_spec),
		cmocka_unit_test(test_http_over_tls), cmocka_unit_test(test_files),
		cmocka_unit_test(test_sha256),	      cmocka_unit_test(test_sha512),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS server for tests, with a CA of its own that has signed its certificate (127.0.0.1, localhost) and a client's; one
 * thread per connection, which runs the handler. Who shows no certificate of that CA is hung up on.
 */
#ifndef CLIENT_TLS_SERVER_TEST_H
#define CLIENT_TLS_SERVER_TEST_H

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/thread.h"
#include "client/tls.h"

#define TLS_SERVER_CONNECTIONS 64

struct tls_server;
typedef void tls_server_handler(struct tls_server *s, SSL *c);
struct tls_server {
	int fd, port;
	tls_server_handler *handler;
	void *arg;
	SSL_CTX *ctx;
	struct buf ca, ca_key, cert, key, client_cert, client_key; /* PEM */
	pthread_t thread, threads[TLS_SERVER_CONNECTIONS];
	int fds[TLS_SERVER_CONNECTIONS];
	size_t n;
};

struct tls_server_connection {
	struct tls_server *s;
	int fd;
};

static void *tls_server_serve(void *arg)
{
	struct tls_server_connection *k = arg;
	SSL *c = SSL_new(k->s->ctx);

	SSL_set_fd(c, k->fd);
	if (SSL_accept(c) == 1)
		k->s->handler(k->s, c);
	SSL_shutdown(c);
	SSL_free(c);
	ERR_clear_error();
	shutdown(k->fd, SHUT_RDWR);
	free(k);
	return NULL;
}

static void *tls_server_main(void *arg)
{
	struct tls_server *s = arg;
	int fd;

	while (s->n < TLS_SERVER_CONNECTIONS && (fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct tls_server_connection *k = MEM_NEW(struct tls_server_connection);
		*k = (struct tls_server_connection){s, fd};
		s->fds[s->n] = fd;
		s->threads[s->n++] = thread_start("tls-test", tls_server_serve, k);
	}
	return NULL;
}

static void tls_server_identify(struct tls_server *s)
{
	static const char *const ips[] = {"127.0.0.1", NULL}, *const names[] = {"localhost", NULL};
	const struct tls_cert_spec server = {
		.common_name = "server", .ips = ips, .dns = names, .server = true, .days = 2};
	const struct tls_cert_spec client = {.common_name = "client", .client = true, .days = 2};
	struct err err = ERR_INIT;

	if (tls_make_ca("test", 2, &s->ca, &s->ca_key, &err) < 0 ||
	    tls_make_cert(s->ca.p, s->ca_key.p, &server, &s->cert, &s->key, &err) < 0 ||
	    tls_make_cert(s->ca.p, s->ca_key.p, &client, &s->client_cert, &s->client_key, &err) < 0)
		abort();
}

static X509 *tls_server_x509(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	BIO_free(b);
	return x;
}

static void tls_server_context(struct tls_server *s)
{
	BIO *b = BIO_new_mem_buf(s->key.p, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	X509 *ca = tls_server_x509(s->ca.p), *cert = tls_server_x509(s->cert.p);

	s->ctx = SSL_CTX_new(TLS_server_method());
	X509_STORE_add_cert(SSL_CTX_get_cert_store(s->ctx), ca);
	SSL_CTX_use_certificate(s->ctx, cert);
	SSL_CTX_use_PrivateKey(s->ctx, key);
	SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_free(ca);
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(b);
}

static void tls_server_start(struct tls_server *s, tls_server_handler *handler, void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(s, 0, sizeof(*s));
	s->handler = handler;
	s->arg = arg;
	signal(SIGPIPE, SIG_IGN); /* as every daemon has it: a client may be gone */
	tls_server_identify(s);
	tls_server_context(s);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) || listen(s->fd, 64) ||
	    getsockname(s->fd, (struct sockaddr *)&a, &len))
		abort();
	s->port = ntohs(a.sin_port);
	s->thread = thread_start("tls-test", tls_server_main, s);
}

static void tls_server_stop(struct tls_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->n; i++)
		shutdown(s->fds[i], SHUT_RDWR);
	for (size_t i = 0; i < s->n; i++) {
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	close(s->fd);
	SSL_CTX_free(s->ctx);
	buf_release(&s->ca);
	buf_release(&s->ca_key);
	buf_release(&s->cert);
	buf_release(&s->key);
	buf_release(&s->client_cert);
	buf_release(&s->client_key);
}

#endif

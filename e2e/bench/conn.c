/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the load generator; see conn.h. */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"

static X509 *pem_cert(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	return x;
}

int target_open(struct target *t, const char *path, struct err *err)
{
	if (kubeconfig_load(path, &t->kube, err) < 0)
		return -1;
	if (sscanf(t->kube.server, "https://%63[^:]:%7[0-9]", t->host, t->port) != 2)
		return err_set(err, REASON_BAD_REQUEST, "server %s is not https://HOST:PORT", t->kube.server);
	t->ctx = SSL_CTX_new(TLS_client_method());
	X509 *ca = pem_cert(t->kube.ca_pem), *cert = pem_cert(t->kube.cert_pem);
	BIO *b = BIO_new_mem_buf(t->kube.key_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	BIO_free(b);
	if (!ca || !cert || !key)
		return err_set(err, REASON_BAD_REQUEST, "%s: needs a CA and a client certificate", path);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(t->ctx), ca);
	SSL_CTX_use_certificate(t->ctx, cert);
	SSL_CTX_use_PrivateKey(t->ctx, key);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_RELEASE_BUFFERS);
	X509_free(ca);
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

int conn_begin(struct conn *c, const struct target *t, struct err *err)
{
	*c = (struct conn){.fd = -1};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai;
	if (getaddrinfo(t->host, t->port, &hints, &ai) != 0)
		return err_set(err, REASON_UNAVAILABLE, "cannot resolve %s", t->host);
	c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(c->fd, ai->ai_addr, ai->ai_addrlen), one = 1;
	freeaddrinfo(ai);
	if (rc < 0) {
		err_errno(err, "connect %s:%s", t->host, t->port);
		conn_close(c);
		return -1;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->ssl = SSL_new(t->ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

int conn_open(struct conn *c, const struct target *t, struct err *err)
{
	if (conn_begin(c, t, err) < 0)
		return -1;
	fcntl(c->fd, F_SETFL, 0);
	if (SSL_connect(c->ssl) != 1) {
		conn_close(c);
		return err_set(err, REASON_UNAVAILABLE, "TLS handshake with %s:%s failed", t->host, t->port);
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

void conn_close(struct conn *c)
{
	SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	buf_release(&c->in);
	*c = (struct conn){.fd = -1};
}

void conn_send(struct conn *c, const char *p, size_t n)
{
	c->out = p;
	c->out_len = n;
	buf_clear(&c->in);
	c->want = 0;
	c->sent_ns = clock_mono_ns();
}

/* Length of the whole reply once its head is complete; chunked replies end with an empty chunk. */
static bool complete(struct conn *c)
{
	if (!c->want) {
		char *end = memmem(c->in.p, c->in.len, "\r\n\r\n", 4);
		if (!end)
			return false;
		c->status = (int)strtol(c->in.p + 9, NULL, 10);
		*end = '\0';
		char *length = strcasestr(c->in.p, "\r\ncontent-length:");
		*end = '\r';
		c->want = length ? (size_t)(end + 4 - c->in.p) + strtoul(length + 17, NULL, 10) : SIZE_MAX;
	}
	if (c->want == SIZE_MAX)
		return c->in.len >= 7 && memcmp(c->in.p + c->in.len - 7, "\r\n0\r\n\r\n", 7) == 0;
	return c->in.len >= c->want;
}

int conn_read(struct conn *c)
{
	for (;;) {
		buf_reserve(&c->in, 65536);
		int n = SSL_read(c->ssl, c->in.p + c->in.len, 65536);
		if (n > 0) {
			c->in.len += (size_t)n;
			c->in.p[c->in.len] = '\0';
			continue;
		}
		int e = SSL_get_error(c->ssl, n);
		return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
}

void conn_dechunk(struct conn *c, struct buf *text)
{
	size_t at = 0;
	for (;;) {
		char *line = c->in.p + at, *end = c->in.len > at ? memchr(line, '\n', c->in.len - at) : NULL;
		if (!end)
			break;
		size_t n = strtoul(line, NULL, 16), head = (size_t)(end + 1 - line);
		if (c->in.len - at < head + n + 2)
			break;
		buf_add(text, end + 1, n);
		at += head + n + 2;
	}
	buf_consume(&c->in, at);
}

int conn_pump(struct conn *c, unsigned *ret_events)
{
	while (c->out_len > 0) {
		int n = SSL_write(c->ssl, c->out, (int)c->out_len);
		if (n <= 0) {
			int e = SSL_get_error(c->ssl, n);
			if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
				return -1;
			*ret_events = e == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN;
			return 0;
		}
		c->out += n;
		c->out_len -= (size_t)n;
	}
	if (conn_read(c) < 0)
		return -1;
	*ret_events = EPOLLIN;
	return complete(c);
}

int conn_call(struct conn *c, const char *p, size_t n, struct err *err)
{
	unsigned events;
	int rc;
	conn_send(c, p, n);
	while ((rc = conn_pump(c, &events)) == 0) {
		struct pollfd pfd = {.fd = c->fd, .events = events == EPOLLOUT ? POLLOUT : POLLIN};
		if (poll(&pfd, 1, 60000) == 0)
			return err_set(err, REASON_TIMEOUT, "no reply in a minute");
	}
	return rc < 0 ? err_set(err, REASON_UNAVAILABLE, "connection broke") : 0;
}

const char *conn_body(const struct conn *c)
{
	const char *end = strstr(c->in.p, "\r\n\r\n");
	return end ? end + 4 : "";
}

void request_write(struct buf *out, const struct target *t, const char *method, const char *path,
		   const char *body)
{
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: %s:%s\r\nAccept: application/json\r\nUser-Agent: bench\r\n",
		 method, path, t->host, t->port);
	if (body)
		buf_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			 strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "application/json",
			 strlen(body));
	buf_adds(out, "\r\n");
	buf_adds(out, body ? body : "");
}

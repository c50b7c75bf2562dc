/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"
#include "probe/probe_dial.h"

#define TLS_RECORD_HANDSHAKE 22
#define TLS_RECORD_ALERT 21

static ssize_t again(struct probe_wire *w, unsigned want)
{
	w->want = want;
	return WIRE_AGAIN;
}

/* ---- errors ---- */

static void add_end(struct buf *b, int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);
	char text[INET6_ADDRSTRLEN] = "";
	(void)get(fd, (struct sockaddr *)&a, &n);
	const struct sockaddr_in *v4 = (const void *)&a;
	const struct sockaddr_in6 *v6 = (const void *)&a;
	bool six = a.ss_family == AF_INET6;
	inet_ntop(six ? AF_INET6 : AF_INET, six ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
		  text, sizeof(text));
	probe_dial_address(b, text, ntohs(six ? v6->sin6_port : v4->sin_port));
}

/* "read tcp 10.244.0.1:40000->10.244.0.5:80: read: connection reset by peer" */
static ssize_t fail_errno(struct probe_wire *w, const char *verb, int e)
{
	autobuf struct buf b = BUF_INIT_MAX(sizeof(w->what) - 1);
	buf_addf(&b, "%s tcp ", verb);
	add_end(&b, w->fd, getsockname);
	buf_adds(&b, "->");
	add_end(&b, w->fd, getpeername);
	buf_addf(&b, ": %s: %s", verb, probe_dial_errno(e));
	snprintf(w->what, sizeof(w->what), "%s", buf_str(&b));
	return WIRE_FAILED;
}

static ssize_t fail_tls(struct probe_wire *w)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;
	snprintf(w->what, sizeof(w->what), reason ? "tls: %s" : "EOF", reason);
	return WIRE_FAILED;
}

/* What a call of OpenSSL has come to. */
static ssize_t judge(struct probe_wire *w, int rc, const char *verb)
{
	int e = errno;
	if (rc > 0)
		return rc;
	switch (SSL_get_error(w->session, rc)) {
	case SSL_ERROR_WANT_READ:
		return again(w, LOOP_READ);
	case SSL_ERROR_WANT_WRITE:
		return again(w, LOOP_WRITE);
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		return e ? fail_errno(w, verb, e) : fail_tls(w);
	default:
		return fail_tls(w);
	}
}

/* ---- TLS ---- */

/* As Go's client with InsecureSkipVerify: any certificate of any strength, but no TLS that is broken. */
static SSL_CTX *new_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	if (!c)
		return NULL;
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return c;
}

void probe_wire_tls_free(void *tls)
{
	SSL_CTX_free(tls);
}

/* Until somebody has looked at the first bytes, OpenSSL does not get to see them. */
static void blindfold(struct probe_wire *w)
{
	BIO *nothing = BIO_new(BIO_s_mem());
	if (!nothing)
		abort();
	BIO_set_mem_eof_return(nothing, -1); /* "not yet" */
	SSL_set0_rbio(w->session, nothing);
}

static void see(struct probe_wire *w)
{
	BIO *b = BIO_new_socket(w->fd, BIO_NOCLOSE);
	if (!b)
		abort();
	SSL_set0_rbio(w->session, b);
	w->looked = true;
}

/* The first bytes of the answer say whether that is a TLS server at all. NULL: it is one, or nobody knows yet. */
static const char *look(struct probe_wire *w)
{
	unsigned char p[5] = {0};
	ssize_t n = recv(w->fd, p, sizeof(p), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return NULL;
	see(w); /* an end or an error is OpenSSL's to tell */
	w->spoke_http = n == sizeof(p) && !memcmp(p, "HTTP/", sizeof(p));
	if (w->spoke_http)
		return "http: server gave HTTP response to HTTPS client";
	if (n > 0 && p[0] != TLS_RECORD_HANDSHAKE && p[0] != TLS_RECORD_ALERT)
		return "tls: first record does not look like a TLS handshake";
	return NULL;
}

void probe_wire_secure(struct probe_wire *w, void **tls, const char *host)
{
	unsigned char address[16];
	if (!*tls)
		*tls = new_context();
	w->session = *tls ? SSL_new(*tls) : NULL;
	if (!w->session || SSL_set_fd(w->session, w->fd) != 1)
		abort(); /* out of memory is the only reason */
	if (inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
		(void)SSL_set_tlsext_host_name(w->session, host);
	blindfold(w);
}

int probe_wire_greet(struct probe_wire *w)
{
	const char *what = w->session && !w->looked ? look(w) : NULL;
	if (what)
		snprintf(w->what, sizeof(w->what), "%s", what);
	if (!w->session || what)
		return what ? WIRE_FAILED : 0;
	ERR_clear_error();
	errno = 0;
	int n = SSL_connect(w->session);
	ssize_t rc = judge(w, n, "read");
	return rc > 0 ? 0 : rc == 0 ? (int)fail_tls(w) : (int)rc;
}

/* ---- bytes ---- */

void probe_wire_open(struct probe_wire *w, int fd)
{
	*w = (struct probe_wire){.fd = fd};
}

ssize_t probe_wire_read(struct probe_wire *w, void *p, size_t n)
{
	if (w->session) {
		ERR_clear_error();
		errno = 0;
		return judge(w, SSL_read(w->session, p, (int)n), "read");
	}
	ssize_t got = recv(w->fd, p, n, MSG_DONTWAIT);
	if (got >= 0)
		return got;
	return errno == EAGAIN || errno == EINTR ? again(w, LOOP_READ) : fail_errno(w, "read", errno);
}

ssize_t probe_wire_write(struct probe_wire *w, const void *p, size_t n)
{
	if (w->session) {
		ERR_clear_error();
		errno = 0;
		ssize_t rc = judge(w, SSL_write(w->session, p, (int)n), "write");
		return rc == 0 ? fail_errno(w, "write", EPIPE) : rc;
	}
	ssize_t put = send(w->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put >= 0)
		return put;
	return errno == EAGAIN || errno == EINTR ? again(w, LOOP_WRITE) : fail_errno(w, "write", errno);
}

void probe_wire_close(struct probe_wire *w)
{
	SSL_free(STEAL(w->session));
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design. curl can dial without a request (CURLOPT_CONNECT_ONLY), but makes a TLS context per connection, keeps such a
 * connection in a cache whose other users prune what was idle for two minutes, and needs the same bytes again when TLS was
 * full. So this is OpenSSL on a socket: one context, made when the first tunnel needs it, sessions that give their
 * buffers back while nothing happens, and writes that may be repeated from another address.
 *
 * What a socket did not take stays with the caller, but for the record that TLS has begun: that is TLS's own copy.
 * Names are looked up in a lane of the loop; addresses need no look-up.
 */
#include "client/tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/mem.h"

#define KEEPALIVE_S 30
#define RECORD ((size_t)16 << 10)

struct tunnels {
	struct loop *loop;
	struct http_tls tls;
	SSL_CTX *ctx; /* NULL: nobody has needed it */
};

enum tunnel_stage { TUNNEL_LOOKUP, TUNNEL_DIAL, TUNNEL_HANDSHAKE, TUNNEL_OPEN, TUNNEL_FAILED };

struct tunnel {
	struct tunnels *all;
	struct tunnel_config c;
	char *host;
	enum tunnel_stage stage;
	struct loop_io io;
	struct loop_timer timer;
	struct loop_job *job; /* the look-up; it outlives a tunnel that is closed meanwhile */
	bool closed, listens, full;
	int fd;
	SSL *ssl;
	char *begun; /* of this record TLS holds a part */
	size_t begun_len;
	struct sockaddr_storage address;
	socklen_t address_len;
	int looked_up; /* getaddrinfo's result */
};

/* ---- the context ---- */

static int fail(struct err *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, REASON_INTERNAL, "%s: %s", what, text);
}

static int trust_pem(SSL_CTX *ctx, const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x;
	int n = 0;

	while ((x = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error(); /* the end of the text is one */
	return n > 0;
}

static int use_pem(SSL_CTX *ctx, const char *cert, const char *key)
{
	BIO *c = BIO_new_mem_buf(cert, -1), *k = BIO_new_mem_buf(key, -1);
	X509 *x = PEM_read_bio_X509(c, NULL, NULL, NULL);
	EVP_PKEY *p = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
	int ok = x && p && SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, p) == 1;

	X509_free(x);
	EVP_PKEY_free(p);
	BIO_free(c);
	BIO_free(k);
	return ok;
}

static int load(SSL_CTX *ctx, const struct http_tls *t, struct err *err)
{
	if (t->ca_pem ? !trust_pem(ctx, t->ca_pem)
		      : t->ca_file && SSL_CTX_load_verify_locations(ctx, t->ca_file, NULL) != 1)
		return fail(err, "certificate authority");
	if (!t->ca_pem && !t->ca_file)
		SSL_CTX_set_default_verify_paths(ctx);
	if (t->cert_pem
		    ? !use_pem(ctx, t->cert_pem, t->key_pem)
		    : t->cert_file && (SSL_CTX_use_certificate_chain_file(ctx, t->cert_file) != 1 ||
				       SSL_CTX_use_PrivateKey_file(ctx, t->key_file, SSL_FILETYPE_PEM) != 1))
		return fail(err, "client certificate");
	return 0;
}

static SSL_CTX *context(struct tunnels *ts, struct err *err)
{
	if (ts->ctx)
		return ts->ctx;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		abort(); /* out of memory is the only reason */
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (!ts->tls.insecure)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (load(ctx, &ts->tls, err) < 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ts->ctx = ctx;
}

/* ---- becoming open ---- */

static void on_io(void *arg, unsigned events);

static void want(struct tunnel *t, unsigned events)
{
	loop_io_set(&t->io, events);
}

static void tell(struct tunnel *t, const struct err *err)
{
	loop_timer_set(t->all->loop, &t->timer, CLOCK_NEVER);
	t->stage = err ? TUNNEL_FAILED : TUNNEL_OPEN;
	if (t->fd >= 0)
		want(t, 0);
	t->c.opened(t->c.arg, err);
}

/* As Go's net.OpError names what was dialled. */
static void name(const struct tunnel *t, char text[300])
{
	snprintf(text, 300, strchr(t->host, ':') ? "[%.253s]:%d" : "%.253s:%d", t->host, t->c.port);
}

static void fail_dial(struct tunnel *t, const char *what, const char *why)
{
	char at[300];
	struct err err = ERR_INIT;

	name(t, at);
	err_set(&err, REASON_UNAVAILABLE, "dial tcp %s: %s%s", at, what, why);
	tell(t, &err);
}

static void fail_errno(struct tunnel *t, int error)
{
	char why[64];

	snprintf(why, sizeof(why), "%s", strerror(error)); /* Go's are the same, in lower case */
	why[0] = (char)(why[0] | 0x20);
	fail_dial(t, "connect: ", why);
}

static void fail_tls(struct tunnel *t)
{
	struct err err = ERR_INIT;
	long verdict = SSL_get_verify_result(t->ssl);

	if (verdict != X509_V_OK)
		err_set(&err, REASON_UNAVAILABLE, "tls: failed to verify certificate: x509: %s",
			X509_verify_cert_error_string(verdict));
	else if (ERR_peek_error())
		(void)fail(&err, "tls");
	else
		err_set(&err, REASON_UNAVAILABLE, "EOF");
	ERR_clear_error();
	tell(t, &err);
}

static void handshake(struct tunnel *t)
{
	int r = SSL_connect(t->ssl);

	if (r == 1) {
		tell(t, NULL);
		return;
	}
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		want(t, LOOP_READ);
		return;
	case SSL_ERROR_WANT_WRITE:
		want(t, LOOP_WRITE);
		return;
	default:
		fail_tls(t);
	}
}

static void begin_tls(struct tunnel *t)
{
	struct err err = ERR_INIT;
	struct in6_addr ip;
	SSL_CTX *ctx = context(t->all, &err);
	bool is_ip = inet_pton(AF_INET, t->host, &ip) == 1 || inet_pton(AF_INET6, t->host, &ip) == 1;

	if (!ctx) {
		tell(t, &err);
		return;
	}
	t->ssl = SSL_new(ctx);
	SSL_set_fd(t->ssl, t->fd);
	if (is_ip) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->host);
	} else {
		SSL_set1_host(t->ssl, t->host);
		SSL_set_tlsext_host_name(t->ssl, t->host);
	}
	t->stage = TUNNEL_HANDSHAKE;
	handshake(t);
}

static void connected(struct tunnel *t)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		fail_errno(t, error);
	else if (t->c.tls)
		begin_tls(t);
	else
		tell(t, NULL);
}

static void set_options(int fd)
{
	int on = 1, s = KEEPALIVE_S;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &s, sizeof(s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &s, sizeof(s));
}

static void dial(struct tunnel *t)
{
	struct err err = ERR_INIT;

	t->stage = TUNNEL_DIAL;
	t->fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0) {
		fail_dial(t, "socket: ", strerror(errno));
		return;
	}
	set_options(t->fd);
	if (connect(t->fd, (struct sockaddr *)&t->address, t->address_len) < 0 && errno != EINPROGRESS) {
		fail_errno(t, errno);
		return;
	}
	t->io.fn = on_io;
	t->io.arg = t;
	if (loop_io_start(t->all->loop, &t->io, t->fd, LOOP_WRITE, &err) < 0)
		tell(t, &err);
}

/* ---- who is meant ---- */

static int look_up(struct tunnel *t, int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	char port[8];

	snprintf(port, sizeof(port), "%u", (unsigned)t->c.port & 0xffff);
	int rc = getaddrinfo(t->host, port, &hints, &list);
	if (rc)
		return rc;
	memcpy(&t->address, list->ai_addr, list->ai_addrlen);
	t->address_len = list->ai_addrlen;
	freeaddrinfo(list);
	return 0;
}

static void look_up_name(void *arg)
{
	struct tunnel *t = arg;

	t->looked_up = look_up(t, 0);
}

static void release(struct tunnel *t)
{
	loop_timer_set(t->all->loop, &t->timer, CLOCK_NEVER);
	if (t->io.handle)
		loop_io_stop(&t->io);
	SSL_free(t->ssl);
	if (t->fd >= 0)
		close(t->fd);
	free(t->begun);
	free(t->host);
	free(t);
}

static void on_looked_up(void *arg)
{
	struct tunnel *t = arg;

	t->job = NULL;
	if (t->closed)
		release(t);
	else if (t->stage != TUNNEL_LOOKUP)
		return; /* too late */
	else if (t->looked_up)
		fail_dial(t, "lookup: ", gai_strerror(t->looked_up));
	else
		dial(t);
}

static void on_timer(void *arg)
{
	struct tunnel *t = arg;

	if (t->stage == TUNNEL_HANDSHAKE) {
		struct err err = ERR_INIT;
		err_set(&err, REASON_UNAVAILABLE, "net/http: TLS handshake timeout");
		tell(t, &err);
	} else {
		fail_dial(t, "i/o timeout", "");
	}
}

static void begin(void *arg)
{
	struct tunnel *t = arg;

	t->timer.fn = on_timer;
	loop_timer_set(t->all->loop, &t->timer, clock_mono_ns() + t->c.timeout_ns);
	if (look_up(t, AI_NUMERICHOST) == 0)
		dial(t);
	else
		t->job = loop_job(t->all->loop, 0, look_up_name, on_looked_up, t);
}

struct tunnel *tunnel_open(struct tunnels *ts, const struct tunnel_config *c)
{
	struct tunnel *t = MEM_NEW(struct tunnel);

	t->all = ts;
	t->c = *c;
	t->c.host = t->host = mem_strdup(c->host);
	t->fd = -1;
	t->timer = (struct loop_timer){.fn = begin, .arg = t};
	loop_timer_set(ts->loop, &t->timer, 0); /* the next round: nobody is called back from here */
	return t;
}

void tunnel_close(struct tunnel *t)
{
	if (!t)
		return;
	t->closed = true;
	if (t->stage == TUNNEL_OPEN && t->ssl && !t->begun)
		SSL_shutdown(t->ssl); /* says so; nobody waits for the answer */
	ERR_clear_error();
	if (t->job) {
		loop_timer_set(t->all->loop, &t->timer, CLOCK_NEVER);
		loop_job_withdraw(t->job);
	} else {
		release(t);
	}
}

/* ---- bytes ---- */

static void set_interest(struct tunnel *t)
{
	want(t, (t->listens ? LOOP_READ : 0u) | (t->full ? LOOP_WRITE : 0u));
}

static void on_io(void *arg, unsigned events)
{
	struct tunnel *t = arg;

	switch (t->stage) {
	case TUNNEL_DIAL:
		connected(t);
		return;
	case TUNNEL_HANDSHAKE:
		handshake(t);
		return;
	case TUNNEL_OPEN:
		if (events & LOOP_WRITE)
			t->full = false;
		if (events & LOOP_ERROR)
			t->listens = true; /* the end is received */
		set_interest(t);
		t->c.ready(t->c.arg);
		return;
	default:
		want(t, 0);
	}
}

/* How many; 0: full, or broken, which whoever receives is told. */
static size_t send_plain(struct tunnel *t, const char *p, size_t n)
{
	ssize_t r;

	do {
		r = send(t->fd, p, n, MSG_NOSIGNAL);
	} while (r < 0 && errno == EINTR);
	t->full = r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
	return r > 0 ? (size_t)r : 0;
}

/* SSL_write wants what it has begun again, whole, whatever else there is to say by then. */
static size_t send_tls(struct tunnel *t, const char *p, size_t n)
{
	size_t len = n < RECORD ? n : RECORD;
	int r = SSL_write(t->ssl, p, (int)len);

	if (r > 0)
		return (size_t)r;
	int e = SSL_get_error(t->ssl, r);
	t->full = e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ;
	ERR_clear_error();
	if (!t->full)
		return 0;
	t->begun = mem_memdup(p, len);
	t->begun_len = len;
	return len;
}

static bool finish_begun(struct tunnel *t)
{
	while (t->begun) {
		int r = SSL_write(t->ssl, t->begun, (int)t->begun_len);
		if (r <= 0) {
			int e = SSL_get_error(t->ssl, r);
			t->full = e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ;
			ERR_clear_error();
			return false;
		}
		t->begun_len -= (size_t)r;
		memmove(t->begun, t->begun + r, t->begun_len);
		if (!t->begun_len)
			free(STEAL(t->begun));
	}
	return true;
}

size_t tunnel_send(struct tunnel *t, const char *p, size_t n)
{
	size_t done = 0;

	if (t->stage != TUNNEL_OPEN)
		return 0;
	t->full = false;
	if (finish_begun(t))
		while (done < n && !t->full && !t->begun) {
			size_t r =
				t->ssl ? send_tls(t, p + done, n - done) : send_plain(t, p + done, n - done);
			if (!r)
				break;
			done += r;
		}
	set_interest(t);
	return done;
}

bool tunnel_sent(const struct tunnel *t)
{
	return !t->begun;
}

ssize_t tunnel_receive(struct tunnel *t, char *p, size_t max)
{
	ssize_t n;

	if (t->stage != TUNNEL_OPEN)
		return -1;
	if (!t->ssl) {
		do {
			n = recv(t->fd, p, max, 0);
		} while (n < 0 && errno == EINTR);
		return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
	}
	int r = SSL_read(t->ssl, p, (int)(max < INT32_MAX ? max : INT32_MAX));
	if (r > 0)
		return r;
	int e = SSL_get_error(t->ssl, r);
	ERR_clear_error();
	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

void tunnel_listen(struct tunnel *t, bool yes)
{
	t->listens = yes;
	if (t->stage == TUNNEL_OPEN)
		set_interest(t);
}

/* ---- life ---- */

struct tunnels *tunnels_new(struct loop *l, const struct http_tls *tls)
{
	struct tunnels *ts = MEM_NEW(struct tunnels);

	ts->loop = l;
	if (tls)
		ts->tls = *tls;
	return ts;
}

void tunnels_free(struct tunnels *ts)
{
	if (!ts)
		return;
	SSL_CTX_free(ts->ctx);
	free(ts);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs at least to tell so much to so many over TLS: a child process that does nothing but gnutls_record_send, the
 * library, ciphers and records of the API server, before the clients that are measured there. What is left between this and
 * the API server is the API server's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "client/tls.h"
#include "load_internal.h"

/* The API server's. */
#define PRIORITIES                                                                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-"        \
	"POLY1305:"                                                                                          \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"
#define RECORD 16384

struct bare {
	size_t n, bytes, rounds;
	int listening, go[2], told[2]; /* go: a byte for each round; told: the CPU time of all of them */
};

static void fail(const char *what)
{
	struct err err = ERR_INIT;
	(void)err_errno(&err, "%s", what);
	load_die(&err);
}

static void must(int rc, const char *what)
{
	struct err err = ERR_INIT;
	if (rc >= 0)
		return;
	(void)err_set(&err, REASON_INTERNAL, "%s: %s", what, gnutls_strerror(rc));
	load_die(&err);
}

/* ---- the server ---- */

static gnutls_certificate_credentials_t make_identity(void)
{
	static const char *const ips[] = {"127.0.0.1", NULL};
	const struct tls_cert_spec spec = {.common_name = "bare", .ips = ips, .server = true, .days = 1};
	autobuf struct buf ca = BUF_INIT, ca_key = BUF_INIT, cert = BUF_INIT, key = BUF_INIT;
	struct err err = ERR_INIT;
	gnutls_certificate_credentials_t c;
	if (tls_make_ca("ca", 1, &ca, &ca_key, &err) < 0 ||
	    tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, &cert, &key, &err) < 0)
		load_die(&err);
	const gnutls_datum_t c_pem = {(unsigned char *)cert.p, (unsigned)cert.len},
			     k_pem = {(unsigned char *)key.p, (unsigned)key.len};
	must(gnutls_certificate_allocate_credentials(&c), "credentials");
	must(gnutls_certificate_set_x509_key_mem(c, &c_pem, &k_pem, GNUTLS_X509_FMT_PEM), "certificate");
	return c;
}

static gnutls_session_t accept_one(const struct bare *b, gnutls_certificate_credentials_t identity)
{
	gnutls_session_t tls;
	int rc, one = 1, fd = accept4(b->listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		fail("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	must(gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_TICKETS), "session");
	must(gnutls_priority_set_direct(tls, PRIORITIES, NULL), "priorities");
	must(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, identity), "credentials");
	gnutls_transport_set_int(tls, fd);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	must(rc, "handshake");
	return tls;
}

static void send_all(gnutls_session_t tls, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = gnutls_record_send(tls, p, n < RECORD ? n : RECORD);
		if (sent == GNUTLS_E_INTERRUPTED)
			continue;
		must((int)sent, "send");
		p += sent;
		n -= (size_t)sent;
	}
}

static void __attribute__((noreturn)) serve(const struct bare *b)
{
	gnutls_certificate_credentials_t identity = make_identity();
	gnutls_session_t *all = mem_array(b->n, sizeof(*all));
	char *text = mem_alloc(b->bytes), go;
	memset(text, 'x', b->bytes);
	for (size_t i = 0; i < b->n; i++)
		all[i] = accept_one(b, identity);
	double cpu = load_cpu_s();
	while (read(b->go[0], &go, 1) == 1)
		for (size_t i = 0; i < b->n; i++)
			send_all(all[i], text, b->bytes);
	cpu = load_cpu_s() - cpu;
	_exit(write(b->told[1], &cpu, sizeof(cpu)) == sizeof(cpu) ? 0 : 1);
}

/* ---- the clients ---- */

static void listen_here(struct bare *b, struct target *t)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	b->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (b->listening < 0 || bind(b->listening, (struct sockaddr *)&a, len) < 0 ||
	    listen(b->listening, 128) < 0 || getsockname(b->listening, (struct sockaddr *)&a, &len) < 0 ||
	    pipe(b->go) < 0 || pipe(b->told) < 0)
		fail("listen");
	snprintf(t->host, sizeof(t->host), "127.0.0.1");
	snprintf(t->port, sizeof(t->port), "%u", ntohs(a.sin_port));
	t->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS);
}

/* From the word to go until the last of them has all of it. */
static int64_t round_ns(const struct bare *b, struct conn *c, int ep)
{
	size_t full = 0;
	for (size_t i = 0; i < b->n; i++)
		buf_clear(&c[i].in);
	int64_t start = clock_mono_ns();
	if (write(b->go[1], "g", 1) != 1)
		fail("go");
	while (full < b->n) {
		struct epoll_event ev[256];
		int got = epoll_wait(ep, ev, 256, 10000);
		if (got <= 0)
			load_die(&(struct err){.msg = "somebody was told nothing"});
		for (int i = 0; i < got; i++) {
			struct conn *one = ev[i].data.ptr;
			bool had = one->in.len >= b->bytes;
			if (conn_read(one) < 0)
				load_die(&(struct err){.msg = "a connection ended"});
			full += !had && one->in.len >= b->bytes;
		}
	}
	return clock_mono_ns() - start;
}

static double end_server(struct bare *b, pid_t server)
{
	double cpu = 0;
	int status = 1;
	close(b->go[1]);
	if (read(b->told[0], &cpu, sizeof(cpu)) != sizeof(cpu) || waitpid(server, &status, 0) < 0 || status)
		load_die(&(struct err){.msg = "the bare server failed"});
	return cpu;
}

void load_bare(char **a)
{
	struct bare b = {.n = strtoul(a[0], NULL, 10),
			 .bytes = strtoul(a[1], NULL, 10),
			 .rounds = strtoul(a[2], NULL, 10)};
	struct target t = {0};
	struct err err = ERR_INIT;
	if (!b.n || !b.bytes || !b.rounds)
		load_die(&(struct err){.msg = "bare CONNECTIONS BYTES ROUNDS"});
	listen_here(&b, &t);
	pid_t server = fork();
	if (server < 0)
		fail("fork");
	if (server == 0) {
		close(b.go[1]);
		serve(&b);
	}
	close(b.go[0]);
	close(b.told[1]);
	struct conn *c = mem_array(b.n, sizeof(*c));
	int64_t *took = mem_array(b.rounds, sizeof(*took));
	int ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < b.n; i++) {
		if (conn_open(&c[i], &t, &err) < 0)
			load_die(&err);
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &c[i]};
		epoll_ctl(ep, EPOLL_CTL_ADD, c[i].fd, &e);
	}
	const char *cipher = SSL_get_cipher(c[0].ssl);
	for (size_t k = 0; k < b.rounds; k++)
		took[k] = round_ns(&b, c, ep);
	double cpu = end_server(&b, server);
	printf("bare_last_ms=%.2f bare_us=%.2f cipher=%s\n", load_percentile_ms(took, b.rounds, 0.5),
	       cpu * 1e6 / (double)(b.n * b.rounds), cipher);
	for (size_t i = 0; i < b.n; i++)
		conn_close(&c[i]);
	SSL_CTX_free(t.ctx);
	close(ep);
	close(b.listening);
	close(b.told[0]);
	free(c);
	free(took);
}

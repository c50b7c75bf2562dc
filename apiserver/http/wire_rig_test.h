/* SPDX-License-Identifier: Apache-2.0 */
/* The listener as a process whose clock stands still until it is moved, and clients that speak to it by hand. */
#ifndef HTTP_WIRE_RIG_TEST_H
#define HTTP_WIRE_RIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "client/tls.h"
#include "http/http_internal.h"
#include "http/listener.h"

#define PATIENCE_S 120 /* nothing takes this long */
#define AT_ONCE 1025
#define LONG ((size_t)32 << 20) /* more than two sockets hold */
#define PAGE_LINES 1700

/* ---- the server ---- */

/* /stream: 64 KiB, then nothing for ever. /told: as many, which is said beforehand, as somebody else's answer. */
struct source {
	struct response_stream stream;
	size_t left;
	bool ends;
};
#define SOURCE_BYTES (1 << 16)

static long source_read(void *arg, char *p, size_t max)
{
	struct source *s = arg;
	size_t n = s->left < max ? s->left : max;
	memset(p, 'x', n);
	s->left -= n;
	return n || !s->ends ? (long)n : -1;
}

/* /echo: whatever is said, until somebody says «bye». */
struct echo {
	struct response_stream stream;
	struct buf said;
	bool over;
};

static long echo_read(void *arg, char *p, size_t max)
{
	struct echo *e = arg;
	size_t n = e->said.len < max ? e->said.len : max;
	memcpy(p, buf_str(&e->said), n);
	buf_consume(&e->said, n);
	return n || !e->over ? (long)n : -1;
}

static long echo_take(void *arg, const char *p, size_t n)
{
	struct echo *e = arg;
	buf_add(&e->said, p, n);
	e->over = strstr(buf_str(&e->said), "bye") != NULL;
	return (long)n;
}

static void echo_close(void *arg)
{
	struct echo *e = arg;
	buf_release(&e->said);
	free(e);
}

static void upgrade_to_echo(struct exchange *x)
{
	struct echo *e = MEM_NEW(struct echo);
	e->stream =
		(struct response_stream){.read = echo_read, .take = echo_take, .close = echo_close, .arg = e};
	x->rs.stream = &e->stream;
	x->rs.upgrade = "echo";
	buf_addf(&x->rs.body, "X-Origin: %s\r\n", x->rq.upgrade->origin);
}

static void no_peer(struct peers *known, struct peer *p, void *tls)
{
}

static enum service_way begin(void *arg, struct exchange *x, char *segments)
{
	static const char *const known[] = {"system:authenticated", NULL};
	if (!strcmp(x->rq.authorization, "known"))
		x->rq.user = (struct user){.name = "ann", .groups = known};
	return SERVICE_INLINE;
}

static void run(void *arg, struct exchange *x)
{
	x->rs.status = 200;
	bool told = !strcmp(x->rq.path, "/told");
	if (told || !strcmp(x->rq.path, "/stream")) {
		struct source *s = MEM_NEW(struct source);
		s->left = SOURCE_BYTES;
		s->ends = x->rs.foreign = x->rs.finite = told;
		x->rs.length = told ? SOURCE_BYTES : 0;
		s->stream = (struct response_stream){.read = source_read, .close = free, .arg = s};
		x->rs.stream = &s->stream;
	} else if (!strcmp(x->rq.path, "/echo") && x->rq.upgrade && x->rq.upgrade->connection) {
		upgrade_to_echo(x);
	} else if (!strcmp(x->rq.path, "/long")) {
		for (size_t i = 0; i < LONG / 64; i++)
			buf_adds(&x->rs.body,
				 "................................................................");
		buf_adds(&x->rs.body, "the end");
	} else if (!strcmp(x->rq.path, "/page")) { /* with its headers, less than a record */
		for (size_t i = 0; i < PAGE_LINES; i++)
			buf_adds(&x->rs.body, "a line\n");
		buf_adds(&x->rs.body, "the end");
	} else if (!strcmp(x->rq.path, "/who")) {
		buf_addf(&x->rs.body, "who=%s", x->rq.user.name ? x->rq.user.name : "nobody");
	} else {
		buf_addf(&x->rs.body, "params=%zu", x->rq.n_params);
	}
}

static bool submit(void *arg, struct exchange *x)
{
	return false;
}

static void end(void *arg, struct exchange *x)
{
}

static void refuse(void *arg, struct exchange *x, enum reason reason, const char *message)
{
	x->rs.status = 400;
	buf_adds(&x->rs.body, message);
}

static const struct service service = {
	.peer_read = no_peer, .begin = begin, .run = run, .submit = submit, .end = end, .refuse = refuse};

struct server {
	pid_t pid;
	int port, life; /* while this pipe is open, it runs */
	int time, told; /* seconds to go on by, one byte each time; it says when it has */
};

struct hands {
	pthread_mutex_t lock; /* the listener goes while they wait for their next byte */
	struct listener *l;
	int time, told;
};

static void nothing(void *arg)
{
}

/* 0: the clock goes on by itself. Else what is due by then has happened when this answers: the loop may be at requests that
   come one after the other, and looks at its timers when it is through with those. */
static void *move_hands(void *arg)
{
	struct hands *h = arg;
	unsigned char seconds;
	while (read(h->time, &seconds, 1) == 1) {
		pthread_mutex_lock(&h->lock);
		if (!seconds) {
			clock_real();
		} else if (h->l) {
			clock_advance(seconds * NS_PER_S);
			(void)loop_call(h->l->wires[0]->loop, nothing, NULL); /* timers are next */
		}
		pthread_mutex_unlock(&h->lock);
		if (write(h->told, &seconds, 1) != 1)
			_exit(1);
	}
	return NULL;
}

static void serve(int told, int life, int time, size_t connections)
{
	static const char *const ips[] = {"127.0.0.1", NULL};
	struct err err = ERR_INIT;
	struct buf ca = BUF_INIT, ca_key = BUF_INIT, cert = BUF_INIT, key = BUF_INIT;
	struct tls_cert_spec spec = {.common_name = "server", .ips = ips, .server = true, .days = 2};
	char byte;
	clock_fake(clock_wall_ns());
	if (tls_make_ca("test", 2, &ca, &ca_key, &err) < 0 ||
	    tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, &cert, &key, &err) < 0)
		_exit(1);
	struct listener_config c = {.service = &service,
				    .bind_address = "127.0.0.1",
				    .cert_pem = buf_str(&cert),
				    .key_pem = buf_str(&key),
				    .threads = 1,
				    .connections = connections};
	struct listener *l = listener_start(&c, &err);
	int port = l ? listener_port(l) : 0;
	if (!l || write(told, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	struct hands hands = {PTHREAD_MUTEX_INITIALIZER, l, time, told};
	thread_start("hands", move_hands, &hands);
	while (read(life, &byte, 1) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&hands.lock);
	hands.l = NULL;
	pthread_mutex_unlock(&hands.lock);
	listener_stop(l);
	_exit(0);
}

static struct server server_start(size_t connections)
{
	struct server s;
	int told[2], life[2], time[2];
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(life), 0);
	assert_int_equal(pipe(time), 0);
	s.pid = fork();
	if (!s.pid) {
		close(life[1]);
		close(time[1]);
		serve(told[1], life[0], time[0], connections);
	}
	close(told[1]);
	close(life[0]);
	close(time[0]);
	s.life = life[1];
	s.time = time[1];
	s.told = told[0];
	assert_int_equal(read(s.told, &s.port, sizeof(s.port)), sizeof(s.port));
	return s;
}

static void pass(const struct server *s, unsigned char seconds)
{
	unsigned char back;
	assert_int_equal(write(s->time, &seconds, 1), 1);
	assert_int_equal(read(s->told, &back, 1), 1);
}

static void server_gone(struct server *s)
{
	int status;
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(s->time);
	close(s->told);
}

static void server_stop(struct server *s)
{
	close(s->life);
	server_gone(s);
}

static size_t descriptors(const struct server *s)
{
	char path[64];
	size_t n = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	DIR *d = opendir(path);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- clients ---- */

static SSL_CTX *tls;

static int dial(const struct server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)s->port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static SSL *open_tls(const struct server *s)
{
	SSL *c = SSL_new(tls);
	SSL_set_fd(c, dial(s));
	assert_int_equal(SSL_connect(c), 1);
	return c;
}

/* Many at once, so that neither side waits for the other in each of them. */
static void open_many(const struct server *s, SSL **c, size_t n)
{
	for (size_t from = 0; from < n; from += 64) {
		size_t to = from + 64 < n ? from + 64 : n;
		for (size_t i = from; i < to; i++) {
			c[i] = SSL_new(tls);
			SSL_set_fd(c[i], dial(s));
			fcntl(SSL_get_fd(c[i]), F_SETFL, O_NONBLOCK);
			SSL_connect(c[i]);
		}
		for (size_t i = from; i < to; i++) {
			fcntl(SSL_get_fd(c[i]), F_SETFL, 0);
			assert_int_equal(SSL_connect(c[i]), 1);
		}
	}
}

static void close_tls(SSL *c)
{
	close(SSL_get_fd(c));
	SSL_free(c);
}

/* The client's first words come in one with its handshake's last. */
static SSL *open_saying(const struct server *s, const struct buf *words)
{
	int fd = dial(s);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	SSL *c = SSL_new(tls);
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes;
	SSL_set_bio(c, BIO_new_socket(fd, BIO_NOCLOSE), out);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (SSL_connect(c) != 1) {
		long n = BIO_get_mem_data(out, &bytes);
		assert_int_equal(send(fd, bytes, (size_t)n, MSG_NOSIGNAL), n);
		(void)BIO_reset(out);
		assert_int_equal(poll(&p, 1, PATIENCE_S * 1000), 1);
	}
	fcntl(fd, F_SETFL, 0);
	assert_int_equal(SSL_write(c, words->p, (int)words->len), (int)words->len);
	for (long n = BIO_get_mem_data(out, &bytes), at = 0, sent; at < n; at += sent)
		if ((sent = send(fd, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) <= 0)
			break;
	SSL_set0_wbio(c, BIO_new_socket(fd, BIO_NOCLOSE));
	return c;
}

static void say(SSL *c, const char *text)
{
	assert_int_equal(SSL_write(c, text, (int)strlen(text)), (int)strlen(text));
}

/* Reads until `want` was seen. */
static void hear(SSL *c, const char *want)
{
	char text[4096] = "";
	size_t len = 0;
	while (!strstr(text, want)) {
		int n = SSL_read(c, text + len, (int)(sizeof(text) - 1 - len));
		if (n <= 0)
			fail_msg("wanted %s, got %.300s", want, text);
		len += (size_t)n;
		text[len] = 0;
	}
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_KNOWN "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: known\r\n\r\n"

#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Has the server ended the connection? What it says before is dropped. */
static bool ended(int fd)
{
	char drop[4096];
	ssize_t n;
	while ((n = recv(fd, drop, sizeof(drop), MSG_DONTWAIT)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static bool ends(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (!ended(fd))
		if (poll(&p, 1, PATIENCE_S * 1000) != 1)
			return false;
	return true;
}

/* All that was sent is in the server's socket, whichever processor carries it there. */
static void arrive(int fd)
{
	int64_t deadline = clock_mono_ns() + PATIENCE_S * NS_PER_S;
	for (int left = 1; left && clock_mono_ns() < deadline; sched_yield())
		assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
}

/* The server has seen what arrived before this; what it then does it does before it answers again. */
static void catch_up(SSL *c)
{
	for (int i = 0; i < 2; i++) {
		say(c, GET);
		hear(c, "params=0");
	}
}

#endif

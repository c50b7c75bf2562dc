/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels to a TLS server and to a plain one on loopback, by rounds of a loop that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "client/tls_server_test.h"
#include "client/tunnel.h"

/* A label of 70 letters: no resolver needs to be asked. */
#define TEN "abcdefghij"
#define TOO_LONG TEN TEN TEN TEN TEN TEN TEN
#define MUCH ((size_t)4 << 20)

static struct tls_server server;
static struct loop *loop;

static void echo(struct tls_server *s, SSL *c)
{
	char buf[16384];
	int n;
	while ((n = SSL_read(c, buf, sizeof(buf))) > 0 && SSL_write(c, buf, n) == n)
		;
}

struct client {
	struct tunnels *all;
	struct tunnel *t;
	bool told;
	struct err err;
	unsigned ready;
};

static void on_opened(void *arg, const struct err *err)
{
	struct client *c = arg;
	assert_false(c->told);
	c->told = true;
	if (err)
		c->err = *err;
}

static void on_ready(void *arg)
{
	((struct client *)arg)->ready++;
}

static void open_to(struct client *c, const struct http_tls *tls, const char *host, int port, bool secure)
{
	memset(c, 0, sizeof(*c));
	c->all = tunnels_new(loop, tls);
	c->t = tunnel_open(c->all, &(struct tunnel_config){.host = host,
							   .port = port,
							   .tls = secure,
							   .timeout_ns = 120 * NS_PER_S,
							   .opened = on_opened,
							   .ready = on_ready,
							   .arg = c});
	assert_false(c->told);
	while (!c->told)
		loop_turn(loop, CLOCK_NEVER);
}

static void leave(struct client *c)
{
	tunnel_close(c->t);
	tunnels_free(c->all);
}

static struct http_tls ours(void)
{
	return (struct http_tls){
		.ca_pem = server.ca.p, .cert_pem = server.client_cert.p, .key_pem = server.client_key.p};
}

/* By address and by name, which is looked up elsewhere. */
static void bytes_come_back(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	const struct http_tls tls = ours();
	struct client c;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char text[8] = "";
		ssize_t n = 0;
		open_to(&c, &tls, hosts[i], server.port, true);
		assert_string_equal(c.err.msg, "");
		assert_int_equal(tunnel_send(c.t, "hello", 5), 5);
		tunnel_listen(c.t, true);
		while (!(n = tunnel_receive(c.t, text, sizeof(text))))
			loop_turn(loop, CLOCK_NEVER);
		assert_int_equal(n, 5);
		assert_string_equal(text, "hello");
		leave(&c);
	}
}

/* More than fits anywhere: what is not taken is given again, from another address. */
static void much_in_both_directions(void **state)
{
	const struct http_tls tls = ours();
	struct client c;
	size_t sent = 0, got = 0;
	open_to(&c, &tls, "127.0.0.1", server.port, true);
	tunnel_listen(c.t, true);
	while (got < MUCH) {
		autofree unsigned char *piece = mem_alloc(60000);
		unsigned char back[30000];
		size_t n = MUCH - sent < 60000 ? MUCH - sent : 60000;
		for (size_t i = 0; i < n; i++)
			piece[i] = (unsigned char)((sent + i) % 251);
		size_t took = tunnel_send(c.t, (char *)piece, n);
		sent += took;
		ssize_t r = tunnel_receive(c.t, (char *)back, sizeof(back));
		assert_true(r >= 0);
		for (ssize_t i = 0; i < r; i++)
			assert_int_equal(back[i], (got + (size_t)i) % 251);
		got += (size_t)r;
		if (!r && took < n)
			loop_turn(loop, CLOCK_NEVER);
		else if (!r && sent == MUCH)
			loop_turn(loop, CLOCK_NEVER);
	}
	assert_int_equal(sent, MUCH);
	assert_true(tunnel_sent(c.t));
	leave(&c);
}

/* Nobody who listens hears of it. */
static void who_does_not_listen_is_left_alone(void **state)
{
	const struct http_tls tls = ours();
	struct client c;
	char text[8];
	open_to(&c, &tls, "127.0.0.1", server.port, true);
	assert_int_equal(tunnel_send(c.t, "x", 1), 1);
	loop_turn(loop, clock_mono_ns() + 50 * NS_PER_MS);
	assert_int_equal(c.ready, 0);
	tunnel_listen(c.t, true);
	while (!tunnel_receive(c.t, text, sizeof(text)))
		loop_turn(loop, CLOCK_NEVER);
	leave(&c);
}

static void strangers(void **state)
{
	struct http_tls tls = ours();
	struct tls_server other;
	struct client c;
	char text[8];
	ssize_t n;
	tls_server_start(&other, echo, NULL);
	tls.ca_pem = other.ca.p;
	open_to(&c, &tls, "127.0.0.1", server.port, true);
	assert_non_null(strstr(c.err.msg, "tls: failed to verify certificate: x509: "));
	leave(&c);
	tls = ours();
	open_to(&c, &tls, "127.0.0.2", server.port,
		true); /* nobody is there, and if, it would be another one */
	assert_int_equal(c.err.reason, REASON_UNAVAILABLE);
	leave(&c);
	tls = (struct http_tls){.insecure = true}; /* we take anybody; he does not take us */
	open_to(&c, &tls, "127.0.0.1", server.port, true);
	tunnel_listen(c.t, true);
	while (!(n = tunnel_receive(c.t, text, sizeof(text))))
		loop_turn(loop, CLOCK_NEVER);
	assert_int_equal(n, -1);
	leave(&c);
	tls_server_stop(&other);
}

static void nobody(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct client c;
	char want[96];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	open_to(&c, NULL, "127.0.0.1", ntohs(a.sin_port), false);
	snprintf(want, sizeof(want), "dial tcp 127.0.0.1:%d: connect: connection refused", ntohs(a.sin_port));
	assert_string_equal(c.err.msg, want);
	leave(&c);
	close(fd);
	open_to(&c, NULL, TOO_LONG, 80, false);
	assert_non_null(strstr(c.err.msg, "dial tcp " TOO_LONG ":80: lookup: "));
	leave(&c);
}

/* A server that accepts and says nothing. */
static void patience_ends(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct client c = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	/* It ends when the handshake has begun, however long that takes. */
	clock_fake(clock_wall_ns());
	c.all = tunnels_new(loop, NULL);
	c.t = tunnel_open(c.all, &(struct tunnel_config){.host = "127.0.0.1",
							 .port = ntohs(a.sin_port),
							 .tls = true,
							 .timeout_ns = 20 * NS_PER_MS,
							 .opened = on_opened,
							 .ready = on_ready,
							 .arg = &c});
	int silent;
	char hello;
	while ((silent = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0)
		loop_turn(loop, CLOCK_NEVER);
	while (recv(silent, &hello, 1, MSG_DONTWAIT) != 1)
		loop_turn(loop, CLOCK_NEVER);
	assert_false(c.told);
	clock_advance(20 * NS_PER_MS);
	loop_wake(loop);
	while (!c.told)
		loop_turn(loop, CLOCK_NEVER);
	assert_string_equal(c.err.msg, "net/http: TLS handshake timeout");
	leave(&c);
	clock_real();
	close(silent);
	close(fd);
}

/* At any moment, also while its name is being looked up. */
static void closed_early(void **state)
{
	struct client c = {.all = tunnels_new(loop, NULL)};
	for (int turns = 0; turns < 4; turns++) {
		c.t = tunnel_open(c.all,
				  &(struct tunnel_config){.host = turns % 2 ? "localhost" : "127.0.0.1",
							  .port = server.port,
							  .tls = true,
							  .timeout_ns = 120 * NS_PER_S,
							  .opened = on_opened,
							  .ready = on_ready,
							  .arg = &c});
		for (int i = 0; i < turns / 2; i++)
			loop_turn(loop, clock_mono_ns() + 10 * NS_PER_MS);
		tunnel_close(c.t);
		c.told = false;
	}
	loop_settle(loop);
	assert_false(c.told);
	tunnels_free(c.all);
}

static int setup(void **state)
{
	static const struct loop_lane lanes[] = {{"names", 1}};
	loop = loop_new(&(struct loop_config){.lanes = lanes, .n_lanes = 1});
	tls_server_start(&server, echo, NULL);
	return 0;
}

static int teardown(void **state)
{
	loop_free(loop);
	tls_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back),
		cmocka_unit_test(much_in_both_directions),
		cmocka_unit_test(who_does_not_listen_is_left_alone),
		cmocka_unit_test(strangers),
		cmocka_unit_test(nobody),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(closed_early),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS session over a socket pair: what the owner is told, and what of a reply waits for the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "serve/transport.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+ANON-ECDH:-KX-ALL:+ECDHE-PSK:+PSK"

static struct {
	int waits, handshakes, reads, writes;
	size_t taken;
	bool refuse;
} seen;

static void on_wait(struct transport *t)
{
	seen.waits++;
}

static void on_handshaken(struct transport *t)
{
	seen.handshakes++;
}

static bool on_reading(struct transport *t, size_t n)
{
	seen.reads += n > 0;
	seen.taken += n;
	return !seen.refuse;
}

static void on_writing(struct transport *t)
{
	seen.writes++;
}

static const struct transport_events events = {
	.wait = on_wait, .handshaken = on_handshaken, .reading = on_reading, .writing = on_writing};

static int give_key(gnutls_session_t tls, const char *user, gnutls_datum_t *key)
{
	key->data = gnutls_malloc(4);
	memcpy(key->data, "key!", 4);
	key->size = 4;
	return 0;
}

struct ends {
	int fds[2];
	gnutls_session_t client, server;
	gnutls_psk_client_credentials_t client_key;
	gnutls_psk_server_credentials_t server_key;
	struct transport t;
};

static const struct transport_events only_waits = {.wait = on_wait};

static void open_ends(struct ends *e, const struct transport_events *told, bool exact)
{
	const gnutls_datum_t key = {(unsigned char *)"key!", 4};
	memset(e, 0, sizeof(*e));
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fds), 0);
	gnutls_psk_allocate_client_credentials(&e->client_key);
	gnutls_psk_set_client_credentials(e->client_key, "ann", &key, GNUTLS_PSK_KEY_RAW);
	gnutls_psk_allocate_server_credentials(&e->server_key);
	gnutls_psk_set_server_credentials_function(e->server_key, give_key);
	gnutls_init(&e->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	gnutls_init(&e->server, GNUTLS_SERVER | GNUTLS_NONBLOCK);
	assert_int_equal(gnutls_priority_set_direct(e->client, PRIORITY, NULL), 0);
	assert_int_equal(gnutls_priority_set_direct(e->server, PRIORITY, NULL), 0);
	gnutls_credentials_set(e->client, GNUTLS_CRD_PSK, e->client_key);
	gnutls_credentials_set(e->server, GNUTLS_CRD_PSK, e->server_key);
	gnutls_transport_set_int(e->client, e->fds[0]);
	e->t.events = told;
	e->t.exact = exact;
	e->t.fd = e->fds[1];
	transport_attach(&e->t, e->server);
	int client = GNUTLS_E_AGAIN, server = GNUTLS_E_AGAIN;
	for (int i = 0; i < 10 && (client || server); i++) {
		server = server ? gnutls_handshake(e->server) : 0;
		client = client ? gnutls_handshake(e->client) : 0;
	}
	if (client || server)
		fail_msg("%s, %s", gnutls_strerror(client), gnutls_strerror(server));
}

static void close_ends(struct ends *e)
{
	gnutls_deinit(e->client);
	gnutls_deinit(e->server);
	transport_release(&e->t);
	gnutls_psk_free_client_credentials(e->client_key);
	gnutls_psk_free_server_credentials(e->server_key);
	close(e->fds[0]);
	close(e->fds[1]);
}

static void test_events(void **state)
{
	struct ends e;
	char text[8] = "";
	open_ends(&e, &events, false);
	assert_true(seen.waits >= 1); /* the server looked before the client had said anything */
	assert_int_equal(seen.handshakes, 1);
	int waits = seen.waits, reads = seen.reads;
	assert_int_equal(gnutls_record_recv(e.server, text, sizeof(text)), GNUTLS_E_AGAIN);
	assert_int_equal(seen.waits, waits); /* after the handshake somebody else does that */
	seen.taken = 0;
	assert_int_equal(gnutls_record_send(e.client, "hello", 5), 5);
	assert_int_equal(gnutls_record_recv(e.server, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(seen.reads, reads + 1); /* head and body of the record at once */
	assert_true(seen.taken > 5);
	seen.refuse = true;
	assert_int_equal(gnutls_record_send(e.client, "hello", 5), 5);
	assert_int_equal(gnutls_record_recv(e.server, text, sizeof(text)), GNUTLS_E_PREMATURE_TERMINATION);
	close_ends(&e);
}

/* Of two records that have come, the second stays where the socket's owner sees it. */
static void test_exact(void **state)
{
	struct ends e;
	char text[8] = "";
	int left = 0;
	open_ends(&e, &only_waits, true);
	assert_true(seen.waits >= 1);
	assert_int_equal(gnutls_record_send(e.client, "hello", 5), 5);
	assert_int_equal(gnutls_record_send(e.client, "again", 5), 5);
	assert_int_equal(gnutls_record_recv(e.server, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(ioctl(e.fds[1], FIONREAD, &left), 0);
	assert_true(left > 5);
	assert_int_equal(gnutls_record_recv(e.server, text, sizeof(text)), 5);
	assert_string_equal(text, "again");
	close_ends(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_events), cmocka_unit_test(test_exact)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of streams, and ports whose part the test plays. */
#include "stream/portforward.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/session_rig_test.h"

enum { REFUSED = 9, PORTS = 10000 };

static struct rig g;
static int pod[PORTS]; /* the Pod's ends, by port; 0 = nobody came yet */
static bool freed;

static int connect_port(void *arg, int port, int *ret_fd, struct err *err)
{
	int ends[2];
	if (port == REFUSED)
		return err_set(err, REASON_UNAVAILABLE, "nobody listens");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	*ret_fd = ends[0];
	__atomic_store_n(&pod[port], ends[1], __ATOMIC_RELEASE);
	return 0;
}

static int pod_end(int port)
{
	return __atomic_load_n(&pod[port], __ATOMIC_ACQUIRE);
}

static void on_free(void *arg)
{
	freed = true;
}

static void start(enum mux_form form, const uint16_t *ports, size_t n, int64_t create_ns)
{
	rig_init(&g);
	freed = false;
	struct portforward_config c = {.s = rig_session(&g, form),
				       .pod = "sandbox",
				       .ports = ports,
				       .n_ports = n,
				       .connect = connect_port,
				       .free = on_free};
	c.s.create_ns = create_ns;
	g.session = portforward_start(&c);
}

static void stop(void)
{
	rig_release(&g);
	assert_true(freed);
	for (int i = 0; i < PORTS; i++) {
		if (pod[i])
			close(pod[i]);
		pod[i] = 0;
	}
}

static void open_stream(struct buf *b, uint32_t stream, const char *type, const char *port, const char *id)
{
	const struct spdy_headers h = {{{"streamtype", type}, {"port", port}, {"requestid", id}}, id ? 3 : 2};
	spdy_put_syn_stream(g.spdy, b, stream, &h);
}

static bool pod_hears(int port, const char *text)
{
	char p[256] = "";
	ssize_t n = pod_end(port) ? recv(pod_end(port), p, sizeof(p) - 1, MSG_PEEK) : -1;
	return n == (ssize_t)strlen(text) && !memcmp(p, text, (size_t)n);
}

static bool client_hears(uint32_t stream, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	bool fin;
	rig_stream(&g, stream, &b, &fin);
	return !strcmp(buf_str(&b), text);
}

static void several_at_once(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(MUX_SPDY, NULL, 0, SESSION_CREATE_NS);
	open_stream(&b, 1, "error", "80", "a");
	open_stream(&b, 3, "error", "81", "b");
	open_stream(&b, 5, "data", "81", "b");
	open_stream(&b, 7, "data", "80", "a");
	spdy_put_data(&b, 7, "to 80", 5, false);
	spdy_put_data(&b, 5, "to 81", 5, false);
	rig_send(&g, &b);
	rig_until(&g, pod_hears(80, "to 80") && pod_hears(81, "to 81"));
	assert_int_equal(send(pod[81], "from 81", 7, 0), 7);
	rig_until(&g, client_hears(5, "from 81"));
	/* The client's half is closed: the Pod sees it, and may still answer. */
	char p[8];
	spdy_put_data(&b, 7, "", 0, true);
	rig_send(&g, &b);
	assert_int_equal(recv(pod[80], p, 5, 0), 5);
	rig_until(&g, recv(pod[80], p, 1, 0) == 0);
	assert_int_equal(send(pod[80], "late", 4, 0), 4);
	shutdown(pod[80], SHUT_RDWR);
	rig_until(&g, rig_ended(&g, 7) && rig_ended(&g, 1));
	assert_true(client_hears(7, "late"));
	assert_false(rig_ended(&g, 5));
	/* What the client resets is over at once. */
	spdy_put_rst(&b, 5, SPDY_CANCEL);
	rig_send(&g, &b);
	assert_int_equal(recv(pod[81], p, 5, 0), 5);
	rig_until(&g, recv(pod[81], p, 1, 0) == 0);
	rig_hang_up(&g);
	rig_until(&g, g.over);
	stop();
}

static void clients_without_request_ids_have_neighbours(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(MUX_SPDY, NULL, 0, SESSION_CREATE_NS);
	open_stream(&b, 1, "error", "80", NULL);
	open_stream(&b, 3, "data", "80", NULL);
	spdy_put_data(&b, 3, "hi", 2, false);
	rig_send(&g, &b);
	rig_until(&g, pod_hears(80, "hi"));
	stop();
}

static void errors_are_told_on_their_stream(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(MUX_SPDY, NULL, 0, SESSION_CREATE_NS);
	open_stream(&b, 1, "error", "9", "a");
	open_stream(&b, 3, "data", "9", "a");
	rig_send(&g, &b);
	rig_until(&g, rig_ended(&g, 1) && rig_ended(&g, 3));
	assert_true(client_hears(1, "error forwarding port 9 to pod sandbox, uid : nobody listens"));
	open_stream(&b, 5, "error", "80", "b");
	open_stream(&b, 7, "error", "80", "b");
	rig_send(&g, &b);
	rig_until(&g,
		  client_hears(5, "error processing stream for request b: error stream already assigned"));
	stop();
}

static void half_a_pair_is_not_waited_for_for_ever(void **state)
{
	autobuf struct buf b = BUF_INIT;
	start(MUX_SPDY, NULL, 0, 20 * NS_PER_MS);
	open_stream(&b, 1, "error", "80", "a");
	rig_send(&g, &b);
	rig_until(&g, rig_ended(&g, 1));
	assert_true(client_hears(1, "(request=a) timed out waiting for streams"));
	assert_false(g.over);
	stop();
}

static size_t refused(void)
{
	struct spdy *s = spdy_new();
	struct spdy_frame f;
	struct err err = ERR_INIT;
	const char *p = g.raw.p;
	size_t n = g.raw.len, sum = 0;
	while (spdy_next(s, &p, &n, &f, &err) > 0)
		sum += f.type == SPDY_RST_STREAM && f.value == SPDY_REFUSED_STREAM;
	spdy_free(s);
	return sum;
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		const char *type, *port;
	} rows[] = {{"data", "0"}, {"data", "65536"}, {"data", "80x"},
		    {"data", ""},  {"data", "-1"},    {"stdin", "80"}};
	autobuf struct buf b = BUF_INIT;
	start(MUX_SPDY, NULL, 0, SESSION_CREATE_NS);
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		open_stream(&b, 2 * i + 1, rows[i].type, rows[i].port, "a");
	/* More pairs than anybody needs. */
	for (uint32_t i = 0; i <= PORTFORWARD_PAIRS; i++) {
		autofree char *id = mem_printf("id%u", i);
		open_stream(&b, 101 + 2 * i, "error", "80", id);
	}
	rig_send(&g, &b);
	rig_until(&g, refused() == ARRAY_LEN(rows) + 1);
	stop();
}

static void channels_of_a_websocket(void **state)
{
	static const uint16_t ports[] = {80, REFUSED};
	autobuf struct buf b = BUF_INIT;
	start(MUX_BINARY, ports, 2, SESSION_CREATE_NS);
	client_say(&b, 0, "hi");
	rig_send(&g, &b);
	rig_until(&g, pod_hears(80, "hi"));
	rig_until(&g, memmem(buf_str(&g.raw), g.raw.len, "nobody listens", 14));
	/* Each channel names its port first. */
	assert_memory_equal(g.raw.p, "\x82\3\0P\0\x82\3\1P\0\x82\3\2\x09\0\x82\3\3\x09\0", 20);
	close(pod[80]);
	pod[80] = 0;
	rig_until(&g, memmem(buf_str(&g.raw), g.raw.len, "\x88\2\3\xe8", 4));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(clients_without_request_ids_have_neighbours),
		cmocka_unit_test(errors_are_told_on_their_stream),
		cmocka_unit_test(half_a_pair_is_not_waited_for_for_ever),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(channels_of_a_websocket),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of every kind, and a process whose part the test plays: it holds the other ends of its pipes. */
#include "stream/remotecommand.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/conn.h"
#include "stream/session_rig_test.h"

struct report { /* as the runtime's keeper tells it */
	int kind, value;
};

static struct rig g;
static int in = -1, out = -1, errors = -1, status = -1; /* the process's ends */
static bool begun, fails, is_attach, tried;

static int pipe_end(int *process, bool input)
{
	int p[2];
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	*process = p[!input];
	return p[input];
}

static int begin(void *arg, struct runtime_stream *ret, struct err *err)
{
	int ends[2];
	tried = true;
	if (fails)
		return err_set(err, REASON_INVALID, "no such program");
	runtime_stream_init(ret);
	ret->in = pipe_end(&in, true);
	ret->out = pipe_end(&out, false);
	ret->errors = pipe_end(&errors, false);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	if (is_attach) {
		close(ends[0]);
		close(ends[1]);
	} else {
		ret->status = ends[0];
		status = ends[1];
	}
	return 0;
}

static void on_begun(void *arg)
{
	begun = true;
}

static void start(enum mux_form form, enum remotecommand_version version)
{
	rig_init(&g);
	begun = fails = is_attach = tried = false;
	const struct remotecommand_config c = {.s = rig_session(&g, form),
					       .version = version,
					       .in = true,
					       .out = true,
					       .errors = true,
					       .begin = begin,
					       .begun = on_begun,
					       .command = "[sh -c x]",
					       .failing = "error executing command in container"};
	g.session = remotecommand_start(&c);
}

static void ask_for_streams(void)
{
	autobuf struct buf b = BUF_INIT;
	client_open(g.spdy, &b, 1, "error");
	client_open(g.spdy, &b, 3, "stdin");
	client_open(g.spdy, &b, 5, "stdout");
	client_open(g.spdy, &b, 7, "stderr");
	rig_send(&g, &b);
}

static void open_streams(void)
{
	ask_for_streams();
	rig_until(&g, begun);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void end_process(int code)
{
	struct report r = {.kind = 3, .value = code};
	close_fd(&in);
	close_fd(&out);
	close_fd(&errors);
	if (status >= 0)
		assert_int_equal(send(status, &r, sizeof(r), 0), sizeof(r));
	close_fd(&status);
}

static void stop(void)
{
	rig_release(&g);
	close_fd(&in);
	close_fd(&out);
	close_fd(&errors);
	close_fd(&status);
}

static void stream_is(uint32_t stream, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	bool fin;
	rig_until(&g, rig_ended(&g, stream));
	rig_stream(&g, stream, &b, &fin);
	assert_string_equal(buf_str(&b), text);
}

static bool has_read(struct buf *b, size_t want)
{
	char p[65536];
	ssize_t n = read(in, p, sizeof(p));
	if (n > 0)
		buf_add(b, p, (size_t)n);
	return b->len >= want;
}

#define SUCCESS "{\"metadata\":{},\"status\":\"Success\"}"
#define EXIT_3                                                                                               \
	"{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code: " \
	"error executing command [sh -c x], exit code 3\",\"reason\":\"NonZeroExitCode\",\"details\":"       \
	"{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}"

static void both_ways_and_the_exit_code(void **state)
{
	autobuf struct buf b = BUF_INIT, got = BUF_INIT;
	start(MUX_SPDY, REMOTECOMMAND_V4);
	open_streams();
	spdy_put_data(&b, 3, "hello", 5, true);
	rig_send(&g, &b);
	rig_until(&g, has_read(&got, 5));
	assert_string_equal(buf_str(&got), "hello");
	rig_until(&g, read(in, got.p, 1) == 0); /* half-closed, and the rest goes on */
	assert_int_equal(write(out, "answer", 6), 6);
	assert_int_equal(write(errors, "trouble", 7), 7);
	end_process(3);
	stream_is(1, EXIT_3);
	stream_is(5, "answer");
	stream_is(7, "trouble");
	assert_false(g.over);
	rig_hang_up(&g);
	rig_until(&g, g.over);
	stop();
}

static void versions_tell_the_end_in_their_way(void **state)
{
	static const struct {
		enum remotecommand_version version;
		int code;
		const char *text;
	} rows[] = {
		{REMOTECOMMAND_V4, 0, SUCCESS},
		{REMOTECOMMAND_V3, 0, ""},
		{REMOTECOMMAND_V2, 3,
		 "command terminated with non-zero exit code: error executing command [sh -c x], exit code 3"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		start(MUX_SPDY, rows[i].version);
		open_streams();
		rig_until(&g, in >= 0);
		end_process(rows[i].code);
		stream_is(1, rows[i].text);
		stop();
	}
}

static void what_does_not_start_is_told(void **state)
{
	start(MUX_SPDY, REMOTECOMMAND_V4);
	fails = true;
	open_streams();
	stream_is(
		1,
		"{\"metadata\":{},\"status\":\"Failure\",\"message\":\"Internal error occurred: error executing command "
		"in container: no such program\",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"message\":"
		"\"error executing command in container: no such program\"}]},\"code\":500}");
	stop();
}

static void channels_of_a_websocket(void **state)
{
	autobuf struct buf b = BUF_INIT, got = BUF_INIT;
	start(MUX_BINARY, REMOTECOMMAND_V5);
	rig_until(&g, begun);
	assert_string_equal(rig_words(&g), "2:\1;");
	client_say(&b, 0, "hello");
	client_frame(&b, 2, true, "\xff\0", 2);
	rig_send(&g, &b);
	rig_until(&g, has_read(&got, 5));
	rig_until(&g, read(in, got.p, 1) == 0);
	assert_int_equal(write(out, "answer", 6), 6);
	rig_until(&g, strstr(rig_words(&g), "answer"));
	end_process(3);
	rig_until(&g, strstr(rig_words(&g), "8:"));
	assert_string_equal(rig_words(&g), "2:\1;2:\1answer;2:\3" EXIT_3 ";8:\x03\xe8;");
	stop();
}

/* What a process has written before its end is delivered; what it has left running behind itself may hold the pipe. */
static void output_is_whole_though_the_client_is_slow(void **state)
{
	enum { MUCH = 8 << 20 };
	autobuf struct buf got = BUF_INIT;
	char piece[4096];
	size_t sent = 0;
	bool fin = false;
	start(MUX_SPDY, REMOTECOMMAND_V4);
	open_streams();
	rig_until(&g, out >= 0);
	memset(piece, 'o', sizeof(piece));
	/* The client does not read: the pipe fills up. */
	int client = g.client;
	g.client = -1;
	size_t idle = 0;
	while (idle < 20) {
		ssize_t n = write(out, piece, sizeof(piece));
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent < MUCH);
		loop_turn(g.loop, clock_mono_ns() + 2 * NS_PER_MS);
	}
	int left_behind = fcntl(out, F_DUPFD_CLOEXEC, 0);
	end_process(0);
	g.client = client;
	rig_until(&g, rig_ended(&g, 1));
	rig_stream(&g, 5, &got, &fin);
	assert_int_equal(got.len, sent);
	assert_true(fin);
	close(left_behind);
	stop();
}

/* A process that does not read holds up its client, not the memory. */
static void input_waits_for_the_process(void **state)
{
	autobuf struct buf b = BUF_INIT, got = BUF_INIT, piece = BUF_INIT;
	size_t sent = 0;
	start(MUX_SPDY, REMOTECOMMAND_V4);
	open_streams();
	rig_until(&g, in >= 0);
	for (int i = 0; i < 4096; i++)
		buf_addc(&b, 'i');
	spdy_put_data(&piece, 3, b.p, b.len, false);
	for (size_t idle = 0; idle < 20;) {
		ssize_t n = send(g.client, piece.p + sent % piece.len, piece.len - sent % piece.len,
				 MSG_NOSIGNAL);
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent < (4 << 20));
		loop_turn(g.loop, clock_mono_ns() + 2 * NS_PER_MS);
	}
	rig_until(&g, has_read(&got, sent / piece.len * 4096));
	end_process(0);
	stream_is(1, SUCCESS);
	stop();
}

static void a_client_that_leaves_closes_the_pipes(void **state)
{
	char p[8];
	start(MUX_SPDY, REMOTECOMMAND_V4);
	open_streams();
	rig_until(&g, in >= 0);
	rig_hang_up(&g);
	rig_until(&g, g.over);
	assert_int_equal(read(in, p, sizeof(p)), 0);
	assert_int_equal(write(out, "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	stop();
}

static void hold(void *turn)
{
	pthread_mutex_lock(turn);
	pthread_mutex_unlock(turn);
}

static void note_nothing(void *arg)
{
}

static void note(void *done)
{
	*(bool *)done = true;
}

/* Others are before him, and he hangs up: his command is not run when his turn comes. */
static void a_client_that_leaves_the_queue_has_nothing_run(void **state)
{
	pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	bool all_had_their_turn = false;
	start(MUX_SPDY, REMOTECOMMAND_V4);
	pthread_mutex_lock(&turn);
	(void)loop_job(g.loop, 0, hold, note_nothing, &turn);
	ask_for_streams();
	rig_hang_up(&g);
	rig_until(&g, g.over);
	session_free(g.session);
	g.session = NULL;
	rig_until(&g, begun);
	(void)loop_job(g.loop, 0, note_nothing, note, &all_had_their_turn);
	pthread_mutex_unlock(&turn);
	rig_until(&g, all_had_their_turn);
	assert_false(tried);
	stop();
}

static void streams_that_never_come_are_not_waited_for_for_ever(void **state)
{
	autobuf struct buf b = BUF_INIT;
	rig_init(&g);
	begun = false;
	struct remotecommand_config c = {.s = rig_session(&g, MUX_SPDY),
					 .version = REMOTECOMMAND_V4,
					 .in = true,
					 .out = true,
					 .begin = begin,
					 .begun = on_begun,
					 .command = "",
					 .failing = ""};
	c.s.create_ns = 20 * NS_PER_MS;
	g.session = remotecommand_start(&c);
	client_open(g.spdy, &b, 1, "error");
	client_open(g.spdy, &b, 3, "stdin");
	rig_send(&g, &b);
	rig_until(&g, memmem(buf_str(&g.raw), g.raw.len, "\x80\x03\0\7", 4));
	assert_int_equal(in, -1);
	stop();
	assert_true(begun); /* it was told that it is not needed */
}

static void one_that_says_nothing_is_idle(void **state)
{
	rig_init(&g);
	struct remotecommand_config c = {.s = rig_session(&g, MUX_BINARY),
					 .version = REMOTECOMMAND_V4,
					 .out = true,
					 .begin = begin,
					 .begun = on_begun,
					 .command = "",
					 .failing = ""};
	c.s.idle_ns = 50 * NS_PER_MS;
	g.session = remotecommand_start(&c);
	rig_until(&g, g.over);
	stop();
}

/* Output that ends is the end of an attachment, and a good one. */
static void an_attachment_ends_with_its_output(void **state)
{
	start(MUX_SPDY, REMOTECOMMAND_V4);
	is_attach = true;
	open_streams();
	rig_until(&g, out >= 0);
	close_fd(&out);
	close_fd(&errors);
	stream_is(1, SUCCESS);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_and_the_exit_code),
		cmocka_unit_test(versions_tell_the_end_in_their_way),
		cmocka_unit_test(what_does_not_start_is_told),
		cmocka_unit_test(channels_of_a_websocket),
		cmocka_unit_test(output_is_whole_though_the_client_is_slow),
		cmocka_unit_test(input_waits_for_the_process),
		cmocka_unit_test(a_client_that_leaves_closes_the_pipes),
		cmocka_unit_test(a_client_that_leaves_the_queue_has_nothing_run),
		cmocka_unit_test(streams_that_never_come_are_not_waited_for_for_ever),
		cmocka_unit_test(one_that_says_nothing_is_idle),
		cmocka_unit_test(an_attachment_ends_with_its_output),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

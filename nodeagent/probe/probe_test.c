/* SPDX-License-Identifier: Apache-2.0 */
/* The life of runs, and the two ways that need no protocol: tcpSocket, and exec on a runtime that is a few lines. */
#include "probe/rig_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/server_test.h"

/* ---- a runtime that runs commands beside the test ---- */

static int keep_reporting(pid_t pid, int fd)
{
	int st = 0;
	struct { /* as the runtimes tell it */
		int kind, value;
	} r = {.kind = 3};
	waitpid(pid, &st, 0);
	r.value = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	(void)!send(fd, &r, sizeof(r), MSG_NOSIGNAL);
	return 0;
}

static atomic_int execs, last_pid;

/* The keeper is a child of the test, the command the keeper's. */
static int exec(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
		struct runtime_stream *ret, struct err *err)
{
	int report[2], out[2], errors[2], told[2];
	pid_t pid = 0;
	atomic_fetch_add(&execs, 1);
	if (!strcmp(spec->argv[0], "none"))
		return err_set(err, REASON_INVALID, "OCI runtime exec failed: no such file");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	if (fork() == 0) {
		close(report[0]);
		pid = fork();
		if (pid == 0) {
			dup2(out[1], 1);
			dup2(errors[1], 2);
			execvp(spec->argv[0], (char *const *)spec->argv);
			_exit(127);
		}
		close(out[1]);
		close(errors[1]);
		(void)!write(told[1], &pid, sizeof(pid));
		_exit(keep_reporting(pid, report[1]));
	}
	close(out[1]);
	close(errors[1]);
	close(report[1]);
	(void)!read(told[0], &pid, sizeof(pid));
	close(told[0]);
	close(told[1]);
	runtime_stream_init(ret);
	ret->out = out[0];
	ret->errors = errors[0];
	ret->status = report[0];
	ret->pid = pid;
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	atomic_store(&last_pid, pid);
	return 0;
}

static const struct runtime_ops ops = {.name = "test", .exec = exec};
static struct runtime rt = {&ops};

static void command(struct rig *r, const char *script, int64_t timeout_ns)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct probe_request rq = {
		.type = PROBE_EXEC, .timeout_ns = timeout_ns, .container = "c", .argv = argv};
	rig_run(r, &rq);
}

static void test_exec(void **state)
{
	struct rig r;
	rig_start(&r, &rt);
	command(&r, "echo out; echo err >&2", 0);
	rig_expect(&r, PROBE_PASSED, "out\nerr\n");
	command(&r, "echo err >&2; echo out; exit 3", 0);
	rig_expect(&r, PROBE_FAILED, "out\nerr\n");
	assert_int_equal(r.answer.exit_code, 3);
	command(&r, "kill -9 $$", 0);
	rig_expect(&r, PROBE_FAILED, "");
	/* More than is wanted. */
	command(&r, "head -c 200000 /dev/zero | tr '\\0' x; echo no >&2; exit 1", 0);
	assert_int_equal(r.answer.verdict, PROBE_FAILED);
	assert_int_equal(strlen(r.text), PROBE_OUTPUT_MAX);
	/* What it leaves behind holds its output open. */
	command(&r, "echo done; exec 3>&1; (trap '' HUP; exec tail -f /dev/null) & exit 0", 0);
	rig_expect(&r, PROBE_PASSED, "done\n");
	const char *const none[] = {"none", NULL}, *const empty[] = {NULL};
	rig_run(&r, &(struct probe_request){.type = PROBE_EXEC, .container = "c", .argv = none});
	rig_expect(&r, PROBE_ERRORED, "OCI runtime exec failed: no such file");
	assert_string_equal(r.state, "unknown");
	rig_run(&r, &(struct probe_request){.type = PROBE_EXEC, .container = "c", .argv = empty});
	assert_int_equal(r.answer.verdict, PROBE_ERRORED);
	rig_stop(&r);
}

/* A command that hangs is killed, and says so. */
static void test_exec_timeout(void **state)
{
	struct rig r;
	rig_start(&r, &rt);
	command(&r, "exec tail -f /dev/null", NS_PER_S);
	rig_expect(&r, PROBE_FAILED,
		   "command timed out: \"sh -c exec tail -f /dev/null\" timed out after 1s");
	/* Its keeper sees it in a moment; the other way it goes on for ever. */
	int64_t deadline = clock_mono_ns() + 60 * NS_PER_S;
	while (kill(atomic_load(&last_pid), 0) == 0 && clock_mono_ns() < deadline)
		loop_turn(r.loop, clock_mono_ns() + NS_PER_MS);
	assert_int_equal(kill(atomic_load(&last_pid), 0), -1);
	rig_stop(&r);
}

/* Given up while it is starting: nobody is told, and nothing is left. */
static void test_cancel(void **state)
{
	struct rig r;
	rig_start(&r, &rt);
	const char *const argv[] = {"true", NULL};
	const struct probe_request rq = {.type = PROBE_EXEC, .container = "c", .argv = argv};
	r.done = false;
	probe_cancel(probe_start(r.host, &rq, rig_done, &r)); /* not begun */
	int before = atomic_load(&execs);
	struct probe_run *run = probe_start(r.host, &rq, rig_done, &r);
	while (atomic_load(&execs) == before)
		loop_turn(r.loop, clock_mono_ns() + NS_PER_MS);
	probe_cancel(run);
	struct loop_stats st;
	do {
		loop_turn(r.loop, clock_mono_ns() + NS_PER_MS);
		loop_stats(r.loop, &st);
	} while (st.running);
	assert_false(r.done);
	rig_stop(&r);
}

static void serve(struct server_request *rq)
{
}

static void test_tcp(void **state)
{
	struct rig r;
	struct server s;
	rig_start(&r, NULL);
	server_start(&s, serve, NULL);
	struct probe_request rq = {
		.type = PROBE_TCP, .timeout_ns = 60 * NS_PER_S, .host = "127.0.0.1", .port = s.port};
	rig_run(&r, &rq);
	rig_expect(&r, PROBE_PASSED, "");
	rq.host = "localhost";
	rig_run(&r, &rq);
	rig_expect(&r, PROBE_PASSED, "");
	server_stop(&s);
	rq.host = "127.0.0.1";
	rig_run(&r, &rq);
	autofree char *refused = mem_printf("dial tcp 127.0.0.1:%d: connect: connection refused", s.port);
	rig_expect(&r, PROBE_FAILED, refused);
	rig_stop(&r);
}

/* Nobody accepts, and the queue of those who wait is full. */
static void test_tcp_timeout(void **state)
{
	struct rig r;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), waiting[8];
	rig_start(&r, NULL);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(waiting[i], (struct sockaddr *)&a, sizeof(a));
	}
	const struct probe_request rq = {.type = PROBE_TCP,
					 .timeout_ns = 50 * NS_PER_MS,
					 .host = "127.0.0.1",
					 .port = ntohs(a.sin_port)};
	rig_run(&r, &rq);
	autofree char *text = mem_printf("dial tcp 127.0.0.1:%d: i/o timeout", ntohs(a.sin_port));
	rig_expect(&r, PROBE_FAILED, text);
	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		close(waiting[i]);
	close(fd);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_exec), cmocka_unit_test(test_exec_timeout),
					   cmocka_unit_test(test_cancel), cmocka_unit_test(test_tcp),
					   cmocka_unit_test(test_tcp_timeout)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

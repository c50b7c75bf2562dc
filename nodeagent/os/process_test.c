/* SPDX-License-Identifier: Apache-2.0 */
#include "os/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"

static void test_output(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf out = BUF_INIT, errors = BUF_INIT;
	int status = -1;
	struct process_spec s = {
		.argv = (const char *const[]){"sh", "-c", "cat; echo err >&2; echo $V; exit 5", NULL},
		.env = (const char *const[]){"V=value", "PATH=/usr/bin:/bin", NULL},
		.in = "input\n",
		.in_len = 6,
		.out = &out,
		.errors = &errors};
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_int_equal(status, 5);
	assert_string_equal(buf_str(&out), "input\nvalue\n");
	assert_string_equal(buf_str(&errors), "err\n");
}

static void test_large(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf in = BUF_INIT, out = BUF_INIT, cut = BUF_INIT_MAX(1000);
	int status = -1;
	for (int i = 0; i < 100000; i++)
		buf_adds(&in, "0123456789");
	struct process_spec s = {
		.argv = (const char *const[]){"cat", NULL}, .in = in.p, .in_len = in.len, .out = &out};
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.p, in.p, in.len);
	s.out = &cut;
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_true(buf_overflowed(&cut));
	/* A reader that does not read. */
	s.argv = (const char *const[]){"true", NULL};
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_int_equal(status, 0);
}

/* Nothing of it is left: neither what writes without end nor what it left behind. */
static void test_fenced(void **state)
{
	static const struct {
		const char *script;
		enum reason reason;
	} rows[] = {
		{"sleep 1000 & echo $!; exit 0", REASON_NONE},
		{"sleep 1000 & echo $!; wait", REASON_TIMEOUT},
		{"sleep 1000 & echo $!; exec 3>&1; while :; do echo 0123456789012345678901234567890123456789; done",
		 REASON_TOO_LARGE},
		{"sleep 1000 & echo $!; while :; do echo 0123456789012345678901234567890123456789 >&2; done",
		 REASON_TOO_LARGE},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf out = BUF_INIT_MAX(10000), errors = BUF_INIT_MAX(10000);
		int status = -1;
		struct process_spec s = {.argv = (const char *const[]){"sh", "-c", rows[i].script, NULL},
					 .out = &out,
					 .errors = &errors,
					 .timeout_ns = rows[i].reason == REASON_TIMEOUT ? NS_PER_S : 0,
					 .fenced = true};
		int64_t begun = clock_mono_ns();
		assert_int_equal(process_run(&s, &status, &err), rows[i].reason == REASON_NONE ? 0 : -1);
		assert_int_equal(err.reason, rows[i].reason);
		assert_true(clock_mono_ns() - begun < 60 * NS_PER_S);
		pid_t left = (pid_t)strtol(buf_str(&out), NULL, 10);
		assert_true(left > 1);
		/* killed, and soon taken in by whoever is init here */
		for (int64_t until = clock_mono_ns() + 120 * NS_PER_S; process_start_time(left);)
			assert_true(clock_mono_ns() < until);
	}
}

static void test_failures(void **state)
{
	struct err err = ERR_INIT;
	int status = -1;
	struct process_spec s = {.argv = (const char *const[]){"no-such-program", NULL}};
	assert_int_equal(process_run(&s, &status, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	s.argv = (const char *const[]){"sh", "-c", "kill -9 $$", NULL};
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_int_equal(status, 137);
	s.argv = (const char *const[]){"sleep", "100", NULL};
	s.timeout_ns = 50 * NS_PER_MS;
	assert_int_equal(process_run(&s, &status, &err), -1);
	assert_int_equal(err.reason, REASON_TIMEOUT);
}

/* What the child leaves behind may hold the pipes; it is not waited for. */
static void test_daemon(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf out = BUF_INIT;
	int status = -1;
	struct process_spec s = {.argv = (const char *const[]){"sh", "-c", "sleep 300 & echo $!", NULL},
				 .out = &out};
	int64_t start = clock_mono_ns();
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_true(clock_mono_ns() - start < 120 * NS_PER_S);
	assert_true(out.len > 1);
	assert_int_equal(kill((pid_t)atoi(buf_str(&out)), SIGKILL), 0);
}

static void test_fds(void **state)
{
	struct err err = ERR_INIT;
	int status = -1, p[2];
	char got[8] = "";
	assert_int_equal(pipe(p), 0); /* not close-on-exec: it must not reach the child anyway */
	struct process_spec s = {
		.argv = (const char *const[]){"sh", "-c",
					      "echo hi >&3; ls /proc/self/fd | wc -l | grep -q '^5$'", NULL},
		.pass_fd = {p[1]},
		.n_pass_fd = 1};
	assert_int_equal(process_run(&s, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_int_equal(read(p[0], got, sizeof(got)), 3);
	assert_string_equal(got, "hi\n");
	close(p[0]);
	close(p[1]);
}

static void test_start_time(void **state)
{
	assert_true(process_start_time(getpid()) > 0);
	assert_int_equal(process_start_time(0), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_start_time(pid), 0); /* a zombie */
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),	   cmocka_unit_test(test_large),
		cmocka_unit_test(test_fenced),	   cmocka_unit_test(test_failures),
		cmocka_unit_test(test_daemon),	   cmocka_unit_test(test_fds),
		cmocka_unit_test(test_start_time),
	};
	signal(SIGPIPE, SIG_IGN); /* as every daemon has it */
	return cmocka_run_group_tests(tests, NULL, NULL);
}

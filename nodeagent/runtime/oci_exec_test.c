/* SPDX-License-Identifier: Apache-2.0 */
/* Inside a running container: exec, attach, port-forward, new limits. Skipped only where there is no root. */
#include "runtime/oci_rig_test.h"
#include "base/thread.h"

#define SECOND NS_PER_S
static int exec_sync(const struct made *m, const char *script, int64_t timeout_ns, struct buf *out,
		     struct buf *errors, int *code, struct err *err)
{
	struct runtime_exec_result r = {.out = out, .errors = errors};
	int rc = rt->ops->exec_sync(rt, m->id, CMD("/bin/sh", "-c", script), timeout_ns, &r, err);
	*code = r.exit_code;
	return rc;
}

/* The clock stands still until the command has said so. */
static void *end_its_time(void *arg)
{
	while (access(arg, F_OK) < 0)
		tick();
	clock_advance(SECOND);
	return NULL;
}

static void test_exec_sync(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-exec");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m = make(&s, SPEC(.env = (const struct runtime_kv[]){{"A", "b"}}, .n_env = 1),
			     CMD("sleep", "1000"));
	autobuf struct buf out = BUF_INIT, errors = BUF_INIT, late = BUF_INIT;
	int code;
	assert_int_equal(exec_sync(&m, "true", SECOND, NULL, NULL, &code, &err), -1); /* not started */
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	start(&m);
	if (exec_sync(&m, "echo $A; echo bad >&2; cat /proc/1/comm; exit 5", 120 * SECOND, &out, &errors,
		      &code, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(code, 5);
	assert_string_equal(buf_str(&out), "b\nsleep\n");
	assert_string_equal(buf_str(&errors), "bad\n");
	assert_int_equal(exec_sync(&m, "kill -9 $$", 120 * SECOND, NULL, NULL, &code, &err), 0);
	assert_int_equal(code, 137);
	/* What it leaves behind holds its output open, and nobody up. */
	assert_int_equal(exec_sync(&m, "sleep 999 & echo $!", 120 * SECOND, &out, NULL, &code, &err), 0);
	assert_int_equal(code, 0);
	struct runtime_exec_result r = {.out = &out};
	assert_int_equal(rt->ops->exec_sync(rt, m.id, CMD("/no/such"), SECOND, &r, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	assert_true(strstr(err.msg, "no such file") != NULL);
	/* Killed when its time is over; what it wrote until then is there. */
	autofree char *said = mem_printf("%s/sandboxes/%s/shm/said", root, s.id);
	clock_fake(clock_wall_ns());
	pthread_t ends = thread_start("ends", end_its_time, said);
	assert_int_equal(exec_sync(&m, "echo early; >/dev/shm/said; exec sleep 777", SECOND / 2, &late, NULL,
				   &code, &err),
			 -1);
	pthread_join(ends, NULL);
	clock_real();
	assert_int_equal(err.reason, REASON_TIMEOUT);
	assert_string_equal(buf_str(&late), "early\n");
	for (int64_t end = clock_mono_ns() + 120 * SECOND; clock_mono_ns() < end; tick()) {
		buf_clear(&out);
		assert_int_equal(exec_sync(&m, "pgrep -f 'slee[p] 777' | wc -l", 120 * SECOND, &out, NULL,
					   &code, &err),
				 0);
		if (!strcmp(buf_str(&out), "0\n"))
			break;
	}
	assert_string_equal(buf_str(&out), "0\n");
	/* Nothing of all this stays in its directory. */
	autofree char *dir = mem_printf("%s/containers/%s", root, m.id);
	DIR *d = opendir(dir);
	for (const struct dirent *e; (e = readdir(d));)
		assert_true(strncmp(e->d_name, "exec.", 5) && strncmp(e->d_name, "tty.", 4));
	closedir(d);
	remove_sandbox(&s);
}

/* Until the text has come, or the end (text NULL). */
static void expect_stream(struct runtime_stream *st, int fd, const char *text, enum runtime_channel want)
{
	int64_t end = clock_mono_ns() + 120 * SECOND;
	autobuf struct buf b = BUF_INIT;
	for (;;) {
		char tmp[256];
		enum runtime_channel ch;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (clock_mono_ns() > end)
			fail_msg("no \"%s\" in \"%s\"", text ? text : "end", buf_str(&b));
		if (poll(&p, 1, 100) <= 0)
			continue;
		ssize_t n = runtime_stream_read(st, fd, tmp, sizeof(tmp), &ch);
		if (n == 0 && !text)
			return;
		if (n == 0)
			fail_msg("the end before \"%s\"; so far \"%s\"", text, buf_str(&b));
		if (n > 0 && ch == want)
			buf_add(&b, tmp, (size_t)n);
		if (text && strstr(buf_str(&b), text))
			return;
	}
}

static void say(struct runtime_stream *st, const char *text)
{
	assert_int_equal(runtime_stream_write(st, text, strlen(text)), strlen(text));
}

static int end_of(struct runtime_stream *st)
{
	struct pollfd p = {.fd = st->status, .events = POLLIN};
	int code = -2;
	assert_int_equal(poll(&p, 1, 120000), 1);
	assert_true(runtime_stream_ended(st, &code));
	return code;
}

static void test_exec_stream(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-stream");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m = make(&s, SPEC(), CMD("sleep", "1000"));
	struct runtime_stream st;
	start(&m);
	struct runtime_exec_spec x = {
		.argv = CMD("/bin/sh", "-c", "read a; echo got $a; echo bad >&2; cat; exit 6"),
		.in = true,
		.out = true,
		.errors = true};
	if (rt->ops->exec(rt, m.id, &x, &st, &err) < 0)
		fail_msg("%s", err.msg);
	say(&st, "one\n");
	expect_stream(&st, st.out, "got one\n", RUNTIME_STDOUT);
	expect_stream(&st, st.errors, "bad\n", RUNTIME_STDERR);
	say(&st, "two\n");
	expect_stream(&st, st.out, "two\n", RUNTIME_STDOUT);
	runtime_stream_end_input(&st);
	expect_stream(&st, st.out, NULL, RUNTIME_STDOUT);
	assert_int_equal(end_of(&st), 6);
	runtime_stream_close(&st);
	/* With a terminal. */
	x = (struct runtime_exec_spec){
		.argv = CMD("/bin/sh", "-c", "tty; echo $TERM; read a; stty size; exit 7"),
		.tty = true,
		.in = true,
		.out = true};
	if (rt->ops->exec(rt, m.id, &x, &st, &err) < 0)
		fail_msg("%s", err.msg);
	expect_stream(&st, st.out, "xterm", RUNTIME_STDOUT);
	assert_int_equal(runtime_stream_resize(&st, 101, 43, &err), 0);
	assert_int_equal(runtime_stream_resize(&st, 70000, 43, &err), -1);
	say(&st, "\n");
	expect_stream(&st, st.out, "43 101", RUNTIME_STDOUT);
	assert_int_equal(end_of(&st), 7);
	expect_stream(&st, st.out, NULL, RUNTIME_STDOUT);
	runtime_stream_close(&st);
	remove_sandbox(&s);
}

static void test_attach(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-attach");
	struct runtime_sandbox s = make_sandbox(&p);
	struct runtime_stream st, tty;
	struct made m = make(&s, SPEC(.stdin_open = true),
			     CMD("sh", "-c", "while read a; do echo got $a; echo bad $a >&2; done; exit 8"));
	start(&m);
	if (rt->ops->attach(rt, m.id, &st, &err) < 0)
		fail_msg("%s", err.msg);
	say(&st, "one\n");
	expect_stream(&st, st.out, "got one\n", RUNTIME_STDOUT);
	say(&st, "two\n");
	expect_stream(&st, st.out, "bad two\n", RUNTIME_STDERR);
	/* The log goes on beside it; renamed away and opened anew, it goes on in a new file. */
	autobuf struct buf log = BUF_INIT;
	output(&m, &log);
	assert_true(has(&log, "got one\n"));
	autofree char *old = mem_printf("%s.old", m.log);
	assert_int_equal(rename(m.log, old), 0);
	if (rt->ops->container_reopen_log(rt, m.id, &err) < 0)
		fail_msg("%s", err.msg);
	for (int64_t end = clock_mono_ns() + 120 * SECOND; access(m.log, F_OK) < 0 && clock_mono_ns() < end;)
		tick();
	say(&st, "three\n");
	expect_stream(&st, st.out, "got three\n", RUNTIME_STDOUT);
	buf_clear(&log);
	output(&m, &log);
	assert_true(has(&log, "got three\n"));
	assert_null(strstr(log.p, "got one"));
	assert_int_equal(rt->ops->container_signal(rt, m.id, SIGKILL, &err), 0);
	expect_stream(&st, st.out, NULL, RUNTIME_STDOUT);
	runtime_stream_close(&st);
	wait_end(m.id);
	assert_int_equal(rt->ops->attach(rt, m.id, &st, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	struct made t = make(&s, SPEC(.name = "tty", .tty = true, .stdin_open = true),
			     CMD("sh", "-c", "while read a; do stty size; done"));
	start(&t);
	if (rt->ops->attach(rt, t.id, &tty, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(runtime_stream_resize(&tty, 99, 33, &err), 0);
	/* The size goes another way than the input does: ask until it has come. */
	for (int64_t end = clock_mono_ns() + 120 * SECOND;;) {
		char tmp[256] = "";
		enum runtime_channel ch;
		struct pollfd in = {.fd = tty.out, .events = POLLIN};
		say(&tty, "\n");
		tick();
		if (poll(&in, 1, 1000) > 0 &&
		    runtime_stream_read(&tty, tty.out, tmp, sizeof(tmp) - 1, &ch) > 0 && strstr(tmp, "33 99"))
			break;
		assert_true(clock_mono_ns() < end);
	}
	runtime_stream_close(&tty);
	remove_sandbox(&s);
}

static void test_port_forward(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-forward");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m = make(&s, SPEC(), CMD("httpd", "-f", "-h", "/www", "-p", "127.0.0.1:8123"));
	static const char request[] = "GET /index.html HTTP/1.0\r\n\r\n";
	char reply[64] = "";
	int fd = -1;
	assert_int_equal(rt->ops->port_forward(rt, s.id, 8123, &fd, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	start(&m);
	for (int64_t end = clock_mono_ns() + 120 * SECOND;
	     rt->ops->port_forward(rt, s.id, 8123, &fd, &err) < 0 && clock_mono_ns() < end;)
		tick();
	assert_true(fd >= 0);
	assert_true(write(fd, request, sizeof(request) - 1) > 0);
	assert_true(read(fd, reply, sizeof(reply) - 1) > 0);
	assert_non_null(strstr(reply, " 200 "));
	close(fd);
	assert_int_equal(rt->ops->port_forward(rt, s.id, 0, &fd, &err), -1);
	assert_int_equal(rt->ops->sandbox_stop(rt, s.id, &err), 0);
	assert_false(is_ready(&s));
	wait_end(m.id);
	assert_int_equal(status(m.id).state, RUNTIME_EXITED);
	assert_int_equal(rt->ops->port_forward(rt, s.id, 8123, &fd, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	remove_sandbox(&s);
}

static void test_update(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-update");
	p.limits.memory_bytes = 64 << 20;
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m =
		make(&s, SPEC(.limits = {.memory_bytes = 32 << 20, .cpu_shares = 512}), CMD("sleep", "1000"));
	static const char look[] =
		"cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max cpu/cpu.shares "
		"cpu.weight 2>/dev/null";
	const struct runtime_limits l = {.memory_bytes = 48 << 20, .cpu_shares = 1024};
	const struct runtime_limits whole = {.memory_bytes = 128 << 20};
	autobuf struct buf before = BUF_INIT, after = BUF_INIT;
	int code;
	start(&m);
	assert_int_equal(exec_sync(&m, look, 120 * SECOND, &before, NULL, &code, &err), 0);
	assert_true(strstr(before.p, "33554432\n512\n") || strstr(before.p, "33554432\n20\n"));
	if (rt->ops->sandbox_update(rt, s.id, &whole, &err) < 0 ||
	    rt->ops->container_update(rt, m.id, &l, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(exec_sync(&m, look, 120 * SECOND, &after, NULL, &code, &err), 0);
	assert_true(strstr(after.p, "50331648\n1024\n") || strstr(after.p, "50331648\n39\n"));
	assert_int_equal(rt->ops->container_update(rt, "nothing", &l, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	remove_sandbox(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_exec_sync),
					   cmocka_unit_test(test_exec_stream), cmocka_unit_test(test_attach),
					   cmocka_unit_test(test_port_forward),
					   cmocka_unit_test(test_update)};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}

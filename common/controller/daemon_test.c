/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole main, in a child process each, because a stop is for good: what runs in which order, what the
 * flags make of it, what the exit status says.
 */
#include "controller/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "client/server_test.h"
#include "object/version.h"
#include "object/json_test.h"

#define OUT_FD 9 /* the child's words */
static const char *color;

static void say(const char *step)
{
	if (write(OUT_FD, step, strlen(step)) < 0)
		_exit(99);
}

static void *make(struct rest *r, struct err *err)
{
	if (!strcmp(color, "none")) {
		err_set(err, REASON_INVALID, "no");
		return NULL;
	}
	say("make ");
	say(rest_get_config(r)->user_agent);
	say(" ");
	say(color);
	say(" ");
	return &color;
}

static void run(void *self)
{
	say(self == &color ? "run " : "wrong ");
	kill(getpid(), SIGTERM);
}

static bool synced(void *self)
{
	return true;
}

static void destroy(void *self)
{
	say("destroy ");
}

static const struct flag own[] = {
	{"color", FLAG_STRING, &color, "grey", "A flag of this daemon.", 0, 0},
	{0},
};

static const struct daemon def = {
	.name = "tester",
	.summary = "Tests.",
	.port = "0",
	.flags = own,
	.make = make,
	.run = run,
	.synced = synced,
	.destroy = destroy,
};

/* Runs this program again as the daemon; what it said goes into out, its exit status comes back. */
static int run_child(char out[256], char **argv)
{
	int fds[2], status;
	size_t n = 0;
	ssize_t got;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		dup2(fds[1], OUT_FD);
		execv("/proc/self/exe", argv);
		_exit(98);
	}
	close(fds[1]);
	while (n < 255 && (got = read(fds[0], out + n, 255 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char kubeconfig[64];

static void write_kubeconfig(const char *server)
{
	struct kubeconfig k = {.server = (char *)server, .namespace = (char *)"default"};
	struct err err = ERR_INIT;

	assert_int_equal(kubeconfig_write(kubeconfig, "c", "u", &k, &err), 0);
}

static int set_up(void **state)
{
	snprintf(kubeconfig, sizeof(kubeconfig), "/tmp/daemon-test-XXXXXX");
	int fd = mkstemp(kubeconfig);

	assert_true(fd >= 0);
	close(fd);
	write_kubeconfig("http://127.0.0.1:1");
	return 0;
}

static int tear_down(void **state)
{
	unlink(kubeconfig);
	return 0;
}

static void test_steps_in_order(void **state)
{
	char out[256];
	autofree char *k = mem_printf("--kubeconfig=%s", kubeconfig);
	char *argv[] = {(char *)"tester", k, (char *)"--leader-elect=false", (char *)"--color=red", NULL};

	assert_int_equal(run_child(out, argv), 0);
	assert_string_equal(out, "make kube-tester/" CORACLE_VERSION " red run destroy ");
}

static void test_refuses_what_it_cannot_run(void **state)
{
	char out[256];
	autofree char *k = mem_printf("--kubeconfig=%s", kubeconfig);
	char *none[] = {(char *)"tester", NULL};
	char *unknown[] = {(char *)"tester", (char *)"--nonsense", NULL};
	char *help[] = {(char *)"tester", (char *)"--help", NULL};
	char *cannot[] = {(char *)"tester", k, (char *)"--leader-elect=false", (char *)"--color=none", NULL};

	assert_int_equal(run_child(out, none), 1);
	assert_string_equal(out, "");
	assert_int_equal(run_child(out, unknown), 2);
	assert_int_equal(run_child(out, help), 0);
	assert_string_equal(out, "");
	assert_int_equal(run_child(out, cannot), 1);
	assert_string_equal(out, "");
}

/* ---- election ---- */

/* Grants every claim, and remembers that the last one gave the Lease back. */
static void grant(struct server_request *rq)
{
	if (!strcmp(rq->method, "GET")) {
		server_reply(rq, 404, "", JSON("{'kind':'Status','reason':'NotFound','code':404}"));
		return;
	}
	atomic_store((atomic_int *)rq->s->arg, strstr(rq->body, "\"holderIdentity\":\"\"") != NULL);
	server_reply(rq, 200, "", rq->body);
}

static void test_runs_once_elected_and_releases_last(void **state)
{
	atomic_int released = 0;
	char out[256];
	struct server s;
	autofree char *k = mem_printf("--kubeconfig=%s", kubeconfig);
	char *argv[] = {(char *)"tester", k, NULL};

	server_start(&s, grant, &released);
	write_kubeconfig(s.url);
	assert_int_equal(run_child(out, argv), 0);
	server_stop(&s);
	assert_string_equal(out, "make kube-tester/" CORACLE_VERSION " grey run destroy ");
	assert_int_equal(atomic_load(&released), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_in_order),
		cmocka_unit_test(test_refuses_what_it_cannot_run),
		cmocka_unit_test(test_runs_once_elected_and_releases_last),
	};

	if (!strcmp(argv[0], "tester")) {
		clock_slow(10); /* so that giving the Lease back takes as long as it does */
		return daemon_main(&def, argc, argv);
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

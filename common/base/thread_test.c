/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/thread.h"
#include "base/thread_test.h"

static void *look_around(void *arg)
{
	sigset_t mask;

	pthread_getname_np(pthread_self(), arg, 16);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1) ? arg : NULL;
}

static void threads_block_signals(void **state)
{
	char name[16];
	void *ret;
	sigset_t mask;

	pthread_join(thread_start("a name that is too long", look_around, name), &ret);
	assert_ptr_equal(ret, name);
	assert_string_equal(name, "a name that is ");
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGUSR1));
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int done;

static void job(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	done++;
}

static void pool_is_bounded_and_drains(void **state)
{
	struct pool *p = pool_new("pool", 2, 3);
	int accepted = 0;

	pthread_mutex_lock(&gate);
	for (int i = 0; i < 100; i++)
		accepted += pool_submit(p, job, NULL);
	/* Two may run and three wait, at least the three fit, and the queue is full now or was. */
	assert_in_range(accepted, 3, 5);
	assert_in_range(pool_queued(p), 1, 3);
	pthread_mutex_unlock(&gate);
	pool_free(p);
	assert_int_equal(done, accepted);
	pool_free(NULL);
}

struct tasks {
	long id[64];
	size_t n;
};

static void tasks_now(struct tasks *t)
{
	DIR *d = opendir("/proc/self/task");

	t->n = 0;
	for (struct dirent *e; (e = readdir(d));) {
		assert_in_range(t->n, 0, 63);
		if (e->d_name[0] != '.')
			t->id[t->n++] = atol(e->d_name);
	}
	closedir(d);
}

/* How many threads there are that were not there before. A joined thread stays in the kernel's list for a moment
   longer, so how many are gone cannot be told by counting all. */
static int threads_since(const struct tasks *before)
{
	struct tasks now;
	int n = 0;

	tasks_now(&now);
	for (size_t i = 0; i < now.n; i++) {
		bool was = false;

		for (size_t k = 0; k < before->n; k++)
			was = was || before->id[k] == now.id[i];
		n += !was;
	}
	return n;
}

/* Who has little to do has few threads. */
static void pool_grows_by_need(void **state)
{
	struct pool *p = pool_new("pool", 4, 8);
	int64_t deadline = clock_mono_ns() + 60 * NS_PER_S;
	struct tasks before;

	tasks_now(&before);
	done = 0;
	pthread_mutex_lock(&gate);
	assert_true(pool_submit(p, job, NULL));
	assert_int_equal(threads_since(&before), 1);
	for (int i = 0; i < 6; i++)
		assert_true(pool_submit(p, job, NULL));
	assert_int_equal(threads_since(&before), 4);
	pthread_mutex_unlock(&gate);
	pool_free(p);
	assert_int_equal(done, 7);
	while (threads_since(&before) && clock_mono_ns() < deadline)
		sched_yield();
	assert_int_equal(threads_since(&before), 0);
}

/* Each stop is tried in a process of its own: it lasts. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void *ask(void *arg)
{
	stop_request();
	return NULL;
}

static int by_request(void)
{
	stop_install();
	if (stop_requested() || readable(stop_fd()))
		return 1;
	pthread_t t = thread_start("ask", ask, NULL);

	stop_wait();
	pthread_join(t, NULL);
	return stop_requested() && readable(stop_fd()) ? 0 : 2;
}

static int by_signal(int sig)
{
	stop_install();
	if (stop_requested())
		return 1;
	kill(getpid(), sig);
	if (!stop_requested())
		return 2;
	stop_wait();
	kill(getpid(), SIGPIPE); /* ignored */
	return readable(stop_fd()) ? 0 : 3;
}

static int by_sigterm(void)
{
	return by_signal(SIGTERM);
}

static int by_sigint(void)
{
	return by_signal(SIGINT);
}

static int by_sighup(void)
{
	return by_signal(SIGHUP);
}

static int reset_for_children(void)
{
	stop_install();
	stop_child_reset();
	raise(SIGTERM);
	return 1;
}

static void *nothing(void *arg)
{
	return arg;
}

static int start_refused(void)
{
	pthread_t t;

	if (!thread_forbid())
		return 77;
	if (!thread_try(&t, "none", nothing, NULL))
		return 2;
	thread_start("none", nothing, NULL);
	return 3;
}

/* What cannot begin for want of a thread says so and ends; it does not look like a crash. */
static void no_thread(void **state)
{
	int code = in_child(start_refused);

	if (code == 77)
		skip();
	assert_int_equal(code, 1);
}

static void stops(void **state)
{
	assert_int_equal(in_child(by_request), 0);
	assert_int_equal(in_child(by_sigterm), 0);
	assert_int_equal(in_child(by_sigint), 0);
	assert_int_equal(in_child(by_sighup), 0);
	assert_int_equal(in_child(reset_for_children), 128 + SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_block_signals),
		cmocka_unit_test(pool_is_bounded_and_drains),
		cmocka_unit_test(pool_grows_by_need),
		cmocka_unit_test(no_thread),
		cmocka_unit_test(stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

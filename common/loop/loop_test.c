/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"
#include "loop/loop.h"

enum { LANE_A, LANE_B, LANES };
static const struct loop_lane lanes[LANES] = {[LANE_A] = {"a", 6}, [LANE_B] = {"b", 2}};

struct scene {
	struct loop *l;
	pthread_t loop_thread;
	int order[8], n, jobs;
	struct loop_timer a, b;
	bool wrong_thread;
};
struct mark {
	struct scene *s;
	int what;
};

static void note(void *arg)
{
	struct mark *m = arg;
	m->s->wrong_thread |= !pthread_equal(pthread_self(), m->s->loop_thread);
	m->s->order[m->s->n++] = m->what;
}

static void timer_a(void *arg)
{
	struct scene *s = arg;
	s->order[s->n++] = 10;
}

static void timer_b(void *arg)
{
	struct scene *s = arg;
	s->order[s->n++] = 20;
	loop_stop(s->l);
}

static void set_timers(void *arg)
{
	struct scene *s = arg;
	int64_t now = clock_mono_ns();
	loop_timer_set(s->l, &s->b, now + 20 * NS_PER_MS);
	loop_timer_set(s->l, &s->a, now + 60 * NS_PER_S);
	loop_timer_set(s->l, &s->a, now + 5 * NS_PER_MS); /* moved to the front */
}

static void *run(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void start(struct scene *s, bool inline_jobs)
{
	*s = (struct scene){.l = loop_new(&(struct loop_config){lanes, LANES, inline_jobs})};
	s->a = (struct loop_timer){.fn = timer_a, .arg = s};
	s->b = (struct loop_timer){.fn = timer_b, .arg = s};
	s->loop_thread = thread_start("loop", run, s->l);
}

static void test_posts_and_timers(void **state)
{
	struct scene s;
	start(&s, false);
	struct mark m[3] = {{&s, 1}, {&s, 2}, {&s, 3}};
	loop_post(s.l, note, &m[0]);
	loop_post(s.l, note, &m[1]);
	assert_true(loop_call(s.l, note, &m[2])); /* in order, and waited for */
	assert_int_equal(s.n, 3);
	loop_post(s.l, set_timers, &s);
	pthread_join(s.loop_thread, NULL);
	static const int want[] = {1, 2, 3, 10, 20};
	assert_int_equal(s.n, 5);
	assert_memory_equal(s.order, want, sizeof(want));
	assert_false(s.wrong_thread);
	assert_false(loop_call(s.l, note, &m[0])); /* nobody would run it */
	loop_free(s.l);
}

struct work {
	struct scene *s;
	bool worked;
};

static void do_work(void *arg)
{
	((struct work *)arg)->worked = true;
}

static void work_done(void *arg)
{
	struct work *w = arg;
	assert_true(w->worked);
	if (++w->s->jobs == 100)
		loop_stop(w->s->l);
}

static void submit(void *arg)
{
	struct work *w = arg;
	for (int i = 0; i < 100; i++)
		loop_job(w[i].s->l, i % 2 ? LANE_B : LANE_A, do_work, work_done, &w[i]);
}

static void test_jobs(void **state)
{
	for (int inline_jobs = 0; inline_jobs < 2; inline_jobs++) {
		struct scene s;
		struct work w[100];
		start(&s, inline_jobs);
		for (int i = 0; i < 100; i++)
			w[i] = (struct work){&s, false};
		loop_post(s.l, submit, w);
		pthread_join(s.loop_thread, NULL);
		assert_int_equal(s.jobs, 100);
		struct loop_stats stats;
		loop_stats(s.l, &stats);
		assert_int_equal(stats.jobs, 100);
		assert_int_equal(stats.waiting, 0);
		assert_int_equal(stats.running, 0);
		loop_free(s.l);
	}
}

struct withdrawal {
	struct scene *s;
	struct loop_job *waits, *works;
	pthread_mutex_t turn;
	int order[3], n;
};

static void hold(void *arg)
{
	struct withdrawal *w = arg;
	pthread_mutex_lock(&w->turn);
	pthread_mutex_unlock(&w->turn);
}

static void not_worked(void *arg)
{
	fail();
}

static void note_work(void *arg)
{
	struct withdrawal *w = arg;
	w->order[w->n++] = 1;
	if (w->n == 3)
		loop_stop(w->s->l);
}

static void note_withdrawn(void *arg)
{
	struct withdrawal *w = arg;
	w->order[w->n++] = 2;
	loop_job_withdraw(w->works); /* has begun: goes on */
	pthread_mutex_unlock(&w->turn);
}

static void withdraw(void *arg)
{
	struct withdrawal *w = arg;
	pthread_mutex_lock(&w->turn);
	w->works = loop_job(w->s->l, LANE_B, hold, note_work, w); /* as many as it has threads */
	(void)loop_job(w->s->l, LANE_B, hold, note_work, w);
	w->waits = loop_job(w->s->l, LANE_B, not_worked, note_withdrawn, w);
	loop_job_withdraw(w->waits);
	loop_job_withdraw(w->waits);
	assert_int_equal(w->n, 0); /* not from within */
}

/* A job that waits behind another one comes back without waiting, once. */
static void test_job_withdrawn(void **state)
{
	struct scene s;
	struct withdrawal w = {.s = &s, .turn = PTHREAD_MUTEX_INITIALIZER};
	start(&s, false);
	loop_post(s.l, withdraw, &w);
	pthread_join(s.loop_thread, NULL);
	assert_int_equal(w.n, 3);
	assert_int_equal(w.order[0], 2);
	struct loop_stats stats;
	loop_stats(s.l, &stats);
	assert_int_equal(stats.waiting, 0);
	loop_free(s.l);
}

static void wait_turn(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
}

static void stop_after(void *arg)
{
	loop_stop(arg);
}

/* Who ends a loop that has a job at work, and one that waits behind it, gets both back. */
static void test_job_outlives_loop(void **state)
{
	pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	struct loop *l = loop_new(&(struct loop_config){lanes, LANES, false});
	struct loop_stats stats;
	pthread_mutex_lock(&turn);
	for (size_t i = 0; i < lanes[LANE_A].workers + 1; i++)
		loop_job(l, LANE_A, wait_turn, wait_turn, &turn);
	loop_post(l, stop_after, l);
	loop_run(l);
	loop_stats(l, &stats);
	assert_int_equal(stats.running, lanes[LANE_A].workers);
	assert_int_equal(stats.waiting, 1);
	pthread_mutex_unlock(&turn);
	loop_settle(l);
	loop_stats(l, &stats);
	assert_int_equal(stats.jobs, lanes[LANE_A].workers + 1);
	assert_int_equal(stats.running, 0);
	loop_free(l);
}

/* ---- descriptors ---- */

struct echo {
	struct loop *l;
	struct loop_io io;
	char got[16];
	size_t n;
	unsigned last;
	bool done;
};

static void on_io(void *arg, unsigned events)
{
	struct echo *e = arg;
	e->last = events;
	ssize_t n = read(e->io.fd, e->got + e->n, sizeof(e->got) - e->n);
	if (n > 0) {
		e->n += (size_t)n;
		return;
	}
	loop_io_stop(&e->io);
	loop_signal(e->l, &e->done);
}

static void watch(void *arg)
{
	struct echo *e = arg;
	struct err err = ERR_INIT;
	assert_int_equal(loop_io_start(e->l, &e->io, e->io.fd, LOOP_READ | LOOP_HANGUP, &err), 0);
}

static void test_io(void **state)
{
	for (int threaded = 0; threaded < 2; threaded++) {
		struct echo e = {.l = loop_new(NULL)};
		int fds[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		e.io = (struct loop_io){.fd = fds[0], .fn = on_io, .arg = &e};
		if (threaded)
			loop_start(e.l, "io");
		loop_finish(e.l, watch, &e); /* on the loop, or here */
		assert_int_equal(write(fds[1], "ab", 2), 2);
		assert_false(loop_wait(e.l, &e.done, clock_mono_ns() + 20 * NS_PER_MS));
		close(fds[1]);
		assert_true(loop_wait(e.l, &e.done, CLOCK_NEVER));
		if (threaded)
			loop_join(e.l);
		assert_memory_equal(e.got, "ab", 2);
		assert_true(e.last & LOOP_HANGUP);
		struct loop_stats stats;
		loop_stats(e.l, &stats);
		assert_int_equal(stats.ios, 0);
		close(fds[0]);
		loop_free(e.l);
	}
}

static void test_io_refused(void **state)
{
	struct loop *l = loop_new(NULL);
	struct loop_io io = {.fn = on_io};
	struct err err = ERR_INIT;
	FILE *f = tmpfile();
	assert_int_equal(loop_io_start(l, &io, fileno(f), LOOP_READ, &err), -1); /* never blocks */
	loop_io_stop(&io);
	fclose(f);
	loop_free(l);
}

static void on_writable(void *arg, unsigned events)
{
	struct echo *e = arg;
	e->last |= events;
	loop_io_set(&e->io, 0); /* or it would be called without end */
}

static void test_interest_changes(void **state)
{
	struct echo e = {.l = loop_new(NULL)};
	struct err err = ERR_INIT;
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	e.io = (struct loop_io){.fn = on_writable, .arg = &e};
	assert_int_equal(loop_io_start(e.l, &e.io, fds[0], LOOP_WRITE, &err), 0);
	loop_turn(e.l, CLOCK_NEVER);
	assert_int_equal(e.last, LOOP_WRITE);
	e.last = 0;
	assert_int_equal(write(fds[1], "a", 1), 1);
	loop_turn(e.l, 0);
	assert_int_equal(e.last, 0);
	loop_io_set(&e.io, LOOP_READ);
	loop_turn(e.l, CLOCK_NEVER);
	assert_int_equal(e.last, LOOP_READ);
	loop_io_stop(&e.io);
	close(fds[0]);
	close(fds[1]);
	loop_free(e.l);
}

/* ---- processes ---- */

struct end {
	struct loop *l;
	struct loop_child child;
	pid_t pid;
	int status;
	bool done;
};

static void on_end(void *arg, pid_t pid, int status)
{
	struct end *e = arg;
	assert_int_equal(pid, e->pid);
	e->status = status;
	loop_signal(e->l, &e->done);
}

static void watch_child(void *arg)
{
	struct end *e = arg;
	struct err err = ERR_INIT;
	e->child = (struct loop_child){.fn = on_end, .arg = e};
	assert_int_equal(loop_child_start(e->l, &e->child, e->pid, &err), 0);
}

static pid_t spawn(int code, int gate)
{
	pid_t pid = fork();
	if (!pid) {
		char c;
		_exit(read(gate, &c, 1) < 0 ? 99 : code);
	}
	return pid;
}

static void test_children(void **state)
{
	struct loop *l = loop_new(NULL);
	struct end e[3];
	int gate[2];
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < 3; i++)
		e[i] = (struct end){.l = l, .pid = spawn(i + 1, gate[0])};
	pid_t other = spawn(7, gate[0]);
	loop_start(l, "children");
	for (int i = 0; i < 3; i++)
		assert_true(loop_call(l, watch_child, &e[i]));
	assert_int_equal(write(gate[1], "xxxx", 4), 4);
	for (int i = 0; i < 3; i++) {
		assert_true(loop_wait(l, &e[i].done, CLOCK_NEVER));
		assert_true(WIFEXITED(e[i].status));
		assert_int_equal(WEXITSTATUS(e[i].status), i + 1);
	}
	int status;
	assert_int_equal(waitpid(other, &status, 0), other); /* not its own: left alone */
	assert_int_equal(WEXITSTATUS(status), 7);
	loop_join(l);
	loop_free(l);
	close(gate[0]);
	close(gate[1]);
}

static void test_no_such_process(void **state)
{
	struct loop *l = loop_new(NULL);
	struct loop_child c = {.fn = on_end};
	struct err err = ERR_INIT;
	/* beyond the kernel's highest: nobody else gets this number meanwhile */
	assert_int_equal(loop_child_start(l, &c, (1 << 22) + 1, &err), -1);
	loop_child_stop(&c);
	loop_free(l);
}

/* ---- ends ---- */

static void count(void *arg)
{
	++*(int *)arg;
}

static void call_inside(void *arg)
{
	struct scene *s = arg;
	assert_true(loop_call(s->l, count, &s->n)); /* at once: it is the loop's own thread */
	loop_finish(s->l, count, &s->n);
}

static void test_finish(void **state)
{
	struct scene s = {.l = loop_new(NULL)};
	loop_finish(s.l, count, &s.n); /* nobody runs it: here */
	loop_start(s.l, "finish");
	assert_true(loop_call(s.l, call_inside, &s));
	loop_finish(s.l, count, &s.n);
	loop_stop(s.l);
	loop_finish(s.l, count, &s.n); /* stopped, over or not: it has run when this returns */
	assert_int_equal(s.n, 5);
	loop_join(s.l);
	loop_finish(s.l, count, &s.n);
	assert_int_equal(s.n, 6);
	loop_free(s.l);
}

/* As a process has it that is out of descriptors: no loop, and no end of the process either. */
static void test_no_descriptors(void **state)
{
	struct rlimit old, none;
	int next = open("/dev/null", O_RDONLY);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	for (rlim_t more = 0; more < 3; more++) { /* each of what a loop opens is refused once */
		none.rlim_cur = (rlim_t)next + more;
		close(next);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		struct loop *l = loop_new(NULL);
		int error = errno;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_null(l);
		assert_int_equal(error, EMFILE);
		if (open("/dev/null", O_RDONLY) != next)
			fail_msg("left open, round %d", (int)more);
	}
	close(next);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

static void set_memory_limit(rlim_t bytes)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_AS, &l), 0);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_AS, &l), 0);
}

static void hunger(void *arg)
{
	struct work *w = arg;
	set_memory_limit(1 << 20); /* no stack for a thread */
	loop_job(w->s->l, LANE_A, do_work, work_done, w);
	struct loop_stats stats;
	loop_stats(w->s->l, &stats);
	set_memory_limit(RLIM_INFINITY);
	assert_int_equal(stats.waiting, 1);
	assert_int_equal(stats.running, 0);
}

/* A job for which there is no thread waits until there is one. */
static void test_no_thread(void **state)
{
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* they need address space themselves */
#endif
	struct scene s;
	start(&s, false);
	s.jobs = 99; /* the next one ends it */
	struct work w = {&s, false};
	loop_post(s.l, hunger, &w);
	pthread_join(s.loop_thread, NULL);
	assert_true(w.worked);
	loop_free(s.l);
}

/* ---- numbers of descriptors ---- */

static atomic_bool freed; /* relaxed: what follows it in another thread does not follow it by any lock */

static void *make_and_free(void *arg)
{
	struct loop *l = loop_new(NULL);
	loop_wake(l);
	loop_turn(l, clock_mono_ns());
	loop_free(l);
	atomic_store_explicit(&freed, true, memory_order_relaxed);
	return NULL;
}

/* Whoever gets the numbers that a loop had has nothing to do with it, in ThreadSanitizer's eyes neither. */
static void test_numbers_go_on(void **state)
{
	int v[4];
	atomic_store(&freed, false);
	pthread_t t = thread_start("short", make_and_free, NULL);
	while (!atomic_load_explicit(&freed, memory_order_relaxed))
		sched_yield();
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_true((v[i] = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		close(v[i]);
	pthread_join(t, NULL);
}

struct eager {
	struct loop *l;
	struct loop_timer t;
	int runs;
};

static void stop_now(void *arg)
{
	loop_stop(arg);
}

static void again_at_once(void *arg)
{
	struct eager *e = arg;
	if (e->runs++ == 1)
		loop_post(e->l, stop_now, e->l);
	loop_timer_set(e->l, &e->t, 1);
}

/* A timer whose time has always come holds up nobody else. */
static void test_eager_timer(void **state)
{
	struct eager e = {.l = loop_new(NULL), .t = {.fn = again_at_once, .arg = &e}};
	loop_timer_set(e.l, &e.t, 1);
	loop_run(e.l);
	loop_timer_set(e.l, &e.t, CLOCK_NEVER);
	loop_free(e.l);
}

static void test_real_timer(void **state)
{
	struct scene s = {.l = loop_new(NULL)};
	clock_fake(0);
	struct loop_timer frozen = {.fn = count, .arg = &s.n};
	struct loop_timer real = {.fn = count, .arg = &s.jobs, .real = true};
	loop_timer_set(s.l, &frozen, clock_mono_ns() + NS_PER_S);
	loop_timer_set(s.l, &real, loop_real_ns() + NS_PER_MS);
	while (!s.jobs)
		loop_turn(s.l, CLOCK_NEVER);
	assert_int_equal(s.n, 0);
	clock_advance(NS_PER_S);
	loop_wake(s.l);
	loop_turn(s.l, CLOCK_NEVER);
	assert_int_equal(s.n, 1);
	clock_real();
	loop_free(s.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_no_thread), /* first: later there are stacks of threads that have ended */
		cmocka_unit_test(test_posts_and_timers),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_job_outlives_loop),
		cmocka_unit_test(test_job_withdrawn),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_io),
		cmocka_unit_test(test_io_refused),
		cmocka_unit_test(test_interest_changes),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_no_such_process),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_numbers_go_on),
		cmocka_unit_test(test_eager_timer),
		cmocka_unit_test(test_real_timer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/thread.h"
#include "loop/loop.h"

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
	*s = (struct scene){.l = loop_new(inline_jobs)};
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
		loop_job(w[i].s->l, i % 2 ? LANE_PULL : LANE_WORK, do_work, work_done, &w[i]);
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
		loop_free(s.l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_posts_and_timers),
					   cmocka_unit_test(test_jobs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

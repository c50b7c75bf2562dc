/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libuv's loop with one uv_async (somebody posted), one uv_timer (the earliest of our own heaps, because
 * thousands of Pods each have a deadline) and our lanes instead of libuv's one thread pool. Posts are a
 * singly linked list under a mutex that is taken whole: a burst of events costs one wake-up.
 *
 * Who may touch the loop's inside: the thread that runs it, known by a thread-local pointer, or, while
 * `running` is false, whoever uses it. `running` falls only after the last accepted post has run, so that
 * loop_finish either gets its turn on the loop or finds it over.
 */
#include "loop/loop_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#include <sanitizer/linux_syscall_hooks.h>
#define LOOP_TSAN
#endif
#endif

static _Thread_local struct loop *current;

/* ---- timers ---- */

int64_t loop_real_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t now_ns(size_t heap)
{
	return heap ? loop_real_ns() : clock_mono_ns();
}

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct loop_timer, node)->at_ns <
	       CONTAINER_OF(b, struct loop_timer, node)->at_ns;
}

static void on_timer(uv_timer_t *t);

static int64_t first_at(const struct heap *h)
{
	struct heap_node *first = heap_peek(h);
	return first ? CONTAINER_OF(first, struct loop_timer, node)->at_ns : CLOCK_NEVER;
}

/* How long the loop may sleep; < 0: for ever. */
static int64_t next_ms(struct loop *l)
{
	int64_t real_at = first_at(&l->timers[1]);
	int64_t ms = clock_poll_ms(first_at(&l->timers[0])); /* rounded up: a timer never fires early */
	if (real_at != CLOCK_NEVER) {
		int64_t left = real_at > 0 ? (real_at - loop_real_ns() + NS_PER_MS - 1) / NS_PER_MS : 0;
		left = left > 0 ? left : 0;
		ms = ms < 0 || left < ms ? left : ms;
	}
	return ms;
}

static void set_timer(struct loop *l, int64_t ms)
{
	if (ms < 0) {
		uv_timer_stop(&l->timer);
		return;
	}
	uv_update_time(&l->uv);
	uv_timer_start(&l->timer, on_timer, (uint64_t)ms, 0);
}

static void arm(struct loop *l)
{
	if (!l->firing) /* else it is done at the end */
		set_timer(l, next_ms(l));
}

/* One that sets itself to a time that has passed runs again in the next round, behind all that waits: libuv would call a
   timer of no length again and again before it looks at anything else. */
static void run_timers(struct loop *l)
{
	l->firing = true;
	for (size_t i = 0; i < ARRAY_LEN(l->timers); i++) {
		struct heap_node *first = heap_peek(&l->timers[i]);
		if (!first)
			continue;
		int64_t now = now_ns(i);
		for (size_t left = l->timers[i].len; first && left;
		     left--, first = heap_peek(&l->timers[i])) {
			struct loop_timer *t = CONTAINER_OF(first, struct loop_timer, node);
			if (t->at_ns > now)
				break;
			heap_pop(&l->timers[i]);
			t->fn(t->arg);
		}
	}
	l->firing = false;
	int64_t ms = next_ms(l);
	if (ms)
		set_timer(l, ms);
	else
		uv_async_send(&l->wake);
}

static void on_timer(uv_timer_t *t)
{
	struct loop *l = t->data;
	run_timers(l);
	if (l->turning) /* libuv looks at timers before it sleeps: what they did may be what the turn is for */
		uv_stop(&l->uv);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns)
{
	struct heap *h = &l->timers[t->real];
	bool queued = t->node.pos != 0;
	if (queued ? t->at_ns == at_ns : at_ns == CLOCK_NEVER)
		return;
	struct heap_node *first = heap_peek(h);
	if (queued)
		heap_remove(h, &t->node);
	t->at_ns = at_ns;
	if (at_ns != CLOCK_NEVER)
		heap_push(h, &t->node);
	if (first == &t->node || heap_peek(h) != first)
		arm(l);
}

/* ---- posts ---- */

static void run_posts(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	struct loop_post *p = l->head;
	l->head = NULL;
	l->tail = &l->head;
	bool stopped = l->stopped;
	pthread_mutex_unlock(&l->lock);
	for (struct loop_post *next; p; p = next) {
		next = p->next;
		p->fn(p->arg);
		free(p);
		atomic_fetch_add_explicit(&l->posts, 1, memory_order_relaxed);
	}
	if (stopped)
		uv_stop(&l->uv);
}

static void on_wake(uv_async_t *a)
{
	struct loop *l = a->data;
	run_posts(l);
	run_timers(l);
}

static void on_check(uv_check_t *c)
{
	atomic_fetch_add_explicit(&((struct loop *)c->data)->turns, 1, memory_order_relaxed);
}

/* Under the lock. */
static void push(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_post *p = MEM_NEW(struct loop_post);
	p->fn = fn;
	p->arg = arg;
	*l->tail = p;
	l->tail = &p->next;
	uv_async_send(&l->wake);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	pthread_mutex_lock(&l->lock);
	push(l, fn, arg);
	pthread_mutex_unlock(&l->lock);
}

void loop_wake(struct loop *l)
{
	uv_async_send(&l->wake);
}

void loop_signal(struct loop *l, bool *flag)
{
	pthread_mutex_lock(&l->lock);
	*flag = true;
	pthread_cond_broadcast(&l->signalled);
	pthread_mutex_unlock(&l->lock);
}

bool loop_wait(struct loop *l, const bool *flag, int64_t deadline_ns)
{
	bool in_time = true, set;
	assert(current != l);
	pthread_mutex_lock(&l->lock);
	while (!(set = *flag) && in_time) {
		if (l->running) {
			in_time = clock_cond_wait(&l->signalled, &l->lock, deadline_ns);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		loop_turn(l, deadline_ns);
		pthread_mutex_lock(&l->lock);
		in_time = deadline_ns == CLOCK_NEVER || clock_mono_ns() < deadline_ns;
	}
	pthread_mutex_unlock(&l->lock);
	return set;
}

struct loop_call_wait {
	struct loop *l;
	loop_fn *fn;
	void *arg;
	bool done;
};

static void run_call(void *arg)
{
	struct loop_call_wait *c = arg;
	c->fn(c->arg);
	loop_signal(c->l, &c->done);
}

bool loop_call(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_call_wait c = {.l = l, .fn = fn, .arg = arg};
	if (current == l) {
		fn(arg);
		return true;
	}
	/* What was accepted is run: loop_run takes the last posts after it was stopped. */
	pthread_mutex_lock(&l->lock);
	bool ok = !l->stopped;
	if (ok)
		push(l, run_call, &c);
	while (ok && !c.done)
		pthread_cond_wait(&l->signalled, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return ok;
}

void loop_finish(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_call_wait c = {.l = l, .fn = fn, .arg = arg};
	bool here = current == l;
	if (!here) {
		pthread_mutex_lock(&l->lock);
		here = !l->running;
		if (!here)
			push(l, run_call, &c);
		while (!here && !c.done)
			pthread_cond_wait(&l->signalled, &l->lock);
		pthread_mutex_unlock(&l->lock);
	}
	if (here)
		fn(arg);
}

/* ---- life ---- */

/* libuv's loop, and in it the handles, which cannot fail once the first has what it waits with. */
static int open_uv(struct loop *l)
{
	int rc = uv_loop_init(&l->uv);
	if (rc) { /* it forgets to close these */
		const int left[] = {l->uv.backend_fd, l->uv.signal_pipefd[0], l->uv.signal_pipefd[1]};
		for (size_t i = 0; i < ARRAY_LEN(left); i++)
			if (left[i] > 0)
				close(left[i]);
		return rc;
	}
	rc = uv_async_init(&l->uv, &l->wake, on_wake);
	if (rc) {
		(void)uv_loop_close(&l->uv);
		return rc;
	}
	(void)uv_timer_init(&l->uv, &l->timer);
	(void)uv_check_init(&l->uv, &l->check);
	l->wake.data = l->timer.data = l->check.data = l;
	uv_check_start(&l->check, on_check);
	return 0;
}

struct loop *loop_new(const struct loop_config *c)
{
	struct loop *l = MEM_NEW(struct loop);
	int rc = open_uv(l);
	if (rc) {
		free(l);
		errno = -rc;
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(l->timers); i++)
		l->timers[i] = (struct heap)HEAP_INIT(sooner);
	if (c)
		l->config = *c;
	l->tail = &l->head;
	pthread_mutex_init(&l->lock, NULL);
	clock_cond_init(&l->signalled);
	loop_jobs_init(l);
	return l;
}

static void set_running(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	assert(!l->running);
	l->running = true;
	pthread_mutex_unlock(&l->lock);
}

static void run(struct loop *l)
{
	current = l;
	uv_run(&l->uv, UV_RUN_DEFAULT);
	pthread_mutex_lock(&l->lock);
	while (l->head) {
		pthread_mutex_unlock(&l->lock);
		run_posts(l);
		pthread_mutex_lock(&l->lock);
	}
	l->running = false;
	current = NULL;
	pthread_cond_broadcast(&l->signalled);
	pthread_mutex_unlock(&l->lock);
}

void loop_run(struct loop *l)
{
	set_running(l);
	run(l);
}

void loop_stop(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->stopped = true;
	uv_async_send(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

static void *thread_main(void *arg)
{
	run(arg);
	return NULL;
}

void loop_start(struct loop *l, const char *name)
{
	set_running(l);
	l->thread = thread_start(name, thread_main, l);
}

int loop_try_start(struct loop *l, const char *name)
{
	set_running(l);
	int rc = thread_try(&l->thread, name, thread_main, l);
	if (rc) {
		pthread_mutex_lock(&l->lock);
		l->running = false;
		pthread_mutex_unlock(&l->lock);
	}
	return rc;
}

void loop_join(struct loop *l)
{
	loop_stop(l);
	pthread_join(l->thread, NULL);
}

static void nothing(void *arg)
{
}

void loop_turn(struct loop *l, int64_t deadline_ns)
{
	struct loop_timer until = {.fn = nothing};
	struct loop *outer = current;
	assert(outer != l);
	current = l;
	l->turning = true;
	if (deadline_ns > clock_mono_ns()) {
		loop_timer_set(l, &until, deadline_ns);
		uv_run(&l->uv, UV_RUN_ONCE);
		loop_timer_set(l, &until, CLOCK_NEVER);
	} else {
		uv_run(&l->uv, UV_RUN_NOWAIT);
	}
	l->turning = false;
	current = outer;
}

/* libuv closes by the system call itself, which ThreadSanitizer does not see: whoever opens the next file in another
 * thread, under the same number, would race with this loop. */
static void tell_sanitizer(const struct loop *l)
{
#ifdef LOOP_TSAN
	const int closed[] = {l->uv.backend_fd, l->uv.async_io_watcher.fd, l->uv.signal_pipefd[0],
			      l->uv.signal_pipefd[1]};
	for (size_t i = 0; i < ARRAY_LEN(closed); i++)
		if (closed[i] >= 0)
			__sanitizer_syscall_pre_close(closed[i]);
#else
	(void)l;
#endif
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	loop_jobs_release(l);
	for (struct loop_post *p = l->head, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->timer, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	while (uv_run(&l->uv, UV_RUN_ONCE))
		; /* until all are closed; a stop that is pending ends the first round early */
	tell_sanitizer(l);
	int rc = uv_loop_close(&l->uv);
	assert(!rc); /* else a loop_io was left */
	(void)rc;
	for (size_t i = 0; i < ARRAY_LEN(l->timers); i++)
		heap_release(&l->timers[i]);
	pthread_cond_destroy(&l->signalled);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void loop_stats(struct loop *l, struct loop_stats *ret)
{
	*ret = (struct loop_stats){.turns = atomic_load(&l->turns),
				   .posts = atomic_load(&l->posts),
				   .jobs = atomic_load(&l->jobs),
				   .ios = atomic_load(&l->ios),
				   .waiting = atomic_load(&l->waiting),
				   .running = atomic_load(&l->at_work)};
}

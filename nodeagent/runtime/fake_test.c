/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "runtime/fake.h"

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t more;
	int n;
	char last[RUNTIME_ID_MAX];
};

static void on_exit_notice(void *arg, const char *id)
{
	struct seen *s = arg;
	pthread_mutex_lock(&s->lock);
	s->n++;
	snprintf(s->last, sizeof(s->last), "%s", id);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static void wait_exits(struct seen *s, int n)
{
	pthread_mutex_lock(&s->lock);
	while (s->n < n)
		pthread_cond_wait(&s->more, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static struct runtime_sandbox make_sandbox(struct runtime *rt)
{
	struct err err = ERR_INIT;
	struct runtime_sandbox s;
	char id[RUNTIME_ID_MAX];
	runtime_new_id(rt, id);
	const struct runtime_sandbox_spec spec = {
		.id = id, .pod_uid = "u", .pod_namespace = "n", .pod_name = "p"};
	assert_int_equal(rt->ops->sandbox_run(rt, &spec, &s, &err), 0);
	assert_string_equal(s.id, id);
	assert_true(s.ready);
	return s;
}

static void start(struct runtime *rt, const char *sandbox, const char *order, char id[RUNTIME_ID_MAX])
{
	struct err err = ERR_INIT;
	const struct runtime_kv kv = {FAKE_EXIT_ANNOTATION, order};
	runtime_new_id(rt, id);
	const struct runtime_container_spec spec = {.id = id,
						    .sandbox_id = sandbox,
						    .name = "c",
						    .image_id = "i",
						    .annotations = &kv,
						    .n_annotations = order != NULL};
	assert_int_equal(rt->ops->container_create(rt, &spec, &err), 0);
	assert_int_equal(rt->ops->container_start(rt, id, &err), 0);
}

static void test_life(void **state)
{
	struct seen seen = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, ""};
	struct err err = ERR_INIT;
	struct loop *l = loop_new(NULL);
	struct fake_world *w = fake_world_new(l);
	loop_start(l, "loop");
	struct runtime *rt = fake_new(w, "10.100.3.0/24", on_exit_notice, &seen, &err);
	struct runtime_container c;
	struct runtime_list list;
	char id[RUNTIME_ID_MAX], bad[RUNTIME_ID_MAX];
	struct runtime_sandbox s = make_sandbox(rt), s2 = make_sandbox(rt);
	assert_string_equal(s.ips[0], "10.100.3.1");
	assert_string_equal(s2.ips[0], "10.100.3.2");
	start(rt, s.id, NULL, id);
	start(rt, s.id, "nonsense", bad); /* an order that cannot be read is none */
	assert_int_equal(rt->ops->container_signal(rt, id, SIGTERM, &err), 0);
	wait_exits(&seen, 1);
	assert_string_equal(seen.last, id);
	assert_int_equal(rt->ops->container_status(rt, id, &c, &err), 0);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 0);
	start(rt, s2.id, "7@0.01", id);
	wait_exits(&seen, 2);
	assert_int_equal(rt->ops->container_status(rt, id, &c, &err), 0);
	assert_int_equal(c.exit_code, 7);
	start(rt, s2.id, "7@1000", id); /* removed before its time */
	assert_int_equal(rt->ops->list(rt, &list, &err), 0);
	assert_int_equal(list.n_sandboxes, 2);
	assert_int_equal(list.n_containers, 4);
	runtime_list_release(&list);
	assert_int_equal(rt->ops->sandbox_remove(rt, s.id, &err), 0);
	assert_int_equal(rt->ops->sandbox_remove(rt, s.id, &err), 0);
	s = make_sandbox(rt);
	assert_string_equal(s.ips[0], "10.100.3.1"); /* addresses come back */
	rt->ops->free(rt);
	fake_world_free(w);
	loop_join(l);
	loop_free(l);
}

static void test_images(void **state)
{
	struct err err = ERR_INIT;
	struct loop *l = loop_new(NULL);
	struct fake_world *w = fake_world_new(l);
	loop_start(l, "loop");
	struct runtime *rt = fake_new(w, "10.100.3.0/24", NULL, NULL, &err);
	struct runtime_image i;
	assert_int_equal(rt->ops->image_get(rt, "nginx:1", &i, &err), 0);
	assert_string_equal(i.ref, "nginx:1");
	runtime_image_release(&i);
	assert_int_equal(rt->ops->image_get(rt, "reg.invalid/x", &i, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_int_equal(rt->ops->image_pull(rt, "reg.invalid/x", NULL, NULL, &i, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	rt->ops->free(rt);
	assert_null(fake_new(w, "10.100.3.0/16", NULL, NULL, &err));
	assert_null(fake_new(w, "10.100.3.1/24", NULL, NULL, &err));
	assert_null(fake_new(w, "fd00::/24", NULL, NULL, &err));
	fake_world_free(w);
	loop_join(l);
	loop_free(l);
}

static char *take_all(struct runtime_stream *s, struct buf *b)
{
	enum runtime_channel ch;
	char tmp[64];
	ssize_t n;
	while ((n = runtime_stream_read(s, s->out, tmp, sizeof(tmp), &ch)) > 0)
		buf_add(b, tmp, (size_t)n);
	assert_int_equal(n, 0);
	return b->p;
}

static void test_inside(void **state)
{
	struct seen seen = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, ""};
	struct err err = ERR_INIT;
	struct loop *l = loop_new(NULL);
	struct fake_world *w = fake_world_new(l);
	loop_start(l, "loop");
	struct runtime *rt = fake_new(w, "10.100.3.0/24", on_exit_notice, &seen, &err);
	struct runtime_sandbox s = make_sandbox(rt);
	char id[RUNTIME_ID_MAX];
	autobuf struct buf out = BUF_INIT, streamed = BUF_INIT;
	struct runtime_exec_result r = {.out = &out};
	struct runtime_stream st;
	int code = -2;
	start(rt, s.id, NULL, id);
	assert_int_equal(rt->ops->exec_sync(rt, id, (const char *const[]){"exit", "3", NULL}, 1, &r, &err),
			 0);
	assert_int_equal(r.exit_code, 3);
	assert_string_equal(out.p, "exit 3\n");
	assert_int_equal(rt->ops->exec_sync(rt, id, (const char *const[]){"hang", NULL}, 1, &r, &err), -1);
	assert_int_equal(err.reason, REASON_TIMEOUT);
	const struct runtime_exec_spec x = {.argv = (const char *const[]){"exit", "4", NULL}, .out = true};
	assert_int_equal(rt->ops->exec(rt, id, &x, &st, &err), 0);
	assert_string_equal(take_all(&st, &streamed), "exit 4\n");
	assert_true(runtime_stream_ended(&st, &code));
	assert_int_equal(code, 4);
	runtime_stream_close(&st);
	assert_int_equal(rt->ops->sandbox_stop(rt, s.id, &err), 0);
	assert_int_equal(rt->ops->sandbox_status(rt, s.id, &s, &err), 0);
	assert_false(s.ready);
	assert_int_equal(rt->ops->exec(rt, id, &x, &st, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	rt->ops->free(rt);
	fake_world_free(w);
	loop_join(l);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_inside),
					   cmocka_unit_test(test_images)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static const struct runtime_sandbox_spec sandbox_spec = {
	.pod_uid = "u", .pod_namespace = "n", .pod_name = "p"};

static void start(struct runtime *rt, const char *sandbox, const char *order, char id[RUNTIME_ID_MAX])
{
	struct err err = ERR_INIT;
	const struct runtime_kv kv = {FAKE_EXIT_ANNOTATION, order};
	const struct runtime_container_spec spec = {.sandbox_id = sandbox,
						    .name = "c",
						    .image_id = "i",
						    .annotations = &kv,
						    .n_annotations = order != NULL};
	assert_int_equal(rt->ops->container_create(rt, &spec, id, &err), 0);
	assert_int_equal(rt->ops->container_start(rt, id, &err), 0);
}

static void test_life(void **state)
{
	struct seen seen = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, ""};
	struct err err = ERR_INIT;
	struct fake_world *w = fake_world_new();
	struct runtime *rt = fake_new(w, "10.100.3.0/24", on_exit_notice, &seen, &err);
	struct runtime_sandbox s, s2;
	struct runtime_container c;
	struct runtime_list list;
	char id[RUNTIME_ID_MAX], bad[RUNTIME_ID_MAX];
	assert_int_equal(rt->ops->sandbox_create(rt, &sandbox_spec, &s, &err), 0);
	assert_int_equal(rt->ops->sandbox_create(rt, &sandbox_spec, &s2, &err), 0);
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
	assert_int_equal(rt->ops->sandbox_create(rt, &sandbox_spec, &s, &err), 0);
	assert_string_equal(s.ips[0], "10.100.3.1"); /* addresses come back */
	rt->ops->free(rt);
	fake_world_free(w);
}

static void test_images(void **state)
{
	struct err err = ERR_INIT;
	struct fake_world *w = fake_world_new();
	struct runtime *rt = fake_new(w, "10.100.3.0/24", NULL, NULL, &err);
	struct runtime_image i;
	assert_int_equal(rt->ops->image_get(rt, "nginx:1", &i, &err), 0);
	assert_string_equal(i.ref, "nginx:1");
	runtime_image_release(&i);
	assert_int_equal(rt->ops->image_get(rt, "reg.invalid/x", &i, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_int_equal(rt->ops->image_pull(rt, "reg.invalid/x", NULL, &i, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	rt->ops->free(rt);
	assert_null(fake_new(w, "10.100.3.0/16", NULL, NULL, &err));
	assert_null(fake_new(w, "10.100.3.1/24", NULL, NULL, &err));
	assert_null(fake_new(w, "fd00::/24", NULL, NULL, &err));
	fake_world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_images)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

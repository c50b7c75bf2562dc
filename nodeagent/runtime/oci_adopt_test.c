/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that was killed while it started a container: its program runs once, and nothing of it is left behind. */
#include "runtime/oci_rig_test.h"

#include <sys/file.h>

static struct oci *oci(void)
{
	return (struct oci *)rt;
}

static void reopen(void)
{
	rt->ops->free(rt);
	rt = open_runtime();
}

/* It was started, and nobody wrote that down. */
static void forget_start(const char *id)
{
	struct err err = ERR_INIT;
	struct oci_container *c = oci_container_find(oci(), id);
	assert_non_null(c);
	pthread_mutex_lock(&oci()->lock);
	c->started_ns = c->finished_ns = 0;
	pthread_mutex_unlock(&oci()->lock);
	assert_int_equal(oci_container_save(oci(), c, &err), 0);
	oci_container_unref(c);
}

static bool known(const char *id)
{
	struct oci_container *c = oci_container_find(oci(), id);
	oci_container_unref(c);
	return c != NULL;
}

static bool there(const char *dir, const char *id)
{
	autofree char *path = mem_printf("%s/%s/%s", root, dir, id);
	return access(path, F_OK) == 0;
}

static void test_started(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-started");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made stays = make(&s, SPEC(.name = "stays", .stop_signal = SIGUSR1), CMD("sleep", "1000")),
		    ends = make(&s, SPEC(.name = "ends"), CMD("sh", "-c", "exit 9"));
	start(&stays);
	start(&ends);
	wait_end(ends.id);
	int pid = status(stays.id).pid;
	forget_start(stays.id);
	forget_start(ends.id);
	reopen();
	struct runtime_container c = status(stays.id);
	assert_int_equal(c.state, RUNTIME_RUNNING);
	assert_int_equal(c.pid, pid);
	assert_true(c.started_ns >= c.created_ns);
	c = status(ends.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 9);
	assert_int_equal(status(stays.id).stop_signal, SIGUSR1);
	assert_int_equal(c.stop_signal, SIGTERM);
	assert_int_equal(rt->ops->container_signal(rt, stays.id, SIGKILL, &err), 0);
	wait_end(stays.id);
	remove_sandbox(&s);
}

/* As far as conmon and the runtime's create, and no further. */
static struct oci_process begin(const struct made *m, bool written_down)
{
	struct err err = ERR_INIT;
	struct oci_container *c = oci_container_find(oci(), m->id);
	assert_non_null(c);
	if (oci_conmon_create(oci(), c, &err) < 0)
		fail_msg("%s", err.msg);
	if (written_down)
		assert_int_equal(oci_container_save(oci(), c, &err), 0);
	struct oci_process conmon = c->conmon;
	assert_true(oci_process_alive(&conmon));
	oci_container_unref(c);
	return conmon;
}

static void test_only_made(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-made");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made known_of = make(&s, SPEC(.name = "known"), CMD("sleep", "1000")),
		    unknown = make(&s, SPEC(.name = "unknown"), CMD("sleep", "1000")),
		    half_gone = make(&s, SPEC(.name = "half"), CMD("sleep", "1000")),
		    waits = make(&s, SPEC(.name = "waits"), CMD("sleep", "1000"));
	struct oci_process conmons[] = {begin(&known_of, true), begin(&unknown, false),
					begin(&half_gone, true)};
	const char *const ids[] = {known_of.id, unknown.id, half_gone.id};
	struct oci_container *c = oci_container_find(oci(), half_gone.id);
	assert_int_equal(oci_runtime_delete(oci(), c, &err), 0);
	oci_container_unref(c);
	reopen();
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_false(known(ids[i]));
		assert_false(oci_process_alive(&conmons[i]));
		assert_false(there("containers", ids[i]));
		assert_false(there("runtime", ids[i]));
		assert_false(there("exits", ids[i]));
	}
	assert_true(known(waits.id)); /* conmon was never called for it */
	remove_sandbox(&s);
}

/* What an earlier agent ran holds the lock: here a thread of the test does. */
static int64_t let_go_ns;
static void *hold(void *arg)
{
	int *fd = arg;
	for (int i = 0; i < 30; i++)
		tick();
	let_go_ns = clock_mono_ns();
	close(*fd);
	return NULL;
}

static void test_waits_for_programs(void **state)
{
	NEED_ROOT();
	pthread_t t;
	autofree char *path = mem_printf("%s/lock", root);
	rt->ops->free(rt);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* ours ended with the runtime */
	assert_int_equal(pthread_create(&t, NULL, hold, &fd), 0);
	rt = open_runtime();
	int64_t opened = clock_mono_ns();
	pthread_join(t, NULL);
	assert_true(opened >= let_go_ns);
}

/* Network plugins have it as their descriptor 3. */
static void test_programs_hold_it(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	char dir[] = "/tmp/oci_adopt_test.XXXXXX", id[RUNTIME_ID_MAX];
	static const char list[] =
		"{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"plugin\"}]}";
	assert_non_null(mkdtemp(dir));
	autofree char *plugin = mem_printf("%s/plugin", dir), *conf = mem_printf("%s/1.conflist", dir),
		      *seen = mem_printf("%s/seen", dir), *want = mem_printf("%s/lock\n", root),
		      *script = mem_printf("#!/bin/sh\nreadlink /proc/$$/fd/3 >%s\nexit 1\n", seen);
	assert_int_equal(tree_write(plugin, script, strlen(script), 0755, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_write(conf, list, strlen(list), 0644, TREE_VOLATILE, &err), 0);
	rt->ops->free(rt);
	rt = open_with(dir);
	struct runtime_sandbox_spec p = pod("uid-holds");
	struct runtime_sandbox s;
	runtime_new_id(rt, id);
	p.id = id;
	assert_int_equal(rt->ops->sandbox_run(rt, &p, &s, &err), -1);
	autobuf struct buf b = BUF_INIT;
	assert_int_equal(tree_read(seen, 4096, &b, &err), 0);
	assert_string_equal(buf_str(&b), want);
	reopen();
	assert_int_equal(tree_remove(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_only_made),
		cmocka_unit_test(test_waits_for_programs),
		cmocka_unit_test(test_programs_hold_it),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

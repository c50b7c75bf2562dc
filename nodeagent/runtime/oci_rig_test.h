/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests that really run busybox: the runtime on a directory, a cluster name, addresses and a host port of its own,
 * an image, and shorthands. Needs root, an OCI runtime, conmon, the CNI plugins, busybox-static, and the pause program of
 * this build.
 */
#ifndef RUNTIME_OCI_RIG_TEST_H
#define RUNTIME_OCI_RIG_TEST_H

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/port_test.h"
#include "base/rand.h"
#include "os/process.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define RIG __attribute__((unused))

static char root[] = "/tmp/oci_test.XXXXXX";
static char pause_path[4096], archive[4096];
static struct runtime *rt;
static struct loop *loop; /* of all runtimes that the test opens; on a thread of its own */
/* Of this run alone: another one may be under way beside it. */
static char cluster[13], cidr[32], net[24]; /* net: "10.200.7." */
static int host_port;

/* What is waited for here announces itself to nobody: look again in a moment. */
RIG static void tick(void)
{
	(void)poll(NULL, 0, 10);
}

/* ---- ends of containers ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static struct map ended; /* id -> how often it was told */

RIG static uintptr_t times_told(const char *id)
{
	return (uintptr_t)map_get(&ended, id);
}

RIG static void on_exit_cb(void *arg, const char *id)
{
	pthread_mutex_lock(&lock);
	map_set(&ended, id, (void *)(times_told(id) + 1));
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&lock);
}

RIG static void wait_told(const char *id, uintptr_t times)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	pthread_mutex_lock(&lock);
	bool in_time = true;
	while (times_told(id) < times && in_time)
		in_time = clock_cond_wait(&cond, &lock, deadline);
	bool there = times_told(id) >= times;
	pthread_mutex_unlock(&lock);
	if (!there)
		fail_msg("no end of %s was told", id);
}

RIG static void wait_end(const char *id)
{
	wait_told(id, 1);
}

/* ---- set-up ---- */

/* cni: where the network's configuration and its plugins are; NULL: our own configuration, the system's plugins. */
RIG static struct runtime *open_with(const char *cni)
{
	struct err err = ERR_INIT;
	struct runtime_config c = {.root = root,
				   .cluster_id = cluster,
				   .runtime = getenv("CORACLE_TEST_RUNTIME"), /* NULL: as the agent chooses */
				   .pause = pause_path,
				   .cni_conf_dir = cni ? cni : "/nonexistent",
				   .cni_bin_dirs = cni,
				   .pod_cidr = cidr,
				   .on_exit = on_exit_cb,
				   .loop = loop};
	struct runtime *r = runtime_open(&c, &err);
	if (!r)
		fail_msg("%s", err.msg);
	return r;
}

RIG static struct runtime *open_runtime(void)
{
	return open_with(NULL);
}

/* B/test/nodeagent/runtime/oci_test -> B/bin/pause */
RIG static void find_pause(void)
{
	ssize_t n = readlink("/proc/self/exe", pause_path, sizeof(pause_path) - 32);
	assert_true(n > 0);
	pause_path[n] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(pause_path, '/') = '\0';
	memcpy(pause_path + strlen(pause_path), "/bin/pause", sizeof("/bin/pause"));
}

/* Does the machine know the way to 10.HIGH.LOW.0 already? A run that was killed may have left its bridge. */
RIG static bool is_routed(unsigned high, unsigned low)
{
	autobuf struct buf routes = BUF_INIT;
	struct err err = ERR_INIT;
	char want[16];
	assert_int_equal(tree_read("/proc/net/route", 1 << 20, &routes, &err), 0);
	snprintf(want, sizeof(want), "\t%08X\t", 10u | high << 8 | low << 16);
	return strstr(buf_str(&routes), want) != NULL;
}

/* Below 10.244, where clusters are. */
RIG static void choose_names(void)
{
	unsigned high, low;
	snprintf(cluster, sizeof(cluster), "t%08x", (unsigned)rand_u64());
	do {
		high = 128 + (unsigned)rand_below(116);
		low = (unsigned)rand_below(256);
	} while (!port_test_claim("net", (int)(high << 8 | low)) || is_routed(high, low));
	snprintf(net, sizeof(net), "10.%u.%u.", high, low);
	snprintf(cidr, sizeof(cidr), "%s0/24", net);
	host_port = port_test_take();
}

RIG static int setup(void **state)
{
	if (geteuid() != 0)
		return 0;
	struct err err = ERR_INIT;
	int status;
	static const struct loop_lane lanes[] = {{"work", 2}};
	loop = loop_new(&(struct loop_config){lanes, ARRAY_LEN(lanes), false});
	loop_start(loop, "loop");
	clock_cond_init(&cond);
	find_pause();
	choose_names();
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	snprintf(archive, sizeof(archive), "%s/busybox.tar", root);
	struct process_spec s = {.argv = (const char *const[]){"deploy/oci-image", archive, "busybox:test",
							       "/www/index.html=/etc/hostname", NULL}};
	if (process_run(&s, &status, &err) < 0 || status)
		fail_msg("deploy/oci-image (run from the root of the tree): %d %s", status, err.msg);
	rt = open_runtime();
	if (rt->ops->image_import(rt, archive, NULL, &err) != 1)
		fail_msg("%s", err.msg);
	return 0;
}

RIG static bool no_cgroup_left(void)
{
	struct err err = ERR_INIT;
	struct oci_cgroups *g = oci_cgroups_open("/proc/self/mountinfo", HUGEPAGES_DIR, &err);
	assert_non_null(g);
	oci_cgroups_free(g);
	static const char *const dirs[] = {"", "/memory", "/cpuset", "/systemd", "/unified"};
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		autofree char *p = mem_printf("/sys/fs/cgroup%s/coracle-%s", dirs[i], cluster);
		if (access(p, F_OK) == 0)
			return false;
	}
	return true;
}

RIG static int teardown(void **state)
{
	if (geteuid() != 0)
		return 0;
	struct err err = ERR_INIT;
	autobuf struct buf mounts = BUF_INIT;
	if (rt->ops->teardown(rt, &err) < 0)
		fail_msg("%s", err.msg);
	loop_join(loop);
	loop_free(loop);
	autofree char *bridge = mem_printf("/sys/class/net/cor%s", cluster);
	assert_int_equal(access(bridge, F_OK), -1);
	assert_true(no_cgroup_left());
	assert_int_equal(tree_read("/proc/self/mountinfo", 1 << 24, &mounts, &err), 0);
	assert_null(strstr(mounts.p, root));
	if (tree_remove(root, &err) < 0)
		fail_msg("%s", err.msg);
	map_release(&ended);
	return 0;
}

/* ---- shorthands ---- */

#define NEED_ROOT()                                                                                          \
	do {                                                                                                 \
		if (geteuid() != 0)                                                                          \
			skip();                                                                              \
	} while (0)

RIG static struct runtime_sandbox_spec pod(const char *uid)
{
	return (struct runtime_sandbox_spec){.pod_uid = uid, .pod_namespace = "ns", .pod_name = "the-pod"};
}

RIG static struct runtime_sandbox make_sandbox(const struct runtime_sandbox_spec *spec)
{
	struct err err = ERR_INIT;
	struct runtime_sandbox s;
	struct runtime_sandbox_spec with_id = *spec;
	char id[RUNTIME_ID_MAX];
	runtime_new_id(rt, id);
	with_id.id = id;
	if (rt->ops->sandbox_run(rt, &with_id, &s, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(s.id, id);
	return s;
}

RIG static void remove_sandbox(const struct runtime_sandbox *s)
{
	struct err err = ERR_INIT;
	if (rt->ops->sandbox_remove(rt, s->id, &err) < 0)
		fail_msg("%s", err.msg);
}

RIG static bool is_ready(const struct runtime_sandbox *s)
{
	struct err err = ERR_INIT;
	struct runtime_sandbox now = {0};
	(void)!rt->ops->sandbox_status(rt, s->id, &now, &err);
	return now.ready;
}

RIG static char *image_id(void)
{
	struct err err = ERR_INIT;
	struct runtime_image i;
	assert_int_equal(rt->ops->image_get(rt, "busybox:test", &i, &err), 0);
	char *id = mem_strdup(i.id);
	runtime_image_release(&i);
	return id;
}

/* A container of the test's image with these arguments; not started. */
struct made {
	char id[RUNTIME_ID_MAX];
	char log[4096];
};

RIG static struct made make(const struct runtime_sandbox *s, struct runtime_container_spec spec,
			    const char *const *command)
{
	struct err err = ERR_INIT;
	struct made m;
	autofree char *image = image_id();
	snprintf(m.log, sizeof(m.log), "%s/logs/x/%.8s-%s/0.log", root, s->id, spec.name ? spec.name : "app");
	unlink(m.log);
	runtime_new_id(rt, m.id);
	spec.id = m.id;
	spec.sandbox_id = s->id;
	spec.image_id = image;
	spec.command = command;
	spec.log_path = m.log;
	if (!spec.name)
		spec.name = "app";
	if (rt->ops->container_create(rt, &spec, &err) < 0)
		fail_msg("%s", err.msg);
	return m;
}

#define SPEC_AS(uid, ...)                                                                                    \
	((struct runtime_container_spec){.run_as_user = (uid), .run_as_group = -1, __VA_ARGS__})
#define SPEC(...) SPEC_AS(-1, __VA_ARGS__)
#define CMD(...) ((const char *const[]){__VA_ARGS__, NULL})

RIG static void start(const struct made *m)
{
	struct err err = ERR_INIT;
	if (rt->ops->container_start(rt, m->id, &err) < 0)
		fail_msg("%s", err.msg);
}

RIG static struct runtime_container status(const char *id)
{
	struct err err = ERR_INIT;
	struct runtime_container c;
	if (rt->ops->container_status(rt, id, &c, &err) < 0)
		fail_msg("%s", err.msg);
	return c;
}

RIG static void remove_container(const char *id)
{
	struct err err = ERR_INIT;
	if (rt->ops->container_remove(rt, id, &err) < 0)
		fail_msg("%s", err.msg);
}

/* What the container wrote: the log without its first three fields. */
RIG static void output(const struct made *m, struct buf *out)
{
	struct err err = ERR_INIT;
	autobuf struct buf raw = BUF_INIT;
	if (tree_read(m->log, 1 << 20, &raw, &err) < 0)
		fail_msg("%s", err.msg);
	for (const char *p = buf_str(&raw); *p;) {
		/* TIME STREAM TAG TEXT */
		const char *nl = strchr(p, '\n'), *f = p;
		for (int i = 0; i < 3 && f; i++)
			f = strchr(f + (i > 0), ' ');
		if (!nl || !f || f > nl || f[-1] != 'F')
			fail_msg("bad log: %s", raw.p);
		buf_add(out, f + 1, (size_t)(nl + 1 - (f + 1)));
		p = nl + 1;
	}
}

/* Runs a shell script to its end and gives its output and end. */
RIG static struct runtime_container run(const struct runtime_sandbox *s, struct runtime_container_spec spec,
					const char *script, struct buf *out)
{
	struct made m = make(s, spec, CMD("/bin/sh", "-c", script));
	start(&m);
	wait_end(m.id);
	struct runtime_container c = status(m.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	if (out)
		output(&m, out);
	remove_container(m.id);
	return c;
}

RIG static bool has(const struct buf *b, const char *s)
{
	if (!strstr(buf_str(b), s))
		print_error("no \"%s\" in:\n%s\n", s, buf_str(b));
	return strstr(buf_str(b), s) != NULL;
}

#endif

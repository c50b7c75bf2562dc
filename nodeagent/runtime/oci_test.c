/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Really runs busybox: needs root, an OCI runtime, conmon, the CNI plugins, busybox-static, and the pause
 * program of this build. Skipped only where there is no root.
 */
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
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/rand.h"
#include "os/process.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

static char root[] = "/tmp/oci_test.XXXXXX";
static char pause_path[4096], archive[4096];
static struct runtime *rt;
/* Of this run alone: another one may be under way beside it. */
static char cluster[13], cidr[32], net[24]; /* net: "10.200.7." */
static int host_port;

/* What is waited for here announces itself to nobody: look again in a moment. */
static void tick(void)
{
	(void)poll(NULL, 0, 10);
}

/* ---- ends of containers ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static struct map ended; /* id -> itself */

static void on_exit_cb(void *arg, const char *id)
{
	pthread_mutex_lock(&lock);
	map_set(&ended, id, &ended);
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&lock);
}

static void wait_end(const char *id)
{
	int64_t deadline = clock_mono_ns() + 20 * NS_PER_S;
	pthread_mutex_lock(&lock);
	bool in_time = true;
	while (!map_has(&ended, id) && in_time)
		in_time = clock_cond_wait(&cond, &lock, deadline);
	bool there = map_has(&ended, id);
	pthread_mutex_unlock(&lock);
	if (!there)
		fail_msg("no end of %s was told", id);
}

/* ---- set-up ---- */

static struct runtime *open_runtime(void)
{
	struct err err = ERR_INIT;
	struct runtime_config c = {.root = root,
				   .cluster_id = cluster,
				   .runtime = getenv("CORACLE_TEST_RUNTIME"), /* NULL: as the agent chooses */
				   .pause = pause_path,
				   .cni_conf_dir = "/nonexistent",
				   .pod_cidr = cidr,
				   .on_exit = on_exit_cb};
	struct runtime *r = runtime_open(&c, &err);
	if (!r)
		fail_msg("%s", err.msg);
	return r;
}

/* B/test/nodeagent/runtime/oci_test -> B/bin/pause */
static void find_pause(void)
{
	ssize_t n = readlink("/proc/self/exe", pause_path, sizeof(pause_path) - 32);
	assert_true(n > 0);
	pause_path[n] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(pause_path, '/') = '\0';
	memcpy(pause_path + strlen(pause_path), "/bin/pause", sizeof("/bin/pause"));
}

static void choose_names(void)
{
	snprintf(cluster, sizeof(cluster), "t%08x", (unsigned)rand_u64());
	snprintf(net, sizeof(net), "10.%d.%d.", 128 + (int)rand_below(120), (int)rand_below(256));
	snprintf(cidr, sizeof(cidr), "%s0/24", net);
	host_port = 31000 + (int)rand_below(1500);
}

static int setup(void **state)
{
	if (geteuid() != 0)
		return 0;
	struct err err = ERR_INIT;
	int status;
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

static bool no_cgroup_left(void)
{
	struct err err = ERR_INIT;
	struct oci_cgroups *g = oci_cgroups_open("/proc/self/mountinfo", &err);
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

static int teardown(void **state)
{
	if (geteuid() != 0)
		return 0;
	struct err err = ERR_INIT;
	autobuf struct buf mounts = BUF_INIT;
	if (rt->ops->teardown(rt, &err) < 0)
		fail_msg("%s", err.msg);
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

static struct runtime_sandbox_spec pod(const char *uid)
{
	return (struct runtime_sandbox_spec){.pod_uid = uid, .pod_namespace = "ns", .pod_name = "the-pod"};
}

static struct runtime_sandbox make_sandbox(const struct runtime_sandbox_spec *spec)
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

static void remove_sandbox(const struct runtime_sandbox *s)
{
	struct err err = ERR_INIT;
	if (rt->ops->sandbox_remove(rt, s->id, &err) < 0)
		fail_msg("%s", err.msg);
}

static bool is_ready(const struct runtime_sandbox *s)
{
	struct err err = ERR_INIT;
	struct runtime_sandbox now = {0};
	(void)!rt->ops->sandbox_status(rt, s->id, &now, &err);
	return now.ready;
}

static char *image_id(void)
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

static struct made make(const struct runtime_sandbox *s, struct runtime_container_spec spec,
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

static void start(const struct made *m)
{
	struct err err = ERR_INIT;
	if (rt->ops->container_start(rt, m->id, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct runtime_container status(const char *id)
{
	struct err err = ERR_INIT;
	struct runtime_container c;
	if (rt->ops->container_status(rt, id, &c, &err) < 0)
		fail_msg("%s", err.msg);
	return c;
}

static void remove_container(const char *id)
{
	struct err err = ERR_INIT;
	if (rt->ops->container_remove(rt, id, &err) < 0)
		fail_msg("%s", err.msg);
}

/* What the container wrote: the log without its first three fields. */
static void output(const struct made *m, struct buf *out)
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
static struct runtime_container run(const struct runtime_sandbox *s, struct runtime_container_spec spec,
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

static bool has(const struct buf *b, const char *s)
{
	if (!strstr(buf_str(b), s))
		print_error("no \"%s\" in:\n%s\n", s, buf_str(b));
	return strstr(buf_str(b), s) != NULL;
}

/* ---- tests ---- */

static void test_life(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-life");
	struct runtime_sandbox s = make_sandbox(&p);
	assert_true(is_ready(&s));
	assert_memory_equal(s.ips[0], net, strlen(net));
	assert_int_equal(access(s.netns, F_OK), 0);
	assert_non_null(strstr(s.netns, "uid-life"));
	struct made m =
		make(&s, SPEC(.env = (const struct runtime_kv[]){{"A", "b c"}}, .n_env = 1, .attempt = 2),
		     CMD("sh", "-c", "echo out $A $PATH; echo err >&2; exit 7"));
	struct runtime_container c = status(m.id);
	assert_int_equal(c.state, RUNTIME_CREATED);
	start(&m);
	wait_end(m.id);
	c = status(m.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 7);
	assert_false(c.oom_killed);
	assert_true(c.created_ns <= c.started_ns);
	assert_true(c.started_ns <= c.finished_ns);
	autobuf struct buf b = BUF_INIT;
	output(&m, &b);
	assert_true(has(&b, "out b c /bin\n"));
	assert_true(has(&b, "err\n"));
	remove_container(m.id);
	remove_container(m.id);
	assert_int_equal(access(m.log, F_OK), 0);
	remove_sandbox(&s);
	remove_sandbox(&s);
	assert_false(is_ready(&s));
	assert_int_equal(access(s.netns, F_OK), -1);
}

static void test_inside(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-inside");
	p.hostname = "some-host";
	p.sysctls = (const struct runtime_kv[]){{"net.ipv4.tcp_syncookies", "0"},
						{"kernel.shm_rmid_forced", "1"}};
	p.n_sysctls = 2;
	struct runtime_sandbox s = make_sandbox(&p);
	autofree char *host = mem_printf("%s/mnt", root), *tlog = mem_printf("%s/tlog", root);
	struct err err = ERR_INIT;
	assert_int_equal(tree_mkdirs(host, 0755, &err), 0);
	struct runtime_mount mounts[] = {{.host = host, .container = "/data/ro", .readonly = true},
					 {.host = host, .container = "/data"}};
	autobuf struct buf b = BUF_INIT;
	struct runtime_container c = run(
		&s,
		SPEC(.mounts = mounts, .n_mounts = 2, .termination_log = tlog,
		     .termination_path = "/dev/termination-log"),
		"hostname; id -u; echo pid $$; grep CapEff /proc/self/status; ls /proc | grep -c '^[0-9]';"
		"cat /proc/sys/net/ipv4/tcp_syncookies /proc/sys/kernel/shm_rmid_forced;"
		"cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ip -o addr show lo | head -n1; ip route;"
		"touch /data/rw || echo cannot write; touch /data/ro/x 2>/dev/null || echo readonly;"
		"echo bye > /dev/termination-log; echo shared > /dev/shm/f; echo 1 2>/dev/null > /proc/sys/kernel/domainname;"
		"test -e /sys/fs/cgroup && echo sysfs; mkdir /sys/x 2>/dev/null || echo sysro; cat /proc/1/comm",
		&b);
	assert_int_equal(c.exit_code, 0);
	assert_true(has(&b, "some-host\n0\npid 1\n"));
	assert_true(has(&b, "00000000a80425fb")); /* the 14 default capabilities */
	assert_true(has(&b, "\n0\n1\n0\n"));
	assert_true(has(&b, "127.0.0.1/8"));
	autofree char *route = mem_printf("default via %s1", net);
	assert_true(has(&b, route));
	assert_true(has(&b, "readonly\n"));
	assert_true(has(&b, "sysfs\nsysro\n"));
	assert_null(strstr(b.p, "cannot write"));
	autobuf struct buf t = BUF_INIT, b2 = BUF_INIT;
	assert_int_equal(tree_read(tlog, 100, &t, &err), 0);
	assert_string_equal(t.p, "bye\n");
	/* Another container of the Pod: same shm and network, other files; another user. */
	c = run(&s,
		SPEC_AS(65534, .groups = (const uint32_t[]){77}, .n_groups = 1, .no_new_privs = true,
			.readonly_root = true, .working_dir = "/tmp"),
		"cat /dev/shm/f; id; pwd; touch /x 2>/dev/null || echo norw; test -e /data || echo own; grep CapEff /proc/self/status;"
		"grep NoNewPrivs /proc/self/status",
		&b2);
	assert_true(has(
		&b2,
		"shared\nuid=65534(nobody) gid=65534(nogroup) groups=77,65534(nogroup)\n/tmp\nnorw\nown\n"));
	assert_true(has(&b2, "CapEff:\t0000000000000000"));
	assert_true(has(&b2, "NoNewPrivs:\t1"));
	remove_sandbox(&s);
}

static void test_share_pid(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-pid");
	p.share_pid = true;
	struct runtime_sandbox s = make_sandbox(&p);
	autobuf struct buf b = BUF_INIT;
	/* Process 1 is pause, without rights and in an empty root; it reaps the orphan. */
	(void)run(
		&s, SPEC(),
		"cat /proc/1/comm; grep Uid /proc/1/status; grep CapPrm /proc/1/status; ls /proc/1/root 2>&1 | head -n1;"
		"(sleep 0.05 &) ; n=0; while pidof sleep >/dev/null && [ $n -lt 100 ]; do usleep 20000; n=$((n+1)); done;"
		"grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l",
		&b);
	assert_true(has(&b, "pause\nUid:\t65535"));
	assert_true(has(&b, "CapPrm:\t0000000000000000"));
	assert_true(has(&b, "\n0\n"));
	remove_sandbox(&s);
}

static void test_signals(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-sig");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made polite =
		make(&s, SPEC(), CMD("sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 1; done"));
	struct made deaf = make(&s, SPEC(.name = "deaf"), CMD("sleep", "1000"));
	start(&polite);
	start(&deaf);
	for (int64_t end = clock_mono_ns() + 10 * NS_PER_S; clock_mono_ns() < end;) {
		autobuf struct buf b = BUF_INIT;
		output(&polite, &b);
		if (b.len)
			break;
		tick();
	}
	assert_int_equal(rt->ops->container_signal(rt, polite.id, SIGTERM, &err), 0);
	wait_end(polite.id);
	assert_int_equal(status(polite.id).exit_code, 3);
	assert_int_equal(rt->ops->container_signal(rt, polite.id, SIGTERM, &err), 0);
	assert_int_equal(rt->ops->container_signal(rt, deaf.id, SIGKILL, &err), 0);
	wait_end(deaf.id);
	struct runtime_container c = status(deaf.id);
	assert_int_equal(c.exit_code, 137);
	assert_false(c.oom_killed);
	remove_sandbox(&s); /* with its containers */
	assert_int_equal(rt->ops->container_status(rt, deaf.id, &c, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
}

static void test_limits(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-limits");
	p.limits.memory_bytes = 64 << 20;
	struct runtime_sandbox s = make_sandbox(&p);
	struct runtime_limits l = {
		.memory_bytes = 24 << 20, .cpu_shares = 512, .cpu_quota_us = 25000, .oom_score_adj = 900};
	autobuf struct buf b = BUF_INIT;
	(void)run(
		&s, SPEC(.limits = l),
		"cat /proc/self/oom_score_adj; cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max"
		" cpu/cpu.shares cpu.weight cpu/cpu.cfs_quota_us cpu.max 2>/dev/null",
		&b);
	assert_true(has(&b, "900\n25165824\n"));
	assert_true(strstr(b.p, "512\n25000\n") || strstr(b.p, "20\n25000 100000\n"));
	struct runtime_container c = run(&s, SPEC(.limits = l), "tail /dev/zero", NULL);
	assert_true(c.oom_killed);
	assert_int_equal(c.exit_code, 137);
	remove_sandbox(&s);
}

static void test_start_errors(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-bad");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m = make(&s, SPEC(), CMD("/no/such/program"));
	assert_int_equal(rt->ops->container_start(rt, m.id, &err), -1);
	assert_non_null(strstr(err.msg, "no such file or directory"));
	struct runtime_container c = status(m.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 128);
	remove_container(m.id);

	autofree char *image = image_id(), *log = mem_printf("%s/logs/e/0.log", root);
	struct runtime_container_spec bad = SPEC(.name = "x", .sandbox_id = s.id, .image_id = image,
						 .log_path = log, .cap_add = CMD("NO_SUCH_CAP"));
	char id[RUNTIME_ID_MAX];
	runtime_new_id(rt, id);
	bad.id = id;
	assert_int_equal(rt->ops->container_create(rt, &bad, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	bad.cap_add = NULL;
	bad.id = s.id;
	assert_int_equal(rt->ops->container_create(rt, &bad, &err), -1);
	assert_int_equal(err.reason, REASON_ALREADY_EXISTS);
	bad.id = "../../etc";
	assert_int_equal(rt->ops->container_create(rt, &bad, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	bad.id = id;
	bad.image_id = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	assert_int_equal(rt->ops->container_create(rt, &bad, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	p.pod_uid = "uid-bad2";
	p.sysctls = (const struct runtime_kv[]){{"kernel.panic", "1"}};
	p.n_sysctls = 1;
	struct runtime_sandbox none;
	p.id = id;
	assert_int_equal(rt->ops->sandbox_run(rt, &p, &none, &err), -1);
	assert_non_null(strstr(err.msg, "not in a separate kernel namespace"));
	struct runtime_list list;
	assert_int_equal(rt->ops->list(rt, &list, &err), 0);
	assert_int_equal(list.n_sandboxes, 1);
	assert_int_equal(list.n_containers, 0);
	runtime_list_release(&list);
	remove_sandbox(&s);
}

static bool fetch(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	inet_pton(AF_INET, ip, &a.sin_addr);
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char reply[64] = "";
	static const char request[] = "GET /index.html HTTP/1.0\r\n\r\n";
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	       write(fd, request, sizeof(request) - 1) > 0 && read(fd, reply, sizeof(reply) - 1) > 0 &&
	       strstr(reply, " 200 ");
}

static bool fetch_soon(const char *ip, int port)
{
	for (int64_t end = clock_mono_ns() + 10 * NS_PER_S; clock_mono_ns() < end; tick())
		if (fetch(ip, port))
			return true;
	return false;
}

static void test_network(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-net");
	struct runtime_port port = {.container_port = 8080, .host_port = host_port};
	p.ports = &port;
	p.n_ports = 1;
	struct runtime_sandbox s = make_sandbox(&p);
	/* As nobody, on a low port: the sandbox allows it. */
	struct made m = make(&s, SPEC_AS(65534),
			     CMD("sh", "-c", "httpd -h /www -p 80 && exec httpd -f -h /www -p 8080"));
	start(&m);
	assert_true(fetch_soon(s.ips[0], 8080));
	assert_true(fetch_soon(s.ips[0], 80));
	assert_true(fetch_soon(s.ips[0], 8080));
	assert_true(fetch("127.0.0.1", host_port));
	remove_sandbox(&s);
	assert_false(fetch("127.0.0.1", host_port));

	struct runtime_sandbox_spec h = pod("uid-host");
	h.host_network = true;
	s = make_sandbox(&h);
	assert_string_equal(s.ips[0], "");
	autobuf struct buf b = BUF_INIT;
	(void)run(&s, SPEC(), "ls /sys/class/net", &b);
	autofree char *bridge = mem_printf("cor%s\n", cluster);
	assert_true(has(&b, bridge));
	remove_sandbox(&s);
}

static void test_adoption(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-adopt");
	p.labels = (const struct runtime_kv[]){{"app", "x"}};
	p.n_labels = 1;
	struct runtime_sandbox s = make_sandbox(&p);
	struct made stays = make(&s, SPEC(.attempt = 4), CMD("sleep", "1000"));
	struct made ends =
		make(&s, SPEC(.name = "ends"),
		     CMD("sh", "-c", "while test ! -e /dev/shm/go; do usleep 10000; done; exit 9"));
	struct made waits = make(&s, SPEC(.name = "waits"), CMD("sleep", "1"));
	start(&stays);
	start(&ends);
	int pid = status(stays.id).pid;
	assert_true(pid > 0);
	rt->ops->free(rt);
	autofree char *go = mem_printf("%s/sandboxes/%s/shm/go", root, s.id),
		      *exits = mem_printf("%s/exits/%s", root, ends.id);
	assert_int_equal(tree_write(go, "", 0, 0644, TREE_VOLATILE, &err), 0);
	for (int64_t end = clock_mono_ns() + 10 * NS_PER_S; access(exits, F_OK) < 0 && clock_mono_ns() < end;)
		tick();
	rt = open_runtime();
	struct runtime_list l;
	assert_int_equal(rt->ops->list(rt, &l, &err), 0);
	assert_int_equal(l.n_sandboxes, 1);
	assert_int_equal(l.n_containers, 3);
	assert_true(l.sandboxes[0].s.ready);
	assert_string_equal(l.sandboxes[0].s.ips[0], s.ips[0]);
	assert_string_equal(l.sandboxes[0].pod_uid, "uid-adopt");
	assert_string_equal(l.sandboxes[0].labels[0].value, "x");
	for (size_t i = 0; i < 3; i++) {
		const struct runtime_list_container *c = &l.containers[i];
		assert_string_equal(c->sandbox_id, s.id);
		assert_string_equal(c->image_ref, "docker.io/library/busybox:test");
		if (!strcmp(c->name, "app")) {
			assert_int_equal(c->c.state, RUNTIME_RUNNING);
			assert_int_equal(c->c.pid, pid);
			assert_int_equal(c->attempt, 4);
		} else if (!strcmp(c->name, "ends")) {
			assert_int_equal(c->c.state, RUNTIME_EXITED);
			assert_int_equal(c->c.exit_code, 9);
		} else {
			assert_int_equal(c->c.state, RUNTIME_CREATED);
		}
	}
	runtime_list_release(&l);
	start(&waits);
	wait_end(waits.id);
	assert_int_equal(rt->ops->container_signal(rt, stays.id, SIGKILL, &err), 0);
	wait_end(stays.id);
	assert_int_equal(status(stays.id).exit_code, 137);
	remove_sandbox(&s);
}

static pid_t pid_of(const char *id, const char *file)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/containers/%s/%s", root, id, file);
	assert_int_equal(tree_read(path, 64, &b, &err), 0);
	return (pid_t)strtol(b.p, NULL, 10);
}

static void test_accidents(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-accident");
	struct runtime_sandbox s = make_sandbox(&p);
	/* conmon killed: its container is ended too, and known as ended. */
	struct made m = make(&s, SPEC(), CMD("sleep", "1000"));
	start(&m);
	kill(pid_of(m.id, "conmon.pid"), SIGKILL);
	wait_end(m.id);
	struct runtime_container c = status(m.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 137);
	remove_container(m.id);
	/* pause killed: told with the sandbox's id. */
	struct oci_sandbox *inside = oci_sandbox_find((struct oci *)rt, s.id);
	kill(inside->pause.pid, SIGKILL);
	oci_sandbox_unref(inside);
	wait_end(s.id);
	assert_false(is_ready(&s));
	remove_sandbox(&s);
}

/* ---- inside a running container ---- */

#define SECOND NS_PER_S
static int exec_sync(const struct made *m, const char *script, int64_t timeout_ns, struct buf *out,
		     struct buf *errors, int *code, struct err *err)
{
	struct runtime_exec_result r = {.out = out, .errors = errors};
	int rc = rt->ops->exec_sync(rt, m->id, CMD("/bin/sh", "-c", script), timeout_ns, &r, err);
	*code = r.exit_code;
	return rc;
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
	if (exec_sync(&m, "echo $A; echo bad >&2; cat /proc/1/comm; exit 5", 20 * SECOND, &out, &errors,
		      &code, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(code, 5);
	assert_string_equal(buf_str(&out), "b\nsleep\n");
	assert_string_equal(buf_str(&errors), "bad\n");
	assert_int_equal(exec_sync(&m, "kill -9 $$", 20 * SECOND, NULL, NULL, &code, &err), 0);
	assert_int_equal(code, 137);
	/* What it leaves behind holds its output open, and nobody up. */
	assert_int_equal(exec_sync(&m, "sleep 999 & echo $!", 20 * SECOND, &out, NULL, &code, &err), 0);
	assert_int_equal(code, 0);
	struct runtime_exec_result r = {.out = &out};
	assert_int_equal(rt->ops->exec_sync(rt, m.id, CMD("/no/such"), SECOND, &r, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
	assert_true(strstr(err.msg, "no such file") != NULL);
	/* Killed when its time is over; what it wrote until then is there. */
	assert_int_equal(exec_sync(&m, "echo early; exec sleep 777", SECOND / 2, &late, NULL, &code, &err),
			 -1);
	assert_int_equal(err.reason, REASON_TIMEOUT);
	assert_string_equal(buf_str(&late), "early\n");
	for (int64_t end = clock_mono_ns() + 10 * SECOND; clock_mono_ns() < end; tick()) {
		buf_clear(&out);
		assert_int_equal(
			exec_sync(&m, "pgrep -f 'slee[p] 777' | wc -l", 20 * SECOND, &out, NULL, &code, &err),
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
	int64_t end = clock_mono_ns() + 20 * SECOND;
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
	assert_int_equal(poll(&p, 1, 20000), 1);
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
	for (int64_t end = clock_mono_ns() + 10 * SECOND; access(m.log, F_OK) < 0 && clock_mono_ns() < end;)
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
	for (int64_t end = clock_mono_ns() + 10 * SECOND;;) {
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
	for (int64_t end = clock_mono_ns() + 10 * SECOND;
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
	assert_int_equal(exec_sync(&m, look, 20 * SECOND, &before, NULL, &code, &err), 0);
	assert_true(strstr(before.p, "33554432\n512\n") || strstr(before.p, "33554432\n20\n"));
	if (rt->ops->sandbox_update(rt, s.id, &whole, &err) < 0 ||
	    rt->ops->container_update(rt, m.id, &l, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(exec_sync(&m, look, 20 * SECOND, &after, NULL, &code, &err), 0);
	assert_true(strstr(after.p, "50331648\n1024\n") || strstr(after.p, "50331648\n39\n"));
	assert_int_equal(rt->ops->container_update(rt, "nothing", &l, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	remove_sandbox(&s);
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Not a check: what the start of a Pod is made of, on this machine. */
static void test_speed(void **state)
{
	NEED_ROOT();
	enum { ROUNDS = 9 };
	int64_t t[4][ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		struct runtime_sandbox_spec p = pod("uid-speed");
		int64_t a = clock_mono_ns();
		struct runtime_sandbox s = make_sandbox(&p);
		int64_t b = clock_mono_ns();
		struct made m = make(&s, SPEC(), CMD("sleep", "1000"));
		int64_t c = clock_mono_ns();
		start(&m);
		int64_t d = clock_mono_ns();
		remove_sandbox(&s);
		int64_t e = clock_mono_ns();
		t[0][i] = b - a, t[1][i] = c - b, t[2][i] = d - c, t[3][i] = e - d;
	}
	static const char *const names[] = {"sandbox_create", "container_create", "container_start",
					    "sandbox_remove"};
	for (int k = 0; k < 4; k++) {
		qsort(t[k], ROUNDS, sizeof(t[k][0]), by_value);
		print_message("%-16s %6.1f ms\n", names[k], (double)t[k][ROUNDS / 2] / 1e6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	     cmocka_unit_test(test_inside),
		cmocka_unit_test(test_share_pid),    cmocka_unit_test(test_signals),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_start_errors),
		cmocka_unit_test(test_network),	     cmocka_unit_test(test_adoption),
		cmocka_unit_test(test_accidents),    cmocka_unit_test(test_exec_sync),
		cmocka_unit_test(test_exec_stream),  cmocka_unit_test(test_attach),
		cmocka_unit_test(test_port_forward), cmocka_unit_test(test_update),
		cmocka_unit_test(test_speed),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Life, limits, network and accidents of real containers. Skipped only where there is no root. */
#include "runtime/oci_rig_test.h"

#include <sys/mount.h>
#include <sys/resource.h>

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

/* An image of its own: a file, and links that would lead out of it. Returns its id. */
static char *import_files(const char *name)
{
	struct err err = ERR_INIT;
	struct runtime_image i;
	int code;
	autofree char *file = mem_printf("%s/files.tar", root);
	struct process_spec s = {.argv = (const char *const[]){"deploy/oci-image", file, name,
							       "/data/one=/etc/hostname", NULL}};
	if (process_run(&s, &code, &err) < 0 || code || rt->ops->image_import(rt, file, NULL, &err) != 1 ||
	    rt->ops->image_get(rt, name, &i, &err) < 0)
		fail_msg("%d %s", code, err.msg);
	char *id = mem_strdup(i.id);
	runtime_image_release(&i);
	return id;
}

static bool is_mounted(const char *what)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	assert_int_equal(tree_read("/proc/self/mountinfo", 1 << 24, &b, &err), 0);
	return strstr(buf_str(&b), what) != NULL;
}

/* An image's files as a volume: all of them, or what lies at a path, read-only; the image is in use as long as the container is
   there, also for a later agent. */
static void test_image_volumes(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	struct runtime_sandbox_spec p = pod("uid-image-volumes");
	struct runtime_sandbox s = make_sandbox(&p);
	autofree char *id = import_files("files:1");
	const struct runtime_mount mounts[] = {
		{.image = id, .sub_path = "", .container = "/all", .readonly = true},
		{.image = id, .sub_path = "data", .container = "/part", .readonly = true, .recursive = true},
		{.image = id, .sub_path = "data/one", .container = "/etc/one", .readonly = true}};
	struct made m = make(
		&s, SPEC(.mounts = mounts, .n_mounts = ARRAY_LEN(mounts)),
		CMD("sh", "-c",
		    "cmp /all/data/one /part/one && cmp /part/one /etc/one && echo same; ls /part;"
		    "touch /all/x 2>/dev/null || echo ro; touch /part/x 2>/dev/null || echo part ro;"
		    "/all/bin/busybox true 2>/dev/null || echo noexec; test -d /all/empty || echo nothing else"));
	autofree char *below = mem_printf("%s/containers/%s/mounts", root, m.id);
	assert_true(is_mounted(below));
	start(&m);
	wait_end(m.id);
	autobuf struct buf b = BUF_INIT;
	output(&m, &b);
	assert_string_equal(buf_str(&b), "same\none\nro\npart ro\nnoexec\nnothing else\n");
	rt->ops->free(rt);
	rt = open_runtime();
	assert_int_equal(rt->ops->image_remove(rt, id, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
	remove_container(m.id);
	assert_false(is_mounted(below));

	/* What is not in it: nothing is left of the container. */
	static const char *const missing[] = {"none", "data/one/x", "var/run/../../../../etc/shadow"};
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		autofree char *image = image_id(), *log = mem_printf("%s/logs/m/0.log", root);
		const struct runtime_mount bad = {
			.image = id, .sub_path = missing[i], .container = "/part", .readonly = true};
		char new_id[RUNTIME_ID_MAX];
		runtime_new_id(rt, new_id);
		struct runtime_container_spec spec =
			SPEC(.id = new_id, .name = "x", .sandbox_id = s.id, .image_id = image,
			     .log_path = log, .mounts = &bad, .n_mounts = 1);
		err = (struct err)ERR_INIT;
		assert_int_equal(rt->ops->container_create(rt, &spec, &err), -1);
		assert_int_equal(err.reason, REASON_NOT_FOUND);
		autofree char *left = mem_printf("%s/containers/%s", root, new_id);
		assert_int_equal(access(left, F_OK), -1);
	}
	assert_int_equal(rt->ops->image_remove(rt, id, NULL, &err), 0);
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
		"(sleep 0.05 &) ; n=0; while pidof sleep >/dev/null && [ $n -lt 6000 ]; do usleep 20000; n=$((n+1)); done;"
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
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S; clock_mono_ns() < end;) {
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

static void test_seccomp(void **state)
{
	NEED_ROOT();
	static const char script[] =
		"grep ^Seccomp: /proc/self/status; unshare -U true 2>/dev/null || echo no namespace; (sleep 0 & wait); "
		"mkdir /tmp/d && cp /bin/busybox /tmp/d && chmod 700 /tmp/d/busybox && /tmp/d/busybox date >/dev/null && "
		"wget -q -O - http://127.0.0.1:1 2>&1 | grep -c refused; echo through";
	static const char profile[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";
	struct runtime_sandbox_spec p = pod("uid-seccomp");
	struct runtime_sandbox s = make_sandbox(&p);
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT, none = BUF_INIT, own = BUF_INIT;
	(void)run(&s, SPEC(.seccomp = RUNTIME_SECCOMP_DEFAULT), script, &b);
	assert_true(has(&b, "Seccomp:\t2\nno namespace\n1\nthrough\n"));
	(void)run(&s, SPEC(), "grep ^Seccomp: /proc/self/status", &none);
	assert_true(has(&none, "Seccomp:\t0"));
	autofree char *file = mem_printf("%s/profile.json", root);
	assert_int_equal(tree_write(file, profile, strlen(profile), 0600, TREE_VOLATILE, &err), 0);
	(void)run(&s, SPEC(.seccomp = RUNTIME_SECCOMP_FILE, .seccomp_file = file),
		  "mkdir /tmp/x 2>&1; unshare -U true && echo namespace", &own);
	assert_true(has(&own, "Operation not permitted\nnamespace\n"));
	remove_sandbox(&s);
}

/* A Pod that forks without end comes to its own end, not to the machine's. */
static void test_pids(void **state)
{
	NEED_ROOT();
	struct runtime_sandbox_spec p = pod("uid-pids");
	p.limits.pids = 20;
	struct runtime_sandbox s = make_sandbox(&p);
	static const char script[] = "i=0; while [ $i -lt %d ]; do sleep 30 & i=$((i + 1)); done";
	autofree char *few = mem_printf(script, 5), *many = mem_printf(script, 40);
	assert_int_equal(run(&s, SPEC(), few, NULL).exit_code, 0);
	assert_int_not_equal(run(&s, SPEC(), many, NULL).exit_code, 0); /* the shell cannot fork */
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
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S; clock_mono_ns() < end; tick())
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
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S;
	     access(exits, F_OK) < 0 && clock_mono_ns() < end;)
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

/* As an agent that is killed at the moment when it hears of its pause. */
static int die_of_it(void *arg, const struct oci_process *p, struct err *err)
{
	(void)!write(*(int *)arg, p, sizeof(*p));
	return raise(SIGKILL);
}

static void test_pause_is_not_left_behind(void **state)
{
	NEED_ROOT();
	int fds[2], st;
	struct oci_process p;
	autofree char *dir = mem_printf("%s/pause", root);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t agent = fork();
	if (agent == 0) {
		struct err err = ERR_INIT;
		struct oci_process ignored;
		_exit(oci_pause_start(&(struct oci_pause_spec){.root_dir = dir,
							       .hostname = "h",
							       .net = true,
							       .ipc = true,
							       .uts = true,
							       .known = die_of_it,
							       .arg = &fds[1]},
				      &ignored, &err) < 0);
	}
	assert_int_equal(waitpid(agent, &st, 0), agent);
	assert_true(WIFSIGNALED(st));
	assert_int_equal(read(fds[0], &p, sizeof(p)), sizeof(p));
	close(fds[0]);
	close(fds[1]);
	for (int64_t end = clock_mono_ns() + 120 * NS_PER_S; oci_process_alive(&p) && clock_mono_ns() < end;)
		tick();
	assert_false(oci_process_alive(&p));
}

/* What is on disk while a network is being made is enough to take it apart: here of an agent that was killed then. */
static void test_killed_while_attaching(void **state)
{
	NEED_ROOT();
	struct err err = ERR_INIT;
	char dir[] = "/tmp/oci_test_cni.XXXXXX", id[RUNTIME_ID_MAX];
	static const char list[] =
		"{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"plugin\"}]}";
	assert_non_null(mkdtemp(dir));
	autofree char *plugin = mem_printf("%s/plugin", dir), *conf = mem_printf("%s/1.conflist", dir),
		      *log = mem_printf("%s/log", dir), *seen = mem_printf("%s/seen", dir),
		      *script = mem_printf("#!/bin/sh\necho $CNI_COMMAND $CNI_CONTAINERID >> %s\n"
					   "test $CNI_COMMAND = DEL && exit\n"
					   "cat %s/sandboxes/$CNI_CONTAINERID/state.json > %s\nexit 1\n",
					   log, root, seen);
	assert_int_equal(tree_write(plugin, script, strlen(script), 0755, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_write(conf, list, strlen(list), 0644, TREE_VOLATILE, &err), 0);
	rt->ops->free(rt);
	rt = open_with(dir);
	struct runtime_sandbox_spec p = pod("uid-killed");
	struct runtime_sandbox s;
	runtime_new_id(rt, id);
	p.id = id;
	assert_int_equal(rt->ops->sandbox_run(rt, &p, &s, &err), -1);
	rt->ops->free(rt);

	autobuf struct buf record = BUF_INIT, said = BUF_INIT;
	autofree char *sandbox = mem_printf("%s/sandboxes/%s", root, id),
		      *file = mem_printf("%s/state.json", sandbox), *want = mem_printf("DEL %s\n", id);
	assert_int_equal(tree_read(seen, 1 << 20, &record, &err), 0);
	assert_int_equal(unlink(log), 0);
	assert_int_equal(tree_mkdirs(sandbox, 0700, &err), 0);
	assert_int_equal(tree_write(file, record.p, record.len, 0600, TREE_VOLATILE, &err), 0);
	rt = open_with(dir);
	assert_int_equal(tree_read(log, 4096, &said, &err), 0);
	assert_string_equal(buf_str(&said), want);
	assert_int_equal(access(sandbox, F_OK), -1);
	rt->ops->free(rt);
	rt = open_runtime();
	assert_int_equal(tree_remove(dir, &err), 0);
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
	/* The agent killed between the namespace's file and its mount, as it seems to the next: all goes all the same. */
	p = pod("uid-unbound");
	s = make_sandbox(&p);
	while (umount2(s.netns, MNT_DETACH) == 0)
		;
	assert_int_equal(access(s.netns, F_OK), 0);
	remove_sandbox(&s);
	assert_int_equal(access(s.netns, F_OK), -1);
}

static void set_files(rlim_t n)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
}

static void forget_end(const char *id)
{
	pthread_mutex_lock(&lock);
	map_del(&ended, id);
	pthread_mutex_unlock(&lock);
}

/* An end that is told of while its exit file cannot be read is told of again when it can. */
static void test_end_unseen(void **state)
{
	NEED_ROOT();
	struct rlimit old;
	struct runtime_sandbox_spec p = pod("uid-unseen");
	struct runtime_sandbox s = make_sandbox(&p);
	struct made m = make(&s, SPEC(0), CMD("sleep", "1000"));
	start(&m);
	pid_t pid = status(m.id).pid;
	assert_true(pid > 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	set_files(3);
	kill(pid, SIGKILL);
	wait_told(m.id, 2); /* its exit file has come, its monitor has ended */
	forget_end(m.id);
	struct runtime_container c = status(m.id);
	set_files(old.rlim_cur);
	assert_int_equal(c.state, RUNTIME_RUNNING);
	wait_end(m.id);
	c = status(m.id);
	assert_int_equal(c.state, RUNTIME_EXITED);
	assert_int_equal(c.exit_code, 137);
	remove_container(m.id);
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
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_image_volumes),
		cmocka_unit_test(test_share_pid),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_start_errors),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_adoption),
		cmocka_unit_test(test_pause_is_not_left_behind),
		cmocka_unit_test(test_killed_while_attaching),
		cmocka_unit_test(test_accidents),
		cmocka_unit_test(test_end_unseen),
		cmocka_unit_test(test_speed),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}

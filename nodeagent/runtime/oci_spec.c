/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json of the OCI runtime specification 1.0.2, as containerd and CRI-O write it for a Kubernetes
 * container: joins the sandbox's network, IPC and UTS namespaces, has its own mounts, its own PID namespace
 * unless the Pod shares one, masked /proc, read-only /sys.
 */
#include <stdlib.h>
#include <string.h>
#include "runtime/oci_internal.h"

#define PERIOD_US 100000
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static js *strings(const char *const *v)
{
	js *a = js_new_arr();
	for (size_t i = 0; v && v[i]; i++)
		js_push(a, js_new_str(v[i]));
	return a;
}

#define STRINGS(...) strings((const char *const[]){__VA_ARGS__, NULL})

/* ---- process ---- */

/* Ordered, the last of equal names wins in the first one's place. */
struct env_vars {
	char **v;
	size_t n, cap;
	struct map at; /* name -> place in v, plus one */
};

static void env_set(struct env_vars *e, const char *name, size_t len, const char *value)
{
	char *line = mem_printf("%.*s=%s", (int)len, name, value);
	autofree char *key = mem_strndup(name, len);
	size_t at = (size_t)map_get(&e->at, key);
	if (at) {
		free(e->v[at - 1]);
		e->v[at - 1] = line;
		return;
	}
	if (e->n == e->cap)
		e->v = mem_realloc_array(e->v, e->cap = e->cap ? e->cap * 2 : 32, sizeof(*e->v));
	e->v[e->n++] = line;
	map_set(&e->at, key, (void *)e->n);
}

static js *make_env(const struct oci_spec_input *in)
{
	struct env_vars e = {0};
	env_set(&e, "PATH", 4, DEFAULT_PATH);
	if (in->hostname && *in->hostname)
		env_set(&e, "HOSTNAME", 8, in->hostname);
	if (in->spec->tty)
		env_set(&e, "TERM", 4, "xterm");
	for (size_t i = 0; in->image->env && in->image->env[i]; i++) {
		const char *line = in->image->env[i], *eq = strchr(line, '=');
		if (eq && eq != line)
			env_set(&e, line, (size_t)(eq - line), eq + 1);
	}
	for (size_t i = 0; i < in->spec->n_env; i++)
		env_set(&e, in->spec->env[i].key, strlen(in->spec->env[i].key), in->spec->env[i].value);
	js *a = js_new_arr();
	for (size_t i = 0; i < e.n; i++) {
		js_push(a, js_new_str(e.v[i]));
		free(e.v[i]);
	}
	free(e.v);
	map_release(&e.at);
	return a;
}

static int write_process(const struct oci_spec_input *in, js *doc, struct err *err)
{
	const struct runtime_container_spec *s = in->spec;
	autofree const char **argv = runtime_argv(s->command, s->args, in->image->entrypoint, in->image->cmd);
	if (!argv)
		return err_set(err, REASON_INVALID, "no command specified");
	js *p = js_ensure(doc, "process", NULL), *user = js_ensure(p, "user", NULL), *groups = js_new_arr();
	js_set_bool(p, "terminal", s->tty);
	js_set_int(user, "uid", in->user->uid);
	js_set_int(user, "gid", in->user->gid);
	for (size_t i = 0; i < in->user->n_groups; i++)
		js_push(groups, js_new_int(in->user->groups[i]));
	js_set(user, "additionalGids", groups);
	js_set(p, "args", strings(argv));
	js_set(p, "env", make_env(in));
	const char *cwd = s->working_dir && *s->working_dir ? s->working_dir : in->image->working_dir;
	js_set_str(p, "cwd", *cwd ? cwd : "/");
	js_set_bool(p, "noNewPrivileges", s->no_new_privs);
	if (s->apparmor && !s->privileged)
		js_set_str(p, "apparmorProfile", s->apparmor);
	int adj = s->limits.oom_score_adj;
	js_set_int(p, "oomScoreAdj", adj < in->oom_floor ? in->oom_floor : adj);
	return oci_caps_write(s, in->own_caps, p, err);
}

/* ---- mounts ---- */

static void add_mount(js *mounts, const char *dest, const char *type, const char *source, js *options)
{
	js *m = js_new_obj();
	js_set_str(m, "destination", dest);
	js_set_str(m, "type", type);
	js_set_str(m, "source", source);
	js_set(m, "options", options);
	js_push(mounts, m);
}

static bool user_mounts(const struct runtime_container_spec *s, const char *dest)
{
	for (size_t i = 0; i < s->n_mounts; i++)
		if (!strcmp(s->mounts[i].container, dest))
			return true;
	return false;
}

static void write_system_mounts(const struct oci_spec_input *in, js *mounts)
{
	const struct runtime_container_spec *s = in->spec;
	const char *rw = s->privileged ? "rw" : "ro";
	add_mount(mounts, "/proc", "proc", "proc", STRINGS("nosuid", "noexec", "nodev"));
	add_mount(mounts, "/dev", "tmpfs", "tmpfs",
		  STRINGS("nosuid", "strictatime", "mode=755", "size=65536k"));
	add_mount(mounts, "/dev/pts", "devpts", "devpts",
		  STRINGS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	add_mount(mounts, "/dev/mqueue", "mqueue", "mqueue", STRINGS("nosuid", "noexec", "nodev"));
	add_mount(mounts, "/sys", "sysfs", "sysfs", STRINGS("nosuid", "noexec", "nodev", rw));
	add_mount(mounts, "/sys/fs/cgroup", "cgroup", "cgroup",
		  STRINGS("nosuid", "noexec", "nodev", "relatime", rw));
	if (in->shm && !user_mounts(s, "/dev/shm"))
		add_mount(mounts, "/dev/shm", "bind", in->shm,
			  STRINGS("rbind", "rprivate", "rw", "nosuid", "nodev", "noexec"));
}

static const char *const propagations[] = {
	[RUNTIME_PRIVATE] = "rprivate",
	[RUNTIME_HOST_TO_CONTAINER] = "rslave",
	[RUNTIME_BIDIRECTIONAL] = "rshared",
};

/* Parents are mounted before what lies in them. */
static int by_depth(const void *a, const void *b)
{
	const struct runtime_mount *const *x = a, *const *y = b;
	size_t n = 0, m = 0;
	for (const char *p = (*x)->container; *p; p++)
		n += *p == '/';
	for (const char *p = (*y)->container; *p; p++)
		m += *p == '/';
	if (n != m)
		return n < m ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static void write_user_mounts(const struct runtime_container_spec *s, js *mounts)
{
	static const char *const of_image[] = {"nosuid", "nodev", "noexec"};
	const struct runtime_mount **v = mem_array(s->n_mounts + 1, sizeof(*v));
	for (size_t i = 0; i < s->n_mounts; i++)
		v[i] = &s->mounts[i];
	if (s->n_mounts)
		qsort(v, s->n_mounts, sizeof(*v), by_depth);
	for (size_t i = 0; i < s->n_mounts; i++) {
		js *options = STRINGS("rbind", propagations[v[i]->propagation],
				      !v[i]->readonly	? "rw"
				      : v[i]->recursive ? "rro"
							: "ro");
		for (size_t k = 0; v[i]->image && k < ARRAY_LEN(of_image); k++)
			js_push(options, js_new_str(of_image[k]));
		add_mount(mounts, v[i]->container, "bind", v[i]->host, options);
	}
	free(v);
	if (s->termination_log && s->termination_path)
		add_mount(mounts, s->termination_path, "bind", s->termination_log,
			  STRINGS("rbind", "rprivate", "rw"));
}

/* ---- linux ---- */

static void add_namespace(js *list, const char *type, const char *path)
{
	if (!path)
		return;
	js *n = js_new_obj();
	js_set_str(n, "type", type);
	if (*path)
		js_set_str(n, "path", path);
	js_push(list, n);
}

static void write_namespaces(const struct oci_spec_input *in, js *linux_)
{
	js *list = js_ensure_arr(linux_, "namespaces");
	add_namespace(list, "mount", "");
	add_namespace(list, "pid", in->pidns);
	add_namespace(list, "network", in->netns);
	add_namespace(list, "ipc", in->ipcns);
	add_namespace(list, "uts", in->utsns);
	add_namespace(list, "user", in->userns);
	if (in->unified && !in->spec->privileged)
		add_namespace(list, "cgroup", "");
}

/* Of a namespace that is there already: runtimes want to know whom they make in it. */
static void write_users(const struct oci_spec_input *in, js *linux_)
{
	static const char *const lists[] = {"uidMappings", "gidMappings"};
	for (size_t i = 0; i < ARRAY_LEN(lists) && in->userns; i++) {
		js *m = js_new_obj();
		js_set_int(m, "containerID", 0);
		js_set_int(m, "hostID", in->users.first);
		js_set_int(m, "size", in->users.length);
		js_push(js_ensure_arr(linux_, lists[i]), m);
	}
}

static void write_resources(const struct oci_spec_input *in, js *linux_)
{
	const struct runtime_limits *l = &in->spec->limits;
	js *r = js_ensure(linux_, "resources", NULL);
	if (l->memory_bytes && !in->lacks.memory)
		js_set_int(js_ensure(r, "memory", NULL), "limit", l->memory_bytes);
	if (l->cpu_shares && !in->lacks.cpu)
		js_set_int(js_ensure(r, "cpu", NULL), "shares", (int64_t)l->cpu_shares);
	if (l->cpu_quota_us && !in->lacks.cpu) {
		js_set_int(js_ensure(r, "cpu", NULL), "quota", l->cpu_quota_us);
		js_set_int(js_ensure(r, "cpu", NULL), "period", PERIOD_US);
	}
	if (l->pids && !in->lacks.pids)
		js_set_int(js_ensure(r, "pids", NULL), "limit", l->pids);
	/* Since 1.28 the kubelet has the whole container killed, not one process of it. */
	if (in->unified && l->memory_bytes && !in->lacks.memory)
		js_set_str(js_ensure(r, "unified", NULL), "memory.oom.group", "1");
}

static void write_propagation(const struct runtime_container_spec *s, js *linux_)
{
	enum runtime_propagation most = RUNTIME_PRIVATE;
	for (size_t i = 0; i < s->n_mounts; i++)
		if (s->mounts[i].propagation > most)
			most = s->mounts[i].propagation;
	if (most != RUNTIME_PRIVATE)
		js_set_str(linux_, "rootfsPropagation", propagations[most]);
}

static int write_linux(const struct oci_spec_input *in, js *doc, struct err *err)
{
	js *l = js_ensure(doc, "linux", NULL);
	js_set_str(l, "cgroupsPath", in->cgroup);
	write_namespaces(in, l);
	write_users(in, l);
	write_resources(in, l);
	write_propagation(in->spec, l);
	if (!in->spec->privileged && !in->spec->unmasked_proc) {
		js_set(l, "maskedPaths",
		       STRINGS("/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys",
			       "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
			       "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
			       "/sys/devices/virtual/powercap"));
		js_set(l, "readonlyPaths",
		       STRINGS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"));
	}
	if (oci_seccomp_write(in->spec, js_obj(doc, "process", NULL), l, err) < 0)
		return -1;
	return oci_devices_write(in->spec, l, err);
}

int oci_spec_write(const struct oci_spec_input *in, struct buf *out, struct err *err)
{
	autojson js *doc = js_new_obj();
	js_set_str(doc, "ociVersion", "1.0.2");
	if (write_process(in, doc, err) < 0)
		return -1;
	js *root = js_ensure(doc, "root", NULL);
	js_set_str(root, "path", in->rootfs);
	js_set_bool(root, "readonly", in->spec->readonly_root);
	js *mounts = js_ensure_arr(doc, "mounts");
	write_system_mounts(in, mounts);
	write_user_mounts(in->spec, mounts);
	if (write_linux(in, doc, err) < 0)
		return -1;
	js_write(out, doc);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/thread.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define SHM_OPTIONS "mode=1777,size=67108864,uid=%u,gid=%u" /* 64 MiB, as every CRI */
#define SYSCTLS_MAX 64

/* ---- sysctls ---- */

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Only what belongs to a namespace that is new here; the rest would change the host. */
static int check_sysctl(const struct runtime_sandbox_spec *spec, const char *name, struct err *err)
{
	bool net = starts(name, "net.") || starts(name, "net/");
	bool ipc = starts(name, "kernel.shm") || starts(name, "kernel.msg") || !strcmp(name, "kernel.sem") ||
		   starts(name, "fs.mqueue.");
	if (strstr(name, "..") || (!net && !ipc))
		return err_set(err, REASON_INVALID, "sysctl \"%s\" is not in a separate kernel namespace",
			       name);
	if ((net && spec->host_network) || (ipc && spec->host_ipc))
		return err_set(err, REASON_INVALID, "sysctl \"%s\" not allowed with host %s enabled", name,
			       net ? "net" : "ipc");
	return 0;
}

static bool has_sysctl(const struct runtime_sandbox_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_sysctls; i++)
		if (!strcmp(spec->sysctls[i].key, name))
			return true;
	return false;
}

/* The Pod's own, and what containerd 2 gives every Pod: low ports and ping without privileges. */
static int collect_sysctls(const struct runtime_sandbox_spec *spec, struct runtime_kv out[SYSCTLS_MAX],
			   size_t *ret_n, struct err *err)
{
	static const struct {
		struct runtime_kv kv;
		bool all_groups; /* which a user namespace does not have */
	} dflt[] = {{{"net.ipv4.ip_unprivileged_port_start", "0"}, false},
		    {{"net.ipv4.ping_group_range", "0 2147483647"}, true}};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(dflt) && !spec->host_network; i++)
		if (!has_sysctl(spec, dflt[i].kv.key) && !(spec->users.length && dflt[i].all_groups))
			out[n++] = dflt[i].kv;
	if (spec->n_sysctls > SYSCTLS_MAX - n)
		return err_set(err, REASON_INVALID, "more than %d sysctls", SYSCTLS_MAX - 2);
	for (size_t i = 0; i < spec->n_sysctls; i++) {
		if (check_sysctl(spec, spec->sysctls[i].key, err) < 0)
			return -1;
		out[n++] = spec->sysctls[i];
	}
	*ret_n = n;
	return 0;
}

/* ---- creation, step by step ---- */

static int mount_shm(const struct oci_sandbox *s, struct err *err)
{
	if (s->host_ipc)
		return 0;
	autofree char *shm = mem_printf("%s/shm", s->dir),
		      *options = mem_printf(SHM_OPTIONS, s->users.first, s->users.first);
	if (mkdir(shm, 01777) < 0 ||
	    mount("shm", shm, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
		return err_errno(err, "mount %s", shm);
	return 0;
}

struct birth {
	struct oci *o;
	struct oci_sandbox *s;
};

static int write_down(void *arg, const struct oci_process *p, struct err *err)
{
	const struct birth *b = arg;
	pthread_mutex_lock(&b->o->lock);
	b->s->pause = *p;
	pthread_mutex_unlock(&b->o->lock);
	return oci_sandbox_save(b->o, b->s, err);
}

static int start_pause(struct oci *o, struct oci_sandbox *s, const struct runtime_sandbox_spec *spec,
		       struct err *err)
{
	struct birth birth = {o, s};
	struct runtime_kv sysctls[SYSCTLS_MAX];
	size_t n_sysctls = 0;
	if (collect_sysctls(spec, sysctls, &n_sysctls, err) < 0)
		return -1;
	autofree char *root = mem_printf("%s/pause", o->c.root);
	struct oci_pause_spec p = {.root_dir = root,
				   .hostname = s->hostname,
				   .net = !s->host_network,
				   .ipc = !s->host_ipc,
				   .uts = !s->host_network,
				   .pid = s->share_pid,
				   .users = s->users.length ? &s->users : NULL,
				   .sysctls = sysctls,
				   .n_sysctls = n_sysctls,
				   .known = write_down,
				   .arg = &birth};
	return oci_pause_start(&p, &s->pause, err);
}

/* Runs beside the network's set-up: it mostly waits for the kernel. */
struct cgroup_entry {
	struct oci *o;
	const struct oci_sandbox *s;
	int rc;
	struct err err;
};

static void *enter_cgroup(void *arg)
{
	struct cgroup_entry *e = arg;
	autofree char *leaf = mem_printf("%s/pause", e->s->cgroup);
	e->rc = oci_cgroup_enter(e->o->cgroups, leaf, e->s->pause.pid, &e->err);
	return NULL;
}

/* The name under which CNI plugins and the containers find the network, and which keeps it when pause dies.
 */
static int bind_netns(const struct oci_sandbox *s, struct err *err)
{
	if (s->host_network)
		return 0;
	autofree char *source = mem_printf("/proc/%d/ns/net", (int)s->pause.pid);
	autoclose int fd = open(s->netns, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0 || mount(source, s->netns, NULL, MS_BIND, NULL) < 0)
		return err_errno(err, "bind network namespace to %s", s->netns);
	return 0;
}

/* The Pod as the network room knows it; its ports are freed by the caller. */
static struct network_pod network_pod(const struct oci_sandbox *s)
{
	struct cni_port *ports = mem_array(s->n_ports + 1, sizeof(*ports));
	for (size_t i = 0; i < s->n_ports; i++)
		ports[i] = (struct cni_port){.container_port = s->ports[i].container_port,
					     .host_port = s->ports[i].host_port,
					     .protocol = s->ports[i].protocol,
					     .host_ip = s->ports[i].host_ip};
	return (struct network_pod){.uid = s->pod_uid,
				    .namespace = s->pod_namespace,
				    .name = s->pod_name,
				    .ports = ports,
				    .n_ports = s->n_ports};
}

_Static_assert(CNI_IPS_MAX == RUNTIME_IPS_MAX, "as many addresses as the network gives");

static void set_network(struct oci *o, struct oci_sandbox *s, char *network)
{
	pthread_mutex_lock(&o->lock);
	char *old = s->network;
	s->network = network;
	pthread_mutex_unlock(&o->lock);
	free(old);
}

/* Noted with what is written down anyway before there is a network: whoever finds half of one can take it apart. */
static int plan_network(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	if (s->host_network)
		return 0;
	autobuf struct buf plan = BUF_INIT;
	if (network_plan(o->network, &plan, err) < 0)
		return -1;
	set_network(o, s, buf_take(&plan, NULL));
	return 0;
}

static int attach_network(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	if (s->host_network)
		return 0;
	autobuf struct buf result = BUF_INIT;
	struct cni_result r;
	struct network_pod pod = network_pod(s);
	int rc = network_add(o->network, s->id, &pod, s->netns, s->network, &result, &r, err);
	free((void *)pod.ports);
	set_network(o, s, rc < 0 ? NULL : buf_take(&result, NULL));
	if (rc < 0)
		return -1;
	pthread_mutex_lock(&o->lock);
	memcpy(s->ips, r.ips, sizeof(s->ips));
	pthread_mutex_unlock(&o->lock);
	return 0;
}

static int build(struct oci *o, struct oci_sandbox *s, const struct runtime_sandbox_spec *spec,
		 struct err *err)
{
	if (tree_mkdirs(s->dir, 0700, err) < 0 || oci_sandbox_save(o, s, err) < 0 ||
	    oci_cgroup_make(o->cgroups, s->cgroup, &spec->limits, err) < 0 || mount_shm(s, err) < 0 ||
	    plan_network(o, s, err) < 0)
		return -1;
	if (start_pause(o, s, spec, err) < 0 || bind_netns(s, err) < 0) {
		set_network(o, s, NULL); /* it was never begun */
		return -1;
	}
	struct cgroup_entry e = {.o = o, .s = s, .err = ERR_INIT};
	pthread_t thread;
	errno = thread_try(&thread, "cgroup", enter_cgroup, &e);
	if (errno)
		return err_errno(err, "start a thread");
	int rc = attach_network(o, s, err);
	pthread_join(thread, NULL);
	if (rc == 0 && e.rc < 0)
		*err = e.err;
	if (rc < 0 || e.rc < 0)
		return -1;
	s->complete = true;
	return oci_sandbox_save(o, s, err);
}

static int dismantle(struct oci *o, struct oci_sandbox *s, struct err *err);

void oci_sandbox_inspect(const struct oci_sandbox *s, struct runtime_sandbox *ret)
{
	*ret = (struct runtime_sandbox){.ready = s->complete && !s->stopped && oci_process_alive(&s->pause),
					.created_ns = s->created_ns};
	memcpy(ret->id, s->id, sizeof(ret->id));
	memcpy(ret->ips, s->ips, sizeof(ret->ips));
	snprintf(ret->netns, sizeof(ret->netns), "%s", s->netns);
}

int oci_sandbox_run(struct runtime *rt, const struct runtime_sandbox_spec *spec, struct runtime_sandbox *ret,
		    struct err *err)
{
	struct oci *o = (struct oci *)rt;
	const char *program = oci_handlers_find(o->handlers, spec->handler, err);
	if (!program || oci_check_id(o, spec->id, err) < 0)
		return -1;
	struct oci_sandbox *s = oci_sandbox_new(o, spec, program);
	if (build(o, s, spec, err) < 0) {
		struct err ignored = ERR_INIT;
		/* What cannot be undone now stays known, so that a later removal of the Pod finds it. */
		if (dismantle(o, s, &ignored) < 0)
			oci_sandbox_add(o, s);
		oci_sandbox_unref(s);
		return -1;
	}
	oci_sandbox_add(o, s);
	oci_watch_sandbox(o->watch, s);
	oci_sandbox_inspect(s, ret);
	oci_sandbox_unref(s);
	return 0;
}

int oci_sandbox_status(struct runtime *rt, const char *id, struct runtime_sandbox *ret, struct err *err)
{
	struct oci_sandbox *s = oci_sandbox_find((struct oci *)rt, id);
	if (!s)
		return err_set(err, REASON_NOT_FOUND, "sandbox %s not found", id);
	oci_sandbox_inspect(s, ret);
	oci_sandbox_unref(s);
	return 0;
}

int oci_sandbox_update(struct runtime *rt, const char *id, const struct runtime_limits *l, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox *s = oci_sandbox_find(o, id);
	if (!s)
		return err_set(err, REASON_NOT_FOUND, "sandbox %s not found", id);
	int rc = oci_cgroup_update(o->cgroups, s->cgroup, l, err);
	oci_sandbox_unref(s);
	return rc;
}

char *oci_group_path(const struct oci *o, const char *group)
{
	return mem_printf("/coracle-%s%s%s", o->c.cluster_id, *group ? "/" : "", group);
}

int oci_group_update(struct runtime *rt, const char *group, const struct runtime_limits *l, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	autofree char *path = oci_group_path(o, group);
	return oci_cgroup_make(o->cgroups, path, l, err);
}

int oci_group_usage(struct runtime *rt, const char *group, struct runtime_usage *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	autofree char *path = oci_group_path(o, group);
	return oci_cgroup_usage(o->cgroups, path, ret, err);
}

/* ---- removal: the reverse, every step free to be done already ---- */

/* An agent that was killed may have left the file of a binding that was not made yet, or not there any more: plugins take
   that for a fault, while without a namespace they give back what else they hold. */
static bool is_netns(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

static int detach_network(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	if (s->network) {
		struct network_pod pod = network_pod(s);
		int rc = network_remove(o->network, s->id, &pod, is_netns(s->netns) ? s->netns : "",
					s->network, err);
		free((void *)pod.ports);
		if (rc < 0)
			return -1;
	}
	set_network(o, s, NULL);
	if (!*s->netns)
		return 0;
	/* A shared mount may carry the binding twice. */
	while (umount2(s->netns, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (unlink(s->netns) < 0 && errno != ENOENT)
		return err_errno(err, "remove %s", s->netns);
	return 0;
}

/* The Pod's cgroup is shared with a newer sandbox of the same Pod, should there be one. */
static bool pod_has_other_sandbox(struct oci *o, const struct oci_sandbox *s)
{
	bool other = false;
	pthread_mutex_lock(&o->lock);
	for (struct map_iter it = {0}; map_next(&o->sandboxes, &it);) {
		const struct oci_sandbox *x = it.value;
		other |= strcmp(x->id, s->id) && !strcmp(x->pod_uid, s->pod_uid);
	}
	pthread_mutex_unlock(&o->lock);
	return other;
}

/* Pause and network end; what the sandbox was stays known. */
static int halt(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	pthread_mutex_lock(&o->lock);
	s->stopped = true;
	pthread_mutex_unlock(&o->lock);
	return oci_process_kill(&s->pause, 0, err) < 0 || detach_network(o, s, err) < 0 ? -1 : 0;
}

static int dismantle(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	if (halt(o, s, err) < 0 ||
	    (!pod_has_other_sandbox(o, s) && oci_cgroup_remove(o->cgroups, s->cgroup, err) < 0) ||
	    tree_unmount(s->dir, err) < 0)
		return -1;
	return tree_remove(s->dir, err);
}

/* Does it to all containers of the sandbox. */
static int each_container(struct oci *o, const char *sandbox_id,
			  int (*fn)(struct oci *o, struct oci_container *c, struct err *err), struct err *err)
{
	int rc = 0;
	struct oci_container **all = oci_all_containers(o);
	for (size_t i = 0; all[i]; i++) {
		if (rc == 0 && !strcmp(all[i]->sandbox_id, sandbox_id))
			rc = fn(o, all[i], err);
		oci_container_unref(all[i]);
	}
	free(all);
	return rc;
}

static int kill_one(struct oci *o, struct oci_container *c, struct err *err)
{
	return oci_process_kill(&c->init, 0, err);
}

static int remove_one(struct oci *o, struct oci_container *c, struct err *err)
{
	return oci_container_remove(&o->rt, c->id, err);
}

int oci_sandbox_stop(struct runtime *rt, const char *id, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox *s = oci_sandbox_find(o, id);
	if (!s)
		return 0;
	int rc = each_container(o, id, kill_one, err) < 0 || halt(o, s, err) < 0 ||
				 oci_sandbox_save(o, s, err) < 0
			 ? -1
			 : 0;
	oci_sandbox_unref(s);
	return rc;
}

int oci_sandbox_remove(struct runtime *rt, const char *id, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_sandbox *s = oci_sandbox_find(o, id);
	if (!s)
		return 0;
	int rc = each_container(o, id, remove_one, err);
	if (rc == 0)
		rc = dismantle(o, s, err);
	if (rc == 0)
		oci_sandbox_forget(o, id);
	oci_sandbox_unref(s);
	return rc;
}

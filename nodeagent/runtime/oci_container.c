/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_create makes the root file system and config.json; the process comes with container_start
 * (conmon, then the runtime's create and start), as in containerd: what keeps a program from being executed
 * is a failure to start, which the kubelet shows as StartError with exit code 128.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/clock.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define START_ERROR 128		 /* containerd's exit code for a container that could not be started */
#define CONMON_NS (2 * NS_PER_S) /* to write the last of the log, once its container has ended */
#define LOST 137		 /* nobody saw the end; as the kubelet reports ContainerStatusUnknown */

/* ---- create ---- */

static int make_files(const struct runtime_container_spec *spec, struct err *err)
{
	autofree char *dir = mem_strdup(spec->log_path);
	char *slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return err_set(err, REASON_INVALID, "bad log path %s", spec->log_path);
	*slash = '\0';
	if (tree_mkdirs(dir, 0755, err) < 0)
		return -1;
	if (!spec->termination_log)
		return 0;
	/* World-writable: the container's user may be anyone. */
	autoclose int fd = open(spec->termination_log, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	return fd < 0 || fchmod(fd, 0666) < 0 ? err_errno(err, "create %s", spec->termination_log) : 0;
}

/* The PID namespace of the container that another one is to look into. Its directory in /proc stays, whoever gets its
   number later; so it must live. */
static char *target_pidns(struct oci *o, const char *id, struct err *err)
{
	struct oci_container *target = oci_container_find(o, id);
	char *path = NULL;
	if (target && target->init.pid && oci_process_alive(&target->init))
		path = mem_printf("/proc/%d/ns/pid", (int)target->init.pid);
	else
		err_set(err, REASON_NOT_FOUND, "target container %s is not running", id);
	oci_container_unref(target);
	return path;
}

static int write_config(struct oci *o, struct oci_container *c, const struct runtime_container_spec *spec,
			const struct oci_sandbox *s, const struct image_record *image, struct err *err)
{
	autofree char *user_ns = mem_printf("/proc/%d/ns/user", (int)s->pause.pid);
	autofree char *rootfs = mem_printf("%s/rootfs", c->dir),
		      *config = mem_printf("%s/config.json", c->dir),
		      *shm = s->host_ipc ? mem_strdup("/dev/shm") : mem_printf("%s/shm", s->dir),
		      *ns = mem_printf("/proc/%d/ns", (int)s->pause.pid), *ipc = mem_printf("%s/ipc", ns),
		      *uts = mem_printf("%s/uts", ns), *pid = mem_printf("%s/pid", ns);
	struct runtime_user user;
	autofree char *target = spec->pid_of ? target_pidns(o, spec->pid_of, err) : NULL;
	if ((spec->pid_of && !target) || oci_user_resolve(rootfs, image->config.user, spec, &user, err) < 0)
		return -1;
	c->user = mem_memdup(&user, sizeof(user));
	if (s->users.length)
		c->owner = s->users.first + user.uid;
	struct oci_spec_input in = {.spec = spec,
				    .image = &image->config,
				    .user = &user,
				    .rootfs = rootfs,
				    .cgroup = c->cgroup,
				    .hostname = s->hostname,
				    .shm = shm,
				    .netns = s->host_network ? NULL : s->netns,
				    .ipcns = s->host_ipc ? NULL : ipc,
				    .utsns = s->host_network ? NULL : uts,
				    .pidns = target	    ? target
					     : s->host_pid  ? NULL
					     : s->share_pid ? pid
							    : "",
				    .userns = s->users.length ? user_ns : NULL,
				    .users = s->users,
				    .unified = oci_cgroups_unified(o->cgroups),
				    .lacks = oci_cgroups_lack(o->cgroups),
				    .oom_floor = o->oom_floor,
				    .own_caps = o->own_caps};
	autobuf struct buf b = BUF_INIT;
	if (oci_spec_write(&in, &b, err) < 0)
		return -1;
	return tree_write(config, b.p, b.len, 0600, TREE_VOLATILE, err);
}

/* What is mounted is not always what the Pod's volumes have: images are mounted for it, and a user namespace wants mounts that
   give files to its users. */
struct inside {
	int fd; /* of its user namespace; -1: the host's */
	struct runtime_container_spec spec;
	struct runtime_mount *mounts;
	char *termination_log;
};

static void inside_release(struct inside *in)
{
	for (size_t i = 0; in->mounts && i < in->spec.n_mounts; i++)
		free((char *)in->mounts[i].host);
	free(in->mounts);
	free(in->termination_log);
	mem_autoclose(&in->fd);
}

/* Images and, in a user namespace, all others are mounted below DIR/mounts, for the runtime to bind from: not every one can
   do it itself. */
static int place_mount(struct oci *o, const struct oci_sandbox *s, const struct image_record *image,
		       const struct inside *in, const char *dir, size_t i, struct runtime_mount *ret,
		       struct err *err)
{
	const struct runtime_mount *m = &in->spec.mounts[i];
	autofree char *to = mem_printf("%s/%zu", dir, i);
	if (image) {
		ret->host = oci_volume_mount(o->images, image, m->sub_path, to, &s->users, in->fd, err);
		return ret->host ? 0 : -1;
	}
	if (in->fd >= 0 && userns_mount(in->fd, m->host, to, err) < 0)
		return -1;
	ret->host = in->fd < 0 ? mem_strdup(m->host) : STEAL(to);
	return 0;
}

/* images: one for each mount, NULL where there is none. */
static int place_mounts(struct oci *o, const struct oci_container *c, const struct oci_sandbox *s,
			struct image_record *const *images, struct inside *in, struct err *err)
{
	autofree char *dir = mem_printf("%s/mounts", c->dir);
	struct runtime_mount *v = in->mounts = mem_array(in->spec.n_mounts + 1, sizeof(*v));
	if ((in->fd >= 0 || c->mounted[0]) && mkdir(dir, 0755) < 0)
		return err_errno(err, "mkdir %s", dir);
	for (size_t i = 0; i < in->spec.n_mounts; i++) {
		v[i] = in->spec.mounts[i];
		v[i].host = NULL;
	}
	for (size_t i = 0; i < in->spec.n_mounts; i++)
		if (place_mount(o, s, images[i], in, dir, i, &v[i], err) < 0)
			return -1;
	in->spec.mounts = v;
	if (in->fd < 0 || !in->spec.termination_log)
		return 0;
	in->termination_log = mem_printf("%s/message", dir);
	if (userns_mount(in->fd, in->spec.termination_log, in->termination_log, err) < 0)
		return -1;
	in->spec.termination_log = in->termination_log;
	return 0;
}

/* The container's directory is for its root to pass through, for nobody else. */
static int enter_userns(const struct oci_container *c, const struct oci_sandbox *s, struct inside *in,
			struct err *err)
{
	if (!s->users.length)
		return 0;
	autofree char *path = mem_printf("/proc/%d/ns/user", (int)s->pause.pid);
	in->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return err_errno(err, "%s", path);
	if (chown(c->dir, 0, s->users.first) < 0 || chmod(c->dir, 0710) < 0)
		return err_errno(err, "give %s to the container's root", c->dir);
	return 0;
}

/* images: the root's, then the mounts'. */
static int fill(struct oci *o, struct oci_container *c, const struct runtime_container_spec *spec,
		const struct oci_sandbox *s, struct image_record *const *images, struct err *err)
{
	struct inside in = {.fd = -1, .spec = *spec};
	int rc = make_files(spec, err) < 0 || enter_userns(c, s, &in, err) < 0 ||
				 place_mounts(o, c, s, images + 1, &in, err) < 0 ||
				 oci_rootfs_mount(o->images, images[0], c->dir, &s->users, in.fd, err) < 0 ||
				 write_config(o, c, &in.spec, s, images[0], err) < 0
			 ? -1
			 : 0;
	inside_release(&in);
	return rc;
}

static int build(struct oci *o, struct oci_container *c, const struct runtime_container_spec *spec,
		 const struct oci_sandbox *s, struct image_record *const *images, struct err *err)
{
	if (!oci_process_alive(&s->pause))
		return err_set(err, REASON_NOT_FOUND, "sandbox %s is not running", s->id);
	if (tree_mkdirs(c->dir, 0700, err) < 0 || oci_container_save(o, c, err) < 0 ||
	    fill(o, c, spec, s, images, err) < 0)
		return -1;
	c->complete = true;
	return oci_container_save(o, c, err);
}

static int dismantle(struct oci *o, struct oci_container *c, struct err *err);

/* The root's image, then the mounts', NULL where they have none. False: not all were there. */
static bool claim_images(struct oci *o, const struct runtime_container_spec *spec,
			 struct image_record **images, struct err *err)
{
	for (size_t i = 0; i <= spec->n_mounts; i++) {
		const char *id = i ? spec->mounts[i - 1].image : spec->image_id;
		if (id && !(images[i] = oci_image_claim(o, id, err)))
			return false;
	}
	return true;
}

int oci_container_create(struct runtime *rt, const struct runtime_container_spec *spec, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	if (oci_check_id(o, spec->id, err) < 0)
		return -1;
	struct oci_sandbox *s = oci_sandbox_find(o, spec->sandbox_id);
	if (!s)
		return err_set(err, REASON_NOT_FOUND, "sandbox %s not found", spec->sandbox_id);
	autofree struct image_record **images = mem_array(spec->n_mounts + 1, sizeof(*images));
	struct oci_container *c =
		claim_images(o, spec, images, err) ? oci_container_new(o, spec, s, images[0]) : NULL;
	int rc = c ? build(o, c, spec, s, images, err) : -1;
	if (rc == 0) {
		oci_container_add(o, c);
	} else if (c) {
		struct err ignored = ERR_INIT;
		(void)!dismantle(o, c, &ignored);
	}
	oci_container_unref(c);
	for (size_t i = 0; i <= spec->n_mounts; i++)
		oci_image_unclaim(o, images[i]);
	oci_sandbox_unref(s);
	return rc;
}

/* ---- start ---- */

static void mark_finished(struct oci *o, struct oci_container *c, int code, int64_t when_ns)
{
	bool oom = oci_cgroup_oom_killed(o->cgroups, c->cgroup);
	autofree char *file = mem_printf("%s/oom", c->dir);
	oom = oom || access(file, F_OK) == 0; /* conmon's note, should the cgroup be gone */
	pthread_mutex_lock(&o->lock);
	if (!c->finished_ns) {
		/* A file's time comes from a coarser clock than ours. */
		c->finished_ns = when_ns > c->started_ns ? when_ns : c->started_ns;
		c->exit_code = code;
		c->oom_killed = oom;
	}
	pthread_mutex_unlock(&o->lock);
	struct err ignored = ERR_INIT; /* unsaved, it is found out again from the same files */
	(void)!oci_container_save(o, c, &ignored);
}

/* Ends a container that could not be started, so that removing it is all that remains. */
static void give_up(struct oci *o, struct oci_container *c)
{
	struct err ignored = ERR_INIT;
	(void)!oci_process_kill(&c->init, 0, &ignored);
	mark_finished(o, c, START_ERROR, clock_wall_ns());
}

/* From within its user namespace the runtime cannot give away what conmon made. */
static void own_stdio(const struct oci_container *c)
{
	for (int i = 0; i < 3 && c->owner; i++) {
		struct stat st;
		autofree char *path = mem_printf("/proc/%d/fd/%d", (int)c->init.pid, i);
		if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
			(void)!chown(path, c->owner, (gid_t)-1);
	}
}

int oci_container_start(struct runtime *rt, const char *id, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	int rc = -1;
	if (c->started_ns || c->finished_ns || c->init.pid) {
		err_set(err, REASON_CONFLICT, "container %s was started before", id);
	} else if (oci_conmon_create(o, c, err) < 0 ||
		   oci_cgroup_huge(o->cgroups, c->cgroup, &c->limits, err) < 0) {
		give_up(o, c);
	} else {
		/* Known to a later agent before the program runs; timed before it could have ended. */
		int64_t now = clock_wall_ns();
		own_stdio(c);
		c->launched_ns = now;
		rc = oci_container_save(o, c, err);
		if (rc == 0)
			rc = oci_runtime_start(o, c, err);
		if (rc < 0) {
			give_up(o, c);
		} else {
			pthread_mutex_lock(&o->lock);
			c->started_ns = now;
			if (c->finished_ns && c->finished_ns < now)
				c->finished_ns = now;
			pthread_mutex_unlock(&o->lock);
			rc = oci_container_save(o, c, err);
			oci_watch_container(o->watch, c);
		}
	}
	oci_container_unref(c);
	return rc;
}

/* ---- state ---- */

/* conmon's exit file: 1; 0 when there is none; -1 when that cannot be said at present. */
static int read_exit(const struct oci *o, const struct oci_container *c, int *ret_code, int64_t *ret_when_ns)
{
	autofree char *path = mem_printf("%s/exits/%s", o->c.root, c->id);
	char text[64];
	struct stat st;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -1 : 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0 || fstat(fd, &st) < 0)
		return 0;
	text[n] = '\0';
	*ret_code = (int)strtol(text, NULL, 10);
	*ret_when_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	return 1;
}

/* Takes notice of an end that has happened. What cannot be found out now is found out later. */
static void update(struct oci *o, struct oci_container *c)
{
	pthread_mutex_lock(&o->lock);
	bool done = c->finished_ns != 0 || !c->init.pid;
	struct oci_process init = c->init, conmon = c->conmon;
	pthread_mutex_unlock(&o->lock);
	int code;
	int64_t when;
	if (done)
		return;
	int found = read_exit(o, c, &code, &when);
	if (found > 0) {
		mark_finished(o, c, code, when);
		return;
	}
	/* While conmon lives the file is still to come; a conmon that died may have written it since we
	 * looked. */
	enum oci_life monitor = oci_process_look(&conmon), program = oci_process_look(&init);
	if (found == 0 && monitor == OCI_DEAD && program == OCI_DEAD)
		found = read_exit(o, c, &code, &when);
	else if (found == 0 && monitor != OCI_UNSEEN && program != OCI_UNSEEN)
		return;
	else
		found = -1;
	if (found < 0)
		oci_watch_again(o->watch, c);
	else if (found)
		mark_finished(o, c, code, when);
	else
		mark_finished(o, c, LOST, clock_wall_ns());
}

void oci_container_orphaned(struct oci *o, struct oci_container *c)
{
	int code;
	int64_t when;
	struct err ignored = ERR_INIT;
	pthread_mutex_lock(&o->lock);
	struct oci_process init = c->init, conmon = c->conmon;
	pthread_mutex_unlock(&o->lock);
	if (read_exit(o, c, &code, &when) == 0 && oci_process_look(&conmon) == OCI_DEAD &&
	    oci_process_kill(&init, 0, &ignored) < 0)
		oci_watch_again(o->watch, c);
	update(o, c);
}

void oci_container_inspect(struct oci *o, struct oci_container *c, struct runtime_container *ret)
{
	update(o, c);
	*ret = (struct runtime_container){.created_ns = c->created_ns, .stop_signal = c->stop_signal};
	memcpy(ret->id, c->id, sizeof(ret->id));
	ret->user_known = c->user != NULL;
	if (c->user)
		ret->user = *c->user;
	pthread_mutex_lock(&o->lock);
	ret->started_ns = c->started_ns;
	ret->finished_ns = c->finished_ns;
	ret->oom_killed = c->oom_killed;
	if (c->finished_ns) {
		ret->state = RUNTIME_EXITED;
		ret->exit_code = c->exit_code;
	} else if (c->started_ns) {
		ret->state = RUNTIME_RUNNING;
		ret->pid = c->init.pid;
	} else {
		ret->state = RUNTIME_CREATED;
	}
	pthread_mutex_unlock(&o->lock);
}

int oci_container_status(struct runtime *rt, const char *id, struct runtime_container *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	oci_container_inspect(o, c, ret);
	oci_container_unref(c);
	return 0;
}

int oci_container_signal(struct runtime *rt, const char *id, int sig, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	pthread_mutex_lock(&o->lock);
	struct oci_process p = c->init;
	pthread_mutex_unlock(&o->lock);
	oci_container_unref(c);
	autoclose int fd = oci_process_open(&p);
	if (fd < 0)
		return errno == ESRCH ? 0 : err_errno(err, "signal %d to container %s", sig, id);
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0 && errno != ESRCH)
		return err_errno(err, "signal %d to container %s", sig, id);
	return 0;
}

int oci_container_update(struct runtime *rt, const char *id, const struct runtime_limits *l, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	int rc = oci_cgroup_update(o->cgroups, c->cgroup, l, err);
	oci_container_unref(c);
	return rc;
}

int oci_container_usage(struct runtime *rt, const char *id, struct runtime_usage *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return err_set(err, REASON_NOT_FOUND, "container %s not found", id);
	int rc = oci_cgroup_usage(o->cgroups, c->cgroup, ret, err);
	oci_container_unref(c);
	return rc;
}

/* ---- removal ---- */

static int dismantle(struct oci *o, struct oci_container *c, struct err *err)
{
	/* An end that is noticed from now on is nobody's business, and must not bring the directory back. */
	pthread_mutex_lock(&c->file_lock);
	c->removed = true;
	pthread_mutex_unlock(&c->file_lock);
	autofree char *exit_file = mem_printf("%s/exits/%s", o->c.root, c->id);
	/* The kill before the runtime's: its own waits for the process by polling every 100 ms. */
	if (oci_process_kill(&c->init, 0, err) < 0 || oci_cgroup_remove(o->cgroups, c->cgroup, err) < 0 ||
	    oci_runtime_delete(o, c, err) < 0 || oci_process_kill(&c->conmon, CONMON_NS, err) < 0)
		return -1;
	/* Before the directory, by which an agent that is killed here would be reminded of it. */
	if (unlink(exit_file) < 0 && errno != ENOENT)
		return err_errno(err, "remove %s", exit_file);
	return tree_unmount(c->dir, err) < 0 ? -1 : tree_remove(c->dir, err);
}

int oci_container_remove(struct runtime *rt, const char *id, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct oci_container *c = oci_container_find(o, id);
	if (!c)
		return 0;
	int rc = dismantle(o, c, err);
	if (rc == 0)
		oci_container_forget(o, id);
	oci_container_unref(c);
	return rc;
}

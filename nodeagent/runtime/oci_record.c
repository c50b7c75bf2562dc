/* SPDX-License-Identifier: Apache-2.0 */
/* Sandboxes and containers as records in memory, and the processes they name. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/clock.h"
#include "os/process.h"
#include "os/stopsignal.h"
#include "runtime/oci_internal.h"

#define KILL_NS (10 * NS_PER_S)

/* ---- processes ---- */

enum oci_life oci_process_look(const struct oci_process *p)
{
	if (p->pid <= 0 || !p->start)
		return OCI_DEAD;
	uint64_t start = process_start_time(p->pid);
	if (start)
		return start == p->start ? OCI_ALIVE : OCI_DEAD;
	return errno == ESRCH ? OCI_DEAD : OCI_UNSEEN;
}

bool oci_process_alive(const struct oci_process *p)
{
	return oci_process_look(p) != OCI_DEAD;
}

int oci_process_open(const struct oci_process *p)
{
	/* The descriptor first, then the check: from there on the pid cannot become somebody else's. */
	errno = ESRCH;
	int fd = p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
	if (fd >= 0 && !oci_process_alive(p)) {
		close(fd);
		errno = ESRCH;
		return -1;
	}
	return fd;
}

static bool wait_end(int pidfd, int64_t ns)
{
	struct pollfd pfd = {.fd = pidfd, .events = POLLIN};
	int64_t deadline = clock_mono_ns() + ns;
	for (;;) {
		int64_t left = (deadline - clock_mono_ns()) / NS_PER_MS;
		if (left <= 0)
			return false;
		if (poll(&pfd, 1, (int)left) > 0)
			return true;
	}
}

int oci_process_kill(const struct oci_process *p, int64_t grace_ns, struct err *err)
{
	autoclose int fd = oci_process_open(p);
	if (fd < 0)
		return errno == ESRCH ? 0 : err_errno(err, "open process %d", (int)p->pid);
	if (grace_ns && wait_end(fd, grace_ns))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_errno(err, "kill %d", (int)p->pid);
	return wait_end(fd, KILL_NS) ? 0
				     : err_set(err, REASON_TIMEOUT, "process %d does not end", (int)p->pid);
}

/* ---- life ---- */

static void kvs_release(struct oci_kvs *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free((char *)k->v[i].key);
		free((char *)k->v[i].value);
	}
	free(k->v);
}

static struct oci_kvs kvs_dup(const struct runtime_kv *v, size_t n)
{
	struct oci_kvs k = {.v = mem_array(n + 1, sizeof(*v)), .n = n};
	for (size_t i = 0; i < n; i++)
		k.v[i] = (struct runtime_kv){mem_strdup(v[i].key), mem_strdup(v[i].value ? v[i].value : "")};
	return k;
}

void oci_sandbox_unref(struct oci_sandbox *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(s->pod_uid);
	free(s->pod_namespace);
	free(s->pod_name);
	free(s->hostname);
	free(s->program);
	kvs_release(&s->labels);
	kvs_release(&s->annotations);
	for (size_t i = 0; i < s->n_ports; i++) {
		free((char *)s->ports[i].protocol);
		free((char *)s->ports[i].host_ip);
	}
	free(s->ports);
	free(s->dir);
	free(s->netns);
	free(s->cgroup);
	free(s->network);
	free(s);
}

void oci_container_unref(struct oci_container *c)
{
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(c->pod_uid);
	free(c->name);
	free(c->image_id);
	free(c->image_ref);
	free(c->image_asked);
	for (size_t i = 0; c->mounted[i]; i++)
		free(c->mounted[i]);
	free(c->mounted);
	free(c->digest_ref);
	free(c->log_path);
	free(c->termination_log);
	kvs_release(&c->labels);
	kvs_release(&c->annotations);
	free(c->user);
	free(c->program);
	free(c->dir);
	free(c->cgroup);
	pthread_mutex_destroy(&c->file_lock);
	free(c);
}

int oci_check_id(struct oci *o, const char *id, struct err *err)
{
	size_t n = id ? strspn(id, "0123456789abcdef") : 0;
	if (n != RUNTIME_ID_MAX - 1 || id[n])
		return err_set(err, REASON_INVALID, "bad id \"%.100s\"", id ? id : "");
	pthread_mutex_lock(&o->lock);
	bool taken = map_has(&o->sandboxes, id) || map_has(&o->containers, id);
	pthread_mutex_unlock(&o->lock);
	return taken ? err_set(err, REASON_ALREADY_EXISTS, "id %s is in use", id) : 0;
}

void oci_sandbox_derive(const struct oci *o, struct oci_sandbox *s)
{
	s->dir = mem_printf("%s/sandboxes/%s", o->c.root, s->id);
	s->netns = s->host_network ? mem_strdup("")
				   : mem_printf("%s/netns/%s-%.8s", o->c.root, s->pod_uid, s->id);
	if (!s->cgroup)
		s->cgroup = mem_printf("/coracle-%s/pod%s", o->c.cluster_id, s->pod_uid);
}

void oci_container_derive(const struct oci *o, struct oci_container *c)
{
	pthread_mutex_init(&c->file_lock, NULL);
	c->dir = mem_printf("%s/containers/%s", o->c.root, c->id);
	if (!c->cgroup)
		c->cgroup = mem_printf("/coracle-%s/pod%s/%s", o->c.cluster_id, c->pod_uid, c->id);
}

struct oci_sandbox *oci_sandbox_new(struct oci *o, const struct runtime_sandbox_spec *spec,
				    const char *program)
{
	struct oci_sandbox *s = MEM_NEW(struct oci_sandbox);
	s->refs = 1;
	memcpy(s->id, spec->id, sizeof(s->id));
	s->pod_uid = mem_strdup(spec->pod_uid);
	s->pod_namespace = mem_strdup(spec->pod_namespace);
	s->pod_name = mem_strdup(spec->pod_name);
	s->hostname = mem_strdup(spec->hostname && *spec->hostname ? spec->hostname : spec->pod_name);
	s->program = mem_strdup(program);
	s->attempt = spec->attempt;
	s->host_network = spec->host_network;
	s->host_pid = spec->host_pid;
	s->host_ipc = spec->host_ipc;
	s->share_pid = spec->share_pid && !spec->host_pid;
	s->users = spec->users;
	s->created_ns = clock_wall_ns();
	s->labels = kvs_dup(spec->labels, spec->n_labels);
	s->annotations = kvs_dup(spec->annotations, spec->n_annotations);
	s->n_ports = spec->host_network ? 0 : spec->n_ports;
	s->ports = mem_array(s->n_ports + 1, sizeof(*s->ports));
	for (size_t i = 0; i < s->n_ports; i++) {
		s->ports[i] = spec->ports[i];
		s->ports[i].protocol = mem_strdup(spec->ports[i].protocol);
		s->ports[i].host_ip = mem_strdup(spec->ports[i].host_ip);
	}
	if (spec->group && *spec->group)
		s->cgroup = mem_printf("/coracle-%s/%s/pod%s", o->c.cluster_id, spec->group, s->pod_uid);
	oci_sandbox_derive(o, s);
	return s;
}

static char **mounted_images(const struct runtime_container_spec *spec)
{
	char **ids = mem_array(spec->n_mounts + 1, sizeof(*ids));
	for (size_t i = 0, n = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].image)
			ids[n++] = mem_strdup(spec->mounts[i].image);
	return ids;
}

struct oci_container *oci_container_new(struct oci *o, const struct runtime_container_spec *spec,
					const struct oci_sandbox *s, const struct image_record *image)
{
	struct oci_container *c = MEM_NEW(struct oci_container);
	c->refs = 1;
	memcpy(c->id, spec->id, sizeof(c->id));
	memcpy(c->sandbox_id, s->id, sizeof(c->sandbox_id));
	c->pod_uid = mem_strdup(s->pod_uid);
	c->name = mem_strdup(spec->name);
	c->attempt = spec->attempt;
	c->image_id = mem_strdup(image->id);
	c->image_ref = mem_strdup(oci_image_name(image));
	c->image_asked = mem_strdup(spec->image_asked ? spec->image_asked : "");
	c->digest_ref = mem_strdup(oci_image_digest_ref(image, NULL));
	c->mounted = mounted_images(spec);
	c->log_path = mem_strdup(spec->log_path);
	c->termination_log = mem_strdup(spec->termination_log);
	c->tty = spec->tty;
	c->stdin_open = spec->stdin_open;
	c->stdin_once = spec->stdin_once;
	c->limits = spec->limits;
	c->stop_signal = spec->stop_signal ? spec->stop_signal : stopsignal_parse(image->config.stop_signal);
	if (!c->stop_signal)
		c->stop_signal = SIGTERM;
	c->created_ns = clock_wall_ns();
	c->labels = kvs_dup(spec->labels, spec->n_labels);
	c->annotations = kvs_dup(spec->annotations, spec->n_annotations);
	c->cgroup = mem_printf("%s/%s", s->cgroup, c->id);
	c->program = mem_strdup(s->program);
	oci_container_derive(o, c);
	return c;
}

/* ---- maps ---- */

struct oci_sandbox *oci_sandbox_find(struct oci *o, const char *id)
{
	pthread_mutex_lock(&o->lock);
	struct oci_sandbox *s = map_get(&o->sandboxes, id);
	if (s)
		__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&o->lock);
	return s;
}

struct oci_container *oci_container_find(struct oci *o, const char *id)
{
	pthread_mutex_lock(&o->lock);
	struct oci_container *c = map_get(&o->containers, id);
	if (c)
		__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&o->lock);
	return c;
}

void oci_sandbox_add(struct oci *o, struct oci_sandbox *s)
{
	pthread_mutex_lock(&o->lock);
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	map_set(&o->sandboxes, s->id, s);
	pthread_mutex_unlock(&o->lock);
}

void oci_container_add(struct oci *o, struct oci_container *c)
{
	pthread_mutex_lock(&o->lock);
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	map_set(&o->containers, c->id, c);
	pthread_mutex_unlock(&o->lock);
}

void oci_sandbox_forget(struct oci *o, const char *id)
{
	pthread_mutex_lock(&o->lock);
	struct oci_sandbox *s = map_del(&o->sandboxes, id);
	pthread_mutex_unlock(&o->lock);
	oci_sandbox_unref(s);
}

void oci_container_forget(struct oci *o, const char *id)
{
	pthread_mutex_lock(&o->lock);
	struct oci_container *c = map_del(&o->containers, id);
	pthread_mutex_unlock(&o->lock);
	oci_container_unref(c);
}

struct oci_sandbox **oci_all_sandboxes(struct oci *o)
{
	pthread_mutex_lock(&o->lock);
	struct oci_sandbox **v = mem_array(map_len(&o->sandboxes) + 1, sizeof(*v));
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&o->sandboxes, &it);) {
		v[n] = it.value;
		__atomic_add_fetch(&v[n++]->refs, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&o->lock);
	return v;
}

struct oci_container **oci_all_containers(struct oci *o)
{
	pthread_mutex_lock(&o->lock);
	struct oci_container **v = mem_array(map_len(&o->containers) + 1, sizeof(*v));
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&o->containers, &it);) {
		v[n] = it.value;
		__atomic_add_fetch(&v[n++]->refs, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&o->lock);
	return v;
}

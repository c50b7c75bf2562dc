/* SPDX-License-Identifier: Apache-2.0 */
/* Records on disk, for the agent that comes after this one. */
#include <stdio.h>
#include <stdlib.h>
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define STATE_MAX (4u << 20)

/* ---- saving ---- */

static void put_kvs(js *o, const char *key, const struct oci_kvs *k)
{
	js *m = js_ensure(o, key, NULL);
	for (size_t i = 0; i < k->n; i++)
		js_set_str(m, k->v[i].key, k->v[i].value);
}

static void put_process(js *o, const char *key, const struct oci_process *p)
{
	js_set_int(js_ensure(o, key, NULL), "pid", p->pid);
	js_set_int(js_ensure(o, key, NULL), "start", (int64_t)p->start);
}

static void put_user(js *o, const struct runtime_user *u)
{
	js *user = js_ensure(o, "user", NULL), *groups = js_ensure_arr(user, "groups");
	js_set_int(user, "uid", u->uid);
	js_set_int(user, "gid", u->gid);
	for (size_t i = 0; i < u->n_groups; i++)
		js_push(groups, js_new_int(u->groups[i]));
}

static int save(const char *dir, js *o, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	autofree char *path = mem_printf("%s/state.json", dir);
	return tree_write(path, b.p, b.len, 0600, TREE_VOLATILE, err);
}

int oci_sandbox_save(struct oci *o, struct oci_sandbox *s, struct err *err)
{
	autojson js *d = js_new_obj();
	js_set_str(d, "podUID", s->pod_uid);
	js_set_str(d, "namespace", s->pod_namespace);
	js_set_str(d, "name", s->pod_name);
	js_set_str(d, "hostname", s->hostname);
	js_set_str(d, "runtime", s->program);
	js_set_str(d, "cgroup", s->cgroup);
	js_set_int(d, "attempt", s->attempt);
	js_set_bool(d, "hostNetwork", s->host_network);
	js_set_bool(d, "hostPID", s->host_pid);
	js_set_bool(d, "hostIPC", s->host_ipc);
	js_set_bool(d, "sharePID", s->share_pid);
	js_set_int(d, "firstUser", s->users.first);
	js_set_int(d, "users", s->users.length);
	js_set_int(d, "created", s->created_ns);
	put_kvs(d, "labels", &s->labels);
	put_kvs(d, "annotations", &s->annotations);
	js *ports = js_ensure_arr(d, "ports");
	for (size_t i = 0; i < s->n_ports; i++) {
		js *p = js_new_obj();
		js_set_int(p, "containerPort", s->ports[i].container_port);
		js_set_int(p, "hostPort", s->ports[i].host_port);
		js_set_str(p, "protocol", s->ports[i].protocol);
		js_set_str(p, "hostIP", s->ports[i].host_ip);
		js_push(ports, p);
	}
	pthread_mutex_lock(&o->lock);
	put_process(d, "pause", &s->pause);
	js *ips = js_ensure_arr(d, "ips");
	for (size_t i = 0; i < RUNTIME_IPS_MAX && s->ips[i][0]; i++)
		js_push(ips, js_new_str(s->ips[i]));
	js_set_str(d, "network", s->network);
	js_set_bool(d, "complete", s->complete);
	pthread_mutex_unlock(&o->lock);
	return save(s->dir, d, err);
}

int oci_container_save(struct oci *o, struct oci_container *c, struct err *err)
{
	autojson js *d = js_new_obj();
	js_set_str(d, "sandbox", c->sandbox_id);
	js_set_str(d, "podUID", c->pod_uid);
	js_set_str(d, "name", c->name);
	js_set_int(d, "attempt", c->attempt);
	js_set_str(d, "imageID", c->image_id);
	js_set_str(d, "image", c->image_ref);
	js_set_str(d, "imageAsked", c->image_asked);
	for (size_t i = 0; c->mounted[i]; i++)
		js_push(js_ensure_arr(d, "mountedImages"), js_new_str(c->mounted[i]));
	js_set_str(d, "cgroup", c->cgroup);
	js_set_str(d, "runtime", c->program);
	js_set_int(d, "owner", c->owner);
	if (c->user)
		put_user(d, c->user);
	js_set_str(d, "digestRef", c->digest_ref);
	js_set_str(d, "log", c->log_path);
	js_set_str(d, "terminationLog", c->termination_log);
	js_set_bool(d, "tty", c->tty);
	js_set_bool(d, "stdin", c->stdin_open);
	js_set_bool(d, "stdinOnce", c->stdin_once);
	js_set_int(d, "stopSignal", c->stop_signal);
	js_set_int(d, "created", c->created_ns);
	put_kvs(d, "labels", &c->labels);
	put_kvs(d, "annotations", &c->annotations);
	pthread_mutex_lock(&o->lock);
	put_process(d, "init", &c->init);
	put_process(d, "conmon", &c->conmon);
	js_set_int(d, "launched", c->launched_ns);
	js_set_int(d, "started", c->started_ns);
	js_set_int(d, "finished", c->finished_ns);
	js_set_int(d, "exitCode", c->exit_code);
	js_set_bool(d, "oomKilled", c->oom_killed);
	js_set_bool(d, "complete", c->complete);
	pthread_mutex_unlock(&o->lock);
	pthread_mutex_lock(&c->file_lock);
	int rc = c->removed ? 0 : save(c->dir, d, err);
	pthread_mutex_unlock(&c->file_lock);
	return rc;
}

/* ---- loading ---- */

static struct oci_kvs get_kvs(const js *o, const char *key)
{
	js *m = js_obj(o, key, NULL);
	struct oci_kvs k = {.v = mem_array(js_len(m) + 1, sizeof(*k.v))};
	if (!m)
		return k;
	json_object_object_foreach (m, name, value) {
		const char *text = js_is_str(value) ? json_object_get_string(value) : "";
		k.v[k.n++] = (struct runtime_kv){mem_strdup(name), mem_strdup(text)};
	}
	return k;
}

static struct oci_process get_process(const js *o, const char *key)
{
	return (struct oci_process){.pid = (pid_t)js_int(o, 0, key, "pid", NULL),
				    .start = (uint64_t)js_int(o, 0, key, "start", NULL)};
}

/* Agents that knew no handlers had one for all. */
static char *get_program(const struct oci *o, const js *d)
{
	const char *program = js_str(d, "runtime", NULL);
	return mem_strdup(program ? program : o->oci_runtime);
}

static struct runtime_user *get_user(const js *o)
{
	const js *groups = js_arr(o, "groups", NULL);
	if (!o)
		return NULL;
	struct runtime_user *u = MEM_NEW(struct runtime_user);
	u->uid = (uint32_t)js_int(o, 0, "uid", NULL);
	u->gid = (uint32_t)js_int(o, 0, "gid", NULL);
	for (size_t i = 0; i < js_len(groups) && u->n_groups < RUNTIME_GROUPS_MAX; i++)
		u->groups[u->n_groups++] = (uint32_t)js_int(js_at(groups, i), 0, NULL);
	return u;
}

static struct oci_sandbox *sandbox_from(const struct oci *o, const char *id, const js *d)
{
	struct oci_sandbox *s = MEM_NEW(struct oci_sandbox);
	s->refs = 1;
	memcpy(s->id, id, RUNTIME_ID_MAX);
	s->pod_uid = mem_strdup(js_str0(d, "podUID", NULL));
	s->pod_namespace = mem_strdup(js_str0(d, "namespace", NULL));
	s->pod_name = mem_strdup(js_str0(d, "name", NULL));
	s->hostname = mem_strdup(js_str0(d, "hostname", NULL));
	s->cgroup = mem_strdup(js_str(d, "cgroup", NULL));
	s->program = get_program(o, d);
	s->attempt = (unsigned)js_int(d, 0, "attempt", NULL);
	s->host_network = js_bool(d, false, "hostNetwork", NULL);
	s->host_pid = js_bool(d, false, "hostPID", NULL);
	s->host_ipc = js_bool(d, false, "hostIPC", NULL);
	s->share_pid = js_bool(d, false, "sharePID", NULL);
	s->users = (struct userns_map){(uint32_t)js_int(d, 0, "firstUser", NULL),
				       (uint32_t)js_int(d, 0, "users", NULL)};
	s->created_ns = js_int(d, 0, "created", NULL);
	s->labels = get_kvs(d, "labels");
	s->annotations = get_kvs(d, "annotations");
	const js *ports = js_arr(d, "ports", NULL);
	s->ports = mem_array(js_len(ports) + 1, sizeof(*s->ports));
	js_array_for_each (p, ports) {
		s->ports[s->n_ports++] =
			(struct runtime_port){.container_port = (int)js_int(p, 0, "containerPort", NULL),
					      .host_port = (int)js_int(p, 0, "hostPort", NULL),
					      .protocol = mem_strdup(js_str(p, "protocol", NULL)),
					      .host_ip = mem_strdup(js_str(p, "hostIP", NULL))};
	}
	s->pause = get_process(d, "pause");
	const js *ips = js_arr(d, "ips", NULL);
	for (size_t i = 0; i < RUNTIME_IPS_MAX && i < js_len(ips); i++)
		snprintf(s->ips[i], sizeof(s->ips[i]), "%s",
			 js_is_str(js_at(ips, i)) ? json_object_get_string(js_at(ips, i)) : "");
	s->network = mem_strdup(js_str(d, "network", NULL));
	s->complete = js_bool(d, false, "complete", NULL);
	oci_sandbox_derive(o, s);
	return s;
}

static struct oci_container *container_from(const struct oci *o, const char *id, const js *d)
{
	struct oci_container *c = MEM_NEW(struct oci_container);
	c->refs = 1;
	memcpy(c->id, id, RUNTIME_ID_MAX);
	snprintf(c->sandbox_id, sizeof(c->sandbox_id), "%s", js_str0(d, "sandbox", NULL));
	c->pod_uid = mem_strdup(js_str0(d, "podUID", NULL));
	c->name = mem_strdup(js_str0(d, "name", NULL));
	c->attempt = (unsigned)js_int(d, 0, "attempt", NULL);
	c->image_id = mem_strdup(js_str0(d, "imageID", NULL));
	c->image_ref = mem_strdup(js_str0(d, "image", NULL));
	c->image_asked = mem_strdup(js_str0(d, "imageAsked", NULL));
	const js *mounted = js_arr(d, "mountedImages", NULL);
	c->mounted = mem_array(js_len(mounted) + 1, sizeof(*c->mounted));
	js_array_for_each (m, mounted)
		c->mounted[m_i] = mem_strdup(js_is_str(m) ? json_object_get_string(m) : "");
	c->cgroup = mem_strdup(js_str(d, "cgroup", NULL));
	c->program = get_program(o, d);
	c->owner = (uint32_t)js_int(d, 0, "owner", NULL);
	c->user = get_user(js_obj(d, "user", NULL));
	c->digest_ref = mem_strdup(js_str0(d, "digestRef", NULL));
	c->log_path = mem_strdup(js_str(d, "log", NULL));
	c->termination_log = mem_strdup(js_str(d, "terminationLog", NULL));
	c->tty = js_bool(d, false, "tty", NULL);
	c->stdin_open = js_bool(d, false, "stdin", NULL);
	c->stdin_once = js_bool(d, false, "stdinOnce", NULL);
	c->stop_signal = (int)js_int(d, 0, "stopSignal", NULL);
	c->created_ns = js_int(d, 0, "created", NULL);
	c->labels = get_kvs(d, "labels");
	c->annotations = get_kvs(d, "annotations");
	c->init = get_process(d, "init");
	c->conmon = get_process(d, "conmon");
	c->launched_ns = js_int(d, 0, "launched", NULL);
	c->started_ns = js_int(d, 0, "started", NULL);
	c->finished_ns = js_int(d, 0, "finished", NULL);
	c->exit_code = (int)js_int(d, 0, "exitCode", NULL);
	c->oom_killed = js_bool(d, false, "oomKilled", NULL);
	c->complete = js_bool(d, false, "complete", NULL);
	oci_container_derive(o, c);
	return c;
}

/* A tree of the state, or NULL for what a crash or a stranger left. */
static js *load(const char *dir, const char *id)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/%s/state.json", dir, id);
	if (strlen(id) != RUNTIME_ID_MAX - 1 || tree_read(path, STATE_MAX, &b, &ignored) < 0)
		return NULL;
	js *d = js_parse(buf_str(&b), b.len, NULL, &ignored);
	if (d && *js_str0(d, "podUID", NULL))
		return d;
	js_autoput(&d);
	return NULL;
}

static void discard(const char *dir, const char *id)
{
	struct err ignored = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", dir, id);
	(void)!tree_unmount(path, &ignored);
	(void)!tree_remove(path, &ignored);
}

static bool load_sandbox(void *arg, const char *id)
{
	struct oci *o = arg;
	autofree char *dir = mem_printf("%s/sandboxes", o->c.root);
	autojson js *d = load(dir, id);
	if (!d) {
		discard(dir, id);
		return true;
	}
	struct oci_sandbox *s = sandbox_from(o, id, d);
	oci_sandbox_add(o, s);
	oci_sandbox_unref(s);
	return true;
}

static bool load_container(void *arg, const char *id)
{
	struct oci *o = arg;
	autofree char *dir = mem_printf("%s/containers", o->c.root);
	autojson js *d = load(dir, id);
	if (!d) {
		discard(dir, id);
		return true;
	}
	struct oci_container *c = container_from(o, id, d);
	oci_container_add(o, c);
	oci_container_unref(c);
	return true;
}

int oci_state_load(struct oci *o, struct err *err)
{
	autofree char *sandboxes = mem_printf("%s/sandboxes", o->c.root),
		      *containers = mem_printf("%s/containers", o->c.root);
	return tree_names(sandboxes, load_sandbox, o, err) < 0
		       ? -1
		       : tree_names(containers, load_container, o, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Making a Pod's sandbox with its files, and its volumes. */
#include "pod/job.h"

#include <stdlib.h>
#include <unistd.h>

#include "count/count.h"
#include "pod/hostfiles.h"
#include "pod/life/resize.h"
#include "pod/volumes.h"
#include "pod/limits.h"
#include "os/tree.h"

struct sandbox_job {
	struct job j;
	char id[RUNTIME_ID_MAX], *dir;
	char hostname[HOSTFILES_NAME_MAX];
	struct config_set config; /* its RuntimeClass */
	char *handler;		  /* that one's */
	struct buf kept;	  /* what it is granted */
	struct userns_map users;  /* length 0: the host's */
	unsigned attempt;
	struct runtime_sandbox sandbox;
};

static void read_host_file(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;
	if (tree_read(path, 1 << 20, out, &err) < 0)
		buf_clear(out); /* a machine without it is fine */
}

static int write_file(const struct sandbox_job *s, const char *name, const struct buf *text, struct err *err)
{
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	return tree_write(path, buf_str(text), text->len, 0644, TREE_VOLATILE, err);
}

static int write_host_files(struct sandbox_job *s, struct err *err)
{
	autobuf struct buf host_hosts = BUF_INIT, host_resolv = BUF_INIT, text = BUF_INIT;
	const char *ips[RUNTIME_IPS_MAX];
	const struct pod_host *h = s->j.host;
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++)
		ips[i] = s->sandbox.ips[i];
	read_host_file("/etc/hosts", &host_hosts);
	read_host_file("/etc/resolv.conf", &host_resolv);
	const struct hostfiles_dns dns = {.cluster_dns = h->cluster_dns,
					  .cluster_domain = h->cluster_domain,
					  .host_resolv = buf_str(&host_resolv)};
	if (tree_mkdirs(s->dir, 0755, err) < 0)
		return -1;
	hostfiles_hosts(&text, s->j.pod, ips, h->cluster_domain, buf_str(&host_hosts));
	if (write_file(s, "etc-hosts", &text, err) < 0)
		return -1;
	buf_clear(&text);
	hostfiles_resolv(&text, s->j.pod, &dns);
	if (write_file(s, "resolv.conf", &text, err) < 0)
		return -1;
	buf_clear(&text);
	buf_addf(&text, "%s\n", s->hostname);
	return write_file(s, "hostname", &text, err) < 0 ? -1
							 : write_file(s, JOB_RESOURCES_FILE, &s->kept, err);
}

/* What the sandbox's spec borrows is in the arena, which lives until it has been made. */
static void sandbox_spec(const struct sandbox_job *s, struct arena *a, struct runtime_sandbox_spec *ret)
{
	const struct pod *p = s->j.pod;
	autojson js *sysctls = pod_field(p->sysctls);
	size_t n_ports = 0;
	for (size_t i = 0; i < p->list.n; i++)
		n_ports += p->list.v[i].n_host_ports;
	struct runtime_port *ports = arena_array(a, n_ports, sizeof(*ports));
	struct runtime_kv *kv = arena_array(a, js_len(sysctls), sizeof(*kv));
	n_ports = 0;
	for (size_t i = 0; i < p->list.n; i++)
		for (size_t k = 0; k < p->list.v[i].n_host_ports; k++) {
			const struct container_port *c = &p->list.v[i].ports[k];
			ports[n_ports++] =
				(struct runtime_port){.container_port = c->container_port,
						      .host_port = c->host_port,
						      .protocol = *c->protocol ? c->protocol : NULL,
						      .host_ip = c->host_ip};
		}
	js_array_for_each (v, sysctls)
		kv[v_i] = (struct runtime_kv){arena_strdup(a, js_str0(v, "name", NULL)),
					      arena_strdup(a, js_str0(v, "value", NULL))};
	*ret = (struct runtime_sandbox_spec){.id = s->id,
					     .pod_uid = p->o.meta.uid,
					     .pod_namespace = p->o.meta.namespace,
					     .pod_name = p->o.meta.name,
					     .attempt = s->attempt,
					     .hostname = s->hostname,
					     .handler = s->handler,
					     .host_network = p->host_network,
					     .host_pid = p->host_pid,
					     .host_ipc = p->host_ipc,
					     .share_pid = p->share_pid,
					     .users = s->users,
					     .ports = p->host_network ? NULL : ports,
					     .n_ports = p->host_network ? 0 : n_ports,
					     .sysctls = kv,
					     .n_sysctls = js_len(sysctls),
					     .group = limits_group(limits_qos(p)),
					     .limits = limits_pod(p, s->j.host->pod_max_pids)};
}

static void class_known(void *arg)
{
	struct sandbox_job *s = arg;
	const char *name = s->j.pod->runtime_class;
	const js *class = config_set_get(&s->config, CONFIG_RUNTIME_CLASS, name, &s->j.err);
	if (class)
		s->handler = mem_strdup(js_str0(class, "handler", NULL));
	else if (s->j.err.reason != REASON_NOT_FOUND)
		(void)err_wrap(&s->j.err, "failed to lookup RuntimeClass %s", name);
	job_go(&s->j);
}

static enum job_way sandbox_prepare(struct job *j, const struct action *a)
{
	struct sandbox_job *s = (struct sandbox_job *)j;
	s->attempt = j->w->m.sandbox_attempt;
	s->dir = worker_dir(j->w);
	resize_save(&j->w->m, true, &s->kept);
	runtime_new_id(j->host->rt, s->id);
	memcpy(j->w->sandbox_starting, s->id, sizeof(s->id));
	j->w->sandbox_ended_early = false;
	map_set(&j->host->ids, s->id, j->w);
	if (!*j->pod->runtime_class || j->host->simulated)
		return JOB_GO;
	config_set_add(&s->config, j->host->config, CONFIG_RUNTIME_CLASS, "", j->pod->runtime_class);
	config_set_wait(&s->config, class_known, s);
	return JOB_WAIT;
}

static const struct runtime_handler *find_handler(const struct runtime *rt, const char *name)
{
	size_t n = 0;
	const struct runtime_handler *v = rt->ops->handlers ? rt->ops->handlers(rt, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

#define NO_USERS_OF                                                                                          \
	"can't set `spec.hostUsers: false`, RuntimeClass handler \"%s\" does not support user namespaces"

/* A user namespace of its own. */
static int take_users(struct sandbox_job *s, struct err *err)
{
	const char *name = s->handler ? s->handler : "", *uid = s->j.pod->o.meta.uid;
	const struct runtime_handler *h = find_handler(s->j.host->rt, name);
	if (h && h->user_namespaces)
		return tree_mkdirs(s->dir, 0755, err) < 0
			       ? -1
			       : userns_ranges_take(s->j.host->users, uid, &s->users, err);
	if (!*name)
		return err_set(err, REASON_INVALID,
			       "can't set `spec.hostUsers: false`, runtime does not support user namespaces");
	if (h)
		return err_set(err, REASON_INVALID, NO_USERS_OF, name);
	err_set(err, REASON_INVALID, "the handler \"%s\" is not known", name);
	return err_wrap(err, NO_USERS_OF, name);
}

static void sandbox_work(struct job *j)
{
	struct sandbox_job *s = (struct sandbox_job *)j;
	struct runtime *rt = j->host->rt;
	autoarena struct arena a = ARENA_INIT;
	struct runtime_sandbox_spec spec;
	if (!j->pod->host_users && !j->host->simulated && take_users(s, &j->err) < 0)
		return;
	if (hostfiles_nodename(j->pod, j->host->cluster_domain, s->hostname, &j->err) < 0)
		return;
	sandbox_spec(s, &a, &spec);
	/* The files of an earlier sandbox have its addresses; the last of them says that all are there. */
	autofree char *last = mem_printf("%s/hostname", s->dir);
	if (!j->host->simulated)
		(void)unlink(last);
	int64_t began = clock_mono_ns();
	int rc = rt->ops->sandbox_run(rt, &spec, &s->sandbox, &j->err);
	const char *handler = s->handler ? s->handler : "";
	count_tell(COUNT_SANDBOX, handler, NULL, (double)(clock_mono_ns() - began) / (double)NS_PER_S);
	if (rc < 0)
		count_tell(COUNT_SANDBOX_FAILED, handler, NULL, 1);
	if (rc < 0 || j->host->simulated)
		return;
	if (write_host_files(s, &j->err) < 0) {
		struct err ignored = ERR_INIT; /* the first error is the one to tell */
		(void)!rt->ops->sandbox_remove(rt, s->id, &ignored);
	}
}

static void count_sandbox(const struct job *j)
{
	bool failed = j->err.reason != REASON_NONE;
	count_tell(COUNT_PODS, NULL, NULL, 1);
	if (failed)
		count_tell(COUNT_PODS_FAILED, NULL, NULL, 1);
	if (j->pod->host_users)
		return;
	count_tell(COUNT_USER_PODS, NULL, NULL, 1);
	if (failed)
		count_tell(COUNT_USER_PODS_FAILED, NULL, NULL, 1);
}

static bool sandbox_done(struct job *j)
{
	struct sandbox_job *s = (struct sandbox_job *)j;
	job_log(j, "could not create sandbox");
	count_sandbox(j);
	*j->w->sandbox_starting = '\0';
	if (j->err.reason == REASON_NONE) {
		machine_sandbox_up(&j->w->m, &s->sandbox);
		if (j->w->sandbox_ended_early)
			worker_check_sandbox(j->w);
	} else {
		map_del(&j->host->ids, s->id);
		machine_sandbox_failed(&j->w->m, j->err.msg, worker_now());
	}
	return true;
}

static void sandbox_release(struct job *j)
{
	struct sandbox_job *s = (struct sandbox_job *)j;
	config_set_release(&s->config);
	buf_release(&s->kept);
	free(s->handler);
	free(s->dir);
}

const struct job_type job_sandbox = {.size = sizeof(struct sandbox_job),
				     .lane = LANE_WORK,
				     .prepare = sandbox_prepare,
				     .work = sandbox_work,
				     .done = sandbox_done,
				     .release = sandbox_release};

/* ---- is it still there? ---- */

struct check_job {
	struct job j;
	char *id;
	struct runtime_sandbox sandbox;
};

static enum job_way check_prepare(struct job *j, const struct action *a)
{
	((struct check_job *)j)->id = mem_strdup(j->w->m.sandbox_id);
	return JOB_GO;
}

static void check_work(struct job *j)
{
	struct check_job *c = (struct check_job *)j;
	struct runtime *rt = j->host->rt;
	(void)!rt->ops->sandbox_status(rt, c->id, &c->sandbox, &j->err);
}

static bool check_done(struct job *j)
{
	struct check_job *c = (struct check_job *)j;
	struct machine *m = &j->w->m;
	if (!c->sandbox.ready && m->sandbox_id && !strcmp(m->sandbox_id, c->id))
		machine_sandbox_lost(m, worker_now());
	return true;
}

static void check_release(struct job *j)
{
	free(((struct check_job *)j)->id);
}

const struct job_type job_check_sandbox = {.size = sizeof(struct check_job),
					   .lane = LANE_WORK,
					   .prepare = check_prepare,
					   .work = check_work,
					   .done = check_done,
					   .release = check_release};

/* ---- volumes: made, or brought up to date with what they are made of ---- */

struct volumes_job {
	struct job j;
	struct config_set config;
	struct volumes_plan plan;
	struct err unplanned;
};

/* From the loop to the job. */
static void volumes_known(void *arg)
{
	struct volumes_job *v = arg;
	const struct pod_host *h = v->j.host;
	const struct env_context ctx = {.pod = v->j.pod,
					.node_name = h->node.name,
					.host_ip = h->host_ip,
					.allocatable_cpu_milli = h->node.allocatable.cpu_milli,
					.allocatable_memory = h->node.allocatable.memory,
					.allocatable_storage = h->node.allocatable.ephemeral};
	/* What cannot be planned waits for an object; the other volumes do not wait for it. */
	(void)!volumes_plan(&v->plan, &ctx, &v->config, &v->unplanned);
	job_go(&v->j);
}

static enum job_way volumes_prepare(struct job *j, const struct action *a)
{
	struct volumes_job *v = (struct volumes_job *)j;
	if (j->host->simulated || !j->pod->volumes) {
		machine_volumes_up(&j->w->m);
		return JOB_SKIP;
	}
	volumes_add_config(&v->config, j->host->config, j->pod);
	config_set_wait(&v->config, volumes_known, v);
	return JOB_WAIT;
}

static void volumes_work(struct job *j)
{
	struct volumes_job *v = (struct volumes_job *)j;
	(void)!volumes_set_up(j->host->root, j->pod, &v->plan, &j->err);
}

/* Of volumes that are there already, what could not be planned waits for the change that makes it possible. */
static bool volumes_done(struct job *j)
{
	struct volumes_job *v = (struct volumes_job *)j;
	const struct err *why = v->unplanned.reason != REASON_NONE ? &v->unplanned : &j->err;
	if (why->reason == REASON_NONE)
		machine_volumes_up(&j->w->m);
	else
		machine_volumes_failed(&j->w->m, why->msg, worker_now());
	j->w->volumes_owed |= j->w->m.volumes_up && j->err.reason != REASON_NONE;
	return true;
}

static void volumes_release(struct job *j)
{
	struct volumes_job *v = (struct volumes_job *)j;
	config_set_release(&v->config);
	volumes_plan_release(&v->plan);
}

const struct job_type job_volumes = {.size = sizeof(struct volumes_job),
				     .lane = LANE_WORK,
				     .prepare = volumes_prepare,
				     .work = volumes_work,
				     .done = volumes_done,
				     .release = volumes_release};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container: wait for the ConfigMaps and Secrets that its environment names, write down its whole
 * specification in an arena, then create, remove the run before, and start: an agent that is killed in the middle leaves
 * one of the two, which tells how often the container has run.
 *
 * The container's id is chosen first and known to the loop from then on: its end may be told before its start is.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "count/count.h"
#include "log/rotate.h"
#include "pod/env.h"
#include "pod/hostfiles.h"
#include "pod/message.h"
#include "pod/volumes.h"
#include "pod/life/resize.h"
#include "pod/job.h"
#include "pod/limits.h"
#include "pod/services.h"
#include "os/tree.h"

struct start_job {
	struct job j;
	struct config_set config; /* what the environment refers to */
	struct arena a;
	struct runtime_container_spec spec;
	const char *old_id;    /* run to be removed first */
	const char *target_id; /* whose processes an ephemeral container sees; NULL = its own */
	const char *message_file, *stale_log;
	const char *const *sub_paths;
	const char **images; /* of its mounts' volumes; NULL = none */
	bool created, bad_config;
	struct runtime_container status;
};

/* ---- the job ---- */

static bool mounts_path(const struct container_spec *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].path, path))
			return true;
	return false;
}

static int make_message_dir(const struct start_job *s, struct err *err)
{
	autofree char *dir =
		mem_strndup(s->message_file, (size_t)(strrchr(s->message_file, '/') - s->message_file));
	return tree_mkdirs(dir, 0750, err);
}

/* The Pod's volumes, then the files that every container gets unless it mounts something there itself. */
static int add_mounts(struct start_job *s, struct err *err)
{
	static const struct {
		const char *file, *path;
	} files[] = {{"etc-hosts", "/etc/hosts"},
		     {"resolv.conf", "/etc/resolv.conf"},
		     {"hostname", "/etc/hostname"}};
	const struct container_spec *c = job_container(&s->j);
	struct runtime_mount *v = arena_array(&s->a, c->n_mounts + ARRAY_LEN(files), sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (volumes_mount(&s->a, s->j.host->root, s->j.pod, c, i, s->sub_paths[i], s->images[i],
				  &v[n++], err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!mounts_path(c, files[i].path))
			v[n++] = (struct runtime_mount){
				.host = arena_printf(&s->a, "%s/pods/%s/%s", s->j.host->root,
						     s->j.pod->o.meta.uid, files[i].file),
				.container = files[i].path};
	s->spec.mounts = v;
	s->spec.n_mounts = n;
	return 0;
}

static void start_work(struct job *j)
{
	struct start_job *s = (struct start_job *)j;
	struct runtime *rt = j->host->rt;
	struct err ignored = ERR_INIT;
	/* Of the logs, the last run's and the new one's are kept. */
	if (s->stale_log)
		rotate_remove(s->stale_log);
	if (!j->host->simulated && (make_message_dir(s, &j->err) < 0 || add_mounts(s, &j->err) < 0)) {
		s->bad_config = true;
		return;
	}
	if (rt->ops->container_create(rt, &s->spec, &j->err) < 0)
		return;
	if (s->old_id && rt->ops->container_remove(rt, s->old_id, &j->err) < 0) {
		(void)!rt->ops->container_remove(rt, s->spec.id, &ignored);
		return;
	}
	s->created = true;
	if (rt->ops->container_start(rt, s->spec.id, &j->err) < 0) {
		/* Why it did not start is what counts. */
		(void)!rt->ops->container_remove(rt, s->spec.id, &ignored);
		return;
	}
	/* Without it only the time of the start is less exact. */
	(void)!rt->ops->container_status(rt, s->spec.id, &s->status, &ignored);
}

static void failed(struct start_job *s, const struct run_result *r)
{
	struct worker *w = s->j.w;
	if (*w->c[s->j.container].starting)
		map_del(&w->host->ids, w->c[s->j.container].starting);
	const char *reason = s->created	     ? "RunContainerError"
			     : s->bad_config ? MACHINE_CREATE_CONFIG_ERROR
					     : MACHINE_CREATE_ERROR;
	job_log(&s->j, "could not start container");
	count_tell(COUNT_CONTAINERS_FAILED, reason, job_container_kind(&s->j), 1);
	if (s->created)
		machine_start_failed(&w->m, s->j.container, r, s->j.err.msg, worker_now());
	else
		machine_create_failed(&w->m, s->j.container, reason, s->j.err.msg, worker_now());
}

static bool start_done(struct job *j)
{
	struct start_job *s = (struct start_job *)j;
	struct worker_container *c = &j->w->c[j->container];
	struct run_result r = {.id = s->spec.id,
			       .image = c->image_ref,
			       .image_id = c->digest_ref,
			       .user = s->status.user_known ? &s->status.user : NULL,
			       .stop_signal = s->status.stop_signal,
			       .started_ns = s->status.started_ns ? s->status.started_ns : clock_wall_ns()};
	if (j->err.reason != REASON_NONE)
		failed(s, &r);
	else
		machine_started(&j->w->m, j->container, &r, worker_now());
	resize_ran(&j->w->m, j->container, job_container(j)->resources_text);
	if (j->err.reason == REASON_NONE && (c->ended_early || s->status.state == RUNTIME_EXITED))
		worker_check_end(j->w, j->container);
	*c->starting = '\0';
	return true;
}

/* ---- the specification ---- */

static const js *object(void *arg, bool secret, const char *name)
{
	struct start_job *s = arg;
	struct err ignored = ERR_INIT; /* that it could be fetched was looked at before */
	return config_set_get(&s->config, secret ? CONFIG_SECRET : CONFIG_MAP, name, &ignored);
}

static int check_user(const struct start_job *s, struct err *err)
{
	const struct container_spec *c = job_container(&s->j);
	const struct meta *m = &s->j.pod->o.meta;
	const char *user = s->j.w->c[s->j.container].image_user;
	if (!c->run_as_non_root || c->run_as_user > 0)
		return 0;
	if (c->run_as_user == 0)
		return err_set(
			err, REASON_INVALID,
			"container's runAsUser breaks non-root policy (pod: \"%s_%s(%s)\", container: %s)",
			m->name, m->namespace, m->uid, c->name);
	char *end;
	long uid = user && *user ? strtol(user, &end, 10) : 0;
	if (user && *user && *end && *end != ':')
		return err_set(
			err, REASON_INVALID,
			"container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root (pod: \"%s_%s(%s)\", container: %s)",
			user, m->name, m->namespace, m->uid, c->name);
	if (uid == 0)
		return err_set(
			err, REASON_INVALID,
			"container has runAsNonRoot and image will run as root (pod: \"%s_%s(%s)\", container: %s)",
			m->name, m->namespace, m->uid, c->name);
	return 0;
}

static int set_seccomp(struct start_job *s, struct err *err)
{
	const struct seccomp_profile *p = &job_container(&s->j)->seccomp;
	if (p->type == SECCOMP_RUNTIME_DEFAULT)
		s->spec.seccomp = RUNTIME_SECCOMP_DEFAULT;
	if (p->type != SECCOMP_LOCALHOST)
		return 0;
	/* The apiserver has looked too; what comes of it is a path that root reads. */
	if (!*p->file || *p->file == '/' || strstr(p->file, ".."))
		return err_set(err, REASON_INVALID, "seccomp localhostProfile \"%s\" is no relative path",
			       p->file);
	s->spec.seccomp = RUNTIME_SECCOMP_FILE;
	s->spec.seccomp_file = arena_printf(&s->a, "%s/seccomp/%s", s->j.host->root, p->file);
	return 0;
}

/* supplementalGroups, and fsGroup as one of them. */
static const uint32_t *all_groups(struct start_job *s, size_t *ret_n)
{
	const struct pod *p = s->j.pod;
	uint32_t *v = arena_array(&s->a, p->n_groups + 1, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < p->n_groups; i++)
		v[n++] = (uint32_t)p->groups[i].id;
	if (p->fs_group >= 0)
		v[n++] = (uint32_t)p->fs_group;
	*ret_n = n;
	return v;
}

static int build_env(struct start_job *s, struct container_env *env, struct err *err)
{
	const struct pod_host *h = s->j.host;
	struct env_context ctx = {.pod = s->j.pod,
				  .c = job_container(&s->j),
				  .node_name = h->node.name,
				  .host_ip = h->host_ip,
				  .allocatable_cpu_milli = h->node.allocatable.cpu_milli,
				  .allocatable_memory = h->node.allocatable.memory,
				  .allocatable_storage = h->node.allocatable.ephemeral,
				  .object = object,
				  .arg = s};
	ctx.services = services_env(h->services, s->j.pod->o.meta.namespace, s->j.pod->service_links, &s->a,
				    &ctx.n_services);
	char hostname[HOSTFILES_NAME_MAX];
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++)
		ctx.pod_ips[i] = s->j.pod->host_network ? (i ? "" : h->host_ip) : s->j.w->m.ips[i];
	if (env_build(&s->a, &ctx, env, err) < 0)
		return -1;
	/* HOSTNAME is the runtime's gift to every container that does not set it. */
	for (size_t i = 0; i < env->n; i++)
		if (!strcmp(env->kv[i].key, "HOSTNAME"))
			return 0;
	struct runtime_kv *kv = arena_array(&s->a, env->n + 1, sizeof(*kv));
	if (s->j.pod->host_network)
		gethostname(hostname, sizeof(hostname));
	else if (hostfiles_nodename(s->j.pod, h->cluster_domain, hostname, err) < 0)
		return -1;
	hostname[sizeof(hostname) - 1] = '\0';
	kv[0] = (struct runtime_kv){"HOSTNAME", arena_strdup(&s->a, hostname)};
	memcpy(kv + 1, env->kv, env->n * sizeof(*kv));
	env->kv = kv;
	env->n++;
	return 0;
}

static int find_target(struct start_job *s, struct err *err)
{
	const struct machine *m = &s->j.w->m;
	const char *name = job_container(&s->j)->target;
	if (!*name)
		return 0;
	int i = pod_container_index(s->j.pod, name);
	if (i < 0 || !m->c[i].cur.id)
		return err_set(err, REASON_INVALID, "unable to find target container %s", name);
	s->target_id = arena_strdup(&s->a, m->c[i].cur.id);
	return 0;
}

static int build_spec(struct start_job *s, struct err *err)
{
	const struct container_spec *c = job_container(&s->j);
	const struct meta *m = &s->j.pod->o.meta;
	const struct container *state = &s->j.w->m.c[s->j.container];
	struct container_env env = {0};
	autofree char *log =
		runtime_log_path(s->j.host->root, m->namespace, m->name, m->uid, c->name, state->attempt);
	autofree char *message = message_path(s->j.host->root, m->uid, c->name, state->attempt);
	if (check_user(s, err) < 0 || build_env(s, &env, err) < 0)
		return -1;
	s->sub_paths = env.sub_paths;
	s->message_file = arena_strdup(&s->a, message);
	s->images = arena_array(&s->a, c->n_mounts + 1, sizeof(*s->images));
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *id = map_get(&s->j.w->c[s->j.container].volumes, c->mounts[i].name);
		s->images[i] = id ? arena_strdup(&s->a, id) : NULL;
	}
	if (state->attempt >= 2 && !s->j.host->simulated) {
		autofree char *stale = runtime_log_path(s->j.host->root, m->namespace, m->name, m->uid,
							c->name, state->attempt - 2);
		s->stale_log = arena_strdup(&s->a, stale);
	}
	s->old_id = state->cur.id && *state->cur.id ? arena_strdup(&s->a, state->cur.id) : NULL;
	if (find_target(s, err) < 0)
		return -1;
	size_t n_groups = 0;
	const uint32_t *groups = all_groups(s, &n_groups);
	s->spec = (struct runtime_container_spec){
		.sandbox_id = arena_strdup(&s->a, s->j.w->m.sandbox_id),
		.pid_of = s->target_id,
		.name = c->name,
		.attempt = state->attempt,
		.image_id = arena_strdup(&s->a, s->j.w->c[s->j.container].image_id),
		.image_asked = c->image,
		.command = env.command,
		.args = env.args,
		.env = env.kv,
		.n_env = env.n,
		.working_dir = c->working_dir,
		.limits = limits_container(s->j.pod, c, s->j.host->capacity_memory),
		.run_as_user = c->run_as_user,
		.run_as_group = c->run_as_group,
		.groups = groups,
		.n_groups = n_groups,
		.strict_groups = s->j.pod->groups_policy == GROUPS_STRICT,
		.cap_add = c->cap_add,
		.cap_drop = c->cap_drop,
		.privileged = c->privileged,
		.readonly_root = c->readonly_root,
		.no_new_privs = c->no_new_privs && !c->privileged,
		.apparmor = c->apparmor.type == APPARMOR_LOCALHOST ? c->apparmor.name : NULL,
		.unmasked_proc = c->proc_mount == PROC_UNMASKED,
		.tty = c->tty,
		.stdin_open = c->stdin_open,
		.stdin_once = c->stdin_once,
		.stop_signal = c->stop_signal,
		.log_path = arena_strdup(&s->a, log),
		.termination_log = s->j.host->simulated ? NULL : s->message_file,
		.termination_path = c->termination_path,
	};
	if (set_seccomp(s, err) < 0)
		return -1;
	/* A simulated container reads its orders from the Pod's annotations. */
	if (s->j.host->simulated && m->annotations) {
		const struct labels *l = m->annotations;
		struct runtime_kv *kv = arena_array(&s->a, l->n, sizeof(*kv));
		for (size_t i = 0; i < l->n; i++)
			kv[i] = (struct runtime_kv){l->v[i].key, l->v[i].value};
		s->spec.annotations = kv;
		s->spec.n_annotations = l->n;
	}
	return 0;
}

/* ---- from the loop to the job ---- */

/* An object that could not be fetched is not one that is not there: that is told, and tried again. */
static void launch(void *arg)
{
	struct start_job *s = arg;
	struct worker_container *c = &s->j.w->c[s->j.container];
	if (config_set_check(&s->config, &s->j.err) < 0 || build_spec(s, &s->j.err) < 0) {
		s->bad_config = true;
	} else {
		runtime_new_id(s->j.host->rt, c->starting);
		c->ended_early = false;
		s->spec.id = arena_strdup(&s->a, c->starting);
		map_set(&s->j.host->ids, c->starting, s->j.w);
	}
	job_go(&s->j);
}

void job_add_config(struct config_set *s, struct pod_host *h, const struct pod *p,
		    const struct container_spec *c)
{
	const char *ns = p->o.meta.namespace;
	for (size_t i = 0; i < c->n_env_from; i++)
		config_set_add(s, h->config, c->env_from[i].secret ? CONFIG_SECRET : CONFIG_MAP, ns,
			       c->env_from[i].ref);
	for (size_t i = 0; i < c->n_env; i++)
		if (c->env[i].source == ENV_CONFIG_MAP || c->env[i].source == ENV_SECRET)
			config_set_add(s, h->config,
				       c->env[i].source == ENV_SECRET ? CONFIG_SECRET : CONFIG_MAP, ns,
				       c->env[i].ref);
}

static enum job_way start_prepare(struct job *j, const struct action *a)
{
	struct start_job *s = (struct start_job *)j;
	job_add_config(&s->config, j->host, j->pod, job_container(j));
	config_set_wait(&s->config, launch, s);
	return JOB_WAIT;
}

static void start_release(struct job *j)
{
	struct start_job *s = (struct start_job *)j;
	config_set_release(&s->config);
	arena_release(&s->a);
}

const struct job_type job_start = {.size = sizeof(struct start_job),
				   .lane = LANE_WORK,
				   .prepare = start_prepare,
				   .work = start_work,
				   .done = start_done,
				   .release = start_release};

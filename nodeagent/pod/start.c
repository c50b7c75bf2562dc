/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container: fetch the ConfigMaps and Secrets that its environment names, write down its whole
 * specification in an arena, then one job that removes the run before, creates and starts.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "pod/env.h"
#include "pod/hostfiles.h"
#include "pod/message.h"
#include "pod/volumes.h"
#include "pod/worker.h"
#include "os/tree.h"

struct start {
	struct worker *w;
	const struct pod *pod; /* a reference */
	struct pod_host *host;
	int container;
	struct map objects; /* "c/NAME", "s/NAME" -> js *; absent = does not exist */
	size_t fetching;
	struct pod_arena a;
	struct runtime_container_spec spec;
	const char *old_id; /* run to be removed first */
	const char *message_file, *stale_log;
	const char *const *sub_paths;
	bool created, bad_config;
	char id[RUNTIME_ID_MAX];
	struct runtime_container status;
	struct err err;
};

static void start_free(struct start *s)
{
	for (struct map_iter it = {0}; map_next(&s->objects, &it);)
		json_object_put(it.value);
	map_release(&s->objects);
	pod_arena_release(&s->a);
	informer_unref(s->pod);
	free(s);
}

static void start_over(struct start *s)
{
	struct worker *w = s->w;
	start_free(s);
	w->under_way--;
	worker_kick(w);
}

static const struct container_spec *spec_of(const struct start *s)
{
	return &s->pod->containers[s->container];
}

static void config_error(void *arg)
{
	struct start *s = arg;
	machine_create_failed(&s->w->m, s->container, REASON_CREATE_CONFIG_ERROR, s->err.msg, worker_now());
	start_over(s);
}

/* ---- the job ---- */

static enum runtime_propagation propagation(const char *s)
{
	if (!strcmp(s, "Bidirectional"))
		return RUNTIME_BIDIRECTIONAL;
	return !strcmp(s, "HostToContainer") ? RUNTIME_HOST_TO_CONTAINER : RUNTIME_PRIVATE;
}

static bool mounts_path(const struct container_spec *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].path, path))
			return true;
	return false;
}

static int make_message_dir(const struct start *s, struct err *err)
{
	autofree char *dir =
		mem_strndup(s->message_file, (size_t)(strrchr(s->message_file, '/') - s->message_file));
	return tree_mkdirs(dir, 0750, err);
}

/* The Pod's volumes, then the files that every container gets unless it mounts something there itself. */
static int add_mounts(struct start *s, struct err *err)
{
	static const struct {
		const char *file, *path;
	} files[] = {{"etc-hosts", "/etc/hosts"},
		     {"resolv.conf", "/etc/resolv.conf"},
		     {"hostname", "/etc/hostname"}};
	const struct container_spec *c = spec_of(s);
	struct runtime_mount *v = pod_arena_array(&s->a, c->n_mounts + ARRAY_LEN(files), sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct volume_mount *m = &c->mounts[i];
		const char *from =
			volumes_mount_source(&s->a, s->host->root, s->pod, c, i, s->sub_paths[i], err);
		if (!from)
			return -1;
		v[n++] = (struct runtime_mount){from, m->path, m->readonly, propagation(m->propagation)};
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!mounts_path(c, files[i].path))
			v[n++] = (struct runtime_mount){
				.host = pod_arena_printf(&s->a, "%s/pods/%s/%s", s->host->root,
							 s->pod->o.meta.uid, files[i].file),
				.container = files[i].path};
	s->spec.mounts = v;
	s->spec.n_mounts = n;
	return 0;
}

static void start_work(void *arg)
{
	struct start *s = arg;
	struct runtime *rt = s->host->rt;
	if (s->old_id && rt->ops->container_remove(rt, s->old_id, &s->err) < 0)
		return;
	/* Of the logs, the last run's and the new one's are kept. */
	if (s->stale_log)
		(void)unlink(s->stale_log);
	if (!s->host->simulated && (make_message_dir(s, &s->err) < 0 || add_mounts(s, &s->err) < 0)) {
		s->bad_config = true;
		return;
	}
	if (rt->ops->container_create(rt, &s->spec, s->id, &s->err) < 0)
		return;
	s->created = true;
	if (rt->ops->container_start(rt, s->id, &s->err) < 0) {
		struct err ignored = ERR_INIT; /* why it did not start is what counts */
		(void)!rt->ops->container_remove(rt, s->id, &ignored);
		return;
	}
	/* Without it only the time of the start is less exact. */
	struct err ignored = ERR_INIT;
	(void)!rt->ops->container_status(rt, s->id, &s->status, &ignored);
}

static bool ended_early(struct pod_host *h, const char *id)
{
	for (size_t i = 0; i < HOST_EARLY_EXITS; i++)
		if (!strcmp(h->early[i], id)) {
			h->early[i][0] = '\0';
			return true;
		}
	return false;
}

static void start_done(void *arg)
{
	struct start *s = arg;
	struct worker *w = s->w;
	const struct worker_container *c = &w->c[s->container];
	struct run_result r = {.id = s->id,
			       .image = c->image_ref,
			       .image_id = c->digest_ref,
			       .started_ns = s->status.started_ns ? s->status.started_ns : clock_wall_ns()};
	if (s->err.reason != REASON_NONE) {
		log_warn_err(&s->err, "could not start container", "pod=%s/%s container=%s",
			     s->pod->o.meta.namespace, s->pod->o.meta.name, spec_of(s)->name);
		if (s->created)
			machine_start_failed(&w->m, s->container, &r, s->err.msg, worker_now());
		else
			machine_create_failed(&w->m, s->container,
					      s->bad_config ? REASON_CREATE_CONFIG_ERROR
							    : REASON_CREATE_ERROR,
					      s->err.msg, worker_now());
		start_over(s);
		return;
	}
	map_set(&s->host->ids, s->id, w);
	machine_started(&w->m, s->container, &r, worker_now());
	if (ended_early(s->host, s->id) || s->status.state == RUNTIME_EXITED)
		worker_check_end(w, s->container);
	start_over(s);
}

/* ---- the specification ---- */

static const js *object(void *arg, bool secret, const char *name)
{
	struct start *s = arg;
	autofree char *key = mem_printf("%c/%s", secret ? 's' : 'c', name);
	return map_get(&s->objects, key);
}

static int check_user(const struct start *s, struct err *err)
{
	const struct container_spec *c = spec_of(s);
	const struct meta *m = &s->pod->o.meta;
	const char *user = s->w->c[s->container].image_user;
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

static int build_env(struct start *s, struct container_env *env, struct err *err)
{
	const struct pod_host *h = s->host;
	struct env_context ctx = {.pod = s->pod,
				  .c = spec_of(s),
				  .node_name = h->node.name,
				  .host_ip = h->host_ip,
				  .allocatable_cpu_milli = h->node.allocatable.cpu_milli,
				  .allocatable_memory = h->node.allocatable.memory,
				  .allocatable_storage = h->node.allocatable.storage,
				  .object = object,
				  .arg = s,
				  .services = h->services,
				  .n_services = h->n_services};
	char hostname[64];
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++)
		ctx.pod_ips[i] = s->pod->host_network ? (i ? "" : h->host_ip) : s->w->m.ips[i];
	if (env_build(&s->a, &ctx, env, err) < 0)
		return -1;
	/* HOSTNAME is the runtime's gift to every container that does not set it. */
	for (size_t i = 0; i < env->n; i++)
		if (!strcmp(env->kv[i].key, "HOSTNAME"))
			return 0;
	struct runtime_kv *kv = pod_arena_array(&s->a, env->n + 1, sizeof(*kv));
	if (s->pod->host_network)
		gethostname(hostname, sizeof(hostname));
	else
		hostfiles_hostname(s->pod, hostname);
	hostname[63] = '\0';
	kv[0] = (struct runtime_kv){"HOSTNAME", pod_arena_strdup(&s->a, hostname)};
	memcpy(kv + 1, env->kv, env->n * sizeof(*kv));
	env->kv = kv;
	env->n++;
	return 0;
}

static int build_spec(struct start *s, struct err *err)
{
	const struct container_spec *c = spec_of(s);
	const struct meta *m = &s->pod->o.meta;
	const struct container *state = &s->w->m.c[s->container];
	struct container_env env = {0};
	autofree char *log =
		runtime_log_path(s->host->root, m->namespace, m->name, m->uid, c->name, state->attempt);
	autofree char *message = message_path(s->host->root, m->uid, c->name, state->attempt);
	if (check_user(s, err) < 0 || build_env(s, &env, err) < 0)
		return -1;
	s->sub_paths = env.sub_paths;
	s->message_file = pod_arena_strdup(&s->a, message);
	if (state->attempt >= 2 && !s->host->simulated) {
		autofree char *stale = runtime_log_path(s->host->root, m->namespace, m->name, m->uid, c->name,
							state->attempt - 2);
		s->stale_log = pod_arena_strdup(&s->a, stale);
	}
	s->old_id = state->cur.id && *state->cur.id ? pod_arena_strdup(&s->a, state->cur.id) : NULL;
	s->spec = (struct runtime_container_spec){
		.sandbox_id = pod_arena_strdup(&s->a, s->w->m.sandbox_id),
		.name = c->name,
		.attempt = state->attempt,
		.image_id = pod_arena_strdup(&s->a, s->w->c[s->container].image_id),
		.command = env.command,
		.args = env.args,
		.env = env.kv,
		.n_env = env.n,
		.working_dir = c->working_dir,
		.limits = resources_container_limits(s->pod, c, s->host->capacity_memory),
		.run_as_user = c->run_as_user,
		.run_as_group = c->run_as_group,
		.groups = s->pod->groups,
		.n_groups = s->pod->n_groups,
		.cap_add = c->cap_add,
		.cap_drop = c->cap_drop,
		.privileged = c->privileged,
		.readonly_root = c->readonly_root,
		.no_new_privs = c->no_new_privs && !c->privileged,
		.unmasked_proc = c->unmasked_proc,
		.tty = c->tty,
		.stdin_open = c->stdin_open,
		.stdin_once = c->stdin_once,
		.log_path = pod_arena_strdup(&s->a, log),
		.termination_log = s->host->simulated ? NULL : s->message_file,
		.termination_path = c->termination_path,
	};
	/* A simulated container reads its orders from the Pod's annotations. */
	if (s->host->simulated && m->annotations) {
		const struct labels *l = m->annotations;
		struct runtime_kv *kv = pod_arena_array(&s->a, l->n, sizeof(*kv));
		for (size_t i = 0; i < l->n; i++)
			kv[i] = (struct runtime_kv){l->v[i].key, l->v[i].value};
		s->spec.annotations = kv;
		s->spec.n_annotations = l->n;
	}
	return 0;
}

static void launch(struct start *s)
{
	/* Told from the loop, not from here: the machine is in the middle of a step. */
	if (s->err.reason != REASON_NONE || build_spec(s, &s->err) < 0)
		loop_post(s->host->loop, config_error, s);
	else
		loop_job(s->host->loop, LANE_WORK, start_work, start_done, s);
}

/* ---- what the environment refers to ---- */

struct fetch {
	struct start *s;
	char *key;
};

static void fetched(void *arg, const js *reply, const struct err *err)
{
	struct fetch *f = arg;
	struct start *s = f->s;
	if (err->reason == REASON_NONE)
		map_set(&s->objects, f->key, js_dup(reply));
	else if (err->reason != REASON_NOT_FOUND)
		s->err = *err;
	free(f->key);
	free(f);
	if (--s->fetching == 0)
		launch(s);
}

static void want(struct start *s, struct map *seen, bool secret, const char *name)
{
	autofree char *key = mem_printf("%c/%s", secret ? 's' : 'c', name);
	autobuf struct buf path = BUF_INIT;
	if (map_set(seen, key, s))
		return;
	struct fetch *f = MEM_NEW(struct fetch);
	f->s = s;
	f->key = mem_strdup(key);
	s->fetching++;
	rest_path(&path, "", "v1", s->pod->o.meta.namespace, secret ? "secrets" : "configmaps", name, NULL);
	api_call(s->host->api, REST_GET, buf_take(&path, NULL), NULL, true, fetched, f);
}

void worker_start(struct worker *w, int container)
{
	struct start *s = MEM_NEW(struct start);
	automap struct map seen = MAP_INIT;
	s->w = w;
	s->host = w->host;
	s->pod = informer_ref(w->pod);
	s->container = container;
	w->under_way++;
	const struct container_spec *c = spec_of(s);
	for (size_t i = 0; i < c->n_env_from; i++)
		want(s, &seen, c->env_from[i].secret, c->env_from[i].ref);
	for (size_t i = 0; i < c->n_env; i++)
		if (c->env[i].source == ENV_CONFIG_MAP || c->env[i].source == ENV_SECRET)
			want(s, &seen, c->env[i].source == ENV_SECRET, c->env[i].ref);
	if (!s->fetching)
		launch(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of a worker. Each is one struct job: filled on the loop, worked on by a pool thread that touches
 * nothing but the job, the frozen Pod it holds a reference to and the runtime; finished on the loop, where
 * the result goes to the machine and the worker is kicked.
 */
#include "pod/perform.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pod/hostfiles.h"
#include "pod/message.h"
#include "pod/pullsecret.h"
#include "pod/volumes.h"
#include "tree.h"

struct job {
	struct worker *w;
	const struct pod *pod; /* a reference */
	struct pod_host *host;
	int container;
	char *id; /* of a container or sandbox */
	unsigned attempt;
	int sig;
	bool keep_volumes;
	struct list_of_ids {
		char (*v)[RUNTIME_ID_MAX];
		size_t n;
	} containers, sandboxes;
	char *log_path, *dir, *message_path;
	bool fallback;
	struct pullsecret *secrets;
	int64_t begun_ns, took_ns;
	/* results */
	struct runtime_sandbox sandbox;
	struct runtime_image image;
	struct runtime_container status;
	struct buf message;
	bool ready;
	struct err err;
};

static struct job *job_new(struct worker *w, int container)
{
	struct job *j = MEM_NEW(struct job);
	j->w = w;
	j->pod = informer_ref(w->pod);
	j->host = w->host;
	j->container = container;
	return j;
}

static void job_free(struct job *j)
{
	informer_put(j->pod);
	free(j->id);
	free(j->containers.v);
	free(j->sandboxes.v);
	free(j->log_path);
	free(j->dir);
	free(j->message_path);
	pullsecret_free(j->secrets);
	runtime_image_release(&j->image);
	buf_release(&j->message);
	free(j);
}

static void begin(struct job *j, enum loop_lane lane, loop_fn *work, loop_fn *done)
{
	j->w->under_way++;
	loop_job(j->host->loop, lane, work, done, j);
}

/* The end of every `done`. */
static void finish(struct job *j)
{
	struct worker *w = j->w;
	job_free(j);
	w->under_way--;
	worker_kick(w);
}

static const struct container_spec *spec_of(const struct job *j)
{
	return &j->pod->containers[j->container];
}

/* ---- sandbox ---- */

static void read_host_file(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;
	if (tree_read(path, 1 << 20, out, &err) < 0)
		buf_clear(out); /* a machine without it is fine */
}

static int write_file(const struct job *j, const char *name, const struct buf *text, struct err *err)
{
	autofree char *path = mem_printf("%s/%s", j->dir, name);
	return tree_write(path, buf_str(text), text->len, 0644, TREE_VOLATILE, err);
}

static int write_host_files(struct job *j, struct err *err)
{
	autobuf struct buf host_hosts = BUF_INIT, host_resolv = BUF_INIT, text = BUF_INIT;
	const char *ips[RUNTIME_IPS_MAX];
	const struct pod_host *h = j->host;
	char name[64];
	for (size_t i = 0; i < RUNTIME_IPS_MAX; i++)
		ips[i] = j->sandbox.ips[i];
	read_host_file("/etc/hosts", &host_hosts);
	read_host_file("/etc/resolv.conf", &host_resolv);
	const struct hostfiles_dns dns = {.cluster_dns = h->cluster_dns,
					  .cluster_domain = h->cluster_domain,
					  .host_resolv = buf_str(&host_resolv)};
	if (tree_mkdirs(j->dir, 0755, err) < 0)
		return -1;
	hostfiles_hosts(&text, j->pod, ips, h->cluster_domain, buf_str(&host_hosts));
	if (write_file(j, "etc-hosts", &text, err) < 0)
		return -1;
	buf_clear(&text);
	hostfiles_resolv(&text, j->pod, &dns);
	if (write_file(j, "resolv.conf", &text, err) < 0)
		return -1;
	buf_clear(&text);
	hostfiles_hostname(j->pod, name);
	buf_addf(&text, "%s\n", name);
	return write_file(j, "hostname", &text, err);
}

/* What the sandbox's spec borrows is in the arena, which lives until it has been made. */
static void sandbox_spec(const struct job *j, struct arena *a, struct runtime_sandbox_spec *s)
{
	const struct pod *p = j->pod;
	autojson js *sysctls = pod_field(p->sysctls);
	size_t n_ports = 0;
	char *hostname = arena_alloc(a, 64);
	for (size_t i = 0; i < p->n_containers; i++)
		n_ports += p->containers[i].n_ports;
	struct runtime_port *ports = arena_array(a, n_ports, sizeof(*ports));
	struct runtime_kv *kv = arena_array(a, js_len(sysctls), sizeof(*kv));
	n_ports = 0;
	for (size_t i = 0; i < p->n_containers; i++)
		for (size_t k = 0; k < p->containers[i].n_ports; k++) {
			const struct container_port *c = &p->containers[i].ports[k];
			ports[n_ports++] =
				(struct runtime_port){.container_port = c->container_port,
						      .host_port = c->host_port,
						      .protocol = *c->protocol ? c->protocol : NULL,
						      .host_ip = c->host_ip};
		}
	js_array_for_each (v, sysctls)
		kv[v_i] = (struct runtime_kv){arena_strdup(a, js_str0(v, "name", NULL)),
					      arena_strdup(a, js_str0(v, "value", NULL))};
	hostfiles_hostname(p, hostname);
	*s = (struct runtime_sandbox_spec){.pod_uid = p->o.meta.uid,
					   .pod_namespace = p->o.meta.namespace,
					   .pod_name = p->o.meta.name,
					   .attempt = j->attempt,
					   .hostname = hostname,
					   .host_network = p->host_network,
					   .host_pid = p->host_pid,
					   .host_ipc = p->host_ipc,
					   .share_pid = p->share_pid,
					   .ports = p->host_network ? NULL : ports,
					   .n_ports = p->host_network ? 0 : n_ports,
					   .sysctls = kv,
					   .n_sysctls = js_len(sysctls),
					   .limits = resources_pod_limits(p)};
}

static void sandbox_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	autoarena struct arena a = ARENA_INIT;
	struct runtime_sandbox_spec spec;
	sandbox_spec(j, &a, &spec);
	if (rt->ops->sandbox_create(rt, &spec, &j->sandbox, &j->err) < 0 || j->host->simulated)
		return;
	if (write_host_files(j, &j->err) < 0) {
		struct err ignored = ERR_INIT; /* the first error is the one to tell */
		(void)!rt->ops->sandbox_remove(rt, j->sandbox.id, &ignored);
	}
}

static void sandbox_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason == REASON_NONE) {
		map_set(&j->host->ids, j->sandbox.id, j->w);
		machine_sandbox_up(&j->w->m, &j->sandbox);
	} else {
		log_warn_err(&j->err, "could not create sandbox", "pod=%s/%s", j->pod->o.meta.namespace,
			     j->pod->o.meta.name);
		machine_sandbox_failed(&j->w->m, j->err.msg, worker_now());
	}
	finish(j);
}

static void do_sandbox(struct worker *w, const struct action *a)
{
	struct job *j = job_new(w, -1);
	j->attempt = w->m.sandbox_attempt;
	j->dir = worker_dir(w);
	begin(j, LANE_WORK, sandbox_work, sandbox_done);
}

static void check_sandbox_work(void *arg)
{
	struct job *j = arg;
	j->ready = j->host->rt->ops->sandbox_ready(j->host->rt, j->id);
}

static void check_sandbox_done(void *arg)
{
	struct job *j = arg;
	struct machine *m = &j->w->m;
	if (!j->ready && m->sandbox_id && !strcmp(m->sandbox_id, j->id))
		machine_sandbox_lost(m, worker_now());
	finish(j);
}

void worker_check_sandbox(struct worker *w)
{
	struct job *j = job_new(w, -1);
	j->id = mem_strdup(w->m.sandbox_id);
	begin(j, LANE_WORK, check_sandbox_work, check_sandbox_done);
}

/* ---- volumes ---- */

static void volumes_work(void *arg)
{
	struct job *j = arg;
	(void)!volumes_set_up(j->host->root, j->pod, &j->err);
}

static void volumes_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason == REASON_NONE)
		machine_volumes_up(&j->w->m);
	else
		machine_volumes_failed(&j->w->m, j->err.msg, worker_now());
	finish(j);
}

static void do_volumes(struct worker *w, const struct action *a)
{
	struct job *j;
	if (w->host->simulated || !w->pod->volumes) {
		machine_volumes_up(&w->m);
		return;
	}
	j = job_new(w, -1);
	begin(j, LANE_WORK, volumes_work, volumes_done);
}

/* ---- images ---- */

static void image_found(struct job *j, int64_t pull_ns)
{
	struct worker_container *c = &j->w->c[j->container];
	free(c->image_id);
	free(c->image_ref);
	free(c->digest_ref);
	free(c->image_user);
	c->image_id = STEAL(j->image.id);
	c->image_ref = STEAL(j->image.ref);
	c->digest_ref = STEAL(j->image.digest_ref);
	c->image_user = STEAL(j->image.user);
	c->image_size = j->image.size;
	machine_image_ok(&j->w->m, j->container, pull_ns, c->image_size, worker_now());
}

static void image_failed(struct job *j)
{
	const struct container_spec *s = spec_of(j);
	autofree char *text = NULL;
	const char *reason = REASON_ERR_IMAGE_PULL;
	if (j->err.reason == REASON_INVALID) {
		reason = REASON_INVALID_IMAGE_NAME;
		text = mem_printf(
			"Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": "
			"invalid reference format",
			s->image, s->image);
	} else if (s->pull_policy == PULL_NEVER) {
		reason = REASON_ERR_IMAGE_NEVER_PULL;
		text = mem_printf("Container image \"%s\" is not present with pull policy of Never",
				  s->image);
	}
	machine_image_failed(&j->w->m, j->container, reason, text ? text : j->err.msg, worker_now());
}

static void pull_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	struct runtime_auth auth;
	bool have = j->secrets && pullsecret_find(j->secrets, spec_of(j)->image, &auth);
	j->begun_ns = clock_mono_ns();
	(void)!rt->ops->image_pull(rt, spec_of(j)->image, have ? &auth : NULL, &j->image, &j->err);
	j->took_ns = clock_mono_ns() - j->begun_ns;
}

static void pull_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason == REASON_NONE)
		image_found(j, j->took_ns);
	else
		image_failed(j);
	finish(j);
}

static void pull_with(void *arg, struct pullsecret *secrets)
{
	struct job *j = arg;
	j->secrets = secrets;
	loop_job(j->host->loop, LANE_PULL, pull_work, pull_done, j);
}

static void pull(struct job *j)
{
	j->err = (struct err)ERR_INIT;
	machine_image_pulling(&j->w->m, j->container);
	pullsecret_fetch(j->host->api, j->pod, pull_with, j);
}

static void image_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	(void)!rt->ops->image_get(rt, spec_of(j)->image, &j->image, &j->err);
}

static void image_done(void *arg)
{
	struct job *j = arg;
	bool absent = j->err.reason == REASON_NOT_FOUND;
	if (j->err.reason == REASON_NONE)
		image_found(j, -1);
	else if (absent && spec_of(j)->pull_policy != PULL_NEVER &&
		 j->w->m.c[j->container].state == CTR_IMAGE) {
		pull(j); /* the job goes on in the other lane */
		worker_kick(j->w);
		return;
	} else {
		image_failed(j);
	}
	finish(j);
}

static void do_image(struct worker *w, const struct action *a)
{
	struct job *j = job_new(w, a->container);
	if (spec_of(j)->pull_policy == PULL_ALWAYS && !w->host->simulated) {
		w->under_way++;
		pull(j);
	} else {
		begin(j, LANE_WORK, image_work, image_done);
	}
}

/* ---- signals and ends ---- */

static const struct {
	const char *name;
	int sig;
} signal_names[] = {
	{"TERM", SIGTERM}, {"QUIT", SIGQUIT}, {"INT", SIGINT},	   {"KILL", SIGKILL}, {"HUP", SIGHUP},
	{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}, {"ABRT", SIGABRT}, {"PWR", SIGPWR},
};

/* STOPSIGNAL of an image: SIGQUIT, QUIT, 3, SIGRTMIN+3. What is no signal is SIGTERM. */
static int stop_signal(const char *s)
{
	if (!s || !*s)
		return SIGTERM;
	if (!strncmp(s, "SIG", 3))
		s += 3;
	for (size_t i = 0; i < ARRAY_LEN(signal_names); i++)
		if (!strcmp(signal_names[i].name, s))
			return signal_names[i].sig;
	int base = !strncmp(s, "RTMIN+", 6) ? SIGRTMIN : 0;
	char *end;
	long n = strtol(base ? s + 6 : s, &end, 10);
	return *end || n < 0 || base + n < 1 || base + n > SIGRTMAX ? SIGTERM : base + (int)n;
}

static void signal_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	struct err ignored = ERR_INIT;
	if (!j->sig) {
		/* An image that is gone meanwhile had nothing special to say. */
		(void)!rt->ops->image_get(rt, spec_of(j)->image, &j->image, &ignored);
		j->sig = stop_signal(j->image.stop_signal);
	}
	(void)!rt->ops->container_signal(rt, j->id, j->sig, &j->err);
}

static void signal_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason != REASON_NONE) {
		log_warn_err(&j->err, "could not signal container", "pod=%s/%s container=%s signal=%d",
			     j->pod->o.meta.namespace, j->pod->o.meta.name, spec_of(j)->name, j->sig);
		worker_check_end(j->w, j->container);
	}
	finish(j);
}

static void do_signal(struct worker *w, const struct action *a)
{
	struct job *j = job_new(w, a->container);
	j->id = mem_strdup(w->m.c[a->container].cur.id);
	j->sig = a->sig;
	begin(j, LANE_WORK, signal_work, signal_done);
}

static void end_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	if (rt->ops->container_status(rt, j->id, &j->status, &j->err) < 0 ||
	    j->status.state != RUNTIME_EXITED)
		return;
	if (!j->host->simulated)
		message_read(&j->message, j->message_path,
			     j->fallback && j->status.exit_code ? j->log_path : NULL);
}

static void end_done(void *arg)
{
	struct job *j = arg;
	struct run_result r = {.id = j->id,
			       .started_ns = j->status.started_ns,
			       .finished_ns = j->status.finished_ns,
			       .exit_code = j->status.exit_code,
			       .oom_killed = j->status.oom_killed,
			       .message = buf_str(&j->message)};
	if (j->err.reason == REASON_NOT_FOUND) {
		r.exit_code = 137;
		r.reason = "ContainerStatusUnknown";
		r.message = "The container could not be located when the pod was terminated";
		machine_exited(&j->w->m, j->container, &r, worker_now());
	} else if (j->err.reason != REASON_NONE) {
		log_warn_err(&j->err, "could not get container status", "pod=%s/%s container=%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name, spec_of(j)->name);
	} else if (j->status.state == RUNTIME_EXITED) {
		map_del(&j->host->ids, j->id);
		machine_exited(&j->w->m, j->container, &r, worker_now());
	}
	finish(j);
}

void worker_check_end(struct worker *w, int container)
{
	struct job *j = job_new(w, container);
	const struct run *r = &w->m.c[container].cur;
	const struct meta *m = &w->pod->o.meta;
	j->id = mem_strdup(r->id);
	j->fallback = spec_of(j)->termination_fallback;
	j->log_path =
		runtime_log_path(w->host->root, m->namespace, m->name, m->uid, spec_of(j)->name, r->attempt);
	j->message_path = message_path(w->host->root, m->uid, spec_of(j)->name, r->attempt);
	begin(j, LANE_WORK, end_work, end_done);
}

/* ---- removal ---- */

static void teardown_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	if (j->id && rt->ops->sandbox_remove(rt, j->id, &j->err) < 0)
		return;
	if (!j->keep_volumes && !j->host->simulated)
		(void)!volumes_tear_down(j->host->root, j->pod->o.meta.uid, &j->err);
}

static void teardown_done(void *arg)
{
	struct job *j = arg;
	bool ok = j->err.reason == REASON_NONE;
	if (!ok)
		log_warn_err(&j->err, "could not tear down pod", "pod=%s/%s", j->pod->o.meta.namespace,
			     j->pod->o.meta.name);
	if (ok && j->id)
		map_del(&j->host->ids, j->id);
	machine_torn_down(&j->w->m, ok, worker_now());
	finish(j);
}

static void do_teardown(struct worker *w, const struct action *a)
{
	struct job *j = job_new(w, -1);
	j->id = mem_strdup(w->m.sandbox_id);
	j->keep_volumes = a->keep_volumes;
	begin(j, LANE_WORK, teardown_work, teardown_done);
}

static void forget_work(void *arg)
{
	struct job *j = arg;
	const struct meta *m = &j->pod->o.meta;
	autofree char *logs = runtime_log_dir(j->host->root, m->namespace, m->name, m->uid);
	if (tree_remove(logs, &j->err) == 0)
		(void)!tree_remove(j->dir, &j->err);
}

static void forget_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason != REASON_NONE)
		log_warn_err(&j->err, "could not remove the files of a pod", "pod=%s/%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name);
	finish(j);
}

void perform_forget(struct worker *w)
{
	struct job *j;
	if (w->host->simulated)
		return;
	j = job_new(w, -1);
	j->dir = worker_dir(w);
	begin(j, LANE_WORK, forget_work, forget_done);
}

static void sweep_work(void *arg)
{
	struct job *j = arg;
	struct runtime *rt = j->host->rt;
	for (size_t i = 0; i < j->containers.n; i++)
		if (rt->ops->container_remove(rt, j->containers.v[i], &j->err) < 0)
			return;
	for (size_t i = 0; i < j->sandboxes.n; i++)
		if (rt->ops->sandbox_remove(rt, j->sandboxes.v[i], &j->err) < 0)
			return;
}

static void sweep_done(void *arg)
{
	struct job *j = arg;
	if (j->err.reason != REASON_NONE)
		log_warn_err(&j->err, "could not remove what an earlier agent left", "pod=%s/%s",
			     j->pod->o.meta.namespace, j->pod->o.meta.name);
	finish(j);
}

static bool taken_over(const struct machine *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->c[i].cur.id && !strcmp(m->c[i].cur.id, id))
			return true;
	return false;
}

static void add_id(struct list_of_ids *l, const char *id)
{
	l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
	snprintf(l->v[l->n++], RUNTIME_ID_MAX, "%s", id);
}

void perform_sweep(struct worker *w, const struct runtime_list *list)
{
	struct job *j = job_new(w, -1);
	const char *uid = w->pod->o.meta.uid;
	for (size_t i = 0; i < list->n_containers; i++)
		if (!strcmp(list->containers[i].pod_uid, uid) && !taken_over(&w->m, list->containers[i].c.id))
			add_id(&j->containers, list->containers[i].c.id);
	for (size_t i = 0; i < list->n_sandboxes; i++)
		if (!strcmp(list->sandboxes[i].pod_uid, uid) &&
		    (!w->m.sandbox_id || strcmp(w->m.sandbox_id, list->sandboxes[i].s.id) != 0))
			add_id(&j->sandboxes, list->sandboxes[i].s.id);
	if (j->containers.n + j->sandboxes.n)
		begin(j, LANE_WORK, sweep_work, sweep_done);
	else
		job_free(j);
}

/* ---- the table ---- */

static void do_start(struct worker *w, const struct action *a)
{
	worker_start(w, a->container);
}

static void (*const performers[])(struct worker *, const struct action *) = {
	[ACT_SANDBOX] = do_sandbox, [ACT_VOLUMES] = do_volumes, [ACT_IMAGE] = do_image,
	[ACT_START] = do_start,	    [ACT_SIGNAL] = do_signal,	[ACT_TEARDOWN] = do_teardown,
};

void worker_perform(struct worker *w, const struct action *a)
{
	assert(a->type < ARRAY_LEN(performers));
	performers[a->type](w, a);
}

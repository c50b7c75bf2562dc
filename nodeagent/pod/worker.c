/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "count/count.h"
#include "pod/hooks.h"
#include "pod/job.h"
#include "pod/last.h"
#include "pod/life/resize.h"
#include "pod/limits.h"
#include "pod/message.h"
#include "pod/preempt.h"
#include "pod/volumes.h"
#include "os/tree.h"

const struct loop_lane worker_lanes[LANES] = {
	[LANE_WORK] = {"work", 6},	[LANE_PULL] = {"pull", 1},
	[LANE_LOG] = {"logs", 2},	[LANE_CREDENTIAL] = {"credentials", 4},
	[LANE_EXEC] = {"exec", 4},	[LANE_NAME] = {"names", 2},
	[LANE_STREAM] = {"streams", 4}, [LANE_DISK] = {"disk", 4},
	[LANE_ATTACH] = {"attach", 2},	[LANE_PORT] = {"ports", 2}};

struct instant worker_now(void)
{
	return (struct instant){clock_mono_ns(), clock_wall_ns()};
}

char *worker_dir(const struct worker *w)
{
	return mem_printf("%s/pods/%s", w->host->root, w->pod->o.meta.uid);
}

const struct machine *worker_machine(const struct worker *w)
{
	return &w->m;
}

const struct pod *worker_pod(const struct worker *w)
{
	return w->pod;
}

/* ---- events ---- */

void worker_record(struct worker *w, int container, bool warning, const char *reason, const char *message)
{
	const struct meta *m = &w->pod->o.meta;
	autofree char *path = NULL;
	if (!w->host->events)
		return;
	if (container >= 0) {
		const struct container_spec *c = &w->pod->list.v[container];
		path = mem_printf("spec.%s{%s}",
				  c->init	 ? "initContainers"
				  : c->ephemeral ? "ephemeralContainers"
						 : "containers",
				  c->name);
	}
	const struct event_ref ref = {.api_version = "v1",
				      .kind = "Pod",
				      .namespace = m->namespace,
				      .name = m->name,
				      .uid = m->uid,
				      .field_path = path,
				      .rv = m->rv};
	events_record(w->host->events, "kubelet", w->host->node.name, &ref, warning, reason, "%s", message);
}

/* ---- status ---- */

static struct status_node status_node(const struct worker *w)
{
	return (struct status_node){.host_ip = w->host->host_ip, .runtime = w->host->rt->ops->name};
}

js *worker_status(const struct worker *w)
{
	struct status_node node = status_node(w);
	return status_build(&w->m, &node, &w->known, clock_wall_ns());
}

static char *status_path(const struct worker *w, const char *sub)
{
	autobuf struct buf b = BUF_INIT;
	rest_path(&b, "", "v1", w->pod->o.meta.namespace, "pods", w->pod->o.meta.name, sub);
	return buf_take(&b, NULL);
}

/* What the informer has is no older than our last write: if it says otherwise, somebody else has written. */
static void heed_others(struct worker *w)
{
	if (w->report_under_way || w->pod->o.meta.rv < w->written_rv || !w->pod->status || w->pod->is_static)
		return;
	if (status_known_correct(&w->known, w->pod->status))
		w->m.version++;
}

static void reported(void *arg, uint64_t rv, const struct err *err)
{
	struct worker *w = arg;
	w->under_way--;
	w->report_under_way = false;
	/* Not there, or another Pod of this name: nobody will read it, which is as good as written. */
	bool gone = err->reason == REASON_NOT_FOUND || err->reason == REASON_CONFLICT;
	if (w->report_overtaken) {
		w->report_overtaken = false; /* it went to another mirror */
	} else if (err->reason == REASON_NONE || gone) {
		w->known = w->sending;
		w->sent_version = w->sending_version;
		w->report_retry_ns = w->report_delay_ns = 0;
		machine_status_acked(&w->m, w->sent_version);
		w->written_rv = rv;
		heed_others(w);
	} else {
		w->report_delay_ns = w->report_delay_ns ? w->report_delay_ns * 2 : NS_PER_S;
		if (w->report_delay_ns > SANDBOX_RETRY_MAX_NS)
			w->report_delay_ns = SANDBOX_RETRY_MAX_NS;
		w->report_retry_ns = clock_mono_ns() + w->report_delay_ns;
		log_warn_err(err, "could not write pod status", "pod=%s/%s", w->pod->o.meta.namespace,
			     w->pod->o.meta.name);
	}
	worker_kick(w);
}

/* A simulated Pod is only spoken of when it has come to rest; the others tell what they wait for. */
static bool report_owed(const struct worker *w)
{
	if (w->m.settled || w->report_under_way || w->m.version == w->sent_version || w->m.vanished)
		return false;
	if (w->pod->is_static && !w->mirror_uid)
		return false;
	return !w->host->simulated || !w->under_way;
}

static void report(struct worker *w)
{
	/* A static Pod's life does not wait for the API. */
	if (w->pod->is_static)
		machine_status_acked(&w->m, w->m.version);
	if (!report_owed(w) || clock_mono_ns() < w->report_retry_ns)
		return;
	struct status_node node = status_node(w);
	js *patch = status_patch(&w->known, &w->m, &node, clock_wall_ns(), &w->sending);
	if (!patch) {
		w->sent_version = w->m.version;
		machine_status_acked(&w->m, w->sent_version);
		return;
	}
	if (w->mirror_uid)
		js_set_str(js_ensure(patch, "metadata", NULL), "uid", w->mirror_uid);
	w->sending_version = w->m.version;
	w->report_under_way = true;
	w->under_way++;
	api_patch(w->host->api, status_path(w, "status"), patch, reported, w);
}

static void deleted(void *arg, const js *reply, const struct err *err)
{
	struct worker *w = arg;
	bool gone = err->reason == REASON_NOT_FOUND || err->reason == REASON_CONFLICT;
	w->under_way--;
	if (err->reason != REASON_NONE && !gone)
		log_warn_err(err, "could not delete pod", "pod=%s/%s", w->pod->o.meta.namespace,
			     w->pod->o.meta.name);
	machine_deleted(&w->m, err->reason == REASON_NONE || gone, worker_now());
	worker_kick(w);
}

static void delete_object(struct worker *w)
{
	if (w->pod->is_static) { /* it was its file, which has gone */
		machine_vanished(&w->m, worker_now());
		machine_deleted(&w->m, true, worker_now());
		return;
	}
	js *body = js_new_obj();
	js_set_str(body, "kind", "DeleteOptions");
	js_set_str(body, "apiVersion", "v1");
	js_set_int(body, "gracePeriodSeconds", 0);
	js_set_str(js_ensure(body, "preconditions", NULL), "uid", w->pod->o.meta.uid);
	w->under_way++;
	api_call(w->host->api, REST_DELETE, status_path(w, NULL), body, false, deleted, w);
}

/* ---- the node's books ---- */

static void account(struct worker *w, int factor)
{
	struct pod_host *h = w->host;
	int64_t cpu = w->pod->demand.requests.cpu_milli;
	resources_add(&h->node.used, &w->pod->demand.requests, factor);
	if (!cpu || limits_qos(w->pod) != QOS_BURSTABLE)
		return;
	h->burstable_cpu += factor * cpu;
	if (h->class_changed)
		h->class_changed(h);
}

static void admit(struct worker *w)
{
	w->admitted = true;
	account(w, 1);
	preempt_look(w->host);
}

static void give_back(struct worker *w)
{
	if (!w->admitted)
		return;
	w->admitted = false;
	account(w, -1);
	job_resize_retry(w->host);
	preempt_look(w->host);
}

void worker_grant(struct worker *w)
{
	const struct pod *old = w->pod;
	account(w, -1);
	w->pod = informer_ref(w->wish);
	account(w, 1);
	resize_grant(&w->m, w->pod);
	w->volumes_owed |= !w->host->simulated && volumes_follow_pod(old, w->pod);
	informer_unref(old);
	job_resize_retry(w->host);
}

static void count(struct worker *w)
{
	struct pod_host *h = w->host;
	size_t n = 0;
	bool over = w->m.stage >= POD_ENDED;
	if (w->seen_ns && status_phase(&w->m) == PHASE_RUNNING) {
		count_tell(COUNT_START, NULL, NULL,
			   (double)(clock_mono_ns() - w->seen_ns) / (double)NS_PER_S);
		w->seen_ns = 0;
	}
	for (size_t i = 0; i < w->m.n; i++)
		n += w->m.c[i].state == CTR_RUNNING;
	if (n == w->counted_containers && w->m.sandbox_up == w->counted_running && over == w->counted_over)
		return;
	w->counted_over = over;
	h->running_containers += n - w->counted_containers;
	h->running_pods += (size_t)w->m.sandbox_up - (size_t)w->counted_running;
	w->counted_containers = n;
	w->counted_running = w->m.sandbox_up;
	if (h->counts_changed)
		h->counts_changed(h);
}

/* ---- waiters ---- */

void worker_wait_end(struct worker *w, struct worker_waiter *wt)
{
	if (w->m.c[wt->container].state == CTR_RUNNING)
		list_push_back(&w->waiters, &wt->link);
	else
		wt->fn(wt->arg);
}

static void wake_waiters(struct worker *w)
{
	list_for_each_safe (n, &w->waiters) {
		struct worker_waiter *wt = list_entry(n, struct worker_waiter, link);
		if (w->m.c[wt->container].state == CTR_RUNNING)
			continue;
		list_del(&wt->link);
		wt->fn(wt->arg);
	}
}

/* ---- life ---- */

void worker_image_release(struct worker_container *c)
{
	free(STEAL(c->image_id));
	free(STEAL(c->image_ref));
	free(STEAL(c->digest_ref));
	free(STEAL(c->image_user));
}

static void container_release(struct worker_container *c)
{
	worker_image_release(c);
	for (struct map_iter it = {0}; map_next(&c->volumes, &it);)
		free(it.value);
	map_release(&c->volumes);
}

static void worker_free(struct worker *w)
{
	struct map_iter it = {0};
	give_back(w);
	hooks_free(w);
	probes_free(w->probes);
	while (map_next(&w->host->ids, &it))
		if (it.value == w)
			map_del(&w->host->ids, it.key);
	machine_release(&w->m);
	for (size_t i = 0; i < w->pod->list.n; i++)
		container_release(&w->c[i]);
	config_set_release(&w->config);
	free(w->mirror_uid);
	free(w->c);
	informer_unref(w->pod);
	informer_unref(w->wish);
	free(w);
}

/* True once the worker is gone. */
static bool forget(struct worker *w)
{
	if (!machine_ready_to_forget(&w->m))
		return false;
	if (!w->forgotten) {
		w->forgotten = true;
		job_begin(&job_forget, w, -1, NULL);
	}
	if (w->under_way)
		return false;
	map_del(&w->host->workers, w->pod->o.meta.uid);
	if (w->host->pod_ended)
		w->host->pod_ended(w->host, w->pod->o.meta.uid);
	loop_timer_set(w->host->loop, &w->timer, CLOCK_NEVER);
	worker_free(w);
	return true;
}

/* What the machine wants; some of it is done at once and makes it want more. */
static void act(struct worker *w, struct instant now)
{
	machine_step(&w->m, now);
	while (w->m.todo.n) {
		struct actions todo = w->m.todo;
		w->m.todo = (struct actions){0};
		for (size_t i = 0; i < todo.n; i++) {
			if (todo.v[i].type == ACT_EVENT)
				worker_record(w, todo.v[i].container, todo.v[i].warning, todo.v[i].reason,
					      todo.v[i].message);
			else if (todo.v[i].type == ACT_DELETE)
				delete_object(w);
			else if (todo.v[i].type == ACT_HOOK)
				hooks_run(w, todo.v[i].container, todo.v[i].hook);
			else
				worker_perform(w, &todo.v[i]);
		}
		machine_actions_release(&todo);
		machine_step(&w->m, now);
	}
}

/* Probes and hooks of what has begun or ended. */
static void attend(struct worker *w, struct instant now)
{
	uint64_t version = w->m.version;
	hooks_follow(w, now);
	probes_follow(w, now);
	if (w->m.version != version)
		act(w, now);
}

/* Volumes that are being made are made of what there is; those that could not be are tried at once. */
static void follow_config(struct worker *w, struct instant now)
{
	struct machine *m = &w->m;
	if (!w->volumes_owed || m->volumes_busy || m->stage > POD_ACTIVE)
		return;
	if (!m->volumes_up) {
		w->volumes_owed = false;
		m->volumes_retry.at_ns = 0;
	} else if (now.mono_ns >= m->volumes_retry.at_ns) {
		w->volumes_owed = false;
		m->volumes_busy = true;
		job_begin(&job_volumes, w, -1, NULL);
	}
}

static int64_t next_follow_ns(const struct worker *w)
{
	bool waits = w->volumes_owed && w->m.volumes_up && !w->m.volumes_busy && w->m.stage <= POD_ACTIVE;
	return waits ? w->m.volumes_retry.at_ns : CLOCK_NEVER;
}

void worker_config_changed(void *arg, const struct config_object *o)
{
	struct pod_host *h = arg;
	for (struct map_iter it = {0}; map_next(&h->workers, &it);) {
		struct worker *w = it.value;
		if (!w->pod->volumes || !config_set_has(&w->config, o))
			continue;
		w->volumes_owed = true;
		loop_timer_set(h->loop, &w->timer, clock_mono_ns());
	}
}

void worker_kick(struct worker *w)
{
	struct instant now = worker_now();
	follow_config(w, now);
	act(w, now);
	attend(w, now);
	job_cancel_pulls(w);
	if (w->m.stage >= POD_ENDED)
		give_back(w);
	count(w);
	wake_waiters(w);
	report(w);
	/* A status that needs no write is acknowledged at once, which may be what a deletion has waited for.
	 */
	act(w, now);
	if (forget(w))
		return;
	int64_t next = machine_next_ns(&w->m, now);
	if (w->report_retry_ns && report_owed(w) && w->report_retry_ns < next)
		next = w->report_retry_ns;
	if (next_follow_ns(w) < next)
		next = next_follow_ns(w);
	loop_timer_set(w->host->loop, &w->timer, next);
}

static void on_timer(void *arg)
{
	worker_kick(arg);
}

/* What the Pod had been granted when an earlier agent looked after it; NULL = nobody knows. The caller puts it. */
static js *kept_resources(const struct worker *w)
{
	autofree char *dir = worker_dir(w), *path = mem_printf("%s/" JOB_RESOURCES_FILE, dir);
	autobuf struct buf b = BUF_INIT;
	struct err ignored = ERR_INIT;
	return tree_read(path, 1 << 20, &b, &ignored) < 0 ? NULL : pod_field(buf_str(&b));
}

/* What ended while there was no agent, or before that one had looked, has its last words where it left them. */
static void hear_last_words(struct worker *w)
{
	const struct meta *m = &w->pod->o.meta;
	for (size_t i = 0; i < w->m.n; i++) {
		const struct container_spec *s = &w->pod->list.v[i];
		struct container_run *r = &w->m.c[i].cur;
		if (!r->id || !r->finished_ns || r->message)
			continue;
		autobuf struct buf words = BUF_INIT;
		autofree char *path = message_path(w->host->root, m->uid, s->name, r->attempt),
			      *log = runtime_log_path(w->host->root, m->namespace, m->name, m->uid, s->name,
						      r->attempt);
		bool fallback = s->message_policy == MESSAGE_FALLBACK_TO_LOGS && r->exit_code;
		message_read(&words, path, fallback ? log : NULL);
		r->message = words.len ? mem_strdup(buf_str(&words)) : NULL;
	}
}

/* Of a Pod's files the last that is made once it has its sandbox: an agent that was killed between left a sandbox in which
   nothing can be started, nor was. */
static bool has_host_files(const struct worker *w)
{
	autofree char *dir = worker_dir(w), *file = mem_printf("%s/hostname", dir);
	return access(file, F_OK) == 0;
}

static void adopt(struct worker *w, const struct runtime_list *list, const js *kept)
{
	static const struct runtime_list nothing = {0};
	const struct runtime_list *there = list ? list : &nothing;
	bool over = w->pod->phase == PHASE_SUCCEEDED || w->pod->phase == PHASE_FAILED;
	autojson js *status = pod_field(w->pod->status), *last = NULL;
	if (list && !over && !w->host->simulated)
		last = last_read(w->host->root, w->pod->o.meta.uid);
	status_known_read(&w->known, status);
	if (last)
		machine_adopt_ended(&w->m, last, there, worker_now());
	else
		machine_adopt(&w->m, status, there, worker_now());
	if (kept)
		resize_load(&w->m, kept, status);
	if (list && !over && !w->host->simulated)
		hear_last_words(w);
	if (w->m.sandbox_up && !w->host->simulated && !has_host_files(w))
		machine_sandbox_lost(&w->m, worker_now());
	if (w->m.sandbox_id)
		map_set(&w->host->ids, w->m.sandbox_id, w);
	for (size_t i = 0; i < w->m.n; i++)
		if (w->m.c[i].state == CTR_RUNNING)
			map_set(&w->host->ids, w->m.c[i].cur.id, w);
	if (list)
		job_sweep_begin(w, list);
}

static bool ports_free(const struct worker *w)
{
	if (!w->pod->demand.n_ports)
		return true;
	for (struct map_iter it = {0}; map_next(&w->host->workers, &it);) {
		const struct worker *other = it.value;
		if (other != w && other->admitted &&
		    pod_demand_ports_conflict(&w->pod->demand, &other->pod->demand))
			return false;
	}
	return true;
}

static void check_admission(struct worker *w)
{
	autobuf struct buf why = BUF_INIT;
	char reason[ADMIT_REASON_MAX];
	/* What is over needs no room; what runs has its room already. */
	if (w->m.stage >= POD_ENDED)
		return;
	bool critical = admit_is_critical(w->pod), fits = w->m.sandbox_up;
	fits = fits || (critical ? admit_suits : admit_check)(&w->host->node, w->pod, reason, &why);
	if (fits && !w->m.sandbox_up && !ports_free(w)) {
		snprintf(reason, sizeof(reason), "%s", ADMIT_PORTS_REASON);
		buf_adds(&why, ADMIT_PORTS_MESSAGE);
		fits = false;
	}
	if (fits && !w->m.sandbox_up && critical)
		fits = preempt_others(w, reason, &why);
	if (fits) {
		admit(w);
		count_tell(COUNT_CONTAINERS_OF_POD, NULL, NULL,
			   (double)(w->pod->list.n - w->pod->list.n_init - w->pod->list.n_ephemeral));
	} else if (w->m.stage < POD_STOPPING) {
		machine_reject(&w->m, reason, buf_str(&why));
		count_tell(COUNT_REJECTIONS, count_rejection(reason), NULL, 1);
	}
}

static void add(struct pod_host *h, const struct pod *p, const struct runtime_list *list)
{
	struct worker *w = MEM_NEW(struct worker);
	w->host = h;
	w->wish = informer_ref(p);
	w->pod = p; /* worker_dir wants its uid */
	autojson js *kept = list && !h->simulated ? kept_resources(w) : NULL;
	w->pod = resize_load_pod(kept, p);
	w->written_rv = p->o.meta.rv;
	w->seen_ns = p->phase == PHASE_RUNNING ? 0 : clock_mono_ns();
	w->c = mem_array(p->list.n, sizeof(*w->c));
	w->timer.fn = on_timer;
	w->timer.arg = w;
	list_init(&w->waiters);
	list_init(&w->hooks);
	for (size_t i = 0; i < p->list.n; i++)
		job_add_config(&w->config, h, p, &p->list.v[i]);
	for (size_t i = 0; i < p->n_pull_secrets; i++)
		config_set_add(&w->config, h->config, CONFIG_SECRET, p->o.meta.namespace,
			       p->pull_secrets[i].name);
	if (!h->simulated)
		volumes_add_config(&w->config, h->config, p);
	if (!h->simulated && *p->runtime_class)
		config_set_add(&w->config, h->config, CONFIG_RUNTIME_CLASS, "", p->runtime_class);
	map_set(&h->workers, p->o.meta.uid, w);
	machine_init(&w->m, w->pod, worker_now());
	adopt(w, list, kept);
	check_admission(w);
	job_resize_consider(w);
	worker_kick(w);
}

static void grow(struct worker *w, const struct pod *p)
{
	size_t n = w->pod->list.n;
	if (p->list.n == n)
		return;
	w->c = mem_realloc_array(w->c, p->list.n, sizeof(*w->c));
	memset(w->c + n, 0, (p->list.n - n) * sizeof(*w->c));
	for (; n < p->list.n; n++)
		job_add_config(&w->config, w->host, p, &p->list.v[n]);
}

/* p with what has been granted. */
static const struct pod *as_granted(const struct pod *granted, const struct pod *p)
{
	const struct container_list *g = &granted->list;
	if (pod_same_resources(granted, p))
		return informer_ref(p);
	const char **texts = mem_array(p->list.n, sizeof(*texts));
	for (size_t i = 0; i < g->n; i++)
		if (!pod_resources_equal(&g->v[i].resources, &p->list.v[i].resources))
			texts[i] = g->v[i].resources_text ? g->v[i].resources_text : "{}";
	const struct pod *ret = pod_with_resources(p, texts);
	free(texts);
	return ret;
}

void worker_see(struct pod_host *h, const struct pod *p, const struct runtime_list *list)
{
	struct worker *w = map_get(&h->workers, p->o.meta.uid);
	if (p->static_mirror)
		return;
	if (!w) {
		add(h, p, list);
		return;
	}
	/* The set of containers is immutable but for ephemeral ones that are added; what is decoded of them may
	   differ (an image, by a patch). */
	const struct pod *old = w->pod;
	if (p->list.n_init != old->list.n_init || p->list.n < old->list.n ||
	    p->list.n - p->list.n_ephemeral != old->list.n - old->list.n_ephemeral)
		return;
	grow(w, p);
	informer_unref(w->wish);
	w->wish = informer_ref(p);
	w->pod = as_granted(old, p);
	machine_update(&w->m, w->pod, worker_now());
	w->volumes_owed |= !h->simulated && volumes_follow_pod(old, w->pod);
	informer_unref(old);
	job_resize_consider(w);
	heed_others(w);
	worker_kick(w);
}

void worker_mirror(struct pod_host *h, const char *uid, const struct pod *mirror)
{
	struct worker *w = map_get(&h->workers, uid);
	const char *to = mirror ? mirror->o.meta.uid : NULL;
	if (!w || !w->pod->is_static || (to && w->mirror_uid && !strcmp(to, w->mirror_uid)))
		return;
	free(w->mirror_uid);
	w->mirror_uid = mem_strdup(to);
	w->report_overtaken |= w->report_under_way;
	if (!to)
		return;
	autojson js *status = pod_field(mirror->status);
	w->known = (struct status_known){0};
	status_known_read(&w->known, status);
	w->m.version++;
	worker_kick(w);
}

void worker_vanish(struct pod_host *h, const char *uid)
{
	struct worker *w = map_get(&h->workers, uid);
	if (!w)
		return;
	machine_vanished(&w->m, worker_now());
	worker_kick(w);
}

bool worker_evict(struct worker *w, const char *reason, const char *message, int64_t grace_s)
{
	bool lives = w->m.stage < POD_STOPPING;
	machine_evict(&w->m, reason, message, grace_s, worker_now());
	worker_kick(w);
	return lives;
}

bool worker_fail(struct worker *w, const char *reason, const char *message, int64_t grace_s)
{
	bool lives = w->m.stage < POD_STOPPING;
	machine_fail(&w->m, reason, message, grace_s, worker_now());
	worker_kick(w);
	return lives;
}

void worker_ended(struct pod_host *h, const char *id)
{
	struct worker *w = map_get(&h->ids, id);
	if (!w)
		return;
	if (!strcmp(w->sandbox_starting, id)) {
		w->sandbox_ended_early = true;
		return;
	}
	if (w->m.sandbox_id && !strcmp(w->m.sandbox_id, id)) {
		worker_check_sandbox(w);
		return;
	}
	for (size_t i = 0; i < w->m.n; i++)
		if (!strcmp(w->c[i].starting, id))
			w->c[i].ended_early = true;
		else if (w->m.c[i].cur.id && !strcmp(w->m.c[i].cur.id, id))
			worker_check_end(w, (int)i);
}

struct worker *worker_find(struct pod_host *h, const char *ns, const char *name)
{
	struct worker *best = NULL;
	for (struct map_iter it = {0}; map_next(&h->workers, &it);) {
		struct worker *w = it.value;
		const struct meta *m = &w->pod->o.meta;
		/* A Pod and its successor of the same name may both be here: the one the API still has
		 * counts. */
		if (!strcmp(m->name, name) && !strcmp(m->namespace, ns) && (!best || best->m.vanished))
			best = w;
	}
	return best;
}

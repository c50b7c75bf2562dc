/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/evict.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/overuse.h"
#include "count/count.h"
#include "base/log.h"
#include "os/figure.h"
#include "os/tree.h"

#define LOOK_NS (10 * NS_PER_S)
#define LOOK_CLOSE_NS NS_PER_S
#define END_NS (30 * NS_PER_S) /* so long the next waits for the end of one that was evicted */
#define PROC_FILE_MAX (64u << 10)
#define HARD_GRACE_S 1

struct evict {
	struct evict_config c;
	struct pressure p;
	struct imagegc *images;
	char *image_dir;
	struct loop_timer timer;
	struct overuse overuse;
	struct pressure_observation seen[PRESSURE_SIGNALS];
	bool told[PRESSURE_CONDITIONS];
	bool busy;	   /* a job is under way */
	char *ending;	   /* uid of the Pod evicted last, while it ends */
	int64_t ending_ns; /* until then it is waited for */
};

/* ---- what is available ---- */

static void see(struct pressure_observation *o, int64_t available, int64_t capacity)
{
	*o = (struct pressure_observation){capacity > 0, available < 0 ? 0 : available, capacity};
}

static void see_memory(struct evict *e)
{
	autofree char *path = mem_printf("%s/meminfo", e->c.proc);
	autobuf struct buf b = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct runtime *rt = e->c.node->host.rt;
	struct runtime_usage used;
	if (tree_read(path, PROC_FILE_MAX, &b, &ignored) == 0)
		see(&e->seen[PRESSURE_MEMORY],
		    1024 * (figure_of(buf_str(&b), "MemFree:", 0) +
			    figure_of(buf_str(&b), "Inactive(file):", 0)),
		    1024 * figure_of(buf_str(&b), "MemTotal:", 0));
	if (rt->ops->group_usage && rt->ops->group_usage(rt, "", &used, &ignored) == 0)
		see(&e->seen[PRESSURE_ALLOCATABLE_MEMORY], e->c.pods_memory - used.memory, e->c.pods_memory);
}

static void see_disk(struct evict *e, const char *path, enum pressure_signal bytes,
		     enum pressure_signal inodes)
{
	struct statvfs v;
	if (statvfs(path, &v) < 0)
		return;
	see(&e->seen[bytes], (int64_t)v.f_bavail * (int64_t)v.f_frsize,
	    (int64_t)v.f_blocks * (int64_t)v.f_frsize);
	see(&e->seen[inodes], (int64_t)v.f_favail, (int64_t)v.f_files);
}

/* "0.01 0.02 0.03 RUNNING/ALL LAST" */
static void see_pids(struct evict *e)
{
	autofree char *path = mem_printf("%s/loadavg", e->c.proc);
	autobuf struct buf b = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *slash;
	if (tree_read(path, PROC_FILE_MAX, &b, &ignored) == 0 && (slash = strchr(buf_str(&b), '/')))
		see(&e->seen[PRESSURE_PID], e->c.pids - strtoll(slash + 1, NULL, 10), e->c.pids);
}

static void look(struct evict *e)
{
	see_memory(e);
	see_disk(e, e->c.node->host.root, PRESSURE_NODEFS, PRESSURE_NODEFS_INODES);
	see_disk(e, e->image_dir, PRESSURE_IMAGEFS, PRESSURE_IMAGEFS_INODES);
	see_pids(e);
}

/* Half as much again as a threshold keeps free, and it may be met before the next look. */
static bool is_close(const struct evict *e)
{
	for (size_t i = 0; i < e->c.thresholds->n; i++) {
		const struct threshold *t = &e->c.thresholds->v[i];
		const struct pressure_observation *o = &e->seen[t->signal];
		if (o->known && o->available < threshold_quantity(&t->value, o->capacity) / 2 * 3)
			return true;
	}
	return false;
}

/* ---- conditions ---- */

static void tell(struct evict *e)
{
	static const char *const words[PRESSURE_CONDITIONS][2] = {
		{"NodeHasSufficientMemory", "NodeHasInsufficientMemory"},
		{"NodeHasNoDiskPressure", "NodeHasDiskPressure"},
		{"NodeHasSufficientPID", "NodeHasInsufficientPID"},
	};
	struct node *n = e->c.node;
	bool news = false;
	for (size_t i = 0; i < PRESSURE_CONDITIONS; i++) {
		if (e->told[i] == e->p.on[i])
			continue;
		news = true;
		e->told[i] = e->p.on[i];
		node_record(n, false, words[i][e->told[i]], "Node %s status is now: %s", n->name,
			    words[i][e->told[i]]);
	}
	if (news)
		node_tell(n);
}

/* ---- what Pods use ---- */

struct candidate {
	char *uid, *pod_dir, *log_dir, **container_dirs;
	size_t n_dirs;
	struct pressure_container *containers;
	char **names, **container_logs;
	size_t n;
	struct pressure_pod pod;
};

struct relief {
	struct evict *e;
	const struct threshold *t;	    /* that is to be relieved */
	bool images_too, disk, images_only; /* images_only: of a file system where nothing else lies */
	struct candidate *v;
	size_t n;
};

static bool may_go(const struct worker *w)
{
	const struct machine *m = worker_machine(w);
	return m->stage < POD_STOPPING && !m->settled;
}

static int64_t asked(int64_t amount)
{
	return amount > 0 ? amount : 0;
}

static void fill_containers(struct candidate *c, struct pod_host *h, const struct worker *w)
{
	const struct pod *p = worker_pod(w);
	const struct machine *m = worker_machine(w);
	c->containers = mem_array(m->n + 1, sizeof(*c->containers));
	c->names = mem_array(m->n + 1, sizeof(*c->names));
	c->container_dirs = mem_array(m->n + 1, sizeof(*c->container_dirs));
	c->container_logs = mem_array(m->n + 1, sizeof(*c->container_logs));
	for (size_t i = 0; i < m->n; i++) {
		const struct container_resources *r = &p->list.v[i].resources;
		struct runtime_usage used = {0};
		struct err ignored = ERR_INIT;
		if (m->c[i].state != CTR_RUNNING || !m->c[i].cur.id)
			continue;
		if (h->rt->ops->container_usage &&
		    h->rt->ops->container_usage(h->rt, m->c[i].cur.id, &used, &ignored) == 0)
			c->pod.known = true;
		c->names[c->n] = mem_strdup(p->list.v[i].name);
		c->container_dirs[c->n] = mem_printf("%s/containers/%s", h->root, m->c[i].cur.id);
		c->container_logs[c->n] = mem_printf("%s/%s", c->log_dir, c->names[c->n]);
		c->containers[c->n] = (struct pressure_container){.name = c->names[c->n],
								  .ephemeral = p->list.v[i].ephemeral,
								  .memory = used.memory,
								  .memory_request = asked(r->memory_request),
								  .disk_request = asked(r->storage_request)};
		c->pod.memory += used.memory;
		c->pod.pids += used.pids;
		c->n++;
	}
	c->n_dirs = c->n;
}

static void fill_candidate(struct candidate *c, struct pod_host *h, const struct worker *w)
{
	const struct pod *p = worker_pod(w);
	c->uid = mem_strdup(p->o.meta.uid);
	c->pod_dir = mem_printf("%s/pods/%s", h->root, c->uid);
	c->log_dir = mem_printf("%s/logs/%s_%s_%s", h->root, p->o.meta.namespace, p->o.meta.name, c->uid);
	c->pod.priority = p->priority;
	c->pod.memory_request = p->demand.requests.memory;
	c->pod.disk_request = p->demand.requests.ephemeral;
	fill_containers(c, h, w);
}

static void measure_disk(struct candidate *c)
{
	for (size_t i = 0; i < c->n; i++) {
		int64_t inodes = 0;
		tree_usage(c->container_dirs[i], &c->containers[i].disk, &inodes);
		c->pod.disk += c->containers[i].disk;
		c->pod.inodes += inodes;
		tree_usage(c->container_logs[i], &c->containers[i].disk,
			   &inodes); /* the Pod's are counted below */
	}
	tree_usage(c->pod_dir, &c->pod.disk, &c->pod.inodes);
	tree_usage(c->log_dir, &c->pod.disk, &c->pod.inodes);
}

static void candidate_release(struct candidate *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->names[i]);
		free(c->container_dirs[i]);
		free(c->container_logs[i]);
	}
	free(c->names);
	free(c->container_dirs);
	free(c->container_logs);
	free(c->containers);
	free(c->uid);
	free(c->pod_dir);
	free(c->log_dir);
}

/* ---- relief ---- */

static void relief_work(void *arg)
{
	struct relief *r = arg;
	if (r->images_too)
		(void)imagegc_free_unused(r->e->images);
	for (size_t i = 0; i < r->n && r->disk; i++)
		measure_disk(&r->v[i]);
}

static void record_end(struct evict *e, struct worker *w, const char *annotations, const char *why)
{
	struct pod_host *h = &e->c.node->host;
	const struct meta *m = &worker_pod(w)->o.meta;
	const struct event_ref ref = {.api_version = "v1",
				      .kind = "Pod",
				      .namespace = m->namespace,
				      .name = m->name,
				      .uid = m->uid,
				      .rv = m->rv,
				      .annotations = annotations};
	log_info("evicting a pod", "pod=%s/%s", m->namespace, m->name);
	if (h->events)
		events_record(h->events, "kubelet", h->node.name, &ref, true, "Evicted", "%s", why);
}

static void end_pod(struct evict *e, struct worker *w, const char *why, int64_t grace_s)
{
	free(e->ending);
	e->ending = mem_strdup(worker_pod(w)->o.meta.uid);
	e->ending_ns = clock_mono_ns() + END_NS;
	(void)worker_evict(w, "Evicted", why, grace_s);
}

/* Nobody else is to blame, so that this is no disruption: upstream gives it no condition. */
static void end_overuser(void *arg, struct worker *w, const char *why)
{
	record_end(arg, w, NULL, why);
	(void)worker_fail(w, "Evicted", why, HARD_GRACE_S);
}

static void end_one(struct evict *e, struct relief *r)
{
	struct pod_host *h = &e->c.node->host;
	struct pressure_pod *pods = mem_array(r->n + 1, sizeof(*pods));
	for (size_t i = 0; i < r->n; i++) {
		pods[i] = r->v[i].pod;
		pods[i].ref = &r->v[i];
		pods[i].containers = r->v[i].containers;
		pods[i].n = r->v[i].n;
		/* No Pod is to blame for what images take that lie apart. */
		if (r->images_only)
			pods[i].disk = pods[i].inodes = 0;
	}
	pressure_rank(pods, r->n, r->t->signal);
	for (size_t i = 0; i < r->n; i++) {
		const struct candidate *c = pods[i].ref;
		struct worker *w = map_get(&h->workers, c->uid);
		autobuf struct buf why = BUF_INIT, annotations = BUF_INIT;
		if (!w || !may_go(w) || admit_is_critical(worker_pod(w)))
			continue;
		int64_t grace = HARD_GRACE_S, own = worker_pod(w)->grace_s;
		if (r->t->grace_ns)
			grace = own < e->c.max_grace_s ? own : e->c.max_grace_s;
		pressure_message(&why, &pods[i], r->t, &e->seen[r->t->signal]);
		pressure_annotations(&annotations, &pods[i], r->t->signal);
		record_end(e, w, buf_str(&annotations), buf_str(&why));
		end_pod(e, w, buf_str(&why), grace);
		count_tell(COUNT_EVICTIONS, threshold_signal_names[r->t->signal], NULL, 1);
		break;
	}
	free(pods);
}

static void relief_done(void *arg)
{
	struct relief *r = arg;
	struct evict *e = r->e;
	e->busy = false;
	if (r->images_too) {
		look(e);
		node_refresh(e->c.node);
	}
	if (!r->images_too || !pressure_relieved(&e->p, e->seen))
		end_one(e, r);
	for (size_t i = 0; i < r->n; i++)
		candidate_release(&r->v[i]);
	free(r->v);
	free(r);
}

static bool images_lie_apart(const struct evict *e)
{
	struct stat root, images;
	return stat(e->c.node->host.root, &root) == 0 && stat(e->image_dir, &images) == 0 &&
	       root.st_dev != images.st_dev;
}

static void begin_relief(struct evict *e, const struct threshold *t)
{
	struct pod_host *h = &e->c.node->host;
	struct relief *r = MEM_NEW(struct relief);
	bool disk = t->signal >= PRESSURE_NODEFS && t->signal <= PRESSURE_IMAGEFS_INODES;
	bool apart = disk && images_lie_apart(e), of_images = t->signal >= PRESSURE_IMAGEFS;
	/* Containers write beside the Pods' other files: where images lie apart, those free nothing of what is short there. */
	*r = (struct relief){.e = e,
			     .t = t,
			     .images_too = disk && (!apart || of_images),
			     .disk = disk,
			     .images_only = apart && of_images};
	r->v = mem_array(map_len(&h->workers) + 1, sizeof(*r->v));
	for (struct map_iter it = {0}; map_next(&h->workers, &it);)
		if (may_go(it.value))
			fill_candidate(&r->v[r->n++], h, it.value);
	node_record(e->c.node, true, "EvictionThresholdMet", "Attempting to reclaim %s",
		    pressure_resource(t->signal));
	e->busy = true;
	loop_job(h->loop, LANE_WORK, relief_work, relief_done, r);
}

/* The Pod that was evicted last has gone, or takes too long. */
static bool has_ended(const struct evict *e)
{
	const struct worker *w = e->ending ? map_get(&e->c.node->host.workers, e->ending) : NULL;
	return !w || worker_machine(w)->stage >= POD_ENDED || clock_mono_ns() >= e->ending_ns;
}

static void on_timer(void *arg)
{
	struct evict *e = arg;
	int64_t now = clock_mono_ns(), next = now + LOOK_NS;
	overuse_look(&e->overuse);
	look(e);
	const struct threshold *t = pressure_observe(&e->p, e->seen, now);
	tell(e);
	if (t && !e->busy && has_ended(e))
		begin_relief(e, t);
	if (t || e->busy || is_close(e))
		next = now + LOOK_CLOSE_NS;
	int64_t change = pressure_next_ns(&e->p, now);
	loop_timer_set(e->c.node->host.loop, &e->timer, change > now && change < next ? change : next);
}

void evict_start(struct evict *e)
{
	on_timer(e);
	imagegc_start(e->images);
}

struct evict *evict_new(const struct evict_config *c)
{
	struct evict *e = MEM_NEW(struct evict);
	e->c = *c;
	e->p = (struct pressure){.thresholds = c->thresholds, .transition_ns = c->transition_ns};
	e->overuse = (struct overuse){.node = c->node, .end = end_overuser, .arg = e};
	e->timer.fn = on_timer;
	e->timer.arg = e;
	e->image_dir = mem_printf("%s/images", c->node->host.root);
	e->images = imagegc_new(c->node, e->image_dir, c->image_policy);
	c->node->object.pressure = e->p.on;
	c->node->host.node.pressure = e->p.on;
	return e;
}

void evict_stop(struct evict *e)
{
	loop_timer_set(e->c.node->host.loop, &e->timer, CLOCK_NEVER);
	imagegc_stop(e->images);
	free(e->ending);
	free(e->image_dir);
	free(e);
}

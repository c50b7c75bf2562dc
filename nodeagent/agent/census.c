/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/figure.h"
#include "os/tree.h"

#define PROC_MAX (1u << 20)
#define VOLUMES_MAX 256	   /* of a Pod */
#define WINDOW_NS NS_PER_S /* a rate is of no less */

/* What is kept of one cgroup, and of the disk that goes with it. */
struct census_known {
	int64_t cpu_ns, at_ns, nano_cores;
	struct census_disk disk[2];
	bool seen;
};

/* ---- who is there ---- */

static void recall(const struct census_memory *m, const char *key, int64_t now, struct census_disk *a,
		   struct census_disk *b)
{
	const struct census_known *k = map_get(&m->known, key);
	if (k && now - k->disk[0].at_ns < CENSUS_DISK_NS)
		*a = k->disk[0];
	if (k && b && now - k->disk[1].at_ns < CENSUS_DISK_NS)
		*b = k->disk[1];
}

static void add_container(const struct census_memory *m, struct census *c, struct census_pod *p,
			  const struct pod *pod, const char *name, const struct container_run *run)
{
	const struct pod_host *h = &c->node->host;
	const struct meta *meta = &pod->o.meta;
	autofree char *logs = runtime_log_dir(h->root, meta->namespace, meta->name, meta->uid);
	struct census_container *one = &p->containers[p->n++];
	*one = (struct census_container){.name = mem_strdup(name),
					 .id = mem_strdup(run->id),
					 .image = mem_strdup(run->image ? run->image : ""),
					 .dir = mem_printf("%s/containers/%s/upper", h->root, run->id),
					 .log_dir = mem_printf("%s/%s", logs, name),
					 .started_ns = run->started_ns};
	recall(m, run->id, c->now_ns, &one->rootfs, &one->logs);
}

static void add_pod(const struct census_memory *m, struct census *c, const struct worker *w)
{
	const struct pod *pod = worker_pod(w);
	const struct machine *mc = worker_machine(w);
	if (!mc->sandbox_id || mc->stage >= POD_ENDED)
		return;
	struct census_pod *p = &c->pods[c->n++];
	*p = (struct census_pod){.name = mem_strdup(pod->o.meta.name),
				 .namespace = mem_strdup(pod->o.meta.namespace),
				 .uid = mem_strdup(pod->o.meta.uid),
				 .sandbox = mem_strdup(mc->sandbox_id),
				 .dir = mem_printf("%s/pods/%s", c->root, pod->o.meta.uid),
				 .started_ns = mc->start_wall_ns};
	p->containers = mem_array(mc->n + 1, sizeof(*p->containers));
	for (size_t i = 0; i < mc->n; i++)
		if (mc->c[i].state == CTR_RUNNING && mc->c[i].cur.id)
			add_container(m, c, p, pod, pod->list.v[i].name, &mc->c[i].cur);
}

struct census *census_begin(struct census_memory *m, struct node *n, const char *proc, bool disk,
			    bool (*wanted)(const struct worker *w))
{
	struct census *c = MEM_NEW(struct census);
	*c = (struct census){.node = n,
			     .rt = n->host.rt,
			     .proc = proc,
			     .root = mem_strdup(n->host.root),
			     .images = mem_printf("%s/images", n->host.root),
			     .disk = disk,
			     .some = wanted != NULL,
			     .now_ns = clock_wall_ns()};
	c->pods = mem_array(map_len(&n->host.workers) + 1, sizeof(*c->pods));
	recall(m, "/", c->now_ns, &c->image_disk, NULL);
	for (struct map_iter it = {0}; map_next(&n->host.workers, &it);)
		if (!wanted || wanted(it.value))
			add_pod(m, c, it.value);
	return c;
}

/* ---- the machine ---- */

static bool read_proc(const struct census *c, const char *file, struct buf *out)
{
	struct err ignored = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", c->proc, file);
	buf_clear(out);
	return tree_read(path, PROC_MAX, out, &ignored) == 0;
}

static void measure_cpu(struct census *c, const char *text, struct runtime_stats *s)
{
	int64_t t[8] = {0},
		tick = NS_PER_S / sysconf(_SC_CLK_TCK); /* user nice system idle iowait irq softirq steal */
	char *p = (char *)text + 4;
	if (strncmp(text, "cpu ", 4) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = strtoll(p, &p, 10);
	s->v[RUNTIME_CPU_USER] = (t[0] + t[1]) * tick;
	s->v[RUNTIME_CPU_SYSTEM] = (t[2] + t[5] + t[6] + t[7]) * tick;
	s->v[RUNTIME_CPU] = s->v[RUNTIME_CPU_USER] + s->v[RUNTIME_CPU_SYSTEM];
	c->boot_ns = figure_of(text, "btime ", 0) * NS_PER_S;
}

static void measure_memory(const char *text, struct runtime_stats *s)
{
	int64_t all = 1024 * figure_of(text, "MemTotal:", 0);
	s->v[RUNTIME_MEMORY_LIMIT] = all;
	s->v[RUNTIME_MEMORY] = all - 1024 * figure_of(text, "MemFree:", 0);
	s->v[RUNTIME_MEMORY_IDLE_FILES] = 1024 * figure_of(text, "Inactive(file):", 0);
	s->v[RUNTIME_MEMORY_RSS] = 1024 * figure_of(text, "AnonPages:", 0);
	s->v[RUNTIME_MEMORY_CACHE] = 1024 * figure_of(text, "Cached:", 0);
	s->v[RUNTIME_MEMORY_MAPPED] = 1024 * figure_of(text, "Mapped:", 0);
	s->v[RUNTIME_MEMORY_SWAP_LIMIT] = 1024 * figure_of(text, "SwapTotal:", 0);
	s->v[RUNTIME_MEMORY_SWAP] = s->v[RUNTIME_MEMORY_SWAP_LIMIT] - 1024 * figure_of(text, "SwapFree:", 0);
}

static void unknown(struct runtime_stats *s)
{
	*s = (struct runtime_stats){.at_ns = clock_wall_ns()};
	for (size_t i = 0; i < RUNTIME_FIGURES; i++)
		s->v[i] = RUNTIME_UNKNOWN_FIGURE;
}

static void measure_machine(struct census *c)
{
	static const char *const waits[RUNTIME_WAITED] = {[RUNTIME_ON_CPU] = "pressure/cpu",
							  [RUNTIME_ON_MEMORY] = "pressure/memory",
							  [RUNTIME_ON_IO] = "pressure/io"};
	struct runtime_stats *s = &c->machine.s;
	autobuf struct buf text = BUF_INIT;
	unknown(s);
	snprintf(s->cgroup, sizeof(s->cgroup), "/");
	if (read_proc(c, "stat", &text))
		measure_cpu(c, buf_str(&text), s);
	if (read_proc(c, "meminfo", &text))
		measure_memory(buf_str(&text), s);
	if (read_proc(c, "vmstat", &text)) {
		s->v[RUNTIME_PAGE_FAULTS] = figure_of(buf_str(&text), "pgfault ", 0);
		s->v[RUNTIME_MAJOR_PAGE_FAULTS] = figure_of(buf_str(&text), "pgmajfault ", 0);
	}
	for (size_t i = 0; i < RUNTIME_WAITED; i++)
		if (read_proc(c, waits[i], &text))
			runtime_waits_parse(buf_str(&text), &s->waits[i]);
	if (read_proc(c, "net/dev", &text))
		c->n_interfaces = runtime_interfaces_parse(buf_str(&text), c->interfaces);
	if (read_proc(c, "sys/kernel/pid_max", &text))
		c->pids_max = strtoll(buf_str(&text), NULL, 10);
	const char *slash;
	if (read_proc(c, "loadavg", &text) && (slash = strchr(buf_str(&text), '/')))
		c->pids = strtoll(slash + 1, NULL, 10);
	c->machine.known = s->v[RUNTIME_CPU] >= 0;
}

/* Of the process alone: whose cgroup it is in besides is the operator's affair. */
static void measure_agent(struct census *c)
{
	struct runtime_stats *s = &c->agent.s;
	struct rusage u;
	autobuf struct buf text = BUF_INIT;
	unknown(s);
	if (getrusage(RUSAGE_SELF, &u) < 0 || !read_proc(c, "self/status", &text))
		return;
	s->v[RUNTIME_CPU] = (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
			    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * NS_PER_US;
	s->v[RUNTIME_MEMORY] = 1024 * figure_of(buf_str(&text), "VmRSS:", 0);
	s->v[RUNTIME_MEMORY_RSS] = 1024 * figure_of(buf_str(&text), "RssAnon:", 0);
	s->v[RUNTIME_PAGE_FAULTS] = u.ru_minflt + u.ru_majflt;
	s->v[RUNTIME_MAJOR_PAGE_FAULTS] = u.ru_majflt;
	c->agent.known = true;
}

/* ---- disks ---- */

static void look_at_fs(const char *path, struct census_fs *ret)
{
	struct statvfs v;
	if (statvfs(path, &v) < 0)
		return;
	*ret = (struct census_fs){.capacity = (int64_t)v.f_blocks * (int64_t)v.f_frsize,
				  .available = (int64_t)v.f_bavail * (int64_t)v.f_frsize,
				  .inodes = (int64_t)v.f_files,
				  .inodes_free = (int64_t)v.f_ffree};
}

static void count_files(const char *path, struct census_disk *d)
{
	if (d->at_ns)
		return;
	tree_usage(path, &d->bytes, &d->inodes);
	d->at_ns = clock_wall_ns();
}

struct volume_walk {
	struct census_pod *p;
	char *plugin;
	bool local;
};

static bool see_volume(void *arg, const char *name)
{
	const struct volume_walk *w = arg;
	struct census_pod *p = w->p;
	if (p->n_volumes == VOLUMES_MAX)
		return false;
	autofree char *path = mem_printf("%s/%s", w->plugin, name);
	p->volumes = mem_realloc_array(p->volumes, p->n_volumes + 1, sizeof(*p->volumes));
	struct census_volume *v = &p->volumes[p->n_volumes++];
	*v = (struct census_volume){.name = mem_strdup(name)};
	look_at_fs(path, &v->fs);
	count_files(path, &v->used);
	v->local = w->local;
	return true;
}

/* Which of them count against the Pod: upstream's util.IsLocalEphemeralVolume. One in memory is no disk's. */
static bool see_plugin(void *arg, const char *name)
{
	struct census_pod *p = arg;
	struct err ignored = ERR_INIT;
	struct volume_walk w = {.p = p, .plugin = mem_printf("%s/volumes/%s", p->dir, name)};
	w.local = !strcmp(name, "kubernetes.io~empty-dir") || !strcmp(name, "kubernetes.io~configmap");
	(void)!tree_names(w.plugin, see_volume, &w, &ignored);
	free(w.plugin);
	return true;
}

static bool is_on_root(const struct census *c, const struct census_volume *v)
{
	return v->fs.capacity == c->root_fs.capacity && v->fs.inodes == c->root_fs.inodes;
}

static void count_pod(const struct census *c, struct census_pod *p)
{
	autofree char *volumes = mem_printf("%s/volumes", p->dir),
		      *containers = mem_printf("%s/containers", p->dir);
	struct err ignored = ERR_INIT;
	for (size_t i = 0; i < p->n; i++) {
		count_files(p->containers[i].dir, &p->containers[i].rootfs);
		count_files(p->containers[i].log_dir, &p->containers[i].logs);
	}
	(void)!tree_names(volumes, see_plugin, p, &ignored);
	for (size_t i = 0; i < p->n_volumes; i++)
		p->volumes[i].local &= is_on_root(c, &p->volumes[i]);
	count_files(containers, &p->hosts);
}

/* ---- all of it ---- */

static void measure_pod(const struct census *c, struct census_pod *p)
{
	const struct runtime_ops *ops = c->rt->ops;
	struct err ignored = ERR_INIT;
	p->count.known =
		ops->sandbox_stats && ops->sandbox_stats(c->rt, p->sandbox, &p->count.s, p->interfaces,
							 &p->n_interfaces, &ignored) == 0;
	for (size_t i = 0; i < p->n; i++) {
		struct census_container *one = &p->containers[i];
		one->count.known = ops->container_stats &&
				   ops->container_stats(c->rt, one->id, &one->count.s, &ignored) == 0;
	}
	if (c->disk)
		count_pod(c, p);
}

void census_measure(struct census *c)
{
	const struct runtime_ops *ops = c->rt->ops;
	struct err ignored = ERR_INIT;
	measure_machine(c);
	measure_agent(c);
	c->all_pods.known = ops->group_stats && ops->group_stats(c->rt, "", &c->all_pods.s, &ignored) == 0;
	look_at_fs(c->root, &c->root_fs);
	look_at_fs(c->images, &c->image_fs);
	if (c->disk && !c->some)
		count_files(c->images, &c->image_disk);
	for (size_t i = 0; i < c->n; i++)
		measure_pod(c, &c->pods[i]);
}

/* ---- from one reading to the next ---- */

int64_t census_working_set(const struct runtime_stats *s)
{
	int64_t all = s->v[RUNTIME_MEMORY], idle = s->v[RUNTIME_MEMORY_IDLE_FILES];
	if (all < 0 || idle <= 0)
		return all;
	return idle < all ? all - idle : 0;
}

/* Without an earlier reading: since it began. */
static void rate(struct census_memory *m, const char *key, struct census_count *c, int64_t began_ns,
		 const struct census_disk *a, const struct census_disk *b)
{
	struct census_known *k = map_get(&m->known, key);
	int64_t now = c->s.at_ns, cpu = c->s.v[RUNTIME_CPU];
	c->nano_cores = -1;
	if (!k) {
		k = MEM_NEW(struct census_known);
		*k = (struct census_known){.at_ns = began_ns, .nano_cores = -1};
		(void)map_set(&m->known, key, k);
	}
	k->seen = true;
	if (a && a->at_ns)
		k->disk[0] = *a;
	if (b && b->at_ns)
		k->disk[1] = *b;
	if (!c->known || cpu < 0)
		return;
	if (now - k->at_ns >= WINDOW_NS && cpu >= k->cpu_ns) {
		k->nano_cores = (int64_t)((double)(cpu - k->cpu_ns) / (double)(now - k->at_ns) * 1e9);
		k->cpu_ns = cpu;
		k->at_ns = now;
	}
	c->nano_cores = k->nano_cores;
}

static void forget_others(struct census_memory *m)
{
	for (struct map_iter it = {0}; map_next(&m->known, &it);) {
		struct census_known *k = it.value;
		if (!k->seen)
			free(map_del(&m->known, it.key));
		else
			k->seen = false;
	}
}

void census_finish(struct census_memory *m, struct census *c)
{
	rate(m, "/", &c->machine, c->boot_ns, &c->image_disk, NULL);
	rate(m, "/pods", &c->all_pods, c->node->host.began_wall_ns, NULL, NULL);
	rate(m, "/agent", &c->agent, c->node->host.began_wall_ns, NULL, NULL);
	for (size_t i = 0; i < c->n; i++) {
		struct census_pod *p = &c->pods[i];
		rate(m, p->uid, &p->count, p->started_ns, NULL, NULL);
		for (size_t k = 0; k < p->n; k++)
			rate(m, p->containers[k].id, &p->containers[k].count, p->containers[k].started_ns,
			     &p->containers[k].rootfs, &p->containers[k].logs);
	}
	forget_others(m);
}

static void pod_release(struct census_pod *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->containers[i].name);
		free(p->containers[i].id);
		free(p->containers[i].image);
		free(p->containers[i].dir);
		free(p->containers[i].log_dir);
	}
	for (size_t i = 0; i < p->n_volumes; i++)
		free(p->volumes[i].name);
	free(p->containers);
	free(p->volumes);
	free(p->name);
	free(p->namespace);
	free(p->uid);
	free(p->sandbox);
	free(p->dir);
}

void census_free(struct census *c)
{
	for (size_t i = 0; i < c->n; i++)
		pod_release(&c->pods[i]);
	free(c->pods);
	free(c->root);
	free(c->images);
	free(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See summary.h (kubernetes/kubernetes pkg/kubelet/server/stats/summary.go, pkg/kubelet/stats/helper.go). */
#include "agent/summary.h"

#include <string.h>

#include "object/rfc3339.h"

#define DEFAULT_INTERFACE "eth0"

static void set_time(js *o, const char *key, int64_t ns)
{
	char text[RFC3339_MAX];
	rfc3339_format(ns, text);
	js_set_str(o, key, text);
}

/* One that is not known, or has no bound, is left out. */
static void set_known(js *o, const char *key, int64_t v)
{
	if (v >= 0 && v < RUNTIME_UNLIMITED)
		js_set_int(o, key, v);
}

static int64_t left_of(int64_t limit, int64_t used)
{
	if (limit < 0 || limit == RUNTIME_UNLIMITED || used < 0)
		return -1;
	return used < limit ? limit - used : 0;
}

static void set_wait(js *psi, const char *key, const struct runtime_wait *w)
{
	js *o = js_ensure(psi, key, NULL);
	js_set_int(o, "total", w->total_ns);
	js_set(o, "avg10", js_new_double(w->average[0]));
	js_set(o, "avg60", js_new_double(w->average[1]));
	js_set(o, "avg300", js_new_double(w->average[2]));
}

static void set_waits(js *o, const struct runtime_waits *w)
{
	if (!w->known)
		return;
	js *psi = js_ensure(o, "psi", NULL);
	set_wait(psi, "full", &w->full);
	set_wait(psi, "some", &w->some);
}

static void set_memory(js *o, const struct runtime_stats *s)
{
	js *memory = js_ensure(o, "memory", NULL);
	int64_t used = census_working_set(s);
	set_time(memory, "time", s->at_ns);
	set_known(memory, "availableBytes", left_of(s->v[RUNTIME_MEMORY_LIMIT], used));
	set_known(memory, "usageBytes", s->v[RUNTIME_MEMORY]);
	set_known(memory, "workingSetBytes", used);
	set_known(memory, "rssBytes", s->v[RUNTIME_MEMORY_RSS]);
	set_known(memory, "pageFaults", s->v[RUNTIME_PAGE_FAULTS]);
	set_known(memory, "majorPageFaults", s->v[RUNTIME_MAJOR_PAGE_FAULTS]);
	set_waits(memory, &s->waits[RUNTIME_ON_MEMORY]);
}

/* cpu, memory, swap and, of the whole summary, io. */
static void set_count(js *o, const struct census_count *c, bool brief)
{
	const struct runtime_stats *s = &c->s;
	if (!c->known)
		return;
	js *cpu = js_ensure(o, "cpu", NULL);
	set_time(cpu, "time", s->at_ns);
	set_known(cpu, "usageNanoCores", c->nano_cores);
	set_known(cpu, "usageCoreNanoSeconds", s->v[RUNTIME_CPU]);
	set_waits(cpu, &s->waits[RUNTIME_ON_CPU]);
	set_memory(o, s);
	if (s->v[RUNTIME_MEMORY_SWAP] >= 0) {
		js *swap = js_ensure(o, "swap", NULL);
		set_time(swap, "time", s->at_ns);
		set_known(swap, "swapAvailableBytes",
			  left_of(s->v[RUNTIME_MEMORY_SWAP_LIMIT], s->v[RUNTIME_MEMORY_SWAP]));
		set_known(swap, "swapUsageBytes", s->v[RUNTIME_MEMORY_SWAP]);
	}
	if (brief || !s->waits[RUNTIME_ON_IO].known)
		return;
	js *io = js_ensure(o, "io", NULL);
	set_time(io, "time", s->at_ns);
	set_waits(io, &s->waits[RUNTIME_ON_IO]);
}

static void fill_interface(js *o, const struct runtime_interface *i)
{
	js_set_str(o, "name", i->name);
	set_known(o, "rxBytes", (int64_t)i->rx_bytes);
	set_known(o, "rxErrors", (int64_t)i->rx_errors);
	set_known(o, "txBytes", (int64_t)i->tx_bytes);
	set_known(o, "txErrors", (int64_t)i->tx_errors);
}

static void set_network(js *o, const struct runtime_interface *v, size_t n, int64_t at_ns)
{
	if (!n)
		return;
	js *network = js_ensure(o, "network", NULL);
	set_time(network, "time", at_ns);
	js_set_str(network, "name", "");
	for (size_t i = 0; i < n; i++) {
		js *one = js_new_obj();
		fill_interface(one, &v[i]);
		js_push(js_ensure_arr(network, "interfaces"), one);
		if (!strcmp(v[i].name, DEFAULT_INTERFACE))
			fill_interface(network, &v[i]);
	}
}

/* What is used of it: -1 = what the file system says. */
static js *fill_fs(js *o, const struct census_fs *fs, int64_t used, int64_t inodes_used, int64_t at_ns)
{
	set_time(o, "time", at_ns);
	js_set_int(o, "availableBytes", fs->available);
	js_set_int(o, "capacityBytes", fs->capacity);
	js_set_int(o, "usedBytes", used >= 0 ? used : fs->capacity - fs->available);
	js_set_int(o, "inodesFree", fs->inodes_free);
	js_set_int(o, "inodes", fs->inodes);
	js_set_int(o, "inodesUsed", inodes_used >= 0 ? inodes_used : fs->inodes - fs->inodes_free);
	return o;
}

static void set_disk(js *o, const char *key, const struct census_fs *fs, const struct census_disk *d)
{
	if (d->at_ns)
		fill_fs(js_ensure(o, key, NULL), fs, d->bytes, d->inodes, d->at_ns);
}

static void add_container(js *list, const struct census *c, const struct census_container *one, bool brief)
{
	js *o = js_new_obj();
	js_set_str(o, "name", one->name);
	set_time(o, "startTime", one->started_ns);
	set_count(o, &one->count, brief);
	if (!brief) {
		set_disk(o, "rootfs", &c->image_fs, &one->rootfs);
		set_disk(o, "logs", &c->root_fs, &one->logs);
	}
	js_push(list, o);
}

static void set_storage(js *o, const struct census *c, const struct census_pod *p)
{
	int64_t bytes = p->hosts.bytes, inodes = p->hosts.inodes;
	for (size_t i = 0; i < p->n_volumes; i++) {
		const struct census_volume *v = &p->volumes[i];
		js *volume = fill_fs(js_new_obj(), &v->fs, v->used.bytes, v->used.inodes, v->used.at_ns);
		js_set_str(volume, "name", v->name);
		js_push(js_ensure_arr(o, "volume"), volume);
		if (v->local) {
			bytes += v->used.bytes;
			inodes += v->used.inodes;
		}
	}
	for (size_t i = 0; i < p->n; i++) {
		bytes += p->containers[i].rootfs.bytes + p->containers[i].logs.bytes;
		inodes += p->containers[i].rootfs.inodes + p->containers[i].logs.inodes;
	}
	fill_fs(js_ensure(o, "ephemeral-storage", NULL), &c->root_fs, bytes, inodes, c->now_ns);
}

static void add_pod(js *pods, const struct census *c, const struct census_pod *p, bool brief)
{
	js *o = js_new_obj(), *ref = js_ensure(o, "podRef", NULL);
	js_set_str(ref, "name", p->name);
	js_set_str(ref, "namespace", p->namespace);
	js_set_str(ref, "uid", p->uid);
	set_time(o, "startTime", p->started_ns);
	js *containers = js_ensure_arr(o, "containers");
	for (size_t i = 0; i < p->n; i++)
		add_container(containers, c, &p->containers[i], brief);
	set_count(o, &p->count, brief);
	js_push(pods, o);
	if (brief)
		return;
	set_network(o, p->interfaces, p->n_interfaces, p->count.s.at_ns);
	if (c->disk)
		set_storage(o, c, p);
	if (p->count.known && p->count.s.v[RUNTIME_PIDS] >= 0)
		js_set_int(js_ensure(o, "process_stats", NULL), "process_count", p->count.s.v[RUNTIME_PIDS]);
}

static void add_system(js *node, const char *name, const struct census_count *count, int64_t began_ns,
		       bool brief)
{
	if (!count->known)
		return;
	js *o = js_new_obj();
	js_set_str(o, "name", name);
	set_time(o, "startTime", began_ns);
	set_count(o, count, brief);
	js_push(js_ensure_arr(node, "systemContainers"), o);
}

static void fill_rest(js *node, const struct census *c)
{
	set_network(node, c->interfaces, c->n_interfaces, c->machine.s.at_ns);
	fill_fs(js_ensure(node, "fs", NULL), &c->root_fs, -1, -1, c->now_ns);
	js *runtime = js_ensure(node, "runtime", NULL);
	fill_fs(js_ensure(runtime, "imageFs", NULL), &c->image_fs, c->image_disk.bytes, c->image_disk.inodes,
		c->now_ns);
	fill_fs(js_ensure(runtime, "containerFs", NULL), &c->root_fs, -1, -1, c->now_ns);
	js *rlimit = js_ensure(node, "rlimit", NULL);
	set_time(rlimit, "time", c->now_ns);
	js_set_int(rlimit, "maxpid", c->pids_max);
	js_set_int(rlimit, "curproc", c->pids);
}

js *summary_new(const struct census *c, const char *node_name, int64_t agent_began_ns, bool brief)
{
	js *o = js_new_obj(), *node = js_ensure(o, "node", NULL), *pods = js_ensure_arr(o, "pods");
	js_set_str(node, "nodeName", node_name);
	add_system(node, "kubelet", &c->agent, agent_began_ns, brief);
	add_system(node, "pods", &c->all_pods, agent_began_ns, brief);
	set_time(node, "startTime", c->boot_ns);
	set_count(node, &c->machine, brief);
	if (!brief)
		fill_rest(node, c);
	for (size_t i = 0; i < c->n; i++)
		add_pod(pods, c, &c->pods[i], brief);
	return o;
}

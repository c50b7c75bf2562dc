/* SPDX-License-Identifier: Apache-2.0 */
/* See usage.h (kubernetes/kubernetes pkg/kubelet/metrics/collectors/resource_metrics.go). */
#include "agent/usage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "object/quantity.h"
#include "os/figure.h"
#include "os/tree.h"

#define PROC_MAX (1u << 20)
#define CONTAINERS_MAX 100000 /* that are remembered of fake nodes */

struct usage_pretended {
	double cpu_s;
	int64_t at_ns; /* wall: until then */
	bool seen;
};

/* One container, or one node. */
struct usage_line {
	const char *container, *pod, *ns; /* NULL: it is the node's */
	const char *node;		  /* NULL: there is only one */
	double cpu_s;
	int64_t memory, start_ns;
};
struct usage_lines {
	struct usage_line *v;
	size_t n, cap;
};

void usage_release(struct usage *u)
{
	for (struct map_iter it = {0}; map_next(&u->pretended, &it);)
		free(it.value);
	map_release(&u->pretended);
}

static void add(struct usage_lines *all, const struct usage_line *l)
{
	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 64;
		all->v = mem_realloc_array(all->v, all->cap, sizeof(*all->v));
	}
	all->v[all->n++] = *l;
}

/* ---- containers ---- */

static int64_t annotated_milli(const struct pod *p, const char *key)
{
	const char *text = labels_get(p->o.meta.annotations, key);
	struct err ignored = ERR_INIT;
	struct quantity q;

	if (!text || quantity_parse(text, &q, &ignored) < 0)
		return 0;
	int64_t v = quantity_milli(&q);

	return v > 0 ? v : 0;
}

static void pretend(struct usage *u, const struct pod *p, const struct container *c, struct usage_line *l)
{
	autofree char *key = mem_printf("%s/%s/%s", p->o.meta.uid, l->container, c->cur.id);
	struct usage_pretended *one = map_get(&u->pretended, key);
	int64_t now = clock_wall_ns();

	if (!one && map_len(&u->pretended) >= CONTAINERS_MAX)
		return;
	if (!one) {
		one = MEM_NEW(struct usage_pretended);
		one->at_ns = c->cur.started_ns;
		(void)map_set(&u->pretended, key, one);
	}
	if (now > one->at_ns)
		one->cpu_s += (double)annotated_milli(p, USAGE_CPU_ANNOTATION) / 1e3 *
			      ((double)(now - one->at_ns) / (double)NS_PER_S);
	one->at_ns = now;
	one->seen = true;
	l->cpu_s = one->cpu_s;
	l->memory = annotated_milli(p, USAGE_MEMORY_ANNOTATION) / 1000;
}

static bool measure(struct usage *u, struct pod_host *h, const struct pod *p, const struct container *c,
		    struct usage_line *l)
{
	struct runtime_usage used;
	struct err ignored = ERR_INIT; /* it has just ended */

	if (h->simulated) {
		pretend(u, p, c, l);
		return true;
	}
	if (h->rt->ops->container_usage(h->rt, c->cur.id, &used, &ignored) < 0)
		return false;
	l->cpu_s = (double)used.cpu_ns / (double)NS_PER_S;
	l->memory = used.memory;
	return true;
}

static void add_pod(struct usage *u, struct usage_lines *all, struct pod_host *h, const struct worker *w)
{
	const struct pod *p = worker_pod(w);
	const struct machine *m = worker_machine(w);

	for (size_t i = 0; i < m->n; i++) {
		const struct container *c = &m->c[i];
		struct usage_line l = {.container = p->list.v[i].name,
				       .pod = p->o.meta.name,
				       .ns = p->o.meta.namespace,
				       .start_ns = c->cur.started_ns};

		if (container_alive(c) && c->cur.id && !c->cur.finished_ns && measure(u, h, p, c, &l))
			add(all, &l);
	}
}

/* ---- the machine ---- */

/* The number behind a word at the beginning of a line; 0. */
static void measure_machine(const char *proc, struct usage_line *l)
{
	autofree char *stat = mem_printf("%s/stat", proc), *meminfo = mem_printf("%s/meminfo", proc);
	autobuf struct buf cpu = BUF_INIT, memory = BUF_INIT;
	struct err ignored = ERR_INIT;
	uint64_t t[8] = {0}; /* user nice system idle iowait irq softirq steal */

	if (tree_read(stat, PROC_MAX, &cpu, &ignored) == 0 && !strncmp(buf_str(&cpu), "cpu ", 4)) {
		char *p = cpu.p + 4;

		for (size_t i = 0; i < ARRAY_LEN(t); i++)
			t[i] = strtoull(p, &p, 10);
	}
	l->cpu_s = (double)(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) / (double)sysconf(_SC_CLK_TCK);
	if (tree_read(meminfo, PROC_MAX, &memory, &ignored) == 0)
		l->memory = 1024 * (figure_of(buf_str(&memory), "MemTotal:", 0) -
				    figure_of(buf_str(&memory), "MemFree:", 0) -
				    figure_of(buf_str(&memory), "Inactive(file):", 0));
}

/* A fake node uses what its containers do. */
static void add_node(struct usage_lines *all, struct node *n, size_t first, bool one, const char *proc)
{
	struct usage_line l = {.node = one ? NULL : n->name};

	if (!n->host.simulated)
		measure_machine(proc, &l);
	else
		for (size_t i = first; i < all->n; i++) {
			l.cpu_s += all->v[i].cpu_s;
			l.memory += all->v[i].memory;
		}
	add(all, &l);
}

/* ---- the page ---- */

static double cpu_of(const struct usage_line *l)
{
	return l->cpu_s;
}

static double memory_of(const struct usage_line *l)
{
	return (double)l->memory;
}

static double start_of(const struct usage_line *l)
{
	return (double)l->start_ns / (double)NS_PER_S;
}

static const struct {
	const char *name, *help, *type;
	bool node;
	double (*value)(const struct usage_line *l);
} families[] = {
	{"container_cpu_usage_seconds_total", "CPU time that the container has used, in core-seconds",
	 "counter", false, cpu_of},
	{"container_memory_working_set_bytes", "Working set of the container in bytes", "gauge", false,
	 memory_of},
	{"container_start_time_seconds", "When the container was started, in seconds since 1970", "gauge",
	 false, start_of},
	{"node_cpu_usage_seconds_total", "CPU time that the node has used, in core-seconds", "counter", true,
	 cpu_of},
	{"node_memory_working_set_bytes", "Working set of the node in bytes", "gauge", true, memory_of},
};

static void write_family(struct buf *out, size_t f, const struct usage_lines *all, int64_t now_ms)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", families[f].name, families[f].help, families[f].name,
		 families[f].type);
	for (size_t i = 0; i < all->n; i++) {
		const struct usage_line *l = &all->v[i];

		if (families[f].node == (l->pod != NULL))
			continue;
		buf_adds(out, families[f].name);
		if (l->pod)
			buf_addf(out, "{container=\"%s\",namespace=\"%s\",pod=\"%s\"}", l->container, l->ns,
				 l->pod);
		else if (l->node)
			buf_addf(out, "{node=\"%s\"}", l->node);
		buf_addf(out, " %.15g %" PRId64 "\n", families[f].value(l), now_ms);
	}
}

/* What ended since the page was read last. */
static void forget_unseen(struct usage *u)
{
	for (struct map_iter it = {0}; map_next(&u->pretended, &it);) {
		struct usage_pretended *one = it.value;

		if (!one->seen)
			free(map_del(&u->pretended, it.key));
		else
			one->seen = false;
	}
}

void usage_write(struct usage *u, struct buf *out, struct node *nodes, size_t n, const char *proc)
{
	struct usage_lines all = {0};
	int64_t now_ms = clock_wall_ns() / NS_PER_MS;

	for (size_t i = 0; i < n; i++) {
		size_t first = all.n;

		for (struct map_iter it = {0}; map_next(&nodes[i].host.workers, &it);)
			add_pod(u, &all, &nodes[i].host, it.value);
		add_node(&all, &nodes[i], first, n == 1, proc);
	}
	for (size_t f = 0; f < ARRAY_LEN(families); f++)
		write_family(out, f, &all, now_ms);
	forget_unseen(u);
	free(all.v);
}

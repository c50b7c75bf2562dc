/* SPDX-License-Identifier: Apache-2.0 */
/* See usage.h (kubernetes/kubernetes pkg/kubelet/metrics/collectors/resource_metrics.go). */
#include "agent/usage.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "object/quantity.h"

#define CONTAINERS_MAX 100000 /* that are remembered of fake nodes */

struct usage_pretended {
	double cpu_s;
	int64_t at_ns; /* wall: until then */
	bool seen;
};

enum usage_of { OF_CONTAINER, OF_NODE, OF_POD };
enum usage_figure { CPU, MEMORY, START, SWAP_LIMIT, SWAP, FIGURES };

/* Whom it is about, and what is known of him. */
struct usage_line {
	enum usage_of of;
	const char *container, *pod, *ns;
	const char *node;  /* NULL: there is only one */
	double v[FIGURES]; /* negative = not known */
	int64_t at_ns;
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

/* ---- a fleet ---- */

static const struct usage_line nothing = {.v = {[SWAP_LIMIT] = -1, [SWAP] = -1}};

static void sum_up(struct usage_line *l, const struct usage_lines *all, size_t first)
{
	for (size_t i = first; i < all->n; i++)
		if (all->v[i].of == OF_CONTAINER) {
			l->v[CPU] += all->v[i].v[CPU];
			l->v[MEMORY] += all->v[i].v[MEMORY];
		}
}

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

static bool pretend(struct usage *u, const struct pod *p, const struct container *c, struct usage_line *l)
{
	autofree char *key = mem_printf("%s/%s/%s", p->o.meta.uid, l->container, c->cur.id);
	struct usage_pretended *one = map_get(&u->pretended, key);

	if (!one && map_len(&u->pretended) >= CONTAINERS_MAX)
		return false;
	if (!one) {
		one = MEM_NEW(struct usage_pretended);
		one->at_ns = c->cur.started_ns;
		(void)map_set(&u->pretended, key, one);
	}
	if (l->at_ns > one->at_ns)
		one->cpu_s += (double)annotated_milli(p, USAGE_CPU_ANNOTATION) / 1e3 *
			      ((double)(l->at_ns - one->at_ns) / (double)NS_PER_S);
	one->at_ns = l->at_ns;
	one->seen = true;
	l->v[CPU] = one->cpu_s;
	l->v[MEMORY] = (double)(annotated_milli(p, USAGE_MEMORY_ANNOTATION) / 1000);
	l->v[START] = (double)c->cur.started_ns / (double)NS_PER_S;
	return true;
}

static void pretend_pod(struct usage *u, struct usage_lines *all, const struct worker *w, int64_t now)
{
	const struct pod *p = worker_pod(w);
	const struct machine *m = worker_machine(w);
	struct usage_line l = nothing;
	size_t first = all->n;

	l.pod = p->o.meta.name;
	l.ns = p->o.meta.namespace;
	l.at_ns = now;
	for (size_t i = 0; i < m->n; i++) {
		const struct container *c = &m->c[i];
		struct usage_line one = l;

		one.container = p->list.v[i].name;
		if (container_alive(c) && c->cur.id && !c->cur.finished_ns && pretend(u, p, c, &one))
			add(all, &one);
	}
	l.of = OF_POD;
	sum_up(&l, all, first);
	if (all->n > first)
		add(all, &l);
}

/* A fake node uses what its containers do. */
static void pretend_node(struct usage *u, struct usage_lines *all, const struct node *n, int64_t now)
{
	struct usage_line l = nothing;
	size_t first = all->n;

	l.of = OF_NODE;
	l.node = n->name;
	l.at_ns = now;
	for (struct map_iter it = {0}; map_next(&n->host.workers, &it);)
		pretend_pod(u, all, it.value, now);
	sum_up(&l, all, first);
	add(all, &l);
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

/* ---- a machine ---- */

static double known(int64_t v, double unit)
{
	return v >= 0 && v < RUNTIME_UNLIMITED ? (double)v * unit : -1;
}

static void add_count(struct usage_lines *all, struct usage_line l, const struct census_count *c,
		      int64_t started_ns)
{
	const int64_t *v = c->s.v;

	l.at_ns = c->s.at_ns;
	l.v[CPU] = c->known ? known(v[RUNTIME_CPU], 1 / (double)NS_PER_S) : -1;
	l.v[MEMORY] = c->known ? known(census_working_set(&c->s), 1) : -1;
	l.v[SWAP] = c->known ? known(v[RUNTIME_MEMORY_SWAP], 1) : -1;
	l.v[SWAP_LIMIT] = l.v[SWAP] < 0 ? -1 : known(v[RUNTIME_MEMORY_SWAP_LIMIT], 1);
	l.v[START] = started_ns > 0 ? (double)started_ns / (double)NS_PER_S : -1;
	add(all, &l);
}

static void add_pod(struct usage_lines *all, const struct census_pod *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct census_container *c = &p->containers[i];

		add_count(all, (struct usage_line){.container = c->name, .pod = p->name, .ns = p->namespace},
			  &c->count, c->started_ns);
	}
	add_count(all, (struct usage_line){.of = OF_POD, .pod = p->name, .ns = p->namespace}, &p->count, 0);
}

/* ---- the page ---- */

static const struct family {
	const char *name, *help, *type;
	enum usage_of of;
	enum usage_figure figure;
} families[] = {
	/* by name */
	{"container_cpu_usage_seconds_total",
	 "[STABLE] Cumulative cpu time consumed by the container in core-seconds", "counter", OF_CONTAINER,
	 CPU},
	{"container_memory_working_set_bytes", "[STABLE] Current working set of the container in bytes",
	 "gauge", OF_CONTAINER, MEMORY},
	{"container_start_time_seconds", "[STABLE] Start time of the container since unix epoch in seconds",
	 "gauge", OF_CONTAINER, START},
	{"container_swap_limit_bytes",
	 "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems",
	 "gauge", OF_CONTAINER, SWAP_LIMIT},
	{"container_swap_usage_bytes",
	 "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems",
	 "gauge", OF_CONTAINER, SWAP},
	{"node_cpu_usage_seconds_total", "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
	 "counter", OF_NODE, CPU},
	{"node_memory_working_set_bytes", "[STABLE] Current working set of the node in bytes", "gauge",
	 OF_NODE, MEMORY},
	{"node_swap_usage_bytes",
	 "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems", "gauge",
	 OF_NODE, SWAP},
	{"pod_cpu_usage_seconds_total", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
	 "counter", OF_POD, CPU},
	{"pod_memory_working_set_bytes", "[STABLE] Current working set of the pod in bytes", "gauge", OF_POD,
	 MEMORY},
	{"pod_swap_usage_bytes",
	 "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems",
	 "gauge", OF_POD, SWAP},
};

static void head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_labels(struct buf *out, const struct usage_line *l)
{
	const struct {
		const char *key, *value;
	} labels[] = {{"container", l->container}, {"namespace", l->ns}, {"node", l->node}, {"pod", l->pod}};
	char before = '{';

	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (labels[i].value) {
			buf_addf(out, "%c%s=\"%s\"", before, labels[i].key, labels[i].value);
			before = ',';
		}
	if (before == ',')
		buf_addc(out, '}');
}

/* One of which nothing is known is not declared, either. A start is true whenever it is read: it has no time. */
static void write_family(struct buf *out, const struct family *f, const struct usage_lines *all)
{
	bool any = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct usage_line *l = &all->v[i];
		double v = l->v[f->figure];

		if (l->of != f->of || v < 0)
			continue;
		if (!any)
			head(out, f->name, f->help, f->type);
		any = true;
		buf_adds(out, f->name);
		write_labels(out, l);
		buf_addf(out, " %.15g", v);
		if (f->figure != START)
			buf_addf(out, " %" PRId64, l->at_ns / NS_PER_MS);
		buf_addc(out, '\n');
	}
}

static void write_page(struct buf *out, const struct usage_lines *all)
{
	for (size_t f = 0; f < ARRAY_LEN(families); f++)
		write_family(out, &families[f], all);
	head(out, "resource_scrape_error",
	     "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", "gauge");
	buf_adds(out, "resource_scrape_error 0\n");
}

void usage_write(const struct census *c, struct buf *out)
{
	struct usage_lines all = {0};

	for (size_t i = 0; i < c->n; i++)
		add_pod(&all, &c->pods[i]);
	add_count(&all, (struct usage_line){.of = OF_NODE}, &c->machine, 0);
	write_page(out, &all);
	free(all.v);
}

void usage_pretend(struct usage *u, struct buf *out, const struct node *nodes, size_t n)
{
	struct usage_lines all = {0};
	int64_t now = clock_wall_ns();

	for (size_t i = 0; i < n; i++)
		pretend_node(u, &all, &nodes[i], now);
	write_page(out, &all);
	forget_unseen(u);
	free(all.v);
}

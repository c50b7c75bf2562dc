/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pages.h"

#include <stdlib.h>

#include "agent/cadvisor.h"
#include "agent/summary.h"
#include "pod/probes.h"
#include "serve/health.h"

void pages_count(struct node *n)
{
	static const struct metric_def defs[] = {
		{.name = "kubelet_running_pods",
		 .help = "[ALPHA] Number of pods that have a running pod sandbox",
		 .type = METRIC_GAUGE},
		{.name = "kubelet_running_containers",
		 .help = "[ALPHA] Number of containers currently running",
		 .type = METRIC_GAUGE,
		 .label_names = "container_state"},
	};
	const struct pod_host *h = &n->host;
	static struct metric_series *pods, *containers;
	static size_t all_pods, all_containers;
	if (!pods) {
		pods = metric_series(metric_register(&defs[0]), NULL);
		containers = metric_series(metric_register(&defs[1]), "running");
	}
	all_pods += h->running_pods - n->told_pods;
	all_containers += h->running_containers - n->told_containers;
	n->told_pods = h->running_pods;
	n->told_containers = h->running_containers;
	metric_set(pods, (double)all_pods);
	metric_set(containers, (double)all_containers);
}

js *pages_pods(void *arg)
{
	const struct pages *g = arg;
	struct node *nodes = g->nodes;
	size_t n = g->n;
	js *list = js_new_obj(), *items = js_ensure_arr(list, "items");
	js_set_str(list, "kind", "PodList");
	js_set_str(list, "apiVersion", "v1");
	js_ensure(list, "metadata", NULL);
	for (size_t i = 0; i < n; i++)
		for (struct map_iter it = {0}; map_next(&nodes[i].host.workers, &it);) {
			const struct pod *p = worker_pod(it.value);
			js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL);
			js_set_str(meta, "name", p->o.meta.name);
			js_set_str(meta, "namespace", p->o.meta.namespace);
			js_set_str(meta, "uid", p->o.meta.uid);
			js *spec = js_ensure(o, "spec", NULL),
			   *containers = js_ensure_arr(spec, "containers");
			js_set_str(spec, "nodeName", p->node_name);
			for (size_t k = p->list.n_init; k < p->list.n - p->list.n_ephemeral; k++) {
				js *c = js_new_obj();
				js_set_str(c, "name", p->list.v[k].name);
				js_set_str(c, "image", p->list.v[k].image);
				js_push(containers, c);
			}
			js_set(o, "status", worker_status(it.value));
			js_push(items, o);
		}
	return list;
}

static js *running_containers(const struct worker *w)
{
	const struct pod *p = worker_pod(w);
	const struct machine *m = worker_machine(w);
	js *list = js_new_arr();
	for (size_t k = 0; k < m->n; k++)
		if (m->c[k].state == CTR_RUNNING) {
			js *c = js_new_obj();
			js_set_str(c, "name", p->list.v[k].name);
			js_set_str(c, "image", p->list.v[k].image);
			js_ensure(c, "resources", NULL);
			js_push(list, c);
		}
	return list;
}

static void add_running(js *items, const struct worker *w)
{
	const struct meta *m = &worker_pod(w)->o.meta;
	autojson js *running = running_containers(w);
	if (!js_len(running))
		return;
	js *o = js_new_obj(), *meta = js_ensure(o, "metadata", NULL);
	js_set_str(meta, "name", m->name);
	js_set_str(meta, "namespace", m->namespace);
	js_set_str(meta, "uid", m->uid);
	js_set(js_ensure(o, "spec", NULL), "containers", STEAL(running));
	js_ensure(o, "status", NULL);
	js_push(items, o);
}

js *pages_running_pods(void *arg)
{
	const struct pages *p = arg;
	js *list = js_new_obj(), *items = js_ensure_arr(list, "items");
	js_set_str(list, "kind", "PodList");
	js_set_str(list, "apiVersion", "v1");
	js_ensure(list, "metadata", NULL);
	for (size_t i = 0; i < p->n; i++)
		for (struct map_iter it = {0}; map_next(&p->nodes[i].host.workers, &it);)
			add_running(items, it.value);
	return list;
}

void pages_probes(void *arg, struct buf *out)
{
	const struct pages *p = arg;
	for (int f = 0; f < TALLY_FAMILIES; f++) {
		tally_head(out, (enum tally_family)f);
		for (size_t i = 0; i < p->n; i++)
			for (struct map_iter it = {0}; map_next(&p->nodes[i].host.workers, &it);)
				probes_write(it.value, (enum tally_family)f, out);
	}
}

/* ---- what takes a while ---- */

struct page_job {
	struct pages *p;
	struct answer *answer;
	struct census *c;
	const struct page *page;
};

static void write_summary(const struct page_job *j, struct buf *out)
{
	const struct node *n = j->p->nodes;
	autojson js *o = summary_new(j->c, n->name, n->host.began_wall_ns, !j->c->disk);
	js_write(out, o);
}

static void write_cadvisor(const struct page_job *j, struct buf *out)
{
	cadvisor_write(out, j->c, j->p->facts);
}

static void write_usage(const struct page_job *j, struct buf *out)
{
	usage_write(j->c, out);
}

#define SERIES "text/plain; version=0.0.4; charset=utf-8"
static const struct page {
	const char *type;
	bool disk; /* files are counted */
	void (*write)(const struct page_job *j, struct buf *out);
} summary = {"application/json", true, write_summary},
  brief_summary = {"application/json", false, write_summary}, cadvisor = {SERIES, true, write_cadvisor},
  resource = {SERIES, false, write_usage};

static void page_work(void *arg)
{
	census_measure(((struct page_job *)arg)->c);
}

static void page_done(void *arg)
{
	struct page_job *j = arg;
	census_finish(&j->p->memory, j->c);
	j->answer->type = j->page->type;
	j->page->write(j, &j->answer->body);
	answer_ready(j->answer);
	census_free(j->c);
	free(j);
}

static void begin(struct pages *p, struct answer *a, const struct page *page)
{
	struct page_job *j = MEM_NEW(struct page_job);
	*j = (struct page_job){.p = p,
			       .answer = a,
			       .page = page,
			       .c = census_begin(&p->memory, p->nodes, "/proc", page->disk, NULL)};
	loop_job(p->nodes->host.loop, LANE_DISK, page_work, page_done, j);
}

void pages_summary(void *arg, struct answer *a, bool brief)
{
	begin(arg, a, brief ? &brief_summary : &summary);
}

void pages_cadvisor(void *arg, struct answer *a, bool unused)
{
	begin(arg, a, &cadvisor);
}

static void ready(void *arg)
{
	answer_ready(arg);
}

void pages_usage(void *arg, struct answer *a, bool unused)
{
	struct pages *p = arg;
	if (!p->nodes->host.simulated) {
		begin(p, a, &resource);
		return;
	}
	a->type = SERIES;
	usage_pretend(&p->usage, &a->body, p->nodes, p->n);
	loop_post(p->nodes->host.loop, ready, a);
}

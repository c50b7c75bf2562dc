/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pages.h"

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

js *pages_pods(struct node *nodes, size_t n)
{
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

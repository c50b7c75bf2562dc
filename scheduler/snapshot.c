/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incremental node sums; see snapshot.h.
 *
 * A Pod is remembered with the struct that was counted, so that taking it away subtracts exactly what was
 * added, whatever the API object says by then. A node state outlives its Node object while Pods are still
 * placed on it.
 */
#include "snapshot.h"

#include <string.h>

struct placed {
	const struct sched_pod *pod; /* a reference */
	struct node_state *node;
	bool assumed;
};

void snapshot_init(struct snapshot *s)
{
	*s = (struct snapshot){0};
}

static void node_state_free(struct node_state *n)
{
	informer_unref(n->node);
	resources_release(&n->used);
	free(n->ports);
	free(n->name);
	free(n);
}

void snapshot_release(struct snapshot *s)
{
	for (struct map_iter it = {0}; map_next(&s->pods, &it);) {
		struct placed *p = it.value;
		informer_unref(p->pod);
		free(p);
	}
	for (struct map_iter it = {0}; map_next(&s->by_name, &it);)
		node_state_free(it.value);
	map_release(&s->pods);
	map_release(&s->by_name);
	map_release(&s->images);
	free(s->nodes);
	*s = (struct snapshot){0};
}

static struct node_state *node_state_ensure(struct snapshot *s, const char *name)
{
	struct node_state *n = map_get(&s->by_name, name);
	if (!n) {
		n = MEM_NEW(struct node_state);
		n->name = mem_strdup(name);
		map_set(&s->by_name, name, n);
	}
	return n;
}

static void drop_when_unused(struct snapshot *s, struct node_state *n)
{
	if (n->node || n->n_pods > 0)
		return;
	map_del(&s->by_name, n->name);
	node_state_free(n);
}

static void count_images(struct snapshot *s, const struct sched_node *node, intptr_t delta)
{
	for (size_t i = 0; node && i < node->n_images; i++) {
		const char *name = node->images[i].name;
		intptr_t count = (intptr_t)map_get(&s->images, name) + delta;
		if (count > 0)
			map_set(&s->images, name, (void *)count);
		else
			map_del(&s->images, name);
	}
}

void snapshot_set_node(struct snapshot *s, const char *name, const struct sched_node *node)
{
	struct node_state *n = node ? node_state_ensure(s, name) : map_get(&s->by_name, name);
	if (!n)
		return;
	count_images(s, n->node, -1);
	count_images(s, node, 1);
	if (node && !n->node) {
		if (s->n_nodes == s->cap_nodes) {
			s->cap_nodes = s->cap_nodes ? 2 * s->cap_nodes : 16;
			s->nodes = mem_realloc_array(s->nodes, s->cap_nodes, sizeof(struct node_state *));
		}
		n->index = s->n_nodes;
		s->nodes[s->n_nodes++] = n;
	} else if (!node && n->node) {
		s->nodes[n->index] = s->nodes[--s->n_nodes];
		s->nodes[n->index]->index = n->index;
	}
	const struct sched_node *old = n->node;
	n->node = node ? informer_ref(node) : NULL;
	informer_unref(old);
	drop_when_unused(s, n);
}

static void count_port(struct node_state *n, const struct host_port *port, int delta)
{
	for (size_t i = 0; i < n->n_ports; i++) {
		struct port_use *u = &n->ports[i];
		if (u->port.port != port->port || strcmp(u->port.ip, port->ip) != 0 ||
		    strcmp(u->port.protocol, port->protocol) != 0)
			continue;
		u->count += delta;
		if (u->count <= 0)
			*u = n->ports[--n->n_ports];
		return;
	}
	if (delta <= 0)
		return;
	n->ports = mem_realloc_array(n->ports, n->n_ports + 1, sizeof(*n->ports));
	n->ports[n->n_ports++] = (struct port_use){.port = *port, .count = delta};
}

static void count_pod(struct node_state *n, const struct sched_pod *p, int sign)
{
	resources_add(&n->used, &p->req, sign);
	n->nonzero_cpu += sign * p->nonzero_cpu;
	n->nonzero_memory += sign * p->nonzero_memory;
	n->n_pods += sign;
	for (size_t i = 0; i < p->n_ports; i++)
		count_port(n, &p->ports[i], sign);
}

void snapshot_remove(struct snapshot *s, const char *uid)
{
	struct placed *p = map_del(&s->pods, uid);
	if (!p)
		return;
	count_pod(p->node, p->pod, -1);
	drop_when_unused(s, p->node);
	informer_unref(p->pod);
	free(p);
}

void snapshot_place(struct snapshot *s, const struct sched_pod *pod, const char *node, bool assumed)
{
	const char *uid = pod->base.meta.uid;
	struct placed *p = map_get(&s->pods, uid);
	if (p && p->pod == pod && strcmp(p->node->name, node) == 0) {
		p->assumed = assumed;
		return;
	}
	snapshot_remove(s, uid);
	p = MEM_NEW(struct placed);
	*p = (struct placed){
		.pod = informer_ref(pod), .node = node_state_ensure(s, node), .assumed = assumed};
	count_pod(p->node, pod, 1);
	map_set(&s->pods, uid, p);
}

bool snapshot_assumed(const struct snapshot *s, const char *uid)
{
	const struct placed *p = map_get(&s->pods, uid);
	return p && p->assumed;
}

size_t snapshot_image_nodes(const struct snapshot *s, const char *image)
{
	return (size_t)(intptr_t)map_get(&s->images, image);
}

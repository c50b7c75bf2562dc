/* SPDX-License-Identifier: Apache-2.0 */
/* See snapshot.h. A node that goes away leaves its place to the last one. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

void snapshot_init(struct snapshot *s)
{
	*s = (struct snapshot){0};
}

void snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_nodes; i++)
		node_state_unref(s->nodes[i]);
	for (size_t i = 0; i < s->n_topologies; i++)
		topology_free(s->topologies[i]);
	map_release(&s->by_name);
	map_release(&s->images);
	free(s->nodes);
	free(s->affinity);
	free(s->anti_affinity);
	*s = (struct snapshot){0};
}

static void *number(size_t n)
{
	return (void *)(uintptr_t)n;
}

static size_t place_of(const struct snapshot *s, const char *name)
{
	return (size_t)(uintptr_t)map_get(&s->by_name, name) - 1; /* SIZE_MAX when absent */
}

static void count_images(struct snapshot *s, const struct sched_node *node, int delta)
{
	for (size_t i = 0; i < node->n_images; i++)
		for (size_t k = 0; k < node->images[i].n_names; k++) {
			const char *name = node->images[i].names[k];
			size_t n = (size_t)(uintptr_t)map_get(&s->images, name) + (size_t)delta;
			if (n)
				map_set(&s->images, name, number(n));
			else
				map_del(&s->images, name);
		}
}

static void place_labels(struct snapshot *s, size_t at, const struct labels *l)
{
	for (size_t i = 0; i < s->n_topologies; i++)
		topology_set(s->topologies[i], at, l);
}

static void put(struct snapshot *s, const struct node_state *n, size_t at)
{
	s->nodes[at] = n;
	((struct node_state *)n)->index = at; /* the snapshot's own field; the cache does not read it */
}

static size_t append(struct snapshot *s, const struct node_state *n)
{
	if (s->n_nodes == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->nodes = mem_realloc_array(s->nodes, s->cap, sizeof(*s->nodes));
		s->affinity = mem_realloc_array(s->affinity, s->cap, sizeof(*s->affinity));
		s->anti_affinity = mem_realloc_array(s->anti_affinity, s->cap, sizeof(*s->anti_affinity));
	}
	size_t at = s->n_nodes++;
	map_set(&s->by_name, node_state_name(n), number(at + 1));
	return at;
}

void snapshot_set(struct snapshot *s, const struct node_state *n)
{
	size_t at = place_of(s, node_state_name(n));
	const struct node_state *old = at < s->n_nodes ? s->nodes[at] : NULL;
	if (old == n)
		return;
	if (!old)
		at = append(s, n);
	put(s, node_state_ref(n), at);
	if (!old || old->node != n->node) {
		count_images(s, n->node, 1);
		if (old)
			count_images(s, old->node, -1);
		place_labels(s, at, n->node->base.meta.labels);
	}
	s->lists_stale |= n->n_affinity || (old && old->n_affinity);
	node_state_unref(old);
}

void snapshot_remove(struct snapshot *s, const char *name)
{
	size_t at = place_of(s, name), last = s->n_nodes - 1;
	if (at >= s->n_nodes)
		return;
	const struct node_state *old = s->nodes[at];
	map_del(&s->by_name, name);
	count_images(s, old->node, -1);
	place_labels(s, last, NULL);
	s->n_nodes--;
	if (at != last) {
		put(s, s->nodes[last], at);
		map_set(&s->by_name, node_state_name(s->nodes[at]), number(at + 1));
		place_labels(s, at, s->nodes[at]->node->base.meta.labels);
	}
	s->lists_stale |= s->n_affinity > 0;
	node_state_unref(old);
}

void snapshot_settle(struct snapshot *s)
{
	if (!s->lists_stale)
		return;
	s->lists_stale = false;
	s->n_affinity = s->n_anti_affinity = 0;
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (s->nodes[i]->n_affinity)
			s->affinity[s->n_affinity++] = i;
		if (s->nodes[i]->n_anti_affinity)
			s->anti_affinity[s->n_anti_affinity++] = i;
	}
}

const struct node_state *snapshot_node(const struct snapshot *s, const char *name)
{
	size_t at = place_of(s, name);
	return at < s->n_nodes ? s->nodes[at] : NULL;
}

size_t snapshot_image_nodes(const struct snapshot *s, const char *image)
{
	return (size_t)(uintptr_t)map_get(&s->images, image);
}

const struct topology *snapshot_topology(const struct snapshot *frozen, const char *key)
{
	struct snapshot *s = (struct snapshot *)frozen; /* derived, and one thread's: const to its readers */
	for (size_t i = 0; i < s->n_topologies; i++)
		if (!strcmp(topology_key(s->topologies[i]), key))
			return s->topologies[i];
	struct topology *t = topology_new(key);
	for (size_t i = 0; i < s->n_nodes; i++)
		topology_set(t, i, s->nodes[i]->node->base.meta.labels);
	if (s->n_topologies < SNAPSHOT_TOPOLOGIES)
		return s->topologies[s->n_topologies++] = t;
	struct topology **oldest = &s->topologies[s->next_topology++ % SNAPSHOT_TOPOLOGIES];
	topology_free(*oldest);
	return *oldest = t;
}

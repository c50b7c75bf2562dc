/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See snapshot.h. A node that goes away leaves its place to the last one. What is counted of Pods follows the difference
 * between a node's old state and its new one, if anything is counted at all.
 */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

void snapshot_init(struct snapshot *s)
{
	*s = (struct snapshot){0};
}

static void forget_nominated(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_nominated; i++)
		informer_unref(s->nominated[i].pod);
	free(s->nominated);
}

void snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_nodes; i++)
		node_state_unref(s->nodes[i]);
	for (size_t i = 0; i < s->n_topologies; i++)
		topology_free(s->topologies[i]);
	forget_nominated(s);
	tally_release(&s->tallies);
	term_index_release(&s->terms);
	map_release(&s->by_name);
	map_release(&s->images);
	free(s->topologies);
	free(s->nodes);
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

/* ---- Pods that come and go ---- */
static void change_pod(struct snapshot *s, size_t at, const struct sched_pod *p, bool came)
{
	tally_change(&s->tallies, at, p, came);
	if (p->affinity)
		term_index_change(&s->terms, at, p, came);
}

static bool holds(const struct node_state *n, size_t from, const struct sched_pod *p)
{
	for (size_t i = from; i < n->n_pods; i++)
		if (n->pods[i] == p)
			return true;
	return false;
}

#define DIFFERENT_MAX 16 /* Pods behind the common beginning that are compared each with each */
static void change_pods(struct snapshot *s, size_t at, const struct node_state *old,
			const struct node_state *new)
{
	size_t same = 0, n_old = old ? old->n_pods : 0, n_new = new ? new->n_pods : 0;

	if (!s->tallies.n && !(old && old->n_with_affinity) && !(new &&new->n_with_affinity))
		return;
	while (same < n_old && same < n_new && old->pods[same] == new->pods[same])
		same++;
	/* A Pod that goes leaves its place to the last one, so what differs behind it is little, or all. */
	bool compare = old && new && (n_old - same) * (n_new - same) <= DIFFERENT_MAX *DIFFERENT_MAX;
	/* Counts never fall below zero: who comes is first. */
	for (size_t i = same; i < n_new; i++)
		if (!compare || !holds(old, same, new->pods[i]))
			change_pod(s, at, new->pods[i], true);
	for (size_t i = same; i < n_old; i++)
		if (!compare || !holds(new, same, old->pods[i]))
			change_pod(s, at, old->pods[i], false);
}

static void move_pods(struct snapshot *s, const struct node_state *n, size_t from, size_t to)
{
	tally_move(&s->tallies, from, to);
	for (size_t i = 0; n->n_with_affinity && i < n->n_pods; i++) {
		if (!n->pods[i]->affinity)
			continue;
		term_index_change(&s->terms, to, n->pods[i], true);
		term_index_change(&s->terms, from, n->pods[i], false);
	}
}

/* ---- nodes ---- */
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
	change_pods(s, at, old, n);
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
	change_pods(s, at, old, NULL);
	place_labels(s, last, NULL);
	s->n_nodes--;
	if (at != last) {
		put(s, s->nodes[last], at);
		map_set(&s->by_name, node_state_name(s->nodes[at]), number(at + 1));
		place_labels(s, at, s->nodes[at]->node->base.meta.labels);
		move_pods(s, s->nodes[at], last, at);
	}
	node_state_unref(old);
}

void snapshot_nominate(struct snapshot *s, struct nominated *v, size_t n)
{
	forget_nominated(s);
	s->nominated = v;
	s->n_nominated = n;
}

static void forget_topologies(struct snapshot *s)
{
	while (s->n_topologies > SNAPSHOT_TOPOLOGIES) {
		size_t oldest = 0;
		for (size_t i = 1; i < s->n_topologies; i++)
			if (s->topologies[i]->asked < s->topologies[oldest]->asked)
				oldest = i;
		topology_free(s->topologies[oldest]);
		s->topologies[oldest] = s->topologies[--s->n_topologies];
	}
}

static int by_place(const void *a, const void *b)
{
	size_t x = ((const struct nominated *)a)->place, y = ((const struct nominated *)b)->place;
	return (x > y) - (x < y);
}

void snapshot_settle(struct snapshot *s)
{
	s->searches++;
	tally_age(&s->tallies);
	forget_topologies(s);
	for (size_t i = 0; i < s->n_nominated; i++)
		s->nominated[i].place = place_of(s, s->nominated[i].node);
	if (s->n_nominated > 1)
		qsort(s->nominated, s->n_nominated, sizeof(*s->nominated), by_place);
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
		if (!strcmp(s->topologies[i]->key, key)) {
			s->topologies[i]->asked = s->searches;
			return s->topologies[i];
		}
	struct topology *t = topology_new(key);
	for (size_t i = 0; i < s->n_nodes; i++)
		topology_set(t, i, s->nodes[i]->node->base.meta.labels);
	t->asked = s->searches;
	if (s->n_topologies == s->cap_topologies) {
		s->cap_topologies = s->cap_topologies ? 2 * s->cap_topologies : 4;
		s->topologies = mem_realloc_array(s->topologies, s->cap_topologies, sizeof(t));
	}
	return s->topologies[s->n_topologies++] = t;
}

const uint32_t *snapshot_count(const struct snapshot *frozen, const struct pod_query *q)
{
	struct snapshot *s = (struct snapshot *)frozen;
	return tally_get(&s->tallies, q, s->nodes, s->n_nodes);
}

const struct nominated *snapshot_nomination(const struct snapshot *s, const char *uid)
{
	for (size_t i = 0; i < s->n_nominated; i++)
		if (!strcmp(s->nominated[i].pod->base.meta.uid, uid))
			return &s->nominated[i];
	return NULL;
}

const struct nominated *snapshot_nominations(const struct snapshot *s, size_t place)
{
	size_t from = 0, to = s->n_nominated;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (s->nominated[mid].place < place)
			from = mid + 1;
		else
			to = mid;
	}
	return from < s->n_nominated && s->nominated[from].place == place ? &s->nominated[from] : NULL;
}

const struct nominated *snapshot_next_nomination(const struct snapshot *s, const struct nominated *n)
{
	const struct nominated *next = n + 1;

	return next < s->nominated + s->n_nominated && next->place == n->place ? next : NULL;
}

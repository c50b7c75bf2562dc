/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See cache.h. A node's entry outlives its Node object while Pods are still placed on it, and until the snapshot has
 * learnt that it is gone.
 */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

struct cache_node {
	struct list link; /* in recent */
	char *name;
	struct node_state *state;
	uint64_t generation;
	bool in_snapshot;
};
struct nomination_entry {
	const struct sched_pod *pod; /* a reference */
	char *node;
};
struct placed {
	const struct sched_pod *pod; /* a reference */
	struct cache_node *node;
	bool assumed;
};

void cache_init(struct sched_cache *c)
{
	*c = (struct sched_cache){0};
	list_init(&c->recent);
}

static void node_free(struct cache_node *n)
{
	list_del(&n->link);
	node_state_unref(n->state);
	free(n->name);
	free(n);
}

static void nomination_free(struct nomination_entry *e)
{
	if (!e)
		return;
	informer_unref(e->pod);
	free(e->node);
	free(e);
}

void cache_release(struct sched_cache *c)
{
	for (struct map_iter it = {0}; map_next(&c->pods, &it);) {
		struct placed *p = it.value;
		informer_unref(p->pod);
		free(p);
	}
	for (struct map_iter it = {0}; map_next(&c->nominated, &it);)
		nomination_free(it.value);
	for (struct map_iter it = {0}; map_next(&c->nodes, &it);)
		node_free(it.value);
	map_release(&c->nominated);
	map_release(&c->pods);
	map_release(&c->nodes);
}

static struct cache_node *node_ensure(struct sched_cache *c, const char *name)
{
	struct cache_node *n = map_get(&c->nodes, name);
	if (!n) {
		n = MEM_NEW(struct cache_node);
		n->name = mem_strdup(name);
		n->state = node_state_new();
		list_push_front(&c->recent, &n->link);
		map_set(&c->nodes, name, n);
	}
	return n;
}

/* The state, to be changed. */
static struct node_state *change(struct sched_cache *c, struct cache_node *n)
{
	n->generation = ++c->generation;
	list_del(&n->link);
	list_push_front(&c->recent, &n->link);
	return node_state_own(&n->state);
}

static void drop_when_unused(struct sched_cache *c, struct cache_node *n)
{
	if (n->state->node || n->state->n_pods || n->in_snapshot)
		return;
	map_del(&c->nodes, n->name);
	node_free(n);
}

void cache_set_node(struct sched_cache *c, const char *name, const struct sched_node *node)
{
	struct cache_node *n = node ? node_ensure(c, name) : map_get(&c->nodes, name);
	if (!n)
		return;
	c->n_nodes += (size_t) !!node - (size_t) !!n->state->node;
	node_state_set_node(change(c, n), node);
	drop_when_unused(c, n);
}

void cache_remove(struct sched_cache *c, const char *uid)
{
	struct placed *p = map_del(&c->pods, uid);
	if (!p)
		return;
	node_state_remove(change(c, p->node), uid);
	drop_when_unused(c, p->node);
	informer_unref(p->pod);
	free(p);
}

void cache_place(struct sched_cache *c, const struct sched_pod *pod, const char *node, bool assumed)
{
	const char *uid = pod->base.meta.uid;
	struct placed *p = map_get(&c->pods, uid);
	if (p && p->pod == pod && !strcmp(p->node->name, node)) {
		p->assumed = assumed;
		return;
	}
	cache_remove(c, uid);
	p = MEM_NEW(struct placed);
	*p = (struct placed){.pod = informer_ref(pod), .node = node_ensure(c, node), .assumed = assumed};
	node_state_add(change(c, p->node), pod);
	map_set(&c->pods, uid, p);
}

bool cache_assumed(const struct sched_cache *c, const char *uid)
{
	const struct placed *p = map_get(&c->pods, uid);
	return p && p->assumed;
}

void cache_nominate(struct sched_cache *c, const struct sched_pod *pod, const char *node)
{
	const char *uid = pod->base.meta.uid;
	struct nomination_entry *e = map_get(&c->nominated, uid);

	if ((!e && !node) || (e && node && e->pod == pod && !strcmp(e->node, node)))
		return;
	c->nominated_generation++;
	nomination_free(map_del(&c->nominated, uid));
	if (!node)
		return;
	e = MEM_NEW(struct nomination_entry);
	*e = (struct nomination_entry){informer_ref(pod), mem_strdup(node)};
	map_set(&c->nominated, uid, e);
}

/* The names are the entries': the snapshot is told again when they change. */
static void copy_nominations(const struct sched_cache *c, struct snapshot *s)
{
	struct nominated *v = mem_array(map_len(&c->nominated) + 1, sizeof(*v));
	size_t n = 0;

	for (struct map_iter it = {0}; map_next(&c->nominated, &it);) {
		const struct nomination_entry *e = it.value;

		v[n++] = (struct nominated){.pod = informer_ref(e->pod), .node = e->node};
	}
	snapshot_nominate(s, v, n);
	s->nominated_generation = c->nominated_generation;
}

void cache_update_snapshot(struct sched_cache *c, struct snapshot *s)
{
	list_for_each_safe (l, &c->recent) {
		struct cache_node *n = list_entry(l, struct cache_node, link);
		if (n->generation <= s->generation)
			break;
		if (n->state->node)
			snapshot_set(s, n->state);
		else
			snapshot_remove(s, n->name);
		n->in_snapshot = n->state->node;
		drop_when_unused(c, n);
	}
	s->generation = c->generation;
	if (s->nominated_generation != c->nominated_generation)
		copy_nominations(c, s);
	snapshot_settle(s);
}

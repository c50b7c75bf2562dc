/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See node_state.h. A Pod is remembered with the struct that was counted, so that taking it away subtracts exactly what
 * was added, whatever the API object says by then.
 */
#include "node_state.h"

#include <stdlib.h>
#include <string.h>

struct node_state *node_state_new(void)
{
	struct node_state *n = MEM_NEW(struct node_state);
	n->refs = 1;
	return n;
}

const struct node_state *node_state_ref(const struct node_state *n)
{
	__atomic_add_fetch(&((struct node_state *)n)->refs, 1, __ATOMIC_RELAXED);
	return n;
}

void node_state_unref(const struct node_state *state)
{
	struct node_state *n = (struct node_state *)state;
	if (!n || __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < n->n_pods; i++)
		informer_unref(n->pods[i]);
	informer_unref(n->node);
	resources_release(&n->used);
	free(n->pods);
	free(n);
}

struct node_state *node_state_copy(const struct node_state *from)
{
	struct node_state *n = mem_memdup(from, sizeof(*from));
	n->refs = 1;
	n->used = (struct resources){0};
	resources_add(&n->used, &from->used, 1);
	if (n->node)
		informer_ref(n->node);
	n->pods = n->cap_pods ? mem_array(n->cap_pods, sizeof(*n->pods)) : NULL;
	for (size_t i = 0; i < n->n_pods; i++)
		n->pods[i] = informer_ref(from->pods[i]);
	return n;
}

struct node_state *node_state_own(struct node_state **n)
{
	if (__atomic_load_n(&(*n)->refs, __ATOMIC_ACQUIRE) > 1) {
		struct node_state *copy = node_state_copy(*n);
		node_state_unref(*n);
		*n = copy;
	}
	return *n;
}

void node_state_set_node(struct node_state *n, const struct sched_node *node)
{
	const struct sched_node *old = n->node;
	n->node = node ? informer_ref(node) : NULL;
	n->restricted = node && (node->unschedulable || node->n_taints);
	n->allocatable = node ? node->allocatable : (struct resources){0};
	informer_unref(old);
}

static void count(struct node_state *n, const struct sched_pod *p, int sign)
{
	resources_add(&n->used, &p->demand.requests, sign);
	n->nonzero_cpu_milli += sign * p->demand.nonzero_cpu_milli;
	n->nonzero_memory += sign * p->demand.nonzero_memory;
	n->n_with_ports += p->demand.n_ports ? (size_t)sign : 0;
	n->n_with_affinity += p->affinity ? (size_t)sign : 0;
}

void node_state_add(struct node_state *n, const struct sched_pod *p)
{
	if (n->n_pods == n->cap_pods) {
		n->cap_pods = n->cap_pods ? 2 * n->cap_pods : 4;
		n->pods = mem_realloc_array(n->pods, n->cap_pods, sizeof(*n->pods));
	}
	n->pods[n->n_pods++] = informer_ref(p);
	count(n, p, 1);
}

bool node_state_remove(struct node_state *n, const char *uid)
{
	for (size_t i = 0; i < n->n_pods; i++) {
		const struct sched_pod *p = n->pods[i];
		if (strcmp(p->base.meta.uid, uid))
			continue;
		n->pods[i] = n->pods[--n->n_pods];
		count(n, p, -1);
		informer_unref(p);
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes suit, and what Pods they have; see daemonset_round.h. */
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "daemonset/daemonset_round.h"

/* ---- what suits ---- */

const struct toleration *daemonset_tolerations(const struct cm_daemonset *ds, size_t *ret_n)
{
#define ROW(key, effect)                                                                                     \
	{                                                                                                    \
		"node.kubernetes.io/" key, "", TOLERATION_EXISTS, effect, TOLERATION_FOREVER                 \
	}
	static const struct toleration all[] = {
		ROW("not-ready", TAINT_NO_EXECUTE),
		ROW("unreachable", TAINT_NO_EXECUTE),
		ROW("disk-pressure", TAINT_NO_SCHEDULE),
		ROW("memory-pressure", TAINT_NO_SCHEDULE),
		ROW("pid-pressure", TAINT_NO_SCHEDULE),
		ROW("unschedulable", TAINT_NO_SCHEDULE),
		ROW("network-unavailable", TAINT_NO_SCHEDULE), /* with the host's network only */
	};
#undef ROW

	*ret_n = ARRAY_LEN(all) - !ds->where->host_network;
	return all;
}

/* There is a taint of one of these effects that neither the template nor the rule above tolerates. */
static bool kept_away(const struct cm_daemonset *ds, const struct cm_node *node, unsigned effects)
{
	const struct cm_daemonset_where *w = ds->where;
	size_t n_always;
	const struct toleration *always = daemonset_tolerations(ds, &n_always);

	for (size_t i = 0; i < node->n_taints; i++) {
		const struct taint *t = &node->taints[i];
		if (effects >> t->effect & 1 && !taint_tolerated(t, w->tolerations, w->n_tolerations) &&
		    !taint_tolerated(t, always, n_always))
			return true;
	}
	return false;
}

struct daemonset_fit daemonset_fit(const struct cm_daemonset *ds, const struct cm_node *node)
{
	const struct cm_daemonset_where *w = ds->where;
	const struct meta *m = &node->base.meta;

	if ((*w->node && strcmp(w->node, m->name)) ||
	    !node_affinity_matches(w->node_selector, w->affinity, m->name, m->labels))
		return (struct daemonset_fit){false, false};
	if (!kept_away(ds, node, 1u << TAINT_NO_EXECUTE | 1u << TAINT_NO_SCHEDULE))
		return (struct daemonset_fit){true, true};
	return (struct daemonset_fit){false, !kept_away(ds, node, 1u << TAINT_NO_EXECUTE)};
}

/* ---- what is there ---- */

static const char *target_of(const struct cm_pod *p)
{
	return *p->node ? p->node : p->set ? p->set->target : NULL;
}

/* The node's place in the list; one that does not exist gets one at the end. */
static size_t place_of(struct daemonset_round *r, struct map *places, const char *name)
{
	size_t i = (size_t)(uintptr_t)map_get(places, name);

	if (i)
		return i - 1;
	r->nodes[r->n_nodes].name = name;
	map_set(places, name, (void *)(uintptr_t)(r->n_nodes + 1));
	return r->n_nodes++;
}

static void look_at_nodes(struct daemonset_round *r, struct map *places)
{
	for (size_t i = 0; i < r->n_node_refs; i++) {
		const struct cm_node *node = r->node_refs[i];
		struct daemonset_node *n = &r->nodes[place_of(r, places, node->base.meta.name)];

		n->known = true;
		n->fit = daemonset_fit(r->ds, node);
		r->desired += n->fit.run;
	}
}

/* Bound ones first, then by age. */
static int by_age(const void *a, const void *b)
{
	const struct cm_pod *x = *(const struct cm_pod *const *)a, *y = *(const struct cm_pod *const *)b;

	if (!*x->node != !*y->node)
		return *x->node ? -1 : 1;
	if (x->base.meta.created_ns != y->base.meta.created_ns)
		return x->base.meta.created_ns < y->base.meta.created_ns ? -1 : 1;
	return strcmp(x->base.meta.name, y->base.meta.name);
}

/* One that has ended and is being deleted is somebody else's to finish. */
static bool counts(const struct cm_pod *p)
{
	return target_of(p) && !(podlife_phase_terminal(p->phase) && p->base.meta.deleted_ns);
}

void daemonset_look(struct daemonset_round *r, const struct cm_pod *const *pods, size_t n)
{
	automap struct map places = MAP_INIT;
	size_t *place = mem_array(n + 1, sizeof(*place)), from = 0;

	r->n_node_refs = informer_list(r->node_informer, SIZE_MAX, NULL, &r->node_refs);
	size_t most = r->n_node_refs + n + 1;
	r->nodes = mem_array(most, sizeof(*r->nodes));
	r->by_node = mem_array(n + 1, sizeof(*r->by_node));
	/* Every Pod may go, and every node get one, twice: once to replace what is missing, once as surge. */
	r->create = mem_array(2 * most, sizeof(*r->create));
	r->remove = mem_array(2 * (n + 1), sizeof(*r->remove));
	look_at_nodes(r, &places);
	for (size_t i = 0; i < n; i++)
		if (counts(pods[i]))
			r->nodes[place[i] = place_of(r, &places, target_of(pods[i]))].n++;
	for (size_t i = 0; i < r->n_nodes; i++) {
		r->nodes[i].pods = r->by_node + from;
		from += r->nodes[i].n;
		r->nodes[i].n = 0;
	}
	for (size_t i = 0; i < n; i++)
		if (counts(pods[i])) {
			struct daemonset_node *node = &r->nodes[place[i]];
			node->pods[node->n++] = pods[i];
		}
	for (size_t i = 0; i < r->n_nodes; i++)
		if (r->nodes[i].n > 1)
			qsort(r->nodes[i].pods, r->nodes[i].n, sizeof(*r->nodes[i].pods), by_age);
	free(place);
}

void daemonset_release(struct daemonset_round *r)
{
	free(r->nodes);
	free(r->by_node);
	free(r->create);
	free(r->remove);
	informer_unref_all(r->node_refs, r->n_node_refs);
}

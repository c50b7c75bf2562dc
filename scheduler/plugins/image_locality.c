/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefers nodes that hold the Pod's images already. An image counts with its size times the share of nodes
 * that have it, so that one node with a big image does not draw every Pod; the sum is scaled between
 * upstream's two thresholds.
 */
#include <string.h>
#include "plugins/table.h"

#define MB (INT64_C(1024) * 1024)
#define MIN_THRESHOLD (23 * MB)
#define MAX_PER_CONTAINER (1000 * MB)

/* Names in a Pod may lack the tag that names in a node status always carry. */
static bool same_image(const char *asked, const char *have)
{
	size_t n = strlen(asked);
	if (strncmp(asked, have, n) != 0)
		return false;
	if (have[n] == '\0')
		return true;
	const char *slash = strrchr(asked, '/');
	return !strchr(slash ? slash : asked, ':') && strcmp(have + n, ":latest") == 0;
}

/* Is any of them on any node? Most Pods find theirs nowhere, or are all alike. */
static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	return map_len(&s->images) ? VERDICT_OK : VERDICT_SKIP;
}

static int64_t image_score(const char *asked, const struct sched_node *node, const struct snapshot *s)
{
	for (size_t i = 0; asked && i < node->n_images; i++) {
		for (size_t k = 0; k < node->images[i].n_names; k++) {
			const char *name = node->images[i].names[k];
			if (!same_image(asked, name))
				continue;
			double share =
				(double)snapshot_image_nodes(s, name) / (double)(s->n_nodes ? s->n_nodes : 1);
			return (int64_t)((double)node->images[i].size * share);
		}
	}
	return 0;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct pod_wish *w = p->wish;
	int64_t sum = 0, containers = w ? (int64_t)(w->n_images + w->n_init_images) : 0;
	for (size_t i = 0; w && i < w->n_images; i++)
		sum += image_score(w->images[i].name, n->node, s);
	for (size_t i = 0; w && i < w->n_init_images; i++)
		sum += image_score(w->init_images[i].name, n->node, s);
	int64_t max = MAX_PER_CONTAINER * (containers ? containers : 1);
	if (sum < MIN_THRESHOLD)
		sum = MIN_THRESHOLD;
	if (sum > max)
		sum = max;
	return SCORE_MAX * (sum - MIN_THRESHOLD) / (max - MIN_THRESHOLD);
}

const struct plugin plugin_image_locality = {
	.name = "ImageLocality",
	.prescore = prescore,
	.score = score,
	.weight = 1,
};

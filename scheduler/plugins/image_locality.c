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

static int64_t score(const struct sched_pod *p, const struct node_state *n, const struct snapshot *s)
{
	int64_t sum = 0;
	for (size_t i = 0; i < p->n_images; i++) {
		for (size_t k = 0; k < n->node->n_images; k++) {
			const struct node_image *image = &n->node->images[k];
			if (!same_image(p->images[i], image->name))
				continue;
			size_t holders = snapshot_image_nodes(s, image->name);
			sum += (int64_t)((double)image->size * (double)holders /
					 (double)(s->n_nodes ? s->n_nodes : 1));
			break;
		}
	}
	int64_t max = MAX_PER_CONTAINER * (int64_t)(p->n_containers ? p->n_containers : 1);
	if (sum < MIN_THRESHOLD)
		sum = MIN_THRESHOLD;
	if (sum > max)
		sum = max;
	return SCORE_MAX * (sum - MIN_THRESHOLD) / (max - MIN_THRESHOLD);
}

const struct plugin plugin_image_locality = {
	.name = "ImageLocality",
	.score = score,
	.weight = 1,
};

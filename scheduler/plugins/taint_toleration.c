/* SPDX-License-Identifier: Apache-2.0 */
/* NoSchedule and NoExecute taints must be tolerated; PreferNoSchedule ones count against a node. */
#include <stdio.h>
#include <string.h>
#include "plugins/table.h"

static bool tolerated(const struct sched_pod *p, const struct taint *t)
{
	for (size_t i = 0; i < p->n_tolerations; i++)
		if (toleration_tolerates(&p->tolerations[i], t))
			return true;
	return false;
}

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	for (size_t i = 0; i < n->node->n_taints; i++) {
		const struct taint *t = &n->node->taints[i];
		if (strcmp(t->effect, "PreferNoSchedule") == 0 || tolerated(p, t))
			continue;
		char text[640];
		snprintf(text, sizeof(text), "node(s) had untolerated taint {%s: %s}", t->key, t->value);
		reasons_add(why, text);
		return false;
	}
	return true;
}

static int64_t score(const struct sched_pod *p, const struct node_state *n, const struct snapshot *s)
{
	int64_t count = 0;
	for (size_t i = 0; i < n->node->n_taints; i++) {
		const struct taint *t = &n->node->taints[i];
		count += strcmp(t->effect, "PreferNoSchedule") == 0 && !tolerated(p, t);
	}
	return count;
}

const struct plugin plugin_taint_toleration = {
	.name = "TaintToleration",
	.events = EVENT_NODE_ADDED | EVENT_NODE_TAINTS | EVENT_POD_UPDATED,
	.filter = filter,
	.score = score,
	.weight = 3,
	.normalize = true,
	.reverse = true,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* See budget.h. */
#include "decode/budget.h"

#include <stdlib.h>
#include "decode/template.h"
#include "object/labels.h"

static bool budget_decode(void *into, const js *o)
{
	struct cm_budget *b = into;
	const js *spec = js_obj(o, "spec", NULL), *status = js_obj(o, "status", NULL);

	b->min_available = cm_json_text(js_get(spec, "minAvailable", NULL));
	b->max_unavailable = cm_json_text(js_get(spec, "maxUnavailable", NULL));
	b->selector = cm_selector(o);
	b->selector_json = cm_json_text(js_obj(spec, "selector", NULL));
	b->status.observed_generation = js_int(status, 0, "observedGeneration", NULL);
	b->status.allowed = (int32_t)js_int(status, -1, "disruptionsAllowed", NULL);
	b->status.healthy = (int32_t)js_int(status, -1, "currentHealthy", NULL);
	b->status.desired = (int32_t)js_int(status, -1, "desiredHealthy", NULL);
	b->status.expected = (int32_t)js_int(status, -1, "expectedPods", NULL);
	b->status.disrupted = cm_json_text(js_obj(status, "disruptedPods", NULL));
	b->status.conditions = cm_json_text(js_arr(status, "conditions", NULL));
	return true;
}

static void budget_release(void *o)
{
	struct cm_budget *b = o;

	free(b->min_available);
	free(b->max_unavailable);
	selector_free(b->selector);
	free(b->selector_json);
	free(b->status.disrupted);
	free(b->status.conditions);
}

const struct informer_type cm_budget_type = {
	.group = "policy",
	.version = "v1",
	.resource = "poddisruptionbudgets",
	.kind = "PodDisruptionBudget",
	.size = sizeof(struct cm_budget),
	.decode = budget_decode,
	.release = budget_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* See deployment.h. */
#include "decode/deployment.h"

#include <stdlib.h>
#include <string.h>
#include "decode/template.h"

static bool deployment_decode(void *into, const js *o)
{
	struct cm_deployment *d = into;
	const js *spec = js_obj(o, "spec", NULL);
	d->replicas = (int32_t)js_int(spec, 1, "replicas", NULL);
	d->min_ready_seconds = (int32_t)js_int(spec, 0, "minReadySeconds", NULL);
	d->history_limit = (int32_t)js_int(spec, INT32_MAX, "revisionHistoryLimit", NULL);
	d->progress_deadline = (int32_t)js_int(spec, INT32_MAX, "progressDeadlineSeconds", NULL);
	d->paused = js_bool(spec, false, "paused", NULL);
	d->recreate = strcmp(js_str0(spec, "strategy", "type", NULL), "Recreate") == 0;
	d->max_surge = cm_json_text(js_get(spec, "strategy", "rollingUpdate", "maxSurge", NULL));
	d->max_unavailable = cm_json_text(js_get(spec, "strategy", "rollingUpdate", "maxUnavailable", NULL));
	d->selector = cm_selector(o);
	d->selector_json = cm_json_text(js_obj(spec, "selector", NULL));
	const js *template = js_obj(spec, "template", NULL);
	d->template = cm_json_text(template);
	d->template_hash = cm_template_hash(template);
	const js *status = js_obj(o, "status", NULL);
	struct deployment_status *s = &d->status;
	s->observed_generation = js_int(status, 0, "observedGeneration", NULL);
	s->replicas = (int32_t)js_int(status, 0, "replicas", NULL);
	s->updated = (int32_t)js_int(status, 0, "updatedReplicas", NULL);
	s->ready = (int32_t)js_int(status, 0, "readyReplicas", NULL);
	s->available = (int32_t)js_int(status, 0, "availableReplicas", NULL);
	s->unavailable = (int32_t)js_int(status, 0, "unavailableReplicas", NULL);
	s->collisions = (int32_t)js_int(status, -1, "collisionCount", NULL);
	s->conditions = cm_json_text(js_arr(status, "conditions", NULL));
	return true;
}

static void deployment_release(void *o)
{
	struct cm_deployment *d = o;
	free(d->max_surge);
	free(d->max_unavailable);
	selector_free(d->selector);
	free(d->selector_json);
	free(d->template);
	free(d->status.conditions);
}

const struct informer_type cm_deployment_type = {
	.group = "apps",
	.version = "v1",
	.resource = "deployments",
	.kind = "Deployment",
	.size = sizeof(struct cm_deployment),
	.meta_flags = META_ANNOTATIONS,
	.decode = deployment_decode,
	.release = deployment_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* See replicaset.h. */
#include "decode/replicaset.h"

#include <stdlib.h>
#include "decode/template.h"
#include "object/labels.h"

static void decode_common(struct cm_replicaset *r, const js *o)
{
	r->replicas = (int32_t)js_int(o, 1, "spec", "replicas", NULL);
	r->min_ready_seconds = (int32_t)js_int(o, 0, "spec", "minReadySeconds", NULL);
	r->template = cm_json_text(js_obj(o, "spec", "template", NULL));
	const js *status = js_obj(o, "status", NULL);
	r->status.replicas = (int32_t)js_int(status, 0, "replicas", NULL);
	r->status.fully_labeled = (int32_t)js_int(status, 0, "fullyLabeledReplicas", NULL);
	r->status.ready = (int32_t)js_int(status, 0, "readyReplicas", NULL);
	r->status.available = (int32_t)js_int(status, 0, "availableReplicas", NULL);
	r->status.observed_generation = js_int(status, 0, "observedGeneration", NULL);
	r->status.conditions = cm_json_text(js_arr(status, "conditions", NULL));
}

static bool replicaset_decode(void *into, const js *o)
{
	struct cm_replicaset *r = into;

	decode_common(r, o);
	r->selector = cm_selector(o);
	r->template_hash = cm_template_hash(js_obj(o, "spec", "template", NULL));
	return true;
}

/* Its selector is a map of labels; nobody asks whether two templates are the same. */
static bool replicationcontroller_decode(void *into, const js *o)
{
	struct cm_replicaset *r = into;

	decode_common(r, o);
	r->selector = selector_from_map(js_obj(o, "spec", "selector", NULL));
	return true;
}

static void replicaset_release(void *o)
{
	struct cm_replicaset *r = o;
	selector_free(r->selector);
	free(r->template);
	free(r->status.conditions);
}

const struct informer_type cm_replicaset_type = {
	.group = "apps",
	.version = "v1",
	.resource = "replicasets",
	.kind = "ReplicaSet",
	.size = sizeof(struct cm_replicaset),
	.meta_flags = META_ANNOTATIONS,
	.decode = replicaset_decode,
	.release = replicaset_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

const struct informer_type cm_replicationcontroller_type = {
	.group = "",
	.version = "v1",
	.resource = "replicationcontrollers",
	.kind = "ReplicationController",
	.size = sizeof(struct cm_replicaset),
	.decode = replicationcontroller_decode,
	.release = replicaset_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

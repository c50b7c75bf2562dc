/* SPDX-License-Identifier: Apache-2.0 */
/* See daemonset.h. */
#include "decode/daemonset.h"

#include <stdlib.h>
#include <string.h>
#include "decode/revision.h"
#include "decode/template.h"

static const struct decode_row where_rows[] = {
	DECODE_STRING("spec.template.spec.nodeName", struct cm_daemonset_where, node),
	DECODE_BOOL("spec.template.spec.hostNetwork", struct cm_daemonset_where, host_network),
	DECODE_LABELS("spec.template.spec.nodeSelector", struct cm_daemonset_where, node_selector),
	DECODE_POINTER("spec.template.spec.affinity.nodeAffinity", struct cm_daemonset_where, affinity,
		       &node_affinity_spec),
	DECODE_ARRAY("spec.template.spec.tolerations", struct cm_daemonset_where, tolerations, n_tolerations,
		     &toleration_spec),
};
static const struct cm_daemonset_where where_initial = {.node = ""};
static const struct decode_spec where_spec =
	DECODE_SPEC(struct cm_daemonset_where, where_rows, .initial = &where_initial);

static bool daemonset_decode(void *into, const js *o)
{
	struct cm_daemonset *d = into;
	const js *spec = js_obj(o, "spec", NULL), *strategy = js_obj(spec, "updateStrategy", NULL);
	struct err ignored = ERR_INIT;

	d->data = cm_revision_data(js_obj(spec, "template", NULL));
	d->data_hash = cm_revision_hash(d->data);
	d->selector = cm_selector(o);
	d->where = decode_new(&where_spec, d->data, strlen(d->data), &ignored);
	if (!d->where)
		return false; /* larger than any that the API takes */
	d->min_ready_seconds = (int32_t)js_int(spec, 0, "minReadySeconds", NULL);
	d->history_limit = (int32_t)js_int(spec, 10, "revisionHistoryLimit", NULL);
	d->on_delete = strcmp(js_str0(strategy, "type", NULL), "OnDelete") == 0;
	d->max_surge = cm_json_text(js_get(strategy, "rollingUpdate", "maxSurge", NULL));
	d->max_unavailable = cm_json_text(js_get(strategy, "rollingUpdate", "maxUnavailable", NULL));
	const js *status = js_obj(o, "status", NULL);
	d->status.observed_generation = js_int(status, 0, "observedGeneration", NULL);
	d->status.current = (int32_t)js_int(status, 0, "currentNumberScheduled", NULL);
	d->status.misscheduled = (int32_t)js_int(status, 0, "numberMisscheduled", NULL);
	d->status.desired = (int32_t)js_int(status, 0, "desiredNumberScheduled", NULL);
	d->status.ready = (int32_t)js_int(status, 0, "numberReady", NULL);
	d->status.updated = (int32_t)js_int(status, 0, "updatedNumberScheduled", NULL);
	d->status.available = (int32_t)js_int(status, 0, "numberAvailable", NULL);
	d->status.unavailable = (int32_t)js_int(status, 0, "numberUnavailable", NULL);
	d->status.collisions = (int32_t)js_int(status, -1, "collisionCount", NULL);
	return true;
}

static void daemonset_release(void *o)
{
	struct cm_daemonset *d = o;

	free(d->max_surge);
	free(d->max_unavailable);
	selector_free(d->selector);
	free(d->data);
	free(d->where);
}

const struct informer_type cm_daemonset_type = {
	.group = "apps",
	.version = "v1",
	.resource = "daemonsets",
	.kind = "DaemonSet",
	.size = sizeof(struct cm_daemonset),
	.meta_flags = META_ANNOTATIONS,
	.decode = daemonset_decode,
	.release = daemonset_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

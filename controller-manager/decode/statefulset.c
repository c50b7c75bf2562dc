/* SPDX-License-Identifier: Apache-2.0 */
/* See statefulset.h. */
#include "decode/statefulset.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decode/revision.h"
#include "decode/template.h"

static bool says(const js *o, const char *key, const char *word)
{
	return !strcmp(js_str0(o, key, NULL), word);
}

static void read_claims(struct cm_statefulset *s, const js *claims)
{
	s->n_claims = js_len(claims);
	s->claims = s->n_claims ? cm_json_text(claims) : NULL;
	s->claim_names = mem_array(s->n_claims, sizeof(*s->claim_names));
	for (size_t i = 0; i < s->n_claims; i++)
		s->claim_names[i] = mem_strdup(js_str0(js_at(claims, i), "metadata", "name", NULL));
}

static void read_status(struct cm_statefulset *s, const js *status)
{
	s->status.observed_generation = js_int(status, 0, "observedGeneration", NULL);
	s->status.replicas = (int32_t)js_int(status, 0, "replicas", NULL);
	s->status.ready = (int32_t)js_int(status, 0, "readyReplicas", NULL);
	s->status.available = (int32_t)js_int(status, 0, "availableReplicas", NULL);
	s->status.current = (int32_t)js_int(status, 0, "currentReplicas", NULL);
	s->status.updated = (int32_t)js_int(status, 0, "updatedReplicas", NULL);
	s->status.collisions = (int32_t)js_int(status, -1, "collisionCount", NULL);
	s->status.current_revision = mem_strdup(js_str0(status, "currentRevision", NULL));
	s->status.update_revision = mem_strdup(js_str0(status, "updateRevision", NULL));
}

static bool statefulset_decode(void *into, const js *o)
{
	struct cm_statefulset *s = into;
	const js *spec = js_obj(o, "spec", NULL), *strategy = js_obj(spec, "updateStrategy", NULL);
	const js *retention = js_obj(spec, "persistentVolumeClaimRetentionPolicy", NULL);

	s->replicas = (int32_t)js_int(spec, 1, "replicas", NULL);
	s->start = (int32_t)js_int(spec, 0, "ordinals", "start", NULL);
	s->min_ready_seconds = (int32_t)js_int(spec, 0, "minReadySeconds", NULL);
	s->history_limit = (int32_t)js_int(spec, 10, "revisionHistoryLimit", NULL);
	s->partition = js_obj(strategy, "rollingUpdate", NULL)
			       ? (int32_t)js_int(strategy, 0, "rollingUpdate", "partition", NULL)
			       : -1;
	s->parallel = says(spec, "podManagementPolicy", "Parallel");
	s->on_delete = says(strategy, "type", "OnDelete");
	s->claims_go_with_set = says(retention, "whenDeleted", "Delete");
	s->claims_go_with_pod = says(retention, "whenScaled", "Delete");
	s->service = mem_strdup(js_str0(spec, "serviceName", NULL));
	s->selector = cm_selector(o);
	s->match_labels = cm_json_text(js_obj(spec, "selector", "matchLabels", NULL));
	s->data = cm_revision_data(js_obj(spec, "template", NULL));
	s->data_hash = cm_revision_hash(s->data);
	read_claims(s, js_arr(spec, "volumeClaimTemplates", NULL));
	read_status(s, js_obj(o, "status", NULL));
	return true;
}

static void statefulset_release(void *o)
{
	struct cm_statefulset *s = o;

	for (size_t i = 0; i < s->n_claims; i++)
		free(s->claim_names[i]);
	free(s->claim_names);
	free(s->claims);
	free(s->service);
	selector_free(s->selector);
	free(s->match_labels);
	free(s->data);
	free(s->status.current_revision);
	free(s->status.update_revision);
}

const struct informer_type cm_statefulset_type = {
	.group = "apps",
	.version = "v1",
	.resource = "statefulsets",
	.kind = "StatefulSet",
	.size = sizeof(struct cm_statefulset),
	.meta_flags = META_ANNOTATIONS,
	.decode = statefulset_decode,
	.release = statefulset_release,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

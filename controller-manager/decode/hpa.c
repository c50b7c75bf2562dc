/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa.h. */
#include "decode/hpa.h"

#include "object/decode.h"

static const struct decode_row hpa_rows[] = {
	DECODE_STRUCT("metadata", struct cm_hpa, base.meta, &meta_spec),
	DECODE_JSON("spec", struct cm_hpa, spec),
	DECODE_JSON("status", struct cm_hpa, status),
};
static const struct cm_hpa hpa_initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""},
	.spec = "{}",
	.status = "{}"};
static const struct decode_spec hpa_spec = DECODE_SPEC(struct cm_hpa, hpa_rows, .initial = &hpa_initial);

const struct informer_type cm_hpa_type = {
	.group = "autoscaling",
	.version = "v2",
	.resource = "horizontalpodautoscalers",
	.kind = "HorizontalPodAutoscaler",
	.rows = &hpa_spec,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};

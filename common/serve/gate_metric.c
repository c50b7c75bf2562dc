/* SPDX-License-Identifier: Apache-2.0 */
/* See gate_metric.h (kubernetes/kubernetes staging/src/k8s.io/component-base metrics/prometheus/feature, featuregate). */
#include "serve/gate_metric.h"

#include <stdio.h>
#include "base/gate.h"
#include "base/log.h"
#include "serve/metric.h"

static const struct metric_def enabled = {
	.name = "kubernetes_feature_enabled",
	.help = "[BETA] This metric records the data about the stage and enablement of a k8s feature.",
	.type = METRIC_GAUGE,
	.label_names = "name,stage",
};

static void warn(const struct gate_row *r, bool on)
{
	static const char *const words[] = {
		[GATE_GA] = "setting GA feature gate: it will be removed in a future release",
		[GATE_DEPRECATED] = "setting deprecated feature gate: it will be removed in a future release",
	};

	if (r->stage == GATE_GA || r->stage == GATE_DEPRECATED)
		log_warning(words[r->stage], "%s=%s", r->name, on ? "true" : "false");
}

void gate_metric_report(void)
{
	struct metric *m = metric_register(&enabled);

	for (enum gate g = 0; g < GATE_COUNT; g++) {
		const struct gate_row *r = gate_row(g);
		char labels[128];

		snprintf(labels, sizeof(labels), "%s\x1f%s", r->name, gate_stage_name(r->stage));
		metric_set(metric_series(m, labels), gate_enabled(g));
		if (gate_said(g) >= 0)
			warn(r, gate_said(g));
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes_feature_enabled of /metrics, and what is logged of the gates that were said. Once, when a daemon starts. */
#ifndef SERVE_GATE_METRIC_H
#define SERVE_GATE_METRIC_H

void gate_metric_report(void);

#endif

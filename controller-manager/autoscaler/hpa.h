/* SPDX-License-Identifier: Apache-2.0 */
/* The HorizontalPodAutoscaler controller's settings. Before the start. */
#ifndef AUTOSCALER_HPA_H
#define AUTOSCALER_HPA_H

#include <stdint.h>

struct hpa_config {
	int64_t sync_period_ns;	       /* an autoscaler is looked at that often */
	int64_t down_window_ns;	       /* of one without a behavior, or whose behavior does not say */
	int64_t cpu_initialization_ns; /* how long after its start a Pod's CPU is judged with care */
	int64_t initial_readiness_ns;  /* how long after its start a Pod that is not ready has never been */
	double tolerance;	       /* a ratio as near to one as this changes nothing */
};
/* c is copied. */
void hpa_configure(const struct hpa_config *c);
const struct hpa_config *hpa_get_config(void);

#endif

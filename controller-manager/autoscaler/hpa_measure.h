/* SPDX-License-Identifier: Apache-2.0 */
/* One metric of an autoscaler: how many replicas it proposes, and what of it stands in the status. A worker's thread only. */
#ifndef AUTOSCALER_HPA_MEASURE_H
#define AUTOSCALER_HPA_MEASURE_H

#include "autoscaler/hpa_pods.h"
#include "controller/controller.h"
#include "decode/hpa.h"
#include "restmap.h"

/* One look at an autoscaler. */
struct hpa_look {
	struct controller_ctx *ctx;
	const struct cm_hpa *hpa;
	struct restmap *kinds;
	const char *selector; /* of the Pods, in query form */
	struct hpa_pods pods;
	int32_t current, observed; /* the scale's spec.replicas, status.replicas */
	int64_t now_ns;		   /* wall */
};

struct hpa_proposal { /* zeroed to begin with */
	int32_t replicas;
	char *name;	    /* of the metric, for people */
	js *status;	    /* a MetricStatus */
	const char *reason; /* when it failed: the condition's, and its cause */
	char *cause;
};
void hpa_proposal_release(struct hpa_proposal *p);

/* metric: a MetricSpec. A failure is told as an event, too. */
int hpa_measure(const struct hpa_look *l, const js *metric, struct hpa_proposal *ret,
		struct err *err) MUST_CHECK;

#endif

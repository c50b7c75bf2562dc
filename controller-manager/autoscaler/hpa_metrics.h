/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was measured, asked of the three APIs for it (kubernetes/kubernetes pkg/controller/podautoscaler/metrics/client.go):
 * metrics.k8s.io for what containers use, custom.metrics.k8s.io for anything about an object, external.metrics.k8s.io for
 * the rest. A worker's thread only.
 */
#ifndef AUTOSCALER_HPA_METRICS_H
#define AUTOSCALER_HPA_METRICS_H

#include "autoscaler/hpa_replicas.h"
#include "restmap.h"

struct hpa_samples { /* zeroed to begin with */
	struct hpa_sample *v;
	size_t n;
	void *block; /* what the names are in */
};
void hpa_metrics_release(struct hpa_samples *s);

/* Of the Pods that the selector selects; container "" is all of a Pod, which then has a sample only when each of its
   containers has. */
int hpa_metrics_resource(struct hpa_samples *ret, struct rest *r, const char *ns, const char *selector,
			 const char *resource, const char *container, struct err *err) MUST_CHECK;
/* metric: a MetricIdentifier. */
int hpa_metrics_pods(struct hpa_samples *ret, struct rest *r, const char *ns, const char *selector,
		     const js *metric, struct err *err) MUST_CHECK;
/* object: a CrossVersionObjectReference. In thousandths, as the next; which is the sum of all values there are. */
int hpa_metrics_object(int64_t *ret, struct rest *r, struct restmap *kinds, const char *ns, const js *object,
		       const js *metric, struct err *err) MUST_CHECK;
int hpa_metrics_external(int64_t *ret, struct rest *r, const char *ns, const js *metric,
			 struct err *err) MUST_CHECK;

#endif

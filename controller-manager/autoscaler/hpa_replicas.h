/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many replicas a metric asks for (kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go): the ratio
 * of what was measured to what is aimed at, times the Pods that were measured. Pods without a sample and Pods that are not
 * ready yet are counted so that they dampen a change and never turn its direction. Pure, any thread.
 */
#ifndef AUTOSCALER_HPA_REPLICAS_H
#define AUTOSCALER_HPA_REPLICAS_H

#include "autoscaler/hpa_pods.h"

/* What was measured of one Pod. */
struct hpa_sample {
	const char *pod; /* its name */
	int64_t milli;
	int64_t at_ns, window_ns; /* wall */
};

struct hpa_question {
	const struct hpa_pods *pods;
	int32_t current;
	int64_t target; /* thousandths, or percent of what is requested */
	double tolerance;
	const char *resource;  /* "" for a metric that is no resource */
	const char *container; /* "" for all */
	int64_t now_ns;	       /* wall */
	int64_t cpu_initialization_ns, initial_readiness_ns;
};
struct hpa_answer {
	int32_t replicas;
	int32_t utilization; /* percent; of hpa_replicas_of_utilization */
	int64_t usage;	     /* thousandths: on average, or of the thing itself */
};

/* Of samples of Pods: by the part of what they request, or by the amount. */
int hpa_replicas_of_utilization(const struct hpa_question *q, const struct hpa_sample *samples, size_t n,
				struct hpa_answer *ret, struct err *err) MUST_CHECK;
int hpa_replicas_of_usage(const struct hpa_question *q, const struct hpa_sample *samples, size_t n,
			  struct hpa_answer *ret, struct err *err) MUST_CHECK;
/* Of one amount for all: aimed at as a whole, or per Pod; then `current` is the number that there are (status.replicas). */
int hpa_replicas_of_total(const struct hpa_question *q, int64_t usage, struct hpa_answer *ret,
			  struct err *err) MUST_CHECK;
void hpa_replicas_of_share(const struct hpa_question *q, int64_t usage, struct hpa_answer *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far one step may go (kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go, normalizeDesiredReplicas and
 * what it calls): windows of stabilisation over what was recommended before, policies over what was scaled before, and the
 * bounds. What is remembered is a process's own; after a restart the windows begin anew, as upstream's do. One thread at a
 * time.
 */
#ifndef AUTOSCALER_HPA_SCALING_H
#define AUTOSCALER_HPA_SCALING_H

#include "object/json.h"

struct hpa_moment {
	int32_t n; /* recommended replicas, or by how many it was scaled */
	int64_t at_ns;
};
struct hpa_moments {
	struct hpa_moment *v;
	size_t n;
};
struct hpa_memory { /* zeroed to begin with */
	struct hpa_moments recommended, ups, downs;
};
void hpa_scaling_forget(struct hpa_memory *m);

/* One direction of spec.behavior. */
enum hpa_select { HPA_SELECT_MAX, HPA_SELECT_MIN, HPA_SELECT_DISABLED };
struct hpa_policy {
	bool percent; /* else Pods */
	int32_t value, period_s;
};
struct hpa_rules {
	int32_t window_s;
	enum hpa_select select;
	struct hpa_policy *policies;
	size_t n;
};
/* window_s: of one that does not say. Released by free(rules->policies). */
void hpa_scaling_read(struct hpa_rules *rules, const js *from, int32_t window_s);

struct hpa_step {
	int32_t min, max, current, desired;
	const struct hpa_rules *up, *down; /* NULL, both: there is no behavior */
	int64_t down_window_ns;		   /* then */
	int64_t now_ns;			   /* wall */
};
struct hpa_verdict {
	int32_t replicas;
	const char *able_reason, *able_message; /* of AbleToScale, which is true */
	bool limited;
	const char *limit_reason, *limit_message;
};
/* Before the first step: what there is counts as recommended. */
void hpa_scaling_begin(struct hpa_memory *m, int32_t current, int64_t now_ns);
void hpa_scaling_step(struct hpa_memory *m, const struct hpa_step *s, struct hpa_verdict *ret);
/* After it was done; only with a behavior. */
void hpa_scaling_done(struct hpa_memory *m, const struct hpa_step *s, int32_t replicas);

#endif

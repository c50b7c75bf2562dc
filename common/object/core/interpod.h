/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a Pod wants to be in relation to other Pods: spec.affinity.podAffinity and podAntiAffinity, and
 * spec.topologySpreadConstraints. matchLabelKeys and mismatchLabelKeys of affinity terms are part of the selector by the time
 * that a Pod is stored. Frozen structs of decoded objects; any thread.
 */
#ifndef OBJECT_CORE_INTERPOD_H
#define OBJECT_CORE_INTERPOD_H

#include "object/core/label_query.h"

struct pod_term {
	const char *topology_key;
	struct label_query *selector;		/* NULL: no Pod */
	struct label_query *namespace_selector; /* NULL: none; empty: all namespaces */
	const char *const *namespaces;		/* without them and a selector: the Pod's own */
	size_t n_namespaces;
};
struct pod_preference {
	int32_t weight;
	struct pod_term term;
};
struct pod_affinity {
	struct pod_term *required, *required_anti;
	struct pod_preference *preferred, *preferred_anti;
	size_t n_required, n_required_anti, n_preferred, n_preferred_anti;
};
extern const struct decode_spec pod_affinity_spec; /* for DECODE_POINTER at "spec.affinity" */

/* Does the term say which namespaces, its own (the Pod's that has it) being `own`? Labels are those of `namespace`. */
bool pod_affinity_term_in(const struct pod_term *t, const char *own, const char *namespace,
			  const struct labels *namespace_labels);

enum spread_action { SPREAD_DO_NOT_SCHEDULE, SPREAD_SCHEDULE_ANYWAY };
enum spread_policy { SPREAD_HONOR, SPREAD_IGNORE };
struct pod_spread {
	int32_t max_skew, min_domains; /* min_domains 1 when absent */
	const char *topology_key;
	enum spread_action action;
	struct label_query *selector;	    /* NULL: no Pod */
	enum spread_policy affinity_policy; /* Honor when absent */
	enum spread_policy taints_policy;   /* Ignore when absent */
	const char *const *label_keys;	    /* matchLabelKeys */
	size_t n_label_keys;
};
extern const struct decode_spec pod_spread_spec; /* for DECODE_ARRAY */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which nodes a Pod may and would rather run on: spec.nodeSelector and spec.affinity.nodeAffinity
 * (kubernetes/component-helpers scheduling/corev1/nodeaffinity). Terms are ORed, what stands in a term is ANDed, an
 * empty term matches nothing. metadata.name is the only field there is. Frozen structs of decoded objects; any thread.
 */
#ifndef OBJECT_CORE_AFFINITY_H
#define OBJECT_CORE_AFFINITY_H

#include "object/decode.h"

struct node_term {
	struct requirement *expressions, *fields;
	size_t n_expressions, n_fields;
};
struct node_preference {
	int32_t weight;
	struct node_term term;
};
struct node_affinity {
	bool has_required; /* the field is set; without terms it matches no node */
	struct node_term *required;
	struct node_preference *preferred;
	size_t n_required, n_preferred;
};
/* For DECODE_STRUCT or DECODE_POINTER at "spec.affinity.nodeAffinity"; */
extern const struct decode_spec node_affinity_spec;
extern const struct decode_spec node_affinity_term_spec; /* of one term, for other node selectors */

/* selector: spec.nodeSelector, NULL when there is none; a NULL: no affinity. */
bool node_affinity_matches(const struct labels *selector, const struct node_affinity *a, const char *node,
			   const struct labels *l);
/* The sum of the weights of the preferences that the node meets. */
int64_t node_affinity_weight(const struct node_affinity *a, const char *node, const struct labels *l);

#endif

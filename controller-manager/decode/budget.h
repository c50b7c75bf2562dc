/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a PodDisruptionBudget. By a tree, as replicaset.h; there are few. */
#ifndef DECODE_BUDGET_H
#define DECODE_BUDGET_H

#include "decode/index.h"

struct cm_budget {
	struct informer_object base;
	char *min_available, *max_unavailable; /* JSON text of the int-or-string; NULL when absent */
	struct selector *selector;
	char *selector_json; /* NULL when absent */
	struct {
		int64_t observed_generation;
		int32_t allowed, healthy, desired, expected;
		char *disrupted, *conditions; /* JSON text, NULL when none */
	} status;
};
extern const struct informer_type cm_budget_type;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quality of service class of a Pod (kubernetes/component-helpers pkg/apis/core/v1/helper/qos): Guaranteed when
 * every container limits cpu and memory and requests as much, BestEffort when none names either, else Burstable. All
 * containers count, init containers too; where the Pod has requests or limits of its own, those alone. Amounts of zero
 * count as absent. Values; any thread.
 */
#ifndef OBJECT_CORE_QOS_H
#define OBJECT_CORE_QOS_H

#include "object/core/resources.h"

enum qos_class { QOS_GUARANTEED, QOS_BURSTABLE, QOS_BEST_EFFORT };
const char *qos_class_name(enum qos_class c);

/* Sums up; zeroed to begin with. */
struct qos {
	int64_t requests[2], limits[2]; /* cpu (thousandths), memory */
	bool unlimited;			/* some container lacks a limit */
};
/* One container, or the Pod itself. Amounts <= 0 are absent. */
void qos_add_amounts(struct qos *q, int64_t cpu_request, int64_t cpu_limit, int64_t memory_request,
		     int64_t memory_limit);
void qos_add(struct qos *q, const struct resource_requirements *r); /* for tests */
enum qos_class qos_class(const struct qos *q);

#endif

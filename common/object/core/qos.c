/* SPDX-License-Identifier: Apache-2.0 */
/* See qos.h. Sums are enough: a request never exceeds its limit, so they are equal only where all of them are. */
#include "object/core/qos.h"

static const char *const names[] = {
	[QOS_GUARANTEED] = "Guaranteed", [QOS_BURSTABLE] = "Burstable", [QOS_BEST_EFFORT] = "BestEffort"};

const char *qos_class_name(enum qos_class c)
{
	return names[c];
}

static void add(int64_t *sum, int64_t v)
{
	if (v > 0)
		*sum += v < RESOURCE_MAX ? v : RESOURCE_MAX;
}

void qos_add_amounts(struct qos *q, int64_t cpu_request, int64_t cpu_limit, int64_t memory_request,
		     int64_t memory_limit)
{
	add(&q->requests[0], cpu_request);
	add(&q->requests[1], memory_request);
	add(&q->limits[0], cpu_limit);
	add(&q->limits[1], memory_limit);
	q->unlimited |= cpu_limit <= 0 || memory_limit <= 0;
}

static int64_t cpu(const struct resource_amount *v, size_t n)
{
	const struct resource_amount *a = resources_find(v, n, "cpu");
	return a ? a->milli : 0;
}

static int64_t memory(const struct resource_amount *v, size_t n)
{
	const struct resource_amount *a = resources_find(v, n, "memory");
	return a ? a->value : 0;
}

void qos_add(struct qos *q, const struct resource_requirements *r)
{
	qos_add_amounts(q, cpu(r->requests, r->n_requests), cpu(r->limits, r->n_limits),
			memory(r->requests, r->n_requests), memory(r->limits, r->n_limits));
}

enum qos_class qos_class(const struct qos *q)
{
	bool any = false, equal = !q->unlimited;
	for (size_t i = 0; i < 2; i++) {
		any |= q->requests[i] || q->limits[i];
		equal &= q->requests[i] == q->limits[i];
	}
	return !any ? QOS_BEST_EFFORT : equal ? QOS_GUARANTEED : QOS_BURSTABLE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/resources.h"

static const char *const qos_names[] = {
	[QOS_GUARANTEED] = "Guaranteed", [QOS_BURSTABLE] = "Burstable", [QOS_BEST_EFFORT] = "BestEffort"};

const char *resources_qos_name(enum qos_class q)
{
	return qos_names[q];
}

static int64_t amount(int64_t v)
{
	return v == QUANTITY_UNSET ? 0 : v;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Zero amounts count as absent, as upstream counts them. */
enum qos_class resources_qos(const struct pod *p)
{
	bool any = false, guaranteed = true;
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container_resources *r = &p->containers[i].resources;
		any |= r->cpu_request > 0 || r->cpu_limit > 0 || r->memory_request > 0 || r->memory_limit > 0;
		guaranteed &= r->cpu_limit > 0 && r->memory_limit > 0 && r->cpu_request == r->cpu_limit &&
			      r->memory_request == r->memory_limit;
	}
	return !any ? QOS_BEST_EFFORT : guaranteed ? QOS_GUARANTEED : QOS_BURSTABLE;
}

struct resources resources_requests(const struct pod *p)
{
	struct resources sum = {0}, sidecars = {0}, init = {0};
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container_spec *c = &p->containers[i];
		struct resources r = {amount(c->resources.cpu_request), amount(c->resources.memory_request),
				      amount(c->resources.storage_request)};
		struct resources *into = c->sidecar ? &sidecars : &sum;
		if (!c->init || c->sidecar) {
			into->cpu_milli += r.cpu_milli;
			into->memory += r.memory;
			into->storage += r.storage;
			r = (struct resources){0};
		}
		if (c->init) {
			init.cpu_milli = max(init.cpu_milli, r.cpu_milli + sidecars.cpu_milli);
			init.memory = max(init.memory, r.memory + sidecars.memory);
			init.storage = max(init.storage, r.storage + sidecars.storage);
		}
	}
	return (struct resources){max(init.cpu_milli, sum.cpu_milli + sidecars.cpu_milli),
				  max(init.memory, sum.memory + sidecars.memory),
				  max(init.storage, sum.storage + sidecars.storage)};
}

/* The kernel's bounds of cpu.shares, and of what a quota can say. */
enum { SHARES_MIN = 2, SHARES_MAX = 262144, QUOTA_MIN_US = 1000, MILLI_MAX = 1000 * 1000 * 1000 };

static uint64_t shares(int64_t milli)
{
	int64_t v = milli > MILLI_MAX ? SHARES_MAX : max(SHARES_MIN, milli * 1024 / 1000);
	return (uint64_t)(v > SHARES_MAX ? SHARES_MAX : v);
}

static int64_t quota(int64_t milli)
{
	if (milli <= 0 || milli > MILLI_MAX)
		return 0; /* no limit that could be felt */
	return max(QUOTA_MIN_US, milli * 100);
}

static int oom_score(enum qos_class q, int64_t memory_request, int64_t capacity)
{
	if (q == QOS_GUARANTEED)
		return -997;
	if (q == QOS_BEST_EFFORT || capacity <= 0)
		return 1000;
	int64_t adj = 1000 - 1000 * amount(memory_request) / capacity;
	return adj < 3 ? 3 : adj == 1000 ? 999 : (int)adj;
}

struct runtime_limits resources_container_limits(const struct pod *p, const struct container_spec *c,
						 int64_t capacity_memory)
{
	const struct container_resources *r = &c->resources;
	return (struct runtime_limits){
		.cpu_shares = shares(amount(r->cpu_request)),
		.cpu_quota_us = quota(amount(r->cpu_limit)),
		.memory_bytes = amount(r->memory_limit),
		.oom_score_adj = oom_score(resources_qos(p), r->memory_request, capacity_memory),
	};
}

/* The Pod's cgroup is capped only when every container is: otherwise one of them may use what is free. */
struct runtime_limits resources_pod_limits(const struct pod *p)
{
	int64_t cpu = 0, memory = 0;
	bool cpu_capped = true, memory_capped = true;
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container_resources *r = &p->containers[i].resources;
		bool together = !p->containers[i].init || p->containers[i].sidecar;
		cpu_capped &= r->cpu_limit > 0;
		memory_capped &= r->memory_limit > 0;
		cpu = together ? cpu + amount(r->cpu_limit) : max(cpu, amount(r->cpu_limit));
		memory = together ? memory + amount(r->memory_limit) : max(memory, amount(r->memory_limit));
	}
	return (struct runtime_limits){
		.cpu_shares = shares(resources_requests(p).cpu_milli),
		.cpu_quota_us = cpu_capped ? quota(cpu) : 0,
		.memory_bytes = memory_capped ? memory : 0,
	};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/limits.h"

#include <string.h>

#include "object/quantity.h"
#include "pod/admit.h"

static int64_t amount(int64_t v)
{
	return v == QUANTITY_UNSET ? 0 : v;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

enum qos_class limits_qos(const struct pod *p)
{
	struct qos q = {0};
	for (size_t i = 0; i < p->list.n - p->list.n_ephemeral; i++) {
		const struct container_resources *r = &p->list.v[i].resources;
		qos_add_amounts(&q, r->cpu_request, r->cpu_limit, r->memory_request, r->memory_limit);
	}
	return qos_class(&q);
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

/* What the app container that requests least requests. */
static int64_t least_request(const struct pod *p)
{
	int64_t least = INT64_MAX;
	for (size_t i = p->list.n_init; i < p->list.n - p->list.n_ephemeral; i++) {
		int64_t v = amount(p->list.v[i].resources.memory_request);
		least = v < least ? v : least;
	}
	return least == INT64_MAX ? 0 : least;
}

/* Whose process goes first when memory runs out. A sidecar does not go before what it serves. */
static int oom_score(const struct pod *p, const struct container_spec *c, int64_t capacity)
{
	enum qos_class q = limits_qos(p);
	bool node_critical = admit_is_critical(p) && !strcmp(p->priority_class, "system-node-critical");
	if (q == QOS_GUARANTEED || node_critical)
		return -997;
	if (q == QOS_BEST_EFFORT || capacity <= 0)
		return 1000;
	int64_t request = amount(c->resources.memory_request);
	if (c->sidecar)
		request = max(request, least_request(p));
	int64_t adj = 1000 - 1000 * request / capacity;
	return adj < 3 ? 3 : adj == 1000 ? 999 : (int)adj;
}

const char *limits_group(enum qos_class q)
{
	static const char *const names[] = {
		[QOS_GUARANTEED] = "", [QOS_BURSTABLE] = "burstable", [QOS_BEST_EFFORT] = "besteffort"};
	return names[q];
}

struct runtime_limits limits_class(enum qos_class q, int64_t cpu_milli)
{
	return (struct runtime_limits){.cpu_shares = shares(q == QOS_BEST_EFFORT ? 0 : cpu_milli)};
}

int64_t limits_huge_page(const char *resource)
{
	static const char prefix[] = "hugepages-";
	struct quantity q;
	struct err ignored = ERR_INIT; /* no size: none of any machine's */
	return !strncmp(resource, prefix, strlen(prefix)) &&
			       quantity_parse(resource + strlen(prefix), &q, &ignored) == 0
		       ? quantity_value(&q)
		       : 0;
}

/* What is said later of a size holds. */
static void set_huge(struct runtime_limits *l, const char *resource, int64_t bytes)
{
	int64_t size = limits_huge_page(resource);
	size_t i = 0;
	while (i < l->n_huge && l->huge[i].size != size)
		i++;
	if (size <= 0 || i == HUGEPAGES_SIZES_MAX)
		return;
	l->huge[i] = (struct runtime_huge){size, bytes};
	l->n_huge += i == l->n_huge;
}

/* A container may have what it asks for; of what only the Pod asks for, all of that. */
static void bound_huge(struct runtime_limits *l, const struct pod *p, const struct container_spec *c)
{
	struct err ignored = ERR_INIT; /* the API server has judged it */
	struct quantity q;
	autojson js *resources = pod_field(c->resources_text);
	l->bounds_huge = true;
	for (size_t i = 0; i < p->level.n_limits; i++)
		set_huge(l, p->level.limits[i].name, p->level.limits[i].value);
	for (struct js_iter it = js_iter(js_obj(resources, "limits", NULL)); js_next(&it);)
		if (quantity_parse(js_str0(it.value, NULL), &q, &ignored) == 0)
			set_huge(l, it.key, quantity_value(&q));
}

struct runtime_limits limits_container(const struct pod *p, const struct container_spec *c,
				       int64_t capacity_memory)
{
	const struct container_resources *r = &c->resources;
	struct runtime_limits l = {
		.cpu_shares = shares(amount(r->cpu_request)),
		.cpu_quota_us = quota(amount(r->cpu_limit)),
		.memory_bytes = amount(r->memory_limit),
		.oom_score_adj = oom_score(p, c, capacity_memory),
	};
	bound_huge(&l, p, c);
	return l;
}

static void sum_limits(const struct pod *p, struct resources *ret)
{
	struct pod_sum sum = {0};
	for (size_t i = 0; i < p->list.n - p->list.n_ephemeral; i++) {
		const struct container_resources *r = &p->list.v[i].resources;
		const struct resource_amount v[] = {{"cpu", 0, amount(r->cpu_limit)},
						    {"memory", amount(r->memory_limit), 0}};
		pod_sum_add(&sum, pod_container_role(&p->list.v[i]), v, ARRAY_LEN(v));
	}
	pod_sum_limits(&sum, p->level.limits, p->level.n_limits, p->overhead, p->n_overhead, ret);
}

static bool limits_itself(const struct pod *p, const char *name)
{
	for (size_t i = 0; i < p->level.n_limits; i++)
		if (!strcmp(p->level.limits[i].name, name))
			return true;
	return false;
}

/* The Pod's cgroup is capped only when it says so itself or every container is: otherwise one of them may use what is
   free. */
struct runtime_limits limits_pod(const struct pod *p, int64_t max_pids)
{
	bool cpu_capped = true, memory_capped = true;
	for (size_t i = 0; i < p->list.n - p->list.n_ephemeral; i++) {
		cpu_capped &= p->list.v[i].resources.cpu_limit > 0;
		memory_capped &= p->list.v[i].resources.memory_limit > 0;
	}
	struct resources sum;
	sum_limits(p, &sum);
	struct runtime_limits l = {
		.cpu_shares = shares(p->demand.requests.cpu_milli),
		.cpu_quota_us = cpu_capped || limits_itself(p, "cpu") ? quota(sum.cpu_milli) : 0,
		.memory_bytes = memory_capped || limits_itself(p, "memory") ? sum.memory : 0,
		.pids = max_pids,
		.bounds_huge = true,
	};
	for (size_t i = 0; i < p->demand.requests.n_scalars; i++)
		set_huge(&l, p->demand.requests.scalars[i].name, p->demand.requests.scalars[i].value);
	resources_release(&sum);
	return l;
}

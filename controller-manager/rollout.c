/* SPDX-License-Identifier: Apache-2.0 */
/* Deployment arithmetic; see rollout.h. */
#include "rollout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "object/intstr.h"

static int32_t scaled(const char *json, int32_t total, bool round_up)
{
	struct err err = ERR_INIT;
	int n = 0;
	if (!json)
		return 0;
	autojson js *v = js_parse(json, strlen(json), NULL, &err);
	if (intstr_scaled(v, total, round_up, &n, &err) < 0)
		return 0; /* validation lets only well-formed ones in */
	return n;
}

struct rollout_bounds rollout_bounds(const struct cm_deployment *d)
{
	struct rollout_bounds b = {0};
	if (d->recreate || d->replicas == 0)
		return b;
	b.surge = scaled(d->max_surge, d->replicas, true);
	b.unavailable = scaled(d->max_unavailable, d->replicas, false);
	if (b.surge == 0 && b.unavailable == 0)
		b.unavailable = 1;
	if (b.unavailable > d->replicas)
		b.unavailable = d->replicas;
	return b;
}

static int32_t min32(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

int32_t rollout_new_replicas(const struct cm_deployment *d, int32_t all_replicas, int32_t new_replicas)
{
	if (d->recreate)
		return d->replicas;
	int32_t max_total = d->replicas + rollout_bounds(d).surge;
	if (all_replicas >= max_total)
		return new_replicas;
	int32_t room = min32(max_total - all_replicas, d->replicas - new_replicas);
	return new_replicas + (room > 0 ? room : 0);
}

/* A set's part of the change: its size in relation to the Deployment's new allowance, less what it has. */
static int32_t fraction(const struct cm_deployment *d, const struct rollout_set *s, int32_t old_max)
{
	if (d->replicas == 0)
		return -s->replicas;
	double new_size = (double)s->replicas * (d->replicas + rollout_bounds(d).surge) / old_max;
	return (int32_t)lround(new_size) - s->replicas;
}

void rollout_proportional(const struct cm_deployment *d, struct rollout_set *sets, size_t n, int32_t allowed)
{
	int32_t all = 0;
	for (size_t i = 0; i < n; i++)
		all += sets[i].replicas;
	int32_t to_add = allowed - all, added = 0;
	for (size_t i = 0; i < n; i++) {
		struct rollout_set *s = &sets[i];
		s->target = s->replicas;
		if (s->replicas == 0 || to_add == 0 || to_add == added)
			continue;
		int32_t old_max = s->max_replicas ? s->max_replicas : d->status.replicas;
		if (old_max <= 0)
			old_max = all;
		int32_t share = fraction(d, s, old_max), left = to_add - added;
		if (to_add > 0)
			share = share < 0 ? 0 : min32(share, left);
		else
			share = share > 0 ? 0 : (share < left ? left : share);
		s->target = s->replicas + share;
		added += share;
	}
	if (n > 0 && to_add != added) {
		sets[0].target += to_add - added;
		if (sets[0].target < 0)
			sets[0].target = 0;
	}
}

void rollout_scale_down_old(const struct cm_deployment *d, struct rollout_set *old, size_t n,
			    const struct rollout_set *new_set, int32_t all_available, int32_t all_replicas)
{
	for (size_t i = 0; i < n; i++)
		old[i].target = old[i].replicas;
	struct rollout_bounds b = rollout_bounds(d);
	int32_t min_available = d->replicas - b.unavailable;
	int32_t new_unavailable = new_set->replicas - (new_set->rs ? new_set->rs->status.available : 0);
	int32_t budget = all_replicas - min_available - new_unavailable;
	if (budget <= 0)
		return;
	/* Pods that are not available cost no availability: they go first. */
	int32_t cleaned = 0;
	for (size_t i = 0; i < n && cleaned < budget; i++) {
		int32_t available = old[i].rs->status.available;
		if (old[i].target == 0 || old[i].target == available)
			continue;
		int32_t unhealthy = old[i].target - available;
		if (unhealthy <= 0)
			continue;
		int32_t down = min32(budget - cleaned, unhealthy);
		old[i].target -= down;
		cleaned += down;
	}
	int32_t spare = all_available - min_available;
	for (size_t i = 0; i < n && spare > 0; i++) {
		int32_t down = min32(old[i].target, spare);
		old[i].target -= down;
		spare -= down;
	}
}

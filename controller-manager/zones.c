/* SPDX-License-Identifier: Apache-2.0 */
/* See zones.h. Zones are counted as nodes come, change and go; one without nodes is forgotten. */
#include "zones.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

#define LONGEST_S 1e9f /* one node in thirty years is none */
#define EXCLUDED "node.kubernetes.io/exclude-disruption"

enum zone_state { ZONE_NORMAL, ZONE_PARTIAL, ZONE_FULL };

struct zone {
	size_t ready, not_ready;
	enum zone_state state;
	int64_t next_ns; /* monotonic: when the next node's turn is */
};

struct zones {
	struct zones_config config;
	pthread_mutex_t lock; /* guards below */
	struct map by_name;   /* struct zone * */
	size_t full;	      /* zones in that state */
};

struct zones *zones_new(const struct zones_config *c)
{
	struct zones *z = MEM_NEW(struct zones);

	z->config = *c;
	pthread_mutex_init(&z->lock, NULL);
	return z;
}

void zones_free(struct zones *z)
{
	for (struct map_iter it = {0}; map_next(&z->by_name, &it);)
		free(it.value);
	map_release(&z->by_name);
	pthread_mutex_destroy(&z->lock);
	free(z);
}

static const char *label(const struct cm_node *n, const char *key)
{
	const char *v = labels_get(n->base.meta.labels, key);

	return v ? v : "";
}

/* To be freed; a slash is in no label's value. */
static char *zone_name(const struct cm_node *n)
{
	return mem_printf("%s/%s", label(n, "topology.kubernetes.io/region"),
			  label(n, "topology.kubernetes.io/zone"));
}

static enum zone_state state_of(const struct zones_config *c, const struct zone *z)
{
	if (!z->ready && z->not_ready)
		return ZONE_FULL;
	return z->not_ready > 2 && (float)z->not_ready / (float)(z->ready + z->not_ready) >= c->unhealthy
		       ? ZONE_PARTIAL
		       : ZONE_NORMAL;
}

/* True when the zone's state changed. */
static bool count(struct zones *z, const struct cm_node *n, bool add)
{
	if (!n || labels_get(n->base.meta.labels, EXCLUDED))
		return false;
	autofree char *name = zone_name(n);
	struct zone *zone = map_get(&z->by_name, name);

	if (!zone) {
		zone = MEM_NEW(struct zone);
		map_set(&z->by_name, name, zone);
	}
	size_t *counter = n->ready == CONDITION_TRUE ? &zone->ready : &zone->not_ready;
	enum zone_state was = zone->state;

	*counter += add ? 1 : (size_t)-1;
	zone->state = state_of(&z->config, zone);
	z->full += (size_t)(zone->state == ZONE_FULL) - (size_t)(was == ZONE_FULL);
	bool changed = zone->state != was;
	if (zone->ready + zone->not_ready == 0)
		free(map_del(&z->by_name, name));
	return changed;
}

static bool stopped(const struct zones *z)
{
	return z->full && z->full == map_len(&z->by_name);
}

enum zones_change zones_see(struct zones *z, const struct cm_node *old, const struct cm_node *new)
{
	pthread_mutex_lock(&z->lock);
	bool was = stopped(z);
	/* The new one first: a zone of one node does not go and come. */
	bool joined = count(z, new, true), left = count(z, old, false);
	bool is = stopped(z);

	pthread_mutex_unlock(&z->lock);
	return was && !is ? ZONES_RESUMED : joined || left || was != is ? ZONES_CHANGED : ZONES_SAME;
}

bool zones_stopped(struct zones *z)
{
	pthread_mutex_lock(&z->lock);
	bool ret = stopped(z);

	pthread_mutex_unlock(&z->lock);
	return ret;
}

static int64_t interval(const struct zones_config *c, const struct zone *z)
{
	bool large = c->large < 0 || z->ready + z->not_ready > (size_t)c->large;
	float rate = z->state != ZONE_PARTIAL ? c->rate : large ? c->secondary_rate : 0;

	/* In milliseconds: the flags' decimals are not exact in binary. */
	return rate <= 0 || rate * LONGEST_S < 1 ? INT64_MAX
						 : (int64_t)(1000 / (double)rate + 0.5) * NS_PER_MS;
}

static int64_t take(const struct zones_config *c, struct zone *zone, int64_t now_ns)
{
	int64_t between = interval(c, zone);

	if (between == INT64_MAX)
		return INT64_MAX;
	if (zone->next_ns - now_ns > between) /* the pace was slower when the last one was taken */
		zone->next_ns = now_ns + between;
	if (now_ns < zone->next_ns)
		return zone->next_ns - now_ns;
	zone->next_ns = now_ns + between;
	return 0;
}

int64_t zones_take(struct zones *z, const struct cm_node *node, int64_t now_ns)
{
	autofree char *name = zone_name(node);

	pthread_mutex_lock(&z->lock);
	struct zone *zone = map_get(&z->by_name, name);
	int64_t ret = stopped(z) ? INT64_MAX
		      : zone	 ? take(&z->config, zone, now_ns)
				 : 0; /* only excluded nodes there */

	pthread_mutex_unlock(&z->lock);
	return ret;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a snapshot by the values of one label: each value is a domain with a small number, so that plugins count
 * Pods per domain in arrays (sized by topology_size) and not in maps of strings. Inside a snapshot; one thread.
 */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include <stdint.h>
#include "base/map.h"
#include "object/labels.h"

#define TOPOLOGY_NONE UINT32_MAX
struct topology {
	char *key;
	uint32_t *of; /* by place */
	size_t n_of;  /* places behind it have no such label */
	/* inside */
	struct map ids; /* value -> number + 1 */
	struct topology_value *domains;
	size_t n, cap, used; /* used: with nodes */
	uint32_t *freed;
	size_t n_freed, cap_freed;
	uint64_t asked; /* the snapshot's: when last */
};

struct topology *topology_new(const char *key);
void topology_free(struct topology *t);
/* The node at this place of the snapshot has these labels now; NULL: there is none any more. */
void topology_set(struct topology *t, size_t place, const struct labels *l);

/* TOPOLOGY_NONE: it lacks the label. */
static inline uint32_t topology_domain(const struct topology *t, size_t place)
{
	return place < t->n_of ? t->of[place] : TOPOLOGY_NONE;
}
/* Domains are numbers below it. */
static inline size_t topology_size(const struct topology *t)
{
	return t->n;
}
uint32_t topology_find(const struct topology *t, const char *value); /* for tests */
size_t topology_nodes(const struct topology *t, uint32_t domain);    /* for tests; how many there are now */
size_t topology_domains(const struct topology *t); /* for tests; of those with nodes, how many */

#endif

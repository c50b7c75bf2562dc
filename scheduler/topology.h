/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a snapshot by the values of one label: each value is a domain with a small number, so that plugins count
 * Pods per domain in arrays (sized by topology_size) and not in maps of strings. Inside a snapshot; one thread.
 */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include <stdint.h>
#include "object/labels.h"

struct topology;
#define TOPOLOGY_NONE UINT32_MAX

struct topology *topology_new(const char *key);
void topology_free(struct topology *t);
const char *topology_key(const struct topology *t);
/* The node at this place of the snapshot has these labels now; NULL: there is none any more. */
void topology_set(struct topology *t, size_t place, const struct labels *l);

uint32_t topology_domain(const struct topology *t,
			 size_t place); /* for tests; TOPOLOGY_NONE: it lacks the label */
uint32_t topology_find(const struct topology *t, const char *value); /* for tests */
size_t topology_nodes(const struct topology *t, uint32_t domain);    /* for tests; how many there are now */
size_t topology_domains(const struct topology *t); /* for tests; of those with nodes, how many */
size_t topology_size(const struct topology *t);	   /* for tests; domains are numbers below it */

#endif

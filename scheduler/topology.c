/* SPDX-License-Identifier: Apache-2.0 */
/* See topology.h. A value keeps its number while it has nodes; then the number is free for another. */
#include "topology.h"

#include <stdlib.h>
#include <string.h>

struct topology_value {
	char *value; /* NULL: a free number */
	size_t nodes;
};

struct topology *topology_new(const char *key)
{
	struct topology *t = MEM_NEW(struct topology);
	t->key = mem_strdup(key);
	return t;
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->domains[i].value);
	map_release(&t->ids);
	free(t->domains);
	free(t->of);
	free(t->freed);
	free(t->key);
	free(t);
}

uint32_t topology_find(const struct topology *t, const char *value)
{
	return (uint32_t)(uintptr_t)map_get(&t->ids, value) - 1; /* TOPOLOGY_NONE when absent */
}

static uint32_t new_number(struct topology *t)
{
	if (t->n_freed)
		return t->freed[--t->n_freed];
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 8;
		t->domains = mem_realloc_array(t->domains, t->cap, sizeof(*t->domains));
	}
	return (uint32_t)t->n++;
}

static void join(struct topology *t, size_t place, const char *value)
{
	uint32_t id = topology_find(t, value);
	if (id == TOPOLOGY_NONE) {
		id = new_number(t);
		t->domains[id] = (struct topology_value){.value = mem_strdup(value)};
		map_set(&t->ids, value, (void *)(uintptr_t)(id + 1));
		t->used++;
	}
	t->domains[id].nodes++;
	t->of[place] = id;
}

static void leave(struct topology *t, size_t place)
{
	uint32_t id = t->of[place];
	t->of[place] = TOPOLOGY_NONE;
	if (id == TOPOLOGY_NONE || --t->domains[id].nodes)
		return;
	map_del(&t->ids, t->domains[id].value);
	free(t->domains[id].value);
	t->domains[id].value = NULL;
	t->used--;
	if (t->n_freed == t->cap_freed) {
		t->cap_freed = t->cap_freed ? 2 * t->cap_freed : 8;
		t->freed = mem_realloc_array(t->freed, t->cap_freed, sizeof(*t->freed));
	}
	t->freed[t->n_freed++] = id;
}

void topology_set(struct topology *t, size_t place, const struct labels *l)
{
	const char *value = labels_get(l, t->key);
	if (!value && place >= t->n_of)
		return;
	if (place >= t->n_of) {
		size_t n = place + 1 > 2 * t->n_of ? place + 1 : 2 * t->n_of;
		t->of = mem_realloc_array(t->of, n, sizeof(*t->of));
		for (size_t i = t->n_of; i < n; i++)
			t->of[i] = TOPOLOGY_NONE;
		t->n_of = n;
	}
	uint32_t old = t->of[place];
	if (value && old != TOPOLOGY_NONE && !strcmp(t->domains[old].value, value))
		return;
	leave(t, place);
	if (value)
		join(t, place, value);
}

size_t topology_nodes(const struct topology *t, uint32_t domain)
{
	return domain < t->n ? t->domains[domain].nodes : 0;
}

size_t topology_domains(const struct topology *t)
{
	return t->used;
}

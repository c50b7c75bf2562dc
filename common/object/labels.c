/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label set is one allocation: the sorted array of pairs, then the text they point to. Hundreds of
 * thousands of them stay in memory, so there is nothing beside. Lookup is a binary search; sets are small.
 */
#include "object/labels.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

struct labels *labels_new(const js *map)
{
	size_t n = 0, bytes = 0;

	for (struct js_iter it = js_iter(map); js_next(&it);) {
		const char *value = js_str(it.value, NULL);

		if (!value)
			continue;
		n++;
		bytes += strlen(it.key) + strlen(value) + 2;
	}
	struct labels *l = mem_alloc(sizeof(*l) + n * sizeof(l->v[0]) + bytes);
	char *text = (char *)&l->v[n];

	l->n = 0;
	for (struct js_iter it = js_iter(map); js_next(&it);) {
		const char *value = js_str(it.value, NULL);

		if (!value)
			continue;
		struct label *to = &l->v[l->n++];

		to->key = text;
		text = stpcpy(text, it.key) + 1;
		to->value = text;
		text = stpcpy(text, value) + 1;
	}
	qsort(l->v, l->n, sizeof(l->v[0]), by_key);
	return l;
}

struct labels *labels_dup(const struct labels *l)
{
	size_t n = l ? l->n : 0, bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(l->v[i].key) + strlen(l->v[i].value) + 2;
	struct labels *copy = mem_alloc(sizeof(*copy) + n * sizeof(copy->v[0]) + bytes);
	char *text = (char *)&copy->v[n];

	copy->n = n;
	for (size_t i = 0; i < n; i++) {
		copy->v[i].key = text;
		text = stpcpy(text, l->v[i].key) + 1;
		copy->v[i].value = text;
		text = stpcpy(text, l->v[i].value) + 1;
	}
	return copy;
}

void labels_autofree(struct labels **l)
{
	free(*l);
}

const char *labels_get(const struct labels *l, const char *key)
{
	size_t from = 0, to = l ? l->n : 0;

	while (from < to) {
		size_t mid = (from + to) / 2;
		int c = strcmp(key, l->v[mid].key);

		if (!c)
			return l->v[mid].value;
		if (c < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	size_t n = a ? a->n : 0;

	if (n != (b ? b->n : 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a->v[i].key, b->v[i].key) || strcmp(a->v[i].value, b->v[i].value))
			return false;
	return true;
}

js *labels_json(const struct labels *l)
{
	js *o = js_new_obj();

	for (size_t i = 0; l && i < l->n; i++)
		js_set_str(o, l->v[i].key, l->v[i].value);
	return o;
}

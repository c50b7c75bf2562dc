/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds that come and go: the order in which the observers and the schema hear of a change. */
#include "kinds/kinds.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/unique.h"

#define OBSERVERS_MAX 8

struct kinds {
	struct schema *schema;
	pthread_mutex_t changing; /* one change at a time; observers run under it, readers never take it */
	struct {
		const struct kinds_observer *o;
		void *arg;
	} observers[OBSERVERS_MAX];
	size_t n_observers;
};

struct kinds *kinds_new(struct schema *s)
{
	struct kinds *k = MEM_NEW(struct kinds);
	k->schema = s;
	pthread_mutex_init(&k->changing, NULL);
	return k;
}

void kinds_free(struct kinds *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->changing);
	free(k);
}

void kinds_observe(struct kinds *k, const struct kinds_observer *o, void *arg)
{
	assert(k->n_observers < OBSERVERS_MAX);
	k->observers[k->n_observers].o = o;
	k->observers[k->n_observers++].arg = arg;
}

/* Undoes the first n additions, the last one first; an addition is one kind at one observer. */
static void take_back(struct kinds *k, struct kind *const *kinds, size_t n)
{
	while (n--) {
		size_t i = n % k->n_observers;
		const struct kinds_observer *o = k->observers[i].o;
		if (o->remove)
			o->remove(k->observers[i].arg, kinds[n / k->n_observers]);
	}
}

static int tell_added(struct kinds *k, struct kind *const *kinds, size_t n, struct err *err)
{
	for (size_t at = 0; at < n * k->n_observers; at++) {
		size_t i = at % k->n_observers;
		const struct kinds_observer *o = k->observers[i].o;
		if (o->add && o->add(k->observers[i].arg, kinds[at / k->n_observers], err) < 0) {
			take_back(k, kinds, at);
			return -1;
		}
	}
	return 0;
}

static void tell_changed(struct kinds *k, struct kind *const *kinds, size_t n)
{
	autounique struct unique told = {.n = 0};
	for (size_t i = 0; i < n; i++) {
		if (unique_seen_f(&told, "%s/%s", kinds[i]->group, kinds[i]->version))
			continue;
		for (size_t o = 0; o < k->n_observers; o++)
			if (k->observers[o].o->changed)
				k->observers[o].o->changed(k->observers[o].arg, kinds[i]->group,
							   kinds[i]->version);
	}
}

static int publish(struct kinds *k, struct schema_part *part, struct err *err)
{
	struct kind *const *kinds;
	size_t n = schema_part_kinds(part, &kinds);
	if (tell_added(k, kinds, n, err) < 0)
		return -1;
	if (schema_change(k->schema, part, NULL, err) < 0) {
		take_back(k, kinds, n * k->n_observers);
		return -1;
	}
	tell_changed(k, kinds, n);
	return 0;
}

struct schema_part *kinds_add_built(struct kinds *k, struct schema_builder *b, struct err *err)
{
	struct schema_part *part = schema_builder_finish(b, err);
	if (!part)
		return NULL;
	pthread_mutex_lock(&k->changing);
	int r = publish(k, part, err);
	pthread_mutex_unlock(&k->changing);
	if (r == 0)
		return part;
	schema_part_free(part);
	return NULL;
}

struct schema_part *kinds_add(struct kinds *k, const struct schema_file *f, struct err *err)
{
	struct schema_builder *b = schema_builder_new(k->schema);
	if (schema_builder_file(b, f, err) == 0)
		return kinds_add_built(k, b, err);
	schema_builder_free(b);
	return NULL;
}

void kinds_remove(struct kinds *k, struct schema_part *part)
{
	struct kind *const *kinds;
	size_t n = schema_part_kinds(part, &kinds);
	struct err never = ERR_INIT;
	pthread_mutex_lock(&k->changing);
	if (schema_change(k->schema, NULL, part, &never) < 0)
		abort(); /* what only takes away cannot clash */
	tell_changed(k, kinds, n);
	take_back(k, kinds, n * k->n_observers);
	schema_retire(k->schema, part);
	pthread_mutex_unlock(&k->changing);
}
